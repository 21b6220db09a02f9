"""BBGAN's networks: normalised records with separate log peaks, and a critic that sees both.

Shapes: N records; waveforms (N, 3, npts) between -1 and 1, log peaks (N, 3) scaled to between -1 and 1.
"""

from itertools import pairwise

import torch
from torch import nn

from seissynth_plugins.bbgan.config import (
    COMPONENTS,
    CRITIC_STAGES,
    FIRST_VALUES,
    LAST,
    PEAK_VALUES,
    STAGES,
)
from seissynth_plugins.torchkit.conditioning import feed_forward, widening
from seissynth_plugins.torchkit.long_convolution import LongConv1d
from seissynth_plugins.torchkit.source_encoder import SourceEncoder

#: what each channel of noise becomes before it meets the conditions
_NOISE_VALUES = 150
_PEAK_LAYERS = (256, 512, 512, 256)
_VECTOR_HIDDEN = 256
_SLOPE = 0.2
_KERNEL = 5
#: ln variance of a source's noise stays within this; without a bound its exponential can overflow in training
_LOG_VARIANCE = 10.0


class Generator(nn.Module):
    """Noise and conditions to waveforms and log peaks.

    Parameters
    ----------
    config : BbganConfig

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.bbgan.config import named_config
    >>> from seissynth_plugins.bbgan.network import Generator
    >>> waveforms, peaks = Generator(named_config("tiny"))(torch.zeros(2, 3, 8), torch.zeros(2, 3))
    >>> waveforms.shape, peaks.shape
    (torch.Size([2, 3, 192]), torch.Size([2, 3]))
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        activation = nn.GELU if config.gelu else nn.ReLU
        self.noise = nn.Sequential(nn.Linear(config.noise, _NOISE_VALUES, bias=False), nn.BatchNorm1d(COMPONENTS))
        self.embed = ConditionChannels(config, _NOISE_VALUES)
        channels = COMPONENTS + self.embed.channels
        self.source = SourceEncoder(config.npts, 2 * COMPONENTS * config.noise) if config.source else None
        self.mix = nn.Sequential(
            *_convolution(channels, channels, activation), *_convolution(channels, channels, activation),
            *_convolution(channels, COMPONENTS, activation),
        )  # fmt: skip
        self.widen = nn.Sequential(
            nn.Linear(_NOISE_VALUES, FIRST_VALUES + PEAK_VALUES, bias=False), nn.BatchNorm1d(COMPONENTS), activation()
        )
        sizes = (COMPONENTS * PEAK_VALUES, *_PEAK_LAYERS)
        layers = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), activation())]
        self.peaks = nn.Sequential(*layers, nn.Linear(_PEAK_LAYERS[-1], COMPONENTS), nn.Tanh())
        self.waveforms = nn.Sequential(*_stages(config, activation))

    @property
    def latent_shape(self):
        """Shape of the noise of one record."""
        return (COMPONENTS, self.config.noise)

    def posterior(self, source):
        """Return mean and ln variance of the noise of source records, each (N, 3, noise)."""
        mean, log_variance = self.source(source).unflatten(1, (2, *self.latent_shape)).unbind(1)
        # not a clamp, whose derivative beyond the bound is 0: the divergence could not pull back what is there
        return mean, _LOG_VARIANCE * (log_variance / _LOG_VARIANCE).tanh()

    def forward(self, z, conditions, source=None):
        """(N, 3, noise), (N, conditions), source (N, 3, npts) -> (N, 3, npts), (N, 3)."""
        if source is not None:
            mean, log_variance = self.posterior(source)
            z = mean + (0.5 * log_variance).exp() * z
        x = torch.cat([self.noise(z), self.embed(conditions)], dim=1)  # (N, channels, 150)
        x = self.widen(self.mix(x))  # (N, 3, 300)
        first, last = x.split([FIRST_VALUES, PEAK_VALUES], dim=-1)
        return self.waveforms(first.flatten(1).unflatten(1, (-1, self.config.start))), self.peaks(last.flatten(1))


class Critic(nn.Module):
    """Waveforms, log peaks and conditions to one number a record.

    Parameters
    ----------
    config : BbganConfig
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed = ConditionChannels(config, config.npts)
        self.peaks = nn.ModuleList(widening(1, *config.embedding, config.npts) for _ in range(COMPONENTS))
        layers, last, npts = [], 2 * COMPONENTS + self.embed.channels, config.npts
        for channels in map(config.width, CRITIC_STAGES):
            layers += [
                nn.Conv1d(last, channels, 32, 2, 15), nn.LeakyReLU(_SLOPE),
                LongConv1d(channels, channels, 31), nn.LeakyReLU(_SLOPE),
            ]  # fmt: skip
            last, npts = channels, npts // 2
        self.stages = nn.Sequential(*layers)
        sizes = (npts, 110, 128, 100)
        along = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.LeakyReLU(_SLOPE))]
        self.along_time = nn.Sequential(*along)
        self.last = nn.Linear(last * sizes[-1], 1)

    def forward(self, waveforms, peaks, conditions):
        """(N, 3, npts), (N, 3), (N, conditions) -> (N, 1)."""
        levels = torch.stack([net(peaks[:, c : c + 1]) for c, net in enumerate(self.peaks)], dim=1)
        x = torch.cat([waveforms, levels, self.embed(conditions)], dim=1)
        return self.last(self.along_time(self.stages(x)).flatten(1))


class ConditionChannels(nn.Module):
    """Each number of a condition as a channel of some length; or the whole vector as one."""

    def __init__(self, config, length):
        super().__init__()
        if config.vector:
            self.nets = nn.ModuleList([feed_forward(config.conditions, _VECTOR_HIDDEN, length)])
        else:
            self.nets = nn.ModuleList(widening(1, *config.embedding, length) for _ in range(config.conditions))
        self.channels, self._vector = len(self.nets), config.vector

    def forward(self, conditions):
        """(N, conditions) -> (N, channels, length)."""
        if self._vector:
            return self.nets[0](conditions)[:, None]
        return torch.stack([net(conditions[:, i : i + 1]) for i, net in enumerate(self.nets)], dim=1)


def _stages(config, activation):
    layers, last = [], COMPONENTS * FIRST_VALUES // config.start
    for number, channels in enumerate(map(config.width, STAGES)):
        factor = config.last_factor if number == len(STAGES) - 1 else 2
        layers += [
            nn.Upsample(scale_factor=factor), *_convolution(last, channels, activation),
            *_convolution(channels, channels, activation),
        ]  # fmt: skip
        last = channels
    for channels in map(config.width, LAST):
        layers += _convolution(last, channels, activation)
        last = channels
    return [*layers, nn.Conv1d(last, COMPONENTS, _KERNEL, padding="same"), nn.Tanh()]


def _convolution(before, after, activation):
    return [nn.Conv1d(before, after, _KERNEL, padding="same"), nn.BatchNorm1d(after), activation()]
