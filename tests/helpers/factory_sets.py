"""A small set of the factory, and a backend that kills its process once."""

from pathlib import Path

from killing_backend import Killing

import seissynth
from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes, around_station
from seissynth.data.factory.make import make_dataset
from seissynth.events.earthquakes import read_earthquake

INVENTORY, _ = seissynth.read_example()
EARTHQUAKES = DrawnEarthquakes(24, around_station(INVENTORY, "XX.AMAT", 60.0), magnitude=(2, 5), seed=4)
ARGUMENTS = {
    "duration": 12.0, "sampling_rate": 20.0, "noise": "nlnm", "noise_share": 0.2, "overlap_share": 0.3,
    "snr_db": (0, 20), "block_records": 21,
}  # fmt: skip
#: of the fifth of eight blocks
DEADLY = read_earthquake(EARTHQUAKES.event(13)).key


def make(path, flag="", **changes):
    backend = Killing(flag=str(flag), at=DEADLY)
    return make_dataset(path, INVENTORY, EARTHQUAKES, **{**ARGUMENTS, "backend": backend, **changes})


def contents(path):
    return {item.name: item.read_bytes() for item in Path(path).iterdir()}
