"""The spectral fit against spectra of known parameters, HVSR against known ratios, and the group."""

import numpy as np
import pytest
from evaluation_sets import pairs_of, record_set, scaled

from seissynth.errors import InputError
from seissynth.evaluation import EvaluationSettings, PathModel, brune_corner_hz, displacement_spectra, fit_source
from seissynth.evaluation.groups.hvsr import hvsr
from seissynth.evaluation.groups.source import fit_events, source_group
from seissynth.evaluation.groups.source_fit import moment_to_magnitude, stress_drop_bar

DISTANCE = np.array([12.0, 20.0, 31.0, 45.0, 60.0, 80.0])
FREQUENCY = np.geomspace(0.5, 40.0, 38)


def _spectra(moment, corner, kappa, path, rng=None, count=8, levels=None):
    clean = path.moment_factor(DISTANCE)[:, None] * moment / (1 + (FREQUENCY / corner) ** 2)
    clean = clean * np.exp(-np.pi * FREQUENCY * (path.attenuation_s(DISTANCE[:, None], FREQUENCY) + kappa))
    clean = clean * path.site_factor(FREQUENCY)
    if levels is not None:
        clean = clean * np.exp(levels)[:, None]
    if rng is None:
        return clean
    return clean * np.sqrt(rng.gamma(count, 1 / count, clean.shape))  # mean power of `count` frequencies


@pytest.mark.parametrize("corner", [1.5, 4.0, 12.0])
@pytest.mark.parametrize("kappa", [0.0, 0.04])
def test_clean_spectra_are_recovered(corner, kappa):
    path = PathModel(site=((0.5, 1.0), (40.0, 3.0)))
    found = fit_source(FREQUENCY, _spectra(1e15, corner, kappa, path), DISTANCE, path=path,
                       count=np.full((6, 38), 1e9))  # fmt: skip
    assert found.corner_hz == pytest.approx(corner, rel=1e-3)
    assert found.kappa_s == pytest.approx(kappa, abs=1e-4)
    assert found.magnitude == pytest.approx(2 / 3 * (15 - 9.05), abs=1e-3)
    assert found.stress_drop_bar == pytest.approx(stress_drop_bar(1e15, corner), rel=5e-3)
    assert found.resolved and found.misfit_sd < 1e-6


def test_noisy_spectra_without_bias_and_with_honest_errors():
    path, rng, found = PathModel(), np.random.default_rng(0), []
    for _ in range(60):
        levels = 0.4 * rng.normal(size=6)
        one = fit_source(FREQUENCY, _spectra(1e15, 4.0, 0.03, path, rng, levels=levels), DISTANCE, path=path,
                         count=np.full((6, 38), 8.0))  # fmt: skip
        found.append([one.magnitude - 3.9667, one.magnitude_se, np.log(one.corner_hz / 4.0), one.ln_corner_se,
                      one.kappa_s - 0.03, one.kappa_se])  # fmt: skip
    found = np.array(found)
    for value, error in ((0, 1), (2, 3), (4, 5)):
        bias, sd, stated = found[:, value].mean(), found[:, value].std(), found[:, error].mean()
        assert abs(bias) < 4 * sd / np.sqrt(60)
        assert 0.7 < stated / sd < 1.6, (value, stated, sd)


def test_mean_power_of_few_frequencies_is_put_right():
    """ln of the mean of k exponential values lies (ln k - psi(k)) below: a bias of 0.13 in ln at k = 4."""
    path, rng = PathModel(), np.random.default_rng(1)
    found = [fit_source(FREQUENCY, _spectra(1e15, 4.0, 0.03, path, rng, 2), DISTANCE, path=path,
                        count=np.full((6, 38), 2.0)) for _ in range(30)]  # fmt: skip
    assert np.mean([one.magnitude for one in found]) == pytest.approx(3.9667, abs=0.02)


def test_outliers_do_little():
    path = PathModel()
    spectra = _spectra(1e15, 4.0, 0.03, path, np.random.default_rng(2), 30)
    spoiled = spectra.copy()
    spoiled[0, 10:14] *= 8.0  # a resonance of one site
    one, other = (fit_source(FREQUENCY, x, DISTANCE, path=path, count=np.full(x.shape, 30.0))
                  for x in (spectra, spoiled))  # fmt: skip
    assert abs(np.log(other.corner_hz / one.corner_hz)) < 0.05
    assert abs(other.magnitude - one.magnitude) < 0.02


def test_kappa_of_each_record_and_fixed():
    path = PathModel(q0=np.inf)
    kappas = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])
    spectra = np.concatenate([_spectra(1e15, 4.0, k, path)[i : i + 1] for i, k in enumerate(kappas)])
    count = np.full(spectra.shape, 1e9)
    found = fit_source(FREQUENCY, spectra, DISTANCE, path=path, count=count, kappa="record")
    np.testing.assert_allclose(found.kappa_of_record, kappas, atol=1e-4)
    assert found.corner_hz == pytest.approx(4.0, rel=1e-3)
    same = _spectra(1e15, 4.0, 0.03, path)
    assert fit_source(FREQUENCY, same, DISTANCE, path=path, count=count, kappa=0.03).corner_hz == pytest.approx(4.0)


def test_corner_out_of_sight_is_said():
    path = PathModel()
    found = fit_source(FREQUENCY, _spectra(1e12, 200.0, 0.03, path, np.random.default_rng(3)), DISTANCE, path=path)
    assert not found.resolved
    assert found.magnitude == pytest.approx(moment_to_magnitude(1e12), abs=0.1)


def test_missing_bands_and_records():
    path = PathModel()
    spectra = _spectra(1e15, 4.0, 0.03, path)
    spectra[0] = np.nan
    spectra[1, :5] = 0.0
    found = fit_source(FREQUENCY, spectra, DISTANCE, path=path, count=np.full(spectra.shape, 1e9))
    assert found.records == 5 and np.isnan(found.kappa_of_record[0])
    assert found.corner_hz == pytest.approx(4.0, rel=1e-3)


def test_bad_input():
    with pytest.raises(InputError, match="amplitude has shape"):
        fit_source(FREQUENCY, np.ones((2, 5)), DISTANCE)
    with pytest.raises(InputError, match="nothing can be fitted"):
        fit_source(FREQUENCY, np.full((6, 38), np.nan), DISTANCE)
    with pytest.raises(InputError, match="kappa='free'"):
        fit_source(FREQUENCY, np.ones((6, 38)), DISTANCE, kappa="free")
    with pytest.raises(InputError, match="two horizontals"):
        displacement_spectra(np.ones((1, 3, 100)), 100.0)


def test_displacement_spectrum_of_a_decaying_step():
    """Velocity a exp(-a t) has the displacement spectrum a / (2 pi f sqrt(a² + (2 pi f)²))."""
    a, time = 3.0, np.arange(20000) / 200.0
    velocity = np.array([[a * np.exp(-a * time), 0 * time]])
    velocity[:, :, 0] *= 0.5
    padded = np.concatenate([np.zeros((1, 2, 4000)), velocity], axis=2)
    frequency, amplitude, count = displacement_spectra(padded, 200.0, "velocity", (0.5, 20.0))
    omega = 2 * np.pi * frequency
    np.testing.assert_allclose(amplitude[0], a / (omega * np.hypot(a, omega)), rtol=0.03)
    assert (count > 0).all()
    double = displacement_spectra(np.repeat(padded[:, :1], 2, axis=1), 200.0, "velocity", (0.5, 20.0))[1]
    np.testing.assert_allclose(double, np.sqrt(2) * amplitude, rtol=1e-9)


def test_stress_drop_is_the_inverse_of_the_corner():
    for magnitude, stress in ((2.0, 10.0), (5.0, 300.0)):
        moment = 10 ** (1.5 * magnitude + 9.05)
        assert stress_drop_bar(moment, float(brune_corner_hz(magnitude, stress))) == pytest.approx(stress)


def test_what_the_stochastic_backend_put_in_is_found():
    """One earthquake of one corner at known path and site: Mw within 0.05, corner within 15 %, kappa within 4 ms."""
    import seissynth
    from seissynth.evaluation import streams_to_record_set
    from seissynth_plugins.stochastic.presets import make_parameters

    inventory, event = seissynth.read_example()
    event = event.copy()
    event.focal_mechanisms = []  # no radiation pattern: the fit knows its mean only
    event.magnitudes[0].mag, event.magnitudes[0].magnitude_type = 4.0, "Mw"
    stream = seissynth.generate(
        inventory, event, duration=120.0, variability=False, seed=4, level_correction="none",
        two_corner_start_magnitude=98.0, two_corner_full_magnitude=99.0,
    )  # fmt: skip
    truth, p = stream[0].stats.seissynth.truth, make_parameters("active")
    path = PathModel(p.source_vs_km_s, 1000 * p.source_density_g_cm3, p.s_radiation, 2.0, p.spreading, p.q0,
                     p.q_exponent, p.site_amplification)  # fmt: skip
    found = fit_events(streams_to_record_set(stream, inventory=inventory), path=path).iloc[0]
    assert found["mw"] == pytest.approx(float(truth["moment_magnitude"]), abs=0.05)
    assert np.log(found["corner_hz"] / float(truth["corner_frequency_hz"])) == pytest.approx(0.0, abs=0.15)
    assert found["kappa_s"] == pytest.approx(float(truth["kappa0_s"]), abs=0.004)


# --- HVSR


def test_hvsr_of_known_ratio():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(50, 3, 4000)) * np.array([1.0, 2.0, 4.5])[:, None]
    geometric, vector = (hvsr(data, 100.0, horizontal=kind) for kind in ("geometric", "vector"))
    assert np.exp(np.log(geometric.median).mean()) == pytest.approx(3.0, rel=0.03)
    assert np.exp(np.log(vector.median).mean()) == pytest.approx(np.sqrt((4 + 20.25) / 2), rel=0.03)


def test_hvsr_of_equal_components_is_one():
    trace = np.random.default_rng(1).normal(size=3000)
    found = hvsr(np.tile(trace, (1, 3, 1)), 100.0)
    np.testing.assert_allclose(found.median, 1.0, rtol=1e-12)
    assert np.isnan(found.ln_sd).all()


def test_hvsr_of_dead_records_is_nan():
    data = np.random.default_rng(1).normal(size=(2, 3, 1000))
    data[0, 1] = 0.0
    found = hvsr(data, 100.0)
    assert np.isnan(found.ln_of_record[0]).all() and np.isfinite(found.ln_of_record[1]).all()
    with pytest.raises(InputError, match="components Z, N, E"):
        hvsr(data[:, :2], 100.0)
    with pytest.raises(InputError, match="horizontal='larger'"):
        hvsr(data, 100.0, horizontal="larger")


# --- group


def test_group_of_a_set_against_itself_and_scaled():
    real, fast = record_set(), EvaluationSettings(draws=30)
    itself = source_group(pairs_of(real, real), fast).summary.set_index("metric")["value"]
    assert np.nanmax(np.abs(itself)) < 1e-6
    louder = source_group(pairs_of(real, scaled(real, 10.0)), fast).summary.set_index("metric")["value"]
    assert louder["source_mw_difference"] == pytest.approx(2 / 3, abs=1e-4)
    assert louder["ln_spectrum_difference"] == pytest.approx(np.log(10), abs=1e-4)
    assert louder["ln_hvsr_rms"] == pytest.approx(0.0, abs=1e-4)
