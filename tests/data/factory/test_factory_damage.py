"""Shards that are missing, cut short or altered: told when a set is opened, made again by the same call."""

import json
import os
import shutil

import pytest
from factory_sets import ARGUMENTS, EARTHQUAKES, INVENTORY, contents

from seissynth.data.factory.make import make_dataset
from seissynth.errors import FileFormatError, FolderInUseError, SeisSynthWarning
from seissynth.io.seisbench.dataset import Dataset
from seissynth.shared.folder_lock import locked
from seissynth.testing.check import Ricker


def make(path, **changes):
    return make_dataset(path, INVENTORY, EARTHQUAKES, **{**ARGUMENTS, "backend": Ricker, **changes})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "set"
    make(path)
    return path


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "set")
    return tmp_path / "set"


def unfinished(path):
    """As a set is when a kill came after the last block: books of every block, by which it is taken up."""
    from seissynth.data.factory.folder import describe, fingerprint
    from seissynth.data.factory.make import inspect, make_settings
    from seissynth.data.factory.run import BOOKS, Job

    file = path / "dataset.json"
    text = json.loads(file.read_text())
    files = text.pop("files")
    text.pop("counts")
    file.write_text(json.dumps({**text, "complete": False}))
    (path / "chunks").unlink()
    known = {p.name: p.default for p in inspect.signature(make_dataset).parameters.values() if p.kind is p.KEYWORD_ONLY}
    job = Job(make_settings({**known, **ARGUMENTS, "backend": Ricker}, {}, INVENTORY, EARTHQUAKES), path)
    job.fingerprint = fingerprint(describe(job))
    from seissynth.data.factory.run import make_block

    (path / BOOKS).mkdir()
    for number in range(len(job.settings.blocks())):
        make_block(job, number)
    assert {name for name in files if not (path / name).exists()} == set()


def cut_short(file):
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)


def flip_a_bit(file):
    with file.open("r+b") as opened:
        opened.seek(-200, os.SEEK_END)
        byte = opened.read(1)
        opened.seek(-200, os.SEEK_END)
        opened.write(bytes([byte[0] ^ 1]))


DAMAGE = {
    "samples missing": ("waveforms_000002.hdf5", lambda file: file.unlink(), "is missing"),
    "samples cut short": ("waveforms_000002.hdf5", cut_short, r"holds \d+ bytes instead of"),
    "a bit of the samples": ("waveforms_000002.hdf5", flip_a_bit, "has other content"),
    "table missing": ("metadata_000002.csv", lambda file: file.unlink(), "is missing"),
    "table cut short": ("metadata_000002.csv", cut_short, r"holds \d+ bytes instead of"),
    "table edited": ("metadata_000002.csv", lambda file: file.write_text("trace_name,a\n"), "holds 13 bytes"),
}


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("finished", [True, False], ids=["finished", "killed"])
def test_damaged_shards_are_made_again_and_said(copy, whole, name, finished):
    file, damage, words = DAMAGE[name]
    if not finished:
        unfinished(copy)
    before = {path: path.stat().st_ino for path in copy.glob("[mw]*_0*") if "000002" not in path.name}
    damage(copy / file)
    with pytest.warns(SeisSynthWarning, match=f"{file} {words}") as caught:
        report = make(copy)
    assert len(caught) == 1
    assert 0 < report.made < report.records and contents(copy) == contents(whole)
    assert {path: path.stat().st_ino for path in before} == before  # nothing else was touched
    assert make(copy).made == 0


def test_the_index_of_shards_comes_back(copy, whole):
    (copy / "chunks").unlink()
    make(copy)
    assert contents(copy) == contents(whole)


def test_books_of_another_set_are_not_believed(copy, whole):
    unfinished(copy)
    books = copy / ".blocks" / "000003.json"
    text = json.loads(books.read_text())
    books.write_text(json.dumps({**text, "set": "another"}))
    (copy / ".blocks" / "000004.json").write_text("{")
    report = make(copy)
    assert report.made == sum(len((whole / f"metadata_{k:06d}.csv").read_text().splitlines()) - 1 for k in (3, 4))
    assert contents(copy) == contents(whole)


@pytest.mark.parametrize("name", ["samples missing", "samples cut short", "table missing", "table cut short"])
def test_a_set_that_is_not_whole_is_one_error(copy, name):
    file, damage, _ = DAMAGE[name]
    damage(copy / file)
    with pytest.raises(FileFormatError, match=f"not whole: {file} is (missing|cut short).*again"):
        Dataset(copy)
    assert len(Dataset(copy, chunks=["_000001"])) and len(Dataset(copy, chunks="_000001"))
    (copy / "chunks").unlink()  # as readers see it that list the folder
    with pytest.raises(FileFormatError, match="not whole"):
        Dataset(copy)


def test_a_table_that_was_edited_is_read(copy):
    """A column that a user adds or takes away is no damage."""
    import pandas

    for file in copy.glob("metadata_*.csv"):
        table = pandas.read_csv(file)
        table.drop(columns=["source_strike_deg", "source_dip_deg"]).to_csv(file, index=False)
    assert "source_strike_deg" not in Dataset(copy).metadata


def test_a_set_is_made_by_one_and_read_by_many(copy, whole):
    with locked(copy, "making a data set"):
        with pytest.raises(FolderInUseError, match="making a data set since"):
            make(copy)
        assert len(Dataset(copy)) == len(Dataset(whole))
    unfinished(copy)
    with locked(copy, "making a data set"):
        assert len(Dataset(copy)) == len(Dataset(whole))


def test_asdf_shards_are_made_again(tmp_path):
    arguments = {"format": "asdf", "stations_per_event": 1, "block_records": 12, "noise_share": 0.3}
    report = make(tmp_path / "set", **arguments)
    files = sorted(path.name for path in (tmp_path / "set").glob("*.h5"))
    assert len(files) > 2
    (tmp_path / "set" / files[0]).unlink()
    cut_short(tmp_path / "set" / "records_000001.h5")
    with pytest.warns(SeisSynthWarning, match=f"{files[0]} is missing"):
        again = make(tmp_path / "set", **arguments)
    assert again.records == report.records and again.made > 0
    assert sorted(path.name for path in (tmp_path / "set").glob("*.h5")) == files
    assert make(tmp_path / "set", **arguments).made == 0
