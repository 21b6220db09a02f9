"""Weights of HEGGS as files: the functions of `seissynth_plugins.torchkit.weights`, for HEGGS by default."""

import dataclasses
from pathlib import Path

from seissynth_plugins.heggs.networks.config import HeggsConfig
from seissynth_plugins.torchkit import weights as files
from seissynth_plugins.torchkit.weights import WRITTEN, Kind

__all__ = [
    "HEGGS", "WRITTEN", "Kind", "check_shipped", "load_model", "make_inputs", "read_card", "read_inputs",
    "save_model", "shipped_or_given", "with_condition_size",
]  # fmt: skip


def _make_heggs(config):
    from seissynth_plugins.heggs.networks.model import Heggs

    return Heggs(config)


def make_inputs(plain):
    """Return the `ModelInputs` that a card holds as its normalisation."""
    from seissynth_plugins.heggs.inputs import ModelInputs

    return ModelInputs.from_plain(plain)


#: of the shipped weights; tools/heggs/heggs_ship.py prints the hash of a new file
_SHA256 = {"heggs_small.safetensors": "c43cd028bb958ced1583cd324bf9f7717fe3a6ad6a949e14228e2c9f57e0b97c"}

HEGGS = Kind(
    "heggs", 1, HeggsConfig, _make_heggs, Path(__file__).with_name("data") / "heggs_small.safetensors", _SHA256,
    make_inputs=make_inputs, items="pairs",
)  # fmt: skip


def shipped_or_given(path, kind=HEGGS):
    """Return the file to use: the one given, else the one shipped with the package."""
    return files.shipped_or_given(path, kind)


def check_shipped(path, kind=HEGGS):
    """Refuse a shipped file that is not the released one; others pass."""
    files.check_shipped(path, kind)


def read_card(path, kind=HEGGS):
    """Return the card of weights, checked; torch is not imported."""
    return files.read_card(path, kind)


def read_inputs(card, path="the weights"):
    """Return the `ModelInputs` that a card holds."""
    return files.read_inputs(card, HEGGS, path)


def load_model(path, device="cpu", kind=HEGGS):
    """Return model (in evaluation mode), inputs and card."""
    return files.load_model(path, kind, device)


def save_model(path, state_dict, config, inputs, card, *, dtype="float16", kind=HEGGS):
    """Write weights with all that generation needs."""
    files.save_model(path, state_dict, config, inputs, card, kind, dtype=dtype)


def with_condition_size(config, size):
    """Return a configuration whose condition encoder takes vectors of that length."""
    return dataclasses.replace(config, condition=dataclasses.replace(config.condition, size=size))
