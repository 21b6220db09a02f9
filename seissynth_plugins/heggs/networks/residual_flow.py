"""The network that starts from the residual model: a U-Net whose velocity moves draws towards real residuals.

Flow matching between paired points (Lipman et al. 2023; Liu et al. 2023): on the line from a draw of the residual model
to the real residual of the same record, the network learns the direction. It begins with none, so that nothing is
changed before it has learnt something.

If draws of the residual model had the distribution of real residuals, with the same mean m, the best velocity would not
be none: that of normal numbers is ``k(t) (x - m)``, which first brings points together and then apart again. With
``beyond`` the network learns the velocity beside this one, whose flow alone ends where it began.
"""

import torch
from torch import nn

from seissynth_plugins.heggs.networks.blocks import (
    CellAttention,
    Downsample,
    ResidualBlock,
    Upsample,
    group_norm,
    zeroed,
)
from seissynth_plugins.heggs.spread import SHAPE
from seissynth_plugins.torchkit.conditioning import with_waves

#: maps and numbers of a record that the network takes, see `seissynth_plugins.heggs.residual_mover.flow_inputs`
MAPS, NUMBERS = 16, 7
#: maps that hold the field of the mean of the residual model's coordinates
MIDDLE = slice(12, 15)
#: rows and columns of a patch, and columns with those that fill the last patches
PATCH, COLUMNS = (2, 4), 96
#: a station's vector, and how often the training hides it
_STATION, _HIDDEN = 8, 0.1
_GROUPS, _WAVES = 8, 6


class ResidualFlow(nn.Module):
    """Velocity of residual cells from a draw of the residual model to real ones.

    Parameters
    ----------
    stations : int
        Known ones; number 0 stands for all others.
    channels : int
        Of patches; twice as many at the lower level.
    embedding : int
        Width of the vector that scales and shifts features.
    drop : float
        Share of the features of patches that the training sets to 0.
    mean_free : bool
        Leave the mean of each component over the cells that count as the residual model has it.
    beyond : bool
        Learn the velocity beside that of normal numbers about the mean of the residual model.
    """

    def __init__(self, stations, channels=32, embedding=96, drop=0.1, mean_free=False, beyond=False):
        super().__init__()
        self.mean_free, self.beyond = mean_free, beyond
        cells = PATCH[0] * PATCH[1]
        self.station = nn.Embedding(stations + 1, _STATION)
        size = NUMBERS + _STATION + 1 + 2 * _WAVES
        self.embed = nn.Sequential(nn.Linear(size, embedding), nn.SiLU(), nn.Linear(embedding, embedding), nn.SiLU())

        def block(inside, outside):
            return ResidualBlock(inside, outside, _GROUPS, embedding, scale_shift=True)

        low = 2 * channels
        self.patches = nn.Conv2d((SHAPE[0] + MAPS) * cells, channels, 1)
        self.place = nn.Parameter(torch.zeros(1, channels, SHAPE[1] // PATCH[0], COLUMNS // PATCH[1]))
        self.above = nn.ModuleList([block(channels, channels), block(channels, channels)])
        self.down, self.widen = Downsample(channels), nn.Conv2d(channels, low, 1)
        self.below = nn.ModuleList([block(low, low), block(low, low)])
        self.attention, self.behind = CellAttention(low, _GROUPS), block(low, low)
        self.narrow, self.up = nn.Conv2d(low, channels, 1), Upsample(channels)
        self.ends = nn.ModuleList([block(low, channels), block(channels, channels)])
        self.drop = nn.Dropout(drop)
        self.out = nn.Sequential(group_norm(_GROUPS, channels), nn.SiLU(), zeroed(nn.Conv2d(channels, 3 * cells, 1)))

    def forward(self, x, t, maps, numbers, station, counts):
        """Return the velocity, shape (n, 3, 16, 94), at cells x and times t, shape (n,), from 0 to 1."""
        vector = self.embed(torch.cat([numbers, self.station(station), with_waves(t[:, None], _WAVES)], dim=1))
        h = self.patches(_folded(torch.cat([x, maps], dim=1))) + self.place
        for block in self.above:
            h = block(h, vector)
        kept, h = h, self.widen(self.down(h))
        for block in self.below:
            h = block(h, vector)
        h = self.behind(self.attention(h), vector)
        h = torch.cat([self.up(self.narrow(h)), kept], dim=1)
        for block in self.ends:
            h = block(self.drop(h), vector)
        velocity = _unfolded(self.out(h)) * counts
        if self.mean_free:
            level = velocity.sum(dim=(2, 3), keepdim=True) / counts.sum(dim=(2, 3), keepdim=True).clamp(min=1)
            velocity = velocity - level * counts
        return velocity

    def loss(self, batch):
        """Mean squared error of the velocity over the cells that count; beside it that of an untrained network."""
        start, target, counts = batch["start"], batch["target"], batch["counts"].float()
        station = batch["station"]
        if self.training:
            station = station * (torch.rand(len(station), device=station.device) >= _HIDDEN)
        t = torch.rand(len(start), device=start.device)
        along = torch.lerp(start, target, t[:, None, None, None])
        wanted = target - start
        if self.beyond:
            late = t[:, None, None, None]
            wanted = wanted - (2 * late - 1) / _width(late) ** 2 * (along - batch["maps"][:, MIDDLE])
        wrong = self(along, t, batch["maps"], batch["numbers"], station, counts) - wanted
        total = counts.sum()
        return {"loss": (counts * wrong**2).sum() / total, "unchanged": (counts * wanted**2).sum() / total}

    @torch.no_grad()
    def moved(self, start, batch, steps=5, strength=1.0):
        """Follow the velocity from draws by Euler's method; `strength` is a factor on it."""
        counts, middle, change = batch["counts"].float(), batch["maps"][:, MIDDLE], torch.zeros_like(start)
        for step in range(steps):
            t = torch.full((len(start),), step / steps, device=start.device)
            # in units of the width of the known flow, that one stands still
            width = _width(t)[:, None, None, None] if self.beyond else 1.0
            x = middle + width * (start + change - middle) if self.beyond else start + change
            v = self(x, t, batch["maps"], batch["numbers"], batch["station"], counts)
            change = change + v / width * (strength / steps)
        return start + change


def _width(t):
    """Root mean square of points on lines between normal numbers of variance 1."""
    return (t**2 + (1 - t) ** 2) ** 0.5


def _folded(cells):
    """(n, c, 16, 94) -> (n, c x cells of a patch, 8, 24)."""
    cells = nn.functional.pad(cells, (0, COLUMNS - cells.shape[-1]))
    n, c, rows, columns = cells.shape
    cells = cells.reshape(n, c, rows // PATCH[0], PATCH[0], columns // PATCH[1], PATCH[1])
    return cells.permute(0, 1, 3, 5, 2, 4).reshape(n, -1, rows // PATCH[0], columns // PATCH[1])


def _unfolded(patches):
    """The reverse of `_folded`, for three components."""
    n, _, rows, columns = patches.shape
    cells = patches.reshape(n, SHAPE[0], *PATCH, rows, columns).permute(0, 1, 4, 2, 5, 3)
    return cells.reshape(n, SHAPE[0], SHAPE[1], COLUMNS)[..., : SHAPE[2]]
