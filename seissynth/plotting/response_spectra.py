"""Response spectra of the components and RotD50."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.plotting._sensors import centred, find_sensors, nearest, title_of
from seissynth.plotting.spectra import legend, plain_frequencies
from seissynth.plotting.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure, styled
from seissynth.signal import response_spectrum, rotd
from seissynth.signal.motion import convert_motion
from seissynth.units import DERIVATIVES, UNITS, pretty_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike
    from obspy import Stream

_VERTICAL, _HORIZONTAL = GREY, (BLUE, ORANGE, GREEN, PURPLE)
_PERIODS_S = np.geomspace(0.02, 10.0, 120)


@styled
def plot_response_spectra(
    stream: Stream,
    *,
    damping: float = 0.05,
    periods_s: ArrayLike | None = None,
    max_sensors: int = 6,
    quantity: str | None = None,
) -> Figure:
    """Draw PSA of each component, and RotD50 of two horizontal ones.

    Velocity and displacement are differentiated first. See `seissynth.signal.response_spectrum` and
    `seissynth.signal.rotd` for the treatment of short periods and the ends of records.

    Parameters
    ----------
    stream : obspy Stream
        Ground motion. Traces that state no quantity are taken to be acceleration in m/s².
    damping : float
        Fraction of critical damping, between 0 and 1.
    periods_s : array_like, optional
        Periods above 0, s; 120 from 0.02 to 10 s when not given.
    max_sensors : int
        More are left out, and the title says so.
    quantity : {"VEL", "ACC", "DISP"}, optional
        What traces hold that do not say so themselves, as in `plot_traces`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        An empty Stream, one with gaps, counts instead of ground motion, or periods not above 0.
    """
    periods = _PERIODS_S if periods_s is None else np.unique(np.asarray(periods_s, dtype=float))
    if periods.size == 0 or not (periods > 0).all():
        raise InputError("periods_s must hold periods above 0 s: the axis is logarithmic.")
    sensors, omitted = nearest(find_sensors(stream, unit=UNITS["acceleration"], quantity=quantity), max_sensors)
    columns = min(len(sensors), 2)
    rows = -(-len(sensors) // columns)
    figure = new_figure(4.2 * columns + 0.6, 1.1 + 2.7 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for axes, sensor in zip(panels.flat, sensors, strict=False):
        _draw(axes, sensor, periods, damping)
    for axes in panels.flat[len(sensors) :]:
        axes.set_axis_off()
    for axes in panels.flat[max(len(sensors) - columns, 0) : len(sensors)]:
        axes.set_xlabel("Period (s)")
        axes.tick_params(labelbottom=True)
    legend(figure, panels)
    figure.suptitle(f"Response spectra, {100 * damping:g} % damping   {title_of(sensors)}{omitted}", fontsize=10)
    return figure


def _draw(axes, sensor, periods, damping):
    motions = {letter: _acceleration(sensor, sensor.traces[letter]) for letter in sensor.components()}
    colours = iter(_HORIZONTAL)
    for letter, (acceleration, rate) in motions.items():
        psa = response_spectrum(acceleration, rate, periods, damping)
        colour = _VERTICAL if letter == "Z" else next(colours, PURPLE)
        axes.loglog(periods, psa, color=colour, linewidth=1.0, label=letter)
    level = [motion for letter, motion in motions.items() if letter != "Z"]
    if len(level) == 2 and level[0][1] == level[1][1]:
        shortest = min(acceleration.size for acceleration, _ in level)
        one, two = (acceleration[:shortest] for acceleration, _ in level)
        middle = rotd(one, two, level[0][1], periods, (50,), damping=damping)[0]
        axes.loglog(periods, middle, color=BLACK, linewidth=1.6, label="RotD50")
    axes.set_title(sensor.label.replace("\n", ", "))
    axes.set_ylabel(f"PSA ({pretty_unit('m/s**2')})")
    axes.grid(which="major")
    plain_frequencies(axes.xaxis)


def _acceleration(sensor, trace):
    quantity = sensor.quantity or "acceleration"
    if quantity not in DERIVATIVES:
        raise InputError(
            f"trace {trace.id} is in {sensor.unit} ({quantity}); response spectra need ground motion. Generate "
            'output="ACC", or remove the response first.'
        )
    rate = trace.stats.sampling_rate
    return convert_motion(centred(trace), rate, quantity, "acceleration"), rate
