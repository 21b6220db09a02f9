"""Train PhaseNet or EQTransformer on any records, real or generated, and score it on others.

SeisBench and torch are optional (``pip install seissynth[eval,torch]``) and imported on use.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.downstream.picker_windows import (
    LabelledRecords,
    PickerConfig,
    normalised,
    resampled,
    shifted,
    training_batch,
)
from seissynth.evaluation.downstream.picks import match_picks, peaks_above, pick_scores
from seissynth.picking.models import (
    PHASES,
    architecture_of,
    import_torch,
    load_picker,
    new_picker,
    probabilities,
    training_loss,
)
from seissynth.shared.warning import warn_user

__all__ = [
    "PHASES",
    "LabelledRecords",
    "PickerConfig",
    "fine_tune_picker",
    "predict",
    "resampled",
    "score_picker",
    "shifted",
    "train_picker",
]

#: half-widths within which a pick belongs to a label where only those count, s
NEAR_S = {"P": 2.0, "S": 3.0}
#: a phase whose labelled arrivals reach less than this in the median has not been learnt
LEAST_LEARNT = 0.35
_WARM_UP_STEPS = 100
_MOST_CHECKS = 8


def train_picker(
    train: LabelledRecords,
    dev: LabelledRecords,
    config: PickerConfig | None = None,
    *,
    start_from: Any = None,
    progress: Callable[..., Any] | None = None,
) -> Any:
    """Train a picker.

    Parameters
    ----------
    train, dev : LabelledRecords
        `dev` selects the final weights; none of its records may be in `train`.
    config : PickerConfig, optional
    start_from : model or dict, optional
        Initial picker or weights (fine-tuning); else drawn from the seed. A model is copied, and keeps its own
        architecture and order of components.
    progress : callable, optional
        Called with (step, training loss, loss on `dev`) at every check.

    Returns
    -------
    seisbench.models.PhaseNet or EQTransformer
        In evaluation mode, with the best weights.

    Raises
    ------
    InputError
        Sampling rates that differ, a training set without arrivals, or a loss that is not finite.
    MissingDependencyError
        torch or SeisBench are not installed.

    Warns
    -----
    SeisSynthWarning
        A phase has not been learned: its probability at the labels of `dev` stays below 0.35 in the median.

    Notes
    -----
    The initialisation of the output determines whether S is learned: see `seissynth.picking.models.new_picker`.
    """
    torch, _ = import_torch()
    config = config or PickerConfig()
    if train.sampling_rate_hz != dev.sampling_rate_hz:
        raise InputError(f"train has {train.sampling_rate_hz:g} Hz and dev {dev.sampling_rate_hz:g} Hz; resample one.")
    if not np.isfinite(train.p).any():
        raise InputError("train holds no P arrival; a picker cannot be trained on noise alone.")
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    model = _begin(train, config, start_from)
    checks = _check_batches(dev, config)
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    best, kept, mean_loss, since = np.inf, None, 0.0, 0
    for step in range(1, config.steps + 1):
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = _rate(step, config)
        loss = training_loss(model, *training_batch(train, rng, config))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        value = float(loss.detach())
        if not np.isfinite(value):
            raise InputError(f"training loss is {value} at step {step}; lower learning_rate={config.learning_rate:g}.")
        mean_loss, since = mean_loss + value, since + 1
        if step % config.check_every == 0 or step == config.steps:
            model.eval()
            with torch.no_grad():
                dev_loss = float(np.mean([float(training_loss(model, x, y)) for x, y in checks]))
            if progress:
                progress(step, mean_loss / since, dev_loss)
            mean_loss, since = 0.0, 0
            if dev_loss < best:
                best = dev_loss
                kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    model.eval()
    _warn_of_silent_phases(model, checks)
    return model


def fine_tune_picker(
    path: str | os.PathLike[str],
    train: LabelledRecords,
    dev: LabelledRecords,
    config: PickerConfig | None = None,
    *,
    progress: Callable[..., Any] | None = None,
) -> Any:
    """Fit a published picker to one data set, as in HEGGS with EQTransformer (appendix D).

    Parameters
    ----------
    path : str or path
        Initial weights; see `seissynth.picking.models.load_picker`.
    train, dev : LabelledRecords
        Resampled to the picker's sampling rate.
    config : PickerConfig, optional
        By default 1,000 steps of 64 windows at a learning rate of 5e-4. HEGGS: Adam, 512 windows, 1e-3, 100 epochs.
    progress : callable, optional
        As in `train_picker`.

    Returns
    -------
    seisbench.models.PhaseNet or EQTransformer
        `seissynth.picking.models.save_picker` writes it for `seissynth.picking.SeisBenchPicker`.
    """
    model = load_picker(path)
    config = config or PickerConfig(steps=1000, learning_rate=5e-4)
    rate = float(model.sampling_rate)
    if architecture_of(model) == "eqtransformer":
        config = replace(config, window_s=model.in_samples / rate)
    return train_picker(resampled(train, rate), resampled(dev, rate), config, start_from=model, progress=progress)


def _begin(train, config, start_from):
    if hasattr(start_from, "state_dict"):
        if float(start_from.sampling_rate) != train.sampling_rate_hz:
            raise InputError(
                f"the picker takes {start_from.sampling_rate:g} Hz, the records have {train.sampling_rate_hz:g} Hz; "
                "use picker_windows.resampled."
            )
        return copy.deepcopy(start_from)
    npts = round(config.window_s * train.sampling_rate_hz)
    model = new_picker(config.architecture, train.sampling_rate_hz, npts)
    if start_from is not None:
        model.load_state_dict(start_from)
    return model


def _check_batches(dev, config):
    plain = replace(config, overlap_share=0.0, noise_share=0.0)
    rng = np.random.default_rng(10_000)
    return [training_batch(dev, rng, plain) for _ in range(max(1, min(_MOST_CHECKS, len(dev) // config.batch)))]


def _rate(step, config):
    """Learning rate: up within 100 steps, then down by half a cosine to a hundredth."""
    fall = 0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * step / config.steps))
    return config.learning_rate * min(1.0, step / _WARM_UP_STEPS) * fall


def _warn_of_silent_phases(model, checks):
    torch, _ = import_torch()
    with torch.no_grad():
        predictions = [(probabilities(model, x).numpy(), y) for x, y in checks]
    for channel, phase in enumerate(PHASES[1:], start=1):
        at_label = np.concatenate([p[:, channel][y[:, channel] > 0.9] for p, y in predictions])
        if at_label.size and np.median(at_label) < LEAST_LEARNT:
            warn_user(
                f"the picker has not learnt {phase}: at its labels the probability is {np.median(at_label):.2f} in the "
                f"median, below {LEAST_LEARNT}; train longer, or with another seed."
            )


def predict(model, waveforms, batch=64):
    """Probabilities of P and S of whole records.

    Parameters
    ----------
    model : seisbench.models.PhaseNet or EQTransformer
        PhaseNet is applied to the whole record; EQTransformer, of a fixed length, to windows that overlap by half, of
        which the larger probability counts.
    waveforms : ndarray, shape (n, 3, npts)
        Z, N, E, at the model's sampling rate.
    batch : int

    Returns
    -------
    ndarray, shape (n, 2, npts), float32
    """
    torch, _ = import_torch()
    npts = waveforms.shape[2]
    width = npts if architecture_of(model) == "phasenet" else model.in_samples
    if npts < width:
        raise InputError(f"records hold {npts} samples; this EQTransformer takes {width} or more.")
    starts = sorted({*range(0, npts - width + 1, max(width // 2, 1)), npts - width})
    out = np.zeros((len(waveforms), 2, npts), np.float32)
    with torch.no_grad():
        for first in range(0, len(waveforms), batch):
            part = np.asarray(waveforms[first : first + batch], dtype=np.float32)
            for start in starts:
                x = normalised(part[:, :, start : start + width]).astype(np.float32)
                there = out[first : first + batch, :, start : start + width]
                np.maximum(there, probabilities(model, x).numpy()[:, 1:], out=there)
    return out


def score_picker(
    model: Any,
    data: LabelledRecords,
    *,
    threshold: float = 0.3,
    tolerance_s: float = 0.5,
    all_picks: bool = False,
    near: bool = False,
) -> dict[str, dict]:
    """Score a picker on labelled records.

    Parameters
    ----------
    model : torch module
        From `train_picker` or `seissynth.picking.models.load_picker`.
    data : LabelledRecords
        At the model's sampling rate.
    threshold : float
        Threshold of the probability for a pick.
    tolerance_s : float
        Tolerance for a correct pick.
    all_picks : bool
        False: the most probable pick of each phase and record counts, as in most published scores. True: every pick
        counts; the second earthquake of a record with one label is then a false one.
    near : bool
        Only picks within 2 s (P) or 3 s (S) of the label count, as in `seissynth.evaluation.groups.arrivals`: other
        earthquakes of the record are ignored.

    Returns
    -------
    dict of str to dict
        ``P`` and ``S``: see `seissynth.evaluation.downstream.picks.pick_scores`.
    """
    probability = predict(model, data.waveforms)
    return score_probabilities(
        probability, data, threshold=threshold, tolerance_s=tolerance_s, all_picks=all_picks, near=near
    )


def score_probabilities(probability, data, *, threshold=0.3, tolerance_s=0.5, all_picks=False, near=False):
    """Score the result of `predict`; the parameters are those of `score_picker`."""
    matched = matches_by_phase(
        probability, data, threshold=threshold, tolerance_s=tolerance_s, all_picks=all_picks, near=near
    )
    return {phase: pick_scores(matches) for phase, matches in matched.items()}


def matches_by_phase(probability, data, *, threshold=0.3, tolerance_s=0.5, all_picks=False, near=False):
    """Compare the result of `predict` with the labels record by record; the parameters are those of `score_picker`.

    Returns
    -------
    dict of str to ndarray, shape (n, 4)
        ``P`` and ``S``: rows of `seissynth.evaluation.downstream.picks.match_picks`.
    """
    rate = data.sampling_rate_hz
    out = {}
    for channel, (phase, labels) in enumerate((("P", data.p), ("S", data.s))):
        matches = []
        for row, label in zip(probability[:, channel], labels, strict=True):
            peaks = peaks_above(row, threshold, int(rate))
            if near and np.isfinite(label):
                peaks = peaks[np.abs(peaks - label) <= NEAR_S[phase] * rate]
            if not all_picks and len(peaks):
                peaks = peaks[[np.argmax(row[peaks])]]
            matches.append(match_picks(peaks / rate, label / rate, tolerance_s))
        out[phase] = np.array(matches, dtype=float).reshape(-1, 4)
    return out
