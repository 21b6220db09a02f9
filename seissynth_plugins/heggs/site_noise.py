"""Site and noise: effects of a sensor that are not in the output of a network.

A network trained on generated records knows neither the site nor the noise of a real sensor. Here a record is the
network's signal, times a gain of the site by component and frequency, plus noise, added as powers: a gain on the whole
record would also raise the noise of a small earthquake and hide its onset. Noise is the mean level of the sensor before
P; at the time of one earthquake it is that of quiet times and what all sensors then share (`shared_noise`): in an
aftershock sequence the coda of other earthquakes fills the time before P, and the level changes by a factor of a
hundred within hours. Source records say what is shared; without one it may be drawn from the training set.

Levels are in standard deviations of ln A, like spectrograms.
"""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import generator
from seissynth_plugins.heggs.shared_noise import BELOW, add_shared, common_level, level_at
from seissynth_plugins.heggs.signal_and_noise import COLUMNS, signal

#: where the noise of records without a source comes from
BACKGROUNDS = ("quiet", "time", "mean", "drawn", "none")
#: frames at the end whose window reaches beyond the record: they hold an edge effect, not motion
EDGE_FRAMES = 4
#: fields that are named by sensor
_NAMED = ("site", "noise", "quiet")
#: and those of weights that know what sensors share, of times
_HOURS = ("event_hours", "quiet_hours")
#: stream of an earthquake's seed that its noise comes from
_STREAM = int.from_bytes(b"noise", "big")
#: and stream of a sensor's seed that an unknown gain comes from
_GAIN_STREAM = int.from_bytes(b"gain", "big")
#: two gains do not show how gains scatter
_LEAST_SENSORS = 3


@dataclass(frozen=True)
class SiteNoise:
    """Gains and noise of sensors.

    Parameters
    ----------
    site : dict of str to ndarray, shape (3, bins)
        Added to the signal's ln A at a sensor, named NET.STA; "" is for all other sensors.
    noise : dict of str to ndarray, shape (3, bins)
        Mean ln A before P, likewise.
    quiet : dict of str to ndarray, shape (3, bins)
        Mean ln A of the set's noise rows, likewise; `noise` if it has none.
    events : ndarray, shape (earthquakes, bins)
        What the sensors shared at the times of the training set's earthquakes, ln A; without `shared`, differences of
        the noise at that time from `noise`.
    predicted : ndarray, shape (3, bins)
        The noise predicted by the network itself, for records without time before P to show it.
    shape : ndarray, shape (9, bins)
        Added to every signal's ln A, standardised, by the columns of `shape_features`.
    shared : dict of str to ndarray, shape (3, bins), optional
        Gains of the sensors for noise that they share, see `shared_noise`. None: of weights from sets without noise
        rows, or made before these were known.
    event_hours, quiet_hours : ndarray, shape (earthquakes,), (windows,), optional
        With `shared`: origin times of `events`, and times of the noise rows, hours from 1970.
    """

    site: dict
    noise: dict
    quiet: dict
    events: np.ndarray
    predicted: np.ndarray
    shape: np.ndarray
    shared: dict | None = None
    event_hours: np.ndarray | None = None
    quiet_hours: np.ndarray | None = None

    def to_plain(self):
        """Return plain data, rounded to three digits."""
        held = _NAMED if self.shared is None else (*_NAMED, "shared")
        named = {name: {key: _rounded(v) for key, v in getattr(self, name).items()} for name in held}
        plain = {**named, **{name: _rounded(getattr(self, name)) for name in ("events", "predicted", "shape")}}
        if self.shared is not None:
            plain |= {name: np.round(getattr(self, name), 5).tolist() for name in _HOURS}
        return plain

    @classmethod
    def from_plain(cls, plain, bins):
        """Make it from the result of `to_plain`; an InputError names what is wrong."""
        shape = (3, bins)
        fields = {}
        for name in (*_NAMED, "shared") if plain.get("shared") else _NAMED:
            fields[name] = {str(key): np.array(values, np.float32) for key, values in plain.get(name, {}).items()}
            if "" not in fields[name] or any(_unfit(values, shape) for values in fields[name].values()):
                raise InputError(f"site_noise: {name} must hold finite arrays of shape {shape}, and one named ''.")
        arrays = ("events", "predicted", "shape")
        fields |= {name: np.array(plain.get(name, ()), np.float32) for name in arrays}
        wanted = ((max(len(fields["events"]), 1), bins), shape, (COLUMNS, bins))
        for name, size in zip(arrays, wanted, strict=True):
            if _unfit(fields[name], size):
                raise InputError(f"site_noise: {name} must be finite, of shape {size}; it has {fields[name].shape}.")
        if "shared" in fields:
            fields |= {name: np.array(plain.get(name, ()), float) for name in _HOURS}
            wanted = len(fields["events"]), len(fields["quiet_hours"])
            for name, count in zip(_HOURS, wanted, strict=True):
                if _unfit(fields[name], (count,)):
                    raise InputError(f"site_noise: {name} must be {count} finite times; it is {fields[name]}.")
        return cls(**fields)

    def signals(self, spectrograms, early, sd, sensors, features):
        """Return ln A of the signals of a network's spectrograms at sensors, see `signal`.

        `features` are those of `shape_features`.
        """
        scale = np.asarray(sd, np.float32)[:, None]
        logs = signal(spectrograms, early, sd, self.predicted) + of_sensors(self.site, sensors)[..., None] * scale
        logs += (np.einsum("ntk,kf->nft", features, self.shape) * scale)[:, None].astype(np.float32)
        logs[..., -EDGE_FRAMES:] = logs[..., -EDGE_FRAMES - 1, None]
        return logs

    def unknown_gains(self, sensors, seeds):
        """Return draws of what the gains of unknown sensors are beside the mean gain, shape (n, 3, bins).

        Parameters
        ----------
        sensors : sequence of str, length n
        seeds : sequence of int, length n
            Of the sensors.

        Returns
        -------
        ndarray, float32
            Standardised ln A, with the covariance of the known gains over components and bins; 0 at known sensors, and
            where fewer than three are known.
        """
        out = np.zeros((len(sensors), *self.site[""].shape), np.float32)
        known = [values for name, values in self.site.items() if name]
        if len(known) < _LEAST_SENSORS:
            return out
        # a sum of the gains less their mean, with normal weights, has their covariance
        apart = np.stack(known) - np.mean(known, axis=0)
        for row in np.flatnonzero([str(name) not in self.site for name in sensors]):
            weights = generator(int(seeds[row]), _GAIN_STREAM).standard_normal(len(known)) / np.sqrt(len(known) - 1)
            out[row] = np.tensordot(weights, apart, axes=1)
        return out

    def levels(self, sensors, background, seeds, sd, hours=None):
        """Return noise without a source, shape (n, 3, bins).

        Parameters
        ----------
        sensors : sequence of str, length n
        background : str
            One of `BACKGROUNDS`.
        seeds : sequence of int, length n
            Of the earthquakes, for "drawn".
        sd : ndarray, shape (bins,)
        hours : ndarray, shape (n,), optional
            Origin times for "time", hours from 1970.
        """
        if background == "quiet":
            return of_sensors(self.quiet, sensors)
        if background == "time":
            return self.at_event(sensors, self.at_time(hours, sd), sd)
        if background == "drawn":
            return self.at_event(sensors, self.drawn(seeds), sd)
        noise = of_sensors(self.noise, sensors)
        return np.full_like(noise, -np.inf) if background == "none" else noise

    def drawn(self, seeds):
        """Return the noise of one earthquake of the training set for each seed, shape (n, bins)."""
        chosen = [generator(int(seed), _STREAM).integers(len(self.events)) for seed in seeds]
        return self.events[chosen]

    def at_time(self, hours, sd):
        """Return the noise that sensors share at times, by that of the training set's earthquakes, shape (n, bins)."""
        check_background("time", self)
        if hours is None:
            raise InputError('background="time" needs the origin times of the earthquakes; pass columns with them.')
        named = sorted({*self.quiet, *self.shared})  # some sensors have noise rows alone, others earthquakes alone
        lowest = (of_sensors(self.quiet, named) - of_sensors(self.shared, named)).min(axis=(0, 1)) - BELOW / sd
        return level_at(np.asarray(hours, dtype=float), self.event_hours, self.events, self.quiet_hours, lowest)

    def heard(self, levels, sensors, sd):
        """Return the noise of an earthquake's time from the levels of some records, shape (bins,), as in `events`.

        NaN if none of the records shows its noise.

        Parameters
        ----------
        levels : ndarray, shape (n, 3, bins)
            From `noise_levels`.
        sensors : sequence of str
        sd : ndarray, shape (bins,)
        """
        shown = np.isfinite(levels[:, 0, 0])
        if not shown.any():
            return np.full(levels.shape[2], np.nan)
        levels, sensors = levels[shown], np.asarray(sensors, dtype=str)[shown]
        if self.shared is None:
            return (levels - of_sensors(self.noise, sensors)).mean(axis=(0, 1))
        quiet, gains = (of_sensors(values, sensors) for values in (self.quiet, self.shared))
        return common_level(levels * sd, quiet * sd, gains * sd, self.events.mean(axis=0) * sd) / sd

    def at_event(self, sensors, events, sd):
        """Return the noise of sensors at the times of earthquakes, shape (n, 3, bins).

        Parameters
        ----------
        sensors : sequence of str, length n
        events : ndarray, shape (n, bins)
            From `heard` or `drawn`; the noise of a row of NaN is NaN.
        sd : ndarray, shape (bins,)
        """
        if self.shared is None:
            return of_sensors(self.noise, sensors) + events[:, None]
        quiet, gains = (of_sensors(values, sensors) for values in (self.quiet, self.shared))
        noise, known = np.full(quiet.shape, np.nan), np.isfinite(events[:, 0])
        noise[known] = add_shared(quiet[known] * sd, gains[known] * sd, events[known, None] * sd) / sd
        return noise


def check_background(background, known):
    """Raise an InputError if a background is none of `BACKGROUNDS`, or needs what weights do not know.

    `known` is their `SiteNoise`, or None.
    """
    if background not in BACKGROUNDS:
        raise InputError(f"background={background!r} must be one of {', '.join(map(repr, BACKGROUNDS))}.")
    if background == "time" and (known is None or known.shared is None):
        raise InputError(
            'background="time" needs weights that know the noise of their earthquakes and of quiet times; these do '
            'not. Take background="quiet", or fit sites and noise again, to a set with noise rows.'
        )


def of_sensors(values, sensors):
    """Return the values of sensors, shape (n, ...); those named "" if a sensor has none."""
    return np.stack([values.get(str(name), values[""]) for name in sensors])


def shrunk_means(values, names, known, records):
    """Return means by name, shrunk towards the mean over names: n records have the weight n / (n + `records`).

    Parameters
    ----------
    values : ndarray, shape (n, ...)
    names : sequence of str
    known : ndarray of bool, shape (n,)
        What counts.
    records : float

    Returns
    -------
    dict of str to ndarray
        And "" for the mean over names.
    """
    names = np.asarray(names, dtype=str)
    own, share = {}, {}
    for name in sorted(set(names[known])):
        chosen = known & (names == name)
        own[name], share[name] = values[chosen].mean(axis=0), chosen.sum() / (chosen.sum() + records)
    common = sum(share[name] * own[name] for name in own) / sum(share.values())
    return {"": common} | {name: common + share[name] * (own[name] - common) for name in own}


def _rounded(values):
    return np.round(np.asarray(values, dtype=float), 3).tolist()


def _unfit(values, shape):
    return values.shape != shape or not np.isfinite(values).all()
