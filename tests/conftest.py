"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test asserts on time: hypothesis would fail an example that a busy machine takes 0.2 s for.
settings.register_profile("seissynth", deadline=None)
settings.load_profile("seissynth")


@pytest.fixture(scope="session")
def shared_data():
    """Folder with real records, beside the checkout or named by SEISSYNTH_DATA; skips when absent."""
    places = [os.environ.get("SEISSYNTH_DATA"), Path(__file__).resolve().parents[2] / "shared" / "data"]
    for place in places:
        if place and (Path(place) / "ridgecrest_2019").is_dir():
            return Path(place)
    pytest.skip("real records are absent: set SEISSYNTH_DATA to a folder that holds ridgecrest_2019/")


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
