"""`evaluate` and its report: what is scored, ranked, left out, refused and written."""

import importlib
import inspect
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from _imports import ROOT
from report_sets import EVENTS, SENSORS, records, use_fake_groups
from typer.testing import CliRunner

import seissynth
from seissynth.cli import make_app
from seissynth.errors import InputError
from seissynth.evaluation import EvaluationSettings, evaluate, leaderboard
from seissynth.evaluation.registry import GROUPS, Group


@pytest.fixture
def size(monkeypatch):
    use_fake_groups(monkeypatch, "size")


def scaled(factor, name):
    real = records()
    return replace(real, name=name, data=real.data * np.float32(factor))


# --- numbers


def test_a_copy_of_twice_the_size_is_off_by_its_logarithm(size):
    found = evaluate(records(), {"twice": scaled(2, "x"), "same": scaled(1, "y")})
    board = found.leaderboard.set_index("set")
    assert board.loc["twice", "ln_size"] == pytest.approx(np.log(2))
    assert board.loc["same", "ln_size"] == 0 and board.loc["perfect", "ln_size"] == 0
    line = leaderboard.side_by_side(found.rows, "size").set_index("metric")
    assert line.loc["ln_size", "nearest"] == "same"
    assert line.loc["snr_db", "nearest"] == ""  # nothing is ranked by it
    both = evaluate(records(), {"twice": scaled(2, "x"), "also": scaled(2, "y")})
    assert leaderboard.side_by_side(both.rows, "size")["nearest"].tolist() == ["", ""]


def test_paired_differences_see_what_intervals_do_not(size):
    """Both sets scatter alike around different means: their intervals overlap, their differences do not."""
    real, rng = records(), np.random.default_rng(1)
    noise = np.exp(np.repeat(rng.normal(0, 1, EVENTS), SENSORS))[:, None, None]
    one, two = (replace(real, name=str(k), data=(real.data * noise * k).astype("float32")) for k in (1.0, 1.2))
    found = evaluate(real, [one, two])
    summary = found.summary.set_index(["set", "metric"])
    assert summary.loc[("1.0", "ln_size"), "high"] > summary.loc[("1.2", "ln_size"), "low"]
    line = found.differences.set_index("metric").loc["ln_size"]
    assert (line["set"], line["less"]) == ("1.2", "1.0")
    assert [line["difference"], line["low"], line["high"]] == pytest.approx([np.log(1.2)] * 3, abs=1e-4)
    assert line["differs"]


def test_floors_are_not_ranked(size, monkeypatch):
    """What knows the record itself wins everything, and says nothing of a model."""
    from seissynth.evaluation import evaluations
    from seissynth.evaluation.baselines.rows import Baseline

    def row(name, knows, factor):
        def draws(real, settings):
            return (replace(real, name=name, data=real.data * np.float32(factor)),)

        return Baseline(name, knows, draws)

    rows = {"rival": row("rival", "other records", 1.5), "floor": row("floor", evaluations.FLOOR, 1.0)}
    monkeypatch.setattr(evaluations, "BASELINES", rows)
    monkeypatch.setattr("seissynth.evaluation.baselines.rows.ROW_GROUPS", ("size",))
    found = evaluate(records(), scaled(2, "twice"))
    assert found.ranked == ["twice", "rival"] and list(found.rows) == ["twice", "rival", "floor"]
    board = leaderboard.side_by_side(found.rows, "size", ["ln_size"], found.ranked).iloc[0]
    assert board["nearest"] == "rival" and board["floor"] == 0
    lines = found.differences.set_index(["metric", "less"])["difference"]["ln_size"]
    assert lines["rival"] == pytest.approx(np.log(2 / 1.5)) and lines["floor"] == pytest.approx(np.log(2))


def test_a_difference_of_nothing_is_not_told_apart(size):
    found = evaluate(records(), [scaled(1, "one"), scaled(1, "two")])
    assert not found.differences["differs"].any()


def test_all_sets_are_scored_on_the_records_that_they_share(size):
    real = records()
    early, late = (
        replace(real, name=name).select(rows) for name, rows in (("early", slice_(0, 12)), ("late", slice_(6, 18)))
    )
    found = evaluate(real, [early, late])
    assert [len(part) for part in found.pairs.values()] == [6, 6]
    assert list(found.pairs["early"].events) == list(found.pairs["late"].events) == list(real.events[6:12])
    assert found.about["without_partner"] == len(real) - 6
    with pytest.raises(InputError, match="every one of"):
        evaluate(real, [early.select(slice_(0, 6)), late])


def slice_(first, last):
    return np.arange(first, last)


def test_clipped_real_records_are_left_out_and_counted(size):
    real = records()
    marked = replace(real, metadata=real.metadata.assign(trace_is_clipped=["True", *["False"] * (len(real) - 1)]))
    found = evaluate(marked, scaled(1, "x"))
    assert len(found.real) == len(real) - 1 and found.about["left_out"] == {"clipped": 1}
    assert len(evaluate(marked, scaled(1, "x"), clipped=True).real) == len(real)


def test_generated_records_go_through_the_real_band(size):
    from seissynth.signal import bandpass

    real, other = records(band_hz=(2.0, 10.0)), records("other", seed=1)
    found = evaluate(real, other)
    expected = bandpass(other.data.astype(float), 50.0, 2.0, 10.0, 4)
    np.testing.assert_allclose(found.pairs["other"].generated.data, expected, atol=1e-5)
    assert found.about["bands_applied"] == {"other": [2.0, 10.0]}
    own = evaluate(real, replace(other, band_hz=(2.0, 10.0)))
    np.testing.assert_array_equal(own.pairs["other"].generated.data, other.data)


def test_an_ensemble_gives_draws(size):
    inventory, event = seissynth.read_example()
    inventory = inventory.select(station="[AB]*")
    many = seissynth.generate(inventory, event, duration=20, realizations=3, channel="HH?")
    from seissynth.evaluation import read_record_set

    real = read_record_set(many[0], "real", inventory=inventory)
    found = evaluate(real, many, inventory=inventory)
    assert len(found.pairs["stochastic"].draws) == 3


def test_a_group_that_lacks_something_or_fails_takes_no_other_with_it(monkeypatch):
    use_fake_groups(monkeypatch, "failing", "picked", "poor", "size")
    found = evaluate(records(), scaled(2, "twice"))
    assert list(found.groups["twice"]) == ["size"]
    assert [(item.part, item.set_name) for item in found.missing] == [("picked", "twice"), ("poor", "twice")]
    assert "picker" in found.missing[0].reason and "seissynth[eval]" in found.missing[1].reason
    assert [(item.part, item.reason) for item in found.failures] == [
        ("failing", "ZeroDivisionError: a group that fails")
    ]


def test_progress_counts_up_to_all(size):
    seen = []
    evaluate(records(), [scaled(1, "a"), scaled(2, "b")], progress=lambda *step: seen.append(step))
    assert [done for done, _, _ in seen] == [0, 1, 2] and {total for _, total, _ in seen} == {2}


def test_half_and_twice_are_equally_far_from_one():
    assert leaderboard.distance_to_best(0.5, 1, "sd_ratio") == leaderboard.distance_to_best(2, 1, "sd_ratio")
    assert leaderboard.distance_to_best(3.0, np.inf) < leaderboard.distance_to_best(2.0, np.inf)
    assert np.isnan(leaderboard.distance_to_best(1.0, np.nan)) and np.isnan(leaderboard.distance_to_best(np.nan, 1.0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: evaluate(records(), []), "no generated set"),
        (lambda: evaluate(records(), [records("a")], names=["a", "b"]), "1 generated sets, but 2 names"),
        (lambda: evaluate(records(), [records("a"), records("b")], names=["c", "c"]), "'c'"),
        (lambda: evaluate(records(), records()), "both called 'real'"),
        (lambda: evaluate(records(), {"a": records("a")}, names=["a"]), "both name"),
        (lambda: evaluate(records(), records("a"), groups=["simlarity"]), "no group 'simlarity'"),
        (lambda: evaluate(records(), replace(records("a"), sampling_rate_hz=100.0)), "50 Hz, a 100 Hz"),
        (lambda: evaluate("nowhere", records("a")), "nothing at nowhere"),
        (lambda: evaluate(records(), records("a"), picker="no file"), "no such file"),
        (lambda: evaluate(records(), _elsewhere()), "no record of an earthquake and sensor"),
    ],
)
def test_bad_input_is_one_clear_error(change, words):
    with pytest.raises(InputError, match=words):
        change()


def _elsewhere():
    other = records("elsewhere")
    return replace(other, metadata=other.metadata.assign(station_code="ELSE"))


# --- the report


def test_report_and_tables(size, tmp_path):
    path = tmp_path / "report.html"
    found = seissynth.evaluate(
        records(), [scaled(1, "one"), scaled(2, "two")], report=path, command="seissynth evaluate"
    )
    page = path.read_text("utf-8")
    assert "http" not in page.replace("http-equiv", "") and "<script" not in page and "&lt;script&gt;" in page
    for key in ("overview", "compared", "group-size", "left-out", "reading", "settings", "tables"):
        assert f"<section id='{key}'>" in page and f"href='#{key}'" in page
    assert "60 more rows" in page and "seissynth evaluate" in page
    folder = tmp_path / "report_tables"
    names = sorted(item.relative_to(folder).as_posix() for item in folder.rglob("*.csv"))
    assert names == sorted(
        ["leaderboard.csv", "summary.csv", "differences.csv"]
        + [f"{of}/size{part}.csv" for of in ("one", "two") for part in ("", "__many-rows", "__per_record")]
    )
    for name in names:
        assert f"href='report_tables/{name}'" in page, name
    summary = pd.read_csv(folder / "two" / "size.csv").set_index("metric")
    assert summary.loc["ln_size", "value"] == pytest.approx(np.log(2))
    each = pd.read_csv(folder / "two" / "size__per_record.csv")
    assert each["event"].tolist() == list(found.real.events) and each["sensor"].iloc[1] == "XX.S1"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["report.html", "report_tables"]


def test_an_existing_report_is_kept(size, tmp_path):
    path, other = tmp_path / "report.html", records("other")
    seissynth.evaluate(records(), other, report=path, pictures=False)
    before = path.read_bytes()
    with pytest.raises(InputError, match="--overwrite"):
        seissynth.evaluate(records(), other, report=path)
    assert path.read_bytes() == before
    seissynth.evaluate(records(), {"new": other}, report=path, overwrite=True, pictures=False)
    assert sorted(item.name for item in (tmp_path / "report_tables").iterdir() if item.is_dir()) == ["new"]


def test_a_folder_of_something_else_is_not_deleted(size, tmp_path):
    (tmp_path / "report_tables").mkdir()
    (tmp_path / "report_tables" / "precious.txt").write_text("x")
    with pytest.raises(InputError, match="more than tables"):
        seissynth.evaluate(records(), records("a"), report=tmp_path / "report.html", overwrite=True)
    assert (tmp_path / "report_tables" / "precious.txt").exists()


@pytest.mark.parametrize("name", ["report.pdf", "none/report.html"])
def test_a_report_that_cannot_be_written_is_refused_before_the_work(size, tmp_path, name):
    with pytest.raises(InputError, match="cannot write"):
        seissynth.evaluate("nowhere", "nowhere", report=tmp_path / name)


def test_a_picture_that_fails_is_named(size, tmp_path, monkeypatch):
    monkeypatch.setattr(Group, "draw", lambda self, metrics, pairs: 1 / 0)
    found = seissynth.evaluate(records(), records("a"), report=tmp_path / "report.html")
    assert [item.part for item in found.failures] == ["pictures of size"]
    assert "pictures of size" in (tmp_path / "report.html").read_text("utf-8")


# --- the command


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A real and a generated folder in SeisBench's format, of one built-in earthquake."""
    monkeypatch.chdir(tmp_path)
    inventory, event = seissynth.read_example()
    event.write("event.xml", format="QUAKEML")
    inventory.select(station="[AB]*").write("stations.xml", format="STATIONXML")
    for name, seed in (("real", 1), ("made", 2)):
        words = ["dataset", "make", "-i", "stations.xml", "-c", "event.xml", "-o", name, "--p-lead", "none"]
        words += ["--start", "0", "--duration", "20", "--split", "none", "--seed", str(seed), "-q"]
        done = CliRunner().invoke(make_app(), words)
        assert done.exit_code == 0, done.output
    return tmp_path


def run(*words):
    return CliRunner().invoke(make_app(), ["evaluate", *(str(word) for word in words)])


def test_command_gives_what_python_gives(folders, size):
    done = run("-r", "real", "-g", "made", "-o", "report.html", "--name", "physics", "--draws", 200)
    assert done.exit_code == 0, done.output
    assert "ln_size" in done.stdout and "report.html written" in done.stderr
    found = evaluate("real", "made", names=["physics"], settings=EvaluationSettings(draws=200))
    read = pd.read_csv("report_tables/leaderboard.csv").set_index("set")
    expected = found.leaderboard.set_index("set")
    pd.testing.assert_frame_equal(read, expected, check_dtype=False)


def test_command_names_what_failed_and_ends_with_1(folders, monkeypatch):
    use_fake_groups(monkeypatch, "failing", "picked", "size")
    done = run("-r", "real", "-g", "made", "-o", "report.html", "--no-pictures")
    assert done.exit_code == 1 and (folders / "report.html").exists()
    assert "error: failing (made) failed: ZeroDivisionError" in done.stderr
    assert "left out: picked (made)" in done.stderr
    page = (folders / "report.html").read_text("utf-8")
    assert "ZeroDivisionError: a group that fails" in page and "no picker was given" in page


def test_command_with_bad_input_is_one_line(folders, size):
    (folders / "old.html").write_text("precious")
    for words, expected in (
        (("-r", "real", "-g", "none", "-o", "a.html"), "nothing at none"),
        (("-r", "real", "-g", "made", "-o", "old.html"), "--overwrite"),
        (("-r", "real", "-g", "made", "-o", "a.html", "--groups", "cake"), "'cake'"),
        (("-r", "real", "-g", "made", "-o", "a.html", "-n", "a", "-n", "b"), "2 names"),
    ):
        done = run(*words)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("warning:")]
        assert done.exit_code == 1 and len(lines) == 1 and lines[0].startswith("error: "), done.output
        assert expected in lines[0]
    assert not (folders / "a.html").exists() and (folders / "old.html").read_text() == "precious"
    assert run("-r", "real", "-o", "a.html").exit_code == 2


def test_about_is_plain_data(size):
    found = evaluate(records(), scaled(1, "x"))
    assert json.loads(json.dumps(found.about)) == found.about


def test_numbers_need_neither_obspy_nor_matplotlib():
    """A training machine has neither; every module of a group must at least be importable there."""
    code = """
import importlib, sys
for name in ("obspy", "matplotlib"):
    sys.modules[name] = None
sys.path.insert(0, "tests/helpers")
from dataclasses import replace
from report_sets import records
from seissynth.evaluation import EvaluationSettings, evaluate
from seissynth.evaluation.registry import GROUPS
for group in GROUPS.values():
    importlib.import_module(group.metrics.partition(":")[0])
found = evaluate(records(), records("x", seed=1), groups=["similarity"], baselines=False,
                 settings=EvaluationSettings(draws=100))
assert found.groups["x"]["similarity"] and not found.failures
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_every_group_names_functions_that_are_there(group):
    for place in (group.metrics, group.pictures):
        module, _, name = place.partition(":")
        inspect.signature(getattr(importlib.import_module(module), name)).bind("pairs", "settings")
