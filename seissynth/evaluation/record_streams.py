"""Record sets from Streams made by seissynth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.record_sets import ORDER, RecordSet
from seissynth.shared.real_numbers import require_real

if TYPE_CHECKING:
    from obspy import Inventory, Stream

    from seissynth.ensemble import Ensemble


def streams_to_record_set(
    source: Stream | Ensemble, name: str | None = None, *, inventory: Inventory | None = None
) -> RecordSet:
    """Combine the three components of Streams from `seissynth.generate`.

    Parameters
    ----------
    source : Stream or Ensemble
        Traces with ``stats.seissynth``. The Streams of an Ensemble are draws.
    name : str, optional
        The backend's name by default.
    inventory : Inventory, optional
        Directions of the sensors, needed if channels are not Z, N and E.

    Returns
    -------
    RecordSet
        One record for each event, realisation and sensor, components Z, N, E.

    Raises
    ------
    InputError
        Traces that seissynth did not make, records of different length or rate, sensors without Z, N and E.

    Examples
    --------
    >>> import seissynth
    >>> from seissynth.evaluation import read_record_set
    >>> inventory, event = seissynth.read_example()
    >>> st = seissynth.generate(inventory, event, duration=60.0)
    >>> records = read_record_set(st, inventory=inventory)
    >>> records.name, records.quantity, records.npts
    ('stochastic', 'velocity', 6000)
    """
    import pandas as pd
    from obspy import Stream

    streams = [source] if isinstance(source, Stream) else list(source)
    groups: dict = {}
    for stream in streams:
        for trace in stream:
            stats = trace.stats
            if "seissynth" not in stats:
                raise InputError(
                    f"trace {trace.id} was not made by seissynth; cut windows of real records with "
                    "seissynth dataset cut, and evaluate those."
                )
            own = stats.seissynth
            key = (own.event_key, own.realization, stats.network, stats.station, stats.location, stats.channel[:2])
            groups.setdefault(key, {})[stats.channel[-1]] = trace
    if not groups:
        raise InputError("the Stream is empty; there is nothing to evaluate.")
    rows, data, shapes = [], [], set()
    onsets: dict[str, list] = {"start_s": [], "p_s": [], "s_s": []}
    for key, traces in groups.items():
        if not set(ORDER) <= set(traces):
            traces = _turned(traces, ".".join(key[2:]), inventory)
        first = traces["Z"]
        own = first.stats.seissynth
        shapes.add((first.stats.npts, first.stats.sampling_rate))
        data.append([require_real(traces[letter].data, f"trace {traces[letter].id}") for letter in ORDER])
        rows.append({**own.conditions, "source_id": key[0], "source_origin_time": str(own.origin_time),
                     "station_network_code": key[2], "station_code": key[3], "station_location_code": key[4],
                     "trace_channel": key[5]})  # fmt: skip
        onsets["start_s"].append(first.stats.starttime - own.origin_time)
        onsets["p_s"].append(own.p_s)
        onsets["s_s"].append(own.s_s)
    if len(shapes) > 1:
        raise InputError(
            f"records have {len(shapes)} different lengths or rates; generate them with one duration= and "
            "sampling_rate=."
        )
    arrays: dict[str, Any] = {name: np.array(values, dtype=float) for name, values in onsets.items()}
    return RecordSet(name or own.backend, np.array(data, dtype=np.float32), first.stats.sampling_rate, own.quantity,
                     pd.DataFrame(rows), **arrays)  # fmt: skip


def _turned(traces, sensor, inventory):
    """Rotate a sensor's traces to Z, N, E by the directions in the inventory."""
    from obspy import Stream

    letters = "".join(sorted(traces))
    if inventory is None:
        raise InputError(
            f"{sensor} has components {letters}, and evaluation compares {ORDER}; pass inventory=, which knows their "
            "directions."
        )
    own = next(iter(traces.values())).stats.seissynth
    turned = Stream([trace.copy() for trace in traces.values()])
    try:
        turned.rotate("->ZNE", inventory=inventory)
    except Exception as error:  # ObsPy raises several kinds, some of them bare
        raise InputError(f"{sensor}: components {letters} cannot be turned to {ORDER}: {error}") from error
    components = {trace.stats.channel[-1]: trace for trace in turned}
    if not set(ORDER) <= set(components):
        raise InputError(f"{sensor}: components {letters} do not make {ORDER}.")
    for trace in turned:
        trace.stats.seissynth = own
    return components
