"""The Wood-Anderson torsion seismometer: its trace in mm, and the amplitude for local magnitude."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_rows, as_signal, positive, share_rows
from seissynth.shared.keywords import once_positional
from seissynth.shared.real_numbers import require_real
from seissynth.units import DERIVATIVES, UNITS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: static magnification of the instruments as built (Uhrhammer & Collins 1990); the nominal one is 2800
GAIN = 2080.0
#: free period, s, and damping as a share of critical (Uhrhammer & Collins 1990); nominal damping 0.8
PERIOD_S = 0.8
DAMPING = 0.7

MM_PER_M = 1000.0

#: samples on either side in the correcting window, and the limit of its fit as a share of Nyquist: 0.14 %
#: at 0.9 of Nyquist; ten samples more on either side would make it ten times less
_HALF_TAPS = 20
_FITTED = 0.905


def wood_anderson(
    data: ArrayLike,
    sampling_rate_hz: float,
    quantity: str = "velocity",
    gain: float = GAIN,
    period_s: float = PERIOD_S,
    damping: float = DAMPING,
    workers: int | None = None,
) -> np.ndarray:
    r"""Return the trace of a Wood-Anderson seismometer, in mm.

    Parameters
    ----------
    data : array_like, shape (..., npts)
        Ground motion in SI units (m, m/s or m/s²), instrument and mean removed.
    sampling_rate_hz : float
        Above 0.
    quantity : {"velocity", "displacement", "acceleration"}
        Of `data`.
    gain : float
        Static magnification: 2080 as measured (default), 2800 according to the makers.
    period_s, damping : float
        Free period, and damping as a fraction of critical (0.7 as measured, 0.8 according to the makers). Above 0.
    workers : int, optional
        Threads that share the rows. None is 1. The result does not depend on it.

    Returns
    -------
    ndarray, shape (..., npts), mm
        At the times of the samples and in their precision. At periods well below `period_s`, 1 mm of ground
        displacement gives `gain` mm of the same sign.

    Raises
    ------
    InputError
        Values that are not finite real numbers, an unknown quantity, or a number not above 0.

    See Also
    --------
    wood_anderson_amplitude : The peak and its time.
    wood_anderson_stream : From counts, through the instruments' responses.

    Notes
    -----
    For displacement u the trace y obeys

    .. math:: y'' + 2 h \omega_0 y' + \omega_0^2 y = 1000 \, gain \, u'' , \qquad \omega_0 = 2 \pi / T .

    The pendulum is at rest when the record starts, and the ground has not moved before: a record that does not start at
    zero (a mean, a record that begins within the motion) makes it swing for some `period_s`. After the last sample the
    motion is continued by its mirror image, which affects only the last few samples.

    The pendulum's own two poles are a recursion, which is exact at every frequency; a symmetric window of 41 samples
    before it, fitted by least squares, makes the product equal to the response of the continuous instrument: within
    0.15 % up to 0.9 of the Nyquist frequency at any sampling rate (a bilinear recursion is 13 % low at 0.4 of it).
    Above, it is at most 10 % too large, and for velocity falls to a tenth at Nyquist. Before an onset the trace is zero
    except in the 20 samples within the window, and those are small if the motion has little energy near Nyquist.

    References
    ----------
    Uhrhammer, R. A. & Collins, E. R. (1990). Synthesis of Wood-Anderson seismograms from broadband digital records.
    Bull. Seism. Soc. Am. 80, 702-716.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import wood_anderson
    >>> time_s = np.arange(3000) / 100
    >>> moved = 1e-6 * np.sin(2 * np.pi * 12.3 * time_s)  # 1 µm at 12.3 Hz
    >>> trace = wood_anderson(moved, 100.0, "displacement")
    >>> round(float(np.abs(trace[1000:]).max()), 2)  # mm; 2.08 if the period were endless
    2.08
    """
    data = as_signal(data, "data")
    taps, feedback = _filter(*_instrument(sampling_rate_hz, quantity, period_s, damping))
    taps = taps * (MM_PER_M * positive("gain", gain))
    # numba takes a quarter of a second to import
    from seissynth.signal._woodanderson_kernels import seismometer_rows

    rows = as_rows(data)
    out = np.empty_like(rows)
    share_rows(lambda a, b: seismometer_rows(rows, taps, *feedback, out, a, b), rows.shape[0], workers)
    return out.reshape(data.shape)


@once_positional("gain", "period_s", "damping", "measure", "workers")
def wood_anderson_amplitude(
    data: ArrayLike,
    sampling_rate_hz: float,
    quantity: str = "velocity",
    *,
    gain: float = GAIN,
    period_s: float = PERIOD_S,
    damping: float = DAMPING,
    measure: str = "peak",
    workers: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the amplitude on a Wood-Anderson seismometer, in mm, and its time.

    Parameters
    ----------
    data, sampling_rate_hz, quantity, gain, period_s, damping, workers
        As for `wood_anderson`.
    measure : {"peak", "half_peak_to_peak"}
        "peak": the largest absolute value, zero to peak. "half_peak_to_peak": half the largest swing from one turning
        point to the next, which is not affected by a slow drift.

    Returns
    -------
    amplitude_mm : ndarray, shape (...), float64
        At the samples, not between them.
    time_s : ndarray, shape (...), float64
        After sample 0: of the peak's sample, or midway between both turning points. The first, where several are
        equal; 0 for a trace of zeros.

    Raises
    ------
    InputError
        As for `wood_anderson`, or an unknown measure.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.signal import wood_anderson_amplitude
    >>> time_s = np.arange(3000) / 100
    >>> velocity = 1e-3 * np.sin(2 * np.pi * 2 * (time_s - 10)) * np.exp(-((time_s - 10) ** 2))
    >>> amplitude_mm, at_s = wood_anderson_amplitude(velocity, 100.0)
    >>> round(float(amplitude_mm), 1), float(at_s)
    (154.3, 10.17)
    """
    if measure not in ("peak", "half_peak_to_peak"):
        raise InputError(f'measure={measure!r} is unknown; use "peak" or "half_peak_to_peak".')
    trace = wood_anderson(data, sampling_rate_hz, quantity, gain, period_s, damping, workers)
    rows = as_rows(trace)
    if measure == "peak":
        size = np.abs(rows)
        at = size.argmax(axis=-1)
        amplitude = np.take_along_axis(size, at[:, np.newaxis], axis=-1)[:, 0].astype(np.float64)
        at = at.astype(np.float64)
    else:
        from seissynth.signal._woodanderson_kernels import largest_swings

        amplitude, begin, end = (np.empty(rows.shape[0]) for _ in range(3))
        largest_swings(rows, amplitude, begin, end)
        amplitude, at = amplitude / 2, (begin + end) / 2
    shape = trace.shape[:-1]
    return amplitude.reshape(shape), (at / float(sampling_rate_hz)).reshape(shape)


def wood_anderson_response(
    frequencies: ArrayLike,
    quantity: str = "velocity",
    gain: float = GAIN,
    period_s: float = PERIOD_S,
    damping: float = DAMPING,
) -> np.ndarray:
    """Return the response of the continuous instrument, mm per SI unit of ground motion.

    Parameters
    ----------
    frequencies : array_like, any shape, Hz
    quantity, gain, period_s, damping
        As for `wood_anderson`.

    Returns
    -------
    ndarray, complex128
        Shape of `frequencies`; phase for time going as exp(2πift).

    Raises
    ------
    InputError
        Unknown quantity, or a number not above 0.

    Examples
    --------
    >>> from seissynth.signal.woodanderson import wood_anderson_response
    >>> abs(wood_anderson_response([0.125, 1.25, 12.5], "displacement")).round(0)
    array([  20803., 1485714., 2080312.])
    """
    _, derivatives, period_s, damping = _instrument(1.0, quantity, period_s, damping)
    omega = 2 * np.pi * np.asarray(require_real(frequencies, "frequencies"), dtype=np.float64)
    return MM_PER_M * positive("gain", gain) * _pendulum(omega, 2 - derivatives, period_s, damping)


def _instrument(sampling_rate_hz, quantity, period_s, damping):
    """Check what describes an instrument; the quantity becomes its number of time derivatives."""
    if quantity not in DERIVATIVES:
        names = ", ".join(f'"{name}" ({UNITS[name]})' for name in DERIVATIVES)
        raise InputError(f"quantity={quantity!r} is unknown; use one of {names}.")
    return (
        positive("sampling_rate_hz", sampling_rate_hz, "Hz"),
        DERIVATIVES[quantity],
        positive("period_s", period_s, "s"),
        positive("damping", damping),
    )


def _pendulum(omega, power, period_s, damping):
    """s^power / (s² + 2 h w0 s + w0²) at s = i omega."""
    natural = 2 * np.pi / period_s
    return (1j * omega) ** power / (natural**2 - omega**2 + 2j * damping * natural * omega)


@lru_cache(maxsize=64)
def _filter(sampling_rate_hz, derivatives, period_s, damping):
    """Return (taps, feedback) of `seismometer_rows`, for m, m/s or m/s² to m.

    The instrument's poles exp(p / rate) make the recursion's polynomial A. Response times A is smooth up to Nyquist,
    since A removes the poles, and a short window can follow it; where the fit ends before Nyquist, the
    jump there costs nothing, and its error falls exponentially with the window's length.
    """
    natural = 2 * np.pi / period_s / sampling_rate_hz
    poles = np.exp(natural * np.roots([1.0, 2 * damping, 1.0]))
    feedback = np.poly(poles).real
    # angles per sample: dense at the upper edge, where the error is largest, and down to very long periods
    angle = _FITTED * np.pi * np.sin(np.pi / 2 * (np.arange(400) + 0.5) / 400)
    angle = np.concatenate([np.geomspace(1e-4, 0.3, 60), angle])
    wanted = _pendulum(angle * sampling_rate_hz, 2 - derivatives, period_s, damping)
    wanted *= feedback @ np.exp(-1j * np.outer(np.arange(3), angle))
    waves = np.exp(1j * np.outer(angle, np.arange(-_HALF_TAPS, _HALF_TAPS + 1)))
    # divided by the response, to make errors relative
    waves /= wanted[:, np.newaxis]
    equations = np.concatenate([waves.real, waves.imag])
    ones = np.concatenate([np.ones(angle.size), np.zeros(angle.size)])
    taps = np.linalg.lstsq(equations, ones, rcond=1e-13)[0]
    taps.flags.writeable = False
    return taps, (float(feedback[1]), float(feedback[2]))
