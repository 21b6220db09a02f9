"""Requests: input of a backend for one earthquake, one row for each site."""

from dataclasses import dataclass
from functools import cached_property

from seissynth.conditions import make_conditions
from seissynth.paths import Paths, find_paths
from seissynth.records import Records


@dataclass
class RecordRequest:
    """One earthquake at its sites; all attributes have one row per site.

    Parameters
    ----------
    paths : seissynth.paths.Paths
    conditions : pandas.DataFrame
        From `seissynth.conditions.make_conditions`.
    source : seissynth.records.Records, optional
        Real records of the same earthquake, one for each site.
    """

    paths: Paths
    conditions: object
    source: Records | None = None

    def __len__(self):
        return len(self.paths)

    @property
    def earthquake(self):
        """The `seissynth.events.earthquakes.Earthquake`."""
        return self.paths.earthquake

    @property
    def sites(self):
        """List of `seissynth.paths.Site`."""
        return self.paths.sites

    @cached_property
    def rows(self):
        """The conditions row by row; list of dict."""
        # not to_dict("records"), in which pandas changes the process's warning filters
        columns = {name: self.conditions[name].tolist() for name in self.conditions}
        return [{name: values[row] for name, values in columns.items()} for row in range(len(self))]

    def select(self, rows):
        """Return the request for some of the sites; `rows` is an index array."""
        if len(rows) == len(self):
            return self
        source = None if self.source is None else self.source.select(rows)
        return RecordRequest(self.paths.select(rows), self.conditions.iloc[rows].reset_index(drop=True), source)


def make_request(inventory, earthquake, arguments, sensors=None):
    """Find an earthquake's paths and write their table of conditions.

    Parameters
    ----------
    inventory : obspy Inventory
    earthquake : seissynth.events.earthquakes.Earthquake
    arguments : seissynth.arguments.Arguments
    sensors : list of seissynth.stations.sensors.Sensor, optional
        Instead of those in the inventory that are open at origin time.

    Returns
    -------
    RecordRequest
        Without source records.
    """
    paths = find_paths(
        inventory,
        earthquake,
        channel=arguments.channel,
        velocity_model=arguments.velocity_model,
        onsets=arguments.onsets,
        sensors=sensors,
    )
    columns = arguments.columns_at([site.name for site in paths.sites])
    return RecordRequest(paths, make_conditions(paths, *columns))
