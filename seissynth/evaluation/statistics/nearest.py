"""The most similar record in a library, by normalised cross-correlation over all shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_signal, positive, share_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: first search, over all pairs: motion up to this frequency
COARSE_HZ = 10.0
#: most similar ones of the first search that are compared with all frequencies
REFINED = 3
#: records of the library and of the queries that are compared together
_LIBRARY_BLOCK, _QUERY_BLOCK = 64, 8


def nearest_records(
    queries: Any,
    library: Any,
    sampling_rate_hz: float,
    query_labels: ArrayLike | None = None,
    library_labels: ArrayLike | None = None,
    workers: int | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Find for each record the most similar one in a library.

    Parameters
    ----------
    queries : array_like, shape (n, 3, npts)
    library : array_like, shape (m, 3, npts)
        May be a memory map: it is read in blocks of 64 records, once.
    sampling_rate_hz : float
    query_labels, library_labels : array_like, shapes (n,) and (m,), optional
        Records of equal labels (of one earthquake, or a record and itself) are not compared.
    workers : int, optional
        Threads; two if available. The result does not depend on it.

    Returns
    -------
    correlation : ndarray, shape (n,)
        0 to 1; 1 for a copy of any size at any shift. NaN if there is nothing to compare with.
    row : ndarray of int, shape (n,)
        In the library; -1 where there is none.
    lag_s : ndarray, shape (n,)
        Delay of the query.

    Raises
    ------
    InputError
        Inconsistent shapes, or labels for only one of the two.

    Notes
    -----
    .. math:: \max_{lag} \frac{\sum_{c, t} q_c(t + lag) \, l_c(t)}{|q| \, |l|}

    with one shift for all components, and means removed. All pairs are compared up to 10 Hz by FFT, and the three best
    again with all frequencies; a copy above 10 Hz alone would therefore be missed. Memory does not depend on the size
    of the library.

    Limits: copies that were stretched, filtered differently, or have the opposite polarity are not found.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.evaluation import nearest_records
    >>> library = np.random.default_rng(0).standard_normal((20, 3, 2000))
    >>> copy = 5 * np.roll(library[[7]], 30, axis=-1)
    >>> value, row, lag = nearest_records(copy, library, 100.0)
    >>> bool(value[0] > 0.97), int(row[0]), float(lag[0])
    (True, 7, 0.3)
    """
    queries, rate = as_signal(queries, "queries"), positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    if queries.ndim != 3 or np.ndim(library) != 3 or np.shape(library)[1:] != queries.shape[1:]:
        raise InputError(
            f"queries have shape {queries.shape}, the library {np.shape(library)}; both must be (records, 3, npts)."
        )
    if (query_labels is None) != (library_labels is None):
        raise InputError("labels are given for the queries or for the library only; give both, or none.")
    codes = _label_codes(query_labels, library_labels)
    if not len(queries) or not len(library):
        return np.full(len(queries), np.nan), np.full(len(queries), -1), np.full(len(queries), np.nan)
    rows = _candidates(queries, library, rate, codes, workers)
    return _refined(queries, library, rows, rate)


# --- below the road


def _label_codes(query_labels, library_labels):
    if query_labels is None:
        return None
    both = np.concatenate([np.asarray(query_labels).astype(str), np.asarray(library_labels).astype(str)])
    codes = np.unique(both, return_inverse=True)[1]
    return codes[: len(query_labels)], codes[len(query_labels) :]


def _spectra(records, length, bins):
    """Spectra (n, 3, bins), scaled so that the energy of all components is 1; zeros stay zeros."""
    from scipy.fft import rfft

    records = np.asarray(records, dtype=np.float32)
    spectra = rfft(records - records.mean(axis=-1, keepdims=True), length, axis=-1)[..., :bins]
    # bins at 0 and at the Nyquist frequency have no mirror; the means are off and padding hides what is left
    power = 2 * (spectra.real**2 + spectra.imag**2).sum(axis=(-2, -1)) - np.abs(spectra[..., 0] ** 2).sum(axis=-1)
    size = np.sqrt(np.maximum(power, 0))[:, None, None]
    return spectra / np.where(size > 0, size, 1)


def _candidates(queries, library, rate, codes, workers):
    """Rows (n, REFINED) of the library with the largest correlation up to `COARSE_HZ`; -1 for none."""
    import os

    from scipy.fft import irfft, next_fast_len

    npts = queries.shape[-1]
    length = next_fast_len(2 * npts, real=True)
    # samples of the coarse correlation: those of a rate of twice the frequency, over the padded length
    coarse = min(next_fast_len(int(np.ceil(length * min(2 * COARSE_HZ / rate, 1.0))), real=True), length)
    bins = coarse // 2 + 1
    mine = _spectra(queries, length, bins)
    best = np.full((len(queries), REFINED), -np.inf, np.float32)
    rows = np.full((len(queries), REFINED), -1)
    for first in range(0, len(library), _LIBRARY_BLOCK):
        theirs = np.conj(_spectra(library[first : first + _LIBRARY_BLOCK], length, bins))
        numbers = np.arange(first, first + len(theirs))

        def compare(begin, end, theirs=theirs, numbers=numbers):
            for start in range(begin, end, _QUERY_BLOCK):
                part = slice(start, min(start + _QUERY_BLOCK, end))
                product = mine[part, None, 0] * theirs[None, :, 0]
                for component in (1, 2):
                    product += mine[part, None, component] * theirs[None, :, component]
                top = irfft(product, coarse, axis=-1, overwrite_x=True).max(axis=-1) * coarse
                if codes is not None:
                    top[codes[0][part, None] == codes[1][numbers]] = -np.inf
                values = np.concatenate([best[part], top], axis=1)
                library_rows = np.concatenate([rows[part], np.broadcast_to(numbers, top.shape)], axis=1)
                order = np.argsort(-values, axis=1, kind="stable")[:, :REFINED]
                best[part] = np.take_along_axis(values, order, axis=1)
                rows[part] = np.take_along_axis(library_rows, order, axis=1)

        share_rows(compare, len(queries), workers or min(2, os.cpu_count() or 1))
    rows[~np.isfinite(best)] = -1
    return rows


def _refined(queries, library, rows, rate):
    """Correlation, row and lag of the best candidate, with all frequencies."""
    from scipy.fft import irfft, next_fast_len

    npts = queries.shape[-1]
    length = next_fast_len(2 * npts, real=True)
    bins = length // 2 + 1
    value, lag = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    chosen = np.full(len(rows), -1)
    for number, candidates in enumerate(rows):
        candidates = candidates[candidates >= 0]
        if not candidates.size:
            continue
        one = _spectra(queries[number : number + 1], length, bins)
        theirs = _spectra(np.stack([library[row] for row in candidates]), length, bins)
        correlation = irfft((one * np.conj(theirs)).sum(axis=1), length, axis=-1) * length
        at = correlation.argmax(axis=-1)
        best = int(correlation[np.arange(len(candidates)), at].argmax())
        value[number] = min(float(correlation[best, at[best]]), 1.0)
        chosen[number] = candidates[best]
        lag[number] = (at[best] if at[best] <= length // 2 else at[best] - length) / rate
    return value, chosen, lag
