"""Columns of flat files of observed ground motion: ESM, NGA-West2, USGS, and any other by a mapping file.

A layout states for each of our names which column holds it and by what factor it becomes SI.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.suggestions import did_you_mean
from seissynth.shared.wording import a_kind
from seissynth.units import STANDARD_GRAVITY

#: unit of a column -> factor to SI (m/s², m/s, s, Hz), or to km, degrees and m/s of the places
UNIT_FACTORS = {
    "m/s2": 1.0, "cm/s2": 0.01, "gal": 0.01, "g": STANDARD_GRAVITY, "%g": 0.01 * STANDARD_GRAVITY,
    "m/s": 1.0, "cm/s": 0.01, "mm/s": 0.001, "km/s": 1000.0, "km": 1.0, "m": 0.001, "s": 1.0, "hz": 1.0, "deg": 1.0,
}  # fmt: skip
_ACCELERATION, _VELOCITY = ("m/s2", "cm/s2", "gal", "g", "%g"), ("m/s", "cm/s", "mm/s")
#: definitions of the horizontal component that records can be measured by
COMPONENTS = ("rotd50", "rotd100", "geometric_mean")
#: names of columns that hold text
TEXTS = ("event_id", "event_time", "source_magnitude_type", "mechanism", "network", "station")
#: names of columns that hold numbers, and units that each may have
NUMBERS = {
    "source_latitude_deg": ("deg",), "source_longitude_deg": ("deg",), "source_depth_km": ("km", "m"),
    "source_magnitude": (), "source_strike_deg": ("deg",), "source_dip_deg": ("deg",), "source_rake_deg": ("deg",),
    "station_latitude_deg": ("deg",), "station_longitude_deg": ("deg",), "station_vs_30_mps": ("m/s", "km/s"),
    "station_z1_km": ("km", "m"),
    "path_ep_distance_km": ("km", "m"), "path_jb_distance_km": ("km", "m"), "path_rup_distance_km": ("km", "m"),
    "high_pass_hz": ("hz",), "low_pass_hz": ("hz",), "usable_from_hz": ("hz",),
    "pga": _ACCELERATION, "pgv": _VELOCITY, "psa": _ACCELERATION, "d5_95_s": ("s",),
    "vertical_pga": _ACCELERATION, "vertical_psa": _ACCELERATION,
}  # fmt: skip
#: names without which a row cannot be used
NEEDED = (
    "event_id", "source_latitude_deg", "source_longitude_deg", "source_depth_km", "source_magnitude", "station",
    "station_latitude_deg", "station_longitude_deg",
)  # fmt: skip
_PERIOD = "{period}"
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Layout:
    """Where a kind of flat file holds what.

    Parameters
    ----------
    name, title : str
    columns : dict of str to list of (str, float)
        Our name -> columns (any case) and factors, the preferred one first: a later one fills in where the earlier ones
        are empty. ``psa`` and ``vertical_psa`` have one column with ``{period}`` in the place of the period in s.
    component : str
        One of `COMPONENTS`: what the horizontal measures are.
    signature : tuple of str
        Columns, in small letters, that a file of this kind has.
    missing : tuple of float
        Numbers that stand for an unknown value.
    magnitude_types : tuple of str
        Type of each column of ``source_magnitude``, where no column names it.
    period_point : str
        How ``{period}`` writes its decimal point.
    """

    name: str
    title: str
    columns: dict
    component: str
    signature: tuple = ()
    missing: tuple = (-999.0,)
    magnitude_types: tuple = ()
    period_point: str = "."


def _columns(unit_of: dict[str, str]) -> dict:
    """``{"pga": "PGA (g) | g"}``: columns separated by ``|`` and the unit, empty for none, after the last one."""
    out = {}
    for name, text in unit_of.items():
        *columns, unit = (part.strip() for part in text.split("|"))
        out[name] = [(column, UNIT_FACTORS[unit] if unit else 1.0) for column in columns]
    return out


_USGS = Layout(
    "usgs", "USGS (gmprocess)", _columns({
        "event_id": "EarthquakeId |", "event_time": "EarthquakeTime |",
        "source_latitude_deg": "EarthquakeLatitude | deg",
        "source_longitude_deg": "EarthquakeLongitude | deg", "source_depth_km": "EarthquakeDepth | km",
        "source_magnitude": "EarthquakeMagnitude |", "source_magnitude_type": "EarthquakeMagnitudeType |",
        "network": "Network |", "station": "StationCode |", "station_latitude_deg": "StationLatitude | deg",
        "station_longitude_deg": "StationLongitude | deg",
        "station_vs_30_mps": "Measured_VS30 | Vs30_mps_CA_map | Vs30_mps_slope | m/s",
        "path_ep_distance_km": "EpicentralDistance | km", "path_jb_distance_km": "JoynerBooreDistance | km",
        "path_rup_distance_km": "RuptureDistance | km", "high_pass_hz": "Highpass | hz", "low_pass_hz": "Lowpass | hz",
        "pga": "PGA | %g", "pgv": "PGV | cm/s", "psa": "SA({period}) | %g",
    }), "rotd50", ("earthquakeid", "earthquakemagnitude", "stationcode", "joynerbooredistance", "pga", "pgv"),
)  # fmt: skip
_ESM = Layout(
    "esm", "ESM", _columns({
        "event_id": "esm_event_id |", "event_time": "event_time |", "source_latitude_deg": "ev_latitude | deg",
        "source_longitude_deg": "ev_longitude | deg", "source_depth_km": "ev_depth_km | km",
        "source_magnitude": "mw | emec_mw | ml |", "mechanism": "fm_type_code |",
        "source_strike_deg": "es_strike | deg",
        "source_dip_deg": "es_dip | deg", "source_rake_deg": "es_rake | deg", "network": "network_code |",
        "station": "station_code |", "station_latitude_deg": "st_latitude | deg",
        "station_longitude_deg": "st_longitude | deg",
        "station_vs_30_mps": "vs30_m_s | vs30_m_sec | vs30_m_s_wa | vs30_m_sec_wa | m/s",
        "path_ep_distance_km": "epi_dist | km", "path_jb_distance_km": "jb_dist | km",
        "path_rup_distance_km": "rup_dist | km", "high_pass_hz": "u_hp | v_hp | hz", "low_pass_hz": "u_lp | v_lp | hz",
        "pga": "rotd50_pga | cm/s2", "pgv": "rotd50_pgv | cm/s", "psa": "rotd50_t{period} | cm/s2",
        "d5_95_s": "rotd50_t90 | s", "vertical_pga": "w_pga | cm/s2", "vertical_psa": "w_t{period} | cm/s2",
    }), "rotd50", ("esm_event_id", "ev_latitude", "rotd50_pga", "rotd50_pgv", "st_latitude"),
    magnitude_types=("Mw", "Mw", "ML"), period_point="_",
)  # fmt: skip
_NGA_WEST2 = Layout(
    "nga_west2", "NGA-West2", _columns({
        "event_id": "EQID |", "source_latitude_deg": "Hypocenter Latitude (deg) | deg",
        "source_longitude_deg": "Hypocenter Longitude (deg) | deg", "source_depth_km": "Hypocenter Depth (km) | km",
        "source_magnitude": "Earthquake Magnitude |", "source_magnitude_type": "Magnitude Type |",
        "mechanism": "Mechanism Based on Rake Angle |", "source_strike_deg": "Strike (deg) | deg",
        "source_dip_deg": "Dip (deg) | deg", "source_rake_deg": "Rake Angle (deg) | deg",
        "station": "Station Sequence Number |", "station_latitude_deg": "Station Latitude | deg",
        "station_longitude_deg": "Station Longitude | deg",
        "station_vs_30_mps": "Vs30 (m/s) selected for analysis | m/s", "path_ep_distance_km": "EpiD (km) | km",
        "path_jb_distance_km": "Joyner-Boore Dist. (km) | km", "path_rup_distance_km": "ClstD (km) | km",
        "high_pass_hz": "HP-H1 (Hz) | HP-H2 (Hz) | hz", "low_pass_hz": "LP-H1 (Hz) | LP-H2 (Hz) | hz",
        "usable_from_hz": "Lowest Usable Freq - Ave. Component (Hz) | hz",
        "pga": "PGA (g) | g", "pgv": "PGV (cm/sec) | cm/s", "psa": "T{period}S | g",
    }), "rotd50", ("eqid", "earthquake magnitude", "station sequence number", "pga (g)", "pgv (cm/sec)"),
)  # fmt: skip
#: layouts that are told by their headers
LAYOUTS = (_ESM, _NGA_WEST2, _USGS)

#: words of flat files for a mechanism -> ours
MECHANISM_WORDS = {
    "ss": "strike_slip", "nf": "normal", "tf": "reverse", "n": "normal", "r": "reverse", "s": "strike_slip",
    "0": "strike_slip", "1": "normal", "2": "reverse", "3": "reverse", "4": "normal",
    "0.0": "strike_slip", "1.0": "normal", "2.0": "reverse", "3.0": "reverse", "4.0": "normal",
    "strike_slip": "strike_slip", "normal": "normal", "reverse": "reverse",
}  # fmt: skip


def detect_layout(header: list[str], path: str | os.PathLike[str]) -> Layout:
    """Tell the kind of a flat file by its header.

    Raises
    ------
    FileFormatError
        No known kind; the message gives the columns that the nearest one lacks.
    """
    names = {name.strip().lower() for name in header}
    lacks = [[name for name in layout.signature if name not in names] for layout in LAYOUTS]
    layout, lacking = min(zip(LAYOUTS, lacks, strict=True), key=lambda pair: len(pair[1]) / len(pair[0].signature))
    if not lacking:
        return layout
    raise FileFormatError(
        f"{path} has the columns of no known flat file ({', '.join(each.title for each in LAYOUTS)}); {layout.title} "
        f"is the nearest and has {', '.join(lacking[:4])}, too. Pass a mapping file that names the columns."
    )


def read_mapping(path: str | os.PathLike[str]) -> Layout:
    r"""Read a mapping file: our names, and the columns and units of a flat file of any kind.

    Parameters
    ----------
    path : str or path
        JSON or TOML. ``columns`` maps a name (`TEXTS`, `NUMBERS`) to a column, or to ``{"column": ..., "unit": ...}``;
        measures need a unit. ``psa`` and ``vertical_psa`` name a column with ``{period}`` in the place of the period.
        ``component`` is one of `COMPONENTS`; ``missing`` lists numbers that stand for an unknown value.

    Returns
    -------
    Layout

    Raises
    ------
    InputError, FileFormatError
        No such file, neither JSON nor TOML, an unknown name, unit or component.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from seissynth.io.flatfile_layouts import read_mapping
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mapping.toml"
    >>> names = ("event_id", "source_latitude_deg", "source_longitude_deg", "source_depth_km", "source_magnitude",
    ...          "station", "station_latitude_deg", "station_longitude_deg")
    >>> lines = ['component = "rotd50"', "[columns]", *(f'{name} = "my {name}"' for name in names)]
    >>> _ = path.write_text("\n".join([*lines, 'pga = {column = "A", unit = "cm/s2"}']))
    >>> read_mapping(path).columns["pga"]
    [('A', 0.01)]
    """
    path = Path(path)
    content = _parsed(path)
    columns = content.get("columns")
    if not isinstance(columns, dict) or not columns:
        raise FileFormatError(f"mapping {path}: 'columns' must be a table of our names and the file's columns.")
    component = content.get("component", "rotd50")
    if component not in COMPONENTS:
        raise FileFormatError(f"mapping {path}: component={component!r} must be one of {', '.join(COMPONENTS)}.")
    unknown = [name for name in content if name not in ("columns", "component", "missing", "period_point")]
    if unknown:
        raise FileFormatError(f"mapping {path}: {unknown[0]!r} is unknown; there are columns, component, missing.")
    missing = content.get("missing", [-999.0])
    if not isinstance(missing, list) or not all(isinstance(x, int | float) for x in missing):
        raise FileFormatError(f"mapping {path}: missing={missing!r} must be a list of numbers.")
    absent = [name for name in NEEDED if name not in columns]
    if absent:
        raise FileFormatError(f"mapping {path} names no column for {absent[0]}; needed are {', '.join(NEEDED)}.")
    found = {name: [_column(path, name, value)] for name, value in columns.items()}
    if not any(name in found for name in ("pga", "pgv", "psa")):
        raise FileFormatError(f"mapping {path} names no measure; give a column and unit of pga, pgv or psa.")
    point = str(content.get("period_point", "."))
    return Layout("mapping", f"mapping {path.name}", found, component, missing=tuple(missing), period_point=point)


def _parsed(path: Path) -> dict:
    if not path.is_file():
        raise InputError(f"cannot read the mapping {path}: there is no such file.")
    if path.stat().st_size > _MOST_BYTES:
        raise FileFormatError(f"mapping {path} has {path.stat().st_size} bytes; at most {_MOST_BYTES} are read.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:  # of TOML, JSON and UTF-8
        kind = "TOML" if path.suffix.lower() == ".toml" else "JSON"
        raise FileFormatError(f"mapping {path} is not {kind}: {error}.") from error
    if not isinstance(content, dict):
        raise FileFormatError(f"mapping {path} holds {a_kind(content)}; a table with 'columns' is wanted.")
    return content


def _column(path: Path, name: str, value: Any) -> tuple[str, float]:
    """(column, factor) of one line of a mapping."""
    known = (*TEXTS, *NUMBERS)
    if name not in known:
        raise FileFormatError(f"mapping {path}: {name!r} is unknown;{did_you_mean(name, known)} known are "
                              f"{', '.join(known)}.")  # fmt: skip
    one = {"column": value} if isinstance(value, str) else value
    column = one.get("column") if isinstance(one, dict) else None
    if not isinstance(column, str) or not column:
        raise FileFormatError(f"mapping {path}: {name} = {value!r} must be a column, or a table of column and unit.")
    if name.endswith("psa") and column.count(_PERIOD) != 1:
        raise FileFormatError(f"mapping {path}: {name} = {column!r} must hold {_PERIOD} once, as in 'SA({_PERIOD})'.")
    if name in TEXTS:
        return column, 1.0
    unit, units = one.get("unit"), NUMBERS[name]
    if unit is None and (
        name.startswith(("source_", "station_", "path_")) or name.endswith("_hz") or name == "d5_95_s"
    ):
        return column, 1.0
    text = str(unit).lower().replace("²", "2").replace("^2", "2").replace("/s/s", "/s2")
    if text not in units:
        raise FileFormatError(f"mapping {path}: unit {unit!r} of {name} must be one of {', '.join(units) or 'none'}.")
    return column, UNIT_FACTORS[text]


def period_columns(layout: Layout, name: str, header: list[str]) -> dict[float, str]:
    """Periods (s) of ``psa`` or ``vertical_psa`` in a header, each with its column."""
    if name not in layout.columns:
        return {}
    pattern = re.escape(layout.columns[name][0][0]).replace(
        re.escape(_PERIOD), rf"(\d+(?:{re.escape(layout.period_point)}\d+)?)"
    )
    out = {}
    for column in header:
        found = re.fullmatch(pattern, column.strip(), re.IGNORECASE)
        if found:
            out[float(found.group(1).replace(layout.period_point, "."))] = column
    return out
