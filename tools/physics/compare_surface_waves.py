"""Compare late motion at low frequency, and its particle motion, in real and generated records.

    python -m tools.physics.compare_surface_waves DATA [--realisations 4] [-o docs/_static/sites]

DATA holds ``strong_motion_world/``, ``california_2019_m43/`` and ``germany_regional/``. Compared are records beyond 40
km. In each band the mean square is taken from S to 5 s after it (S), and late: where waves of 3.0 to 1.5 km/s arrive,
from 10 s after S on. Real records must be three times above what precedes P in both.

- late over S: ln of the ratio of mean squares, on the horizontals and on Z.
- quadrature: the correlation of Z, turned by 90 degrees, with the horizontal in the direction where it is largest, less
  the same for Z as it is; in the late part. Rayleigh waves make it positive, body waves about zero.

Generated are records without surface waves, and with a share of 0.95. Intervals resample earthquakes, then stations.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from scipy.signal import butter, hilbert, sosfilt

from tools.physics._envelopes import generate, load
from tools.real_records import _real_records as real

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "sites"
RUNS = (0.0, 0.95)
TITLES = {"strong_motion": "strong motion", "california": "California M4.3", "germany": "Germany"}
SETS = {"strong_motion": {}, "california": {}, "germany": {"preset": "stable"}}
BANDS_HZ = ((0.1, 0.25), (0.25, 0.5), (0.5, 1.0))
FASTEST_KM_S, SLOWEST_KM_S = 3.0, 1.5
NEAREST_KM, AFTER_S_S, S_LENGTH_S, SHORTEST_S, CLEAN = 40.0, 10.0, 5.0, 10.0, 3.0


def parts(one, data, band, clean):
    """Late over S on (horizontals, Z), and the quadrature; NaN where the record does not allow it."""
    out = np.full(3, np.nan)
    filtered = sosfilt(butter(3, band, "bandpass", fs=one.rate, output="sos"), data, axis=1)

    def samples(start, end):
        return filtered[:, max(int(start * one.rate), 0) : int(end * one.rate)]

    distance = np.hypot(one.distance_km, one.depth_km)
    first = max(distance / FASTEST_KM_S - one.start, one.s + AFTER_S_S)
    last = min(max(distance / SLOWEST_KM_S - one.start, first + SHORTEST_S), data.shape[1] / one.rate)
    if last - first < SHORTEST_S or one.p < 3 or data.shape[1] / one.rate < last:
        return out
    late, s, before = (samples(*x) for x in ((first, last), (one.s, one.s + S_LENGTH_S), (0.0, one.p - 0.3)))
    if before.shape[1] < one.rate * max(2.0, 0.5 / band[0]):
        return out
    levels = [np.array([(x[1:] ** 2).mean(), (x[0] ** 2).mean()]) for x in (late, s, before)]
    for k in range(2):
        if not clean or min(levels[0][k], levels[1][k]) > CLEAN**2 * levels[2][k]:
            out[k] = np.log((levels[0][k] - levels[2][k] * clean) / (levels[1][k] - levels[2][k] * clean))
    if np.isfinite(out[:2]).all():
        turned = np.imag(hilbert(filtered[0]))[int(first * one.rate) : int(last * one.rate)]
        size = np.sqrt((late[0] ** 2).sum() * (late[1:] ** 2).sum() / 2)
        out[2] = (np.hypot(*(late[1:] @ turned)) - np.hypot(*(late[1:] @ late[0]))) / size
    return out


def measure(folder, realisations, options):
    """Set -> (recordings, real (n, bands, 3), generated (n, bands, 3)); NaN where the real record is not clean."""
    out = {}
    for name, own in SETS.items():
        found = [one for one in load(name, folder) if one.distance_km > NEAREST_KM]
        data = [
            one.data - one.data[:, : max(int(one.p * one.rate) - 5, 2)].mean(axis=1, keepdims=True) for one in found
        ]
        observed = np.array([[parts(one, x, b, True) for b in BANDS_HZ] for one, x in zip(found, data, strict=True)])
        drawn = []
        for seed in range(1, realisations + 1):
            made = generate(found, seed=seed, **own, **options)
            drawn.append([[parts(one, x, b, False) for b in BANDS_HZ] for one, x in zip(found, made, strict=True)])
        generated = np.where(np.isfinite(observed), np.median(drawn, axis=0), np.nan)
        out[name] = found, observed, generated
    return out


def table(measured):
    """Rows: set, band, number, and for each measure the medians of real records and of each run."""
    lines = []
    for name, (found, _, _) in measured[RUNS[0]].items():
        events, stations = [one.event for one in found], [one.station for one in found]
        for k, (low, high) in enumerate(BANDS_HZ):
            runs = [measured[RUNS[0]][name][1], *(measured[run][name][2] for run in RUNS)]
            cells = [
                real.with_interval(real.clustered_summary(values[:, k, place], events, stations))
                for place in range(3)
                for values in runs
            ]
            count = int(np.isfinite(runs[0][:, k, 0]).sum())
            lines.append([TITLES[name], f"{low:g} to {high:g} Hz", count, *cells])
    return lines


def split(lines):
    """One table for each measure, from the rows of all."""
    width = 1 + len(RUNS)
    return [[[*line[:3], *line[3 + width * k : 3 + width * (k + 1)]] for line in lines] for k in range(3)]


def main():
    """Write and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--realisations", type=int, default=6)
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    runs = {share: measure(arguments.data, arguments.realisations, {"surface_wave_share": share}) for share in RUNS}
    header = ["set", "band", "n", "real", "generated without", "with a share of 0.95"]
    for name, lines in zip(("late_horizontal", "late_vertical", "quadrature"), split(table(runs)), strict=True):
        path = arguments.out / f"surface_waves_{name}.md"
        real.write_markdown(path, header, lines)
        print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
