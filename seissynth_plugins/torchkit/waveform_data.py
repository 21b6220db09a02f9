"""Training records of waveform GANs: windows from origin or from P, scaled, with their conditions.

Item i of epoch e depends on the data, i and e only.
"""

import hashlib
import json

import numpy as np

from seissynth.data.pairs import PICKED
from seissynth.errors import InputError
from seissynth.noise.front import has_noise, put_noise_in_front
from seissynth.seeding import generator, hash_words
from seissynth_plugins.torchkit.augmentation import coda
from seissynth_plugins.torchkit.training_table import evenly_chosen
from seissynth_plugins.torchkit.waveform_inputs import (
    SIZE_COLUMNS,
    ConditionColumns,
    SizeModel,
    VectorCondition,
    WaveformInputs,
    scale_waveforms,
)

#: where windows begin: at origin, or `lead_s` before P
ALIGNMENTS = ("origin", "p")
#: share of a record that is reversed after its end where the window reaches beyond it
_LAST_SHARE = 0.1
#: largest number of records used for sizes
_STATISTICS_RECORDS = 4000
#: beyond the sizes of the training set, ln
_SIZE_MARGIN = 0.5


class WaveformData:
    """Records of one part of a table, in the form of `seissynth_plugins.torchkit.training`.

    Parameters
    ----------
    table : seissynth_plugins.torchkit.training_table.TrainingTable
    inputs : WaveformInputs
    npts : int
        Samples of a window.
    rows : ndarray of int
        Of the table.
    alignment : {"origin", "p"}
        "origin": windows are the first samples of the records; "p": they begin `lead_s` before P.
    lead_s : float
    noise : bool
        Records of noise, too, with a label of 0; those of earthquakes have 1. Their conditions are the mean.
    sources : ndarray of int, optional
        Rows of the table. Items hold another record of their earthquake from among these; records without one are left
        out.
    noise_windows : bool
        Items hold a window of noise beside the record, drawn among the table's rows of noise.
    seed : int

    Raises
    ------
    InputError
        An alignment that does not exist; no earthquake with two records; no rows of noise.

    Notes
    -----
    An item: "target" (3, npts) and "condition" (size,), float32; "sizes" (3,), ln scales between -1 and 1 over the
    training set, where the inputs hold their range; "label" (1,), 1 for an earthquake; "row" in the table; "mask"
    (1, npts), bool, False from the next earthquake on; with `sources`, "source" (3, npts), drawn in each epoch
    among the picked records of the earthquake if it has any, else among all; with `noise_windows`, "noise" (3, npts)
    and, beside "sizes", "noise_sizes", drawn in each epoch.
    """

    def __init__(
        self, table, inputs, npts, rows, *, alignment="p", lead_s=5.0, noise=False, sources=None,
        noise_windows=False, seed=0
    ):  # fmt: skip
        if alignment not in ALIGNMENTS:
            raise InputError(f"alignment={alignment!r} must be one of {', '.join(map(repr, ALIGNMENTS))}.")
        self.table, self.inputs, self.npts = table, inputs, npts
        self.quakes = np.asarray(rows)
        self._others = None
        if sources is not None:
            self._others = _others_of_event(table.table, self.quakes, np.asarray(sources))
            self.quakes = np.array([row for row in self.quakes.tolist() if row in self._others], dtype=int)
            if not len(self.quakes):
                raise InputError("no earthquake has two records, so none has a source.")
        self.rows = np.concatenate([self.quakes, table.noise]) if noise else self.quakes
        if noise_windows and not len(table.noise):
            raise InputError("the sets hold no rows of noise; give some as noise=, or leave critic_noise_steps out.")
        self._noise_windows = noise_windows
        self._how, self._seed = (alignment, float(lead_s)), seed
        columns = table.table.iloc[self.quakes]
        conditions = inputs.condition.encode(columns)
        self._conditions = np.zeros((len(self.rows), inputs.condition.size), np.float32)
        self._conditions[: len(self.quakes)] = conditions
        self._p = np.full(len(self.rows), np.nan)
        self._p[: len(self.quakes)] = columns["p_s"].to_numpy(float)
        self._mask_end = np.full(len(self.rows), np.inf)
        self._mask_end[: len(self.quakes)] = columns["mask_end_s"].to_numpy(float)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.item(i, 0)

    def item(self, i, epoch):
        """Return record i of an epoch."""
        record, begin = self._window(self.rows[i], self._p[i], self._generator("waveform item", i, epoch))
        scaled, log_scale = scale_waveforms(record[None], self.inputs.scaling)
        rate = self.table.rules.sampling_rate_hz
        item = {
            "target": scaled[0], "condition": self._conditions[i], "row": np.int64(self.rows[i]),
            "label": np.array([float(i < len(self.quakes))], np.float32),
            "mask": (np.arange(self.npts) + begin < self._mask_end[i] * rate)[None],
        }  # fmt: skip
        if self.inputs.log_scale_range:
            item["sizes"] = self.inputs.scaled_sizes(log_scale)[0]
        if self._others is not None:
            item["source"] = self._source(i, epoch)
        if self._noise_windows:
            rng = self._generator("waveform noise", i, epoch)
            window, _ = self._window(int(rng.choice(self.table.noise)), np.nan, rng)
            scaled, log_scale = scale_waveforms(window[None], self.inputs.scaling)
            item["noise"] = scaled[0]
            if "sizes" in item:
                item["noise_sizes"] = np.clip(self.inputs.scaled_sizes(log_scale)[0], -1, 1)
        return item

    def record(self, i, epoch=0):
        """Return the window of record i of an epoch, (3, npts) in the set's unit."""
        return self._window(self.rows[i], self._p[i], self._generator("waveform item", i, epoch))[0]

    def _generator(self, word, i, epoch):
        return generator(hash_words(word, self._seed, epoch), int(self.rows[i]))

    def _source(self, i, epoch):
        """Another record of the earthquake of record i, scaled."""
        if i >= len(self.quakes):  # of noise; none is asked for
            return np.zeros((3, self.npts), np.float32)
        rng = self._generator("waveform source", i, epoch)
        row = int(rng.choice(self._others[int(self.rows[i])]))
        record, _ = self._window(row, float(self.table.table["p_s"].iloc[row]), rng)
        return scale_waveforms(record[None], self.inputs.scaling)[0][0]

    def _window(self, row, p, rng):
        """The window of a row of the table, and at which sample of the row it begins."""
        record, rate = self.table.waveforms([row])[0], self.table.rules.sampling_rate_hz
        alignment, lead_s = self._how
        start = 0
        if not np.isfinite(p):
            # noise may begin anywhere
            start = int(rng.integers(max(record.shape[-1] - self.npts, 0) + 1))
        elif alignment == "p":
            start = round((p - lead_s) * rate)
        begin = start
        if start < 0:
            if has_noise(p * rate, rate):
                record = put_noise_in_front(record, p * rate, -start, rate, rng).astype(np.float32)
            else:
                record = np.pad(record, ((0, 0), (-start, 0)), mode="edge")
            start = 0
        if start + self.npts > record.shape[-1]:
            record = coda(record, min(start, record.shape[-1] - 1), max(round(_LAST_SHARE * record.shape[-1]), 1))
            record = np.pad(record, ((0, 0), (0, max(self.npts - record.shape[-1], 0))))
            start = 0
        return record[:, start : start + self.npts], begin

    def name(self, i):
        """Say which record that is."""
        row = self.rows[i]
        return f"{self.table.table['source_id'].iloc[row]} at {self.table.sensors([row])[0]}"

    @property
    def fingerprint(self):
        """Digest of the data and of all that is done to them."""
        plain = [self.rows.tolist(), self.npts, self._how, self._seed, self._others is not None, self._noise_windows]
        text = json.dumps([self.table.fingerprint, self.inputs.to_plain(), plain], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _others_of_event(table, rows, sources):
    """For each of some rows with another one of its earthquake among the sources, those that may be its source."""
    picked = table["trace_p_status"].isin(PICKED).to_numpy() if "trace_p_status" in table else np.ones(len(table), bool)
    out = {}
    events = table["source_id"]
    members = {event: sources[places] for event, places in events.iloc[sources].groupby(events).indices.items()}
    for row in np.asarray(rows).tolist():
        others = members.get(events.iloc[row], np.empty(0, int))
        others = others[others != row]
        if len(others):
            out[row] = others[picked[others]] if picked[others].any() else others
    return out


def fit_waveform_inputs(
    table,
    rows,
    npts,
    *,
    scaling,
    conditions=(),
    vector=False,
    extras=(),
    own_sizes=False,
    alignment="p",
    lead_s=5.0,
    seed=0,
):
    """Take conditions and sizes of a training set.

    Parameters
    ----------
    table : TrainingTable
    rows : ndarray of int
        Of the training part.
    npts : int
    scaling : {"peak", "zscore", "range"}
    conditions : sequence of str
        Columns.
    vector : bool
        The condition vector of HEGGS in their place.
    extras : sequence of str
        What the vector holds beside, see `seissynth.representations.ConditionVector`.
    own_sizes : bool
        The network makes sizes; else a model of them is fitted.
    alignment, lead_s, seed
        As for `WaveformData`.

    Returns
    -------
    WaveformInputs
    """
    columns = table.table.iloc[rows]
    condition = (
        VectorCondition.fit(columns, extras=extras) if vector else ConditionColumns.fit(columns, tuple(conditions))
    )
    plain = WaveformInputs(condition, scaling, table.quantity(rows), table.rules.component_order)
    if plain.quantity == "normalised":
        return plain
    some = evenly_chosen(rows, _STATISTICS_RECORDS)
    data = WaveformData(table, plain, npts, some, alignment=alignment, lead_s=lead_s, seed=seed)
    log_scales = np.concatenate([scale_waveforms(data.record(i)[None], scaling)[1] for i in range(len(data))])
    if own_sizes:
        ends = zip(log_scales.min(axis=0) - _SIZE_MARGIN, log_scales.max(axis=0) + _SIZE_MARGIN, strict=True)
        limits = tuple((float(low), float(high)) for low, high in ends)
        return WaveformInputs(condition, scaling, plain.quantity, plain.component_order, None, limits)
    missing = [name for name in SIZE_COLUMNS if name not in columns or not columns[name].notna().all()]
    if missing:
        raise InputError(f"a model of sizes needs {', '.join(missing)} of all records.")
    sizes = SizeModel.fit(table.table.iloc[some], log_scales)
    return WaveformInputs(condition, scaling, plain.quantity, plain.component_order, sizes)
