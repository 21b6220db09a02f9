"""Files of others are read without running what they hold: no pickles, and a PyTorch whose safe reading is safe."""

import ast
import configparser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
#: CVE-2025-32434 was mended in 2.6.0, CVE-2026-24747 in 2.10.0: both run code or spoil memory by weights_only=True
SAFE_TORCH = (2, 10)


def sources():
    return [path for folder in ("seissynth", "seissynth_plugins", "tools") for path in (ROOT / folder).rglob("*.py")]


def unsafe_calls(tree):
    """Calls that unpickle: `module.name(...)`, but for torch.load(..., weights_only=True) and numpy's default."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        module = getattr(node.func.value, "id", "")
        given = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
        name = f"{module}.{node.func.attr}"
        unsafe = (
            name == "torch.load" and given.get("weights_only") is not True,
            module in ("pickle", "cloudpickle", "dill", "joblib") and node.func.attr.startswith("load"),
            node.func.attr == "load_from_checkpoint" or name in ("pd.read_pickle", "pandas.read_pickle"),
            bool(given.get("allow_pickle")),
        )
        if any(unsafe):
            yield node.lineno, name


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("torch.load(path)", 1), ("torch.load(path, weights_only=False)", 1), ("torch.load(f, weights_only=True)", 0),
        ("pickle.loads(text)", 1), ("np.load(path, allow_pickle=True)", 1), ("np.load(path)", 0),
        ("Model.load_from_checkpoint(path)", 1),
    ],
)  # fmt: skip
def test_what_counts_as_unsafe(line, found):
    assert len(list(unsafe_calls(ast.parse(line)))) == found


def test_nothing_unpickles_a_file():
    calls = [(path, *call) for path in sources() for call in unsafe_calls(ast.parse(path.read_text(encoding="utf-8")))]
    assert calls == []


def test_every_extra_asks_for_a_torch_that_reads_weights_safely():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = settings["options.extras_require"]
    floors = {
        name: tuple(map(int, line.removeprefix("torch>=").split(".")))
        for name, text in extras.items()
        for line in text.split("\n")
        if line.startswith("torch") and "==" not in line
    }
    assert {"torch", "eval", "test"} <= set(floors)
    assert all(floor >= SAFE_TORCH for floor in floors.values())
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").split("torch==")[1].split()[0]
    assert tuple(map(int, pinned.split(".")[:2])) >= SAFE_TORCH
