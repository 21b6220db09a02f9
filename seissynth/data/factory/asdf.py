"""Shards in ASDF: records with events, stations and provenance, and separate files for noise and metadata."""

import json

import numpy as np
from obspy import Stream, Trace, UTCDateTime
from obspy.core import AttribDict
from obspy.core.event import Catalog

from seissynth.data.factory.drawn_events import make_event
from seissynth.io.asdf import write_asdf
from seissynth.schema import COLUMNS
from seissynth.shared.atomic import replacing
from seissynth.shared.csv_cells import write_table

#: names of a shard's files, by the number of its block
RECORDS, NOISE, METADATA = "records_{}.h5", "noise_{}.h5", "metadata_{}.csv"


def write_shard(job, plan, number, count):
    """Write one block; `count` is called with each part of its metadata."""
    import pandas

    settings, maker = job.settings, job.maker
    arguments = {"make_dataset": json.loads(json.dumps(settings.as_plain_data()))}
    shared = settings.core.provenance(maker.backend, 0, arguments)
    records, noise, frames = Stream(), Stream(), []
    earthquake = -1
    for frame, waveforms in maker.pieces(plan):
        for i, row in enumerate(frame.to_dict("records")):
            is_noise = row["trace_category"] == "noise"
            earthquake += not is_noise
            info = _noise_info(shared, plan, earthquake, len(noise)) if is_noise else _info(shared, plan, earthquake)
            info.update(_onsets(row, info))
            (noise if is_noise else records).extend(list(_traces(plan.sensors[earthquake], row, waveforms[i], info)))
        count(frame)
        frames.append(frame)
    table = pandas.concat(frames, ignore_index=True)
    names = {True: NOISE.format(number), False: RECORDS.format(number)}
    table["trace_asdf_file"] = [names[kind == "noise"] for kind in table["trace_category"]]
    write_asdf(job.path / RECORDS.format(number), records, _catalog(plan, settings), settings.inventory)
    if len(noise):
        write_asdf(job.path / NOISE.format(number), noise, None, settings.inventory, tag="noise")
    target = job.path / METADATA.format(number)
    with replacing(target) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        write_table(table, file, index=False)


def _info(shared, plan, i):
    conditions = {name: plan.table[name][i] for name in COLUMNS}
    return {
        **shared,
        "origin_time": UTCDateTime(ns=int(plan.origin_us[i]) * 1000),
        "event_key": str(plan.table["source_id"][i]),
        "event_id": str(plan.event_id[i]),
        "conditions": AttribDict({k: v.item() if hasattr(v, "item") else v for k, v in conditions.items()}),
    }


def _noise_info(shared, plan, i, count):
    start = UTCDateTime(ns=int(plan.origin_us[i]) * 1000)
    name = f"noise/{plan.keys[i]}/{count}"
    return {**shared, "origin_time": start, "event_key": name, "event_id": name, "conditions": AttribDict()}


def _onsets(row, info):
    """P and S, first and second, s after origin."""
    start = UTCDateTime(row["trace_start_time"]) - info["origin_time"]
    onsets = {}
    for name in ("p", "s", "p2", "s2"):
        sample = row.get(f"trace_{name}_arrival_sample", np.nan)
        if name in ("p", "s") or np.isfinite(sample):
            onsets[f"{name}_s"] = start + sample / row["trace_sampling_rate_hz"]
    return onsets


def _traces(sensor, row, waveforms, info):
    for channel, samples in zip(sensor.channels, waveforms, strict=True):
        header = {
            "network": channel.network, "station": channel.station, "location": channel.location,
            "channel": channel.code, "starttime": UTCDateTime(row["trace_start_time"]),
            "sampling_rate": row["trace_sampling_rate_hz"],
        }  # fmt: skip
        trace = Trace(np.ascontiguousarray(samples), header)
        trace.stats["seissynth"] = AttribDict(info)
        yield trace


def _catalog(plan, settings):
    numbers, first = np.unique(plan.events, return_index=True)
    table = settings.sources.rows(numbers)
    return Catalog(
        [
            make_event(
                str(table["event_id"][k]),
                {name: values[k] for name, values in table.items()},
                str(table["source_magnitude_type"][k]),
            )
            for k in range(len(first))
        ]
    )
