"""The network on the latent: a U-Net with cross-attention to the condition (Rombach et al. 2022)."""

import torch
import torch.nn.functional as F
from torch import nn

from seissynth_plugins.heggs.networks.blocks import (
    ConditionedAttention,
    Downsample,
    ResidualBlock,
    Upsample,
    group_norm,
    step_embedding,
)

#: length of a record, s
_RECORD_S = 60.0
#: the steep one of an onset's two ramps, s: two cells of the latent
_STEEP_S = 1.28


class UNet(nn.Module):
    """Predict the clean target latent from a noised one (x0-prediction).

    Parameters
    ----------
    config : UNetConfig
    condition : ConditionConfig
        Number and width of the condition's tokens.
    latent_shape : tuple of int
        Channels, rows, columns.
    source_input : bool
        A clean source latent, and a channel that says whether there is one, come in as well.

    Notes
    -----
    Rows and columns are padded with zeros to a size that the levels can halve (94 to 96) and cut again.
    """

    def __init__(self, config, condition, latent_shape, source_input=False):
        super().__init__()
        self.config, self.source_input = config, source_input
        latent, rows, columns = latent_shape
        step = 2 ** (len(config.multipliers) - 1)
        self.padding = (0, -columns % step, 0, -rows % step)
        widths = [config.channels * m for m in config.multipliers]
        embedding = 4 * config.channels
        self.embed_step = nn.Sequential(
            nn.Linear(config.channels, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.embed_condition = nn.Linear(condition.tokens * condition.width, embedding) if config.adaln else None
        inputs = latent + (latent + 1) * source_input + 2 * config.onset_maps
        self.enter = nn.Conv2d(inputs, widths[0], 3, padding=1)
        if config.positions:
            self.row_offsets = nn.Parameter(0.02 * torch.randn(1, widths[0], rows, 1))
            self.column_offsets = nn.Parameter(0.02 * torch.randn(1, widths[0], 1, columns))

        def block(before, after, attention):
            return _Block(before, after, embedding, condition.width if attention else 0, config)

        last, kept = widths[0], [widths[0]]
        self.down = nn.ModuleList()
        for level, (width, attention) in enumerate(zip(widths, config.attention, strict=True)):
            for _ in range(config.residual_blocks):
                self.down.append(block(last, width, attention))
                last = width
                kept.append(last)
            if level < len(widths) - 1:
                self.down.append(Downsample(last))
                kept.append(last)
        attention = config.attention[-1]
        self.middle = nn.ModuleList([block(last, last, attention), block(last, last, False)])
        self.up = nn.ModuleList()
        for level, (width, attention) in reversed(list(enumerate(zip(widths, config.attention, strict=True)))):
            for _ in range(config.residual_blocks + 1):
                self.up.append(block(last + kept.pop(), width, attention))
                last = width
            if level:
                self.up.append(Upsample(last))
        self.norm = group_norm(config.groups, last)
        self.leave = nn.Conv2d(last, latent, 3, padding=1)

    def forward(self, z, t, context, source=None, onsets=None):
        """Return the predicted clean latent.

        Parameters
        ----------
        z : Tensor, shape (N, C, 16, 94)
            Noised latent.
        t : Tensor, shape (N,)
            Time step, 1 to T.
        context : Tensor, shape (N, tokens, width)
            From the condition encoder.
        source : Tensor, shape (N, C, 16, 94), optional
            Clean latent of the source; rows of NaN, or None, mean no source. Used only with `source_input`.
        onsets : Tensor, shape (N, onset maps), optional
            Predicted onsets, s after origin; NaN or None is unknown. Used only with ``config.onset_maps``.

        Returns
        -------
        Tensor, shape of `z`
        """
        shape, context = z.shape, context.to(z.dtype)
        embedding = self.embed_step(step_embedding(t, self.config.channels).to(z.dtype))
        if self.embed_condition is not None:
            embedding = embedding + self.embed_condition(context.flatten(1))
        embedding = F.silu(embedding)
        h = self.enter(self._inputs(z, source, onsets))
        if self.config.positions:
            h = h + self.row_offsets + self.column_offsets
        h = F.pad(h, self.padding)
        kept = [h]
        for layer in self.down:
            h = layer(h, embedding, context) if isinstance(layer, _Block) else layer(h)
            kept.append(h)
        for layer in self.middle:
            h = layer(h, embedding, context)
        for layer in self.up:
            h = layer(torch.cat([h, kept.pop()], 1), embedding, context) if isinstance(layer, _Block) else layer(h)
        h = h[:, :, : shape[2], : shape[3]]
        return self.leave(F.silu(self.norm(h)))

    def _inputs(self, z, source, onsets):
        parts = [z]
        if self.source_input:
            parts += _known(z, source)
        if self.config.onset_maps:
            parts.append(onset_channels(onsets, self.config.onset_maps, z))
        return torch.cat(parts, 1) if len(parts) > 1 else z


class _Block(nn.Module):
    def __init__(self, before, after, embedding, context, config):
        super().__init__()
        self.residual = ResidualBlock(before, after, config.groups, embedding, config.adaln)
        heads = after // config.head_channels
        self.attend = ConditionedAttention(after, heads, context, config.groups) if context else None

    def forward(self, x, embedding, context):
        x = self.residual(x, embedding)
        return x if self.attend is None else self.attend(x, context)


def _known(z, source):
    """The source's latent with zeros where there is none, and a channel that marks which."""
    if source is None:
        return [torch.zeros_like(z), torch.zeros_like(z[:, :1])]
    here = ~source.isnan().flatten(1).any(1)[:, None, None, None]
    return [torch.where(here, source.to(z.dtype), 0), here.to(z.dtype).expand(-1, 1, *z.shape[2:])]


def onset_channels(onsets, count, like):
    """Return two maps for each onset: time after it over 60 s, and over 1.28 s, cut at -1 and 1.

    Parameters
    ----------
    onsets : Tensor, shape (N, count), or None
        Seconds after origin; NaN is unknown and gives zeros, as None does.
    count : int
    like : Tensor, shape (N, C, F, T)
        Whose size, type and device the maps have.

    Returns
    -------
    Tensor, shape (N, 2 count, F, T)
    """
    n, _, rows, columns = like.shape
    if onsets is None:
        return like.new_zeros(n, 2 * count, rows, columns)
    # cell k holds frames 4 k to 4 k + 3; its middle is half a cell after its first
    times = (torch.arange(columns, device=like.device) + 0.5) * (_RECORD_S / columns)
    after = times - onsets.to(like.device, torch.float32)[:, :, None]  # (N, count, T)
    ramps = torch.cat([after / _RECORD_S, after / _STEEP_S], dim=1).clamp(-1, 1).nan_to_num(0.0)
    return ramps[:, :, None, :].expand(-1, -1, rows, -1).to(like.dtype)
