"""Samplers on a Gaussian, where everything is known in closed form; and diffusers as an independent library."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

from seissynth.errors import InputError, SeisSynthWarning  # noqa: E402
from seissynth_plugins.torchkit.noise import NoiseSchedule  # noqa: E402
from seissynth_plugins.torchkit.samplers import record_generators, sample, start_noise, step_times  # noqa: E402

MEAN, SPREAD = 0.7, 0.4


def gaussian_denoiser(schedule, mean=MEAN, spread=SPREAD):
    """E[x0 | z_t] of data that are normal with that mean and spread."""

    def denoise(z, t):
        a, v = schedule.alpha(t, z), schedule.sigma(t, z) ** 2
        return mean + a * spread**2 / (a**2 * spread**2 + v) * (z - a * mean)

    return denoise


def flow(schedule, z, t, u, mean=MEAN, spread=SPREAD):
    """Where the probability-flow equation carries z from step t to u: it keeps the standardised value."""
    kept = schedule.alpha_bar
    (a, w), (b, x) = ((kept[i].sqrt(), (kept[i] * spread**2 + 1 - kept[i]).sqrt()) for i in (t, u))
    return b * mean + x / w * (z - a * mean)


def order_of(schedule, method, start, end, counts, **options):
    z = torch.linspace(-2, 2, 9, dtype=torch.float64).reshape(-1, 1)
    exact = flow(schedule, z, start, end)
    errors = [
        float((sample(gaussian_denoiser(schedule), z, schedule, method, n, start_step=start, end_step=end, **options)
               - exact).abs().max())
        for n in counts
    ]  # fmt: skip
    slope = np.log(errors[-2] / errors[-1]) / np.log(counts[-1] / counts[-2])
    return slope, errors


@pytest.mark.parametrize("spacing", ["time", "log_snr"])
@pytest.mark.parametrize("kind", ["scaled_linear", "cosine"])
@pytest.mark.parametrize(("method", "order"), [("ddim", 1), ("dpmpp_2m", 2)])
def test_order_of_convergence(kind, method, order, spacing):
    """Away from the ends, where a step in ln(alpha / sigma) is finite. Many steps, so that rounding them is nothing."""
    schedule = NoiseSchedule(kind, 20_000, beta_start=0.00085 / 20, beta_end=0.012 / 20)
    slope, errors = order_of(schedule, method, 16_000, 1_000, [160, 320], spacing=spacing)
    assert slope == pytest.approx(order, abs=0.12)
    assert errors[-1] < {1: 1e-2, 2: 2e-4}[order]


@pytest.mark.parametrize(
    ("spacing", "least", "most"), [("time", 0.4, 0.93), ("log_snr", 0.88, 1.05)], ids=["time", "log_snr"]
)
@pytest.mark.parametrize("kind", ["scaled_linear", "cosine"])
@pytest.mark.parametrize("spread", [0.2, 0.4])
def test_ten_steps_from_noise_to_data(kind, spacing, least, most, spread):
    """The spread of what comes out, over that of the data; a first step from pure noise and a last one included."""
    schedule = NoiseSchedule(kind)
    z = torch.linspace(-2, 2, 9, dtype=torch.float64).reshape(-1, 1)
    out = sample(gaussian_denoiser(schedule, spread=spread), z, schedule, "dpmpp_2m", 10, spacing=spacing)
    assert least < float((out[-1] - out[0]) / 4) / spread < most
    assert float(out.mean()) == pytest.approx(MEAN, rel=1e-6)


def test_an_ancestral_step_is_the_posterior():
    """q(x_u | x_t, x_0) by Bayes' rule: the product of two Gaussians, for steps of any stride."""
    schedule = NoiseSchedule("scaled_linear", 100, zero_terminal_snr=False)
    kept = schedule.alpha_bar
    x0, z = torch.tensor([[0.3]], dtype=torch.float64), torch.tensor([[-1.1]], dtype=torch.float64)
    for t, u in ((50, 49), (80, 30), (2, 1)):
        ratio = kept[t] / kept[u]
        precision = 1 / (1 - kept[u]) + ratio / (1 - ratio)
        mean = (kept[u].sqrt() * x0 / (1 - kept[u]) + ratio.sqrt() * z / (1 - ratio)) / precision
        draws = record_generators([7])
        got = sample(lambda z, t: x0, z, schedule, "ddpm", 1, generators=draws, start_step=t, end_step=u)
        [again] = record_generators([7])
        added = again.standard_normal(1, dtype=np.float32)[0] / math.sqrt(precision)
        assert float(got) == pytest.approx(float(mean) + added, rel=1e-6)
        # eq. 27 of HEGGS has the root of the cumulative alpha in front of z
        misprint = mean + (kept[t].sqrt() - ratio.sqrt()) * (1 - kept[u]) / (1 - kept[t]) * z
        assert abs(float(misprint - mean)) > 1e-3 or u == 1


def test_ancestral_sampling_of_a_gaussian():
    """Mean and variance through all steps: a recursion of two numbers, since each step is linear."""
    schedule = NoiseSchedule("cosine", 50)
    kept = schedule.alpha_bar.numpy()
    mean, variance = 0.0, 1.0
    for t in range(50, 0, -1):
        a, v, b, w = math.sqrt(kept[t]), 1 - kept[t], math.sqrt(kept[t - 1]), 1 - kept[t - 1]
        gain = a * SPREAD**2 / (a**2 * SPREAD**2 + v)
        taken = 1 - kept[t] / kept[t - 1]
        of_x0, of_z = b * taken / v, (a / b) * w / v
        slope = of_x0 * gain + of_z
        mean = slope * mean + of_x0 * (MEAN - gain * a * MEAN)
        variance = slope**2 * variance + taken * w / v
    z = start_noise(range(40), (2000,))
    draws = record_generators(range(40))
    out = sample(gaussian_denoiser(schedule), z, schedule, "ddpm", 50, generators=draws)
    assert float(out.mean()) == pytest.approx(mean, abs=4 * SPREAD / math.sqrt(out.numel()))
    assert float(out.var()) == pytest.approx(variance, rel=4 * math.sqrt(2 / out.numel()))
    assert variance == pytest.approx(SPREAD**2, rel=0.2)  # 50 steps lose some of it


def test_ddim_with_all_the_noise_is_ancestral():
    schedule = NoiseSchedule(steps=100)
    z = start_noise([1, 2, 3], (2, 5), dtype=torch.float64)
    out = [
        sample(gaussian_denoiser(schedule), z, schedule, method, 20, generators=record_generators([1, 2, 3]), eta=eta)
        for method, eta in (("ddpm", 0.0), ("ddim", 1.0))
    ]
    torch.testing.assert_close(*out, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("method", ["dpmpp_2m", "ddim", "ddpm"])
@pytest.mark.parametrize("prediction", ["eps", "v"])
def test_what_is_predicted_does_not_matter(method, prediction):
    schedule = NoiseSchedule(steps=100, zero_terminal_snr=False)
    denoise = gaussian_denoiser(schedule)

    def other(z, t):
        x0 = denoise(z, t)
        noise = schedule.to_eps(x0, z, t, "x0")
        return schedule.target(x0, noise, t, prediction)

    z = start_noise([1, 2], (3,), dtype=torch.float64)
    out = [
        sample(f, z, schedule, method, 12, prediction=kind, generators=record_generators([1, 2]))
        for f, kind in ((denoise, "x0"), (other, prediction))
    ]
    torch.testing.assert_close(*out, rtol=1e-8, atol=1e-8)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # theirs
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 5, 10, 20, 50])
@pytest.mark.parametrize("method", ["dpmpp_2m", "ddim"])
def test_the_same_as_diffusers(method, steps, zero):
    diffusers = pytest.importorskip("diffusers")
    common = {
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "sample",
        "timestep_spacing": "trailing", "rescale_betas_zero_snr": zero,
    }  # fmt: skip
    if method == "ddim":
        theirs = diffusers.DDIMScheduler(1000, clip_sample=False, **common)
    else:
        theirs = diffusers.DPMSolverMultistepScheduler(1000, algorithm_type="dpmsolver++", **common)
    theirs.set_timesteps(steps)
    schedule = NoiseSchedule("scaled_linear", 1000, zero)
    denoise = gaussian_denoiser(schedule)
    start = start_noise([3], (4, 5))
    z, visited = start, []
    for t in theirs.timesteps:
        visited.append(int(t) + 1)  # they count from 0
        z = theirs.step(denoise(z, torch.tensor([int(t) + 1])), t, z).prev_sample
    assert step_times(schedule, steps, spacing="time")[:-1] == visited
    ours = sample(denoise, start, schedule, method, steps, spacing="time")
    torch.testing.assert_close(ours, z, rtol=0, atol=2e-3 if zero and method == "dpmpp_2m" else 2e-4)


class Given:
    """A generator that draws what it was given."""

    def __init__(self, values):
        self.values = values

    def standard_normal(self, dtype, out):
        out[:] = self.values


def test_the_ancestral_step_of_diffusers():
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDPMScheduler(
        1000, 0.00085, 0.012, "scaled_linear", prediction_type="sample", clip_sample=False, timestep_spacing="trailing"
    )
    theirs.set_timesteps(1000)
    schedule = NoiseSchedule(zero_terminal_snr=False)
    denoise = gaussian_denoiser(schedule)
    z = start_noise([3], (2000,))
    for t in (1000, 500, 2, 1):
        step = theirs.step(denoise(z, torch.tensor([t])), t - 1, z, generator=torch.Generator().manual_seed(0))
        noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(0)) if t > 1 else 0

        given = [Given(noise[0].numpy())] if t > 1 else record_generators([0])
        ours = sample(denoise, z, schedule, "ddpm", 1, generators=given, start_step=t, end_step=t - 1)
        torch.testing.assert_close(ours, step.prev_sample, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("method", "eta"), [("dpmpp_2m", 0), ("ddim", 0.5), ("ddpm", 0)])
def test_a_record_depends_on_its_own_seed(method, eta):
    schedule = NoiseSchedule("cosine", 50)

    def run(seeds):
        z = start_noise(seeds, (3, 8))
        draws = record_generators(seeds)
        return sample(gaussian_denoiser(schedule), z, schedule, method, 7, generators=draws, eta=eta)

    together, alone = run([11, 2**64 - 1, 13]), run([2**64 - 1])
    assert torch.equal(together[1], alone[0])
    assert not torch.equal(together[0], together[2])


def test_start_and_steps_do_not_share_noise():
    z = start_noise([5], (100,))[0].numpy()
    added = record_generators([5])[0].standard_normal(100, dtype=np.float32)
    assert abs(np.corrcoef(z, added)[0, 1]) < 0.35


def test_one_step_is_the_prediction_and_the_start_is_left_alone():
    schedule = NoiseSchedule(steps=10)
    z = start_noise([1], (4,))
    before = z.clone()
    for method in ("dpmpp_2m", "ddim", "ddpm"):
        out = sample(lambda z, t: z * 0 + 3, z, schedule, method, 1, generators=record_generators([1]))
        torch.testing.assert_close(out, torch.full((1, 4), 3.0))
    assert torch.equal(z, before)


@given(st.integers(2, 1000), st.data(), st.sampled_from(["time", "log_snr"]), st.booleans())
def test_steps_fall_strictly_from_start_to_end(total, data, spacing, zero):
    start = data.draw(st.integers(1, total))
    end = data.draw(st.integers(0, start - 1))
    steps = data.draw(st.integers(1, start - end))
    times = step_times(NoiseSchedule("cosine", total, zero), steps, start, end, spacing)
    assert len(times) == steps + 1 and times[0] == start and times[-1] == end
    assert all(a > b for a, b in pairwise(times))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"method": "euler"}, "method"),
        ({"prediction": "score"}, "prediction"),
        ({"steps": 0}, "steps"),
        ({"steps": 11}, "steps=11"),
        ({"start_step": 11}, "start_step"),
        ({"start_step": 3, "end_step": 3}, "start_step"),
        ({"eta": 2}, "eta"),
        ({"method": "ddpm"}, "generators"),
        ({"method": "ddim", "eta": 0.5, "generators": [1]}, "generators"),
        ({"spacing": "random"}, "spacing"),
    ],
)
def test_what_cannot_be_sampled(arguments, word):
    z = torch.zeros(2, 3)
    with pytest.raises(InputError, match=word):
        sample(lambda z, t: z, z, NoiseSchedule(steps=10), **{"steps": 5, **arguments})


def test_a_prediction_of_another_shape():
    with pytest.raises(InputError, match="shape"):
        sample(lambda z, t: z[:, :1], torch.zeros(2, 3), NoiseSchedule(steps=10), steps=2)


def test_later_arguments_by_position_are_still_taken():
    z, schedule = torch.ones(2, 3), NoiseSchedule(steps=10)
    expected = sample(lambda z, t: z, z, schedule, "ddim", 2, prediction="v")
    with pytest.warns(SeisSynthWarning, match="pass prediction= by keyword"):
        got = sample(lambda z, t: z, z, schedule, "ddim", 2, "v")
    assert torch.equal(got, expected)
