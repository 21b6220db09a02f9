"""Compare peaks of drawn records with their prediction: level, scatter, and what stations of an earthquake share.

    python -m tools.residuals.conditioned_draws DATA_FOLDER [--events 0 20] [--draws 40] [--out FOLDER]

Ridgecrest, stations of the network CI, with the other stations' records as sources, and without any.
"""

import argparse
from pathlib import Path

import numpy as np
import obspy

import seissynth
from seissynth_plugins.conditioned.backend import ConditionedBackend
from tools.real_records._real_records import write_markdown
from tools.residuals._records import with_quantity

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "conditioned"
OPTIONS = {
    "backend": ConditionedBackend, "magnitude_conversion": "southern_california", "output": "ACC", "seed": 2,
    "velocity_model": "southern_california", "duration": 60.0, "start": 0,
}  # fmt: skip


def main():
    """Draw, and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--events", type=int, nargs="+", default=[0, 20], help="numbers in the catalogue")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    folder = arguments.data / "ridgecrest_2019"
    inventory = obspy.read_inventory(str(folder / "inventory.xml")).select(network="CI")
    catalog = obspy.read_events(str(folder / "catalog.xml"))
    stream = with_quantity(obspy.read(str(folder / "waveforms.mseed")).select(network="CI"), inventory)
    lines = []
    for number in arguments.events:
        event = catalog[number]
        time = event.origins[0].time
        for name, source in (("others", stream.slice(time - 20, time + 60)), ("none", None)):
            draws = seissynth.generate(inventory, event, source=source, realizations=arguments.draws, **OPTIONS)
            lines.append([f"M {event.magnitudes[0].mag:.1f}, {time.isoformat()[:19]}", name, *_compare(draws)])
    header = [
        "earthquake",
        "sources",
        "mean ln PGA of draws less predicted",
        "sd over predicted",
        "correlation of stations",
    ]
    write_markdown(arguments.out / "draws.md", header, lines)
    print((arguments.out / "draws.md").read_text(encoding="utf-8"))


def _compare(draws):
    """Means over stations of level and scatter, and mean correlation between stations over draws, as text."""
    peaks, levels, ratios = [], [], []
    for trace in draws[0].select(component="Z"):
        own = [stream.select(station=trace.stats.station, component="[NE]") for stream in draws]
        ln_peak = np.array([np.log([np.abs(one.data).max() for one in pair]).mean() for pair in own])
        about = trace.stats.seissynth.truth
        levels.append(ln_peak.mean() - about["ln_pga"])
        ratios.append(ln_peak.std(ddof=1) / about["ln_pga_std"])
        peaks.append(ln_peak)
    shared = np.corrcoef(peaks)[np.triu_indices(len(peaks), 1)].mean()
    return f"{np.mean(levels):+.2f}", f"{np.mean(ratios):.2f}", f"{shared:.2f}"


if __name__ == "__main__":
    main()
