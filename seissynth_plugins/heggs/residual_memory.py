"""The residual model inside a network's weights: patterns, hyper-parameters, and coordinates of known records.

Real records differ from a prediction by a few patterns on the clock of P and S, whose coordinates are Gaussian
processes over earthquake, station, path, place and time (`seissynth_plugins.residuals`). Records of the training set,
and records of the earthquake as sources, condition them; what is left is drawn, jointly over an earthquake's stations.
"""

import hashlib

import numpy as np
import torch
from torch import nn

from seissynth.errors import FileFormatError, InputError
from seissynth_plugins.heggs.residual_records import PATTERN_SHAPE, field_at, place_numbers, places_of_numbers
from seissynth_plugins.residuals.kernel import NAMES
from seissynth_plugins.residuals.kriging import Kriging
from seissynth_plugins.residuals.observations import Observations
from seissynth_plugins.residuals.patterns import Patterns

#: places are kept as whole numbers of these units: degrees, degrees, km, degrees, degrees, magnitude
_UNITS = np.array([1e-5, 1e-5, 1e-3, 1e-5, 1e-5, 1e-3])
#: and times as milliseconds
_MS_OF_H = 3.6e6
#: hyper-parameters beyond this, as logarithms, are no result of a fit
_LARGEST_LOG = 30.0
#: models by the digest of their arrays: a call of `generate` loads the weights anew, and to factor the covariance of a
#: thousand records takes as long as tens of records
_KEPT, _MOST_KEPT = {}, 2
#: draws of what earthquakes share: each costs a pass over the known records; and waves of their fields
REGION_DRAWS, WAVES = 32, 128


class ResidualMemory(nn.Module):
    """Patterns of residuals and known records, as buffers of a network.

    Parameters
    ----------
    count : int
        Patterns.
    records : int
        Known records. All is zero until `keep` or a file of weights fills it.

    Notes
    -----
    Names of earthquakes and stations are kept as hashes: they are only ever compared.
    """

    def __init__(self, count, records):
        super().__init__()
        shapes = {
            "patterns": (count, *PATTERN_SHAPE), "noise": (), "log_parameters": (count, len(NAMES)),
            "values": (records, count), "variances": (records, count), "onsets": (records, 2), "share": (records,),
        }  # fmt: skip
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape))
        self.register_buffer("places", torch.zeros((records, len(_UNITS)), dtype=torch.int32))
        self.register_buffer("times_ms", torch.zeros(records, dtype=torch.int64))
        self.register_buffer("names", torch.zeros((records, 2), dtype=torch.int64))
        self._built = None

    def keep(self, patterns, parameters, observations, columns, hours, onsets, share):
        """Keep what was fitted.

        Parameters
        ----------
        patterns : Patterns
        parameters : ndarray, shape (count, 12)
        observations : Observations
            Of the known records; their places give the names.
        columns : mapping of schema columns, rows of the known records
        hours : ndarray, shape (records,)
        onsets : ndarray, shape (records, 2)
        share : ndarray, shape (records,)
        """
        names = [[int(one) for one in getattr(observations.places, part)] for part in ("event", "station")]
        for name, value in {
            "patterns": patterns.values, "noise": patterns.noise, "log_parameters": np.log(parameters),
            "values": observations.values, "variances": observations.variances, "onsets": onsets, "share": share,
            "places": np.rint(place_numbers(columns) / _UNITS), "times_ms": np.rint(np.asarray(hours) * _MS_OF_H),
            "names": np.array(names, dtype=np.int64).T,
        }.items():  # fmt: skip
            buffer = getattr(self, name)
            buffer.copy_(torch.as_tensor(np.array(value)).to(buffer.dtype))
        self._built = None

    def scale_events(self, factor):
        """Multiply how far earthquakes scatter, at all their stations and at near ones.

        Parameters
        ----------
        factor : float
            On standard deviations, above 0. A fit finds what earthquakes of its own time differ by; others may differ
            by more.

        Raises
        ------
        InputError
            No factor above 0.
        """
        if not 0 < factor < np.inf:
            raise InputError(f"a factor on the scatter between earthquakes must be above 0, not {factor}; 1 keeps it.")
        of_events = [NAMES.index(name) for name in ("event", "event_near")]
        self.log_parameters[:, of_events] += 2 * np.log(factor)
        self._built = None

    def check_values(self, path="the weights"):
        """Raise FileFormatError if the arrays of a file cannot be those of a residual model."""
        parts = {name: value.cpu().numpy() for name, value in self.state_dict().items()}
        trouble = [
            name for name in ("patterns", "noise", "log_parameters", "values", "variances", "onsets", "share")
            if not np.isfinite(parts[name]).all()
        ]  # fmt: skip
        places = parts["places"] * _UNITS
        if (np.abs(parts["log_parameters"]) > _LARGEST_LOG).any():
            trouble.append("log_parameters")
        if not parts["noise"] > 0:
            trouble.append("noise")
        if (parts["variances"] < 0).any():
            trouble.append("variances")
        if (parts["onsets"][:, 0] > parts["onsets"][:, 1]).any():
            trouble.append("onsets")
        if (np.abs(places[:, [0, 3]]) > 90).any() or (np.abs(places[:, [1, 4]]) > 360).any():
            trouble.append("places")
        if trouble:
            raise FileFormatError(
                f"{path}: the residual model cannot be used: {', '.join(dict.fromkeys(trouble))} hold values that no "
                "fit gives; the file is damaged. Install it again, or fit it again."
            )

    @property
    def model(self):
        """Patterns, and the Gaussian processes of their coordinates given the known records."""
        if self._built is None:
            parts = {name: value.cpu().numpy() for name, value in self.state_dict().items()}
            digest = hashlib.blake2b(b"".join(np.ascontiguousarray(part).tobytes() for part in parts.values())).digest()
            built = _KEPT.get(digest) or _build(parts)
            if digest not in _KEPT and len(_KEPT) >= _MOST_KEPT:
                _KEPT.pop(next(iter(_KEPT)), None)
            self._built = _KEPT[digest] = built
        return self._built

    def region_seed(self, event_seed):
        """Seed of what earthquakes have in common, such as stations, in the draw of an earthquake's seed."""
        return self.model[1].archive_seed(event_seed)

    def observations(self, residuals, places):
        """Return records as observations of the coordinates; `residuals` of `residual_records.record_residuals`."""
        pairs = [self.model[0].coordinates(one) for one in residuals]
        return Observations(places, *(np.stack(part) for part in zip(*pairs, strict=True)))

    def deviations(self, places, onsets, times_s, event_seeds, seeds, sources=None, *, drawn=True):
        """Return deviations of standardised ln A at records.

        Parameters
        ----------
        places : RecordPlaces, n
        onsets : ndarray, shape (n, 2)
            P and S, s after origin.
        times_s : ndarray, shape (frames,)
        event_seeds, seeds : sequence of int, length n
            Of the earthquake, whose stations share what real ones share; of the record.
        sources : sequence of Observations or None, length n, optional
            Records of the earthquake that each row is conditioned on, beside those of the training set.
        drawn : bool or float
            False gives the mean; a number is a factor on the difference of draws from it.

        Returns
        -------
        ndarray, shape (n, 3, 64, 376), float32
            A row depends on its own arguments only, to the bit.
        """
        if len(places) != len(onsets):
            raise InputError(f"residuals: {len(places)} places and {len(onsets)} onsets.")
        z, _ = self.coordinates(places, event_seeds, seeds, sources, drawn=drawn, expected=False)
        return np.stack([field_at(field, of, times_s) for field, of in zip(self.fields(z), onsets, strict=True)])

    def fields(self, z):
        """Return the fields of coordinates, (n, patterns), on the clock: (n, 3, 16, POINTS)."""
        return np.stack([self.model[0].field(one) for one in z])

    def coordinates(self, places, event_seeds, seeds, sources=None, *, drawn=True, expected=True):
        """Return coordinates of records, and their expectation if it is asked for, each of shape (n, patterns).

        Arguments as for `deviations`.
        """
        if len(places) != len(seeds):
            raise InputError(f"residuals: {len(places)} places and {len(seeds)} seeds.")
        kriging, given, out = self.model[1], {}, []
        for row in range(len(places)):
            known, place = None if sources is None else sources[row], places.select([row])
            key = None if known is None else tuple(known.places.key(one) for one in range(len(known)))
            if key not in given:
                given = {key: kriging.given(known)} if known is not None else {**given, None: kriging.given()}
            of = given[key]
            # of a plain draw it is needed for nothing else
            middle = of.at(place).mean[0] if expected or drawn != 1 else None
            z = of.draw(place, int(event_seeds[row]), [int(seeds[row])])[0] if drawn else middle
            if drawn and drawn != 1:
                z = middle + drawn * (z - middle)
            out.append((z, middle))
        z, middle = zip(*out, strict=True)
        return np.stack(z), np.stack(middle) if expected else None


def _build(parts):
    """Patterns, and Gaussian processes given the known records, of the arrays of a file."""
    places = places_of_numbers(
        parts["places"] * _UNITS, parts["times_ms"] / _MS_OF_H, *parts["names"].T.tolist(), parts["onsets"],
        parts["share"],
    )  # fmt: skip
    archive = Observations(places, parts["values"].astype(float), parts["variances"].astype(float))
    kriging = Kriging(np.exp(parts["log_parameters"].astype(float)), archive, REGION_DRAWS, WAVES)
    return Patterns(parts["patterns"].astype(np.float32), float(parts["noise"])), kriging
