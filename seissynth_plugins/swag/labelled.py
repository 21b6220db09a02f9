"""Generate records from labels alone, without event and inventory, for stations of unknown location.

`seissynth.generate` takes P and S from an earthquake and a network. Sets of labelled records often know neither; here
the labels are given directly.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from seissynth_plugins.swag.waveforms import SwagInputs

#: of the drawn differences of S and P and magnitudes around those of real records (Silverman's rule times this)
_SMOOTHING = 0.5


def draw_labels(
    p_s: ArrayLike,
    s_s: ArrayLike,
    magnitude: ArrayLike,
    count: int,
    *,
    p_range_s: tuple[float, float],
    even_magnitudes: bool = False,
    last_s: float = 59.0,
    seed: int = 0,
) -> np.ndarray:
    """Draw labels like those of real records.

    Parameters
    ----------
    p_s, s_s, magnitude : array_like, shape (n,)
        Of real records: P and S, s after the first sample.
    count : int
    p_range_s : (float, float)
        P is drawn uniformly within, subject to S before `last_s`.
    even_magnitudes : bool
        Draw magnitudes uniformly over their range instead of as observed; S minus P then comes from a record of
        similar magnitude.
    last_s : float
    seed : int

    Returns
    -------
    ndarray, shape (count, 3)
        P, S and magnitude. S minus P and magnitude are those of a record drawn at random, both moved by a kernel of
        half the width of Silverman's rule, within the range of the real ones.

    Examples
    --------
    >>> from seissynth_plugins.swag.labelled import draw_labels
    >>> draw_labels([2, 3.0], [6, 8.0], [1.0, 2.0], 5, p_range_s=(2, 20)).shape
    (5, 3)
    """
    p, s, sizes = (np.asarray(values, dtype=float) for values in (p_s, s_s, magnitude))
    if not p.shape == s.shape == sizes.shape or p.ndim != 1 or not len(p):
        raise InputError(f"p_s, s_s and magnitude have shapes {p.shape}, {s.shape}, {sizes.shape}; give (n,).")
    rng = generator(hash_words("swag labels", seed), 0)
    apart = s - p
    if even_magnitudes:
        wanted = rng.uniform(sizes.min(), sizes.max(), count)
        order = np.argsort(sizes, kind="stable")
        near = np.searchsorted(sizes[order], wanted) + rng.integers(-5, 6, count)
        rows = order[np.clip(near, 0, len(order) - 1)]
    else:
        rows = rng.integers(len(p), size=count)
        wanted = _smoothed(sizes[rows], sizes, rng)
    moved = np.exp(_smoothed(np.log(apart[rows]), np.log(apart), rng))
    low, highest = p_range_s
    high = np.minimum(highest, last_s - moved)
    if (high < low).any():
        raise InputError(f"S minus P reaches {moved.max():.3g} s: with P from {low:g} s, S comes after {last_s:g} s.")
    first = rng.uniform(low, high)
    return np.column_stack([first, first + moved, wanted])


def _smoothed(values, real, rng):
    width = _SMOOTHING * 1.06 * real.std() * len(real) ** -0.2
    return np.clip(values + width * rng.standard_normal(len(values)), real.min(), real.max())


class LabelledGenerator:
    """Makes records of labels with given weights.

    Parameters
    ----------
    weights : path
    device, precision, steps, method, guidance, spacing, batch
        As for `seissynth_plugins.swag.backend.SwagBackend`.

    Examples
    --------
    ``LabelledGenerator("runs/swag/weights.safetensors").records([[5.0, 9.0, 2.0]], station="XX.STA", seed=1)``
    """

    def __init__(self, weights: str | os.PathLike[str], **options: Any) -> None:
        from seissynth_plugins.swag.backend import SwagBackend

        self.backend = SwagBackend(weights=weights, **options)
        self.backend.load()

    @property
    def inputs(self) -> SwagInputs:
        """Stations, ranges, quantity and scales of the weights, see `seissynth_plugins.swag.waveforms.SwagInputs`."""
        return self.backend.inputs

    def records(
        self, labels: ArrayLike, station: str | Sequence[str | None] | None = None, seed: int = 0
    ) -> np.ndarray:
        """Return records.

        Parameters
        ----------
        labels : array_like, shape (n, 3)
            P and S, s after the first sample, and magnitude.
        station : str or sequence of str, optional
            A name of `inputs.names`, for all records or one for each; None for no station's label.
        seed : int
            Record i depends on it, on i and on its labels only.

        Returns
        -------
        ndarray, shape (n, 3, npts), float32
            In the order and quantity of `inputs`.

        Raises
        ------
        InputError
            A station that the weights do not know; stations that are not as many as labels.
        DomainError
            A label outside the trained range.
        """
        rows = np.asarray(labels, dtype=float)
        known, config = self.inputs.names, self.backend.config
        names = [station] * len(rows) if station is None or isinstance(station, str) else list(station)
        if len(names) != len(rows):
            raise InputError(f"{len(names)} stations for {len(rows)} labels; give one, or one for each.")
        if unknown := sorted({name for name in names if name is not None} - set(known)):
            raise InputError(f"the weights do not know station {unknown[0]!r}; they know {', '.join(known[:8])}.")
        numbers = [config.stations if name is None else known.index(name) for name in names]
        self.backend.check_labels(rows, [name or "no station" for name in names])
        seeds = [hash_words("swag record", seed, row) for row in range(len(rows))]
        return self.backend.make(rows, np.array(numbers), np.array(seeds, np.uint64))
