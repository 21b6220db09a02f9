"""SeismoGen's networks: one pipeline per component, and a critic that sees low and high frequencies separately.

Shapes: N records (N, 3, npts). The paper of SeismoGen and the thesis give names and the ways between layers, not all
sizes; what they leave open is set by `SeismogenConfig`.
"""

import torch
from torch import nn

from seissynth_plugins.seismogen.config import COMPONENTS, SHRINK
from seissynth_plugins.torchkit.conditioning import feed_forward
from seissynth_plugins.torchkit.long_convolution import LongConv1d

_SLOPE = 0.2
_VECTOR_HIDDEN = 256


class Generator(nn.Module):
    """Noise and label to records.

    Parameters
    ----------
    config : SeismogenConfig

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.seismogen.config import named_config
    >>> from seissynth_plugins.seismogen.network import Generator
    >>> Generator(named_config("tiny"))(torch.zeros(2, 3, 40), torch.ones(2, 1)).shape
    torch.Size([2, 3, 160])
    """

    #: long kernels are read from memory once for all records of a batch
    in_batches = True

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.label = LabelBlock(config)
        self.components = nn.ModuleList(ComponentPipeline(config) for _ in range(COMPONENTS))

    @property
    def latent_shape(self):
        """Shape of the noise of one record."""
        return (COMPONENTS, self.config.latent)

    def forward(self, z, label, source=None):
        """(N, 3, latent), (N, conditions), source (N, 3, npts) -> (N, 3, npts)."""
        z = z if source is None else source
        # one row at a time in generation: a product of matrices with few columns may give other bits for other rows
        rows = [label] if self.training else label.split(1)
        y = torch.cat([self.label(row) for row in rows])  # (N, label channels, npts / 4)
        return torch.cat([pipeline(z[:, c : c + 1], y) for c, pipeline in enumerate(self.components)], dim=1)


class LabelBlock(nn.Module):
    """A label as channels of features, as long as the first features of the noise."""

    def __init__(self, config):
        super().__init__()
        first = config.start // 4
        if config.vector:
            self.first = feed_forward(config.conditions, _VECTOR_HIDDEN, first)
        else:
            self.first = nn.Sequential(nn.Linear(config.conditions, first), nn.ReLU())
        self.rest = nn.Sequential(
            DoublingTransposed(1, config.label_channels, config.kernel, 2), nn.Upsample(scale_factor=2), nn.ReLU(),
            nn.BatchNorm1d(config.label_channels),
        )  # fmt: skip

    def forward(self, label):
        """(N, conditions) -> (N, label channels, npts / 4)."""
        return self.rest(self.first(label)[:, None])


class ComponentPipeline(nn.Module):
    """Noise of one component, or that of a source record, with the features of the label, to its record."""

    def __init__(self, config):
        super().__init__()
        noise, middle, kernel = config.noise_channels, config.middle_channels, config.kernel
        if config.source:
            first = [*_halving(1, noise, kernel), LongConv1d(noise, noise, kernel, stride=2)]
        else:
            first = [DoublingTransposed(1, noise, kernel, config.latent_stride), nn.Upsample(size=config.start)]
        self.noise = nn.Sequential(*first, nn.BatchNorm1d(noise), nn.ReLU())
        self.rest = nn.Sequential(
            nn.Upsample(scale_factor=2), LongConv1d(noise + config.label_channels, noise, kernel),
            nn.ReLU(), nn.BatchNorm1d(noise),
            nn.Upsample(scale_factor=2), LongConv1d(noise, middle, kernel), nn.ReLU(),
            nn.BatchNorm1d(middle), LongConv1d(middle, 1, kernel),
        )  # fmt: skip

    def forward(self, z, y):
        """(N, 1, latent or npts), (N, label channels, npts / 4) -> (N, 1, npts)."""
        return self.rest(torch.cat([self.noise(z), y], dim=1))


class Critic(nn.Module):
    """Records and label to one number each.

    Parameters
    ----------
    config : SeismogenConfig

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.seismogen.config import named_config
    >>> from seissynth_plugins.seismogen.network import Critic
    >>> Critic(named_config("tiny"))(torch.zeros(2, 3, 160), torch.ones(2, 1)).shape
    torch.Size([2, 1])
    """

    def __init__(self, config):
        super().__init__()
        self.config, width, kernel = config, config.critic_channels, config.kernel
        self.low, self.high = (
            nn.Sequential(*_halving(COMPONENTS, width, kernel), *_halving(width, 2 * width, kernel)) for _ in range(2)
        )
        half = config.npts // 2
        if config.vector:
            self.label_first = feed_forward(config.conditions, _VECTOR_HIDDEN, half)
        else:
            self.label_first = nn.Linear(config.conditions, half)
        self.label_rest = nn.Sequential(*_halving(1, width, kernel))
        self.rest = nn.Sequential(*_halving(5 * width, 2 * width, kernel), *_halving(2 * width, width, kernel))
        self.last = nn.Linear(width * config.npts // SHRINK, 1)

    def forward(self, x, label):
        """(N, 3, npts), (N, conditions) -> (N, 1)."""
        low, high = split_bands(x, self.config.sampling_rate_hz, self.config.split_hz)
        y = self.label_rest(self.label_first(label)[:, None])
        return self.last(self.rest(torch.cat([self.low(low), self.high(high), y], dim=1)).flatten(1))


class DoublingTransposed(nn.Module):
    """A transposed convolution that makes exactly `stride` times as many samples."""

    def __init__(self, before, after, kernel, stride):
        super().__init__()
        self.stride, self.layer = stride, nn.ConvTranspose1d(before, after, kernel, stride)

    def forward(self, x):
        """(N, before, L) -> (N, after, stride L)."""
        npts = self.stride * x.shape[-1]
        out = self.layer(x)
        first = (out.shape[-1] - npts) // 2
        return out[..., first : first + npts]


def split_bands(x, sampling_rate_hz, split_hz):
    """Split into the parts below and above a frequency, both shaped as `x`; their sum is `x`.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.seismogen.network import split_bands
    >>> time = torch.arange(400) / 40
    >>> low, high = split_bands(torch.sin(2 * torch.pi * 2.0 * time)[None, None], 40.0, 3.75)
    >>> bool(abs(high).max() < 1e-4)
    True
    """
    npts = x.shape[-1]
    # in float32: half precision has no transform of all lengths
    spectrum = torch.fft.rfft(x.float())
    below = torch.arange(spectrum.shape[-1], device=x.device) * sampling_rate_hz / npts < split_hz
    low = torch.fft.irfft(spectrum * below, npts).to(x)
    return low, x - low


def _halving(before, after, kernel):
    return [LongConv1d(before, after, kernel, stride=2), nn.LeakyReLU(_SLOPE)]
