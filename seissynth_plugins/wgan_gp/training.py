"""The thesis' runs, and their trainer."""

import dataclasses

from seissynth_plugins.seismogen.training import SYSTEM as SEISMOGEN_SYSTEM
from seissynth_plugins.torchkit.gan_recipes import COMMON, TINY
from seissynth_plugins.torchkit.gan_training import train_gan
from seissynth_plugins.torchkit.run_folder import holds_run
from seissynth_plugins.wgan_gp.backend import WGAN_GP
from seissynth_plugins.wgan_gp.config import named_config

_ADAM = {"optimizer": "adam", "betas": (0.5, 0.9)}
#: critic steps of 1,038 training records: 200, 200 and 100 epochs. How many critic steps go to one of the generator the
#: thesis says once, 5 (figure 3.5)
_EVERY = {"generator": 5}

RECIPES = {
    "run1": {**COMMON, **_ADAM, "steps": 13_000, "batch_size": 16, "learning_rate": 1e-4, "every": _EVERY},
    "run2": {**COMMON, **_ADAM, "steps": 6_500, "batch_size": 32, "learning_rate": 5e-5, "every": _EVERY},
    "run3": {**COMMON, **_ADAM, "steps": 3_250, "batch_size": 32, "learning_rate": 5e-5, "every": _EVERY},
    "small": {**COMMON, **_ADAM, "steps": 6_000, "batch_size": 16, "learning_rate": 2e-4, "every": _EVERY},
    "tiny": {**TINY, **_ADAM, "every": {"generator": 2}},
}  # fmt: skip

SYSTEM = dataclasses.replace(SEISMOGEN_SYSTEM, kind=WGAN_GP, named_config=named_config, recipes=RECIPES)


@holds_run
def train_wgan_gp(data, output, **options):
    """Train the thesis' WGAN-GP; see `seissynth_plugins.torchkit.gan_training.train_gan` for the options."""
    return train_gan(SYSTEM, data, output, **options)
