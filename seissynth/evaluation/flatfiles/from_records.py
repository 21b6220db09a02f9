"""A table of ground motion, as a flat file has, measured from a data set of real records."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from seissynth.errors import InputError
from seissynth.evaluation.groups.ground_motion import ground_motion_measures, windows
from seissynth.evaluation.record_sets import read_record_set
from seissynth.evaluation.results import EvaluationSettings
from seissynth.io.ground_motion_rows import usable_rows
from seissynth.io.ground_motion_tables import GroundMotionTable

if TYPE_CHECKING:
    from collections.abc import Sequence

#: least PGA over the standard deviation of acceleration before P: 20 dB
CLEAR = 10.0
_COLUMNS = {
    "event_id": "source_id", "event_time": "source_origin_time", "network": "station_network_code",
    "station": "station_code",
}  # fmt: skip


def measured_table(
    folder: str | os.PathLike[str], periods_s: Sequence[float] | None = None, clear: float = CLEAR
) -> GroundMotionTable:
    """Measure the earthquakes of a data set in SeisBench's format.

    Parameters
    ----------
    folder : str or path
        A set of motion, such as ``seissynth dataset cut`` writes.
    periods_s : sequence of float, optional
        Of PSA; by default those of evaluation, 0.1, 0.3, 1 and 3 s.
    clear : float
        Least PGA over the standard deviation of acceleration before P; records without samples before P are used.

    Returns
    -------
    GroundMotionTable
        PGA, PGV and PSA (RotD50), D5-95, and V/H of PGA, measured from 0.5 s before P until the next earthquake. The
        set's pass band is that of each row, so that generated records are filtered alike.

    Raises
    ------
    InputError
        The set holds no motion, or no clear record.
    """
    settings = EvaluationSettings()
    records = read_record_set(folder, "records")
    if records.quantity in ("normalised", "counts"):
        raise InputError(f"{os.fspath(folder)} holds {records.quantity}; ground motion in SI is needed.")
    signal, noise = windows(records)
    acceleration = records.motion("acceleration")
    periods = tuple(settings.periods_s if periods_s is None else periods_s)
    found = ground_motion_measures(records, periods, signal, workers=1)
    with np.errstate(all="ignore"):
        quiet = np.sqrt((np.square(acceleration).mean(axis=1) * noise).sum(axis=1) / noise.sum(axis=1))
    kept = np.flatnonzero(~(found["pga"].to_numpy() < clear * quiet) & found["pga"].notna())
    vertical = np.abs(np.where(signal, acceleration[:, 0], 0.0)).max(axis=1)
    rows = records.metadata.rename(columns={theirs: ours for ours, theirs in _COLUMNS.items()})
    rows = rows.assign(**found, vh_pga=vertical / found["pga"])
    if records.band_hz is not None:
        rows = rows.assign(high_pass_hz=float(records.band_hz[0]), low_pass_hz=float(records.band_hz[1]))
    names = ("pga", "pgv", *(f"psa_{period:g}" for period in periods), "d5_95_s", "vh_pga")
    rows = rows.iloc[kept]
    if not len(rows):
        raise InputError(f"{os.fspath(folder)}: no record has a PGA {clear:g} times its noise.")
    rows, notes = usable_rows(rows.reset_index(drop=True), {}, os.fspath(folder))
    notes.append(f"{len(records) - len(kept)} of {len(records)} records are too near their noise.")
    return GroundMotionTable(rows.reset_index(drop=True), names, "rotd50", "records", tuple(notes))
