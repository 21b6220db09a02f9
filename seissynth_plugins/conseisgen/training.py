"""ConSeisGen's losses, and its trainer."""

from functools import partial

from seissynth_plugins.conseisgen.backend import CONSEISGEN
from seissynth_plugins.conseisgen.config import named_config
from seissynth_plugins.torchkit.gan_recipes import COMMON, TINY
from seissynth_plugins.torchkit.gan_training import GanSystem, train_gan
from seissynth_plugins.torchkit.run_folder import holds_run

_ADAM = {"optimizer": "adam", "betas": (0.5, 0.999)}
RECIPES = {
    #: Li et al.'s code
    "authors": {
        **COMMON, **_ADAM, "steps": 500_000, "batch_size": 64, "weight_decay": 1e-4, "decay": 100_000,
        "learning_rate": {"generator": 1e-3, "critic": 1e-4},
    },
    #: HEGGS' appendix E.2
    "heggs": {
        **COMMON, **_ADAM, "steps": 100_000, "batch_size": 64, "weight_decay": 1e-4, "decay": 100_000,
        "learning_rate": {"generator": 2e-4, "critic": 1e-5},
    },
    #: a training of half an hour has a fraction of the paper's steps, and takes larger ones
    "heggs_small": {
        **COMMON, **_ADAM, "steps": 4_000, "batch_size": 32, "weight_decay": 1e-4,
        "learning_rate": {"generator": 5e-4, "critic": 1e-4},
    },
    "small": {
        **COMMON, **_ADAM, "steps": 4_000, "batch_size": 32, "weight_decay": 1e-4,
        "learning_rate": {"generator": 5e-4, "critic": 1e-4},
    },
    "tiny": {**TINY, **_ADAM},
}  # fmt: skip


def make_model(config):
    """Return generator and discriminator as the training loop takes them.

    Parameters
    ----------
    config : ConSeisGenConfig
    """
    import torch

    from seissynth_plugins.conseisgen.network import Discriminator, Generator
    from seissynth_plugins.torchkit.adversarial import AdversarialModel
    from seissynth_plugins.torchkit.adversarial_losses import (
        AdversarialLoss,
        acgan_regression,
        diversity,
        nonsaturating_critic,
        nonsaturating_generator,
    )

    class ConSeisGen(AdversarialModel):
        """Cross-entropy, regression of the condition by a second head, and diversity of two draws.

        The critic's loss is half of cross-entropy and half of regression, for real and generated records alike; the
        generator adds the regression and the distance between the critic's features of two draws.
        """

        def score(self, records, batch):  # noqa: ARG002  (others take it)
            return self.critic(records)[0]

        def critic_loss(self, batch, made):
            real, fake = self.critic(batch["target"]), self.critic(made)
            cross_entropy = self.adversarial.critic(real[0], fake[0])
            wanted = batch["condition"]
            regression = acgan_regression(real[1], wanted) + acgan_regression(fake[1], wanted)
            loss = 0.5 * (cross_entropy + config.auxiliary_weight * regression)
            return {"loss": loss, "regression": regression.detach()}

        def generator_loss(self, batch, made):
            figures = super().generator_loss(batch, made)
            _, predicted, features = self.critic(made)
            with torch.no_grad():
                others = self.critic(self.fake(batch))[2]
            regression = acgan_regression(predicted, batch["condition"])
            apart = diversity(features, others)
            loss = figures["loss"] + config.auxiliary_weight * regression + config.diversity_weight * apart
            return {**figures, "loss": loss, "regression": regression.detach(), "diversity": apart.detach()}

    generator = Generator(config)
    loss = AdversarialLoss(nonsaturating_critic, partial(nonsaturating_generator, smoothing=config.real_labels))
    return ConSeisGen(
        generator, Discriminator(config), generator.latent_shape, adversarial=loss, l1=config.l1_weight,
        sampling_rate_hz=config.sampling_rate_hz, config=config,
    )  # fmt: skip


SYSTEM = GanSystem(
    CONSEISGEN, named_config, RECIPES, make_model, "range",
    conditions=lambda _: ("path_ep_distance_km",), vector=lambda config: config.condition > 1,
    source=lambda config: config.source, onsets=lambda config: config.onsets,
    alignment=lambda config: "origin" if config.condition > 1 else "p",
)  # fmt: skip


@holds_run
def train_conseisgen(data, output, **options):
    """Train ConSeisGen; see `seissynth_plugins.torchkit.gan_training.train_gan` for the options."""
    return train_gan(SYSTEM, data, output, **options)
