"""A velocity model with delays of stations, as picks show them: what lies under a station is in no layered model."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.atomic import replacing
from seissynth.shared.json_file import read_json
from seissynth.shared.wording import a_kind
from seissynth.stations.station_names import names_of_stations

if TYPE_CHECKING:
    from seissynth.traveltime.first_arrivals import Onsets

#: a delay of more is an error of the clock, or of the pick
MOST_S = 10.0
#: picks further from the model's onset belong to something else, s
REACH_S = {"P": 2.0, "S": 3.0}
#: medians of n picks are drawn to zero by n / (n + this)
SHRINK = 1.0
_KEYS = {"based_on", "delays_s"}


@dataclass(frozen=True)
class StationDelays:
    """A velocity model, and what is added to its P and S at stations.

    Parameters
    ----------
    based_on : str, LayeredModel, sequence of layers or TauPyModel
        As for `onsets`.
    delays_s : dict of str to (float, float)
        By "NET.STA": added to P and to S, s; -10 to 10. The key "" holds those of all other stations; without it, 0.

    Raises
    ------
    InputError
        Delays that are no pairs of numbers, or too large.

    Examples
    --------
    >>> from seissynth.traveltime import StationDelays, onsets
    >>> model = StationDelays("iasp91", {"XX.SOFT": (0.2, 0.5)})
    >>> times = onsets([50.0, 50.0], 10.0, model, stations=["XX.ROCK", "XX.SOFT"])
    >>> times.p_s.round(2).tolist(), times.origin
    ([8.78, 8.98], 'iasp91 with delays of 1 station')
    """

    based_on: Any = "iasp91"
    delays_s: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self):
        if not isinstance(self.delays_s, Mapping):
            raise InputError(f"delays_s is {a_kind(self.delays_s)}; give a dict of NET.STA to (P, S), s.")
        checked = {}
        for name, pair in self.delays_s.items():
            try:
                p, s = (float(value) for value in pair)
            except (TypeError, ValueError):
                raise InputError(f"delays_s[{name!r}]={pair!r} must be two numbers, those of P and of S, s.") from None
            if not all(math.isfinite(value) and abs(value) <= MOST_S for value in (p, s)):
                raise InputError(f"delays_s[{name!r}]={pair!r} must be between {-MOST_S:g} and {MOST_S:g} s.")
            checked[str(name)] = p, s
        object.__setattr__(self, "delays_s", checked)

    @classmethod
    def of(cls, model: Any) -> StationDelays | None:
        """Return delays as such, from `plain`, or from a file whose name ends in .json; None for any other model."""
        if isinstance(model, cls):
            return model
        if isinstance(model, (str, os.PathLike)) and os.fspath(model).endswith(".json"):
            return cls.read(model)
        if not isinstance(model, Mapping):
            return None
        if set(model) != _KEYS:
            raise InputError(
                f"velocity_model={dict(model)!r} must have the keys {sorted(_KEYS)}, as those of StationDelays.plain()."
            )
        return cls(model["based_on"], model["delays_s"])

    def named_as(self, stations: Iterable[str]) -> tuple[StationDelays, list[str]]:
        """Return the delays under the names that some stations have here, and names that fit several of them.

        Where one of the two lacks a network code, the station code alone counts, if it is the only one. Delays of
        other stations stay.

        Examples
        --------
        >>> StationDelays("iasp91", {"SOFT": (0.2, 0.5)}).named_as(["XX.SOFT"])[0].delays_s
        {'XX.SOFT': (0.2, 0.5)}
        """
        found, unclear = names_of_stations([name for name in self.delays_s if name], stations)
        new = {name: station for station, name in found.items()}
        return StationDelays(self.based_on, {new.get(n, n): pair for n, pair in self.delays_s.items()}), unclear

    def add_to(self, onsets: Onsets, stations: Sequence[str]) -> Onsets:
        """Return onsets with the delays of their stations; direct waves are late by as much as first ones.

        Parameters
        ----------
        onsets : Onsets
        stations : sequence of str
            "NET.STA" of each path.

        Raises
        ------
        InputError
            Not one name per path; an S that would not come after its P.
        """
        if len(stations) != len(onsets):
            raise InputError(f"stations holds {len(stations)} names for {len(onsets)} paths; give one per path.")
        others = self.delays_s.get("", (0.0, 0.0))
        late = np.array([self.delays_s.get(name, others) for name in stations]).reshape(-1, 2)
        times = {f"{wave}{kind}_s": getattr(onsets, f"{wave}{kind}_s") + late[:, column]
                 for column, wave in enumerate("ps") for kind in ("", "_direct")}  # fmt: skip
        wrong = np.flatnonzero((times["p_s"] < 0) | (times["p_s"] >= times["s_s"]))
        if len(wrong):
            i = wrong[0]
            raise InputError(
                f"station {stations[i]}: the delays {tuple(late[i])} s make P {times['p_s'][i]:.2f} s and S "
                f"{times['s_s'][i]:.2f} s after origin; P must come first, and not before the origin."
            )
        return replace(onsets, **times, origin=f"{onsets.origin} with delays of {self._count()}")

    def _count(self):
        count = len(self.delays_s) - ("" in self.delays_s)
        return f"{count} station" + ("s" if count != 1 else "")

    def plain(self) -> dict:
        """Return ``{"based_on": ..., "delays_s": ...}``, which ``velocity_model=`` takes, too."""
        based_on = self.based_on
        layers = [getattr(based_on, name, None) for name in ("top_depth_km", "vp_km_s", "vs_km_s")]
        if all(isinstance(layer, tuple) for layer in layers):
            based_on = [list(map(float, layer)) for layer in zip(*layers, strict=True)]
        return {"based_on": based_on, "delays_s": {name: list(pair) for name, pair in self.delays_s.items()}}

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write a JSON file, which `read` and the command line's ``--velocity-model`` read.

        Raises
        ------
        InputError
            The model is TauP's own object; name it instead.
        """
        try:
            text = json.dumps(self.plain(), indent=1)
        except TypeError:
            raise InputError(
                f"based_on is {a_kind(self.based_on)}, which a file cannot hold; give the model's name or its layers."
            ) from None
        with replacing(path) as beside:
            beside.write_text(text + "\n", encoding="utf-8")
        return Path(path)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> StationDelays:
        """Read what `write` wrote.

        Raises
        ------
        InputError
            No such file.
        FileFormatError
            The file is none of these.
        """
        content = read_json(path, _KEYS, "station delays", "StationDelays.write")
        try:
            return cls(content["based_on"], content["delays_s"])
        except InputError as error:
            raise FileFormatError(f"{path}: {error}") from error
