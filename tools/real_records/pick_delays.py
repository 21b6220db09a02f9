"""How well onsets meet picks that the fit did not see: a velocity model alone, and with delays of stations.

    python -m tools.real_records.pick_delays DATA/new_zealand_2013 [--model LAYERS.json] [--draws 2000]

DATA holds ``catalog.xml`` with picks and ``inventory.xml``. Delays are fitted to every other earthquake, in order of
time, and judged on the rest, and the other way round. An earthquake's own mean over P and S picks together is taken
off, since origin times have errors; intervals are of a bootstrap over earthquakes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import obspy

import seissynth
from seissynth.picked_delays import pick_residuals
from seissynth.traveltime.station_delays import REACH_S


def main():
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("data", type=Path)
    options.add_argument("--model", default="iasp91", help="a name, or a JSON file of rows (top, vp, vs)")
    options.add_argument("--draws", type=int, default=2000)
    arguments = options.parse_args()
    model = arguments.model
    if model.endswith(".json"):
        model = json.loads(Path(model).read_text(encoding="utf-8"))
    inventory = obspy.read_inventory(arguments.data / "inventory.xml")
    events = sorted(obspy.read_events(arguments.data / "catalog.xml"), key=lambda one: one.origins[0].time)
    print("| phase | picks | model alone | with delays | ratio |\n| --- | --- | --- | --- | --- |")
    for cells in table(inventory, events, model, arguments.draws):
        print("| " + " | ".join(map(str, cells)) + " |")


def table(inventory, events, model, draws):
    """Rows of the table: rms of what picks are late by."""
    halves = events[::2], events[1::2]
    plain, fitted = [], []
    for known, unknown in (halves, halves[::-1]):
        delays = seissynth.fit_station_delays(inventory, known, velocity_model=model)
        plain.append(pick_residuals(inventory, unknown, velocity_model=model))
        fitted.append(pick_residuals(inventory, unknown, velocity_model=delays))
    before, after = (_from_their_mean(parts) for parts in (plain, fitted))
    rows = []
    for phase in "PS":
        mine = (before["phase"] == phase).to_numpy()
        names = before["event"].to_numpy()[mine]
        late = np.array([one["late_s"].to_numpy()[mine] for one in (before, after)])
        found = _rms(late, names, np.unique(names))
        rng = np.random.default_rng(0)
        drawn = np.array([_rms(late, names, rng.choice(np.unique(names), len(np.unique(names)))) for _ in range(draws)])
        low, high = np.percentile(drawn[:, 1] / drawn[:, 0], (2.5, 97.5))
        rows.append([phase, int(mine.sum()), f"{found[0]:.3f} s", f"{found[1]:.3f} s",
                     f"{found[1] / found[0]:.2f} [{low:.2f}, {high:.2f}]"])  # fmt: skip
    return rows


def _from_their_mean(parts):
    """Picks within reach of the model, less the mean of their earthquake."""
    import pandas as pd

    found = pd.concat(parts, ignore_index=True)
    found = found[np.abs(found["late_s"]) <= found["phase"].map(REACH_S)].reset_index(drop=True)
    found["late_s"] -= found.groupby("event")["late_s"].transform("mean")
    return found


def _rms(late, names, chosen):
    counts = dict.fromkeys(names, 0)
    for name in chosen:
        counts[name] += 1
    weights = np.array([counts[name] for name in names], dtype=float)
    return np.sqrt((weights * late**2).sum(axis=1) / weights.sum())


if __name__ == "__main__":
    main()
