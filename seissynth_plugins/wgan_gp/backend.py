"""The backend "wgan_gp" and its kind of weights."""

import dataclasses

from seissynth_plugins.seismogen.backend import SeismogenBackend, make_generator
from seissynth_plugins.seismogen.config import SeismogenConfig
from seissynth_plugins.torchkit.gan_weights import gan_kind

WGAN_GP = gan_kind("wgan_gp", SeismogenConfig, make_generator, __file__)


class WganGpBackend(SeismogenBackend):
    """The thesis' WGAN-GP: strong motion of 40 s at 200 Hz from SeismoGen's networks.

    It is trained on earthquakes only and ignores the label. Sizes come from a linear model of magnitude, distance and
    depth.

    Parameters
    ----------
    weights, device, batch
        See `seissynth_plugins.torchkit.gan_backend.GanBackend`.

    References
    ----------
    The master's thesis on a WGAN-GP for ITACA (2024); Wang, Trugman, Lin (2021), SeismoGen.
    """

    kind = WGAN_GP
    card = dataclasses.replace(
        SeismogenBackend.card,
        name="wgan_gp",
        summary="Wasserstein GAN of strong motion, 40 s at 200 Hz; needs trained weights",
        references=("Thesis on WGAN-GP for ITACA, 2024", "Wang et al. 2021, SeismoGen"),
    )
