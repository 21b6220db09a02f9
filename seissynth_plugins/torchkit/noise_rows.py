"""Select noise rows for a training that share neither samples nor time with held-out records.

Noise is used for augmentation and for the quiet levels of sensors, and leaks like records.
"""

import numpy as np

from seissynth.data.splits.intervals import shares_samples

#: parts that training must not see
HELD_OUT = ("dev", "test")


def purged_noise(table, rules, parts, timed, stations_out):
    """Return which rows of noise are left out, ndarray of bool.

    Parameters
    ----------
    table : DataFrame
        Of `training_rows.open_table`.
    rules : RecordRules
    parts : Series of str
        Parts of the earthquakes' rows.
    timed : sequence of int
        Numbers of the sets that were divided into blocks of time.
    stations_out : ndarray of bool
        Rows at stations that no training sees.

    Returns
    -------
    ndarray of bool, shape (rows,)
        Rows of noise that the set's own column ``split`` keeps out; that are of a station kept out; that share a sample
        with any earthquake's window at the station, as windows of two parts must not; or that are within the time of a
        block for validation or testing. Rows without recorded times, those of generated sets, pass the last two.
    """
    noise = table["noise"].to_numpy(bool)
    bad = noise & stations_out
    if "split" in table:
        bad = bad | (noise & table["split"].isin(HELD_OUT).to_numpy())
    start, end, known = intervals(table, rules)
    known = known & ~table["made"].to_numpy(bool)
    quiet, quakes = np.flatnonzero(noise & known), np.flatnonzero(~noise & known)
    bad[quiet] |= shares_samples(station_codes(table), start, end, quiet, quakes)
    for number in timed:
        for part in HELD_OUT:
            rows = quakes[(parts.iloc[quakes] == part).to_numpy() & (table["set"].iloc[quakes] == number).to_numpy()]
            if len(rows):
                bad[quiet] |= (start[quiet] <= end[rows].max()) & (end[quiet] >= start[rows].min())
    return bad


def apart_from_earthquakes(table, rules):
    """Return which rows of a set are noise that shares no sample with an earthquake's window at its station."""
    noise = (table["trace_category"] == "noise").to_numpy(copy=True)
    start, end, known = intervals(table, rules)
    quiet, quakes = np.flatnonzero(noise & known), np.flatnonzero(~noise & known)
    noise[quiet[shares_samples(station_codes(table), start, end, quiet, quakes)]] = False
    return noise


def station_codes(table):
    """Return a number for each row's NET.STA."""
    import pandas

    return pandas.factorize(sensor_names(table))[0]


def sensor_names(table):
    """Return NET.STA of each row, or STA where the set names no network."""
    stations = table["station_code"].astype(str)
    if "station_network_code" not in table:
        return stations
    return table["station_network_code"].astype(str) + "." + stations


def intervals(table, rules):
    """Return times of the first and of the last sample, ns, and which rows have any."""
    import pandas

    if "trace_start_time" not in table:
        nothing = np.zeros(len(table), np.int64)
        return nothing, nothing, np.zeros(len(table), bool)
    times = pandas.to_datetime(table["trace_start_time"], utc=True, errors="coerce", format="ISO8601")
    start = times.dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
    known = times.notna().to_numpy()
    start = np.where(known, start, 0)
    return start, start + round((rules.npts - 1) / rules.sampling_rate_hz * 1e9), known
