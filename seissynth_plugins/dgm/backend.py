"""The backend "dgm" and its kind of weights."""

from seissynth_plugins.dgm.config import DgmConfig
from seissynth_plugins.torchkit.gan_backend import GanBackend, gan_card
from seissynth_plugins.torchkit.gan_weights import gan_kind


def _make(config):
    from seissynth_plugins.dgm.network import Generator

    return Generator(config)


DGM = gan_kind(
    "dgm", DgmConfig, _make, __file__,
    {"dgm_small.safetensors": "052776294cd2466cf923a5247c11da898dad88cb6a07b605dfad209e527f7308"},
)  # fmt: skip


class DgmBackend(GanBackend):
    """DGM: LSTM, attention across components and convolutions, trained as a Wasserstein GAN.

    Without conditions, as in the paper, the shape of a record does not depend on the earthquake; its size comes from a
    linear model of magnitude, distance and depth.

    Parameters
    ----------
    weights, device, batch
        See `seissynth_plugins.torchkit.gan_backend.GanBackend`.

    References
    ----------
    DGM (2023), a deep generative model of seismic records.
    """

    kind = DGM
    card = gan_card(
        "dgm", "LSTM, attention and convolutions as a Wasserstein GAN",
        ("DGM 2023",), ("station_vs_30_mps",), ships=True,
    )  # fmt: skip

    def inputs_of(self, condition, label):  # noqa: ARG002 (it has no labels)
        """Return the condition if the network has one."""
        return (condition,) if condition.shape[1] else ()
