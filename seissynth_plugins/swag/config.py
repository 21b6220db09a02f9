"""Sizes and choices of SWaG's network, and the configurations that have a name."""

from dataclasses import dataclass, replace

from seissynth.errors import InputError
from seissynth.shared.checks import positive, whole
from seissynth_plugins.torchkit.named_configs import build_named

#: linear ranges of the labels that become 0 to 1000, from the authors' scripts: samples 10 to 1500 and 50 to 2400 at
#: 50 Hz, here in seconds after the first sample, which hold at any rate
P_RANGE_S = (0.2, 30.0)
S_RANGE_S = (1.0, 48.0)
MAGNITUDE_RANGE = (-1.0, 8.0)
LABEL_STEPS = 1000.0

#: labels beside the station, in the order of a row
LABELS = ("p_s", "s_s", "magnitude")
COMPONENTS = 3


@dataclass(frozen=True)
class SwagConfig:
    """Everything that defines the network, its noise process and its loss.

    Parameters
    ----------
    sampling_rate_hz, duration_s : float
        Sampling rate and length of a record.
    patch : int
        Samples of each component in one token.
    width, blocks, heads : int
        Size of the transformer; `heads` divides `width`.
    mlp_ratio : int
        Width of a block's perceptron, in units of `width`.
    shared_modulation : bool
        One projection of the condition for all blocks, with a learned offset for each block (PixArt-alpha), instead of
        one projection for each block (DiT); saves a third of the parameters.
    cross_attention : bool
        Blocks attend to the embedded labels and time step after their self-attention, as in the paper of SWaG; its code
        does not.
    onset_positions : bool
        Tokens also know their time after P and after S.
    learn_sigma : bool
        The network also predicts the variance of each reverse step (Nichol and Dhariwal 2021).
    prediction : {"x0", "eps", "v", "flow"}
    schedule : {"scaled_linear", "linear", "cosine", "flow"}
    beta_start, beta_end : float
        Limits of the linear schedules.
    zero_terminal_snr : bool
    steps : int
        Steps of the noise process.
    step_draw : {"uniform", "logit_normal"}
        Distribution of the steps in training.
    whitening : int
        Order of the filter that flattens the mean spectrum of the training set and keeps the microseism from dominating
        frequencies above 1 Hz; 0: none. See `seissynth_plugins.swag.waveforms.fit_whitening`.
    compression : float
        Amplitudes y, in standard deviations, become ``asinh(y / compression)``, scaled, which gives weak motion more
        weight; 0: none.
    log_scale : bool
        A further token contains ln of the scales of the three components, to keep sizes through the normalisation.
    scale_weight : float
        Weight of that token's error in the loss; the mean error of the waveform has 1.
    guidance : float
        Default weight w of ``u + w (c - u)`` in generation; 1: none.
    guided : bool
        The network takes the guidance weight as an input (distilled; Meng et al. 2023).
    drop, station_drop : float
        Shares of the training records without any label, and without the station only.
    stations : int
        Known stations; the table has one more row, for no station.
    """

    sampling_rate_hz: float = 50.0
    duration_s: float = 60.0
    patch: int = 12
    width: int = 224
    blocks: int = 8
    heads: int = 7
    mlp_ratio: int = 4
    shared_modulation: bool = True
    cross_attention: bool = False
    onset_positions: bool = True
    learn_sigma: bool = False
    prediction: str = "flow"
    schedule: str = "flow"
    beta_start: float = 1e-4
    beta_end: float = 0.02
    zero_terminal_snr: bool = True
    steps: int = 1000
    step_draw: str = "logit_normal"
    whitening: int = 24
    compression: float = 0.0
    log_scale: bool = True
    scale_weight: float = 0.1
    guidance: float = 1.0
    guided: bool = False
    drop: float = 0.1
    station_drop: float = 0.1
    stations: int = 0

    def __post_init__(self):
        for name in ("patch", "width", "blocks", "heads", "mlp_ratio", "steps"):
            whole(name, getattr(self, name))
        for name in ("stations", "whitening"):
            whole(name, getattr(self, name), 0)
        for name in ("sampling_rate_hz", "duration_s"):
            positive(name, getattr(self, name))
        if self.npts % self.patch:
            raise InputError(f"patch={self.patch} does not divide a record of {self.npts} samples.")
        if self.width % self.heads or self.width % 2:
            raise InputError(f"width={self.width} must be even and a multiple of heads={self.heads}.")
        for name in ("drop", "station_drop"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)!r} must be 0 to 1.")
        for name in ("compression", "scale_weight", "guidance"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}={getattr(self, name)!r} must be 0 or more.")
        if self.learn_sigma and self.prediction != "eps":
            raise InputError('learn_sigma=True goes with prediction="eps" only.')

    @property
    def npts(self):
        """Samples of a record."""
        return round(self.sampling_rate_hz * self.duration_s)

    @property
    def tokens(self):
        """Tokens of a waveform."""
        return self.npts // self.patch

    @property
    def columns(self):
        """Columns of the network's input: the samples, and one for the scales."""
        return self.npts + self.log_scale

    @property
    def shape(self):
        """Shape of one record as the network sees it."""
        return (COMPONENTS, self.columns)


_SMALL = SwagConfig()
#: the text: 28 blocks, the noise is predicted (eq. 3)
_PAPER = SwagConfig(
    patch=6, width=768, blocks=28, heads=12, shared_modulation=False, onset_positions=False, prediction="eps",
    schedule="linear", zero_terminal_snr=False, step_draw="uniform", whitening=0, log_scale=False, guidance=1.5,
    station_drop=0.0, stations=5000,
)  # fmt: skip

SIZES = {
    "paper": _PAPER,
    "authors": replace(_PAPER, blocks=24, learn_sigma=True),
    "small": _SMALL,
    "small_500": replace(_SMALL, patch=6),
    "tiny": SwagConfig(
        sampling_rate_hz=10.0,
        duration_s=20.0,
        patch=10,
        width=32,
        blocks=2,
        heads=2,
        mlp_ratio=2,
        steps=100,
        whitening=4,
    ),
}

_VARIANTS = {
    "100hz": lambda c: replace(c, sampling_rate_hz=100.0, patch=round(c.patch * 100.0 / c.sampling_rate_hz)),
    "cross_attention": lambda c: replace(c, cross_attention=True),
    "dit_modulation": lambda c: replace(c, shared_modulation=False),
    "without_onset_positions": lambda c: replace(c, onset_positions=False),
    "without_whitening": lambda c: replace(c, whitening=0),
    "compressed": lambda c: replace(c, compression=0.1),
    "without_scale": lambda c: replace(c, log_scale=False),
    "with_scale": lambda c: replace(c, log_scale=True),
    "eps": lambda c: replace(c, prediction="eps", schedule="linear", zero_terminal_snr=False, step_draw="uniform"),
    "v": lambda c: replace(c, prediction="v", schedule="cosine", step_draw="uniform"),
    "learned_sigma": lambda c: replace(
        c, prediction="eps", schedule="linear", zero_terminal_snr=False, step_draw="uniform", learn_sigma=True
    ),
    "guided": lambda c: replace(c, guided=True),
}


def named_config(name):
    """Return a configuration by its name: a size, or a size and variants joined by ``+``.

    Parameters
    ----------
    name : str
        A size (`paper`, `authors`, `small`, `small_500`, `tiny`), followed by any of `variant_names`:
        ``"small+100hz"``.

    Returns
    -------
    SwagConfig

    Raises
    ------
    InputError
        No such size or variant.

    Examples
    --------
    >>> from seissynth_plugins.swag.config import named_config
    >>> named_config("small").tokens, named_config("small+100hz").npts, named_config("authors").blocks
    (250, 6000, 24)
    """
    return build_named(name, SIZES, _VARIANTS, "swag")


def variant_names():
    """Return the variants that can follow a size."""
    return tuple(_VARIANTS)
