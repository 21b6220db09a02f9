"""Copies of real records that are wrong in one known way, for which the correct scores are known.

The real set compared with itself is perfect; shifted by half a second or scaled by two it is off by exactly that;
shuffled it scores at chance; blurred it keeps its envelopes and loses the texture.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.record_sets import Pairs
from seissynth.seeding import hash_words

if TYPE_CHECKING:
    from seissynth.evaluation.record_sets import RecordSet

#: bins and frames over which `blurred_copy` smooths
BLUR = (5, 9)


def itself(records):
    """Return the records as a generated set: every score must be perfect."""
    return replace(records, name="itself")


def shifted_copy(records, seconds):
    """Return the records and onsets delayed by some seconds; zeros are added at the front.

    Parameters
    ----------
    records : RecordSet
    seconds : float
        Rounded to samples; positive is late.
    """
    lag = round(seconds * records.sampling_rate_hz)
    if abs(lag) >= records.npts:
        raise InputError(f"{seconds=} is not shorter than the records.")
    data = np.zeros_like(records.data)
    if lag >= 0:
        data[..., lag:] = records.data[..., : records.npts - lag]
    else:
        data[..., :lag] = records.data[..., -lag:]
    moved = lag / records.sampling_rate_hz
    return replace(records, name=f"late by {seconds:g} s", data=data, p_s=records.p_s + moved, s_s=records.s_s + moved)


def scaled_copy(records, factor):
    """Return the records times a factor."""
    return replace(records, name=f"times {factor:g}", data=records.data * np.float32(factor))


def shuffled_copy(records, seed=0):
    """Return records of other earthquakes at other sensors instead of the right ones.

    Parameters
    ----------
    records : RecordSet
        No earthquake may have more than half of them.
    seed : int
    """
    from seissynth.evaluation.groups.similarity import shuffled_partners

    partner = shuffled_partners(records.events, seed)
    if partner is None:
        raise InputError(f"{records.name}: one earthquake has more than half of the records, so none can be shuffled.")
    return replace(
        records, name="shuffled", data=records.data[partner], p_s=records.p_s[partner], s_s=records.s_s[partner]
    )


def blurred_copy(records, size=BLUR, phases="own", seed=0):
    """Return the records with a smoothed log-spectrogram.

    Parameters
    ----------
    records : RecordSet
    size : (int, int)
        Frequencies and frames over which ln |STFT| is averaged (1.28 s windows, hop an eighth of it).
    phases : {"own", "found"}
        The original phases, or phases found by Griffin-Lim from random ones.
    seed : int
        Of the random phases.

    Notes
    -----
    Like pair regression, which predicts mean spectrograms. Two draws with their own phases are equal.
    """
    from scipy.ndimage import uniform_filter

    from seissynth.signal import STFT, griffinlim

    if phases not in ("own", "found"):
        raise InputError(f"{phases=} must be 'own' or 'found'.")

    window = 2 ** round(np.log2(1.28 * records.sampling_rate_hz))
    stft = STFT(window, window // 8)
    out = np.empty(records.data.shape, np.float32)
    for row, record in enumerate(records.data):
        spectra = stft.forward(record)
        size_of = np.abs(spectra)
        floor = max(1e-7 * float(size_of.max()), float(np.finfo(np.float32).tiny))
        logs = uniform_filter(np.log(np.maximum(size_of, floor)), (1, *size), mode="nearest")
        if phases == "own":
            phase = spectra / np.maximum(size_of, floor)
            out[row] = stft.inverse(np.exp(logs) * phase, records.npts)
        else:
            seeds = np.array([hash_words("blurred", seed, row, component) for component in range(3)], np.uint64)
            out[row] = griffinlim(np.exp(logs), stft, records.npts, seeds=seeds)
    return replace(records, name="blurred", data=out)


def known_pairs(records: RecordSet, seed: int = 0) -> dict[str, Pairs]:
    """All known answers of a set, by name.

    Returns
    -------
    dict of str to Pairs
        Each with two equal draws, so the spread between draws is known to be zero.
    """
    copies = (
        itself(records),
        shifted_copy(records, 0.5),
        scaled_copy(records, 2.0),
        shuffled_copy(records, seed),
        blurred_copy(records),
    )
    return {copy.name: Pairs(records, (copy, copy)) for copy in copies}
