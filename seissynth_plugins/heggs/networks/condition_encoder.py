"""The feed-forward network that turns a condition vector into tokens for the cross-attention."""

from itertools import pairwise

from torch import nn


class ConditionEncoder(nn.Module):
    """Five linear layers with GELU between them (tau of the paper, appendix B.1).

    Parameters
    ----------
    config : ConditionConfig

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.heggs.networks.config import ConditionConfig
    >>> from seissynth_plugins.heggs.networks.condition_encoder import ConditionEncoder
    >>> ConditionEncoder(ConditionConfig(tokens=11, width=64))(torch.zeros(2, 11)).shape
    torch.Size([2, 11, 64])
    """

    def __init__(self, config):
        super().__init__()
        self.tokens = config.tokens
        widths = [config.size] + [config.hidden] * (config.layers - 1)
        layers = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.GELU()]
        self.layers = nn.Sequential(*layers, nn.Linear(config.hidden, config.tokens * config.width))
        # with torch's own first values each layer halves what differs between conditions, and five leave nothing of it
        for layer in self.layers[::2]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, condition):
        """(N, size) normalised condition -> (N, tokens, width)."""
        return self.layers(condition).unflatten(1, (self.tokens, -1))
