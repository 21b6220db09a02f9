"""Simulation: records of a backend, and their motion in any quantity."""

from dataclasses import dataclass

import numpy as np

from seissynth.backends.run import run_backend
from seissynth.record_windows import WindowGroup
from seissynth.records import Records
from seissynth.seeding import Seeds
from seissynth.shared.warning import warn_user
from seissynth.signal.motion import convert_motion


@dataclass
class Simulation:
    """Result of one call of a backend; `records` and `motion` have one row for each of `group.rows`.

    Parameters
    ----------
    group : seissynth.record_windows.WindowGroup
        Rows of the request.
    records : seissynth.records.Records
    motion : GroundMotion
    """

    group: WindowGroup
    records: Records
    motion: "GroundMotion"


def simulate(request, group, seeds, backend, outside="raise"):
    """Make the records of some sites with a backend.

    Parameters
    ----------
    request : seissynth.requests.RecordRequest
    group : seissynth.record_windows.WindowGroup
    seeds : seissynth.seeding.Seeds
        Of all sites of the request.
    backend : seissynth.backends.base.Backend
    outside : str
        See `seissynth.generate`.

    Returns
    -------
    Simulation

    Warns
    -----
    SeisSynthWarning
        Records that do not contain their onsets.
    """
    (simulation,) = simulate_realizations(request, group, [seeds], backend, outside)
    warn_of_cut_onsets(request, group, [simulation.records])
    return simulation


def simulate_realizations(request, group, seeds, backend, outside="raise"):
    """Make several realisations of some sites in one call of the backend, which may take many rows as fast as one.

    Parameters
    ----------
    request, group, backend, outside
        As for `simulate`.
    seeds : list of seissynth.seeding.Seeds
        Of all sites of the request, for each realisation.

    Returns
    -------
    list of Simulation
        One for each realisation, with the same values as from `simulate`, which says more of them:
        `warn_of_cut_onsets` is left to the caller.
    """
    count, rows = len(group.rows), np.tile(group.rows, len(seeds))
    records = run_backend(
        backend,
        request.conditions.iloc[rows].reset_index(drop=True),
        start_s=np.tile(np.broadcast_to(group.start_s, count), len(seeds)),
        npts=group.npts,
        sampling_rate_hz=group.sampling_rate_hz,
        seeds=Seeds.concatenate([one[group.rows] for one in seeds]),
        source=None if request.source is None else request.source.select(rows),
        outside=outside,
    )
    back_azimuth_deg = request.conditions["path_back_azimuth_deg"].to_numpy()[group.rows]
    simulations = []
    for first in range(0, len(rows), count):
        part = records.select(slice(first, first + count))
        motion = GroundMotion(part, backend.card, back_azimuth_deg, group.sampling_rate_hz)
        simulations.append(Simulation(group, part, motion))
    return simulations


class GroundMotion:
    """Motion of n sites in Z (up), N, E, in any quantity.

    Parameters
    ----------
    records : seissynth.records.Records
        Their data is turned to Z, N, E in place: a copy of it would take as long as some of the steps that made it.
    card : seissynth.backends.base.Card
        States the quantity and component order of `records`.
    back_azimuth_deg : ndarray, shape (n,)
        For backends that return radial and transverse motion.
    sampling_rate_hz : float
    """

    def __init__(self, records, card, back_azimuth_deg, sampling_rate_hz):
        self.card = card
        self.sampling_rate_hz = sampling_rate_hz
        self._made = {card.quantity: to_zne(records.data, card.component_order, back_azimuth_deg)}

    def get(self, quantity):
        """Motion as `quantity`, ndarray, shape (n, 3, npts), float32, SI; normalised records unchanged."""
        if self.card.quantity == "normalised":
            return self._made["normalised"]
        if quantity not in self._made:
            data = self._made[self.card.quantity]
            self._made[quantity] = convert_motion(data, self.sampling_rate_hz, self.card.quantity, quantity)
        return self._made[quantity]


def to_zne(data, component_order, back_azimuth_deg):
    """Convert components to the order Z, N, E, in place if they are turned.

    Parameters
    ----------
    data : ndarray, shape (n, 3, npts)
    component_order : str
        A permutation of ZNE or ZRT; R points away from the source, T clockwise from R seen from above.
    back_azimuth_deg : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n, 3, npts), dtype of `data`
    """
    if component_order == "ZNE":
        return data
    if "N" in component_order:
        return np.stack([data[:, component_order.index(letter)] for letter in "ZNE"], axis=1)
    at = component_order.index("Z"), component_order.index("R"), component_order.index("T")
    angle = np.radians(np.asarray(back_azimuth_deg, dtype=float))
    cosines, sines = np.cos(angle).astype(data.dtype), np.sin(angle).astype(data.dtype)
    for record, cosine, sine in zip(data, cosines, sines, strict=True):  # a record at a time stays in the cache
        vertical, radial, transverse = (record[component] for component in at)
        north, east = sine * transverse - cosine * radial, -sine * radial - cosine * transverse
        if at[0] != 0:
            record[0] = vertical
        record[1], record[2] = north, east
    return data


def warn_of_cut_onsets(request, group, parts):
    """Warn once for a group of records that do not contain their P or S onset.

    Parameters
    ----------
    request : seissynth.requests.RecordRequest
    group : seissynth.record_windows.WindowGroup
    parts : list of Records
        Of all rows of the group, in order.
    """
    starts, p_s, s_s = (np.concatenate([getattr(part, name) for part in parts]) for name in ("start_s", "p_s", "s_s"))
    end = starts + (group.npts - 1) / group.sampling_rate_hz
    names = [request.sites[row].name for row in group.rows]
    for phase, onsets in (("P", p_s), ("S", s_s)):
        outside = np.flatnonzero((onsets < starts) | (onsets > end))
        if len(outside):
            i = outside[0]
            warn_user(
                f"{phase} lies outside the record of {len(outside)} of {len(onsets)} sites and is NaN there (first is "
                f"{names[i]}: {phase} {onsets[i]:.1f} s after origin, record from {starts[i]:.1f} to "
                f"{end[i]:.1f} s). Pass another start= or duration=."
            )
