"""Noise of a station between Peterson's low and high noise models: ``noise="auto"``.

At each of a few frequencies a station has a level, 0 on the low and 1 on the high noise model, linear in ln f between
them. Its mean, the scatter between stations, times and windows, and the difference of day and night are those of real
records of three regions (`tools/real_records/fit_noise.py` writes them to ``data/ambient.json``).
"""

from __future__ import annotations

import json
import math
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.noise.models import model_psd
from seissynth.seeding import generator, hash_words
from seissynth.units import DERIVATIVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike
    from obspy import UTCDateTime

    from seissynth.stations.sensors import Channel

#: frequencies at which levels are drawn; constant beyond
KNOTS_HZ = (0.15, 0.4, 1.0, 3.0, 8.0, 25.0)
#: a station's levels at two knots correlate as exp(-(distance in ln f / range)^exponent); 1 and 1.5 fit the 29 stations
#: equally well, and 1.5 is smoother
CORRELATION_EXPONENT = 1.5
#: hour by the sun at which traffic and machines are loudest
_LOUDEST_HOUR = 13.0
_LEAST, _MOST = -0.1, 1.15
_ACCELEROMETER = "N"
#: frequencies of which the models are kept
_MOST_KEPT = 2**16
_kept: dict[str, Any] = {}


def ambient_psd(channel: Channel, time: UTCDateTime | None, window: int = 0) -> Callable[[ArrayLike, str], np.ndarray]:
    """Return the power spectral density of a channel's noise, as a function of frequencies (Hz) and quantity.

    Parameters
    ----------
    channel : seissynth.stations.sensors.Channel
        The level is that of its station, by network and station code; vertical and horizontals differ in the mean, and
        accelerometers (instrument code N) have noise of their own.
    time : obspy.UTCDateTime or None
        Of the record: the hour by the sun at the station, and the date, which the microseism of all stations depends
        on. None: an hour and a date that `window` draws.
    window : int
        Seed of what differs between records of one station.

    Returns
    -------
    callable
        (frequencies_hz, quantity) -> ndarray, (SI unit of `quantity`)² / Hz, one-sided.

    Examples
    --------
    >>> import obspy
    >>> from seissynth.noise.ambient import ambient_psd
    >>> from seissynth.stations.channels import select_sensors
    >>> channel = select_sensors(obspy.read_inventory(), "2010-01-01")[0].channels[0]
    >>> ambient_psd(channel, obspy.UTCDateTime(2010, 1, 1))([1.0, 10.0], "velocity").shape
    (2,)
    """
    return partial(
        noise_psd, network=channel.network, station=channel.station, code=channel.code,
        longitude_deg=channel.longitude_deg, time=time, window=window, vertical=abs(channel.dip_deg) > 45,
    )  # fmt: skip


def noise_psd(
    frequencies_hz: ArrayLike,
    quantity: str,
    network: str,
    station: str,
    code: str,
    longitude_deg: float,
    time: UTCDateTime | None,
    window: int = 0,
    vertical: bool | None = None,
) -> np.ndarray:
    """Return the power spectral density of `ambient_psd` from a channel's codes."""
    frequencies_hz = np.asarray(frequencies_hz, dtype=float)
    upright = code[-1:] == "Z" if vertical is None else vertical
    # instruments at one place record one ground
    level = _levels(network, station, code[-1:], upright, round(longitude_deg, 3), *_moment(time, window), window)
    log_frequency, low, high_over_low = _models(frequencies_hz)
    power = low * high_over_low ** np.interp(log_frequency, np.log(KNOTS_HZ), level)
    if code[1:2] == _ACCELEROMETER:
        power = power + 10 ** (_model()["accelerometer_db"] / 10)
    moving = frequencies_hz > 0
    safe = np.where(moving, frequencies_hz, 1.0)
    return np.where(moving, power * (2 * np.pi * safe) ** (2 * (DERIVATIVES[quantity] - 2)), 0.0)


def _models(frequencies_hz):
    """Frequencies as ln, the low noise model and the ratio of both models there; those of the last call are kept."""
    known = _kept.get("last")
    if known is None or not np.array_equal(known[0], frequencies_hz):
        moving = frequencies_hz > 0
        low, high = (
            np.where(moving, model_psd(name, frequencies_hz, "acceleration"), 1.0) for name in ("nlnm", "nhnm")
        )
        known = frequencies_hz.copy(), (np.log(np.maximum(frequencies_hz, 1e-9)), low, high / low)
        if frequencies_hz.size <= _MOST_KEPT:
            _kept["last"] = known
    return known[1]


def cycle_of_day(hour: float) -> float:
    """Return 1 at the loudest hour by the sun and -1 half a day from it."""
    return math.cos(2 * math.pi * (hour - _LOUDEST_HOUR) / 24)


def _moment(time, window):
    """Hour (UTC) and date; drawn from the window's seed if there is no time."""
    if time is None:
        drawn = generator(window, hash_words("hour and date")).random(2)
        return 24 * drawn[0], int(365 * drawn[1])
    return round(time.hour + time.minute / 60, 2), time.date.toordinal()


@lru_cache(maxsize=256)
def _levels(network, station, axis, vertical, longitude_deg, hour_utc, date, window):
    model, factor = _model(), _factor()
    own = factor @ _normal(hash_words("ambient noise", network, station))
    sea = _normal(hash_words("ambient noise of a date", date))
    rest = _normal(hash_words("ambient noise of a window", window, network, station, axis))
    return np.clip(
        model["vertical" if vertical else "horizontal"]
        + model["between_stations"] * own
        + model["between_times"] * sea[0]
        + model["between_windows"] * rest
        + model["day"] * cycle_of_day(hour_utc + longitude_deg / 15),
        _LEAST,
        _MOST,
    )


def _normal(seed):
    return generator(seed).standard_normal(len(KNOTS_HZ))


@lru_cache(maxsize=1)
def _model() -> dict[str, Any]:
    stored = json.loads((Path(__file__).parent / "data" / "ambient.json").read_text(encoding="utf-8"))
    return {name: np.array(value) if isinstance(value, list) else value for name, value in stored.items()}


@lru_cache(maxsize=1)
def _factor():
    away = np.abs(np.subtract.outer(np.log(KNOTS_HZ), np.log(KNOTS_HZ)))
    return np.linalg.cholesky(np.exp(-((away / _model()["correlation_range"]) ** CORRELATION_EXPONENT)))
