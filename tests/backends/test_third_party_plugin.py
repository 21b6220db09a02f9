"""The plugin of docs/write_a_backend.md, taken from the page, built, installed and used."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "write_a_backend.md"
BLOCK = re.compile(r"^```\{code-block\} \w+\n:caption: (?P<name>\S+)\n\n(?P<text>.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Folder with the files of the page."""
    folder = tmp_path_factory.mktemp("seissynth-coda")
    for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        (folder / match["name"]).write_text(match["text"], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def python(package, tmp_path_factory):
    """Run Python with the plugin installed, beside seissynth; nothing is fetched."""
    target = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    installed = subprocess.run([*build, "--target", str(target), str(package)], capture_output=True, text=True)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(target), str(ROOT)]), MPLBACKEND="Agg")

    def run(*arguments):
        # from another folder: the plugin must come from where it was installed
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=target.parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_page_has_all_files(package):
    names = sorted(path.name for path in package.iterdir() if path.is_file())
    assert names == ["pyproject.toml", "seissynth_coda.py", "test_seissynth_coda.py", "use_it.py"]


def test_installed_plugin_is_listed_without_import(python):
    out = python(
        "-c",
        "import sys; from seissynth.backends.registry import list_backends\n"
        "[info] = [info for info in list_backends() if info.name == 'coda']\n"
        "print(info.distribution, info.version, info.module, 'seissynth_coda' in sys.modules)",
    )
    assert out.split() == ["seissynth-coda", "0.1.0", "seissynth_coda:Coda", "False"]


def test_installed_plugin_keeps_the_protocol(python):
    out = python(
        "-c",
        "from seissynth.backends.registry import get_backend, list_backends\n"
        "from seissynth.testing import check_backend\n"
        "check_backend(get_backend('coda'))\n"
        "[info] = [info for info in list_backends(check=True) if info.name == 'coda']\n"
        "print(info.status, info.card.summary)",
    )
    assert out.strip() == "ok Decaying noise after P and S"


def test_the_plugins_own_tests_pass(python, package):
    from seissynth.testing.check import CHECKS

    test_file = package / "test_seissynth_coda.py"
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(package))
    # as its author runs them: the installed module, not the one beside the test
    out = python("-m", "pytest", *options, "--import-mode=importlib", str(test_file))
    assert f"{2 * len(CHECKS)} passed" in out


@pytest.mark.skipif(not (ROOT / "seissynth" / "synthesis.py").exists(), reason="seissynth.generate is not written yet")
def test_generate_uses_the_plugin(python, package):
    out = python(str(package / "use_it.py"))
    assert re.search(r"^coda\s+seissynth-coda", out, re.M)
    assert "Trace(s) in Stream" in out
