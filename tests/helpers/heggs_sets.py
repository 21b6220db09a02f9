"""Small made-up sets and weights for the tests of HEGGS."""

import numpy as np
import pandas as pd

from seissynth.io.seisbench.dataset import DatasetWriter

NPTS, RATE = 6000, 100.0
BEGIN = pd.Timestamp("2019-07-06T00:00:00Z")


def made_up_rows(events=8, stations=4, spacing_s=300.0):
    """Rows of `events` earthquakes at `stations` sensors; the last sensor is farthest."""
    rows = []
    for event in range(events):
        origin = BEGIN + pd.Timedelta(seconds=spacing_s * event)
        for station in range(stations):
            distance = 10.0 + 12.0 * station
            p, s = 0.5 + distance / 6.0, 0.5 + distance / 3.5
            rows.append(
                {
                    "source_id": f"e{event}", "source_origin_time": origin.isoformat(),
                    "source_latitude_deg": 35.6 + 0.01 * event, "source_longitude_deg": -117.5 - 0.01 * event,
                    "source_depth_km": 3.0 + event, "source_magnitude": 1.5 + 0.3 * event,
                    "source_magnitude_type": "ML", "station_network_code": "CI", "station_code": f"S{station}",
                    "station_latitude_deg": 35.6 + distance / 111.0, "station_longitude_deg": -117.5,
                    "path_ep_distance_km": distance, "path_back_azimuth_deg": 180.0 + event,
                    "path_p_travel_s": p, "path_s_travel_s": s, "path_onset_origin": "southern_california",
                    "trace_category": "earthquake_local", "trace_start_time": origin.isoformat(),
                    "trace_sampling_rate_hz": RATE, "trace_npts": NPTS, "trace_p_arrival_sample": p * RATE,
                    "trace_s_arrival_sample": s * RATE, "trace_p_status": "automatic" if station else "estimated",
                    "trace_s_status": "estimated", "trace_mask_end_s": 60.0 - 5.0 * (event % 3),
                    "trace_missing_samples": 0, "trace_margin_s": 5.0, "trace_is_dead": False,
                    "trace_is_clipped": False,
                }
            )  # fmt: skip
    return rows


def waveforms(rows, seed=0):
    """Noise, and louder noise from P on that decays, by the rows' magnitude and distance."""
    rng = np.random.default_rng(seed)
    time = np.arange(NPTS) / RATE
    out = np.empty((len(rows), 3, NPTS), np.float32)
    for record, row in zip(out, rows, strict=True):
        p = row["trace_p_arrival_sample"] / RATE
        level = 1e-7 * 10 ** np.nan_to_num(row["source_magnitude"]) / row["path_ep_distance_km"]
        envelope = np.where(time >= p, np.exp(-(time - p) / 8.0), 0.0)
        record[:] = (level * envelope + 1e-8) * rng.standard_normal((3, NPTS))
    return out


def write_set(folder, rows=None, noise=3, data=None, **formats):
    """Write a set of these rows, and of rows of noise for each sensor; return its path."""
    rows = made_up_rows() if rows is None else rows
    quiet = []
    for code in sorted({row["station_code"] for row in rows}):
        for number in range(noise):
            start = BEGIN - pd.Timedelta(seconds=60.0 * (number + 2))
            quiet.append(
                {
                    "station_network_code": "CI", "station_code": code, "trace_category": "noise",
                    "trace_start_time": start.isoformat(), "trace_sampling_rate_hz": RATE, "trace_npts": NPTS,
                }
            )  # fmt: skip
    data = waveforms(rows) if data is None else data
    silence = 1e-8 * np.random.default_rng(1).standard_normal((len(quiet), 3, NPTS)).astype(np.float32)
    formats = {"sampling_rate_hz": RATE, "unit": "m/s", "quantity": "velocity", **formats}
    with DatasetWriter(folder, **formats) as writer:
        writer.write(pd.DataFrame(rows + quiet), np.concatenate([data, silence]))
    return folder


def tiny_options(**changes):
    """Options of `train_heggs` for a training of seconds."""
    options = {
        "config": "tiny", "steps": 6, "batch_size": 2, "warm_up": 1, "log_every": 1, "validate_every": 3,
        "validation_records": 2, "threads": 1, "progress": False, "tensorboard": False, "accelerator": "cpu",
    }  # fmt: skip
    return {**options, **changes}
