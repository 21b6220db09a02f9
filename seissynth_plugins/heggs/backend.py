"""The backend "heggs": records from a network trained on pairs of records of one earthquake."""

import numpy as np

from seissynth.backends.base import Card
from seissynth.errors import InputError
from seissynth.records import Records
from seissynth.representations.condition_vectors import REQUIRED
from seissynth.shared.checks import whole
from seissynth.shared.warning import warn_user
from seissynth_plugins.heggs.networks.config import BAND_HZ, DURATION_S, RATE_HZ
from seissynth_plugins.heggs.site_noise import BACKGROUNDS
from seissynth_plugins.heggs.weights import HEGGS
from seissynth_plugins.torchkit.fixed_window import check_span, cut
from seissynth_plugins.torchkit.weights_backend import WeightsBackend, card_with_weights

#: sampling options that a weights' card may set, with their defaults
_SAMPLING = {
    "method": "dpmpp_2m", "steps": 10, "spacing": "log_snr", "source_start": None, "source_noise": 0.6, "eta": 0.0,
}  # fmt: skip


class HeggsBackend(WeightsBackend):
    """HEGGS: latent diffusion on log-spectrograms, trained on pairs of records of one earthquake.

    With `source`, a real record of the same earthquake, records have the traits of that earthquake; without, they
    follow from magnitude, depth and location alone. Trained weights are needed; they state their ranges of magnitude,
    distance and depth.

    Parameters
    ----------
    weights : str or path, optional
        A .safetensors file written by ``seissynth train heggs``; default: the weights shipped with the package, if any.
    device : str
        "cpu", "cuda", "cuda:1", ...
    steps : int, optional
        Steps of the sampler. This and the next five: default from the weights' card, else 10 steps.
    method : {"dpmpp_2m", "ddim", "ddpm"}, optional
    spacing : {"log_snr", "time"}, optional
        Steps at equal distances of ln(signal / noise), or of time.
    source_start : {"noised", "paper", "condition"}, optional
        Use of a source's latent: as the start, with the noise of step `source_noise` times T; instead of pure noise
        (the paper); or as input of the network (weights trained for it).
    source_noise : float, optional
        Above 0, at most 1.
    eta : float, optional
        Noise of DDIM, 0 to 1.
    texture : {"none", "rayleigh"}, optional
        "rayleigh" gives the amplitudes the fluctuations of a random signal, see `generation.to_waveforms`.
    spread : bool or float
        True: records vary as real ones do, by what the weights know of their residuals. False: the mean. A number above
        0: a factor on how far draws of a residual model are from its mean.
    iterations : int
        Of Griffin-Lim, for phases.
    batch : int
        Number of records per batch of the network; limits the memory.
    precision : {"auto", "float32", "mixed"}
        See `generation.prepare`.
    background : {"quiet", "time", "mean", "drawn", "none"}
        Noise of records without a source, for weights with the noise of sensors: of quiet times; of the time of the
        earthquake, where the training set has earthquakes within some hours; its mean over the earthquakes of the
        training set; that of one of them, drawn for each earthquake; or none. With a source, the noise is that of its
        time, except for "none".
    gate_onsets : bool, optional
        Delay P and S, which windows of the spectrogram smear, until their onsets, and amplify them afterwards; see
        `onset_gates`. Default: if the network takes predicted onsets.

    Raises
    ------
    InputError
        No weights, or an option out of bounds.
    FileFormatError
        A file that is not weights of HEGGS, is of another version, truncated, or without normalisation.
    MissingDependencyError
        PyTorch or safetensors is not installed.

    Notes
    -----
    The onsets of the records are those of the conditions, with the delays of known sensors if the weights have any.
    They are input of networks of the variant "onsets": use the velocity model that the weights were trained with.

    References
    ----------
    Jung et al. (2025), Broadband ground motion synthesis by diffusion model with minimal condition.
    """

    #: whose weights it takes
    kind = HEGGS
    card = Card(
        name="heggs",
        summary="Latent diffusion from pairs of records of one earthquake",
        quantity="velocity",
        component_order="ZNE",
        references=("Jung et al. 2025, HEGGS",),
        licence_weights="MIT",
        sampling_rates_hz=(RATE_HZ,),
        max_duration_s=DURATION_S,
        distance_kind="epicentral",
        required_columns=REQUIRED,
        optional_columns=(
            "path_p_travel_s", "path_s_travel_s", "station_vs_30_mps", "station_network_code", "station_code",
            "path_onset_origin", "source_origin_time",
        ),
        capabilities=("onsets", "truth", "absolute_amplitude", "source_records", "ensemble", "device"),
        packages=dict.fromkeys(("torch", "safetensors"), 'python -m pip install "seissynth[torch]"'),
    )  # fmt: skip

    def __init__(
        self, *, weights=None, device="cpu", steps=None, method=None, source_start=None, source_noise=None,
        eta=None, texture=None, iterations=32, batch=8, precision="auto", background="quiet",
        gate_onsets=None, spacing=None, spread=True,
    ):  # fmt: skip
        super().__init__(weights=weights, device=device)
        given = {
            "method": method, "steps": steps, "spacing": spacing, "source_start": source_start,
            "source_noise": source_noise, "eta": eta,
        }  # fmt: skip
        chosen = {**_SAMPLING, **self._about.get("sampling", {})}
        chosen |= {name: value for name, value in given.items() if value is not None}
        self.sampling = {name: chosen[name] for name in _SAMPLING}
        self.texture = texture if texture is not None else self._about.get("texture", "none")
        self.iterations, self.batch, self.precision, self.background = iterations, batch, precision, background
        self.gate_onsets, self.spread = gate_onsets, spread
        self._check_options()
        plain = type(self).card
        normalised = bool(self._about["normalisation"].get("normalised"))
        self.card = card_with_weights(
            plain, self._about, quantity="normalised" if normalised else plain.quantity, trained_area_deg=self._area()
        )
        self._reader = None

    def _area(self):
        """Area of the stations, for weights from before the trained area was written down."""
        statistics = self._about["normalisation"].get("condition_statistics", {})
        sides = [statistics.get(f"{name}_deg") for name in ("latitude", "longitude")]
        return (*sides[0], *sides[1]) if all(sides) else None

    def __getstate__(self):
        """Copies in other processes load again."""
        return {**super().__getstate__(), "_reader": None}

    def load(self):
        """Read the weights."""
        model, device = self.load_network()
        from seissynth_plugins.heggs.generation import prepare
        from seissynth_plugins.heggs.source_input import SourceReader

        self._model = prepare(model, device, self.precision)
        self._reader = SourceReader(self.kind.name, self._model, self._inputs)

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        """Make one record per row; see `seissynth.backends.base.Backend.simulate`.

        Returns
        -------
        Records
            Velocity, m/s, components Z, N, E, 1 to 45 Hz; predicted onsets; `truth` states whether a source was used.
        """
        from seissynth_plugins.heggs.generation import to_waveforms
        from seissynth_plugins.heggs.inputs import sensor_names
        from seissynth_plugins.heggs.observation import generate_observed

        if self._model is None:
            self.load()
        check_span(self.kind.name, start_s, npts, sampling_rate_hz, DURATION_S)
        onsets = self._inputs.onsets(conditions)
        n, columns = len(conditions), {name: conditions[name] for name in self._inputs.condition.columns}
        seen, traits = (None, None) if source is None else self._reader.read(source, conditions)
        self._check_onsets(conditions)
        spectrograms = generate_observed(
            self._model, self._inputs, self._inputs.conditions(columns), seeds.row, seeds.event,
            sensor_names(conditions), onsets, source=seen, traits=traits, sampling=self._sampling(),
            background=self.background, columns=conditions,
        )  # fmt: skip
        data = np.empty((n, 3, npts), np.float32)
        texture = None if self.texture == "none" else self.texture
        gated = self._model.config.unet.onset_maps if self.gate_onsets is None else self.gate_onsets
        for first in range(0, n, self.batch):
            rows = slice(first, first + self.batch)
            made = to_waveforms(
                spectrograms[rows], self._inputs.inverted, self._inputs.statistics, seeds.row[rows],
                texture=texture, n_iter=self.iterations, workers=1, onsets=onsets[rows] if gated else None,
            )  # fmt: skip
            for target, record, start in zip(data[rows], made, start_s[rows], strict=True):
                target[:] = cut(record, round(start * RATE_HZ), npts)
        return Records(
            data,
            start_s=np.round(start_s * RATE_HZ) / RATE_HZ,
            p_s=onsets[:, 0],
            s_s=onsets[:, 1],
            truth={"source_used": np.full(n, float(source is not None))},
            low_cut_hz=BAND_HZ[0],
        )

    # --- parts of it

    def _check_options(self):
        for name, value in (("iterations", self.iterations), ("batch", self.batch)):
            whole(f"{self.kind.name}: {name}", value)
        noise = self.sampling["source_noise"]
        if not (isinstance(noise, int | float) and 0 < noise <= 1):
            raise InputError(f"{self.kind.name}: source_noise={noise!r} must be above 0 and at most 1.")
        if self.texture not in ("none", "rayleigh"):
            raise InputError(f"{self.kind.name}: texture={self.texture!r} must be 'none' or 'rayleigh'.")
        if self.background not in BACKGROUNDS:
            found, choices = self.background, ", ".join(BACKGROUNDS)
            raise InputError(f"{self.kind.name}: background={found!r} must be one of {choices}.")
        if self.gate_onsets not in (None, True, False):
            raise InputError(f"{self.kind.name}: gate_onsets={self.gate_onsets!r} must be True, False or None.")
        if self.precision not in ("auto", "float32", "mixed"):
            raise InputError(f"{self.kind.name}: precision={self.precision!r} must be 'auto', 'float32' or 'mixed'.")

    def _sampling(self):
        from seissynth_plugins.heggs.generation import Sampling

        config, chosen = self._model.config, self.sampling
        start = chosen["source_start"] or ("condition" if getattr(config, "source_input", False) else "noised")
        return Sampling(
            method=chosen["method"], steps=min(chosen["steps"], config.steps), start=start,
            start_step=max(round(chosen["source_noise"] * config.steps), 1), eta=chosen["eta"], batch=self.batch,
            spread=self.spread, spacing=chosen["spacing"],
        )  # fmt: skip

    def _check_onsets(self, conditions):
        if not self._model.config.unet.onset_maps:
            return
        trained = set(self._about.get("onset_origin", ()))
        used = set(conditions.get("path_onset_origin", ())) - {"", "picks"}
        if trained and used - trained:
            warn_user(
                f"{self.kind.name}: onsets come from {', '.join(sorted(used - trained))}, and the weights were trained "
                f"with those of {', '.join(sorted(trained))}; pass velocity_model={sorted(trained)[0]!r}."
            )
