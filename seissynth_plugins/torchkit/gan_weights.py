"""Weights of waveform GANs: the generator alone."""

from pathlib import Path

from seissynth_plugins.torchkit.weights import Kind


def gan_kind(name, config, make, module, sha256=None):
    """Return the `Kind` of a system.

    Parameters
    ----------
    name : str
    config : type
    make : callable
        From a configuration to the generator.
    module : str
        File of the backend's module; shipped weights are ``data/NAME_small.safetensors`` beside it.
    sha256 : dict of str to str, optional
        Of shipped weights, see `Kind`.
    """
    shipped = Path(module).with_name("data") / f"{name}_small.safetensors"
    return Kind(name, 1, config, make, shipped, make_inputs=_make_inputs, items="records", sha256=sha256 or {})


def _make_inputs(plain):
    from seissynth_plugins.torchkit.waveform_inputs import WaveformInputs

    return WaveformInputs.from_plain(plain)
