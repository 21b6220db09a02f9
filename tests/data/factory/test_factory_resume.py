"""A set is the same to the bit however it is made: in one go, after kills, by any number of processes."""

import json
import subprocess
import sys

import pytest
from _imports import HELPERS
from factory_sets import ARGUMENTS, EARTHQUAKES, INVENTORY, contents, make
from killing_backend import Killing

from seissynth.data.factory.drawn_earthquakes import Circle, DrawnEarthquakes
from seissynth.data.factory.make import make_dataset
from seissynth.errors import InputError
from seissynth.io.seisbench.dataset import Dataset


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory):
    path = tmp_path_factory.mktemp("factory") / "set"
    report = make(path)
    assert report.made == report.records > 100
    return contents(path)


def test_a_second_call_makes_nothing(tmp_path, in_one_go):
    make(tmp_path / "set")
    again = make(tmp_path / "set")
    assert again.made == 0 and again.records > 100 and contents(tmp_path / "set") == in_one_go
    assert list(in_one_go) and not [name for name in in_one_go if name.startswith(".")]


def test_after_a_kill_nothing_is_lost_or_made_twice(tmp_path, in_one_go):
    """SIGKILL in the middle of a block; the shards before it stay as they are, byte and inode."""
    code = (
        f"import sys; sys.path.insert(0, {str(HELPERS)!r}); import factory_sets as t; "
        f"t.make({str(tmp_path / 'set')!r}, flag={str(tmp_path / 'flag')!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == -9, done.stderr
    assert not json.loads((tmp_path / "set" / "dataset.json").read_text())["complete"]
    shards = {path: path.stat() for path in (tmp_path / "set").glob("[mw]*_0*")}
    blocks = len(list((tmp_path / "set" / ".blocks").glob("*.json")))
    assert blocks == 4 and len(shards) == 8
    assert len(list((tmp_path / "set").glob(".*.partial"))) == 2  # of the fifth, half written
    assert len(Dataset(tmp_path / "set")) > 0  # what is there can be read already

    report = make(tmp_path / "set", tmp_path / "flag")
    assert 0 < report.made < report.records
    assert contents(tmp_path / "set") == in_one_go
    for path, before in shards.items():
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    table = Dataset(tmp_path / "set").metadata
    assert not table.duplicated(["station_code", "trace_start_time"]).any()


def test_a_kill_between_a_shard_and_its_books(tmp_path, in_one_go):
    make(tmp_path / "set")
    path = tmp_path / "set"
    file = path / "dataset.json"
    text = json.loads(file.read_text())
    # as it was before the end: one block without books, one without its metadata, one half written
    file.write_text(json.dumps({**text, "complete": False}))
    (path / ".blocks").mkdir()
    (path / "metadata_000002.csv").unlink()
    (path / "waveforms_000003.hdf5").write_bytes(b"half")
    (path / ".waveforms_000004.hdf5.elsewhere.1.abc.partial").write_bytes(b"half")
    assert make(path).records == text["counts"]["records"]
    assert contents(path) == in_one_go


def test_another_argument_is_refused_and_named(tmp_path, in_one_go):
    make(tmp_path / "set")
    before = contents(tmp_path / "set")
    for change, words in (
        ({"seed": 1}, "seed was 0, is 1"),
        ({"snr_db": (0, 30)}, r"snr_db was \[0.0, 20.0\], is \[0.0, 30.0\]"),
        ({"block_records": 30}, "block_records was 21, is 30"),
        ({"backend": "stochastic", "variability": False}, "backend was 'killing', is 'stochastic'"),
    ):
        with pytest.raises(InputError, match=words):
            make(tmp_path / "set", **change)
    with pytest.raises(InputError, match="inventory"):
        make_dataset(tmp_path / "set", INVENTORY.select(station="A*"), EARTHQUAKES, **ARGUMENTS, backend=Killing)
    with pytest.raises(InputError, match="earthquakes"):
        make_dataset(tmp_path / "set", INVENTORY, list(EARTHQUAKES)[:3], **ARGUMENTS, backend=Killing)
    assert contents(tmp_path / "set") == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(InputError, match="seissynth did not write"):
        make(tmp_path / "other")
    with pytest.raises(InputError, match="is a file"):
        make(tmp_path / "other" / "thesis.tex")


def test_of_drawn_earthquakes_only_what_differs_is_named(tmp_path):
    around = Circle(42.9, 13.2, 20.0)
    for seed in (1, 2):
        drawn = DrawnEarthquakes(2, around, magnitude=(3, 4), depth_km=(5, 9), seed=seed)
        if seed == 1:
            make_dataset(tmp_path / "set", INVENTORY, drawn, **ARGUMENTS, backend=Killing)
            continue
        with pytest.raises(InputError, match=r"earthquakes[a-z.]*\.seed was 1, is 2") as refused:
            make_dataset(tmp_path / "set", INVENTORY, drawn, **ARGUMENTS, backend=Killing)
        assert "depth" not in str(refused.value)


def test_a_start_that_failed_does_not_bind(tmp_path):
    with pytest.raises(InputError, match="no record can be made"):
        make(tmp_path / "set", distance_km=(5000, 6000))
    with pytest.raises(InputError, match="neither"):
        make(tmp_path / "new", noise="absent.mseed")
    assert not (tmp_path / "new").exists()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".dataset.1.abc.json").touch()  # killed while it wrote the first file
    assert make(tmp_path / "new").records > 0 and not list((tmp_path / "new").glob(".*"))


def test_any_number_of_workers_and_a_killed_one_give_the_same(tmp_path, in_one_go):
    distributed = pytest.importorskip("distributed", reason="needs the extra 'dask'")
    steps = []
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        make(tmp_path / "two", dask=client, progress=lambda done, total: steps.append((done, total)))
        make(tmp_path / "killed", tmp_path / "flag", dask=client)
        assert (tmp_path / "flag").exists()
        cluster.scale(1)
        make(tmp_path / "one", dask=cluster.scheduler_address)
    assert steps == [(i, 8) for i in range(1, 9)]
    for name in ("two", "killed", "one"):
        assert contents(tmp_path / name) == in_one_go, name


def test_dask_must_be_something(tmp_path):
    pytest.importorskip("distributed", reason="needs the extra 'dask'")
    with pytest.raises(InputError, match="local"):
        make(tmp_path / "set", dask=5)
