"""Compare how Fourier amplitudes of frequencies and of components scatter in real and generated records of Ridgecrest.

    python -m tools.physics.compare_correlations DATA WINDOWS [--seeds 3] [--out FOLDER]

DATA and WINDOWS as for `compare_envelopes`. Amplitudes of both horizontals from S on, as long as 5 s and a third of the
time since origin, smoothed over a third of an octave. Residuals are those of a regression on ln distance and
magnitude, so events, stations and paths are in them. Generated records stand in the same places, with random terms.
The same for ratios of components. Tables go to ``docs/_static/calibration``: ``variability_fourier.md``,
``variability_fourier_sd.md`` (standard deviations of the residuals), ``variability_ratios.md`` and
``variability_ratios_covariance.md`` (correlation over frequency, and the share of stations in the variance).
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation.statistics.intervals import resampled_rows
from seissynth.evaluation.statistics.mixed_effects import split_residuals
from tools.physics._envelopes import generate, load
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "calibration"
FREQUENCIES_HZ = (1.4, 2.0, 2.9, 4.1, 5.7, 8.0, 11.0, 16.0, 23.0)
FROM_HZ = (2.0, 4.1)
HALF_BAND = 2.0 ** (1 / 6)
LEAST_S = 5.0
CLEAR = 4.0  # power over that before P
#: half octaves between two of `FREQUENCIES_HZ`
APART = (1, 2, 3, 4, 6)
RATIOS = ("one horizontal over the other", "Z over both")
DRAWS = 200


def amplitudes(data, one):
    """Ln of the mean power of both horizontals at `FREQUENCIES_HZ` after S; NaN where the rate is too low."""
    first = int(one.s * one.rate)
    part = data[1:, first : first + int((LEAST_S + (one.start + one.s) / 3) * one.rate)]
    return _power(part - part.mean(axis=1, keepdims=True), one.rate)


def ratios(data, one):
    """Ln of one horizontal over the other, and of Z over both, (2, frequencies), amplitudes."""
    first = int(one.s * one.rate)
    part = data[:, first : first + int((LEAST_S + (one.start + one.s) / 3) * one.rate)]
    z, one_way, other = (0.5 * _power(row[None] - row.mean(), one.rate) for row in part)
    return np.array([one_way - other, z - 0.5 * (one_way + other)])


def _power(part, rate):
    spectrum = np.square(np.abs(np.fft.rfft(part * np.hanning(part.shape[1])))).mean(axis=0) / part.shape[1]
    frequency = np.fft.rfftfreq(part.shape[1], 1 / rate)
    inside = [(frequency >= f / HALF_BAND) & (frequency < f * HALF_BAND) for f in FREQUENCIES_HZ]
    return np.log([spectrum[chosen].mean() if chosen.any() else np.nan for chosen in inside])


def correlations(values, recordings):
    """Correlation of residuals, (frequencies, frequencies), and their deviations; values (records, f) may be NaN."""
    design = np.array([[1.0, one.magnitude, np.log(np.hypot(one.distance_km, one.depth_km))] for one in recordings])
    out, deviation = np.full((values.shape[1],) * 2, np.nan), np.full(values.shape[1], np.nan)
    for i in range(values.shape[1]):
        for j in range(values.shape[1]):
            known = np.isfinite(values[:, i]) & np.isfinite(values[:, j])
            rest = [values[known, k] - design[known] @ np.linalg.lstsq(design[known], values[known, k], rcond=None)[0]
                    for k in (i, j)]  # fmt: skip
            out[i, j] = np.corrcoef(*rest)[0, 1]
            deviation[i] = rest[0].std() if i == j else deviation[i]
    return out, deviation


def covariance(values, stations):
    """Mean correlation of a ratio with itself so many half octaves higher, and the stations' share of its variance.

    Parameters
    ----------
    values : ndarray, shape (records, frequencies)
        Ln of a ratio; NaN where unknown.
    stations : ndarray of str, shape (records,)

    Returns
    -------
    ndarray, shape (len(APART) + 1,)
    """
    count = values.shape[1]
    pairs = {apart: [] for apart in APART}
    for apart in APART:
        for low in range(count - apart):
            two = values[:, [low, low + apart]]
            pairs[apart].append(np.corrcoef(two[np.isfinite(two).all(axis=1)].T)[0, 1])
    shares = []
    for column in values.T:
        known = np.isfinite(column)
        # each record as its own event, so that stations and the rest remain
        sd = split_residuals(column[known], np.zeros(known.sum()), stations[known], limits=False).sd
        shares.append(sd["station"] ** 2 / (sd["station"] ** 2 + sd["remaining"] ** 2))
    return np.array([*(np.mean(pairs[apart]) for apart in APART), np.mean(shares)])


def covariance_rows(values, recordings):
    """Rows of the table of covariances: real ones with 95 % intervals over earthquakes, and means over seeds."""
    stations = np.array([one.station for one in recordings])
    events = np.array([one.event for one in recordings])
    draws = list(resampled_rows(events, DRAWS, 0, rows_within=False))
    rows = []
    for place, title in enumerate(RATIOS):
        for name, found in values.items():
            best = np.mean([covariance(one[:, place], stations) for one in found], axis=0)
            cells = [f"{x:.2f}" for x in best]
            if name == "real":
                samples = [covariance(found[0][rows_of, place], stations[rows_of]) for rows_of in draws]
                # not of the share: an earthquake that is drawn twice makes stations look more alike
                limits = np.percentile(samples, (2.5, 97.5), axis=0).T[:-1]
                cells[:-1] = [f"{x} [{low:.2f}, {high:.2f}]" for x, (low, high) in zip(cells[:-1], limits, strict=True)]
            rows.append([f"{title}, {name}", *cells])
    return rows


def main():
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    recordings = load("ridgecrest", arguments.data, arguments.windows)
    real = np.array([amplitudes(one.data, one) for one in recordings])
    before = np.array([_power(one.data[1:, : int((one.p - 0.3) * one.rate)], one.rate) for one in recordings])
    real[~(real > before + np.log(CLEAR))] = np.nan
    made, alone, scatter = [], [], {"real": [], "generated": [], "generated, without": []}
    clear = np.isfinite(real)[:, None]

    def ratios_of(records):
        values = np.array([ratios(data, one) for data, one in zip(records, recordings, strict=True)])
        return np.where(clear, values, np.nan)

    scatter["real"].append(ratios_of([one.data for one in recordings]))
    for seed in range(1, 1 + arguments.seeds):
        records = generate(recordings, seed, variability=True, shared_seeds=True)
        values = [amplitudes(data, one) for data, one in zip(records, recordings, strict=True)]
        made.append(correlations(np.where(np.isfinite(real), values, np.nan), recordings))
        scatter["generated"].append(ratios_of(records))
        records = generate(recordings, seed)
        values = [amplitudes(data, one) for data, one in zip(records, recordings, strict=True)]
        alone.append(correlations(np.where(np.isfinite(real), values, np.nan), recordings))
        scatter["generated, without"].append(ratios_of(records))
    of_real, size_of_real = correlations(real, recordings)
    found = {"real": of_real, "generated": np.mean([one for one, _ in made], axis=0)}
    sizes = {"real": size_of_real, "generated": np.mean([size for _, size in made], axis=0),
             "generated, without": np.mean([size for _, size in alone], axis=0)}  # fmt: skip
    rows = []
    for f in FROM_HZ:
        for name, matrix in found.items():
            rows.append([f"{f:g} Hz, {name}", *(f"{x:.2f}" for x in matrix[FREQUENCIES_HZ.index(f)])])
            print("\t".join(rows[-1]))
    header = ["", *(f"{f:g} Hz" for f in FREQUENCIES_HZ)]
    write_markdown(arguments.out / "variability_fourier.md", header, rows)
    # of amplitudes, half of those of powers
    rows = [[name, *(f"{x:.2f}" for x in 0.5 * size)] for name, size in sizes.items()]
    print(*rows, sep="\n")
    write_markdown(arguments.out / "variability_fourier_sd.md", header, rows)
    means = {name: np.mean(np.nanstd(values, axis=1), axis=0) for name, values in scatter.items()}
    rows = []
    for place, title in enumerate(RATIOS):
        rows += [[f"{title}, {name}", *(f"{x:.2f}" for x in values[place])] for name, values in means.items()]
    print(*rows, sep="\n")
    write_markdown(arguments.out / "variability_ratios.md", header, rows)
    rows = covariance_rows(scatter, recordings)
    print(*rows, sep="\n")
    header = ["", *(f"{apart / 2:g} octaves higher" for apart in APART), "share of stations"]
    write_markdown(arguments.out / "variability_ratios_covariance.md", header, rows)


if __name__ == "__main__":
    main()
