"""STEAD as its authors distribute it: one table and one HDF5 file with a data set per trace."""

from pathlib import Path

from seissynth.errors import FileFormatError
from seissynth.io.seisbench.dataset import Dataset

#: STEAD's column -> SeisBench's (Mousavi et al., 2019, doi:10.1109/ACCESS.2019.2947848, table 2); others stay
_COLUMNS = {
    "network_code": "station_network_code",
    "receiver_code": "station_code",
    "receiver_type": "trace_channel",
    "receiver_latitude": "station_latitude_deg",
    "receiver_longitude": "station_longitude_deg",
    "receiver_elevation_m": "station_elevation_m",
    "p_arrival_sample": "trace_p_arrival_sample",
    "p_status": "trace_p_status",
    "p_travel_sec": "path_p_travel_s",
    "s_arrival_sample": "trace_s_arrival_sample",
    "s_status": "trace_s_status",
    "source_latitude": "source_latitude_deg",
    "source_longitude": "source_longitude_deg",
    "source_distance_km": "path_ep_distance_km",
    "back_azimuth_deg": "path_back_azimuth_deg",
}
#: samples first, then components E, N, Z; 100 Hz, counts
_FORMAT = {"dimension_order": "WC", "component_order": "ENZ", "sampling_rate": 100.0}
_FORMAT |= {"measurement": "velocity", "unit": "counts"}


def open_stead(path):
    """Open a local copy of STEAD: SeisBench's version, or the authors' merged.csv and merged.hdf5.

    Parameters
    ----------
    path : path
        The folder.

    Returns
    -------
    Dataset
    """
    path = Path(path)
    table, samples = path / "merged.csv", path / "merged.hdf5"
    if not table.is_file() and not samples.is_file():
        return Dataset(path)
    for file in (table, samples):
        if not file.is_file():
            raise FileFormatError(f"{path} lacks {file.name}; STEAD comes as merged.csv and merged.hdf5.")
    return Dataset.of_files(table, samples, _FORMAT, _read)


def _read(path):
    import pandas

    from seissynth.io.seisbench.table import read_table

    with path.open(encoding="utf-8-sig", newline="") as file:
        header, _, rest = file.read().partition("\n")
    names = [_COLUMNS.get(name.strip(), name.strip()) for name in header.rstrip("\r").split(",")]
    table = read_table(path, ",".join(names) + "\n" + rest)
    if "source_depth_km" in table:
        # the word "None" and similar ones mark missing depths
        table["source_depth_km"] = pandas.to_numeric(table["source_depth_km"], errors="coerce")
    return table
