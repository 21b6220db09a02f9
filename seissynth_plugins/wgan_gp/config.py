"""The runs of the thesis by name; networks are those of `seissynth_plugins.seismogen`."""

from dataclasses import replace

from seissynth_plugins.seismogen.config import SIZES as SEISMOGEN
from seissynth_plugins.torchkit.named_configs import build_named

_THESIS = replace(SEISMOGEN["thesis"], noise_class=False)
#: the final runs of section 5.2, by the weight of the penalty; others are in `training.RECIPES`
SIZES = {
    "run1": _THESIS,
    "run2": _THESIS,
    "run3": replace(_THESIS, penalty=20.0),
    #: 40 s at 100 Hz, as sets of the other learned backends are, for two cores
    "small": replace(SEISMOGEN["small"], noise_class=False),
    "tiny": replace(SEISMOGEN["tiny"], latent_stride=2, latent=20, noise_class=False),
}


def _latent(size):
    return lambda config: replace(config, latent=size)


#: the study of section 4.4, and noise as a second class (6.2)
VARIANTS = {f"latent{size}": _latent(size) for size in (100, 400, 800, 1000)}
VARIANTS["noise"] = lambda config: replace(config, noise_class=True)


def named_config(name):
    """Return a configuration by its name: `run1`, `run2`, `run3`, `small` or `tiny`, and a latent size or noise.

    Examples
    --------
    >>> from seissynth_plugins.wgan_gp.config import named_config
    >>> named_config("run3").penalty, named_config("run1+latent100").latent
    (20.0, 100)
    """
    return build_named(name, SIZES, VARIANTS, "wgan_gp")
