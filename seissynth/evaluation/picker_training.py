"""Train PhaseNet from scratch on any records, real or generated, and score it on others.

SeisBench and torch are optional (``pip install seissynth[eval,torch]``) and imported when they are used.
"""

from dataclasses import dataclass, field

import numpy as np

from seissynth.errors import InputError, MissingDependencyError
from seissynth.evaluation.front_noise import has_noise, put_noise_in_front
from seissynth.evaluation.picks import match_picks, peaks_above, pick_scores

#: order of the model's output channels
PHASES = ("N", "P", "S")
_EPSILON = 1e-10
_WARM_UP_STEPS = 100
_LENGTH_STEP = 256


@dataclass(frozen=True)
class LabelledRecords:
    """Records with arrivals, in memory.

    Parameters
    ----------
    waveforms : ndarray, shape (n, 3, npts)
        Components Z, N, E, of any unit.
    p, s : ndarray, shape (n,)
        Samples of the arrivals; NaN where there is none (noise).
    sampling_rate_hz : float
    more_p, more_s : ndarray, shape (n,), optional
        Arrivals of a second earthquake in the record.
    """

    waveforms: np.ndarray
    p: np.ndarray
    s: np.ndarray
    sampling_rate_hz: float
    more_p: np.ndarray | None = None
    more_s: np.ndarray | None = None

    def __len__(self):
        return len(self.waveforms)

    def __getitem__(self, rows):
        extra = [None if x is None else x[rows] for x in (self.more_p, self.more_s)]
        return LabelledRecords(self.waveforms[rows], self.p[rows], self.s[rows], self.sampling_rate_hz, *extra)

    def arrivals(self, row):
        """Samples of all P and of all S of a record, two lists."""
        p, s = [self.p[row]], [self.s[row]]
        if self.more_p is not None:
            p.append(self.more_p[row])
            s.append(self.more_s[row])
        return [[x for x in found if np.isfinite(x)] for found in (p, s)]


@dataclass(frozen=True)
class PickerConfig:
    """How a picker is trained.

    Parameters
    ----------
    window_s : float
        Length of the training windows.
    label_sigma_s : float
        Standard deviation of the Gaussian that stands for an arrival.
    steps, batch, learning_rate : int, int, float
        Adam, the rate falling by half a cosine to a hundredth.
    overlap_share : float
        Share of windows to which another one is added, labels included, at 0.1 to 1 of its amplitude.
    noise_share : float
        Share of windows to which white noise of 0.02 to 0.5 of the window's standard deviation is added.
    check_every : int
        Steps between losses on the development set; the weights with the least one are kept.
    seed : int
    """

    window_s: float = 20.0
    label_sigma_s: float = 0.1
    steps: int = 3000
    batch: int = 64
    learning_rate: float = 2e-3
    overlap_share: float = 0.0
    noise_share: float = 0.0
    check_every: int = 200
    seed: int = 0
    phases: tuple = field(default=PHASES, repr=False)


def window_of(data, row, start, length, rng):
    """Cut a window that may begin before the record: noise like the record's own stands there.

    A record that begins within an earthquake has no noise to go by; its windows begin with it.

    Returns
    -------
    waveform : ndarray, shape (3, length)
    p, s : list of float
        Arrivals inside, in samples of the window.
    """
    record = data.waveforms[row]
    p, s = data.arrivals(row)
    front, first = max(0, -start), min(p + s, default=record.shape[1])
    if front and not has_noise(first, data.sampling_rate_hz):
        front = start = 0  # the record begins within an earthquake
    if front:
        record = put_noise_in_front(record, first, front, data.sampling_rate_hz, rng)
        start = 0
    start = max(0, min(start, record.shape[1] - length))
    cut = np.zeros((3, length))
    part = record[:, start : start + length]
    cut[:, : part.shape[1]] = part
    inside = [[x + front - start for x in found if 0 <= x + front - start < length] for found in (p, s)]
    return cut, *inside


def training_batch(data, rng, config):
    """Draw random windows with arrivals anywhere in them.

    Returns
    -------
    x : ndarray, shape (batch, 3, npts), float32
        Each component without its mean, over its standard deviation.
    y : ndarray, shape (batch, 3, npts), float32
        Probability of noise, P and S.
    """
    rate = data.sampling_rate_hz
    length = round(config.window_s * rate)
    x = np.empty((config.batch, 3, length), np.float32)
    y = np.zeros((config.batch, 3, length), np.float32)
    for i in range(config.batch):
        wave, p, s = _random_window(data, rng, length)
        wave = normalised(wave)
        if rng.random() < config.overlap_share:
            other, more_p, more_s = _random_window(data, rng, length)
            wave = wave + 10 ** rng.uniform(-1, 0) * normalised(other)
            p, s = p + more_p, s + more_s
        if rng.random() < config.noise_share:
            wave = wave + 10 ** rng.uniform(-1.7, -0.3) * rng.standard_normal(wave.shape)
        x[i] = normalised(wave)
        y[i, 1], y[i, 2] = (_bumps(found, length, config.label_sigma_s * rate) for found in (p, s))
    total = y[:, 1:].sum(axis=1)
    y[:, 1:] /= np.maximum(total, 1.0)[:, None]
    y[:, 0] = 1 - y[:, 1:].sum(axis=1)
    return x, y


def normalised(wave):
    """Each component without its mean, over its standard deviation."""
    wave = wave - wave.mean(axis=-1, keepdims=True)
    return wave / (wave.std(axis=-1, keepdims=True) + _EPSILON)


def _random_window(data, rng, length):
    row = int(rng.integers(len(data)))
    p = data.p[row]
    if np.isfinite(p):
        start = round(p) - int(rng.integers(round(0.03 * length), round(0.97 * length)))
    else:
        start = int(rng.integers(0, max(1, data.waveforms.shape[2] - length + 1)))
    return window_of(data, row, start, length, rng)


def _bumps(places, length, sigma):
    time = np.arange(length)
    return np.max([np.zeros(length), *(np.exp(-0.5 * ((time - x) / sigma) ** 2) for x in places)], axis=0)


def train_picker(train, dev, config=None, *, start_from=None, progress=None):
    """Train PhaseNet.

    Parameters
    ----------
    train, dev : LabelledRecords
        `dev` chooses the weights that are kept; no record of it may be in `train`.
    config : PickerConfig, optional
    start_from : dict, optional
        Weights to begin with (fine-tuning); else drawn from the seed.
    progress : callable, optional
        Called with (step, training loss, loss on `dev`) at every check.

    Returns
    -------
    seisbench.models.PhaseNet
        In evaluation mode, with the best weights.

    Raises
    ------
    InputError
        Sampling rates that differ, or a training set without arrivals.
    MissingDependencyError
        torch or SeisBench are not installed.
    """
    torch, models = _import()
    config = config or PickerConfig()
    if train.sampling_rate_hz != dev.sampling_rate_hz:
        raise InputError(f"train has {train.sampling_rate_hz:g} Hz and dev {dev.sampling_rate_hz:g} Hz; resample one.")
    if not np.isfinite(train.p).any():
        raise InputError("train holds no P arrival; a picker cannot be trained on noise alone.")
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    model = models.PhaseNet(
        phases="".join(PHASES), norm="std", component_order="ZNE", sampling_rate=train.sampling_rate_hz
    )
    if start_from is not None:
        model.load_state_dict(start_from)
    dev_rng = np.random.default_rng(10_000)
    plain = PickerConfig(**{**config.__dict__, "overlap_share": 0.0, "noise_share": 0.0})
    checks = [training_batch(dev, dev_rng, plain) for _ in range(max(1, min(8, len(dev) // config.batch)))]
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    best, kept, mean_loss = np.inf, None, 0.0
    for step in range(1, config.steps + 1):
        model.train()
        share = min(1.0, step / _WARM_UP_STEPS)
        fall = 0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * step / config.steps))
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * share * fall
        loss = _loss(torch, model, *training_batch(train, rng, config))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        value = float(loss.detach())
        if not np.isfinite(value):
            raise InputError(f"training loss is {value} at step {step}; lower learning_rate={config.learning_rate:g}.")
        mean_loss += value
        if step % config.check_every == 0 or step == config.steps:
            model.eval()
            with torch.no_grad():
                found = float(np.mean([float(_loss(torch, model, x, y)) for x, y in checks]))
            if progress:
                progress(step, mean_loss / config.check_every, found)
            mean_loss = 0.0
            if found < best:
                best = found
                kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    return model.eval()


def _run(torch, model, x):
    """Apply the model to windows of any length: SeisBench's PhaseNet fits its skips at multiples of 256 only."""
    length = x.shape[-1]
    return model(torch.nn.functional.pad(torch.from_numpy(x), (0, -length % _LENGTH_STEP)))[..., :length]


def _loss(torch, model, x, y):
    probability = _run(torch, model, x)
    return -(torch.from_numpy(y) * torch.log(probability + 1e-5)).mean(dim=(0, 2)).sum()


def shifted(data, longest_s, seed=0):
    """Move every record to later times by a random 0 to `longest_s`, noise like its own in front; the end is lost.

    Returns
    -------
    LabelledRecords
        Of the same length; arrivals that fall off the end become NaN.
    """
    rng = np.random.default_rng(seed)
    npts = data.waveforms.shape[2]
    out = np.empty_like(data.waveforms)
    moved = [None if x is None else np.array(x, dtype=float) for x in (data.p, data.s, data.more_p, data.more_s)]
    for row in range(len(data)):
        front = int(rng.integers(0, round(longest_s * data.sampling_rate_hz) + 1))
        onset = data.p[row] if np.isfinite(data.p[row]) else npts
        out[row] = put_noise_in_front(data.waveforms[row], onset, front, data.sampling_rate_hz, rng)[:, :npts]
        for arrivals in moved:
            if arrivals is not None:
                arrivals[row] += front
    for arrivals in moved:
        if arrivals is not None:
            arrivals[arrivals >= npts] = np.nan
    return LabelledRecords(out, moved[0], moved[1], data.sampling_rate_hz, moved[2], moved[3])


def predict(model, waveforms, batch=64):
    """Probabilities of P and S of whole records; ndarray, shape (n, 2, npts)."""
    torch, _ = _import()
    out = np.empty((len(waveforms), 2, waveforms.shape[2]), np.float32)
    with torch.no_grad():
        for first in range(0, len(waveforms), batch):
            x = normalised(np.asarray(waveforms[first : first + batch], dtype=np.float32))
            out[first : first + batch] = _run(torch, model, x.astype(np.float32)).numpy()[:, 1:]
    return out


def score_picker(model, data, *, threshold=0.3, tolerance_s=0.5, all_picks=False):
    """Score a picker on labelled records.

    Parameters
    ----------
    model : torch module
        From `train_picker`, or any with the same channels and sampling rate.
    data : LabelledRecords
    threshold : float
        Probability from which on there is a pick.
    tolerance_s : float
        A pick within it is right.
    all_picks : bool
        False: the most probable pick of each phase and record counts, as most published scores do. True: every pick
        does; the second earthquake of a record with one label then is a false one.

    Returns
    -------
    dict of str to dict
        ``P`` and ``S``: see `seissynth.evaluation.picks.pick_scores`.
    """
    rate = data.sampling_rate_hz
    probability = predict(model, data.waveforms)
    out = {}
    for channel, (phase, labels) in enumerate((("P", data.p), ("S", data.s))):
        matches = []
        for row, label in zip(probability[:, channel], labels, strict=True):
            found = peaks_above(row, threshold, int(rate))
            if not all_picks and len(found):
                found = found[[np.argmax(row[found])]]
            matches.append(match_picks(found / rate, label / rate, tolerance_s))
        out[phase] = pick_scores(matches)
    return out


def _import():
    try:
        import seisbench.models as models
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            f"training and running a picker needs torch and SeisBench ({error}); pip install 'seissynth[eval,torch]'."
        ) from error
    return torch, models
