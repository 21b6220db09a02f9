"""Validate the latent diffusion baseline on records that it generates."""

from seissynth_plugins.heggs.training.monitoring import Monitored
from seissynth_plugins.ldm.model import LatentDiffusion


class MonitoredLdm(Monitored, LatentDiffusion):
    """The second stage, watched as HEGGS is.

    Parameters
    ----------
    config : LdmConfig
    inputs : seissynth_plugins.heggs.inputs.ModelInputs
    """
