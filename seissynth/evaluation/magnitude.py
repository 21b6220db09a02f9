"""Local magnitude from the amplitude on a Wood-Anderson seismometer, by region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.checks import positive
from seissynth.signal.magnitude_scales import MAGNITUDE_REGIONS, minus_log_a0, positive_array

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike

    from seissynth.evaluation.record_sets import RecordSet

#: static magnification of the Wood-Anderson seismometer to which the distance terms below belong
STANDARD_GAIN = 2080.0

_MEDIAN_FACTOR = 1.2533  # standard error of a median over that of a mean, normal values


def local_magnitude(
    amplitude_mm: ArrayLike,
    distance_km: ArrayLike,
    region: str = "southern_california",
    correction: ArrayLike = 0.0,
    gain: float = STANDARD_GAIN,
) -> np.ndarray:
    """Return the local magnitude, log10 A - log10 A0 + correction.

    Parameters
    ----------
    amplitude_mm : array_like
        Zero-to-peak amplitude of one horizontal on a Wood-Anderson seismometer, mm, above 0, as returned by
        `seissynth.signal.wood_anderson_amplitude`.
    distance_km : array_like, broadcast against `amplitude_mm`
        Above 0; hypocentral, for "korea" epicentral.
    region : {"southern_california", "hutton_boore", "korea", "italy"}
        Region of the distance term; see `minus_log_a0`.
    correction : array_like
        Station term, with the sign of the formula: it is added.
    gain : float
        Static magnification with which `amplitude_mm` was made. The terms belong to 2080 (Uhrhammer & Collins 1990);
        an amplitude of another instrument is scaled to that.

    Returns
    -------
    ndarray, broadcast shape
        One magnitude per amplitude. A network's is usually the median over stations of the mean of both horizontals.

    Raises
    ------
    InputError
        Unknown region, or an amplitude, a distance or a gain not above 0.

    References
    ----------
    The sources of the regions are in `MAGNITUDE_REGIONS`. Equations 17 to 21 and 23 of HEGGS (2025).

    Examples
    --------
    >>> from seissynth.evaluation import local_magnitude
    >>> float(local_magnitude(1.0, 100.0, region="hutton_boore"))  # Richter's definition
    3.0
    >>> float(local_magnitude(1.0, 100.0).round(3))
    3.095
    """
    amplitude = positive_array("amplitude_mm", amplitude_mm) * (STANDARD_GAIN / positive("gain", gain))
    term = minus_log_a0(distance_km, region)
    return np.log10(amplitude) + term + np.asarray(correction, dtype=float)


def network_magnitude(
    magnitudes: ArrayLike,
    events: ArrayLike,
    stations: ArrayLike,
    *,
    corrections: dict[str, float] | None = None,
    least_stations: int = 3,
) -> pandas.DataFrame:
    """Combine the magnitudes of records to one magnitude per event.

    Parameters
    ----------
    magnitudes : array_like, shape (n,)
        Local magnitude of each record; NaN is left out. Two horizontals given as rows of one station count as one:
        their mean is taken first.
    events, stations : array_like, shape (n,)
        Labels.
    corrections : dict of str to float, optional
        Station -> correction added to its magnitudes; `station_corrections` determines them.
    least_stations : int
        Events with fewer stations have NaN.

    Returns
    -------
    DataFrame
        One row per event in the order of first appearance: ``event``, ``ml`` (median over stations), ``low``, ``high``
        (95 % interval of the median: 1.96 times 1.2533 sd / sqrt(stations)), ``sd`` (over stations), ``stations``.

    Raises
    ------
    InputError
        Arrays of different lengths.

    Notes
    -----
    Networks use the median to exclude single bad stations (Uhrhammer et al. 2011 trim the mean instead). The interval
    includes only the scatter over stations, not errors common to all stations, such as a wrong distance term.

    Examples
    --------
    >>> table = network_magnitude([2.1, 2.0, 2.6, 1.0], ["a", "a", "a", "b"], ["X", "Y", "Z", "X"])
    >>> table[["event", "ml", "stations"]].values.tolist()
    [['a', 2.1, 3], ['b', nan, 1]]
    """
    import pandas as pd

    table = _record_table(magnitudes, events, stations)
    if corrections:
        table["ml"] += table["station"].map(corrections).fillna(0.0)
    of_station = table.dropna(subset="ml").groupby(["event", "station"], sort=False)["ml"].mean()
    rows = []
    for event in table["event"].unique():
        values = of_station[event].to_numpy() if event in of_station.index else np.array([])
        count = len(values)
        sd = float(values.std(ddof=1)) if count > 1 else np.nan
        ml = float(np.median(values)) if count >= least_stations else np.nan
        half = 1.96 * _MEDIAN_FACTOR * sd / np.sqrt(count) if count else np.nan
        rows.append([event, ml, ml - half, ml + half, sd, count])
    return pd.DataFrame(rows, columns=["event", "ml", "low", "high", "sd", "stations"])


def station_corrections(
    magnitudes: ArrayLike,
    events: ArrayLike,
    stations: ArrayLike,
    *,
    reference: dict[str, float] | None = None,
    least_records: int = 5,
) -> dict[str, float]:
    """Determine the correction of each station's magnitudes.

    Parameters
    ----------
    magnitudes : array_like, shape (n,)
        Local magnitude of each record; NaN is left out.
    events, stations : array_like, shape (n,)
    reference : dict of str to float, optional
        Event -> reference magnitude, such as the catalogue's. Without it the corrections have mean 0 and the means of
        events are unchanged.
    least_records : int
        Stations with fewer records get 0.

    Returns
    -------
    dict of str to float

    Notes
    -----
    With a `reference` the correction is the median over a station's records of reference - magnitude. Without it,
    station and event terms are those of `split_residuals`, and the correction is the negative station term: a station
    with few records is shrunk towards 0.

    Examples
    --------
    >>> station_corrections([2.3, 2.1, 3.3, 3.1], ["a", "a", "b", "b"], ["X", "Y", "X", "Y"],
    ...                     reference={"a": 2.1, "b": 3.1}, least_records=2)
    {'X': -0.2, 'Y': 0.0}
    """
    from seissynth.evaluation.statistics.mixed_effects import split_residuals

    table = _record_table(magnitudes, events, stations).dropna(subset="ml")
    many = table.groupby("station")["ml"].transform("size") >= least_records
    if reference is not None:
        off = (table["event"].map(reference) - table["ml"])[many].groupby(table["station"]).median().dropna()
        return {station: round(float(value), 12) for station, value in off.items()}
    split = split_residuals(table["ml"], table["event"], table["station"], limits=False)
    known = set(table["station"][many].astype(str))
    return {station: -value for station, value in split.station_terms.items() if station in known}


def record_magnitudes(
    records: RecordSet,
    region: str = "southern_california",
    *,
    measure: str = "peak",
    gain: float = STANDARD_GAIN,
    least_ratio: float = 3.0,
) -> pandas.DataFrame:
    """Local magnitude of each record of a set.

    Parameters
    ----------
    records : RecordSet
        Motion, components Z, N, E. The Wood-Anderson filter is applied to the whole record; its amplitude is read
        within the signal (`seissynth.evaluation.groups.ground_motion.windows`: to the end of the time mask).
    region : str
        One of `MAGNITUDE_REGIONS`.
    measure : {"peak", "vector"}
        "peak": mean of the magnitudes of both horizontals. "vector": of the largest length of their vector, which does
        not depend on the sensor orientation and is larger by 0.06 or so.
    gain : float
        Gain of the seismometer; the terms belong to 2080.
    least_ratio : float
        NaN for a record whose amplitude is less than this many times its noise before P.

    Returns
    -------
    DataFrame, n rows
        ``event``, ``station``, ``ml``, ``amplitude_mm`` (geometric mean of the horizontals, or the vector's),
        ``noise_ratio`` (NaN without noise before P), ``distance_km`` (of the region's kind).

    Notes
    -----
    Limits: in records without frequencies below 1 Hz the amplitude of larger earthquakes is too small, because the
    natural frequency of the Wood-Anderson seismometer is 1.25 Hz; see docs/evaluation_ground_motion.md.
    """
    import pandas as pd

    from seissynth.evaluation.groups.ground_motion import distance_of, usable, windows
    from seissynth.signal import wood_anderson

    if region not in MAGNITUDE_REGIONS:
        raise InputError(f"region={region!r} is unknown; use one of {', '.join(map(repr, MAGNITUDE_REGIONS))}.")
    if measure not in ("peak", "vector"):
        raise InputError(f"measure={measure!r} is unknown; use 'peak' or 'vector'.")
    drawn = np.abs(wood_anderson(records.motion("velocity")[:, 1:], records.sampling_rate_hz, gain=gain))
    signal, noise = windows(records)
    if measure == "vector":
        drawn = np.hypot(drawn[:, 0], drawn[:, 1])[:, None]
    top, quiet = ((drawn * part[:, None]).max(axis=2) for part in (signal, noise))
    with np.errstate(divide="ignore", invalid="ignore"):
        amplitude, before = (np.exp(np.log(part).mean(axis=1)) for part in (top, quiet))
        ratio = np.where(noise.any(axis=1) & (before > 0), amplitude / before, np.nan)
    distance = distance_of(records, MAGNITUDE_REGIONS[region].distance)
    good = (amplitude > 0) & np.isfinite(distance) & (distance > 0) & usable(records)
    good &= ~(ratio < least_ratio)
    ml = np.full(len(records), np.nan)
    ml[good] = local_magnitude(amplitude[good], distance[good], region, gain=gain)
    return pd.DataFrame(
        {"event": records.events, "station": records.stations, "ml": ml, "amplitude_mm": amplitude,
         "noise_ratio": ratio, "distance_km": distance}
    )  # fmt: skip


def _record_table(magnitudes, events, stations):
    import pandas as pd

    magnitudes, events, stations = (np.asarray(x) for x in (magnitudes, events, stations))
    if not magnitudes.shape == events.shape == stations.shape or magnitudes.ndim != 1:
        raise InputError(
            f"magnitudes {magnitudes.shape}, events {events.shape} and stations {stations.shape} must have one entry "
            "for each record."
        )
    return pd.DataFrame({"ml": magnitudes.astype(float), "event": events, "station": stations})
