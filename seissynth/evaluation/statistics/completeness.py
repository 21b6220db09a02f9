"""Magnitude of completeness of a catalogue, by the fullest bin and by the stability of the b-value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.evaluation.statistics.b_values import as_magnitudes, b_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: b is stable where its mean over so many magnitude units above the cutoff is within its standard error
STABLE_SPAN = 0.5

#: least step of cutoffs, and of bins for counting; those of a finer or continuous catalogue are that wide
_STEP = 0.1


def completeness_by_curvature(magnitudes: ArrayLike, bin_width: float = 0.0, correction: float = 0.2) -> float:
    """Magnitude of completeness by the fullest bin.

    Parameters
    ----------
    magnitudes : array_like
    bin_width : float
    correction : float
        Added, because the fullest bin is known to be too low (Woessner & Wiemer 2005).

    Returns
    -------
    float

    Notes
    -----
    The maximum curvature of Wiemer & Wyss (2000). It is fast and needs few events, but is unreliable if the detection
    improves slowly with magnitude.
    """
    centres, count = histogram(as_magnitudes(magnitudes), bin_width)
    return float(centres[np.argmax(count)] + correction) if len(centres) else np.nan


def completeness_by_stability(values: ArrayLike, bin_width: float = 0.0, span: float = STABLE_SPAN) -> float:
    """Cutoff from which on the b-value no longer changes with the cutoff.

    Parameters
    ----------
    values : array_like
        Magnitudes, or the positive differences of b-positive.
    bin_width : float
    span : float
        Magnitude units over which b is averaged.

    Returns
    -------
    float
        NaN if no cutoff is stable, as for too few events or a distribution that is curved throughout.

    Notes
    -----
    Cao & Gao (2002) in the form of Woessner & Wiemer (2005, BSSA 95, 684-698): the lowest cutoff at which the mean of b
    over `span` above it differs from b by no more than b's standard error (Shi & Bolt 1982). Cutoffs below the fullest
    bin are not tried: b does not change either where hardly anything is recorded. Large catalogues have small errors
    and get a high cutoff; small ones may look stable by chance.
    """
    values = as_magnitudes(values)
    return _stable(values, cutoffs_of(values, bin_width), bin_width, span)


# --- bins and cutoffs


def _width(bin_width):
    """Width of bins for counting: the least multiple of the catalogue's step that is no less than `_STEP`."""
    return bin_width * np.ceil(_STEP / bin_width - 1e-6) if bin_width else _STEP


def cutoffs_of(values, bin_width):
    """Cutoffs to try: from the smallest magnitude on."""
    centres, _ = histogram(values, bin_width)
    return centres


def _stable(values, cutoffs, bin_width, span):
    if not len(cutoffs):
        return np.nan
    centres, count = histogram(values, bin_width)
    cutoffs = cutoffs[cutoffs >= centres[np.argmax(count)] - 1e-9]
    estimates = b_at(values, cutoffs, bin_width)
    steps = max(round(span / _width(bin_width)), 1)
    for k in range(len(cutoffs) - steps):
        ahead = estimates["b"][k : k + steps]
        if np.isfinite(ahead).all() and abs(ahead.mean() - ahead[0]) <= estimates["sd"][k]:
            return float(cutoffs[k])
    return np.nan


def histogram(values, bin_width):
    """Smallest magnitude of each bin, on the catalogue's grid, and its count."""
    if not len(values):
        return np.zeros(0), np.zeros(0, int)
    step = _width(bin_width)
    number = np.floor((values + bin_width / 2) / step + 1e-9).astype(int)
    return np.arange(number.min(), number.max() + 1) * step, np.bincount(number - number.min())
