"""Cut the coast lines of the maps from Natural Earth's land: ``python -m tools.package.cut_coast land-10m.json``.

Natural Earth (naturalearthdata.com) is in the public domain. Its land at 1:10 million, version 4.1, is read as the
TopoJSON file of the npm package world-atlas 2.0.2 (``npm pack world-atlas@2.0.2``), whose coordinates are rounded to
0.4 km. Points are left out where the line moves by less than 0.6 km (Douglas & Peucker, 1973), and islands shorter than
3 km. What is left is written to ``seissynth/plotting/data/coast.npz``, which `seissynth.plotting.coast` reads.
"""

import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np

from seissynth.plotting import coast

TOLERANCE_KM = 0.6
LEAST_ISLAND_KM = 3.0
KM_PER_DEGREE = 111.195
#: points of a piece; pieces off a map are passed over as wholes
PIECE = 128


def read_arcs(path):
    """Return the arcs of a quantised TopoJSON file, as arrays of longitude and latitude in degrees."""
    topology = json.loads(Path(path).read_text(encoding="utf-8"))
    scale, translate = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    return [np.cumsum(np.array(arc), axis=0) * scale + translate for arc in topology["arcs"]]


def without_frame(line):
    """Split a line where it follows the edge of the world map, which is no coast.

    >>> [part.tolist() for part in without_frame(np.array([[179.0, 1.0], [180.0, 1.0], [180.0, 2.0], [179.0, 2.0]]))]
    [[[179.0, 1.0], [180.0, 1.0]], [[180.0, 2.0], [179.0, 2.0]]]
    """
    on_edge = (np.abs(line[:, 0]) > 179.999) | (line[:, 1] < -85.2)
    cuts = np.flatnonzero(on_edge[1:] & on_edge[:-1]) + 1
    return [part for part in np.split(line, cuts) if len(part) > 1]


def simplified(line, tolerance_km):
    """Leave out points that are closer than a tolerance to the line without them (Douglas & Peucker, 1973).

    >>> simplified(np.array([[0.0, 0.0], [1.0, 0.001], [2.0, 0.0], [2.0, 1.0]]), 0.6).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0]]
    """
    kilometres = line * KM_PER_DEGREE
    kilometres[:, 0] *= np.cos(np.radians(line[:, 1]))
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        away = kilometres[first + 1 : last] - kilometres[first]
        chord = kilometres[last] - kilometres[first]
        length2 = chord @ chord
        along = np.clip(away @ chord / length2, 0.0, 1.0) if length2 > 0.0 else np.zeros(len(away))
        distances = np.hypot(*(away - along[:, None] * chord).T)
        worst = int(np.argmax(distances))
        if distances[worst] > tolerance_km:
            middle = first + 1 + worst
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return line[keep]


def is_tiny(line):
    """Whether a line is an island whose longer side is below the least length."""
    if not np.allclose(line[0], line[-1]):
        return False
    height, width = (np.ptp(line[:, axis]) * KM_PER_DEGREE for axis in (1, 0))
    return max(height, width * math.cos(math.radians(line[0, 1]))) < LEAST_ISLAND_KM


def in_steps(line):
    """Return a line on the grid of the file, with steps that fit into one signed byte.

    >>> in_steps(np.array([[0.0, 0.0], [1.0, 0.0]]))[:, 0].tolist()
    [0, 91, 182]
    """
    grid = np.rint(line / coast.GRID_DEGREES).astype(int)
    points = [grid[:1]]
    for start, end in itertools.pairwise(grid):
        parts = math.ceil(np.abs(end - start).max() / 127)
        shares = np.arange(1, parts + 1)[:, None] / max(parts, 1)
        points.append(np.rint(start + shares * (end - start)).astype(int))
    return np.concatenate(points)


def pieces(line):
    """Cut a line into pieces that share their ends."""
    return [line[first : first + PIECE + 1] for first in range(0, len(line) - 1, PIECE)]


def main():
    """Read, simplify, write, and say how large the file is."""
    lines = [part for arc in read_arcs(sys.argv[1]) for part in without_frame(arc)]
    lines = [simplified(line, TOLERANCE_KM) for line in lines if not is_tiny(line)]
    cut = [piece for line in lines for piece in pieces(in_steps(line))]
    cut = [piece for piece in cut if len(piece) > 1]
    steps = np.concatenate([np.diff(piece, axis=0) for piece in cut])
    np.savez_compressed(
        coast.FILE,
        starts=np.array([piece[0] for piece in cut], np.int16),
        counts=np.array([len(piece) - 1 for piece in cut], np.uint8),
        east=steps[:, 0].astype(np.int8),
        north=steps[:, 1].astype(np.int8),
    )
    print(f"{len(lines)} lines, {len(steps)} steps, {coast.FILE.stat().st_size / 1000:.0f} kB: {coast.FILE}")


if __name__ == "__main__":
    main()
