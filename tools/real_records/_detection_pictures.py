"""Earthquakes that were found in an archive: over time and magnitude, and records of new ones."""

import numpy as np
import obspy

from tools.real_records import _real_records as real
from tools.real_records._archive_picks import one_sensor_each

_BAND_HZ = (2.0, 20.0)
_BEFORE_S, _AFTER_S = 3.0, 25.0
_SHOWN, _STATIONS = 6, 6


@real.styled
def draw_found(found, known, catalog):
    """Magnitudes over time, of the catalogue's earthquakes that were found or not, and of new ones."""
    figure = real.new_figure(9.0, 3.6)
    axes = figure.subplots()
    begin = catalog[0].origins[0].time.timestamp
    minutes = np.array([(event.origins[0].time.timestamp - begin) / 60 for event in catalog])
    sizes = np.array([event.magnitudes[0].mag for event in catalog])
    seen = np.isin(np.arange(len(catalog)), known)
    axes.plot(minutes[seen], sizes[seen], "o", color=real.BLUE, markersize=4, label="in the catalogue, found")
    axes.plot(minutes[~seen], sizes[~seen], "x", color=real.BLACK, markersize=6, label="in the catalogue, not found")
    new = [((one.time - begin) / 60, one.magnitude) for one, k in zip(found, known, strict=True) if k < 0]
    axes.plot(*np.array(new).T, "^", color=real.ORANGE, markersize=5, label="new")
    axes.set(xlabel="minutes after the M 4.0", ylabel="magnitude")
    axes.legend(loc="upper left")
    return figure


@real.styled
def draw_new(found, known, picks, folder):
    """Z and N records of six new earthquakes, fewest to most picks, with the picks that make them one."""
    new = sorted((one for one, k in zip(found, known, strict=True) if k < 0), key=lambda one: len(one.rows))
    chosen = [new[i] for i in np.linspace(0, len(new) - 1, min(_SHOWN, len(new))).round().astype(int)]
    sensors = one_sensor_each(obspy.read(str(folder / "waveforms.mseed")))
    figure = real.new_figure(11.0, 10.5)
    for axes, one in zip(figure.subplots(3, 2).flat, chosen, strict=False):
        rows = picks.iloc[one.rows]
        stations = rows[rows["phase"] == "P"].sort_values("time")["station"].head(_STATIONS).tolist()
        for line, name in enumerate(stations):
            for component, shift in (("Z", 0.0), ("N", 0.45)):
                trace = sensors[name].select(component=component)[0].copy()
                start = obspy.UTCDateTime(one.time)
                trace = trace.slice(start - _BEFORE_S - 5, start + _AFTER_S).detrend("demean")
                trace.filter("bandpass", freqmin=_BAND_HZ[0], freqmax=_BAND_HZ[1])
                trace.trim(start - _BEFORE_S, start + _AFTER_S)
                values = trace.data / np.abs(trace.data).max()
                axes.plot(trace.times() - _BEFORE_S, 0.2 * values - line - shift, color=real.BLACK, linewidth=0.4)
            for phase, colour in (("P", real.BLUE), ("S", real.ORANGE)):
                for time in rows[(rows["station"] == name) & (rows["phase"] == phase)]["time"]:
                    axes.plot([time - one.time] * 2, [-line - 0.65, -line + 0.2], color=colour, linewidth=1.2)
        axes.set_yticks(-np.arange(len(stations)) - 0.2, stations)
        size = f"ML {one.magnitude:.1f}" if np.isfinite(one.magnitude) else "no ML"
        axes.set_title(f"{obspy.UTCDateTime(one.time).strftime('%H:%M:%S')}, {size}, {len(one.rows)} picks")
        axes.set_xlabel("s after origin")
    return figure
