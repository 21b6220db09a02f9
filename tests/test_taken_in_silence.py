"""What was once taken without a word: complex samples, impossible heights, empty names, folders as files, formulas."""

import csv
import math

import numpy as np
import obspy
import pandas as pd
import pytest
from obspy.core.inventory import Inventory, Network, Station
from typer.testing import CliRunner

import seissynth
from seissynth import signal
from seissynth.backends.base import Card
from seissynth.cli import make_app
from seissynth.errors import FileFormatError, InputError
from seissynth.evaluation import RecordSet, evaluate
from seissynth.io.seisbench.dataset import Dataset, DatasetWriter
from seissynth.records import Records
from seissynth.shared.csv_cells import for_people, safe_text, write_table
from seissynth.signal.motion import convert_motion, resample_motion
from seissynth.testing.check import Ricker

RATE = 100.0


@pytest.fixture(scope="module")
def example():
    inventory, event = seissynth.read_example()
    return inventory.select(station="AMAT"), event


@pytest.fixture
def complex_stream(example):
    rng, stream = np.random.default_rng(0), obspy.Stream()
    start = example[1].preferred_origin().time - 20
    for letter in "ZNE":
        header = {"network": "XX", "station": "AMAT", "channel": f"HH{letter}", "sampling_rate": RATE}
        trace = obspy.Trace(rng.standard_normal(20_000) + 1j, {**header, "starttime": start})
        trace.stats.processing = ["remove_response(output='VEL')"]
        stream.append(trace)
    return stream


class TakesSource(Ricker):
    card = Card("takes_source", "Takes a source", "velocity", "ZNE", required_columns=Ricker.card.required_columns,
                capabilities={"source_records"})  # fmt: skip


class ComplexNoise:
    def sample(self, sensor, npts, sampling_rate_hz, rng):
        return rng.standard_normal((len(sensor.channels), npts)) * 1j


DATA = np.ones((2, 3, 2000)) * 1j
TOOLS = {
    "wood_anderson_response": lambda: signal.wood_anderson_response(np.array([1 + 1j])),
    "envelope": lambda: signal.envelope(DATA),
    "bandpass": lambda: signal.bandpass(DATA, RATE, 1, 10),
    "fourier_amplitude": lambda: signal.fourier_amplitude(DATA, RATE),
    "pga": lambda: signal.pga(DATA),
    "response_spectrum": lambda: signal.response_spectrum(DATA, RATE, [1.0]),
    "konno_ohmachi": lambda: signal.konno_ohmachi(DATA[0, 0], np.arange(2000.0)),
    "wood_anderson": lambda: signal.wood_anderson(DATA, RATE),
    "convert_motion": lambda: convert_motion(DATA, RATE, "velocity", "acceleration"),
    "convert_motion, nothing to do": lambda: convert_motion(DATA, RATE, "velocity", "velocity"),
    "resample_motion": lambda: resample_motion(DATA, RATE, 50.0),
    "resample_motion, nothing to do": lambda: resample_motion(DATA, RATE, RATE),
    "RecordSet": lambda: RecordSet("a", DATA, RATE, "velocity", pd.DataFrame({"source_id": ["a", "b"]})),
}


@pytest.mark.parametrize("call", TOOLS.values(), ids=TOOLS)
def test_complex_samples_are_refused_by_the_tools(call):
    with pytest.raises(InputError, match="complex128; it must hold real numbers"):
        call()


def test_complex_samples_are_refused_as_noise_and_source(example, complex_stream, tmp_path):
    for noise in (complex_stream, ComplexNoise()):
        with pytest.raises(InputError, match=r"noise.*complex128"):
            seissynth.generate(*example, noise=noise, duration=40.0)
        with pytest.raises(InputError, match=r"noise.*complex128"):
            seissynth.make_dataset(tmp_path / "set", *example, noise=noise, duration=40.0)
    good = Records(np.ones((1, 3, 50)), np.zeros(1))
    bad = Records(DATA[:1], np.zeros(1))
    with_bad_pool = Records(good.data, good.start_s, pool=bad)
    for source in (complex_stream, bad, with_bad_pool):
        quantity = {} if isinstance(source, Records) else {"source_quantity": "VEL"}
        with pytest.raises(InputError, match="complex128"):
            seissynth.generate(*example, backend=TakesSource, source=source, duration=40.0, **quantity)
    for data, words in ((np.full((1, 3, 5), np.nan), "not finite"), (np.ones((1, 2, 5)), "shape"), (["a"], "type")):
        with pytest.raises(InputError, match=f"source.*{words}"):
            seissynth.generate(*example, backend=TakesSource, source=Records(data, np.zeros(1)), duration=40.0)


def test_complex_samples_are_refused_in_files(complex_stream, tmp_path):
    import h5py

    for name in ("a.mseed", "{channel}.sac", "a.h5"):
        with pytest.raises(InputError, match="complex128"):
            seissynth.write(tmp_path / name, complex_stream)
    with DatasetWriter(tmp_path / "set", sampling_rate_hz=RATE) as writer:
        with pytest.raises(InputError, match="complex128"):
            writer.write([{}], DATA[:1])
        writer.write([{}], np.ones((1, 3, 50), np.float32))
    with h5py.File(tmp_path / "set" / "waveforms.hdf5", "r+") as file:
        [block] = file["data"]
        samples = file["data"][block][()]
        del file["data"][block]
        file["data"][block] = samples.astype(complex)
    with pytest.raises(FileFormatError, match="complex128"):
        Dataset(tmp_path / "set").waveforms()


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, 9_001.0])
@pytest.mark.parametrize("what", ["station", "channel", "depth"])
def test_heights_that_cannot_be(example, value, what):
    inventory, event = example
    inventory = inventory.copy()
    if what == "station":
        inventory = Inventory([Network("XX", stations=[Station("A", 42.0, 13.0, value)])])
    for channel in inventory[0][0].channels:
        setattr(channel, "depth" if what == "depth" else "elevation", 2 * value)
    with pytest.raises(InputError, match=r"(elevation|sensor depth) .*; it must be a number of m from .*Left out"):
        seissynth.generate(inventory, event, duration=40.0)
    with pytest.raises(InputError, match="station_elevation_m"):
        seissynth.generate(*example, conditions={"station_elevation_m": value}, duration=40.0)


def test_groups_and_names_of_an_evaluation():
    for arguments, words in (
        ({"groups": []}, "groups is empty"),
        ({"groups": [""]}, "groups"),
        ({"groups": "similarity"}, "groups='similarity' must be a list"),
        ({"groups": [["similarity"]]}, "must be a list of names"),
        ({"groups": ["similarity"], "skip": ["similarity"]}, "leaves no group"),
        ({"skip": [""]}, "skip"),
        ({"split": ""}, "split=''"),
        ({"real_name": " "}, "real_name"),
        ({"names": [""]}, "names"),
        ({"names": "abc"}, "names='abc' must be a list"),
    ):
        with pytest.raises(InputError, match=words):
            evaluate("no such set", ["nor this"], **arguments)


def test_the_command_line_refuses_them_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = lambda *words: CliRunner().invoke(make_app(), list(words))  # noqa: E731
    for words, part in (
        (("evaluate", "-r", "a", "-g", "b", "-o", "c.html", "--groups", ""), "--groups ''"),
        (("evaluate", "-r", "a", "-g", "b", "-o", "c.html", "--groups", "similarity,"), "contains an empty name"),
        (("evaluate", "-r", "a", "-g", "b", "-o", "c.html", "--skip", ","), "--skip ','"),
        (("evaluate", "-r", "a", "-g", "b", "-o", "c.html/"), "folder"),
        (("generate", "--example", "-o", "o.h5/"), "folder"),
        (("generate", "--example", "-o", "o.mseed/."), "folder"),
        (("generate", "--example", "-o", ""), "folder"),
        (("generate", "--example", "-o", "a.h5", "--plot", "b.png/"), "folder"),
        (("plot", "a.h5", "-o", "b.png/"), "folder"),
        (("dataset", "convert", "a", "b.h5/"), "folder"),
        (("generate", "--example", "-o", "a.h5", "--weights", "w.safetensors"), "takes none"),
    ):
        result = run(*words)
        assert result.exit_code in (1, 2) and isinstance(result.exception, SystemExit), words
        assert part in " ".join(result.stderr.replace("│", " ").split()), result.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_file_in_python_either(example, tmp_path):
    stream = seissynth.generate(*example, duration=40.0)
    for name in ("o.h5/", "o.mseed/", "o.h5/."):
        with pytest.raises(InputError, match="folder"):
            seissynth.write(f"{tmp_path}/{name}", stream)
    with pytest.raises(InputError, match="folder"):
        seissynth.plotting.plot_traces(stream, outfile=f"{tmp_path}/a.png/")


# --- text cells of CSV files


FORMULAS = ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", " =1", "-", "=", "＝1", '=HYPERLINK("x")', "-2+3|cmd"]
PLAIN = ["XX.A", "", "a=b", "smi:local/1", "-1.5", "+3", "-1e-3", "-inf", "1-2", "é", "0.1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_get_an_apostrophe(text):
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize("value", [*PLAIN, -1.5, -3, None, np.float64(-2)])
def test_all_else_stays(value):
    assert safe_text(value) is value


def test_tables_for_people_keep_their_numbers(tmp_path):
    numbers = -np.arange(len(FORMULAS), dtype=float)
    table = pd.DataFrame({"=event": FORMULAS, "number": numbers, "mixed": [-1, *FORMULAS[1:]]}, index=FORMULAS)
    table.index.name = "@name"
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as file:
        write_table(for_people(table), file)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    assert head == ["'@name", "'=event", "number", "mixed"]
    assert [float(row[2]) for row in rows] == numbers.tolist() and rows[0][3] == "-1"
    for row in rows:
        assert all(cell[:1] == "'" for cell in (row[0], row[1])), row
    assert table["=event"].tolist() == FORMULAS


def test_repeated_columns_and_categories_are_safe_too():
    table = pd.DataFrame([["=1", "=2"], ["=3", "b"]], columns=["a", "a"]).astype("category")
    assert for_people(table).to_numpy().tolist() == [["'=1", "'=2"], ["'=3", "b"]]
    several = table.set_axis(pd.MultiIndex.from_tuples([("=x", 1), ("y", -2)]), axis="index")
    assert for_people(several).index.tolist() == [("'=x", 1), ("y", -2)]


def test_sets_keep_their_texts_to_the_letter(tmp_path):
    texts = [*FORMULAS, *PLAIN, "two\nlines", 'a "quote"', "a,b", "'quoted"]
    rows = [{"source_id": text, "number": -1.0} for text in texts]
    with DatasetWriter(tmp_path / "set", sampling_rate_hz=RATE) as writer:
        writer.write(rows, np.ones((len(texts), 3, 10), np.float32))
    with (tmp_path / "set" / "metadata.csv").open(encoding="utf-8", newline="") as file:
        assert [row["source_id"] for row in csv.DictReader(file)] == texts


def test_every_csv_file_is_written_by_the_helper():
    from _imports import module_files

    files = {**module_files("seissynth"), **module_files("seissynth_plugins")}
    found = {
        name
        for name, path in files.items()
        if any(word in path.read_text(encoding="utf-8") for word in (".to_csv(", "csv.writer(", "csv.DictWriter("))
    }
    # the log of a training holds numbers only
    assert found == {"seissynth.shared.csv_cells", "seissynth_plugins.torchkit.training_files"}


def test_the_report_goes_through_the_helper(tmp_path):
    from seissynth.report.writing import write_tables

    write_tables({"a.csv": pd.DataFrame({"event": ["=1+1"], "value": [-2.5]})}, tmp_path / "tables")
    assert (tmp_path / "tables" / "a.csv").read_text(encoding="utf-8").splitlines() == ["event,value", "'=1+1,-2.5"]
