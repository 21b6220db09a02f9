"""Site terms given to calls: beside the user's own column, by names that match nothing, to long records and sources."""

import json

import numpy as np
import pandas as pd
import pytest
from obspy_networks import event, inventory, station
from pulse_backend import flat_file
from typer.testing import CliRunner

import seissynth
from seissynth.arguments import Arguments
from seissynth.errors import InputError, SeisSynthWarning
from seissynth.evaluation.flatfiles.fit_terms import TERMS_HZ, sensitivities, terms_of_residuals
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.io.ground_motion_tables import read_ground_motion
from seissynth.io.seisbench import Dataset
from seissynth.records import Records
from seissynth.stations.station_terms import StationTerms, read_terms
from seissynth_plugins.stochastic.backend import StochasticBackend

LOUD = StationTerms([1.0], {"XX.A": [0.5]})


def network():
    return inventory(*(station(code, latitude=35.0 + n / 5, longitude=-117.2) for n, code in enumerate("ABC")))


def quake():
    return event(4.0, latitude=35.1, longitude=-117.5, depth_km=8.0)


def ratios(after, before):
    """Largest value of each station's record over that of another, by code."""
    peaks = {}
    for a, b in zip(after, before, strict=True):
        peaks.setdefault(a.stats.station, []).append(np.abs(a.data).max() / np.abs(b.data).max())
    return {code: float(np.mean(values)) for code, values in peaks.items()}


def test_a_column_for_some_stations_leaves_the_others_their_terms():
    options = {"duration": 40, "station_terms": StationTerms([1.0], {"XX.A": [0.5], "XX.B": [0.5]})}
    plain, made, whole = (
        seissynth.generate(network(), quake(), **some)
        for some in (
            {"duration": 40},
            {**options, "conditions": {"station_terms": {"XX.B": "1 0.2"}}},
            {**options, "conditions": {"station_terms": "1 0.1"}},
        )
    )
    assert ratios(made, plain) == pytest.approx({"A": np.exp(0.5), "B": np.exp(0.2), "C": 1.0}, rel=1e-3)
    assert ratios(whole, plain) == pytest.approx(dict.fromkeys("ABC", np.exp(0.1)), rel=1e-3)
    with pytest.raises(InputError, match="none of which takes part"):
        seissynth.generate(network(), quake(), **options, conditions={"station_terms": {"XX.Q": "1 0.2"}})


def test_sets_have_both_the_column_and_the_terms(tmp_path):
    peaks = []
    for number, some in enumerate(
        ({}, {"station_terms": LOUD, "conditions": {"station_terms": {"XX.B": "1 0.2", "XX.FAR": "1 0.1"}}})
    ):
        folder = tmp_path / str(number)
        seissynth.make_dataset(
            folder, network(), quake(), duration=50.0, split={"train": 1.0}, variability=False, **some
        )
        data = Dataset(folder)
        peaks.append(np.abs(data.waveforms()).max(axis=(1, 2)))
    wanted = data.metadata["station_code"].map({"A": np.exp(0.5), "B": np.exp(0.2), "C": 1.0})
    np.testing.assert_allclose(peaks[1] / peaks[0], wanted, rtol=1e-3)


def test_explain_says_which_records_have_a_term():
    table = seissynth.explain(seissynth.generate(network(), quake(), duration=40, station_terms=LOUD))
    assert dict(zip(table["sensor"].str[:4], table["station_terms"], strict=True)) == {
        "XX.A": "1 0.5", "XX.B": "", "XX.C": "",
    }  # fmt: skip


def test_an_inventory_that_is_none_is_named(tmp_path):
    for call in (
        lambda: seissynth.generate("stations.xml", quake(), station_terms=LOUD),
        lambda: seissynth.make_dataset(tmp_path / "set", None, quake(), station_terms=LOUD),
        lambda: seissynth.continuous([quake()], ["stations"], "2019-07-06", "2019-07-07", station_terms=LOUD),
    ):
        with pytest.raises(InputError, match=r"inventory is .*obspy\.Inventory"):
            call()


def test_long_records_get_the_terms():
    origin, terms = quake().origins[0].time, StationTerms([1.0], {"XX.A": [0.5], "XX.ELSEWHERE": [0.1]})
    plain, loud = (
        seissynth.continuous([quake()], network(), origin, origin + 40, station_terms=some) for some in (None, terms)
    )
    assert ratios(loud, plain) == pytest.approx({"A": np.exp(0.5), "B": 1.0, "C": 1.0}, rel=1e-3)
    assert json.loads(loud[0].stats.seissynth.arguments)["station_terms"]["ln_factors"] == {"XX.A": [0.5]}


def test_terms_of_sources_that_are_records_stay():
    """Sources may stand outside the inventory; as Records they name their stations in `truth`."""
    records = Records(np.zeros((1, 3, 10), np.float32), start_s=np.zeros(1), truth={"sensor": np.array(["YY.FAR"])})
    terms = StationTerms([1.0], {"XX.A": [0.5], "YY.FAR": [0.3], "YY.OTHER": [0.1]})
    kept = Arguments(source=records, station_terms=terms).known_at(network())
    assert set(kept.station_terms.ln_factors) == {"XX.A", "YY.FAR"}
    assert list(kept.with_terms(records).truth["station_terms"]) == ["1 0.3"]


def test_provenance_has_the_numbers_of_its_stations_alone():
    about = {"records": {"XX.A": 3, "YY.Q": 9}, "options": {"a": 1}}
    terms = StationTerms([1.0], {"XX.A": [0.5], "YY.Q": [0.1]}, about)
    assert terms.select(["XX.A"]).about == {"records": {"XX.A": 3}, "options": {"a": 1}}


def test_records_made_with_no_term_are_made_again_without_a_word(recwarn):
    with pytest.warns(SeisSynthWarning, match="none of which is in the inventory"):
        made = seissynth.generate(network(), quake(), duration=40, station_terms=StationTerms([1.0], {"XX.Q": [0.1]}))
    recwarn.clear()
    kept = json.loads(made[0].stats.seissynth.arguments)["station_terms"]
    seissynth.generate(network(), quake(), duration=40, station_terms=kept)
    assert not [one for one in recwarn if one.category is SeisSynthWarning]


def test_frequencies_that_are_close_stay_apart():
    terms = StationTerms([10.00001, 10.00002], {"XX.A": [0.123456, 0.2]})
    assert read_terms(terms.texts(["XX.A"])[0]) == (terms.frequencies_hz, terms.ln_factors["XX.A"])


@pytest.mark.parametrize("values", ["12", {1.0: 2.0, 2.0: 1.0}])
def test_texts_are_no_numbers(values):
    with pytest.raises(InputError, match="must be 2 numbers"):
        StationTerms([1.0, 2.0], {"XX.A": values})
    with pytest.raises(InputError, match="must be numbers that increase"):
        StationTerms(values, {})


# --- flat files


def test_evaluations_count_the_stations_that_have_a_term(tmp_path):
    path = flat_file(tmp_path / "f.csv", 2, 4)
    options = {"realizations": 1, "model": None, "scatter": False, "draws": 20}
    terms = StationTerms([1.0], {"XX.S1": [0.1], "XX.ELSEWHERE": [0.1]})
    assert seissynth.evaluate_flatfile(path, station_terms=terms, **options).about["station_terms"] == 1
    with pytest.warns(SeisSynthWarning, match="none of which is in the flat file"):
        seissynth.evaluate_flatfile(path, station_terms=StationTerms([1.0], {"YY.S1": [0.1]}), **options)


def test_the_command_line_evaluates_with_terms(app, tmp_path):
    path, file = flat_file(tmp_path / "f.csv", 2, 4), StationTerms([1.0], {"XX.S1": [0.5]}).write(tmp_path / "t.json")
    common = ["--station-terms", str(file), "-o", str(tmp_path / "r.html")]
    quick = ["--realizations", "1", "--model", "none", "--no-scatter", "--draws", "100", "--no-pictures", "-q"]
    result = CliRunner().invoke(app, ["evaluate", "--flatfile", str(path), *common, *quick])
    assert result.exit_code == 0, result.output
    assert "Stations with known site terms" in (tmp_path / "r.html").read_text(encoding="utf-8")
    result = CliRunner().invoke(app, ["evaluate", "-r", str(tmp_path), "-g", str(tmp_path), *common])
    assert result.exit_code == 2 and "belongs to a flat file" in result.output


def test_what_measures_see_does_not_hang_on_drawn_site_terms(tmp_path):
    """A factor on all frequencies is one on the measures, whatever a backend draws."""
    table = read_ground_motion(flat_file(tmp_path / "f.csv", 3, 6))
    plain, drawn = (
        sensitivities(table, MeasureMaker(StochasticBackend(variability=on), table.measures, table.component, 0))
        for on in (False, True)
    )
    assert plain.shape == (2, len(TERMS_HZ))
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0, atol=0.15)
    np.testing.assert_allclose(drawn, plain, atol=0.15)


def test_terms_are_relative_to_no_drawn_site_term(tmp_path):
    path = flat_file(tmp_path / "f.csv", 12, 8)
    levels = [
        np.mean(list(seissynth.fit_station_terms(path, options={"variability": on}).ln_factors.values()), axis=1)
        for on in (False, True)
    ]
    # standard deviation of drawn site terms: 0.4 and more
    assert np.std(levels[1] - levels[0]) < 0.15


def test_fits_take_arrays_of_periods_and_say_what_they_were_relative_to(tmp_path):
    path = flat_file(tmp_path / "f.csv", 3, 6)
    layers = [(0.0, 5.0, 2.9), (10.0, 6.0, 3.5), (30.0, 8.0, 4.5)]
    terms = seissynth.fit_station_terms(path, velocity_model=layers)
    assert terms.about["velocity_model"] == [list(layer) for layer in layers]
    backend = StochasticBackend(preset="stable")
    of_instance = seissynth.fit_station_terms(path, backend=backend).about["options"]
    assert of_instance == {"unstorable": "instance of backend 'stochastic'"}
    with pytest.raises(InputError, match=r"no PSA at 0\.3 s"):
        seissynth.fit_station_terms(path, periods_s=np.array([0.3, 1.0]))
    with pytest.raises(InputError, match="period='a'"):
        seissynth.fit_station_terms(path, periods_s=["a"])


def test_stations_whose_gain_must_be_wrong_are_named():
    rows = [(f"e{e}", f"XX.S{s}", 9.0 * (s == 3) + 0.1 * np.sin(7 * e + s)) for e in range(4) for s in range(6)]
    table = pd.DataFrame(rows, columns=["event", "station", "pga"])
    with pytest.warns(SeisSynthWarning, match=r"XX\.S3.* factor of 55"):
        terms = terms_of_residuals(table, ("pga",), np.full((1, len(TERMS_HZ)), 1 / len(TERMS_HZ)))
    assert set(terms.ln_factors["XX.S3"]) == {4.0} and max(terms.ln_factors["XX.S1"]) < 4.0
