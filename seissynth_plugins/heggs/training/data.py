"""Training data of HEGGS: from data sets on disk to pairs of log-spectrograms, conditions and masks.

``seissynth dataset cut`` and ``seissynth dataset make`` write such sets: velocity, 60 s from origin, 1 to 45 Hz.
Log-spectrograms are computed on demand, two of a pair in about a millisecond each. Item i of epoch e
depends on the seed, e and i only: an interrupted training resumes without any difference.
"""

import hashlib
import json

import numpy as np

from seissynth.data.pairs import draw_pairs
from seissynth.errors import InputError
from seissynth.representations import (
    ConditionStatistics,
    ConditionVector,
    LogSpectrogram,
    fit_spectrogram_statistics,
)
from seissynth.seeding import generator, hash_words
from seissynth_plugins.heggs.inputs import ModelInputs, by_peak, predicted_onsets
from seissynth_plugins.heggs.networks.config import BAND_HZ, DURATION_S, RATE_HZ
from seissynth_plugins.heggs.training.augmentation import NO_AUGMENTATION, Augmenter
from seissynth_plugins.torchkit.augmentation import SensorNoise
from seissynth_plugins.torchkit.record_rules import RecordRules
from seissynth_plugins.torchkit.training_table import TrainingTable as AnyTrainingTable

#: largest number of records that statistics are computed from
STATISTICS_RECORDS = 4000
#: number of records in memory at a time
_TOGETHER = 64
#: what is kept away from P when a record's beginning counts as noise, s
_BEFORE_P_S = 0.5


#: what HEGGS is trained on
HEGGS_RECORDS = RecordRules("HEGGS", RATE_HZ, DURATION_S, band_hz=BAND_HZ)


class TrainingTable(AnyTrainingTable):
    """The records of one set or several, and which part each belongs to: velocity, 60 s from origin, 100 Hz.

    Parameters
    ----------
    paths : path or list of path
        Folders in SeisBench's format.
    **options
        ``fold``, ``folds``, ``stations_out``, ``noise``, ``seed``: what is kept out, and noise for augmentation; see
        `seissynth_plugins.torchkit.training_table.TrainingTable`.

    Raises
    ------
    InputError, FileFormatError
        No such set; a fold of a set with a column ``split``; records that are not velocity of 60 s at 100 Hz, or
        without origin, place or magnitude.

    Examples
    --------
    ``TrainingTable("ridgecrest_set", fold=0, stations_out=["CI.WBS"]).rows("train")``
    """

    def __init__(self, paths, **options):
        super().__init__(paths, HEGGS_RECORDS, **options)


def fit_inputs(
    table, *, encoding="paper", extras=(), normalised=False, augmentation=NO_AUGMENTATION, spectrogram=None,
    progress=None,
):  # fmt: skip
    """Take the statistics of the training part: floors, mean and spread of spectrograms, and of the conditions.

    Parameters
    ----------
    table : TrainingTable
    encoding, extras
        See `seissynth.representations.ConditionVector`.
    normalised : bool
        Of records divided by their peak.
    augmentation : Augmentation
        Statistics are those of the records as training sees them. Where it adds noise to sources alone, records that
        are silent before P get noise of their sensor for the statistics: floors of silence would make standard
        deviations those between silence and motion, beside which no detail of the motion counts.
    spectrogram : LogSpectrogram, optional
    progress : callable, optional
        ``progress(done, total)`` in batches.

    Returns
    -------
    ModelInputs

    Raises
    ------
    InputError
        There is no training part, or nothing in front of any P.
    """
    spectrogram = spectrogram or LogSpectrogram()
    rows = table.rows("train")
    if not len(rows):
        raise InputError("no record is left to train on, after split, purge, stations kept out and quality.")
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), STATISTICS_RECORDS)).astype(int)]
    batches = _StatisticsBatches(table, some, normalised, augmentation, progress)
    statistics = fit_spectrogram_statistics(spectrogram, batches, workers=1)
    conditions = ConditionVector(encoding, tuple(extras))
    return ModelInputs(
        spectrogram,
        statistics,
        conditions,
        ConditionStatistics.fit(table.table.iloc[rows], conditions.extras),
        normalised,
    )


class _StatisticsBatches:
    """Batches that can be gone through again and again."""

    def __init__(self, table, rows, normalised, augmentation, progress):
        self._table, self._rows, self._normalised, self._progress = table, rows, normalised, progress
        self._augmenter = Augmenter(table, augmentation, "train")
        # noise that is for sources alone is no part of what targets hold
        self._hiss = SensorNoise(table) if augmentation.noise_share and not augmentation.noise_on_target else None
        self._done = 0

    def __iter__(self):
        quiet = self._table.table["p_s"].to_numpy() - _BEFORE_P_S
        starts = range(0, len(self._rows), _TOGETHER)
        for first in starts:
            rows = self._rows[first : first + _TOGETHER]
            data = self._table.waveforms(rows)
            for record, row in zip(data, rows, strict=True):
                rng = generator(hash_words("heggs statistics", self._table.seed), int(row))
                record[:] = self._augmenter.change(np.stack([record, record]), (row, row), rng)[1]
                if self._hiss is not None and not _begins(record, quiet[row], self._table.rules.sampling_rate_hz):
                    record += self._hiss.draw(self._table.sensors([row])[0], rng)
            sensors = self._table.sensors(rows)
            if self._normalised:
                data, sensors = by_peak(data), ["all"] * len(rows)
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, 2 * len(starts))
            yield data, sensors, np.nan_to_num(np.maximum(quiet[rows], 0.0))


def _begins(record, p_s, rate):
    """Whether a record holds anything before P; one that was made without background does not."""
    return not np.isfinite(p_s) or record[:, : max(int(p_s * rate), 0)].any()


class PairData:
    """Pairs of one part of a table, in the form of `seissynth_plugins.torchkit.training`.

    Parameters
    ----------
    table : TrainingTable
    inputs : ModelInputs
    part : {"train", "dev", "test"}
    sources : {"all", "one"}
        Every record is a source once an epoch, or each earthquake always has the same source (the paper).
    picked_first : bool
        Draw targets among the picked records of an earthquake, where there are any.
    onset_maps : bool
        Items hold predicted onsets.
    augmentation : Augmentation
    limit : int, optional
        At most so many pairs, evenly chosen: for validation.
    records : bool
        Items hold the target's waveform and the end of its mask, too.
    seed : int

    Notes
    -----
    An item: "source", "target" (3, bins, frames) float32; "condition" (size,); "mask" (1, 1, frames), 1 where the
    target holds no later earthquake; "onsets" (2,) where the network takes any; "row" the target's row in the table;
    with `records`, "record" (3, npts), m/s, and "mask_end_s".
    """

    def __init__(
        self, table, inputs, part="train", *, sources="all", picked_first=True, onset_maps=False,
        augmentation=NO_AUGMENTATION, limit=None, records=False, seed=0,
    ):  # fmt: skip
        self.table, self.inputs, self.part, self.augmentation = table, inputs, part, augmentation
        self._sources, self._picked_first, self._seed = sources, picked_first, seed
        self._onset_maps, self._augmenter = onset_maps, Augmenter(table, augmentation, part)
        self._records, self._rows = records, table.rows(part)
        self._epoch, self._pairs = None, None
        pairs = self._draw(0)
        if not len(pairs):
            raise InputError(f"part {part!r} has no earthquake with two records, so there are no pairs.")
        keep = len(pairs) if limit is None else min(limit, len(pairs))
        self._kept = np.linspace(0, len(pairs) - 1, keep).astype(int)
        columns = table.table.iloc[self._rows]
        self._place = {row: place for place, row in enumerate(self._rows.tolist())}
        self._conditions = inputs.conditions(columns)
        self._onsets = self._taken_onsets(columns)
        self._mask = inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy()).astype(np.float32)

    def _taken_onsets(self, columns):
        """Onsets as the network gets them; records of the factory set in where the velocity model says."""
        onsets = self.inputs.onsets(columns)
        made = ~columns["set"].isin(self.table.picked_sets).to_numpy()
        onsets[made] = predicted_onsets(columns[made])
        return onsets

    def __len__(self):
        return len(self._kept)

    def __getitem__(self, i):
        return self.item(i, 0)

    def item(self, i, epoch):
        """Return pair i of an epoch."""
        source, target = self.pair(i, epoch)
        rng = generator(hash_words("heggs item", self._seed, self.part, epoch), int(i))
        data = self._augmenter.change(self.table.waveforms([source, target]), (source, target), rng)
        place, sensors = self._place[target], self.table.sensors([source, target])
        x = self.inputs.encode(data, sensors)
        item = {
            "source": x[0],
            "target": x[1],
            "condition": self._conditions[place],
            "mask": self._mask[place][None, None],
            "row": np.int64(target),
        }
        if self._records:
            end = np.float32(self.table.table["mask_end_s"].iloc[target])
            item |= {"record": data[1], "mask_end_s": end}
        if self._onset_maps:
            known = rng.random() >= self.augmentation.onset_drop
            item["onsets"] = self._onsets[place] if known else np.full(2, np.nan, np.float32)
        return item

    def pair(self, i, epoch=0):
        """Return the rows of source and target of pair i."""
        if epoch != self._epoch:
            self._pairs, self._epoch = self._draw(epoch), epoch
        source, target = self._pairs[self._kept[i]]
        return int(source), int(target)

    def name(self, i):
        """Say which pair that is (that of epoch 0)."""
        source, target = self.pair(i)
        event = self.table.table["source_id"].iloc[target]
        return f"{event}, source {self.table.sensors([source])[0]}"

    @property
    def fingerprint(self):
        """Digest of the data and of all that is done to them."""
        plain = [self._sources, self._picked_first, self._onset_maps, vars(self.augmentation), len(self), self._seed]
        text = json.dumps([self.table.fingerprint, self.part, self.inputs.to_plain(), plain], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _draw(self, epoch):
        return draw_pairs(
            self.table.table, sources=self._sources, picked_first=self._picked_first, seed=self._seed, epoch=epoch,
            rows=self._rows,
        )  # fmt: skip
