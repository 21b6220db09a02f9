"""BBGAN's losses, and its trainer."""

from seissynth_plugins.bbgan.backend import BBGAN
from seissynth_plugins.bbgan.config import named_config
from seissynth_plugins.torchkit.gan_recipes import COMMON, TINY
from seissynth_plugins.torchkit.gan_training import GanSystem, train_gan
from seissynth_plugins.torchkit.run_folder import holds_run

#: Florez et al. (2022)
_ADAM = {"optimizer": "adam", "betas": (0.0, 0.9)}
CONDITIONS = ("path_ep_distance_km", "source_magnitude", "station_vs_30_mps")

RECIPES = {
    "authors": {
        **COMMON, **_ADAM, "steps": 60_000, "batch_size": 128, "learning_rate": 1e-4, "every": {"generator": 12},
    },
    #: HEGGS' appendix E.3
    "heggs": {
        **COMMON, "optimizer": "adam", "betas": (0.9, 0.999), "steps": 100_000, "batch_size": 32,
        "learning_rate": 5e-7, "decay": "linear", "every": {"generator": 12},
    },
    #: a training of half an hour has a fraction of the paper's steps, and takes larger ones
    "heggs_small": {
        **COMMON, "optimizer": "adam", "betas": (0.5, 0.999), "steps": 1_500, "batch_size": 16, "learning_rate": 2e-4,
        "decay": "linear", "every": {"generator": 3},
    },
    "small": {**COMMON, **_ADAM, "steps": 6_000, "batch_size": 16, "learning_rate": 2e-4, "every": {"generator": 5}},
    "tiny": {**TINY, **_ADAM, "every": {"generator": 2}},
}  # fmt: skip


def make_model(config):
    """Return generator and critic as the training loop takes them.

    Parameters
    ----------
    config : BbganConfig
    """
    import torch

    from seissynth_plugins.bbgan.network import Critic, Generator
    from seissynth_plugins.torchkit.adversarial import AdversarialModel
    from seissynth_plugins.torchkit.adversarial_losses import kl_to_standard_normal

    class Bbgan(AdversarialModel):
        """A Wasserstein GAN with penalty on waveforms and their log peaks together.

        The generator's step takes the conditions in another random order, i.e. new draws from those of the
        training set; with an absolute error to the target they stay. With a source, its distribution of the noise is
        kept near the standard normal one.
        """

        def prepared(self, batch, part):
            batch = {**batch, "target": (batch["target"], batch["sizes"])}
            if part == "generator" and not self.l1:
                order = torch.randperm(len(batch["condition"])).to(batch["condition"].device)
                batch["condition"] = batch["condition"][order]
            return batch

        def noise_records(self, batch):
            return batch["noise"], batch["noise_sizes"]

        def generator_loss(self, batch, made):
            return self.with_divergence(super().generator_loss(batch, made), batch)

        def with_divergence(self, figures, batch):
            if "source" not in batch or not config.kl_weight:
                return figures
            divergence = kl_to_standard_normal(*self.generator.posterior(batch["source"]))
            loss = figures["loss"] + config.kl_weight * divergence
            return {**figures, "loss": loss, "divergence": divergence.detach()}

        def validation_loss(self, batch):
            return super().validation_loss(self.prepared(batch, "critic"))

    generator = Generator(config)
    return Bbgan(
        generator, Critic(config), generator.latent_shape, penalty=config.penalty, l1=config.l1_weight,
        sampling_rate_hz=config.sampling_rate_hz, config=config,
    )  # fmt: skip


SYSTEM = GanSystem(
    BBGAN, named_config, RECIPES, make_model, "peak", conditions=lambda config: CONDITIONS[: config.conditions],
    vector=lambda config: config.vector, source=lambda config: config.source, onsets=lambda config: config.onsets,
    own_sizes=True, alignment=lambda config: "origin" if config.vector else "p",
)  # fmt: skip


@holds_run
def train_bbgan(data, output, **options):
    """Train BBGAN; see `seissynth_plugins.torchkit.gan_training.train_gan` for the options."""
    return train_gan(SYSTEM, data, output, **options)
