"""Parts of a model that are trained in turn, and their optimisers."""

import contextlib

import torch

from seissynth.errors import InputError
from seissynth.seeding import hash_words

#: name of the part of a model that has no others
WHOLE = "loss"


def parts_of(model):
    """Return the model's parts: name -> list of parameters that take gradients."""
    if not hasattr(model, "parts"):
        return {WHOLE: [p for p in model.parameters() if p.requires_grad]}
    parts = {name: [p for p in parameters if p.requires_grad] for name, parameters in model.parts().items()}
    if not parts:
        raise InputError("the model's parts() is empty; give at least one name with parameters.")
    return parts


def make_optimizer(config, part, parameters):
    """Return the optimiser of a part."""
    if not parameters:
        raise InputError(f"the part {part!r} of the model has no parameter that takes a gradient.")
    rate, weight_decay = config.of_part("learning_rate", part), config.of_part("weight_decay", part)
    name = config.of_part("optimizer", part)
    if name == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, weight_decay=weight_decay)
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[name]
    return kind(parameters, lr=rate, betas=config.of_part("betas", part), weight_decay=weight_decay)


def not_averaged(config, parts):
    """Return the parameters of the parts whose moving average is not kept."""
    if config.ema_parts is None:
        return []
    return [parameter for name, part in parts.items() if name not in config.ema_parts for parameter in part]


@torch.no_grad()
def clip_weights(parameters, limit):
    """Clip weights to -limit ... limit; None leaves them."""
    if limit is not None:
        for parameter in parameters:
            parameter.clamp_(-limit, limit)


@contextlib.contextmanager
def only(parts, name):
    """Let only one part's parameters take gradients."""
    others = [p for other, parameters in parts.items() if other != name for p in parameters]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)


@contextlib.contextmanager
def seeded(device, *words):
    """Seed torch for a block of code, and restore its state afterwards."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(hash_words(*words) >> 1)
        yield
