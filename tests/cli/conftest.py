"""The command line, called in the process of the tests and from an empty folder."""

import pytest
from typer.testing import CliRunner

from seissynth.cli import make_app


@pytest.fixture(scope="module")
def app():
    return make_app()


@pytest.fixture
def run(app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words, **options):
        return CliRunner().invoke(app, [str(word) for word in words], **options)

    return call
