"""Sizes of DGM. The paper gives none, neither length nor rate, optimiser or data: all numbers here are ours."""

from dataclasses import dataclass

from seissynth.errors import InputError
from seissynth.shared.checks import positive, whole
from seissynth_plugins.torchkit.named_configs import build_named

COMPONENTS = 3
#: number of times that the convolutions double the samples
DOUBLINGS = 4


@dataclass(frozen=True)
class DgmConfig:
    """Everything that defines generator and critic.

    Parameters
    ----------
    sampling_rate_hz : float
    npts : int
        Samples of a record, a multiple of 16 blocks.
    noise : int
    width : int
        Number of features of a time step.
    heads : int
        Heads of the attention across components.
    block : int
        Coarse time steps of a short range.
    conditions : int
        Numbers of a condition; 0 for none, as in the paper.
    waves : int
        Frequencies at which the generator also gets sine and cosine of each number of a condition.
    kernel : int
    penalty : float
        Weight of the gradient penalty.
    """

    sampling_rate_hz: float = 100.0
    npts: int = 4096
    noise: int = 64
    width: int = 64
    heads: int = 4
    block: int = 16
    conditions: int = 0
    waves: int = 0
    kernel: int = 9
    penalty: float = 10.0

    def __post_init__(self):
        for name in ("npts", "noise", "width", "heads", "block", "kernel"):
            whole(name, getattr(self, name))
        for name in ("conditions", "waves"):
            whole(name, getattr(self, name), 0)
        positive("sampling_rate_hz", self.sampling_rate_hz, "Hz")
        if self.npts % (2**DOUBLINGS * self.block):
            raise InputError(f"npts={self.npts} must be a multiple of {2**DOUBLINGS} times block={self.block}.")
        if self.width % self.heads or self.width % 2 or self.kernel % 2 == 0:
            raise InputError(f"width={self.width} must be even and a multiple of heads={self.heads}, kernel odd.")

    @property
    def steps(self):
        """Coarse time steps."""
        return self.npts // 2**DOUBLINGS


SIZES = {
    "small": DgmConfig(),
    "conditional": DgmConfig(conditions=3, waves=16),
    "tiny": DgmConfig(sampling_rate_hz=10.0, npts=256, noise=8, width=8, heads=2, block=4, kernel=3),
}


def named_config(name):
    """Return a configuration by its name: `small`, `conditional` or `tiny`.

    Examples
    --------
    >>> from seissynth_plugins.dgm.config import named_config
    >>> named_config("small").steps
    256
    """
    return build_named(name, SIZES, {}, "dgm")
