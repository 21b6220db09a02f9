"""``seissynth dataset make``: the same as make_dataset, told in one line when it cannot."""

import json

import pandas
import pytest
from typer.testing import CliRunner

import seissynth
from seissynth.cli import make_app
from seissynth.data.factory.drawn_earthquakes import Circle, DrawnEarthquakes
from seissynth.data.factory.make import plan_dataset
from seissynth.io.seisbench.dataset import Dataset

COMMON = ("dataset", "make", "--example", "--duration", "15", "--sampling-rate", "20")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(make_app(), [str(word) for word in words])


def test_options_reach_make_dataset(run, tmp_path):
    result = run(
        *COMMON, "--draw", 5, "--around", "42.6,13.3", "--radius", "5,60", "--magnitude", "2,4", "--b", "1.1",
        "--depth", "3,5,12", "--mechanisms", "normal", "--seed", 3, "--noise", "nhnm", "--snr", "0,30",
        "--noise-share", "0.2", "--overlap-share", "0.3", "--overlap-lag=-3,8", "--overlap-level=-5,5", "--distance",
        "0,90", "--stations-per-event", 4, "--split", "train=0.5,test=0.5", "--split-by", "block", "--p-lead", "2,5",
        "--set", "variability=false", "-o", "made",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "records are there" in result.stdout
    drawn = DrawnEarthquakes(
        5, Circle(42.6, 13.3, 60.0, 5.0), magnitude=(2, 4), magnitudes="gutenberg-richter", b=1.1, depth_km=(3, 5, 12),
        mechanisms="normal", seed=3,
    )  # fmt: skip
    plan = plan_dataset(
        seissynth.read_example()[0], drawn, duration=15.0, sampling_rate=20.0, seed=3, noise="nhnm", snr_db=(0, 30),
        noise_share=0.2, overlap_share=0.3, overlap_lag_s=(-3, 8), overlap_level_db=(-5, 5), distance_km=(0, 90),
        stations_per_event=4, split={"train": 0.5, "test": 0.5}, split_by="block", p_lead_s=(2, 5), variability=False,
    )  # fmt: skip
    found = Dataset("made").metadata
    for name in ("source_id", "source_magnitude", "trace_start_time", "trace_p2_arrival_sample", "split"):
        pandas.testing.assert_series_equal(found[name], plan[name], check_dtype=False)
    arguments = json.loads((tmp_path / "made" / "dataset.json").read_text())["arguments"]
    assert arguments["snr_db"] == [0.0, 30.0] and arguments["overlap_level_db"] == [-5.0, 5.0]


def test_catalogue_box_polygon_and_dry_run(run, tmp_path):
    inventory, event = seissynth.read_example()
    inventory.write("stations.xml", format="STATIONXML")
    event.write("events.xml", format="QUAKEML")
    files = ("dataset", "make", "-i", "stations.xml", "--dry-run", "--p-lead", "none", "--start", 0)
    assert "7 records will be" in run(*files, "-c", "events.xml", "-o", "plan").stdout
    assert [path.name for path in (tmp_path / "plan").iterdir()] == ["metadata_plan.csv"]
    for area in (("--box", "42.3,42.9,13,13.5"), ("--polygon", "42.3,13 42.9,13 42.6,13.5"), ("--around", "XX.AMAT")):
        result = run(*files, "--draw", 3, *area, "-o", f"plan{area[0]}")
        assert result.exit_code == 0 and "21 records will be" in result.stdout, result.output


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--draw", 3), 2, "one of"),
        ((), 2, "--catalog"),
        (("--draw", 3, "--around", "XX.NONE"), 1, "no station"),
        (("--draw", 3, "--around", "XX.AMAT", "--snr", "high"), 1, "--snr"),
        (("--draw", 3, "--around", "XX.AMAT", "--split", "half"), 1, "train=0.8"),
        (("--draw", 3, "--around", "XX.AMAT", "--noise", "absent.mseed"), 1, "absent.mseed"),
        (("--draw", 3, "--around", "XX.AMAT", "--set", "stress=60"), 1, "stress_drop_bar"),
    ],
)
def test_wrong_usage(run, words, code, says):
    result = run(*COMMON, *words, "-o", "made")
    assert result.exit_code == code and says in result.output, result.output


def test_another_argument_is_refused(run):
    words = (*COMMON, "--draw", 2, "--around", "XX.AMAT", "--set", "variability=false", "-o", "made")
    assert run(*words).exit_code == 0
    result = run(*words, "--seed", 8)
    assert result.exit_code == 1 and "seed was 0, is 8" in result.output
