"""Records of the stochastic backend: spectra against SMSIM, causality, polarity, onsets, continuity, coda."""

import numpy as np
import pytest
from obspy.signal.trigger import aic_simple
from stochastic_tables import conditions, record_maker, simulate

from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.radiation import double_couple, pattern

# SMSIM 6.0, western North America, M 6, R_rup 20 km: frequency Hz, Fourier amplitude of acceleration cm/s; peaks
SMSIM_SPECTRUM = ((0.05, 0.276101), (0.1016, 1.10925), (0.2242, 4.44130))
SMSIM_PGA_CM_S2, SMSIM_PGV_CM_S, SMSIM_ARIAS_CM_S = 81.0, 5.67, 6.76
STANDARD_GRAVITY = 9.80665


@pytest.fixture(scope="module")
def smsim_run():
    backend = StochasticBackend(preset="smsim")
    table = conditions(np.full(400, 20.0), 6.0, depth_km=0.0, path_rup_distance_km=20.0)
    records = simulate(backend, table, start_s=-10.0, npts=8000, rate=200.0, seed=1)
    return backend, table, records.data.astype(float), 1 / 200.0


def target_cm_s(backend, table, nfft=24576, dt=0.005):
    from seissynth_plugins.stochastic.rows import prepare_rows

    maker = record_maker(backend)
    grid = maker.grids.get(nfft, dt)
    leg = maker.legs.spectra(grid, prepare_rows(table[:1], backend.parameters)[0][0])[1]
    return grid.frequency, 2 * 100 * np.abs(leg)  # 2: the free surface


def test_smsim_target_spectrum(smsim_run):
    backend, table, *_ = smsim_run
    frequency, target = target_cm_s(backend, table)
    for f, amplitude in SMSIM_SPECTRUM:
        assert np.interp(f, frequency, target) == pytest.approx(amplitude, rel=0.01)


def test_smsim_target_spectrum_at_every_frequency(smsim_run, shared_data):
    file = shared_data.parent / "reference" / "smsim" / "test-bt15_wna.m6.00rps021.3_fs.col"
    if not file.exists():
        pytest.skip("the SMSIM reference run is absent")
    reference = np.genfromtxt(file, skip_header=2)
    f, amplitude = reference[:, 4], reference[:, 8]
    inside = f < 100.0
    frequency, target = target_cm_s(*smsim_run[:2])
    np.testing.assert_allclose(np.interp(f[inside], frequency, target), amplitude[inside], rtol=0.01)


def test_smsim_rms_spectrum_of_400_runs(smsim_run):
    backend, table, data, dt = smsim_run
    frequency, target = target_cm_s(backend, table)
    f = np.fft.rfftfreq(data.shape[-1], dt)
    spectra = np.abs(np.fft.rfft(data[:, 1:], axis=-1)) * dt * 100
    power = (spectra**2).mean(axis=(0, 1))
    for low in 2.0 ** np.arange(-2, 5.2, 1 / 6):
        band = (f >= low) & (f < low * 2 ** (1 / 6))
        ratio = np.sqrt(power[band].mean() / (np.interp(f[band], frequency, target) ** 2).mean())
        # 800 components; a band holds as many independent values as its width times the window's some 10 s
        values = 800 * max(1.0, 10 * low * 0.12)
        assert abs(ratio - 1) < 0.02 + 2 / (2 * np.sqrt(values)), f"{low:.2f} Hz"


def test_smsim_peaks(smsim_run):
    *_, data, dt = smsim_run
    horizontal = data[:, 1:].reshape(-1, data.shape[-1])
    velocity = np.cumsum(horizontal, axis=-1) * dt
    arias = np.pi / (2 * STANDARD_GRAVITY) * (horizontal**2).sum(axis=-1) * dt

    def centimetres(values):
        return 100 * np.exp(np.log(values).mean())

    assert centimetres(np.abs(horizontal).max(axis=-1)) == pytest.approx(SMSIM_PGA_CM_S2, rel=0.03)
    assert centimetres(np.abs(velocity).max(axis=-1)) == pytest.approx(SMSIM_PGV_CM_S, rel=0.03)
    assert centimetres(arias) == pytest.approx(SMSIM_ARIAS_CM_S, rel=0.03)
    assert not data[:, 0].any()  # horizontal only


@pytest.mark.parametrize("preset", ["active", "stable"])
@pytest.mark.parametrize("magnitude", [3.0, 5.0, 6.0, 7.0])
def test_nothing_moves_before_p(preset, magnitude):
    table = conditions(np.full(6, 40.0), magnitude)
    records = simulate(StochasticBackend(preset=preset), table, start_s=-5.0, npts=6500)
    first = int((records.p_s[0] + 5.0) * 100)
    velocity = np.cumsum(records.data.astype(float), axis=-1) / 100
    displacement = np.cumsum(velocity, axis=-1) / 100
    for motion in (records.data, velocity, displacement):
        assert np.abs(motion[..., : first + 1]).max() < 1e-4 * np.abs(motion).max()


@pytest.mark.parametrize("preset", ["active", "stable"])
def test_the_filters_themselves_are_causal(preset):
    # before the backend clears what wrapped around the FFT
    from seissynth_plugins.stochastic.rows import prepare_rows

    backend = StochasticBackend(preset=preset)
    maker = record_maker(backend)
    for magnitude in (3.0, 5.0, 6.0, 7.0):
        row = prepare_rows(conditions([40.0], magnitude), backend.parameters)[0][0]
        motion = maker.uncut(row, -5.0, 6500, 0.01, 3)
        first = row.samples_before_onset(-5.0, 100.0)
        assert 0 < np.abs(motion[:, : first - 1]).max() < 2e-5 * np.abs(motion).max()


@pytest.mark.parametrize("magnitude", [2.0, 4.0, 6.0, 7.0])
def test_p_starts_at_its_label_with_the_polarity_of_the_mechanism(magnitude):
    mechanism = (30.0, 80.0, 10.0)
    table = conditions(np.full(48, 40.0), magnitude, mechanism=mechanism)
    up = simulate(StochasticBackend(), table, npts=2500).data[:, 0].astype(float)
    onset = int(np.ceil(table["path_p_travel_s"][0] * 100))
    late, right = [], []
    for i, trace in enumerate(up):
        noise = np.random.default_rng(i).normal(size=400) * 1e-4 * np.abs(trace).max()
        window = trace[onset - 200 : onset + 200] + noise
        late.append((np.argmin(aic_simple(window)[5:-5]) + 5 - 200) / 100)
        size = np.abs(trace[onset : onset + 100]).max()
        first = onset + np.flatnonzero(np.abs(trace[onset:]) > 0.02 * size)[0]
        radiated = pattern(double_couple(*mechanism), table["path_p_takeoff_deg"][i], table["path_azimuth_deg"][i])[0]
        if abs(radiated) > 0.2:
            right.append(np.sign(trace[first]) == np.sign(radiated))
    assert abs(np.median(late)) < 0.1
    assert np.mean(right) > 0.9


def test_polarity_is_random_without_a_mechanism():
    table = conditions(np.full(60, 40.0))
    up = simulate(StochasticBackend(), table, npts=1000).data[:, 0]
    onset = int(np.ceil(table["path_p_travel_s"][0] * 100))
    share = (up[:, onset + 1] > 0).mean()
    assert 0.25 < share < 0.75


def test_levels_are_continuous_in_magnitude():
    magnitudes = np.array([5.3, 5.45, 5.5, 5.55, 5.7, 6.0, 6.3, 6.45, 6.5, 6.55, 6.7])
    table = conditions(np.full(60, 40.0))
    backend, pga, pgv = StochasticBackend(), [], []
    for magnitude in magnitudes:
        data = simulate(backend, table.assign(source_magnitude=magnitude)).data[:, 1:].astype(float)
        pga.append(np.log(np.abs(data).max(axis=-1)).mean())
        pgv.append(np.log(np.abs(np.cumsum(data, axis=-1)).max(axis=-1)).mean())
    for levels in (pga, pgv):
        slopes = np.diff(levels) / np.diff(magnitudes)
        assert (slopes > 0.5).all() and (slopes < 2.5).all()


def test_mean_energy_is_that_of_the_target_with_and_without_coda():
    table = conditions(np.full(150, 40.0), 4.0)
    energies, peaks = [], []
    for level in (0.0, 0.18):
        data = (
            simulate(StochasticBackend(coda_level=level, s_direct_level=0.0), table, npts=9000)
            .data[:, 1:]
            .astype(float)
        )
        energies.append((data**2).sum(axis=-1).mean())
        peaks.append(np.log(np.abs(data).max(axis=-1)).mean())
    assert energies[1] == pytest.approx(energies[0], rel=0.05)
    assert abs(peaks[1] - peaks[0]) < 0.06


def test_a_strong_coda_leaves_the_mean_spectrum_in_both_its_bands():
    table = conditions(np.full(200, 30.0), 4.0)
    power = []
    for level in (0.0, 0.6):
        backend = StochasticBackend(coda_level=level, coda_exponent=0.5, head_wave_level=0.0)
        data = simulate(backend, table, npts=20000).data[:, 1:].astype(float)
        power.append((np.abs(np.fft.rfft(data, axis=-1)) ** 2).mean(axis=(0, 1)))
    frequency = np.fft.rfftfreq(20000, 0.01)
    for low, high in ((0.5, 2.0), (8.0, 30.0)):
        band = (frequency > low) & (frequency < high)
        assert (power[1][band] / power[0][band]).mean() == pytest.approx(1.0, abs=0.06)


def test_vs30_raises_soft_sites_and_strong_shaking_saturates():
    rock = simulate(StochasticBackend(), conditions(np.full(20, 30.0), 4.0)).data[:, 1:]
    soft = simulate(StochasticBackend(), conditions(np.full(20, 30.0), 4.0, station_vs_30_mps=250.0)).data[:, 1:]
    small = np.log(np.abs(soft).max(axis=-1) / np.abs(rock).max(axis=-1)).mean()
    rock = simulate(StochasticBackend(), conditions(np.full(20, 5.0), 7.0)).data[:, 1:]
    soft = simulate(StochasticBackend(), conditions(np.full(20, 5.0), 7.0, station_vs_30_mps=250.0)).data[:, 1:]
    large = np.log(np.abs(soft).max(axis=-1) / np.abs(rock).max(axis=-1)).mean()
    assert small > 0.3 and large < small - 0.2


def test_late_start_is_the_same_record_cut():
    table = conditions([40.0])
    whole = simulate(StochasticBackend(), table, start_s=0.0, npts=5000).data
    late = simulate(StochasticBackend(), table, start_s=14.0, npts=3600).data
    difference = np.abs(late[..., 500:] - whole[..., 1900:]).max() / np.abs(whole).max()
    assert difference < 1e-2  # the low cut has not seen what came before; the shaking is the same


def test_far_record_begins_with_a_weak_head_wave():
    table = conditions([180.0], 4.5, path_p_direct_travel_s=34.0, path_s_direct_travel_s=58.0)
    table["path_p_travel_s"], table["path_s_travel_s"] = 29.0, 50.0
    records = simulate(StochasticBackend(), table, npts=12000)
    up = records.data[0, 0]
    head, main = np.abs(up[2900:3300]).max(), np.abs(up[3400:4500]).max()
    assert 0.02 * main < head < 0.8 * main
    assert records.p_s[0] == 29.0 and records.s_s[0] == 50.0


def test_record_that_ends_before_p_is_silent():
    assert not simulate(StochasticBackend(), conditions([100.0]), npts=500).data.any()


def test_truth_names_what_went_in():
    records = simulate(StochasticBackend(stress_drop_bar=60), conditions([20.0, 30.0], 5.0), npts=3000)
    truth = records.truth
    assert truth["stress_drop_bar"].tolist() == [60, 60] and truth["moment_magnitude"].tolist() == [5, 5]
    assert all(len(values) == 2 for values in truth.values())
    assert 0 < truth["coda_share"][0] < 0.5


def test_the_docstring_states_the_ranges_of_the_card():
    import inspect

    from seissynth_plugins.stochastic.backend import StochasticBackend

    card, text = StochasticBackend.card, " ".join(inspect.getdoc(StochasticBackend).split())
    for words, (low, high) in (
        ("magnitudes {:g} to {:g}", card.magnitude_range),
        (card.distance_kind + " distances of {:g} to {:g} km", card.distance_range_km),
        ("depths of {:g} to {:g} km", card.depth_range_km),
    ):
        assert words.format(low, high) in text
