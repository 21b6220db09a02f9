"""Arrivals of generated Ridgecrest records by several pickers: `evaluate_arrivals.py REAL GENERATED`.

    python -m tools.real_records.evaluate_arrivals REAL GENERATED [--weights phasenet.pt] [--out FOLDER]

REAL is the set that ``seissynth dataset cut`` makes of the continuous records, GENERATED one of the same earthquakes
and sensors. Akaike's criterion and ObsPy's picker are always asked, PhaseNet where weights are given. Writes a table
and, of the last picker, pictures and a table by distance.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation.groups.arrivals import arrivals_group, reference_onsets
from seissynth.evaluation.record_sets import pair_sets, read_record_set
from seissynth.evaluation.results import EvaluationSettings
from seissynth.picking.pickers import NEAR_S, make_picker
from seissynth.plotting.evaluation_arrivals import draw_arrivals
from tools.real_records._real_records import save_picture, write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"


def lines_of(name, summary):
    """Rows of the overview: generated records and the floor, for both phases."""
    out = []
    for phase in ("P", "S"):
        for prefix, records in ((phase.lower(), name), (f"{phase.lower()}_floor", "real, moved (floor)")):
            matched, f1, mae, misses, median = (
                summary.loc[f"{prefix}_{key}"] for key in ("matched", "f1", "mae_s", "mae_with_misses_s", "median_s")
            )
            out.append([
                phase, records, int(matched["records"]), f"{100 * matched['value']:.1f}", interval(f1, 3),
                interval(mae), interval(misses), f"{median['value']:+.2f}",
            ])  # fmt: skip
    return out


def interval(row, digits=2):
    """Value and its interval."""
    return f"**{row['value']:.{digits}f}** [{row['low']:.{digits}f}, {row['high']:.{digits}f}]"


def without_association(real, picker):
    """Mean absolute error of the most probable pick of a whole record, for real records against themselves."""
    references = reference_onsets(real, picker)
    late = {phase: [] for phase in NEAR_S}
    for row in range(len(real)):
        for phase, (shift, probability) in picker.probabilities(real.data[row], real.sampling_rate_hz).items():
            wanted = references.time_s[phase][row]
            if np.isfinite(wanted) and np.nanmax(probability, initial=0.0) >= picker.threshold:
                at = (int(np.nanargmax(probability)) + shift) / real.sampling_rate_hz + real.start_s[row]
                late[phase].append(abs(at - wanted))
    return {phase: float(np.mean(found)) for phase, found in late.items()}


def main():
    """Pick, write tables and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("generated", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    pairs = pair_sets(read_record_set(arguments.real, "real"), read_record_set(arguments.generated, "stochastic"))
    lines = []
    for name in ("aic", "ar_aic", *([arguments.weights] if arguments.weights else [])):
        picker = make_picker(name)
        group = arrivals_group(pairs, EvaluationSettings(picker=picker))
        lines += [[picker.name, *line] for line in lines_of(pairs.name, group.summary.set_index("metric"))]
    half_widths = " and ".join(f"±{width:g} s ({phase})" for phase, width in NEAR_S.items())
    write_markdown(
        arguments.out / "arrivals.md",
        ["picker", "phase", "records", "n", f"picked within {half_widths}, %", "F1 at 0.5 s", "MAE (s)",
         "MAE with misses (s)", "median (s)"],
        lines,
    )  # fmt: skip
    group.tables["By distance"].round(3).to_csv(arguments.out / "arrivals_by_distance.csv", index=False)
    one = group.tables["One random station for each earthquake"]
    write_markdown(
        arguments.out / "arrivals_one_station.md",
        ["phase", "records", "earthquakes", "MAE, first choice of stations (s)", "mean of 100 choices (s)", "sd (s)"],
        [[r["phase"], r["records"], r["earthquakes"], f"{r['mae_s']:.2f}", f"{r['mean_of_100_choices_s']:.2f}",
          f"{r['sd_of_100_choices_s']:.2f}"] for _, r in one.iterrows()],
    )  # fmt: skip
    for (_, figure), part in zip(draw_arrivals(group, pairs), ("errors", "distance"), strict=True):
        save_picture(figure, arguments.out / f"arrivals_{part}.png")
    if arguments.weights:
        print("most probable pick of the whole record, MAE (s):", without_association(pairs.real, picker))


if __name__ == "__main__":
    main()
