"""Picking of P and S onsets: built-in Akaike criterion, ObsPy's picker, SeisBench's networks from a file.

All search only near an expected onset. The most probable pick of a whole minute may belong to any earthquake in it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import as_signal, positive
from seissynth.shared.real_numbers import require_real

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: a pick belongs to an onset within this, s
NEAR_S = {"P": 2.0, "S": 3.0}

#: an Akaike pick counts if the motion after it exceeds the motion before it by this factor
LEAST_CONTRAST = 3.0
#: five on either side of the onset, and one that parts them
_LEAST_SAMPLES = 11


def aic_onset(
    data: ArrayLike, sampling_rate_hz: float, guess_s: float, reach_s: float, before_s: float = 0.0
) -> tuple[float, float]:
    """Onset by Akaike's criterion near an expected time.

    Parameters
    ----------
    data : array_like, shape (npts,)
        One component, filtered as required.
    sampling_rate_hz : float
    guess_s, reach_s : float
        The search runs from ``guess_s - reach_s`` to ``guess_s + reach_s``.
    before_s : float
        Length of the record before time 0.

    Returns
    -------
    (float, float)
        Time of the onset, s, NaN if the record does not cover it or the search holds too few samples; and its
        contrast: the root mean square in 1 s after the onset over that in 1 s before it.

    Raises
    ------
    InputError
        More than one trace.

    Notes
    -----
    Maeda (1985): the sample k at which ``k log var(x[:k]) + (n - k - 1) log var(x[k:])`` is least. The search ends at
    the window's largest sample, because the decay after it has another edge.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.picking import aic_onset
    >>> x = np.random.default_rng(0).standard_normal(3000)
    >>> x[1200:] *= 20
    >>> round(aic_onset(x, 100.0, 11.5, 2.0)[0], 1)
    12.0
    """
    data = as_signal(data, "data").astype(np.float64, copy=False)
    if data.ndim != 1:
        raise InputError(f"data has shape {data.shape}; it must be one trace, (npts,).")
    rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    first = max(int((guess_s - reach_s + before_s) * rate), 0)
    last = min(int((guess_s + reach_s + before_s) * rate), data.size)
    part = data[first:last]
    if part.size < max(rate, _LEAST_SAMPLES):
        return np.nan, 0.0
    part = part[: max(int(np.argmax(np.abs(part))) + 1, 20)]
    n = len(part)
    k = np.arange(5, n - 5)
    total, square = np.cumsum(part), np.cumsum(part**2)
    left = square[k - 1] / k - (total[k - 1] / k) ** 2
    right = (square[-1] - square[k - 1]) / (n - k) - ((total[-1] - total[k - 1]) / (n - k)) ** 2
    tiny = 1e-300 + 1e-12 * square[-1] / n
    score = k * np.log(np.maximum(left, 0) + tiny) + (n - k - 1) * np.log(np.maximum(right, 0) + tiny)
    at = first + int(k[np.argmin(score)])
    width = int(rate)
    noise = np.sqrt(np.mean(data[max(at - width, 0) : at] ** 2)) if at > 0 else np.inf
    signal = np.sqrt(np.mean(data[at : at + width] ** 2))
    return at / rate - before_s, float(signal / noise) if noise > 0 else np.inf


@dataclass(frozen=True)
class AICPicker:
    """Akaike's criterion on Z for P and on the louder horizontal for S, within `NEAR_S` of the expected onsets.

    Parameters
    ----------
    least_contrast : float
        Weaker onsets are not picked.
    """

    least_contrast: float = LEAST_CONTRAST
    name: str = "aic"

    def pick(self, data: ArrayLike, sampling_rate_hz: float, expected_s: dict, before_s: float = 0.0) -> dict:
        """Pick one record.

        Parameters
        ----------
        data : array_like, shape (3, npts)
            Order Z, N, E (or Z, 1, 2).
        sampling_rate_hz : float
        expected_s : dict
            "P" and "S" -> expected onset, s; NaN: not searched.
        before_s : float
            Length of the record before time 0.

        Returns
        -------
        dict
            "P" and "S" -> onset in s, NaN where there is none.
        """
        data = np.asarray(data)
        loud = 1 + int(np.argmax((data[1:].astype(float) ** 2).sum(axis=-1)))
        onsets = {}
        for phase, row in (("P", 0), ("S", loud)):
            guess = expected_s.get(phase, np.nan)
            reach = NEAR_S[phase]
            if phase == "S" and np.isfinite(expected_s.get("P", np.nan)):
                reach = min(reach, 0.5 * (guess - expected_s["P"]))  # else P itself is found
            at, contrast = np.nan, 0.0
            if np.isfinite(guess):
                at, contrast = aic_onset(data[row], sampling_rate_hz, guess, max(reach, 0.6), before_s)
            onsets[phase] = at if contrast >= self.least_contrast else np.nan
        return onsets


class ARPicker:
    """ObsPy's autoregressive picker (Akazawa 2004): P on Z, S on the horizontals, in one window around both.

    Parameters
    ----------
    low_hz, high_hz : float
        Its band; the upper edge is limited to 0.45 of the sampling rate.

    Notes
    -----
    `obspy.signal.trigger.ar_pick` on the samples from 4 s before the expected P to 4 s after the expected S, with the
    values of ObsPy's example (averages of 0.1 and 1.0 s for P, 1.0 and 4.0 s for S; 2 and 8 coefficients; variances
    over 0.1 and 0.2 s). It always returns picks; those farther than `NEAR_S` from the expected onset are ignored.
    Its S is not repeatable: the same records gave 42 or 100 % of them, depending on earlier calls in the process.
    """

    name = "ar_aic"
    _AROUND_S = 4.0
    _LONG_S, _SHORT_S = {"P": 1.0, "S": 4.0}, {"P": 0.1, "S": 1.0}
    _COEFFICIENTS, _VARIANCE_S = {"P": 2, "S": 8}, {"P": 0.1, "S": 0.2}

    def __init__(self, low_hz: float = 1.0, high_hz: float = 20.0) -> None:
        self.low_hz = positive("low_hz", low_hz, "Hz")
        self.high_hz = positive("high_hz", high_hz, "Hz")

    def pick(
        self, data: ArrayLike, sampling_rate_hz: float, expected_s: dict[str, float], before_s: float = 0.0
    ) -> dict[str, float]:
        """See `AICPicker.pick`."""
        from obspy.signal.trigger import ar_pick

        onsets = dict.fromkeys(NEAR_S, np.nan)
        expected = [expected_s.get(phase, np.nan) for phase in NEAR_S]
        known = [value for value in expected if np.isfinite(value)]
        if not known:
            return onsets
        rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
        first = max(int((min(known) - self._AROUND_S + before_s) * rate), 0)
        last = int((max(known) + self._AROUND_S + before_s) * rate)
        part = np.asarray(require_real(data, "data"), dtype=np.float32)[:, first:last]
        if part.shape[1] < 2 * self._LONG_S["S"] * rate or not part.any(axis=1).all():
            return onsets
        part = part / np.abs(part).max()  # the picker was written for counts and fails on 1e-9 m/s
        at = ar_pick(
            *part, rate, self.low_hz, min(self.high_hz, 0.45 * rate), self._LONG_S["P"], self._SHORT_S["P"],
            self._LONG_S["S"], self._SHORT_S["S"], self._COEFFICIENTS["P"], self._COEFFICIENTS["S"],
            self._VARIANCE_S["P"], self._VARIANCE_S["S"],
        )  # fmt: skip
        for phase, guess, time in zip(NEAR_S, expected, at, strict=True):
            onset = first / rate - before_s + time
            # 0 means "none"
            if time > 0 and np.isfinite(guess) and abs(onset - guess) <= NEAR_S[phase]:
                onsets[phase] = float(onset)
        return onsets


class SeisBenchPicker:
    """PhaseNet or EQTransformer of SeisBench with weights from a local file (SeisBench must be installed).

    Parameters
    ----------
    path : str or path
        State dict; see `seissynth.picking.models.load_picker`. Without a ``.json`` in the same folder, a PhaseNet is
        assumed to be ``seisbench.models.PhaseNet(phases="NPS", norm="std", component_order="ENZ")``.
    threshold : float
        Lowest probability of a pick.
    """

    _BATCH = 64

    def __init__(self, path: str | os.PathLike[str], threshold: float = 0.3) -> None:
        from seissynth.picking.models import architecture_of, load_picker

        self.threshold = float(threshold)
        self._model = load_picker(path)
        self.name = architecture_of(self._model)

    def probabilities(self, data: ArrayLike, sampling_rate_hz: float) -> np.ndarray:
        """Return "P" and "S" -> (first sample, probability at each sample) of a record (3, npts), order Z, N, E.

        Both count samples at the rate of the record, also if the model has another.
        """
        return self._annotated(np.asarray(require_real(data, "data"))[None], sampling_rate_hz)[0]

    def _annotated(self, data, sampling_rate_hz):
        from obspy import Stream, Trace

        header = {"network": "XX", "sampling_rate": sampling_rate_hz}
        traces = [
            Trace(np.ascontiguousarray(row, dtype=np.float32), {**header, "station": f"A{i}", "channel": f"HH{letter}"})
            for i, record in enumerate(data)
            for row, letter in zip(record, "ZNE", strict=True)
        ]
        start = traces[0].stats.starttime
        out = [{} for _ in data]
        # by default EQTransformer skips 5 s at both ends, where P is
        for trace in self._model.annotate(Stream(traces), batch_size=self._BATCH, blinding=(0, 0)):
            phase = trace.stats.channel[-1]
            if phase in NEAR_S and trace.stats.channel.endswith(f"_{phase}"):
                shift, ratio = trace.stats.starttime - start, sampling_rate_hz / trace.stats.sampling_rate
                values = trace.data
                if abs(ratio - 1) > 1e-6:
                    times = np.arange(int(len(values) * ratio)) / ratio
                    values = np.interp(times, np.arange(len(values)), values)
                out[int(trace.stats.station[1:])][phase] = (round(shift * sampling_rate_hz), values)
        return out

    def pick(
        self, data: ArrayLike, sampling_rate_hz: float, expected_s: dict[str, float], before_s: float = 0.0
    ) -> dict[str, float]:
        """See `AICPicker.pick`: the most probable sample within `NEAR_S` of the expected onset."""
        if not any(np.isfinite(value) for value in expected_s.values()):
            return dict.fromkeys(NEAR_S, np.nan)
        return self._near(self.probabilities(data, sampling_rate_hz), sampling_rate_hz, expected_s, before_s)

    def pick_many(
        self,
        data: np.ndarray,
        sampling_rate_hz: float,
        expected_s: dict[str, np.ndarray],
        before_s: Sequence[float],
    ) -> dict[str, np.ndarray]:
        """Pick records (n, 3, npts), `expected_s` and `before_s` being arrays of n; see `pick_records`."""
        onsets = {phase: np.full(len(data), np.nan) for phase in NEAR_S}
        for first in range(0, len(data), self._BATCH):
            part = self._annotated(data[first : first + self._BATCH], sampling_rate_hz)
            for row, probabilities in enumerate(part, start=first):
                guesses = {phase: values[row] for phase, values in expected_s.items()}
                for phase, at in self._near(probabilities, sampling_rate_hz, guesses, before_s[row]).items():
                    onsets[phase][row] = at
        return onsets

    def _near(self, probabilities, rate, expected_s, before_s):
        onsets = dict.fromkeys(NEAR_S, np.nan)
        for phase, (shift, probability) in probabilities.items():
            guess = expected_s.get(phase, np.nan)
            if not np.isfinite(guess):
                continue
            middle = (guess + before_s) * rate - shift
            first = max(int(np.ceil(middle - NEAR_S[phase] * rate)), 0)
            part = probability[first : int(middle + NEAR_S[phase] * rate) + 1]
            if len(part) and np.nanmax(part, initial=0.0) >= self.threshold:
                onsets[phase] = (first + shift + int(np.nanargmax(part))) / rate - before_s
        return onsets


def pick_records(
    picker: Any, data: np.ndarray, sampling_rate_hz: float, expected_s: dict, before_s: float | np.ndarray = 0.0
) -> dict:
    """Pick many records.

    Parameters
    ----------
    picker : object
        With ``pick`` like `AICPicker.pick`; ``pick_many`` is used if available.
    data : ndarray, shape (n, 3, npts)
        Order Z, N, E.
    sampling_rate_hz : float
    expected_s : dict
        "P" and "S" -> ndarray, shape (n,): expected onsets, s; NaN: not searched.
    before_s : float or ndarray, shape (n,)
        Length of each record before time 0.

    Returns
    -------
    dict
        "P" and "S" -> ndarray, shape (n,): onsets in s, NaN where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.random.default_rng(0).standard_normal((2, 3, 3000))
    >>> data[:, :, 1200:] *= 20
    >>> pick_records(AICPicker(), data, 100.0, {"P": np.array([11.5, 12.5])})["P"].round(1).tolist()
    [12.0, 12.0]
    """
    before = np.broadcast_to(np.asarray(before_s, dtype=float), (len(data),))
    expected = {phase: np.asarray(values, dtype=float) for phase, values in expected_s.items()}
    if hasattr(picker, "pick_many"):
        return picker.pick_many(data, sampling_rate_hz, expected, before)
    onsets = {phase: np.full(len(data), np.nan) for phase in NEAR_S}
    for row, record in enumerate(data):
        guesses = {phase: values[row] for phase, values in expected.items()}
        for phase, at in picker.pick(record, sampling_rate_hz, guesses, before[row]).items():
            onsets[phase][row] = at
    return onsets


def make_picker(name: Any) -> Any:
    """Return a picker: "aic", "ar_aic" (ObsPy's), the path of a PhaseNet or EQTransformer file, None for none.

    An object with `pick` (or `pick_many`) and `name` is returned unchanged.
    """
    if name is None or name == "none":
        return None
    if hasattr(name, "pick") or hasattr(name, "pick_many"):
        return name
    own = {"aic": AICPicker, "ar_aic": ARPicker}
    return own[str(name)]() if str(name) in own else SeisBenchPicker(name)
