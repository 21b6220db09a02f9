"""Show a data set in a notebook: the most used columns of its first and last rows."""

_COLUMNS = (
    "source_id", "source_magnitude", "station_network_code", "station_code", "path_hyp_distance_km",
    "path_ep_distance_km", "trace_p_arrival_sample", "trace_s_arrival_sample", "trace_snr_db", "trace_npts", "split",
)  # fmt: skip
_ROWS = 10


def metadata_cells(metadata):
    """Return names of columns, and words of the rows that are shown.

    Parameters
    ----------
    metadata : DataFrame

    Returns
    -------
    head : list of str
    rows : list of list of str
    """
    names = [name for name in _COLUMNS if name in metadata] or list(metadata.columns[:8])
    rows = list(range(len(metadata)))
    if len(rows) > _ROWS:
        rows = [*rows[: _ROWS // 2], None, *rows[-_ROWS // 2 :]]
    cells = [
        ["..."] * (len(names) + 1) if row is None else [str(row), *(_cell(metadata[name].iloc[row]) for name in names)]
        for row in rows
    ]
    return ["row", *names], cells


def _cell(value):
    if isinstance(value, float):
        return "–" if value != value else f"{value:.6g}"
    return str(value)
