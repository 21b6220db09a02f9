"""Define the quantities of ground motion, their units, and the values of ``output=``.

All values inside seissynth are SI: metres, seconds, kilograms. Distances and depths in tables are in kilometres, as
their names state.
"""

#: quantity -> unit, as written into ``trace.stats.seissynth.unit``
UNITS = {
    "displacement": "m",
    "velocity": "m/s",
    "acceleration": "m/s**2",
    "counts": "counts",
    "normalised": "1",
}

#: number of time derivatives of displacement
DERIVATIVES = {"displacement": 0, "velocity": 1, "acceleration": 2}

#: the values of ``generate(output=...)`` and the quantity that the traces then hold
OUTPUTS = {"DISP": "displacement", "VEL": "velocity", "ACC": "acceleration", "RAW": "counts"}

#: standard gravity, m/s² (CODATA), for models that count acceleration in g
STANDARD_GRAVITY = 9.80665

#: mean radius of the Earth, km: of the sphere on which travel times and areas are computed
EARTH_RADIUS_KM = 6371.0


def pretty_unit(unit):
    """Return a unit as people write it: ``m/s²`` for ``m/s**2``; the unit of a pure number is empty."""
    return "" if unit == "1" else unit.replace("**2", "²")
