"""Weights as one self-describing file: safetensors, with the card of the weights in its header.

Reading the header takes the standard library only. Pickles are refused: loading one runs any code in it.
"""

import functools
import hashlib
import json
import math
import os
from pathlib import Path

from seissynth.errors import FileFormatError, InputError, MissingDependencyError
from seissynth.shared.atomic import replacing, write_error
from seissynth.shared.wording import a_kind

#: version of the header's form
FORMAT = 1

#: key of the header that holds the card, as JSON text
CARD_KEY = "seissynth"

#: fields that a card must hold, and their meaning
CARD_FIELDS = {
    "class": "name of the model's class, such as 'heggs'",
    "class_version": "whole number, raised when a change of the network makes old weights unusable",
    "config": "dict of the arguments that the model was made with",
    "normalisation": "dict of the statistics that its inputs and outputs are scaled by; not empty",
    "training_data_hash": "digest of the training data",
    "region": "where the training data come from",
    "licence": "SPDX name of the weights' licence",
}

#: precisions in which weights are stored
DTYPES = ("float32", "float16")

#: longest header that is read, bytes; the same bound as in safetensors
_LONGEST_HEADER = 100_000_000


def save_weights(path, state_dict, card, *, dtype="float32"):
    """Write weights and their card; the file is either complete or not there.

    Parameters
    ----------
    path : str or path
        Ends with ``.safetensors``; the folder must exist.
    state_dict : dict of str to Tensor
        Floating tensors are stored as `dtype`, others unchanged. All finite.
    card : dict
        Plain data with every key of `CARD_FIELDS`; further ones (metrics, number of steps) are kept. The package's
        version is added.
    dtype : {"float32", "float16"}
        "float16" halves the file; values above 65504 are refused.

    Raises
    ------
    InputError
        A key of the card missing, empty normalisation, values that are not plain data, NaN or infinite weights, weights
        that float16 cannot hold, no such folder.
    WriteError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile, torch
    >>> from seissynth_plugins.torchkit.checkpoints import load_weights, save_weights
    >>> card = {"class": "toy", "class_version": 1, "config": {"width": 2}, "normalisation": {"mean": 0.5},
    ...         "training_data_hash": "0" * 16, "region": "Southern California", "licence": "MIT"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(f"{folder}/toy.safetensors", {"w": torch.ones(2)}, card)
    ...     weights, header = load_weights(f"{folder}/toy.safetensors", "toy")
    >>> weights["w"].tolist(), header["config"]
    ([1.0, 1.0], {'width': 2})
    """
    import seissynth

    path = Path(path)
    if path.suffix != ".safetensors":
        raise InputError(f"cannot write weights to {path.name}: the name must end with .safetensors.")
    if dtype not in DTYPES:
        raise InputError(f"dtype={dtype!r} must be one of {', '.join(map(repr, DTYPES))}.")
    wrong = _card_trouble(card)
    if wrong:
        raise InputError(f"the card of the weights {wrong}.")
    card = {**card, "format": FORMAT, "package_version": seissynth.__version__, "dtype": dtype}
    try:
        text = json.dumps(card, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"the card of the weights is no plain data: {error}.") from error
    write_tensors(path, _stored(state_dict, dtype), {CARD_KEY: text})


def load_weights(path, expected_class=None, *, expected_version=None, device="cpu"):
    """Read weights and their card.

    Parameters
    ----------
    path : str or path
    expected_class : str, optional
        Required ``class`` of the card.
    expected_version : int, optional
        Required ``class_version`` of the card.
    device : str
        Where the tensors go.

    Returns
    -------
    state_dict : dict of str to Tensor
        Floating tensors as float32.
    header : dict
        The card.

    Raises
    ------
    FileFormatError
        No such file, a pickle, a foreign, truncated or damaged file, weights of another class or version, no
        normalisation, weights that are not finite.
    """
    header = read_header(path)
    have = header["class"], header["class_version"]
    if expected_class is not None and have[0] != expected_class:
        raise FileFormatError(f"{path} holds weights of {have[0]!r}, not of {expected_class!r}; give the right file.")
    if expected_version is not None and have[1] != expected_version:
        raise FileFormatError(
            f"{path} holds weights of version {have[1]} of {have[0]!r}; this installation (seissynth "
            f"{_version()}) needs version {expected_version}, and the weights were written by seissynth "
            f"{header.get('package_version', '?')}. Install that release, or train again."
        )
    tensors, _ = read_tensors(path, device=device)
    out = {}
    for name, value in tensors.items():
        out[name] = value.float() if value.is_floating_point() else value
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise FileFormatError(f"{path}: the weights {name!r} hold NaN or infinite values; the file is unusable.")
    return out, header


def load_into(model, state_dict, path="the weights"):
    """Put `state_dict` into a model; names and shapes must agree.

    Raises
    ------
    FileFormatError
        With the first names that are missing, not known, or of another shape.
    """
    own = model.state_dict()
    missing, unknown = sorted(set(own) - set(state_dict)), sorted(set(state_dict) - set(own))
    shapes = [
        f"{name} {tuple(state_dict[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in state_dict and state_dict[name].shape != own[name].shape
    ]
    for what, names in (("lacks", missing), ("has, unknown to the model,", unknown), ("has other shapes:", shapes)):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise FileFormatError(f"{path} {what} {', '.join(names[:3])}{more}; the configuration is another one.")
    model.load_state_dict(state_dict)
    return model


def read_header(path):
    """Return the card of a weights file, checked, without reading the weights or importing torch.

    Raises
    ------
    FileFormatError
        As `load_weights`, but for class and version.
    """
    path = Path(path)
    text = _metadata(path).get(CARD_KEY)
    if text is None:
        raise FileFormatError(
            f"{path} is a safetensors file without seissynth's card; it was written by another program, so "
            "configuration and normalisation are unknown. Give weights that `save_weights` wrote."
        )
    try:
        card = json.loads(text)
    except ValueError as error:
        raise FileFormatError(f"{path}: the card of the weights is no JSON text: {error}.") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        card_format = card.get("format") if isinstance(card, dict) else None
        raise FileFormatError(
            f"{path}: the card has format {card_format!r}; this installation reads {FORMAT}. Install the release that "
            "wrote it."
        )
    wrong = _card_trouble(card)
    if wrong:
        raise FileFormatError(f"{path}: the card of the weights {wrong}; write them again with `save_weights`.")
    return card


def weights_hash(path, digits=16):
    """Return the first hex digits of the SHA-256 of a file: the value of `Backend.weights_hash`."""
    return file_sha256(path)[:digits]


def file_sha256(path):
    """Return the SHA-256 of a file in hex digits, computed again only where the file has changed."""
    try:
        state = os.stat(path)  # noqa: PTH116 (of "", Path would make the working folder)
    except OSError as error:
        raise FileFormatError(f"cannot read the weights {path}: {error.strerror or error}.") from error
    # the time of the last change of any kind, too: that of the contents can be set back
    return _sha256(str(path), state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path, *_):
    with _opened(Path(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- tensors with plain text beside them; also used for the state of a training


def write_tensors(path, tensors, metadata):
    """Write a dict of tensors and a dict of texts as safetensors, beside `path` first, then under its name."""
    save_file = _safetensors("save_file")
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    with replacing(path) as beside:
        beside.touch()
        mode = beside.stat().st_mode  # as for any other file; safetensors lets no one but the owner read
        try:
            save_file(plain, str(beside), metadata=metadata)
            beside.chmod(mode)
        except Exception as error:
            if type(error).__name__ != "SafetensorError":  # how safetensors reports what the system refuses
                raise
            raise write_error(path, error) from error


def read_tensors(path, *, device="cpu"):
    """Return tensors and texts of a safetensors file; errors as in `load_weights`."""
    load_file = _safetensors("load_file")
    metadata = _metadata(Path(path))
    try:
        return load_file(str(path), device=device), metadata
    except Exception as error:
        raise FileFormatError(f"{path} is damaged: {error}. Get the file again.") from error


def _safetensors(name):
    try:
        import safetensors.torch
    except ImportError as error:
        raise MissingDependencyError(
            "weights are read and written with PyTorch and safetensors: python -m pip install 'seissynth[torch]'"
        ) from error
    return getattr(safetensors.torch, name)


def _opened(path):
    try:
        return open(path, "rb")  # noqa: PTH123 (as above)
    except OSError as error:
        raise FileFormatError(f"cannot read the weights {path}: {error.strerror or error}.") from error


def _metadata(path):
    """Texts of the header, after checks that reject foreign and truncated files."""
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(8)
        length = int.from_bytes(head, "little") if len(head) == 8 else -1
        # the length of a good header may well begin like a pickle, hence the brace after it is checked first
        if not 2 <= length <= _LONGEST_HEADER or file.read(1) != b"{":
            if head[:4] == b"PK\x03\x04" or head[:1] == b"\x80":
                raise FileFormatError(
                    f"{path} is a pickle (as torch.save writes): loading it could run any program, so it is refused. "
                    "Give a .safetensors file."
                )
            raise FileFormatError(f"{path} is no safetensors file; give weights that `save_weights` wrote.")
        file.seek(8)
        text = file.read(length)
    if len(text) < length:
        raise FileFormatError(f"{path} is cut off within its header ({size} bytes); get the file again.")
    try:
        header = json.loads(text)
        ends = [int(value["data_offsets"][1]) for name, value in header.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise FileFormatError(f"{path} is no safetensors file: its header cannot be read.") from error
    needed = 8 + length + max(ends, default=0)
    if size != needed:
        what = "is cut off" if size < needed else "has more than it says"
        raise FileFormatError(f"{path} {what}: {size} bytes, its header says {needed}; get the file again.")
    metadata = header.get("__metadata__")
    return metadata if isinstance(metadata, dict) else {}


# --- the card, and stored weights


def _card_trouble(card):
    """Error in a card, as the rest of a sentence, or None."""
    if not isinstance(card, dict):
        return f"is {a_kind(card)}; it must be a dict"
    for name, meaning in CARD_FIELDS.items():
        if name not in card:
            return f"lacks {name!r} ({meaning})"
    if not isinstance(card["normalisation"], dict) or not card["normalisation"]:
        return f"has normalisation {card['normalisation']!r}; without the statistics the weights are unusable"
    if not isinstance(card["config"], dict):
        return f"has config {card['config']!r:.60}; it must be a dict"
    if isinstance(card["class_version"], bool) or not isinstance(card["class_version"], int):
        return f"has class_version {card['class_version']!r}; it must be a whole number"
    return None


def _stored(state_dict, dtype):
    import torch

    out = {}
    for name, value in state_dict.items():
        if value.is_floating_point():
            largest = float(value.abs().max()) if value.numel() else 0.0
            if not math.isfinite(largest):
                raise InputError(f"the weights {name!r} hold NaN or infinite values; they are not written.")
            if dtype == "float16" and largest > torch.finfo(torch.float16).max:
                raise InputError(
                    f"the weights {name!r} reach {largest:g}, more than float16 holds (65504); "
                    'write them with dtype="float32".'
                )
            value = value.to(getattr(torch, dtype))
        out[name] = value
    return out


def _version():
    import seissynth

    return seissynth.__version__
