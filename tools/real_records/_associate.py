"""From picks of a network to earthquakes: a stack of origin times over a grid, and locations by least residuals.

Each pick, at each node of a coarse grid, says when the earthquake would have been. Where most picks agree is the next
earthquake: it is located on a finer grid by least mean absolute residuals, takes its picks away, and the search goes
on.
"""

from dataclasses import dataclass

import numpy as np

from seissynth.shared.geodesic import distances_and_azimuths
from seissynth.traveltime import onsets

#: an earthquake needs so many picks, at so many stations
LEAST_PICKS, LEAST_STATIONS, LEAST_S = 12, 5, 2
#: a pick belongs to an earthquake within this of its onset, s
NEAR_S = {"P": 0.8, "S": 1.2}
#: what is left of an earthquake's picks is no other earthquake so soon before or after it, s
_APART_S = 2.5
_BIN_S = 0.5
_DEPTHS_KM = (3.0, 7.0, 11.0)
_FINEST_DEPTHS_KM = np.arange(1.0, 16.0)
_STEP_DEG, _FINEST_DEG, _AROUND_DEG = 0.02, 0.005, 0.04
_TABLE_KM = np.arange(0.0, 160.0, 0.5)
_KM_PER_DEGREE = 111.19


@dataclass
class Found:
    """One earthquake: origin (s after 1970, degrees, km), rows of its picks, their residuals and mean size, s."""

    time: float
    latitude: float
    longitude: float
    depth_km: float
    rows: np.ndarray
    residuals: np.ndarray
    misfit_s: float
    magnitude: float = np.nan
    magnitude_stations: int = 0


class Network:
    """Places of stations, and travel times to them in a velocity model.

    Parameters
    ----------
    inventory : obspy Inventory
    model : str
    box : (south, north, west, east), degrees
        Where earthquakes are looked for.
    """

    def __init__(self, inventory, model, box):
        self.names = [f"{network.code}.{one.code}" for network in inventory for one in network]
        self.places = np.array([(one.latitude, one.longitude) for network in inventory for one in network])
        self.box, self.model, self.late = box, model, {}
        self._depths = _FINEST_DEPTHS_KM
        found = [onsets(_TABLE_KM, depth, model) for depth in self._depths]
        self._tables = {"P": np.array([one.p_s for one in found]), "S": np.array([one.s_s for one in found])}

    def times(self, phase, station, latitude, longitude, depth_km):
        """Travel times of arrays of hypocentres to one station, s."""
        place = self.places[self.names.index(station)]
        north = (latitude - place[0]) * _KM_PER_DEGREE
        east = (longitude - place[1]) * _KM_PER_DEGREE * np.cos(np.radians(0.5 * (latitude + place[0])))
        column = np.hypot(north, east) / (_TABLE_KM[1] - _TABLE_KM[0])
        row = np.clip(depth_km - self._depths[0], 0, len(self._depths) - 1.001)
        i, j = row.astype(int), np.minimum(column.astype(int), len(_TABLE_KM) - 2)
        a, b, table = row - i, column - j, self._tables[phase]
        time = (1 - a) * ((1 - b) * table[i, j] + b * table[i, j + 1])
        time += a * ((1 - b) * table[i + 1, j] + b * table[i + 1, j + 1])
        return time + self.late.get((station, phase), 0.0)

    def grid(self):
        """Nodes of the coarse grid: latitude, longitude, depth."""
        south, north, west, east = self.box
        return _mesh(np.arange(south, north, _STEP_DEG), np.arange(west, east, _STEP_DEG), np.array(_DEPTHS_KM))


def distance_km(a, b):
    """Epicentral distance of two (latitude, longitude), km."""
    return float(distances_and_azimuths(*a, [b[0]], [b[1]])[0][0]) / 1000.0


def associate(picks, network):
    """Find earthquakes in picks.

    Parameters
    ----------
    picks : DataFrame
        ``station``, ``phase``, ``time``; in the order of time.
    network : Network

    Returns
    -------
    list of Found
        In the order of time.
    """
    nodes = network.grid()
    times = picks["time"].to_numpy()
    begin = times.min() - 60.0
    at = np.empty((len(picks), len(nodes[0])), dtype=np.int32)
    groups = picks.groupby(["station", "phase"]).indices
    for (station, phase), rows in groups.items():
        travel = network.times(phase, station, *nodes)
        at[rows] = ((times[rows, None] - begin - travel) / _BIN_S).astype(np.int32)
    bins = int(at.max()) + 2
    counts = np.zeros((len(nodes[0]), bins), dtype=np.int16)
    columns = np.arange(len(nodes[0]))
    for row in range(len(picks)):
        counts[columns, at[row]] += 1
    free, out = np.ones(len(picks), dtype=bool), []
    best = _best_of_bins(counts, np.arange(bins - 1))
    while True:
        top = int(best.argmax())
        if best[top] < LEAST_PICKS:
            return sorted(out, key=lambda one: one.time)
        node = int((counts[:, top] + counts[:, top + 1]).argmax())
        start = [float(part[node]) for part in nodes]
        found = _locate(picks, network, free, begin + (top + 1) * _BIN_S, start)
        if found is None:
            best[top] = 0  # until another earthquake changes it, which only takes picks away
            continue
        if all(abs(found.time - one.time) > _APART_S for one in out):
            out.append(found)
        free[found.rows] = False
        touched = set()
        for row in found.rows:
            counts[columns, at[row]] -= 1
            touched |= set(np.unique(at[row]).tolist())
        touched = np.array(sorted(touched | {one - 1 for one in touched if one > 0}))
        touched = touched[(touched < bins - 1)]
        alive = touched[best[touched] > 0]
        best[alive] = _best_of_bins(counts, alive)


def station_residuals(found, picks):
    """Median residual of each station and phase over earthquakes, drawn to zero where they are few; a dict."""
    rows = np.concatenate([one.rows for one in found])
    late = np.concatenate([one.residuals for one in found])
    keys = list(zip(picks["station"].to_numpy()[rows], picks["phase"].to_numpy()[rows], strict=True))
    out = {}
    for key in sorted(set(keys)):
        values = late[[one == key for one in keys]]
        out[key] = float(np.median(values)) * len(values) / (len(values) + 1)
    return out


# --- below the road


def _best_of_bins(counts, bins):
    return (counts[:, bins] + counts[:, bins + 1]).max(axis=0)


def _mesh(*axes):
    return [part.ravel() for part in np.meshgrid(*axes, indexing="ij")]


def _locate(picks, network, free, time, start):
    """Alternate between the picks that belong to an earthquake and where it is; None where too few do."""
    stations, phases, times = (picks[name].to_numpy() for name in ("station", "phase", "time"))
    place, wide = start, 2.0
    for step in (2 * _FINEST_DEG, _FINEST_DEG, _FINEST_DEG):
        rows = _belonging(stations, phases, times, free, network, time, place, wide)
        if len(rows) < LEAST_PICKS:
            return None
        around = 2 * _AROUND_DEG if step > _FINEST_DEG else _AROUND_DEG
        south, north, west, east = network.box
        nodes = _mesh(
            np.arange(max(place[0] - around, south), min(place[0] + around, north), step),
            np.arange(max(place[1] - around, west), min(place[1] + around, east), step), _FINEST_DEPTHS_KM,
        )  # fmt: skip
        origins = np.array([times[row] - network.times(phases[row], stations[row], *nodes) for row in rows])
        middle = np.median(origins, axis=0)
        misfit = np.abs(origins - middle).mean(axis=0)
        best = int(misfit.argmin())
        place, time, wide = [float(part[best]) for part in nodes], float(middle[best]), 1.0
    late = origins[:, best] - middle[best]
    near = np.abs(late) <= [NEAR_S[phases[row]] for row in rows]
    rows, late = rows[near], late[near]
    seen_s = (phases[rows] == "S").sum()
    if len(rows) < LEAST_PICKS or len(set(stations[rows])) < LEAST_STATIONS or seen_s < LEAST_S:
        return None
    return Found(time, *place, rows, late, float(np.abs(late).mean()))


def _belonging(stations, phases, times, free, network, time, place, wide):
    """Rows of the nearest free pick of each station and phase within reach of its onset."""
    near = np.flatnonzero(free & (times > time - 1.0) & (times < time + 60.0))
    best = {}
    for row in near:
        travel = float(network.times(phases[row], stations[row], *(np.array([x]) for x in place))[0])
        off = abs(times[row] - time - travel)
        key = stations[row], phases[row]
        if off <= wide * NEAR_S[phases[row]] and off < best.get(key, (np.inf, 0))[0]:
            best[key] = off, row
    return np.array(sorted(row for _, row in best.values()), dtype=int)
