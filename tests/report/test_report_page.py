"""The page from top to bottom: verdict and records first, factors in words, no empty columns, all that is left out."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_sets import records, use_fake_groups

import seissynth
from seissynth.evaluation import EvaluationSettings, MetricGroup, evaluations
from seissynth.evaluation.groups.samples import sample_scores
from seissynth.evaluation.results import as_summary, value_row
from seissynth.plotting.evaluation_overview import draw_overview
from seissynth.plotting.evaluation_samples import draw_first_records
from seissynth.report import write_report
from seissynth.report.html import frame

QUICK = EvaluationSettings(draws=100)
NAN = float("nan")


def group(name, rows, notes=()):
    table = as_summary([value_row(metric, "1", limits, 0.0, 9, 3) for metric, limits in rows.items()])
    return MetricGroup(name, f"Group {name}", table, notes=list(notes))


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Write an evaluation with made-up numbers, and read its page."""
    use_fake_groups(monkeypatch, "size")
    for name in ("ground_motion", "arrivals"):
        monkeypatch.setitem(evaluations.GROUPS, name, replace(evaluations.GROUPS["size"], name=name))
    found = evaluations.evaluate(
        records(), {"twice": records("twice", size=2.0, seed=1)}, settings=QUICK, groups=["size"]
    )

    def write(groups, baselines=None, **arguments):
        found.groups, found.baselines = {"twice": groups}, baselines or {}
        path = write_report(found, tmp_path / "report.html", overwrite=True, **arguments)
        return re.sub(r"data:image/png;base64,[^']+", "", path.read_text("utf-8"))

    return write


def section(page, key):
    return re.search(f"<section id='{key}'>(.*?)</section>", page, re.S)[1]


def test_the_page_begins_with_the_verdict_and_records(page):
    text = page({"ground_motion": group("ground_motion", {"ln_pga_bias": (0.6931, 0.6, 0.8)})})
    keys = re.findall("<section id='([^']+)'>", text)
    assert keys[:3] == ["verdict", "overview", "compared"]
    first = section(text, "verdict")
    assert "The records are 2.0 times too strong." in first
    assert first.count("<img") == 1 and "worst, median, best" in first
    plain = page({"ground_motion": group("ground_motion", {"ln_pga_bias": (0.6931, 0.6, 0.8)})}, pictures=False)
    assert "2.0 times too strong" in section(plain, "verdict") and "<img" not in plain


def test_several_sets_are_named_in_the_verdict(tmp_path, monkeypatch):
    use_fake_groups(monkeypatch, "size")
    real = records()
    seissynth.evaluate(real, {"<a>": real, "b": real}, settings=QUICK, report=tmp_path / "report.html", pictures=False)
    first = section((tmp_path / "report.html").read_text("utf-8"), "verdict")
    assert "<b>&lt;a&gt;.</b> Ln size is 0." in first and "<b>b.</b> Ln size is 0." in first


def test_biases_are_factors_in_words(page):
    rows = {"ln_pga_bias": (0.6931, 0.6, 0.8), "ln_pgv_bias": (-0.1, -0.3, 0.1), "ln_pga_sd": (0.7, 0.6, 0.8)}
    table = section(page({"ground_motion": group("ground_motion", rows)}, pictures=False), "group-ground_motion")
    said = dict(re.findall(r"<code>(.*?)</code>.*?<span class='value'>.*?</span>(.*?)</td>", table))
    assert '<span class="words">2.0 times too strong</span>' in said["ln_<wbr>pga_<wbr>bias"]
    assert '<span class="words">right within 35 %</span>' in said["ln_<wbr>pgv_<wbr>bias"]
    assert "words" not in said["ln_<wbr>pga_<wbr>sd"]


def test_an_error_of_few_picks_says_so(page):
    rows = {
        "p_mae_s": (0.65, NAN, NAN),
        "p_matched": (0.0061, 0.0, 0.01),
        "s_mae_s": (0.5, 0.4, 0.6),
        "s_matched": (0.9, 0.8, 1),
    }
    text = page({"arrivals": group("arrivals", rows)}, pictures=False)
    assert section(text, "group-arrivals").count("of the onsets") == 1
    assert "from 0.61 % of the onsets" in section(text, "group-arrivals")
    assert "P is found in only 0.6 % of the records" in section(text, "verdict")


def test_sets_without_a_value_have_no_column(page):
    mine = {"size": group("size", {"ln_size": (0.5, 0.4, 0.6)})}
    other = {"size": group("size", {"ln_size": (NAN, NAN, NAN)})}
    text = page(mine, {"poor": other}, pictures=False)
    for key in ("overview", "group-size"):
        table = re.search("<thead>.*?</thead>", section(text, key))[0]
        assert "twice" in table and "poor" not in table
    assert "No value here: poor." in section(text, "group-size")


def test_empty_columns_of_a_table_are_named_below_it():
    data = pd.DataFrame({"a": [1.0, 2.0], "b": [NAN, NAN], "c": ["", ""], "d": [0, NAN], "e": [None, None]})
    shown = frame(data, "Numbers", "")
    assert re.findall(r"<th [^>]*>(\w)</th>", shown) == ["a", "d"]
    assert "Empty: b, c, e." in shown
    assert "<th" in frame(data.iloc[:0], "Nothing", "") and "Empty" not in frame(data[["a"]], "Full", "")


def test_left_out_names_what_is_and_nothing_else(page, monkeypatch):
    for name in ("ground_motion", "arrivals"):
        monkeypatch.delitem(evaluations.GROUPS, name)
    notes = [
        "30 records, 2 draws. 0 clipped or broken real records are left out.",
        "PGA: 0 records are left out: clipped.",
        "b = 40; first draw; 75 % of the values are left out: not clear.",
        "A model is left out: no package. 10 of 30 records have no reference and are left out.",
    ]
    rows = {"ln_size": (0.5, 0.4, 0.6)}
    baselines = {"poor": {"size": group("size", rows, notes[:1])}}
    text = section(page({"size": group("size", rows, notes)}, baselines, pictures=False), "left-out")
    lines = re.findall("<li>(.*?)</li>", text)
    assert [line.removeprefix("Group size: ").removesuffix(" [twice]") for line in lines if "left out" in line] == [
        "75 % of the values are left out: not clear.",
        "A model is left out: no package.",
        "10 of 30 records have no reference and are left out.",
    ]
    assert any(line == "Baselines are not scored in: size." for line in lines)
    nothing = section(page({"size": group("size", rows)}, pictures=False), "left-out")
    assert nothing.endswith("<p>Nothing was left out.</p>")


def test_the_first_records_are_those_of_the_worst_median_and_best_score(monkeypatch):
    use_fake_groups(monkeypatch, "size")
    real = records()
    factor = np.exp(np.linspace(0, 1.5, len(real)))[:, None, None]  # sizes worse and worse
    made = replace(real, data=(real.data * factor).astype(np.float32))
    found = evaluations.evaluate(real, {"made": made}, settings=QUICK)
    scores = sample_scores(found.pairs["made"])
    assert np.argmax(scores) == 0 and np.argmin(scores) == len(real) - 1
    [(title, figure)] = draw_first_records(found)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert "worst, median, best" in title and [words.split(":")[0] for words in titles] == ["Worst", "Median", "Best"]
    shown = [float(words.split()[-1]) for words in titles]
    expected = [scores.min(), np.median(scores), scores.max()]
    assert shown == pytest.approx(expected, abs=0.03)
    traces = [axes.lines[0].get_ydata() for axes in figure.axes]
    peaks = np.array([np.abs(trace).max() for trace in traces]).reshape(4, 3)  # Z and N of both sets, by column
    assert peaks[2:] / peaks[:2] == pytest.approx(
        np.tile(factor[[-1, np.argmin(abs(scores - expected[1])), 0], 0, 0], (2, 1)), rel=0.05
    )


def test_silent_records_have_no_picture(monkeypatch):
    use_fake_groups(monkeypatch, "size")
    real = records()
    found = evaluations.evaluate(real, {"made": replace(real, data=np.zeros_like(real.data))}, settings=QUICK)
    assert draw_first_records(found) == []


def test_the_overview_has_no_empty_rows(monkeypatch):
    use_fake_groups(monkeypatch, "size")
    monkeypatch.setitem(
        evaluations.GROUPS, "other", replace(evaluations.GROUPS["size"], name="other", headline=("snr",))
    )
    found = evaluations.evaluate(records(), {"made": records("made", size=2.0)}, settings=QUICK)
    one, two = group("size", {"ln_size": (0.5, 0.4, 0.6)}), group("other", {"snr": (1.0, 0.4, 1.6)})
    found.groups, found.baselines = {"made": {"size": one, "other": two}}, {"baseline": {"size": one}}
    [(_, figure)] = draw_overview(found)
    shown = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_visible()}
    assert [len(shown[name].get_yticks()) for name in ("ln size", "SNR")] == [2, 1]
    assert [label.get_text() for label in shown["SNR"].get_yticklabels()] == ["made"]
