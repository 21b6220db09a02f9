"""Detection of copies: generated records like training records, or like each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.ground_motion import windows
from seissynth.evaluation.groups.similarity import common_band, largest_correlation, mean_of_components
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, SummaryInProgress
from seissynth.evaluation.statistics.blocks import blockwise
from seissynth.evaluation.statistics.frechet import record_features
from seissynth.evaluation.statistics.nearest import nearest_records
from seissynth.shared.checks import whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import Pairs

#: largest numbers of records searched for, and of training records searched; drawn at random beyond that
MOST_QUERIES, MOST_LIBRARY = 250, 20_000
#: share of real records that resemble a training record as much as a copy does, by definition
COPY_SHARE = 0.01
#: and below this correlation nothing is a copy
LEAST_COPY = 0.7
#: neighbours that set the reach of a real record
NEIGHBOURS = 5
#: records whose window is shorter are not looked for: a few swings resemble many others
LEAST_WINDOW_S = 10.0
#: draws of one record are compared within this shift, s
DRAW_LAG_S = 0.5
_SUSPECTS = 10


def coverage(
    real_features: ArrayLike, generated_features: ArrayLike, neighbours: int = NEIGHBOURS
) -> tuple[float, float]:
    """Share of real records near a generated one, and of generated records near a real one.

    Parameters
    ----------
    real_features, generated_features : array_like, shapes (n, d) and (m, d)
        Of comparable units (see `record_features`); rows with NaN are left out.
    neighbours : int
        The reach of a real record is the distance to its k-th nearest real neighbour.

    Returns
    -------
    covered : float
        Share of real records with a generated one within reach; 1 is best. Lower if kinds of records are missing (mode
        collapse): about k / n for a set of copies of one record.
    inside : float
        Share of generated records within reach of some real one; 1 is best.

    Raises
    ------
    InputError
        Not more real records than neighbours.

    Notes
    -----
    Coverage of Naeem et al. (2020) and precision of Kynkäänniemi et al. (2019). A second sample of the same
    distribution covers about 1 - 2^-k, 0.97 for k = 5.

    References
    ----------
    Naeem, M. F. et al. (2020). Reliable fidelity and diversity metrics for generative models. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import coverage
    >>> real = np.random.default_rng(0).standard_normal((500, 4))
    >>> coverage(real, real), coverage(real, np.repeat(real[:1], 500, axis=0))[0] < 0.1
    ((1.0, 1.0), True)
    """
    from scipy.spatial import cKDTree

    real, generated = (np.asarray(x, dtype=float) for x in (real_features, generated_features))
    real, generated = (x[np.isfinite(x).all(axis=1)] for x in (real, generated))
    count = whole("neighbours", neighbours)
    if len(real) <= count or not len(generated):
        raise InputError(
            f"{len(real)} real and {len(generated)} generated records; more than {count} real ones are needed."
        )
    tree = cKDTree(real)
    reach = tree.query(real, count + 1)[0][:, -1]
    covered = cKDTree(generated).query(real)[0] <= reach
    inside = np.empty(len(generated), bool)
    for first in range(0, len(generated), 256):
        part = generated[first : first + 256]
        distance = np.sqrt(((part[:, None] - real[None]) ** 2).sum(axis=-1))
        inside[first : first + 256] = (distance <= reach).any(axis=1)
    return float(covered.mean()), float(inside.mean())


def copy_threshold(real_nearest: ArrayLike, share: float = COPY_SHARE) -> float:
    """Correlation with the nearest training record above which a generated record counts as a copy.

    Parameters
    ----------
    real_nearest : array_like, shape (n,)
        Correlation of real records with their nearest training record of another earthquake; NaN is left out.
    share : float
        Share of real records above it.

    Returns
    -------
    float
        NaN without real records. It is no fixed number, because earthquakes repeat themselves.

    Examples
    --------
    >>> from seissynth.evaluation import copy_threshold
    >>> copy_threshold([0.2, 0.3, 0.4, 0.5, 0.6], share=0.5)
    0.4
    """
    values = np.asarray(real_nearest, dtype=float)
    values = values[np.isfinite(values)]
    return float(np.quantile(values, 1 - share)) if values.size else float("nan")


def draw_diversity(
    draws: Sequence[ArrayLike], sampling_rate_hz: float, mask: np.ndarray | None = None, max_lag_s: float = DRAW_LAG_S
) -> np.ndarray:
    """Mean of 1 - correlation over pairs of draws of one record.

    Parameters
    ----------
    draws : sequence of array_like, each of shape (n, 3, npts)
    sampling_rate_hz : float
    mask : ndarray of bool, shape (n, npts), optional
    max_lag_s : float
        The largest correlation within this shift counts.

    Returns
    -------
    ndarray, shape (n,)
        0 for draws that are copies of each other (at any size); near 1 if waveforms have nothing in common.

    Raises
    ------
    InputError
        Fewer than two draws.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import draw_diversity
    >>> x = np.random.default_rng(0).standard_normal((1, 3, 6000))
    >>> bool(draw_diversity([x, 2 * x], 100.0)[0] < 1e-9), bool(draw_diversity([x, x[..., ::-1]], 100.0)[0] > 0.9)
    (True, True)
    """
    if len(draws) < 2:
        raise InputError(f"{len(draws)} draw: diversity is between two or more.")
    arrays = [np.asarray(draw) for draw in draws]
    lag = min(round(max_lag_s * sampling_rate_hz), arrays[0].shape[-1] - 1)
    pairs = [(i, j) for i in range(len(draws)) for j in range(i)]
    if len(pairs) > 2 * len(draws):  # neighbours in a ring say as much and cost less
        pairs = [(i, (i + 1) % len(draws)) for i in range(len(draws))]

    def of_block(rows):
        window = None if mask is None else mask[rows, None, :]
        correlations = [largest_correlation(arrays[i][rows], arrays[j][rows], lag, window)[0] for i, j in pairs]
        return 1 - mean_of_components(np.mean(correlations, axis=0))

    return blockwise(of_block, len(arrays[0]))


def diversity_group(pairs: Pairs, settings: EvaluationSettings | None = None) -> MetricGroup:
    """Copies of training records, diversity within the set, and mode collapse.

    Parameters
    ----------
    pairs : Pairs
    settings : EvaluationSettings, optional
        With ``train`` (a RecordSet) the check for copies uses these records; without it, as a substitute, the real
        records of other earthquakes.

    Returns
    -------
    MetricGroup
        ``per_record`` holds the nearest training record of each generated and real record that was checked, the table
        "most alike" the ten generated records that resemble a training record most.
    """
    real, rate = pairs.real, pairs.real.sampling_rate_hz
    # without the mask two windows that share an aftershock would count as copies of each other
    window, _ = windows(real)
    long = np.flatnonzero(window.sum(axis=1) >= min(LEAST_WINDOW_S * rate, real.npts))
    if not long.size:
        raise InputError(f"no real record shows its earthquake for {LEAST_WINDOW_S:g} s; diversity needs longer masks.")
    settings = settings or EvaluationSettings()
    rng = np.random.default_rng(settings.seed)
    chosen = np.sort(rng.permutation(long)[:MOST_QUERIES])
    library, notes = _library(pairs, settings, rng)
    events = pairs.events[chosen]
    summary = SummaryInProgress(events, settings)
    part = tuple(data[chosen] * window[chosen, None, :] for data in (pairs.generated.data, real.data))
    training = _Windowed(library)
    nearest = {
        name: nearest_records(data, training, rate, events, library.events)
        for name, data in zip(("generated", "real"), part, strict=True)
    }
    threshold = float(np.fmax(copy_threshold(nearest["real"][0]), LEAST_COPY))
    table = _per_record(pairs, chosen, nearest, threshold)
    correlation, correlation_real = nearest["generated"][0], nearest["real"][0]
    copied = np.where(np.isfinite(correlation), correlation > threshold, np.nan)
    summary.add("nearest_training_correlation", "1", correlation, np.nan)
    summary.add("nearest_training_correlation_real", "1", correlation_real, np.nan, note="real records")
    note = f"above {threshold:.2f}: {LEAST_COPY:g}, or what {100 * COPY_SHARE:g} % of real records reach"
    summary.add("copied_share", "1", copied, 0.0, note=note)
    within = [nearest_records(data, data, rate, events, events)[0] for data in part]
    ratio = (1 - within[0]).mean() / (1 - within[1]).mean() if np.isfinite(within[1]).all() else np.nan
    table["nearest_within_generated"], table["nearest_within_real"] = within
    summary.add("nearest_within_generated", "1", within[0], np.nan)
    summary.add("nearest_within_real", "1", within[1], np.nan)
    many = len(set(events.tolist()))
    limits = (ratio, np.nan, np.nan)
    note = "1 - correlation with the nearest, generated over real; 0 is mode collapse"
    summary.add_value("diversity_ratio", "1", limits, 1.0, len(chosen), many, note)
    _add_coverage(summary, pairs, notes)
    if len(pairs.draws) > 1:
        data = [draw.data[chosen] for draw in pairs.draws]
        between = draw_diversity(data, rate, pairs.mask()[chosen])
        table["draw_diversity"] = between
        note = "1 - correlation between draws; 0: all draws are equal"
        summary.add("draw_diversity", "1", between, np.nan, note=note)
    else:
        notes.append("One draw: no diversity between draws.")
    notes.append(
        f"{len(chosen)} records were looked for, of {long.size} with {LEAST_WINDOW_S:g} s or more from P to the end of "
        "the mask."
    )
    suspects = table.sort_values("nearest_training", ascending=False).head(_SUSPECTS)
    tables = {"most alike": suspects[["event", "station", "nearest_training", "training_row", "lag_s", "copied"]]}
    return MetricGroup("diversity", "Diversity and copies", summary.table(), tables, table, notes)


# --- below the road


class _Windowed:
    """Records from P to the end of their mask, zero elsewhere; made on request to limit memory."""

    def __init__(self, records):
        self._data, self._window = records.data, windows(records)[0]
        self.shape, self.ndim = records.data.shape, records.data.ndim

    def __len__(self):
        return len(self._data)

    def __getitem__(self, rows):
        return self._data[rows] * self._window[rows][..., None, :]


def _library(pairs, settings, rng):
    """The training records, or the real ones, and a note on them."""
    library, notes = getattr(settings, "train", None), []
    if library is None:
        library = pairs.real
        notes.append("No training records were given: copies are looked for among real records of other earthquakes.")
    elif library.data.shape[1:] != pairs.real.data.shape[1:] or (
        library.sampling_rate_hz != pairs.real.sampling_rate_hz
    ):
        raise InputError(
            f"training records have shape {library.data.shape[1:]} at {library.sampling_rate_hz:g} Hz, the real ones "
            f"{pairs.real.data.shape[1:]} at {pairs.real.sampling_rate_hz:g} Hz; cut them alike."
        )
    if len(library) > MOST_LIBRARY:
        notes.append(f"{MOST_LIBRARY} of {len(library)} training records, drawn at random, were searched.")
        library = library.select(np.sort(rng.permutation(len(library))[:MOST_LIBRARY]))
    return library, notes


def _per_record(pairs, chosen, nearest, threshold):
    import pandas as pd

    value, row, lag = nearest["generated"]
    return pd.DataFrame(
        {
            "row": chosen,
            "event": pairs.events[chosen],
            "station": pairs.stations[chosen],
            "nearest_training": value,
            "training_row": row,
            "lag_s": lag,
            "copied": value > threshold,
            "nearest_training_real": nearest["real"][0],
        }
    )


def _add_coverage(summary, pairs, notes):
    """Add the coverage in the space of the features of `record_features`."""
    band, mask = common_band(pairs), pairs.mask()
    real, generated = (
        record_features(part.data, part.sampling_rate_hz, band, mask) for part in (pairs.real, pairs.generated)
    )
    known = np.isfinite(real).all(axis=1) & np.isfinite(generated).all(axis=1)
    if known.sum() <= NEIGHBOURS:
        notes.append(f"Coverage: {int(known.sum())} records with all features are too few.")
        return
    real, generated = real[known], generated[known]
    scale = np.where(real.std(axis=0) > 0, real.std(axis=0), 1.0)
    values = coverage(real / scale, generated / scale)
    count, many = int(known.sum()), len(set(pairs.events[known].tolist()))
    words = ("real records that a generated one comes near to", "generated records with features like the real ones")
    for name, value, note in zip(("coverage", "inside_share"), values, words, strict=True):
        summary.add_value(name, "1", (value, np.nan, np.nan), 1.0, count, many, note)
