"""Plan of a block of a data set: one row per record, before simulation.

Every choice depends only on a number derived from the record's own seed, not on the other records.
"""

import functools
from dataclasses import dataclass, field

import numpy as np

from seissynth.backends._conditions_checks import describe_outside, rows_outside
from seissynth.conditions import replace_columns, write_columns
from seissynth.data.factory.network import Networks, geodesics, sphere_km
from seissynth.data.splits.parts import whole_counts
from seissynth.schema import COLUMNS
from seissynth.seeding import Seeds, generator, hash_words, seeds_of_rows
from seissynth.traveltime.first_arrivals import onsets as find_onsets

_NAMED = 20  # rows outside the backend's range, of a block
_CANDIDATES = 4  # second events that are tried for a record, in turn

#: which of a record's random numbers decides what
_STATION, _LEAD, _SNR, _GAIN, _NOISE_ROWS, _OVERLAP, _LAG, _LEVEL, _SECOND = range(9)
_DRAWS = _SECOND + _CANDIDATES


@dataclass
class BlockPlan:
    """The records of earthquakes in one block; all of length n.

    Parameters
    ----------
    table : dict of str to ndarray
        Columns of `seissynth.schema`.
    events : ndarray of int
        Event numbers.
    event_id : ndarray of str
    origin_us : ndarray of int
        Origin times, microseconds since 1970.
    sensors : list of Sensor
    start_s : ndarray
        Time of sample 0 after origin.
    seeds : Seeds
    keys : ndarray of uint64
        One per record; also used for the noise.
    draws : ndarray, shape (n, _DRAWS)
        Uniform in [0, 1).
    split : ndarray of str
    noise_rows : ndarray of int
        Number of noise rows after each record.
    second : dict or None
        The same for the second events in `second_of`: table, start_s, seeds.
    second_of : ndarray of int
        Records with a second event.
    left_out : dict of str to int
        Records that were not made, by reason.
    outside : list of str
        Stations and events of the first records outside the backend's range, if requested.
    """

    table: dict
    events: np.ndarray
    event_id: np.ndarray
    origin_us: np.ndarray
    sensors: list
    start_s: np.ndarray
    seeds: Seeds
    keys: np.ndarray
    draws: np.ndarray
    split: np.ndarray
    noise_rows: np.ndarray
    second: dict | None
    second_of: np.ndarray
    left_out: dict
    outside: list = field(default_factory=list)

    def __len__(self):
        return len(self.events)

    def draw(self, which, limits):
        """Uniform numbers of all records between two limits."""
        return limits[0] + self.draws[:, which] * (limits[1] - limits[0])


class Planner:
    """Plan blocks, and keep their common data.

    Parameters
    ----------
    settings : seissynth.data.factory.settings.Settings
    backend : seissynth.backends.base.Backend
    """

    def __init__(self, settings, backend):
        self.settings, self.backend, self.card = settings, backend, backend.card
        self._networks = Networks(settings.inventory, settings.core.channel)

    def plan(self, first, last):
        """Plan the records of events `first` to `last`, not included; BlockPlan, or EmptyPlan if there are none."""
        numbers = np.arange(first, last)
        sources = self.settings.sources.rows(numbers)
        left_out = {}
        parts = [self._event_sites(sources, i, left_out) for i in range(len(numbers))]
        parts = [part for part in parts if part is not None and len(part[2])]
        if not parts:
            return EmptyPlan(left_out)
        event = np.concatenate([np.full(len(part[2]), part[0]) for part in parts])
        columns = [{name: values[part[2]] for name, values in part[1].columns.items()} for part in parts]
        stations = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
        sites = [part[1].sites[i] for part in parts for i in part[2]]
        distance = np.concatenate([part[3] for part in parts])
        table = self._table({name: values[event] for name, values in sources.items()}, stations, sites, distance)

        keep = self._in_range(table)
        left_out["outside the backend's range"] = int((~keep).sum())
        outside = self._outside(table, sites, sources["event_id"][event])
        rows = [(i, sensor) for i in np.flatnonzero(keep) for sensor in sites[i].sensors]
        if not rows:
            return EmptyPlan(left_out, outside)
        index = np.array([row for row, _ in rows])
        sensors = [sensor for _, sensor in rows]
        event = event[index]
        table = {name: values[index] for name, values in table.items()}
        seeds = self.seeds(table)
        keys = np.array(
            [hash_words("data set", row, sensor.id) for row, sensor in zip(seeds.row.tolist(), sensors, strict=True)],
            dtype=np.uint64,
        )
        draws = np.stack([generator(key).random(_DRAWS) for key in keys])
        chosen = self._chosen(event, draws)
        left_out["beyond stations_per_event"] = len(keys) - len(chosen)
        table = {name: values[chosen] for name, values in table.items()}
        plan = BlockPlan(
            table=table,
            events=numbers[event[chosen]],
            event_id=sources["event_id"][event[chosen]],
            origin_us=sources["origin_us"][event[chosen]],
            sensors=[sensors[i] for i in chosen],
            start_s=None,
            seeds=seeds[chosen],
            keys=keys[chosen],
            draws=draws[chosen],
            split=self._split(numbers)[event[chosen]],
            noise_rows=None,
            second=None,
            second_of=np.zeros(0, dtype=int),
            left_out=left_out,
            outside=outside,
        )
        self._add_windows(plan)
        self._add_seconds(plan, [sites[index[i]] for i in chosen])
        return plan

    def seeds(self, table):
        """Seeds of records, those of realisation 0."""
        return seeds_of_rows(self.settings.core.seed, table, 0, self.backend)

    # --- who records, and from where

    def _event_sites(self, sources, i, left_out):
        """(event, network, sites, distance and azimuths) of the sites within reach of one event."""
        network = self._networks.at(int(sources["origin_us"][i]))
        if network is None:
            left_out["no station open"] = left_out.get("no station open", 0) + 1
            return None
        place = float(sources["source_latitude_deg"][i]), float(sources["source_longitude_deg"][i])
        limits = self.settings.distance_km
        near = np.arange(len(network.sites))
        if limits is not None:  # the sphere rules out distant sites quickly; the geodesic is slower
            rough_km = sphere_km(*place, network.latitude_deg, network.longitude_deg)
            near = near[rough_km <= 1.01 * limits[1] + 1.0]
        distance = geodesics(place, network.latitude_deg[near], network.longitude_deg[near])
        if limits is not None:
            inside = (limits[0] <= distance[:, 0]) & (distance[:, 0] <= limits[1])
            near, distance = near[inside], distance[inside]
            left_out["beyond distance_km"] = left_out.get("beyond distance_km", 0) + len(network.sites) - len(near)
        return i, network, near, distance

    # --- the conditions

    def _table(self, sources, stations, sites, distance):
        """Columns of the conditions, for many events at once."""
        core = self.settings.core
        onsets = find_onsets(
            distance[:, 0], sources["source_depth_km"], core.velocity_model, stations=[site.name for site in sites]
        )
        table = write_columns(
            sources,
            stations,
            distance_km=distance[:, 0],
            azimuth_deg=distance[:, 1],
            back_azimuth_deg=distance[:, 2],
            onsets=onsets,
            onset_origin=[onsets.origin] * len(sites),
        )
        names = [site.name for site in sites]
        for columns in core.columns_at(names):
            # a block may well hold none of the stations that are named
            here = {
                name: values
                for name, values in columns.items()
                if not isinstance(values, dict) or set(values) & set(names)
            }
            replace_columns(table, here, names)
        return table

    def _in_range(self, table):
        """Rows for which the backend is valid; all if that is not checked."""
        card, keep = self.card, np.ones(len(table["source_id"]), dtype=bool)
        if self.settings.outside not in ("leave_out", "skip"):
            return keep
        keep &= ~rows_outside(card, table)
        for name in card.required_columns:
            if not COLUMNS[name].text:
                keep &= np.isfinite(table[name].astype(float))
        return keep

    def _outside(self, table, sites, event_id):
        """Names and values of the first rows that are outside, if requested."""
        if self.settings.outside != "skip":
            return []
        rows = np.flatnonzero(rows_outside(self.card, table))[:_NAMED]
        return [describe_outside(self.card, table, row, sites[row].name, event_id[row]) for row in rows]

    def _chosen(self, event, draws):
        """Rows that are kept of each event, in order."""
        wanted = self.settings.stations_per_event
        if wanted is None:
            return np.arange(len(event))
        order = np.lexsort([draws[:, _STATION], event])
        first = np.searchsorted(event[order], event[order], side="left")
        return np.sort(order[np.arange(len(order)) - first < wanted])

    def _split(self, numbers):
        """Part of each event."""
        split = self.settings.split
        if not split:
            return np.full(len(numbers), "", dtype=object)
        return _parts_of_events(
            len(self.settings.sources), tuple(split.items()), self.settings.split_by, self.settings.core.seed
        )[numbers]

    # --- windows and second events

    def _add_windows(self, plan):
        s = self.settings
        if s.p_lead_s is None:
            plan.start_s = np.full(len(plan), float(s.core.start or 0.0))
        else:
            plan.start_s = self._on_grid(plan.table["path_p_travel_s"] - plan.draw(_LEAD, s.p_lead_s))
        many = s.noise_share / (1.0 - s.noise_share)
        plan.noise_rows = (np.floor(many) + (plan.draws[:, _NOISE_ROWS] < many % 1.0)).astype(int)

    def _on_grid(self, seconds):
        rate = self.settings.core.sampling_rate
        return np.round(seconds * rate) / rate

    def _add_seconds(self, plan, sites):
        """Choose a second event for a share of the records, and a random position of its P."""
        s = self.settings
        holds = np.flatnonzero(plan.draws[:, _OVERLAP] < s.overlap_share)
        if not len(holds):
            return
        chosen = [None] * len(holds)
        for turn in range(_CANDIDATES):
            missing = [i for i, item in enumerate(chosen) if item is None]
            if not missing:
                break
            rows = holds[missing]
            numbers = (plan.draws[rows, _SECOND + turn] * len(s.sources)).astype(int)
            table = self._second_table(plan, rows, numbers, [sites[row] for row in rows])
            keep = self._in_range(table)
            if s.distance_km is not None:
                keep &= (s.distance_km[0] <= table["path_ep_distance_km"]) & (
                    table["path_ep_distance_km"] <= s.distance_km[1]
                )
            for k in np.flatnonzero(keep):
                chosen[missing[k]] = {name: values[k] for name, values in table.items()}
        good = [i for i, item in enumerate(chosen) if item is not None]
        if not good:
            return
        plan.second_of = holds[good]
        table = {name: _column([chosen[i][name] for i in good], COLUMNS[name].text) for name in COLUMNS}
        if s.overlap_lag_s is None:
            onset = plan.draws[plan.second_of, _LAG] * s.core.duration
        else:
            p = plan.table["path_p_travel_s"][plan.second_of] - plan.start_s[plan.second_of]
            onset = p + plan.draw(_LAG, s.overlap_lag_s)[plan.second_of]
        plan.second = {
            "table": table,
            "start_s": self._on_grid(table["path_p_travel_s"] - onset),
            "seeds": self.seeds(table),
        }

    def _second_table(self, plan, rows, numbers, sites):
        sources = self.settings.sources.rows(numbers)
        # another name, which makes the same earthquake on its own, maybe in another part, is another realisation
        sources["source_id"] = np.array(
            [f"{key}/second in {plan.keys[row]}" for key, row in zip(sources["source_id"], rows, strict=True)],
            dtype=object,
        )
        places = zip(sources["source_latitude_deg"].tolist(), sources["source_longitude_deg"].tolist(), strict=True)
        latitude, longitude = (plan.table[f"station_{name}_deg"][rows] for name in ("latitude", "longitude"))
        distance = np.concatenate(
            [geodesics(place, latitude[i : i + 1], longitude[i : i + 1]) for i, place in enumerate(places)]
        )
        stations = {name: values[rows] for name, values in plan.table.items() if name.startswith("station_")}
        return self._table(sources, stations, sites, distance)


class EmptyPlan:
    """A block without records."""

    def __init__(self, left_out, outside=()):
        self.left_out, self.outside = left_out, list(outside)

    def __len__(self):
        return 0


def _column(values, text):
    return np.array(values, dtype=object if text else float)


@functools.lru_cache(maxsize=4)
def _parts_of_events(count, split, split_by, seed):
    """Part of each earthquake: whole numbers of them in the requested shares, in sequence or drawn."""
    names, shares = (np.array(values) for values in zip(*split, strict=True))
    parts = names.astype(object)[np.repeat(np.arange(len(names)), whole_counts(count, shares))]
    if split_by == "block":
        return parts
    return generator(hash_words("data set split", seed)).permutation(parts)
