"""Small networks that encode the numbers of a condition for another network."""

import math
from itertools import pairwise

import torch
from torch import nn

#: radians for each standard deviation of a number
_SLOWEST, _FASTEST = 0.5, 16.0


def feed_forward(size, hidden, width, layers=5):
    """Return the encoder of a condition vector: linear layers with GELU between (HEGGS' tau).

    Parameters
    ----------
    size : int
        Numbers of a vector.
    hidden, width : int
        Of the layers between, and of the result.
    layers : int
    """
    sizes = [size, *[hidden] * (layers - 1), width]
    parts = []
    for number in range(layers):
        parts.append(nn.Linear(sizes[number], sizes[number + 1]))
        if number < layers - 1:
            parts.append(nn.GELU())
    return nn.Sequential(*parts)


def widening(*sizes):
    """Return linear layers of growing width, each followed by ReLU (BBGAN's embedding of one number)."""
    parts = []
    for before, after in pairwise(sizes):
        parts += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*parts)


def with_waves(condition, count):
    """Return numbers and their sines and cosines at `count` frequencies.

    Parameters
    ----------
    condition : Tensor, shape (N, size)
        Standardised.
    count : int
        Frequencies from 0.5 to 16, of equal ratio.

    Returns
    -------
    Tensor, shape (N, size (1 + 2 count))

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.torchkit.conditioning import with_waves
    >>> with_waves(torch.zeros(2, 3), 4).shape, with_waves(torch.zeros(2, 3), 0).shape
    (torch.Size([2, 27]), torch.Size([2, 3]))
    """
    if not count:
        return condition
    rates = torch.logspace(math.log2(_SLOWEST), math.log2(_FASTEST), count, base=2.0, device=condition.device)
    angles = (condition[..., None] * rates).flatten(1)
    return torch.cat([condition, angles.sin(), angles.cos()], dim=1)
