"""Patterns of residuals: recovered from gappy data, drawn with the variance that they say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.heggs.spread import SHAPE, ResidualSpread, cell_means, fit_patterns  # noqa: E402


def _made_up(rng, n=400, cells=60, noise=0.3):
    """Two patterns with known covariance, and records that end early."""
    t = np.linspace(0, 1, cells)
    patterns = np.stack([1.5 * np.ones(cells), np.sin(2 * np.pi * t)])
    x = rng.standard_normal((n, 2)) @ patterns + noise * rng.standard_normal((n, cells))
    seen = np.arange(cells) < rng.integers(cells // 4, 3 * cells // 2, (n, 1))
    return patterns, np.where(seen, x, 0), seen


def test_patterns_and_noise_are_recovered_though_records_end_early():
    truth, x, seen = _made_up(np.random.default_rng(0))
    found, noise = fit_patterns(x, seen, 2)
    covariance, wanted = found.T @ found, truth.T @ truth
    assert abs(noise - 0.3) < 0.01
    np.testing.assert_allclose(covariance, wanted, atol=0.2 * wanted.max())
    assert abs(np.trace(covariance) / np.trace(wanted) - 1) < 0.1
    # zeros in the place of gaps would make the end too quiet
    naive = np.cov(x.T, bias=True)
    assert np.diag(naive)[-10:].mean() < 0.7 * np.diag(wanted)[-10:].mean()
    assert abs(np.diag(covariance)[-10:].mean() / np.diag(wanted)[-10:].mean() - 1) < 0.25


def test_where_hardly_any_record_is_left_patterns_stay_as_they_were():
    _, x, seen = _made_up(np.random.default_rng(3))
    seen[:, 40:] = False
    seen[:3] = True  # three of 400 records say what comes later
    found, _ = fit_patterns(np.where(seen, x, 0), seen, 2)
    np.testing.assert_array_equal(found[:, 40:], np.repeat(found[:, 39:40], 20, axis=1))
    assert np.abs(found).max() < 2.5


def test_without_gaps_it_is_principal_component_analysis():
    rng = np.random.default_rng(1)
    _, x, _ = _made_up(rng)
    x = rng.standard_normal((400, 2)) @ rng.standard_normal((2, 12)) + 0.1 * rng.standard_normal((400, 12))
    found, noise = fit_patterns(x, np.ones(x.shape, bool), 2, iterations=400)
    values, axes = np.linalg.eigh(x.T @ x / len(x))
    left = values[:-2].mean()
    assert noise**2 == pytest.approx(left, rel=1e-3)
    strength = np.sqrt(values[:-3:-1] - left)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), strength, rtol=1e-3)
    overlap = np.abs(np.sum(found / np.linalg.norm(found, axis=1)[:, None] * axes[:, :-3:-1].T, axis=1))
    np.testing.assert_allclose(overlap, 1, atol=1e-4)


def test_draws_have_the_variance_of_the_patterns_and_belong_to_the_seed():
    spread = ResidualSpread(3)
    rng = np.random.default_rng(2)
    without = np.ones((3, *SHAPE)) * np.array([1.0, 0.5, 0.25])[:, None, None, None]
    spread.set_patterns(without, 0 * without)
    seeds = rng.integers(2**60, size=2000)
    drawn = spread.draw(seeds, False)
    assert drawn.shape == (2000, 3, 64, 376)
    assert drawn[:, 0, 0, 0].var().item() == pytest.approx(1 + 0.25 + 0.0625, rel=0.1)
    torch.testing.assert_close(drawn[:, 0, 0, 0], drawn[:, 2, 63, 375])
    torch.testing.assert_close(spread.draw(seeds[5:7], False), drawn[5:7])
    assert not spread.draw(seeds[:2], True).any()


def test_a_draw_is_the_same_to_the_bit_alone_and_among_others():
    spread, rng = ResidualSpread(12), np.random.default_rng(3)
    spread.set_patterns(rng.standard_normal((12, *SHAPE)), rng.standard_normal((12, *SHAPE)))
    seeds = rng.integers(2**60, size=5)
    together = spread.draw(seeds, True)
    assert all(torch.equal(spread.draw(seeds[k : k + 1], True)[0], together[k]) for k in range(5))


def test_cells_count_where_half_of_them_is_seen():
    residual = np.full((1, 3, 64, 376), 2.0)
    weights = np.zeros((1, 1, 1, 376))
    weights[..., :10] = 1  # two cells and a half
    residual[..., 10:] = np.nan
    means, counts = cell_means(residual, weights)
    assert counts[0, 0, 0, :4].tolist() == [True, True, True, False]
    assert means[counts].tolist() == [2.0] * int(counts.sum())
    assert (means[~counts] == 0).all()


def test_too_few_residuals():
    with pytest.raises(InputError, match="ask for 1 to 3"):
        fit_patterns(np.zeros((4, 5)), np.ones((4, 5), bool), 4)


# --- in the network and in a training


def test_generated_records_vary_by_the_patterns():
    from dataclasses import replace

    from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms
    from seissynth_plugins.heggs.networks.model import Heggs
    from seissynth_plugins.heggs.networks.named_configs import named_config

    torch.manual_seed(0)
    model = Heggs(replace(named_config("tiny"), spread=2)).eval()
    model.spread.set_patterns(np.full((2, *SHAPE), 0.7), np.zeros((2, *SHAPE)))
    seeds, condition = np.arange(3), np.zeros((3, 11))
    varied, mean = (
        generate_spectrograms(model, condition, seeds, sampling=Sampling(steps=2, batch=2, spread=on))
        for on in (True, False)
    )
    np.testing.assert_allclose(varied - mean, model.spread.draw(seeds, False).numpy(), atol=1e-4)
    source = np.zeros((3, 3, 64, 376), np.float32)
    from_source = [
        generate_spectrograms(
            model, condition, seeds, source, sampling=Sampling(steps=2, batch=2, start_step=50, spread=on)
        )
        for on in (True, False)
    ]
    np.testing.assert_array_equal(*from_source)


def test_a_training_fits_the_spread_when_it_ends(tmp_path):
    pytest.importorskip("lightning", reason="training needs Lightning")
    from heggs_sets import tiny_options, write_set

    from seissynth_plugins.heggs.training.train import train_heggs
    from seissynth_plugins.heggs.weights import load_model

    folder = write_set(tmp_path / "set")
    options = tiny_options(steps=1, warm_up=0, validation_records=0)
    report = train_heggs(folder, tmp_path / "run", **options, fold=1, folds=4, spread=2)
    model, _, card = load_model(report.weights)
    figures = card["spread"]
    for ending in ("with", "without"):
        assert 0 < figures[f"noise_{ending}"] < figures[f"residual_{ending}"]
    assert model.config.spread == 2 and model.spread.without_source.abs().max() > 0
    # further training begins with them, whether it wants a spread or not
    again = train_heggs(folder, tmp_path / "again", **options, fold=1, folds=4, init=report.weights)
    assert load_model(again.weights)[0].spread is None
