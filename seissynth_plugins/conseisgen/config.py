"""Sizes and choices of ConSeisGen, and the configurations that have a name."""

from dataclasses import dataclass, replace

from seissynth.errors import InputError
from seissynth.shared.checks import positive, whole
from seissynth_plugins.torchkit.named_configs import build_named, vector_with_onsets

COMPONENTS = 3


@dataclass(frozen=True)
class ConSeisGenConfig:
    """Everything that defines generator, discriminator and their losses.

    Parameters
    ----------
    sampling_rate_hz : float
    start : int
        Samples of the generator's first layer, before the doublings.
    channels : int
        Channels of the first layer; halved by each doubling.
    least_channels : int
        Of any layer: fewer are not left by halving. The papers' sizes end with 16 and 32.
    doublings : int
    noise : int
    condition : int
        Numbers of a condition: 1, the distance, or 11, HEGGS' vector.
    waves : int
        Frequencies at which the generator also gets sine and cosine of each number, so that one distance is not lost
        among 200 numbers of noise; the papers have none.
    blocks : int
        Residual blocks of the discriminator, each halves the record.
    critic_channels : int
    kernel : int
    auxiliary_weight : float
        Weight of the regression of the condition.
    diversity_weight : float
    l1_weight : float
        Weight of the distance to the target record (HEGGS eq. 13).
    real_labels : (float, float)
        Range of the labels that real records get in the generator's loss.
    onsets : bool
        The vector also holds the predicted P and S.
    source : bool
        A source record is appended to the noise (HEGGS).
    """

    sampling_rate_hz: float = 100.0
    start: int = 128
    channels: int = 512
    least_channels: int = 1
    doublings: int = 5
    noise: int = 200
    condition: int = 1
    waves: int = 0
    blocks: int = 10
    critic_channels: int = 32
    kernel: int = 5
    auxiliary_weight: float = 1.0
    diversity_weight: float = 5.0
    l1_weight: float = 0.0
    real_labels: tuple = (0.9, 1.0)
    onsets: bool = False
    source: bool = False

    def __post_init__(self):
        for name in (
            "start", "channels", "least_channels", "doublings", "noise", "condition", "blocks", "critic_channels",
            "kernel",
        ):  # fmt: skip
            whole(name, getattr(self, name))
        whole("waves", self.waves, 0)
        positive("sampling_rate_hz", self.sampling_rate_hz, "Hz")
        if self.kernel % 2 == 0:
            raise InputError(f"kernel={self.kernel} must be odd, or convolutions would change the length of a record.")
        if self.channels % 2**self.doublings:
            raise InputError(f"channels={self.channels} cannot be halved {self.doublings} times.")
        if self.npts < 2**self.blocks:
            raise InputError(f"blocks={self.blocks} halve a record of {self.npts} samples to none.")

    @property
    def npts(self):
        """Samples of a record."""
        return self.start * 2**self.doublings


_AUTHORS = ConSeisGenConfig()
_HEGGS = replace(_AUTHORS, start=375, doublings=4, condition=11, diversity_weight=10.0, l1_weight=1.0)
SIZES = {
    #: Li et al.'s code
    "authors": _AUTHORS,
    #: HEGGS' appendix E.2: 60 s, first layer changed and last doubling removed, the whole vector as condition
    "heggs": _HEGGS,
    #: the same for two cores: a quarter of the generator's first channels, half of the discriminator's
    "heggs_small": replace(_HEGGS, channels=128, least_channels=32, critic_channels=16),
    "small": replace(_AUTHORS, channels=128, least_channels=32, critic_channels=16, waves=16),
    "tiny": ConSeisGenConfig(
        sampling_rate_hz=10.0, start=25, channels=16, doublings=3, noise=8, blocks=4, critic_channels=4
    ),
}  # fmt: skip


def _with_onsets(config):
    return replace(config, onsets=True, condition=vector_with_onsets(config.condition, "conseisgen"))


#: with `source`, the weight of diversity that HEGGS' appendix E.2 gives for it
VARIANTS = {"source": lambda config: replace(config, source=True, diversity_weight=5.0), "onsets": _with_onsets}


def named_config(name):
    """Return a configuration by its name: `authors`, `heggs`, `heggs_small`, `small` or `tiny`, and "+source".

    Examples
    --------
    >>> from seissynth_plugins.conseisgen.config import named_config
    >>> named_config("authors").npts, named_config("heggs").npts
    (4096, 6000)
    """
    return build_named(name, SIZES, VARIANTS, "conseisgen")
