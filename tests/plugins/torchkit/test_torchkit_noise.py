"""Noise schedules: closed forms, published values, and diffusers as an independent library."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.torchkit.noise import PREDICTIONS, WEIGHTS, NoiseSchedule  # noqa: E402

KINDS = ["scaled_linear", "linear", "cosine"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("zero", [False, True])
def test_schedules_equal_those_of_diffusers(kind, zero):
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDIMScheduler(
        1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule={"cosine": "squaredcos_cap_v2"}.get(kind, kind),
        rescale_betas_zero_snr=zero,
    ).alphas_cumprod
    ours = NoiseSchedule(kind, 1000, zero).alpha_bar
    assert ours[0] == 1
    # theirs are products of float32
    np.testing.assert_allclose(ours[1:].sqrt(), theirs.double().sqrt(), atol=3e-6)


def test_the_linear_schedule_is_that_of_ddpm():
    """Ho et al. (2020): beta from 1e-4 to 0.02, T = 1000, which leaves abar_T = 4.04e-5."""
    schedule = NoiseSchedule("linear", zero_terminal_snr=False, beta_start=1e-4, beta_end=0.02)
    beta = [1e-4 + (0.02 - 1e-4) * i / 999 for i in range(1000)]
    product = np.exp(np.cumsum(np.log1p(-np.array(beta))))
    np.testing.assert_allclose(schedule.alpha_bar[1:], product, rtol=1e-12)
    assert float(schedule.alpha_bar[-1]) == pytest.approx(4.04e-5, rel=1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_at_the_end_and_the_beginning_is_kept(kind):
    plain, zero = (NoiseSchedule(kind, 200, flag).alpha_bar for flag in (False, True))
    assert zero[-1] == 0 and plain[-1] > 0
    assert zero[1] == pytest.approx(float(plain[1]), rel=1e-12)
    assert (zero.diff() < 0).all() and (plain.diff() < 0).all()


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_predictions_turn_into_each_other(kind):
    schedule = NoiseSchedule("cosine", 100, zero_terminal_snr=False)
    draw = torch.Generator().manual_seed(0)
    x0, noise = torch.randn(2, 50, 3, 4, generator=draw, dtype=torch.float64)
    t = torch.arange(1, 51)
    x_t = schedule.add_noise(x0, noise, t)
    said = schedule.target(x0, noise, t, kind)
    torch.testing.assert_close(schedule.to_x0(said, x_t, t, kind), x0, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(schedule.to_eps(said, x_t, t, kind), noise, rtol=1e-9, atol=1e-9)


def test_noise_keeps_the_variance():
    schedule = NoiseSchedule()
    t = torch.tensor([1, 500, 1000])
    like = torch.zeros(3, 1, dtype=torch.float64)
    squares = schedule.alpha(t, like) ** 2 + schedule.sigma(t, like) ** 2
    torch.testing.assert_close(squares, torch.ones(3, 1, dtype=torch.float64))
    assert schedule.alpha(t, torch.zeros(3, 4, 5, 6)).shape == (3, 1, 1, 1)


def test_weights():
    """Hang et al. (2023): min(SNR, 5) for x0, the same over SNR for eps, over SNR + 1 for v."""
    schedule = NoiseSchedule(steps=1000)
    t = torch.arange(1, 1001)
    snr = schedule.snr(t)
    weights = {kind: schedule.weight(t, kind).double() for kind in WEIGHTS}
    assert (weights["uniform"] == 1).all()
    torch.testing.assert_close(weights["min_snr_x0"], snr.clamp(max=5), rtol=1e-6, atol=0)
    torch.testing.assert_close(weights["min_snr_eps"][:-1], snr[:-1].clamp(max=5) / snr[:-1], rtol=1e-6, atol=0)
    torch.testing.assert_close(weights["min_snr_v"], snr.clamp(max=5) / (snr + 1), rtol=1e-6, atol=0)
    assert weights["min_snr_eps"][-1] == 1  # the limit where the SNR is 0
    assert all(bool(w.isfinite().all()) for w in weights.values())


def test_eps_says_nothing_where_nothing_is_left():
    schedule = NoiseSchedule(steps=10)
    x = torch.zeros(1, 2)
    with pytest.raises(InputError, match=r"eps.*step 10"):
        schedule.to_x0(x, x, 10, "eps")
    assert schedule.to_x0(x, x, 9, "eps").isfinite().all()


@pytest.mark.parametrize(
    "arguments",
    [{"kind": "sine"}, {"steps": 1}, {"beta_start": 0.5, "beta_end": 0.1}, {"beta_end": 1.0}, {"snr_limit": 0}],
)
def test_schedules_that_cannot_be(arguments):
    with pytest.raises(InputError):
        NoiseSchedule(**arguments)


@pytest.mark.parametrize("t", [-1, 11, 1.5, torch.tensor([0.5])])
def test_steps_that_are_not_there(t):
    x = torch.zeros(1, 2)
    with pytest.raises(InputError, match="steps"):
        NoiseSchedule(steps=10).add_noise(x, x, t)


def test_drawn_steps_cover_all_but_clean_data():
    steps = NoiseSchedule(steps=5).draw_steps(500, generator=torch.Generator().manual_seed(0))
    assert sorted(set(steps.tolist())) == [1, 2, 3, 4, 5]


# --- flow matching


def test_the_flow_schedule_is_the_straight_path_over_its_root_mean_square():
    schedule = NoiseSchedule("flow", 100)
    x0, noise = torch.tensor([[2.0]], dtype=torch.float64), torch.tensor([[-1.0]], dtype=torch.float64)
    for t in (1, 30, 50, 99, 100):
        share = t / 100
        straight = (1 - share) * x0 + share * noise
        found = schedule.add_noise(x0, noise, torch.tensor([t]))
        torch.testing.assert_close(found * math.hypot(1 - share, share), straight)
    assert schedule.alpha_bar[0] == 1 and schedule.alpha_bar[-1] == 0


def test_the_velocity_of_a_flow_points_from_data_to_noise_at_all_steps():
    """It turns into data even where none are left, which noise cannot."""
    schedule = NoiseSchedule("flow", 100)
    x0, noise = torch.randn(2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([1, 40, 99, 100])
    x_t = schedule.add_noise(x0, noise, t)
    said = schedule.target(x0, noise, t, "flow")
    torch.testing.assert_close(said, noise - x0)
    torch.testing.assert_close(schedule.to_x0(said, x_t, t, "flow"), x0)


def test_ddim_on_the_flow_is_eulers_method():
    """dx/ds = eps - x_0 along the straight path, from s = 1 to 0."""
    from seissynth_plugins.torchkit.samplers import sample

    schedule = NoiseSchedule("flow", 100)
    velocity = lambda x, s: torch.tanh(x) * (1 + s)  # noqa: E731  any field will do

    def denoise(z, t):
        share = t[0].item() / 100
        return velocity(z * math.hypot(1 - share, share), share)

    z = torch.linspace(-2, 2, 6, dtype=torch.float64).reshape(-1, 1)
    found = sample(denoise, z, schedule, "ddim", 5, prediction="flow", spacing="time")
    x = z.clone()
    for share in (1.0, 0.8, 0.6, 0.4, 0.2):
        x = x - 0.2 * velocity(x, share)
    torch.testing.assert_close(found, x)


def test_steps_of_the_logit_normal_draw():
    draws = NoiseSchedule(steps=1000).draw_steps(
        40_000, kind="logit_normal", generator=torch.Generator().manual_seed(0)
    )
    assert draws.min() >= 1 and draws.max() <= 1000
    shares = np.quantile(draws / 1000, [0.1587, 0.5, 0.8413])
    np.testing.assert_allclose(shares, 1 / (1 + np.exp([1.0, 0.0, -1.0])), atol=0.01)
    with pytest.raises(InputError, match="draw='normal' must be one of"):
        NoiseSchedule().draw_steps(3, kind="normal")
