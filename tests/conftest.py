"""Fixtures shared by all tests."""

from importlib.util import find_spec

import pytest
from given_warnings import never_given, real_records, record
from hypothesis import settings

# No test asserts on time: hypothesis would fail an example that a busy machine takes 0.2 s for.
settings.register_profile("seissynth", deadline=None)
settings.load_profile("seissynth")


@pytest.fixture(scope="session")
def shared_data():
    """Folder with real records, beside the checkout or named by SEISSYNTH_DATA; skips when absent."""
    return real_records() or pytest.skip(
        "real records are absent: set SEISSYNTH_DATA to a folder that holds ridgecrest_2019/"
    )


@pytest.fixture(scope="module")
def app():
    """Make the command line, to be called in the process of the tests."""
    from seissynth.cli import make_app

    return make_app()


@pytest.fixture
def run(app, tmp_path, monkeypatch):
    """Return a function that calls the command line from an empty folder."""
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)

    def call(*words, **options):
        return CliRunner().invoke(app, [str(word) for word in words], **options)

    return call


# --- every warning is given by some test: asked where the whole suite runs and nothing large is missing

_RECORDER = record()
_SEEN = set()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Take over what a process of xdist has seen."""
    _SEEN.update(map(tuple, getattr(node, "workeroutput", {}).get("warned", ())))


def pytest_sessionfinish(session, exitstatus):
    """Hand on what was seen, or fail a whole run that left a warning out."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["warned"] = sorted(_RECORDER.seen)
        return
    _SEEN.update(_RECORDER.seen)
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    if not whole or exitstatus or config.option.collectonly or not (real_records() and find_spec("torch")):
        return
    if missing := never_given(_SEEN):
        print(f"\n\nno test gives the warnings at {', '.join(missing)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def one_thread():
    """Threads that wait for each other on a busy machine make tiny trainings slow."""
    try:
        import torch
    except ImportError:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
