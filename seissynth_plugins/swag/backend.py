"""The backend "swag": records of a station from its name, P, S and magnitude."""

import numpy as np

from seissynth.backends.base import Card
from seissynth.conditions import describe_row
from seissynth.errors import DomainError, InputError
from seissynth.records import Records
from seissynth.shared.checks import whole
from seissynth.shared.warning import warn_user
from seissynth_plugins.swag.weights import SWAG
from seissynth_plugins.torchkit.fixed_window import REACH_S, SLACK_S, cut
from seissynth_plugins.torchkit.sampling_options import check_sampling
from seissynth_plugins.torchkit.weights_backend import WeightsBackend, card_with_weights

UNKNOWN_STATIONS = ("none", "nearest")
#: sampling options that a weights' card may set, with their defaults
_SAMPLING = {"method": "dpmpp_2m", "steps": 10, "guidance": None, "spacing": "log_snr"}
#: labels, as the ranges of the weights name them -> words
_WORDS = {"p_s": "P", "s_minus_p_s": "S minus P"}
_REMEDIES = {
    "p_s": "Pass start= to move P into it.",
    "s_minus_p_s": "Use nearer or farther stations or earthquakes (distance_km= of make_dataset), or other weights.",
}


class SwagBackend(WeightsBackend):
    """SWaG: a diffusion transformer on waveforms, conditioned on station, P, S and magnitude.

    P and S are the event's picks if it has any, else travel times. Trained weights are needed; they state the
    stations, magnitudes and times for which they are valid. Labels outside these ranges are refused, even with
    `outside=`, because P must be within the window: pass `start`.

    Parameters
    ----------
    weights : str or path, optional
        A .safetensors file written by ``seissynth train swag``; default: the weights shipped with the package, if any.
    device : str
        "cpu", "cuda", "cuda:1", ...
    steps : int, optional
        Steps of the sampler. This and the next three: default from the weights' card, else 10 steps.
    method : {"dpmpp_2m", "ddim", "ddpm"}, optional
    guidance : float, optional
        Weight w of ``u + w (c - u)``: emphasis on the labels; 1 is the emphasis of training.
    spacing : {"log_snr", "time"}, optional
        Spacing of the steps.
    unknown_station : {"none", "nearest"}
        Label of stations unknown to the weights: no station, with a warning, or the nearest known station.
    batch : int
        Number of records per batch of the network; limits the memory.
    precision : {"auto", "float32", "mixed"}
        See `generation.prepare`.

    Raises
    ------
    InputError
        No weights, or an option out of bounds.
    FileFormatError
        A file that is not weights of SWaG, is of another version, truncated, or without normalisation.
    MissingDependencyError
        PyTorch or safetensors is not installed.

    References
    ----------
    Duan et al. (2025), A multi-conditional diffusion transformer for versatile seismic wave generation.
    """

    #: whose weights it takes
    kind = SWAG
    card = Card(
        name="swag",
        summary="Diffusion transformer on waveforms, from station, P, S and magnitude",
        quantity="velocity",
        component_order="ENZ",
        references=("Duan et al. 2025, SWaG",),
        licence_weights="MIT",
        required_columns=("path_p_travel_s", "path_s_travel_s", "source_magnitude"),
        optional_columns=(
            "station_network_code", "station_code", "station_latitude_deg", "station_longitude_deg",
        ),
        capabilities=("onsets", "truth", "absolute_amplitude", "ensemble", "device"),
        packages=dict.fromkeys(("torch", "safetensors"), 'python -m pip install "seissynth[torch]"'),
    )  # fmt: skip

    def __init__(
        self, *, weights=None, device="cpu", steps=None, method=None, guidance=None, spacing=None,
        unknown_station="none", batch=8, precision="auto",
    ):  # fmt: skip
        super().__init__(weights=weights, device=device)
        given = {"method": method, "steps": steps, "guidance": guidance, "spacing": spacing}
        chosen = {**_SAMPLING, **self._about.get("sampling", {})}
        chosen |= {name: value for name, value in given.items() if value is not None}
        self.sampling = {name: chosen[name] for name in _SAMPLING}
        self.unknown_station, self.batch, self.precision = unknown_station, batch, precision
        self._check_options()
        inputs, config = self._about["normalisation"], self._about["config"]
        self.card = card_with_weights(
            type(self).card, self._about, quantity=str(inputs["quantity"]),
            component_order=str(inputs["component_order"]), sampling_rates_hz=(float(config["sampling_rate_hz"]),),
            max_duration_s=float(config["duration_s"]), distance_kind="epicentral",
            magnitude_range=tuple(inputs["ranges"]["magnitude"]), trained_area_deg=self._area(inputs),
        )  # fmt: skip

    @staticmethod
    def _area(inputs):
        """Area of the stations, for weights from before the trained area was written down."""
        places = np.array([place for _, *place in inputs["stations"]], dtype=float).reshape(-1, 2)
        if not len(places) or not np.isfinite(places).all():
            return None
        (south, west), (north, east) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
        return south, north, west, east

    def load(self):
        """Read the weights."""
        model, device = self.load_network()
        from seissynth_plugins.swag.generation import prepare

        self._model = prepare(model, device, self.precision)

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):  # noqa: ARG002 (as Backend.simulate)
        """Make one record per row; see `seissynth.backends.base.Backend.simulate`.

        Returns
        -------
        Records
            In the quantity and order of the card; onsets are the labels; `truth` says which stations were known.
        """
        if self._model is None:
            self.load()
        config = self.config
        onsets = conditions[["path_p_travel_s", "path_s_travel_s"]].to_numpy(float)
        begin = self._window_starts(conditions, np.asarray(start_s, dtype=float), npts, sampling_rate_hz)
        labels = np.column_stack([onsets - begin[:, None], conditions["source_magnitude"].to_numpy(float)])
        self.check_labels(labels, [_site(conditions, row) for row in range(len(conditions))])
        station = self.station_numbers(conditions)
        made = self.make(labels, station, seeds.row)
        first = np.round((start_s - begin) * sampling_rate_hz).astype(int)
        data = np.stack([cut(record, begin_at, npts) for record, begin_at in zip(made, first, strict=True)])
        return Records(
            data.astype(np.float32),
            start_s=begin + first / sampling_rate_hz,
            p_s=onsets[:, 0],
            s_s=onsets[:, 1],
            truth={"station_known": (station < config.stations).astype(float)},
        )

    def check_labels(self, labels, sites):
        """Refuse labels of times that training did not see.

        Parameters
        ----------
        labels : ndarray, shape (n, 3)
            P and S, s after the first sample, and magnitude, whose range the core watches as the user asks it to.
        sites : sequence of str
            As messages name them.

        Raises
        ------
        DomainError
            With the range.
        """
        values = {"p_s": labels[:, 0], "s_minus_p_s": labels[:, 1] - labels[:, 0]}
        for name, column in values.items():
            low, high = self._inputs.ranges[name]
            outside = (column < low - SLACK_S) | (column > high + SLACK_S)
            if not outside.any():
                continue
            row, words = int(np.argmax(outside)), _WORDS[name]
            where = f"after the first sample at {sites[row]}" if name == "p_s" else f"at {sites[row]}"
            raise DomainError(
                f"{self.kind.name}: {words} is {column[row]:.2f} s {where}; the weights were trained with {low:g} to "
                f"{high:g} s. {_REMEDIES[name]}"
            )
        late = labels[:, 1] > self.config.duration_s
        if late.any():
            row = int(np.argmax(late))
            raise DomainError(
                f"{self.kind.name}: S comes {labels[row, 1]:.2f} s after the first sample at {sites[row]}, behind the "
                f"window of {self.config.duration_s:g} s; pass a later start=."
            )

    def station_numbers(self, conditions):
        """Return which of the stations that the network knows each row's is.

        Parameters
        ----------
        conditions : pandas.DataFrame, n rows

        Returns
        -------
        ndarray, shape (n,), int64
            Places in ``inputs.names``; ``config.stations`` for none of them.

        Raises
        ------
        InputError
            The nearest station is asked for, and coordinates are missing.

        Warns
        -----
        SeisSynthWarning
            Stations are not known, and no nearest one is asked for.
        """
        names = [_site(conditions, row) for row in range(len(conditions))]
        known = {name: number for number, name in enumerate(self._inputs.names)}
        # sets without network codes name their stations alone
        bare = [name.partition(".")[2] for name in names]
        none = self.config.stations
        numbers = np.array([known.get(a, known.get(b, none)) for a, b in zip(names, bare, strict=True)], np.int64)
        # rows without any code say nothing that could be unknown
        unknown = np.flatnonzero((numbers == none) & (np.array(bare) != ""))
        if len(unknown) and self.unknown_station == "nearest":
            numbers[unknown] = self._nearest(conditions.iloc[unknown])
        elif len(unknown):
            count = len({names[row] for row in unknown})
            warn_user(
                f"{self.kind.name}: the weights do not know {count} of the stations ({names[unknown[0]]}, ...), which "
                "take no station's label; pass unknown_station='nearest' for that of the nearest known one, or train "
                "with their records."
            )
        return numbers

    def make(self, labels, station, seeds):
        """Return records of labels, shape (n, 3, npts) of the network; see `generation.generate_columns`."""
        from seissynth_plugins.swag.generation import Sampling, generate_columns, to_waveforms

        sampling = Sampling(**self.sampling, batch=self.batch)
        return to_waveforms(generate_columns(self._model, labels, station, seeds, sampling), self.config, self._inputs)

    # --- parts of it

    def _check_options(self):
        whole(f"{self.kind.name}: batch", self.batch)
        check_sampling(self.kind.name, self.sampling)
        if self.unknown_station not in UNKNOWN_STATIONS:
            raise InputError(
                f"{self.kind.name}: unknown_station={self.unknown_station!r} must be one of "
                f"{', '.join(map(repr, UNKNOWN_STATIONS))}."
            )
        if self.precision not in ("auto", "float32", "mixed"):
            raise InputError(f"{self.kind.name}: precision={self.precision!r} must be 'auto', 'float32' or 'mixed'.")

    def _window_starts(self, conditions, start_s, npts, rate):
        """When the network's windows begin, s after origin: as asked, or earlier where P would come too soon."""
        config = self.config
        low, p_s = self._inputs.ranges["p_s"][0], conditions["path_p_travel_s"].to_numpy(float)
        begin = np.minimum(start_s, p_s - low)
        # on the grid of the samples that are asked for
        begin = start_s - np.ceil((start_s - begin) * rate - SLACK_S) / rate
        reach = start_s - begin + npts / rate - config.duration_s
        if (reach > REACH_S + SLACK_S).any():
            row = int(np.argmax(reach))
            raise DomainError(
                f"{self.kind.name}: for {describe_row(conditions, row)}, a record from {start_s[row]:g} to "
                f"{start_s[row] + npts / rate:g} s after origin was asked for, with P at {p_s[row]:.2f} s; "
                f"its windows are of {config.duration_s:g} s with P {low:g} s after their beginning at the earliest. "
                "Pass start= and duration= within these."
            )
        return begin

    def _nearest(self, conditions):
        latitude, longitude = (
            np.array(x) for x in zip(*(degrees for _, *degrees in self._inputs.stations), strict=True)
        )
        if not np.isfinite(latitude).any():
            raise InputError(
                f"{self.kind.name}: unknown_station='nearest', but the weights do not know where their stations are."
            )
        columns = [conditions.get(f"station_{name}_deg") for name in ("latitude", "longitude")]
        if any(column is None or not np.isfinite(column.to_numpy(float)).all() for column in columns):
            raise InputError(f"{self.kind.name}: unknown_station='nearest' needs the coordinates of all stations.")
        here = [np.radians(column.to_numpy(float))[:, None] for column in columns]
        there = [np.radians(x)[None] for x in (latitude, longitude)]
        # haversine; only the order counts
        apart = np.sin((here[0] - there[0]) / 2) ** 2
        apart = apart + np.cos(here[0]) * np.cos(there[0]) * np.sin((here[1] - there[1]) / 2) ** 2
        return np.nanargmin(apart, axis=1)


def _site(conditions, row):
    """NET.STA of a row, as far as the table says."""
    codes = [conditions.get(f"station_{name}") for name in ("network_code", "code")]
    return ".".join("" if column is None else str(column.iloc[row]) for column in codes)
