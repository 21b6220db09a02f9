"""Common code of backends with weights: the file and its card, loading, copies in other processes."""

import dataclasses

from seissynth.backends.base import Backend
from seissynth.errors import MissingDependencyError
from seissynth.shared.locks import new_lock
from seissynth_plugins.torchkit import weights as weights_files

#: fields of a backend's card -> ranges of the weights' card
_RANGES = {
    "magnitude_range": "source_magnitude", "distance_range_km": "path_ep_distance_km",
    "depth_range_km": "source_depth_km",
}  # fmt: skip


class WeightsBackend(Backend):
    """A backend whose network is a file of weights. Subclasses set `kind`, and load by `load_network`.

    Parameters
    ----------
    weights : str or path, optional
        A .safetensors file of ``seissynth train``; default: the weights shipped with the package, if any.
    device : str
        "cpu", "cuda", "cuda:1", ...

    Raises
    ------
    InputError
        No weights.
    FileFormatError
        A file that is not weights of this kind, is of another version, truncated, or without normalisation.
    """

    #: whose weights it takes
    kind: weights_files.Kind

    def __init__(self, *, weights=None, device="cpu"):
        super().__init__(weights=weights_files.shipped_or_given(weights, self.kind), device=device)
        self._about = weights_files.read_card(self.weights, self.kind)
        self._model = self._inputs = self._hash = None
        self._lock = new_lock()

    def __getstate__(self):
        """Copies in other processes load again."""
        return {**self.__dict__, "_model": None, "_lock": None}

    def __setstate__(self, state):
        self.__dict__.update(state, _lock=new_lock())

    @property
    def weights_hash(self):
        """First digits of the SHA-256 of the weights file."""
        if self._hash is None:
            from seissynth_plugins.torchkit.checkpoints import weights_hash

            self._hash = weights_hash(self.weights)
        return self._hash

    @property
    def config(self):
        """Configuration of the loaded network."""
        return self._model.config

    @property
    def inputs(self):
        """Information of the loaded weights on their training set."""
        return self._inputs

    def load_network(self):
        """Read the weights.

        Returns
        -------
        torch.nn.Module
            On the CPU, in evaluation mode.
        torch.device

        Raises
        ------
        MissingDependencyError
            PyTorch is not installed.
        InputError
            No such device.
        """
        try:
            from seissynth_plugins.torchkit.precision import usable_device
        except ImportError as error:
            raise MissingDependencyError(
                f'backend {self.kind.name!r} runs on PyTorch: python -m pip install "seissynth[torch]"'
            ) from error
        device = usable_device(self.device, self.kind.name)
        model, self._inputs, _ = weights_files.load_model(self.weights, self.kind)
        return model, device


#: end of the summary of a backend that has no weights
WITHOUT_WEIGHTS = "; needs trained weights"


def card_with_weights(card, weights_card, *, quantity, **fields):
    """Return the card of a backend with the ranges, region and licence of its weights.

    Parameters
    ----------
    card : Card
        Of the class.
    weights_card : dict
    quantity : str
        Of the records; "normalised" ones have no physical amplitude.
    **fields
        Further properties of the weights, as fields of the card.

    Returns
    -------
    Card
    """
    ranges = weights_card.get("ranges", {})
    known = {field: tuple(ranges[name]) for field, name in _RANGES.items() if name in ranges}
    if "area_deg" in weights_card:  # older weights have none; `fields` may describe the area in another way
        fields["trained_area_deg"] = tuple(weights_card["area_deg"])
    lost = {"absolute_amplitude"} if quantity == "normalised" else set()
    return dataclasses.replace(
        card,
        **{
            "summary": card.summary.removesuffix(WITHOUT_WEIGHTS),
            "quantity": quantity,
            "licence_weights": str(weights_card["licence"]),
            "trained_region": str(weights_card["region"]),
            "capabilities": card.capabilities - lost,
            **known,
            **fields,
        },
    )
