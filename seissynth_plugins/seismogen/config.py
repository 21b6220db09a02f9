"""Sizes and choices of SeismoGen and of the thesis' WGAN-GP, which follows it."""

from dataclasses import dataclass, replace

from seissynth.errors import InputError
from seissynth.shared.checks import positive, whole
from seissynth_plugins.torchkit.named_configs import build_named, vector_with_onsets

COMPONENTS = 3
#: the generator doubles its samples twice
GROWTH = 4
#: the critic halves its samples four times
SHRINK = 16


@dataclass(frozen=True)
class SeismogenConfig:
    """Everything that defines generator, critic and their losses.

    Parameters
    ----------
    sampling_rate_hz : float
    npts : int
        Samples of a record, a multiple of 16.
    latent : int
        Noise of each component.
    latent_stride : int
        Stride of the first layer on the noise.
    kernel : int
    conditions : int
        1 for the label, event or noise; 11 for HEGGS' vector.
    vector : bool
        The condition is a vector through five layers.
    label_channels, noise_channels, middle_channels, critic_channels : int
    split_hz : float
        Frequency that separates the two inputs of the critic. SeismoGen has 3.75 Hz at 40 Hz; the thesis gives none for
        200 Hz.
    penalty : float
        Weight of the gradient penalty.
    l1_weight : float
        Weight of the distance to the target record (HEGGS eq. 13, which does not give it).
    noise_class : bool
        Records of noise are a second class, with the label 0; not with `vector`.
    onsets : bool
        The vector also holds the predicted P and S, with `vector`.
    source : bool
        Each component's pipeline takes the same component of a source record instead of noise (HEGGS).
    """

    sampling_rate_hz: float = 40.0
    npts: int = 1600
    latent: int = 400
    latent_stride: int = 1
    kernel: int = 128
    conditions: int = 1
    vector: bool = False
    label_channels: int = 16
    noise_channels: int = 32
    middle_channels: int = 16
    critic_channels: int = 32
    split_hz: float = 3.75
    penalty: float = 10.0
    l1_weight: float = 0.0
    onsets: bool = False
    source: bool = False
    noise_class: bool = True

    def __post_init__(self):
        for name in (
            "npts", "latent", "latent_stride", "kernel", "conditions", "label_channels", "noise_channels",
            "middle_channels", "critic_channels",
        ):  # fmt: skip
            whole(name, getattr(self, name))
        positive("sampling_rate_hz", self.sampling_rate_hz, "Hz")
        if not 0 < self.split_hz < self.sampling_rate_hz / 2:
            raise InputError(f"split_hz={self.split_hz} must be below {self.sampling_rate_hz / 2:g} Hz.")
        if self.npts % SHRINK:
            raise InputError(f"npts={self.npts} must be a multiple of {SHRINK}.")

    @property
    def start(self):
        """Samples of the generator's first features."""
        return self.npts // GROWTH


_BASE = SeismogenConfig()
_HEGGS = replace(_BASE, sampling_rate_hz=100.0, npts=6000, latent=1500, conditions=11, vector=True, l1_weight=100.0)
#: for two cores: kernels of 32 samples in place of 128, half of the channels
_LIGHT = {"kernel": 32, "label_channels": 8, "noise_channels": 16, "middle_channels": 8, "critic_channels": 16}
SIZES = {
    "base": _BASE,
    #: HEGGS' appendix E.1: 60 s at 100 Hz
    "heggs": _HEGGS,
    #: the same for two cores
    "heggs_small": replace(_HEGGS, **_LIGHT),
    #: the thesis, 40 s at 200 Hz
    "thesis": replace(_BASE, sampling_rate_hz=200.0, npts=8000, latent=800, latent_stride=2),
    #: 40 s at 100 Hz, as sets of the other learned backends are, for two cores
    "small": replace(_BASE, sampling_rate_hz=100.0, npts=4000, latent=500, latent_stride=2, **_LIGHT),
    "tiny": SeismogenConfig(
        sampling_rate_hz=10.0, npts=160, latent=40, kernel=8, label_channels=4, noise_channels=4, middle_channels=4,
        critic_channels=4, split_hz=1.0,
    ),
}  # fmt: skip


def latent_size(npts, base_npts=1600, base_latent=400):
    """Return the thesis' rule for the size of the latent space, 400 sqrt(npts / 1600).

    Examples
    --------
    >>> from seissynth_plugins.seismogen.config import latent_size
    >>> round(latent_size(8000))
    894
    """
    return base_latent * (npts / base_npts) ** 0.5


def _with_onsets(config):
    return replace(config, onsets=True, conditions=vector_with_onsets(config.conditions, "seismogen"))


#: with `source`, the penalty that HEGGS' appendix E.1 gives for it
VARIANTS = {"source": lambda config: replace(config, source=True, penalty=15.0), "onsets": _with_onsets}


def named_config(name):
    """Return a configuration by its name: `base`, `heggs`, `heggs_small`, `thesis`, `small` or `tiny`, and "+source".

    Examples
    --------
    >>> from seissynth_plugins.seismogen.config import named_config
    >>> named_config("base").start, named_config("thesis").start
    (400, 2000)
    """
    return build_named(name, SIZES, VARIANTS, "seismogen")
