"""Spectrograms below the traces they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from obspy import Stream, Trace

from seissynth.errors import InputError
from seissynth.plotting._sensors import centred, find_sensors, nearest, seconds, title_of
from seissynth.plotting.spectra import plain_frequencies
from seissynth.plotting.style import axis_label, new_figure, scaled_unit, styled
from seissynth.plotting.traces import draw_onsets, draw_trace
from seissynth.units import pretty_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DYNAMIC_RANGE_DB = 60.0
#: windows are about as long as this; shorter ones would not show 1 Hz
_WINDOW_S = 2.0
_MOST_COLUMNS = 1500
#: lowest frequency drawn: slower motion does not fit into a window
_LOWEST_HZ = 0.2


@styled
def plot_spectrogram(stream: Stream | Trace, *, max_sensors: int = 3, quantity: str | None = None) -> Figure:
    """Draw each component above its spectrogram, with the onsets of P and S.

    Spectrograms are power spectral densities in Hann windows of about 2 s, a power of two of samples long and an eighth
    of it apart (`seissynth.signal.STFT`), in decibels. The components of a sensor share amplitude and colour scales;
    colours cover the 60 dB below the strongest.

    Parameters
    ----------
    stream : obspy Stream or Trace
        As `seissynth.generate` returns it, or one trace of it.
    max_sensors : int
        More are left out, and the title says so.
    quantity : {"VEL", "ACC", "DISP", "RAW"}, optional
        What traces hold that do not say so themselves, as in `plot_traces`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        An empty Stream, one with gaps, or traces of less than 16 samples.
    """
    stream = Stream([stream]) if isinstance(stream, Trace) else stream
    sensors, omitted = nearest(find_sensors(stream, quantity=quantity), max_sensors)
    columns = max(len(sensor.traces) for sensor in sensors)
    figure = new_figure(max(3.6 * columns, 6.5) + 0.8, 0.6 + 3.4 * len(sensors))
    grid = figure.add_gridspec(2 * len(sensors), columns, height_ratios=[1.0, 1.7] * len(sensors))
    for row, sensor in enumerate(sensors):
        _draw_sensor(figure, grid, 2 * row, sensor)
    figure.suptitle(f"Spectrograms   {title_of(sensors)}{omitted}", fontsize=10)
    return figure


def _draw_sensor(figure, grid, row, sensor):
    letters = sensor.components()
    factor, unit = scaled_unit(sensor.peak, sensor.unit)
    pictures = [spectrogram(centred(sensor.traces[letter]), sensor.traces[letter].stats.delta) for letter in letters]
    top = top_level(pictures)
    upper, lower, mesh = [], [], None
    for column, (letter, picture) in enumerate(zip(letters, pictures, strict=True)):
        trace = sensor.traces[letter]
        above = figure.add_subplot(grid[row, column], sharey=upper[0] if upper else None)
        below = figure.add_subplot(grid[row + 1, column], sharex=above, sharey=lower[0] if lower else None)
        draw_trace(above, trace, sensor, factor)
        above.set_title(letter, fontweight="bold")
        above.tick_params(labelbottom=False, labelleft=column == 0)
        mesh = draw_spectrogram(below, picture, seconds(trace, sensor.origin)[0], top)
        below.tick_params(labelleft=column == 0)
        below.set_xlabel(sensor.time_label)
        draw_onsets(above, sensor, named=True)
        draw_onsets(below, sensor, named=False, colour="white")
        upper.append(above)
        lower.append(below)
    upper[0].set_ylabel(f"{sensor.label}\n{axis_label(sensor.quantity, unit)}")
    lower[0].set_ylabel("Frequency (Hz)")
    figure.colorbar(mesh, ax=lower, pad=0.01, aspect=12, label=level_label(sensor.unit))


def draw_spectrogram(axes, picture, first_s, top):
    """Draw a spectrogram (as `spectrogram` returns it) whose sample 0 is at `first_s`; `top` is in dB."""
    frequencies, times, power = picture
    mesh = axes.pcolormesh(
        times + first_s,
        frequencies,
        10.0 * np.log10(np.maximum(power, 1e-300)),
        vmin=top - DYNAMIC_RANGE_DB,
        vmax=top,
        cmap="viridis",
        shading="nearest",
        rasterized=True,
    )
    axes.set_yscale("log")
    plain_frequencies(axes.yaxis)
    axes.set_facecolor(mesh.cmap(0.0))
    axes.set_ylim(max(frequencies[1], _LOWEST_HZ), frequencies[-1])
    return mesh


def top_level(pictures):
    """Strongest level of several spectrograms, dB; 0 when there is nothing in them."""
    top = max(float(power.max()) for _, _, power in pictures)
    return 10.0 * np.log10(top) if top > 0 else 0.0


def level_label(unit):
    """``dB of (m/s)²/Hz``."""
    return f"dB of ({pretty_unit(unit) or '1'})²/Hz"


def spectrogram(data, step_s):
    """Power spectral density in Hann windows of about 2 s, an eighth of a window apart.

    Parameters
    ----------
    data : ndarray, shape (n,)
        16 samples or more; treated as zero beyond its ends.
    step_s : float

    Returns
    -------
    frequencies_hz : ndarray, shape (m,)
    times_s : ndarray, shape (k,)
        Window centres after sample 0, not beyond the last sample.
    power : ndarray, shape (m, k)
        One-sided, unit of the data squared per Hz.
    """
    from seissynth.signal import STFT

    if data.size < 16:
        raise InputError(f"a trace has {data.size} samples; a spectrogram needs 16 or more.")
    length = 2 ** round(np.log2(max(_WINDOW_S / step_s, 16)))
    length = min(length, 2 ** int(np.log2(data.size)))
    stft = STFT(length, length // 8)
    times = stft.times(data.size, 1 / step_s)
    thinned = slice(0, int(np.searchsorted(times, data.size * step_s)), -(-times.size // _MOST_COLUMNS))
    lines = np.abs(stft.forward(data)[:, thinned])
    power = 2.0 * step_s * lines**2 / np.sum(stft.weights**2)
    return stft.frequencies(1 / step_s), times[thinned], power
