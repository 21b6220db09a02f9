"""Description of the comparison: lines of text and numbers."""

import datetime
import importlib.metadata
import platform

from seissynth.report.html import number

#: packages whose version may change a number
_PACKAGES = ("numpy", "scipy", "pandas", "numba", "obspy", "matplotlib", "torch", "seisbench", "pygmm")


def facts(evaluation):
    """Rows (name, value) about the records that were compared."""
    about = evaluation.about
    band = about["band_hz"]
    rows = [
        ["Real records", f"{about['real']}: {number(about['records'])} of {number(about['records_read'])}"],
        ["Earthquakes, sensors", f"{number(about['events'])}, {number(about['sensors'])}"],
        ["Magnitudes", _span(about["magnitudes"], "")],
        ["Hypocentral distance", _span(about["distances_km"], " km")],
        ["Windows", f"{number(about['length_s'])} s at {number(about['sampling_rate_hz'])} Hz"],
        ["Motion", f"{about['quantity']}, {about['unit']}" if about["unit"] != "1" else about["quantity"]],
        ["Pass band of the real records", f"{_edge(band[0])} to {_edge(band[1])} Hz" if band else "not known"],
        [
            "Time mask",
            f"median {number(about['mask_median_s'])} s; {number(100 * about['masked_share'])} % of the windows are "
            f"cut "
            "at the P of another earthquake",
        ],
    ]
    for name, (low, high) in about["bands_applied"].items():
        rows.append([f"Filter applied to {name}", f"{_edge(low)} to {_edge(high)} Hz, the band of the real records"])
    return rows


def versions():
    """Rows (package, version) of the packages used."""
    import seissynth

    rows = [["seissynth", seissynth.__version__], ["Python", platform.python_version()]]
    for name in _PACKAGES:
        try:
            rows.append([name, importlib.metadata.version(name)])
        except importlib.metadata.PackageNotFoundError:
            rows.append([name, "not installed"])
    rows.append(["Written (UTC)", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M}"])
    return rows


def _edge(value):
    return "0" if value is None else number(float(value))


def _span(limits, unit):
    return f"{number(limits[0])} to {number(limits[1])}{unit}" if limits else "not known"
