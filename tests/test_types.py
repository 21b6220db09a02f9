"""Every name of the API reference is fully annotated; what the annotations say is checked by mypy."""

import importlib
import inspect
import re
import subprocess
import sys

import pytest
from _imports import ROOT


def api_names():
    """Full names in docs/api/index.rst."""
    module, names = None, []
    for line in (ROOT / "docs" / "api" / "index.rst").read_text("utf-8").splitlines():
        if found := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = found[1]
        elif found := re.match(r"^   ([A-Za-z_][\w.]*)$", line):
            names.append(f"{module}.{found[1]}")
    return names


def resolve(name):
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            found = getattr(found, part)
        return found
    raise AssertionError(f"{name} is not there")


def functions_of(thing):
    """A function itself, or the public methods and properties of a class that it defines."""
    if not inspect.isclass(thing):
        return [inspect.unwrap(thing)] if callable(thing) else []
    if issubclass(thing, Exception):
        return []
    members = (value for name, value in vars(thing).items() if not name.startswith("_"))
    members = (value.fget if isinstance(value, property) else getattr(value, "__func__", value) for value in members)
    return [value for value in members if inspect.isfunction(value)]


@pytest.mark.parametrize("name", api_names())
def test_public_names_are_annotated(name):
    for function in functions_of(resolve(name)):
        signature = inspect.signature(function)
        bare = [
            key
            for key, value in signature.parameters.items()
            if value.annotation is value.empty and key not in ("self", "cls")
        ]
        assert not bare and signature.return_annotation is not signature.empty, (function.__qualname__, bare)


def test_type_checkers_see_the_front_door(tmp_path):
    """mypy knows what `generate` gives, and finds a wrong argument."""
    pytest.importorskip("mypy")
    script = tmp_path / "script.py"
    script.write_text(
        "import seissynth\n"
        "inventory, event = seissynth.read_example()\n"
        "reveal_type(seissynth.generate)\n"
        "seissynth.generate(inventory, event, seed='one')\n"
    )
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(script)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert 'Argument "seed" to "generate" has incompatible type "str"; expected "int"' in done.stdout, done.stdout
    assert "Ensemble" in done.stdout and done.stdout.count("error:") == 1
