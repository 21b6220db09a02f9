"""Records for the network that starts from the residual model: a file of cells and coordinates, and items of it.

NumPy only, so that a training runs where neither records nor ObsPy are. Coordinates of the residual model are normal
numbers, for the records of an earthquake together; given some of these records, they are so again (`given`).
"""

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth.shared.atomic import replacing
from seissynth_plugins.heggs.residual_mover import flow_inputs
from seissynth_plugins.heggs.spread import SHAPE
from seissynth_plugins.residuals.clock import unwarp_matrix

#: of the file
FORMAT, VERSION, LARGEST_BYTES = "seissynth residual cells", 1, 64e6
PARTS = ("train", "dev", "test")
#: how sources of an item are chosen: no source, one, all others, any number
SHARES = {"half": (0.5, 0.15, 0.2, 0.15), "always": (0.0, 0.3, 0.4, 0.3)}
#: against rounding, as the residual model adds it to the variance of an observation
JITTER = 1e-6
#: cells that count of an item without noise: those with a larger share of signal
CLEAR = 0.8


@dataclass(frozen=True)
class Part:
    """Records of one part of a fold.

    Parameters
    ----------
    residuals, predicted, share : ndarray, shape (n, 3, 16, 94), float16
        Record less prediction; prediction with noise; share of signal in its power. 0 where a cell does not count.
    counted : ndarray of uint8
        Bits: which cells count.
    onsets : ndarray, shape (n, 2)
        P and S, s after origin.
    event, station : ndarray of str, shape (n,)
    features : ndarray, shape (n, 4)
        Magnitude, ln R in km, depth in km, azimuth in radians.
    values, variances, mean : ndarray, shape (n, patterns)
        Coordinates and variances of their errors; what is expected without records of the earthquake.
    covariances : ndarray, flat
        Of the coordinates of an earthquake's records, (patterns, k, k) for each earthquake in the order of names.
    """

    residuals: np.ndarray
    predicted: np.ndarray
    share: np.ndarray
    counted: np.ndarray
    onsets: np.ndarray
    event: np.ndarray
    station: np.ndarray
    features: np.ndarray
    values: np.ndarray
    variances: np.ndarray
    mean: np.ndarray
    covariances: np.ndarray

    def __len__(self):
        return len(self.onsets)

    @cached_property
    def counts(self):
        """Which cells count, shape (n, 3, 16, 94)."""
        shape = (len(self), *SHAPE)
        return np.unpackbits(self.counted, count=int(np.prod(shape))).astype(bool).reshape(shape)

    @cached_property
    def rows_of(self):
        """Rows of each earthquake."""
        return {name: np.flatnonzero(self.event == name) for name in np.unique(self.event)}

    @cached_property
    def covariance_of(self):
        """Covariance of each earthquake's coordinates, (patterns, k, k)."""
        out, first, patterns = {}, 0, self.values.shape[1]
        for name, rows in self.rows_of.items():
            shape = patterns, len(rows), len(rows)
            out[name] = self.covariances[first : first + np.prod(shape)].reshape(shape).astype(float)
            first += int(np.prod(shape))
        return out


@dataclass(frozen=True)
class Pack:
    """All that a training needs of one fold.

    Parameters
    ----------
    train, dev : Part
    patterns : ndarray, shape (patterns, 3, 16, points)
        Of the residual model.
    texture : ndarray, shape (k, 3, 16, 94)
        Cells of the texture of a random signal.
    times : ndarray, shape (94,)
        Middles of columns, s after origin.
    scale_mean, scale_sd, scale_hz, scale_bins : ndarray
        What turns cells into amplitudes, see `heggs_residuals.Block`.
    fold : int
        -1 where no block is left out.
    test : Part, optional
    """

    train: Part
    dev: Part
    patterns: np.ndarray
    texture: np.ndarray
    times: np.ndarray
    scale_mean: np.ndarray
    scale_sd: np.ndarray
    scale_hz: np.ndarray
    scale_bins: np.ndarray
    fold: int
    test: Part | None = None

    @cached_property
    def size(self):
        """Root mean square of a cell's residual: the unit of the network."""
        return float(np.sqrt(np.mean(np.square(self.train.residuals[self.train.counts], dtype=np.float32))))

    @cached_property
    def stations(self):
        """Number of each station of the training, from 1; 0 is any other one."""
        return {str(name): number for number, name in enumerate(np.unique(self.train.station), start=1)}

    @cached_property
    def fingerprint(self):
        """Text that distinguishes packs."""
        digest = hashlib.blake2b(str(self.fold).encode(), digest_size=8)
        for part in (self.train, self.dev):
            for f in fields(Part):
                digest.update(np.ascontiguousarray(getattr(part, f.name)).tobytes())
        digest.update(np.ascontiguousarray(self.patterns).tobytes())
        return digest.hexdigest()


def write_pack(path, pack):
    """Write a pack as one .npz without pickle, of less than 64 MB."""
    path = Path(path)
    arrays = {"format": np.array(FORMAT), "version": np.array(VERSION)}
    for f in fields(Pack):
        value = getattr(pack, f.name)
        if value is None:
            continue
        if f.name in PARTS:
            arrays |= {f"{f.name}_{one.name}": np.asarray(getattr(value, one.name)) for one in fields(Part)}
        else:
            arrays[f.name] = np.asarray(value)
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise InputError(f"pack: {', '.join(objects)} hold Python objects; give numbers or texts.")
    with replacing(path) as beside:
        with beside.open("wb") as file:
            np.savez_compressed(file, **arrays)
        size = beside.stat().st_size
        if size > LARGEST_BYTES:
            raise InputError(
                f"pack: {path.name} has {size / 1e6:.0f} MB, more than {LARGEST_BYTES / 1e6:.0f} MB; leave records out."
            )


def read_pack(path):
    """Read what `write_pack` wrote."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"pack: there is no {path}; make it with `residual_flow pack`.")
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if str(arrays.get("format")) != FORMAT or int(arrays.get("version", -1)) != VERSION:
        raise InputError(
            f"pack: {path.name} is {arrays.get('format')!s}, version {arrays.get('version')!s}; this tool reads "
            f"{FORMAT!r}, version {VERSION}. Make it again."
        )
    held = [name for name in PARTS if f"{name}_onsets" in arrays]
    parts = {name: Part(*(arrays[f"{name}_{f.name}"] for f in fields(Part))) for name in held}
    more = {f.name: arrays[f.name] for f in fields(Pack) if f.name not in PARTS}
    return Pack(**parts, **more | {"fold": int(more["fold"])})


def given(mean, covariance, values, variances, target, sources):
    """Return mean and standard deviation of one record's coordinates, given some of its earthquake's records.

    Parameters
    ----------
    mean, values, variances : ndarray, shape (k, patterns)
        Of the earthquake's records.
    covariance : ndarray, shape (patterns, k, k)
    target : int
    sources : array of int

    Returns
    -------
    mean, sd : ndarray, shape (patterns,)
    """
    variance = covariance[:, target, target]
    if not len(sources):
        return mean[target].astype(float), np.sqrt(np.maximum(variance, 0))
    weights = weights_of(covariance, variances, target, sources)
    moved = mean[target] + np.einsum("ks,sk->k", weights, values[sources] - mean[sources])
    left = variance - np.einsum("ks,ks->k", weights, covariance[:, target, sources])
    return moved, np.sqrt(np.maximum(left, 0))


def weights_of(covariance, variances, target, sources):
    """Weights of the differences of sources from their means, for a target: shape (patterns, sources)."""
    within = covariance[:, sources][:, :, sources] + (variances[sources].T + JITTER)[:, :, None] * np.eye(len(sources))
    return np.linalg.solve(within, covariance[:, target, sources][..., None])[..., 0]


class Cells:
    """What the network takes of the records of a part, and fields of coordinates at their cells."""

    def __init__(self, pack, part):
        self.pack, self.part = pack, getattr(pack, part)
        self._clock = [unwarp_matrix(pack.times, *pair).T for pair in self.part.onsets]
        self._patterns = pack.patterns.astype(np.float32).reshape(len(pack.patterns), -1)

    def field(self, row, z):
        """Residuals of coordinates at the cells of a record: z of shape (..., patterns) gives (..., 3, 16, 94)."""
        z = np.asarray(z, np.float32)
        flat = (z @ self._patterns).reshape(*z.shape[:-1], *self.pack.patterns.shape[1:])
        return flat @ self._clock[row]

    def texture(self, rng, count=None):
        """Draw textures."""
        return self.pack.texture[rng.integers(len(self.pack.texture), size=count)].astype(np.float32)

    def without_noise(self, row):
        """Return prediction and share of signal of a record if it had no noise, shape (3, 16, 94)."""
        share = np.maximum(self.part.share[row].astype(np.float32), 1e-3)
        sd = np.asarray(self.pack.scale_sd, np.float32)[:, None]
        away = np.divide(np.log(share), 2 * sd, out=np.zeros_like(share), where=sd > 0)
        return self.part.predicted[row] + away, np.ones_like(share)

    def inputs(self, row, middle, sources, noise=True):
        """Return maps, numbers and station of a record for the network.

        Parameters
        ----------
        row : int
        middle : ndarray, shape (3, 16, 94)
            Field of the mean of its coordinates.
        sources : int
            How many records of the earthquake it is given.
        noise : bool
            Whether the prediction has the noise of the record, or none.
        """
        part, pack = self.part, self.pack
        predicted, share = (part.predicted[row], part.share[row]) if noise else self.without_noise(row)
        maps, numbers = flow_inputs(
            predicted, share, part.counts[row], part.onsets[row], pack.times, part.features[row],
            middle, sources, pack.size,
        )  # fmt: skip
        return {"maps": maps, "numbers": numbers, "station": pack.stations.get(str(part.station[row]), 0)}


class FlowItems:
    """Items of a training: a draw of the residual model, the real residual, and what the network takes.

    Parameters
    ----------
    pack : Pack
    part : {"train", "dev", "test"}
    sources : {"half", "always"}
        How often a record is given sources, see `SHARES`.
    seed : int
    quiet : float
        Share of items without sources and without noise, as records in quiet times: only cells in which signal is
        clear of the record's own noise count in these.
    """

    def __init__(self, pack, part, sources="half", seed=0, quiet=0.0):
        if sources not in SHARES:
            raise InputError(f"sources={sources!r} must be one of {', '.join(map(repr, SHARES))}.")
        self.pack, self.cells, self.part = pack, Cells(pack, part), getattr(pack, part)
        self.shares, self.stream = SHARES[sources], hash_words("residual flow", seed, part)
        self.quiet = quiet
        self.fingerprint = f"{pack.fingerprint} {part} {sources} {seed}" + (f" {quiet}" if quiet else "")

    def __len__(self):
        return len(self.part)

    def name(self, row):
        """Name of a record."""
        return f"{self.part.event[row]} {self.part.station[row]}"

    def item(self, row, epoch):
        """Return an item: other sources and another draw in each epoch."""
        rng = generator(self.stream, row + len(self) * epoch)
        part, same = self.part, self.part.rows_of[self.part.event[row]]
        target = int(np.flatnonzero(same == row)[0])
        others = rng.permutation(np.delete(np.arange(len(same)), target))
        way = rng.choice(len(self.shares), p=self.shares)
        sources = others[: (0, 1, len(others), rng.integers(len(others) + 1))[way]]
        mean, sd = given(
            part.mean[same], part.covariance_of[part.event[row]], part.values[same], part.variances[same], target,
            sources,
        )  # fmt: skip
        z = mean + sd * rng.standard_normal(len(mean))
        middle = self.cells.field(row, mean)
        known, size = part.counts[row], self.pack.size
        noise = bool(len(sources)) or not self.quiet or rng.random() >= self.quiet
        if not noise:
            known = known & (part.share[row] > CLEAR)
        start = (self.cells.field(row, z) + self.cells.texture(rng)) * known / size
        return {
            "start": start.astype(np.float32), "target": part.residuals[row].astype(np.float32) / np.float32(size),
            "counts": known, **self.cells.inputs(row, middle, len(sources), noise),
        }  # fmt: skip


def joint_draws(part, draws, sources, seed=0):
    """Draw coordinates of all records of a part, those of an earthquake together.

    Parameters
    ----------
    part : Part
    draws : int
    sources : {"none", "all"}
        All: each record is given all others of its earthquake.
    seed : int

    Returns
    -------
    draws : ndarray, shape (draws, n, patterns)
    mean : ndarray, shape (n, patterns)
        Their expectation.

    Notes
    -----
    Matheron's rule: a draw of the earthquake from before a record of it is known, plus what is expected of the
    differences between the known records and that draw.
    """
    rng = generator(hash_words("residual flow, draws", seed))
    out, mean = np.zeros((draws, *part.mean.shape)), part.mean.astype(float)
    for name, rows in part.rows_of.items():
        covariance = part.covariance_of[name]
        factor = np.linalg.cholesky(covariance + JITTER * np.eye(len(rows)))
        drawn = np.einsum("kij,djk->dik", factor, rng.standard_normal((draws, len(rows), len(factor))))
        drawn += part.mean[rows]
        out[:, rows] = drawn
        if sources == "none" or len(rows) == 1:
            continue
        errors = np.sqrt(part.variances[rows] + JITTER) * rng.standard_normal(drawn.shape)
        away = part.values[rows] - drawn - errors
        for target, row in enumerate(rows):
            others = np.delete(np.arange(len(rows)), target)
            weights = weights_of(covariance, part.variances[rows], target, others)
            out[:, row] += np.einsum("ks,dsk->dk", weights, away[:, others])
            mean[row] += np.einsum("ks,sk->k", weights, part.values[rows][others] - part.mean[rows][others])
    return out, mean
