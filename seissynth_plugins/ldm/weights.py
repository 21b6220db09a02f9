"""Weights of the baseline as files: the form of those of HEGGS."""

from seissynth_plugins.heggs.weights import Kind
from seissynth_plugins.ldm.config import LdmConfig


def _make(config):
    from seissynth_plugins.ldm.model import LatentDiffusion

    return LatentDiffusion(config)


LDM = Kind("ldm", 1, LdmConfig, _make)
