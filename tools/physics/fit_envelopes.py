"""Fit the constants of the transport envelopes to real records: energy in bands and parts of time.

    python -m tools.physics.fit_envelopes DATA WINDOWS OUT.json [--sets ridgecrest] [--half fit] [--steps 25]

DATA and WINDOWS as for `compare_envelopes`. Compared are stacks over the nearer and the farther half of the
records, of Z and of the horizontals, both over the horizontals' mean energy in the first five seconds of S. The
expected energies are computed without noise; ln of a mean over few samples is too low on average, and that is allowed
for. Priors keep constants of which the records say little near their first values. OUT.json holds constants of the
backend, for ``compare_envelopes --constants``.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from scipy.special import expit, logit, psi

from seissynth.picking import SeisBenchPicker
from seissynth_plugins.stochastic.presets import make_parameters
from seissynth_plugins.stochastic.spectra import interpolate_log_frequency
from seissynth_plugins.stochastic.transport import CENTRES_HZ
from tools.physics._envelopes import (
    BANDS_HZ,
    BEHIND_S,
    BETWEEN,
    PARTS,
    RATIO_PARTS,
    REFERENCE_PARTS,
    load,
    named_values,
    real_measures,
)
from tools.physics._expected_envelopes import Expected

#: where a fit begins, and where its priors are centred: coefficients of the size of published ones, kernels as short as
#: Ridgecrest's, the component ratios of the preset "active"
START = {
    "scattering_per_km": 0.0132, "scattering_exponent": 0.02, "absorption_q0": 112.0, "absorption_q_exponent": 0.53,
    "scattering_conversion": 0.145, "p_scattering": 2.0, "s_kernel": (0.6, 0.1, 0.02, -0.2),
    "p_kernel": (1.0, 0.03, 0.0015, 0.0), "p_depolarised": ((1.0, 0.2), (20.0, 0.6)),
    "s_depolarised": ((1.0, 0.5), (20.0, 0.8)), "envelope": "transport",
}  # fmt: skip
#: name, transformation, standard deviation of the prior in it
SCALARS = (
    ("scattering_per_km", "ln", 1.5), ("scattering_exponent", "", 0.5), ("absorption_q0", "ln", 1.0),
    ("absorption_q_exponent", "", 0.4), ("scattering_conversion", "ln", 1.0), ("p_scattering", "ln", 1.0),
)  # fmt: skip
#: kernel, entry, transformation, prior
KERNELS = (
    ("s_kernel", 0, "ln", 0.1), ("s_kernel", 1, "ln", 1.0), ("s_kernel", 2, "ln", 1.0), ("s_kernel", 3, "", 0.4),
    ("p_kernel", 0, "ln", 0.1), ("p_kernel", 1, "ln", 1.0), ("p_kernel", 2, "ln", 1.0), ("p_kernel", 3, "", 0.4),
)  # fmt: skip
TABLES = (("p_horizontal", 0.4), ("s_vertical", 0.4), ("s_coda_vertical", 0.4), ("p_factor", 0.5))
#: tables whose knots a fit may move one by one
KNOTS = (("s_vertical_decay", 0.15),)
SHARES = (("p_depolarised", 1.0), ("s_depolarised", 1.0))
_SHARE_KNOTS_HZ = (1.0, 20.0)
#: sets whose onsets were picked; parts next to an onset, and their weight in the other sets
PICKED_SETS, NEXT_TO_ONSETS, UNSURE = ("ridgecrest", "new_zealand"), (0, len(BETWEEN) - 1), 0.4
_LARGEST = 3.0
_LEAST_RECORDS = 5
_LEAST_GROUP = 8
_STEP, _LONGEST_STEP = 0.1, 0.8


class Problem:
    """Residuals of stacks and of priors as a function of one vector.

    Parameters
    ----------
    sets : dict of str to list of Recording
        Stacks are made of each set separately, so each set has equal weight.
    duration_weight : float
        Of ln of a duration beside ln of an energy; constants of the preset were fitted with 0.
    ratio_weight : float
        Of ln of Z over H in the parts of `RATIO_PARTS` beside ln of an energy.
    preset : str
        Of the spectra.
    **constants
        Of the backend; held fixed.
    """

    def __init__(self, sets, duration_weight=0.0, ratio_weight=0.0, preset="active", **constants):
        self.duration_weight, self.ratio_weight = duration_weight, ratio_weight
        recordings = [one for found in sets.values() for one in found]
        self.expected = Expected(recordings, preset, **constants)
        self.real, lasting = zip(*(real_measures(one) for one in recordings), strict=True)
        #: of horizontals, then of Z
        self.lasting = np.log(np.array(lasting))
        self.seen = np.array([of_horizontals(parts) for parts in self.real])
        self.bias = np.array([[_bias(edges, band) for band in BANDS_HZ] for edges in self.expected.edges])
        self.groups = groups_of(sets)
        #: onsets that are predicted, or found near predictions, carry little information about the motion next to them
        self.weights = [
            np.where(np.isin(np.arange(PARTS), NEXT_TO_ONSETS) & (name not in PICKED_SETS), UNSURE, 1.0)
            for name, found in sets.items() for _ in range(2 if len(found) >= 2 * _LEAST_GROUP else 1)
        ]  # fmt: skip
        self.start = self.encode(make_parameters("active", **START))

    def encode(self, parameters):
        """Return the vector of some constants."""
        values = [_into(getattr(parameters, name), how) for name, how, _ in SCALARS]
        values += [_into(getattr(parameters, name)[place], how) for name, place, how, _ in KERNELS]
        for name, _ in TABLES:
            values += np.log(interpolate_log_frequency(getattr(parameters, name), np.array(CENTRES_HZ))).tolist()
        for name, _ in KNOTS:
            values += [value for _, value in getattr(parameters, name)]
        for name, _ in SHARES:
            values += logit(interpolate_log_frequency(getattr(parameters, name), np.array(_SHARE_KNOTS_HZ))).tolist()
        return np.array(values)

    def decode(self, vector):
        """Return the constants of a vector."""
        values, constants = iter(vector.tolist()), {}
        for name, how, _ in SCALARS:
            constants[name] = _out_of(next(values), how)
        base = make_parameters("active", **START)
        kernels = {"s_kernel": list(base.s_kernel), "p_kernel": list(base.p_kernel)}
        for name, place, how, _ in KERNELS:
            kernels[name][place] = _out_of(next(values), how)
        constants |= {name: tuple(value) for name, value in kernels.items()}
        for name, _ in TABLES:
            constants[name] = tuple((float(f), float(np.exp(next(values)))) for f in CENTRES_HZ)
        for name, _ in KNOTS:
            constants[name] = tuple((float(f), float(next(values))) for f, _ in getattr(base, name))
        for name, _ in SHARES:
            constants[name] = tuple((f, float(expit(next(values)))) for f in _SHARE_KNOTS_HZ)
        return constants

    def priors(self):
        """Return the standard deviations of the vector's entries."""
        out = [sd for *_, sd in SCALARS] + [sd for *_, sd in KERNELS]
        base = make_parameters("active")
        out += [sd for _, sd in TABLES for _ in CENTRES_HZ] + [sd for name, sd in KNOTS for _ in getattr(base, name)]
        out += [sd for _, sd in SHARES for _ in _SHARE_KNOTS_HZ]
        return np.array(out)

    def differences(self, vector):
        """Ln of expected over observed energies (records, bands, 2, parts) and durations (records, bands, 2, 2)."""
        parts, durations = self.expected.measures(self.decode(vector))
        masked = np.where(np.isfinite(np.array(self.real)), parts, np.nan)
        energies = np.array([of_horizontals(one) for one in masked]) + self.bias - self.seen
        return energies, np.log(durations[:, :, ::-1]) - self.lasting

    def residuals(self, vector):
        """Stacks over the nearer and the farther records of each set, then the priors."""
        energies, durations = (np.clip(one, -_LARGEST, _LARGEST) for one in self.differences(vector))
        stacks = []
        for chosen, weight in zip(self.groups, self.weights, strict=True):
            stacks.append((weight * _mean_of_enough(energies[chosen])).ravel())
            stacks.append(self.duration_weight * _mean_of_enough(durations[chosen]).ravel())
            ratios = _mean_of_enough(energies[chosen, :, 0] - energies[chosen, :, 1])
            stacks += [self.ratio_weight * ratios[:, list(parts)].mean(axis=1) for parts in RATIO_PARTS]
        return np.concatenate([*stacks, 0.7 * (vector - self.start) / self.priors()])


def _mean_of_enough(values):
    """Means over records; 0 where few have a value."""
    enough = np.isfinite(values).sum(axis=0) >= _LEAST_RECORDS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.where(enough, np.nanmean(values, axis=0), 0.0)


def groups_of(sets):
    """Row numbers of the nearer and the farther records of each set; small sets are one group."""
    groups, first = [], 0
    for found in sets.values():
        rows = first + np.arange(len(found))
        first += len(found)
        apart = np.array([one.s - one.p for one in found])
        near = apart < np.median(apart)
        groups += [rows[near], rows[~near]] if len(found) >= 2 * _LEAST_GROUP else [rows]
    return groups


def of_horizontals(parts):
    """Ln of energies over the horizontals' mean in the first five seconds of S, (bands, 2, parts)."""
    first = len(BETWEEN) - 1
    reference = parts[:, 1, first : first + REFERENCE_PARTS]
    weight = np.where(np.isfinite(reference), np.diff(BEHIND_S)[:REFERENCE_PARTS], 0.0)
    with np.errstate(all="ignore"):
        mean = np.nansum(reference * weight, axis=1) / weight.sum(axis=1)
        return np.log(parts / mean[:, None, None])


def _bias(edges, band):
    """Mean of ln of a mean square of few degrees of freedom, (2, parts): Z is one component, horizontals are two."""
    lengths = np.delete(np.diff(edges), len(BETWEEN) - 1)
    freedom = np.maximum(1.4 * (band[1] - band[0]) * lengths, 1.0)
    both = np.stack([freedom, 2 * freedom])
    return psi(both / 2) - np.log(both / 2)


def _into(value, how):
    return float(np.log(value)) if how == "ln" else float(value)


def _out_of(value, how):
    return float(np.exp(value)) if how == "ln" else float(value)


def fit(problem, steps, vector=None):
    """Gauss-Newton with a damping that falls where it succeeds; print the cost of each step."""
    vector = problem.start if vector is None else vector
    residuals = problem.residuals(vector)
    damping = 0.3
    print("cost", round(float(residuals @ residuals), 2), flush=True)
    for step in range(steps):
        slopes = np.array(
            [(problem.residuals(vector + _STEP * one) - residuals) / _STEP for one in np.eye(len(vector))]
        ).T
        normal, before = slopes.T @ slopes, residuals @ residuals
        for _ in range(5):
            change = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-6), -slopes.T @ residuals)
            change = np.clip(change, -_LONGEST_STEP, _LONGEST_STEP)
            tried = problem.residuals(vector + change)
            if tried @ tried < before:
                vector, residuals, damping = vector + change, tried, 0.4 * damping
                break
            damping *= 4
        print("step", step, "cost", round(float(residuals @ residuals), 2), flush=True)
        if before - residuals @ residuals < 0.001 * before:
            break
    return vector


def main():
    """Load, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sets", default="ridgecrest")
    parser.add_argument("--half", choices=("all", "fit"), default="fit")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--duration-weight", type=float, default=0.0, help="of D5-75 and D5-95 beside the energies")
    parser.add_argument("--ratio-weight", type=float, default=0.0, help="of Z over H beside the energies")
    parser.add_argument("--preset", default="active", help="of the spectra")
    parser.add_argument("--set", action="append", default=[], help="NAME=VALUE, a constant that stays as it is")
    parser.add_argument("--start", type=Path, help="constants to begin with, as this script writes; priors stay")
    parser.add_argument("--order", type=float, default=1.0, help="of the path's kernel")
    parser.add_argument("--picker", type=Path, help="PhaseNet's file: S is picked where it would be predicted")
    arguments = parser.parse_args()
    picker = SeisBenchPicker(arguments.picker) if arguments.picker else None
    sets = {name: load(name, arguments.data, arguments.windows, picker) for name in arguments.sets.split(",")}
    if arguments.half == "fit":
        sets = {name: found[::2] for name, found in sets.items()}
    fixed = {"kernel_order": arguments.order, **named_values(arguments.set)}
    problem = Problem(sets, arguments.duration_weight, arguments.ratio_weight, arguments.preset, **fixed)
    start = None
    if arguments.start:
        first = {**START, **json.loads(arguments.start.read_text())}
        start = problem.encode(make_parameters("active", **first))
    vector = fit(problem, arguments.steps, start)
    constants = {**problem.decode(vector), **fixed}
    arguments.out.write_text(json.dumps(constants, indent=1))
    for name, value in constants.items():
        print(name, value)


if __name__ == "__main__":
    main()
