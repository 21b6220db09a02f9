"""Ground motion, magnitudes and sources of generated records beside the Ridgecrest ones: tables and pictures.

    python -m tools.real_records.evaluate_ground_motion DATA SET [--draws 2] [--preset active] [--out FOLDER]

DATA holds ``ridgecrest_2019/``, SET is the folder that ``seissynth dataset cut`` made of it. The generated records are
the stochastic default with random terms, or another preset of it. Output goes to ``docs/_static/evaluation``; the page
``docs/evaluation_ground_motion.md`` includes it. Takes three minutes.
"""

import argparse
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pandas as pd

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth.evaluation import pair_sets, read_record_set, streams_to_record_set
from seissynth.evaluation.groups.ground_motion_groups import ground_motion_group, magnitude_group
from seissynth.evaluation.groups.source import source_group
from seissynth.plotting.evaluation_ground_motion import draw_ground_motion
from seissynth.plotting.evaluation_magnitude import draw_magnitude
from seissynth.plotting.evaluation_source import draw_source
from tools.real_records import _real_records as real

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
OPTIONS = {"velocity_model": "southern_california", "magnitude_conversion": "southern_california"}
GROUPS = ((ground_motion_group, draw_ground_motion), (magnitude_group, draw_magnitude), (source_group, draw_source))
LEFT_OUT = ("Records", "Earthquakes", "Sources", "HVSR", "HEGGS figure 2")  # one row per record or event: pictures


def generated(folder, draws, preset="active"):
    """All events at all sensors, `draws` realisations as one RecordSet."""
    inventory = obspy.read_inventory(str(folder / "inventory.xml"))
    catalogue = obspy.read_events(str(folder / "catalog.xml"))
    parts = []
    for k in range(draws):
        stream = obspy.Stream()
        for one in seissynth.iter_generate(
            inventory, catalogue, duration=60.0, seed=1, realization=k, output="VEL", preset=preset, **OPTIONS
        ):
            stream += one
        parts.append(streams_to_record_set(stream, "stochastic", inventory=inventory))
    arrays = {name: np.concatenate([getattr(part, name) for part in parts])
              for name in ("data", "start_s", "p_s", "s_s", "mask_end_s")}  # fmt: skip
    return replace(parts[0], metadata=pd.concat([part.metadata for part in parts]), **arrays)


def number(value, digits=2):
    """A number as text."""
    return "–" if not np.isfinite(value) else f"{value:.{digits}f}"


def write_summary(group, path):
    """Summary of a group as a Markdown table."""
    rows = []
    for row in group.summary.itertuples():
        limits = f"{number(row.value)} [{number(row.low)}, {number(row.high)}]"
        best = f"{row.best:g}" if np.isfinite(row.best) else "–"
        rows.append([row.metric, row.unit, limits, best, row.records, row.events, row.note])
    header = ["metric", "unit", "value [95 %]", "best", "records", "events", "what"]
    real.write_markdown(path, header, rows)


def write_table(table, path):
    """Any table, numbers with two digits."""
    rows = [[number(x) if isinstance(x, float) else x for x in row] for row in table.itertuples(index=False)]
    real.write_markdown(path, list(table.columns), rows)


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("set", type=Path)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--preset", default="active", help="of the stochastic backend")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=SeisSynthWarning)
    made = generated(options.data / "ridgecrest_2019", options.draws, options.preset)
    pairs = pair_sets(read_record_set(options.set, "real"), made)
    for make, draw in GROUPS:
        group = make(pairs)
        write_summary(group, options.out / f"{group.name}.md")
        for title, table in group.tables.items():
            if title not in LEFT_OUT:
                words = "".join(c if c.isalnum() else " " for c in title.lower()).split()
                write_table(table, options.out / f"{group.name}_{'_'.join(words)}.md")
        real.write_text(options.out / f"{group.name}_notes.md", "".join(f"- {note}\n" for note in group.notes))
        for k, (_, figure) in enumerate(draw(group, pairs), start=1):
            real.save_picture(figure, options.out / f"{group.name}_{k}.png")


if __name__ == "__main__":
    main()
