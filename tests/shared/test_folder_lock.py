"""One process at a time fills a folder: processes, threads, forks, kills, and every command that fills one."""

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import filelock
import pytest

import seissynth
from seissynth.data.factory import make as factory
from seissynth.errors import FolderInUseError, InputError, WriteError
from seissynth.shared.folder_lock import HOLDER, LOCK, fills, locked

HOLD = (
    "import sys; from seissynth.shared.folder_lock import locked\n"
    "with locked(sys.argv[1], 'making a data set'): print('held', flush=True); sys.stdin.readline()"
)


def holder_of(path):
    """A process that holds the lock until it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def refused(path, **options):
    with pytest.raises(FolderInUseError) as error, locked(path, "trying", **options):
        pass
    return str(error.value)


def test_another_process_is_refused_and_told_who(tmp_path):
    process = holder_of(tmp_path / "set")
    try:
        words = refused(tmp_path / "set")
        assert f"process {process.pid} on {socket.gethostname()}, making a data set since 20" in words
        assert "another folder" in words
        (tmp_path / "link").symlink_to("set")
        refused(tmp_path / "link")
        with locked(tmp_path / "other", "trying"):
            pass
    finally:
        process.communicate("\n")
    with locked(tmp_path / "set", "trying") as before:
        assert before is None  # it ended in good order
    assert not (tmp_path / "set").exists()  # nobody wrote anything


def test_a_killed_holder_leaves_nothing_to_clean(tmp_path):
    process = holder_of(tmp_path / "set")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert (tmp_path / "set" / LOCK).exists()
    (tmp_path / "set" / f"{HOLDER}.0123abcd").touch()  # half written
    with locked(tmp_path / "set", "trying") as before:
        assert before["pid"] == process.pid and before["doing"] == "making a data set"
        assert json.loads((tmp_path / "set" / HOLDER).read_text())["pid"] == os.getpid()
        (tmp_path / "set" / "shard").touch()
    assert [item.name for item in (tmp_path / "set").iterdir()] == ["shard"]


def test_threads_and_forks_are_others(tmp_path):
    found = []
    with locked(tmp_path / "set", "making a data set"):
        thread = threading.Thread(target=lambda: found.append(refused(tmp_path / "set")))
        thread.start()
        thread.join()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks of a process with threads
            child = os.fork()
        if child == 0:
            try:
                refused(tmp_path / "set")
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        refused(tmp_path / "set")  # the child's end gave nothing back
    assert f"process {os.getpid()}" in found[0]
    with locked(tmp_path / "set", "again"):
        pass


#: calls that sometimes take long, as on a busy machine, so that others come in between
SLOW = """
import os, random, time
def slowed(function):
    def inside(*args, **options):
        try:
            return function(*args, **options)
        finally:
            time.sleep(0.01 * (random.random() < 0.3) * random.random())
    return inside
for name in ("mkdir", "rmdir", "unlink", "stat"):
    setattr(os, name, slowed(getattr(os, name)))
"""

RACE = """
import os, sys, time
from pathlib import Path
from seissynth.shared.folder_lock import locked
from seissynth.errors import FolderInUseError
path, got, end = Path(sys.argv[1]), 0, time.monotonic() + 120
while got < 40 and time.monotonic() < end:
    try:
        with locked(path, "racing"):
            os.close(os.open(path / "mine", os.O_CREAT | os.O_EXCL)); os.unlink(path / "mine"); got += 1
    except FolderInUseError:
        pass
assert got == 40, got
"""


@pytest.mark.parametrize("code", [RACE, SLOW + RACE], ids=["quick", "slow"])
def test_many_at_once_never_two(tmp_path, code):
    """Files of the lock, and its folder, come and go; still no two hold it at a time, and nobody gives up."""
    path = tmp_path / "set"
    racers = [subprocess.Popen([sys.executable, "-c", code, str(path)], stderr=subprocess.PIPE) for _ in range(3)]
    for racer in racers:
        said = racer.communicate()[1]
        assert racer.returncode == 0, said
    assert not path.exists() or not list(path.iterdir())  # each removes it where it is empty, unless another is there


def test_a_folder_that_goes_while_it_is_made(tmp_path, monkeypatch):
    """Another makes it just before and takes it away just behind."""
    real, tries = os.mkdir, []

    def mkdir(path, *args, **options):
        tries.append(path)
        if len(tries) == 1:
            raise FileExistsError(errno.EEXIST, "File exists", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(os, "mkdir", mkdir)
    with locked(tmp_path / "set", "trying"):
        assert (tmp_path / "set" / LOCK).exists() and len(tries) > 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_goes_before_it_is_locked_and_is_there_again(tmp_path, monkeypatch):
    """Its maker takes it away, and a third makes it anew before this call looks."""
    real, tries = filelock.FileLock.acquire, []

    def acquire(self, *args, **options):
        tries.append(self)
        if len(tries) < 5:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(tmp_path / "set" / LOCK))
        return real(self, *args, **options)

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with locked(tmp_path / "set", "trying"):
        assert (tmp_path / "set" / LOCK).exists() and len(tries) == 5


def test_the_dead_holder_of_a_lock_that_stays_is_named_with_the_remedy(tmp_path):
    """As on a file system without locks, or where a child of the dead process lives on."""
    process = holder_of(tmp_path / "set")
    try:
        text = json.loads((tmp_path / "set" / HOLDER).read_text())
        child = subprocess.Popen(["true"])
        child.wait()
        (tmp_path / "set" / HOLDER).write_text(json.dumps({**text, "pid": child.pid}))
        words = refused(tmp_path / "set")
        assert "has ended" in words and str(tmp_path / "set" / LOCK) in words
        (tmp_path / "set" / HOLDER).write_text(json.dumps({**text, "host": "elsewhere"}))
        assert "elsewhere" in (words := refused(tmp_path / "set")) and str(tmp_path / "set" / LOCK) in words
        (tmp_path / "set" / HOLDER).write_text("{")
        assert "another process" in refused(tmp_path / "set")
    finally:
        process.communicate("\n")


def test_a_file_has_its_lock_beside_it(tmp_path):
    target = tmp_path / "set.h5"
    with locked(target, "converting", file=True):
        assert sorted(item.name for item in tmp_path.iterdir()) == [f".set.h5{LOCK}", f".set.h5{HOLDER}"]
        assert "converting" in refused(target, file=True)
        with locked(tmp_path / "other.h5", "converting", file=True):
            pass
    assert not list(tmp_path.iterdir())


def test_the_decorator_leaves_odd_calls_to_the_function(tmp_path):
    @fills("output", "filling")
    def fill(first, output=None):
        return first, (Path(output) / LOCK).exists() if output else None

    assert fill(1) == (1, None)
    assert fill(1, tmp_path / "a" / "b") == (1, True) and fill(1, output=str(tmp_path / "c")) == (1, True)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    assert fill(1, tmp_path / "file") == (1, False)
    with pytest.raises(TypeError, match="missing"):
        fill()
    with locked(tmp_path / "d", "holding"), pytest.raises(FolderInUseError):
        fill(1, tmp_path / "d")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match="cannot make"), locked(tmp_path / "file" / "set", "trying"):
        pass


def _commands(path):
    """Everything that fills a folder or writes files at length, and what it is to fill."""
    import obspy

    import seissynth
    from seissynth.data.cutting.cut import cut_events
    from seissynth.io.asdf_sets import seisbench_to_asdf
    from seissynth.io.seisbench.chunked import write_in_chunks
    from seissynth.report import write_report

    inventory, event = seissynth.read_example()
    return {
        "make": (path / "set", False, lambda target: seissynth.make_dataset(target, inventory, event)),
        "plan": (path / "set", False, lambda target: seissynth.make_dataset(target, inventory, event, dry_run=True)),
        "cut": (path / "set", False, lambda target: cut_events(obspy.read(), inventory, event, target)),
        "chunks": (path / "set", False, lambda target: write_in_chunks(target, [], records_per_chunk=1)),
        "evaluate": (path / "r.html", True, lambda target: seissynth.evaluate("windows", "made", report=target)),
        "report": (path / "r.html", True, lambda target: write_report(None, target)),
        "to ASDF": (path / "b.h5", True, lambda target: seisbench_to_asdf("windows", target)),
    }


@pytest.mark.parametrize("name", ["make", "plan", "cut", "chunks", "evaluate", "report", "to ASDF"])
def test_every_command_takes_the_lock(tmp_path, name):
    target, file, call = _commands(tmp_path)[name]
    with locked(target, "holding", file=file), pytest.raises(FolderInUseError, match="holding since"):
        call(target)


@pytest.mark.parametrize("trainer", ["heggs", "ldm"])
def test_trainers_take_the_lock(tmp_path, trainer, monkeypatch):
    pytest.importorskip("torch", reason="trainers need PyTorch")
    from seissynth.backends.trainers import get_trainer

    train = get_trainer(trainer)
    with locked(tmp_path / "run", "holding"):
        with pytest.raises(FolderInUseError, match="holding since"):
            train(["windows"], tmp_path / "run")
        monkeypatch.setenv("LOCAL_RANK", "1")  # a further process of the same training
        with pytest.raises(InputError) as error:
            train(["windows"], tmp_path / "run", export="neither")
        assert not isinstance(error.value, FolderInUseError)


def test_a_folder_that_another_has_begun_is_not_taken_away(tmp_path, monkeypatch):
    """The other begins between this call's look at the folder and its lock."""
    net, event = seissynth.read_example()

    @contextlib.contextmanager
    def taken(folder, *_):
        (folder / "its own").mkdir(parents=True)
        raise FolderInUseError("taken")
        yield

    monkeypatch.setattr(factory, "locked", taken)
    with pytest.raises(FolderInUseError):
        factory.make_dataset(tmp_path / "set", net, event)
    assert (tmp_path / "set" / "its own").is_dir()
