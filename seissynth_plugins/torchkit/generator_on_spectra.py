"""A generator that learns the spectrograms of its records, before a critic judges them or beside one.

Against a critic alone, a generator takes thousands of steps until it makes an onset and a coda. A spectrogram shows
both, and a score of spectrograms needs no critic: a few hundred steps on a processor bring the envelope and the
spectrum of each condition. The waveform, which a spectrogram does not show, is left to the adversarial training.
"""

import torch
from torch import nn

#: samples of the windows of a spectrogram; each moves by a quarter
WINDOWS = (64, 256, 1024)
#: amplitudes below this share of the rms amplitude of real records count little
_FLOOR = 0.01


class GeneratorOnSpectra(nn.Module):
    """The generator of an `AdversarialModel`, with the energy score of log spectrograms in place of a critic.

    Parameters
    ----------
    model : seissynth_plugins.torchkit.adversarial.AdversarialModel

    Notes
    -----
    The score of two draws of one condition and the real record, (|a - x| + |b - x| - |a - b|) / 2 with Euclidean
    distances, is least in the mean where the draws have the distribution of the real records (Gneiting and Raftery
    2007, 10.1198/016214506000001437, eq. 22): draws that do not differ are as bad as draws in the wrong place.
    """

    def __init__(self, model):
        super().__init__()
        self.generator, self.config = model.generator, model.config
        # not a submodule: the critic takes no part
        self._model = [model]

    def parts(self):
        """Return what is trained: the generator."""
        return {"generator": list(self.generator.parameters())}

    def loss(self, batch, part="generator"):  # noqa: ARG002  (the loop gives it)
        """Return the score of a batch, and the values to log."""
        [model] = self._model
        score = spectra_loss(model, batch)
        return {"loss": score, "spectra": score.detach()}


def spectra_loss(model, batch):
    """Return the energy score of two draws of each condition: of log spectrograms, and of sizes made beside waveforms.

    Parameters
    ----------
    model : AdversarialModel
    batch : dict
        Real records and their conditions, before `AdversarialModel.prepared`.

    Returns
    -------
    Tensor
        Scalar.
    """
    batch = model.prepared(batch, "critic")  # a generator's step may take the conditions in another order
    draws, real = [model.fake(batch) for _ in range(2)], model.real(batch)
    score = energy_score(*(model.waveforms(one) for one in (*draws, real)))
    for one, a, b in zip(_rest(real), *map(_rest, draws), strict=True):
        score = score + _energy([torch.linalg.vector_norm(x, dim=-1) for x in (a - one, b - one, a - b)])
    return score


def energy_score(first, second, real, windows=WINDOWS):
    """Return the mean energy score of log spectrograms, over records and windows.

    Parameters
    ----------
    first, second, real : Tensor, shape (N, C, npts)
        Two draws, and the real records.
    windows : sequence of int
        Samples of the windows; those longer than the records are left out.

    Returns
    -------
    Tensor
        Scalar.
    """
    npts, scores = real.shape[-1], []
    for window in (size for size in windows if size <= npts):
        floor = _FLOOR * real.detach().float().std() * window**0.5
        a, b, x = (_log_spectrogram(records, window, floor) for records in (first, second, real))
        scores.append(_energy([(one - other).square().mean(-1).clamp_min(1e-12).sqrt()
                               for one, other in ((a, x), (b, x), (a, b))]))  # fmt: skip
    return torch.stack(scores).mean()


def _energy(distances):
    of_first, of_second, apart = distances
    return 0.5 * (of_first + of_second - apart).mean()


def _log_spectrogram(records, window, floor):
    """Return ln amplitude, (N, all): of all components, frequencies and times; frequency 0 keeps records centred."""
    flat = records.float().flatten(0, 1)
    shape = torch.hann_window(window, device=flat.device)
    made = torch.stft(flat, window, window // 4, window=shape, return_complex=True)
    return (made.abs() + floor).log().unflatten(0, records.shape[:2]).flatten(1)


def _rest(records):
    """What a generator makes beside waveforms."""
    return () if isinstance(records, torch.Tensor) else tuple(records[1:])
