"""Envelopes by energy transport: the formulas against particles that walk, the noise that follows them, its records."""

from dataclasses import replace

import numpy as np
import pytest
from stochastic_tables import conditions, simulate
from transport_simulation import energy_densities

from seissynth.errors import InputError, SeisSynthWarning
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

PARAMETERS = make_parameters("active")
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
    found = TransportEnergies(PARAMETERS).make(row, row.p_first, npts, dt)[0]
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
        found = TransportEnergies(make_parameters("active", **changes)).make(row, row.p_first, 20_000, 0.01)[0]
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


def test_the_share_of_s_that_is_scattered_grows_with_distance():
    near, far = (TransportEnergies(PARAMETERS).make(row_of(4.0, r), 0.0, 10, 0.01)[1] for r in (10.0, 100.0))
    assert 0.02 < near < 0.3 and near + 0.2 < far < 0.9


def test_the_integral_for_all_bands_is_that_of_the_public_function():
    """Conversions between P and S of both directions, over their total: shapes in time."""
    row = row_of(3.0, 40.0)
    row.p_first = row.p_direct
    p = PARAMETERS
    energy = TransportEnergies(make_parameters("active", s_kernel=(1e-6, 1e-6, 0.0, 0.0), absorption_q0=1e9)).make(
        row, row.p_direct, 400, 0.01
    )[0][4, 0]
    r = 3.5 * row.s_direct
    beta, alpha, g = 3.5, r / row.p_direct, p.scattering_per_km * CENTRES_HZ[0] ** p.scattering_exponent
    g_sp = p.scattering_conversion * g
    losses = [0.62 * (g + g_sp), 0.62 * (2 * (alpha / beta) ** 2 * g_sp + 0.6 * g)]
    times = row.p_direct + 0.01 * np.arange(400)
    shape = converted_energy(r, times, (beta, alpha), g_sp, losses)
    part = slice(20, 300)
    np.testing.assert_allclose(energy[part] / energy[150], shape[part] / shape[150], rtol=0.02)


def test_a_head_wave_comes_before_the_direct_wave():
    row = row_of(4.0, 100.0)
    row.p_first, row.p_direct = 15.0, 17.0
    row.s_first, row.s_direct = 26.0, 29.0
    p, s = energies_of(row, 30_000)
    assert p[0, :, :200].sum(axis=1) == pytest.approx(0.06 / 1.06, rel=0.5)
    np.testing.assert_allclose(p.sum(axis=(0, 2)), 1, atol=0.03)
    np.testing.assert_allclose(s.sum(axis=(0, 2)), 1, atol=0.03)


def test_forerunners_come_before_direct_s_and_are_weak_where_s_lasts():
    """Their power over that of direct S over its spread is what the constant says, whatever the spread."""
    lead, power = PARAMETERS.s_forerunner_s, PARAMETERS.s_forerunner_power
    energies, dt = TransportEnergies(PARAMETERS), 0.002
    share, least, per_km, _ = PARAMETERS.s_kernel
    for magnitude, distance_km in ((2.0, 10.0), (4.0, 60.0), (7.0, 60.0)):
        row = row_of(magnitude, distance_km)
        before = round(lead / dt)
        s = energies.make(row, row.s_direct - lead, 8 * before, dt)[0][2:]
        none = replace(PARAMETERS, s_forerunner_s=0.0)
        without = TransportEnergies(none).make(row, row.s_direct - lead, 8 * before, dt)[0][2:]
        spread = share * row.source_duration + least + per_km * 3.5 * row.s_direct
        energy = power * lead / spread
        direct, direct_without = s[0, 0].sum(), without[0, 0].sum() / (1 + energy)
        assert (direct - direct_without) * (1 + energy) == pytest.approx(energy, rel=0.03)
        assert s[0, 0, :before].sum() > 0.5 * energy / (1 + energy)
        assert without[0, 0, : before - 1].max() < 1e-20


def test_forerunners_wait_for_p_and_give_way_to_head_waves():
    energies, row = TransportEnergies(PARAMETERS), row_of(2.0, 10.0)
    row.p_first = row.p_direct = row.s_direct - 0.1
    assert energies.arrivals(row)[0][2] == pytest.approx(row.s_direct - 0.05)
    row.s_first = row.s_direct - 2.0
    (*_, s_first, _), energy = energies.arrivals(row)
    assert s_first == pytest.approx(row.s_first)
    assert energy == PARAMETERS.head_wave_energy


# --- noise and records


@pytest.mark.parametrize(("magnitude", "distance_km"), CASES)
def test_the_expected_spectrum_of_the_noise_is_white(magnitude, distance_km):
    """Over many draws, in bands of an octave, within their scatter."""
    row = row_of(magnitude, distance_km)
    noise, npts, draws = TransportNoise(PARAMETERS), 12_000, 160
    power = np.zeros(npts // 2 + 1)
    for seed in range(draws):
        series, _ = noise.write([row], [row.p_first], [npts], npts, 0.01, [seed])
        power += np.square(abs(np.fft.rfft(series[0, [4, 7]]))).sum(0)
    frequency = np.fft.rfftfreq(npts, 0.01)
    octaves = [(frequency >= low) & (frequency < 2 * low) for low in (1.0, 2.0, 4.0, 8.0, 16.0)]
    level = np.array([power[chosen].mean() for chosen in octaves]) / (2 * draws)
    np.testing.assert_allclose(np.sqrt(level), 1, atol=0.03)


def test_series_are_exactly_zero_before_the_first_arrival():
    row = row_of(4.0, 40.0)
    (series,), _ = TransportNoise(PARAMETERS).write([row], [row.p_first - 1.0], [1000], 1024, 0.01, [5])
    assert not series[:, :100].any() and not series[:, 1000:].any()
    assert abs(series[0, 100]) > 0.05  # the pulse that carries the polarity


def record(npts, start_s=0.0, **options):
    return simulate(StochasticBackend(**options), conditions(40.0), npts=npts, start_s=start_s)


@pytest.mark.parametrize("npts", [9000, 30_000])
def test_nothing_moves_before_p_and_a_longer_record_begins_alike(npts):
    short, long = record(6000), record(npts)
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
    with pytest.raises(InputError, match=r"s_coda_vertical=.* must have factors above 0"):
        make_parameters("active", s_coda_vertical=((1.0, 0.0),))


def test_the_former_name_of_the_preset_is_understood():
    with pytest.warns(SeisSynthWarning, match="the preset 'active_transport' is called 'active' now"):
        assert make_parameters("active_transport") == PARAMETERS


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


@pytest.fixture
def recording():
    """White noise, 3 s of silence but for weak noise before P."""
    envelopes = pytest.importorskip("tools.physics._envelopes")
    rng = np.random.default_rng(0)
    data = rng.standard_normal((3, 6000))
    data[:, :1000] *= 0.1
    return envelopes, envelopes.Recording("e", "s", 4.0, "Mw", 20.0, 8.0, 100.0, data, 10.0, 13.0, 0.0, 10.0, 13.0)


def test_noise_for_comparisons_has_the_level_before_p(recording):
    envelopes, one = recording
    noise = envelopes.noise_like(one, 3)
    assert noise.shape == (3, 6000)
    np.testing.assert_allclose(noise.std(axis=1), 0.1, rtol=0.1)
    assert np.abs(np.corrcoef(noise) - np.eye(3)).max() < 0.1
    one.p = 1.0
    assert not envelopes.noise_like(one, 3).any()  # too short a time to know its spectrum


def test_generated_durations_are_measured_at_the_level_and_in_the_noise_of_the_real_record(recording):
    """Energy over 10 s, as much weaker as may be: with the real record's level and noise its D5-75 is 7 s."""
    envelopes, one = recording
    real = envelopes.energies(one.data, one.rate, one.p, one.s)[0]
    made = 1e-9 * one.data * (np.arange(6000) < 2000)
    quiet = 0.0 * one.data
    parts, _, durations = envelopes.energies(made, one.rate, one.p, one.s, like=(real, quiet))
    np.testing.assert_allclose(durations[2:, 0, 0], 7.0, atol=1.2)
    first = len(envelopes.BETWEEN) - 1
    np.testing.assert_allclose(parts[2:, :, first + 2], real[2:, :, first + 2], rtol=0.5)


def test_clipped_records_and_ratios_of_z_over_h(recording):
    envelopes, one = recording
    assert not envelopes._is_clipped(one.data)
    assert envelopes._is_clipped(np.clip(one.data, -1.5, 1.5))
    louder = one.data * np.array([3.0, 1.0, 1.0])[:, None]
    parts = envelopes.energies(louder, one.rate, one.p, one.s, noise=False)[0]
    np.testing.assert_allclose(np.nanmedian(envelopes.vertical_ratios(parts)), np.log(3.0), atol=0.1)


def test_delays_of_picks_are_counted_from_the_labels(recording):
    compare = pytest.importorskip("tools.physics.compare_onsets")

    class Late:
        def pick(self, data, rate, expected):
            return {"P": expected["P"] + 0.2, "S": np.nan}

    found = compare.delays([recording[1].data], [recording[1]], Late())
    assert found[0, 0] == pytest.approx(0.2) and np.isnan(found[0, 1])


def test_correlations_of_fourier_amplitudes_are_those_of_residuals():
    """Magnitude moves all frequencies alike, and does not count; what two frequencies share does."""
    compare = pytest.importorskip("tools.physics.compare_correlations")
    envelopes = pytest.importorskip("tools.physics._envelopes")
    rng = np.random.default_rng(1)
    recordings = [
        envelopes.Recording("e", "s", m, "Mw", 20.0 + i, 8.0, 100.0, np.zeros((3, 2)), 1.0, 2.0, 0.0, 1.0, 2.0)
        for i, m in enumerate(rng.uniform(2, 5, 400))
    ]
    shared, own = rng.standard_normal((400, 1)), rng.standard_normal((400, 3))
    values = 2.0 * np.array([[one.magnitude] for one in recordings]) + np.hstack([shared + own[:, :2], own[:, 2:]])
    found, deviations = compare.correlations(values, recordings)
    np.testing.assert_allclose(deviations, [np.sqrt(2), np.sqrt(2), 1.0], rtol=0.1)
    assert found[0, 1] == pytest.approx(0.5, abs=0.1) and abs(found[0, 2]) < 0.15
