"""Augmentation of pairs of records, to make few records go further.

Never a shift in time: the time after origin is the label.
"""

from dataclasses import dataclass, fields

import numpy as np

from seissynth.errors import InputError
from seissynth_plugins.torchkit.augmentation import FADE, SensorNoise, coda, turned  # noqa: F401  (two had their home here)

#: time after S, s, from which the coda of an earlier earthquake is taken
EARLIER_AFTER_S = (2.0, 30.0)
#: attempts to draw a suitable earthquake
_TRIES = 8
#: length of the end of an earlier record that fills what is missing, s
_LAST_S = 10.0
#: difference of the noise level between the records of a pair, sd, dB
_RECORD_GAIN_SD_DB = 8.0


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training records.

    Parameters
    ----------
    amplitude : float
        Standard deviation, in ln units, of a common factor for source and target: scatter at one magnitude, such as
        that of the stress drop. The whole window of the earthquake is multiplied by it.
    noise_share : float
        Share of the pairs with added noise of their sensors, or of any sensor if a sensor has none.
    noise_gain_db : (float, float)
        Range of the random gain of that noise; each record has a further random gain of 8 dB (sd).
    noise_on_target : bool
        Add noise to source and target; else to the source only.
    earlier_share : float
        Share of the pairs that start in the coda of another earthquake, which both sensors recorded.
    drop_share : float
        Share of the pairs whose source loses one component.
    onset_drop : float
        Share of the pairs without predicted onsets, for networks that take them; the network then works with and
        without.
    """

    amplitude: float = 0.0
    noise_share: float = 0.0
    noise_gain_db: tuple = (0.0, 0.0)
    noise_on_target: bool = True
    earlier_share: float = 0.0
    drop_share: float = 0.0
    onset_drop: float = 0.0

    def __post_init__(self):
        for field in fields(self):
            if field.name.endswith(("share", "drop")) and not 0 <= getattr(self, field.name) <= 1:
                raise InputError(f"{field.name}={getattr(self, field.name)!r} must be 0 to 1.")
        if not self.amplitude >= 0:
            raise InputError(f"amplitude={self.amplitude!r} must be 0 or more.")


#: records unchanged
NO_AUGMENTATION = Augmentation()

#: for made records, whose backgrounds are too quiet: half of the windows of an aftershock sequence begin 40 dB above
#: the noise of a quiet hour, in the coda of the earthquake before
MADE = Augmentation(
    noise_share=0.5, noise_gain_db=(0.0, 45.0), earlier_share=0.5, drop_share=0.1, onset_drop=0.3
)  # fmt: skip

#: for real records, which have their backgrounds
REAL = Augmentation(
    amplitude=0.2, noise_share=0.3, noise_gain_db=(0.0, 30.0), noise_on_target=False, drop_share=0.1, onset_drop=0.3
)  # fmt: skip

#: for synthetic records without background: the network learns the signal, from sources as recorded
CLEAN = Augmentation(
    noise_share=0.8, noise_gain_db=(0.0, 45.0), noise_on_target=False, drop_share=0.1, onset_drop=0.1
)  # fmt: skip

NAMED = {"none": NO_AUGMENTATION, "made": MADE, "clean": CLEAN, "real": REAL}


def named_augmentation(name):
    """Return the augmentation "none", "made", "clean" or "real"."""
    if name not in NAMED:
        raise InputError(f"augmentation={name!r} must be one of {', '.join(map(repr, NAMED))}.")
    return NAMED[name]


class Augmenter:
    """Changes pairs of one part of a table.

    Parameters
    ----------
    table : seissynth_plugins.heggs.training.data.TrainingTable
    augmentation : Augmentation
    part : str
        Earlier earthquakes are those of this part.
    """

    def __init__(self, table, augmentation, part):
        self.how, self._table = augmentation, table
        self._noise = SensorNoise(table)
        if augmentation.noise_share and not len(table.noise):
            raise InputError(
                "the augmentation adds noise, but no set has rows of noise that training may use (those that share "
                "samples with earthquakes, are within a block for validation or testing, or belong to stations kept "
                "out are excluded); "
                'give a set with noise=, or pass augmentation="none".'
            )
        self._s_s, self._end_s = (table.table[name].to_numpy(float) for name in ("s_s", "mask_end_s"))
        self._earlier = {}
        if augmentation.earlier_share:
            self._find_earlier(part)

    def _find_earlier(self, part):
        """Event -> sensor -> row, for records that hold one earthquake only."""
        table = self._table.table
        longest = self._end_s.max()
        rows = [row for row in self._table.rows(part) if self._end_s[row] >= longest and np.isfinite(self._s_s[row])]
        for row, event, sensor in zip(rows, table["source_id"].iloc[rows], table["sensor"].iloc[rows], strict=True):
            self._earlier.setdefault(event, {})[sensor] = row
        self._events = list(self._earlier)

    def change(self, data, rows, rng):
        """Change a pair.

        Parameters
        ----------
        data : ndarray, shape (2, 3, npts)
            Source and target; overwritten.
        rows : (int, int)
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (2, 3, npts), float32
        """
        how = self.how
        # always the same number of draws: one option must not change the draws of another
        normal, chance = rng.standard_normal(3), rng.random(5)
        if how.amplitude:
            data *= np.float32(np.exp(how.amplitude * normal[0]))
        sensors = self._table.sensors(list(rows))
        if chance[0] < how.noise_share:
            low, high = how.noise_gain_db
            gains_db = low + chance[1] * (high - low) + _RECORD_GAIN_SD_DB * normal[1:] * (high > low)
            for record, sensor, gain_db in list(zip(data, sensors, gains_db, strict=True))[: 1 + how.noise_on_target]:
                record += np.float32(10 ** (gain_db / 20)) * self._noise.draw(sensor, rng)
        if chance[2] < how.earlier_share:
            for record, earlier in zip(data, self._draw_earlier(rows, sensors, rng), strict=True):
                record += earlier
        if chance[3] < how.drop_share:
            data[0, int(3 * chance[4])] = 0.0
        return data

    def _draw_earlier(self, rows, sensors, rng):
        """Codas of one earlier earthquake at both sensors; zeros where none is found."""
        own = self._table.table["source_id"].iloc[rows[0]]
        after_s = rng.uniform(*EARLIER_AFTER_S)
        for _ in range(_TRIES):
            event = self._events[rng.integers(len(self._events))] if self._events else own
            held = self._earlier.get(event, {})
            if event != own and all(sensor in held for sensor in sensors):
                earlier_rows = [held[sensor] for sensor in sensors]
                # one time at which the present earthquake begins, for both
                start_s = max(self._s_s[row] for row in earlier_rows) + after_s
                return [self._coda(row, start_s) for row in earlier_rows]
        return [np.float32(0.0)] * len(rows)

    def _coda(self, row, start_s):
        rate = self._table.rules.sampling_rate_hz
        return coda(self._table.waveforms([row])[0], int(start_s * rate), int(_LAST_S * rate))
