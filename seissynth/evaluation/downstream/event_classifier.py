"""Classifier of earthquakes and noise, trained on real and generated records (SeismoGen; thesis, table B.3).

torch is optional and imported on use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.downstream.fitting import fit_network, import_torch
from seissynth.evaluation.downstream.picker_windows import normalised

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike

#: samples that the classifier reads together, and factors by which its stages shorten a record
_KERNEL, _STRIDE = 7, 4
_TOGETHER = 256


@dataclass(frozen=True)
class ClassifierConfig:
    """Architecture and training of the classifier.

    Parameters
    ----------
    channels : tuple of int
        Of the convolutions; each leaves a quarter of the samples.
    steps, batch, learning_rate : int, int, float
        Adam, with half-cosine decay of the rate to a hundredth.
    check_every : int
        Steps between losses on the development set; the weights with the lowest one are kept.
    seed : int
    """

    channels: tuple = (16, 32, 32)
    steps: int = 600
    batch: int = 32
    learning_rate: float = 1e-3
    check_every: int = 50
    seed: int = 0


def train_classifier(
    waveforms: ArrayLike,
    is_event: ArrayLike,
    dev_waveforms: ArrayLike,
    dev_is_event: ArrayLike,
    config: ClassifierConfig | None = None,
    *,
    progress: Callable[..., Any] | None = None,
) -> Any:
    """Train the classifier.

    Parameters
    ----------
    waveforms, dev_waveforms : array_like, shape (n, 3, npts)
        Any unit: each component is normalised by mean and standard deviation. Those of `dev` select the final weights.
    is_event, dev_is_event : array_like of bool, shape (n,)
    config : ClassifierConfig, optional
    progress : callable, optional
        Called with (step, loss on `dev`).

    Returns
    -------
    torch.nn.Module
        In evaluation mode.

    Raises
    ------
    InputError
        Inconsistent shapes, or a part with only one class.
    MissingDependencyError
        torch is not installed.

    Notes
    -----
    Batches have as many earthquakes as noise. Both classes are normalised in the same way, and size gives no
    information.
    """
    torch = import_torch("the classifier")
    config = config or ClassifierConfig()
    x, y = _checked(waveforms, is_event, "waveforms")
    _, held_y = _checked(dev_waveforms, dev_is_event, "dev_waveforms")
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    model = _network(torch, config)
    kinds = [np.flatnonzero(y == kind) for kind in (False, True)]

    def batch_loss():
        rows = np.concatenate([rng.choice(kind, max(config.batch // 2, 1)) for kind in kinds])
        return _loss(torch, model(torch.from_numpy(x[rows])), y[rows])

    def dev_loss():
        probability = np.clip(event_probability(model, dev_waveforms), 1e-6, 1 - 1e-6)
        return float(-np.where(held_y, np.log(probability), np.log(1 - probability)).mean())

    return fit_network(model, config, batch_loss, dev_loss, progress)


def event_probability(model: Any, waveforms: ArrayLike) -> np.ndarray:
    """Return the probability that each record is an earthquake, shape (n,)."""
    import torch

    model.eval()
    data = np.asarray(waveforms, dtype=np.float32)
    out = []
    with torch.no_grad():
        for first in range(0, len(data), _TOGETHER):
            part = normalised(data[first : first + _TOGETHER]).astype(np.float32)
            out.append(torch.sigmoid(model(torch.from_numpy(part))).numpy())
    return np.concatenate(out) if out else np.empty(0)


def classifier_scores(probability: ArrayLike, is_event: ArrayLike, threshold: float = 0.5) -> dict[str, float]:
    """Return accuracy, precision, recall and F1 of earthquakes, between 0 and 1; NaN if undefined.

    Examples
    --------
    >>> from seissynth.evaluation.downstream.event_classifier import classifier_scores
    >>> scores = classifier_scores([0.9, 0.8, 0.7, 0.1], [True, True, False, False])
    >>> {name: round(value, 2) for name, value in scores.items()}
    {'accuracy': 0.75, 'precision': 0.67, 'recall': 1.0, 'f1': 0.8}
    """
    said, true = np.asarray(probability) >= threshold, np.asarray(is_event, dtype=bool)
    right = float((said & true).sum())
    precision, recall = (right / n if n else float("nan") for n in (float(said.sum()), float(true.sum())))
    total = precision + recall
    return {
        "accuracy": float((said == true).mean()) if len(true) else float("nan"),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / total if total > 0 else float("nan"),
    }


def table_b3(runs: dict[str, list[dict[str, float]]]) -> pandas.DataFrame:
    """Return table B.3 of the thesis: one row per training set, in percent, with the spread of the runs.

    Parameters
    ----------
    runs : dict of str to list of dict
        Training set -> `classifier_scores` of each run.
    """
    import pandas as pd

    rows = []
    for name, scores in runs.items():
        row: dict[str, Any] = {"trained on": name, "runs": len(scores)}
        for key in ("accuracy", "precision", "recall", "f1"):
            values = 100 * np.array([one[key] for one in scores])
            row |= {key: float(values.mean()), f"{key}_least": float(values.min()), f"{key}_best": float(values.max())}
        rows.append(row)
    return pd.DataFrame(rows)


def _checked(waveforms, is_event, name):
    data, labels = np.asarray(waveforms, dtype=np.float32), np.asarray(is_event, dtype=bool)
    if data.ndim != 3 or data.shape[1] != 3 or labels.shape != (len(data),):
        raise InputError(f"{name} has shape {data.shape}, its labels {labels.shape}; give (n, 3, npts) and (n,).")
    if not labels.any() or labels.all():
        raise InputError(f"{name} holds {labels.sum()} earthquakes and {(~labels).sum()} of noise; both are needed.")
    if data.shape[-1] < _STRIDE**3:
        raise InputError(f"{name} has records of {data.shape[-1]} samples; {_STRIDE**3} are needed.")
    return normalised(data).astype(np.float32), labels


def _network(torch, config):
    nn = torch.nn
    layers, before = [], 3
    for after in config.channels:
        layers += [nn.Conv1d(before, after, _KERNEL, padding=_KERNEL // 2), nn.ReLU(), nn.MaxPool1d(_STRIDE)]
        before = after

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers, self.out = nn.Sequential(*layers), nn.Linear(2 * before, 1)

        def forward(self, x):  # (n, 3, npts) -> (n,)
            x = self.layers(x)
            return self.out(torch.cat([x.mean(dim=-1), x.amax(dim=-1)], dim=1))[:, 0]

    return Classifier()


def _loss(torch, said, labels):
    return torch.nn.functional.binary_cross_entropy_with_logits(said, torch.from_numpy(labels.astype(np.float32)))
