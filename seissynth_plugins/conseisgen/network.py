"""ConSeisGen's networks: upsampling convolutions, and residual blocks with two heads.

Shapes: N records, components E, N, Z, values of the generator between 0 and 1 as the records are scaled.
"""

import torch
import torch.nn.functional as F
from torch import nn

from seissynth_plugins.conseisgen.config import COMPONENTS
from seissynth_plugins.torchkit.conditioning import with_waves
from seissynth_plugins.torchkit.source_encoder import SourceEncoder

_SLOPE = 0.2


class Generator(nn.Module):
    """Noise and condition to records.

    Parameters
    ----------
    config : ConSeisGenConfig

    Notes
    -----
    The public code pads a kernel of 5 by 1; each convolution loses two samples, and 128 become 4034, not the
    4096 of the paper; here the padding is 2.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.conseisgen.config import named_config
    >>> from seissynth_plugins.conseisgen.network import Generator
    >>> Generator(named_config("tiny"))(torch.zeros(2, 8), torch.zeros(2, 1)).shape
    torch.Size([2, 3, 200])
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        first = config.channels * config.start
        self.source = SourceEncoder(config.npts, config.noise) if config.source else None
        inputs = config.noise + config.condition * (1 + 2 * config.waves)
        self.first = nn.Sequential(nn.Linear(inputs, first), nn.BatchNorm1d(first), nn.ReLU())
        layers, channels = [], config.channels
        for number in range(config.doublings):
            before, channels = channels, max(config.channels // 2 ** (number + 1), config.least_channels)
            layers += [
                nn.Upsample(scale_factor=2), nn.Conv1d(before, channels, config.kernel, padding="same"),
                nn.BatchNorm1d(channels), nn.ReLU(),
            ]  # fmt: skip
        self.layers = nn.Sequential(*layers, nn.Conv1d(channels, COMPONENTS, 1), nn.Sigmoid())

    @property
    def latent_shape(self):
        """Shape of the noise of one record."""
        return (self.config.noise,)

    def forward(self, z, condition, source=None):
        """(N, noise), (N, condition), source (N, 3, npts) -> (N, 3, npts)."""
        z = z if source is None else z + self.source(source)
        condition = with_waves(condition, self.config.waves)
        x = self.first(torch.cat([z, condition], dim=1)).unflatten(1, (self.config.channels, self.config.start))
        return self.layers(x)


class Discriminator(nn.Module):
    """Says whether a record is real, and of which condition it is.

    Parameters
    ----------
    config : ConSeisGenConfig

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.conseisgen.config import named_config
    >>> from seissynth_plugins.conseisgen.network import Discriminator
    >>> real, condition, features = Discriminator(named_config("tiny"))(torch.zeros(2, 3, 200))
    >>> real.shape, condition.shape
    (torch.Size([2, 1]), torch.Size([2, 1]))
    """

    def __init__(self, config):
        super().__init__()
        width = config.critic_channels
        blocks, npts, last = [], config.npts, COMPONENTS
        for number in range(config.blocks):
            after = COMPONENTS if number == 0 else width
            blocks.append(ResidualBlock(last, after, config.kernel))
            last, npts = after, npts // 2
        self.blocks = nn.Sequential(*blocks)
        size = last * npts
        self.real, self.condition = _head(size, 1), _head(size, config.condition)

    def forward(self, x):
        """(N, 3, npts) -> logit (N, 1), condition (N, condition), features (N, size)."""
        features = self.blocks(x).flatten(1)
        return self.real(features), self.condition(features), features


class ResidualBlock(nn.Module):
    """Two convolutions around an average of neighbours, with a shortcut; halves the number of samples."""

    def __init__(self, channels, after, kernel):
        super().__init__()
        self.norms = nn.ModuleList(nn.InstanceNorm1d(channels, affine=True) for _ in range(2))
        convolution = {"kernel_size": kernel, "padding": kernel // 2, "padding_mode": "reflect"}
        self.first, self.second = (
            nn.Conv1d(channels, channels, **convolution),
            nn.Conv1d(channels, after, **convolution),
        )
        self.shortcut = nn.Conv1d(channels, after, 1)

    def forward(self, x):
        """(N, channels, npts) -> (N, after, npts / 2)."""
        z = F.avg_pool1d(self.first(F.leaky_relu(self.norms[0](x), _SLOPE)), 2)
        z = self.second(F.leaky_relu(self.norms[1](z), _SLOPE))
        # the division keeps the variance where both are independent
        return (z + F.avg_pool1d(self.shortcut(x), 2)) / 2**0.5


def _head(size, outputs):
    hidden = max(size // 2, 1)
    return nn.Sequential(nn.Linear(size, hidden), nn.LeakyReLU(_SLOPE), nn.Linear(hidden, outputs))
