"""The StationXML files that come with ObsPy, its tests' included: real and odd metadata of many makers."""

import functools
import warnings
from pathlib import Path

import obspy


@functools.lru_cache(maxsize=1)
def station_xml_files():
    """Paths of all StationXML files below ObsPy's package folder."""
    root = Path(obspy.__file__).parent
    return tuple(path for path in sorted(root.rglob("*.xml")) if b"FDSNStationXML" in path.read_bytes()[:3000])


@functools.lru_cache(maxsize=1)
def station_xml_inventories():
    """Pairs of file name and Inventory, without what ObsPy itself cannot read."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ObsPy's own, about odd files
        for path in station_xml_files():
            try:
                found.append((path.name, obspy.read_inventory(str(path))))
            except Exception:
                continue
    return tuple(found)
