"""Coast lines for maps, from Natural Earth's land at 1:10 million (public domain), simplified to about 1 km.

``tools/package/cut_coast.py`` made the file and says how. It holds short pieces of line: where each starts, how many
steps it has, and the steps, in units of a grid that 16 bits span.
"""

import functools
from pathlib import Path

import numpy as np

FILE = Path(__file__).resolve().parent / "data" / "coast.npz"
GRID_DEGREES = 180.0 / 32767.0
#: below this the line's own error of 1 to 2 km would show
LEAST_MAP_KM = 40.0


@functools.cache
def _pieces():
    """Return all points (n, 2) in degrees, the index of each piece's first point, and the pieces' boxes (m, 4)."""
    with np.load(FILE, allow_pickle=False) as stored:
        starts, counts = stored["starts"].astype(np.int32), stored["counts"].astype(np.int64)
        steps = np.stack([stored["east"], stored["north"]], axis=1).astype(np.int32)
    firsts = np.concatenate([[0], np.cumsum(counts + 1)])
    moves = np.empty((firsts[-1], 2), np.int32)
    is_start = np.zeros(len(moves), bool)
    is_start[firsts[:-1]] = True
    moves[~is_start] = steps
    moves[is_start] = 0
    grid = np.cumsum(moves, axis=0)
    # one running sum for all: each piece is moved to its own start
    grid += np.repeat(starts - grid[firsts[:-1]], counts + 1, axis=0)
    points = grid * GRID_DEGREES
    lows, highs = (reduce.reduceat(points, firsts[:-1]) for reduce in (np.minimum, np.maximum))
    return points, firsts, np.concatenate([lows, highs], axis=1)


def coast_lines(west: float, east: float, south: float, north: float) -> list[np.ndarray]:
    """Return the pieces of coast that may touch a map.

    Parameters
    ----------
    west, east : float
        Degrees, west below east. They may lie beyond ±180 where the map crosses the date line.
    south, north : float
        Degrees.

    Returns
    -------
    list of ndarray, shape (n, 2)
        Longitude and latitude of the points, in the degrees of the map.

    Examples
    --------
    >>> from seissynth.plotting.coast import coast_lines
    >>> len(coast_lines(-118.0, -117.0, 35.5, 36.5))    # around Ridgecrest, far from the sea
    0
    """
    points, firsts, boxes = _pieces()
    lines = []
    for turn in (-360.0, 0.0, 360.0):
        touches = (boxes[:, 0] + turn <= east) & (boxes[:, 2] + turn >= west)
        touches &= (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        shift = np.array([turn, 0.0])
        lines += [points[firsts[i] : firsts[i + 1]] + shift for i in np.flatnonzero(touches)]
    return lines
