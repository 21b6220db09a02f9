"""DGM's losses, and its trainer."""

from seissynth_plugins.dgm.backend import DGM
from seissynth_plugins.dgm.config import named_config
from seissynth_plugins.torchkit.gan_recipes import COMMON, TINY
from seissynth_plugins.torchkit.gan_training import GanSystem, train_gan
from seissynth_plugins.torchkit.run_folder import holds_run

CONDITIONS = ("path_ep_distance_km", "source_magnitude", "station_vs_30_mps")
#: the paper gives none
_ADAM = {"optimizer": "adam", "betas": (0.0, 0.9)}
RECIPES = {
    "small": {**COMMON, **_ADAM, "steps": 4_000, "batch_size": 16, "learning_rate": 2e-4, "every": {"generator": 5}},
    "conditional": {
        **COMMON, **_ADAM, "steps": 4_000, "batch_size": 16, "learning_rate": 2e-4, "every": {"generator": 5},
    },
    "tiny": {**TINY, **_ADAM, "every": {"generator": 2}},
}  # fmt: skip


def make_model(config):
    """Return generator and critic as the training loop takes them.

    Parameters
    ----------
    config : DgmConfig
    """
    import torch

    from seissynth_plugins.dgm.network import Critic, Generator
    from seissynth_plugins.torchkit.adversarial import AdversarialModel

    class Dgm(AdversarialModel):
        """A Wasserstein GAN with penalty: eq. 3 prints the signs of another GAN, and the text says Wasserstein."""

        def conditions(self, batch):
            return (batch["condition"],) if config.conditions else ()

        def score(self, records, batch):
            # cuDNN's recurrent layers have no second derivative, which the penalty takes
            with torch.backends.cudnn.flags(enabled=False):
                return super().score(records, batch)

    generator = Generator(config)
    return Dgm(
        generator, Critic(config), generator.latent_shape, penalty=config.penalty,
        sampling_rate_hz=config.sampling_rate_hz, config=config,
    )  # fmt: skip


SYSTEM = GanSystem(
    DGM, named_config, RECIPES, make_model, "zscore", conditions=lambda config: CONDITIONS[: config.conditions]
)


@holds_run
def train_dgm(data, output, **options):
    """Train DGM; see `seissynth_plugins.torchkit.gan_training.train_gan` for the options."""
    return train_gan(SYSTEM, data, output, **options)
