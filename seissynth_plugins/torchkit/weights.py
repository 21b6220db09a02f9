"""Weights of learned backends as files: written after a training, read for generation and for further training.

A `Kind` describes the weights of one backend; everything else here is the same for all of them. Only `load_model`
and `save_model` import torch.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from seissynth.errors import FileFormatError, InputError
from seissynth_plugins.torchkit.checkpoints import (
    file_sha256,
    load_into,
    load_weights,
    read_header,
    save_weights,
)
from seissynth_plugins.torchkit.plain_configs import from_plain, to_plain

#: fields of a header that `save_model` writes itself
WRITTEN = ("class", "class_version", "config", "normalisation", "format", "package_version", "dtype")


@dataclass
class Kind:
    """A class of networks whose weights are files of this form.

    Parameters
    ----------
    name : str
        In the header of a file, and of the backend and the trainer.
    version : int
        Increased if a change of the network makes older weights unusable.
    config : type
        Dataclass of its configuration.
    make : callable
        From a configuration to a model; imports torch.
    shipped : pathlib.Path, optional
        Weights shipped with the package, if any.
    sha256 : dict of str to str
        SHA-256 in hex digits of files shipped with releases, by their names: another file of that name is
        refused.
    make_inputs : callable, optional
        Turns the normalisation of a card, plain data, into the object that scales inputs and outputs; ``to_plain()`` of
        that object reverses it. None: the plain data are kept.
    items : {"pairs", "records"}
        Items of its training, which a card counts.
    """

    name: str
    version: int
    config: type
    make: Callable
    shipped: Path | None = None
    sha256: dict = field(default_factory=dict)
    make_inputs: Callable | None = None
    items: str = "records"

    @property
    def train_hint(self):
        """The command that makes weights."""
        return f"seissynth train {self.name} --data SET --config small --output RUN"


def shipped_or_given(path, kind):
    """Return the file to use: the one given, else the one shipped with the package.

    Raises
    ------
    InputError
        Neither is there.
    """
    if path is not None:
        return Path(path)
    if kind.shipped is not None and kind.shipped.is_file():
        return kind.shipped
    raise InputError(
        f"backend {kind.name!r} needs trained weights, and none are installed. Pass weights= with the path "
        f"of a .safetensors file, or train some: {kind.train_hint} writes RUN/weights.safetensors."
    )


def check_shipped(path, kind):
    """Refuse a shipped file that is not the released one; others pass.

    Notes
    -----
    The digest is in the code. It detects damaged or separately exchanged files; anyone who can write into the
    installation can change both. It is computed once for each state of the file, 13 MB in some 10 ms.

    Raises
    ------
    FileFormatError
        With both digests and the remedy.
    """
    if kind.shipped is None or kind.shipped.name not in kind.sha256 or not _same_file(path, kind.shipped):
        return
    sha256, wanted = file_sha256(path), kind.sha256[kind.shipped.name]
    if sha256 != wanted:
        raise FileFormatError(
            f"{path} is not the file of weights shipped with this release of seissynth: its SHA-256 is {sha256}, "
            f"expected is {wanted}. It was altered or damaged; install the package again (python -m pip "
            "install --force-reinstall --no-deps seissynth), or pass weights= with the path of your own weights."
        )


def _same_file(path, other):
    return Path(path).exists() and other.exists() and Path(path).samefile(other)


def read_card(path, kind):
    """Return the card of weights, checked; torch is not imported.

    Raises
    ------
    FileFormatError
        Not weights, of another class or version, cut off, or without normalisation; also `check_shipped`.
    """
    check_shipped(path, kind)
    card = read_header(path)
    if card["class"] != kind.name:
        raise FileFormatError(f"{path} holds weights of {card['class']!r}, not of {kind.name!r}; give the right file.")
    if card["class_version"] != kind.version:
        raise FileFormatError(
            f"{path} holds weights of version {card['class_version']} of {kind.name!r}; this installation needs "
            f"version {kind.version}. Install seissynth {card.get('package_version', 'of that time')}, or train again."
        )
    return card


def read_inputs(card, kind, path="the weights"):
    """Return what scales inputs and outputs, as `Kind.make_inputs` makes it of a card.

    Raises
    ------
    FileFormatError
        It cannot be made.
    """
    if kind.make_inputs is None:
        return card["normalisation"]
    try:
        return kind.make_inputs(card["normalisation"])
    except (InputError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"{path}: the normalisation cannot be used: {error}") from error


def plain_inputs(inputs):
    """Return what scales inputs and outputs as plain data; see `Kind.make_inputs`."""
    return inputs if isinstance(inputs, dict) else inputs.to_plain()


def load_model(path, kind, device="cpu"):
    """Return model (in evaluation mode), inputs and card.

    Raises
    ------
    FileFormatError
        As `read_card`; also weights that do not fit their configuration, are not finite, or that the model's own
        ``check_values(path)`` refuses.
    """
    import torch

    card = read_card(path, kind)
    inputs = read_inputs(card, kind, path)
    try:
        # a new network draws its first weights from torch's global generator, which belongs to the caller
        with torch.random.fork_rng(devices=[]):
            model = kind.make(from_plain(kind.config, card["config"]))
    except (InputError, TypeError) as error:
        raise FileFormatError(f"{path}: its configuration cannot be used: {error}") from error
    values, _ = load_weights(path, kind.name, expected_version=kind.version, device=device)
    load_into(model, values, path)
    check = getattr(model, "check_values", None)
    if check is not None:
        check(path)
    return model.to(device).eval(), inputs, card


def save_model(path, state_dict, config, inputs, about, kind, *, dtype="float16"):
    """Write weights with all that generation needs.

    Parameters
    ----------
    path : path
    state_dict : dict of str to Tensor
    config : dataclass
        Of the kind.
    inputs : object with to_plain(), or dict
        See `Kind.make_inputs`.
    about : dict
        ``training_data_hash``, ``region``, ``licence``, and any other fields of the card.
    kind : Kind
    dtype : {"float16", "float32"}
    """
    card = {
        "class": kind.name,
        "class_version": kind.version,
        "config": to_plain(config),
        "normalisation": plain_inputs(inputs),
        **about,
    }
    save_weights(path, state_dict, card, dtype=dtype)
