"""Choose the device and precision in which a network generates."""

import torch

from seissynth.errors import InputError

PRECISIONS = ("auto", "float32", "mixed")


def chosen_precision(precision, device):
    """Return "float32" or "mixed".

    Parameters
    ----------
    precision : {"auto", "float32", "mixed"}
        "auto" is "mixed" where the processor multiplies matrices in bfloat16. The choice depends on the machine alone,
        not on a timing; one machine always gives the same bits.
    device : str or torch.device

    Raises
    ------
    InputError
        Another word.
    """
    if precision not in PRECISIONS:
        raise InputError(f'precision={precision!r} must be "auto", "float32" or "mixed".')
    if precision == "auto":
        return "mixed" if multiplies_bfloat16(torch.device(device)) else "float32"
    return precision


def multiplies_bfloat16(device):
    """Whether a torch.device multiplies matrices of bfloat16 faster than those of float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    # oneDNN runs bfloat16 faster than float32 only with the instructions for it
    capable = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and capable is not None and bool(capable())


def lstm_takes_bfloat16(device="cpu"):
    """Whether PyTorch has an LSTM in bfloat16 for a device: it has none for some processors without AVX-512."""
    device = torch.device(device)
    try:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            torch.nn.LSTM(3, 6, device=device)(torch.zeros(2, 1, 3, device=device))
    except RuntimeError:
        return False
    return True


def usable_device(name, backend):
    """Return the torch.device of that name, or an error that says why it cannot be used.

    Parameters
    ----------
    name : str
        As "cpu", "cuda:1".
    backend : str
        As messages name it.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"{backend}: device={name!r} is no device of PyTorch: {error}.") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"{backend}: device={name!r} was asked for, and PyTorch sees no GPU; pass 'cpu'.")
    return device
