"""Energy scores of two draws of a generator: how near they are to the real record, and how far from each other."""

import torch

#: samples of the windows of a spectrogram; each moves by a quarter
WINDOWS = (64, 256, 1024)
#: amplitudes below this share of the rms amplitude of real records count little
_FLOOR = 0.01


def spectrogram_score(first, second, real, windows=WINDOWS):
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
        pairs = ((a, x), (b, x), (a, b))
        scores.append(energy_score([(p - q).square().mean(-1).clamp_min(1e-12).sqrt() for p, q in pairs]))
    return torch.stack(scores).mean()


def energy_score(distances):
    """Return the mean energy score of distances.

    Parameters
    ----------
    distances : sequence of three Tensor, shape (N,)
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


def _log_spectrogram(records, window, floor):
    """Return ln amplitude, (N, all): of all components, frequencies and times; frequency 0 keeps records centred."""
    flat = records.float().flatten(0, 1)
    shape = torch.hann_window(window, device=flat.device)
    made = torch.stft(flat, window, window // 4, window=shape, return_complex=True)
    return (made.abs() + floor).log().unflatten(0, records.shape[:2]).flatten(1)
