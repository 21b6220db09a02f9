"""Gates of onsets: what is smeared before P and S goes, phases are raised behind them, noise and codas stay."""

import numpy as np
import pytest

from seissynth.representations import LogSpectrogram, SpectrogramStatistics
from seissynth_plugins.heggs.onset_gates import IMPULSES, RISE_S, gate_onsets

FORM = LogSpectrogram()
STATISTICS = SpectrogramStatistics.plain(FORM)
TIME = np.arange(FORM.npts) / 100.0
P, S = 10.0, 20.0


def noise(seed, level=1.0, rows=2):
    from seissynth.signal import bandpass

    return level * bandpass(np.random.default_rng(seed).standard_normal((rows, 3, FORM.npts)), 100.0, 2, 40)


def gated(data, onsets, impulses=()):
    x = FORM.encode(data.astype(np.float32), STATISTICS)
    return gate_onsets(data, x, FORM, STATISTICS, onsets, impulses=dict(impulses))


def rms(x, first, last):
    return np.sqrt((x[..., round(100 * first) : round(100 * last)] ** 2).mean())


def early(by=0.3):
    """Noise of 0.01, P from 0.3 s before its time, S, ten times as large, likewise; what should be is beside it."""
    ground, p, s = noise(0, 0.01), noise(1), noise(2, 10.0)
    smeared = ground + p * (P - by < TIME) + s * (S - by < TIME)
    return smeared, ground + p * (TIME > P) + s * (TIME > S), ground


def test_phases_wait_for_their_onsets():
    smeared, _, ground = early()
    found = gated(smeared, [[P, S]] * 2)
    # before P nothing but the noise is left, before S the coda of P
    assert rms(smeared, P - 0.28, P - 0.05) > 50 * rms(ground, P - 0.28, P - 0.05)
    assert rms(found, P - 0.28, P - 0.05) < 0.1 * rms(smeared, P - 0.28, P - 0.05)
    before = rms(found, S - 0.28, S - 0.05)
    assert rms(smeared, S - 0.28, S - 0.05) > 5
    assert 0.5 < before < 1.5
    # what lies outside of windows about both is untouched
    for first, last in ((0, P - 1.3), (P + RISE_S[1], S - 1.3), (S + RISE_S[1], 60)):
        np.testing.assert_allclose(
            found[..., round(100 * first) : round(100 * last)], smeared[..., round(100 * first) : round(100 * last)],
            atol=2e-4,
        )  # fmt: skip
    np.testing.assert_allclose(rms(found, 5, P - 0.05), rms(ground, 5, P - 0.05), rtol=0.5)


def test_records_that_set_in_on_time_stay():
    _, wanted, _ = early()
    found = gated(wanted, [[P, S]] * 2)
    assert rms(found - wanted, P, P + 2) < 0.1 * rms(wanted, P, P + 2)
    assert rms(found - wanted, S, S + 2) < 0.1 * rms(wanted, S, S + 2)


def test_unknown_onsets_and_those_that_nothing_precedes_stay():
    smeared, *_ = early()
    np.testing.assert_array_equal(gated(smeared, np.full((2, 2), np.nan)), smeared.astype(np.float32))
    np.testing.assert_array_equal(gated(smeared, [[0.1, np.nan]] * 2), smeared.astype(np.float32))
    only_p = gated(smeared, [[P, np.nan], [P, S]])
    assert rms(only_p[0], P - 0.28, P - 0.05) < 0.2
    assert rms(only_p[0], S - 0.28, S - 0.05) > 5
    both = gated(smeared, [[P, S]] * 2)
    np.testing.assert_array_equal(only_p[1], both[1])
    np.testing.assert_array_equal(gated(smeared[1:], [[P, S]])[0], both[1])


def test_a_near_station_is_gated_by_frames_that_reach_its_onset_by_half():
    data = noise(0, 0.01) + noise(1) * (TIME > 0.5 - 0.15)
    found = gated(data, [[0.5, np.nan]] * 2)
    assert rms(found, 0.36, 0.46) < 0.7 * rms(data, 0.36, 0.46)


@pytest.mark.parametrize(("phase", "onsets"), [("P", [P, 50.0]), ("S", [2.0, S])])
def test_a_phase_is_raised_behind_its_onset_by_component_and_time(phase, onsets):
    impulses = {phase: ((1.0, 0.0, 0.5), 0.4)}
    onset = P if phase == "P" else S
    data = noise(0, 1e-6) + noise(1) * (onset < TIME)
    x = FORM.encode(data.astype(np.float32), STATISTICS)
    plain, raised = (gate_onsets(data, x, FORM, STATISTICS, [onsets] * 2, impulses=how) for how in ({}, impulses))
    after = np.arange(0.1, 1.5, 0.01)
    rows = np.round(100 * (onset + after)).astype(int)
    factors = (raised * plain)[..., rows].reshape(2, 3, -1, 20).sum(axis=-1)
    factors /= (plain**2)[..., rows].reshape(2, 3, -1, 20).sum(axis=-1)
    wanted = np.exp(np.array([1.0, 0.0, 0.5])[:, None] * np.exp(-after / 0.4)).reshape(3, -1, 20).mean(axis=-1)
    np.testing.assert_allclose(factors, np.broadcast_to(wanted, factors.shape), rtol=0.03)
    np.testing.assert_array_equal(raised[:, 1], plain[:, 1])
    np.testing.assert_array_equal(raised[..., : round(100 * (onset - 1.0))], plain[..., : round(100 * (onset - 1.0))])
    # and by default
    np.testing.assert_array_equal(
        gate_onsets(data, x, FORM, STATISTICS, [onsets] * 2),
        gate_onsets(data, x, FORM, STATISTICS, [onsets] * 2, impulses=IMPULSES),
    )


def test_noise_under_a_phase_is_not_raised():
    data = noise(0)
    x = FORM.encode(data.astype(np.float32), STATISTICS)
    x[:] = x.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(gate_onsets(data, x, FORM, STATISTICS, [[P, S]] * 2), data, atol=1e-5)
    # a phase that doubles the amplitude of a cell is half of it: only that half grows
    twice = x + np.log(2) / STATISTICS.sd[:, None] * (FORM.times_s > P)
    found = gate_onsets(data, twice, FORM, STATISTICS, [[P, np.nan]] * 2)
    span = slice(round(100 * P) + 6, round(100 * P) + 10)
    grown = (found * data)[:, 0, span].sum() / (data**2)[:, 0, span].sum() - 1
    assert 0.25 < grown < 0.5 * np.expm1(IMPULSES["P"][0][0])


def test_the_inversion_takes_onsets():
    pytest.importorskip("torch", reason="the learned backends need PyTorch")
    from seissynth_plugins.heggs.generation import to_waveforms

    _, wanted, _ = early()
    x = FORM.encode(wanted.astype(np.float32), STATISTICS)
    times = FORM.times_s
    about = abs(times - P) < 0.7
    x[..., about] = np.mean(x[..., about], axis=-1, keepdims=True)  # a blurred onset
    for texture in (None, "rayleigh"):
        plain = to_waveforms(x, FORM, STATISTICS, [1, 2], texture=texture)
        late = to_waveforms(x, FORM, STATISTICS, [1, 2], texture=texture, onsets=[[P, S]] * 2)
        assert rms(late, P - 0.3, P - 0.05) < 0.5 * rms(plain, P - 0.3, P - 0.05)
        np.testing.assert_allclose(late[..., 1300:1800], plain[..., 1300:1800], atol=1e-3)
        # P stands out on the vertical, as `IMPULSES` says
        ratio = [rms(late[:, part], P + 0.05, P + 0.15) / rms(plain[:, part], P + 0.05, P + 0.15) for part in (0, 1, 2)]
        assert ratio[0] > 1.5
        assert max(ratio[1:]) < 1.35
