"""What a network that moves draws of the residual model changes in records whose noise nobody knows.

    python -m tools.heggs.moved_records WINDOWS WORK NAME [--folds 1 3] [--draws 3] [--rows network]

WORK/NAME/fold_K/weights.safetensors have the network (`heggs_ridgecrest train ... --flow`), which was trained beside
the noise that each record shows before P. Draws without a source have the noise of quiet times; here the network is
told of this noise, or of the sensor's mean noise as in its training, and its change counts as a whole, by the share of
signal in a cell, or without its mean over a record. PGA is the largest acceleration of either horizontal from 0.5 s
before P to the end of the mask, where it is e times that of the noise before P or more; CRPS is the fair one.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from seissynth.evaluation import envelope_crps, smoothed_envelope
from seissynth.evaluation.statistics.intervals import interval, paired_difference
from seissynth_plugins.heggs.generation import to_waveforms
from seissynth_plugins.heggs.residual_mover import RecordCells
from seissynth_plugins.heggs.signal_and_noise import before_p, shape_features, with_noise
from tools.heggs._record_maker import RecordMaker
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs" / "moved_records.md"
RATE_HZ = 100.0
#: the row that others are compared with
ALONE = "residual model alone"
#: rows: noise that the network is told of, and how its change counts; None has no network
ROWS = {
    ALONE: None,
    "network": ("quiet", "whole"),
    "network, told the mean noise": ("mean", "whole"),
    "network, told the mean noise, by share of signal": ("mean", "share"),
    "network without its mean level": ("quiet", "level free"),
}
MEASURES = ("CRPS of ln PGA", "envelope correlation", "CRPS of the envelope", "ln PGA, observed less mean of draws")


class Told(torch.nn.Module):
    """A network that moves draws, told of other noise; stands in its place in the weights."""

    def __init__(self, mover, told, count):
        super().__init__()
        self.mover, self.told, self.count = mover, told, count
        self.numbers_of = mover.numbers_of

    def changes(self, cells, *arguments):
        """See `ResidualMover.changes`."""
        if self.told is not None:
            cells.predicted, cells.share, cells.known = self.told
        change = self.mover.changes(cells, *arguments)
        if self.count == "share":
            return change * cells.share
        if self.count == "level free":
            counts = np.maximum(cells.known.sum(axis=(1, 2, 3), keepdims=True), 1)
            return change - cells.known * change.sum(axis=(1, 2, 3), keepdims=True) / counts
        return change


def told_of_mean_noise(maker, conditions, onsets):
    """Cells of predictions beside the mean noise of their sensors."""
    inputs, sensors = maker.inputs, maker.table.sensors(maker.rows)
    sd, early = inputs.statistics.sd, before_p(onsets, inputs.frame_times_s)
    features = shape_features(onsets, inputs.frame_times_s, inputs.magnitudes(conditions))
    signals = inputs.site_noise.signals(maker.network_draw(0), early, sd, sensors, features)
    levels = inputs.site_noise.levels(sensors, "mean", np.zeros(len(sensors), int), sd, None)
    cells = RecordCells(inputs, with_noise(signals, levels, sd), signals, early, onsets, None, None)
    return cells.predicted, cells.share, cells.known


def ln_pga(waveforms, starts_s, ends_s):
    """Logarithm of the largest acceleration of either horizontal in a window; NaN where it is shorter than 1 s."""
    out = np.full(len(waveforms), np.nan)
    for row, (data, start, end) in enumerate(zip(waveforms, starts_s, ends_s, strict=True)):
        first, last = round(max(start, 0) * RATE_HZ), round(end * RATE_HZ)
        if last - first >= RATE_HZ:
            out[row] = np.log(np.abs(np.gradient(data[1:, first:last], 1 / RATE_HZ, axis=-1)).max() + 1e-12)
    return out


def measures(real, drawn, onsets, ends):
    """Measures by record of draws, shape (draws, n, 3, npts)."""
    observed = ln_pga(real, onsets[:, 0] - 0.5, ends)
    clear = observed - ln_pga(real, onsets[:, 0] - 4, onsets[:, 0] - 0.5) > 1
    peaks = np.where(clear, np.stack([ln_pga(one, onsets[:, 0] - 0.5, ends) for one in drawn]), np.nan)
    count = len(drawn)
    apart = np.abs(peaks[:, None] - peaks[None]).sum(axis=(0, 1)) / (2 * count * (count - 1))
    crps = np.abs(peaks - observed).mean(axis=0) - apart
    under = np.arange(real.shape[-1]) / RATE_HZ < np.asarray(ends)[:, None]
    alike, envelopes = np.full(len(real), np.nan), np.full(len(real), np.nan)
    for row in range(len(real)):
        envelopes[row] = envelope_crps(real[row], list(drawn[:, row]), RATE_HZ, under[row]).mean()
        a, *b = (smoothed_envelope(x, RATE_HZ)[:, under[row]] for x in (real[row], *drawn[:, row]))
        alike[row] = np.mean([np.corrcoef(p, q)[0, 1] for one in b for p, q in zip(a, one, strict=True)])
    return dict(zip(MEASURES, (crps, alike, envelopes, observed - peaks.mean(axis=0)), strict=True))


def score_fold(windows, folder, fold, part, draws, rows):
    """Measures of some rows in one fold."""
    maker = RecordMaker(windows, folder, fold, part=part, draws=draws, same_network=True)
    maker.rows = maker.rows[np.isfinite(maker.inputs.onsets(maker.table.table.iloc[maker.rows])).all(axis=1)]
    maker.sources = maker.rows
    columns = maker.table.table.iloc[maker.rows]
    conditions, onsets = maker.inputs.conditions(columns), maker.inputs.onsets(columns)
    real = np.concatenate([maker.table.waveforms(rows) for rows in np.array_split(maker.rows, len(maker.rows) // 32)])
    mover, mean_noise = maker.model.residual_flow, told_of_mean_noise(maker, conditions, onsets)
    found = []
    for name in rows:
        way = ROWS[name]
        told = mean_noise if way is not None and way[0] == "mean" else None
        maker.model.residual_flow = None if way is None else Told(mover, told, way[1])
        drawn = []
        for number in range(draws):
            x, seeds = maker.draw(number, conditions, onsets)
            made = to_waveforms(
                x, maker.inputs.inverted, maker.inputs.statistics, seeds, texture="rayleigh", onsets=onsets
            )
            drawn.append(np.stack(list(made)).astype(np.float32))
        some = pd.DataFrame(measures(real, np.stack(drawn), onsets, columns["mask_end_s"].to_numpy()))
        found.append(some.assign(row=name, fold=fold, event=columns["source_id"].to_numpy(str)))
        print(fold, name, some.mean().round(4).to_dict(), flush=True)
    maker.model.residual_flow = mover
    return pd.concat(found, ignore_index=True)


def lines_of(table):
    """Lines of the table: values, and differences from the residual model alone."""
    lines, first = [], ALONE
    alone = table[table["row"] == first]
    for name in table["row"].unique():
        some, cells = table[table["row"] == name], [name]
        for measure in MEASURES:
            values, events = some[measure].to_numpy(), some["event"].to_numpy()
            known = np.isfinite(values)
            values, events = values[known], events[known]
            low, high = interval(lambda rows, values=values: values[rows].mean(), events)[1:]
            cell = f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"
            if name != first and measure != MEASURES[-1]:
                away = paired_difference(some[measure].to_numpy(), alone[measure].to_numpy(), some["event"].to_numpy())
                cell += " ({:+.3f} [{:+.3f}, {:+.3f}])".format(*away)
            cells.append(cell)
        lines.append(cells)
    return ["row", *MEASURES], lines


def main():
    """Score all rows, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("name")
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--part", choices=("test", "dev"), default="dev")
    parser.add_argument("--rows", nargs="*", choices=list(ROWS)[1:], default=list(ROWS)[1:], help="beside the first")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = [ALONE, *given.rows]
    parts = [score_fold(given.windows, given.work / given.name, f, given.part, given.draws, rows) for f in given.folds]
    write_markdown(given.out, *lines_of(pd.concat(parts, ignore_index=True)))


if __name__ == "__main__":
    main()
