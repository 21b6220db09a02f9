"""Similarity, spread, distributions, diversity, spectra, sections and samples of a backend at Ridgecrest.

    python -m tools.real_records.evaluation_pictures WINDOWS DATA [--out FOLDER]
    python -m tools.real_records.evaluation_pictures WINDOWS DATA --backend heggs [--weights FILE] --set FOLDER
        [--out FOLDER]

WINDOWS and DATA as in ``evaluate_ridgecrest.py``: the set that ``seissynth dataset cut`` makes, and the folder
that holds ``ridgecrest_2019/``. Tables and pictures go to ``docs/_static/evaluation``; the page
``docs/evaluation_similarity.md`` includes those of the default backend. With ``--set`` the groups are those of its
records; ``--backend`` sweeps magnitudes and draws a line of virtual stations.
"""

import argparse
import re
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import obspy

from seissynth.evaluation import EvaluationSettings, magnitude_sweep, virtual_section
from seissynth.evaluation.registry import GROUPS
from seissynth.plotting.evaluation_sections import plot_virtual_section
from seissynth.plotting.evaluation_spectra import plot_magnitude_sweep
from tools.real_records._real_records import save_picture, write_markdown
from tools.real_records._ridgecrest_rows import MODEL, Ridgecrest, generated_set

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
WANTED = ("similarity", "spread", "distributions", "diversity", "spectra", "sections", "samples", "ground_motion")
#: of the default backend, ``tools/real_records/evaluate_ground_motion.py`` says more
ELSEWHERE = ("ground_motion",)
#: length of the swept records, s; a learned backend makes no longer ones than LEARNED_S
LENGTH_S, LEARNED_S = 120.0, 60.0
SWEEP = (3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5)
SECTION_KM = np.arange(5.0, 76.0, 5.0)
SECTION_AZIMUTH_DEG = 320.0  # most stations are north-west of the earthquakes
SECTION_MAGNITUDES = (3.8, 5.0)  # the largest record of those between is drawn: above, sensors clip


def main():
    """Make all tables and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", choices=(*WANTED, "sweep", "section"), help="one part, without the table of all")
    parser.add_argument("--backend", default="stochastic")
    parser.add_argument("--weights", help="of a learned backend; default: those shipped with it")
    parser.add_argument("--set", type=Path, help="its records, in SeisBench's format")
    arguments = parser.parse_args()
    if (arguments.set is None) != (arguments.backend == "stochastic"):
        parser.error("a learned backend needs --set, and --set its --backend")
    arguments.out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    sequence = Ridgecrest(arguments.windows, arguments.data)
    if arguments.only in (None, *WANTED):
        _groups(_pairs(sequence, arguments), arguments)
    if arguments.only in (None, "sweep"):
        _sweep(arguments)
    if arguments.only in (None, "section"):
        _section(sequence, arguments)


def _pairs(sequence, arguments):
    if arguments.set is None:
        return sequence.stochastic(velocity_model=MODEL)
    return generated_set(sequence, arguments.set, arguments.backend)


def _options(arguments):
    """How the backend is called."""
    learned = {} if arguments.weights is None else {"weights": arguments.weights}
    return {"backend": arguments.backend, "velocity_model": MODEL, **learned}


def _groups(pairs, arguments):
    settings, lines = EvaluationSettings(), []
    all_of_them = [name for name in WANTED if arguments.set is not None or name not in ELSEWHERE]
    for name in all_of_them if arguments.only is None else (arguments.only,):
        group = GROUPS[name].compute(pairs, settings)
        draw = getattr(import_module(f"seissynth.plotting.evaluation_{name}"), f"draw_{name}")
        for number, (title, figure) in enumerate(draw(group, pairs), start=1):
            print(f"{name}_{number}.png: {title}")
            save_picture(figure, arguments.out / f"{arguments.backend}_{name}_{number}.png")
        lines += [_line(name, row) for row in group.summary.to_dict("records")]
        for title, table in group.tables.items():
            title = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
            path = arguments.out / f"{arguments.backend}_{name}_{title}.csv"
            table.to_csv(path, index=False, float_format="%.5g")
    if arguments.only is None:
        header = ["group", "metric", "unit", "value", "95 % interval", "perfect", "records", "note"]
        write_markdown(arguments.out / f"{arguments.backend}_similarity.md", header, lines)


def _line(name, row):
    low, high = row["low"], row["high"]
    limits = f"{low:.3g} to {high:.3g}" if np.isfinite(low) else ""
    best = f"{row['best']:g}" if np.isfinite(row["best"]) else ""
    return [
        name, row["metric"], row["unit"], f"{row['value']:.3g}", limits, best, str(row["records"]), row["note"] or "",
    ]  # fmt: skip


def _catalogue(arguments):
    folder = arguments.data / "ridgecrest_2019"
    return obspy.read_inventory(str(folder / "inventory.xml")), obspy.read_events(str(folder / "catalog.xml"))


def _chosen(catalogue):
    low, high = SECTION_MAGNITUDES
    return max((event for event in catalogue if low <= event.magnitudes[0].mag <= high), key=_size)


def _size(event):
    return event.magnitudes[0].mag


def _sweep(arguments):
    inventory, catalogue = _catalogue(arguments)
    event = _chosen(catalogue)
    event.magnitudes[0].magnitude_type = "Mw"
    sweep = magnitude_sweep(
        inventory.select(channel="HH?"), event, SWEEP, outside="allow",
        duration=LENGTH_S if arguments.set is None else LEARNED_S, **_options(arguments),
    )  # fmt: skip
    save_picture(plot_magnitude_sweep(sweep), arguments.out / f"{arguments.backend}_sweep.png")
    columns = list(sweep.table)
    write_markdown(
        arguments.out / f"{arguments.backend}_sweep.md", columns,
        [[f"{value:.3g}" if isinstance(value, float) else str(value) for value in row]
         for row in sweep.table.itertuples(index=False)],
    )  # fmt: skip


def _section(sequence, arguments):
    _, catalogue = _catalogue(arguments)
    event = _chosen(catalogue)
    options = {"seed": 1, "duration": 40.0, "outside": "allow", **_options(arguments)}
    stream = virtual_section(event, SECTION_KM, SECTION_AZIMUTH_DEG, **options)
    size = event.magnitudes[0].mag
    same = np.isclose(sequence.real.column("source_magnitude"), size)
    times = np.array([abs(obspy.UTCDateTime(text) - event.origins[0].time) for text in
                      sequence.real.metadata["source_origin_time"]])  # fmt: skip
    real = sequence.real.select(np.flatnonzero(same & (times < 1.0)))
    channels = real.metadata["trace_channel"].astype(str).to_numpy()
    real = real.select(np.flatnonzero(channels == "HH"))
    save_picture(plot_virtual_section(stream, real), arguments.out / f"{arguments.backend}_virtual_section.png")


if __name__ == "__main__":
    main()
