"""Make the table of ``magnitude_conversion="closure"``, and measure the error of every conversion.

    python -m tools.physics.calibrate_magnitude [--check] [--out FOLDER]

Writes ``seissynth_plugins/stochastic/data/magnitude_closure.json`` (left alone with ``--check``), then the tables of
recovered local magnitudes over requested ones, for ``docs/durations_and_magnitudes.md``. Takes about a minute.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import seissynth
from seissynth.evaluation import local_magnitude
from seissynth.seeding import make_seeds
from seissynth.signal import wood_anderson_amplitude
from seissynth.traveltime.first_arrivals import onsets
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.closure import TABLE_PATH, digest, load_closure
from seissynth_plugins.stochastic.presets import PRESETS, make_parameters
from tools.real_records._real_records import write_markdown, write_text

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "calibration"
REGION = "southern_california"
MW = np.arange(0.0, 8.01, 0.25)
EPICENTRAL_KM = np.geomspace(15.0, 150.0, 10)  # where a regional network has most of its stations
DEPTH_KM = 8.0
MODEL = "iasp91"
RATE_HZ = 100.0
AFTER_S_S = 60.0
TABLE_DRAWS, CHECK_DRAWS = 8, 6
TABLE_SEED, CHECK_SEED = 1, 2  # the check must not meet the noise the table was made with
CHECK_ML = np.arange(1.0, 6.51, 0.5)
CONVERSIONS = ("closure", "piecewise", "southern_california", "central_europe", "none")


def network(magnitude, kind, draws):
    """Conditions of an earthquake at the stations, each `draws` times, straight to the free field at Vs30 760 m/s."""
    distance = np.repeat(EPICENTRAL_KM, draws)
    times = onsets(distance, DEPTH_KM, MODEL)
    return pd.DataFrame(
        {
            "source_magnitude": float(magnitude),
            "source_magnitude_type": kind,
            "source_depth_km": DEPTH_KM,
            "path_ep_distance_km": distance,
            "path_hyp_distance_km": np.hypot(distance, DEPTH_KM),
            "path_p_travel_s": times.p_s,
            "path_s_travel_s": times.s_s,
            "path_p_direct_travel_s": times.p_direct_s,
            "path_s_direct_travel_s": times.s_direct_s,
        }
    )


def station_magnitudes(backend, magnitude, kind, draws, seed):
    """Local magnitude of each record, mean of both horizontals; shape (stations, draws)."""
    table = network(magnitude, kind, draws)
    n = len(table)
    seeds = make_seeds(seed, ["event"] * n, [f"XX.S{i}" for i in range(n)], backend="stochastic")
    npts = int((table["path_s_direct_travel_s"].max() + AFTER_S_S) * RATE_HZ)
    records = backend.simulate(table, start_s=np.zeros(n), npts=npts, sampling_rate_hz=RATE_HZ, seeds=seeds)
    amplitude, _ = wood_anderson_amplitude(records.data[:, 1:], RATE_HZ, quantity="acceleration")
    distance = table["path_hyp_distance_km"].to_numpy()[:, np.newaxis]
    return local_magnitude(amplitude, distance, REGION).mean(axis=1).reshape(len(EPICENTRAL_KM), draws)


def measure(preset):
    """ML over Mw of one preset: mean over distances and draws, with the same noise at every Mw."""
    backend = StochasticBackend(preset=preset, magnitude_conversion="none")
    ml = [station_magnitudes(backend, mw, "Mw", TABLE_DRAWS, TABLE_SEED).mean() for mw in MW]
    return {
        "made_with": digest(PRESETS[preset]),
        "mw": [float(x) for x in MW],
        "ml": [round(float(x), 4) for x in ml],
    }


def make_table():
    """Measure every preset that has both horizontals and write the file."""
    presets = [name for name in PRESETS if not make_parameters(name).horizontal_s_only]
    stored = {
        "about": "Local magnitude of the backend's records over moment magnitude; magnitude_conversion='closure' "
        "takes the inverse, linear between the points.",
        "command": "python -m tools.physics.calibrate_magnitude",
        "version": seissynth.__version__,
        "region": REGION,
        "seismometer": "Wood-Anderson, gain 2080, 0.8 s, damping 0.7; zero to peak, mean of both horizontals",
        "epicentral_distances_km": [round(float(x), 1) for x in EPICENTRAL_KM],
        "depth_km": DEPTH_KM,
        "vs30_mps": 760.0,
        "draws_per_distance": TABLE_DRAWS,
        "seed": TABLE_SEED,
        "tables": {name: measure(name) for name in presets},
    }
    write_text(TABLE_PATH, json.dumps(stored, indent=1) + "\n")
    load_closure.cache_clear()


def closure_table(out):
    """ML in, ML out and the Mw between, for every preset with a table."""
    rows = []
    for preset in json.loads(TABLE_PATH.read_text(encoding="utf-8"))["tables"]:
        for conversion in CONVERSIONS if preset == "active" else ("closure",):
            backend = StochasticBackend(preset=preset, magnitude_conversion=conversion)
            found = [station_magnitudes(backend, ml, "ML", CHECK_DRAWS, CHECK_SEED) for ml in CHECK_ML]
            # a network's magnitude is the median of its stations'; here one network per draw
            networks = [np.median(one, axis=0).mean() - ml for one, ml in zip(found, CHECK_ML, strict=True)]
            rows.append([preset, conversion, *(f"{x:+.2f}" for x in networks)])
    header = ["preset", "conversion", *(f"ML {ml:g}" for ml in CHECK_ML)]
    write_markdown(out / "magnitude_closure.md", header, rows)


def distance_table(out):
    """Remaining error over distance with closure: the formula's path against the preset's."""
    rows = []
    backend = StochasticBackend(preset="active", magnitude_conversion="closure")
    for ml in (2.0, 4.0, 6.0):
        found = station_magnitudes(backend, ml, "ML", CHECK_DRAWS, CHECK_SEED).mean(axis=1) - ml
        rows.append([f"{ml:g}", *(f"{x:+.2f}" for x in found)])
    header = ["ML asked for", *(f"{x:.0f} km" for x in EPICENTRAL_KM)]
    write_markdown(out / "magnitude_closure_distance.md", header, rows)


def main():
    """Make and check."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="measure only")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.filterwarnings("error", category=seissynth.errors.SeisSynthWarning)
    if not options.check:
        make_table()
    closure_table(options.out)
    distance_table(options.out)


if __name__ == "__main__":
    main()
