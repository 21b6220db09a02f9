"""Surface waves: the spectrum that stays, their start, dispersion and particle motion, and records without them."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import butter, hilbert, sosfiltfilt
from stochastic_tables import conditions, record_maker, simulate

from seissynth.errors import InputError
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.rows import prepare_rows
from seissynth_plugins.stochastic.surface_waves import (
    BANDS_HZ,
    add_surface_waves,
    fit_bands,
    mode_at_depth,
    share_of_s,
)

SHARE = 0.8


def shallow(n, distance_km=100.0, depth_km=1.0, **columns):
    return conditions(np.full(n, float(distance_km)), 5.0, depth_km=depth_km, **columns)


def train_of(distance_km=100.0, dt=0.1, npts=4096, seed=1, **options):
    """The train's row, and its series (3, npts) from the origin on."""
    backend = StochasticBackend(surface_wave_share=SHARE, **options)
    table = shallow(1, distance_km)
    rows = prepare_rows(table, backend.parameters)[0]
    add_surface_waves(rows, table, backend.parameters)
    maker = record_maker(backend).surface_waves
    return rows[0], maker.series(rows[0], 0.0, npts, npts, dt, seed)


@pytest.mark.parametrize("ellipticity", [0.0, 0.7])
def test_mean_spectrum_stays_that_of_the_calibration(ellipticity):
    n, npts, rate = 2000, 1500, 5.0
    power = []
    for share in (0.0, SHARE):
        backend = StochasticBackend(surface_wave_share=share, surface_wave_ellipticity=ellipticity, low_cut_hz=0)
        data = simulate(backend, shallow(n, mechanism=(30.0, 70.0, 40.0)), npts=npts, rate=rate).data
        power.append((np.abs(np.fft.rfft(data.astype(float), axis=-1)) ** 2).mean(axis=0))
    frequency = np.fft.rfftfreq(npts, 1 / rate)
    for low, high in ((0.06, 0.12), (0.12, 0.25), (0.25, 0.5), (0.5, 1.0), (1.0, 2.0)):
        inside = (frequency >= low) & (frequency < high)
        ratio = np.sqrt((power[1][:, inside] / power[0][:, inside]).mean(axis=-1))
        np.testing.assert_allclose(ratio, 1.0, atol=0.02, err_msg=f"{low} to {high} Hz")


def test_the_trains_power_is_the_one_that_s_is_reduced_by():
    """Mean power of many series against the share that the fit states."""
    row, _ = train_of()
    maker = record_maker(StochasticBackend(surface_wave_share=SHARE)).surface_waves
    series = np.array([maker.series(row, 0.0, 4096, 4096, 0.1, seed) for seed in range(300)])
    power = (np.abs(np.fft.rfft(series, axis=-1)) ** 2).mean(axis=0)
    frequency = np.fft.rfftfreq(4096, 0.1)
    stated = np.interp(np.log(np.maximum(frequency, 1e-9)), np.log(np.geomspace(0.02, 2.4, 120)), fit_bands(
        row.surface_waves)[1])  # fmt: skip
    wanted = share_of_s(frequency, 100.0, 1.0, StochasticBackend(surface_wave_share=SHARE).parameters)
    for low, high, tolerance in ((0.06, 0.12, 0.12), (0.12, 0.25, 0.12), (0.25, 0.5, 0.12), (0.06, 0.5, 0.05)):
        inside = (frequency >= low) & (frequency < high)
        for place in range(3):
            # a train is short, so that neighbouring frequencies scatter together
            assert power[place, inside].mean() == pytest.approx(stated[inside].mean(), rel=tolerance)
        assert stated[inside].mean() == pytest.approx(wanted[inside].mean(), rel=0.12)


def test_nothing_comes_before_the_train_and_a_longer_record_begins_alike():
    row, series = train_of()
    onset = row.surface_waves.onset_s
    first = int(np.ceil(onset / 0.1))
    assert onset >= row.s_direct
    assert not series[:, :first].any() and np.abs(series).max() > 0
    _, longer = train_of(npts=6000)
    np.testing.assert_allclose(longer[:, :4096], series, atol=1e-12)


def test_high_frequencies_come_later():
    peaks = []
    for low, high in ((0.06, 0.09), (0.25, 0.4)):
        power = np.zeros(4096)
        for seed in range(40):
            _, series = train_of(200.0, seed=seed)
            power += sosfiltfilt(butter(2, (low, high), "bandpass", fs=10.0, output="sos"), series[2]) ** 2
        grown = np.cumsum(power)
        peaks.append(np.searchsorted(grown, 0.2 * grown[-1]) / 10.0)
    assert peaks[1] - peaks[0] > 10.0  # 200 km at 2.5 against 3 km/s is 13 s


def test_rayleigh_waves_are_retrograde_and_love_waves_apart():
    correlations = []
    for seed in range(30):
        _, series = train_of(seed=seed)
        z, r, t = (sosfiltfilt(butter(2, (0.1, 0.2), "bandpass", fs=10.0, output="sos"), x) for x in series)

        def correlation(one, other):
            return one @ other / np.sqrt((one @ one) * (other @ other))

        # R goes back (negative) while Z is at its top: R = -1 times Z turned by 90 degrees
        turned = np.imag(hilbert(z))
        correlations.append([correlation(turned, r), correlation(z, r), correlation(turned, t)])
    quadrature, phase, love = np.mean(correlations, axis=0)
    assert quadrature < -0.9 and abs(phase) < 0.1 and abs(love) < 0.15


@pytest.mark.parametrize("ratio", [0.5, 0.7, 1.5])
def test_ellipticity_is_r_over_z_of_the_train(ratio):
    backend = StochasticBackend(surface_wave_share=SHARE, surface_wave_ellipticity=ratio)
    row, _ = train_of()
    maker = record_maker(backend)
    grid = maker.grids.get(4096, 0.1)
    legs, z_filter = maker.legs.spectra(grid, row), maker.legs.s_on_z(grid, row)
    (radial, _, _), (on_z, on_r) = maker.surface_waves.take(row, grid, legs, z_filter)
    assert on_r / on_z == pytest.approx(ratio)
    # what R loses to it: all that the train has there
    share = np.interp(0.15, np.geomspace(0.02, 2.4, 120), fit_bands(row.surface_waves)[1])
    place = np.argmin(np.abs(grid.frequency - 0.15))
    left = np.exp(2 * radial.values[0, place])
    assert left == pytest.approx(1 - share * (on_r / row.surface[2]) ** 2, abs=0.03)


def test_records_move_in_quadrature_with_the_train_and_not_without():
    found = []
    for share in (0.0, SHARE):
        backend = StochasticBackend(surface_wave_share=share)
        data = simulate(backend, shallow(40, 150.0), npts=2000, rate=10.0).data.astype(float)
        late = sosfiltfilt(butter(2, (0.08, 0.2), "bandpass", fs=10.0, output="sos"), data, axis=-1)[:, :, 500:1200]
        turned = np.imag(hilbert(late[:, 0], axis=-1))
        size = np.sqrt((late[:, 0] ** 2).sum(axis=-1) * (late[:, 1] ** 2).sum(axis=-1))
        found.append(np.mean((turned * late[:, 1]).sum(axis=-1) / size))
    assert abs(found[0]) < 0.06 and found[1] < -0.3


def test_it_is_off_where_nothing_supports_it():
    plain = StochasticBackend()
    assert plain.parameters.surface_wave_share == 0
    backend = StochasticBackend(surface_wave_share=SHARE)
    table = conditions([100.0, 100.0, 0.2], 5.0, depth_km=1.0).assign(source_depth_km=[1.0, 90.0, 1.0])
    some, without = simulate(backend, table), simulate(plain, table)
    onsets = some.truth["surface_wave_s"]
    assert onsets[0] > some.s_s[0] and np.isnan(onsets[1:]).all()
    np.testing.assert_array_equal(some.data[1:], without.data[1:])
    assert not np.array_equal(some.data[0], without.data[0])
    # a row of its own gives the same bits
    np.testing.assert_array_equal(simulate(backend, table[:1]).data[0], some.data[0])
    assert np.isnan(without.truth["surface_wave_s"]).all()
    parameters = backend.parameters
    assert share_of_s(np.array([1.5]), 100.0, 1.0, parameters)[0] == 0
    shares = [share_of_s(BANDS_HZ, 100.0, depth, parameters) for depth in (1.0, 3.0, 10.0, 30.0)]
    for shallow_share, deep_share in pairwise(shares):
        assert (deep_share <= shallow_share).all() and deep_share[6] < shallow_share[6]
    assert share_of_s(BANDS_HZ, 20.0, 1.0, parameters)[0] < share_of_s(BANDS_HZ, 80.0, 1.0, parameters)[0]


def test_the_mode_is_that_of_a_poisson_solid():
    """Aki & Richards' eigenfunction for c = 0.9194 beta, below the depth where it is largest."""
    speed = 0.9194
    p_decay, s_decay = np.sqrt(1 - speed**2 / 3), np.sqrt(1 - speed**2)
    depth = np.linspace(1.5, 8.0, 20)
    vertical = -p_decay * np.exp(-p_decay * depth) + 2 * p_decay / (1 + s_decay**2) * np.exp(-s_decay * depth)
    at_surface = -p_decay + 2 * p_decay / (1 + s_decay**2)
    np.testing.assert_allclose(mode_at_depth(depth), vertical / at_surface, rtol=2e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"surface_wave_share": 1.0}, "between 0 and 0.98"), ({"surface_wave_band_hz": (1.0, 0.3)}, "two increasing"),
        ({"surface_wave_group_velocity_km_s": ((0.1, 9.0),)}, "between 0.2 and 5"),
        ({"surface_wave_share": 0.5, "preset": "active_windows"}, "envelope='transport'"),
        ({"surface_wave_love_ratio": 0}, "above 0"), ({"surface_wave_ellipticity": -1}, "0 or more"),
    ],
)  # fmt: skip
def test_impossible_options_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        StochasticBackend(**options)
