"""How often codas rise again, in real records and in generated ones.

    python -m tools.heggs.heggs_codas WINDOWS DATA [--set NAME=FOLDER ...] [--days 200]

WINDOWS, DATA and ``--set`` as for `tools.real_records.evaluate_ridgecrest`. A coda has risen by the ratio of its
largest 2 s from 24 s after S on, to its smallest from 8 to 20 s after S: rms of three components, to the end of the
mask of the real record, which must leave 6 s. The last row has no mask and no real records: earthquakes of the
catalogue, every sixth up to M 4.6, as if they had come ``--days`` days later, with the weights that ship and the noise
of quiet times.
"""

import argparse
from pathlib import Path

import numpy as np
import obspy

import seissynth
from seissynth.evaluation.statistics.intervals import interval
from tools.real_records._real_records import write_markdown
from tools.real_records._ridgecrest_rows import MODEL, Ridgecrest, generated_set

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
CLASSES = ((-2.0, 2.5), (2.5, 3.5), (3.5, 9.0))
#: a coda has risen beyond this factor
FACTOR = 2.0
_BIN_S, _BEFORE_S, _FROM_S, _LEAST_BINS = 2.0, (8.0, 20.0), 24.0, 3
_DRAWS = 2
_EVERY, _LARGEST = 6, 4.6


def main():
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=FOLDER", dest="sets")
    parser.add_argument("--days", type=float, default=200.0)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    sequence = Ridgecrest(given.windows, given.data)
    real = sequence.real
    magnitude = real.column("source_magnitude")
    s_s = np.where(np.isfinite(real.s_s), real.s_s, real.column("path_s_travel_s"))
    rows = {"real records": (real.data,)}
    rows["stochastic"] = [one.data for one in sequence.stochastic(velocity_model=MODEL, draws=_DRAWS).draws]
    for text in given.sets:
        name, _, folder = text.partition("=")
        rows[name] = [one.data for one in generated_set(sequence, folder, name).draws[:_DRAWS]]
    lines = [
        line(name, np.concatenate([rises(data, real.sampling_rate_hz, s_s, real.mask_end_s) for data in draws]),
             np.tile(magnitude, len(draws)), np.tile(real.events, len(draws)))
        for name, draws in rows.items()
    ]  # fmt: skip
    lines.append(line(f"weights that ship, {given.days:g} days later", *later(given.data, given.days)))
    given.out.mkdir(parents=True, exist_ok=True)
    header = ["row", *(f"M {low:g} to {high:g}" if low > 0 else f"M below {high:g}" for low, high in CLASSES)]
    header[-1] = f"M {CLASSES[-1][0]:g} and more"
    write_markdown(given.out / "codas.md", header, lines)
    for one in lines:
        print("\t".join(one))


def rises(data, rate, s_s, end_s):
    """Logarithm of the rise of each record's coda, NaN where the record is too short for it."""
    step = round(_BIN_S * rate)
    count = data.shape[-1] // step
    power = np.square(data[..., : count * step], dtype=float).sum(axis=1).reshape(len(data), count, step).mean(axis=-1)
    logs, times = 0.5 * np.log(power + 1e-40), (np.arange(count) + 0.5) * _BIN_S
    lag = times - np.asarray(s_s, float)[:, None]
    before = (lag > _BEFORE_S[0]) & (lag < _BEFORE_S[1])
    behind = (lag > _FROM_S) & (times + _BIN_S / 2 <= np.asarray(end_s)[:, None])
    rise = np.where(behind, logs, -np.inf).max(axis=1) - np.where(before, logs, np.inf).min(axis=1)
    return np.where(before.any(axis=1) & (behind.sum(axis=1) >= _LEAST_BINS), rise, np.nan)


def later(folder, days):
    """Rises of records of the shipped weights at another time, magnitudes and earthquakes."""
    inventory, catalogue = (
        read(str(folder / "ridgecrest_2019" / name))
        for read, name in ((obspy.read_inventory, "inventory.xml"), (obspy.read_events, "catalog.xml"))
    )
    found = []
    for event in list(catalogue)[::_EVERY]:
        size = event.magnitudes[0].mag
        if size > _LARGEST:
            continue
        event.origins[0].time += 86400 * days
        st = seissynth.generate(
            inventory, event, backend="heggs", velocity_model=MODEL, start=0, seed=1, outside="skip"
        )
        for name in sorted({trace.id[:-1] for trace in st}):
            traces = [trace for trace in st if trace.id[:-1] == name]
            data, stats = np.stack([trace.data for trace in traces]), traces[0].stats
            [rise] = rises(data[None], stats.sampling_rate, [stats.seissynth.s_s], [stats.npts * stats.delta])
            found.append((rise, size, str(event.origins[0].time)))
    return tuple(np.array(values) for values in zip(*found, strict=True))


def line(name, rise, magnitude, events):
    """Share of records that rise by `FACTOR`, by magnitude, with limits."""
    cells = [name]
    for low, high in CLASSES:
        some = np.isfinite(rise) & (magnitude >= low) & (magnitude < high)
        if not some.any():
            cells.append("–")
            continue
        above = (rise > np.log(FACTOR))[some]
        value, least, most = interval(lambda rows, above=above: above[rows].mean(), events[some])
        cells.append(f"{100 * value:.0f} % [{100 * least:.0f}, {100 * most:.0f}] of {some.sum()}")
    return cells


if __name__ == "__main__":
    main()
