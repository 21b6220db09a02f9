"""Boreholes, kappa and surface waves beside the real records of the shared folder; few records, so wide bounds."""

import numpy as np
import pytest

from tools.physics import compare_boreholes, compare_kappa, compare_surface_waves
from tools.real_records.compare_ridgecrest import Data


@pytest.fixture(scope="module")
def ridgecrest(shared_data):
    """The sequence, and the rows of every fourth earthquake below magnitude 6 with two realisations."""
    data = Data(shared_data)
    vs30 = compare_boreholes.mapped_vs30(shared_data, data.stations)
    kept = [i for i, magnitude in enumerate(data.magnitudes) if i % 4 == 0 or magnitude > 6]
    data.magnitudes = [m if i in kept else 9.0 for i, m in enumerate(data.magnitudes)]  # left out as too large
    return data, compare_boreholes.measure(data, 2, 2.0, vs30)


@pytest.mark.filterwarnings("ignore:.*taken as Mw", "ignore:All-NaN")
def test_depths_bring_boreholes_to_the_level_of_the_surface(ridgecrest):
    relative = compare_boreholes.less_surface(ridgecrest[1], compare_boreholes.MAPPED)
    medians = {case: np.nanmedian([row[2][:, 1] for row in rows], axis=0) for case, rows in relative.items()}
    before, after = (medians[case] for case in (compare_boreholes.AT_SURFACE, "waves in generic layers"))
    assert (before - after > 0.3).all()  # 1 to 2, 2 to 5, 5 to 10 Hz, horizontals
    assert (np.abs(after) < 0.5).all() and np.abs(after[1:]).mean() < np.abs(before[1:]).mean()


@pytest.mark.filterwarnings("ignore:.*taken as Mw")
def test_kappa_of_generated_records_is_that_of_real_ones(shared_data):
    data = Data(shared_data)
    data.magnitudes = [m if i % 6 == 0 else 9.0 for i, m in enumerate(data.magnitudes)]
    rows = compare_kappa.measure(data)
    assert len(rows) > 15
    real, made = (np.median([kappas[run] for _, kappas in rows]) for run in ("real", 0.0))
    assert 0 < real < 0.05 and abs(made - real) < 0.02


def test_surface_waves_make_late_vertical_motion_larger(shared_data):
    measured = [
        compare_surface_waves.measure(shared_data, 2, {"surface_wave_share": share})["germany"] for share in (0.0, 0.95)
    ]
    without, with_train = (np.nanmedian(one[2][:, 0], axis=0) for one in measured)
    real = np.nanmedian(measured[0][1][:, 0], axis=0)
    # late over S of Z, and the quadrature, at 0.1 to 0.25 Hz
    assert without[1] < with_train[1] < real[1] + 0.5
    assert without[2] < with_train[2] < real[2]
