"""Compare durations of acceleration of generated records with their real counterparts and a published model.

    python -m tools.physics.compare_real_durations DATA WINDOWS [--sets strong_motion,california] [--out FOLDER]

DATA and WINDOWS as for `compare_envelopes`. Acceleration of both horizontals, 0.5 to 20 Hz, from P to 90 s after S;
the mean square before P is taken off. Records whose S is not 20 dB above it are left out. The model is Afshari &
Stewart (2016). The table goes to ``docs/_static/physics/durations_real.md``.
"""

import argparse
import itertools
import warnings
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from tools.physics._envelopes import generate, load
from tools.physics.compare_durations import afshari_stewart
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "physics"
SETS = ("strong_motion", "california", "germany", "ridgecrest")
PRESETS = ("active_windows", "active")
BAND_HZ = (0.5, 20.0)
SHARES = (0.05, 0.75, 0.95)
CLEAR = 100.0  # power of the first seconds of S over that before P
REFERENCE_S, AFTER_S_S = 5.0, 90.0
LEAST_MAGNITUDE = 3.0  # of the model
CLASSES_KM = (0.0, 40.0, 80.0, 1000.0)


def durations_of(power, rate, noise=0.0):
    """D5-75 and D5-95 of a power over time, with a constant power of noise taken off, s.

    Parameters
    ----------
    power : ndarray, shape (npts,)
    rate : float
    noise : float
    """
    grown = np.maximum.accumulate(np.cumsum(power - noise))
    times = np.searchsorted(grown / grown[-1], SHARES) / rate
    return times[1] - times[0], times[2] - times[0]


def measure(one, data, noisy):
    """D5-75, D5-95 and the power of S over that before P, of data that replace a recording."""
    motion = np.gradient(data, axis=1) * one.rate if one.velocity else data
    if noisy:
        motion = motion - motion[:, : max(int((one.p - 0.2) * one.rate), 2)].mean(axis=1, keepdims=True)
    band = butter(3, (BAND_HZ[0], min(BAND_HZ[1], 0.4 * one.rate)), "bandpass", fs=one.rate, output="sos")
    power = np.square(sosfilt(band, motion[1:], axis=1)).mean(axis=0)
    p, s = int(one.p * one.rate), int(one.s * one.rate)
    before = power[int(max(one.p - 6.0, 0.3) * one.rate) : int((one.p - 0.3) * one.rate)]
    noise = float(before.mean()) if noisy and len(before) > 0.4 * one.rate else 0.0
    clear = power[s : s + int(REFERENCE_S * one.rate)].mean() / max(noise, 1e-30)
    last = min(len(power), int((one.s + AFTER_S_S) * one.rate))
    return *durations_of(power[p:last], one.rate, noise), clear


def compare(recordings):
    """Hypocentral distance, then ln D5-75 and D5-95 of the real record, of each preset and of the model; a row each."""
    made = [generate(recordings, 1, preset=preset) for preset in PRESETS]
    rows = []
    for number, one in enumerate(recordings):
        *real, clear = measure(one, one.data, noisy=True)
        if clear < CLEAR:
            continue
        distance = float(np.hypot(one.distance_km, one.depth_km))
        drawn = [measure(one, records[number], noisy=False)[:2] for records in made]
        model = afshari_stewart(max(one.magnitude, LEAST_MAGNITUDE), distance)
        rows.append([distance, *np.log([real, *drawn, model]).ravel()])
    return np.array(rows)


def table_rows(name, found):
    """Medians of ln of the presets and of the model over the real durations, by class of distance."""
    lines = []
    for low, high in itertools.pairwise(CLASSES_KM):
        part = found[(found[:, 0] >= low) & (found[:, 0] < high)]
        if not len(part):
            continue
        values = part[:, 1:].reshape(len(part), -1, 2)
        medians = np.median(values[:, 1:] - values[:, :1], axis=0)
        text = f"{low:g} to {high:g} km" if high < CLASSES_KM[-1] else f"from {low:g} km"
        lines.append([name.replace("_", " "), text, len(part), *(f"{x:+.2f}" for x in medians.T.ravel())])
    return lines


def main():
    """Load, generate, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = []
    for name in arguments.sets.split(","):
        lines += table_rows(name, compare(load(name, arguments.data, arguments.windows)))
    sides = (*(f"`{preset}`" for preset in PRESETS), "model")
    header = ["records", "distance", "n", *(f"ln {d}, {side}" for d in ("D5-75", "D5-95") for side in sides)]
    write_markdown(arguments.out / "durations_real.md", header, lines)
    for line in lines:
        print(*line, sep="\t")


if __name__ == "__main__":
    main()
