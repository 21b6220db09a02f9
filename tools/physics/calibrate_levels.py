"""Fit the correction of ln FAS over magnitude and frequency of a preset to its published ground-motion model.

    python -m tools.physics.calibrate_levels [--preset active] [--count 120]

"active" and "active_windows" are fitted to BSSA14, "stable" to Atkinson & Boore (2006); `data/<preset>_level.json` is
written.

Simulates one half of the grid of magnitudes and distances (the dark squares of a chessboard), once unchanged and once
with each knot of frequency raised, and finds the twelve numbers that leave as little as possible outside
+-0.2 in ln PGA, PGV and PSA: a linear programme, repeated once about its first answer. The other half is never
simulated here; `compare_gmm.py` scores it. Takes some four minutes.
"""

import argparse
import datetime
import json
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

from seissynth_plugins.stochastic.adjustment import KNOTS_HZ
from seissynth_plugins.stochastic.calibration import LARGEST_LN_FAS, LevelCorrection
from seissynth_plugins.stochastic.presets import PRESETS
from tools.physics import _gmm as gmm
from tools.real_records._real_records import write_text

FOLDER = Path(__file__).parents[2] / "seissynth_plugins" / "stochastic" / "data"
MAGNITUDE_KNOTS = (3.5, 4.5, 5.5, 6.0, 6.5, 7.0)
FREQUENCY_KNOTS = tuple(KNOTS_HZ[i] for i in (3, 9))
TOLERANCE = 0.2  # residuals within cost nearly nothing
STEP = 0.5  # of ln FAS, by which each knot is raised
PASSES = 2
# a bound kept a little inside the one that is allowed, for rounding
BOUND = LARGEST_LN_FAS - 0.001
# costs of: the largest residual, each one's part beyond the tolerance, each one
WORST, BEYOND, ANY = 2.0, 1.0, 0.03
PROVENANCE = ("stress_drop_bar", "two_corner_start_magnitude", "two_corner_full_magnitude", "finite_fault", "spreading",
              "q0", "q_exponent", "path_duration", "kappa0_s", "window_epsilon", "window_stretch", "s_direct_level",
              "s_direct_duration", "coda_level", "low_cut_hz", "envelope", "scattering_per_km",
              "scattering_exponent", "absorption_q0", "absorption_q_exponent", "scattering_conversion", "kernel_order",
              "p_kernel", "s_kernel")  # fmt: skip


def write_correction(path, magnitudes, frequencies, values, **more):
    """Store a correction; `more` goes before the numbers."""
    text = {
        **more,
        "magnitudes": list(magnitudes),
        "frequencies_hz": list(frequencies),
        "ln_fas": [[round(float(x), 3) for x in row] for row in values],
    }
    write_text(path, json.dumps(text, indent=1) + "\n")


def sensitivities(cells, count, folder, preset="active"):
    """Give d ln measure / d ln FAS at each knot, shape (knots, cells, measures); the same seeds with and without."""
    plain = gmm.medians(gmm.make_backend(preset, level_correction="none"), cells, count)
    found = []
    for i in range(len(KNOTS_HZ)):
        path = folder / f"knot{i}.json"
        write_correction(path, [5.0], KNOTS_HZ, [STEP * np.eye(len(KNOTS_HZ))[i]])
        found.append((gmm.medians(gmm.make_backend(preset, level_correction=str(path)), cells, count) - plain) / STEP)
    return np.array(found)


def basis(cells):
    """Each coefficient's ln FAS at the knots for each cell, shape (coefficients, knots, cells)."""
    magnitudes = [cell.magnitude for cell in cells]
    units = np.eye(len(MAGNITUDE_KNOTS) * len(FREQUENCY_KNOTS))
    shape = (len(MAGNITUDE_KNOTS), len(FREQUENCY_KNOTS))
    scale = LARGEST_LN_FAS / 2  # units would be out of bounds
    return np.array(
        [
            LevelCorrection(MAGNITUDE_KNOTS, FREQUENCY_KNOTS, (scale * unit).reshape(shape)).at_knots(magnitudes).T
            / scale
            for unit in units
        ]
    )


def solve(residuals, effects, start):
    """Coefficients that bring the residuals as far within the tolerance as possible; `effects` (p, cells, measures)."""
    a, r = effects.reshape(len(effects), -1).T, residuals.ravel() - np.einsum("pcm,p->cm", effects, start).ravel()
    n, p = a.shape
    cost = np.concatenate([np.zeros(p), [WORST], np.full(n, BEYOND), np.full(n, ANY)])
    one, none, column, empty = np.eye(n), np.zeros((n, n)), np.ones((n, 1)), np.zeros((n, 1))
    # for both signs: |r + a x| <= worst, <= beyond + tolerance, <= any
    rows, limits = [], []
    for sign in (1, -1):
        rows += [np.hstack([sign * a, -column, none, none]), np.hstack([sign * a, empty, -one, none]),
                 np.hstack([sign * a, empty, none, -one])]  # fmt: skip
        limits += [-sign * r, -sign * r + TOLERANCE, -sign * r]
    bounds = [(-BOUND, BOUND)] * p + [(0, None)] * (2 * n + 1)
    found = linprog(cost, A_ub=np.vstack(rows), b_ub=np.concatenate(limits), bounds=bounds)
    return found.x[:p]


def report(name, residuals):
    """Print the number of large residuals."""
    size = np.abs(residuals)
    beyond = (size > 0.25).sum()
    print(f"{name}: {beyond} of {size.size} beyond 0.25, largest {size.max():.2f}, rms {residuals.std():.3f}")


def main():
    """Fit and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=120, help="realisations per cell")
    parser.add_argument("--preset", choices=("active", "active_windows", "stable"), default="active")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    preset = arguments.preset
    model, model_name, vs30 = gmm.TARGETS[preset]
    cells = [cell for cell in gmm.grid(vs30_mps=vs30) if gmm.is_fitted(cell.magnitude, cell.rjb_km)]
    wanted = np.array([model(cell) for cell in cells])
    residuals = gmm.medians(gmm.make_backend(preset, level_correction="none"), cells, arguments.count) - wanted
    report("before", residuals)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        effects = np.einsum("kcm,pkc->pcm", sensitivities(cells, arguments.count // 4, folder, preset), basis(cells))
        values = np.zeros(len(effects))
        for k in range(PASSES):
            values = solve(residuals, effects, values)
            shaped = values.reshape(len(MAGNITUDE_KNOTS), len(FREQUENCY_KNOTS))
            path = folder / f"pass{k}.json"
            write_correction(path, MAGNITUDE_KNOTS, FREQUENCY_KNOTS, shaped)
            corrected = gmm.make_backend(preset, level_correction=str(path))
            residuals = gmm.medians(corrected, cells, arguments.count) - wanted
            report(f"pass {k + 1}", residuals)
    print(shaped.round(3))
    constants = {name: getattr(PRESETS[preset], name) for name in PROVENANCE}
    write_correction(
        arguments.output or FOLDER / f"{preset}_level.json", MAGNITUDE_KNOTS, FREQUENCY_KNOTS, shaped,
        what="change of ln FAS of all legs; rows: Mw; columns: frequency; linear between, constant beyond",
        script="tools/physics/calibrate_levels.py",
        date=datetime.date.today().isoformat(),
        fitted_to=model_name,
        measures=gmm.MEASURES,
        magnitudes_of_grid=gmm.MAGNITUDES,
        rjb_of_grid_km=gmm.DISTANCES_KM,
        half="cells whose indices of magnitude and distance have an even sum",
        geometry=gmm.__doc__.split("\n\n")[1].replace("\n", " "),
        travel_times=gmm.MODEL,
        realisations_per_cell=arguments.count,
        preset=preset,
        constants=constants,
    )  # fmt: skip


if __name__ == "__main__":
    main()
