"""The backend "seismogen", and what its weights are."""

from seissynth.backends.base import Card
from seissynth_plugins.seismogen.config import SeismogenConfig
from seissynth_plugins.torchkit.gan_backend import REQUIRED_COLUMNS, VECTOR_COLUMNS, GanBackend
from seissynth_plugins.torchkit.gan_weights import gan_kind


def make_generator(config):
    """Return the generator of a configuration."""
    from seissynth_plugins.seismogen.network import Generator

    return Generator(config)


SEISMOGEN = gan_kind("seismogen", SeismogenConfig, make_generator, __file__)


class SeismogenBackend(GanBackend):
    """SeismoGen: a Wasserstein GAN of earthquakes and noise, of which `generate` asks for earthquakes.

    The label is all that the network of the paper knows; sizes come from a linear model of magnitude, distance and
    depth.

    Parameters
    ----------
    weights, device, batch
        See `seissynth_plugins.torchkit.gan_backend.GanBackend`.

    References
    ----------
    Wang, Trugman, Lin (2021), SeismoGen; Jung et al. (2025), appendix E.1.
    """

    kind = SEISMOGEN
    card = Card(
        name="seismogen",
        summary="Wasserstein GAN of earthquakes and noise; needs trained weights",
        quantity="velocity",
        component_order="ENZ",
        references=("Wang et al. 2021, SeismoGen", "Jung et al. 2025, HEGGS, appendix E.1"),
        licence_weights="MIT",
        required_columns=REQUIRED_COLUMNS,
        optional_columns=VECTOR_COLUMNS,
        capabilities=("onsets", "absolute_amplitude", "ensemble", "device"),
        packages=dict.fromkeys(("torch", "safetensors"), 'python -m pip install "seissynth[torch]"'),
    )  # fmt: skip

    def inputs_of(self, condition, label):
        """Return HEGGS' vector where the network takes it, else the label."""
        return (condition,) if self._model.config.vector else (label,)
