"""Weights of any kind of network as files, and configurations as plain data."""

import json
import subprocess
import sys
from dataclasses import dataclass, field, replace

import pytest

from seissynth.errors import FileFormatError, InputError
from seissynth_plugins.torchkit.plain_configs import from_plain, to_plain
from seissynth_plugins.torchkit.weights import (
    Kind,
    load_model,
    read_card,
    save_model,
    shipped_or_given,
)

torch = pytest.importorskip("torch")


@dataclass(frozen=True)
class Layer:
    """A part of a configuration."""

    width: int = 2
    kernels: tuple = ((3, 5), (7,))


@dataclass(frozen=True)
class Toy:
    """A configuration with parts, one of which may be missing."""

    outer: Layer = field(default_factory=Layer)
    inner: Layer | None = None
    rate_hz: float = 40.0

    def __post_init__(self):
        if self.rate_hz <= 0:
            raise InputError(f"rate_hz={self.rate_hz} must be above 0.")


@dataclass(frozen=True)
class Scale:
    """What scales a network's inputs."""

    mean: float

    def to_plain(self):
        """Return plain data."""
        return {"mean": self.mean}


def make(config):
    """A network of the configuration's width."""
    return torch.nn.Linear(config.outer.width, 1)


KIND = Kind("toy", 3, Toy, make, make_inputs=lambda plain: Scale(plain["mean"]))
ABOUT = {"training_data_hash": "0" * 16, "region": "nowhere", "licence": "MIT"}


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "toy.safetensors"
    config = Toy(outer=Layer(width=4), inner=Layer())
    save_model(path, make(config).state_dict(), config, Scale(0.25), ABOUT, KIND, dtype="float32")
    return path


@pytest.mark.parametrize("config", [Toy(), Toy(inner=Layer(5)), Toy(outer=Layer(kernels=((1, 2), ())), rate_hz=200.0)])
def test_configurations_come_back(config):
    plain = json.loads(json.dumps(to_plain(config)))
    again = from_plain(Toy, plain)
    assert again == config and isinstance(again.outer, Layer) and isinstance(again.outer.kernels[0], tuple)


def test_configurations_that_are_none():
    with pytest.raises(InputError, match="Layer has no height: the file is of another version"):
        from_plain(Toy, {"outer": {"height": 3}})
    with pytest.raises(InputError, match="Toy is read from a dictionary, not from a list"):
        from_plain(Toy, [1])


def test_weights_come_back_with_config_inputs_and_card(weights):
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    model, inputs, card = load_model(weights, KIND)
    assert torch.equal(torch.rand(3), wanted)  # a network that is read draws nothing of the caller's
    assert model.weight.shape == (1, 4) and not model.training and inputs == Scale(0.25)
    assert (card["class"], card["class_version"], card["region"]) == ("toy", 3, "nowhere")
    plain = replace(KIND, make_inputs=None)
    assert load_model(weights, plain)[1] == {"mean": 0.25}


def test_weights_of_another_kind_are_refused(weights):
    with pytest.raises(FileFormatError, match="weights of 'toy', not of 'other'"):
        load_model(weights, replace(KIND, name="other"))
    with pytest.raises(FileFormatError, match="version 3 of 'toy'; this installation needs version 4"):
        load_model(weights, replace(KIND, version=4))
    with pytest.raises(FileFormatError, match="normalisation cannot be used: 'sd'"):
        load_model(weights, replace(KIND, make_inputs=lambda plain: plain["sd"]))
    with pytest.raises(FileFormatError, match="configuration cannot be used: Layer has no inner, outer, rate_hz"):
        load_model(weights, replace(KIND, config=Layer))


def test_a_kind_brings_weights_or_says_how_to_make_some(weights, tmp_path):
    with pytest.raises(InputError, match=r"backend 'toy' needs trained weights.*seissynth train toy"):
        shipped_or_given(None, KIND)
    shipping = replace(KIND, shipped=weights)
    assert shipped_or_given(None, shipping) == weights and shipped_or_given("mine", shipping).name == "mine"
    other = tmp_path / "other.safetensors"
    other.write_bytes(weights.read_bytes())
    held = replace(shipping, sha256={weights.name: "0" * 64})
    with pytest.raises(FileFormatError, match="is not the file of weights shipped with this release of seissynth"):
        read_card(weights, held)
    assert read_card(other, held)["class"] == "toy"  # weights of one's own are not held to it


def test_cards_rules_and_tables_need_neither_torch_nor_a_backend():
    """What a backend imports at its top, and what reads data, must not bring PyTorch; torchkit knows no backend."""
    names = ("weights", "plain_configs", "record_rules", "training_table", "augmentation", "run_folder", "run_results")
    code = "import sys; import " + ", ".join(f"seissynth_plugins.torchkit.{name}" for name in names)
    code += "; print(*[name for name in sys.modules if name.startswith(('torch', 'obspy', 'lightning')) or "
    code += "name.split('.')[0] == 'seissynth_plugins'])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert {name.partition(".torchkit")[0] for name in done.stdout.split()} == {"seissynth_plugins"}
