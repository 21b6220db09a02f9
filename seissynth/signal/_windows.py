"""Windows by name or by samples."""

from functools import lru_cache

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_signal

#: cosine windows a - (1 - a) cos(2 pi n / nfft); anything else is asked of scipy.signal, which is slow to import
_COSINE_WINDOWS = {"hann": 0.5, "hamming": 0.54, "boxcar": 1.0}


def is_named(window):
    """Whether a window is given by name, with or without parameters, instead of by samples."""
    return isinstance(window, str) or isinstance(window[0], str)


def plain_window(window):
    """Return a name, a tuple that starts with a name, or a tuple of floats: something hashable."""
    if isinstance(window, str):
        return window
    if isinstance(window, (tuple, list)) and window and isinstance(window[0], str):
        return tuple(window)
    samples = as_signal(window, "window")
    if samples.ndim != 1:
        raise InputError(f"window has shape {samples.shape}; give a name or one row of samples.")
    return tuple(samples.tolist())


@lru_cache(maxsize=64)
def window_weights(nfft, window):
    """Samples of a window, padded to nfft."""
    if isinstance(window, str) and window in _COSINE_WINDOWS:
        level = _COSINE_WINDOWS[window]
        samples = level - (1 - level) * np.cos(2 * np.pi / nfft * np.arange(nfft))
    elif is_named(window):
        from scipy.signal import get_window

        try:
            samples = get_window(window, nfft)
        except (ValueError, TypeError) as error:
            raise InputError(f"window={window!r} is not known to scipy.signal.get_window: {error}") from error
    else:
        samples = np.array(window)
    front = (nfft - len(samples)) // 2
    weights = np.pad(samples, (front, nfft - len(samples) - front))
    weights.flags.writeable = False
    return weights
