"""Earthquake or noise: learned from records where the answer is known."""

import numpy as np
import pytest

from seissynth.errors import InputError
from seissynth.evaluation.downstream.event_classifier import (
    ClassifierConfig,
    classifier_scores,
    event_probability,
    table_b3,
    train_classifier,
)

torch = pytest.importorskip("torch")
QUICK = ClassifierConfig(channels=(8, 8), steps=80, check_every=20, learning_rate=5e-3)


def records(count, seed, hidden=False):
    """Noise, and for every second record a burst; of sizes that say nothing."""
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((count, 3, 400))
    is_event = np.arange(count) % 2 == 0
    if not hidden:
        for i in np.flatnonzero(is_event):
            first = rng.integers(50, 200)
            data[i, :, first : first + 100] += 4 * rng.standard_normal((3, 100))
    return data * 10 ** rng.uniform(-8, 0, (count, 1, 1)), is_event


def test_bursts_are_told_from_noise_and_noise_from_noise_is_not():
    unseen, truth = records(100, 9)
    model = train_classifier(*records(200, 0), *records(40, 1), QUICK)
    assert classifier_scores(event_probability(model, unseen), truth)["accuracy"] > 0.95
    blind = train_classifier(*records(200, 0, hidden=True), *records(40, 1, hidden=True), QUICK)
    assert classifier_scores(event_probability(blind, records(100, 9, hidden=True)[0]), truth)["accuracy"] < 0.7


def test_a_run_repeats_and_the_best_weights_are_kept():
    losses = []
    first, second = (
        train_classifier(*records(60, 0), *records(40, 1), QUICK, progress=lambda step, loss: losses.append(loss))
        for _ in range(2)
    )
    unseen, _ = records(20, 9)
    assert np.array_equal(event_probability(first, unseen), event_probability(second, unseen))
    held, truth = records(40, 1)
    p = np.clip(event_probability(first, held), 1e-6, 1 - 1e-6)
    assert -np.where(truth, np.log(p), np.log(1 - p)).mean() == pytest.approx(min(losses), rel=1e-6)


def test_scores_by_hand():
    """Two of three earthquakes found, one false alarm in two noise records."""
    scores = classifier_scores([0.9, 0.6, 0.2, 0.7, 0.1], [True, True, True, False, False])
    assert scores == pytest.approx({"accuracy": 0.6, "precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3})
    assert np.isnan(classifier_scores([0.1], [False])["precision"])


def test_the_table():
    runs = {"real": [classifier_scores([0.9, 0.1], [True, False]), classifier_scores([0.9, 0.8], [True, False])]}
    row = table_b3(runs).iloc[0]
    assert (row["runs"], row["accuracy"], row["accuracy_least"], row["recall_best"]) == (2, 75.0, 50.0, 100.0)


def test_what_is_refused():
    data, truth = records(10, 0)
    with pytest.raises(InputError, match="waveforms holds 10 earthquakes and 0 of noise"):
        train_classifier(data, np.ones(10, bool), data, truth)
    with pytest.raises(InputError, match=r"dev_waveforms has shape \(10, 3, 400\), its labels \(9,\)"):
        train_classifier(data, truth, data, truth[:9])
    with pytest.raises(InputError, match="records of 40 samples; 64 are needed"):
        train_classifier(data[..., :40], truth, data, truth)
