"""Make the set on which SWaG is pretrained: records of the default backend far and near, with real noise.

    python -m tools.swag.swag_pretraining_set DATA NOISE OUTPUT [--events 1200]

DATA is the folder ``ridgecrest_2019`` (``inventory.xml``, ``catalog.xml``), NOISE a set that ``seissynth dataset cut``
made of it, whose rows of noise before the first earthquake are taken. 1,200 drawn earthquakes at 18 sensors make
21,600 records of 60 s, velocity, 1 to 45 Hz, 100 Hz: 1.6 GB. P comes 2 to 24 s after the first sample, S up to 22 s
later, with 5 to 45 dB of signal over noise. A call that was stopped is taken up again by the same call.

With ``--catalog`` the earthquakes are those of DATA, noise has its own level and records begin 5 s before the origin
time, as those that ``swag_ridgecrest_set.py`` selects: what the default backend makes in the place of the real ones,
for ``swag_scores.py --default``.
"""

import argparse
from pathlib import Path

import obspy

from seissynth.data.factory.drawn_earthquakes import Circle, DrawnEarthquakes
from seissynth.data.factory.make import make_dataset
from tools.heggs.heggs_pretraining_set import BandLimited, SensorNoise

CENTRE, RADIUS_KM = (35.7, -117.55), 150.0
MAGNITUDE, DEPTH_KM = (0.0, 5.5), (1.0, 6.0, 20.0)
P_LEAD_S, SNR_DB = (2.0, 24.0), (5.0, 45.0)
NOISE_SHARE = 0.03
SEED = 2025
#: of records of the catalogue, s after origin
START_S = -5.0


def main():
    """Make the set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("noise", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--events", type=int, default=1200)
    parser.add_argument("--catalog", action="store_true", help="the real earthquakes in place of drawn ones")
    arguments = parser.parse_args()
    catalog = obspy.read_events(arguments.data / "catalog.xml")
    first = min((event.preferred_origin() or event.origins[0]).time for event in catalog)
    if arguments.catalog:
        earthquakes, about = catalog, {"p_lead_s": None, "start": START_S, "split": None}
    else:
        earthquakes = DrawnEarthquakes(
            arguments.events, Circle(*CENTRE, radius_km=RADIUS_KM), magnitude=MAGNITUDE, magnitude_type="ML",
            depth_km=DEPTH_KM, time=(str(first), str(first + 3600)), seed=SEED,
        )  # fmt: skip
        about = {
            "p_lead_s": P_LEAD_S, "snr_db": SNR_DB, "noise_share": NOISE_SHARE, "split": {"train": 0.98, "dev": 0.02}
        }  # fmt: skip
    report = make_dataset(
        arguments.output, obspy.read_inventory(arguments.data / "inventory.xml"), earthquakes,
        backend=BandLimited(magnitude_conversion="southern_california", variability=True), seed=SEED, channel="*",
        velocity_model="southern_california", noise=SensorNoise(arguments.noise, first), outside="allow",
        progress=lambda done, total: print(f"{done}/{total}", flush=True), **about,
    )  # fmt: skip
    print(report)


if __name__ == "__main__":
    main()
