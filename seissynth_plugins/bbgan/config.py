"""Sizes and choices of BBGAN, and the configurations that have a name."""

from dataclasses import dataclass, replace

from seissynth.errors import InputError
from seissynth.shared.checks import positive, whole
from seissynth_plugins.torchkit.named_configs import build_named, vector_with_onsets

COMPONENTS = 3
#: values of each channel that become the log peaks, and values left for the record's first layer
PEAK_VALUES, FIRST_VALUES = 50, 250
#: of the stages of the generator; each doubles the samples, the last by its own factor
STAGES = (16, 32, 64, 128, 64)
#: of the convolutions after them
LAST = (32, 32, 16, 16)
#: of the critic's stages; each halves the samples
CRITIC_STAGES = (16, 32, 64, 128, 256)


@dataclass(frozen=True)
class BbganConfig:
    """Everything that defines generator, critic and their losses.

    Parameters
    ----------
    sampling_rate_hz : float
    start : int
        Samples of the generator's first layer.
    last_factor : int
        By which the last stage lengthens the record; the others double it.
    noise : int
        Of each of the three channels.
    conditions : int
        Numbers of a condition.
    vector : bool
        The condition is one vector through five layers (HEGGS), not numbers that are embedded one by one (Florez et
        al.).
    embedding : tuple of int
        Widths of the embedding of one number, before that of its channel.
    scale : float
        All widths of convolutions times this.
    gelu : bool
        GELU in place of ReLU (HEGGS).
    penalty : float
        Of the gradient.
    l1_weight, kl_weight : float
        HEGGS' further terms; the divergence is that of the encoder of a source record.
    onsets : bool
        The vector also holds the predicted P and S, with `vector`.
    source : bool
        A source record gives mean and variance of the noise (HEGGS); without one, the noise is standard normal.
    """

    sampling_rate_hz: float = 100.0
    start: int = 125
    last_factor: int = 2
    noise: int = 100
    conditions: int = 3
    vector: bool = False
    embedding: tuple = (32, 64, 256, 512, 1024, 2048)
    scale: float = 1.0
    gelu: bool = False
    penalty: float = 10.0
    l1_weight: float = 0.0
    kl_weight: float = 0.0
    onsets: bool = False
    source: bool = False

    def __post_init__(self):
        for name in ("start", "last_factor", "noise", "conditions"):
            whole(name, getattr(self, name))
        for name in ("sampling_rate_hz", "scale"):
            positive(name, getattr(self, name))
        for name in ("penalty", "l1_weight", "kl_weight"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}={getattr(self, name)!r} must be 0 or more.")
        object.__setattr__(self, "embedding", tuple(self.embedding))
        if COMPONENTS * FIRST_VALUES % self.start:
            raise InputError(
                f"start={self.start} must divide {COMPONENTS * FIRST_VALUES}, the values of the first layer."
            )

    @property
    def npts(self):
        """Samples of a record."""
        return self.start * 2 ** (len(STAGES)) // 2 * self.last_factor

    def width(self, channels):
        """Channels of a layer."""
        return max(round(channels * self.scale), 1)


_AUTHORS = BbganConfig()
_HEGGS = replace(_AUTHORS, last_factor=3, conditions=11, vector=True, gelu=True, l1_weight=25.0, kl_weight=0.01)
SIZES = {
    #: Florez et al. as their group kept the code: 40 s
    "authors": _AUTHORS,
    #: HEGGS' appendix E.3: 60 s, condition vector, GELU, L1
    "heggs": _HEGGS,
    #: the same for two cores
    "heggs_small": replace(_HEGGS, embedding=(32, 64, 128), scale=0.5),
    "small": replace(_AUTHORS, embedding=(32, 64, 128), scale=0.25),
    "tiny": BbganConfig(sampling_rate_hz=10.0, start=6, noise=8, embedding=(8,), scale=0.125),
}  # fmt: skip


def _with_onsets(config):
    return replace(config, onsets=True, conditions=vector_with_onsets(config.conditions, "bbgan"))


VARIANTS = {"source": lambda config: replace(config, source=True), "onsets": _with_onsets}


def named_config(name):
    """Return a configuration by its name: `authors`, `heggs`, `heggs_small`, `small` or `tiny`, and "+source".

    Examples
    --------
    >>> from seissynth_plugins.bbgan.config import named_config
    >>> named_config("authors").npts, named_config("heggs").npts
    (4000, 6000)
    """
    return build_named(name, SIZES, VARIANTS, "bbgan")
