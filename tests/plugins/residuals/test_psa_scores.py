"""Scores of peaks at stations left out: unknown gains, periods with few records, and the tables of PSA."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from seissynth_plugins.residuals.kernel import make_places
from tools.residuals._residuals import LEAST_PEAK, ResidualRecords
from tools.residuals._rivals import has_enough, peak_rivals, residual
from tools.residuals.conditioned_stations_out import coverage_lines, psa_lines, with_gains

MEASURES = ("pga", "psa_0p3", "psa_1", "psa_3")


def made_up(events=12, stations=4, gains=(0.0, 0.0, 0.0, 0.0), noise=-20.0, seed=0):
    """Records whose peaks are expected ones, with a scatter, times a gain of the station."""
    rng = np.random.default_rng(seed)
    pairs = [(e, s) for e in range(events) for s in range(stations)]
    n = len(pairs)
    event, station = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
    places = make_places(
        event=[f"e{e}" for e in event], station=[f"S{s}" for s in station], source_latitude_deg=0.01 * event,
        source_longitude_deg=np.zeros(n), depth_km=np.full(n, 8.0), station_latitude_deg=0.1 + 0.1 * station,
        station_longitude_deg=np.full(n, 0.1), magnitude=np.full(n, 3.0), time_h=1.0 * event,
    )  # fmt: skip
    expected = [SimpleNamespace(ln_peaks=dict.fromkeys(MEASURES, -5.0)) for _ in pairs]
    gain = np.array(gains)[station]
    peaks = {m: -5.0 + gain + 0.1 * rng.standard_normal(n) for m in MEASURES}
    residuals = [SimpleNamespace(values=np.full((2, 10, 5), g), counts=np.ones((2, 10, 5), bool)) for g in gain]
    levels = {m: np.full(n, noise) for m in MEASURES}
    return ResidualRecords(np.array([f"e{e}" for e in event]), 60.0 * event, places, expected, residuals, peaks, levels)


def test_levels_of_stations_are_taken_off_peaks_and_their_noise():
    gains = (2.0, -3.0, 0.5, 0.0)
    found = with_gains(made_up(gains=gains))
    for measure in MEASURES:
        assert np.abs(residual(found, measure)).max() < 0.6  # gains were up to 3
        for station, gain in enumerate(gains):
            mine = found.places.station == f"S{station}"
            np.testing.assert_allclose(found.noise[measure][mine], -20.0 - gain, atol=0.3)


def test_a_peak_is_clear_by_its_own_gain():
    """A gain of exp(-3) hides peaks under a noise that the gain does not touch."""
    noise = -5.0 - 2.0
    found = with_gains(made_up(gains=(0.0, -3.0, 3.0, 0.0), noise=noise))
    clear = found.clear["psa_1"]
    by_station = [clear[found.places.station == f"S{k}"].all() for k in range(4)]
    assert np.log(LEAST_PEAK) < 2.0 and by_station == [True, False, True, True]
    assert not clear[found.places.station == "S1"].any()


def test_periods_with_few_clear_records_have_the_constants_of_the_nearest():
    records = made_up()
    records.noise["psa_3"][5:] = 0.0
    assert not has_enough(records, "psa_3") and has_enough(records, "psa_1")
    rivals = peak_rivals(records)
    assert set(rivals) == set(MEASURES)
    assert rivals["psa_3"].deviation == rivals["psa_1"].deviation != rivals["psa_0p3"].deviation
    assert len(rivals["psa_3"].values) == 5 and len(rivals["psa_1"].values) == 48


def scores(n, error=0.5):
    """Rows of two methods without sources, of n records; every fourth is outside the 68 % interval."""
    rows = []
    for k in range(n):
        for method in ("default", "conditioned"):
            row = {"sources": "none", "method": method, "event": f"e{k}", "station": "X"}
            for measure in ("pga", "psa_0p3"):
                row |= {f"{measure}_error": error, f"{measure}_crps": 0.3, f"{measure}_in_68": float(k % 4 != 0),
                        f"{measure}_in_95": 1.0}  # fmt: skip
            rows.append(row)
    return pd.DataFrame(rows)


def test_tables_of_psa_and_coverage_count_records():
    lines = psa_lines(scores(40), ("pga", "psa_0p3"))
    assert [line["T"] for line in lines] == ["0.3 s", "0.3 s"]
    assert {line["method"] for line in lines} == {"default backend", "conditioned"}
    assert all(line["rms error"].startswith("0.500") for line in lines)
    found = coverage_lines(scores(40), ("pga", "psa_0p3"))
    assert [line["peak"] for line in found] == ["PGA", "PSA, 0.3 s"]
    value, low, high = (float(x.strip("[,]")) for x in found[1]["% within 68 %"].split())
    assert value == pytest.approx(75) and 55 < low < 75 < high < 92
    assert found[1]["% within 95 %"] == "100 [100, 100]"


def test_fewer_than_ten_records_make_no_line():
    assert not psa_lines(scores(9), ("psa_0p3",)) and not coverage_lines(scores(9), ("psa_0p3",))
