"""The backend that all waveform GANs share: one pass of a generator makes a record."""

import dataclasses

import numpy as np

from seissynth.backends.base import Card
from seissynth.conditions import describe_row
from seissynth.errors import DomainError, InputError
from seissynth.records import Records
from seissynth.seeding import generator
from seissynth.shared.checks import whole
from seissynth_plugins.torchkit.fixed_window import REACH_S, SLACK_S, check_span, cut
from seissynth_plugins.torchkit.weights_backend import WITHOUT_WEIGHTS, WeightsBackend, card_with_weights

#: streams of a record's seed: the generator's latent, and the size drawn by a model of sizes
_LATENT_STREAM, _SIZE_STREAM = (int.from_bytes(word, "big") for word in (b"gan_z", b"gansize"))


#: columns that all of these systems need: onsets set the window, the others the size
REQUIRED_COLUMNS = (
    "path_p_travel_s", "path_s_travel_s", "source_magnitude", "path_ep_distance_km", "source_depth_km",
)  # fmt: skip
#: further columns of HEGGS' condition vector
VECTOR_COLUMNS = (
    "station_latitude_deg", "station_longitude_deg", "source_latitude_deg", "source_longitude_deg",
    "path_back_azimuth_deg",
)  # fmt: skip


def gan_card(name, summary, references, optional_columns, *, ships=False):
    """Return the card of a system without weights; the file's values are added later.

    Parameters
    ----------
    name, summary : str
    references, optional_columns : tuple of str
    ships : bool
        Whether weights ship with the package.
    """
    return Card(
        name=name,
        summary=summary if ships else summary + WITHOUT_WEIGHTS,
        quantity="velocity",
        component_order="ENZ",
        references=references,
        licence_weights="MIT",
        required_columns=REQUIRED_COLUMNS,
        optional_columns=optional_columns,
        capabilities=("onsets", "absolute_amplitude", "ensemble", "device"),
        packages=dict.fromkeys(("torch", "safetensors"), 'python -m pip install "seissynth[torch]"'),
    )


class GanBackend(WeightsBackend):
    """Records from one pass of a generator. Subclasses define `kind`, `card` and the inputs.

    Parameters
    ----------
    weights : str or path, optional
        A .safetensors file written by ``seissynth train``; default: the weights shipped with the package, if any.
    device : str
        "cpu", "cuda", "cuda:1", ...
    batch : int
        Number of records per batch of the network, if batches are faster; limits the memory.

    Raises
    ------
    InputError
        No weights, or an option out of bounds.
    FileFormatError
        A file that is not weights of this kind, is of another version, truncated, or without normalisation.
    MissingDependencyError
        PyTorch or safetensors is not installed.

    Notes
    -----
    Windows start at origin or some seconds before P, according to the weights' card (``alignment``, ``lead_s``).
    Weights trained with source records need one for each row, with the length, rate and band of the training set.
    """

    #: whether weights trained with source records also make records without
    without_source = False

    def __init__(self, *, weights=None, device="cpu", batch=16):
        super().__init__(weights=weights, device=device)
        self.batch = whole(f"{self.kind.name}: batch", batch)
        self.alignment, self.lead_s = self._about.get("alignment", "p"), float(self._about.get("lead_s", 5.0))
        normalisation, rate = self._about["normalisation"], float(self._about["config"]["sampling_rate_hz"])
        self.card = card_with_weights(
            type(self).card, self._about, quantity=str(normalisation["quantity"]),
            component_order=str(normalisation["component_order"]), sampling_rates_hz=(rate,),
            max_duration_s=float(self._about["npts"]) / rate, distance_kind="epicentral",
            window_lead_s=self.lead_s if self.alignment == "p" else None,
        )  # fmt: skip
        self.takes_source = bool(self._about["config"].get("source", False))
        if self.takes_source:
            more = {"source_records"} if self.without_source else {"source_records", "needs_source"}
            self.card = dataclasses.replace(self.card, capabilities=self.card.capabilities | more)

    def load(self):
        """Read the weights."""
        model, device = self.load_network()
        self._model = model.to(device).eval()

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        """Make one record per row; see `seissynth.backends.base.Backend.simulate`.

        Raises
        ------
        DomainError
            A span beyond the network's window, or a source shorter than it.
        InputError
            These weights need a source, and none is given.

        Returns
        -------
        Records
            In the quantity and order of the card; onsets are those that the conditions predict.
        """
        if self._model is None:
            self.load()
        start_s = np.asarray(start_s, dtype=float)
        onsets = conditions[["path_p_travel_s", "path_s_travel_s"]].to_numpy(float)
        begin = self._window_starts(conditions, start_s, npts, sampling_rate_hz)
        made = self.make(conditions, seeds.row, self._source_windows(source, sampling_rate_hz))
        first = np.round((start_s - begin) * sampling_rate_hz).astype(int)
        data = np.stack([cut(record, place, npts) for record, place in zip(made, first, strict=True)])
        return Records(
            data.astype(np.float32),
            start_s=begin + first / sampling_rate_hz,
            p_s=onsets[:, 0],
            s_s=onsets[:, 1],
        )

    def make(self, conditions, seeds, source=None):
        """Return whole windows, shape (n, 3, npts of the network), in the card's quantity.

        Parameters
        ----------
        conditions : pandas.DataFrame, n rows
        seeds : ndarray of uint64, shape (n,)
        source : ndarray, shape (n, 3, npts of the network), optional
            Other records of the same earthquakes, for weights trained with such.
        """
        from seissynth_plugins.torchkit.waveform_inputs import restore_waveforms, scale_waveforms

        if self.takes_source and source is None and not self.without_source:
            raise InputError(
                f"{self.kind.name}: these weights make records from others of the same earthquake; pass source=."
            )
        inputs = self._inputs
        if source is not None:
            source = scale_waveforms(source, inputs.scaling)[0]
        scaled, sizes = self._run(inputs.condition.encode(conditions), seeds, source)
        if sizes is not None and inputs.log_scale_range:
            log_scale = inputs.restored_sizes(sizes)
        elif inputs.sizes is not None:
            normal = np.stack([generator(int(seed), _SIZE_STREAM).standard_normal(3) for seed in seeds])
            log_scale = inputs.sizes.draw(conditions, normal)
        else:
            log_scale = np.zeros((len(seeds), 3))
        return restore_waveforms(scaled, log_scale, inputs.scaling)

    # --- parts of it

    def inputs_of(self, condition, label):  # noqa: ARG002 (subclasses use it)
        """Return what the generator takes beside noise; tensors (n, ...). Subclasses without conditions change it."""
        return (condition,)

    def _source_windows(self, source, rate):
        """Windows of source records, (n, 3, npts of the network), or None."""
        if source is None:
            return None
        wanted = self.config.npts
        begin = np.zeros(len(source)) if self.alignment == "origin" else source.p_s - self.lead_s
        if not np.isfinite(begin).all():
            raise InputError(f"{self.kind.name}: a source has no P, before which its window would begin.")
        first = np.round((begin - source.start_s) * rate).astype(int)
        if (first < 0).any() or (first + wanted > source.data.shape[-1]).any():
            row = int(np.argmax(np.maximum(-first, first + wanted - source.data.shape[-1])))
            raise DomainError(
                f"{self.kind.name}: source {row} has {source.data.shape[-1]} samples from {source.start_s[row]:g} s "
                f"after origin on; it must hold {begin[row]:g} to {begin[row] + wanted / rate:g} s."
            )
        return np.stack([record[:, k : k + wanted] for record, k in zip(source.data, first, strict=True)])

    def _run(self, condition, seeds, source=None):
        import torch

        from seissynth_plugins.torchkit.samplers import record_generators, record_noise

        device = next(self._model.parameters()).device
        # on some processors a product of matrices with few columns gives other bits for the second row than for the
        # first; one record at a time does not depend on the others. A network that sees to that itself says so.
        alone = device.type == "cpu" and not getattr(self._model, "in_batches", False)
        together = 1 if alone else self.batch
        waveforms, sizes = [], []
        with torch.inference_mode():
            for first in range(0, len(seeds), together):
                rows = np.arange(first, min(first + together, len(seeds)))
                filled = np.resize(rows, together)
                z = record_noise(record_generators(seeds[filled], _LATENT_STREAM), self._model.latent_shape)
                about = torch.from_numpy(condition[filled]).to(device)
                label = torch.ones(len(filled), 1, device=device)
                others = () if source is None else (torch.from_numpy(source[filled]).to(device),)
                made = self._model(z.to(device), *self.inputs_of(about, label), *others)
                made, peaks = made if isinstance(made, tuple) else (made, None)
                waveforms.append(made[: len(rows)].float().cpu().numpy())
                if peaks is not None:
                    sizes.append(peaks[: len(rows)].float().cpu().numpy())
        return np.concatenate(waveforms), np.concatenate(sizes) if sizes else None

    def _window_starts(self, conditions, start_s, npts, rate):
        """When the network's windows begin, s after origin, on the grid of the samples that are asked for."""
        duration = self.card.max_duration_s
        if self.alignment == "origin":
            check_span(self.kind.name, start_s, npts, rate, duration)
            return np.zeros(len(start_s)) + start_s - np.round(start_s * rate) / rate
        p_s = conditions["path_p_travel_s"].to_numpy(float)
        begin = start_s + np.round((p_s - self.lead_s - start_s) * rate) / rate
        early, late = begin - start_s, start_s + npts / rate - begin - duration
        if (early > REACH_S + SLACK_S).any() or (late > REACH_S + SLACK_S).any():
            row = int(np.argmax(np.maximum(early, late)))
            raise DomainError(
                f"{self.kind.name}: for {describe_row(conditions, row)}, a record from {start_s[row]:g} to "
                f"{start_s[row] + npts / rate:g} s after origin was asked for; with P at {p_s[row]:.2f} s "
                f"it makes {begin[row]:.2f} to {begin[row] + duration:.2f} s. Pass start= and duration= within these."
            )
        return begin
