"""Compilation of a kernel by another process: shared through the cache, and left alone where it cannot be."""

import importlib
import os
import subprocess
import sys

import pytest

from seissynth.shared.compiled_elsewhere import CompiledElsewhere, is_to_be_compiled

#: a module with one kernel and functions that call it, fail, and never end
_MODULE = """
import time
from seissynth.shared._numba import jit

@jit
def twice(x):
    return 2.0 * x

def call():
    twice(1.0)

def fail():
    raise ValueError("not today")

def stay():
    time.sleep(600)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Name of a module of its own, on the path of this process."""
    name = f"kernels_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


def _elsewhere(module, caller="call"):
    return CompiledElsewhere(f"{module}:twice", f"{module}:{caller}")


def test_what_another_process_compiled_is_read_from_the_cache(module):
    elsewhere = _elsewhere(module)
    elsewhere.start()
    assert elsewhere.running
    elsewhere.wait()
    assert not elsewhere.running
    kernel = importlib.import_module(module).twice
    assert kernel(3.0) == 6.0
    assert sum(kernel.stats.cache_hits.values()) == 1
    assert not kernel.stats.cache_misses


def test_nothing_is_started_for_a_kernel_in_the_cache(module):
    kernel = importlib.import_module(module).twice
    assert is_to_be_compiled(kernel)
    kernel(1.0)
    assert not is_to_be_compiled(kernel), "compiled in this process"
    del sys.modules[module]
    assert not is_to_be_compiled(importlib.import_module(module).twice), "compiled by another"
    elsewhere = _elsewhere(module)
    elsewhere.start()
    assert not elsewhere.running


def test_the_cache_of_an_older_file_does_not_count(module, tmp_path):
    importlib.import_module(module).call()
    del sys.modules[module]
    kernel = importlib.import_module(module).twice
    later = (tmp_path / f"{module}.py").stat().st_mtime + 1000.0
    os.utime(tmp_path / f"{module}.py", (later, later))
    assert is_to_be_compiled(kernel)


def test_a_failure_elsewhere_leaves_the_work_to_this_process(module, capfd):
    elsewhere = _elsewhere(module, "fail")
    elsewhere.start()
    elsewhere.wait()
    kernel = importlib.import_module(module).twice
    assert kernel(3.0) == 6.0
    assert sum(kernel.stats.cache_misses.values()) == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("executable", [None, "", "/opt/earthquakes/viewer"])
def test_a_program_that_holds_an_interpreter_is_not_started_again(module, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    elsewhere = _elsewhere(module)
    elsewhere.start()
    assert not elsewhere.running


def test_no_process_to_be_had(module, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no process")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    elsewhere = _elsewhere(module)
    elsewhere.start()
    assert not elsewhere.running
    elsewhere.wait()


def test_a_worker_process_starts_none(module, tmp_path):
    code = f"""
import multiprocessing, sys
sys.path.insert(0, {str(tmp_path)!r})
from seissynth.shared.compiled_elsewhere import CompiledElsewhere

def started(_):
    elsewhere = CompiledElsewhere("{module}:twice", "{module}:stay")
    elsewhere.start()
    return elsewhere.running

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(pool.map(started, [0]), started(0))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[False]", "True"]


def test_the_other_process_ends_with_this_one(module, tmp_path):
    code = f"""
import subprocess, sys
sys.path.insert(0, {str(tmp_path)!r})
began = []
class Noted(subprocess.Popen):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        began.append(self.pid)
subprocess.Popen = Noted
from seissynth.shared.compiled_elsewhere import CompiledElsewhere
elsewhere = CompiledElsewhere("{module}:twice", "{module}:stay")
elsewhere.start()
print(*began, flush=True)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    (pid,) = map(int, done.stdout.split())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_no_compilation_at_all(module):
    code = f"""
import sys
from seissynth.shared.compiled_elsewhere import CompiledElsewhere
elsewhere = CompiledElsewhere("{module}:twice", "{module}:call")
elsewhere.start()
print(elsewhere.running)
"""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "False"
