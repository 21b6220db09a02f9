"""The backend "stochastic": records from physics alone, without training or weights."""

from __future__ import annotations

import inspect
import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.backends.base import Backend, Card
from seissynth.records import Records
from seissynth.schema import MOMENT_TENSOR_COLUMNS
from seissynth_plugins.stochastic.parameters import Parameters
from seissynth_plugins.stochastic.presets import AUTO, make_parameters
from seissynth_plugins.stochastic.regions import ELSEWHERE, preset_at

if TYPE_CHECKING:
    import pandas

    from seissynth.seeding import Seeds


class StochasticBackend(Backend):
    """Point-source stochastic simulation run separately for P, SV and SH with real ray times.

    Each leg is Gaussian noise that starts at its ray's onset, under the energy over time of multiple scattering, shaped
    by A(f) = C M0 S(f) (2 pi f)² G(R) exp(-pi f R / (Q v)) site(f) exp(-pi kappa0 f) with minimum phase. The components
    share one polarised series and have individual scattered ones. For magnitudes 0 to 8, hypocentral
    distances of 0 to 600 km and depths of -5 to 100 km.

    Parameters
    ----------
    preset : {"active", "active_windows", "active_uncorrected", "stable", "southern_europe", "smsim", "auto"} or dict
        "active": active crust (western US). "active_windows": the same, with energy over time by windows instead of
        scattering. "active_uncorrected": windows, before levels were fitted to a ground-motion model. "stable": stable
        crust (eastern North America). "southern_europe": fitted to records of the western Balkans. "smsim": a run of
        SMSIM for comparison. "auto": "southern_europe", "stable" or "active" by the epicentre (`regions.REGIONS`); the
        records' truth names it. Or a table for another region, see `region_presets.read_preset`.
    weights, device
        Not used; every backend accepts them.
    {options}

    Raises
    ------
    InputError
        Unknown preset or option, or a value out of bounds.

    References
    ----------
    Boore (2003), Pure Appl. Geophys. 160, 635-676, doi 10.1007/PL00012553. Otarola & Ruiz (2016), BSSA 106,
    doi 10.1785/0120150262, for the legs. Boore & Thompson (2015), BSSA 105, doi 10.1785/0120140281.

    Examples
    --------
    >>> StochasticBackend(stress_drop_bar=60).parameters.stress_drop_bar
    60.0
    """

    card = Card(
        name="stochastic",
        summary="Physics default: stochastic P, SV and SH legs with ray times, no training",
        quantity="acceleration",
        component_order="ZRT",
        references=("10.1007/PL00012553", "10.1785/0120150262", "10.1785/0120140281"),
        magnitude_range=(0.0, 8.0),
        distance_range_km=(0.0, 600.0),
        distance_kind="hypocentral",
        depth_range_km=(-5.0, 100.0),
        required_columns=("source_magnitude", "path_hyp_distance_km", "path_p_travel_s", "path_s_travel_s"),
        optional_columns=(
            "source_magnitude_type", "source_depth_km", "source_strike_deg", "source_dip_deg", "source_rake_deg",
            *MOMENT_TENSOR_COLUMNS, "station_vs_30_mps", "station_local_depth_m", "station_layers", "station_kappa_s",
            "station_z1_km", "station_terms",
            "path_rup_distance_km", "path_azimuth_deg",
            "path_p_direct_travel_s", "path_s_direct_travel_s", "path_p_takeoff_deg", "path_p_direct_takeoff_deg",
            "path_s_direct_takeoff_deg", "path_p_ray_parameter_s_km", "path_s_ray_parameter_s_km",
            "station_latitude_deg", "station_longitude_deg", "source_latitude_deg", "source_longitude_deg",
        ),
        capabilities=("onsets", "truth", "absolute_amplitude", "mechanism", "polarity", "ensemble"),
        ensemble_options={"variability": True},
    )  # fmt: skip

    def __init__(
        self,
        *,
        weights: str | os.PathLike[str] | None = None,
        device: str = "cpu",
        preset: str | dict = "active",
        **options: Any,
    ) -> None:
        super().__init__(weights=weights, device=device)
        self.preset = preset
        self.parameters = make_parameters(ELSEWHERE if preset == AUTO else preset, **options)
        self._options = options
        self._of_preset: dict[str, StochasticBackend] = {}
        self._maker = None
        self._terms = None

    def prepare(self) -> None:
        """Let another process compile the noise's loop while paths are traced, unless it is in numba's cache."""
        from seissynth_plugins.stochastic.compilation import NOISE

        if self.parameters.envelope == "transport":
            NOISE.start()

    def load(self) -> None:
        """Build common data of records; the compiled loops come from numba's cache after the first time."""
        from seissynth_plugins.stochastic.compilation import NOISE, compile_shaping
        from seissynth_plugins.stochastic.simulation import RecordMaker
        from seissynth_plugins.stochastic.spectra import GridCache

        self._maker = RecordMaker(self.parameters, GridCache(self.parameters))
        p = self.parameters
        if p.variability:
            from seissynth_plugins.stochastic.variability import TermMaker

            self._terms = TermMaker(
                scales=(p.event_term_scale, p.site_term_scale, p.within_term_scale),
                site_terms=p.site_terms,
                durations=(p.duration_event_scatter, p.duration_scatter, p.duration_site_scatter),
                ratio_scale=p.ratio_term_scale,
            )
        if self._maker.by_transport and NOISE.running:
            compile_shaping(self._maker)
            NOISE.wait()

    def simulate(
        self,
        conditions: pandas.DataFrame,
        *,
        start_s: np.ndarray,
        npts: int,
        sampling_rate_hz: float,
        seeds: Seeds,
        source: Records | None = None,  # noqa: ARG002 (as Backend.simulate)
    ) -> Records:
        """Make one record per row; see `seissynth.backends.base.Backend.simulate`.

        Returns
        -------
        Records
            Acceleration, m/s², components Z, R, T; onsets of the first P and S; `truth` with moment magnitude,
            corner frequencies, durations, distances, kappa, stress drop, how much earlier waves reach a deep
            sensor, arrival and share of surface waves, and the random terms if they are on.
        """
        from seissynth_plugins.stochastic.basin import add_basins
        from seissynth_plugins.stochastic.borehole import bury
        from seissynth_plugins.stochastic.known_sites import add_known_terms
        from seissynth_plugins.stochastic.rows import prepare_rows
        from seissynth_plugins.stochastic.station_kappa import set_kappa
        from seissynth_plugins.stochastic.surface_waves import add_surface_waves

        if self.preset == AUTO:
            return self._by_place(conditions, np.asarray(start_s), npts, sampling_rate_hz, seeds)
        if self._maker is None:
            self.load()
        rows, truth = prepare_rows(conditions, self.parameters)
        truth["kappa0_s"] = set_kappa(rows, conditions, self.parameters, seeds.station)
        known = add_known_terms(rows, conditions)
        add_basins(rows, conditions, known)
        truth.update(bury(rows, conditions, self.parameters, seeds.station))
        if self._terms is not None:
            truth.update(self._terms.add_to(rows, truth["moment_magnitude"], conditions, seeds, known))
        truth.update(add_surface_waves(rows, conditions, self.parameters))
        data, share = self._maker.make(rows, np.asarray(start_s, dtype=float), npts, 1.0 / sampling_rate_hz, seeds.row)
        truth["coda_share"] = share
        smsim = self.parameters.horizontal_s_only
        return Records(
            data,
            start_s=start_s,
            p_s=None if smsim else [row.p_first for row in rows],
            s_s=[row.s_direct if smsim else row.s_first for row in rows],
            truth=truth,
            low_cut_hz=self.parameters.low_cut_hz or None,
        )

    def _by_place(self, conditions, start_s, npts, sampling_rate_hz, seeds):
        """Make each row with the preset of its epicentre."""
        unknown = np.full(len(conditions), np.nan)
        latitude, longitude = (
            conditions[name].to_numpy(float) if name in conditions else unknown
            for name in ("source_latitude_deg", "source_longitude_deg")
        )
        names = np.array([preset_at(*place) for place in zip(latitude, longitude, strict=True)])
        parts, order = [], []
        for name in dict.fromkeys(names.tolist()):
            if name not in self._of_preset:
                self._of_preset[name] = StochasticBackend(preset=name, **self._options)
            rows = np.flatnonzero(names == name)
            part = self._of_preset[name].simulate(
                conditions.iloc[rows].reset_index(drop=True), start_s=start_s[rows], npts=npts,
                sampling_rate_hz=sampling_rate_hz, seeds=seeds[rows],
            )  # fmt: skip
            part.truth["preset"] = np.full(len(rows), name)
            parts.append(part)
            order.append(rows)
        return Records.concatenate(parts, "stochastic").select(np.argsort(np.concatenate(order)))


def _document_options(backend):
    """Write every constant into the class docstring and the constructor's signature, from one source."""
    lines = []
    for f in fields(Parameters):
        unit = f", {f.metadata['unit']}" if f.metadata["unit"] else ""
        default = "see the source" if isinstance(f.default, tuple) and len(f.default) > 6 else f.default
        kind = f.type.__name__ if isinstance(f.type, type) else str(f.type).replace(" | ", " or ")
        lines.append(f"    {f.name} : {kind}{unit}")
        lines.append(f"        {f.metadata['meaning']}. Default {default}. Source: {f.metadata['source']}.")
    backend.__doc__ = backend.__doc__.replace("{options}", "\n".join(lines))
    own = list(inspect.signature(backend.__init__).parameters.values())[:-1]
    options = [inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default) for f in fields(Parameters)]
    backend.__init__.__signature__ = inspect.Signature([*own, *options])


_document_options(StochasticBackend)
