"""Envelopes by energy transport: the formulas against particles that walk, the noise that follows them, its records."""

import numpy as np
import pytest
from stochastic_tables import conditions, simulate
from transport_simulation import energy_densities

from seissynth.errors import InputError
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.presets import make_parameters
from seissynth_plugins.stochastic.rows import prepare_rows
from seissynth_plugins.stochastic.transport import (
    CENTRES_HZ,
    TransportEnergies,
    band_edges,
    converted_energy,
    scattered_energy,
)
from seissynth_plugins.stochastic.transport_noise import TransportNoise

PARAMETERS = make_parameters("active_transport")
#: earthquakes: Mw and epicentral distance, km
CASES = [(3.0, 15.0), (5.0, 50.0), (6.5, 120.0)]


def row_of(magnitude, distance_km):
    rows, _ = prepare_rows(conditions(distance_km, magnitude), PARAMETERS)
    return rows[0]


# --- formulas


@pytest.mark.parametrize("depth", [0.3, 1.0, 3.0])
def test_scattered_s_is_that_of_particles(depth):
    """Without conversions; energies over spans of time, since single cells hold few particles."""
    walked = energy_densities(depth, True, conversion=1e-12)
    formula = scattered_energy(30.0, walked["time"], walked["speeds"][1], walked["g"])
    s = 30.0 / walked["speeds"][1]
    spans = [(s + 1.5, s + 5), (s + 5, s + 12), (s + 12, s + 30)]
    inside = [(walked["time"] > begin) & (walked["time"] < end) for begin, end in spans]
    ratio = [np.log(formula[chosen].sum() / walked["s"][chosen].sum()) for chosen in inside]
    np.testing.assert_allclose(ratio, 0, atol=0.08)


@pytest.mark.parametrize(("depth", "atol"), [(0.3, 0.12), (1.0, 0.12), (2.0, 0.2)])
def test_what_comes_between_p_and_s_is_that_of_particles(depth, atol):
    walked = energy_densities(depth, True, particles=150_000)
    (alpha, beta), g = walked["speeds"], walked["g"]
    losses = [0.62 * (walked["into_p"][mode] + walked["into_s"][mode]) for mode in (1, 0)]
    formula = converted_energy(30.0, walked["time"], (beta, alpha), walked["into_p"][1], losses)
    between = (walked["time"] > 30.0 / alpha + 0.4) & (walked["time"] < 30.0 / beta - 0.4)
    assert np.log(formula[between].sum() / walked["p"][between].sum()) == pytest.approx(0, abs=atol)
    assert not formula[walked["time"] < 30.0 / alpha].any() and g > 0


def test_conversions_of_both_ways_have_one_shape():
    """Reciprocity: the ellipsoid is the same with source and receiver exchanged."""
    times = np.linspace(5.5, 8.5, 7)
    there, back = (converted_energy(30.0, times, speeds, 0.01) for speeds in ((3.5, 6.0), (6.0, 3.5)))
    np.testing.assert_allclose(there / back, 3.5 / 6.0, rtol=1e-9)


# --- windows


def energies_of(row, npts, dt=0.01):
    """Energies of P's parts and of S's, (2 or 3, bands, npts)."""
    found = TransportEnergies(PARAMETERS).make(row, row.p_first, npts, dt)
    return found[:2], found[2:]


@pytest.mark.parametrize(("magnitude", "distance_km"), CASES)
def test_energies_sum_to_one_over_all_time(magnitude, distance_km):
    p, s = energies_of(row_of(magnitude, distance_km), 40_000)
    assert p.shape[1:] == s.shape[1:] == (len(CENTRES_HZ), 40_000)
    np.testing.assert_allclose(p.sum(axis=(0, 2)), 1, atol=0.02)
    np.testing.assert_allclose(s.sum(axis=(0, 2)), 1, atol=0.02)


def test_more_scattering_takes_from_the_direct_wave_and_absorption_from_what_is_late():
    row = row_of(4.0, 40.0)

    def shares(**changes):
        found = TransportEnergies(make_parameters("active_transport", **changes)).make(row, row.p_first, 20_000, 0.01)
        direct, late = found[2].sum(axis=1), found[2:, :, 4000:].sum(axis=(0, 2))
        return direct, late

    (direct, late), (scattered, _), (_, absorbed) = (
        shares(), shares(scattering_per_km=0.03), shares(absorption_q0=40.0)
    )  # fmt: skip
    assert (scattered < 0.9 * direct).all() and (absorbed < 0.5 * late).all()


def test_s_grows_before_it_arrives_and_its_coda_decays_faster_at_high_frequencies():
    row = row_of(4.0, 40.0)
    energy = energies_of(row, 6000)[1].sum(axis=0)
    at = int((row.s_direct - row.p_first) / 0.01)
    early, late = energy[:, : at // 3].mean(axis=1), energy[:, 2 * at // 3 : at - 20].mean(axis=1)
    assert (early > 0).all() and (late > 1.3 * early).all()
    assert (energy[:, at + 50 : at + 300].mean(axis=1) > 3 * late).all()
    coda = energy[:, at + 3000 :].mean(axis=1) / energy[:, at + 500 : at + 1000].mean(axis=1)
    assert (np.diff(np.log(coda)) < 0).all()


def test_bands_near_the_nyquist_frequency_are_left_out():
    p, _ = energies_of(row_of(4.0, 40.0), 600, dt=0.1)
    assert p.shape == (2, 3, 600) and band_edges(0.1).tolist() == [1.0, 2.0]


def test_a_head_wave_comes_before_the_direct_wave():
    row = row_of(4.0, 100.0)
    row.p_first, row.p_direct = 15.0, 17.0
    row.s_first, row.s_direct = 26.0, 29.0
    p, s = energies_of(row, 30_000)
    assert p[0, :, :200].sum(axis=1) == pytest.approx(0.06 / 1.06, rel=0.5)
    np.testing.assert_allclose(p.sum(axis=(0, 2)), 1, atol=0.03)
    np.testing.assert_allclose(s.sum(axis=(0, 2)), 1, atol=0.03)


# --- noise and records


@pytest.mark.parametrize(("magnitude", "distance_km"), CASES)
def test_the_expected_spectrum_of_the_noise_is_white(magnitude, distance_km):
    """Over many draws, in bands of an octave, within their scatter."""
    row = row_of(magnitude, distance_km)
    noise, npts, draws = TransportNoise(PARAMETERS), 12_000, 40
    power = np.zeros(npts // 2 + 1)
    for seed in range(draws):
        p, s = np.zeros((4, npts)), np.zeros((8, npts))
        energies = noise.write(p, s, row, row.p_first, npts, 0.01, seed)
        power += np.square(abs(np.fft.rfft(s[[0, 3]]))).sum(0)
    assert not p[4:].any() and not s[4:].any()
    assert energies[0] == pytest.approx(1.02) and energies[1] == (1.0, 1.0, 1.0)
    frequency = np.fft.rfftfreq(npts, 0.01)
    octaves = [(frequency >= low) & (frequency < 2 * low) for low in (1.0, 2.0, 4.0, 8.0, 16.0)]
    level = np.array([power[chosen].mean() for chosen in octaves]) / (2 * draws)
    np.testing.assert_allclose(np.sqrt(level), 1, atol=0.04)


def test_series_are_exactly_zero_before_the_first_arrival():
    row = row_of(4.0, 40.0)
    p, s = np.zeros((4, 1000)), np.zeros((8, 1000))
    TransportNoise(PARAMETERS).write(p, s, row, row.p_first - 1.0, 1000, 0.01, 5)
    first = 100
    assert not p[:, :first].any() and not s[:, :first].any()
    assert abs(p[0, first]) > 0.05  # the pulse that carries the polarity


def record(npts, start_s=0.0, **options):
    return simulate(
        StochasticBackend(preset="active_transport", **options), conditions(40.0), npts=npts, start_s=start_s
    )


def test_nothing_moves_before_p_and_a_longer_record_begins_alike():
    short, long = record(6000), record(9000)
    first = int(short.p_s[0] * 100)
    peak = abs(short.data).max()
    assert abs(short.data[0, :, :first]).max() < 1e-4 * peak
    np.testing.assert_allclose(short.data[0, :, :5500], long.data[0, :, :5500], atol=2e-5 * peak)


def test_a_record_that_begins_late_is_a_part_of_the_whole():
    """But for the low cut, which begins with the record."""
    whole, part = record(6000, low_cut_hz=0), record(3000, 20.0, low_cut_hz=0)
    np.testing.assert_allclose(part.data[0], whole.data[0, :, 2000:5000], atol=2e-4 * abs(whole.data).max())


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="envelope='boxes' must be one of"):
        make_parameters("active", envelope="boxes")
    with pytest.raises(InputError, match="scattering_per_km=0"):
        make_parameters("active", scattering_per_km=0)
    with pytest.raises(InputError, match=r"s_kernel=\(1.0,\) must be 4 numbers"):
        make_parameters("active", s_kernel=(1,))


# --- what the documentation measures


def test_durations_of_a_box_are_its_shares_with_noise_taken_off():
    """Power 3 over 10 s above noise of 2, and quiet behind: D5-75 is 0.7 of the box, D5-95 0.9."""
    compare = pytest.importorskip("tools.physics.compare_real_durations")
    power = np.where(np.arange(4000) < 1000, 3.0, 0.0) + 2.0
    np.testing.assert_allclose(compare.durations_of(power, 100.0, 2.0), [7.0, 9.0], atol=0.02)


def test_rows_of_durations_are_medians_over_the_records_of_a_class():
    compare = pytest.importorskip("tools.physics.compare_real_durations")
    real = np.array([[20.0, 2.0, 3.0], [30.0, 1.0, 1.0], [35.0, 4.0, 5.0], [90.0, 1.0, 2.0]])
    shifts = [0.1, -0.2, 0.3, 0.4, -0.5, 0.6]  # of two presets and the model, D5-75 and D5-95 of each
    found = np.column_stack([real, *(real[:, 1 + k % 2] + shift for k, shift in enumerate(shifts))])
    near, far = compare.table_rows("strong_motion", found)
    wanted = ["+0.10", "+0.30", "-0.50", "-0.20", "+0.40", "+0.60"]
    assert near == ["strong motion", "0 to 40 km", 3, *wanted] and far == ["strong motion", "from 80 km", 1, *wanted]
