"""The backend "bbgan" and its kind of weights."""

from seissynth_plugins.bbgan.config import BbganConfig
from seissynth_plugins.torchkit.gan_backend import VECTOR_COLUMNS, GanBackend, gan_card
from seissynth_plugins.torchkit.gan_weights import gan_kind


def _make(config):
    from seissynth_plugins.bbgan.network import Generator

    return Generator(config)


BBGAN = gan_kind("bbgan", BbganConfig, _make, __file__)


class BbganBackend(GanBackend):
    """BBGAN: a Wasserstein GAN of broadband records conditioned on distance, magnitude and Vs30.

    Its network learns sizes: it makes records with a peak of one, and the log peaks of the components.

    Parameters
    ----------
    weights, device, batch
        See `seissynth_plugins.torchkit.gan_backend.GanBackend`.

    References
    ----------
    Florez et al. (2022), Data-driven synthesis of broadband earthquake ground motions; Jung et al. (2025), E.3.
    """

    kind = BBGAN
    without_source = True
    card = gan_card(
        "bbgan", "Wasserstein GAN on distance, magnitude and Vs30 that also predicts log peaks",
        ("Florez et al. 2022, BBGAN", "Jung et al. 2025, HEGGS, appendix E.3"), (*VECTOR_COLUMNS, "station_vs_30_mps"),
    )  # fmt: skip
