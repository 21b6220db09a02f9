"""A common interface to SeisBench's PhaseNet and EQTransformer: build, run on windows, read and write files.

torch and SeisBench are imported on use.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from seissynth.errors import FileFormatError, InputError, MissingDependencyError

#: order of the probabilities that `probabilities` returns
PHASES = ("N", "P", "S")
#: SeisBench's classes by the name used here, and a weight that only its state dict holds
ARCHITECTURES = {"phasenet": ("PhaseNet", "inc.weight"), "eqtransformer": ("EQTransformer", "conv_d.weight")}
#: PhaseNet as Zhu & Beroza (2019) published it, in SeisBench's words; EQTransformer with SeisBench's own defaults
PUBLISHED = {
    "phasenet": {"phases": "NPS", "norm": "std", "component_order": "ENZ"},
    "eqtransformer": {"component_order": "ZNE"},
}
#: share of samples that P, and S, take in training windows, roughly: the output's start
_RARE = 0.0125
_LENGTH_STEP = 256
#: letters of a reason that an error repeats
_LONGEST_REASON = 300
_ORDER = "ZNE"
# Mousavi et al. (2020): detection, P, S; and how far detection reaches beyond S, in S minus P
_EQT_WEIGHTS = (0.05, 0.40, 0.55)
_EQT_CODA = 1.4
_TINY = 1e-5


def import_torch():
    """Return (torch, seisbench.models), or raise an error that says what to install."""
    try:
        import seisbench.models as models
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            f"training and running a picker needs torch and SeisBench ({error}); pip install 'seissynth[eval,torch]'."
        ) from error
    return torch, models


def new_picker(architecture, sampling_rate_hz, npts):
    """Build a picker with weights drawn from torch's generator.

    Parameters
    ----------
    architecture : {"phasenet", "eqtransformer"}
    sampling_rate_hz : float
    npts : int
        Samples of a training window; EQTransformer accepts only this length.

    Returns
    -------
    seisbench.models.WaveformModel
        Component order Z, N, E.

    Notes
    -----
    PhaseNet ends in eight channels after a ReLU and a softmax over noise, P and S. With an output bias near zero, as
    initialised, S has a third of the probability when all eight are silent. Some initialisations then remain there: no
    channel ever learns S, the probability at S stays at 0.3 and most S fall below the threshold. The bias therefore
    starts at the logarithm of the frequency of arrivals, and silence means noise (Lin et al. 2017, section 3.3).
    """
    torch, models = import_torch()
    if architecture not in ARCHITECTURES:
        raise InputError(f"architecture={architecture!r} is unknown; use one of {', '.join(ARCHITECTURES)}.")
    if architecture == "eqtransformer":
        return models.EQTransformer(
            in_samples=npts, phases="PS", norm="std", component_order=_ORDER, sampling_rate=sampling_rate_hz
        )
    model = models.PhaseNet(phases="".join(PHASES), norm="std", component_order=_ORDER, sampling_rate=sampling_rate_hz)
    with torch.no_grad():
        model.out.bias.copy_(torch.log(torch.tensor([1 - 2 * _RARE, _RARE, _RARE])))
    return model


def architecture_of(model):
    """Name of a SeisBench model's architecture: "phasenet" or "eqtransformer"."""
    for name, (class_name, _) in ARCHITECTURES.items():
        if type(model).__name__ == class_name:
            return name
    raise InputError(f"{type(model).__name__} is no picker known here; use {', '.join(ARCHITECTURES)}.")


def probabilities(model, x):
    """Apply a picker to normalised windows.

    Parameters
    ----------
    model : seisbench.models.PhaseNet or EQTransformer
    x : ndarray, shape (n, 3, npts), float32
        Components Z, N, E, normalised by mean and standard deviation (`picker_windows.normalised`).

    Returns
    -------
    torch.Tensor, shape (n, 3, npts)
        Noise, P, S. EQTransformer's three outputs are independent: its noise is one minus the detection.
    """
    torch, _ = import_torch()
    order = [_ORDER.index(letter) for letter in model.component_order]
    wave = torch.from_numpy(np.ascontiguousarray(x[:, order]))
    npts = x.shape[-1]
    if architecture_of(model) == "eqtransformer":
        if npts != model.in_samples:
            raise InputError(f"this EQTransformer takes windows of {model.in_samples} samples, not {npts}.")
        detection, p, s = model(wave)
        return torch.stack([1 - detection, p, s], dim=1)
    # SeisBench's PhaseNet fits its skips at its own 3001 samples and at multiples of 256 only
    padded = torch.nn.functional.pad(wave, (0, -npts % _LENGTH_STEP))
    predicted = model(padded)[..., :npts]
    return predicted[:, [model.labels.index(phase) for phase in PHASES]]


def training_loss(model, x, y):
    """Cross-entropy of noise, P and S; for EQTransformer the weighted sum of its three outputs' (Mousavi et al. 2020).

    Parameters
    ----------
    x, y : ndarray, shape (n, 3, npts), float32
        Result of `picker_windows.training_batch`.
    """
    torch, _ = import_torch()
    predicted = probabilities(model, x)
    if architecture_of(model) == "phasenet":
        return -(torch.from_numpy(y) * torch.log(predicted + _TINY)).mean(dim=(0, 2)).sum()
    wanted = torch.from_numpy(np.stack([_detection(y), y[:, 1], y[:, 2]], axis=1))
    predicted = torch.stack([1 - predicted[:, 0], predicted[:, 1], predicted[:, 2]], dim=1).clamp(_TINY, 1 - _TINY)
    entropy = -(wanted * torch.log(predicted) + (1 - wanted) * torch.log(1 - predicted)).mean(dim=(0, 2))
    return sum(weight * part for weight, part in zip(_EQT_WEIGHTS, entropy, strict=True))


def _detection(y):
    """One from P until 1.4 times S minus P beyond S."""
    out = np.zeros((len(y), y.shape[-1]), np.float32)
    for row, (p, s) in enumerate(y[:, 1:]):
        if p.max() > 0.5:
            first = int(p.argmax())
            last = int(s.argmax()) if s.max() > 0.5 else first
            out[row, first : int(last + _EQT_CODA * max(last - first, 0)) + 1] = 1.0
    return out


def save_picker(model: Any, path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Write a picker's weights, and its configuration (``.json``): the two files of SeisBench.

    Parameters
    ----------
    model : seisbench.models.PhaseNet or EQTransformer
    path : str or path
        Ends in ``.pt``.

    Returns
    -------
    Path
    """
    torch, _ = import_torch()
    path = Path(path)
    if path.suffix != ".pt":
        raise InputError(f"path={str(path)!r} must end in .pt; the .json beside it is written too.")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}; make it first.")
    arguments = {
        "sampling_rate": model.sampling_rate, "norm": model.norm, "component_order": model.component_order,
        "phases": "".join(label for label in model.labels if label != "Detection"),
    }  # fmt: skip
    if architecture_of(model) == "eqtransformer":
        arguments |= {
            "in_samples": model.in_samples, "lstm_blocks": model.lstm_blocks,
            "original_compatible": model.original_compatible,
        }  # fmt: skip
    description = {"docstring": "", "model": type(model).__name__, "model_args": arguments, "default_args": {}}
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(description, indent=1))
    partial.replace(path.with_suffix(".json"))
    torch.save(model.state_dict(), partial)
    partial.replace(path)
    return path


def load_picker(path: str | os.PathLike[str]) -> Any:
    """Read a picker from a local file.

    Parameters
    ----------
    path : str or path
        State dict of SeisBench's PhaseNet or EQTransformer (identified by its names). A ``.json`` in the same folder,
        as written by `save_picker` and SeisBench, describes the model; without one it is assumed to be the published
        PhaseNet (100 Hz, output N, P, S; components E, N, Z; standard deviation), or EQTransformer (100 Hz, 60 s;
        components Z, N, E) with as many LSTM blocks as the file holds, as published or as SeisBench builds it.

    Returns
    -------
    seisbench.models.PhaseNet or EQTransformer
        In evaluation mode.

    Raises
    ------
    InputError
        No such file.
    FileFormatError
        It has other content. Files that would run code when read are refused.
    MissingDependencyError
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"cannot read the picker's weights {path}: there is no such file.")
    torch, models = import_torch()
    try:
        weights = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise FileFormatError(f"{path} is no state dict that torch can read safely: {error}") from error
    names = set(weights) if isinstance(weights, dict) else set()
    architectures = [name for name, (_, mark) in ARCHITECTURES.items() if mark in names]
    if not architectures:
        raise FileFormatError(f"{path} holds no weights of PhaseNet or EQTransformer as SeisBench names them.")
    description = path.with_suffix(".json")
    arguments = PUBLISHED[architectures[0]]
    if architectures[0] == "eqtransformer":
        arguments = {**arguments, **_variant_of_eqtransformer(names)}
    if description.is_file():
        arguments = json.loads(description.read_text()).get("model_args", {})
    model = getattr(models, ARCHITECTURES[architectures[0]][0])(**arguments)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        # torch names every tensor that differs
        words = " ".join(str(error).split())[:_LONGEST_REASON]
        raise FileFormatError(f"{path} does not fit SeisBench's {type(model).__name__}: {words}") from error
    return model.eval()


def _variant_of_eqtransformer(names):
    """Arguments that names of tensors give away: the published network has its own cells, and two LSTM blocks."""
    blocks = {int(found[1]) for name in names if (found := re.match(r"bi_lstm_stack\.members\.(\d+)\.", name))}
    original = any(".lstm.cell_" in name for name in names)
    return {"lstm_blocks": len(blocks), "original_compatible": "non-conservative" if original else False}
