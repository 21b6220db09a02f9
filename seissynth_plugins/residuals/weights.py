"""Files of residual models: arrays in one .npz without pickle, with a header in JSON and a hash of all of it."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.atomic import replacing
from seissynth_plugins.residuals.kernel import NAMES, Places
from seissynth_plugins.residuals.kriging import Kriging
from seissynth_plugins.residuals.observations import Observations
from seissynth_plugins.residuals.patterns import SHAPE, Patterns

#: of the file
FORMAT, VERSION = "seissynth residual model", 1
_PLACE_ARRAYS = tuple(Places.__dataclass_fields__)


@dataclass(frozen=True)
class ResidualModel:
    """Patterns, hyper-parameters, and optionally the records of a region.

    Parameters
    ----------
    patterns : Patterns
    parameters : ndarray, shape (patterns, 12)
        In the order of `kernel.NAMES`.
    about : dict
        JSON: what it was fitted on, licence, options of the mean that the residuals refer to, calibration.
    archive : Observations, optional
        Records that the region's stations, paths and places are known from.
    """

    patterns: Patterns
    parameters: np.ndarray
    about: dict = field(default_factory=dict)
    archive: Observations | None = None

    def kriging(self):
        """Return the Gaussian processes of the coordinates."""
        return Kriging(self.parameters, self.archive)

    def portable(self):
        """Return the model without records of a region."""
        return ResidualModel(self.patterns, self.parameters, self.about)


def write_model(path, model):
    """Write a model.

    Parameters
    ----------
    path : str or path
        A file that ends in .npz.
    model : ResidualModel

    Returns
    -------
    str
        Its hash, as `read_model` computes it.

    Raises
    ------
    InputError
        Another ending, or arrays that do not belong together.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise InputError(f"residuals: {path.name} must end in .npz.")
    arrays = {
        "patterns": model.patterns.values.astype(np.float32),
        "parameters": np.asarray(model.parameters, dtype=np.float64),
    }
    if model.archive is not None:
        arrays |= {f"archive_{name}": getattr(model.archive.places, name) for name in _PLACE_ARRAYS}
        arrays |= {"archive_values": model.archive.values, "archive_variances": model.archive.variances}
    if arrays["patterns"].shape[1:] != SHAPE or arrays["parameters"].shape != (len(arrays["patterns"]), len(NAMES)):
        raise InputError(
            f"residuals: patterns of shape {arrays['patterns'].shape} and hyper-parameters of shape "
            f"{arrays['parameters'].shape} do not belong together."
        )
    objects = [name for name, array in arrays.items() if np.asarray(array).dtype.hasobject]
    if objects:
        raise InputError(f"residuals: {', '.join(objects)} hold Python objects; give numbers or texts.")
    header = {
        "format": FORMAT, "version": VERSION, "noise": model.patterns.noise, "names": list(NAMES),
        "about": model.about, "hash": "",
    }  # fmt: skip
    header["hash"] = _digest(header, arrays)
    stored = {"header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8), **arrays}
    with replacing(path) as beside, beside.open("wb") as file:
        # no allow_pickle=False: NumPy before 2.1 would store it as an array
        np.savez_compressed(file, **stored)
    return header["hash"]


def read_model(path):
    """Read a model.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    model : ResidualModel
    digest : str
        16 hexadecimal digits.

    Raises
    ------
    FileFormatError
        Not such a file, of another version, or damaged.
    InputError
        No such file.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"residuals: {path} cannot be read: {error.strerror}.") from error
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        header = json.loads(arrays.pop("header").tobytes().decode())
        known = header["format"] == FORMAT
    except (ValueError, KeyError, TypeError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise FileFormatError(f"residuals: {path.name} is no residual model: {error}.") from error
    if not known or header.get("version") != VERSION:
        raise FileFormatError(
            f"residuals: {path.name} is {header['format']!r}, version {header.get('version')!r}; this package reads "
            f"{FORMAT!r}, version {VERSION}."
        )
    try:
        if header["hash"] != _digest(header, arrays) or header["names"] != list(NAMES):
            raise FileFormatError(f"residuals: {path.name} is damaged: its content does not have the hash it states.")
        archive = None
        if "archive_values" in arrays:
            places = Places(*(arrays[f"archive_{name}"] for name in _PLACE_ARRAYS))
            archive = Observations(places, arrays["archive_values"], arrays["archive_variances"])
        patterns = Patterns(arrays["patterns"], float(header["noise"]))
        return ResidualModel(patterns, arrays["parameters"], header["about"], archive), header["hash"]
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"residuals: {path.name} lacks a part: {error}.") from error


def _digest(header, arrays):
    digest = hashlib.sha256(json.dumps({**header, "hash": ""}, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]
