"""Encode a source record as a few numbers, for networks whose input is a vector of noise."""

from itertools import pairwise

from torch import nn

_SLOPE = 0.2
_KERNEL, _STRIDE = 9, 4
_CHANNELS = (16, 32, 64, 64, 64)


class SourceEncoder(nn.Module):
    """Records to vectors: five convolutions, each of which keeps a quarter of the samples, and a linear layer.

    Parameters
    ----------
    npts : int
        Samples of a record, at least 1024.
    size : int
        Numbers of a vector.
    components : int

    Notes
    -----
    HEGGS (2025, appendix E) says that its variants of ConSeisGen and BBGAN take source records, and not how.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.torchkit.source_encoder import SourceEncoder
    >>> SourceEncoder(6000, 200)(torch.zeros(2, 3, 6000)).shape
    torch.Size([2, 200])
    """

    def __init__(self, npts, size, components=3):
        super().__init__()
        layers = []
        for before, after in pairwise((components, *_CHANNELS)):
            layers += [nn.Conv1d(before, after, _KERNEL, _STRIDE, _KERNEL // 2), nn.LeakyReLU(_SLOPE)]
            npts = -(-npts // _STRIDE)
        self.layers = nn.Sequential(*layers)
        for layer in layers[::2]:
            # PyTorch's own first weights would leave a thousandth of the source's power
            nn.init.kaiming_normal_(layer.weight, a=_SLOPE)
            nn.init.zeros_(layer.bias)
        self.last = nn.Linear(_CHANNELS[-1] * npts, size)

    def forward(self, source):
        """(N, components, npts) -> (N, size)."""
        return self.last(self.layers(source).flatten(1))
