"""The backend "seismogen" and its kind of weights."""

from seissynth_plugins.seismogen.config import SeismogenConfig
from seissynth_plugins.torchkit.gan_backend import VECTOR_COLUMNS, GanBackend, gan_card
from seissynth_plugins.torchkit.gan_weights import gan_kind


def make_generator(config):
    """Return the generator of a configuration."""
    from seissynth_plugins.seismogen.network import Generator

    return Generator(config)


SEISMOGEN = gan_kind("seismogen", SeismogenConfig, make_generator, __file__)


class SeismogenBackend(GanBackend):
    """SeismoGen: a Wasserstein GAN of earthquakes and noise; `generate` uses it for earthquakes.

    The only input of the network in the paper is the label. Sizes come from a linear model of magnitude, distance and
    depth.

    Parameters
    ----------
    weights, device, batch
        See `seissynth_plugins.torchkit.gan_backend.GanBackend`.

    References
    ----------
    Wang, Trugman, Lin (2021), SeismoGen; Jung et al. (2025), appendix E.1.
    """

    kind = SEISMOGEN
    card = gan_card(
        "seismogen", "Wasserstein GAN of earthquakes and noise",
        ("Wang et al. 2021, SeismoGen", "Jung et al. 2025, HEGGS, appendix E.1"), VECTOR_COLUMNS,
    )  # fmt: skip

    def inputs_of(self, condition, label):
        """Return HEGGS' vector if the network takes it, else the label."""
        return (condition,) if self._model.config.vector else (label,)
