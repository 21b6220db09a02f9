"""The table beside the ASDF files of a set of `make_dataset`, by record."""

from seissynth.io.seisbench.table import read_table

#: names of the records', the noise's and the table's files of a shard begin with these, and end with its number
_KINDS = ("records", "noise")
_FILE = "trace_asdf_file"


def rows_beside(path):
    """Return the rows that the table of a shard has on the records of one of its ASDF files.

    Parameters
    ----------
    path : pathlib.Path
        ``records_000000.h5`` or ``noise_000000.h5``; of any other file, or without the table, there are no rows.

    Returns
    -------
    dict of tuple to dict
        By `key_of`; rows of one key, such as those of an earthquake that a catalogue holds twice, are left out.
    """
    kind, _, number = path.stem.rpartition("_")
    table = path.with_name(f"metadata_{number}.csv")
    if kind not in _KINDS or not table.is_file():
        return {}
    rows, seen = {}, set()
    for row in read_table(table, of_asdf=True).to_dict("records"):
        if row.get(_FILE) != path.name:
            continue
        key = key_of(row)
        if key in seen:
            rows.pop(key, None)
            continue
        seen.add(key)
        rows[key] = {name: value for name, value in row.items() if name != _FILE}
    return rows


def key_of(row):
    """Return what tells a record from the others of its file: its sensor and its start."""
    names = ("station_network_code", "station_code", "station_location_code", "trace_channel", "trace_start_time")
    return tuple(str(row.get(name, "")) for name in names)
