"""What objects show of themselves: in a terminal, in a notebook, and behind Tab."""

import importlib
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

import seissynth
from seissynth.backends.registry import BackendInfo, BackendTable
from seissynth.evaluation.evaluations import Evaluation, LeftOut
from seissynth.evaluation.results import EvaluationSettings, MetricGroup, as_summary, value_row
from seissynth.io.seisbench import Dataset, DatasetWriter
from seissynth.reproduction import ReproductionReport


@dataclass
class Named:
    """Stands for the real records, of which the name and the number are shown."""

    name: str
    count: int

    def __len__(self):
        return self.count


def widest(text):
    return max(map(len, str(text).splitlines()))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    rows = [{"source_id": f"<{k}>", "source_magnitude": 3.0 + k / 8, "station_code": "A"} for k in range(24)]
    with DatasetWriter(folder, sampling_rate_hz=50.0) as writer:
        writer.write(rows, np.arange(24 * 3 * 10, dtype="float32").reshape(24, 3, 10))
    return Dataset(folder)


# --- backends


def test_backends_of_the_package_say_what_they_are_unchecked():
    table = seissynth.list_backends()
    summary = seissynth.get_backend("stochastic").card.summary
    assert next(info for info in table if info.name == "stochastic").summary == summary
    assert summary[:20] in str(table) and summary in table._repr_html_() and widest(table) <= 80


def test_showing_the_backends_imports_nothing_heavy():
    code = (
        "import sys, seissynth; print(seissynth.list_backends()); "
        "assert not {'torch', 'pandas', 'obspy', 'numba', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_backends_with_the_same_trouble_share_a_line():
    trouble = "backend '{0}' needs weights: train {0}"
    table = BackendTable(
        BackendInfo(name, "d", "1", f"m:{name}", "incomplete", trouble.format(name)) for name in ("one", "two")
    )
    [cause] = table.causes()
    assert cause == "one, two are incomplete: backend 'NAME' needs weights: train NAME"
    alone = BackendTable([BackendInfo("one", "d", "1", "m:one", "broken", "one fell")])
    assert alone.causes() == ["one is broken: one fell"]


def test_a_checked_table_states_the_ranges_of_shipped_weights():
    pytest.importorskip("torch")
    table = seissynth.list_backends(check=True)
    heggs = next(info for info in table if info.name == "heggs")
    low, high = heggs.card.distance_range_km
    row = next(row for row in table.cells()[1] if row[0] == "heggs")
    assert row[1] == "ok" and row[3] == f"{low:.3g} to {high:.3g}"
    assert widest(str(table).split("\n\n")[0]) <= 80


def test_a_card_prints_one_fact_a_line():
    card = seissynth.Card(
        "mine", "A pulse & more", "velocity", "ZNE", magnitude_range=(1, 5.5), sampling_rates_hz=(50.0, 100.0),
        distance_range_km=(0, 90), distance_kind="epicentral", references=("Me 2020",),
    )  # fmt: skip
    lines = str(card).splitlines()
    assert lines[0] == "Card 'mine': A pulse & more" and repr(card) == str(card)
    facts = dict(line.strip().split("  ", 1) for line in lines[1:])
    facts = {name: words.strip() for name, words in facts.items()}
    assert facts["magnitude"] == "1 to 5.5" and facts["epicentral distance"] == "0 to 90 km"
    assert facts["after"] == "Me 2020" and "depth" not in facts and "trained on" not in facts
    assert "A pulse &amp; more" in card._repr_html_()


# --- records


def test_an_ensemble_shows_its_peaks():
    inventory, event = seissynth.read_example()
    many = seissynth.generate(inventory.select(station="AMAT"), event, realizations=2, duration=20.0)
    shown = many._repr_html_()
    for stream in many:
        assert f"<td>{max(abs(trace.data).max() for trace in stream):.3g} m/s</td>" in shown
    assert seissynth.Ensemble([])._repr_html_().startswith("<table>")


def test_a_data_set_shows_its_first_and_last_rows(dataset):
    shown = dataset._repr_html_()
    assert "&lt;0&gt;" in shown and "&lt;23&gt;" in shown and "&lt;12&gt;" not in shown
    assert shown.count("<tr>") == 1 + 5 + 1 + 5


def test_records_of_a_data_set_by_number_slice_and_mask(dataset):
    waveform, metadata = dataset[3]
    np.testing.assert_array_equal(waveform, np.arange(90, 120, dtype="float32").reshape(3, 10))
    assert metadata["source_id"] == "<3>" and dataset[-1][1]["source_id"] == "<23>"
    assert dataset[2:8:3].metadata["source_id"].tolist() == ["<2>", "<5>"]
    assert len(dataset[dataset.metadata["source_magnitude"].to_numpy() > 5]) == 7
    assert dataset[[5, 1]].metadata["source_id"].tolist() == ["<5>", "<1>"]
    assert [metadata["source_id"] for _, metadata in dataset[:2]] == ["<0>", "<1>"]
    with pytest.raises(IndexError, match="record 24 does not exist"):
        dataset[24]


# --- results


def test_an_evaluation_shows_its_leading_metrics():
    records = Named("real", 9)
    rows = [value_row("envelope_correlation", "1", (0.5, 0.4, 0.6), 1.0, 9, 3)]
    groups = {"similarity": MetricGroup("similarity", "Similarity", as_summary(rows))}
    found = Evaluation(records, {"mine": None}, EvaluationSettings(), groups={"mine": groups})
    found.missing.append(LeftOut("arrivals", "mine", "no <picker>"))
    assert repr(found).count("\n") == 0 and "0.5 [0.4, 0.6]" in str(found)
    shown = found._repr_html_()
    assert "<td>0.5 [0.4, 0.6]</td><td>1</td>" in shown and "no &lt;picker&gt;" in shown


def test_a_reproduction_reads_the_same_everywhere():
    report = ReproductionReport("<a.h5>", 3, 3, 0.0, {"numpy": "1"}, {"numpy": "2"})
    assert repr(report) == str(report) and "numpy: 1 then, 2 now" in repr(report)
    assert "&lt;a.h5&gt;: 3 of 3 records" in report._repr_html_()


# --- Tab


@pytest.mark.parametrize("name", ["seissynth", "seissynth.plotting", "seissynth.signal", "seissynth.evaluation"])
def test_dir_lists_public_names_only(name):
    seissynth.generate(*seissynth.read_example())  # imports rooms on its way
    module = importlib.import_module(name)
    shown = {one for one in dir(module) if not one.startswith("__")}
    public = set(module.__all__) - {"__version__"}
    modules = {"errors", "plotting", "schema", "signal", "testing", "traveltime", "units"}
    assert shown == (public | modules if name == "seissynth" else public)
