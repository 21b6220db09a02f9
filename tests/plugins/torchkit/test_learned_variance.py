"""Reverse steps with a learned variance: bounds, the divergence of normal distributions, and the sampler."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

from seissynth_plugins.torchkit.learned_variance import log_variance, variational_bound  # noqa: E402
from seissynth_plugins.torchkit.noise import NoiseSchedule  # noqa: E402
from seissynth_plugins.torchkit.samplers import record_generators, sample, start_noise  # noqa: E402

SCHEDULE = NoiseSchedule("linear", zero_terminal_snr=False, beta_start=1e-4, beta_end=0.02)


def betas():
    return np.linspace(1e-4, 0.02, 1000)


def test_the_bounds_are_beta_and_the_posteriors_variance():
    """Nichol and Dhariwal (2021), eq. 15; the posterior's variance is Ho et al. (2020), eq. 7."""
    beta = betas()
    kept = np.cumprod(1 - beta)
    for t in (2, 10, 500, 1000):
        posterior = beta[t - 1] * (1 - kept[t - 2]) / (1 - kept[t - 1])
        for share, wanted in ((0.0, posterior), (1.0, beta[t - 1]), (0.5, math.sqrt(posterior * beta[t - 1]))):
            found = log_variance(SCHEDULE, t, torch.full((1, 2), share, dtype=torch.float64))
            np.testing.assert_allclose(found.exp(), wanted, rtol=1e-9)


def test_the_step_to_clean_data_has_the_variance_of_the_next():
    second = log_variance(SCHEDULE, 2, torch.zeros(1, 1, dtype=torch.float64))
    torch.testing.assert_close(log_variance(SCHEDULE, 1, torch.zeros(1, 1, dtype=torch.float64)), second)


def test_the_bound_is_the_divergence_of_two_normal_distributions():
    draw = torch.Generator().manual_seed(0)
    x0, noise, said, share = torch.randn(4, 3, 7, generator=draw, dtype=torch.float64)
    share = share.sigmoid()
    t = torch.tensor([2, 400, 1000])
    x_t = SCHEDULE.add_noise(x0, noise, t)
    found = variational_bound(SCHEDULE, x0, x_t, t, said, share)
    beta = betas()
    kept = np.r_[1.0, np.cumprod(1 - beta)]
    for row, step in enumerate(t.tolist()):
        first = math.sqrt(kept[step - 1]) * beta[step - 1] / (1 - kept[step])
        second = math.sqrt(1 - beta[step - 1]) * (1 - kept[step - 1]) / (1 - kept[step])
        variance = beta[step - 1] * (1 - kept[step - 1]) / (1 - kept[step])
        true = torch.distributions.Normal(first * x0[row] + second * x_t[row], math.sqrt(variance))
        spread = (0.5 * (share[row] * math.log(beta[step - 1]) + (1 - share[row]) * math.log(variance))).exp()
        predicted = torch.distributions.Normal(first * said[row] + second * x_t[row], spread)
        wanted = torch.distributions.kl_divergence(true, predicted).mean() / math.log(2)
        assert float(found[row]) == pytest.approx(float(wanted), rel=1e-6)


def test_the_bound_at_the_last_step_is_the_density_of_the_data():
    x0, said, share = torch.tensor([[0.3]]), torch.tensor([[0.29]]), torch.tensor([[1.0]])
    found = variational_bound(SCHEDULE, x0, x0, torch.tensor([1]), said, share)
    wanted = -torch.distributions.Normal(said, math.sqrt(1e-4)).log_prob(x0) / math.log(2)
    assert float(found) == pytest.approx(float(wanted), rel=1e-4)


def test_the_bound_trains_the_variance_alone():
    x0 = torch.randn(2, 5, generator=torch.Generator().manual_seed(1))
    said, share = torch.zeros(2, 5, requires_grad=True), torch.full((2, 5), 0.5, requires_grad=True)
    variational_bound(SCHEDULE, x0, x0, torch.tensor([3, 600]), said, share).sum().backward()
    assert said.grad is None and share.grad.any()


def test_the_sampler_takes_the_variance_that_is_said():
    """A share of 0 is the sampler without it; with a share of 1 a Gaussian comes out wider."""
    spread = 0.5

    def denoise(z, t):
        a, v = SCHEDULE.alpha(t, z), SCHEDULE.sigma(t, z) ** 2
        return a * spread**2 / (a**2 * spread**2 + v) * z

    seeds = range(400)
    z = start_noise(seeds, (4,), dtype=torch.float64)
    options = {"method": "ddpm", "steps": 10, "spacing": "time"}
    plain = sample(denoise, z, SCHEDULE, generators=record_generators(seeds), **options)
    outcomes = [
        sample(
            lambda z, t, share=share: (denoise(z, t), torch.full_like(z, share)), z, SCHEDULE,
            generators=record_generators(seeds), **options,
        )
        for share in (0.0, 1.0)
    ]  # fmt: skip
    # but for the last step, which the posterior takes without noise
    torch.testing.assert_close(outcomes[0], plain)
    assert outcomes[1].std() > 1.05 * plain.std()
