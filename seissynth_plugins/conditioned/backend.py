"""The backend "conditioned": the default backend's records, drawn to the records of the earthquake that exist."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.backends.base import Backend, Card
from seissynth.errors import FileFormatError, InputError
from seissynth.records import Records
from seissynth_plugins.conditioned.calibration import is_calibration
from seissynth_plugins.conditioned.spectra import PERIODS_S, checked_periods, measure_of
from seissynth_plugins.stochastic.backend import StochasticBackend

if TYPE_CHECKING:
    import pandas

    from seissynth.seeding import Seeds
    from seissynth_plugins.residuals.observations import Observations
    from seissynth_plugins.residuals.weights import ResidualModel

#: the model that comes with the package
SHIPPED = Path(__file__).parent / "data" / "portable.npz"
#: parts of a model: standard deviations of peaks without and with an archive
_CALIBRATIONS = ("calibration", "calibration_archive")
#: options of the default backend that are set here by other means
_FIXED = {
    "variability": "the spread of records comes from the residual model; pass spread=False to leave it out",
    "preset": "pass it as preset=",
    "magnitude_conversion": "pass it as magnitude_conversion=",
    "weights": "it has none",
    "device": "it runs on the CPU",
}


class ConditionedBackend(Backend):
    """Physics-based records, changed to agree with the records of the earthquake that exist.

    The default backend expects a spectrum over time at every place. Records of the same earthquake at other stations,
    `source`, differ from what it expects there; a Gaussian process carries these differences to the target, and the
    record of the default backend gets them as gains over frequency and time. Without training, in any region, with one
    record or many. Without any, the spread of real records about the default backend is drawn.

    Parameters
    ----------
    weights : str or path, optional
        A file of `seissynth_plugins.residuals.weights.write_model`, such as one that knows the stations of a region;
        default: the portable model that comes with the package.
    device
        Not used; every backend accepts it.
    spread : bool
        True draws one of the possible records; stations of an earthquake share what real ones share. False gives the
        most probable gains.
    preset : str or dict
        Of the default backend, see `seissynth_plugins.stochastic.backend.StochasticBackend`.
    magnitude_conversion : str, optional
        Of the default backend.
    carrier : mapping, optional
        More options of the default backend, such as ``{"stress_drop_bar": 60}``.
    own_record : bool
        Whether a target station whose own record is among the sources is conditioned on it. By default it is not,
        unless there is no other.
    source_band_hz : (float, float), optional
        Frequencies between which source records are used, for records that were filtered: what a filter has taken off
        would be seen as a weak earthquake. Default: all that they hold.
    periods_s : sequence of float
        Periods of predicted PSA, from 0.03 to 3 s; () predicts none, which saves a third of the time at a new place.

    Raises
    ------
    InputError
        An unknown option or value, a period outside 0.03 to 3 s, or no such file.
    FileFormatError
        A file that is not a residual model, or knows no PSA.

    Notes
    -----
    Source records are used from P to 57 s after S, where they are above the noise before P. Cut them before the next
    earthquake. `truth` holds the prediction of peaks: ``ln_pga`` and ``ln_pga_std``, ``ln_pgv`` and ``ln_pgv_std``,
    mean and standard deviation of ln of the geometric mean of both horizontal peaks, m/s² and m/s; and for each period
    such as 0.3 s ``ln_psa_0p3`` and ``ln_psa_0p3_std``, of PSA, 5 % damped, RotD50, m/s². They do not depend on
    `spread` and the seeds. Where the column ``station_terms`` of a row holds a site term, its station scatters less
    (`sources.STATION_LEFT`), in draws as in standard deviations.

    References
    ----------
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning. Worden et al. (2018), BSSA 108, 866-875,
    doi 10.1785/0120170201, for ground motion conditioned on records.

    Examples
    --------
    >>> ConditionedBackend(spread=False).spread
    False
    """

    card = Card(
        name="conditioned",
        summary="The default backend, conditioned on records of the earthquake; no training, any region",
        quantity="acceleration",
        component_order="ZRT",
        references=("10.1785/0120150262", "10.1785/0120170201"),
        licence_weights="MIT",
        magnitude_range=StochasticBackend.card.magnitude_range,
        distance_range_km=StochasticBackend.card.distance_range_km,
        distance_kind=StochasticBackend.card.distance_kind,
        depth_range_km=StochasticBackend.card.depth_range_km,
        required_columns=(
            *StochasticBackend.card.required_columns, "source_depth_km", "source_latitude_deg", "source_longitude_deg",
            "station_latitude_deg", "station_longitude_deg",
        ),
        optional_columns=tuple(
            name for name in (
                *StochasticBackend.card.optional_columns, "source_origin_time", "station_network_code", "station_code",
            ) if name not in (
                "source_depth_km", "source_latitude_deg", "source_longitude_deg", "station_latitude_deg",
                "station_longitude_deg",
            )
        ),
        capabilities=(
            "onsets", "truth", "absolute_amplitude", "mechanism", "polarity", "source_records", "source_any_window",
            "ensemble",
        ),
        ensemble_options={"spread": True},
    )  # fmt: skip

    def __init__(
        self,
        *,
        weights: str | os.PathLike[str] | None = None,
        device: str = "cpu",
        spread: bool = True,
        preset: str | dict = "auto",
        magnitude_conversion: str | None = None,
        carrier: Mapping[str, Any] | None = None,
        own_record: bool = False,
        source_band_hz: tuple[float, float] | None = None,
        periods_s: Sequence[float] = PERIODS_S,
    ) -> None:
        super().__init__(weights=weights, device=device)
        for name, value in (("spread", spread), ("own_record", own_record)):
            if not isinstance(value, bool):
                raise InputError(f"conditioned: {name}={value!r} must be True or False.")
        if carrier is not None and not isinstance(carrier, Mapping):
            raise InputError(f"conditioned: carrier={carrier!r} must be a mapping of options of the default backend.")
        self.source_band_hz = _band(source_band_hz)
        self.periods_s = checked_periods("conditioned", periods_s)
        options = dict(carrier or {})
        for name in options:
            if name in _FIXED:
                raise InputError(f"conditioned: carrier={{{name!r}: ...}} cannot be set: {_FIXED[name]}.")
        if magnitude_conversion is not None:
            options["magnitude_conversion"] = magnitude_conversion
        self.spread, self.own_record, self.preset, self.carrier = spread, own_record, preset, options
        self._mean = StochasticBackend(preset=preset, variability=False, **options)
        from seissynth_plugins.residuals.weights import read_model

        self._model, self._hash = read_model(SHIPPED if weights is None else weights)
        missing = [key for key in _CALIBRATIONS if key not in self._model.about]
        if missing:
            raise FileFormatError(
                f"conditioned: {Path(weights or SHIPPED).name} lacks {', '.join(missing)}; write it with "
                "seissynth_plugins.conditioned.archive.learn_stations, or tools/residuals/fit_residuals.py."
            )
        if not all(is_calibration(self._model.about[key]) for key in _CALIBRATIONS):
            raise FileFormatError(
                f"conditioned: the calibration of peaks in {Path(weights or SHIPPED).name} is damaged; write it again."
            )
        if self.periods_s and not all("psa" in self._model.about[key] for key in _CALIBRATIONS):
            raise FileFormatError(
                f"conditioned: {Path(weights or SHIPPED).name} knows no PSA, as files of earlier versions; write it "
                "again, or pass periods_s=()."
            )
        self._kriging = self._reader = self._expectations = None
        self._last_given = None, None

    @property
    def model(self) -> ResidualModel:
        """The residual model in use."""
        return self._model

    def observations(self, records: Records, row: pandas.DataFrame) -> Observations | None:
        """Return source records as observations of the residual model; see `sources.SourceReader.observations`."""
        if self._kriging is None:
            self.load()
        return self._reader.observations(records, row)

    @property
    def weights_hash(self) -> str:
        """Hash of the residual model."""
        return self._hash

    def __getstate__(self):
        """Copies in other processes load again."""
        return {**self.__dict__, "_kriging": None, "_reader": None, "_expectations": None, "_last_given": (None, None)}

    def load(self) -> None:
        """Factorise the model's records, if it has any, and load the default backend."""
        from seissynth_plugins.conditioned.expected import Expectations
        from seissynth_plugins.conditioned.sources import SourceReader

        self._mean.load()
        self._expectations = Expectations(self._mean)
        self._reader = SourceReader(
            self.card.name, self._expectations, self._model.patterns, self.source_band_hz, self._archived()
        )
        self._kriging = self._model.kriging()

    def simulate(
        self,
        conditions: pandas.DataFrame,
        *,
        start_s: np.ndarray,
        npts: int,
        sampling_rate_hz: float,
        seeds: Seeds,
        source: Records | None = None,
    ) -> Records:
        """Make one record per row; see `seissynth.backends.base.Backend.simulate`.

        Parameters
        ----------
        conditions, start_s, npts, sampling_rate_hz, seeds
            See there.
        source : Records, optional
            Records of the earthquake, m/s², components Z, N, E, 100 Hz; those of its `pool`, or else of each row its
            own one. `truth` holds ``sensor`` and `seissynth.schema.PLACE_COLUMNS`.

        Returns
        -------
        Records
            Acceleration, m/s², components Z, R, T; onsets of the first P and S; `truth` as the default backend, with
            the predicted peaks and ``sources_used``.
        """
        from seissynth_plugins.conditioned.gains import apply_gains
        from seissynth_plugins.conditioned.peaks import MEASURES, predict_peaks
        from seissynth_plugins.conditioned.sources import (
            check_source,
            places_of,
            station_left,
            station_names,
            without_archived_terms,
        )

        if self._kriging is None:
            self.load()
        if source is not None:
            check_source(self.card.name, source, len(conditions))
        stations = station_names(conditions)
        conditions = without_archived_terms(conditions, stations, self._archived())
        records = self._mean.simulate(
            conditions, start_s=start_s, npts=npts, sampling_rate_hz=sampling_rate_hz, seeds=seeds
        )
        names = [name or f"row {seed}" for name, seed in zip(stations, seeds.row.tolist(), strict=True)]
        places, left = places_of(conditions, names), station_left(conditions)
        patterns, about = self._model.patterns, self._model.about
        calibration = about[_CALIBRATIONS[self._model.archive is not None]]
        measures = (*MEASURES, *map(measure_of, self.periods_s))
        truth = {f"ln_{measure}{end}": np.empty(len(conditions)) for measure in measures for end in ("", "_std")}
        truth["sources_used"] = np.zeros(len(conditions))
        for i, expected in enumerate(self._expectations.of(conditions, self.periods_s)):
            given = self._given(conditions.iloc[[i]], source, i, stations[i])
            place = places.select([i])
            if given.sources is not None:
                truth["sources_used"][i] = len(given.sources)
            found = given.at(place, left[[i]])
            peaks = predict_peaks(patterns, expected, found.mean[0], found.variance[0], calibration)
            for measure, (middle, deviation, _) in peaks.items():
                truth[f"ln_{measure}"][i], truth[f"ln_{measure}_std"][i] = middle, deviation
            own = int(seeds.event[i]), [int(seeds.row[i])]
            z = given.draw(place, *own, left[[i]])[0] if self.spread else found.mean[0]
            if not z.any():
                continue
            data = records.data[i]
            silent = ~data.any(axis=0)
            before = int(np.argmin(silent)) if not silent.all() else data.shape[-1]
            # the median peak of draws is to be the predicted one, as with the default's own random terms
            field = patterns.field(z) - (peaks["pga"].rise if self.spread else 0.0)
            changed = apply_gains(data, field, float(start_s[i]), sampling_rate_hz, expected.p_s, expected.s_s)
            changed[:, :before] = 0.0  # frames reach over the onset
            records.data[i] = self._at_rest(changed, sampling_rate_hz)
        records.truth.update(truth)
        return records

    def _archived(self):
        """Stations that the archive holds."""
        archive = self._model.archive
        return () if archive is None else np.unique(archive.places.station)

    def _at_rest(self, data, sampling_rate_hz):
        """Take off by the default's low cut what gains leave below it: velocity would not come to rest."""
        from seissynth_plugins.stochastic.low_cut import high_pass_sections, low_cut

        p = self._mean.parameters
        if not p.low_cut_hz:
            return data
        sections = high_pass_sections(int(p.low_cut_order), p.low_cut_hz, sampling_rate_hz)
        return low_cut(np.ascontiguousarray(data), sections)

    def _given(self, row, source, number, station):
        """The Gaussian processes conditioned on the records that one row may use."""
        if source is None:
            return self._conditioned((), None)
        pool = source.select([number]) if source.pool is None else source.pool
        observations = self._reader.observations(pool, row)
        if observations is None:
            return self._conditioned((), None)
        own = observations.places.station == station
        whole = self.own_record or own.all()
        kept = np.arange(len(observations)) if whole else np.flatnonzero(~own)
        return self._conditioned((observations, *kept.tolist()), observations.select(kept))

    def _conditioned(self, key, observations):
        last = self._last_given  # read and written whole, since calls may come from several threads
        if not _same(last[0], key):
            last = self._last_given = key, self._kriging.given(observations)
        return last[1]


def _band(band_hz):
    """Two frequencies, the lower one first; all of them for None."""
    if band_hz is None:
        return 0.0, np.inf
    pair = tuple(band_hz) if isinstance(band_hz, tuple | list) else ()
    numbers = len(pair) == 2 and all(isinstance(x, int | float) and not isinstance(x, bool) for x in pair)
    if not numbers or not 0 <= pair[0] < pair[1]:
        raise InputError(f"conditioned: source_band_hz={band_hz!r} must be two frequencies in Hz, the lower one first.")
    return float(pair[0]), float(pair[1])


def _same(a, b):
    """Whether two keys hold the same object first, and equal numbers after it."""
    return (
        a is not None
        and len(a) == len(b)
        and all(x is y or (type(x) is int and x == y) for x, y in zip(a, b, strict=True))
    )
