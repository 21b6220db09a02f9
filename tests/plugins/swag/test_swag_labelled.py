"""Records of labels alone: labels drawn like real ones, and what comes of them."""

import numpy as np
import pytest
from swag_sets import tiny_options, write_set

from seissynth.errors import DomainError, InputError
from seissynth_plugins.swag.labelled import LabelledGenerator, draw_labels

RNG = np.random.default_rng(0)
P = np.full(400, 3.0)
S = P + RNG.lognormal(1.0, 0.4, 400)
MAGNITUDE = np.clip(RNG.exponential(0.6, 400), 0, 4)


def test_labels_are_spread_as_the_real_ones_and_p_evenly():
    labels = draw_labels(P, S, MAGNITUDE, 5000, p_range_s=(2.0, 24.0))
    apart = labels[:, 1] - labels[:, 0]
    for made, real in ((apart, S - P), (labels[:, 2], MAGNITUDE)):
        assert np.quantile(made, [0.1, 0.5, 0.9]) == pytest.approx(
            np.quantile(real, [0.1, 0.5, 0.9]), rel=0.1, abs=0.03
        )
        assert real.min() - 1e-9 <= made.min() and made.max() <= real.max() + 1e-9
    assert np.quantile(labels[:, 0], [0.0, 0.5, 1.0]) == pytest.approx([2.0, 13.0, 24.0], abs=0.3)
    assert np.array_equal(labels, draw_labels(P, S, MAGNITUDE, 5000, p_range_s=(2.0, 24.0)))
    assert not np.array_equal(labels, draw_labels(P, S, MAGNITUDE, 5000, p_range_s=(2.0, 24.0), seed=1))


def test_even_magnitudes_keep_the_distances_that_go_with_them():
    apart = 1.0 + 2.0 * MAGNITUDE  # large ones are far
    labels = draw_labels(P, P + apart, MAGNITUDE, 4000, p_range_s=(2.0, 10.0), even_magnitudes=True)
    edges = np.linspace(MAGNITUDE.min(), MAGNITUDE.max(), 5)
    assert np.histogram(labels[:, 2], edges)[0] == pytest.approx(1000, rel=0.15)
    assert np.corrcoef(labels[:, 2], labels[:, 1] - labels[:, 0])[0, 1] > 0.9


def test_s_stays_within_the_window():
    labels = draw_labels(P, P + 40.0 + 0.01 * MAGNITUDE, MAGNITUDE, 500, p_range_s=(2.0, 24.0))
    assert labels[:, 1].max() <= 59.0
    with pytest.raises(InputError, match=r"S minus P reaches \d\d(\.\d)? s"):
        draw_labels(P, P + 60.0, MAGNITUDE, 5, p_range_s=(2.0, 24.0))
    with pytest.raises(InputError, match=r"have shapes \(400,\), \(2,\)"):
        draw_labels(P, [1, 2], MAGNITUDE, 5, p_range_s=(2.0, 24.0))


def test_records_of_labels(tmp_path):
    pytest.importorskip("lightning", reason="training needs Lightning")
    from seissynth_plugins.swag.training.train import train_swag

    weights = train_swag(write_set(tmp_path / "set"), tmp_path / "run", **tiny_options(steps=3)).weights
    generator = LabelledGenerator(weights, steps=2, precision="float32")
    labels = np.array([[3.0, 5.0, 2.0], [4.0, 6.5, 3.0], [5.0, 8.0, 1.5]])
    made = generator.records(labels, "XX.B", seed=3)
    assert made.shape == (3, 3, 200) and generator.inputs.quantity == "velocity"
    assert np.array_equal(made[:2], generator.records(labels[:2], "XX.B", seed=3))
    assert not np.allclose(made, generator.records(labels, "XX.B", seed=4))
    assert not np.allclose(made, generator.records(labels, seed=3))
    together = generator.records(labels, ["XX.A", "XX.B", None], seed=3)
    for row, name in enumerate(["XX.A", "XX.B", None]):
        assert np.allclose(together[row], generator.records(labels, name, seed=3)[row], rtol=1e-4, atol=1e-9)
    with pytest.raises(InputError, match="2 stations for 3 labels"):
        generator.records(labels, ["XX.A", "XX.B"])
    with pytest.raises(InputError, match=r"do not know station 'B'; they know XX.A, XX.B"):
        generator.records(labels, "B")
    with pytest.raises(DomainError, match=r"swag: P is 12\.00 s after the first sample at XX.A"):
        generator.records([[12.0, 14.0, 2.0]], "XX.A")
