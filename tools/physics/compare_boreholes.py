"""Compare S at the borehole sensors of Ridgecrest, and at the surface, with generated records in three bands.

    python -m tools.physics.compare_boreholes DATA [--realisations 8] [--set NAME=VALUE] [-o docs/_static/sites]

DATA holds ``ridgecrest_2019/``, and ``flatfiles/ridgecrest_2019_usgs.csv.gz`` for Vs30. The sensors of ``PB`` are 2 Hz
geophones in the holes of strainmeters; the metadata of these records give them a flat response and depth 0. Their
records are corrected for a geophone of 2 Hz and 0.7 of critical damping, an assumption (`--natural-hz 0` leaves it
out), and the depths are those of the holes.

Compared is the root mean square of S on the horizontals and on Z, from S to 5 s after it or to the next earthquake, in
records that are unclipped and in the band three times above what precedes P. Intervals resample earthquakes.
Nothing is fitted. Earthquakes and the region differ in level, so two more tables have each record less the median of
the surface sensors in its earthquake, where there are three or more: generated with Vs30 760 m/s, and with their Vs30
on the map of California.

A last table has the onsets: Akaike picks within 0.6 s of the label on Z for P and on the horizontals for S, less the
label with the sensor at the surface, and at depth. In `surface` it is the same label twice.

`--set` changes a constant of the backend in all generated records; write the tables elsewhere then. What other ideas
give is in `try_boreholes`.
"""

import argparse
import warnings
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import numpy as np

import seissynth
from seissynth_plugins.stochastic.site_profile import generic_profile
from tools.physics._envelopes import named_values
from tools.physics.compare_bands import quiet
from tools.real_records import _real_records as real
from tools.real_records.compare_ridgecrest import (
    CLIP_COUNTS,
    LARGE,
    LEAD_S,
    NOMINAL_GAIN,
    OPTIONS,
    Data,
    ensemble_of,
    span,
)

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "sites"
#: m; of the strainmeters, PBO's station list in the metadata of 2011 (github.com/abarbour/pborepo)
DEPTHS_M = {"PB.B916": 176.5, "PB.B918": 196.7, "PB.B921": 147.4}
BANDS_HZ = ((1.0, 2.0), (2.0, 5.0), (5.0, 10.0))
S_S, CLEAN = 5.0, 3.0
DAMPING = 0.7
REACH_S, PICK_BAND_HZ, CLEAR_ONSET = 0.6, (2.0, 20.0), 3.0
SURFACE = {"station_local_depth_m": dict.fromkeys(DEPTHS_M, 0.0)}
BURIED = {"station_local_depth_m": DEPTHS_M}
AT_SURFACE, MAPPED = "as at the surface", "Vs30 of the map"
#: row of the table -> conditions, options
CASES = {
    AT_SURFACE: (SURFACE, {}),
    "half of the surface": (BURIED, {"borehole_factor": 0.5}),
    "waves in generic layers": (BURIED, {}),
}


def without_geophone(motion, rate, natural_hz):
    """Remove the response of a geophone to velocity; the lowest frequencies, where it is small, are left out."""
    if natural_hz == 0:
        return motion
    frequency = np.fft.rfftfreq(motion.shape[-1], 1 / rate)
    x = np.maximum(frequency, 1e-6)
    response = x**2 / (x**2 - natural_hz**2 - 2j * DAMPING * natural_hz * x)
    inverse = np.where(frequency >= 0.1 * natural_hz, 1 / response, 0.0)
    return np.fft.irfft(np.fft.rfft(motion, axis=-1) * inverse, motion.shape[-1], axis=-1)


def rms(motion, band, start_s, end_s):
    """Root mean square of Z and of one horizontal in a band and window, (..., 2)."""
    square = (real.band_pass(motion, 100.0, band)[..., span(start_s, end_s)] ** 2).mean(axis=-1)
    return np.sqrt(np.stack([square[..., 0], square[..., 1:].mean(axis=-1)], axis=-1))


def observed(data, index, name, natural_hz):
    """Levels of a record, (bands, 2), NaN where it is not clean; None if nothing is."""
    found = data.window(index, name)
    p, s, _ = data.onsets[index][name]
    if found is None or found[2] > CLIP_COUNTS or not quiet(data, index, name):
        return None
    motion, quantity, _ = found
    motion = real.convert_motion(motion, 100.0, quantity, "velocity").astype(float)
    if name in DEPTHS_M:
        motion = without_geophone(motion, 100.0, natural_hz)
    out = np.full((len(BANDS_HZ), 2), np.nan)
    for k, band in enumerate(BANDS_HZ):
        level, before = rms(motion, band, s, s + S_S), rms(motion, band, p - 3.0, p - 0.5)
        out[k] = np.where(level > CLEAN * before, level, np.nan)
    return out if np.isfinite(out).any() else None


def mapped_vs30(folder, names):
    """NET.STA -> Vs30 of the flat file's map of California, m/s, of the sensors that it holds."""
    import pandas

    columns = ["StationCode", "Network", "Vs30_mps_CA_map"]
    table = pandas.read_csv(Path(folder) / "flatfiles" / "ridgecrest_2019_usgs.csv.gz", usecols=columns)
    table = table[(table["Vs30_mps_CA_map"] > 0) & (table["Network"] == "CI")].drop_duplicates("StationCode")
    found = {f"CI.{code}": float(vs30) for code, _, vs30 in table[columns].itertuples(index=False)}
    return {name: found[name] for name in names if name in found}


def measure(data, realisations, natural_hz, vs30_of_surface, constants=None, cases=CASES, patches=None):
    """Case -> rows (event, station, ln generated over observed of shape (bands, 2)).

    `constants` are the backend's in all cases; `patches` has what is replaced in the code for a case: (module or class,
    name, value).
    """
    cases = {**cases, MAPPED: ({"station_vs_30_mps": vs30_of_surface}, {})}
    rows = {case: [] for case in cases}
    for index in range(len(data.events)):
        if data.magnitudes[index] > LARGE:
            continue
        names = [name for name in data.stations if name not in NOMINAL_GAIN]
        levels = {name: observed(data, index, name, natural_hz) for name in names}
        levels = {name: level for name, level in levels.items() if level is not None}
        if not levels:
            continue
        for case, (conditions, options) in cases.items():
            with ExitStack() as stack:
                for change in (patches or {}).get(case, ()):
                    stack.enter_context(patch.object(*change))
                    generic_profile.cache_clear()
                    stack.callback(generic_profile.cache_clear)
                made = ensemble_of(data, index, realisations, conditions=conditions, **{**(constants or {}), **options})
            for name, level in levels.items():
                s = data.onsets[index][name][1]
                drawn = np.array([rms(made[name], band, s, s + S_S) for band in BANDS_HZ])
                rows[case].append((index, name, np.log(np.median(drawn, axis=1) / level)))
    return rows


def less_surface(rows, case):
    """The rows of boreholes, less the median of the earthquake's surface sensors in a case; NaN below three sensors."""
    levels = {}
    for index, name, values in rows[case]:
        if name not in DEPTHS_M:
            levels.setdefault(index, []).append(values)
    middle = {}
    for index, values in levels.items():
        stack = np.array(values)
        enough = np.isfinite(stack).sum(axis=0) >= 3
        middle[index] = np.where(enough, np.nanmedian(stack, axis=0), np.nan)
    unknown = np.full((len(BANDS_HZ), 2), np.nan)
    return {
        case: [(index, name, values - middle.get(index, unknown)) for index, name, values in found if name in DEPTHS_M]
        for case, found in rows.items()
        if case != MAPPED
    }


def onsets(data, natural_hz, constants):
    """Borehole -> median delay of picks after the label, s, of (P, S) at the surface and at depth."""
    late = {name: {"P": [], "S": []} for name in (*DEPTHS_M, "surface")}
    for index, event in enumerate(data.events):
        made = {
            place: real.by_station(
                seissynth.generate(data.inventory, event, duration=20.0, conditions=conditions, **OPTIONS, **constants)
            )
            for place, conditions in (("surface", SURFACE), ("depth", BURIED))
        }
        for name in data.stations:
            if observed(data, index, name, natural_hz) is None:
                continue
            motion = data.window(index, name)[0]
            for phase, place in (("P", [0]), ("S", [1, 2])):
                labels = [made[k][name][0].stats.seissynth[f"{phase.lower()}_s"] for k in ("surface", "depth")]
                picks = [
                    real.aic_onset(motion[k], 100.0, np.mean(labels), REACH_S, PICK_BAND_HZ, LEAD_S) for k in place
                ]
                time, contrast = max(picks, key=lambda pick: pick[1])
                if contrast > CLEAR_ONSET:
                    late[name if name in late else "surface"][phase].append(time - np.array(labels))
    return late


def table(rows):
    """Rows of the table, with intervals over earthquakes."""
    lines = []
    for case, found in rows.items():
        for group in ("surface", "borehole"):
            chosen = [row for row in found if (row[1] in DEPTHS_M) == (group == "borehole")]
            # the other cases repeat one of these
            if not chosen or (case not in (AT_SURFACE, MAPPED) and group == "surface"):
                continue
            if case == MAPPED and group == "borehole":
                continue
            events = [row[0] for row in chosen]
            for component, place in (("horizontal", 1), ("vertical", 0)):
                cells = []
                for k in range(len(BANDS_HZ)):
                    values = np.array([row[2][k, place] for row in chosen])
                    stats = real.clustered_summary(values, events, np.arange(len(values)) * 0)
                    cells.append(f"{real.with_interval(stats)}; n {stats['n']}")
                lines.append(
                    [group, "Vs30 760 m/s" if group == "surface" and case != MAPPED else case, component, *cells]
                )
    return lines


def by_station(rows):
    """Median of each borehole on the horizontals."""
    lines = []
    for case, found in rows.items():
        for name in DEPTHS_M:
            values = np.array([row[2][:, 1] for row in found if row[1] == name])
            medians = np.nanmedian(values, axis=0)
            lines.append([name, f"{DEPTHS_M[name]:g} m", case, *(f"{x:+.2f}" for x in medians)])
    return lines


def main():
    """Write and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--realisations", type=int, default=8)
    parser.add_argument("--natural-hz", type=float, default=2.0)
    parser.add_argument("--set", action="append", default=[], help="NAME=VALUE, a constant of the backend")
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    data, constants = Data(arguments.data), named_values(arguments.set)
    vs30 = mapped_vs30(arguments.data, data.stations)
    rows = measure(data, arguments.realisations, arguments.natural_hz, vs30, constants)
    relative = {case: less_surface(rows, case) for case in (AT_SURFACE, MAPPED)}
    bands = [f"{low:g} to {high:g} Hz" for low, high in BANDS_HZ]
    levels, stations = ["sensors", "generated", "component", *bands], ["sensor", "depth", "generated", *bands]
    picks = [
        [name, phase, *(real.with_interval(real.summary(x)) for x in np.array(values).reshape(-1, 2).T), len(values)]
        for name, phases in onsets(data, arguments.natural_hz, constants).items()
        for phase, values in phases.items()
    ]
    flat = "" if arguments.natural_hz else "_flat"
    for name, header, lines in (
        ("boreholes", levels, table(rows)),
        ("boreholes_less_rock", levels, table(relative[AT_SURFACE])),
        ("boreholes_less_map", levels, table(relative[MAPPED])),
        ("boreholes_by_station", stations, by_station(relative[MAPPED])),
        ("borehole_onsets", ["sensor", "phase", "pick after the label, surface, s", "at depth, s", "n"], picks),
    ):
        path = arguments.out / f"{name}{flat}.md"
        real.write_markdown(path, header, lines)
        print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
