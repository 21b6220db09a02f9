"""Make the set on which HEGGS is pretrained: stochastic records in the geometry of Ridgecrest, with real noise.

    python -m tools.heggs.heggs_pretraining_set DATA NOISE OUTPUT [--events 3000] [--clean] [--workers 1] [--seed 2019]
        [--terms SEED]

DATA is the folder ``ridgecrest_2019`` (``inventory.xml``, ``catalog.xml``), NOISE a set that ``seissynth dataset cut``
made of it, whose rows of noise are taken (the quiet time before the first earthquake). 3,000 drawn earthquakes at 18
sensors make 54,000 records of 60 s from origin, velocity, 1 to 45 Hz: 4 GB. A call that was stopped is taken up
again by the same call.

Earthquakes are drawn uniformly in magnitude (ML), place and depth over the catalogue's area. Half of the records hold a
second earthquake. The motion, not the noise, goes through the filter, since the noise has been through it before.
"""

import argparse
from pathlib import Path

import numpy as np
import obspy
import pandas as pd

from seissynth.data.factory.drawn_earthquakes import Box, DrawnEarthquakes
from seissynth.data.factory.make import make_dataset
from seissynth.io.seisbench.dataset import Dataset
from seissynth.signal import bandpass
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.torchkit.augmentation import FADE, turned

MAGNITUDE, DEPTH_KM = (0.5, 6.5), (1.0, 16.0)
MARGIN_DEG = 0.05  # beyond the catalogue's outermost epicentres
LOW_HZ, HIGH_HZ, CORNERS = 1.0, 45.0, 4  # as `seissynth dataset cut` filters
OVERLAP_SHARE, OVERLAP_LEVEL_DB = 0.5, (-40.0, 10.0)
NOISE_GAIN_DB = (-3.0, 6.0)
SEED = 2019


class BandLimited(StochasticBackend):
    """The stochastic backend followed by the causal filter of `seissynth dataset cut`."""

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        """Make records and filter them; filter, integration and rotation commute."""
        records = super().simulate(
            conditions, start_s=start_s, npts=npts, sampling_rate_hz=sampling_rate_hz, seeds=seeds, source=source
        )
        records.data = bandpass(records.data, sampling_rate_hz, LOW_HZ, HIGH_HZ, CORNERS, zerophase=False)
        return records


class SensorNoise:
    """Noise of the same sensor: a window turned by a random time, its ends blended, with a random sign.

    Windows end before the time `until`: all folds are pretrained with them, so none may be within a block.
    """

    def __init__(self, path, until):
        data = Dataset(path)
        start = pd.to_datetime(data.metadata["trace_start_time"], utc=True, format="ISO8601")
        length = pd.to_timedelta(data.metadata["trace_npts"] / data.metadata["trace_sampling_rate_hz"], unit="s")
        early = start + length <= pd.Timestamp(str(until))
        noise = data.select((early & (data.metadata["trace_category"] == "noise")).to_numpy())
        names = noise.metadata["station_network_code"] + "." + noise.metadata["station_code"]
        records = noise.waveforms().astype(np.float64)
        self._records = {name: records[(names == name).to_numpy()] for name in names.unique()}
        self._path = path

    def __repr__(self):
        return f"<SensorNoise of {Path(self._path).name}>"

    def sample(self, sensor, npts, sampling_rate_hz, rng):  # noqa: ARG002 (as every noise)
        """Return noise, shape (3, npts)."""
        windows = self._records[f"{sensor.network}.{sensor.station}"]
        window = windows[rng.integers(len(windows))]
        moved = turned(window, npts, int(rng.integers(window.shape[1] - FADE)))
        return moved * rng.choice((-1.0, 1.0))


def main():
    """Make the set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("noise", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--clean", action="store_true", help="neither noise nor second earthquakes")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--seed", type=int, default=SEED, help="another one makes other earthquakes")
    parser.add_argument("--terms", type=int, help="another seed for what is random about the same earthquakes' records")
    given = parser.parse_args()
    catalog = obspy.read_events(given.data / "catalog.xml")
    origins = [event.preferred_origin() or event.origins[0] for event in catalog]
    latitude, longitude = np.array([(origin.latitude, origin.longitude) for origin in origins]).T
    area = Box(
        latitude.min() - MARGIN_DEG, latitude.max() + MARGIN_DEG,
        longitude.min() - MARGIN_DEG, longitude.max() + MARGIN_DEG,
    )  # fmt: skip
    times = [origin.time for origin in origins]
    earthquakes = DrawnEarthquakes(
        given.events, area, magnitude=MAGNITUDE, magnitude_type="ML", depth_km=DEPTH_KM,
        time=(str(min(times)), str(max(times))), seed=given.seed,
    )  # fmt: skip
    background = {} if given.clean else {
        "noise": SensorNoise(given.noise, min(times)), "noise_gain_db": NOISE_GAIN_DB,
        "overlap_share": OVERLAP_SHARE, "overlap_level_db": OVERLAP_LEVEL_DB,
    }  # fmt: skip
    report = make_dataset(
        given.output, obspy.read_inventory(given.data / "inventory.xml"), earthquakes,
        backend=BandLimited(magnitude_conversion="southern_california", variability=True),
        seed=given.seed if given.terms is None else given.terms,
        p_lead_s=None, start=0.0, channel="*", velocity_model="southern_california",
        **background,
        split={"train": 0.98, "dev": 0.02}, workers=given.workers,
        progress=lambda done, total: print(f"{done}/{total}", flush=True),
    )  # fmt: skip
    print(report)


if __name__ == "__main__":
    main()
