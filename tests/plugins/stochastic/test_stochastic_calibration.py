"""Calibrated levels: the stored correction, how it acts, and what it reaches against published models (pygmm)."""

import json
from pathlib import Path

import numpy as np
import pytest
from stochastic_tables import conditions, record_maker, simulate

from seissynth.errors import InputError
from seissynth_plugins.stochastic import calibration
from seissynth_plugins.stochastic.adjustment import KNOTS_HZ, hat_functions
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.calibration import LevelCorrection, load_correction
from seissynth_plugins.stochastic.presets import PRESETS, make_parameters
from seissynth_plugins.stochastic.rows import prepare_rows

DATA = Path(calibration.__file__).parent / "data"
TABLES = Path(__file__).parents[3] / "docs" / "_static" / "calibration"
FITTED = ("active", "active_windows")


@pytest.fixture(scope="module")
def gmm():
    pytest.importorskip("pygmm")
    from tools.physics import _gmm

    return _gmm


@pytest.mark.parametrize("preset", FITTED)
def test_stored_numbers_are_few_small_and_told_where_they_come_from(preset):
    assert PRESETS[preset].level_correction == preset
    stored = json.loads((DATA / f"{preset}_level.json").read_text(encoding="utf-8"))
    values = np.array(stored["ln_fas"])
    assert 0 < values.size <= 12
    assert np.abs(values).max() <= 0.8
    assert {"script", "date", "fitted_to", "half", "geometry", "constants", "preset"} <= set(stored)
    # whoever changes a constant of the preset has to fit again
    for name, value in stored["constants"].items():
        assert json.loads(json.dumps(getattr(PRESETS[preset], name))) == value, name
    at_knots = load_correction(preset).at_knots(np.linspace(-2.0, 10.0, 500))
    assert at_knots.shape == (500, len(KNOTS_HZ))
    assert np.abs(at_knots).max() <= 0.8
    assert np.abs(np.diff(at_knots, axis=0)).max() < 0.05  # continuous in magnitude


def test_a_correction_is_bilinear_and_constant_beyond_its_knots():
    low, high = KNOTS_HZ[2], KNOTS_HZ[8]
    correction = LevelCorrection((4.0, 6.0), (low, high), ((0.1, 0.3), (0.5, -0.7)))
    middle = correction.at_knots([5.0])[0]
    knots = np.log(KNOTS_HZ)
    share = (knots[5] - knots[2]) / (knots[8] - knots[2])
    assert middle[5] == pytest.approx(0.3 * (1 - share) - 0.2 * share)
    np.testing.assert_allclose(correction.at_knots([2.0, 9.0])[:, [0, 11]], [[0.1, 0.3], [0.5, -0.7]])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (((5.0,), (KNOTS_HZ[0],), ((0.81,),)), "0.81"),
        (((5.0,), (KNOTS_HZ[0],), ((np.nan,),)), "at most 0.8"),
        ((tuple(range(13)), (KNOTS_HZ[0],), ((0.1,),) * 13), "13 coefficients"),
        (((5.0,), (0.5,), ((0.1,),)), "must be among"),
        (((5.0, 4.0), (KNOTS_HZ[0],), ((0.1,), (0.1,))), "must increase"),
        (((5.0, 6.0), (KNOTS_HZ[0],), ((0.1,),)), "shape"),
    ],
)
def test_what_a_correction_may_not_be(arguments, text):
    with pytest.raises(InputError, match=text):
        LevelCorrection(*arguments)


def test_unknown_and_broken_corrections_are_named(tmp_path):
    with pytest.raises(InputError, match=r"neither 'none'.*active"):
        load_correction("elsewhere")
    broken = tmp_path / "broken.json"
    broken.write_text('{"magnitudes": [5]}', encoding="utf-8")
    with pytest.raises(InputError, match="is not a level correction"):
        load_correction(str(broken))
    with pytest.raises(InputError, match="must be a name or a path"):
        StochasticBackend(level_correction=3)


@pytest.mark.parametrize("magnitude", [3.0, 5.2, 6.7])
def test_all_legs_carry_just_the_correction(magnitude):
    legs = []
    for name in ("active", "none"):
        backend = StochasticBackend(level_correction=name)
        maker = record_maker(backend)
        grid = maker.grids.get(8192, 0.01)
        row = prepare_rows(conditions([40.0], magnitude), backend.parameters)[0][0]
        legs.append(np.abs(np.array(maker.legs.spectra(grid, row))[:, 1:]))
    wanted = load_correction("active").at_knots([magnitude])[0] @ hat_functions(grid.frequency[1:])
    np.testing.assert_allclose(np.log(legs[0] / legs[1]), np.broadcast_to(wanted, legs[0].shape), atol=1e-9)


def test_simulated_records_carry_it_too():
    table = conditions(np.full(40, 30.0), 5.5)
    power = []
    for name in ("active", "none"):
        data = simulate(StochasticBackend(level_correction=name), table, npts=8192).data.astype(float)
        power.append((np.abs(np.fft.rfft(data, axis=-1)) ** 2).sum(axis=0))
    frequency = np.fft.rfftfreq(8192, 0.01)
    wanted = load_correction("active").at_knots([5.5])[0] @ hat_functions(frequency)
    for low in (0.3, 1.0, 3.0, 10.0, 20.0):
        band = (frequency >= low) & (frequency < 1.3 * low)
        ratio = 0.5 * np.log(power[0][:, band].sum(axis=1) / power[1][:, band].sum(axis=1))
        np.testing.assert_allclose(ratio, wanted[band].mean(), atol=0.03)


def test_the_uncorrected_preset_is_the_papers_own():
    p = PRESETS["active_uncorrected"]
    assert p.level_correction == "none"
    assert p.spreading == ((1.0, -1.0), (40.0, -0.5))
    assert (p.q0, p.q_exponent, p.stress_drop_bar, p.kappa0_s) == (180.0, 0.45, 100.0, 0.035)
    assert p.finite_fault == (-1.72, 0.43, -0.405, 0.235, 5.744, 7.744)
    assert (p.two_corner_start_magnitude, p.two_corner_full_magnitude) == (5.5, 6.5)
    rows = prepare_rows(conditions([10.0, 100.0], 5.0, station_vs_30_mps=400.0), p)[0]
    assert all(row.adjustment is None for row in rows)
    maker = record_maker(StochasticBackend(preset="active_uncorrected"))
    # S on Z has no filter of its own: multiplying by 1 leaves every bit
    assert np.all(maker.legs.s_on_z(maker.grids.get(4096, 0.01), rows[1]) == 1.0)


@pytest.mark.parametrize(
    ("preset", "magnitude", "distance"),
    [(preset, *cell) for preset in FITTED for cell in ((4.0, 24.0), (5.0, 24.0), (6.0, 24.0), (6.5, 36.0))]
    + [("active_windows", 7.0, 56.0), ("active", 7.0, 130.0)],
)
def test_levels_of_cells_that_the_fit_never_saw(gmm, preset, magnitude, distance):
    assert not gmm.is_fitted(magnitude, distance)
    cell = gmm.Cell(magnitude, distance)
    residual = gmm.medians(gmm.make_backend(preset), [cell], 60)[0] - gmm.bssa14(cell)
    assert np.abs(residual).max() < 0.25, residual


@pytest.mark.parametrize("vs30", [300.0, 500.0, 1000.0])
@pytest.mark.parametrize(("magnitude", "distance"), [(5.0, 85.0), (6.5, 24.0)])
def test_the_site_term_is_bssa14s(gmm, vs30, magnitude, distance):
    backend = gmm.make_backend("active")
    rock, soil = gmm.Cell(magnitude, distance), gmm.Cell(magnitude, distance, vs30)
    made = gmm.medians(backend, [soil], 30)[0] - gmm.medians(backend, [rock], 30)[0]
    np.testing.assert_allclose(made, gmm.bssa14(soil) - gmm.bssa14(rock), atol=0.2)


@pytest.mark.parametrize("preset", FITTED)
@pytest.mark.parametrize(
    ("magnitude", "distance", "vs30"), [(5.0, 10.0, 760.0), (6.0, 30.0, 760.0), (7.0, 70.0, 450.0)]
)
def test_vertical_over_horizontal(gmm, preset, magnitude, distance, vs30):
    cell = gmm.Cell(magnitude, distance, vs30)
    made = gmm.vertical_medians(gmm.make_backend(preset), [cell], 80)[0]
    np.testing.assert_allclose(made, gmm.gulerce_abrahamson(cell), atol=0.25)


def test_a_step_towards_vertical_over_horizontal_weighs_residuals_against_changes():
    """A quadratic in two numbers, minimised by hand: x1 alone has an effect, and half its spread is the answer."""
    calibrate_vertical = pytest.importorskip("tools.physics.calibrate_vertical")
    slopes, allowed = np.array([[1.0, 0.0], [0.0, 0.0]]), np.diag([calibrate_vertical.RESIDUAL**2, 1.0])
    step = calibrate_vertical.nearest(np.array([-0.4, 0.3]), slopes, np.zeros(2), allowed)
    np.testing.assert_allclose(step, [0.2, 0.0], atol=1e-12)
    # from there on nothing moves, and what was moved without effect goes back
    again = calibrate_vertical.nearest(np.array([-0.2, 0.3]), slopes, np.array([0.2, 0.5]), allowed)
    np.testing.assert_allclose(again, [0.0, -0.5], atol=1e-12)


def test_changes_of_the_vertical_are_shared_between_neighbouring_frequencies_of_one_table():
    """An octave apart they correlate by 0.7, two octaves by its square, and other tables' not at all."""
    calibrate_vertical = pytest.importorskip("tools.physics.calibrate_vertical")
    preset = make_parameters("active", s_vertical=((1, 0.5), (2, 0.6), (4, 0.7)), s_vertical_decay=((1, 0.0),))
    allowed = calibrate_vertical.covariance(preset)
    np.testing.assert_allclose(allowed[0, :3], 0.4**2 * np.array([1, 0.7, 0.49]))
    assert not allowed[:3, 3:].any() and not allowed[3, 4]
    np.testing.assert_allclose(np.sqrt(np.diag(allowed)), [0.4, 0.4, 0.4, 0.15, 0.1])


def test_constants_of_the_vertical_come_back_from_their_vector():
    calibrate_vertical = pytest.importorskip("tools.physics.calibrate_vertical")
    preset = PRESETS["active"]
    constants = calibrate_vertical.decode(calibrate_vertical.encode(preset), preset)
    assert constants == {
        name: getattr(preset, name) for name in ("s_vertical", "s_vertical_decay", "vertical_site_exponent")
    }


def test_scores_of_the_documentation_are_those_of_its_stored_medians():
    compare_gmm = pytest.importorskip("tools.physics.compare_gmm")
    stored = {preset: compare_gmm.read_levels(TABLES / "levels.csv")[preset] for preset in compare_gmm.PRESETS}
    assert table_of("levels_score.md") == [[str(cell) for cell in row] for row in compare_gmm.score_rows(stored)]


def test_scores_of_the_vertical_are_those_of_its_table():
    """Values beyond the limit are bold in the table of each cell."""
    compare_gmm = pytest.importorskip("tools.physics.compare_gmm")
    beyond = sum(cell.startswith("**") for row in table_of("vertical_active.md") for cell in row)
    score = {row[0]: row[1:-1] for row in table_of("vertical_score.md")}["`active`"]
    assert sum(36 - int(text.split()[0]) for text in score) == beyond
    medians = compare_gmm.read_vertical(TABLES / "vertical.csv")["active"]
    shown = [[cell.strip("*").split(" / ")[0] for cell in row[3:]] for row in table_of("vertical_active.md")]
    np.testing.assert_allclose(np.exp(medians), np.array(shown, dtype=float), atol=0.0051)


def table_of(name):
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
