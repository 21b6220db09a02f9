"""The auxiliary phase of the amplitude correction: a few Griffin-Lim iterations, without gradient."""

from functools import lru_cache

import numpy as np
import torch

from seissynth.seeding import generator
from seissynth.signal import STFT, griffinlim

#: geometry of the spectrograms: 60 s at 100 Hz (appendix C.2)
NPTS, TRANSFORM = 6000, STFT(nfft=128, hop=16)
_MOMENTUM = 0.99
#: relative to a record's largest amplitude; what is below is nothing to an audible precision of float32
_LEAST_LN = -60.0


def auxiliary_phase(log_amplitude, iterations):
    """Return phases that belong to amplitudes.

    Parameters
    ----------
    log_amplitude : Tensor, shape (N, 3, 64, 376)
        ln A, any unit; bins 0 to 63 of 65, the last is taken as zero.
    iterations : int
        Of the fast Griffin-Lim algorithm, from phases that are random but the same for every record: a record's result
        depends on nothing but its own amplitudes.

    Returns
    -------
    Tensor, shape (N, 3, 64, 376)
        Radians, -pi to pi, float32, on the device of the input.

    Notes
    -----
    On the CPU through `seissynth.signal.griffinlim`; elsewhere the same algorithm in torch, as copies to the CPU and
    back would take longer than the rest of a training step.
    """
    with torch.no_grad():
        values = log_amplitude.float()
        relative = (values - values.amax(dim=(1, 2, 3), keepdim=True)).clamp(min=_LEAST_LN)
        amplitude = torch.nn.functional.pad(relative.exp(), (0, 0, 0, 1))  # (N, 3, 65, 376)
        # a network that diverges must be seen by the loss, not by the transform's check of its input
        amplitude = amplitude.nan_to_num(0.0)
        refine = phase_by_numpy if amplitude.device.type == "cpu" else phase_by_torch
        return refine(amplitude, iterations)[:, :, :-1]


def phase_by_numpy(amplitude, iterations):
    """Return phases that belong to amplitudes, by the package's own Griffin-Lim on the CPU.

    Parameters
    ----------
    amplitude : Tensor, shape (N, 3, 65, 376)
        On the CPU.
    iterations : int

    Returns
    -------
    Tensor, shape (N, 3, 65, 376)
        Radians.
    """
    workers = torch.get_num_threads()
    signals = griffinlim(
        amplitude.numpy(), TRANSFORM, NPTS, n_iter=iterations, momentum=_MOMENTUM, init=_first_phases(), workers=workers
    )
    return torch.from_numpy(np.angle(TRANSFORM.forward(signals, workers=workers)))


def phase_by_torch(amplitude, iterations):
    """Return phases that belong to amplitudes, by the same algorithm in torch.

    Parameters
    ----------
    amplitude : Tensor, shape (N, 3, 65, 376)
        On any device.
    iterations : int

    Returns
    -------
    Tensor, shape (N, 3, 65, 376)
        Radians, on the device of the input.
    """
    shape = amplitude.shape
    amplitude = amplitude.flatten(0, 1)
    window = torch.hann_window(TRANSFORM.nfft, device=amplitude.device)
    geometry = {"n_fft": TRANSFORM.nfft, "hop_length": TRANSFORM.hop, "window": window, "center": True}

    def forward(x):
        return torch.stft(x, **geometry, pad_mode="constant", return_complex=True)

    def inverse(spectrum):
        return torch.istft(spectrum, **geometry, length=NPTS)

    keep, tiny = _MOMENTUM / (1 + _MOMENTUM), torch.finfo(torch.float32).tiny
    first = torch.from_numpy(_first_phases()).to(amplitude.device)
    x, last = inverse(torch.polar(amplitude, first.expand_as(amplitude).contiguous())), 0
    for _ in range(iterations):
        rebuilt = forward(x)
        spectrum = rebuilt - keep * last
        spectrum = spectrum * (amplitude / (spectrum.abs().square() + tiny).sqrt())
        x, last = inverse(spectrum), rebuilt
    return forward(x).angle().reshape(shape)


@lru_cache(maxsize=1)
def _first_phases():
    turns = generator(0, int.from_bytes(b"acm", "big")).random((TRANSFORM.bins, TRANSFORM.frames(NPTS)), np.float32)
    return turns * np.float32(2 * np.pi)
