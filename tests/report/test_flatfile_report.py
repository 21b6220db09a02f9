"""The report of a comparison with a flat file, and its command."""

from pathlib import Path

import pandas as pd
import pytest
from pulse_backend import Pulse, flat_file

import seissynth
from seissynth.errors import InputError
from seissynth.plotting.evaluation_flatfile import draw_flatfile
from seissynth.report.flatfile_page import verdict_sentences

CUT = Path(__file__).parents[1] / "io" / "flatfiles" / "ridgecrest_usgs_cut.csv"
QUICK = {"backend": Pulse, "realizations": 1, "model": None, "scatter": False, "draws": 20}


def test_the_report_shows_numbers_pictures_and_tables(tmp_path):
    path, report = flat_file(tmp_path / "<f>.csv", 12, 12, bias=0.5, tau=0.1, rest=0.1), tmp_path / "r.html"
    found = seissynth.evaluate_flatfile(path, report=report, command="seissynth <evaluate>", **QUICK)
    page = report.read_text("utf-8")
    assert "<f>" not in page and "&lt;f&gt;.csv" in page and "seissynth &lt;evaluate&gt;" in page
    assert not found.failures and page.count("data:image/png") == 4
    assert "http://" not in page and "https://" not in page
    summary = pd.read_csv(tmp_path / "r_tables" / "summary.csv")
    assert summary["bias"].tolist() == pytest.approx(found.summary["bias"].tolist())
    assert len(pd.read_csv(tmp_path / "r_tables" / "residuals.csv")) == 144
    first = verdict_sentences(found)[0]
    assert first.startswith("Observed PGA is 1.6") and "holds 1" not in first
    labels = [ax.get_xlabel() for ax in draw_flatfile(found)[0][1].axes[-3:]]
    assert labels == ["Magnitude", "Hypocentral distance (km)", "Vs30 (m/s)"]
    with pytest.raises(InputError, match="exists; pass --overwrite"):
        seissynth.evaluate_flatfile(path, report=report, **QUICK)


def test_the_command_writes_a_report(run, tmp_path):
    words = ("--realizations", 1, "--limit", 2, "--max-distance", 90, "--periods", "1", "--no-scatter", "--draws", 100)
    result = run("evaluate", "--flatfile", CUT, "-o", "r.html", "--no-pictures", "--model", "none", *words)
    assert result.exit_code == 0, result.output
    assert "PGA" in result.stdout and "PSA(1 s)" in result.stdout and "r.html written" in result.stderr
    assert (tmp_path / "r_tables" / "parts-of-the-residuals.csv").is_file()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--flatfile", CUT, "--real", "set"), "--real compares records"),
        (("--real", "set", "--generated", "made", "--limit", "3"), "--limit belongs to a flat file"),
        (("--seed", "3"), "give --real and --generated, or --flatfile"),
        (("--flatfile", CUT, "--periods", "a"), "--periods 'a' must be numbers"),
        (("--flatfile", "none.csv"), "no such file"),
        (("--flatfile", CUT, "--model", "none", "--set", "presett=1"), "unknown option 'presett'"),
    ],
)
def test_bad_calls_have_one_error(run, tmp_path, words, error):
    result = run("evaluate", *words, "-o", "r.html", env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    assert result.exit_code in (1, 2) and error in result.stderr.replace("\n", " "), result.output
    assert not list(tmp_path.glob("r*"))
