"""Noise schedules of diffusion models, prediction types of a network, and weights of its losses.

The process is the variance-preserving one of Ho et al. (2020), ``x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps``, with
steps t = 1 ... T and t = 0 for clean data. Networks predict the data ("x0"), the noise ("eps") or the velocity
``v = sqrt(abar_t) eps - sqrt(1 - abar_t) x_0`` ("v", Salimans and Ho 2022).

Flow matching (rectified flow: Lipman et al. 2023, Liu et al. 2023) is the kind "flow" with the prediction "flow": its
straight path ``(1 - s) x_0 + s eps``, s = t/T, divided by its root mean square, is this process with
``abar = (1 - s)² / ((1 - s)² + s²)``, and the network predicts the path's velocity ``eps - x_0``. So all samplers
serve it; DDIM with steps at equal distances of t is Euler's method on the flow.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch

from seissynth.errors import InputError
from seissynth.shared.checks import positive, whole

KINDS = ("scaled_linear", "linear", "cosine", "flow")
PREDICTIONS = ("x0", "eps", "v", "flow")
STEP_DRAWS = ("uniform", "logit_normal")
WEIGHTS = ("uniform", "min_snr_x0", "min_snr_eps", "min_snr_v")

#: of Nichol and Dhariwal (2021): keeps the first steps from vanishing, and the last ones from removing everything
_COSINE_OFFSET, _LARGEST_BETA = 0.008, 0.999


@dataclass(frozen=True)
class NoiseSchedule:
    """How much of the data is left after each of T steps.

    Parameters
    ----------
    kind : {"scaled_linear", "linear", "cosine", "flow"}
        sqrt(beta) linear (latent diffusion), beta linear (DDPM), the cosine of Nichol and Dhariwal, or the noise of
        rectified flow.
    steps : int
        T, 2 or more.
    zero_terminal_snr : bool
        Shift and scale sqrt(abar) to leave nothing of the data at T (Lin et al. 2024, algorithm 1); without
        it a sampler that starts from pure noise starts from inputs that the network never saw.
    beta_start, beta_end : float
        First and last beta of the linear kinds.
    snr_limit : float
        The gamma of the min-SNR weights (Hang et al. 2023).

    Raises
    ------
    InputError
        Unknown kind, or numbers out of range.

    References
    ----------
    Ho, Jain, Abbeel (2020), arXiv 2006.11239. Nichol, Dhariwal (2021), arXiv 2102.09672. Rombach et al. (2022),
    arXiv 2112.10752. Salimans, Ho (2022), arXiv 2202.00512. Hang et al. (2023), arXiv 2303.09556. Lin et al. (2024),
    arXiv 2305.08891. Lipman et al. (2023), arXiv 2210.02747. Liu, Gong, Liu (2023), arXiv 2209.03003. Esser et al.
    (2024), arXiv 2403.03206.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.torchkit.noise import NoiseSchedule
    >>> schedule = NoiseSchedule("cosine", steps=100)
    >>> float(schedule.alpha_bar[0]), float(schedule.alpha_bar[100])
    (1.0, 0.0)
    >>> x0, noise, t = torch.ones(2, 3), torch.zeros(2, 3), torch.tensor([1, 100])
    >>> schedule.add_noise(x0, noise, t)[1].tolist()
    [0.0, 0.0, 0.0]
    """

    kind: str = "scaled_linear"
    steps: int = 1000
    zero_terminal_snr: bool = True
    beta_start: float = 0.00085
    beta_end: float = 0.012
    snr_limit: float = 5.0

    def __post_init__(self):
        _choice("kind", self.kind, KINDS)
        whole("steps", self.steps, 2)
        positive("snr_limit", self.snr_limit)
        if not 0 < positive("beta_start", self.beta_start) <= positive("beta_end", self.beta_end) < 1:
            raise InputError(
                f"beta_start={self.beta_start} and beta_end={self.beta_end} must increase and be between 0 and 1."
            )

    @property
    def alpha_bar(self):
        """Share of the data's variance that is left, float64, shape (steps + 1,); index 0 is clean data, 1.0."""
        return _alpha_bar(self, "cpu")

    def alpha(self, t, like):
        """Return sqrt(abar_t), shaped to broadcast over `like` (whose type and device it has)."""
        return self._look_up("alpha", t, like)

    def sigma(self, t, like):
        """Return sqrt(1 - abar_t), shaped to broadcast over `like`."""
        return self._look_up("sigma", t, like)

    def snr(self, t):
        """Return abar_t / (1 - abar_t), float64; infinite at t = 0."""
        kept = _alpha_bar(self, "cpu")[self._steps_of(t).cpu()]
        return kept / (1 - kept)

    def draw_steps(self, count, *, kind="uniform", device="cpu", generator=None):
        """Draw `count` steps of 1 ... T, int64.

        Parameters
        ----------
        count : int
        kind : {"uniform", "logit_normal"}
            Uniform, or ``t/T = 1 / (1 + exp(-n))`` with n standard normal, which draws the middle most often (Esser
            et al. 2024).
        device : str or torch.device
        generator : torch.Generator, optional
        """
        _choice("draw", kind, STEP_DRAWS)
        if kind == "uniform":
            return torch.randint(1, self.steps + 1, (count,), device=device, generator=generator)
        share = torch.sigmoid(torch.randn(count, device=device, generator=generator))
        return (share * self.steps).ceil().long().clamp(1, self.steps)

    def add_noise(self, x0, noise, t):
        """Return x_t.

        Parameters
        ----------
        x0, noise : Tensor, shape (n, ...)
        t : int or Tensor of int, shape (n,)
            Steps, 0 to T.

        Returns
        -------
        Tensor, shape (n, ...)
        """
        return self.alpha(t, x0) * x0 + self.sigma(t, x0) * noise

    def target(self, x0, noise, t, kind):
        """Return the target of a network that predicts `kind`."""
        _choice("prediction", kind, PREDICTIONS)
        if kind == "x0":
            return x0
        if kind == "flow":
            return noise - x0
        return noise if kind == "eps" else self.alpha(t, x0) * noise - self.sigma(t, x0) * x0

    def to_x0(self, prediction, x_t, t, kind):
        """Return the data for a prediction.

        Parameters
        ----------
        prediction, x_t : Tensor, shape (n, ...)
        t : int or Tensor of int, shape (n,)
        kind : {"x0", "eps", "v", "flow"}

        Raises
        ------
        InputError
            `kind` is "eps" at a step with no data left: the noise says nothing about it.
        """
        _choice("prediction", kind, PREDICTIONS)
        if kind == "x0":
            return prediction
        if kind == "v":
            return self.alpha(t, x_t) * x_t - self.sigma(t, x_t) * prediction
        if kind == "flow":
            alpha, sigma = self.alpha(t, x_t), self.sigma(t, x_t)
            return (x_t - sigma * prediction) / (alpha + sigma)
        if bool((self.alpha_bar[self._steps_of(t).cpu()] == 0).any()):
            raise InputError(
                f'prediction="eps" cannot be turned into data at step {self.steps}, where none is left; '
                'predict "v" or "x0", or pass zero_terminal_snr=False.'
            )
        return (x_t - self.sigma(t, x_t) * prediction) / self.alpha(t, x_t)

    def to_eps(self, prediction, x_t, t, kind):
        """Return the noise for a prediction (steps of 1 and more); see `to_x0`."""
        _choice("prediction", kind, PREDICTIONS)
        if kind == "eps":
            return prediction
        if kind == "v":
            return self.sigma(t, x_t) * x_t + self.alpha(t, x_t) * prediction
        if kind == "flow":
            alpha, sigma = self.alpha(t, x_t), self.sigma(t, x_t)
            return (x_t + alpha * prediction) / (alpha + sigma)
        if bool((self._steps_of(t) == 0).any()):
            raise InputError("the noise of clean data (step 0) is the same as a prediction of the data.")
        return (x_t - self.alpha(t, x_t) * prediction) / self.sigma(t, x_t)

    def weight(self, t, kind):
        """Return the weight of each record's squared error of x0.

        Parameters
        ----------
        t : int or Tensor of int, shape (n,)
            1 to T.
        kind : {"uniform", "min_snr_x0", "min_snr_eps", "min_snr_v"}
            1, min(SNR, g), min(SNR, g) / SNR, or min(SNR, g) / (SNR + 1), with g the `snr_limit`. The names say for
            which prediction Hang et al. (2023) use the weight; any may be put on a loss of x0. "min_snr_x0" starves
            the noisy half of the steps, on which generation from pure noise rests.

        Returns
        -------
        Tensor, shape (n,), float32
            On the device of `t`.
        """
        _choice("weight", kind, WEIGHTS)
        snr = self.snr(t)
        limit = torch.full_like(snr, float(self.snr_limit))
        least = torch.minimum(snr, limit)
        weight = {
            "uniform": torch.ones_like(snr),
            "min_snr_x0": least,
            # min(1, g / SNR), which is 1 where the SNR is 0
            "min_snr_eps": torch.minimum(torch.ones_like(snr), limit / snr),
            "min_snr_v": least / (snr + 1),
        }[kind]
        return weight.float().to(t.device if isinstance(t, torch.Tensor) else "cpu")

    def _steps_of(self, t):
        steps = torch.as_tensor(t)
        if steps.is_floating_point() or steps.dtype == torch.bool or steps.is_complex():
            raise InputError(f"steps have type {steps.dtype}; they must be whole numbers.")
        if steps.device.type == "cpu" and steps.numel() and not 0 <= int(steps.min()) <= int(steps.max()) <= self.steps:
            raise InputError(f"steps run from {int(steps.min())} to {int(steps.max())}; allowed are 0 to {self.steps}.")
        return steps.long()

    def _look_up(self, name, t, like):
        steps = self._steps_of(t).to(like.device)
        values = _roots(self, str(like.device))[name][steps].to(like.dtype)
        return values.reshape(values.shape + (1,) * (like.ndim - values.ndim))


def _choice(name, value, choices):
    if value not in choices:
        raise InputError(f"{name}={value!r} must be one of {', '.join(map(repr, choices))}.")


@lru_cache(maxsize=64)
def _alpha_bar(schedule, device):
    steps = schedule.steps
    if schedule.kind == "flow":
        share = torch.arange(steps + 1, dtype=torch.float64) / steps
        return ((1 - share) ** 2 / ((1 - share) ** 2 + share**2)).to(device)
    if schedule.kind == "cosine":
        place = torch.arange(steps + 1, dtype=torch.float64) / steps
        curve = torch.cos((place + _COSINE_OFFSET) / (1 + _COSINE_OFFSET) * math.pi / 2) ** 2
        beta = (1 - curve[1:] / curve[:-1]).clamp(max=_LARGEST_BETA)
    else:
        power = 2 if schedule.kind == "scaled_linear" else 1
        ends = (schedule.beta_start ** (1 / power), schedule.beta_end ** (1 / power))
        beta = torch.linspace(*ends, steps, dtype=torch.float64) ** power
    root = torch.cumprod(1 - beta, 0).sqrt()
    if schedule.zero_terminal_snr:
        root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    kept = torch.cat([torch.ones(1, dtype=torch.float64), root**2])
    return kept.to(device)


@lru_cache(maxsize=64)
def _roots(schedule, device):
    kept = _alpha_bar(schedule, "cpu")
    return {"alpha": kept.sqrt().to(device), "sigma": (1 - kept).sqrt().to(device)}
