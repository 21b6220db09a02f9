"""How generated records of a station compare with real ones of the same labels; shared by the scripts beside."""

import numpy as np
from scipy.signal import butter, sosfiltfilt

from seissynth.evaluation import copy_threshold, coverage
from seissynth.evaluation.downstream.picker_training import predict, score_probabilities
from seissynth.evaluation.downstream.picker_windows import LabelledRecords, resampled
from seissynth.evaluation.statistics.nearest import nearest_records
from seissynth.io.seisbench.dataset import Dataset
from seissynth.seeding import generator, hash_words
from seissynth_plugins.swag.training.data import swag_rules
from seissynth_plugins.torchkit.noise_rows import sensor_names
from seissynth_plugins.torchkit.training_table import TrainingTable

ORDER = "ENZ"
#: Hz
BANDS_HZ = ((0.1, 0.5), (0.5, 2.0), (2.0, 8.0), (8.0, 20.0))
#: parts of a record: from and to, s after P or after S
PARTS_S = {
    "before P": ("p", -1.8, -0.2), "P": ("p", 0.0, 1.0), "S": ("s", 0.0, 2.0), "coda": ("s", 8.0, 16.0),
}  # fmt: skip
_LEAST = 1e-12


class LabelledSet:
    """Real records with their labels, to compare generated ones with.

    Parameters
    ----------
    waveforms : ndarray, shape (n, 3, npts)
        In the order E, N, Z.
    table : DataFrame
        Their rows of metadata in SeisBench's names.
    rate : float
        Hz.
    """

    def __init__(self, waveforms, table, rate):
        self.waveforms, self.rate = waveforms, float(rate)
        self.labels = np.column_stack(
            [*(table[f"trace_{phase}_arrival_sample"].to_numpy(float) / self.rate for phase in "ps"),
             table["source_magnitude"].to_numpy(float)]
        )  # fmt: skip
        self.stations = sensor_names(table).tolist()
        self.events = table["source_id"].tolist() if "source_id" in table else list(range(len(table)))

    def __len__(self):
        return len(self.waveforms)

    @property
    def station(self):
        """The station of the first record: of all, where the set is of one."""
        return self.stations[0]

    def select(self, rows):
        """Return a set of some rows."""
        out = object.__new__(type(self))
        rows = np.asarray(rows)
        out.waveforms, out.labels, out.rate = self.waveforms[rows], self.labels[rows], self.rate
        out.stations, out.events = ([values[row] for row in rows] for values in (self.stations, self.events))
        return out

    def known_to(self, inputs):
        """Return the records whose P, S minus P and magnitude lie within the trained ranges."""
        p, s, magnitude = self.labels.T
        inside = np.ones(len(self), bool)
        for name, values in {"p_s": p, "s_minus_p_s": s - p, "magnitude": magnitude}.items():
            low, high = inputs.ranges.get(name, (-np.inf, np.inf))
            inside &= (values >= low) & (values <= high)
        return self.select(np.flatnonzero(inside))

    def of_the_same(self, other):
        """Return the records of `other` that are of the earthquakes and stations of these, in their order."""
        where = {key: row for row, key in enumerate(zip(other.events, other.stations, strict=True))}
        return other.select([where[key] for key in zip(self.events, self.stations, strict=True)])


def station_records(folder, split=None, count=None):
    """Return the records of a part of a set of one station, or the first so many."""
    part = Dataset(folder) if split is None else Dataset(folder).split(split)
    rows = np.arange(len(part) if count is None else min(count, len(part)))
    return LabelledSet(
        part.waveforms(rows, component_order=ORDER), part.metadata.iloc[rows], part.sampling_rate_hz
    )  # fmt: skip


def fold_records(folder, network, part, fold, folds=5):
    """Return the records of a part of a set that is divided by blocks of time, as the training does it."""
    table = TrainingTable(folder, swag_rules(network), fold=fold, folds=folds)
    rows = table.rows(part)
    return LabelledSet(table.waveforms(rows, component_order=ORDER), table.table.iloc[rows], network.sampling_rate_hz)


def features(waveforms, labels, rate):
    """Logarithm of the root mean square in bands and parts, by component: (n, bands x parts x 3).

    Each component is taken over its standard deviation first. NaN where a part lies outside the record.
    """
    data = waveforms - waveforms.mean(-1, keepdims=True)
    data = data / np.maximum(data.std(-1, keepdims=True), _LEAST)
    out = np.full((len(data), len(BANDS_HZ), len(PARTS_S), 3), np.nan)
    for band, (low, high) in enumerate(BANDS_HZ):
        sos = butter(2, (low, min(high, 0.45 * rate)), "bandpass", fs=rate, output="sos")
        filtered = sosfiltfilt(sos, data, axis=-1)
        for part, (phase, begin, end) in enumerate(PARTS_S.values()):
            onset = labels[:, "ps".index(phase)]
            for row, time in enumerate(onset):
                first, last = round((time + begin) * rate), round((time + end) * rate)
                if first >= 0 and last <= data.shape[-1]:
                    out[row, band, part] = 0.5 * np.log(np.square(filtered[row, :, first:last]).mean(-1) + _LEAST)
    return out.reshape(len(data), -1)


def level_scores(made, real):
    """Compare features: root mean square of mean differences, ratio of spreads, coverage and share inside."""
    good = np.isfinite(real).all(0) & np.isfinite(made).all(0)
    made, real = made[:, good], real[:, good]
    reached, inside = coverage(real / real.std(0), made / real.std(0))
    return {
        "level_error": float(np.sqrt(np.square(made.mean(0) - real.mean(0)).mean())),
        "spread_ratio": float(np.median(made.std(0) / real.std(0))),
        "coverage": reached,
        "inside": inside,
    }


def log_peaks(waveforms, labels, rate):
    """Logarithm of the largest horizontal motion from P on, the vector of both components."""
    horizontal = np.hypot(*np.moveaxis(waveforms[:, :2] - waveforms[:, :2].mean(-1, keepdims=True), 1, 0))
    first = np.maximum(np.round((labels[:, 0] - 1.0) * rate).astype(int), 0)
    return np.array([np.log(row[begin:].max() + 1e-30) for row, begin in zip(horizontal, first, strict=True)])


def amplitude_scores(made, labels, real):
    """Mean and standard deviation of the error of ln of the peak."""
    error = log_peaks(made, labels, real.rate) - log_peaks(real.waveforms, real.labels, real.rate)
    return {"peak_bias": float(error.mean()), "peak_sd": float(error.std())}


def magnitude_slope(waveforms, labels, rate, events, draws=1000, seed=0):
    """How ln of the peak grows with magnitude at equal S minus P, and its 95 % interval over earthquakes.

    Least squares of ``ln peak = a + b M + c ln(S - P)``; the interval is of earthquakes drawn with replacement.
    """
    x = np.column_stack([np.ones(len(labels)), labels[:, 2], np.log(labels[:, 1] - labels[:, 0])])
    y = log_peaks(waveforms, labels, rate)
    names, number = np.unique(events, return_inverse=True)
    rng = generator(hash_words("slope of magnitudes", seed), 0)
    slopes = []
    for draw in range(draws + 1):
        times = (
            np.ones(len(names))
            if not draw
            else np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        )
        weight = np.sqrt(times[number])
        slopes.append(np.linalg.lstsq(x * weight[:, None], y * weight, rcond=None)[0][1])
    return (float(slopes[0]), *map(float, np.quantile(slopes[1:], (0.025, 0.975))))


def pick_scores(waveforms, labels, rate, picker):
    """F1, mean and standard deviation of a picker's errors, near the labels."""
    vertical_first = np.ascontiguousarray(waveforms[:, [2, 1, 0]])
    data = LabelledRecords(vertical_first, labels[:, 0] * rate, labels[:, 1] * rate, rate)
    data = resampled(data, float(picker.sampling_rate))
    found = score_probabilities(predict(picker, data.waveforms), data, near=True)
    out = {}
    for phase, score in found.items():
        out |= {f"{phase}_f1": score["f1"], f"{phase}_late_s": score["mean_s"], f"{phase}_sd_s": score["sd_s"]}
    return out


def copy_scores(made, labels, train, rate, real=None, real_labels=None, window_s=15.0):
    """Correlation of generated records with their nearest training record, beside that of unseen real ones."""
    aligned = [_from_p(x, y, rate, window_s) for x, y in ((made, labels), (train.waveforms, train.labels))]
    nearest = nearest_records(*aligned, rate)[0]
    out = {"nearest": float(np.median(nearest))}
    if real is not None:
        own = nearest_records(_from_p(real, real_labels, rate, window_s), aligned[1], rate)[0]
        limit = copy_threshold(own)
        out |= {"nearest_real": float(np.median(own)), "copy_limit": limit, "copies": float((nearest > limit).mean())}
    return out


def _from_p(waveforms, labels, rate, window_s):
    first = np.maximum(np.round((labels[:, 0] - 1.0) * rate).astype(int), 0)
    npts = round(window_s * rate)
    sos = butter(2, (1.0, min(15.0, 0.45 * rate)), "bandpass", fs=rate, output="sos")
    filtered = sosfiltfilt(sos, waveforms, axis=-1)
    return np.stack([record[:, begin : begin + npts] for record, begin in zip(filtered, first, strict=True)])
