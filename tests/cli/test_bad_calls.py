"""Three hundred bad calls of the command line: each gives one error in words and leaves nothing, or it works."""

import random
import re
import shlex
from pathlib import Path

import pytest
import typer
from bad_calls import BadCalls, call, commands, make_files, works
from typer.testing import CliRunner

COUNT, SEED = 300, 20260101


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Folder of good and odd files, and the names of the odd ones."""
    folder = tmp_path_factory.mktemp("inputs")
    return folder, make_files(folder)


@pytest.mark.parametrize("part", range(4))
def test_bad_calls_end_in_words(app, inputs, tmp_path, part):
    # in parts, so that processes share them; each has its own draws
    calls = BadCalls(app, *inputs, SEED + part)
    wrong = []
    for number in range(COUNT // 4):
        line = calls.draw()
        trouble = call(app, line, tmp_path / f"call{number}")
        if trouble:
            wrong.append(f"seissynth {shlex.join(line)}\n    {trouble}")
    assert not wrong, "\n".join(wrong)


WORKING = [
    "generate", "plot", "explain", "reproduce", "backends", "evaluate", "dataset make", "dataset cut",
    "dataset convert", "dataset recipe",
]  # fmt: skip


@pytest.mark.parametrize("name", WORKING)
def test_calls_that_work_are_among_what_is_drawn_from(app, inputs, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    words = works(name, inputs[0], random.Random(2))
    line = name.split()
    for key, values in words.items():
        line += [str(word) for value in values for word in (key, value) if word]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 0, (line, result.output)


def test_every_command_takes_part(app):
    assert {"generate", "evaluate", "train", "dataset make", "dataset cut", "plot"} <= set(commands(app))


def _application(function):
    made = typer.Typer(pretty_exceptions_enable=False)
    made.command()(function)
    return made


def _raises():
    raise ValueError("from below")


def _two_errors():
    typer.echo("error: one", err=True)
    typer.echo("error: two", err=True)
    raise typer.Exit(1)


def _silent():
    raise typer.Exit(1)


def _leaves_a_file():
    with Path("half.h5").open("w", encoding="utf-8"):
        typer.echo("error: no", err=True)
    raise typer.Exit(1)


def _leaves_a_hidden_file():
    Path(".half.h5.123").touch()


def _odd_code():
    raise typer.Exit(3)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_raises, "ValueError: from below"),
        (_two_errors, "without one error"),
        (_silent, "without one error"),
        (_leaves_a_file, r"left \['half\.h5'\]"),
        (_leaves_a_hidden_file, r"left \['\.half"),
        (_odd_code, "exit code 3"),
    ],
)
def test_the_judge_sees_what_is_wrong(function, words, tmp_path):
    assert re.search(words, call(_application(function), [], tmp_path / "call"))
