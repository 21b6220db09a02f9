"""The backend "conseisgen" and its kind of weights."""

from seissynth_plugins.conseisgen.config import ConSeisGenConfig
from seissynth_plugins.torchkit.gan_backend import VECTOR_COLUMNS, GanBackend, gan_card
from seissynth_plugins.torchkit.gan_weights import gan_kind


def _make(config):
    from seissynth_plugins.conseisgen.network import Generator

    return Generator(config)


CONSEISGEN = gan_kind("conseisgen", ConSeisGenConfig, _make, __file__)


class ConSeisGenBackend(GanBackend):
    """ConSeisGen: an auxiliary-classifier GAN of records conditioned on epicentral distance.

    Its records are scaled to 0 ... 1; sizes come from a linear model of magnitude, distance and depth.

    Parameters
    ----------
    weights, device, batch
        See `seissynth_plugins.torchkit.gan_backend.GanBackend`.

    References
    ----------
    Li et al. (2024), ConSeisGen; Jung et al. (2025), appendix E.2.
    """

    kind = CONSEISGEN
    card = gan_card(
        "conseisgen", "Auxiliary-classifier GAN on epicentral distance",
        ("Li et al. 2024, ConSeisGen", "Jung et al. 2025, HEGGS, appendix E.2"), VECTOR_COLUMNS,
    )  # fmt: skip
