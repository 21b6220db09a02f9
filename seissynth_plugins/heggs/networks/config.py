"""Configuration of a HEGGS network and its loss: frozen dataclasses; named ones are in `named_configs`.

A configuration is written into the header of a weights file as plain data, see `torchkit.plain_configs`.
"""

from dataclasses import dataclass, field

from seissynth.errors import InputError
from seissynth_plugins.torchkit.plain_configs import from_plain, to_plain  # noqa: F401  (a former home of both)

#: what one record is: components, bins (1 to 64 of 65, the Nyquist bin dropped), frames
SPECTROGRAM = (3, 64, 376)
#: the record behind it: 60 s from origin at 100 Hz, band-passed (Hz) by a filter with this number of corners
DURATION_S, RATE_HZ, BAND_HZ, CORNERS = 60.0, 100.0, (1.0, 45.0), 4
#: latitudes and longitudes of station and epicentre, back-azimuth, distance, depth, magnitude (appendix C.1)
CONDITION_SIZE = 11


# --- checks


def _check_levels(part, config):
    _check_positive(part, config, ("channels", "residual_blocks", "groups"))
    for multiplier in config.multipliers:
        if config.channels * multiplier % config.groups:
            raise InputError(
                f"{part}.groups={config.groups} does not divide the {config.channels * multiplier} channels of a level."
            )


def _check_positive(part, config, names):
    for name in names:
        if not getattr(config, name) >= 1:
            raise InputError(f"{part}.{name}={getattr(config, name)} must be 1 or more.")


def _check_choice(name, value, choices):
    if value not in choices:
        raise InputError(f"{name}={value!r} must be one of {', '.join(choices)}.")


# --- parts


@dataclass(frozen=True)
class AutoencoderConfig:
    """Encoder and decoder of Esser et al. (2020) without the codebook.

    Parameters
    ----------
    channels : int
        Channels of the first level.
    multipliers : tuple of int
        Channels of each level, in units of `channels`; each further level halves both axes.
    residual_blocks : int
        Of each level of the encoder; the decoder has one more.
    latent_channels : int
    middle_attention : bool
        Self-attention over all cells between the two residual blocks of the lowest level.
    groups : int
        Of the group normalisations.
    patch : int
        Cells of the spectrogram, along each axis, that are folded into the channels of one cell at the entrance and
        unfolded at the exit: 1 as in the paper. On a CPU the full resolution costs more than all the rest.
    """

    channels: int = 128
    multipliers: tuple = (1,)
    residual_blocks: int = 1
    latent_channels: int = 8
    middle_attention: bool = False
    groups: int = 8
    patch: int = 4

    def __post_init__(self):
        _check_levels("autoencoder", self)
        _check_positive("autoencoder", self, ("patch",))
        if any(n % self.factor for n in SPECTROGRAM[1:]):
            raise InputError(
                f"autoencoder: patch {self.patch} and {len(self.multipliers)} levels make cells of {self.factor}: that "
                f"does not divide the spectrogram's {SPECTROGRAM[1:]}."
            )

    @property
    def factor(self):
        """Number of cells of the spectrogram per cell of the latent, along each axis."""
        return self.patch * 2 ** (len(self.multipliers) - 1)


@dataclass(frozen=True)
class UNetConfig:
    """Network on the latent, with cross-attention to the condition (Rombach et al. 2022).

    Parameters
    ----------
    channels, multipliers, residual_blocks, groups
        As for the autoencoder.
    attention : tuple of bool
        Which levels have self- and cross-attention, highest resolution first.
    head_channels : int
        Channels of an attention head.
    adaln : bool
        The condition also scales and shifts the normalised features, together with the time step.
    positions : bool
        Learned offsets for each row and column of the latent: convolutions do not know the time in the record.
    onset_maps : int
        Number of predicted onsets (P, S) that are input as ramps over time; 0: none.
    """

    channels: int = 48
    multipliers: tuple = (1, 2, 2)
    residual_blocks: int = 1
    attention: tuple = (False, True, True)
    head_channels: int = 24
    groups: int = 8
    adaln: bool = True
    positions: bool = True
    onset_maps: int = 0

    def __post_init__(self):
        _check_levels("unet", self)
        if len(self.attention) != len(self.multipliers):
            raise InputError(
                f"unet.attention has {len(self.attention)} entries for {len(self.multipliers)} levels; give one each."
            )
        for multiplier, used in zip(self.multipliers, self.attention, strict=True):
            if used and self.channels * multiplier % self.head_channels:
                raise InputError(
                    f"unet.head_channels={self.head_channels} does not divide the {self.channels * multiplier} "
                    "channels of a level with attention."
                )


@dataclass(frozen=True)
class ConditionConfig:
    """Feed-forward encoder of the condition, key and value of the cross-attention.

    Parameters
    ----------
    size : int
        Number of inputs: 11 in the paper, more with optional columns.
    hidden, width : int
        Width of the hidden layers and of a token.
    layers : int
        Linear layers, 2 or more.
    tokens : int
        Number of output tokens. With one token the softmax over the single key is 1 and the query has no effect.
    """

    size: int = CONDITION_SIZE
    hidden: int = 128
    width: int = 64
    layers: int = 5
    tokens: int = 11

    def __post_init__(self):
        if self.layers < 2:
            raise InputError(f"condition.layers={self.layers} must be 2 or more.")
        _check_positive("condition", self, ("size", "hidden", "width", "tokens"))


@dataclass(frozen=True)
class ACMConfig:
    """Amplitude correction: the magnitude branch of MP-SENet (Lu et al. 2023) with softplus.

    Parameters
    ----------
    channels : int
    stride : tuple of int
        Bins and frames of the spectrogram per cell of the encoder; (2, 1) in MP-SENet.
    blocks : int
        Conformers over time and frequency, one after the other.
    heads, kernel : int
        Attention heads, and length (odd) of the depthwise convolution, of a conformer.
    dense_layers : int
        Layers of a dense block; layer i has dilation 2^i along time.
    norm : {"instance", "channel"}
        Normalisation of the convolutions. MP-SENet's instance normalisation removes the level of a record before any
        layer can use it; "channel" normalises each cell over its channels and keeps the level.
    dropout : float
        Dropout in the conformers.
    domain : {"gain", "log1p"}
        Quantity that the positive output multiplies: the amplitude, or log(1 + A / A_ref).
    phase_iterations : int
        Iterations of the Griffin-Lim algorithm for the auxiliary phase; 0: no phase.
    """

    channels: int = 24
    stride: tuple = (4, 4)
    blocks: int = 4
    heads: int = 4
    kernel: int = 15
    dense_layers: int = 4
    norm: str = "channel"
    dropout: float = 0.0
    domain: str = "gain"
    phase_iterations: int = 8

    def __post_init__(self):
        _check_positive("acm", self, ("channels", "blocks", "heads", "kernel", "dense_layers"))
        if self.channels % self.heads:
            raise InputError(f"acm.heads={self.heads} does not divide acm.channels={self.channels}.")
        if self.kernel % 2 == 0:
            raise InputError(f"acm.kernel={self.kernel} must be odd.")
        _check_choice("acm.norm", self.norm, ("instance", "channel"))
        _check_choice("acm.domain", self.domain, ("gain", "log1p"))
        if len(self.stride) != 2 or any(n % step for n, step in zip(SPECTROGRAM[1:], self.stride, strict=False)):
            raise InputError(f"acm.stride={self.stride} must be two divisors of {SPECTROGRAM[1:]}.")
        if self.stride[0] % 2:
            raise InputError(f"acm.stride={self.stride} must halve the frequencies: the first number must be even.")


@dataclass(frozen=True)
class HeggsConfig:
    """Everything that defines a HEGGS network and its loss.

    Parameters
    ----------
    autoencoder, unet, condition : dataclasses
    acm : ACMConfig or None
        None: no amplitude correction.
    schedule : {"scaled_linear", "cosine"}
    zero_terminal_snr : bool
        The last step is pure noise.
    steps : int
        Steps of the noise process.
    noised : {"source", "target"}
        Latent to which the noise is added: the source's (eq. 9), or the target's, as in any conditional diffusion.
    source_input : bool
        The clean latent of the source is a further input of the U-Net (start "condition").
    source_drop : float
        Share of training pairs without that input, to train one network for both modes.
    same_share : float
        Share of training pairs whose source is replaced by the target; 1 is training without pairs.
    last_share : float
        Share of training pairs at the last step, which is pure noise with zero terminal SNR. Generation without a
        source starts there, from the condition alone.
    normalise_latents : bool
        Latents have mean 0 and variance 1 over the cells of each record: the encoder's and the U-Net's.
    autoencoder_weight : float
        Weight of ``|| X_tgt - D(E(X_tgt)) ||²`` (before the amplitude correction), which ties decoder to encoder.
    latent_weight : float
        Weight of ``|| m - sg E(X_tgt) ||²`` (eq. 8), which ties the U-Net's output to the encoder's latents.
    loss_weight : {"uniform", "min_snr_x0", "min_snr_eps"}
        Weight of a time step.
    normalised_waveforms : bool
        The spectrograms are those of waveforms divided by their peak (rows of table 3 with a star); the training
        data are made accordingly.
    spread : int
        Number of residual patterns that vary generated records, see `spread.ResidualSpread`; 0: none. They are fitted
        at the end of a training and are not part of the loss.
    residuals, residual_records : int
        Patterns and known records of the residual model, see `residual_memory.ResidualMemory`; 0: none. Likewise; it
        takes the place of `spread`.
    residual_flow, flow_stations : int
        Channels and known stations of the network that moves draws of the residual model, see
        `residual_mover.ResidualMover`; 0: none.
    """

    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    unet: UNetConfig = field(default_factory=UNetConfig)
    condition: ConditionConfig = field(default_factory=ConditionConfig)
    acm: ACMConfig | None = field(default_factory=ACMConfig)
    schedule: str = "scaled_linear"
    zero_terminal_snr: bool = True
    steps: int = 1000
    noised: str = "source"
    source_input: bool = False
    source_drop: float = 0.5
    same_share: float = 0.25
    last_share: float = 0.25
    normalise_latents: bool = True
    autoencoder_weight: float = 0.5
    latent_weight: float = 0.1
    loss_weight: str = "uniform"
    normalised_waveforms: bool = False
    spread: int = 0
    residuals: int = 0
    residual_records: int = 0
    residual_flow: int = 0
    flow_stations: int = 0

    def __post_init__(self):
        _check_choice("noised", self.noised, ("source", "target"))
        _check_choice("loss_weight", self.loss_weight, ("uniform", "min_snr_x0", "min_snr_eps"))
        for name in ("source_drop", "same_share", "last_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)} must be 0 to 1.")
        for name in ("autoencoder_weight", "latent_weight", "spread", "residuals", "residual_records",
                     "residual_flow", "flow_stations"):  # fmt: skip
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}={getattr(self, name)} must be 0 or more.")

    @property
    def latent_shape(self):
        """Shape of one latent: channels, rows, columns."""
        factor = self.autoencoder.factor
        return (self.autoencoder.latent_channels, *(n // factor for n in SPECTROGRAM[1:]))
