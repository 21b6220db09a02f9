"""Reverse steps whose variance the network predicts (Nichol and Dhariwal 2021, arXiv 2102.09672).

The network says for each value where between the two bounds, the variance of the posterior and that of the forward
step, the logarithm of the reverse step's variance is. It is trained by the variational bound beside the squared error
of the mean, which the bound leaves alone.
"""

import math

import torch


def log_variance(schedule, t, share, u=None):
    """Return the logarithm of the variance of a reverse step.

    Parameters
    ----------
    schedule : NoiseSchedule
    t : int or Tensor of int, shape (n,)
        Step it starts from, 1 to T.
    share : Tensor, shape (n, ...)
        0: the posterior's variance ``(1 - abar_t/abar_u) (1 - abar_u) / (1 - abar_t)``; 1: the forward step's,
        ``1 - abar_t/abar_u``.
    u : int or Tensor of int, shape (n,), optional
        Step it leads to; default t - 1.

    Returns
    -------
    Tensor, shape (n, ...)

    Notes
    -----
    The posterior's variance of the step to clean data is 0; that of step 2 replaces it, as in the authors' code.
    """
    t = torch.as_tensor(t).reshape(-1)
    u = t - 1 if u is None else torch.as_tensor(u).reshape(-1)
    lower, upper = _bounds(schedule, t.cpu(), u.cpu())
    shape = (-1,) + (1,) * (share.ndim - 1)
    lower, upper = (bound.to(share).reshape(shape) for bound in (lower, upper))
    return share * upper + (1 - share) * lower


def _bounds(schedule, t, u):
    kept = schedule.alpha_bar
    taken = 1 - kept[t] / kept[u]
    # the step to clean data has no variance; that of the next step replaces it
    reach = torch.where(u == 0, kept[1], kept[u])
    last = torch.where(u == 0, kept[2], kept[t])
    lower = (1 - last / reach) * (1 - reach) / (1 - last)
    return lower.log(), taken.log()


def variational_bound(schedule, x0, x_t, t, predicted_x0, share):
    """Return the divergence of the predicted reverse step from the true one, bits a value, shape (n,).

    Parameters
    ----------
    schedule : NoiseSchedule
    x0, x_t : Tensor, shape (n, ...)
    t : Tensor of int, shape (n,)
    predicted_x0 : Tensor, shape (n, ...)
        Its gradient is not taken: the bound trains the variance alone.
    share : Tensor, shape (n, ...)
        See `log_variance`.

    Notes
    -----
    ``KL(N(m1, v1) | N(m2, v2)) = (ln(v2/v1) + v1/v2 + (m1 - m2)²/v2 - 1) / 2``. At step 1, which leads to clean data,
    the negative logarithm of the density of the data replaces the likelihood of a grey level, which images have and
    waveforms do not.
    """
    mean, variance = _posterior(schedule, x0, x_t, t)
    predicted, _ = _posterior(schedule, predicted_x0.detach(), x_t, t)
    said = log_variance(schedule, t, share)
    divergence = 0.5 * (said - variance + (variance - said).exp() + (mean - predicted).square() * (-said).exp() - 1)
    density = 0.5 * (math.log(2 * math.pi) + said + (x0 - predicted).square() * (-said).exp())
    first = (t == 1).reshape((-1,) + (1,) * (x0.ndim - 1)).to(x0.device)
    return torch.where(first, density, divergence).flatten(1).mean(1) / math.log(2)


def _posterior(schedule, x0, x_t, t):
    """Mean and logarithm of the variance of the step to t - 1, given the data (Ho et al. 2020, eq. 7)."""
    shape = (-1,) + (1,) * (x0.ndim - 1)
    steps = t.cpu()
    kept = schedule.alpha_bar
    step = kept[steps] / kept[steps - 1]
    first = kept[steps - 1].sqrt() * (1 - step) / (1 - kept[steps])
    second = step.sqrt() * (1 - kept[steps - 1]) / (1 - kept[steps])
    variance, _ = _bounds(schedule, steps, steps - 1)
    first, second, variance = (value.to(x0).reshape(shape) for value in (first, second, variance))
    return first * x0 + second * x_t, variance
