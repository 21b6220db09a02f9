"""Small networks that encode the numbers of a condition for another network."""

from itertools import pairwise

from torch import nn


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
