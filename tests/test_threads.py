"""Records from threads, processes and notebooks: the same bits, and nothing of the process is changed."""

import contextlib
import locale
import os
import random
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cut_archives
import numpy as np
import obspy
import pytest
from _imports import HELPERS, ROOT
from obspy_networks import ORIGIN_TIME, event, inventory, station, triple
from records_digest import digest

import seissynth
from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes, around_station
from seissynth.data.factory.make import make_dataset
from seissynth.errors import BackendError, InputError, SeisSynthWarning
from seissynth.instruments import evalresp as evalresp
from seissynth.io.seisbench.read import BlockFile
from seissynth.shared import locks as locks
from seissynth.shared.folder_lock import locked
from seissynth.shared.warning import collecting_warnings, warn_user
from seissynth.testing import Ricker


@pytest.fixture(scope="module")
def here():
    return digest()


def test_threads_and_processes_give_the_same_bits(here):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(HELPERS), *sys.path])}
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::UserWarning",
            "-W",
            "ignore:pkg_resources is deprecated",
            str(HELPERS / "records_digest.py"),
        ],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    found = [line.split() for line in done.stdout.splitlines()]
    assert {who for who, _ in found} == {"main", "thread", "fork", "spawn"} and len(found) == 21
    assert {bits for _, bits in found} == {here}


def test_a_notebook_gives_the_same_bits(here, monkeypatch):
    pytest.importorskip("ipykernel")
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(HELPERS)]))
    code = """
    import warnings
    warnings.simplefilter("error", UserWarning)
    warnings.filterwarnings("ignore", "pkg_resources is deprecated")  # ObsPy 1.4 imports it
    from concurrent.futures import ThreadPoolExecutor
    from records_digest import digest
    with ThreadPoolExecutor(4) as pool:
        print(*{digest(), *pool.map(digest, [1] * 8)})
    """
    import textwrap

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(textwrap.dedent(code))])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    assert "".join(output.get("text", "") for output in book.cells[0].outputs).split() == [here]


def process_state():
    """What belongs to the whole process and not to a call."""
    return {
        "filters": [repr(item) for item in warnings.filters],
        "floating point": np.geterr(),
        "print": np.get_printoptions(),
        "locale": locale.setlocale(locale.LC_ALL),
        "folder": Path.cwd(),
        "environment": dict(os.environ),
        "random": random.getstate(),
        "numpy random": repr(np.random.get_state()),
    }


def make_records(net, earthquake):
    """All that generate() and continuous() can do without a trained network."""
    import pandas

    origin = earthquake.preferred_origin().time
    table = pandas.DataFrame({"station_vs_30_mps": [400.0]}, index=["XX.CASC"])
    for options in ({"output": "RAW", "quantize": True}, {"velocity_model": "ak135", "realizations": 2}):
        seissynth.generate(net, earthquake, noise="nhnm", conditions=table, channel="*", **options)
    seissynth.continuous(earthquake, net, origin - 5.0037, origin + 30, noise="nlnm", output="RAW")
    seissynth.list_backends()


def make_sets(folder):
    """A set with noise of records that are partly too short, and a set cut from records; both leave sensors out."""
    net, _ = seissynth.read_example()
    header = {"network": "XX", "station": "AMAT", "channel": "HHZ", "sampling_rate": 20.0}
    noise = obspy.Stream([obspy.Trace(np.random.default_rng(1).standard_normal(280), header)])
    earthquakes = DrawnEarthquakes(2, around_station(net, "XX.AMAT", 60.0), magnitude=(2, 4), seed=4)
    make_dataset(
        folder / "made", net, earthquakes, duration=12.0, sampling_rate=20.0, noise=noise, snr_db=(0, 20), channel="*"
    )
    cut_archives.write_records(folder)
    cut_archives.run(folder / "cut")


@pytest.mark.parametrize("made", ["records", "sets"])
@pytest.mark.filterwarnings("ignore::seissynth.errors.SeisSynthWarning")
def test_nothing_of_the_process_is_touched(tmp_path, monkeypatch, made):
    """Not even for a moment: another thread would see it, and the last to leave would put back what it found."""
    example = seissynth.read_example()

    def make_everything(again):
        if made == "records":
            make_records(*example)
        else:
            folder = tmp_path / str(again)
            folder.mkdir()
            make_sets(folder)

    make_everything(0)  # compiles and imports, which others do with the filters as they like
    evalresp.clear_cache()
    before, entered = process_state(), []

    real = warnings.catch_warnings.__enter__

    def enter(self):
        if "seissynth" in Path(sys._getframe(1).f_code.co_filename).parts:
            entered.append("".join(traceback.format_stack(limit=6)))
        return real(self)

    monkeypatch.setattr(warnings.catch_warnings, "__enter__", enter)
    make_everything(1)
    monkeypatch.undo()
    assert not entered, entered[0]
    assert process_state() == before


def test_a_warning_that_is_ignored_is_ignored_in_threads():
    """Each record lacks its P, which is said by a warning; 40 calls in 8 threads raise none of them."""
    net, earthquake = seissynth.read_example()
    net = net.select(station="TIBE")

    def make(seed):
        return seissynth.generate(net, earthquake, duration=5.0, seed=seed, noise="nlnm", output="RAW")[0].data

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeisSynthWarning)
        before = list(warnings.filters)
        alone = [make(seed) for seed in range(8)]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(make, [*range(8)] * 5))
        assert warnings.filters == before
    for seed, data in enumerate(together):
        np.testing.assert_array_equal(data, alone[seed % 8])


def test_one_instance_serves_many_threads():
    """Event terms of several earthquakes at once, through one backend's caches."""
    backend = type(seissynth.get_backend("stochastic")())(variability=True)
    net = inventory(station("A", triple("HH")))
    events = [event(3.5 + 0.1 * k, latitude=35.6 + 0.02 * k) for k in range(12)]

    def make(one):
        return seissynth.generate(net, one, backend=backend, duration=30.0)[0].data

    alone = [make(one) for one in events]
    with ThreadPoolExecutor(8) as pool:
        for data, wanted in zip(pool.map(make, events * 4), alone * 4, strict=True):
            np.testing.assert_array_equal(data, wanted)


def test_a_source_in_counts_takes_turns_at_evalresp(monkeypatch):
    """evalresp keeps global variables, and ctypes lets other threads run meanwhile."""
    from seissynth.source_records import without_response

    response = triple("HH")[0].response
    data = 1e3 * np.random.default_rng(0).standard_normal(4000)

    def make(_):
        trace = obspy.Trace(data.copy(), {"sampling_rate": 100.0, "starttime": ORIGIN_TIME})
        assert not evalresp.EVALRESP_LOCK._is_owned()
        return without_response(trace, response, "velocity").data

    alone, owned = make(0), []
    original = obspy.Trace.remove_response

    def watched(self, **options):
        owned.append(evalresp.EVALRESP_LOCK._is_owned())
        return original(self, **options)

    monkeypatch.setattr(obspy.Trace, "remove_response", watched)
    with ThreadPoolExecutor(4) as pool:
        for made in pool.map(make, range(12)):
            np.testing.assert_array_equal(made, alone)
    assert len(owned) == 12 and all(owned)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::seissynth.errors.SeisSynthWarning")
def test_a_fork_finds_every_lock_open(tmp_path):
    """All locks are held by another thread of the parent while it forks; the child makes and reads what it would."""
    net, earthquake = seissynth.read_example()
    net, others = net.select(station="AMAT"), set(locks.KNOWN)
    reader = BlockFile(tmp_path / "none")
    assert len(set(locks.KNOWN) - others) == 1  # the reader's own is one of them
    seissynth.generate(net, earthquake, duration=20.0, output="RAW", seed=1)  # compiles, so that the child need not
    held, forked = threading.Event(), threading.Event()
    every = list(locks.KNOWN)

    def hold():
        with contextlib.ExitStack() as stack:
            for lock in every:
                stack.enter_context(lock)
            held.set()
            forked.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    child = os.fork()
    if not child:
        signal.alarm(30)  # a lock that stays shut ends the child
        with contextlib.suppress(BaseException):
            reader.close()
            with locked(tmp_path / "set", "trying"), evalresp.EVALRESP_LOCK:
                evalresp.clear_cache()
            seissynth.generate(net, earthquake, duration=20.0, output="RAW", seed=1)
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    forked.set()
    thread.join()
    assert len(every) > 4 and status == 0


def test_workers_of_one_call_make_the_same_records_in_the_same_order():
    """Three groups of lengths, several parts of each, realisations, and warnings once."""
    net = inventory(*(station(f"S{i}", latitude=35.0 + 0.06 * i, longitude=-117.0 - 0.01 * (i % 7)) for i in range(45)))
    earthquake = event()
    alone, together = (
        seissynth.generate(net, earthquake, realizations=3, seed=4, workers=workers) for workers in (1, 3)
    )
    for one, other in zip(alone, together, strict=True):
        assert [trace.id for trace in one] == [trace.id for trace in other]
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.data, b.data)
            assert str(a.stats) == str(b.stats)  # NaN differs from itself
    seen = []

    def note(done, total):
        seen.append((done, total))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seissynth.generate(net, earthquake, duration=12, workers=2, progress=note)
    assert sorted(str(w.message)[:14] for w in caught) == ["P lies outside", "S lies outside"]
    assert seen == sorted(seen) and seen[-1] == (45, 45)


def test_warnings_of_workers_go_where_those_of_the_call_go():
    class Speaking(Ricker):
        def simulate(self, conditions, **arguments):
            warn_user("said in a worker")
            return super().simulate(conditions, **arguments)

    net = inventory(*(station(f"S{i}", latitude=35.0 + 0.01 * i, longitude=-117.0) for i in range(24)))
    with collecting_warnings() as collected:
        seissynth.generate(net, event(), backend=Speaking, duration=20, workers=2)
    assert collected.count("said in a worker") == 2


def test_an_error_of_a_worker_is_that_of_the_call():
    class Broken(Ricker):
        def simulate(self, conditions, **arguments):
            if "XX.S9" in set(conditions["station_network_code"] + "." + conditions["station_code"]):
                raise ValueError("no more")
            return super().simulate(conditions, **arguments)

    net = inventory(*(station(f"S{i}", latitude=35.0 + 0.01 * i, longitude=-117.0) for i in range(24)))
    with pytest.raises(BackendError, match="no more"):
        seissynth.generate(net, event(), backend=Broken, duration=20, workers=2)
    with pytest.raises(InputError, match="workers=0"):
        seissynth.generate(net, event(), workers=0)
