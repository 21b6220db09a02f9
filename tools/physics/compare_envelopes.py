"""Compare how energy spreads over time in bands in generated records and in real ones of five sets.

    python -m tools.physics.compare_envelopes DATA WINDOWS [--sets ridgecrest,california] [--half test]
        [--presets active_windows,active] [--constants FILE] [--set NAME=VALUE ...] [--out FOLDER]

DATA holds the real sets; WINDOWS was made of the Ridgecrest ones by ``seissynth dataset cut`` with picks. Energies are
taken in six octave bands and 18 parts of time, six between P and S, over their mean in the first five seconds of S.
Stacks are means over records; the table has the mean size of their difference in ln, that of the last part before S,
and the differences of ln D5-75 and ln D5-95. ``--half fit`` and ``--half test`` take every second record of a set,
those that constants were fitted to and the others. ``--sets mexico``, with ``--picker``, takes the accelerographs of
Mexico, which are for evaluation only. Tables go to ``docs/_static/physics``.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

from seissynth.picking import SeisBenchPicker
from tools.physics._envelopes import (
    BANDS_HZ,
    FOLDERS,
    LAST_BEFORE_S,
    generate,
    load,
    made_measures,
    named_values,
    real_measures,
    relative,
    vertical_ratios,
)
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "physics"
SETS = ("ridgecrest", *FOLDERS)
LEAST_RECORDS = 10
#: difference of ln Z/H that is aimed at
NEAR = 0.25
RATIO_NAMES = ("P, first quarter", "S, 0 to 1 s", "S, 8 to 12 s")
HEADER = (
    "records", "n", "H, mean size of ln", "Z", "last part before S, H", "Z ", "ln D5-75, H", "ln D5-95, H",
    "one record, rms",
)  # fmt: skip


def compare(recordings, options, seeds=(1,)):
    """Scores of generated records in the places of real ones."""
    real = [real_measures(one) for one in recordings]
    seen = np.array([relative(parts) for parts, _ in real])
    lasting = np.array([durations for _, durations in real])
    made, made_lasting, ratios = [], [], []
    for seed in seeds:
        records = generate(recordings, seed, **options)
        found = [
            made_measures(data, one, parts, seed + number)
            for number, (data, one, (parts, _)) in enumerate(zip(records, recordings, real, strict=True))
        ]
        # the same parts are compared, and the same reference
        made.append(
            [relative(np.where(np.isfinite(parts), x[0], np.nan)) for x, (parts, _) in zip(found, real, strict=True)]
        )
        made_lasting.append([x[1] for x in found])
        masked = [np.where(np.isfinite(parts), x[0], np.nan) for x, (parts, _) in zip(found, real, strict=True)]
        ratios.append([vertical_ratios(parts) for parts in masked])
    made, made_lasting = np.array(made).mean(0), np.array(made_lasting).mean(0)
    difference = made - seen
    enough = np.isfinite(difference).sum(axis=0) >= min(LEAST_RECORDS, len(recordings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # parts that no record has
        stack = np.where(enough, np.nanmean(difference, axis=0), np.nan)
        durations = np.nanmean(np.log(made_lasting / lasting), axis=(0, 1))
        pairs = [np.array([vertical_ratios(parts) for parts, _ in real]), np.mean(ratios, axis=0)]
        few = np.isfinite(pairs[0]).sum(axis=0) < min(LEAST_RECORDS, len(recordings))
        ratios = [np.where(few, np.nan, np.nanmedian(x, axis=0)) for x in pairs]
    return {
        "stack": stack, "ratios": ratios,
        "z": float(np.nanmean(abs(stack[:, 0]))), "h": float(np.nanmean(abs(stack[:, 1]))),
        "z_last": float(np.nanmean(stack[:, 0, LAST_BEFORE_S])),
        "h_last": float(np.nanmean(stack[:, 1, LAST_BEFORE_S])),
        "d75": float(durations[0, 0]), "d95": float(durations[0, 1]),
        "one": float(np.sqrt(np.nanmean(np.square(difference[:, :, 1])))),
    }  # fmt: skip


def main():
    """Load, generate, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--presets", default="active_windows,active")
    parser.add_argument(
        "--half",
        choices=("all", "fit", "test"),
        default="all",
        help="every second record, those of the fit or the others",
    )
    parser.add_argument("--most", type=int, default=80, help="records of a set, evenly chosen")
    parser.add_argument("--constants", type=Path, help="JSON file of constants for transport, as fit_envelopes writes")
    parser.add_argument("--fitted", default="active", help="presets that take --constants")
    parser.add_argument("--set", action="append", default=[], help="NAME=VALUE, a constant of the backend")
    parser.add_argument("--stacks", action="store_true", help="print the stacks of H by band")
    parser.add_argument("--ratios", action="store_true", help="print ln of Z over H in three parts of time")
    parser.add_argument("--picker", type=Path, help="PhaseNet's file: S is picked where it would be predicted")
    parser.add_argument("--name", default="envelopes")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    picker = SeisBenchPicker(arguments.picker) if arguments.picker else None
    constants = named_values(arguments.set)
    lines = []
    for name in arguments.sets.split(","):
        recordings = load(name, arguments.data, arguments.windows, picker)
        if arguments.half != "all":
            recordings = recordings[(0 if arguments.half == "fit" else 1) :: 2]
        chosen = np.unique(np.linspace(0, len(recordings) - 1, min(len(recordings), arguments.most)).astype(int))
        recordings = [recordings[i] for i in chosen]
        for preset in arguments.presets.split(","):
            fitted = json.loads(arguments.constants.read_text()) if arguments.constants else {}
            own = {**(fitted if preset in arguments.fitted.split(",") else {}), **constants}
            found = compare(recordings, {**own, "preset": preset})
            numbers = [found[key] for key in ("h", "z", "h_last", "z_last", "d75", "d95", "one")]
            lines.append([f"{name}, {preset}", str(len(recordings)), *(f"{value:.2f}" for value in numbers)])
            print("\t".join(lines[-1]), flush=True)
            if arguments.ratios:
                near = np.abs(found["ratios"][1] - found["ratios"][0])
                near = near[np.isfinite(near)]
                print(f"  ratios within {NEAR}: {(near <= NEAR).sum()} of {near.size}; mean size {near.mean():.2f}")
                for text, *pair in zip(RATIO_NAMES, *(values.T for values in found["ratios"]), strict=True):
                    for what, row in zip(("real", "made"), pair, strict=True):
                        print(f"  {text}, {what}", " ".join(f"{value:+.2f}" for value in row), flush=True)
            if arguments.stacks:
                for (low, high), row in zip(BANDS_HZ, found["stack"][:, 1], strict=True):
                    print(f"  {low:g}-{high:g} Hz", " ".join(f"{value:+.2f}" for value in row), flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_markdown(arguments.out / f"{arguments.name}.md", HEADER, lines)


if __name__ == "__main__":
    main()
