"""Make a set of the default backend that trains a picker for one real station: `make_picker_set.py DATA WORK`.

    python -m tools.downstream.make_picker_set DATA WORK [--records 20000]

DATA holds ``sichuan_yunnan_station/`` (SeisBench form: one station, 50 Hz, splits). The set knows no real earthquake:
its noise is like the motion before P in the training split, its events are drawn around a station. It goes to
``WORK/generated``; existing parts are kept, and an interrupted run resumes. ``downstream.py`` trains with
it.
"""

import argparse
from pathlib import Path

import numpy as np
from obspy.core.inventory import Inventory, Network, Station

import seissynth
from seissynth.data.factory.drawn_earthquakes import Circle, DrawnEarthquakes
from seissynth.io.seisbench.dataset import Dataset, DatasetWriter
from seissynth.noise.front import noise_like

RATE_HZ = 50.0
NPTS = 3000
BEFORE_P_S = 0.3  # of noise that is not taken
PLACE = (25.0, 100.0)
#: largest epicentral distance, and ranges of magnitude and depth: small and local, as for a dense network
RADIUS_KM, MAGNITUDES, DEPTHS_KM = 60.0, (0.0, 4.0), (2.0, 8.0, 20.0)
SNR_DB = (5.0, 45.0)
OVERLAP_SHARE, NOISE_SHARE = 0.3, 0.05


def make_noise(train, folder):
    """Write a minute of noise like the motion before P in each real record."""
    if (folder / "metadata.csv").exists():
        return
    rng = np.random.default_rng(0)
    onsets = train.metadata["trace_p_arrival_sample"].to_numpy(float)
    with DatasetWriter(folder, sampling_rate_hz=RATE_HZ, overwrite=True) as writer:
        for row, onset in enumerate(onsets):
            before = train.waveform(row)[:, : int(onset - BEFORE_P_S * RATE_HZ)]
            table = [{"trace_category": "noise", "station_network_code": "XX", "station_code": "SY01",
                      "trace_sampling_rate_hz": RATE_HZ, "trace_start_time": "2020-01-01T00:00:00Z"}]  # fmt: skip
            writer.write(table, noise_like(before, NPTS, rng)[None].astype(np.float32))


def make_records(records, noise, folder):
    """Write the generated set, or resume it."""
    inventory = Inventory([Network("XX", [Station("SY01", *PLACE, elevation=0.0)])])
    drawn = DrawnEarthquakes(
        records,
        Circle(*PLACE, radius_km=RADIUS_KM),
        magnitude=MAGNITUDES,
        magnitude_type="ML",
        depth_km=DEPTHS_KM,
        seed=1,
    )
    return seissynth.make_dataset(
        folder, inventory, drawn, sampling_rate=RATE_HZ, duration=NPTS / RATE_HZ, p_lead_s=(3.0, 30.0),
        noise=str(noise),
        snr_db=SNR_DB, noise_share=NOISE_SHARE, overlap_share=OVERLAP_SHARE, seed=1, outside="allow",
        split={"train": 0.95, "dev": 0.05},
    )  # fmt: skip


def main():
    """Make noise, then records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--records", type=int, default=20_000)
    arguments = parser.parse_args()
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    make_noise(Dataset(arguments.data / "sichuan_yunnan_station").split("train"), work / "noise")
    print(make_records(arguments.records, work / "noise", work / "generated"))


if __name__ == "__main__":
    main()
