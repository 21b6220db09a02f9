"""P and S picks of a network in a continuous archive, of one sensor a station; needs SeisBench."""

import numpy as np
import obspy
import pandas as pd

from seissynth.picking.models import import_torch, load_picker

#: least probability of a pick: low, since many stations have to agree
THRESHOLD = 0.1
#: of the sensors of a station the first of these that it has
_BANDS = ("HH", "EH", "HN")
#: horizontals of unknown azimuth are taken for N and E: a picker does not mind
_LETTERS = {"1": "N", "2": "E"}


def picks_of(stream, picker_file, threshold=THRESHOLD):
    """Pick a continuous archive.

    Parameters
    ----------
    stream : obspy Stream
        Not changed.
    picker_file : path
        Of `seissynth.picking.models.load_picker`.
    threshold : float

    Returns
    -------
    DataFrame
        ``station`` (NET.STA), ``phase``, ``time`` (s after 1970), ``probability``, in the order of time.
    """
    torch, _ = import_torch()
    torch.set_num_threads(1)
    model, rows = load_picker(picker_file), []
    for name, traces in sorted(one_sensor_each(stream).items()):
        found = model.classify(traces, P_threshold=threshold, S_threshold=threshold, batch_size=64)
        rows += [(name, one.phase, one.peak_time.timestamp, one.peak_value) for one in found.picks]
    table = pd.DataFrame(rows, columns=["station", "phase", "time", "probability"])
    return table.sort_values("time", ignore_index=True)


def one_sensor_each(stream):
    """Traces of one sensor of each station, by NET.STA, with the letters Z, N and E."""
    names = sorted({(trace.stats.network, trace.stats.station) for trace in stream})
    out = {}
    for network, station in names:
        for band in _BANDS:
            found = stream.select(network=network, station=station, channel=f"{band}?")
            if len(found):
                out[f"{network}.{station}"] = obspy.Stream([_renamed(trace) for trace in found])
                break
    return out


def _renamed(trace):
    data = np.ma.filled(trace.data, 0).astype(np.float32)
    new = obspy.Trace(data, trace.stats.copy())
    code = new.stats.channel
    new.stats.channel = code[:-1] + _LETTERS.get(code[-1], code[-1])
    return new
