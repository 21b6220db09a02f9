"""Shared by the comparisons with real records: bands, peaks, spectra, onsets, intervals, tables and pictures.

Motion is SI; a "sensor" here is an array of shape (3, npts) in the order Z, first horizontal, second horizontal.
"""

import csv
import io
import os
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from seissynth.picking import pickers
from seissynth.plotting.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, new_figure, styled
from seissynth.signal.motion import convert_motion

__all__ = ["BLACK", "BLUE", "GREEN", "ORANGE", "PURPLE", "new_figure", "styled"]

DEFAULT_OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "real"
MEASURES = ("pga_h", "pgv_h", "pga_z", "pgv_z")
ORDER = "Z1N2E"


def sensor_key(trace):
    """NET.STA and the band and instrument code of a trace."""
    return f"{trace.stats.network}.{trace.stats.station}", trace.stats.channel[:2]


def by_station(stream):
    """Traces of a Stream by NET.STA, each list in the order Z, N or 1, E or 2."""
    stations = {}
    for trace in stream:
        stations.setdefault(sensor_key(trace)[0], []).append(trace)
    return {name: sorted(traces, key=lambda t: ORDER.index(t.stats.channel[-1])) for name, traces in stations.items()}


def band_pass(data, rate, band):
    """Causal Butterworth of order 4 at each edge; the same for real and generated records."""
    low, high = band
    return sosfilt(butter(4, [low, min(high, 0.49 * rate)], "bandpass", fs=rate, output="sos"), data, axis=-1)


def in_band(data, rate, quantity, wanted, band):
    """Motion (3, npts) of `quantity` as `wanted`, in the band; the filter takes out what integration lets drift."""
    return band_pass(convert_motion(data, rate, quantity, wanted).astype(float), rate, band)


def peaks(data, rate, quantity, band, window):
    """PGA and PGV: geometric mean of both horizontals (h), and vertical (z), within sample range `window`."""
    out = {}
    for name, wanted in (("pga", "acceleration"), ("pgv", "velocity")):
        top = np.abs(in_band(data, rate, quantity, wanted, band)[:, window]).max(axis=1)
        out[f"{name}_h"] = float(np.sqrt(top[1] * top[2]))
        out[f"{name}_z"] = float(top[0])
    return out


def duration(acceleration, rate, low, high):
    """Time between shares `low` and `high` of the Arias intensity of the horizontals, s."""
    growth = np.cumsum((acceleration[1:] ** 2).sum(axis=0))
    first, last = np.searchsorted(growth, np.array([low, high]) * growth[-1])
    return float((last - first) / rate)


def rise_time(data, rate, start, stop, share=0.5):
    """Time from sample `start` until |data| first reaches `share` of its peak up to `stop`, s."""
    part = np.abs(data[start:stop])
    return float(np.argmax(part >= share * part.max()) / rate)


def smooth_spectrum(data, rate, centres, octaves=1 / 3):
    """Fourier amplitude: root mean square over bands of `octaves` about `centres`, last axis."""
    taper = np.ones(data.shape[-1])
    edge = max(int(0.05 * len(taper)), 1)
    taper[:edge] = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
    taper[-edge:] = taper[:edge][::-1]
    power = np.abs(np.fft.rfft(data * taper, axis=-1) / rate) ** 2
    frequency = np.fft.rfftfreq(data.shape[-1], 1 / rate)
    out = np.full((*data.shape[:-1], len(centres)), np.nan)
    for k, centre in enumerate(centres):
        inside = (frequency >= centre * 2 ** (-octaves / 2)) & (frequency < centre * 2 ** (octaves / 2))
        if inside.any():
            out[..., k] = np.sqrt(power[..., inside].mean(axis=-1))
    return out


def envelope(data, rate, length_s=0.5):
    """Root mean square over `length_s` and over the components, shape (npts,)."""
    width = max(int(length_s * rate), 1)
    power = (data**2).mean(axis=0)
    return np.sqrt(np.convolve(power, np.ones(width) / width, mode="same"))


def aic_onset(data, rate, guess_s, reach_s, band, before_s=0.0):
    """Onset by Akaike's criterion (Maeda 1985) within `guess_s` - `reach_s` to + `reach_s`; (time, contrast).

    Contrast is the root mean square in 1 s after the onset over that in 1 s before it; the trace starts `before_s`
    before time 0.
    """
    filtered = band_pass(np.asarray(data, dtype=float), rate, band)
    return pickers.aic_onset(filtered, rate, guess_s, reach_s, before_s)


def summary(values, seed=0, draws=2000):
    """Median, standard deviation and the 95 % interval of the median by resampling; `values` of any number."""
    values = np.asarray([v for v in values if np.isfinite(v)], dtype=float)
    if not len(values):
        return {"n": 0, "median": np.nan, "low": np.nan, "high": np.nan, "sd": np.nan}
    rng = np.random.default_rng(seed)
    medians = np.median(rng.choice(values, (draws, len(values))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    spread = values.std(ddof=1) if len(values) > 1 else np.nan
    return {"n": len(values), "median": np.median(values), "low": low, "high": high, "sd": spread}


def with_interval(stats, digits=2):
    """`summary` as text: median [low, high]; of fewer than five values, too few to resample, the median."""
    if not stats["n"]:
        return "–"
    if stats["n"] < 5:
        return f"{stats['median']:+.{digits}f}"
    return f"{stats['median']:+.{digits}f} [{stats['low']:+.{digits}f}, {stats['high']:+.{digits}f}]"


def write_text(path, text):
    """Write beside, then replace."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def write_csv(path, rows):
    """Rows (dicts with the same keys) as CSV; floats with five digits."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
    write_text(path, out.getvalue())


def write_markdown(path, header, rows):
    """A markdown table of texts."""
    lines = [header, ["---"] * len(header), *rows]
    write_text(path, "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n")


def save_picture(figure, path, dpi=80, colours=160):
    """PNG with a palette: a third of the size, nothing lost to the eye."""
    from PIL import Image

    figure.set_dpi(dpi)
    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    picture = picture.quantize(colours, dither=Image.Dither.NONE)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    picture.save(beside, format="PNG", optimize=True)
    beside.replace(path)


def clustered_summary(values, events, stations, seed=0, draws=1000):
    """`summary` with the interval from resampling events, then stations: records of one event are not independent.

    Parameters
    ----------
    values : array_like, shape (n,)
        NaN is left out.
    events, stations : array_like, shape (n,)
        To which each value belongs.
    """
    values = np.asarray(values, dtype=float)
    known = np.isfinite(values)
    values = values[known]
    out = summary(values, draws=1)
    if len(values) < 5:
        return out
    order = np.argsort(values)
    values = values[order]
    rng = np.random.default_rng(seed)
    weights = np.ones((draws, len(values)))
    for groups in (np.asarray(events)[known][order], np.asarray(stations)[known][order]):
        names, place = np.unique(groups, return_inverse=True)
        weights *= rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)[:, place]
    grown = np.cumsum(weights, axis=1)
    some = grown[:, -1] > 0
    at = (grown[some] >= 0.5 * grown[some, -1:]).argmax(axis=1)
    out["low"], out["high"] = np.percentile(values[at], [2.5, 97.5])
    out["events"] = len(np.unique(np.asarray(events)[known]))
    return out
