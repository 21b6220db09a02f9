"""Building blocks that the networks share. Feature maps are (N, C, F, T): record, channel, frequency, time."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def zeroed(module):
    """Set a layer's weights to zero: the branch that it ends has no effect at first (ResNets, diffusion U-Nets)."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def group_norm(groups, channels):
    """Return the group normalisation of all networks here; eps as in LDM."""
    return nn.GroupNorm(groups, channels, eps=1e-6)


class ResidualBlock(nn.Module):
    """Twice normalisation, SiLU and 3 x 3 convolution, beside a shortcut.

    Parameters
    ----------
    channels_in, channels_out : int
    groups : int
    embedding : int
        Width of a vector that is added between the convolutions; 0: no such vector.
    scale_shift : bool
        The vector scales and shifts the normalised features (adaptive normalisation) instead.
    """

    def __init__(self, channels_in, channels_out, groups, embedding=0, scale_shift=False):
        super().__init__()
        self.scale_shift = scale_shift
        self.norm_in = group_norm(groups, channels_in)
        self.convolve_in = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm_out = group_norm(groups, channels_out)
        self.convolve_out = zeroed(nn.Conv2d(channels_out, channels_out, 3, padding=1))
        same = channels_in == channels_out
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1)
        self.embed = nn.Linear(embedding, channels_out * (1 + scale_shift)) if embedding else None

    def forward(self, x, embedding=None):
        """Return features of shape (N, channels_out, F, T) from (N, channels_in, F, T) and (N, embedding)."""
        h = self.convolve_in(F.silu(self.norm_in(x)))
        if self.embed is not None:
            vector = self.embed(embedding)[:, :, None, None]
            if self.scale_shift:
                scale, shift = vector.chunk(2, dim=1)
                h = torch.addcmul(shift, self.norm_out(h), 1 + scale)
            else:
                h = self.norm_out(h + vector)
        else:
            h = self.norm_out(h)
        return self.shortcut(x) + self.convolve_out(F.silu(h))


class Downsample(nn.Module):
    """Halve both axes by a convolution of stride 2, padded at the end as in VQGAN."""

    def __init__(self, channels):
        super().__init__()
        self.convolve = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x):
        """(N, C, F, T) -> (N, C, F / 2, T / 2)."""
        return self.convolve(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Double both axes by repeating cells, then a convolution."""

    def __init__(self, channels):
        super().__init__()
        self.convolve = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        """(N, C, F, T) -> (N, C, 2 F, 2 T)."""
        return self.convolve(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Attention(nn.Module):
    """Multi-head attention between sequences (N, L, C).

    Parameters
    ----------
    channels, heads : int
    context : int, optional
        Channels of another sequence that keys and values come from; None is self-attention.
    """

    def __init__(self, channels, heads, context=None):
        super().__init__()
        self.heads = heads
        source = channels if context is None else context
        self.query = nn.Linear(channels, channels, bias=False)
        self.key = nn.Linear(source, channels, bias=False)
        self.value = nn.Linear(source, channels, bias=False)
        self.out = nn.Linear(channels, channels)

    def forward(self, x, context=None):
        """(N, L, C) and, for cross-attention, (N, K, context) -> (N, L, C)."""
        context = x if context is None else context
        q, k, v = (self._split(layer(s)) for layer, s in ((self.query, x), (self.key, context), (self.value, context)))
        h = F.scaled_dot_product_attention(q, k, v)  # (N, heads, L, C / heads)
        return self.out(h.transpose(1, 2).flatten(2))

    def _split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class CellAttention(nn.Module):
    """Self-attention with one head over all cells of a feature map, beside a shortcut (VQGAN's middle)."""

    def __init__(self, channels, groups):
        super().__init__()
        self.norm = group_norm(groups, channels)
        self.attend = Attention(channels, 1)
        zeroed(self.attend.out)

    def forward(self, x):
        """(N, C, F, T) -> (N, C, F, T)."""
        return x + as_map(self.attend(as_cells(self.norm(x))), x.shape)


class ConditionedAttention(nn.Module):
    """Self-attention, cross-attention to the condition, and a gated feed-forward layer (LDM's transformer)."""

    def __init__(self, channels, heads, context, groups):
        super().__init__()
        self.norm = group_norm(groups, channels)
        self.enter = nn.Linear(channels, channels)
        self.norm_self, self.norm_cross, self.norm_feed = (nn.LayerNorm(channels) for _ in range(3))
        self.attend_self = Attention(channels, heads)
        self.attend_cross = Attention(channels, heads, context)
        self.feed_in = nn.Linear(channels, 8 * channels)
        self.feed_out = nn.Linear(4 * channels, channels)
        self.leave = zeroed(nn.Linear(channels, channels))

    def forward(self, x, context):
        """(N, C, F, T) and (N, K, context) -> (N, C, F, T)."""
        h = self.enter(as_cells(self.norm(x)))  # (N, F T, C)
        h = h + self.attend_self(self.norm_self(h))
        h = h + self.attend_cross(self.norm_cross(h), context)
        value, gate = self.feed_in(self.norm_feed(h)).chunk(2, dim=-1)
        h = h + self.feed_out(value * F.gelu(gate))
        return x + as_map(self.leave(h), x.shape)


def as_cells(x):
    """(N, C, F, T) -> (N, F T, C): a view where the map is stored channels last."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


def as_map(cells, shape):
    """(N, F T, C) -> (N, C, F, T), stored channels last."""
    return cells.unflatten(1, shape[2:]).permute(0, 3, 1, 2)


def step_embedding(t, width):
    """Return sines and cosines of the time step, shape (N, width), as in Vaswani et al. (2017)."""
    half = width // 2
    rates = torch.exp(torch.arange(half, device=t.device) * (-math.log(10000.0) / half))
    angles = t.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def run(module, x, *more):
    """Call a module with `x` in its parameters' type and return float32: parts may be stored in half precision."""
    return module(x.to(next(module.parameters()).dtype), *more).float()


def parameter_count(module):
    """Return the number of trained values of a module."""
    return sum(parameter.numel() for parameter in module.parameters())
