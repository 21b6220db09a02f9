"""Fourier amplitude spectra of the S window, over the noise before P."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seissynth.plotting._sensors import centred, find_sensors, nearest, seconds, title_of
from seissynth.plotting.style import BLUE, GREY, new_figure, styled
from seissynth.shared.ramps import half_cosine
from seissynth.signal import fourier_amplitude
from seissynth.units import pretty_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from obspy import Stream

_BANDS_PER_DECADE = 20
#: the S window ends where this many S minus P times have passed after S, and holds at least 10 s
_S_WINDOW = 1.5
_SHORTEST_S = 2.0


@styled
def plot_spectra(stream: Stream, *, max_sensors: int = 4, quantity: str | None = None) -> Figure:
    """Draw amplitude spectra per component: from S on, and of the noise before P.

    The S window starts at S and lasts 1.5 times S minus P, 10 s at least. Spectra are one-sided Fourier
    amplitudes (the unit of the record times seconds) of the window tapered by 5 % at each end, averaged in
    bands of a twentieth of a decade. The noise's spectrum is scaled by the root of the ratio of the windows' lengths,
    as appropriate for stationary noise. Without onsets the whole trace is taken.

    Parameters
    ----------
    stream : obspy Stream
    max_sensors : int
        More are left out, and the title says so.
    quantity : {"VEL", "ACC", "DISP", "RAW"}, optional
        What traces hold that do not say so themselves, as in `plot_traces`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    sensors, omitted = nearest(find_sensors(stream, quantity=quantity), max_sensors)
    columns = max(len(one.traces) for one in sensors)
    figure = new_figure(max(3.1 * columns, 5.5), 1.1 + 2.1 * len(sensors))
    panels = figure.subplots(len(sensors), columns, sharex=True, sharey="row", squeeze=False)
    for row, (line, sensor) in enumerate(zip(panels, sensors, strict=True)):
        letters = sensor.components()
        for axes, letter in zip(line, letters, strict=False):
            _draw(axes, sensor, letter)
            plain_frequencies(axes.xaxis)
            if row == len(sensors) - 1:
                axes.set_xlabel("Frequency (Hz)")
        for axes in line[len(letters) :]:
            axes.set_axis_off()
        line[0].set_ylabel(f"{sensor.label}\n{amplitude_label(sensor.unit)}")
    legend(figure, panels)
    figure.suptitle(f"Amplitude spectra   {title_of(sensors)}{omitted}", fontsize=10)
    return figure


def _draw(axes, sensor, letter):
    trace = sensor.traces[letter]
    data, times, step = centred(trace), seconds(trace, sensor.origin), trace.stats.delta
    signal, noise, name = windows(data, times, sensor)
    frequencies, amplitudes = amplitude_spectrum(signal, step)
    if noise is not None:
        low, quiet = amplitude_spectrum(noise, step)
        quiet = quiet * math.sqrt(signal.size / noise.size)
        axes.loglog(low, quiet, color=GREY, linewidth=1.0, label="noise before P, scaled to the S window")
    axes.loglog(frequencies, amplitudes, color=BLUE, linewidth=1.2, label=name)
    axes.grid(which="major")
    axes.set_title(letter, fontweight="bold")


def amplitude_label(unit, component=""):
    """``Amplitude (m/s/Hz)`` with the unit of the record over Hz, which is that unit times seconds.

    Examples
    --------
    >>> from seissynth.plotting.spectra import amplitude_label
    >>> amplitude_label("m/s"), amplitude_label("counts", "Z"), amplitude_label("1")
    ('Amplitude ((m/s)/Hz)', 'Amplitude Z (counts/Hz)', 'Amplitude (1/Hz)')
    """
    unit = pretty_unit(unit) or "1"
    unit = f"({unit})" if "/" in unit else unit
    return f"Amplitude {component} ({unit}/Hz)".replace("  ", " ")


def plain_frequencies(axis):
    """Write 0.1, 1, 10 instead of powers of ten."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def windows(data, times, sensor):
    """Cut the S window and the noise before P (or None); also return a description of the first."""
    if not (math.isfinite(sensor.p_s) and math.isfinite(sensor.s_s)):
        return data, None, "whole trace"
    length = max(_S_WINDOW * (sensor.s_s - sensor.p_s), 10.0)
    inside = (times >= sensor.s_s) & (times < sensor.s_s + length)
    if inside.sum() < _SHORTEST_S / (times[1] - times[0] if times.size > 1 else 1.0):
        return data, None, "whole trace"
    before = times < sensor.p_s - 0.5
    enough = before.sum() * (times[1] - times[0]) >= _SHORTEST_S
    # without noise= there is silence before P, of which a logarithmic axis shows nothing
    audible = enough and np.any(data[before] != data[before][0])
    return data[inside], (data[before] if audible else None), "S window"


def amplitude_spectrum(data, step_s):
    """Fourier amplitude spectrum in bands of equal width on a logarithmic axis.

    Parameters
    ----------
    data : ndarray, shape (n,)
    step_s : float
        Time between samples, s.

    Returns
    -------
    frequencies_hz, amplitudes : ndarray
        Band centres that hold at least one line, and the root mean square of the amplitudes there, unit of the
        data times seconds.
    """
    frequencies, lines = (values[1:] for values in fourier_amplitude(tapered(data), 1 / step_s))
    band = np.floor(np.log10(frequencies) * _BANDS_PER_DECADE).astype(int)
    starts = np.flatnonzero(np.diff(band, prepend=band[0] - 1))
    counts = np.diff(starts, append=band.size)
    centres = np.exp(np.add.reduceat(np.log(frequencies), starts) / counts)
    return centres, np.sqrt(np.add.reduceat(lines**2, starts) / counts)


def tapered(data):
    """Return `data` without its mean, with 5 % at each end tapered to 0 by half a cosine."""
    count = max(data.size // 20, 1)
    ramp = half_cosine(np.arange(1, 1 + count), 1 + count)
    data = data - data.mean()
    data[:count] *= ramp
    data[-count:] *= ramp[::-1]
    return data


def legend(figure, panels):
    """One legend below a grid of panels (an array), each kind of line once: "N or 1" where both are drawn alike."""
    handles, labels = {}, {}
    for axes in panels.flat:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            kind = (handle.get_color(), handle.get_linewidth(), handle.get_linestyle())
            handles.setdefault(kind, handle)
            labels.setdefault(kind, []).append(label)
    texts = [" or ".join(sorted(set(names), key=_rank)) for names in labels.values()]
    figure.legend(handles.values(), texts, loc="outside lower center", ncols=len(texts))


def _rank(label):
    return "ZNE123".find(label) if len(label) == 1 else 99, label
