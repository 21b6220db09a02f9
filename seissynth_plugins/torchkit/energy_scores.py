"""Energy scores of two draws of a generator: how near they are to the real record, and how far from each other."""

import torch

#: samples of the windows of a spectrogram; each moves by a quarter
WINDOWS = (64, 256, 1024)
#: amplitudes below this share of the rms amplitude of real records count little
_FLOOR = 0.01
#: samples of the pieces of a waveform
PIECES = (16, 64)
#: share of the rms amplitude of real records up to which samples count by their size, beyond it by its logarithm
_LINEAR = 0.05


def spectrogram_score(first, second, real, windows=WINDOWS):
    """Return the mean energy score of log spectrograms, over records, times and windows.

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
        # all components and frequencies of a time together
        scores.append(_score(a, b, x, (1, 2)))
    return torch.stack(scores).mean()


def waveform_score(first, second, real, pieces=PIECES):
    """Return the mean energy score of short pieces of waveforms, over records, places and lengths of pieces.

    A spectrogram does not show which sign samples have; pieces do.

    Parameters
    ----------
    first, second, real : Tensor, shape (N, C, npts)
        Two draws, and the real records; means are taken out.
    pieces : sequence of int
        Samples of a piece; those longer than the records are left out.

    Returns
    -------
    Tensor
        Scalar.

    Notes
    -----
    Samples x are compared as arsinh(x / a), with a of 0.05 of the rms amplitude of all real records: quiet parts of a
    record count beside the loud ones.
    """
    npts, scores = real.shape[-1], []
    unit = _LINEAR * (real - real.mean(-1, keepdim=True)).detach().float().std()
    drawn = [torch.asinh((x - x.mean(-1, keepdim=True)).float() / unit) for x in (first, second, real)]
    for size in (size for size in pieces if size <= npts):
        a, b, x = (one[..., : npts // size * size].unflatten(-1, (-1, size)) for one in drawn)
        # all components of a place make one piece
        scores.append(_score(a, b, x, (1, -1)))
    return torch.stack(scores).mean()


def energy_score(distances):
    """Return the mean energy score of distances.

    Parameters
    ----------
    distances : sequence of three Tensor, shape (N, ...)
        Of the first draw to the real record, of the second to it, and of the draws to each other.

    Returns
    -------
    Tensor
        Scalar.

    Notes
    -----
    (|a - x| + |b - x| - |a - b|) / 2 with Euclidean distances is least in the mean where the draws have the
    distribution of the real records (Gneiting and Raftery 2007, 10.1198/016214506000001437, eq. 22); draws that do not
    differ score worse.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.torchkit.energy_scores import energy_score
    >>> energy_score([torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([2.0])]).item()
    1.0
    """
    of_first, of_second, apart = distances
    return 0.5 * (of_first + of_second - apart).mean()


def _score(first, second, real, axes):
    """Return the energy score of root-mean-square differences over some axes."""
    pairs = ((first, real), (second, real), (first, second))
    return energy_score([(a - b).square().mean(axes).clamp_min(1e-12).sqrt() for a, b in pairs])


def _log_spectrogram(records, window, floor):
    """Return ln amplitude, (N, C, frequencies, times); frequency 0 keeps records centred."""
    flat = records.float().flatten(0, 1)
    shape = torch.hann_window(window, device=flat.device)
    made = torch.stft(flat, window, window // 4, window=shape, return_complex=True)
    return (made.abs() + floor).log().unflatten(0, records.shape[:2])
