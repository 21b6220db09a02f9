"""Fit Z over the horizontals of S to the V/H of Gülerce & Abrahamson (2011), staying close to the values from records.

    python -m tools.physics.calibrate_vertical --also s_coda_vertical=0.1 [--count 32] [-o FILE] [--residual 0.05]

Simulates one half of the grid of V/H of `_gmm.py`, once unchanged and once with each number of the tables `s_vertical`
and `s_vertical_decay` and the power of the site term raised, and finds the changes that bring ln V/H of PGA and PSA
nearest to the model's. Changes have a cost, too, since the initial tables come from records; changes are cheapest
if neighbouring frequencies share them. Twice; prints the constants and the residuals, also of the half that was not
fitted. They go to FILE and from there by hand into the preset. It begins with the ratios of `fit_envelopes`, `START`,
not with those of the preset. Constants named with `--also` are fitted, too: logarithms of tables, which may change by
the standard deviation after the sign. Takes one to two minutes, and some more with them.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from seissynth_plugins.stochastic.presets import PRESETS
from tools.physics import _gmm as gmm
from tools.physics._envelopes import named_values

PRESET = "active"
#: constant, how its values enter, standard deviation that a change of one may have
CONSTANTS = (("s_vertical", "ln", 0.4), ("s_vertical_decay", "", 0.15), ("vertical_site_exponent", "", 0.1))
OCTAVE = 0.7  # correlation of changes at frequencies separated by an octave
RESIDUAL = 0.1  # standard deviation of ln V/H that is aimed at
#: initial values for `active`, from records by `fit_envelopes`
START = {
    "s_vertical": ((0.707, 0.832), (1.41, 0.748), (2.83, 0.75), (5.66, 0.799), (11.3, 0.76), (22.6, 0.994)),
    "s_vertical_decay": ((1.0, -0.399), (3.0, 0.0336), (6.0, 0.156), (12.0, 0.155)),
    "s_coda_vertical": ((0.707, 0.683), (1.41, 0.613), (2.83, 0.48), (5.66, 0.41), (11.3, 0.686), (22.6, 0.72)),
    "vertical_site_exponent": 0.8,
}
STEP = 0.2
PASSES = 2
LIMIT = 0.2


def encode(parameters, constants=CONSTANTS):
    """Return the numbers of the constants as one vector."""
    return np.array(
        [np.log(value) if how == "ln" else value for name, how, _ in constants for _, value in knots(parameters, name)]
    )


def decode(vector, parameters, constants=CONSTANTS):
    """Return the constants of a vector; frequencies are those of `parameters`."""
    values, out = iter(vector.tolist()), {}
    for name, how, _ in constants:
        found = [(f, next(values)) for f, _ in knots(parameters, name)]
        rounded = tuple((f, float(f"{np.exp(x) if how == 'ln' else x:.3g}")) for f, x in found)
        out[name] = rounded if isinstance(getattr(parameters, name), tuple) else rounded[0][1]
    return out


def knots(parameters, name):
    """Pairs of frequency and value; of a plain number one, at 1 Hz."""
    value = getattr(parameters, name)
    return value if isinstance(value, tuple) else ((1.0, value),)


def covariance(parameters, constants=CONSTANTS):
    """Covariance that changes of the vector's entries may have."""
    place, constant, spread = np.array(
        [(np.log2(f), number, sd) for number, (name, _, sd) in enumerate(constants) for f, _ in knots(parameters, name)]
    ).T
    alike = constant[:, None] == constant
    return np.outer(spread, spread) * np.where(alike, OCTAVE ** np.abs(place[:, None] - place), 0.0)


def nearest(residuals, slopes, moved, allowed, aim=RESIDUAL):
    """Step that makes residuals small, and its sum with the earlier steps.

    Parameters
    ----------
    residuals : ndarray, shape (m,)
    slopes : ndarray, shape (p, m)
    moved : ndarray, shape (p,)
        Changes before this step.
    allowed : ndarray, shape (p, p)
        Covariance that changes may have.
    aim : float
        Standard deviation of residuals that is aimed at.

    Returns
    -------
    ndarray, shape (p,)
    """
    weights = np.linalg.inv(allowed)
    normal = slopes @ slopes.T / aim**2 + weights
    return np.linalg.solve(normal, -slopes @ residuals / aim**2 - weights @ moved)


def report(name, residuals):
    """Print the number of large residuals, by measure."""
    size = np.abs(residuals)
    beyond = " ".join(
        f"{measure} {n}" for measure, n in zip(gmm.VERTICAL_MEASURES, (size > LIMIT).sum(axis=0), strict=True)
    )
    print(f"{name}: beyond {LIMIT} of {len(size)} cells: {beyond}; largest {size.max():.2f}", flush=True)
    print("  mean", *(f"{x:+.2f}" for x in residuals.mean(axis=0)), flush=True)


def also(text):
    """Return name, "ln" and standard deviation of a constant given as NAME=SD."""
    name, _, deviation = text.partition("=")
    return name, "ln", float(deviation)


def main():
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=32, help="realisations per cell")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--also", type=also, nargs="*", default=(), help="further tables, NAME=SD")
    parser.add_argument("--set", action="append", default=[], help="NAME=VALUE, a constant that stays as it is")
    parser.add_argument("--residual", type=float, default=RESIDUAL, help="standard deviation of ln V/H aimed at")
    arguments = parser.parse_args()
    constants = (*CONSTANTS, *arguments.also)
    fixed = named_values(arguments.set)
    preset = replace(PRESETS[PRESET], **{**START, **fixed})
    halves = [[cell for cell in gmm.vertical_grid() if gmm.is_vertical_fitted(cell) == half] for half in (True, False)]
    wanted = [np.array([gmm.gulerce_abrahamson(cell) for cell in cells]) for cells in halves]

    def residuals(vector, half=0, count=arguments.count):
        backend = gmm.make_backend(PRESET, **fixed, **decode(vector, preset, constants))
        return gmm.vertical_medians(backend, halves[half], count) - wanted[half]

    start = vector = encode(preset, constants)
    few = max(arguments.count // 4, 8)
    plain = residuals(start, count=few)
    steps = STEP * np.eye(len(start))
    slopes = np.array([(residuals(start + step, count=few) - plain).ravel() / STEP for step in steps])
    allowed = covariance(preset, constants)
    for k in range(PASSES + 1):
        found = residuals(vector)
        report(f"pass {k}" if k else "before", found)
        if k < PASSES:
            vector = vector + nearest(found.ravel(), slopes, vector - start, allowed, arguments.residual)
    report("before, held out", residuals(start, 1))
    report("after, held out", residuals(vector, 1))
    fitted = decode(vector, preset, constants)
    for name, value in fitted.items():
        print(name, value)
    if arguments.output:
        arguments.output.write_text(json.dumps(fitted, indent=1) + "\n")


if __name__ == "__main__":
    main()
