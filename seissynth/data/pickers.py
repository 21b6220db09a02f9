"""P and S onsets picked on records: Akaike's criterion built in, SeisBench's networks from a local file.

Both look near an expected onset only. A most probable pick of a whole minute belongs to any earthquake that
happens to be in it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seissynth.errors import InputError
from seissynth.signal._checks import as_signal, positive

#: a pick belongs to an onset within this, s
NEAR_S = {"P": 2.0, "S": 3.0}

#: an Akaike pick counts where what follows stands out from what precedes by this factor
LEAST_CONTRAST = 3.0


def aic_onset(data, sampling_rate_hz, guess_s, reach_s, before_s=0.0):
    """Onset by Akaike's criterion near an expected time.

    Parameters
    ----------
    data : array_like, shape (npts,)
        One component, filtered as wanted.
    sampling_rate_hz : float
    guess_s, reach_s : float
        The search runs from ``guess_s - reach_s`` to ``guess_s + reach_s``.
    before_s : float
        How long before time 0 the record starts.

    Returns
    -------
    (float, float)
        Time of the onset, s, NaN where the record does not reach; and its contrast: the root mean square in 1 s
        after the onset over that in 1 s before it.

    Notes
    -----
    Maeda (1985): the sample k at which ``k log var(x[:k]) + (n - k - 1) log var(x[k:])`` is least. The search ends
    at the window's largest sample: what follows is decay, which has an edge of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.data.pickers import aic_onset
    >>> x = np.random.default_rng(0).standard_normal(3000)
    >>> x[1200:] *= 20
    >>> round(aic_onset(x, 100.0, 11.5, 2.0)[0], 1)
    12.0
    """
    data = as_signal(data, "data").astype(np.float64, copy=False)
    rate = positive("sampling_rate_hz", sampling_rate_hz, "Hz")
    first = max(int((guess_s - reach_s + before_s) * rate), 0)
    last = min(int((guess_s + reach_s + before_s) * rate), data.size)
    part = data[first:last]
    if part.size < rate:
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
        Weaker onsets are no picks.
    """

    least_contrast: float = LEAST_CONTRAST
    name: str = "aic"

    def pick(self, data, sampling_rate_hz, expected_s, before_s=0.0):
        """Pick one record.

        Parameters
        ----------
        data : array_like, shape (3, npts)
            Order Z, N, E (or Z, 1, 2).
        sampling_rate_hz : float
        expected_s : dict
            "P" and "S" -> expected onset, s; NaN: not looked for.
        before_s : float
            How long before time 0 the record starts.

        Returns
        -------
        dict
            "P" and "S" -> onset in s, NaN where there is none.
        """
        data = np.asarray(data)
        loud = 1 + int(np.argmax((data[1:].astype(float) ** 2).sum(axis=-1)))
        found = {}
        for phase, row in (("P", 0), ("S", loud)):
            guess = expected_s.get(phase, np.nan)
            reach = NEAR_S[phase]
            if phase == "S" and np.isfinite(expected_s.get("P", np.nan)):
                reach = min(reach, 0.5 * (guess - expected_s["P"]))  # else P itself is found
            at, contrast = np.nan, 0.0
            if np.isfinite(guess):
                at, contrast = aic_onset(data[row], sampling_rate_hz, guess, max(reach, 0.6), before_s)
            found[phase] = at if contrast >= self.least_contrast else np.nan
        return found


class SeisBenchPicker:
    """PhaseNet of SeisBench with weights from a local file (SeisBench must be installed).

    Parameters
    ----------
    path : str or path
        State dict of ``seisbench.models.PhaseNet(phases="NPS", norm="std", component_order="ENZ")``.
    threshold : float
        Least probability of a pick.
    """

    name = "phasenet"

    def __init__(self, path, threshold=0.3):
        if not Path(path).is_file():
            raise InputError(f"cannot read the picker's weights {path}: there is no such file.")
        try:
            import seisbench.models
            import torch
        except ImportError as error:
            hint = "pip install 'seissynth[eval]'"
            raise InputError(f"a picker from a file needs SeisBench ({error}): {hint}.") from error
        self.threshold = float(threshold)
        self._model = seisbench.models.PhaseNet(phases="NPS", norm="std", component_order="ENZ")
        self._model.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
        self._model.eval()

    def probabilities(self, data, sampling_rate_hz):
        """Return "P" and "S" -> (first sample, probability at each sample) of a record (3, npts), order Z, N, E."""
        from obspy import Stream, Trace

        header = {"network": "XX", "station": "X", "sampling_rate": sampling_rate_hz}
        traces = [
            Trace(np.ascontiguousarray(row), {**header, "channel": f"HH{letter}"})
            for row, letter in zip(data, "ZNE", strict=True)
        ]
        out = {}
        start = traces[0].stats.starttime
        for trace in self._model.annotate(Stream(traces)):
            phase = trace.stats.channel[-1]
            if phase in NEAR_S:
                out[phase] = (round((trace.stats.starttime - start) * trace.stats.sampling_rate), trace.data)
        return out

    def pick(self, data, sampling_rate_hz, expected_s, before_s=0.0):
        """See `AICPicker.pick`: the most probable sample within `NEAR_S` of what is expected."""
        found = dict.fromkeys(NEAR_S, np.nan)
        if not any(np.isfinite(value) for value in expected_s.values()):
            return found
        for phase, (shift, probability) in self.probabilities(data, sampling_rate_hz).items():
            guess = expected_s.get(phase, np.nan)
            if not np.isfinite(guess):
                continue
            middle = (guess + before_s) * sampling_rate_hz - shift
            first = max(int(np.ceil(middle - NEAR_S[phase] * sampling_rate_hz)), 0)
            part = probability[first : int(middle + NEAR_S[phase] * sampling_rate_hz) + 1]
            if len(part) and np.nanmax(part, initial=0.0) >= self.threshold:
                found[phase] = (first + shift + int(np.nanargmax(part))) / sampling_rate_hz - before_s
        return found


def make_picker(name):
    """Return a picker: "aic", the path of a PhaseNet file, None for none, or an object with `pick` and `name`."""
    if name is None or name == "none":
        return None
    if hasattr(name, "pick"):
        return name
    return AICPicker() if str(name) == "aic" else SeisBenchPicker(name)
