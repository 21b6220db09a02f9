"""Compare how P and S begin in real and generated records: rms in bins after the onset over the rms that follows.

    python -m tools.heggs.heggs_onsets WINDOWS WORK NAME --picker FILE [--folds 1 3] [--with-source] [--out FOLDER]

WINDOWS, WORK and NAME as for `heggs_ridgecrest.py`, whose ``train ... --steps 0 --keep-dev`` made the weights.
The validation block of each fold is predicted, one draw of each record; the test blocks are not touched. Real records
are aligned by the picker, generated ones by their predicted onsets. Only records count in which the real phase rises
above the motion before it. `seissynth_plugins.heggs.onset_gates.IMPULSES` was chosen by this table: generated rows
should be like the real one.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from seissynth.picking.pickers import make_picker, pick_records
from seissynth_plugins.heggs.generation import to_waveforms
from seissynth_plugins.heggs.onset_gates import IMPULSES, gate_onsets
from tools.heggs._record_maker import RecordMaker
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
RATE_HZ = 100.0
BINS_S = ((0.0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.5), (0.5, 0.8), (0.8, 1.2), (1.2, 2.0))
#: reference interval of the bins; interval before a phase, which it must exceed by this factor; s after its onset
FOLLOWS_S, BEFORE_S, CLEAR = (0.5, 2.0), (-1.5, -0.2), 2.0
COMPONENTS = {"vertical": [0], "horizontal": [1, 2]}
#: the components that decide whether a phase is clear
STRONG = {"P": "vertical", "S": "horizontal"}
SETTINGS = {"generated, not raised": {}, "generated": IMPULSES}


def main():
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("name")
    parser.add_argument("--picker", required=True)
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--with-source", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    picker, found = make_picker(arguments.picker), {}
    for fold in arguments.folds:
        maker = RecordMaker(
            arguments.windows, arguments.work / arguments.name, fold, part="dev", draws=1,
            with_source=arguments.with_source, threads=arguments.threads,
        )  # fmt: skip
        for key, values in _profiles(maker, picker, arguments.threads).items():
            found.setdefault(key, []).append(values)
    lines = []
    for (phase, component, name), parts in found.items():
        values = np.concatenate(parts)
        middle = np.median(values, axis=0)
        lines.append([f"{phase}, {component}", name, str(len(values)), *(f"{value:.2f}" for value in middle)])
        print(" | ".join(lines[-1]), flush=True)
    titles = ["phase", "records are", "number", *(f"{first:g} to {last:g} s" for first, last in BINS_S)]
    write_markdown(arguments.out / f"onsets_{'with' if arguments.with_source else 'without'}_source.md", titles, lines)


def _profiles(maker, picker, threads):
    columns = maker.table.table.iloc[maker.rows]
    onsets = maker.inputs.onsets(columns)
    real = maker.table.waveforms(maker.rows)
    expected = dict(zip("PS", onsets.T, strict=True))
    picked = pick_records(picker, real, RATE_HZ, expected, np.zeros(len(real)))
    x, seeds = maker.draw(0, maker.inputs.conditions(columns), onsets)
    form, statistics = maker.inputs.inverted, maker.inputs.statistics
    plain = to_waveforms(x, form, statistics, seeds, texture=maker.texture, workers=threads)
    sets = {"real": (real, picked)} | {
        name: (gate_onsets(plain, x, form, statistics, onsets, threads, impulses), expected)
        for name, impulses in SETTINGS.items()
    }
    out = {}
    for phase, strong in STRONG.items():
        clear = np.isfinite(expected[phase]) & np.isfinite(picked[phase])
        clear[clear] = [
            _clear(*row) for row in zip(real[clear][:, COMPONENTS[strong]], picked[phase][clear], strict=True)
        ]
        for component, which in COMPONENTS.items():
            for name, (records, at) in sets.items():
                pairs = zip(records[clear][:, which], at[phase][clear], strict=True)
                out[phase, component, name] = np.array([_profile(*pair) for pair in pairs])
    return out


def _ln_rms(data, onset_s, span_s):
    first, last = (round((onset_s + edge) * RATE_HZ) for edge in span_s)
    return np.log(np.sqrt(np.mean(np.square(data[:, max(first, 0) : last], dtype=float))))


def _profile(data, onset_s):
    follows = _ln_rms(data, onset_s, FOLLOWS_S)
    return [_ln_rms(data, onset_s, span) - follows for span in BINS_S]


def _clear(data, onset_s):
    if onset_s + BEFORE_S[1] <= 0.1:  # no motion before it to compare with
        return False
    return _ln_rms(data, onset_s, FOLLOWS_S) - _ln_rms(data, onset_s, BEFORE_S) > np.log(CLEAR)


if __name__ == "__main__":
    main()
