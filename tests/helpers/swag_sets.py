"""Small made-up sets for the tests of SWaG: 10 Hz, 20 s, two stations, size that grows with magnitude."""

import numpy as np
import pandas as pd

from seissynth.io.seisbench.dataset import DatasetWriter

RATE, NPTS = 10.0, 200
PLACES = {"A": (35.6, -117.5), "B": (36.2, -117.5)}


def made_up_rows(count=24):
    """Rows of `count` earthquakes at two stations in turn; the last quarter is the part "dev"."""
    rng, rows = np.random.default_rng(0), []
    for number in range(count):
        code = "AB"[number % 2]
        p = rng.uniform(2.0, 5.0)
        rows.append(
            {
                "source_id": f"e{number}", "source_magnitude": round(rng.uniform(1.0, 4.0), 1),
                "source_magnitude_type": "ML", "station_network_code": "XX", "station_code": code,
                "station_latitude_deg": PLACES[code][0], "station_longitude_deg": PLACES[code][1],
                "trace_category": "earthquake_local", "trace_sampling_rate_hz": RATE, "trace_npts": NPTS,
                "trace_p_arrival_sample": p * RATE, "trace_s_arrival_sample": (p + rng.uniform(1.0, 4.0)) * RATE,
                "split": "train" if number < 0.75 * count else "dev",
            }
        )  # fmt: skip
    return rows


def waveforms(rows, level=1e-7, seed=0):
    """Noise, and from P on louder noise that decays, by the magnitude of the row, m/s."""
    rng = np.random.default_rng(seed)
    time = np.arange(NPTS) / RATE
    out = np.empty((len(rows), 3, NPTS), np.float32)
    for record, row in zip(out, rows, strict=True):
        after = time - row["trace_p_arrival_sample"] / RATE
        envelope = np.where(after >= 0, np.exp(-np.maximum(after, 0) / 3.0), 0.0)
        size = level * 10 ** row["source_magnitude"]
        record[:] = (size * envelope + 0.01 * size) * rng.standard_normal((3, NPTS))
    return out


def write_set(folder, rows=None, noise=0, unit="m/s", factor=1.0, **columns):
    """Write a set of these rows, changed by `columns`, and of `noise` rows of noise for each station."""
    rows = [{**row, **columns} for row in (made_up_rows() if rows is None else rows)]
    quiet = [
        {"station_network_code": "XX", "station_code": code, "trace_category": "noise", "trace_npts": NPTS,
         "trace_sampling_rate_hz": RATE, "split": "train"}
        for code in sorted({row["station_code"] for row in rows}) for _ in range(noise)
    ]  # fmt: skip
    silence = 1e-6 * np.random.default_rng(1).standard_normal((len(quiet), 3, NPTS)).astype(np.float32)
    with DatasetWriter(folder, sampling_rate_hz=RATE, unit=unit) as writer:
        writer.write(pd.DataFrame(rows + quiet), np.float32(factor) * np.concatenate([waveforms(rows), silence]))
    return folder


def tiny_options(**changes):
    """Options of `train_swag` for a training of seconds."""
    options = {
        "config": "tiny", "steps": 6, "batch_size": 4, "warm_up": 1, "log_every": 1, "validate_every": 3,
        "validation_records": 4, "threads": 1, "progress": False, "tensorboard": False, "accelerator": "cpu",
    }  # fmt: skip
    return {**options, **changes}
