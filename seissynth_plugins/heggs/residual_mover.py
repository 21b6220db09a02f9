"""The network that moves draws of the residual model towards real residuals, inside a network's weights.

The residual model draws normal numbers; what real records have beyond these, such as what earthquakes of a kind have in
common, a network has learnt from pairs of draws and real residuals (`networks.residual_flow`). It works on cells of
4 x 4 and on draws with the texture of a random signal; the change that it makes is added to the draw without texture,
since phases and texture come later.
"""

from functools import cached_property

import numpy as np
import torch
from torch import nn

from seissynth.errors import FileFormatError
from seissynth.seeding import generator, hash_words
from seissynth_plugins.heggs.networks.config import SPECTROGRAM
from seissynth_plugins.heggs.networks.residual_flow import ResidualFlow
from seissynth_plugins.heggs.residual_records import hashed
from seissynth_plugins.heggs.site_noise import EDGE_FRAMES
from seissynth_plugins.heggs.spread import CELL, SHAPE, cell_means
from seissynth_plugins.residuals.clock import unwarp_matrix

#: steps of Euler's method, and factors on the velocity of records without and with sources: with these the residual
#: model knows better, as validation blocks showed
STEPS, STRENGTHS = 5, (1.0, 0.5)
#: textures to draw from, and records that go through the network together; the last ones are filled up
TEXTURES, BATCH = 200, 8
#: draws whose mean change is that of the mean
MEAN_DRAWS = 4
#: standardised ln A of predictions is held within this
_LARGEST = 4.0
_TEXTURES = {}


class ResidualMover(nn.Module):
    """A trained network, with the stations and the scale that it was trained with.

    Parameters
    ----------
    stations : int
        Known ones, by the hashes of their names.
    channels : int
        See `ResidualFlow`.
    """

    def __init__(self, stations, channels):
        super().__init__()
        self.network = ResidualFlow(stations, channels, beyond=True)
        self.register_buffer("names", torch.zeros(stations, dtype=torch.int64))
        self.register_buffer("size", torch.ones(()))

    def check_values(self, path="the weights"):
        """Raise FileFormatError if the arrays of a file cannot be those of a trained network."""
        values = [value for value in self.state_dict().values() if value.is_floating_point()]
        if not all(torch.isfinite(value).all() for value in values) or not float(self.size) > 0:
            raise FileFormatError(
                f"{path}: the network that moves residuals holds values that no training gives; the file is damaged. "
                "Install it again, or train it again."
            )

    def keep(self, tensors, stations, size):
        """Keep a trained network: its state, the names of its stations in order, and the unit of its cells."""
        self.network.load_state_dict(tensors)
        self.names.copy_(torch.tensor([hashed(str(name)) for name in stations], dtype=torch.int64))
        self.size.fill_(float(size))

    @cached_property
    def _numbers(self):
        return {name: number for number, name in enumerate(self.names.tolist(), start=1)}

    def changes(self, records, draws, means, sources, seeds):
        """Return the changes of draws in cells, shape (n, 3, 16, 94).

        Parameters
        ----------
        records : RecordCells
        draws, means : ndarray, shape (n, 3, 16, POINTS)
            Fields on the clock: what is drawn, and its expectation.
        sources : sequence of int, length n
            Records of the earthquake that the residual model was given.
        seeds : sequence of int, length n
            Of the records, for the texture.

        Returns
        -------
        ndarray, float32
            Standardised ln A; 0 where a cell does not count. A row depends on its own arguments only, to the bit.
        """
        size, device, rows = float(self.size), self.size.device, []
        for row in range(len(draws)):
            clock = unwarp_matrix(records.times, *records.onsets[row]).T
            rng = generator(int(seeds[row]), hash_words("texture of a moved draw"))
            known = records.known[row]
            middle = (means[row] @ clock).astype(np.float32)
            start = (draws[row] @ clock + records.textures[rng.integers(len(records.textures))]) * known / size
            maps, numbers = flow_inputs(
                records.predicted[row], records.share[row], known, records.onsets[row], records.times,
                records.features[row], middle, sources[row], size,
            )  # fmt: skip
            rows.append((start.astype(np.float32), maps, numbers, records.stations[row], known, sources[row] > 0))
        out = np.zeros((len(rows), *SHAPE), np.float32)
        for strength, sourced in zip(STRENGTHS, (False, True), strict=True):
            same = [number for number, one in enumerate(rows) if one[-1] == sourced]
            for first in range(0, len(same), BATCH):
                some = same[first : first + BATCH]
                filled = np.resize(some, BATCH)
                start, maps, numbers, station, known = (
                    torch.from_numpy(np.stack([np.asarray(rows[number][k]) for number in filled])).to(device)
                    for k in range(5)
                )
                batch = {"maps": maps, "numbers": numbers, "station": station, "counts": known}
                moved = self.network.moved(start, batch, STEPS, strength) - start
                out[some] = moved.cpu().numpy()[: len(some)] * size
        return out

    def numbers_of(self, sensors):
        """Numbers of sensors; 0 for those that the training did not have."""
        return np.array([self._numbers.get(hashed(str(name)), 0) for name in sensors])


class RecordCells:
    """What the network takes of records, in cells.

    Parameters
    ----------
    inputs : ModelInputs
    predicted, signals : ndarray, shape (n, 3, 64, 376)
        Prediction with noise, standardised ln A; signal, ln A.
    early : ndarray of bool, shape (n, 376)
    onsets : ndarray, shape (n, 2)
    features : ndarray, shape (n, 4)
        Magnitude, ln R in km, depth in km, azimuth in radians.
    stations : ndarray of int, shape (n,)
        Of `ResidualMover.numbers_of`.
    """

    def __init__(self, inputs, predicted, signals, early, onsets, features, stations):
        seen = ~early
        seen[:, -EDGE_FRAMES:] = False
        weights = seen[:, None, None] * inputs.spectrogram.band_mask[:, None]
        self.predicted, self.known = cell_means(predicted, weights)
        power = np.exp(2 * (signals - predicted * np.asarray(inputs.statistics.sd, np.float32)[:, None]))
        self.share = cell_means(power, weights)[0]
        self.times = np.asarray(inputs.frame_times_s, dtype=float).reshape(-1, CELL[1]).mean(axis=1)
        self.onsets, self.features, self.stations = onsets, features, stations
        self.textures = textures_of(inputs)


def textures_of(inputs):
    """Return cells of the texture of a random signal, (200, 3, 16, 94), standardised ln A."""
    from seissynth_plugins.heggs.generation import rayleigh_texture

    sd = np.asarray(inputs.statistics.sd, np.float32)
    key = sd.tobytes() + inputs.spectrogram.band_mask.tobytes()
    if key not in _TEXTURES:
        _TEXTURES.clear()
        logs, _ = rayleigh_texture(inputs.spectrogram, np.arange(TEXTURES))
        everywhere = np.broadcast_to(inputs.spectrogram.band_mask[:, None], logs.shape[1:])
        _TEXTURES[key] = cell_means(logs / sd[:, None], everywhere)[0]
    return _TEXTURES[key]


def features_of(places):
    """Return magnitude, ln R in km, depth in km and azimuth in radians of records, shape (n, 4)."""
    return np.stack([places.magnitude, np.log(places.distance_km), places.depth_km, places.azimuth_rad], axis=1)


def flow_inputs(predicted, share, known, onsets, times, features, middle, sources, size):
    """Return maps, shape (16, 16, 94), and numbers, shape (7,), of a record for the network.

    Parameters
    ----------
    predicted, share, middle : ndarray, shape (3, 16, 94)
        Prediction with noise; share of signal in its power; field of the mean of the residual model's coordinates.
    known : ndarray of bool, same shape
        Cells that count.
    onsets : (float, float)
        P and S, s after origin.
    times : ndarray, shape (94,)
    features : ndarray, shape (4,)
        Magnitude, ln R in km, depth in km, azimuth in radians.
    sources : int
        How many records of the earthquake the residual model was given.
    size : float
        Unit of the cells.
    """
    after = times[None] - np.asarray(onsets)[:, None]
    lags = np.sign(after) * np.log1p(np.abs(after)) / 3
    plain = np.ones(SHAPE[1:], np.float32)
    maps = np.concatenate([
        np.clip(np.asarray(predicted, np.float32), -_LARGEST, _LARGEST) / 2, share, lags[:, None] * plain,
        np.linspace(-1, 1, SHAPE[1])[None, :, None] * plain, known, known * middle / size,
        np.full((1, *SHAPE[1:]), np.log1p(sources) / 3),
    ], dtype=np.float32)  # fmt: skip
    magnitude, distance, depth, azimuth = np.asarray(features, dtype=float)
    heard = np.asarray(share)[known].mean(dtype=float) if known.any() else 0.0
    numbers = np.array([
        (magnitude - 3.0) / 1.2, (distance - np.log(40.0)) / 0.5, (depth - 6.0) / 4.0, np.sin(azimuth), np.cos(azimuth),
        2 * heard - 1, max(magnitude - 3.7, 0.0),
    ], np.float32)  # fmt: skip
    return maps, numbers


def at_frames(cells):
    """Return cells, (n, 3, 16, 94), at bins and frames, (n, 3, 64, 376): linear between middles, constant beyond."""
    return _stretched(_stretched(cells, -2, SPECTROGRAM[1]), -1, SPECTROGRAM[2])


def _stretched(values, axis, count):
    values = np.moveaxis(values, axis, -1)
    places = (np.arange(count) + 0.5) * values.shape[-1] / count - 0.5
    low = np.clip(np.floor(places).astype(int), 0, values.shape[-1] - 2)
    share = np.clip(places - low, 0.0, 1.0).astype(np.float32)
    return np.moveaxis(values[..., low] * (1 - share) + values[..., low + 1] * share, -1, axis)
