"""How generated records of a station compare with real ones of the same labels; shared by the scripts beside."""

import numpy as np
from scipy.signal import butter, sosfiltfilt

from seissynth.evaluation import copy_threshold, coverage
from seissynth.evaluation.downstream.picker_training import predict, score_probabilities
from seissynth.evaluation.downstream.picker_windows import LabelledRecords, resampled
from seissynth.evaluation.statistics.nearest import nearest_records
from seissynth.io.seisbench.dataset import Dataset
from seissynth_plugins.torchkit.noise_rows import sensor_names

ORDER = "ENZ"
#: Hz
BANDS_HZ = ((0.1, 0.5), (0.5, 2.0), (2.0, 8.0), (8.0, 20.0))
#: parts of a record: from and to, s after P or after S
PARTS_S = {
    "before P": ("p", -1.8, -0.2), "P": ("p", 0.0, 1.0), "S": ("s", 0.0, 2.0), "coda": ("s", 8.0, 16.0),
}  # fmt: skip
_LEAST = 1e-12


class StationRecords:
    """Real records of one station with their labels.

    Parameters
    ----------
    folder : path
        In SeisBench's form.
    split : str
    count : int, optional
        The first so many.
    """

    def __init__(self, folder, split, count=None):
        part = Dataset(folder).split(split)
        table = part.metadata
        rows = np.arange(len(part) if count is None else min(count, len(part)))
        table = table.iloc[rows]
        self.rate = float(part.sampling_rate_hz)
        self.waveforms = part.waveforms(rows, component_order=ORDER)
        self.labels = np.column_stack(
            [*(table[f"trace_{phase}_arrival_sample"].to_numpy(float) / self.rate for phase in "ps"),
             table["source_magnitude"].to_numpy(float)]
        )  # fmt: skip
        self.stations = sensor_names(table).tolist()
        self.station = self.stations[0]

    def __len__(self):
        return len(self.waveforms)


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
