"""Delays of stations from the picks of a catalogue, for onsets where a layered model is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import InputError
from seissynth.events.earthquakes import read_earthquakes
from seissynth.paths import find_paths, picks_at_sites
from seissynth.stations.open_sensors import OpenSensors
from seissynth.traveltime.station_delays import REACH_S, SHRINK, StationDelays

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas
    from obspy import Inventory
    from obspy.core.event import Catalog, Event

_ROUNDS = 20


def pick_residuals(
    inventory: Inventory, events: Event | Catalog | Iterable[Event], *, velocity_model: Any = "iasp91"
) -> pandas.DataFrame:
    """How late the P and S picks of earthquakes are.

    Parameters
    ----------
    inventory : obspy Inventory
        With the stations that were picked.
    events : obspy Event, Catalog or iterable of Event
        With picks, whose `phase_hint` begins with P or S and whose waveform id names the station.
    velocity_model : str, LayeredModel, sequence of layers, TauPyModel or StationDelays

    Returns
    -------
    DataFrame
        A row per pick: ``event`` (key), ``station`` (NET.STA), ``phase``, ``distance_km`` (epicentral), ``late_s``,
        picked minus predicted.

    Raises
    ------
    InputError
        No pick of these earthquakes at these stations.
    """
    import pandas as pd

    rows, sensors = [], OpenSensors(inventory, "*")
    for earthquake in read_earthquakes(events):
        if not earthquake.event.picks:
            continue
        there = sensors.at(earthquake.time)
        paths = find_paths(inventory, earthquake, velocity_model=velocity_model, sensors=there)
        picked, seen = picks_at_sites(earthquake, paths.sites), set()
        for i, site in enumerate(paths.sites):
            for phase, predicted in (("P", paths.onsets.p_s[i]), ("S", paths.onsets.s_s[i])):
                found = picked.get((site.name, phase))
                if found is not None and (site.name, phase) not in seen:
                    seen.add((site.name, phase))
                    distance = float(paths.distance_km[i])
                    rows.append((earthquake.key, site.name, phase, distance, float(found - predicted)))
    if not rows:
        raise InputError("no P or S pick of these events is at a station of the inventory; see pick_residuals.")
    return pd.DataFrame(rows, columns=["event", "station", "phase", "distance_km", "late_s"])


def fit_station_delays(
    inventory: Inventory, events: Event | Catalog | Iterable[Event], *, velocity_model: Any = "iasp91"
) -> StationDelays:
    """Fit the delays of stations to the picks of earthquakes.

    Parameters
    ----------
    inventory, events, velocity_model
        As for `pick_residuals`.

    Returns
    -------
    StationDelays
        For ``generate(..., velocity_model=...)``; its key "" holds what is common to all stations.

    Raises
    ------
    InputError
        No pick of these earthquakes at these stations, or none within 2 s (P) or 3 s (S) of the model's onset.

    Notes
    -----
    What a pick is late by is split into a part common to all, one of the event (time and depth of a catalogue have
    errors) and one of the station, medians that are found in turn. Those of n picks are multiplied by n / (n + 1).

    Examples
    --------
    ``model = seissynth.fit_station_delays(inventory, catalog, velocity_model="southern_california")``
    """
    if StationDelays.of(velocity_model) is not None:
        raise InputError("velocity_model has delays already; fit to the model that they are based on.")
    found = pick_residuals(inventory, events, velocity_model=velocity_model)
    near = found[np.abs(found["late_s"]) <= found["phase"].map(REACH_S)]
    if not len(near):
        raise InputError(
            f"none of {len(found)} picks is within {REACH_S['P']:g} s (P) or {REACH_S['S']:g} s (S) of the onsets of "
            f"velocity_model={velocity_model!r}; the median is {found['late_s'].median():+.1f} s late."
        )
    terms = {phase: _terms(group) for phase, group in near.groupby("phase")}
    common = {phase: terms[phase][0] if phase in terms else 0.0 for phase in "PS"}
    stations = sorted(set(near["station"]))
    delays = {"": (common["P"], common["S"])}
    for name in stations:
        p, s = (common[phase] + (terms[phase][1].get(name, 0.0) if phase in terms else 0.0) for phase in "PS")
        delays[name] = round(p, 4), round(s, 4)
    return StationDelays(velocity_model, delays)


def _terms(picks):
    """The common delay of picks of one phase, and a dict of those of stations."""
    late = picks["late_s"].to_numpy()
    events, stations = picks["event"].to_numpy(), picks["station"].to_numpy()
    common, of_event, of_station = 0.0, np.zeros(len(late)), np.zeros(len(late))
    for _ in range(_ROUNDS):
        common = float(np.median(late - of_event - of_station))
        of_station = _shrunk_medians(late - common - of_event, stations)
        of_event = _shrunk_medians(late - common - of_station, events)
    return common, dict(zip(stations.tolist(), of_station.tolist(), strict=True))


def _shrunk_medians(values, labels):
    """The median over the values of each label, drawn to zero where they are few; an array over the values."""
    out = np.empty(len(values))
    for label in np.unique(labels):
        mine = labels == label
        out[mine] = np.median(values[mine]) * mine.sum() / (mine.sum() + SHRINK)
    return out
