"""Ground-motion models against hand calculation, published values and pygmm."""

import sys

import numpy as np
import pytest

from seissynth.errors import InputError, MissingDependencyError
from seissynth.evaluation import GROUND_MOTION_MODELS, ground_motion_model, joyner_boore_distance

#: PGA, PSA(0.1), PSA(0.3), PSA(1) in g and PGV in cm/s that the authors of ITA18 tabulate:
#: (magnitude, mechanism, R_JB, Vs30) -> values
ITA18_VALUES = {
    (4.5, "strike_slip", 20.0, 850.0): (0.011820, 0.031023, 0.016638, 0.0020041, 0.36119),
    (4.5, "reverse", 50.0, 300.0): (0.0029535, 0.0059574, 0.0057779, 0.0012290, 0.13872),
    (5.5, "normal", 100.0, 570.0): (0.0030495, 0.0048548, 0.0072423, 0.0029869, 0.25050),
    (5.5, "strike_slip", 0.0, 150.0): (0.44005, 0.81991, 0.88665, 0.25204, 28.619),
}


@pytest.mark.parametrize("case", ITA18_VALUES)
def test_ita18_against_the_authors_table(case):
    magnitude, mechanism, distance, vs30 = case
    found = ground_motion_model("ita18").predict(
        ("pga", "psa_0.1", "psa_0.3", "psa_1", "pgv"), magnitude, distance, distance_kind="joyner_boore",
        vs30_mps=vs30, mechanism=mechanism,
    )  # fmt: skip
    units = np.array([9.80665] * 4 + [0.01])
    np.testing.assert_allclose(np.exp(found.ln_median[0]) / units, ITA18_VALUES[case], rtol=2e-4)


def test_ita18_standard_deviations():
    """Total of PGA in log10: root of 0.156² + 0.2206² + 0.2001²."""
    _, tau, phi, sigma = ground_motion_model("ita18").predict("pga", 6.0, 10.0, distance_kind="joyner_boore").of("pga")
    assert tau[0] / np.log(10) == pytest.approx(0.156, abs=1e-4)
    assert sigma[0] / np.log(10) == pytest.approx(np.sqrt(0.156**2 + 0.2206**2 + 0.2001**2), abs=1e-4)
    assert sigma[0] == pytest.approx(np.hypot(tau[0], phi[0]))


def test_emolo_by_hand():
    """log Y = -3.16 + 3 - 0.72 log 30.2273 - 0.102 at ML 4, 30 km."""
    found = ground_motion_model("emolo15").predict("pga", 4.0, 30.0, distance_kind="epicentral")
    assert found.ln_median[0, 0] == pytest.approx(np.log(10) * (-0.16 - 0.72 * np.log10(30.2273) - 0.102), abs=1e-5)
    assert np.isnan(found.sigma[0, 0])


def test_bssa14_is_pygmm_in_si():
    pygmm = pytest.importorskip("pygmm")
    scenario = pygmm.Scenario(mag=5.2, dist_jb=37.0, v_s30=400.0, mechanism="NS")
    model = pygmm.BooreStewartSeyhanAtkinson2014(scenario)
    found = ground_motion_model("bssa14").predict(
        ("pga", "pgv", "psa_0.3", "psa_0.123"), 5.2, 37.0, distance_kind="joyner_boore", vs30_mps=400.0,
        mechanism="normal",
    )  # fmt: skip
    psa = model.interp_spec_accels(np.array([0.3, 0.123])) * 9.80665
    np.testing.assert_allclose(np.exp(found.ln_median[0]), [model.pga * 9.80665, model.pgv / 100, *psa], rtol=1e-10)
    np.testing.assert_allclose(
        found.sigma[0], [model.ln_std_pga, model.ln_std_pgv, *model.interp_ln_stds(np.array([0.3, 0.123]))], rtol=1e-3
    )


@pytest.mark.parametrize("name", GROUND_MOTION_MODELS)
def test_outside_the_range_is_nan_and_counted(name):
    if name == "bssa14":
        pytest.importorskip("pygmm")
    model = ground_motion_model(name)
    inside = np.mean(model.magnitudes)
    magnitude = [inside, model.magnitudes[0] - 0.01, model.magnitudes[1] + 0.01, inside, np.nan]
    distance = [20.0, 20.0, 20.0, model.distances_km[1] + 1, 20.0]
    found = model.predict("pga", magnitude, distance, distance_kind=model.distance)
    assert found.outside.tolist() == [False, True, True, True, True]
    assert found.outside_count == 4
    assert np.isfinite(found.ln_median[:, 0]).tolist() == [True, False, False, False, False]


@pytest.mark.parametrize("name", GROUND_MOTION_MODELS)
def test_larger_and_nearer_is_stronger(name):
    if name == "bssa14":
        pytest.importorskip("pygmm")
    model = ground_motion_model(name)
    magnitudes = np.linspace(*np.clip(model.magnitudes, 3.5, 6.0), 6)
    grown = model.predict("pga", magnitudes, 30.0, distance_kind=model.distance).ln_median[:, 0]
    fallen = model.predict("pga", 4.5, np.geomspace(5, 150, 6), distance_kind=model.distance).ln_median[:, 0]
    assert (np.diff(grown) > 0).all() and (np.diff(fallen) < 0).all()


def test_unknown_vs30_is_rock():
    model = ground_motion_model("ita18")
    found = model.predict("pga", 5.0, 20.0, distance_kind="joyner_boore", vs30_mps=[np.nan, 760.0, 300.0])
    assert found.ln_median[0, 0] == found.ln_median[1, 0] < found.ln_median[2, 0]


def test_one_clear_error():
    model = ground_motion_model("ita18")
    with pytest.raises(InputError, match="takes joyner_boore distance, but distance_kind='epicentral'"):
        model.predict("pga", 5.0, 20.0, distance_kind="epicentral")
    with pytest.raises(InputError, match=r"ita18 has no 'psa_0.2'"):
        model.predict("psa_0.2", 5.0, 20.0, distance_kind="joyner_boore")
    with pytest.raises(InputError, match="emolo15 has no 'pgv'"):
        ground_motion_model("emolo15").predict("pgv", 4.0, 20.0, distance_kind="epicentral")
    with pytest.raises(InputError, match="measure 'sa' is unknown"):
        model.predict("sa", 5.0, 20.0, distance_kind="joyner_boore")
    with pytest.raises(InputError, match="mechanism='oblique'"):
        model.predict("pga", 5.0, 20.0, distance_kind="joyner_boore", mechanism="oblique")
    with pytest.raises(InputError, match="'nga' is unknown"):
        ground_motion_model("nga")


def test_without_pygmm(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygmm", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        ground_motion_model("bssa14").predict("pga", 5.0, 20.0, distance_kind="joyner_boore")


def test_joyner_boore_distance():
    """0 above the rupture's middle; epicentral for small ones; never more than epicentral, never half a length less."""
    epicentral = np.geomspace(0.1, 200, 30)
    assert joyner_boore_distance(0.0, 7.0) == 0.0
    np.testing.assert_allclose(joyner_boore_distance(epicentral[10:], 2.0), epicentral[10:], rtol=0.05)
    found = joyner_boore_distance(epicentral, 6.5)
    half = 0.5 * 10 ** (-2.44 + 0.59 * 6.5)
    assert (found <= epicentral).all() and (found >= epicentral - half).all()
    # far away the mean of half |cos| over all strikes is taken off
    assert 2000.0 - joyner_boore_distance(2000.0, 6.5) == pytest.approx(half * 2 / np.pi, rel=0.01)


def test_ita18_above_its_hinge():
    """From Mh = 5.5 to 7 PGA grows by 1.5 (b2 + c1 log10 of the effective distance), b2 = -0.0220, c1 = 0.2871."""
    model = ground_motion_model("ita18")
    found = model.predict("pga", [5.5, 7.0], 20.0, distance_kind="joyner_boore").ln_median[:, 0] / np.log(10)
    far = np.log10(np.hypot(20.0, 6.923743))
    assert found[1] - found[0] == pytest.approx(1.5 * (-0.02198278 + 0.28714929 * far), abs=1e-6)
