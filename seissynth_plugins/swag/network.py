"""The diffusion transformer: tokens of samples, blocks modulated by the labels, and a prediction for each sample.

Shapes: N records, T tokens, D the width. Rows of labels are P and S in seconds after the first sample, and magnitude.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from seissynth.errors import InputError
from seissynth_plugins.swag.config import COMPONENTS, LABEL_STEPS, LABELS, MAGNITUDE_RANGE, P_RANGE_S, S_RANGE_S
from seissynth_plugins.torchkit.noise import PREDICTIONS

#: numbers that a time step or label becomes, and the longest period of their cosines (Vaswani et al. 2017)
FEATURES, LONGEST_PERIOD = 256, 10_000.0
#: layers of the tokens' encoder
EMBED_LAYERS = 4
#: periods of a token's time after P or S, s, from the shortest to the longest, and their number
ONSET_PERIODS_S, ONSET_PERIODS = (0.2, 200.0), 32
#: guidance weights that a network with the weight as an input is taught
GUIDANCE_RANGE = (1.0, 4.0)
_EPS = 1e-6


class Swag(nn.Module):
    """SWaG's network.

    Parameters
    ----------
    config : SwagConfig

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.swag.config import named_config
    >>> from seissynth_plugins.swag.network import Swag
    >>> network = Swag(named_config("tiny"))
    >>> labels, station = torch.tensor([[2.0, 5.0, 1.5]]), torch.tensor([0])
    >>> network(torch.zeros(1, 3, 201), torch.tensor([50]), labels, station).shape
    torch.Size([1, 3, 201])
    """

    def __init__(self, config):
        super().__init__()
        if config.prediction not in PREDICTIONS:
            raise InputError(f"prediction={config.prediction!r} must be one of {', '.join(map(repr, PREDICTIONS))}.")
        self.config = config
        width, values = config.width, COMPONENTS * config.patch
        self.outputs = 2 if config.learn_sigma else 1
        layers = [nn.Linear(values, width)]
        for _ in range(EMBED_LAYERS - 1):
            layers += [nn.SiLU(), nn.Linear(width, width)]
        self.embed = nn.Sequential(*layers)
        self.register_buffer("positions", _positions(config.tokens, width), persistent=False)
        self.conditions = LabelEmbedding(config)
        self.onsets = OnsetPositions(config) if config.onset_positions else None
        if config.log_scale:
            self.embed_scale = nn.Linear(COMPONENTS, width)
            self.scale_position = nn.Parameter(torch.zeros(width))
            self.final_scale = nn.Linear(width, COMPONENTS * self.outputs)
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width)) if config.shared_modulation else None
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.final_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.final = nn.Linear(width, values * self.outputs)
        self._initialise()

    def _initialise(self):
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
        # adaLN-Zero: each block begins as the identity, and nothing is predicted
        silent = [self.final_modulation[-1], self.final, *(block.modulation[-1] for block in self.blocks if block.own)]
        silent += [self.modulation[-1]] if self.modulation is not None else []
        silent += [self.final_scale] if self.config.log_scale else []
        silent += [block.cross.out for block in self.blocks if block.cross is not None]
        for layer in silent:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x, t, labels, station, drop=None, guidance=None):
        """Predict.

        Parameters
        ----------
        x : Tensor, shape (N, 3, columns)
            Noisy record; its last column are the scales, where the configuration has them.
        t : Tensor of int, shape (N,)
        labels : Tensor, shape (N, 3)
        station : Tensor of int, shape (N,)
            The index `config.stations` means no station.
        drop : Tensor of bool, shape (N,), optional
            Records of which no label is said.
        guidance : Tensor, shape (N,), optional
            Weight, for networks that take it; default 1.

        Returns
        -------
        Tensor, shape (N, 3, columns)
            Or a pair, with the share of `seissynth_plugins.torchkit.learned_variance`, where that is learned.
        """
        config = self.config
        drop = torch.zeros(len(x), dtype=torch.bool, device=x.device) if drop is None else drop
        c, memory = self.conditions(t, labels, station, drop, guidance)  # (N, D), (N, parts, D)
        z = self.embed(patchify(x[..., : config.npts], config.patch)) + self.positions  # (N, T, D)
        if self.onsets is not None:
            z = z + self.onsets(labels, drop)
        if config.log_scale:
            scale = self.embed_scale(x[..., -1]) + self.scale_position  # (N, D)
            z = torch.cat([z, scale[:, None]], dim=1)
        shared = None if self.modulation is None else self.modulation(c)
        for block in self.blocks:
            z = block(z, c, shared, memory)
        shift, scaling = self.final_modulation(c).chunk(2, dim=-1)
        z = _modulate(_normalised(z), shift, scaling)
        said = unpatchify(self.final(z[:, : config.tokens]), config.patch, self.outputs)
        if config.log_scale:
            last = self.final_scale(z[:, -1]).unflatten(-1, (self.outputs, COMPONENTS))  # (N, outputs, 3)
            said = torch.cat([said, last[..., None]], dim=-1)
        # from (N, outputs, 3, columns)
        if self.outputs == 1:
            return said[:, 0]
        return said[:, 0], (said[:, 1] + 1) / 2

    def guided(self, x, t, labels, station, weight):
        """Predict with guidance: ``u + w (c - u)`` of the predictions with and without labels.

        Parameters
        ----------
        x, t, labels, station
            As for `forward`.
        weight : float
            1 uses the prediction with labels alone.

        Returns
        -------
        Tensor, or pair
            As `forward`; the learned variance is that with labels.
        """
        if self.config.guided:
            return self(x, t, labels, station, guidance=torch.full((len(x),), float(weight), device=x.device))
        said = self(x, t, labels, station)
        if weight == 1:
            return said
        said, share = said if isinstance(said, tuple) else (said, None)
        free = self(x, t, labels, station, torch.ones(len(x), dtype=torch.bool, device=x.device))
        free = free[0] if isinstance(free, tuple) else free
        said = free + weight * (said - free)
        return said if share is None else (said, share)


class LabelEmbedding(nn.Module):
    """Time step, station, P, S and magnitude as one vector, and one by one for cross-attention.

    All labels of a record are dropped together, each for a learned vector; a station that is unknown is one of the
    station's table.
    """

    def __init__(self, config):
        super().__init__()
        self.parts = ("t", *LABELS, *(("guidance",) if config.guided else ()))
        self.perceptrons = nn.ModuleDict({name: _perceptron(config.width) for name in self.parts})
        self.stations = nn.Embedding(config.stations + 1, config.width)
        self.null = nn.Parameter(torch.zeros(len(LABELS), config.width))
        low, high = zip(P_RANGE_S, S_RANGE_S, MAGNITUDE_RANGE, strict=True)
        self.register_buffer("low", torch.tensor(low), persistent=False)
        self.register_buffer("high", torch.tensor(high), persistent=False)

    def forward(self, t, labels, station, drop, guidance=None):
        """Return c, (N, D), and its summands, (N, parts, D)."""
        numbers = scaled_labels(labels, self.low, self.high)
        values = {"t": t.float()} | {name: numbers[:, i] for i, name in enumerate(LABELS)}
        if "guidance" in self.parts:
            values["guidance"] = LABEL_STEPS * (torch.ones_like(values["t"]) if guidance is None else guidance)
        elif guidance is not None:
            raise InputError("this network does not take the guidance weight as an input.")
        dtype = self.null.dtype
        found = {name: self.perceptrons[name](features(values[name]).to(dtype)) for name in self.parts}
        for i, name in enumerate(LABELS):
            found[name] = torch.where(drop[:, None], self.null[i], found[name])
        none = torch.full_like(station, self.stations.num_embeddings - 1)
        found["station"] = self.stations(torch.where(drop, none, station))
        memory = torch.stack(list(found.values()), dim=1)
        return memory.sum(dim=1), memory


class OnsetPositions(nn.Module):
    """Time of each token relative to P and to S."""

    def __init__(self, config):
        super().__init__()
        self.low = config.patch / config.sampling_rate_hz
        time = (torch.arange(config.tokens) + 0.5) * config.patch / config.sampling_rate_hz
        shortest, longest = ONSET_PERIODS_S
        periods = shortest * (longest / shortest) ** torch.linspace(0, 1, ONSET_PERIODS)
        self.register_buffer("time", time, persistent=False)
        self.register_buffer("rates", 2 * math.pi / periods, persistent=False)
        self.project = nn.Linear(4 * ONSET_PERIODS, config.width)
        self.null = nn.Parameter(torch.zeros(config.width))

    def forward(self, labels, drop):
        """Return what is added to the tokens, (N, T, D)."""
        after = self.time[None, :, None] - labels[:, None, :2]  # (N, T, P or S)
        angle = after[..., None] * self.rates  # (N, T, 2, periods)
        waves = torch.cat([angle.sin(), angle.cos()], dim=-1).flatten(2)
        said = self.project(waves.to(self.null.dtype))
        return torch.where(drop[:, None, None], self.null, said)


class Block(nn.Module):
    """Self-attention and a perceptron, each modulated by the condition (adaLN-Zero)."""

    def __init__(self, config):
        super().__init__()
        width, hidden = config.width, config.mlp_ratio * config.width
        self.heads, self.own = config.heads, not config.shared_modulation
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.cross = CrossAttention(config) if config.cross_attention else None
        self.rise, self.fall = nn.Linear(width, hidden), nn.Linear(hidden, width)
        if self.own:
            self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        else:
            self.offset = nn.Parameter(torch.zeros(6 * width))

    def forward(self, z, c, shared, memory):
        """(N, T, D) -> (N, T, D)."""
        parts = self.modulation(c) if self.own else shared + self.offset
        shift, scale, gate, shift_2, scale_2, gate_2 = parts[:, None].chunk(6, dim=-1)
        z = z + gate * self._attend(_modulate(_normalised(z), shift, scale, expand=False))
        if self.cross is not None:
            z = z + self.cross(_normalised(z), memory)
        hidden = F.gelu(self.rise(_modulate(_normalised(z), shift_2, scale_2, expand=False)), approximate="tanh")
        return z + gate_2 * self.fall(hidden)

    def _attend(self, z):
        q, k, v = (_split(x, self.heads) for x in self.qkv(z).chunk(3, dim=-1))
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class CrossAttention(nn.Module):
    """Tokens attend to the labels, one by one."""

    def __init__(self, config):
        super().__init__()
        self.heads = config.heads
        self.query, self.out = nn.Linear(config.width, config.width), nn.Linear(config.width, config.width)
        self.key_value = nn.Linear(config.width, 2 * config.width)

    def forward(self, z, memory):
        """(N, T, D), (N, parts, D) -> (N, T, D)."""
        key, value = (_split(x, self.heads) for x in self.key_value(memory).chunk(2, dim=-1))
        seen = F.scaled_dot_product_attention(_split(self.query(z), self.heads), key, value)
        return self.out(seen.transpose(1, 2).flatten(2))


# --- shapes


def patchify(x, patch):
    """(N, 3, npts) -> (N, npts / patch, 3 patch), the three components of each sample together."""
    return x.transpose(1, 2).unflatten(1, (-1, patch)).flatten(2)


def unpatchify(tokens, patch, outputs=1):
    """(N, T, 3 patch outputs) -> (N, outputs, 3, T patch): undo `patchify`, outputs of a sample one after the other."""
    said = tokens.unflatten(-1, (patch, outputs * COMPONENTS)).flatten(1, 2)  # (N, npts, outputs 3)
    return said.transpose(1, 2).unflatten(1, (outputs, COMPONENTS))


def scaled_labels(labels, low, high):
    """Return labels on the authors' scale, 0 to 1000 over each range and unclipped beyond it; (N, 3)."""
    return (labels - low) / (high - low) * LABEL_STEPS


def features(values):
    """Return cosines and sines of numbers, (N,) -> (N, 256), float32."""
    half = FEATURES // 2
    rates = torch.exp(-math.log(LONGEST_PERIOD) * torch.arange(half, device=values.device) / half)
    angle = values.float()[:, None] * rates
    return torch.cat([angle.cos(), angle.sin()], dim=-1)


def _positions(count, width):
    """All sines, then all cosines, of the number of a token."""
    half = width // 2
    rates = 1 / LONGEST_PERIOD ** (torch.arange(half, dtype=torch.float64) / half)
    angle = torch.arange(count, dtype=torch.float64)[:, None] * rates
    return torch.cat([angle.sin(), angle.cos()], dim=-1).float()


def _perceptron(width):
    return nn.Sequential(nn.Linear(FEATURES, width), nn.SiLU(), nn.Linear(width, width))


def _split(z, heads):
    return z.unflatten(-1, (heads, -1)).transpose(1, 2)  # (N, heads, T, D / heads)


def _normalised(z):
    return F.layer_norm(z, z.shape[-1:], eps=_EPS)


def _modulate(z, shift, scale, expand=True):
    if expand:
        shift, scale = shift[:, None], scale[:, None]
    return z * (1 + scale) + shift
