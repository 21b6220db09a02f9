"""Put trained weights into the package: sampling options, measured scores and the card.

    python -m tools.heggs.heggs_ship RUN WINDOWS DATA --work FOLDER --row NAME --row NAME [--steps 3]
        [--source-noise 0.6] [--texture rayleigh]

RUN is a folder that `heggs_ridgecrest.py` trained with ``--all``; FOLDER keeps the rows of
`evaluate_ridgecrest.py`, among them those named by ``--row``: predictions of the weights that were trained
likewise, each on four of the five blocks. Writes ``seissynth_plugins/heggs/data/heggs_small.safetensors`` and, beside
it, ``CARD.md``, which lists every metric beside that of the default backend and says where it is worse. Its sections on
stages and limits are written by hand and kept.
Prints the digest of the file, which goes into `seissynth_plugins/heggs/weights.py`.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation.statistics.intervals import paired_difference
from seissynth_plugins.heggs.weights import HEGGS, WRITTEN, load_model, save_model
from seissynth_plugins.torchkit.checkpoints import file_sha256
from tools.real_records._ridgecrest_rows import Ridgecrest
from tools.real_records.evaluate_ridgecrest import BOARD, BY_RECORD, Store

#: rows that every card sets beside its own
BESIDE = ("stochastic", "stochastic + noise", "mean of 10 nearest", "mean of other stations", "travel time + term")
#: metrics by record of which more is better
MORE_IS_BETTER = ("envelope correlation",)
#: metrics of the table that are right at 1; the others at 0
RIGHT_AT_ONE = ("p_f1", "s_f1", "envelope_correlation", "ln_pga_within_event_sd_ratio", "roughness_ratio")
_STAGES, _UNMEASURED = "## Stages", "## Measured"
_AGAIN = "## Make them again"


def main():
    """Write the weights and their card into the package."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("data", type=Path, help="holds ridgecrest_2019/")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--row", action="append", required=True, dest="rows")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--source-noise", type=float, default=0.6)
    parser.add_argument("--texture", choices=("none", "rayleigh"), default="rayleigh")
    arguments = parser.parse_args()
    store = Store(arguments.work)
    model, inputs, card = load_model(arguments.run / "weights.safetensors")
    about = {name: value for name, value in card.items() if name not in WRITTEN}
    about["sampling"] = {"steps": arguments.steps, "source_noise": arguments.source_noise}
    about["texture"] = arguments.texture
    about["metrics"] = {row: _metrics(store, row) for row in (*arguments.rows, "stochastic")}
    events = Ridgecrest(arguments.windows, arguments.data).real.events
    before, _ = (arguments.run / "CARD.md").read_text(encoding="utf-8").split(_UNMEASURED)
    shipped = HEGGS.shipped.parent / "CARD.md"
    if shipped.exists():  # what a person wrote of stages and limits
        head, rest = shipped.read_text(encoding="utf-8").split(_STAGES)
        before = before.split(_STAGES)[0].replace(_line(before), _line(head))
        before += _STAGES + rest.split(_UNMEASURED)[0]
    measured = [*_table(store, arguments.rows), "", *_worse(store, arguments.rows, events), ""]
    HEGGS.shipped.parent.mkdir(exist_ok=True)
    save_model(HEGGS.shipped, model.state_dict(), model.config, inputs, about)
    text = "\n".join([_UNMEASURED, "", _HOW, "", *measured, _AGAIN, "", _COMMANDS, ""])
    digest = file_sha256(HEGGS.shipped)
    before = before.replace("weights.safetensors", HEGGS.shipped.name)
    before = before.replace("float16 |", f"float16, SHA-256 {digest} |")
    shipped.write_text(before + text, encoding="utf-8")
    print(f"{HEGGS.shipped}: {HEGGS.shipped.stat().st_size / 1e6:.1f} MB")
    print(f'for seissynth_plugins/heggs/weights.py: _SHA256 = {{"{HEGGS.shipped.name}": "{digest}"}}')


_HOW = (
    "Of five files that were made like this one, each without one of five blocks of time, on the block that it knows\n"
    "nothing of: 1,332 records of 74 earthquakes at 18 sensors, under the time mask, picks by PhaseNet\n"
    "(`tools/heggs/heggs_ridgecrest.py`, `tools/real_records/evaluate_ridgecrest.py`). These weights know all five "
    "blocks."
)

_COMMANDS = "All commands are in docs/heggs_results.md."


def _line(card):
    """The line of a card that says how many steps were trained."""
    return next(line for line in card.splitlines() if line.startswith("| steps |"))


def _metrics(store, row):
    return {
        metric: round(float(store.summary(row, group).loc[metric, "value"]), 4)
        for _, group, metric, _ in BOARD
        if metric in store.summary(row, group).index
    }


def _table(store, rows):
    lines = ["| | " + " | ".join(title for title, *_ in BOARD) + " |", "|" + "---|" * (len(BOARD) + 1)]
    for row in (*rows, *BESIDE):
        cells = []
        for _, group, metric, digits in BOARD:
            summary = store.summary(row, group)
            known = metric in summary.index and np.isfinite(summary.loc[metric, "value"])
            cells.append(f"{summary.loc[metric, 'value']:.{digits}f}" if known else "–")
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return lines


def _worse(store, rows, events):
    """Say in which metrics by record a row is worse than the default backend by more than chance."""
    lines = []
    for row in rows:
        worse, open_ = [], []
        for title, group, column, change in BY_RECORD:
            a, b = (store.records(name, group, column) for name in (row, "stochastic"))
            if a is None or b is None:
                continue
            a, b = (values if change is None else change(values) for values in (a, b))
            value, low, high = paired_difference(a, b, events)
            sign = -1 if title in MORE_IS_BETTER else 1
            low, high = sorted((sign * low, sign * high))
            text = f"{title} by {abs(value):.3f}"
            if low > 0:
                worse.append(text)
            elif high >= 0:
                open_.append(title)
        lines.append(f"{row}, against the default backend, record by record: worse in {', '.join(worse) or 'nothing'};")
        lines.append(f"no clear difference in {', '.join(open_) or 'nothing'}; better in the rest of")
        lines.append(", ".join(title for title, *_ in BY_RECORD) + ".")
        lines.append(f"By the values of the table, worse than the default backend in {_farther(store, row)}.")
    return lines


def _farther(store, row):
    """Name the columns of the table in which a row is farther from the ideal value than the default backend."""
    found, beside = _metrics(store, row), _metrics(store, "stochastic")
    names = []
    for title, _, metric, digits in BOARD:
        right = float(metric in RIGHT_AT_ONE)
        if metric in found and metric in beside:
            away, before = (round(abs(values[metric] - right), digits) for values in (found, beside))
            names += [title] if away > before else []
    return ", ".join(names) or "nothing"


if __name__ == "__main__":
    main()
