"""The report of the Ridgecrest records beside the default backend: `first_report.py WINDOWS DATA -o REPORT.html`.

    python -m tools.real_records.first_report WINDOWS DATA --picker FILE -o REPORT.html [--draws 5]

WINDOWS was made by ``seissynth dataset cut`` (see `evaluate_ridgecrest.py`), DATA holds ``ridgecrest_2019/``.
The default backend makes several draws of every record, with southern California's velocity model and all random terms.
Tables of the page ``docs/evaluation_first_report.md`` go to ``docs/_static/evaluation``.
"""

import argparse
import base64
import re
from pathlib import Path

import numpy as np
import obspy

import seissynth
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
NAME = "stochastic"
FLOOR = "representation alone"
#: pictures of the report that the page shows, and their files
PICTURES = {
    "Good samples: waveforms": "good",
    "Bad samples: waveforms": "bad",
    "Fourier spectra by magnitude": "spectra",
    "Spread between draws": "spread",
}


def main():
    """Generate, evaluate, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--picker")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    folder = arguments.data / "ridgecrest_2019"
    inventory = obspy.read_inventory(str(folder / "inventory.xml"))
    catalog = obspy.read_events(str(folder / "catalog.xml"))
    made = seissynth.generate(
        inventory, catalog, realizations=arguments.draws, start=0, duration=60, channel="*", sampling_rate=100,
        velocity_model="southern_california", seed=1,
    )  # fmt: skip
    found = seissynth.evaluate(
        str(arguments.windows), {NAME: made}, inventory=inventory, picker=arguments.picker, report=arguments.output,
        progress=lambda done, total, what: print(f"{done}/{total} {what}", flush=True),
    )  # fmt: skip
    print(found.missing, found.failures)
    write_leaderboard(found, arguments.out)
    write_differences(found, arguments.out)
    write_pictures(arguments.output, arguments.out)


def write_pictures(report, out):
    """The pictures that the page shows, out of the report."""
    for data, title in re.findall(r"src='data:image/png;base64,([^']+)' alt='([^']+)'", report.read_text("utf-8")):
        if title in PICTURES:
            (out / f"first_report_{PICTURES[title]}.png").write_bytes(base64.b64decode(data))


def write_leaderboard(found, out):
    """One line a metric: every set with its interval."""
    board = found.leaderboard.set_index("set") if "set" in found.leaderboard else found.leaderboard
    metrics = [name for name in board if not str(name).endswith((" low", " high"))]
    lines = []
    for metric in metrics:
        cells = [_cell(board.loc[name], metric) for name in board.index]
        lines.append([f"`{metric}`", *cells])
    write_markdown(out / "first_report_leaderboard.md", ["metric", *board.index], lines)


def _cell(row, metric):
    value, low, high = (float(row.get(metric + end, np.nan)) for end in ("", " low", " high"))
    if not np.isfinite(value):
        return "–"
    return f"{value:.3g} [{low:.3g}, {high:.3g}]" if np.isfinite(low) else f"{value:.3g}"


def write_differences(found, out):
    """Leading metrics in which the generated set differs from a baseline by more than chance."""
    table = found.differences
    rivals = table["less"] != FLOOR
    table = table[(table["set"] == NAME) & rivals & table["differs"] & table["metric"].isin(list(found.leaderboard))]
    lines = [
        [f"`{row['metric']}`", row["less"], f"{row['difference']:.3g} [{row['low']:.3g}, {row['high']:.3g}]",
         str(int(row["records"]))]
        for _, row in table.iterrows()
    ]  # fmt: skip
    write_markdown(out / "first_report_differences.md", ["metric", "minus", "difference", "records"], lines)


if __name__ == "__main__":
    main()
