"""What `write` leaves reads back the same, in every format, or is refused before anything is there."""

import os
import subprocess
import sys

import numpy as np
import obspy
import pytest
from _imports import ROOT
from obspy import Stream, UTCDateTime

import seissynth
from seissynth.errors import InputError, WriteError
from seissynth.io.asdf import read_asdf
from seissynth.io.files import write
from seissynth.shared.atomic import replacing

ENDINGS = ("mseed", "sac", "h5")
#: name -> (what is changed, endings that refuse it)
CASES = {
    "six letters, as K-NET": ({"station": "AKT013"}, {"mseed"}),
    "eight letters": ({"station": "STATION8"}, {"mseed"}),
    "ten letters": ({"station": "STATION010"}, {"mseed", "sac"}),
    "no ASCII": ({"station": "ÄÖ"}, set(ENDINGS)),
    "a blank": ({"station": "A B"}, set(ENDINGS)),
    "a blank at the end": ({"station": "AB "}, set(ENDINGS)),
    "a dot": ({"station": "A.B"}, set(ENDINGS)),
    "a slash": ({"network": "A/B"}, set(ENDINGS)),
    "SAC's word for nothing": ({"station": "-12345"}, {"mseed", "sac"}),
    "small letters": ({"station": "abc", "network": "x"}, set()),
    "dash and underscore": ({"station": "A-_B"}, set()),
    "no station, no location": ({"station": "", "location": ""}, set()),
    "no codes": ({"station": "", "network": "", "location": ""}, {"h5"}),
    "three letters of network": ({"network": "XXX"}, {"mseed"}),
    "three letters of location": ({"location": "001"}, {"mseed"}),
    "four letters of channel": ({"channel": "HHZZ"}, {"mseed"}),
    "two letters of channel": ({"channel": "HZ"}, set()),
    **{f"{rate} Hz": ({"sampling_rate": rate}, set()) for rate in (1e-4, 0.1, 1 / 3, 31.25, 200.0, 5000.0)},
    "a rate that SAC rounds": ({"sampling_rate": 33.333}, {"sac"}),
    "another one": ({"sampling_rate": 1000.1}, {"sac"}),
    "before 1970": ({"starttime": UTCDateTime("1969-12-31T23:59:59.123456")}, set()),
    "far away": ({"starttime": UTCDateTime("2100-12-31T23:59:59.999999")}, set()),
    "long ago": ({"starttime": UTCDateTime("1000-01-01")}, set(ENDINGS)),
    "whole counts at their limits": ({"data": np.array([2**31 - 1, -(2**31), 0, 2**31 - 1], "i4")}, {"sac"}),
    "16-bit counts": ({"data": np.array([2**15 - 1, -(2**15)], "i2")}, set()),
    "64-bit counts": ({"data": np.array([2**40 + 1, 1])}, {"mseed", "sac"}),
    "64-bit floats": ({"data": np.array([1 / 3, 1e300])}, {"sac"}),
    "big-endian": ({"data": np.array([1.5, -2.5], ">f4")}, set()),
    "one sample": ({"data": np.array([1.5], "f4")}, set()),
    "no numbers": ({"data": np.array([1.5, np.nan, np.inf], "f4")}, set()),
    "complex": ({"data": np.array([1j, 2])}, set(ENDINGS)),
    "truth values": ({"data": np.array([True, False])}, set(ENDINGS)),
    "16-bit floats": ({"data": np.array([1, 2], "f2")}, set(ENDINGS)),
}


@pytest.fixture(scope="module")
def example():
    return seissynth.read_example()


@pytest.fixture(scope="module")
def trace(example):
    made = seissynth.generate(*example)[0]
    made.data = made.data[:500].copy()
    return made


@pytest.mark.filterwarnings("ignore:Sample spacing read from SAC")  # ObsPy's reader rounds 32-bit spacings to 1 µs
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("case", CASES)
def test_the_same_comes_back_or_nothing_is_written(trace, tmp_path, case, ending):
    changes, refused = CASES[case]
    odd = trace.copy()
    for name, value in changes.items():
        if name == "data":
            odd.data = value
        else:
            odd.stats[name] = value
    path = tmp_path / f"a.{ending}"
    if ending in refused:
        with pytest.raises(InputError, match=r"cannot hold|complex") as caught:
            write(path, odd)
        if case.startswith("six letters"):
            assert "AKT013" in str(caught.value) and ".h5" in str(caught.value)
        assert not list(tmp_path.iterdir())
        return
    assert write(path, odd) == [path]
    again = read_asdf(path).stream if ending == "h5" else obspy.read(str(path))
    assert len(again) == 1 and again[0].id == odd.id
    clock_ns = {"mseed": 1000, "sac": 100_000, "h5": 0}[ending]
    assert abs(again[0].stats.starttime.ns - odd.stats.starttime.ns) <= clock_ns
    assert again[0].stats.sampling_rate == pytest.approx(odd.stats.sampling_rate, rel=0 if ending == "h5" else 1.2e-7)
    assert np.array_equal(again[0].data, odd.data, equal_nan=odd.data.dtype.kind == "f")


def test_two_codes_that_miniseed_would_make_one(trace, tmp_path):
    stream = Stream([trace.copy(), trace.copy()])
    for one, station in zip(stream, ("AKT013", "AKT014"), strict=True):
        one.stats.station = station
    with pytest.raises(InputError, match=r"AKT013.*AKT014.*\.h5"):
        write(tmp_path / "a.mseed", stream)
    write(tmp_path / "a.h5", stream)
    assert {one.stats.station for one in read_asdf(tmp_path / "a.h5").stream} == {"AKT013", "AKT014"}


def test_traces_in_any_order_and_end_to_end(trace, tmp_path):
    later = trace.copy()
    later.stats.starttime = trace.stats.endtime + trace.stats.delta
    other = trace.copy()
    other.stats.station = "OTHER"
    overlapping = trace.copy()
    overlapping.stats.starttime += 1.234
    overlapping.data = -trace.data
    write(tmp_path / "a.mseed", Stream([trace, other, later, overlapping]))
    read = obspy.read(str(tmp_path / "a.mseed"))
    assert sum(one.stats.npts for one in read) == 4 * trace.stats.npts


@pytest.mark.parametrize("name", ["folder", "missing/a.h5", "x" * 300 + ".mseed", "o.h5/"])
def test_names_that_cannot_be_written(trace, tmp_path, name):
    (tmp_path / "folder").mkdir()
    target = f"{tmp_path}/{name}"
    with pytest.raises((InputError, WriteError)) as caught:
        write(target, trace, format=None if "." in name else "MSEED")
    assert name.rstrip("/")[:20] in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_what_a_killed_writer_leaves_is_known_by_its_name(tmp_path):
    """A data set takes its folder up again only where it can tell its own leftovers from other files."""
    with replacing(tmp_path / "dataset.json") as beside:
        assert beside.name.startswith(".dataset.") and beside.suffix == ".json"
        beside.write_text("{}")
    with replacing(tmp_path / ("ä" * 120 + ".csv")) as beside:
        beside.write_text("long names of two bytes a letter")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_name_of_250_letters(trace, tmp_path):
    path = tmp_path / ("x" * 244 + ".mseed")
    assert write(path, trace) == [path] and path.is_file()


@pytest.mark.parametrize("ending", ["mseed", "sac", "h5", "png", "csv", "xml", "html"])
def test_a_full_disk_is_one_error_and_leaves_the_old_file(tmp_path, ending):
    """The limit on the size of a file stands for the disk's: each write beyond it fails with an OSError."""
    target = tmp_path / f"a.{ending}"
    if ending != "sac":
        target.write_text("old")
    code = f"""
import resource, signal, warnings
warnings.simplefilter("ignore")
import matplotlib.pyplot, seissynth
from seissynth.shared.atomic import replacing
from seissynth.io.files import write, write_picks
from seissynth.errors import WriteError
inventory, event = seissynth.read_example()
stream = seissynth.generate(inventory, event)
path = {str(target)!r}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
try:
    if path.endswith("png"):
        seissynth.plotting.plot_traces(stream, outfile=path)
    elif path.endswith("xml"):
        write_picks(path, stream, event)
    elif path.endswith(("csv", "html")):
        with replacing(path) as beside:
            beside.write_text("x" * 50_000)
    else:
        write(path, stream, event=event, inventory=inventory)
except WriteError as error:
    print(error)
else:
    print("no error")
"""
    environment = dict(os.environ, MPLBACKEND="Agg", PYTHONPATH=str(ROOT))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, (done.returncode, done.stderr[-500:])
    assert done.stdout.count("\n") == 1 and "cannot write" in done.stdout, done.stdout
    assert str(tmp_path) in done.stdout and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == ([] if ending == "sac" else [target])
    assert ending == "sac" or target.read_text() == "old"
