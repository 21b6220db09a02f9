"""Samplers: from noise (or from a noised record) to data, with any number of steps.

The network, the noise schedule and the sampler are three objects: `sample` takes a function that makes a prediction of
a noisy tensor and its step, and a `NoiseSchedule`. Each record draws from its own generator, and does not depend on its
batch.
"""

from itertools import pairwise

import numpy as np
import torch

from seissynth.errors import InputError
from seissynth.seeding import generator
from seissynth.shared.checks import whole
from seissynth.shared.keywords import once_positional
from seissynth_plugins.torchkit.learned_variance import log_variance
from seissynth_plugins.torchkit.noise import PREDICTIONS, _choice
from seissynth_plugins.torchkit.sampling_options import METHODS, SPACINGS

#: streams of a record's seed: the starting noise, and the noise that steps add
START_STREAM, STEP_STREAM = (int.from_bytes(word, "big") for word in (b"z_start", b"z_steps"))


def record_generators(seeds, stream=STEP_STREAM):
    """Return one NumPy generator for each record's seed.

    Parameters
    ----------
    seeds : array_like of int, shape (n,)
        0 to 2**64 - 1, such as `seissynth.seeding.Seeds.row`.
    stream : int
        Which of a record's random series.

    Examples
    --------
    >>> a, b = record_generators([1, 2]), record_generators([2, 3])
    >>> bool(a[1].random() == b[0].random())
    True
    """
    return [generator(int(seed), stream) for seed in np.atleast_1d(np.asarray(seeds, dtype=np.uint64))]


def record_noise(generators, shape, *, device="cpu", dtype=torch.float32):
    """Draw normal numbers, each record from its own generator.

    Drawn on the CPU by NumPy for any device: every device starts from the same numbers.

    Parameters
    ----------
    generators : sequence of numpy.random.Generator, length n
    shape : tuple of int
        Of one record.

    Returns
    -------
    Tensor, shape (n, *shape)
    """
    noise = np.empty((len(generators), *shape), dtype=np.float32)
    for row, one in zip(noise, generators, strict=True):
        one.standard_normal(dtype=np.float32, out=row)
    return torch.from_numpy(noise).to(device=device, dtype=dtype)


def start_noise(seeds, shape, *, device="cpu", dtype=torch.float32):
    """Return the z_T of records, shape (n, *shape), standard normal, from their seeds."""
    return record_noise(record_generators(seeds, START_STREAM), shape, device=device, dtype=dtype)


@once_positional("prediction", "generators", "start_step")
def sample(
    denoise,
    z_T,
    schedule,
    method="dpmpp_2m",
    steps=10,
    *,
    prediction="x0",
    generators=None,
    start_step=None,
    end_step=0,
    eta=0.0,
    spacing="log_snr",
):
    """Run the reverse process.

    Parameters
    ----------
    denoise : function (z, t) -> Tensor
        z has the shape of `z_T`, t is an int64 tensor of shape (n,); returns the prediction. A network that learned
        the variance of its steps returns a pair, the second of which says where between both bounds the logarithm of
        the variance is, 0 to 1 (`learned_variance`); "ddpm" takes it, the other methods ignore it.
    z_T : Tensor, shape (n, ...)
        Noise, or a record with the noise of `start_step`; left unchanged.
    schedule : NoiseSchedule
    method : {"dpmpp_2m", "ddim", "ddpm"}
        DPM-Solver++(2M), DDIM, or ancestral sampling. The first, and DDIM with eta = 0, draw nothing.
    steps : int
        Number of calls of `denoise`, 1 to start_step - end_step.
    prediction : {"x0", "eps", "v", "flow"}
    generators : sequence of numpy.random.Generator, length n, optional
        One a record (`record_generators`), for "ddpm" and for DDIM with eta above 0.
    start_step, end_step : int
        Steps of `z_T` (None: T) and of the result (0: clean data).
    eta : float
        0 to 1, share of the ancestral noise in DDIM's steps.
    spacing : {"log_snr", "time"}
        Steps at equal distances of ln(alpha / sigma), the last one from step 1; or of t ("trailing" of Lin et al.
        2024). From 5 steps on the first loses far less of the data's spread.

    Returns
    -------
    Tensor, shape (n, ...)

    Raises
    ------
    InputError
        Unknown words, numbers of steps that do not fit, generators missing, or a prediction of another shape.

    Notes
    -----
    With a_t = sqrt(abar_t), s_t = sqrt(1 - abar_t) and the data predicted at step t, x:

    ddpm: mean ``a_u (1 - abar_t/abar_u) / s_t² x + (a_t/a_u) s_u² / s_t² z_t`` and variance
    ``(1 - abar_t/abar_u) s_u² / s_t²`` for a step from t to u < t (Ho et al. 2020, eq. 7, for any stride).

    ddim: ``a_u x + sqrt(s_u² - d²) e + d n`` with e the predicted noise, n drawn, and d = eta times the root of that
    variance (Song et al. 2021, eq. 12 and 16).

    dpmpp_2m: ``(s_u/s_t) z_t + (a_u - a_t s_u/s_t) [x + (x - x_last) h / (2 h_last)]`` with h the step in
    ln(a/s) (Lu et al. 2022, algorithm 2). The first step, one that follows a start without any data left, and the last
    one to clean data are of first order, as h is infinite there.

    References
    ----------
    Ho, Jain, Abbeel (2020), arXiv 2006.11239. Song, Meng, Ermon (2021), arXiv 2010.02502. Lu et al. (2022), arXiv
    2211.01095.

    Examples
    --------
    >>> from seissynth_plugins.torchkit.noise import NoiseSchedule
    >>> schedule = NoiseSchedule("cosine", steps=100)
    >>> z = start_noise([1, 2], (3, 4))
    >>> sample(lambda z, t: torch.zeros_like(z), z, schedule, steps=5).abs().max().item()
    0.0
    """
    times = step_times(schedule, steps, start_step, end_step, spacing)
    _choice("method", method, METHODS)
    _choice("prediction", prediction, PREDICTIONS)
    if not 0 <= eta <= 1:
        raise InputError(f"eta={eta!r} must be between 0 and 1.")
    drawing = method == "ddpm" or (method == "ddim" and eta > 0)
    if drawing and (generators is None or len(generators) != len(z_T)):
        have = "none" if generators is None else len(generators)
        raise InputError(f"{method} draws noise: pass generators, one for each of {len(z_T)} records ({have} given).")
    step = {"dpmpp_2m": _dpmpp_2m, "ddim": _ddim, "ddpm": _ddpm}[method]
    z, memory = z_T, {"eta": eta}
    for t, u in pairwise(times):
        said = denoise(z, torch.full((len(z),), t, dtype=torch.int64, device=z.device))
        said, share = said if isinstance(said, tuple) else (said, None)
        if said.shape != z.shape:
            raise InputError(f"the prediction has shape {tuple(said.shape)}; z has {tuple(z.shape)}.")
        x0 = schedule.to_x0(said, z, t, prediction)
        z, deviation = step(schedule, z, x0, t, u, memory)
        if share is not None and method == "ddpm" and deviation > 0:
            deviation = (0.5 * log_variance(schedule, t, share, u)).exp()
        if drawing and u > 0:
            noise = record_noise(generators, z.shape[1:], device=z.device, dtype=z.dtype)
            z = z + deviation * noise
    return z


def step_times(schedule, steps, start_step=None, end_step=0, spacing="log_snr"):
    """Return the steps that a sampler visits, a falling list of steps + 1 ints.

    Examples
    --------
    >>> from seissynth_plugins.torchkit.noise import NoiseSchedule
    >>> step_times(NoiseSchedule(steps=1000), 4, spacing="time")
    [1000, 750, 500, 250, 0]
    """
    _choice("spacing", spacing, SPACINGS)
    start = schedule.steps if start_step is None else whole("start_step", start_step)
    end = whole("end_step", end_step, 0)
    if not end < start <= schedule.steps:
        raise InputError(f"start_step={start} and end_step={end}: the start must be above the end and at most T.")
    steps = whole("steps", steps)
    if steps > start - end:
        raise InputError(f"steps={steps}, but there are {start - end} from step {start} to {end}.")
    places = np.linspace(start, end, steps + 1) if spacing == "time" else _log_snr_places(schedule, steps, start, end)
    times = np.rint(places).astype(int)
    # rounding must not make two steps one
    for i in range(1, steps + 1):
        times[i] = min(times[i], times[i - 1] - 1)
    for i in range(steps - 1, -1, -1):
        times[i] = max(times[i], times[i + 1] + 1, end + steps - i)
    times[0], times[-1] = start, end
    return times.tolist()


def _log_snr_places(schedule, steps, start, end):
    """Equal distances of ln(alpha / sigma) from the start to step 1, and one more to clean data."""
    kept = schedule.alpha_bar.numpy()
    first = start - 1 if kept[start] == 0 else start  # where nothing is left there is no logarithm
    last = max(end, 1)
    if steps == 1 or first <= last:
        return np.linspace(start, end, steps + 1)
    t = np.arange(last, first + 1)
    rise = 0.5 * np.log(kept[t] / (1 - kept[t]))
    levels = np.linspace(rise[-1], rise[0], steps + (end == last))
    places = np.interp(-levels, -rise, t)
    places[0] = start
    return places if end == last else np.append(places, end)


# --- one step from t to u; returns the mean and the standard deviation of the noise to add


def _levels(schedule, t, u):
    """Return alpha and variance of the noise at t and u, as floats."""
    kept = schedule.alpha_bar[[t, u]].tolist()
    return kept[0] ** 0.5, kept[1] ** 0.5, 1 - kept[0], 1 - kept[1]


def _ddpm(schedule, z, x0, t, u, _):
    a_t, a_u, v_t, v_u = _levels(schedule, t, u)
    ratio = a_t / a_u
    taken = 1 - ratio**2
    mean = (a_u * taken / v_t) * x0 + (ratio * v_u / v_t) * z
    return mean, (taken * v_u / v_t) ** 0.5


def _ddim(schedule, z, x0, t, u, memory):
    a_t, a_u, v_t, v_u = _levels(schedule, t, u)
    deviation = memory["eta"] * ((1 - (a_t / a_u) ** 2) * v_u / v_t) ** 0.5
    eps = (z - a_t * x0) / v_t**0.5
    return a_u * x0 + max(v_u - deviation**2, 0.0) ** 0.5 * eps, deviation


def _dpmpp_2m(schedule, z, x0, t, u, memory):
    a_t, a_u, v_t, v_u = _levels(schedule, t, u)
    shrink = (v_u / v_t) ** 0.5
    finite = a_t > 0 and v_u > 0
    h = np.log(a_u / a_t / shrink) if finite else np.inf
    direction, last = x0, memory.get("h", np.inf)
    if finite and np.isfinite(last):
        direction = x0 + (h / (2 * last)) * (x0 - memory["x0"])
    memory["x0"], memory["h"] = x0, h
    return shrink * z + (a_u - a_t * shrink) * direction, 0.0
