"""Register SWaG's weights: their card, and the file shipped with the package."""

from pathlib import Path

from seissynth_plugins.swag.config import SwagConfig
from seissynth_plugins.torchkit.weights import Kind


def _make(config):
    from seissynth_plugins.swag.network import Swag

    return Swag(config)


def _make_inputs(plain):
    from seissynth_plugins.swag.waveforms import SwagInputs

    return SwagInputs.from_plain(plain)


SWAG = Kind(
    "swag", 1, SwagConfig, _make, Path(__file__).with_name("data") / "swag_small.safetensors",
    make_inputs=_make_inputs, items="records",
    sha256={"swag_small.safetensors": "abbd7f1f77b216668bc50f7ac3b1e51f43ea55361af931953737bd31530f22d3"},
)  # fmt: skip
