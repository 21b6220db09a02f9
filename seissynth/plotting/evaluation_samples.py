"""Good and bad samples: waveforms and spectrograms with the real ones (HEGGS, figures 3, 4 and 8 to 12)."""

import numpy as np

from seissynth.errors import InputError
from seissynth.plotting.spectrograms import draw_spectrogram, spectrogram
from seissynth.plotting.style import BLACK, BLUE, P_COLOUR, S_COLOUR, new_figure, scaled_unit, styled

_LETTERS = "ZNE"
_RANGE_DB = 60.0


def draw_samples(group, pairs):
    """Draw waveforms and spectrograms of good, average and bad samples.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    pictures = []
    for kind, part in group.tables["samples"].groupby("kind", sort=False):
        rows = part["row"].to_numpy(int)
        scores = part["score"].to_numpy(float)
        title = f"{kind.capitalize()} samples"
        sets = {pairs.name: pairs.generated}
        pictures.append((f"{title}: waveforms", plot_sample_waveforms(pairs.real, sets, rows, scores, title)))
        pictures.append((f"{title}: spectrograms", plot_sample_spectrograms(pairs.real, sets, rows, title)))
    return pictures


@styled
def plot_sample_waveforms(real, sets, rows, scores=None, title="Samples"):
    """Draw the three components of real records, and of those of one or more generated sets below.

    Parameters
    ----------
    real : RecordSet
    sets : dict of str to RecordSet
        Row-aligned with `real`: models, ablations.
    rows : sequence of int
        Records to draw, one column each.
    scores : sequence of float, optional
        For the titles.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        All traces of a column share their scale, and carry the real record's onsets.

    Raises
    ------
    InputError
        No rows, or a set of another length.
    """
    rows, everything = _checked(real, sets, rows)
    figure = new_figure(3.4 * len(rows) + 0.6, 0.9 + 0.62 * len(_LETTERS) * len(everything))
    panels = figure.subplots(len(_LETTERS) * len(everything), len(rows), sharex="col", sharey="col", squeeze=False)
    for column, row in enumerate(rows):
        times = real.times_s(row)
        peak = max(float(np.abs(part.data[row]).max()) for part in everything.values())
        factor, unit = scaled_unit(peak, real.unit) if real.unit else (1.0, "")
        for number, (name, part) in enumerate(everything.items()):
            for component, letter in enumerate(_LETTERS):
                axes = panels[number * len(_LETTERS) + component, column]
                axes.plot(times, part.data[row, component] * factor, color=BLACK if not number else BLUE, linewidth=0.5)
                _onsets(axes, real, row)
                axes.set_xlim(times[0], times[-1])
                axes.text(0.995, 0.93, letter, transform=axes.transAxes, ha="right", va="top", fontsize=7)
                if not column and component == 1:
                    axes.set_ylabel(name, fontweight="bold")
                if not number and not component and unit:
                    axes.text(0.005, 0.93, unit, transform=axes.transAxes, va="top", fontsize=7)
        panels[0, column].set_title(_words(real, row, None if scores is None else scores[column]), fontsize=8)
        panels[-1, column].set_xlabel("Time after origin (s)")
    figure.align_ylabels(panels[:, 0])
    figure.suptitle(title, fontsize=10)
    return figure


@styled
def plot_sample_spectrograms(real, sets, rows, title="Samples", component="N"):
    """Draw spectrograms of real records above those of one or more generated sets.

    Parameters
    ----------
    real, sets, rows, title
        As in `plot_sample_waveforms`.
    component : {"Z", "N", "E"}

    Returns
    -------
    matplotlib.figure.Figure
        Each spectrogram in the 60 dB below its own strongest.

    Raises
    ------
    InputError
        No rows, or a set of another length.
    """
    rows, everything = _checked(real, sets, rows)
    number = _LETTERS.index(component)
    figure = new_figure(3.4 * len(rows) + 0.6, 0.9 + 1.55 * len(everything))
    panels = figure.subplots(len(everything), len(rows), sharex="col", sharey=True, squeeze=False)
    for column, row in enumerate(rows):
        for line, (name, part) in enumerate(everything.items()):
            axes = panels[line, column]
            data = part.data[row, number].astype(float)
            picture = spectrogram(data - data.mean(), 1.0 / part.sampling_rate_hz)
            top = float(picture[2].max())
            draw_spectrogram(axes, picture, part.start_s[row], 10 * np.log10(top) if top > 0 else 0.0)
            _onsets(axes, real, row, "white")
            axes.set_ylim(max(part.band_hz[0] if part.band_hz and part.band_hz[0] else 0.5, 0.2), None)
            if not column:
                axes.set_ylabel(f"{name}\nFrequency (Hz)")
            if not line:
                axes.set_title(_words(real, row), fontsize=8)
        panels[-1, column].set_xlabel("Time after origin (s)")
    figure.suptitle(f"{title}, component {component}, {_RANGE_DB:g} dB below the strongest", fontsize=10)
    return figure


def _checked(real, sets, rows):
    rows = [int(row) for row in rows]
    wrong = [name for name, part in sets.items() if part.data.shape != real.data.shape]
    if not rows or wrong:
        raise InputError(f"{len(rows)} rows; sets of another shape than {real.name}: {wrong or 'none'}.")
    return rows, {real.name: real, **sets}


def _onsets(axes, real, row, colour=None):
    for onset, own in ((real.p_s[row], P_COLOUR), (real.s_s[row], S_COLOUR)):
        if np.isfinite(onset):
            axes.axvline(onset, color=colour or own, linewidth=0.9)
    end = real.mask_end_s[row]
    if np.isfinite(end):
        axes.axvline(end, color=colour or BLACK, linewidth=0.8, linestyle=":")


def _words(real, row, score=None):
    parts = [str(real.sites[row])]
    size, distance = real.column("source_magnitude")[row], real.column("path_hyp_distance_km")[row]
    if np.isfinite(size):
        parts.append(f"M {size:.1f}")
    if np.isfinite(distance):
        parts.append(f"{distance:.0f} km")
    if score is not None:
        parts.append(f"score {score:.2f}")
    return ", ".join(parts)
