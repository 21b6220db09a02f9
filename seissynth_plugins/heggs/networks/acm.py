"""Amplitude correction: the magnitude branch of MP-SENet (Lu et al. 2023) on log spectrograms.

Feature maps are stored channels last: convolutions see (N, C, F, T), linear layers see (N, F, T, C),
and so do normalisations and attention, without a copy.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from seissynth_plugins.heggs.networks.blocks import Attention
from seissynth_plugins.heggs.networks.config import SPECTROGRAM
from seissynth_plugins.heggs.networks.phase import auxiliary_phase

#: softplus of it is 1
IDENTITY_BIAS = math.log(math.e - 1)
#: where the "log1p" domain has its reference amplitude: standard deviations below the mean of ln A
_REFERENCE_SD = 3.0
#: least log(1 + A / A_ref) that is turned back
_LEAST_LOG1P = 1e-4
#: below it ln(softplus(a)) is a to single precision
_FAR = -15.0


class AmplitudeCorrection(nn.Module):
    """Correct the amplitudes of a predicted spectrogram.

    Parameters
    ----------
    config : ACMConfig

    Notes
    -----
    Dense encoder, conformers over time and frequency in turn, mask decoder. With its positive output
    ``g = softplus(a)``, the domain "gain" multiplies the amplitude, ``ln A = ln A0 + ln g``; "log1p" multiplies
    ``ln(1 + A / A_ref)`` instead, with ``ln A_ref`` three standard deviations below the mean of the bin. The last layer
    starts with weights 0 and the bias ln(e - 1), which makes g equal to 1 at first.

    MP-SENet's convolution over time has a batch normalisation in each conformer; here it is a layer
    normalisation, since records of a batch must not depend on each other.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        c, norm, stride = config.channels, config.norm, tuple(config.stride)
        patch = (stride[0] // 2, stride[1])
        self.enter = _Unit(SPECTROGRAM[0] * (2 if config.phase_iterations else 1), c, norm, patch, stride=patch)
        self.dense_in = _DenseBlock(c, norm, config.dense_layers)
        self.halve = _Unit(c, c, norm, (3, 1), stride=(2, 1), padding=(1, 0))
        self.conformers = nn.ModuleList(_TimeFrequencyConformer(config) for _ in range(config.blocks))
        self.dense_out = _DenseBlock(c, norm, config.dense_layers)
        # at full resolution a third of the channels is enough where one cell has made many
        self.expand = _SubPixel(c, c if stride == (2, 1) else max(c // 3, 4), stride, norm)
        self.leave = nn.Conv2d(self.expand.channels, SPECTROGRAM[0], 1)
        nn.init.zeros_(self.leave.weight)
        nn.init.constant_(self.leave.bias, IDENTITY_BIAS)

    def forward(self, x, mean, deviation):
        """Return the corrected spectrogram.

        Parameters
        ----------
        x : Tensor, shape (N, 3, 64, 376)
            Standardised ln A of the decoder.
        mean, deviation : Tensor, broadcast over `x`
            Of ln A, A in the unit of the record: ``ln A = mean + deviation x``.

        Returns
        -------
        Tensor, shape (N, 3, 64, 376)
            Standardised ln A.
        """
        inputs = x
        if self.config.phase_iterations:
            phase = auxiliary_phase(mean + deviation * x.detach().float(), self.config.phase_iterations)
            inputs = torch.cat([x, phase.to(x.dtype)], dim=1)
        h = self.enter(inputs.contiguous(memory_format=torch.channels_last))
        h = self.halve(self.dense_in(h))  # (N, C, 64 / stride, 376 / stride)
        for conformer in self.conformers:
            h = conformer(h)
        a = self.leave(self.expand(self.dense_out(h)))  # (N, 3, 64, 376)
        if self.config.domain == "gain":
            return x + log_softplus(a) / deviation.to(x.dtype)
        return scaled_log1p(x, F.softplus(a), deviation.to(x.dtype))


def log_softplus(a):
    """Return ln(softplus(a)), finite for any finite a.

    Examples
    --------
    >>> import torch
    >>> log_softplus(torch.tensor([-100.0, IDENTITY_BIAS])).round(decimals=5).tolist()
    [-100.0, 0.0]
    """
    return torch.where(a < _FAR, a, F.softplus(a.clamp(min=_FAR)).log())


def scaled_log1p(x, gain, deviation):
    """Multiply ln(1 + A / A_ref) by `gain`; input and result are standardised ln A."""
    above = deviation * (x + _REFERENCE_SD)  # ln(A / A_ref)
    scaled = (gain * F.softplus(above)).clamp(min=_LEAST_LOG1P)  # softplus(ln q) = ln(1 + q)
    return (scaled + torch.log(-torch.expm1(-scaled))) / deviation - _REFERENCE_SD


# --- convolutions


class _CellNorm(nn.LayerNorm):
    """Normalise each cell over its channels."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _norm(kind, channels):
    return _CellNorm(channels) if kind == "channel" else nn.InstanceNorm2d(channels, affine=True)


class _Unit(nn.Sequential):
    """Convolution, normalisation, PReLU."""

    def __init__(self, before, after, norm, kernel, **options):
        super().__init__(nn.Conv2d(before, after, kernel, **options), _norm(norm, after), nn.PReLU(after))


class _DenseBlock(nn.Module):
    """Convolutions that each see the outputs of all before, dilated 1, 2, 4, 8 along time and causal."""

    def __init__(self, channels, norm, layers):
        super().__init__()
        self.layers = nn.ModuleList(
            _Unit(channels * (i + 1), channels, norm, (3, 2), dilation=(1, 2**i)) for i in range(layers)
        )

    def forward(self, x):
        seen = x
        for i, layer in enumerate(self.layers):
            x = layer(F.pad(seen, (2**i, 0, 1, 1)))
            if i < len(self.layers) - 1:
                seen = torch.cat([x, seen], dim=1)
        return x


class _SubPixel(nn.Module):
    """One cell's channels become the channels of stride[0] x stride[1] cells."""

    def __init__(self, before, after, stride, norm):
        super().__init__()
        self.channels, self.stride = after, stride
        self.convolve = nn.Conv2d(before, after * stride[0] * stride[1], 3, padding=1)
        self.norm = _norm(norm, after)
        self.bend = nn.PReLU(after)

    def forward(self, x):
        n, _, rows, columns = x.shape
        h = self.convolve(x).permute(0, 2, 3, 1)  # (N, F, T, s u C)
        h = h.reshape(n, rows, columns, *self.stride, self.channels).transpose(2, 3)  # (N, F, s, T, u, C)
        h = h.reshape(n, rows * self.stride[0], columns * self.stride[1], self.channels)
        return self.bend(self.norm(h.permute(0, 3, 1, 2)))


# --- conformers (Gulati et al. 2020), on (N, F, T, C)


class _TimeFrequencyConformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.over_time, self.over_frequency = _Conformer(config), _Conformer(config)

    def forward(self, x):
        h = x.permute(0, 2, 3, 1)  # (N, F, T, C)
        h = h + self.over_time(h)
        h = h.transpose(1, 2).contiguous()  # (N, T, F, C)
        h = h + self.over_frequency(h)
        return h.permute(0, 3, 2, 1)  # (N, C, F, T)


class _Conformer(nn.Module):
    """Half a feed-forward layer, attention, convolution, half a feed-forward layer: along the last axis but one."""

    def __init__(self, config):
        super().__init__()
        c = config.channels
        self.feed_first, self.feed_last = _FeedForward(c, config.dropout), _FeedForward(c, config.dropout)
        self.norm_attention, self.norm = nn.LayerNorm(c), nn.LayerNorm(c)
        self.attend = Attention(c, config.heads)
        self.drop = nn.Dropout(config.dropout)
        self.convolve = _Convolution(c, config.kernel)

    def forward(self, x):
        """(N, R, L, C) -> (N, R, L, C): rows R do not see each other."""
        x = x + 0.5 * self.feed_first(x)
        attended = self.attend(self.norm_attention(x).flatten(0, 1)).unflatten(0, x.shape[:2])
        x = x + self.drop(attended)
        x = x + self.convolve(x)
        return self.norm(x + 0.5 * self.feed_last(x))


class _FeedForward(nn.Sequential):
    def __init__(self, channels, dropout):
        wide, drop = nn.Linear(channels, 4 * channels), nn.Dropout(dropout)
        super().__init__(
            nn.LayerNorm(channels), wide, nn.SiLU(), drop, nn.Linear(4 * channels, channels), nn.Dropout(dropout)
        )


class _Convolution(nn.Module):
    def __init__(self, channels, kernel):
        super().__init__()
        wide = 2 * channels
        self.norm_in, self.norm_out = nn.LayerNorm(channels), nn.LayerNorm(wide)
        self.enter, self.leave = nn.Linear(channels, 2 * wide), nn.Linear(wide, channels)
        self.along = nn.Conv2d(wide, wide, (1, kernel), padding=(0, kernel // 2), groups=wide)

    def forward(self, x):
        h = F.glu(self.enter(self.norm_in(x)), dim=-1)  # (N, R, L, 2 C)
        h = self.along(h.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return self.leave(F.silu(self.norm_out(h)))
