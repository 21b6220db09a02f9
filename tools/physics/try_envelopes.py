"""Try other constants of energy over time: what each gives where the default falls short of its aims.

    python -m tools.physics.try_envelopes DATA WINDOWS --picker PHASENET [--only TEXT ...] [--name envelopes_tries]

Each trial changes one idea of the preset `active` and nothing is fitted again, so that a gain has to be seen against
what it costs elsewhere. Misfits, the last part before S and ratios of Z and H are those of `compare_envelopes`, on the
records that constants were not fitted to and on those of the fit. Writes a table to ``docs/_static/physics``.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.picking import SeisBenchPicker
from tools.physics._envelopes import load
from tools.physics.compare_envelopes import NEAR, OUT, compare
from tools.real_records._real_records import write_markdown

SETS = ("california", "ridgecrest", "strong_motion", "new_zealand")
#: sets of the ratios
RATIO_SETS = ("california", "ridgecrest", "strong_motion")
TRIALS = {
    "`active`": {},
    "less scattering, 0.009 per km": {"scattering_per_km": 0.009},
    "more scattering, 0.017 per km": {"scattering_per_km": 0.017},
    "more scattering and conversions, 0.017 and 0.7": {"scattering_per_km": 0.017, "scattering_conversion": 0.7},
    "still more scattering, 0.021, and conversions, 0.6": {"scattering_per_km": 0.021, "scattering_conversion": 0.6},
    "more scattering, 0.015, conversions, 0.6, and spread of S, by a quarter": {
        "scattering_per_km": 0.015,
        "scattering_conversion": 0.6,
        "s_kernel": (0.719, 0.44, 0.0291, -0.118),
    },
    "less absorption, Q 180": {"absorption_q0": 180.0},
    "more absorption, Q 90": {"absorption_q0": 90.0},
    "P lost less on its way, 0.8": {"q_p_ratio": 0.8},
    "more conversions, 0.7": {"scattering_conversion": 0.7},
    "forerunners 0.4 s before S": {"s_forerunner_s": 0.4},
    "forerunners of twice the energy": {"s_forerunner_power": 1.4},
    "no forerunners": {"s_forerunner_s": 0.0},
    "a path that spreads S half as much again": {"s_kernel": (0.719, 0.44, 0.035, -0.118)},
    "a path that spreads S half as much": {"s_kernel": (0.719, 0.44, 0.0117, -0.118)},
    "P spread as little on the path at 8 Hz as at 1": {"p_kernel": (0.949, 0.019, 0.00229, 0.0)},
    "direct S polarised, a third incoherent": {"s_depolarised": ((1.0, 0.33), (20.0, 0.33))},
    "direct S incoherent": {"s_depolarised": ((1.0, 1.0), (20.0, 1.0))},
    "direct P polarised, a tenth incoherent": {"p_depolarised": ((1.0, 0.1), (20.0, 0.1))},
    "scattered S on Z 0.55 of one horizontal in all bands": {"s_coda_vertical": ((1.0, 0.55), (20.0, 0.55))},
}
HEADER = (
    "trial", "California H", "Z", "last part before S, H", "Z ", "Ridgecrest H", "strong motion H",
    "its last part, H", "its last part, Z", "New Zealand H", "its last part, H ", "its last part, Z ",
    f"Z/H within {NEAR}",
)  # fmt: skip


def main():
    """Load the records once, make every trial, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--picker", type=Path, help="PhaseNet's file: S is picked where it would be predicted")
    parser.add_argument("--only", nargs="+", default=[""], help="trials whose name contains one of these")
    parser.add_argument("--most", type=int, default=80, help="records of a set, evenly chosen")
    parser.add_argument("--name", default="envelopes_tries")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    picker = SeisBenchPicker(options.picker) if options.picker else None
    halves = {}
    for name in SETS:
        recordings = load(name, options.data, options.windows, picker)
        for half, start in (("test", 1), ("fit", 0)):
            one = recordings[start::2]
            chosen = np.unique(np.linspace(0, len(one) - 1, min(len(one), options.most)).astype(int))
            halves[name, half] = [one[i] for i in chosen]
    rows = []
    for label, constants in TRIALS.items():
        if any(text in label for text in options.only):
            rows.append(trial_row(label, halves, {**constants, "preset": "active"}))
            print(*rows[-1], sep="\t", flush=True)
            options.out.mkdir(parents=True, exist_ok=True)
            write_markdown(options.out / f"{options.name}.md", HEADER, rows)


def trial_row(label, halves, options):
    """A row: numbers of the other records, those of the fit after a slash."""
    found = {of: compare(recordings, options) for of, recordings in halves.items()}

    def both(name, key):
        return "/".join(f"{found[name, half][key]:.2f}" for half in ("test", "fit"))

    near = []
    for half in ("test", "fit"):
        far = np.concatenate(
            [np.abs(np.subtract(*found[name, half]["ratios"])).ravel() for name in RATIO_SETS if (name, half) in found]
        )
        far = far[np.isfinite(far)]
        near.append(f"{(far <= NEAR).sum()} of {far.size}")
    keys = (("california", "h"), ("california", "z"), ("california", "h_last"), ("california", "z_last"),
            ("ridgecrest", "h"), ("strong_motion", "h"), ("strong_motion", "h_last"), ("strong_motion", "z_last"),
            ("new_zealand", "h"), ("new_zealand", "h_last"), ("new_zealand", "z_last"))  # fmt: skip
    return [label, *(both(*key) for key in keys), "; ".join(near)]


if __name__ == "__main__":
    main()
