"""A moving average of a model's parameters: the final weights of a training."""

import contextlib

import torch

from seissynth.errors import InputError


class EMA:
    """Exponential moving average of parameters; buffers are copied.

    Parameters
    ----------
    model : torch.nn.Module
    decay : float
        0 to below 1. After n updates min(decay, (1 + n) / (10 + n)) is used; the first steps are soon forgotten.
    without : iterable of torch.nn.Parameter
        Parameters that are neither averaged nor kept, nor are the buffers of modules that have no other parameters.
    buffers : {"copy", "average"}
        "average" averages the running mean and variance of normalisation layers, too.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> average = EMA(model, 0.5)
    >>> with torch.no_grad():
    ...     _ = model.weight.fill_(2.0)
    >>> average.update(model)
    >>> with average.applied(model):
    ...     inside = model.weight.item()
    >>> inside == average.state_dict()["weight"].item(), model.weight.item()
    (True, 2.0)
    """

    def __init__(self, model, decay=0.999, without=(), buffers="copy"):
        if not 0 <= decay < 1:
            raise InputError(f"decay={decay!r} of the moving average must be 0 or more and below 1.")
        self.decay = float(decay)
        self.updates = 0
        self._averaged = {name for name, _ in model.named_parameters()}
        if buffers == "average":
            self._averaged |= _running_statistics(model)
        left_out = _left_out(model, without)
        values = {name: value for name, value in model.state_dict().items() if name not in left_out}
        self._values = {name: value.detach().clone() for name, value in values.items()}

    @torch.no_grad()
    def update(self, model):
        """Take in the model's present parameters."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        values = model.state_dict()
        for name, mine in self._values.items():
            value = values[name]
            if name in self._averaged and mine.is_floating_point():
                mine.lerp_(value.detach().to(mine), 1 - decay)
            else:
                mine.copy_(value)

    @contextlib.contextmanager
    def applied(self, model):
        """Give the model the averaged parameters for the length of a ``with`` block."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict({**own, **self._values})
        try:
            yield model
        finally:
            model.load_state_dict(own)

    def state_dict(self):
        """Return the averaged parameters and buffers, under the model's names (no copies)."""
        return dict(self._values)

    def load_state_dict(self, values, updates):
        """Go on from `values` after so many updates."""
        if set(values) != set(self._values):
            wrong = sorted(set(values) ^ set(self._values))
            raise InputError(f"the moving average does not fit the model: {', '.join(wrong[:5])}.")
        for name, mine in self._values.items():
            mine.copy_(values[name])
        self.updates = int(updates)

    def to(self, device):
        """Move the averages."""
        self._values = {name: value.to(device) for name, value in self._values.items()}
        return self


def _running_statistics(model):
    """Names of the running means and variances of normalisation layers; their numbers of batches are no such."""
    return {name for name in model.state_dict() if name.rpartition(".")[2] in ("running_mean", "running_var")}


def _left_out(model, parameters):
    """Names of parameters, and of the buffers that belong to them alone.

    A buffer belongs to the parameters of the nearest module around it that has any.
    """
    left = {id(parameter) for parameter in parameters}
    out = {name for name, value in model.named_parameters(remove_duplicate=False) if id(value) in left}
    for name, _ in model.named_buffers(remove_duplicate=False):
        path, around = name, []
        while path and not around:
            path = path.rpartition(".")[0]
            around = list(model.get_submodule(path).parameters())
        if around and all(id(parameter) in left for parameter in around):
            out.add(name)
    return out
