"""Data sets of the papers, made from a local copy of their source by the published rules.

Nothing is downloaded. Each recipe cites the sentences it follows; where a paper does not specify a step, the recipe
states its choice. `prepare` makes any of them; `seissynth dataset recipe` is the command.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from seissynth.data.preparation.preparation import Bandpass, Detrend, Pad, Preparation, Resample, Taper, ZScore
from seissynth.data.recipes.rules import (
    RecipeReport,
    after_origin_s,
    holds_window,
    is_rate,
    later,
    numbers,
    uniform_columns,
)
from seissynth.data.recipes.stead_rules import open_stead
from seissynth.errors import FileFormatError, InputError
from seissynth.io.seisbench.chunked import refuse_set, write_in_chunks
from seissynth.io.seisbench.dataset import Dataset
from seissynth.io.seisbench.table import common_rate
from seissynth.shared.suggestions import did_you_mean

__all__ = ["RECIPES", "RecipeReport", "prepare"]

#: HEGGS' band, length and rate (2025, appendix A)
_HEGGS_BAND_HZ, _HEGGS_S, _HEGGS_RATE_HZ = (1.0, 45.0), 60.0, 100.0
_HEGGS = Preparation((Detrend("linear"), Taper(2.0), Bandpass(*_HEGGS_BAND_HZ)))


def prepare(
    name: str,
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    records_per_chunk: int = 10_000,
    progress: Callable[..., Any] | None = None,
    **options: Any,
) -> RecipeReport:
    """Make the data set of a paper from a local copy.

    Parameters
    ----------
    name : {"scedc", "instance", "stead", "kma", "itaca"}
        Name of the recipe, see `RECIPES`.
    path : str or path
        The local copy: a folder in SeisBench's format (SCEDC, INSTANCE, STEAD), STEAD's own ``merged.csv`` and
        ``merged.hdf5``, ITACA's ASDF files and flat-file, or continuous records with ``inventory.xml`` and
        ``catalog.xml`` (KMA).
    output : str or path
        Folder to create, in SeisBench's format.
    overwrite : bool
    records_per_chunk : int
        A larger set is written in chunks of this many records.
    progress : callable, optional
        Called with (done, total); total may be 0 where it is unknown.
    **options
        Of the recipe.

    Returns
    -------
    RecipeReport

    Raises
    ------
    InputError
        No such recipe or copy; no record is left.
    FileFormatError
        The copy does not have the expected format; with file and row.

    Examples
    --------
    >>> from seissynth.data.recipes import prepare
    >>> prepare("stead", "STEAD/", "stead_50hz/")                                       # doctest: +SKIP
    """
    if name not in RECIPES:
        hint = did_you_mean(str(name).lower(), RECIPES)
        raise InputError(f"there is no recipe {name!r};{hint} known are {', '.join(RECIPES)}.")
    path = Path(path)
    if not path.exists():
        raise InputError(f"cannot read {path}: there is no such file or folder.")
    writing = {"overwrite": overwrite, "records_per_chunk": records_per_chunk, "progress": progress}
    return RECIPES[name](path, Path(output), writing, **options)


def scedc(path, output, writing):
    """SCEDC for HEGGS: 60 s from origin, 100 Hz, 1 to 45 Hz.

    HEGGS (2025), A.1: "We exploit earthquake catalog of SCEDC (SCEDC, 2013) provided by SeisBench (Woollam et al.,
    2022). We selected waveforms with a sampling rate of 100Hz that included 60 seconds from the earthquake and applied
    a bandpass filter in the 1 ~ 45Hz range to construct our data."

    The copy is SeisBench's SCEDC. Records of the further stations that the authors collected are not included: cut them
    with `seissynth dataset cut`, or the recipe "kma". The filter is applied to the whole trace; the window is cut from
    it afterwards.
    """
    dataset = Dataset(path)
    table = uniform_columns(dataset.metadata)
    rules = {
        "a sampling rate of 100 Hz": is_rate(table, _HEGGS_RATE_HZ),
        "every sample from origin to 60 s after it": holds_window(table, _lengths(dataset, table), _HEGGS_S),
    }
    return _of_table("scedc", dataset, table, rules, _HEGGS, output=output, writing=writing, window_s=_HEGGS_S)


def instance(path, output, writing):
    """INSTANCE for HEGGS: 60 s from origin, local magnitude above 3, with P; 1 to 45 Hz.

    HEGGS (2025), A.3: "We used the Seisbench-provided version INSTANCE dataset and created a subset by selecting only
    the traces satisfying: 1. includes records for 60 seconds from the earthquake occurrence time 2. local magnitude is
    larger than 3.0. 3. P-arrival time is included in the metadata to ensure that the earthquake signal is observed."
    A: "All datasets are [...] processed to have 60-seconds duration and applied 1 ~ 45Hz bandpass filter."

    Magnitudes of another type than ML are left out. If the table has no type, its magnitudes count as local.
    """
    dataset = Dataset(path)
    table = uniform_columns(dataset.metadata)
    kinds = table.get("source_magnitude_type")
    local = np.ones(len(table), bool) if kinds is None else kinds.str.upper().isin(["ML", ""]).to_numpy()
    with np.errstate(invalid="ignore"):
        large = numbers(table, "source_magnitude") > 3.0
    rules = {
        "every sample from origin to 60 s after it": holds_window(table, _lengths(dataset, table), _HEGGS_S),
        "local magnitude larger than 3.0": local & large,
        "P arrival in the metadata": np.isfinite(numbers(table, "trace_p_arrival_sample")),
    }
    steps = Preparation((*_HEGGS.steps, Resample(_HEGGS_RATE_HZ)))
    return _of_table("instance", dataset, table, rules, steps, output=output, writing=writing, window_s=_HEGGS_S)


def stead(path, output, writing):
    """STEAD for SWaG: earthquakes nearer than 200 km, 50 Hz, z-scored.

    SWaG (Duan et al., 2025): "Each waveform is 60 seconds long, sampled at 100 Hz. All waveforms were demeaned,
    detrended, and filtered. We retained only waveforms with an epicentral distance of less than 200 km, resulting in
    100,588 three-component waveforms as train sets. These waveforms were downsampled to 50 Hz and normalized for
    training the SWaG. Additionally, station ID, P-wave arrival time, S-wave arrival time, and magnitude were included
    as input labels."

    The copy is STEAD's own pair of files or SeisBench's version. STEAD comes demeaned, detrended and filtered; mean and
    trend are removed again, and the only second filter is that of the resampling, because the paper names no band.
    Records without one of the four labels are left out. The paper does not state the other rules that
    reduced STEAD's 1.03 million earthquake records to 100,588; more remain here. Normalised: z-score of each component.
    """
    dataset = open_stead(path)
    table = uniform_columns(dataset.metadata)
    kinds = table.get("trace_category")
    quake = np.ones(len(table), bool) if kinds is None else kinds.str.startswith("earthquake").to_numpy()
    labels = [numbers(table, name) for name in ("trace_p_arrival_sample", "trace_s_arrival_sample", "source_magnitude")]
    station = table.get("station_code")
    with np.errstate(invalid="ignore"):
        near = numbers(table, "path_ep_distance_km") < 200.0
    rules = {
        "an earthquake": quake,
        "epicentral distance below 200 km": near,
        "P, S, magnitude and station as labels": np.isfinite(labels).all(axis=0)
        & (np.zeros(len(table), bool) if station is None else (station != "").to_numpy()),
    }
    steps = Preparation((Detrend("linear"), Resample(50.0), ZScore()))
    return _of_table("stead", dataset, table, rules, steps, output=output, writing=writing)


def kma(path, output, writing, *, channel=("HH?", "BH?"), **settings):
    """KMA for HEGGS: windows of continuous broadband records, 60 s from origin, 100 Hz, 1 to 45 Hz.

    HEGGS (2025), A.2: "KMA data source consist of continuous waveform data [...]. We exploit the dataset appear in
    (Han et al., 2023) which is constructed from earthquake catalog provided by KMA, spanning from 2016-2020, and used
    subset consist of observations from broadband sensors. Similarly to SCEDC, the waveforms have a sampling rate of
    100hz, a duration of 60 seconds, and a frequency 1 ~ 45Hz."

    The copy is a folder with ``inventory.xml``, ``catalog.xml`` and waveforms, whose files or folder begin with
    "waveforms". Broadband: channel codes HH? and BH? (option `channel`). Other options are those of
    `seissynth.data.cutting.CutSettings`. No noise is cut unless `noise_windows` is set.
    """
    from obspy import read_events, read_inventory

    from seissynth.data.cutting.cut import CutSettings, cut_events
    from seissynth.data.preparation.preparation import heggs_preparation

    waveforms = sorted(path.glob("waveforms*")) if path.is_dir() else []
    absent = [name for name in ("inventory.xml", "catalog.xml") if not (path / name).is_file()]
    if absent or not waveforms:
        wanted = "a folder of inventory.xml, catalog.xml and waveforms* is wanted"
        raise FileFormatError(f"{path} lacks {absent[0] if absent else 'waveforms*'}; {wanted}.")
    refuse_set(output, writing["overwrite"])
    settings = CutSettings(
        **{"preparation": heggs_preparation(_HEGGS_RATE_HZ, *_HEGGS_BAND_HZ), "noise_windows": 0, **settings},
        duration_s=_HEGGS_S,
        channel=list(channel),
    )
    report = cut_events(
        [str(item) for item in waveforms],
        read_inventory(str(path / "inventory.xml")),
        read_events(str(path / "catalog.xml")),
        output,
        settings,
        overwrite=writing["overwrite"],
        progress=writing["progress"],
    )
    recipe_report = RecipeReport("kma", report.asked, report.written)
    recipe_report.left_out = {"no samples": report.without_data}
    recipe_report.left_out["quality rules of CutSettings.require"] = report.asked - report.without_data - report.written
    return _with_some(recipe_report)


def itaca(path, output, writing, *, flatfile=None, tag=None):
    """ITACA for the WGAN-GP of the thesis: Mw above 4, shallower than 50 km, 200 Hz, up to 40 s, z-scored.

    Thesis (2024), 4.3.1: "Magnitude (Mw > 4.0) [...] Epicentral Depth (< 50 km) [...] Waveforms recorded exclusively
    within Italy were selected". 4.3.3: "The dataset was uniformly sampled at 200 Hz [...] The original dataset of 9987
    waveforms was reduced to 1298 instances to ensure a maximum window length of 40 seconds. [...] Instead of
    resampling, waveforms shorter than 40 seconds were padded to a uniform length of 40 seconds. [...] Seismic data was
    normalized on a per-signal basis using Z-Score normalization".

    The copy is an ASDF file or a folder of them, with the flat-file (appendix B) in the same folder: ``flatfile*`` or
    ``*flatfile*`` (.txt, .csv), or the argument. Italy is taken as 35.00 to 48.03 N, 5.32 to 20.01 E (HEGGS, table 5);
    stations without coordinates stay. Zeros are padded at the end before the z-score, in the order of the text.
    """
    from seissynth.io.asdf_sets import asdf_files, read_asdf_records
    from seissynth.io.flatfile import read_flatfile

    flatfile = flatfile or _find_flatfile(path)
    flat = None if flatfile is None else read_flatfile(flatfile)
    steps = Preparation((Resample(200.0), Pad(8000), ZScore()))
    names = ("Mw above 4.0", "depth below 50 km", "recorded in Italy", "at most 40 s", "finite, not constant samples")
    report = RecipeReport("itaca", left_out=dict.fromkeys(names, 0))

    def records():
        for file in asdf_files(path):
            for row, data in read_asdf_records(file, tag=tag, flatfile=flat):
                report.read += 1
                rate = row["trace_sampling_rate_hz"]
                moment = str(row.get("source_magnitude_type", "")).lower().startswith("mw")
                latitude = row.get("station_latitude_deg", 40.0)
                longitude = row.get("station_longitude_deg", 12.0)
                obeyed = (
                    moment and row.get("source_magnitude", -np.inf) > 4.0,
                    row.get("source_depth_km", np.inf) < 50.0,
                    35.0 <= latitude <= 48.03 and 5.32 <= longitude <= 20.01,
                    data.shape[1] / rate <= 40.0,
                    np.isfinite(data).all() and bool((np.ptp(data, axis=1) > 0).all()),
                )
                if all(obeyed):
                    data = data[[row["trace_component_order"].index(letter) for letter in "ZNE"]]
                    yield _prepared(row, data, rate, steps)
                else:
                    report.left_out[names[obeyed.index(False)]] += 1

    bar = writing["progress"]
    writing = {**writing, "progress": None if bar is None else lambda done: bar(done, 0)}  # the number is unknown
    report.written = write_in_chunks(
        output, records(), **writing, component_order="ZNE", sampling_rate_hz=200.0, unit="1", quantity="normalised",
        extra_format=_origin(report.name, steps),
    )  # fmt: skip
    return _with_some(report)


#: name -> function of (path, output, how to write)
RECIPES = {"scedc": scedc, "instance": instance, "stead": stead, "kma": kma, "itaca": itaca}


def _find_flatfile(path):
    folder = path if path.is_dir() else path.parent
    candidates = sorted(
        item for item in folder.iterdir() if "flatfile" in item.name.lower() and item.suffix.lower() in (".txt", ".csv")
    )
    return candidates[0] if candidates else None


def _lengths(dataset, table):
    """Return the lengths of the traces, from the table or else from their positions in the blocks."""
    npts = numbers(table, "trace_npts")
    unknown = np.flatnonzero(~np.isfinite(npts))
    for row in unknown:
        npts[row] = dataset.waveform(row, component_order=None, nonfinite="keep").shape[1]
    return npts


def _of_table(name, dataset, table, rules, steps, *, output, writing, window_s=None):
    """Apply rules and steps to a set whose rules depend only on its table."""
    report = RecipeReport(name, read=len(table))
    kept = np.ones(len(table), bool)
    for rule, obeyed in rules.items():
        report.left_out[rule] = int(np.count_nonzero(kept & ~obeyed))
        kept &= obeyed
    report.left_out["finite, not constant samples"] = 0
    rows = np.flatnonzero(kept)
    plain = table.iloc[rows].to_dict("records")
    start = after_origin_s(table.iloc[rows]) if window_s else None

    def records():
        for number, (row, columns) in enumerate(zip(rows, plain, strict=True)):
            data = dataset.waveform(row, nonfinite="keep")
            if not np.isfinite(data).all() or (np.ptp(data, axis=1) == 0).any():
                report.left_out["finite, not constant samples"] += 1
                continue
            rate = columns["trace_sampling_rate_hz"]
            columns, data = _prepared(columns, data, rate, steps)
            if window_s:
                columns, data = _windowed(columns, data, start[number], window_s)
            yield columns, data

    bar = writing["progress"]
    report.written = write_in_chunks(
        output, records(), records_per_chunk=writing["records_per_chunk"], overwrite=writing["overwrite"],
        progress=None if bar is None else lambda done: bar(done, len(rows)), component_order="ZNE",
        sampling_rate_hz=_rate(table.iloc[rows], steps), **_units(dataset, steps), extra_format=_origin(name, steps),
    )  # fmt: skip
    return _with_some(report)


def _rate(table, steps):
    rates = [step.sampling_rate_hz for step in steps.steps if isinstance(step, Resample)]
    return rates[-1] if rates else common_rate(numbers(table, "trace_sampling_rate_hz"))


def _units(dataset, steps):
    if any(step.name in ("zscore", "peak") for step in steps.steps):
        return {"unit": "1", "quantity": "normalised"}
    return {"unit": dataset.unit or "unknown", "quantity": dataset.data_format.get("measurement", "unknown")}


def _origin(name, steps):
    return {"recipe": name, "preparation": steps.to_json()}


def _with_some(report):
    if not report.written:
        raise InputError(f"no record is left. {' '.join(str(report).split())}")
    return report


def _prepared(row, data, rate, steps):
    """Return row and samples after the steps, with adjusted onsets."""
    names = [name for name in ("trace_p_arrival_sample", "trace_s_arrival_sample") if name in row]
    prepared = steps.apply(data, rate, samples={name: np.asarray(row[name], float) for name in names})
    row = {key: value for key, value in row.items() if key not in ("trace_dt_s", "trace_npts")}
    row |= {name: float(prepared.samples[name]) for name in names}
    row["trace_sampling_rate_hz"], row["trace_component_order"] = prepared.sampling_rate_hz, "ZNE"
    return row, np.asarray(prepared.data, np.float32)


def _windowed(row, data, start_s, window_s):
    """Cut the window that begins at the sample nearest to origin."""
    rate = row["trace_sampling_rate_hz"]
    first, npts = round(-start_s * rate), round(window_s * rate)
    first = min(max(first, 0), data.shape[1] - npts)
    row["trace_start_time"] = later(row["trace_start_time"], first / rate)
    for name in ("trace_p_arrival_sample", "trace_s_arrival_sample"):
        if name in row:
            moved = row[name] - first
            row[name] = moved if 0 <= moved < npts else np.nan
    return row, data[:, first : first + npts]
