"""Rows of a flat file of observed ground motion that can be used: known places, no repeats, units that fit."""

import numpy as np

from seissynth.errors import FileFormatError
from seissynth.io.flatfile_layouts import MECHANISM_WORDS, NEEDED, NUMBERS, TEXTS

#: median of PGA over PGV, 1/s, that units allow: 3 (large and far) to 150 (small and near) is usual
_PGA_OVER_PGV = (0.5, 500.0)
#: PSA at up to this period is PGA; median of their ratio that units allow, and share of rows that may be off by 25 %
SHORT_S, _UNIT_RATIO, _DOUBTFUL_SHARE = 0.02, (0.25, 4.0), 0.1


def usable_rows(rows, notes, path):
    """Rows with place and magnitude, each event and site once; notes of the others."""
    notes = [f"{count} values: {what}, taken as unknown." for what, count in notes.items()]
    for name in (*TEXTS, *NUMBERS):
        if name not in rows and "psa" not in name:
            rows[name] = "" if name in TEXTS else np.nan
    known = (rows["event_id"] != "") & (rows["station"] != "")
    for name in NEEDED:
        if name not in TEXTS:
            known &= rows[name].notna()
    if not known.all():
        notes.append(f"{int((~known).sum())} rows without event, station, place or magnitude are left out.")
        rows = rows[known].copy()
    if not len(rows):
        raise FileFormatError(f"{path} has no row with event, station, place, depth and magnitude; check the columns.")
    network = rows["network"].where(rows["network"] != "", "")
    rows["site"] = np.where(network != "", network + "." + rows["station"], rows["station"])
    twice = rows.duplicated(["event_id", "site"])
    if twice.any():
        notes.append(f"{int(twice.sum())} rows repeat event and station; the first of each is used.")
        rows = rows[~twice].copy()
    for name in ("source_latitude_deg", "source_longitude_deg", "source_depth_km", "source_magnitude"):
        first = rows.groupby("event_id")[name].transform("first")
        if (np.abs(first - rows[name]) > 1e-6).any():
            events = rows["event_id"][np.abs(first - rows[name]) > 1e-6].nunique()
            notes.append(f"{events} events have more than one {name}; that of the first row is used.")
            rows[name] = first
    rows["mechanism"] = rows["mechanism"].str.lower().map(MECHANISM_WORDS).fillna("unspecified")
    return rows, notes


def add_measures(rows, columns):
    """Table with V/H in place of the vertical measures, and names of the measures that have a value."""
    horizontal = [name for name in ("pga", "pgv") if name in columns]
    horizontal += sorted((name for name in columns if name.startswith("psa_")), key=lambda name: float(name[4:]))
    for name in horizontal:
        if f"vertical_{name}" in rows:
            rows[f"vh_{name}"] = rows[f"vertical_{name}"] / rows[name]
    ratios = [f"vh_{name}" for name in horizontal if f"vh_{name}" in rows and rows[f"vh_{name}"].notna().any()]
    names = [*horizontal, *(["d5_95_s"] if "d5_95_s" in columns else []), *ratios]
    rows = rows.drop(columns=[name for name in rows if name.startswith("vertical_")])
    return rows, tuple(name for name in names if rows[name].notna().any())


def check_units(rows, measures, path):
    """Notes on measures that do not fit each other; FileFormatError where only a wrong unit explains it."""
    notes = []
    if "pga" in measures and "pgv" in measures:
        ratio = float((rows["pga"] / rows["pgv"]).median())
        if not _PGA_OVER_PGV[0] <= ratio <= _PGA_OVER_PGV[1]:
            raise FileFormatError(
                f"{path}: PGA over PGV is {ratio:.3g} 1/s in the median, where {_PGA_OVER_PGV[0]:g} to "
                f"{_PGA_OVER_PGV[1]:g} can be: the unit of one of them is wrong. Name the units in a mapping file."
            )
    short = [name for name in measures if name.startswith("psa_") and float(name[4:]) <= SHORT_S]
    if "pga" in measures and short:
        ratios = (rows[short[0]] / rows["pga"]).dropna()
        ratio, name = float(ratios.median()), f"PSA({short[0][4:]} s)"
        if not _UNIT_RATIO[0] <= ratio <= _UNIT_RATIO[1]:
            raise FileFormatError(
                f"{path}: {name} is {ratio:.3g} times PGA in the median and should equal it: the unit of one "
                "of them is wrong. Name the units in a mapping file."
            )
        share = float((np.abs(np.log(ratios)) > np.log(1.25)).mean())
        if share > _DOUBTFUL_SHARE:
            notes.append(
                f"{name} should equal PGA and differs by more than 25 % in {100 * share:.0f} % of the rows (median "
                f"{ratio:.2f}): PGA or the short periods of this file are doubtful."
            )
    return notes
