"""Encoder and decoder between spectrogram and latent, after Esser et al. (2020), without codebook."""

import torch.nn.functional as F
from torch import nn

from seissynth_plugins.heggs.networks.blocks import CellAttention, Downsample, ResidualBlock, Upsample, group_norm
from seissynth_plugins.heggs.networks.config import SPECTROGRAM


class Encoder(nn.Module):
    """Spectrogram to latent: residual blocks, each level half the size of the one before.

    Parameters
    ----------
    config : AutoencoderConfig
    outputs : int, optional
        Channels out; None is ``config.latent_channels``. A variational encoder has twice as many.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.heggs.networks.named_configs import named_config
    >>> from seissynth_plugins.heggs.networks.autoencoder import Encoder
    >>> Encoder(named_config("tiny").autoencoder)(torch.zeros(1, 3, 64, 376)).shape
    torch.Size([1, 4, 16, 94])
    """

    def __init__(self, config, outputs=None):
        super().__init__()
        widths = [config.channels * m for m in config.multipliers]
        layers = [nn.PixelUnshuffle(config.patch)] if config.patch > 1 else []
        layers.append(nn.Conv2d(SPECTROGRAM[0] * config.patch**2, widths[0], 3, padding=1))
        last = widths[0]
        for level, width in enumerate(widths):
            for _ in range(config.residual_blocks):
                layers.append(ResidualBlock(last, width, config.groups))
                last = width
            if level < len(widths) - 1:
                layers.append(Downsample(last))
        layers += _middle(last, config)
        self.layers = nn.Sequential(*layers)
        self.norm = group_norm(config.groups, last)
        self.leave = nn.Conv2d(last, outputs or config.latent_channels, 3, padding=1)

    def forward(self, x):
        """(N, 3, 64, 376) standardised log amplitude -> (N, latent channels, 16, 94)."""
        return self.leave(F.silu(self.norm(self.layers(x))))


class Decoder(nn.Module):
    """Latent to spectrogram, the encoder's mirror with one residual block more in each level."""

    def __init__(self, config):
        super().__init__()
        widths = [config.channels * m for m in reversed(config.multipliers)]
        last = widths[0]
        layers = [nn.Conv2d(config.latent_channels, last, 3, padding=1), *_middle(last, config)]
        for level, width in enumerate(widths):
            for _ in range(config.residual_blocks + 1):
                layers.append(ResidualBlock(last, width, config.groups))
                last = width
            if level < len(widths) - 1:
                layers.append(Upsample(last))
        self.layers = nn.Sequential(*layers)
        self.norm = group_norm(config.groups, last)
        self.leave = nn.Conv2d(last, SPECTROGRAM[0] * config.patch**2, 3, padding=1)
        self.unfold = nn.PixelShuffle(config.patch) if config.patch > 1 else nn.Identity()

    def forward(self, z):
        """(N, latent channels, 16, 94) -> (N, 3, 64, 376)."""
        return self.unfold(self.leave(F.silu(self.norm(self.layers(z)))))


def _middle(width, config):
    attention = [CellAttention(width, config.groups)] if config.middle_attention else []
    return [ResidualBlock(width, width, config.groups), *attention, ResidualBlock(width, width, config.groups)]
