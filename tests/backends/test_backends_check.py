"""``seissynth backends --check``: ranges of the weights that ship, and what is missing without torch."""

import json
import subprocess
import sys

import pytest

from seissynth.backends import registry
from seissynth.backends.base import Backend, Card

_BLOCKED = """
import sys
{block}
from seissynth.cli import main
sys.argv = ["seissynth", "backends", "--check", *sys.argv[1:]]
main()
"""
_BLOCKS = {
    "no module": 'sys.modules["torch"] = None',
    "a finder that refuses": (
        "import importlib.abc\n"
        "class Refuses(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        '        if name.split(".")[0] in ("torch", "safetensors"):\n'
        '            raise ModuleNotFoundError(f"No module named {name!r}", name=name)\n'
        "sys.meta_path.insert(0, Refuses())"
    ),
}


def _check(block, *words):
    done = subprocess.run([sys.executable, "-c", _BLOCKED.format(block=block), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("block", _BLOCKS.values(), ids=_BLOCKS)
def test_without_torch_heggs_is_incomplete_and_its_ranges_are_those_of_its_weights(block):
    found = {item["name"]: item for item in json.loads(_check(block, "--json"))}
    heggs, ldm = found["heggs"], found["ldm"]
    assert found["stochastic"]["status"] == "ok"
    assert heggs["status"] == "incomplete" and 'pip install "seissynth[torch]"' in heggs["cause"]
    assert heggs["magnitude_range"] == [0.37, 6.4] and "Ridgecrest" in heggs["trained_region"]
    assert heggs["distance_range_km"] == pytest.approx([8.12, 72.9], abs=0.01)
    assert ldm["status"] == "incomplete" and ldm["distance_range_km"] is None
    assert "seissynth[torch]" in ldm["cause"] and "needs trained weights" in ldm["cause"]


def test_the_table_says_so_in_words_that_can_be_copied():
    pytest.importorskip("safetensors", reason="PyTorch alone is made to be missing")
    text = _check(_BLOCKS["no module"])
    [row] = [line for line in text.splitlines() if line.startswith("heggs ")][:1]
    assert "incomplete" in row and "0.37 to 6.4" in row and "8.12 to 72.9" in row
    expected = (
        'dgm, heggs, swag are incomplete: each needs the package torch:\n    python -m pip install "seissynth[torch]"\n'
    )
    assert expected in text
    [row] = [line for line in text.splitlines() if line.startswith("ldm ")][:1]
    assert "any" not in row and row.count("unknown") == 2
    assert "Ridgecrest" in text


def test_packages_of_one_remedy_share_a_line():
    text = _check(_BLOCKS["a finder that refuses"])
    words = "dgm, heggs, swag are incomplete: each needs the packages torch, safetensors:"
    assert words in text and text.count('pip install "seissynth[torch]"') == 2  # those with weights, those without


def test_with_torch_only_ldm_lacks_something():
    pytest.importorskip("torch", reason="the learned backends need PyTorch")
    found = {info.name: info for info in registry.list_backends(check=True)}
    assert found["heggs"].status == "ok" and found["heggs"].card.magnitude_range == (0.37, 6.4)
    assert found["ldm"].status == "incomplete"
    assert found["ldm"].cause.startswith("backend 'ldm' needs trained weights")


class Odd(Backend):
    card = Card("odd", "Odd", "velocity", "ZNE")

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        raise NotImplementedError


def test_packages_that_do_not_work_and_options_that_must_be_given(monkeypatch, tmp_path):
    (tmp_path / "half_installed.py").write_text("raise OSError('libcuda.so: cannot open')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    class Needs(Odd):
        card = Card("needs", "Needs", "velocity", "ZNE", packages={"half_installed": "pip install half"})

        def __init__(self, gain):
            super().__init__()

    monkeypatch.setattr(registry, "REGISTERED", {})  # what is registered here is forgotten afterwards
    registry.register_backend(Needs)
    registry.register_backend(Odd)
    found = {info.name: info for info in registry.list_backends(check=True)}
    needs, odd = found["needs"], found["odd"]
    assert needs.status == "incomplete" and needs.card is Needs.card
    assert "half_installed does not work (OSError: libcuda.so: cannot open): pip install half" in needs.cause
    assert "gain" in needs.cause
    assert (odd.status, odd.cause) == ("ok", "") and odd.card is Odd.card
