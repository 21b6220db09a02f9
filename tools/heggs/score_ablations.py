"""Score the rows of table 3 on made records that no training saw: arrivals, envelopes, spectrograms, spread of draws.

    python -m tools.heggs.score_ablations SET "NAME=WEIGHTS" [...] --picker FILE [--other SET] [--count 300]
        [--methods dpmpp_2m:10 ...] [--ways without_source with_source] [--name NAME] [--out FOLDER]

SET is made by ``heggs_pretraining_set --clean`` with a seed of its own. Every record of a number of whole earthquakes
is generated twice from its conditions, without a source and from another record of its earthquake, without texture or
gates: what the network says. P and S are the picker's within 2 and 3 s of the label, their mean error that of picks
found; the first generated record is compared with the made one, and both draws with each other. Rows of records divided
by their peak have no level, so that spectrograms and peaks of theirs are not compared. "Another draw" are the same
earthquakes in the set --other, made with other random terms (``--terms``): what a perfect generator would reach.
Brackets hold 95 % intervals over earthquakes. The way "reconstructed" encodes and decodes the made record itself, the
paper's table 6, and puts the representation alone, without a network, beside it.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from seissynth.evaluation import arrival_f1
from seissynth.evaluation.groups.similarity import similarity_of
from seissynth.evaluation.statistics.intervals import interval
from seissynth.io.seisbench.dataset import Dataset
from seissynth.picking.pickers import NEAR_S, make_picker, pick_records
from seissynth.seeding import generator, hash_words
from seissynth_plugins.heggs.generation import START_SHARE, Sampling, generate_spectrograms, prepare, to_waveforms
from seissynth_plugins.heggs.inputs import sensor_names
from seissynth_plugins.heggs.weights import HEGGS, load_model
from seissynth_plugins.ldm.backend import LDM
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
HEADER = (
    "row", "source", "sampler", "P found", "P MAE (s)", "S found", "S MAE (s)", "envelope correlation",
    "spectrogram MSE", "ln PGV, bias", "sd", "sd between draws", "draws alike",
)  # fmt: skip
RATE_HZ = 100.0
ANOTHER, ALONE = "another draw", "representation alone"
#: records in memory at a time
TOGETHER = 36


class Made:
    """Records of whole earthquakes of a made set, with labels."""

    def __init__(self, path, count, like=None):
        data = Dataset(path)
        table = data.metadata
        if like is None:
            sizes = table["source_id"].value_counts(sort=False).cumsum()
            rows = np.flatnonzero(table["source_id"].isin(sizes.index[sizes <= count]))
        else:
            places = {name: row for row, name in enumerate(_names(table))}
            rows = np.array([places[name] for name in _names(like.table)])
        self.table = table.iloc[rows].reset_index(drop=True)
        self.data = data.waveforms(rows)
        self.events = self.table["source_id"].to_numpy()
        self.onsets = {p: self.table[f"trace_{p.lower()}_arrival_sample"].to_numpy(float) / RATE_HZ for p in NEAR_S}


def main():
    """Generate, score, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("weights", nargs="*", help="NAME=FILE")
    parser.add_argument("--picker", required=True)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--methods", nargs="+", default=["dpmpp_2m:10"], help="sampler:steps")
    parser.add_argument(
        "--ways", nargs="+", default=["without_source", "with_source"],
        choices=("without_source", "with_source", "reconstructed"),
    )  # fmt: skip
    parser.add_argument("--name", default="ablations")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    torch.set_num_threads(1)
    made, picker, lines = Made(given.set, given.count), make_picker(given.picker), []
    if given.other is not None:
        other = Made(given.other, given.count, made).data
        lines.append([ANOTHER, "", "", *scores(made, [other, None], picker)])
        print(" | ".join(lines[-1]), flush=True)
    for text in given.weights:
        name, _, path = text.rpartition("=")
        if "reconstructed" in given.ways and text == given.weights[0]:
            alone = [_reconstructed(None, Path(path), made), None]
            lines.append([ALONE, "itself", "–", *scores(made, alone, picker, load(Path(path))[1].normalised)])
            print(" | ".join(lines[-1]), flush=True)
        for line in rows_of(name, Path(path), made, picker, given):
            lines.append(line)
            print(" | ".join(line), flush=True)
    write_markdown(given.out / f"{given.name}.md", list(HEADER), lines)


def rows_of(name, path, made, picker, given):
    """Yield one line for each way and sampler of a row."""
    model, inputs = load(path)
    for way in given.ways:
        if way == "reconstructed":
            draws = [_reconstructed(model, path, made), None]
            yield [name, "itself", "–", *scores(made, draws, picker, inputs.normalised)]
            continue
        for method in given.methods:
            draws = [generate(model, inputs, made, way == "with_source", method, draw) for draw in range(2)]
            yield [
                name,
                "yes" if way == "with_source" else "no",
                method,
                *scores(made, draws, picker, inputs.normalised),
            ]


def load(path):
    """Return network and inputs of weights of HEGGS or LDM."""
    model, inputs, _ = load_model(path, kind=LDM if _is_ldm(path) else HEGGS)
    return prepare(model, precision="float32"), inputs


def _reconstructed(model, path, made):
    """Return the made records after encoding and decoding; without a network after their representation alone."""
    inputs = load(path)[1]
    out, names = np.empty_like(made.data), np.asarray(sensor_names(made.table))
    for first in range(0, len(out), TOGETHER):
        rows = slice(first, first + TOGETHER)
        x = inputs.encode(made.data[rows], names[rows])
        if model is not None:
            with torch.inference_mode():
                x = model.decode(model.encode(torch.from_numpy(x))).numpy()
        out[rows] = to_waveforms(x, inputs.inverted, inputs.statistics, np.arange(first, first + len(x)), workers=1)
    return out


def generate(model, inputs, made, with_source, method, draw):
    """Return one draw of each record, shape of the made ones."""
    method, _, steps = method.partition(":")
    start = "condition" if getattr(model.config, "source_input", False) else "noised"
    sampling = Sampling(
        method=method, steps=int(steps), start=start, start_step=max(round(START_SHARE * model.config.steps), 1),
        spread=False,
    )  # fmt: skip
    seeds = generator(hash_words("ablations", draw), 0).integers(2**62, size=len(made.data))
    source = None
    if with_source:
        rows = [_another(made.events, row, draw) for row in range(len(made.data))]
        names = np.asarray(sensor_names(made.table))[rows]
        source = inputs.encode(made.data[rows], names)
    onsets = inputs.onsets(made.table) if model.config.unet.onset_maps else None
    x = generate_spectrograms(model, inputs.conditions(made.table), seeds, source, onsets, sampling)
    return to_waveforms(x, inputs.inverted, inputs.statistics, seeds, workers=1)


def scores(made, draws, picker, normalised=False):
    """Return the cells of a row."""
    cells, events, first = [], made.events, draws[0]
    picks = pick_records(picker, first, RATE_HZ, made.onsets)
    for phase, reach_s in NEAR_S.items():
        late = picks[phase] - made.onsets[phase]
        late = np.where(np.isfinite(late) & (abs(late) <= reach_s), late, np.inf)
        late[~np.isfinite(made.onsets[phase])] = np.nan
        cells.append(f"{arrival_f1(late):.3f}")
        size = np.where(np.isfinite(late), abs(late), np.nan)
        cells.append(_cell(size, events, 2))
    found = similarity_of(made.data, first, RATE_HZ)
    cells.append(_cell(found["envelope_correlation"], events, 3))
    if normalised:
        cells += ["–"] * 3
    else:
        cells.append(_cell(found["spectrogram_mse"], events, 2))
        residual = _ln_peak(first) - _ln_peak(made.data)
        cells += [_cell(residual, events, 2), f"{residual.std():.2f}"]
    if draws[1] is None:
        return [*cells, "–", "–"]
    apart = (_ln_peak(draws[0]) - _ln_peak(draws[1])) / np.sqrt(2)
    alike = similarity_of(draws[0], draws[1], RATE_HZ)["envelope_correlation"]
    return [*cells, f"{np.sqrt(np.mean(apart**2)):.2f}", f"{np.nanmean(alike):.2f}"]


def _names(table):
    return [f"{event} {sensor}" for event, sensor in zip(table["source_id"], sensor_names(table), strict=True)]


def _another(events, row, draw):
    others = np.flatnonzero((events == events[row]) & (np.arange(len(events)) != row))
    if not len(others):
        raise SystemExit(f"{events[row]} has no other record that could be a source; pass --ways without_source")
    return generator(hash_words("source of a row", draw), row).choice(others)


def _ln_peak(records):
    return np.log(np.maximum(np.abs(records).max(axis=-1), 1e-30)).mean(axis=-1)


def _cell(values, events, digits):
    value, low, high = interval(lambda chosen: float(np.nanmean(values[chosen])), events)
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _is_ldm(path):
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        return any(name.startswith("vae.") for name in file.keys())  # noqa: SIM118 (its keys are no dict)


if __name__ == "__main__":
    main()
