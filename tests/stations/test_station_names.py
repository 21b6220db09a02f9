"""Names without network codes, in terms, delays, and flat files."""

import numpy as np
import pytest
from obspy_networks import event, inventory, station
from pulse_backend import flat_file

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth.evaluation.flatfiles.conditions import event_conditions, model_at
from seissynth.io.ground_motion_tables import read_ground_motion
from seissynth.stations.station_names import match_stations, names_of_stations
from seissynth.stations.station_terms import StationTerms
from seissynth.traveltime import StationDelays


def network():
    return inventory(*(station(code, latitude=35.0 + n / 5, longitude=-117.2) for n, code in enumerate("AB")))


def made(**options):
    quake = event(4.0, latitude=35.1, longitude=-117.5, depth_km=8.0)
    return seissynth.generate(network(), quake, duration=40, **options)


def test_only_what_is_unambiguous():
    stations = ["XX.A", "XX.B", "YY.B", "C"]
    assert match_stations(["XX.A", "A", ".A", " A", "ZZ.A", "B", "YY.C"], stations) == (
        {"XX.A": "XX.A", "A": "XX.A", ".A": "XX.A", " A": "XX.A", "YY.C": "C"}, ["B"],
    )  # fmt: skip
    assert match_stations(["ZZ.A", "ZZ.B"], stations, other_networks=True) == ({"ZZ.A": "XX.A"}, ["ZZ.B"])
    assert names_of_stations(["XX.A", "A", "XX.C", "YY.C"], stations) == ({"XX.A": "XX.A"}, ["XX.C", "YY.C"])


def test_terms_of_a_flat_file_without_networks_reach_the_records():
    bare, full = (StationTerms([1.0], {name: [0.5]}, {"records": {name: 7}}) for name in ("A", "XX.A"))
    assert bare.named_as(["XX.A", "XX.B"])[0] == full
    for one, two in zip(made(station_terms=bare), made(station_terms=full), strict=True):
        np.testing.assert_array_equal(one.data, two.data)
    assert not np.array_equal(made(station_terms=bare)[0].data, made()[0].data)
    other = network()
    other[0].code = "YY"
    quake = event(4.0, latitude=35.1, longitude=-117.5, depth_km=8.0)
    with pytest.warns(SeisSynthWarning) as given:
        seissynth.generate(network() + other, quake, duration=40, station_terms=bare)
    (said,) = (str(one.message) for one in given)
    assert said.startswith("station_terms: what is given for A is left out") and "several stations" in said
    with pytest.warns(SeisSynthWarning) as given:
        seissynth.generate(network(), quake, duration=40, station_terms=StationTerms([1.0], {"ZZ.A": [0.5]}))
    (said,) = (str(one.message) for one in given)
    assert "none of which is in the inventory" in said and "name ZZ.A, the inventory XX.A" in said


def test_delays_without_networks_reach_the_onsets():
    plain = made()[0].stats.seissynth
    late = made(velocity_model=StationDelays("iasp91", {"A": (0.3, 0.5), "ELSEWHERE": (1.0, 1.0)}))
    onsets = {trace.stats.station: trace.stats.seissynth for trace in late}
    assert onsets["A"].p_s - plain.p_s == pytest.approx(0.3) and onsets["A"].s_s - plain.s_s == pytest.approx(0.5)


def test_rows_of_flat_files_have_the_delays_and_terms_of_their_stations(tmp_path):
    text = flat_file(tmp_path / "flat.csv", events=12, stations=8).read_text().replace(",mw,XX,", ",mw,,")
    (tmp_path / "bare.csv").write_text(text)
    rows = read_ground_motion(tmp_path / "bare.csv").rows
    assert rows["site"][3] == "S3"
    rows = rows[rows["event_id"] == "e0"]
    delays = StationDelays("iasp91", {"XX.S3": (0.25, 0.75)})
    moved = event_conditions(rows, model_at(delays, rows["site"]))
    change = moved["path_p_travel_s"] - event_conditions(rows)["path_p_travel_s"]
    np.testing.assert_allclose(change, np.where(rows["site"] == "S3", 0.25, 0.0), atol=1e-9)
    terms = StationTerms([1.0], {"XX.S3": [0.4], "XX.S5": [-0.2]})
    options = {"realizations": 1, "model": None, "scatter": False, "draws": 20}
    found = seissynth.evaluate_flatfile(tmp_path / "bare.csv", station_terms=terms, **options)
    assert found.about["station_terms"] == 2
