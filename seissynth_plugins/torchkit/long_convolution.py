"""Convolutions over time with long kernels by the Fourier transform: a kernel of 128 costs a twentieth."""

import torch
import torch.nn.functional as F
from torch import nn

#: kernels shorter than this are quicker sample by sample
LEAST_KERNEL = 24


class LongConv1d(nn.Conv1d):
    """A convolution with as many samples as came in, or one of `stride` of them.

    Parameters
    ----------
    before, after : int
        Channels.
    kernel : int
        With an even one, one more sample counts after than before.
    stride : int
        Divides the number of samples.

    Notes
    -----
    The same values and gradients as `torch.nn.Conv1d` on input padded by ``(kernel - 1) // 2`` zeros in front and the
    rest after, to rounding, second derivatives included. A stride becomes channels: the phases of input and kernel
    are stacked side by side. In float32 for any precision around it, since half precision has no transform of all
    lengths.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.torchkit.long_convolution import LongConv1d
    >>> LongConv1d(3, 8, 128, stride=2)(torch.zeros(1, 3, 400)).shape
    torch.Size([1, 8, 200])
    """

    def __init__(self, before, after, kernel, stride=1):
        super().__init__(before, after, kernel, stride)
        self._kept = None

    def forward(self, x):
        """(N, before, npts) -> (N, after, npts / stride)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        left = (kernel - 1) // 2
        if kernel < LEAST_KERNEL:
            return F.conv1d(F.pad(x, (left, kernel - 1 - left)), self.weight, self.bias, stride)
        with torch.autocast(x.device.type, enabled=False):
            data = F.pad(x.float(), (left, kernel - 1 - left))
            if stride > 1:
                data = _phases(data, stride)
            length = _good_length(data.shape[-1])
            spectrum = torch.fft.rfft(data, length).permute(2, 0, 1)  # (bins, N, C)
            made = torch.fft.irfft((spectrum @ self._response(length)).permute(1, 2, 0), length)
            made = made[..., : x.shape[-1] // stride]
            return (made if self.bias is None else made + self.bias.float()[:, None]).to(x.dtype)

    def _response(self, length):
        """Spectra of the kernels, (bins, C, K); those of the last call where no gradient is taken."""
        state = (length, self.weight._version, self.weight.data_ptr(), self.weight.device)
        if torch.is_grad_enabled():
            return self._transformed(length)
        if self._kept is None or self._kept[0] != state:
            self._kept = (state, self._transformed(length))
        return self._kept[1]

    def _transformed(self, length):
        weight, stride = self.weight.float(), self.stride[0]
        if stride > 1:
            weight = _phases(weight, stride)
        return torch.fft.rfft(weight, length).conj().permute(2, 1, 0).contiguous()


def _phases(values, stride):
    """(N, C, length) -> (N, C stride, length / stride), padded to whole phases."""
    short = -values.shape[-1] % stride
    return F.pad(values, (0, short)).unflatten(-1, (-1, stride)).transpose(2, 3).flatten(1, 2)


def _good_length(npts):
    """Least length of factors 2, 3 and 5 that holds so many samples, with the transform's wrap after them."""
    from scipy.fft import next_fast_len

    return next_fast_len(npts, real=True)
