"""A synthetic and a real record of one station, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seissynth.errors import InputError
from seissynth.plotting._sensors import centred, find_sensors, seconds
from seissynth.plotting.spectra import amplitude_label, amplitude_spectrum, plain_frequencies
from seissynth.plotting.spectrograms import draw_spectrogram, level_label, spectrogram, top_level
from seissynth.plotting.style import (
    BLACK,
    GREEN,
    axis_label,
    new_figure,
    scaled_unit,
    styled,
)
from seissynth.plotting.traces import draw_onsets, draw_trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from obspy import Stream


@styled
def plot_comparison(
    synthetic: Stream, real: Stream, *, unit: str | None = None, component: str | None = None
) -> Figure:
    """Compare a synthetic record with a real one: time, spectrogram, spectrum.

    Both columns share time axes, amplitude scales and colours, for visual comparison. P and S as predicted for the
    synthetic record are drawn in both, dotted in the real one.

    Parameters
    ----------
    synthetic : obspy Stream
        Components of one sensor, with ``stats.seissynth``.
    real : obspy Stream
        Components of one sensor, of the same quantity and unit as `synthetic` (remove the response first, or
        generate ``output="RAW"``).
    unit : str, optional
        Unit of `real`, SI; that of `synthetic` when not given.
    component : str, optional
        Letter of the component for spectrogram and spectrum; the first horizontal that both have.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        More than one sensor in a Stream, no common component, or different units.
    """
    generated = _only(find_sensors(synthetic), "synthetic")
    observed = _only(find_sensors(real, unit=unit or generated.unit, origin=generated.origin), "real")
    if observed.unit != generated.unit:
        units = f"the synthetic is in {generated.unit}, the real record in {observed.unit}"
        raise InputError(f"{units}; convert both to one unit.")
    letters = [letter for letter in generated.components() if letter in observed.traces]
    if not letters:
        synthetic_has, real_has = (", ".join(record.components()) for record in (generated, observed))
        raise InputError(f"no common component: synthetic has {synthetic_has}, real {real_has}.")
    chosen = component or next((letter for letter in letters if letter != "Z"), letters[0])
    if chosen not in letters:
        raise InputError(f"{component=}: both records have {', '.join(letters)} only.")

    figure = new_figure(11.0, 1.3 * len(letters) + 5.2)
    rows = [*(1.0 for _ in letters), 1.6, 1.9]
    grid = figure.add_gridspec(len(rows), 2, height_ratios=rows)
    factor, label = scaled_unit(max(generated.peak, observed.peak), generated.unit)
    first, panels = None, []
    for row, letter in enumerate(letters):
        line = [figure.add_subplot(grid[row, column], sharex=first, sharey=None) for column in range(2)]
        first = first or line[0]
        line[1].sharey(line[0])
        panels += line
        for axes, record, colour in zip(line, (generated, observed), (GREEN, BLACK), strict=True):
            draw_trace(axes, record.traces[letter], record, factor, colour=colour)
            axes.text(0.995, 0.95, letter, transform=axes.transAxes, ha="right", va="top", fontweight="bold")
            axes.tick_params(labelbottom=False)
        line[0].set_ylabel(axis_label(generated.quantity, label) if row == (len(letters) - 1) // 2 else "")
        if row == 0:
            line[0].set_title(f"Synthetic   {generated.code}, {_maker(generated)}", fontweight="bold", fontsize=10)
            line[1].set_title(f"Real   {observed.code}", fontweight="bold", fontsize=10)
    _share_time(first, generated, observed, letters)
    for number, axes in enumerate(panels):
        # the same path: onsets predicted for the synthetic record guide the eye in the real one
        draw_onsets(axes, generated, named=number < 2, style="-" if number % 2 == 0 else ":")
    _draw_spectrograms(figure, grid, len(letters), generated, observed, chosen, first)
    _draw_spectra(figure.add_subplot(grid[-1, :]), generated, observed, chosen)
    return figure


def _only(sensors, name):
    if len(sensors) != 1:
        raise InputError(
            f"the {name} Stream holds {len(sensors)} sensors ({', '.join(one.code for one in sensors[:4])}, ...); "
            "select() one station, band, event and realisation."
        )
    return sensors[0]


def _maker(sensor):
    info = next(iter(sensor.traces.values())).stats.get("seissynth")
    return f"backend {info.backend}" if info else "no provenance"


def _share_time(axes, generated, real, letters):
    ends = []
    for record in (generated, real):
        times = seconds(record.traces[letters[0]], record.origin)
        ends.append((times[0], times[-1]))
    if ends[0][0] < ends[1][1] and ends[1][0] < ends[0][1]:  # else they have nothing in common: show both
        axes.set_xlim(max(first for first, _ in ends), min(last for _, last in ends))
    else:
        axes.set_xlim(min(first for first, _ in ends), max(last for _, last in ends))


def _draw_spectrograms(figure, grid, row, generated, real, letter, first):
    panels = [figure.add_subplot(grid[row, column], sharex=first) for column in range(2)]
    pictures = [spectrogram(centred(one.traces[letter]), one.traces[letter].stats.delta) for one in (generated, real)]
    top, limits = top_level(pictures), first.get_xlim()
    highest = min(float(frequencies[-1]) for frequencies, _, _ in pictures)
    for axes, record, picture in zip(panels, (generated, real), pictures, strict=True):
        mesh = draw_spectrogram(axes, picture, seconds(record.traces[letter], record.origin)[0], top)
        axes.set_ylim(top=highest)
        axes.set_xlim(limits)  # the picture's outer windows reach beyond the traces
        axes.set_xlabel("Time after origin (s)")
        axes.text(0.995, 0.95, letter, transform=axes.transAxes, ha="right", va="top", fontweight="bold", color="white")
        draw_onsets(axes, generated, named=False, colour="white", style="-" if record is generated else ":")
    panels[0].set_ylabel("Frequency (Hz)")
    panels[1].tick_params(labelleft=False)
    figure.colorbar(mesh, ax=panels, pad=0.01, aspect=12, label=level_label(generated.unit))


def _draw_spectra(axes, generated, real, letter):
    for record, colour, name in ((real, BLACK, "real"), (generated, GREEN, "synthetic")):
        trace = record.traces[letter]
        axes.loglog(*amplitude_spectrum(centred(trace), trace.stats.delta), color=colour, linewidth=1.3, label=name)
    axes.set_xlabel("Frequency (Hz)")
    axes.set_ylabel(amplitude_label(generated.unit, letter))
    axes.grid(which="major")
    plain_frequencies(axes.xaxis)
    axes.legend(loc="best")
