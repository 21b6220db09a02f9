"""DGM's networks. From the paper: LSTM along time, attention across components, convolutions for local detail.

Shapes: N records, T coarse time steps, D features; acceleration (N, 3, npts) over its standard deviation.
"""

import math

import torch
from torch import nn

from seissynth_plugins.dgm.config import COMPONENTS, DOUBLINGS
from seissynth_plugins.torchkit.conditioning import with_waves

_SLOPE = 0.2


class Generator(nn.Module):
    """Noise, and a condition where there is any, to records.

    Parameters
    ----------
    config : DgmConfig

    Notes
    -----
    Two LSTM in both directions run over all coarse steps (the long range) and over blocks of them (the short one). Each
    component then has its own features, and at each step the three attend to each other. Convolutions with doublings
    follow.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.dgm.config import named_config
    >>> from seissynth_plugins.dgm.network import Generator
    >>> Generator(named_config("tiny"))(torch.zeros(2, 8)).shape
    torch.Size([2, 3, 256])
    """

    def __init__(self, config):
        super().__init__()
        self.config, width = config, config.width
        inputs = config.noise + config.conditions * (1 + 2 * config.waves)
        self.first = nn.Linear(inputs, config.steps * width)
        self.register_buffer("positions", _positions(config.steps, width), persistent=False)
        self.long = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)
        self.short = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)
        self.components = nn.Linear(width, COMPONENTS * width)
        self.attention = ComponentAttention(width, config.heads)
        layers, channels = [], COMPONENTS * width
        for number in range(DOUBLINGS):
            after = max(width // 2**number, COMPONENTS)
            layers += [
                nn.Upsample(scale_factor=2), nn.Conv1d(channels, after, config.kernel, padding="same"),
                nn.LeakyReLU(_SLOPE),
            ]  # fmt: skip
            channels = after
        self.local = nn.Sequential(*layers, nn.Conv1d(channels, COMPONENTS, config.kernel, padding="same"))

    @property
    def latent_shape(self):
        """Shape of the noise of one record."""
        return (self.config.noise,)

    def forward(self, z, conditions=None):
        """(N, noise), (N, conditions) -> (N, 3, npts)."""
        config = self.config
        z = z if conditions is None else torch.cat([z, with_waves(conditions, config.waves)], dim=1)
        x = self.first(z).unflatten(1, (config.steps, config.width)) + self.positions  # (N, T, D)
        x = x + self.long(x)[0]
        blocks = x.unflatten(1, (-1, config.block)).flatten(0, 1)
        x = x + self.short(blocks)[0].unflatten(0, (len(x), -1)).flatten(1, 2)
        parts = self.attention(self.components(x).unflatten(-1, (COMPONENTS, config.width)))  # (N, T, 3, D)
        return self.local(parts.flatten(2).transpose(1, 2))


class Critic(nn.Module):
    """Records to one number each: convolutions, LSTM, attention across components.

    Parameters
    ----------
    config : DgmConfig
    """

    def __init__(self, config):
        super().__init__()
        self.config, width = config, config.width
        layers, channels = [], 1
        for number in range(DOUBLINGS):
            after = width // 2 ** (DOUBLINGS - 1 - number) or 1
            layers += [
                nn.Conv1d(channels, after, config.kernel, 2, config.kernel // 2), nn.LeakyReLU(_SLOPE),
            ]  # fmt: skip
            channels = after
        self.front = nn.Sequential(*layers)
        self.attention = ComponentAttention(width, config.heads)
        self.long = nn.LSTM(COMPONENTS * width, width // 2, batch_first=True, bidirectional=True)
        self.last = nn.Sequential(
            nn.Linear(width + config.conditions, width), nn.LeakyReLU(_SLOPE), nn.Linear(width, 1)
        )

    def forward(self, x, conditions=None):
        """(N, 3, npts), (N, conditions) -> (N, 1)."""
        features = self.front(x.flatten(0, 1)[:, None]).unflatten(0, (-1, COMPONENTS))  # (N, 3, D, T)
        parts = self.attention(features.permute(0, 3, 1, 2))  # (N, T, 3, D)
        mean = self.long(parts.flatten(2))[0].mean(dim=1)
        return self.last(mean if conditions is None else torch.cat([mean, conditions], dim=1))


class ComponentAttention(nn.Module):
    """At each time step the three components attend to each other."""

    def __init__(self, width, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, parts):
        """(N, T, 3, D) -> (N, T, 3, D)."""
        z = parts.flatten(0, 1)
        # the weights are asked for, since the fast path has no second derivative
        return parts + self.attention(z, z, z, need_weights=True)[0].unflatten(0, parts.shape[:2])


def _positions(count, width):
    half = width // 2
    rates = torch.exp(-math.log(10_000.0) * torch.arange(half) / half)
    angle = torch.arange(count)[:, None] * rates
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
