"""Make the generated sets, one for each row of the Ridgecrest leaderboard."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy

import seissynth
from seissynth.evaluation.baselines import known_answers
from seissynth.evaluation.baselines import untrained as baselines
from seissynth.evaluation.baselines.folds import time_folds
from seissynth.evaluation.record_sets import Pairs, pair_sets, read_record_set
from seissynth.evaluation.record_streams import streams_to_record_set
from seissynth.seeding import generator, hash_words

FOLDS, BLOCK = 5, 15
EVERY = 4  # known answers are asked of every fourth record
DRAWS = 5  # fewer give no reliable spread
MODEL = "southern_california"
LEAD_S, TAIL_S = 30.0, 5.0
LARGE = 6.0  # listed as ML like all others; it is the network's moment magnitude


class Ridgecrest:
    """The real records, their folds, and the inputs of the stochastic rows."""

    def __init__(self, windows, data):
        everything = read_record_set(windows, "Ridgecrest, real", category=None)
        table = everything.metadata
        self.taper_s = _taper_s(windows)
        quakes = table["trace_category"].astype(str).str.startswith("earthquake").to_numpy()
        whole = everything.column("trace_margin_s") >= self.taper_s - 0.01
        self.real = everything.select(quakes & whole)
        self.noise = everything.select(~quakes & _before_the_first(table, everything), "noise")
        self.some = self.real.select(np.arange(0, len(self.real), EVERY))
        self.folds = time_folds(self.real, FOLDS, block=BLOCK)
        self._data = None if data is None else Path(data) / "ridgecrest_2019"

    def stochastic(self, noise=False, draws=DRAWS, **options):
        """Draws of the stochastic backend through the preparation of the real records."""
        from seissynth.data.preparation.preparation import heggs_preparation

        inventory = obspy.read_inventory(str(self._data / "inventory.xml"))
        catalogue = obspy.read_events(str(self._data / "catalog.xml"))
        preparation = heggs_preparation(self.real.sampling_rate_hz, *self.real.band_hz)
        lead = round(LEAD_S * self.real.sampling_rate_hz)
        parts = []
        for event in catalogue:
            if event.magnitudes[0].mag > LARGE:
                event.magnitudes[0].magnitude_type = "Mw"
            ensemble = seissynth.generate(
                inventory, event, start=-LEAD_S, duration=LEAD_S + 60.0 + TAIL_S, realizations=draws, seed=1, **options
            )
            for stream in ensemble:
                for trace in stream:  # the boreholes' axes are nominally north and east
                    trace.stats.channel = trace.stats.channel.replace("1", "N").replace("2", "E")
            made = streams_to_record_set(ensemble, "stochastic")
            data = preparation.apply(made.data, made.sampling_rate_hz).data[..., lead : lead + self.real.npts]
            parts.append(replace(made, data=data, start_s=made.start_s + LEAD_S, band_hz=self.real.band_hz))
        pairs = pair_sets(self.real, _joined(parts))
        if len(pairs) != len(self.real):
            raise SystemExit(f"only {len(pairs)} of {len(self.real)} records have a generated partner")
        return self._with_noise(pairs) if noise else pairs

    def _with_noise(self, pairs):
        """Add a window of the sensor's own noise, drawn from those before the sequence, to each record."""
        sensors = self.noise.stations
        own = {label: np.flatnonzero(sensors == label) for label in set(sensors.tolist())}
        draws = []
        for k, draw in enumerate(pairs.draws):
            data = draw.data.copy()
            for row, label in enumerate(self.real.stations):
                if label in own:
                    rng = generator(hash_words("noise", k, row))
                    data[row] += self.noise.data[rng.choice(own[label])]
            draws.append(replace(draw, data=data))
        return replace(pairs, draws=tuple(draws))

    def of(self, draws):
        """Pairs of the real records with draws of equal rows."""
        return Pairs(self.real, tuple(draws))


def _blurred_phases_lost(sequence):
    """The true spectrogram, smoothed, with recomputed phases: the best that a regression of spectrograms can give."""
    draws = [known_answers.blurred_copy(sequence.some, phases="found", seed=k) for k in range(2)]
    return Pairs(sequence.some, tuple(draws))


SITE, SENSOR, EVENT, RECORD = (
    "magnitude and place", "other earthquakes at the sensor", "the earthquake's other records", "the record itself",
)  # fmt: skip


def _known(name):
    return RECORD, lambda s: known_answers.known_pairs(s.some)[name]


#: row -> (what it knows, function of a `Ridgecrest` that gives Pairs)
ROWS = {
    "stochastic": (SITE, lambda s: s.stochastic(velocity_model=MODEL)),
    "mean of 10 nearest": (SENSOR, lambda s: s.of(baselines.nearest_mean(s.real, s.folds, draws=2))),
    "mean of other stations": (EVENT, lambda s: s.of(baselines.other_stations_mean(s.real, draws=2))),
    "nearest real records": (SENSOR, lambda s: s.of(baselines.nearest_real_records(s.real, s.folds, draws=DRAWS))),
    "representation alone": (RECORD, lambda s: s.of(baselines.representation_alone(s.real, draws=2))),
    "itself": _known("itself"),
    "late by 0.5 s": _known("late by 0.5 s"),
    "times 2": _known("times 2"),
    "shuffled": _known("shuffled"),
    "blurred, own phases": _known("blurred"),
    "blurred, phases found": (RECORD, _blurred_phases_lost),
    "stochastic + noise": (f"{SITE}, noise of the sensor", lambda s: s.stochastic(True, velocity_model=MODEL)),
    "stochastic, iasp91": (SITE, lambda s: s.stochastic()),
    "stochastic, active_windows": (SITE, lambda s: s.stochastic(velocity_model=MODEL, preset="active_windows")),
}

#: rows that are scored by some groups only: the others would repeat "stochastic"
FEW_GROUPS = {"stochastic, iasp91": ("arrivals", "similarity")}

#: rows of the ruler: (folds wanted, station terms)
TRAVEL_TIMES = {
    "travel time + term": (True, True),
    "travel time + term, in sample": (False, True),
    "travel time": (False, False),
}


class RememberingPicker:
    """A picker that keeps its picks: references and floor are the same in every row.

    Parameters
    ----------
    picker : object
        See `seissynth.picking`.
    """

    def __init__(self, picker):
        self._picker, self.name, self._found = picker, picker.name, {}

    def pick(self, data, sampling_rate_hz, expected_s, before_s=0.0):
        """See `seissynth.picking.AICPicker.pick`."""
        return self._picker.pick(data, sampling_rate_hz, expected_s, before_s)

    def pick_many(self, data, sampling_rate_hz, expected_s, before_s):
        """See `seissynth.picking.pick_records`."""
        from seissynth.picking.pickers import pick_records

        parts = [data, *(expected_s[phase] for phase in sorted(expected_s)), np.asarray(before_s, dtype=float)]
        key = hashlib.blake2b(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()
        if key not in self._found:
            self._found[key] = pick_records(self._picker, data, sampling_rate_hz, expected_s, before_s)
        return {phase: values.copy() for phase, values in self._found[key].items()}


def generated_set(sequence, path, name):
    """Pairs of a generated set in SeisBench's format; every record must have a partner."""
    pairs = pair_sets(sequence.real, read_record_set(path, name))
    if len(pairs) != len(sequence.real):
        print(f"{name}: {len(sequence.real) - len(pairs)} real records have no partner; rows are compared by record")
    return pairs


def _joined(parts):
    import pandas as pd

    first = parts[0]
    arrays = {name: np.concatenate([getattr(part, name) for part in parts])
              for name in ("data", "start_s", "p_s", "s_s", "mask_end_s")}  # fmt: skip
    return replace(first, metadata=pd.concat([part.metadata for part in parts], ignore_index=True), **arrays)


def _before_the_first(table, records):
    """Which windows end before the first earthquake: later ones share time, even samples, with predictions."""
    import pandas as pd

    start, origin = (
        pd.to_datetime(table[name], utc=True, format="ISO8601") for name in ("trace_start_time", "source_origin_time")
    )
    length = pd.Timedelta(seconds=records.npts / records.sampling_rate_hz)
    return (start + length <= origin.min()).to_numpy()


def _taper_s(windows):
    settings = json.loads((Path(windows) / "cut_report.json").read_text(encoding="utf-8"))["settings"]
    steps = settings["preparation"]["steps"]
    return max([0.0, *(step["length_s"] for step in steps if step.get("step") == "taper")])
