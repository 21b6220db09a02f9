"""Magnitude sweeps: one earthquake at increasing magnitudes, with any backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.spectra import mean_known, smoothed_spectra, spectrum_centers

if TYPE_CHECKING:
    import pandas
    from obspy import Inventory
    from obspy.core.event import Event

    from seissynth.evaluation.groups.source_fit import PathModel

#: lowest and highest frequency of the fits, Hz
_BAND_HZ = (0.05, 30.0)


@dataclass(frozen=True)
class MagnitudeSweep:
    """Spectra of one earthquake at increasing magnitudes.

    Attributes
    ----------
    table : DataFrame
        One row per magnitude: ``magnitude``, ``corner_hz``, ``moment_newton_m``, ``fitted_magnitude``, ``resolved``,
        ``level_mm_s`` (largest value of the mean spectrum), ``records``.
    frequencies_hz : ndarray, shape (k,)
    spectra : ndarray, shape (magnitudes, k), mm s
        Geometric means over records.
    name : str
        Of the backend.
    """

    table: pandas.DataFrame
    frequencies_hz: np.ndarray
    spectra: np.ndarray
    name: str

    @property
    def corner_falls(self) -> bool:
        """Whether each larger magnitude has a lower corner frequency."""
        return bool((np.diff(self.table["corner_hz"]) < 0).all())

    @property
    def moment_grows(self) -> bool:
        """Whether each larger magnitude has a larger seismic moment."""
        return bool((np.diff(self.table["moment_newton_m"]) > 0).all())


def magnitude_sweep(
    inventory: Inventory,
    event: Event,
    magnitudes: Sequence[float],
    *,
    realizations: int = 5,
    seed: int = 0,
    path: PathModel | None = None,
    **options: Any,
) -> MagnitudeSweep:
    """Increase the magnitude of an earthquake step by step, with the same seeds, and fit corner frequency and moment.

    Parameters
    ----------
    inventory : obspy Inventory
    event : obspy Event
        Its preferred (or first) magnitude is replaced.
    magnitudes : sequence of float
        In rising order.
    realizations : int
        Draws of each; the geometric mean of their spectra is taken.
    seed : int
    path : PathModel, optional
        Known properties of the path for the fits.
    **options
        For `seissynth.generate`: ``backend``, its options, ``weights``, ``outside``, ``duration``.

    Returns
    -------
    MagnitudeSweep

    Raises
    ------
    InputError
        Fewer than two magnitudes, or out of order.

    Notes
    -----
    Figure 6 of HEGGS (2025, 4.2.4). In theory, log10 M0 grows by 1.5 and log10 of the corner falls by 0.5 per unit of
    moment magnitude at constant stress drop. Fits as `seissynth.evaluation.fit_source`, from S to the record's end,
    from 0.05 Hz or the records' low cut up to 30 Hz.
    """
    import pandas as pd

    import seissynth
    from seissynth.evaluation.groups.source_fit import displacement_spectra, fit_source
    from seissynth.evaluation.record_streams import streams_to_record_set

    magnitudes = [float(value) for value in magnitudes]
    if len(magnitudes) < 2 or sorted(set(magnitudes)) != magnitudes:
        raise InputError(f"magnitudes={magnitudes} must be two or more, in rising order.")
    rows, spectra, centers, name = [], [], None, ""
    centers = np.empty(0)
    for magnitude in magnitudes:
        ensemble = seissynth.generate(
            inventory, _resized(event, magnitude), seed=seed, realizations=realizations, **options
        )
        records = streams_to_record_set(ensemble, inventory=inventory)
        name, rate = records.name, records.sampling_rate_hz
        times = records.times_s()
        begin = np.where(np.isfinite(records.s_s), records.s_s, records.column("path_s_travel_s")) - 0.2
        window = times >= begin[:, None]
        band = _low_hz(ensemble), min(_BAND_HZ[1], 0.4 * rate)
        frequency, amplitude, count = displacement_spectra(records.data[:, 1:], rate, records.quantity, band, window)
        fit = fit_source(frequency, amplitude, records.column("path_hyp_distance_km"), path=path, count=count)
        if not len(centers):
            centers = spectrum_centers(records.npts, rate)
        smooth = smoothed_spectra(records.data, rate, centers, records.quantity, window.astype(float))
        spectra.append(np.exp(mean_known(np.log(smooth), axis=0)))
        rows.append(
            {
                "magnitude": magnitude,
                "corner_hz": fit.corner_hz,
                "moment_newton_m": fit.moment_newton_m,
                "fitted_magnitude": fit.magnitude,
                "resolved": fit.resolved,
                "level_mm_s": float(np.nanmax(spectra[-1])),
                "records": len(records),
            }
        )
    return MagnitudeSweep(pd.DataFrame(rows), centers, np.array(spectra), name)


# --- below the road


def _low_hz(streams):
    """Lowest frequency of a fit: records contain nothing below their stated low cut."""
    cuts = (trace.stats.seissynth.get("low_cut_hz") for stream in streams for trace in stream)
    return max([_BAND_HZ[0], *(cut for cut in cuts if cut)])


def _resized(event, magnitude):
    """Copy of an ObsPy Event with another magnitude, of the same type."""
    import copy

    from seissynth.events.earthquakes import preferred

    changed = copy.deepcopy(event)
    known = preferred(changed, "magnitude")
    if known is None:
        raise InputError("the event has no magnitude that could be replaced; give it one, with its type.")
    known.mag = magnitude
    changed.magnitudes = [known]
    changed.preferred_magnitude_id = known.resource_id
    return changed
