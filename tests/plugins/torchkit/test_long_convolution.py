"""Long kernels through the Fourier transform, beside torch's convolution: values and derivatives."""

import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

import torch.nn.functional as F  # noqa: E402

from seissynth_plugins.torchkit.long_convolution import LEAST_KERNEL, LongConv1d  # noqa: E402


def plain(layer, x):
    kernel = layer.kernel_size[0]
    left = (kernel - 1) // 2
    return F.conv1d(F.pad(x, (left, kernel - 1 - left)), layer.weight, layer.bias, layer.stride[0])


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("kernel", [128, 31, LEAST_KERNEL, 5])
@pytest.mark.parametrize("npts", [200, 336])
def test_values_and_gradients_are_those_of_the_sum(kernel, stride, npts):
    torch.manual_seed(0)
    layer = LongConv1d(3, 5, kernel, stride)
    x = torch.randn(2, 3, npts, requires_grad=True)
    made, wanted = layer(x), plain(layer, x)
    assert made.shape == (2, 5, npts // stride)
    torch.testing.assert_close(made, wanted, atol=2e-5, rtol=1e-4)
    weight = torch.randn_like(made)
    found, known = (torch.autograd.grad((y * weight).sum(), [x, layer.weight, layer.bias]) for y in (made, wanted))
    for one, other in zip(found, known, strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=1e-3)


def test_second_derivatives_as_a_gradient_penalty_takes_them():
    torch.manual_seed(0)
    layer = LongConv1d(3, 4, 64, 2)
    x = torch.randn(2, 3, 128, requires_grad=True)

    def penalty(out):
        (slope,) = torch.autograd.grad(out.tanh().sum(), x, create_graph=True)
        return (slope.flatten(1).norm(dim=1) - 1).square().mean()

    found, wanted = (torch.autograd.grad(penalty(y), layer.weight)[0] for y in (layer(x), plain(layer, x)))
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-3)


def test_it_stays_in_float32_under_mixed_precision():
    torch.manual_seed(0)
    layer, x = LongConv1d(3, 4, 64), torch.randn(1, 3, 100)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(layer(x), plain_in_float32(layer, x), atol=2e-5, rtol=1e-4)


def plain_in_float32(layer, x):
    with torch.autocast("cpu", enabled=False):
        return plain(layer, x)


def test_kept_spectra_follow_the_weights():
    """In generation the kernels' spectra are kept; new weights, or another length, must not find the old ones."""
    torch.manual_seed(0)
    layer, x = LongConv1d(3, 4, 64), torch.randn(1, 3, 100)
    with torch.no_grad():
        for npts in (100, 80, 100):
            torch.testing.assert_close(layer(x[..., :npts]), plain(layer, x[..., :npts]), atol=2e-5, rtol=1e-4)
        layer.weight.mul_(-2.0)
        torch.testing.assert_close(layer(x), plain(layer, x), atol=2e-5, rtol=1e-4)
        layer.load_state_dict(LongConv1d(3, 4, 64).state_dict())
        torch.testing.assert_close(layer(x), plain(layer, x), atol=2e-5, rtol=1e-4)
