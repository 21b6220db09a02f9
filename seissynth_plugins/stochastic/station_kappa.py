"""The kappa of each station: given by the user, or the preset's, which may scatter between stations."""

import numpy as np

from seissynth.seeding import generator, hash_words

_KAPPA = hash_words("stochastic", "kappa of a station")
#: draws are cut at so many standard deviations on both sides, so kappa stays 0 or more and its mean the preset's
LARGEST_DRAW = 2.0


def set_kappa(rows, conditions, parameters, station_seeds):
    """Put each station's kappa into its prepared rows.

    Parameters
    ----------
    rows : list of PreparedRow
        Changed in place, where kappa is not the preset's.
    conditions : pandas.DataFrame, n rows
        `station_kappa_s`, where it is finite, replaces the preset's `kappa0_s` (Vs30 and its term stay).
    parameters : Parameters
        `kappa_scatter_s`: standard deviation between stations that give none.
    station_seeds : ndarray, shape (n,), uint64

    Returns
    -------
    ndarray, shape (n,)
        Kappa of S, s.

    Notes
    -----
    ln of the spectrum is linear in kappa, so a scatter that is symmetrical leaves its mean over stations unchanged.
    """
    kappa = np.full(len(rows), parameters.kappa0_s)
    if parameters.kappa_scatter_s > 0:
        drawn = {seed: _draw(seed) for seed in dict.fromkeys(station_seeds.tolist())}
        kappa += parameters.kappa_scatter_s * np.array([drawn[seed] for seed in station_seeds.tolist()])
    if "station_kappa_s" in conditions:
        given = conditions["station_kappa_s"].to_numpy(dtype=float)
        kappa = np.where(np.isfinite(given), given, kappa)
    for i in np.flatnonzero(kappa != parameters.kappa0_s):
        rows[i].kappa = float(kappa[i])
    return kappa


def _draw(seed):
    """A normal number within the limits: the first of the seed's numbers that is."""
    numbers = generator(int(seed), _KAPPA)
    while True:
        number = float(numbers.standard_normal())
        if abs(number) <= LARGEST_DRAW:
            return number
