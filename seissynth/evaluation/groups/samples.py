"""Good and bad samples, chosen by a stated score instead of by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.log_spectrograms import log_spectrogram, spectrogram_misfit
from seissynth.evaluation.groups.similarity import common_band, correlation, mean_of_components, smoothed_envelope
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.evaluation.statistics.blocks import blockwise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import Pairs

#: samples of each kind
COUNT = 3
#: records with a shorter mask say little, and are not chosen
LEAST_MASK_S = 15.0


def sample_scores(pairs: Pairs) -> np.ndarray:
    """Score of each record: its visual similarity to the real one.

    Parameters
    ----------
    pairs : Pairs

    Returns
    -------
    ndarray, shape (n,)
        -1 to 1: the mean of three parts, first draw, under the mask: the envelopes' correlation, the spectrograms'
        (1 - misfit / 2), and that of the sizes, 1 less the size of ln(peak over real peak), -1 at least. A record of
        the right shape that is ten times too small has 1/3. NaN if one of them is constant.
    """
    real, generated, mask, rate = pairs.real, pairs.generated, pairs.mask(), pairs.real.sampling_rate_hz
    band = common_band(pairs)

    def of_block(rows):
        window = mask[rows, None, :]
        parts = real.data[rows], generated.data[rows]
        envelopes = correlation(*(smoothed_envelope(x, rate) for x in parts), window)
        spectra = [log_spectrogram(x, rate, band) for x in parts]
        misfit = spectrogram_misfit(*(x.level_db for x in spectra), spectra[0].frames_in(window))
        shape = mean_of_components(envelopes) + mean_of_components(1 - misfit / 2)
        return (shape + mean_of_components(_size_agreement(*parts, window))) / 3

    return blockwise(of_block, len(pairs))


def choose_samples(
    scores: ArrayLike, events: ArrayLike, count: int = COUNT, allowed: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Best, average and worst records by score, one for each earthquake.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Higher is better; NaN is never chosen.
    events : array_like, shape (n,)
        No earthquake is used twice within a kind while others remain.
    count : int
    allowed : ndarray of bool, shape (n,), optional

    Returns
    -------
    dict of str to ndarray of int
        "good", "middling" and "bad": rows, best, nearest to the median, and worst first.

    Raises
    ------
    InputError
        No record with a score.

    Examples
    --------
    >>> from seissynth.evaluation import choose_samples
    >>> found = choose_samples([0.9, 0.7, 0.1, 0.2, 0.5], list("aabcd"), count=2)
    >>> {name: rows.tolist() for name, rows in found.items()}
    {'good': [0, 4], 'middling': [4, 1], 'bad': [2, 3]}
    """
    scores, events = np.asarray(scores, dtype=float), np.asarray(events)
    known = np.isfinite(scores)
    if allowed is not None and (known & allowed).any():
        known &= np.asarray(allowed, bool)
    rows = np.flatnonzero(known)
    if not rows.size:
        raise InputError("no record has a score: real or generated records are constant.")
    middle = np.median(scores[rows])
    orders = {
        "good": np.argsort(-scores[rows], kind="stable"),
        "middling": np.argsort(np.abs(scores[rows] - middle), kind="stable"),
        "bad": np.argsort(scores[rows], kind="stable"),
    }
    return {name: _one_each(rows[order], events, count) for name, order in orders.items()}


def long_enough(pairs):
    """Whether the mask of each record is long enough for a sample; shape (n,), bool."""
    return pairs.mask().sum(axis=1) / pairs.real.sampling_rate_hz >= LEAST_MASK_S


def samples_group(pairs: Pairs, settings: EvaluationSettings | None = None) -> MetricGroup:
    """Good, average and bad samples of a generated set.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional

    Returns
    -------
    MetricGroup
        The table "samples" lists the selected records with the reason; ``per_record`` holds every score.
    """
    import pandas as pd

    summary = SummaryInProgress(pairs.events, settings)
    scores = sample_scores(pairs)
    chosen = choose_samples(scores, pairs.events, COUNT, long_enough(pairs))
    rows = [
        {
            "kind": name, "row": row, "score": scores[row], "event": pairs.events[row], "station": pairs.stations[row],
            "magnitude": pairs.real.column("source_magnitude")[row],
            "distance_km": pairs.real.column("path_hyp_distance_km")[row],
        }
        for name, part in chosen.items()
        for row in part
    ]  # fmt: skip
    note = "mean of envelope correlation, spectrogram correlation and agreement of peaks, masked"
    summary.add("sample_score", "1", scores, 1.0, note=note)
    notes = [f"Chosen by score, one for each earthquake, among records with {LEAST_MASK_S:g} s or more in the mask."]
    per_record = pd.DataFrame({"sample_score": scores})
    tables = {"samples": pd.DataFrame(rows)}
    return MetricGroup("samples", "Good and bad samples", summary.table(), tables, per_record, notes)


# --- below the road


def _size_agreement(real, generated, window):
    """1 for peaks of one size, 0 for a factor of e, -1 for a factor of e² and more; (n, 3), NaN without motion."""
    peaks = [np.abs(np.where(window, x, 0.0)).max(axis=-1) for x in (generated, real)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.maximum(1 - np.abs(np.log(peaks[0] / peaks[1])), -1.0)


def _one_each(rows, events, count):
    """First `count` rows with different earthquakes; repeated ones if there are not enough."""
    seen, first, rest = set(), [], []
    for row in rows:
        (rest if events[row] in seen else first).append(row)
        seen.add(events[row])
    return np.array((first + rest)[:count], dtype=int)
