"""A cut that was killed, at any moment, is taken up by the same call, with the bits of one in one go."""

import os
import signal
import subprocess
import sys

import pytest
from _imports import HELPERS
from archives import START, counts, motion, network
from cut_archives import BLOCKS, run, write_records

from seissynth.data.cutting import rows as cut_rows
from seissynth.data.cutting.parts import PARTS
from seissynth.errors import FileFormatError
from seissynth.io.seisbench.dataset import Dataset, DatasetWriter


def contents(path):
    return {item.name: item.read_bytes() for item in path.iterdir()}


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut")
    write_records(folder)
    report = run(folder / "set")
    assert report.written == 3 and report.noise > 0
    return contents(folder / "set")


#: moment -> what kills the process: which call of which function, of which first argument
MOMENTS = {
    "in the first block": "patch(rows.SensorCutter, '_event', 1)",
    "in a later block": "patch(rows.SensorCutter, '_event', 3)",
    "before the books of a block": "patch(parts, 'facts_of', 5)",
    "when nothing of the set is written": "patch(DatasetWriter, 'write', 1)",
    "when the set is half written": "patch(DatasetWriter, '__exit__', 1)",
    "between samples and table": "patch(write.os, 'replace', 1, '.metadata')",
    "between the set and its report": "patch(cut, 'facts_of', 1)",
    "before the parts are removed": "patch(parts.Parts, 'remove', 2)",
}
CODE = """
import os, signal, sys
sys.path.insert(0, {tests!r})
import cut_archives
from pathlib import Path
from seissynth.data.cutting import cut, parts, rows
from seissynth.io.seisbench import write
from seissynth.io.seisbench.dataset import DatasetWriter
def patch(owner, name, at, of=''):
    real, seen = getattr(owner, name), []
    def die(*args, **kwargs):
        if of in str(args[0]):
            seen.append(args)
        if len(seen) >= at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(owner, name, die)
{moment}
cut_archives.run(Path({path!r}))
"""


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_cut_is_taken_up(tmp_path, in_one_go, moment, monkeypatch):
    write_records(tmp_path)
    os.utime(tmp_path / "records.mseed", ns=(1, 1))
    code = CODE.format(tests=str(HELPERS), moment=MOMENTS[moment], path=str(tmp_path / "set"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    there = len(list((tmp_path / "set" / PARTS).glob("0*.json")))
    cut = []
    real = cut_rows.SensorCutter.rows
    monkeypatch.setattr(cut_rows.SensorCutter, "rows", lambda self, *span: cut.append(span) or real(self, *span))
    run(tmp_path / "set")
    assert contents(tmp_path / "set") == in_one_go
    assert len(set(cut)) == BLOCKS - there  # whole blocks are not cut again
    assert (there == BLOCKS) == ("block" not in moment)


def test_parts_of_another_cut_are_not_taken(tmp_path, in_one_go, monkeypatch):
    write_records(tmp_path)
    for change in ("settings", "events", "records"):
        interrupted(tmp_path / "set", monkeypatch)
        options = {"settings": {"noise_windows": 1}, "events": {"magnitudes": (3.0, 3.0, 3.5)}, "records": {}}[change]
        if change == "records":
            counts(2 * motion(network())).write(str(tmp_path / "records.mseed"), format="MSEED")
        run(tmp_path / "set", **options)
        found = contents(tmp_path / "set")
        (tmp_path / "alone").mkdir(exist_ok=True)
        (tmp_path / "alone" / "records.mseed").write_bytes((tmp_path / "records.mseed").read_bytes())
        run(tmp_path / "alone" / "set", **options)
        assert found == contents(tmp_path / "alone" / "set") and found != in_one_go
        for folder in (tmp_path / "set", tmp_path / "alone" / "set"):
            for item in folder.iterdir():
                item.unlink()


def test_damaged_parts_are_cut_again(tmp_path, in_one_go, monkeypatch):
    write_records(tmp_path)
    interrupted(tmp_path / "set", monkeypatch)
    folder = tmp_path / "set" / PARTS
    with (folder / "000001.samples").open("r+b") as file:
        file.write(b"\1")
    (folder / "000002.rows").unlink()
    (folder / "000003.json").write_text("{")
    run(tmp_path / "set")
    assert contents(tmp_path / "set") == in_one_go


def test_interrupted_by_hand(tmp_path, in_one_go, monkeypatch):
    write_records(tmp_path)
    interrupted(tmp_path / "set", monkeypatch)
    with pytest.raises(FileFormatError, match="holds no data set"):
        Dataset(tmp_path / "set")
    run(tmp_path / "set")
    assert contents(tmp_path / "set") == in_one_go


def interrupted(path, monkeypatch):
    """Interrupt a cut when all blocks are there, before the set is written."""

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(DatasetWriter, "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(path)
    assert len(list((path / PARTS).glob("0*.json"))) == BLOCKS


def test_a_stream_is_known_by_its_samples(tmp_path, in_one_go):
    stream = counts(motion(network()))
    stream.trim(START, START + 900)
    run(tmp_path / "set", stream)
    assert contents(tmp_path / "set") == in_one_go


def test_windows_cut_short_are_one_error(tmp_path):
    write_records(tmp_path)
    run(tmp_path / "set")
    with (tmp_path / "set" / "metadata.csv").open("r+b") as file:
        file.truncate(700)
    with pytest.raises(FileFormatError, match="is cut short"):
        Dataset(tmp_path / "set")
