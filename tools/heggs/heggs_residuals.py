"""Measure what the residual model adds, in cells of spectrograms: cheaper than records, and before phases and pickers.

    python -m tools.heggs.heggs_residuals WINDOWS WORK NAME [NAME ...] [--folds 0 1 2 3 4] [--draws 12] [--rows 0 1]

NAME are runs of `heggs_ridgecrest.py train ... --steps 0 --site-noise` in WORK, with ``--residuals`` or ``--spread``;
the first is compared with each of the others, record by record. Cells are those of 4 x 4 of the standardised
spectrogram, behind P, in the band and under the mask. Rows are without a source, from one other record of the
earthquake and from all others; the noise is what the record itself shows before P (alike for all, so that residuals
alone are compared), or what is known without it. "network with source": the network takes a source as its input, too.
Texture is added to draws.

Columns: mean squared error of the mean, correlation of its envelope, CRPS of cells, and of ln of the largest frame of
acceleration; spread over error (root of the mean variance of draws over the root of the mean squared error of their
mean), of cells, of peaks, and of the mean peak over the stations of an earthquake: 1 is right. 95 % intervals resample
earthquakes.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from seissynth.evaluation.statistics.intervals import interval, paired_difference
from seissynth.seeding import generator, hash_words
from seissynth_plugins.heggs.generation import generate_spectrograms, rayleigh_texture
from seissynth_plugins.heggs.observation import at_sensors
from seissynth_plugins.heggs.signal_and_noise import before_p, noise_levels
from seissynth_plugins.heggs.site_noise import BACKGROUNDS, EDGE_FRAMES, of_sensors
from seissynth_plugins.heggs.source_traits import source_residuals
from seissynth_plugins.heggs.spread import CELL, cell_means
from tools.heggs._record_maker import RecordMaker
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
#: rows: sources, noise, network with source
ROWS = (
    ("none", "own", False), ("none", "quiet", False), ("none", "time", False), ("none", "drawn", False),
    ("one", "own", False), ("all", "own", False), ("all", "own", True), ("all", "heard", False),
)  # fmt: skip
#: measures of a record that are compared: column, title
MEASURES = (
    ("mse", "MSE of mean"), ("envelope", "envelope correlation"), ("crps_cell", "CRPS cell"),
    ("crps_peak", "CRPS ln peak"), ("bias_peak", "ln peak, bias"),
)  # fmt: skip
#: spread over error: variance, error of the mean of draws, title
RATIOS = (("var_cell", "mse_draws", "spread/error cell"), ("var_peak", "bias_peak", "peak"))
_TEXTURES, _LEAST_STATIONS, _LEAST_COLUMNS = 200, 5, 10


def main():
    """Print and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("--rows", nargs="+", help="numbers of rows, from 0; all by default", type=int)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    found = []
    for fold in arguments.folds:
        for name in arguments.names:
            part = Block(arguments.windows, arguments.work / name, fold, arguments.draws)
            for row in ROWS if arguments.rows is None else [ROWS[number] for number in arguments.rows]:
                one = part.score(*row)
                if one is not None:
                    found.append(one.assign(name=name, row=title(*row), fold=fold))
                    print(fold, name, title(*row), one.mean(numeric_only=True).round(4).to_dict(), flush=True)
    table = pd.concat(found, ignore_index=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.out / "residual_cells_records.csv", index=False, float_format="%.5g")
    write_markdown(arguments.out / "residual_cells.md", *board(table))
    if len(arguments.names) > 1:
        write_markdown(arguments.out / "residual_cells_differences.md", *differences(table, arguments.names))


def title(sources, noise, network):
    """Name of a row."""
    words = {"none": "no source", "one": "one source", "all": "all sources"}[sources]
    words += ", network with source" if network else ""
    known = {"own": "own noise", "heard": "noise of sources", "time": "noise of the time"}
    return f"{words}, {known.get(noise, f'{noise} noise')}"


class Block:
    """Records of a fold's block that no fit has seen, and its weights."""

    def __init__(self, windows, folder, fold, draws):
        self.maker = RecordMaker(windows, folder, fold)
        self.inputs, self.model, self.draws = self.maker.inputs, self.maker.model, draws
        table, inputs = self.maker.table, self.inputs
        self.rows = table.rows("test")
        self.columns = table.table.iloc[self.rows]
        self.sensors, self.onsets = table.sensors(self.rows), inputs.onsets(self.columns)
        self.conditions = inputs.conditions(self.columns)
        self.events = self.columns["source_id"].to_numpy()
        self.real = self.maker._encode(self.rows)
        self.early = before_p(self.onsets, inputs.frame_times_s)
        mask = inputs.spectrogram.frames_before(self.columns["mask_end_s"].to_numpy()).astype(bool)
        seen = mask & ~self.early
        seen[:, -EDGE_FRAMES:] = False
        self.weights = seen[:, None, None] * inputs.spectrogram.band_mask[:, None]
        self.truth, self.counts = cell_means(self.real, self.weights)
        own, known = noise_levels(self.real, self.early), inputs.site_noise
        self.own = np.where(np.isnan(own), of_sensors(known.noise, self.sensors), own)
        stream = hash_words("heggs residuals", fold)
        rng = generator(stream, 0)
        same = [np.flatnonzero((self.events == event) & (self.rows != row))
                for row, event in zip(self.rows, self.events, strict=True)]  # fmt: skip
        self.sources = {"all": same, "one": [rng.choice(some, 1) if len(some) else some for some in same]}
        self.seeds = rng.integers(2**62, size=(draws, len(self.rows)))
        self.event_seeds = [[hash_words("noise", stream, draw, name) for name in self.events] for draw in range(draws)]
        logs, _ = rayleigh_texture(inputs.spectrogram, np.arange(_TEXTURES))
        everywhere = np.broadcast_to(inputs.spectrogram.band_mask[:, None], logs.shape[1:])
        self.texture, _ = cell_means(logs / inputs.statistics.sd[:, None], everywhere)
        self.frame = self._frame_scales()
        of = np.searchsorted(self.maker.rows, self.rows)
        self.plain = self.maker.network_draw(0)[of]
        found = source_residuals(
            self.model, inputs, self.real, self.conditions, self.sensors, self.onsets, mask, self.columns,
            self.maker.source_draw()[of],
        )  # fmt: skip
        self.traits = {
            name: found.traits(rows, self.onsets, inputs.frame_times_s) for name, rows in self.sources.items()
        }

    def _frame_scales(self):
        """What turns cells into ln A: mean and deviation by row, and what its bins count as acceleration."""
        statistics, band = self.inputs.statistics, self.inputs.spectrogram.band_mask.astype(float)
        share = np.maximum(band.reshape(-1, CELL[0]).sum(axis=1), 1e-9)
        rows = [(np.asarray(v) * band).reshape(*np.shape(v)[:-1], -1, CELL[0]).sum(axis=-1) / share
                for v in (statistics.mean, statistics.sd, self.inputs.spectrogram.frequencies_hz)]  # fmt: skip
        return (*rows, band.reshape(-1, CELL[0]).sum(axis=1))

    def amplitudes(self, cells, acceleration):
        """Root of the power of columns, (..., n, 3, columns)."""
        mean, sd, hz, bins = self.frame
        weight = bins * ((2 * np.pi * hz) ** 2 if acceleration else 1.0)
        power = np.exp(2 * (cells * sd[:, None] + mean[..., None])) * weight[:, None]
        return np.sqrt(np.where(self.counts, power, 0).sum(axis=-2))

    def ln_peaks(self, cells):
        """Logarithm of the largest column of acceleration, mean over components."""
        return np.log(np.maximum(self.amplitudes(cells, True).max(axis=-1), 1e-30)).mean(axis=-1)

    def score(self, sources, noise, network):
        """Measures by record; None where weights have no residual model and the row is one of it."""
        if network and self.model.residuals is None:
            return None
        traits = self.traits.get(sources)
        x = self.plain
        if traits is not None and (network or self.model.residuals is None):
            chosen = np.array([some[0] if len(some) else row for row, some in enumerate(self.sources["one"])])
            taken = self.onsets if self.model.config.unet.onset_maps else None
            x = generate_spectrograms(
                self.model, self.conditions, self.seeds[0], self.real[chosen], taken, self.maker.sampling_without_spread
            )

        def made(draw, drawn):
            out = at_sensors(
                self.model, self.inputs, x, self.conditions, self.seeds[draw], self.event_seeds[draw], self.sensors,
                self.onsets, traits=traits, drawn=drawn, columns=self.columns, from_source=traits is not None,
                background=noise if noise in BACKGROUNDS else "quiet",
                levels=self.own if noise == "own" else None,
            )  # fmt: skip
            return cell_means(out, self.weights)[0]

        mean = made(0, False)
        rng = generator(hash_words("texture"), 0)
        draws = np.stack([
            made(draw, True) + self.texture[rng.integers(len(self.texture), size=len(mean))]
            for draw in range(self.draws)
        ])  # fmt: skip
        return self._measures(mean, draws)

    def _measures(self, mean, draws):
        count = np.maximum(self.counts.sum(axis=(1, 2, 3)), 1)

        def average(values):
            return np.where(self.counts, values, 0).sum(axis=(1, 2, 3)) / count

        middle, peaks, wanted = draws.mean(axis=0), self.ln_peaks(draws), self.ln_peaks(self.truth)
        out = pd.DataFrame({
            "event": self.events, "mse": average((mean - self.truth) ** 2),
            "envelope": self._envelopes(mean), "crps_cell": average(crps(draws, self.truth)),
            "crps_peak": crps(peaks, wanted), "bias_peak": peaks.mean(axis=0) - wanted,
            "var_peak": peaks.var(axis=0, ddof=1), "mse_draws": average((middle - self.truth) ** 2),
            "var_cell": average(draws.var(axis=0, ddof=1)),
        })  # fmt: skip
        for event in set(self.events):
            rows = np.flatnonzero(self.events == event)
            if len(rows) >= _LEAST_STATIONS:
                sums = peaks[:, rows].mean(axis=1)
                out.loc[rows, "var_event"] = sums.var(ddof=1)
                out.loc[rows, "bias_event"] = sums.mean() - wanted[rows].mean()
        return out

    def _envelopes(self, mean):
        made, real = self.amplitudes(mean, False), self.amplitudes(self.truth, False)
        out = np.full(len(mean), np.nan)
        for row in range(len(mean)):
            seen = self.counts[row].any(axis=(0, 1))
            if seen.sum() > _LEAST_COLUMNS:
                out[row] = np.mean([np.corrcoef(made[row, c, seen], real[row, c, seen])[0, 1] for c in range(3)])
        return out


def crps(draws, truth):
    """Fair CRPS of an ensemble, along the first axis."""
    k = len(draws)
    ordered = np.sort(draws, axis=0)
    weight = (2 * np.arange(1, k + 1) - k - 1).reshape(-1, *[1] * (draws.ndim - 1))
    return np.abs(draws - truth).mean(axis=0) - (weight * ordered).sum(axis=0) / (k * (k - 1))


def board(table):
    """Titles and lines of the main table."""
    lines = []
    for (row, name), part in table.groupby(["row", "name"], sort=False):
        events, cells = part["event"].to_numpy(), [row, name]
        for column, _ in MEASURES:
            values = part[column].to_numpy()
            seen = np.isfinite(values)
            cells.append(_text(interval(lambda some, v=values[seen]: v[some].mean(), events[seen])))
        for variance, error, _ in RATIOS:
            v, e = part[variance].to_numpy(), part[error].to_numpy()
            e = e if error.startswith("mse") else e**2
            cells.append(_text(interval(lambda some, v=v, e=e: np.sqrt(v[some].mean() / e[some].mean()), events)))
        one = part.drop_duplicates("event").dropna(subset=["var_event"])
        v, e = one["var_event"].to_numpy(), one["bias_event"].to_numpy() ** 2
        names = one["event"].to_numpy()
        cells.append(_text(interval(lambda some, v=v, e=e: np.sqrt(v[some].mean() / e[some].mean()), names)))
        lines.append(cells)
    return ["row", "weights", *(t for _, t in MEASURES), *(t for *_, t in RATIOS), "earthquake"], lines


def differences(table, names):
    """Titles and lines of paired differences: the first weights less each of the others."""
    lines = []
    for row, part in table.groupby("row", sort=False):
        of = {name: some.reset_index(drop=True) for name, some in part.groupby("name")}
        for other in names[1:]:
            if names[0] in of and other in of:
                a, b = of[names[0]], of[other]
                lines.append([row, f"{names[0]} - {other}", *(
                    _text(paired_difference(a[c].to_numpy(), b[c].to_numpy(), a["event"].to_numpy()))
                    for c, _ in MEASURES[:-1])])  # fmt: skip
    return ["row", "difference", *(t for _, t in MEASURES[:-1])], lines


def _text(found):
    value, low, high = tuple(found)[:3]
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
