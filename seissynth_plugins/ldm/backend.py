"""The backend "ldm", the latent diffusion model that HEGGS is compared with, and its kind of weights."""

import dataclasses

from seissynth_plugins.heggs.backend import HeggsBackend
from seissynth_plugins.heggs.weights import make_inputs
from seissynth_plugins.ldm.config import LdmConfig
from seissynth_plugins.torchkit.weights import Kind


def _make(config):
    from seissynth_plugins.ldm.model import LatentDiffusion

    return LatentDiffusion(config)


LDM = Kind("ldm", 1, LdmConfig, _make, make_inputs=make_inputs, items="pairs")


class LdmBackend(HeggsBackend):
    """Latent diffusion on log-spectrograms in the latents of a frozen autoencoder, HEGGS' baseline.

    Takes the options of `seissynth_plugins.heggs.backend.HeggsBackend`. Weights come from ``seissynth train ldm``; the
    package ships none. A `source` is useful if the weights were trained on pairs (variant "pairs").

    References
    ----------
    Rombach et al. (2022), High-resolution image synthesis with latent diffusion models; Jung et al. (2025), appendix
    E.4.
    """

    kind = LDM
    card = dataclasses.replace(
        HeggsBackend.card,
        name="ldm",
        summary="Latent diffusion in a frozen autoencoder's latents, HEGGS' baseline; needs trained weights",
        references=("Rombach et al. 2022, LDM", "Jung et al. 2025, HEGGS, appendix E.4"),
    )
