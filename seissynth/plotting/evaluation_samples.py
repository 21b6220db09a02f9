"""Good and bad samples: waveforms and spectrograms with the real ones (HEGGS, figures 3, 4 and 8 to 12)."""

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.samples import choose_samples, long_enough, sample_scores
from seissynth.plotting.spectrograms import draw_spectrogram, spectrogram
from seissynth.plotting.style import BLACK, BLUE, P_COLOUR, S_COLOUR, new_figure, scaled_unit, styled

_LETTERS = "ZNE"
_RANGE_DB = 60.0
#: components of the records at the top of a report: P is clear on Z, S on a horizontal
_FIRST_COMPONENTS = "ZN"
#: kinds of `choose_samples` in the order of that picture, and their titles
_FIRST_KINDS = {"bad": "Worst", "middling": "Median", "good": "Best"}


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


def draw_first_records(evaluation):
    """Draw the worst, the median and the best record of all sets, below the real ones.

    Parameters
    ----------
    evaluation : seissynth.evaluation.Evaluation

    Returns
    -------
    list of (str, matplotlib.figure.Figure)
        One picture; empty if no record has a score. Its records are chosen by the mean over the sets of the score of
        the group "samples".
    """
    scores = np.mean([_scores_of(evaluation, name) for name in evaluation.pairs], axis=0)
    first = next(iter(evaluation.pairs.values()))
    if not np.isfinite(scores).any():
        return []
    chosen = choose_samples(scores, first.events, 1, long_enough(first))
    kinds = {}
    for kind, word in _FIRST_KINDS.items():
        kinds.setdefault(int(chosen[kind][0]), word)
    sets = {name: pairs.generated for name, pairs in evaluation.pairs.items()}
    rows = list(kinds)
    figure = plot_sample_waveforms(
        first.real, sets, rows, scores[rows], "", components=_FIRST_COMPONENTS, words=list(kinds.values())
    )
    words = ", ".join(word.lower() for word in kinds.values())
    return [(f"Real records (black) and generated ones (blue), by sample score: {words}", figure)]


def _scores_of(evaluation, name):
    group = evaluation.groups.get(name, {}).get("samples")
    return sample_scores(evaluation.pairs[name]) if group is None else group.per_record["sample_score"].to_numpy()


@styled
def plot_sample_waveforms(real, sets, rows, scores=None, title="Samples", components=_LETTERS, words=None):
    """Draw components of real records, and those of one or more generated sets below.

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
    components : str
        Those to draw, of "ZNE".
    words : sequence of str, optional
        Put before the title of each column.

    Returns
    -------
    matplotlib.figure.Figure
        All traces of a column have one scale. Lines mark the onsets of the real record.

    Raises
    ------
    InputError
        No rows, or a set of another length.
    """
    rows, everything = _checked(real, sets, rows)
    lines = len(components) * len(everything)
    figure = new_figure(3.4 * len(rows) + 0.6, 0.9 + 0.62 * lines)
    panels = figure.subplots(lines, len(rows), sharex="col", sharey="col", squeeze=False)
    for column, row in enumerate(rows):
        times = real.times_s(row)
        peak = max(float(np.abs(part.data[row]).max()) for part in everything.values())
        factor, unit = scaled_unit(peak, real.unit) if real.unit else (1.0, "")
        for number, (name, part) in enumerate(everything.items()):
            for line, letter in enumerate(components):
                axes = panels[number * len(components) + line, column]
                trace = part.data[row, _LETTERS.index(letter)] * factor
                axes.plot(times, trace, color=BLACK if not number else BLUE, linewidth=0.5)
                _onsets(axes, real, row)
                axes.set_xlim(times[0], times[-1])
                axes.text(0.995, 0.93, letter, transform=axes.transAxes, ha="right", va="top", fontsize=7)
                if not column and line == len(components) // 2:
                    axes.set_ylabel(name, fontweight="bold")
                if not number and not line and unit:
                    axes.text(0.005, 0.93, unit, transform=axes.transAxes, va="top", fontsize=7)
        described = _words(real, row, None if scores is None else scores[column])
        panels[0, column].set_title(f"{words[column]}: {described}" if words else described, fontsize=8)
        panels[-1, column].set_xlabel("Time after origin (s)")
    figure.align_ylabels(panels[:, 0])
    if title:
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
    described = f"component {component}, {_RANGE_DB:g} dB below the strongest"
    figure.suptitle(f"{title}, {described}" if title else described[0].upper() + described[1:], fontsize=10)
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
