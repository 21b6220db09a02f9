"""Smooth changes of ln FAS: they scale the spectrum as asked, causally, and leave everything else alone."""

import numpy as np
import pytest

from seissynth_plugins.stochastic.adjustment import KNOTS_HZ, basis_on_grid, hat_functions
from seissynth_plugins.stochastic.spectra import minimum_phase


def test_hats_are_one_at_their_knots_and_add_up_to_one():
    np.testing.assert_allclose(hat_functions(np.array(KNOTS_HZ)), np.eye(len(KNOTS_HZ)), atol=1e-12)
    everywhere = np.linspace(0.0, 50.0, 1000)
    np.testing.assert_allclose(hat_functions(everywhere).sum(axis=0), 1.0)


@pytest.mark.parametrize("npts", [4096, 9000])
def test_a_change_is_a_causal_filter_of_the_modulus_asked_for(npts):
    rng, dt = np.random.default_rng(0), 0.01
    frequency = np.fft.rfftfreq(npts, dt)
    gain, phase = basis_on_grid(frequency, dt, True)
    change = 0.8 * rng.standard_normal(len(KNOTS_HZ))
    response = np.fft.irfft(np.exp(change @ gain + 1j * (change @ phase)), npts)
    assert np.sum(response[npts // 2 :] ** 2) < 1e-6 * np.sum(response**2)
    np.testing.assert_allclose(np.log(np.abs(np.fft.rfft(response)))[1:-1], (change @ hat_functions(frequency))[1:-1],
                               atol=1e-9)  # fmt: skip
    # the phase found directly on a much longer grid
    fine = np.fft.rfftfreq(32 * npts, dt)
    np.testing.assert_allclose(change @ phase, minimum_phase(change @ hat_functions(fine))[::32], atol=5e-3)


def test_without_minimum_phase_there_is_none():
    assert not basis_on_grid(np.fft.rfftfreq(1000, 0.01), 0.01, False)[1].any()
