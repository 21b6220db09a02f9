"""What a release is made of: versions that agree, fragments, the text for PyPI, the guide for contributors."""

import itertools
import re
import runpy
import subprocess
import sys

import pytest
from _imports import ROOT
from floors import FLOORS

import seissynth

KINDS = ("added", "changed", "fixed", "removed")
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def fragments():
    return sorted(path for path in (ROOT / "changelog.d").glob("*.md") if path.name != "README.md")


# --- versions


def test_the_citation_names_this_version():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (.+)$", citation, re.M)[1] == seissynth.__version__
    assert "license: MIT" in citation and "The seissynth developers" in citation


def test_commits_are_checked_with_the_ruff_that_the_lint_step_uses():
    [pinned] = re.findall(r"^ruff==(.+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M)
    hooks = re.findall(r"ruff==([\d.]+)", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert hooks == [pinned, pinned]


# --- changelog


def test_every_fragment_has_a_kind_and_a_text():
    for path in fragments():
        subject, kind, _ = path.name.split(".")
        assert re.fullmatch(r"[a-z0-9-]+", subject) and kind in KINDS, path.name
        assert path.read_text("utf-8").strip(), path.name


def test_towncrier_puts_each_fragment_under_its_kind_once():
    pytest.importorskip("towncrier")
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9", "--date", "2030-01-01"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    draft = done.stdout[done.stdout.index("## 9.9 (2030-01-01)") :]
    parts = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", draft, re.M | re.S))
    held = {kind: [" ".join(item.split()) for item in re.split(r"^- ", parts[kind], flags=re.M)[1:]] for kind in parts}
    wanted = {}
    for path in fragments():
        kind = path.name.split(".")[1].capitalize()
        wanted.setdefault(kind, []).append(" ".join(path.read_text("utf-8").split()))
    assert {kind: sorted(items) for kind, items in held.items()} == {k: sorted(v) for k, v in wanted.items()}


# --- the text for PyPI


@pytest.fixture(scope="module")
def pypi():
    return runpy.run_path(str(ROOT / "setup.py"), run_name="setup")


LINKS = re.compile(r"\]\(([^)\s]+)\)")


def test_no_link_of_the_text_for_pypi_is_dead(pypi):
    bare = pypi["readme_for_pypi"](README, None, "1.0")
    assert all(link.startswith("https://") for link in LINKS.findall(bare)) and "![" not in bare
    # nothing else is lost: words and code stay
    assert re.sub(r"\W+", "", bare.split("## From Python")[1].split("## What")[0]) == re.sub(
        r"\W+", "", README.split("## From Python")[1].split("## What")[0]
    )
    whole = pypi["readme_for_pypi"](README, "https://example.org/r", "1.0")
    added = [link for link in LINKS.findall(whole) if link.startswith("https://example.org/r")]
    assert len(added) == sum(not link.startswith("https://") for link in LINKS.findall(README)) > 10
    for link in added:
        kind, tag, path = link.removeprefix("https://example.org/r/").split("/", 2)
        assert kind in ("blob", "raw") and tag == "v1.0" and (ROOT / path.partition("#")[0]).is_file()


def test_the_repository_is_read_from_the_metadata(pypi):
    found = pypi["source_url"]("[metadata]\nproject_urls =\n    Docs = https://d.org\n    Source = https://s.org/x/\n")
    assert found == "https://s.org/x" and pypi["source_url"]("[metadata]\nname = a\n") is None


# --- the guide for contributors


def test_contributors_see_the_floors_that_are_tested():
    rows = re.findall(r"^\| [^|`]+ \| (`[^|]+`) \|$", CONTRIBUTING.split("## How the code is built")[1], re.M)
    told = [set(re.findall(r"`(\w+)`", row)) for row in rows]
    assert set().union(*told) == set().union(*FLOORS)
    height = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    for below, above in itertools.pairwise(told):
        assert max(height[room] for room in below) < min(height[room] for room in above)


def test_the_guide_names_files_that_are_there():
    for link in LINKS.findall(CONTRIBUTING):
        assert link.startswith("https://") or (ROOT / link).is_file(), link
    for path in re.findall(r"`((?:seissynth|tests|docs|tools)/[\w/.]+)`", CONTRIBUTING):
        assert (ROOT / path).exists(), path


def test_what_the_public_checks_run_is_there():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    scripts = set(re.findall(r"bash (\.ci/\w+)", workflow))
    assert scripts == {".ci/run", ".ci/core", ".ci/release"} and all((ROOT / name).is_file() for name in scripts)
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.cfg").read_text("utf-8"))
    assert set(re.findall(r'python(?:-version)?: "(3\.\d+)"', workflow)) == set(classifiers)
