"""The amplitude correction: identity at first, its two domains, its phase."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from seissynth.signal import STFT  # noqa: E402
from seissynth_plugins.heggs.networks.acm import AmplitudeCorrection, log_softplus, scaled_log1p  # noqa: E402
from seissynth_plugins.heggs.networks.named_configs import named_config  # noqa: E402
from seissynth_plugins.heggs.networks.phase import auxiliary_phase, phase_by_numpy, phase_by_torch  # noqa: E402

SHAPE = (3, 64, 376)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def _record(scale=1e-6):
    return np.random.default_rng(3).standard_normal((1, 3, 6000)).astype(np.float32) * scale


def _log_amplitude(data):
    return torch.from_numpy(np.log(abs(STFT(128, 16).forward(data))[:, :, :-1] + 1e-30)).float()


@pytest.mark.parametrize("name", ["tiny", "tiny+log1p", "small", "small+log1p"])
def test_starts_as_identity(name):
    acm = AmplitudeCorrection(named_config(name).acm).eval()
    x = torch.randn(2, *SHAPE)
    mean, deviation = torch.full((3, 64, 1), -18.0), torch.full((3, 64, 1), 1.7)
    with torch.no_grad():
        torch.testing.assert_close(acm(x, mean, deviation), x, atol=2e-3, rtol=0)


@pytest.mark.parametrize("stride", [(2, 1), (4, 4), (8, 8), (2, 2)])
@pytest.mark.parametrize("norm", ["instance", "channel"])
def test_any_stride(stride, norm):
    config = replace(named_config("tiny").acm, stride=stride, norm=norm, phase_iterations=0)
    acm = AmplitudeCorrection(config)
    torch.nn.init.normal_(acm.leave.weight)
    x = torch.randn(1, *SHAPE)
    assert acm(x, torch.zeros(3, 64, 1), torch.ones(3, 64, 1)).shape == x.shape


def test_gain_multiplies_the_amplitude():
    """A constant output a raises ln A by ln softplus(a), whatever the standardisation."""
    acm = AmplitudeCorrection(named_config("tiny").acm).eval()
    torch.nn.init.constant_(acm.leave.bias, 2.0)
    x, deviation = torch.randn(1, *SHAPE), torch.linspace(1, 3, 64).expand(3, 64)[..., None]
    with torch.no_grad():
        raised = (acm(x, torch.zeros(3, 64, 1), deviation) - x) * deviation
    torch.testing.assert_close(raised, torch.full_like(x, np.log(np.log1p(np.exp(2.0)))), atol=1e-4, rtol=0)


def test_log1p_domain_against_its_formula():
    x = torch.linspace(-4, 4, 50, dtype=torch.float64)
    gain, deviation = torch.linspace(0.3, 2, 50, dtype=torch.float64), torch.tensor(1.7, dtype=torch.float64)
    above = np.exp(1.7 * (x.numpy() + 3))  # A / A_ref
    wanted = np.log(np.expm1(gain.numpy() * np.log1p(above))) / 1.7 - 3
    np.testing.assert_allclose(scaled_log1p(x, gain, deviation).numpy(), wanted, rtol=1e-9)


def test_log_softplus_far_out():
    a = torch.tensor([-1000.0, -40.0, -14.0, 0.0, 30.0, 1000.0], dtype=torch.float64, requires_grad=True)
    wanted = [-1000, -40, np.log(np.log1p(np.exp(-14.0))), np.log(np.log(2)), np.log(30), np.log(1000)]
    value = log_softplus(a)
    np.testing.assert_allclose(value.detach().numpy(), wanted, rtol=1e-5)
    value.sum().backward()
    assert torch.isfinite(a.grad).all()


def test_level_reaches_the_correction_unless_normalised_away():
    """With instance normalisation a record's level cannot change the gain; with channel normalisation it can."""
    spread = {}
    for norm in ("instance", "channel"):
        acm = AmplitudeCorrection(replace(named_config("tiny").acm, norm=norm, phase_iterations=0)).eval()
        torch.nn.init.normal_(acm.leave.weight)
        x = torch.randn(1, *SHAPE)
        with torch.no_grad():
            gains = [acm(x + level, torch.zeros(3, 64, 1), torch.ones(3, 64, 1)) - x - level for level in (0.0, 2.0)]
        spread[norm] = float((gains[0] - gains[1])[..., 8:-8, 64:-8].abs().mean())
    assert spread["instance"] < 0.02 * spread["channel"]


# --- phase


def test_phase_of_a_record_is_found():
    """Griffin-Lim's phase makes a signal whose amplitudes are nearer than those of random phases."""
    log_amplitude = _log_amplitude(_record())
    amplitude = log_amplitude.exp().numpy()
    phase = auxiliary_phase(log_amplitude, 8).numpy()
    assert phase.shape == (1, *SHAPE)
    assert abs(phase).max() <= np.pi + 1e-6

    def misfit(phases):
        spectrum = np.concatenate([amplitude * np.exp(1j * phases), np.zeros((1, 3, 1, 376))], axis=2)
        again = abs(STFT(128, 16).forward(STFT(128, 16).inverse(spectrum, 6000)))[:, :, :-1]
        return np.linalg.norm(again - amplitude) / np.linalg.norm(amplitude)

    rng = np.random.default_rng(0)
    assert misfit(phase) < 0.5 * misfit(rng.uniform(-np.pi, np.pi, phase.shape))


def test_phase_of_torch_is_that_of_the_signal_core():
    amplitude = torch.nn.functional.pad(_log_amplitude(_record()).exp() * 1e6, (0, 0, 0, 1))
    ours, other = phase_by_numpy(amplitude, 4), phase_by_torch(amplitude, 4)
    weight = amplitude / amplitude.max()
    turned = (1 - torch.cos(ours - other)) * weight
    assert turned.mean() < 1e-3 * weight.mean()


def test_phase_depends_neither_on_level_nor_on_the_batch():
    log_amplitude = _log_amplitude(np.concatenate([_record(), 1e6 * _record()[:, ::-1]]))
    together = auxiliary_phase(log_amplitude, 3)
    assert torch.equal(together[:1], auxiliary_phase(log_amplitude[:1], 3))
    assert torch.isfinite(auxiliary_phase(log_amplitude * 1000, 1)).all()


def test_no_gradient_through_the_phase():
    x = torch.randn(1, *SHAPE, requires_grad=True)
    assert not auxiliary_phase(x, 1).requires_grad


def test_diverging_networks_reach_the_loss():
    """NaN must come out at the end, where training looks for it, and not stop in the transform."""
    assert auxiliary_phase(torch.full((1, *SHAPE), float("nan")), 1).isfinite().all()
    acm = AmplitudeCorrection(named_config("tiny").acm)
    assert acm(torch.full((1, *SHAPE), float("nan")), torch.zeros(3, 64, 1), torch.ones(3, 64, 1)).isnan().any()
