"""Scores of draws of the residual model, and of the same draws moved by networks."""

import numpy as np
import pandas as pd
import torch

from seissynth.seeding import generator, hash_words
from seissynth_plugins.heggs.networks.residual_flow import ResidualFlow
from seissynth_plugins.heggs.residual_mover import STEPS
from seissynth_plugins.torchkit.checkpoints import read_tensors
from tools.heggs._residual_flow_set import Cells, joint_draws, read_pack
from tools.heggs.heggs_residuals import Block, board, differences
from tools.heggs.residual_flow import BASE, MOVED
from tools.real_records._real_records import write_markdown

#: rows of the table: sources
ROWS = {"none": "no source, own noise", "all": "all sources, own noise"}


class PackedBlock(Block):
    """Records of a packed part, for the measures of the residual model's tables."""

    def __init__(self, pack, part):  # the records are not read again
        self.part = getattr(pack, part)
        self.frame = pack.scale_mean, pack.scale_sd, pack.scale_hz, pack.scale_bins
        self.predicted = self.part.predicted.astype(np.float32)
        self.counts, self.events = self.part.counts, self.part.event
        self.truth = self.predicted + self.part.residuals.astype(np.float32)

    def measures(self, residuals):
        """Measures by record of draws of residuals, (draws, n, 3, 16, 94); the mean is that of the draws."""
        draws = self.predicted + residuals
        return self._measures(draws.mean(axis=0), draws)


def score(packs, networks, folds, part, draws):
    """Return measures by record, and the names of weights.

    Parameters
    ----------
    packs : pathlib.Path
        Folder of packs.
    networks : list of (pathlib.Path, str, float, int)
        Folder of runs, "best" or "last" weights, a factor on the velocity, and steps of Euler's method.
    folds : sequence of int
    part : {"dev", "test"}
    draws : int
    """
    found, names = [], [_name(networks, *one) for one in networks]
    for fold in folds:
        pack = read_pack(packs / f"fold_{fold}.npz")
        block, ready = PackedBlock(pack, part), {}
        for folder, weights, *_ in networks:
            if (folder, weights) not in ready:
                ready[folder, weights] = load_network(folder / f"fold_{fold}" / f"network_{weights}.safetensors", pack)
        for sources, title in ROWS.items():
            start, inputs = starts(pack, part, draws, sources, fold)
            one = block.measures(start).assign(name=BASE, row=title, fold=fold)
            found.append(one)
            _say(one)
            for name, (folder, weights, strength, steps) in zip(names, networks, strict=True):
                moved = move(ready[folder, weights], pack, start, inputs, block.counts, strength, steps)
                one = block.measures(moved).assign(name=name, row=title, fold=fold)
                found.append(one)
                _say(one)
    return pd.concat(found, ignore_index=True), [*names, BASE]


def _name(networks, folder, weights, strength, steps):
    """Name of a network in tables: what distinguishes it from the others."""
    words = [MOVED]
    for value, values in zip((folder.name, weights), zip(*((f.name, w) for f, w, *_ in networks), strict=True),
                             strict=True):  # fmt: skip
        if len(set(values)) > 1:
            words.append(value)
    words += [] if strength == 1 else [f"velocity x {strength:g}"]
    return ", ".join([*words, *([] if steps == STEPS else [f"{steps} steps"])])


def _say(one):
    first = one.iloc[0]
    print(first["fold"], first["row"], first["name"], one.mean(numeric_only=True).round(4).to_dict(), flush=True)


def load_network(path, pack):
    """Return a trained network, ready for use."""
    tensors, about = read_tensors(path)
    ways = {name: about.get(name) == "True" for name in ("mean_free", "beyond")}
    network = ResidualFlow(len(pack.stations), int(about["channels"]), **ways)
    network.load_state_dict(tensors)
    return network.eval()


def starts(pack, part, draws, sources, seed):
    """Return draws of the residual model in cells, (draws, n, 3, 16, 94), and what the network takes of the records."""
    cells, some = Cells(pack, part), getattr(pack, part)
    z, mean = joint_draws(some, draws, sources, seed)
    rng = generator(hash_words("residual flow, texture", seed))
    start = np.stack([cells.field(row, z[:, row]) for row in range(len(some))], axis=1)
    start += cells.texture(rng, start.shape[:2])
    inputs = []
    for row, event in enumerate(some.event):
        count = len(some.rows_of[event]) - 1 if sources == "all" else 0
        inputs.append(cells.inputs(row, cells.field(row, mean[row]), count))
    return start, inputs


def move(network, pack, start, inputs, counts, strength=1.0, steps=STEPS):
    """Return draws moved by a network."""
    out = np.empty_like(start)
    for row, one in enumerate(inputs):
        count = len(start)
        batch = {name: torch.as_tensor(np.array(value))[None].expand(count, *np.shape(value))
                 for name, value in {**one, "counts": counts[row]}.items()}  # fmt: skip
        x = torch.as_tensor((start[:, row] * counts[row] / pack.size).astype(np.float32))
        out[:, row] = network.moved(x, batch, steps, strength).numpy() * pack.size
    return out


def write_tables(path, table, names):
    """Write the table of measures, and beside it that of differences from the residual model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = board(table)
    write_markdown(path, *shown)
    lines = []
    for name in names[:-1]:
        header, some = differences(table, [name, BASE])
        lines += some
    write_markdown(path.with_name(f"{path.stem}_differences.md"), header, lines)
    for found in (shown, (header, lines)):
        print(*(" | ".join(map(str, line)) for line in [found[0], *found[1]]), sep="\n")
