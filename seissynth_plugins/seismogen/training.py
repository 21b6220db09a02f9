"""SeismoGen's losses, and its trainer."""

from seissynth_plugins.seismogen.backend import SEISMOGEN
from seissynth_plugins.seismogen.config import named_config
from seissynth_plugins.torchkit.gan_recipes import COMMON, TINY
from seissynth_plugins.torchkit.gan_training import GanSystem, train_gan
from seissynth_plugins.torchkit.run_folder import holds_run

RECIPES = {
    "base": {
        **COMMON, "steps": 20_000, "batch_size": 32, "optimizer": "rmsprop", "learning_rate": 1e-4,
        "every": {"generator": 5},
    },
    #: HEGGS' appendix E.1
    "heggs": {
        **COMMON, "steps": 20_000, "batch_size": 32, "optimizer": "rmsprop",
        "learning_rate": {"generator": 1e-4, "critic": 1e-6}, "every": {"generator": 5},
    },
    #: a training of half an hour has a fraction of the paper's steps, and takes larger ones
    "heggs_small": {
        **COMMON, "steps": 1_000, "batch_size": 16, "optimizer": "rmsprop", "learning_rate": 2e-4,
        "every": {"generator": 5},
    },
    "small": {
        **COMMON, "steps": 6_000, "batch_size": 16, "optimizer": "rmsprop", "learning_rate": 2e-4,
        "every": {"generator": 5},
    },
    "tiny": {**TINY, "optimizer": "rmsprop", "every": {"generator": 2}},
}  # fmt: skip


def make_model(config):
    """Return generator and critic as the training loop takes them.

    Parameters
    ----------
    config : SeismogenConfig
    """
    from seissynth_plugins.seismogen.network import Critic, Generator
    from seissynth_plugins.torchkit.adversarial import AdversarialModel

    class Seismogen(AdversarialModel):
        """A Wasserstein GAN with penalty; its condition is the label, or HEGGS' vector."""

        def conditions(self, batch):
            return (batch["condition"],) if config.vector else (batch["label"],)

    generator = Generator(config)
    return Seismogen(
        generator, Critic(config), generator.latent_shape, penalty=config.penalty, l1=config.l1_weight,
        sampling_rate_hz=config.sampling_rate_hz, config=config,
    )  # fmt: skip


SYSTEM = GanSystem(
    SEISMOGEN, named_config, RECIPES, make_model, "zscore", vector=lambda config: config.vector,
    source=lambda config: config.source, onsets=lambda config: config.onsets,
    alignment=lambda config: "origin" if config.vector else "p",
    noise=lambda config: config.noise_class and not config.vector,
)  # fmt: skip


@holds_run
def train_seismogen(data, output, **options):
    """Train SeismoGen; see `seissynth_plugins.torchkit.gan_training.train_gan` for the options.

    Rows of noise of the sets, or of ``noise``, are its second class.
    """
    return train_gan(SYSTEM, data, output, **options)
