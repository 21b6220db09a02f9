"""Coordinates of records, as they are observed: where, how large, and how well known."""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth_plugins.residuals.kernel import Places


@dataclass(frozen=True)
class Observations:
    """Coordinates of n records.

    Parameters
    ----------
    places : Places, n
    values, variances : ndarray, shape (n, patterns)
        Of `Patterns.coordinates`.
    """

    places: Places
    values: np.ndarray
    variances: np.ndarray

    def __post_init__(self):
        shape = len(self.places), np.shape(self.values)[-1]
        for name in ("values", "variances"):
            array = getattr(self, name)
            if np.shape(array) != shape or not np.isfinite(array).all():
                raise InputError(f"residuals: {name} of shape {np.shape(array)}; give {shape} finite numbers.")
        if (self.variances < 0).any():
            raise InputError("residuals: a variance is below 0.")

    def __len__(self):
        return len(self.places)

    def select(self, rows):
        """Return some of the records."""
        return Observations(self.places.select(rows), self.values[rows], self.variances[rows])

    @staticmethod
    def concatenate(parts):
        """Join the records of several observations."""
        return Observations(
            Places.concatenate([part.places for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.variances for part in parts]),
        )
