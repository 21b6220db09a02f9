"""Compare two ways to train a picker, with intervals: `compare_pickers.py DATA WORK "A|B" ...`.

    python -m tools.downstream.compare_pickers DATA WORK "swag500 only|500 real, shifted" [--name NAME]

WORK is a folder of ``downstream.py``: rows A and B of its table, with the same seeds. Their weights are applied to the
same test records, and the difference of F1 (picks near the label) gets an interval over records and seeds, which is
narrower than those of two rows: records that are hard are hard for both. Tables NAME.md and NAME.csv.
"""

import argparse
from pathlib import Path

import pandas as pd

from seissynth.evaluation.downstream.picker_training import matches_by_phase, predict
from seissynth.evaluation.downstream.picker_windows import resampled, shifted
from seissynth.evaluation.downstream.pickers import weights_path
from seissynth.evaluation.downstream.picks import f1_difference
from seissynth.picking.models import load_picker
from tools.downstream.downstream import OUT, SHIFT_S, labelled
from tools.real_records._real_records import write_markdown


def matches(work, name, seeds, test):
    """Matches of a row of the table, by phase: a list with an array for each seed."""
    out = {"P": [], "S": []}
    for seed in range(seeds):
        model = load_picker(weights_path(work, name, seed))
        data = resampled(test, float(model.sampling_rate))
        for phase, rows in matches_by_phase(predict(model, data.waveforms), data, near=True).items():
            out[phase].append(rows)
    return out


def main():
    """Compare, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("pairs", nargs="+", help="two rows, with | between them")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--name", default="downstream_differences")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    test = shifted(labelled(arguments.data / "sichuan_yunnan_station", "test"), SHIFT_S, seed=1)
    known, lines = {}, []
    for pair in arguments.pairs:
        names = pair.split("|")
        for name in names:
            if name not in known:
                known[name] = matches(arguments.work, name, arguments.seeds, test)
        for phase in ("P", "S"):
            difference, low, high = f1_difference(*(known[name][phase] for name in names))
            lines.append([names[0], names[1], phase, difference, low, high])
            print("\t".join(map(str, lines[-1])), flush=True)
    header = ["trained on", "less", "phase", "F1", "low", "high"]
    arguments.out.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(lines, columns=header).round(4).to_csv(arguments.out / f"{arguments.name}.csv", index=False)
    cells = [[a, b, phase, f"**{d:+.3f}** [{low:+.3f}, {high:+.3f}]"] for a, b, phase, d, low, high in lines]
    write_markdown(arguments.out / f"{arguments.name}.md", [*header[:3], "F1 less F1 [95 %]"], cells)


if __name__ == "__main__":
    main()
