"""Weights of HEGGS as files: written after a training, read for generation and for further training."""

import dataclasses
from pathlib import Path

from seissynth.errors import FileFormatError, InputError
from seissynth_plugins.heggs.config import HeggsConfig, from_plain, to_plain
from seissynth_plugins.torchkit.checkpoints import load_into, load_weights, read_header, save_weights

CLASS = "heggs"
#: raised when the network changes so that older weights no longer fit
VERSION = 1

#: what the package brings, if it does
SHIPPED = Path(__file__).with_name("data") / "heggs_small.safetensors"

TRAIN_HINT = "seissynth train heggs --data SET --config small --output RUN"


def shipped_or_given(path):
    """Return the file to use: the one given, else the one that the package brings.

    Raises
    ------
    InputError
        Neither is there.
    """
    if path is not None:
        return Path(path)
    if SHIPPED.is_file():
        return SHIPPED
    raise InputError(
        "backend 'heggs' needs trained weights, and this installation brings none. Pass weights= with the path of a "
        f".safetensors file, or train some: {TRAIN_HINT} writes RUN/weights.safetensors."
    )


def read_card(path):
    """Return the card of weights of HEGGS, checked; torch is not imported.

    Raises
    ------
    FileFormatError
        Not weights, of another class or version, cut off, or without normalisation.
    """
    card = read_header(path)
    if card["class"] != CLASS:
        raise FileFormatError(f"{path} holds weights of {card['class']!r}, not of {CLASS!r}; give the right file.")
    if card["class_version"] != VERSION:
        raise FileFormatError(
            f"{path} holds weights of version {card['class_version']} of {CLASS!r}; this installation needs version "
            f"{VERSION}. Install seissynth {card.get('package_version', 'of that time')}, or train again."
        )
    return card


def read_inputs(card, path="the weights"):
    """Return the `ModelInputs` that a card holds."""
    from seissynth_plugins.heggs.inputs import ModelInputs

    try:
        return ModelInputs.from_plain(card["normalisation"])
    except (InputError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"{path}: the normalisation cannot be used: {error}") from error


def load_model(path, device="cpu"):
    """Return model (in evaluation mode), inputs and card.

    Raises
    ------
    FileFormatError
        As `read_card`; also weights that do not fit their configuration, or are not finite.
    """
    from seissynth_plugins.heggs.model import Heggs

    card = read_card(path)
    inputs = read_inputs(card, path)
    try:
        model = Heggs(from_plain(HeggsConfig, card["config"]))
    except (InputError, TypeError) as error:
        raise FileFormatError(f"{path}: its configuration cannot be used: {error}") from error
    values, _ = load_weights(path, CLASS, expected_version=VERSION, device=device)
    load_into(model, values, path)
    return model.to(device).eval(), inputs, card


def save_model(path, state_dict, config, inputs, about, *, dtype="float16"):
    """Write weights with all that generation needs.

    Parameters
    ----------
    path : path
    state_dict : dict of str to Tensor
    config : HeggsConfig
    inputs : ModelInputs
    about : dict
        ``training_data_hash``, ``region``, ``licence``, ``ranges``, and whatever else the card shall say.
    dtype : {"float16", "float32"}
    """
    card = {
        "class": CLASS,
        "class_version": VERSION,
        "config": to_plain(config),
        "normalisation": inputs.to_plain(),
        **about,
    }
    save_weights(path, state_dict, card, dtype=dtype)


def with_condition_size(config, size):
    """Return a configuration whose condition encoder takes vectors of that length."""
    return dataclasses.replace(config, condition=dataclasses.replace(config.condition, size=size))
