"""Fourier amplitude spectra, smoothed after Konno and Ohmachi."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seissynth.plotting._sensors import centred, find_sensors, nearest, seconds, title_of
from seissynth.plotting.spectra import amplitude_label, legend, plain_frequencies, tapered, windows
from seissynth.plotting.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure, styled
from seissynth.signal import fourier_amplitude, konno_ohmachi
from seissynth.signal.konnoohmachi import log_centers

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from obspy import Stream

#: of components, in the order of `Sensor.components`
COLOURS = (BLACK, BLUE, ORANGE, GREEN, PURPLE)
_CENTRES = 200
_PADDING = 8


@styled
def plot_smoothed_spectra(
    stream: Stream, *, bandwidth: float = 40.0, max_sensors: int = 6, quantity: str | None = None
) -> Figure:
    """Draw smoothed amplitude spectra from S on, the components of a sensor in one panel.

    The windows are those of `plot_spectra`: from S on for 1.5 times S minus P, 10 s at least, and the noise before P,
    scaled by the root of the ratio of the windows' lengths; without onsets the whole trace. Each is tapered by 5 % at
    either end; the Fourier amplitudes (the unit of the record times seconds) are smoothed by the normalised window of
    Konno and Ohmachi (`seissynth.signal.konno_ohmachi`).

    Parameters
    ----------
    stream : obspy Stream
    bandwidth : float
        b of the smoothing, above 0: less smooths more.
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
        An empty Stream, one with gaps, or a bandwidth not above 0.
    """
    sensors, omitted = nearest(find_sensors(stream, quantity=quantity), max_sensors)
    columns = min(len(sensors), 2)
    rows = -(-len(sensors) // columns)
    figure = new_figure(4.2 * columns + 0.6, 1.1 + 2.7 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for axes, sensor in zip(panels.flat, sensors, strict=False):
        _draw(axes, sensor, bandwidth)
    for axes in panels.flat[len(sensors) :]:
        axes.set_axis_off()
        axes.sharex(panels[0, 0])
    for axes in panels.flat[max(len(sensors) - columns, 0) : len(sensors)]:
        axes.set_xlabel("Frequency (Hz)")
        axes.tick_params(labelbottom=True)
    legend(figure, panels)
    figure.suptitle(f"Amplitude spectra, smoothed with b = {bandwidth:g}   {title_of(sensors)}{omitted}", fontsize=10)
    return figure


def _draw(axes, sensor, bandwidth):
    for letter, colour in zip(sensor.components(), COLOURS, strict=False):
        trace = sensor.traces[letter]
        data, times, rate = centred(trace), seconds(trace, sensor.origin), trace.stats.sampling_rate
        signal, noise, name = windows(data, times, sensor)
        if noise is not None:
            frequencies, quiet = _smoothed(noise, rate, bandwidth)
            quiet = quiet * math.sqrt(signal.size / noise.size)
            axes.loglog(frequencies, quiet, color=GREY, linewidth=0.7, label="noise before P, scaled")
        axes.loglog(*_smoothed(signal, rate, bandwidth), color=colour, linewidth=1.3, label=letter)
    axes.set_title(f"{sensor.label}, {name}".replace("\n", ", "))
    axes.set_ylabel(amplitude_label(sensor.unit))
    axes.grid(which="major")
    plain_frequencies(axes.xaxis)


def _smoothed(data, rate, bandwidth):
    # padded with zeros: the curve between the record's own frequencies too, to avoid steps at the lowest ones
    frequencies, amplitude = fourier_amplitude(tapered(data), rate, _PADDING * data.size)
    lowest = log_centers(frequencies, 2, bandwidth)[0]
    centers = log_centers(frequencies, _CENTRES, bandwidth, low_hz=max(lowest, rate / data.size))
    return centers, konno_ohmachi(amplitude, frequencies, centers, bandwidth)
