"""The parts of the stochastic backend against closed forms and independent libraries."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.signal import freqz
from scipy.signal import minimum_phase as scipy_minimum_phase

from seissynth.errors import InputError
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.free_surface import surface_motion, vp_from_vs
from seissynth_plugins.stochastic.path import (
    finite_fault_km,
    geometrical_spreading,
    mean_rupture_distance_km,
    path_duration_s,
)
from seissynth_plugins.stochastic.presets import PRESETS, make_parameters
from seissynth_plugins.stochastic.radiation import (
    cone_pattern,
    double_couple,
    moment_matrix,
    pattern,
    s_mean_over_sphere,
)
from seissynth_plugins.stochastic.site import nonlinear_strain_proxy, peak_from_spectrum, vs30_terms
from seissynth_plugins.stochastic.source import SourceModel, corner_frequency_hz, moment_magnitude
from seissynth_plugins.stochastic.spectra import Grid, minimum_phase
from seissynth_plugins.stochastic.windows import falling_place, window_shape

ACTIVE = PRESETS["active"]


# --- source


def test_brune_corner_of_boore_2003():
    assert corner_frequency_hz(6.0, 100.0, 3.5) == pytest.approx(0.356, abs=5e-4)


def test_two_corners_keep_the_high_frequency_level_of_the_stress_parameter():
    source = SourceModel(np.array([7.0]), ACTIVE)
    high = 1e4
    one = 1 / (1 + (high / source.fc[0]) ** 2)
    assert source.spectrum(0, high) == pytest.approx(one, rel=1e-5)
    assert source.spectrum(0, 1e-6) == pytest.approx(1.0)


def test_two_corner_factors_equal_the_additive_form():
    source = SourceModel(np.array([7.2]), ACTIVE)
    f = np.geomspace(0.01, 50, 40)
    fa, fb, e = source.fa[0], source.fb[0], source.e[0]
    additive = (1 - e) / (1 + (f / fa) ** 2) + e / (1 + (f / fb) ** 2)
    np.testing.assert_allclose(source.spectrum(0, f), additive, rtol=1e-12)


def test_source_is_continuous_in_magnitude():
    magnitudes = np.arange(5.0, 7.0, 0.01)
    source = SourceModel(magnitudes, ACTIVE)
    f = np.array([0.05, 0.3, 1.0, 5.0])
    log_s = np.log([source.spectrum(i, f) for i in range(len(magnitudes))])
    assert np.abs(np.diff(log_s, 2, axis=0)).max() < 2e-3  # a step, or a kink, would stand out
    assert np.abs(np.diff(np.log(source.duration_s()), 2)).max() < 2e-3


def test_magnitude_conversions_join_and_say_their_name():
    mw, names = moment_magnitude(np.array([3.4999999, 3.5, 5.0, 4.0]), ["ML", "ml", "Mw", "mb"], "piecewise")
    assert mw[0] == pytest.approx(mw[1], abs=1e-6)
    assert names[0] == "ML to Mw, 2/3 ML + 1.167" and "Mw as given" in names and "mb taken as Mw" in names
    assert moment_magnitude(np.array([2.0]), ["ML"], "southern_california")[0][0] == pytest.approx(2.388)


# --- path


def test_finite_fault_is_smooth_at_both_ends():
    for m in (5.744, 7.744):
        finite_fault = PRESETS["active_uncorrected"].finite_fault
        around = np.log10(finite_fault_km(np.array([m - 1e-4, m, m + 1e-4]), finite_fault))
        assert abs(np.diff(around, 2)[0]) < 1e-7


def test_spreading_and_duration_between_their_knots():
    papers = PRESETS["active_uncorrected"]
    assert geometrical_spreading(80.0, papers.spreading) == pytest.approx(1 / 40 * np.sqrt(0.5))
    assert path_duration_s(26.0, papers.path_duration, 0.156) == pytest.approx(5.4)
    assert path_duration_s(370.0, papers.path_duration, 0.156) == pytest.approx(34.2 + 15.6)


@pytest.mark.parametrize("depth", [10.0, 25.0])
def test_mean_rupture_distance_against_a_random_search(depth):
    rng = np.random.default_rng(1)
    m, repi = 7.0, 30.0
    length, width = 10 ** (-2.44 + 0.59 * m), 10 ** (-1.01 + 0.32 * m)
    distances = []
    for strike, share in zip(rng.uniform(0, 2 * np.pi, 4000), rng.uniform(0, 1, 4000), strict=True):
        along = np.linspace(-share * length, (1 - share) * length, 400)
        flat = np.hypot(repi - along * np.cos(strike), along * np.sin(strike)).min()
        distances.append(np.hypot(flat, max(0.0, depth - width / 2)))
    got = mean_rupture_distance_km([m], [repi], [depth])[0]
    assert got == pytest.approx(np.mean(distances), rel=0.02)
    assert got < np.hypot(repi, depth)


# --- radiation and free surface


@pytest.mark.parametrize(
    ("dip", "rake", "sv", "sh"), [(90, 0, 0.258, 0.577), (45, 90, 0.563, 0.289), (60, 30, 0.394, 0.495)]
)
def test_patterns_average_to_their_closed_form_over_the_sphere(dip, rake, sv, sh):
    moment = double_couple(20.0, dip, rake)
    cosine = (np.arange(400) + 0.5) / 200 - 1
    takeoff, azimuth = np.meshgrid(np.degrees(np.arccos(cosine)), np.arange(0, 360, 3.0))
    p, v, h = pattern(moment, takeoff, azimuth)
    assert np.sqrt((p**2).mean()) == pytest.approx(np.sqrt(4 / 15), rel=1e-3)
    assert np.sqrt((v**2).mean()) == pytest.approx(sv, abs=1e-3)
    assert np.sqrt((h**2).mean()) == pytest.approx(sh, abs=1e-3)
    assert s_mean_over_sphere(dip, rake) == pytest.approx((sv, sh), abs=1e-3)


def test_patterns_of_many_rows_are_those_of_each_to_the_bit():
    rng = np.random.default_rng(0)
    strike, dip, rake, takeoff, azimuth = rng.uniform(0, 90, (5, 37))
    moments = double_couple(strike, dip, rake)
    together = cone_pattern(moments, takeoff, azimuth, 15.0)
    each = [
        cone_pattern(double_couple(*plane), i, a, 15.0)
        for *plane, i, a in zip(strike, dip, rake, takeoff, azimuth, strict=True)
    ]
    np.testing.assert_array_equal(together, np.transpose(each))
    six = moments[:, 2, 2], moments[:, 0, 0], moments[:, 1, 1], moments[:, 0, 2], -moments[:, 1, 2], -moments[:, 0, 1]
    np.testing.assert_array_equal(moment_matrix(*six), moments)


def test_double_couple_agrees_with_obspy_nodal_planes():
    from obspy.imaging.beachball import MomentTensor, NodalPlane, mt2plane

    matrix = double_couple(37.0, 62.0, -25.0)
    n, e, d = range(3)
    rr, tt, pp = matrix[d, d], matrix[n, n], matrix[e, e]
    rt, rp, tp = matrix[n, d], -matrix[e, d], -matrix[n, e]
    np.testing.assert_allclose(moment_matrix(rr, tt, pp, rt, rp, tp), matrix, atol=1e-15)
    plane = mt2plane(MomentTensor(rr, tt, pp, rt, rp, tp, 0))
    other = double_couple(plane.strike, plane.dip, plane.rake)
    np.testing.assert_allclose(other, matrix, atol=1e-6)
    assert isinstance(plane, NodalPlane)


def test_cone_keeps_the_sign_and_fills_the_nodal_plane():
    moment = double_couple(0, 90, 0)
    assert pattern(moment, 90.0, 0.0)[0] == pytest.approx(0.0, abs=1e-12)
    assert abs(cone_pattern(moment, 90.0, 0.0, 15.0)[0]) > 0.1
    assert cone_pattern(moment, 90.0, 45.0, 15.0)[0] > 0 > cone_pattern(moment, 90.0, 135.0, 15.0)[0]


def test_free_surface_solves_the_boundary_conditions():
    alpha, beta = 2.17, 0.76
    for p in (0.0, 0.1, 0.3):
        xi, eta = np.sqrt(alpha**-2 - p**2), np.sqrt(beta**-2 - p**2)
        # displacement and slowness (radial, up) of up- and downgoing unit waves
        up_p, down_p = (np.array([p, s * xi]) * alpha for s in (1, -1))
        up_s, down_s = (np.array([eta, -s * p]) * beta for s in (1, -1))

        def traction(u, kz, p=p):
            mu, lam = beta**2, alpha**2 - 2 * beta**2
            return np.array([mu * (kz * u[0] + p * u[1]), lam * p * u[0] + (lam + 2 * mu) * kz * u[1]])

        matrix = np.stack([traction(down_p, -xi), traction(down_s, -eta)], axis=1)
        got = surface_motion(p, alpha, beta)
        for incident, kz, (radial, up) in ((up_p, xi, got[:2]), (up_s, eta, got[2:])):
            a, b = np.linalg.solve(matrix, -traction(incident, kz))
            np.testing.assert_allclose([radial, up], incident + a * down_p + b * down_s, atol=1e-12)
    assert vp_from_vs(3.5) == pytest.approx(6.1, abs=0.15)


# --- site


def test_vs30_terms_against_pygmm():
    pygmm = pytest.importorskip("pygmm")
    model = pygmm.BooreStewartSeyhanAtkinson2014
    periods = np.array([0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0])
    index = [int(np.argmin(np.abs(model.PERIODS - t))) for t in periods]
    for vs30 in (250.0, 400.0, 760.0, 1000.0):
        for pga_g in (0.02, 0.3):
            want = model.calc_site_term(pga_g, vs30, None)[index]
            linear, f2 = vs30_terms(vs30, 1 / periods)
            got = linear + f2 * nonlinear_strain_proxy(pga_g * 9.80665)
            np.testing.assert_allclose(got, want, atol=5e-3)


def test_random_vibration_peak_against_simulation():
    rng = np.random.default_rng(0)
    n, dt, count = 4096, 0.01, 300
    f = np.fft.rfftfreq(n, dt)
    modulus = f**2 / (1 + (f / 3.0) ** 4) * np.exp(-f / 10)
    spectrum = modulus * (rng.standard_normal((count, len(f))) + 1j * rng.standard_normal((count, len(f)))) / np.sqrt(2)
    peaks = np.abs(np.fft.irfft(spectrum, n) / dt).max(axis=1)
    assert peak_from_spectrum(f, modulus, n * dt) == pytest.approx(peaks.mean(), rel=0.05)


# --- windows and phases


def test_window_falls_where_it_says():
    scale, power, decay = window_shape(0.2, 0.05)
    x = falling_place(0.2, 0.05, 0.3)
    assert x > 0.2
    assert scale * x**power * np.exp(-decay * x) == pytest.approx(0.3)


def test_minimum_phase_of_a_known_filter():
    zeros_inside = np.array([1.0, -0.7])
    _, response = freqz(zeros_inside, worN=np.linspace(0, np.pi, 2049))
    got = minimum_phase(np.log(np.abs(response)))
    np.testing.assert_allclose(got, np.angle(response), atol=1e-9)
    # scipy's own, on a linear-phase filter whose zeros all lie on or inside the circle
    taps = np.convolve([1, 0.5], [1, 0.25])
    squared = np.convolve(taps, taps[::-1])
    np.testing.assert_allclose(scipy_minimum_phase(squared, n_fft=4096), taps, atol=1e-3)


@pytest.mark.parametrize("corner", [0.03, 0.4, 7.0, 49.0, 160.0])
def test_corners_are_causal_and_keep_their_modulus(corner):
    from seissynth_plugins.stochastic import _kernels
    from seissynth_plugins.stochastic.legs import corner_tables

    grid = Grid(32768, 0.01, ACTIVE)
    corners, powers = np.array([corner]), np.array([-1.0])
    residual, square, poles = corner_tables(corners, grid.dt)
    kappa = grid.kappa.values[:, None]

    def spectrum(corners, powers, residual, poles):
        shape, scratch = np.empty((2, len(grid.frequency))), np.empty((2, len(grid.frequency)))
        arrays = grid.frequency, grid.cosine, grid.sine, corners, powers, residual, square, poles
        _kernels.corner_shape(*shape, *arrays, True)
        out = np.empty(len(grid.frequency), dtype=complex)
        _kernels.leg_spectrum(out, *scratch, 1.0, shape, np.array([0.035]), *kappa)
        return out

    out = spectrum(corners, powers, residual, poles)
    want = (
        (2 * np.pi * grid.frequency) ** 2
        / (1 + (grid.frequency / corner) ** 2)
        * np.exp(-np.pi * 0.035 * grid.frequency)
    )
    np.testing.assert_allclose(np.abs(out[1:]), want[1:], rtol=1e-9)
    pulse = np.fft.irfft(out)
    assert np.abs(pulse[len(pulse) // 2 :]).max() < 1e-4 * np.abs(pulse).max()  # the second half is time before zero
    # powers between are the same filter raised to them
    twice = [np.repeat(x, 2, axis=0) for x in (corners, residual, poles)]
    half = spectrum(twice[0], np.array([-0.5, -0.5]), *twice[1:])
    np.testing.assert_allclose(half, out, rtol=1e-9, atol=1e-12 * np.abs(out).max())


def test_exponential_and_sine_of_a_leg_are_those_of_numpy():
    from seissynth_plugins.stochastic import _kernels

    rng = np.random.default_rng(0)
    shape = np.stack([rng.uniform(-60, 30, 4097), rng.uniform(-80, 80, 4097)])
    terms = rng.normal(size=(2, 2, 4097))
    weights = np.array([0.7, -2.0])
    out = np.empty(4097, dtype=complex)
    _kernels.leg_spectrum(out, *np.empty((2, 4097)), 3.0, shape, weights, *terms)
    wanted = 3.0 * np.exp(shape[0] + weights @ terms[0] + 1j * (shape[1] + weights @ terms[1]))
    np.testing.assert_allclose(out[1:], wanted[1:], rtol=1e-9)
    assert out[0] == 0


# --- options


def test_unknown_options_name_the_nearest():
    with pytest.raises(InputError, match="stress_drop_bar"):
        StochasticBackend(stress_drop=60)
    with pytest.raises(InputError, match="unknown preset"):
        StochasticBackend(preset="activ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stress_drop_bar", 0), ("stress_drop_bar", "100"), ("kappa0_s", -0.1), ("coda_level", 2), ("q_exponent", 1.5),
        ("site_amplification", ((1.0, 1.0), (0.5, 2.0))), ("site_amplification", 3.0), ("magnitude_conversion", "x"),
        ("two_corner_start_magnitude", 7), ("stress_drop_bar", float("nan")), ("nonlinear_site", "yes"),
    ],
)  # fmt: skip
def test_bad_options_are_refused_by_name(name, value):
    with pytest.raises(InputError, match=name):
        make_parameters("active", **{name: value})


def test_every_option_is_documented_with_its_source():
    for name, parameter in StochasticBackend.__init__.__signature__.parameters.items():
        if name not in ("self", "weights", "device", "preset"):
            assert f"{name} :" in StochasticBackend.__doc__ and parameter.kind is parameter.KEYWORD_ONLY


def test_window_energies_against_quadrature():
    from seissynth_plugins.stochastic import _kernels

    shape = scale, power, decay = window_shape(0.2, 0.05)
    place = falling_place(0.2, 0.05, 0.2)
    direct, length, fall = 11.0, 16.0, 0.03

    def window(t):
        x = (t - direct) / length
        return scale * x**power * np.exp(-decay * x)

    def with_coda(t):
        splice = direct + place * length
        return max(window(t), 0.2 * (t / splice) ** -1.2 * np.exp(-fall * (t - splice))) if t > splice else window(t)

    limits = {"limit": 400, "points": [direct + place * length]}
    plain = quad(lambda t: window(t) ** 2, direct, 400, **limits)[0]
    coda = quad(lambda t: with_coda(t) ** 2, direct, 400, **limits)[0]
    args = (direct, length, 1.0, 0.0, (0.0, 1.0), shape)
    low, high, bare = _kernels.s_energies(*args, (0.2, place, 1.2, fall, 0.1))
    assert (low, bare) == pytest.approx((coda, plain), rel=1e-3)
    assert bare < high < low
    p = _kernels.p_energy(direct, 1e9, length, 1.0, 0.0, shape, (0.0, 1.0, 0.5))
    assert p == pytest.approx(plain, rel=1e-3)
    # a head wave of half the peak and twice the length adds a quarter of twice the energy
    p = _kernels.p_energy(direct, 1e9, length, 2 * length, 0.5, shape, (0.0, 1.0, 0.5))
    assert p == pytest.approx(1.5 * plain, rel=1e-3)
