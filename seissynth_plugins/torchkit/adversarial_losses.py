"""Losses of generators and their critics, as functions of scores and records.

Scores are a critic's outputs, of any shape with the records first: higher for records it takes for real, without a
sigmoid. All losses are means over records, taken in float32 at least, and are to be made small by the part that they
are named after. Random numbers are drawn on the CPU and do not depend on the device.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from seissynth.errors import InputError

# --- what critics and generators play for


def wasserstein_critic(real, fake):
    """Return the critic's loss of a Wasserstein GAN, mean D(fake) - mean D(real).

    Parameters
    ----------
    real, fake : Tensor, shape (N, ...)
        Scores.

    Returns
    -------
    Tensor, scalar
        Minus the distance between both distributions, where the critic is the best of slope 1.

    Notes
    -----
    Arjovsky et al. (2017), eq. 2. The slope is bounded by `gradient_penalty`, or by ``TrainConfig.clip_weights``.

    Examples
    --------
    >>> wasserstein_critic(torch.tensor([3.0, 5.0]), torch.tensor([1.0, 0.0])).item()
    -3.5
    """
    return _wide(fake).mean() - _wide(real).mean()


def wasserstein_generator(fake):
    """Return the generator's loss of a Wasserstein GAN, minus mean D(fake); also that of the hinge loss.

    Parameters
    ----------
    fake : Tensor, shape (N, ...)
        Scores.

    Returns
    -------
    Tensor, scalar

    Examples
    --------
    >>> wasserstein_generator(torch.tensor([1.0, 0.0])).item()
    -0.5
    """
    return -_wide(fake).mean()


def hinge_critic(real, fake):
    """Return the critic's hinge loss, mean max(0, 1 - D(real)) + mean max(0, 1 + D(fake)).

    Parameters
    ----------
    real, fake : Tensor, shape (N, ...)
        Scores.

    Returns
    -------
    Tensor, scalar

    Notes
    -----
    Lim and Ye (2017), eq. 12. The generator's loss is `wasserstein_generator`.

    Examples
    --------
    >>> hinge_critic(torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 1.0])).item()
    1.25
    """
    return F.relu(1 - _wide(real)).mean() + F.relu(1 + _wide(fake)).mean()


def nonsaturating_critic(real, fake, smoothing=None):
    """Return the critic's cross-entropy, -mean [t ln p(real) + (1 - t) ln(1 - p(real))] - mean ln(1 - p(fake)).

    Parameters
    ----------
    real, fake : Tensor, shape (N, ...)
        Scores; p is their sigmoid.
    smoothing : (float, float), optional
        The target t of each score is drawn uniformly between both; 1 without.

    Returns
    -------
    Tensor, scalar

    Notes
    -----
    Goodfellow et al. (2014), eq. 1; one-sided label smoothing: Salimans et al. (2016), section 3.4.

    Examples
    --------
    >>> nonsaturating_critic(torch.zeros(2), torch.zeros(2)).item() == 2 * torch.tensor(2.0).log().item()
    True
    """
    return _cross_entropy(real, smoothing) + F.softplus(_wide(fake)).mean()


def nonsaturating_generator(fake, smoothing=None):
    """Return the generator's cross-entropy against "real", -mean ln p(fake) without smoothing.

    Parameters
    ----------
    fake : Tensor, shape (N, ...)
        Scores; p is their sigmoid.
    smoothing : (float, float), optional
        As for `nonsaturating_critic`; (0.9, 1.0) in the published code of ConSeisGen (Li et al. 2024).

    Returns
    -------
    Tensor, scalar

    Notes
    -----
    Goodfellow et al. (2014), section 3: its gradient does not vanish where the critic is sure.

    Examples
    --------
    >>> nonsaturating_generator(torch.zeros(2)).item() == torch.tensor(2.0).log().item()
    True
    """
    return _cross_entropy(fake, smoothing)


class AdversarialLoss(NamedTuple):
    """A critic's loss, of the scores of real and generated records, and its generator's, of the latter.

    Parameters
    ----------
    critic : callable
    generator : callable
    """

    critic: Callable
    generator: Callable


#: by the names that configurations use
ADVERSARIAL_LOSSES = {
    "wasserstein": AdversarialLoss(wasserstein_critic, wasserstein_generator),
    "hinge": AdversarialLoss(hinge_critic, wasserstein_generator),
    "nonsaturating": AdversarialLoss(nonsaturating_critic, nonsaturating_generator),
}


# --- bounds of the critic


def gradient_penalty(critic, real, fake, *conditions, weight=10.0):
    """Return the penalty for slopes of the critic other than 1, weight x mean (||grad D(x)|| - 1)².

    Parameters
    ----------
    critic : callable
        ``critic(x, *conditions)`` -> scores, shape (N, ...). A record's scores must not depend on others of the batch,
        as they would with batch normalisation.
    real, fake : Tensor, shape (N, ...), or tuple of Tensor
        Records. Of tuples, which the critic takes as arguments one after the other, the gradient is that with respect
        to all of them together.
    *conditions : Tensor
        Passed on; the gradient does not include them.
    weight : float

    Returns
    -------
    Tensor, scalar

    Notes
    -----
    Gulrajani et al. (2017), eq. 3: x = e real + (1 - e) fake, with one e, uniform in 0 to 1, for each record. Where
    mixed precision is on, the critic is evaluated in float32 here: the second derivatives of bfloat16 have two digits.
    Attention uses the implementation that can be derived twice. That of cuDNN's recurrent layers cannot: such a critic
    calls them within ``torch.backends.cudnn.flags(enabled=False)``.

    Examples
    --------
    >>> slope = torch.tensor([3.0, 4.0])
    >>> gradient_penalty(lambda x: x @ slope, torch.ones(8, 2), torch.zeros(8, 2), weight=1.0).item()
    16.0
    """
    real, fake = (x if isinstance(x, tuple) else (x,) for x in (real, fake))
    if [x.shape for x in real] != [x.shape for x in fake]:
        shapes = [", ".join(str(tuple(x.shape)) for x in some) for some in (real, fake)]
        raise InputError(f"real records have shape {shapes[0]}, generated ones {shapes[1]}; they must agree.")
    device = real[0].device
    share = torch.rand(len(real[0])).to(device)  # (N,)
    with (
        torch.enable_grad(),
        torch.autocast(device.type, enabled=False),
        sdpa_kernel(SDPBackend.MATH),
    ):
        mixed = tuple(_mixed(a, b, share).requires_grad_() for a, b in zip(real, fake, strict=True))
        scores = critic(*mixed, *(_wide(c) if isinstance(c, torch.Tensor) else c for c in conditions))
        slopes = torch.autograd.grad(scores.sum(), mixed, create_graph=True, allow_unused=True, materialize_grads=True)
        # the norm's derivative at 0 is 0 here; that of a root would be NaN
        norm = torch.linalg.vector_norm(torch.cat([slope.flatten(1) for slope in slopes], dim=1), dim=1)  # (N,)
        return weight * (norm - 1).square().mean()


def _mixed(real, fake, share):
    share = share.reshape(-1, *[1] * (real.dim() - 1))
    real, fake = _wide(real.detach()), _wide(fake.detach())
    return share * real + (1 - share) * fake


# --- what ties a generated record to its condition or target


def acgan_regression(predicted, wanted):
    """Return the error of the critic's second head, mean |predicted - wanted|.

    Parameters
    ----------
    predicted, wanted : Tensor, shape (N, ...)
        Conditions, as the head predicts them from records, and their true values.

    Returns
    -------
    Tensor, scalar

    Notes
    -----
    Odena et al. (2017) classify; ConSeisGen (Li et al. 2024) regresses with the absolute error. The critic adds it for
    real, the generator for generated records.

    Examples
    --------
    >>> acgan_regression(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 0.0])).item()
    1.25
    """
    return (_wide(predicted) - _wide(wanted)).abs().mean()


def diversity(first, second):
    """Return minus the distance between the features of two draws, -mean |first - second|.

    Parameters
    ----------
    first, second : Tensor, shape (N, ...)
        Features phi(G(z)) of records with the same condition and other noise. The second takes no gradient.

    Returns
    -------
    Tensor, scalar

    Notes
    -----
    ConSeisGen (Li et al. 2024): it keeps the generator from ignoring its noise. Without a bound it grows for ever; its
    weight must leave the adversarial loss the upper hand.

    Examples
    --------
    >>> diversity(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0])).item()
    -1.5
    """
    return -(_wide(first) - _wide(second).detach()).abs().mean()


def l1_to_target(made, target, mask=None):
    """Return the mean absolute error of generated records.

    Parameters
    ----------
    made, target : Tensor, shape (N, ...)
    mask : Tensor of bool, broadcast to the shape, optional
        Samples that count.

    Returns
    -------
    Tensor, scalar
        0 where no sample counts.

    Notes
    -----
    Isola et al. (2017), eq. 3.

    Examples
    --------
    >>> made, target = torch.tensor([[1.0, 9.0]]), torch.tensor([[3.0, 0.0]])
    >>> l1_to_target(made, target).item(), l1_to_target(made, target, torch.tensor([[True, False]])).item()
    (5.5, 2.0)
    """
    error = (_wide(made) - _wide(target)).abs()
    if mask is None:
        return error.mean()
    mask = mask.expand_as(error)
    return torch.where(mask, error, 0).sum() / mask.sum().clamp(min=1)


def kl_to_standard_normal(mean, log_variance):
    """Return the divergence of normal distributions from the standard one, in nats.

    Parameters
    ----------
    mean, log_variance : Tensor, shape (N, ...)
        Of independent numbers.

    Returns
    -------
    Tensor, scalar
        Mean over records of the sum of (mean² + variance - 1 - ln variance) / 2.

    Notes
    -----
    Kingma and Welling (2014), appendix B.

    Examples
    --------
    >>> kl_to_standard_normal(torch.ones(4, 3), torch.zeros(4, 3)).item()
    1.5
    """
    mean, log_variance = _wide(mean), _wide(log_variance)
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).flatten(1).sum(1).mean()


def _cross_entropy(scores, smoothing):
    """Cross-entropy of scores to 1, or to targets drawn between both ends of `smoothing`."""
    scores = _wide(scores)
    if smoothing is None:
        return F.softplus(-scores).mean()
    low, high = smoothing
    if not 0 < low <= high <= 1:
        raise InputError(f"smoothing={smoothing!r} must be a range within 0 to 1, such as (0.9, 1.0).")
    targets = (low + (high - low) * torch.rand(scores.shape)).to(scores)
    return F.binary_cross_entropy_with_logits(scores, targets)


def _wide(x):
    """Half precision as float32: a mean over a batch has too few digits in it."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
