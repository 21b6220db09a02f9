"""Replace the few records of a station by a training set of many generated ones with similar labels."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.io.seisbench.dataset import Dataset
from seissynth.io.seisbench.layout import write_chunks_file
from seissynth.io.seisbench.write import DatasetWriter
from seissynth.shared.checks import whole
from seissynth.units import UNITS
from seissynth_plugins.swag.labelled import draw_labels
from seissynth_plugins.torchkit.noise_rows import sensor_names

if TYPE_CHECKING:
    import pandas

    from seissynth_plugins.swag.labelled import LabelledGenerator

#: every twentieth record is of the part "dev"
DEV_EVERY = 20
_BLOCK = 500
#: columns of the real records that generated ones of their station keep
_OF_THE_STATION = (
    "station_network_code", "station_code", "station_location_code", "station_latitude_deg", "station_longitude_deg",
    "station_elevation_m", "source_magnitude_type", "trace_channel",
)  # fmt: skip


def make_labelled_set(
    generator: LabelledGenerator,
    real: Dataset,
    output: str | os.PathLike[str],
    count: int,
    *,
    even_magnitudes: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], Any] | None = None,
) -> Dataset:
    """Write a set of generated records with labels like those of real records of a station.

    Parameters
    ----------
    generator : LabelledGenerator
        With weights that were trained on records of the station.
    real : Dataset
        The station's records: S minus P and magnitude are drawn around theirs, see
        `seissynth_plugins.swag.labelled.draw_labels`. P comes evenly within the range of the weights.
    output : path
        Folder of the set, in SeisBench's format, with the parts "train" and "dev" (every twentieth record). Records
        are written in blocks of 500; the same call resumes where one was stopped.
    count : int
    even_magnitudes : bool
        Magnitudes evenly over their range.
    seed : int
    progress : callable, optional
        Called with the number of records that are there and `count` after each block.

    Returns
    -------
    Dataset
        The set, in the unit of the weights.

    Raises
    ------
    InputError
        Real records of several stations, without labels, or of another rate than the weights'.
    DomainError
        Labels outside the trained range.

    Notes
    -----
    S minus P of the drawn labels are clipped to the trained range.

    Examples
    --------
    ``make_labelled_set(LabelledGenerator("run/weights.safetensors"), Dataset("my_station"), "made", 5000)``
    """
    whole("count", count)
    config, inputs = generator.backend.config, generator.inputs
    rate, station = float(config.sampling_rate_hz), _station_of(real)
    if float(real.sampling_rate_hz) != rate:
        raise InputError(f"the real records have {real.sampling_rate_hz:g} Hz and the weights {rate:g} Hz.")
    labels = _draw(real.metadata, inputs, rate, count, even_magnitudes, seed)
    known = station if station in inputs.names else None
    output = Path(output)
    about = {name: real.metadata[name].iloc[0] for name in _OF_THE_STATION if name in real.metadata}
    for first in range(0, count, _BLOCK):
        chunk = f"_{first // _BLOCK:04d}"
        part = labels[first : first + _BLOCK]
        if not (output / f"metadata{chunk}.csv").is_file():
            made = generator.records(part, known, seed=seed * 1_000_003 + first)
            normalised = inputs.quantity == "normalised"
            with DatasetWriter(
                output, component_order=inputs.component_order, sampling_rate_hz=rate, unit=UNITS[inputs.quantity],
                chunk=chunk, dtype="float16" if normalised else "float32",
            ) as writer:  # fmt: skip
                writer.write(_rows(part, first, rate, about), made)
        if progress is not None:
            progress(first + len(part), count)
    write_chunks_file(output)
    return Dataset(output)


def _station_of(real):
    names = set(sensor_names(real.metadata))
    if len(names) != 1:
        words = ", ".join(sorted(names)[:5]) or "none"
        raise InputError(f"real holds records of {len(names)} stations ({words}); select those of one.")
    return names.pop()


def _draw(table, inputs, rate, count, even_magnitudes, seed):
    """P, S and magnitude of `count` records."""
    columns = ("trace_p_arrival_sample", "trace_s_arrival_sample", "source_magnitude")
    if missing := [name for name in columns if name not in table]:
        raise InputError(f"real has no column {missing[0]}; the labels are drawn around {', '.join(columns)}.")
    p, s, magnitude = (table[name].to_numpy(float) for name in columns)
    whole_rows = np.isfinite(p) & np.isfinite(s) & np.isfinite(magnitude)
    if not whole_rows.any():
        raise InputError("no record of real has P, S and magnitude.")
    p, s, magnitude = p[whole_rows] / rate, s[whole_rows] / rate, magnitude[whole_rows]
    labels = draw_labels(
        p, s, magnitude, count, p_range_s=inputs.ranges["p_s"], even_magnitudes=even_magnitudes, seed=seed
    )
    apart = np.clip(labels[:, 1] - labels[:, 0], *inputs.ranges["s_minus_p_s"])
    labels[:, 1] = labels[:, 0] + apart
    return labels


def _rows(labels, first, rate, about) -> pandas.DataFrame:
    """Metadata of some records."""
    import pandas as pd

    number = first + np.arange(len(labels))
    return pd.DataFrame(
        {
            "source_id": [f"swag{i:06d}" for i in number], "source_magnitude": labels[:, 2], **about,
            "trace_category": "earthquake_local", "trace_sampling_rate_hz": rate,
            "trace_p_arrival_sample": labels[:, 0] * rate, "trace_s_arrival_sample": labels[:, 1] * rate,
            "split": np.where(number % DEV_EVERY == 0, "dev", "train"),
        }
    )  # fmt: skip
