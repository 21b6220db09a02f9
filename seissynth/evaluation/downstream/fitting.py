"""Fitting of small networks to records: Adam, a decaying rate, and the best weights on a development set.

torch is optional and imported on use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from seissynth.errors import MissingDependencyError

#: largest norm of the gradient
_CLIP = 1.0


def import_torch(who: str) -> Any:
    """Return torch, or raise an error that names `who` and the command to install it."""
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(f"{who} needs torch ({error}); pip install 'seissynth[torch]'.") from error
    return torch


def fit_network(
    model: Any,
    config: Any,
    batch_loss: Callable[[], Any],
    dev_loss: Callable[[], float],
    progress: Callable[..., Any] | None = None,
) -> Any:
    """Fit a network; the result has the weights with the lowest loss on the development set.

    Parameters
    ----------
    model : torch.nn.Module
    config : object
        With `steps`, `learning_rate`, and `check_every`, steps between losses on the development set.
    batch_loss : callable
        Draws a batch, and returns its loss, a scalar tensor.
    dev_loss : callable
        Called in evaluation mode, without gradients.
    progress : callable, optional
        Called with (step, loss on the development set).

    Returns
    -------
    torch.nn.Module
        `model`, in evaluation mode.

    Notes
    -----
    Adam, with half-cosine decay of the rate to a hundredth, gradients clipped to a norm of 1.
    """
    import torch

    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    best, kept = np.inf, None
    for step in range(1, config.steps + 1):
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * step / config.steps)))
        loss = batch_loss()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimiser.step()
        if step % config.check_every == 0 or step == config.steps:
            model.eval()
            with torch.no_grad():
                value = dev_loss()
            if progress:
                progress(step, value)
            if value < best:
                best, kept = value, {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(kept)
    return model.eval()
