"""Ratios of components in frequency bands: Z over H of S, H over Z of P, P on Z over S on H; real and generated.

    python -m tools.physics.compare_bands DATA [--preset active] [-o docs/_static/calibration]

DATA holds ``ridgecrest_2019/``. Used are all events and surface stations whose P and S windows are free of others: no
other catalogued event's P between 3 s before P and the end of the S window, no clipped record, and in each band a
signal three times above the 2.5 s before P. P: 3 s from 0.1 s before it, or up to 0.3 s before S; S: 5 s from it. H is
one horizontal, the root of the mean of both squared. Generated records have the same events, stations and windows.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np

import seissynth
from tools.real_records import _real_records as real
from tools.real_records.compare_ridgecrest import CLIP_COUNTS, MODEL, Data

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "calibration"
BANDS_HZ = ((0.5, 1.5), (1.0, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, 25.0))
RATIOS = ("Z/H of S", "H/Z of P", "P on Z over S on H")
LEAD_S, RATE_HZ = 20.0, 100.0
P_S, S_S, BEFORE_S = 3.0, 5.0, 2.5
SHORTEST_P_S = 1.0
CLEAN = 3.0


def quiet(data, index, name):
    """Whether no other catalogued phase arrives within the windows of an event at a station."""
    p, s, _ = data.onsets[index][name]
    start, end = p - 3.0, s + S_S
    for other, origin in enumerate(data.origins):
        if other == index:
            continue
        shift = origin - data.origins[index]
        p_other, s_other, _ = data.onsets[other][name]
        # an earlier event counts for some seconds after its S, longer if it is large
        last = shift + s_other + (5.0 if data.magnitudes[other] < data.magnitudes[index] else 40.0)
        if shift + p_other < end and last > start:
            return False
    return True


def band_rms(motion, p, s, band):
    """Root mean square of (before P, P, S) on Z and on one horizontal; shape (3, 2). Times after origin."""
    filtered = real.band_pass(motion, RATE_HZ, band)

    def rms(start, end):
        part = filtered[:, int((start + LEAD_S) * RATE_HZ) : int((end + LEAD_S) * RATE_HZ)]
        square = (part**2).mean(axis=1)
        return np.sqrt([square[0], (square[1] + square[2]) / 2])

    return np.array([rms(p - BEFORE_S - 0.3, p - 0.3), rms(p - 0.1, min(p + P_S, s - 0.3)), rms(s, s + S_S)])


def ratios(levels, clean=True):
    """The three ratios of one record and band, NaN where noise is comparable; noise is subtracted in power."""
    noise, p, s = levels
    out = np.full(3, np.nan)
    if clean:
        p, s = (np.sqrt(np.maximum(x**2 - noise**2, 0.0)) for x in (p, s))
        p_good, s_good = (levels[k] > CLEAN * noise for k in (1, 2))
    else:
        p_good = s_good = np.array([True, True])
    if s_good.all():
        out[0] = s[0] / s[1]
    if p_good.all():
        out[1] = p[1] / p[0]
    if p_good[0] and s_good[1]:
        out[2] = p[0] / s[1]
    return out


def measure(data, preset, options):
    """Give ln ratios (records, bands, 3) of real and of generated records; NaN where the real one is not clean."""
    found, made = [], []
    wanted = {
        i: [n for n in data.stations if not n.startswith("PB") and quiet(data, i, n)] for i in range(len(data.events))
    }
    for index, names in wanted.items():
        usable = {}
        for name in names:
            p, s, _ = data.onsets[index][name]
            window = data.window(index, name)
            if window is None or window[2] > CLIP_COUNTS or s - p < SHORTEST_P_S + 0.5:
                continue
            values = np.array([ratios(band_rms(window[0], p, s, band)) for band in BANDS_HZ])
            if np.isfinite(values).any():
                usable[name] = values
        if not usable:
            continue
        stream = seissynth.generate(
            data.inventory, data.events[index], velocity_model=MODEL, seed=1, start=-LEAD_S, duration=80.0,
            preset=preset, **options,
        )  # fmt: skip
        for name, traces in real.by_station(stream).items():
            if name not in usable:
                continue
            p, s, _ = data.onsets[index][name]
            motion = np.array([trace.data.astype(float) for trace in traces])
            values = np.array([ratios(band_rms(motion, p, s, band), clean=False) for band in BANDS_HZ])
            found.append(usable[name])
            made.append(np.where(np.isfinite(usable[name]), values, np.nan))
    return np.log(np.array(found)), np.log(np.array(made)), sum(bool(n) for n in wanted.values())


def table(found, made):
    """Rows of the table, and the largest |ln| of generated over real medians."""
    rows, worst = [], 0.0
    for k, ratio in enumerate(RATIOS):
        for b, (low, high) in enumerate(BANDS_HZ):
            one, two = (real.summary(x[:, b, k]) for x in (found, made))
            factor = np.exp(two["median"] - one["median"])
            worst = max(worst, abs(np.log(factor)))
            ends = [np.exp([x[name] for name in ("median", "low", "high")]) for x in (one, two)]
            texts = ["{:.2f} ({:.2f} to {:.2f})".format(*x) for x in ends]
            rows.append([ratio, f"{low:g} to {high:g} Hz", one["n"], *texts, f"{factor:.2f}"])
    return rows, worst


def main():
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--preset", default="active")
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    data = Data(arguments.data)
    found, made, events = measure(data, arguments.preset, {})
    rows, worst = table(found, made)
    header = ["ratio", "band", "records", "real", "generated", "generated / real"]
    real.write_markdown(arguments.out / "bands.md", header, rows)
    print(f"{events} events, {len(found)} records; largest factor {np.exp(worst):.2f}")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
