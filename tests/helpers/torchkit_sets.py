"""Small made-up sets of another rate, length, quantity and start than those of HEGGS."""

import numpy as np
import pandas as pd
from heggs_sets import BEGIN, made_up_rows

from seissynth.io.seisbench.dataset import DatasetWriter
from seissynth_plugins.torchkit.record_rules import RecordRules

RATE, DURATION_S, START_S = 40.0, 40.0, -5.0
NPTS = 1600
#: acceleration, 40 s from 5 s before origin, 40 Hz
RULES = RecordRules("Toy", RATE, DURATION_S, quantity="acceleration", start_s=START_S)


def short_rows(spacing_s=300.0, start_s=START_S, **options):
    """Rows of `heggs_sets.made_up_rows` as windows of 40 s at 40 Hz that begin 5 s before origin."""
    rows = made_up_rows(spacing_s=spacing_s, **options)
    for row in rows:
        start = pd.Timestamp(row["source_origin_time"]) + pd.Timedelta(seconds=start_s)
        row |= {"trace_start_time": start.isoformat(), "trace_sampling_rate_hz": RATE, "trace_npts": NPTS}
        for phase in "ps":
            row[f"trace_{phase}_arrival_sample"] = (row[f"path_{phase}_travel_s"] - start_s) * RATE
        del row["trace_mask_end_s"]
    return rows


def noise_row(station, start_s):
    """A row of noise that begins so many seconds after the first origin."""
    return {
        "station_network_code": "CI", "station_code": station, "trace_category": "noise",
        "trace_start_time": (BEGIN + pd.Timedelta(seconds=start_s)).isoformat(), "trace_sampling_rate_hz": RATE,
        "trace_npts": NPTS,
    }  # fmt: skip


def write_short_set(folder, rows, **formats):
    """Write a set of rows, each record of the level 1 + its row; return its path."""
    rng = np.random.default_rng(0)
    data = rng.standard_normal((len(rows), 3, NPTS)).astype(np.float32)
    data *= 1 + np.arange(len(rows), dtype=np.float32)[:, None, None]
    formats = {"sampling_rate_hz": RATE, "unit": "m/s**2", "quantity": "acceleration", **formats}
    with DatasetWriter(folder, **formats) as writer:
        writer.write(pd.DataFrame(rows), data)
    return folder
