"""The records that a learned backend is trained on, of one set or several, divided into parts.

A set is the result of ``seissynth dataset cut`` or ``seissynth dataset make``; `RecordRules` define rate, length and
quantity. Neither torch nor ObsPy is imported.
"""

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np

from seissynth.data.pairs import PICKED
from seissynth.errors import InputError
from seissynth.units import UNITS
from seissynth_plugins.torchkit.training_rows import as_list, choose_parts, open_table

#: columns whose ranges weights are said to hold for
RANGES = ("source_magnitude", "path_ep_distance_km", "source_depth_km")
#: number of records in memory at a time
_TOGETHER = 64
#: columns that enter the fingerprint of a table: those that training reads, not the place of storage
_FINGERPRINT_PREFIXES = ("source_", "station_", "path_")
_FINGERPRINT_COLUMNS = (
    "set", "sensor", "trace_start_time", "trace_p_status", "trace_s_status", "p_s", "s_s", "mask_end_s", "usable",
    "noise",
)  # fmt: skip


class TrainingTable:
    """The records of one set or several, and which part each belongs to.

    Parameters
    ----------
    paths : path or list of path
        Folders in SeisBench's format.
    rules : RecordRules
        Requirements for the records.
    fold : int, optional
        Which of `folds` blocks of time is for testing, in sets without a column ``split``; the next one is for
        validation, and windows that share samples with these are left out. None: the last tenth of the earthquakes is
        for validation, nothing for testing; sets with a column ``split`` keep its parts.
    folds : int
    stations_out : sequence of str
        NET.STA or STA: stations that no training and no validation sees.
    noise : path, optional
        A further set, of which only the noise rows are used, for augmentation.
    seed : int

    Raises
    ------
    InputError, FileFormatError
        No such set; a fold of a set with a column ``split``; records that do not follow the rules.

    Notes
    -----
    Rows of noise serve augmentation and the quiet levels of sensors. They are purged as records are: those that share a
    sample with an earthquake's window at their station, are within the time of a block for validation or testing, or
    belong to `stations_out`.

    Examples
    --------
    ``TrainingTable("ridgecrest_set", RecordRules("SeismoGen", 40.0, 40.0), fold=0).rows("train")``
    """

    def __init__(self, paths, rules, *, fold=None, folds=5, stations_out=(), noise=None, seed=0):
        paths = as_list(paths)
        self.rules, self.names = rules, [Path(path).name for path in paths]
        self.sets, self.table = open_table(paths, rules, noise)
        self.parts = choose_parts(self.table, rules, fold, folds, stations_out)
        self.fold, self.folds, self.stations_out, self.seed = fold, folds, tuple(stations_out), seed
        self.noise = np.flatnonzero((self.parts == "noise").to_numpy())

    def __len__(self):
        return len(self.table)

    def rows(self, part):
        """Return the row numbers of a part: "train", "dev", "test", "stations_out", "purged", "noise", "unused"."""
        return np.flatnonzero((self.parts == part).to_numpy())

    def count_events(self, part):
        """Return the number of earthquakes in a part."""
        return self.table["source_id"].iloc[self.rows(part)].nunique()

    def waveforms(self, rows, **options):
        """Return records, shape (n, 3, npts), float32, components as the rules say; options as `Dataset.waveforms`."""
        rows, options = np.asarray(rows), {"component_order": self.rules.component_order, **options}
        out = None
        for number in np.unique(self.table["set"].to_numpy()[rows]):
            mine = self.table["set"].to_numpy()[rows] == number
            data = self.sets[number].waveforms(self.table["row"].to_numpy()[rows[mine]], **options)
            out = np.empty((len(rows), *data.shape[1:]), np.float32) if out is None else out
            out[mine] = data
        return np.empty((0, 3, 0), np.float32) if out is None else out

    def quantity(self, rows):
        """Return the quantity of the sets that some rows are of; "normalised" where their unit is of no ground motion.

        Raises
        ------
        InputError
            Sets of different units.
        """
        known = {unit: name for name, unit in UNITS.items() if name != "counts"}
        units = {self.sets[number].unit for number in np.unique(self.table["set"].to_numpy()[rows])}
        quantities = {known.get(unit, "normalised") for unit in units}
        if len(quantities) > 1:
            words = ", ".join(map(repr, units))
            raise InputError(f"the sets are of different units, {words}; train on one unit at a time.")
        return quantities.pop()

    def sensors(self, rows):
        """Return NET.STA of records."""
        return self.table["sensor"].to_numpy(object)[rows]

    @cached_property
    def fingerprint(self):
        """Digest of the table's metadata, of its split, and of the training samples.

        Samples are those of the parts "train", "dev" and "noise" as float32, however the set stores them. Some 600 MB
        a second; computed once.
        """
        digest = hashlib.sha256()
        for name in sorted(self.table):
            if name in _FINGERPRINT_COLUMNS or name.startswith(_FINGERPRINT_PREFIXES):
                digest.update("\x1f".join([name, *map(str, self.table[name])]).encode())
        digest.update("\x1f".join(self.parts).encode())
        rows = np.flatnonzero(self.parts.isin(("train", "dev", "noise")).to_numpy())
        for first in range(0, len(rows), _TOGETHER):
            data = self.waveforms(rows[first : first + _TOGETHER], nonfinite="keep")
            digest.update(np.ascontiguousarray(data, dtype="<f4"))
        return digest.hexdigest()[:16]

    @property
    def picked_sets(self):
        """Numbers of the sets that hold picks."""
        if "trace_p_status" not in self.table:
            return []
        return self.table.loc[self.table["trace_p_status"].isin(PICKED), "set"].unique()

    def ranges(self):
        """Return the known ranges of magnitude, epicentral distance (km) and depth (km) of the training part."""
        train = self.table.iloc[self.rows("train")]
        known = [name for name in RANGES if name in train and train[name].notna().any()]
        return {name: [float(train[name].min()), float(train[name].max())] for name in known}

    def onset_origins(self):
        """Return the names of the velocity models that predicted the onsets, where the sets state them."""
        for name, where in (("path_onset_origin", None), ("trace_p_origin", "trace_p_status")):
            if name in self.table:
                known = self.table[name].fillna("").astype(str)
                if where is not None:
                    known = known[self.table[where] == "estimated"]
                origins = sorted(set(known) - {"", "picks"})
                if origins:
                    return origins
        return []


def evenly_chosen(rows, count):
    """Return at most `count` of some rows, from the first to the last at equal distances.

    Examples
    --------
    >>> evenly_chosen(np.arange(10), 3).tolist()
    [0, 4, 9]
    """
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), count)).astype(int)]
