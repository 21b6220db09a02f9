"""Site terms of stations: read and kept, used by records, and found again from what flat files hold."""

import hashlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import obspy
import pandas as pd
import pytest
from obspy_networks import event, inventory, station
from pulse_backend import Pulse, flat_file
from stochastic_tables import conditions, simulate
from typer.testing import CliRunner

import seissynth
from seissynth.errors import FileFormatError, InputError, SeisSynthWarning
from seissynth.evaluation.flatfiles.fit_terms import TERMS_HZ, fit_station_terms, terms_of_residuals
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.residuals import residual_table
from seissynth.io.ground_motion_tables import read_ground_motion
from seissynth.stations.station_terms import StationTerms, read_terms
from seissynth_plugins.stochastic.backend import StochasticBackend

TERMS = StationTerms([0.5, 5.0], {"XX.A": [0.4, -0.6], "XX.ELSEWHERE": [1.0, 1.0]}, {"from": "a test"})


def network():
    return inventory(*(station(code, latitude=35.0 + n / 5, longitude=-117.2) for n, code in enumerate("ABC")))


def quake():
    return event(4.0, latitude=35.1, longitude=-117.5, depth_km=8.0)


def test_between_frequencies_the_factor_is_linear_in_ln_f_and_beyond_them_constant():
    found = TERMS.at("XX.A", [0.1, 0.5, np.sqrt(2.5), 5.0, 50.0])
    np.testing.assert_allclose(found, [0.4, 0.4, -0.1, -0.6, -0.6])
    assert not TERMS.at("XX.B", [1.0, 2.0]).any()


def test_texts_and_files_hold_the_same_terms(tmp_path):
    assert read_terms(TERMS.texts(["XX.A"])[0]) == (TERMS.frequencies_hz, TERMS.ln_factors["XX.A"])
    assert TERMS.texts(["XX.NOWHERE"]) == [""]
    path = TERMS.write(tmp_path / "terms.json")
    assert StationTerms.read(path) == TERMS == StationTerms.of(json.loads(json.dumps(TERMS.plain())))
    assert set(json.loads(path.read_text(encoding="utf-8"))) == {"frequencies_hz", "ln_factors", "about"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: StationTerms([1.0, 0.5], {}), "increase"),
        (lambda: StationTerms([1e-4, 0.5], {}), "between 0.01 and 100"),
        (lambda: StationTerms([1.0], {"XX.A": [0.1, 0.2]}), "must be 1 numbers"),
        (lambda: StationTerms([1.0], {"XX.A": [np.nan]}), "must be 1 numbers"),
        (lambda: StationTerms([1.0], {"XX.A": [9.0]}), "between -4 and 4"),
        (lambda: StationTerms([1.0], [0.1]), "is a list"),
        (lambda: StationTerms.of(3), "station_terms is an int"),
        (lambda: read_terms("1 0.2 3"), "frequency in Hz and ln"),
        (lambda: read_terms("loud"), "'loud' of station_terms"),
        (lambda: read_terms("1 0.2; 1 0.3"), "increase"),
        (lambda: StationTerms.read("nowhere.json"), "cannot be read"),
        (lambda: StationTerms([1.0], {}, {"x": {1}}).write("terms.json"), "JSON file cannot"),
    ],
)
def test_wrong_terms_are_named(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_files_that_are_no_terms_are_told(tmp_path):
    for text in ("{", "[]", '{"frequencies_hz": [1], "ln_factors": {"A": [7]}, "about": {}}'):
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        with pytest.raises(FileFormatError, match=r"x\.json"):
            StationTerms.read(tmp_path / "x.json")


def test_the_spectrum_of_a_station_changes_by_its_factor_and_other_records_by_no_bit():
    table = conditions(np.full(6, 30.0))
    texts = ["", *["0.5 0.4; 5 -0.6"] * 4, ""]
    plain = simulate(StochasticBackend(), table, npts=8192).data
    other = simulate(StochasticBackend(), table.assign(station_terms=texts), npts=8192).data
    np.testing.assert_array_equal(plain[[0, 5]], other[[0, 5]])
    spectra = [np.abs(np.fft.rfft(data[1:5].astype(float), axis=-1)) for data in (plain, other)]
    frequency = np.fft.rfftfreq(8192, 0.01)
    for hz in (1.0, 2.0, 4.0, 12.0):
        inside = np.abs(np.log(frequency[1:] / hz)) < 0.15
        powers = [(one[..., 1:][..., inside] ** 2).sum() for one in spectra]
        ratio = 0.5 * np.log(powers[1] / powers[0])
        assert ratio == pytest.approx(np.interp(np.log(hz), np.log([0.5, 5.0]), [0.4, -0.6]), abs=0.06)


def test_a_known_site_has_no_drawn_term_and_its_neighbours_keep_theirs():
    table = conditions(np.full(3, 30.0))
    backend = StochasticBackend(variability=True)
    plain, some = (simulate(backend, one, npts=4096) for one in (table, table.assign(station_terms=["", "1 0.2", ""])))
    np.testing.assert_array_equal(plain.data[[0, 2]], some.data[[0, 2]])
    assert list(some.truth["site_terms"]) == ["shared", "known", "shared"]
    assert some.truth["site_term_1hz"][1] == 0.0 != plain.truth["site_term_1hz"][1]
    assert some.truth["event_term_1hz"][1] == plain.truth["event_term_1hz"][1]


def test_generate_takes_terms_and_keeps_those_of_its_stations_in_provenance(tmp_path):
    net, one = network(), quake()
    plain = seissynth.generate(net, one, duration=50)
    flat = StationTerms([1.0], {"XX.A": [0.5], "XX.ELSEWHERE": [1.0]})
    changed = seissynth.generate(net, one, duration=50, station_terms=flat)
    for before, after in zip(plain, changed, strict=True):
        factor = np.exp(0.5) if after.stats.station == "A" else 1.0
        np.testing.assert_allclose(after.data, factor * before.data, rtol=1e-4, atol=1e-5 * np.abs(before.data).max())
    kept = json.loads(changed[0].stats.seissynth.arguments)["station_terms"]
    assert list(kept["ln_factors"]) == ["XX.A"]
    again = seissynth.generate(net, one, duration=50, station_terms=kept)
    own = seissynth.generate(net, one, duration=50, station_terms=flat, conditions={"station_terms": {"XX.A": "1 0"}})
    for a, b, c, d in zip(changed, again, own, plain, strict=True):
        np.testing.assert_array_equal(a.data, b.data)
        np.testing.assert_array_equal(c.data, d.data)  # the user's own column comes first
    path = tmp_path / "made.h5"
    seissynth.write(path, changed, event=one, inventory=net)
    assert seissynth.reproduce(path).equal


def test_records_of_a_set_get_the_terms(tmp_path):
    flat = StationTerms([1.0], {"XX.A": [0.5]})
    peaks = []
    for terms in (None, flat):
        folder = tmp_path / ("plain" if terms is None else "terms")
        seissynth.make_dataset(
            folder, network(), quake(), duration=50.0, split={"train": 1.0}, variability=False, station_terms=terms
        )
        (file,) = folder.rglob("waveforms*.hdf5")
        with h5py.File(file) as stored:
            data = np.concatenate([stored["data"][name][()] for name in sorted(stored["data"])])
        peaks.append(np.abs(data).max(axis=(1, 2)))
    (metadata,) = folder.rglob("metadata*.csv")
    table, ratio = pd.read_csv(metadata), peaks[1] / peaks[0]
    np.testing.assert_allclose(ratio, np.where(table["station_code"] == "A", np.exp(0.5), 1.0), rtol=1e-3)


def test_the_command_line_takes_a_file_of_terms(app, tmp_path):
    file = StationTerms([1.0], {"XX.AMAT": [0.5]}).write(tmp_path / "terms.json")
    made = []
    for number, words in enumerate(([], ["--station-terms", str(file)])):
        out = tmp_path / f"{number}.mseed"
        result = CliRunner().invoke(app, ["generate", "--example", "-o", str(out), "--duration", "40", "-q", *words])
        assert result.exit_code == 0, result.output
        made.append(obspy.read(out).select(station="AMAT", channel="HHZ")[0].data)
    assert np.abs(made[1]).max() / np.abs(made[0]).max() == pytest.approx(np.exp(0.5), rel=1e-3)


def test_backends_without_the_column_and_stations_that_do_not_exist_are_told():
    with pytest.raises(InputError, match="cannot use site terms"):
        seissynth.generate(network(), quake(), backend=Pulse, station_terms=TERMS)
    with pytest.raises(InputError, match="cannot use site terms"):
        fit_station_terms(made_up_table(StationTerms([1.0], {})), backend=Pulse)
    with pytest.raises(InputError, match="cannot use site terms"):
        seissynth.evaluate_flatfile(made_up_table(StationTerms([1.0], {})), backend=Pulse, station_terms=TERMS)
    with pytest.warns(SeisSynthWarning, match="none of which is in the inventory"):
        seissynth.generate(network(), quake(), duration=40, station_terms=StationTerms([1.0], {"XX.Q": [0.1]}))


# --- fits


def made_up_residuals(events=30, stations=40, noise=0.2, seed=0):
    """Residuals of three measures, each of which sees another frequency: mean 0.4, event terms, and stations' terms."""
    rng = np.random.default_rng(seed)
    answers = np.zeros((3, len(TERMS_HZ)))
    answers[0, 2], answers[1, 5], answers[2, 7] = 1.0, 1.0, 1.0
    of_station = rng.normal(0, 0.5, (stations, 3))
    of_event = rng.normal(0, 0.6, events)
    rows = [(f"e{e}", f"XX.S{s}") for e in range(events) for s in range(stations) if rng.random() < 0.5]
    table = pd.DataFrame(rows, columns=["event", "station"])
    codes = table["station"].str[4:].astype(int), table["event"].str[1:].astype(int)
    for k, name in enumerate("abc"):
        table[name] = 0.4 + of_event[codes[1]] + of_station[codes[0], k] + rng.normal(0, noise, len(table))
    return table, tuple("abc"), answers, of_station - of_station.mean(axis=0)


def test_terms_that_were_put_in_are_found():
    table, measures, answers, wanted = made_up_residuals()
    terms = terms_of_residuals(table, measures, answers)
    found = np.array([answers @ terms.ln_factors[f"XX.S{s}"] for s in range(len(wanted))])
    np.testing.assert_allclose(found - found.mean(axis=0), wanted, atol=0.2)
    assert np.sqrt(np.mean((found - found.mean(axis=0) - wanted) ** 2)) < 1.5 * 0.2 / np.sqrt(15)
    assert terms.about["records"]["XX.S0"] == (table["station"] == "XX.S0").sum()


def test_few_noisy_records_draw_terms_to_zero_by_what_they_tell():
    """The best linear prediction of a term from n records is its mean times s² / (s² + r²/n)."""
    table, measures, answers, _ = made_up_residuals(noise=1.0, stations=200)
    rare = table["station"].isin([f"XX.S{s}" for s in range(100)])
    keep = ~rare | (table.groupby("station").cumcount() < 3)
    table = table[keep].reset_index(drop=True)
    terms = terms_of_residuals(table, measures, answers)
    left = table["a"] - 0.4
    left -= table["event"].map((table["a"] - 0.4).groupby(table["event"]).mean())
    means = left.groupby(table["station"]).mean()
    found = pd.Series({name: float(answers[0] @ terms.ln_factors[name]) for name in terms.ln_factors})
    slopes = [np.polyfit(means[found.index[some]], found[some], 1)[0]
              for some in (found.index.str[4:].astype(int) < 100, found.index.str[4:].astype(int) >= 100)]  # fmt: skip
    for slope, count in zip(slopes, (3, 15), strict=True):
        assert slope == pytest.approx(0.25 / (0.25 + 1.0 / count), abs=0.12)


def test_a_station_of_strong_earthquakes_alone_is_not_loud():
    table, measures, answers, wanted = made_up_residuals(noise=0.05)
    strong = table.groupby("event")["a"].mean().nlargest(8).index
    table = table[(table["station"] != "XX.S0") | table["event"].isin(strong)].reset_index(drop=True)
    terms = terms_of_residuals(table, measures, answers)
    found = np.array([answers[0] @ terms.ln_factors[f"XX.S{s}"] for s in range(len(wanted))])
    assert abs(found[0] - wanted[0, 0]) < 0.25  # the earthquakes' own terms are 0.6 and more


def test_stations_of_few_records_get_no_term():
    table, measures, answers, _ = made_up_residuals()
    few = table["station"] == "XX.S3"
    table = table[~few | (few.cumsum() <= 2)].reset_index(drop=True)
    terms = terms_of_residuals(table, measures, answers, least_records=3)
    assert "XX.S3" not in terms.ln_factors and len(terms) == 39
    with pytest.raises(InputError, match="stations have 99 records"):
        terms_of_residuals(table, measures, answers, least_records=99)


def made_up_table(terms, events=6, stations=8):
    """A flat file's table whose values are those of the default backend with terms."""
    with tempfile.TemporaryDirectory() as folder:
        table = read_ground_motion(flat_file(Path(folder) / "f.csv", events, stations))
    maker = MeasureMaker(StochasticBackend(), table.measures, table.component, seed=5)
    made, _ = residual_table(table, maker, 1, station_terms=terms)
    rows = table.rows.copy()
    for measure in table.measures:
        rows[measure] = made[f"{measure}_generated"].to_numpy()
    return replace(table, rows=rows)


@pytest.fixture(scope="module")
def known():
    levels = {f"XX.S{n}": (-0.6, 0.6)[n % 2] for n in range(8)}
    given = StationTerms([1.0], {name: [level] for name, level in levels.items()})
    return levels, made_up_table(given)


def test_terms_of_the_default_backends_own_records_are_found_again(known):
    levels, table = known
    terms = seissynth.fit_station_terms(table, seed=1)
    found = np.array([terms.at(name, 3.0) for name in levels])  # where PGA and PGV are sensitive
    np.testing.assert_allclose(found, list(levels.values()), atol=0.25)
    assert terms.about["backend"] == "stochastic" and terms.about["measures"] == ["pga", "pgv"]


def test_provenance_names_the_file_and_what_the_terms_are_relative_to(tmp_path):
    path = flat_file(tmp_path / "mine.csv", 3, 6)
    about = seissynth.fit_station_terms(path, options={"preset": "stable"}).about
    assert about["file"] == "mine.csv" and about["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert about["options"] == {"preset": "stable"} and about["earthquakes"] == 3
    assert about["records"] == {f"XX.S{n}": 3 for n in range(6)}


def test_residuals_are_smaller_with_the_terms(known):
    _, table = known
    terms = seissynth.fit_station_terms(table, seed=1)
    options = {"realizations": 1, "model": None, "scatter": False, "draws": 20, "seed": 2}
    without, made = (
        seissynth.evaluate_flatfile(table, **options, station_terms=some).residuals for some in (None, terms)
    )
    assert made["pga"].std() < 0.5 * without["pga"].std()


def test_the_conditioned_backend_hands_terms_to_its_carrier():
    net, one = network(), quake()
    options = {"backend": "conditioned", "duration": 40, "spread": False}
    plain, changed = (
        seissynth.generate(net, one, **options, station_terms=terms)
        for terms in (None, StationTerms([1.0], {"XX.A": [0.5]}))
    )
    ratios = {a.stats.station: np.abs(b.data).max() / np.abs(a.data).max() for a, b in zip(plain, changed, strict=True)}
    assert ratios["A"] == pytest.approx(np.exp(0.5), rel=1e-3) and ratios["B"] == ratios["C"] == 1.0
