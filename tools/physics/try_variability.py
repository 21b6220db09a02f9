"""Try other fits of the random terms, and other scatter of durations, and write the result of each.

    python -m tools.physics.try_variability [--records 400] [--events 120] [--seed 4711] [--part fit] [-o FOLDER]

variability_tries_fit.md: records are simulated once, with the stored tables; each row is another fit to the same
weights, and its predictions. variability_limits.md: correlations of ln PSA that no fit can change, or hardly.
variability_tries_space.md: correlation over distance at M 7 with other scatter of durations, simulated.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth_plugins.stochastic.adjustment import KNOTS_HZ
from seissynth_plugins.stochastic.variability import read_tables
from tools.physics import calibrate_variability as calibrate
from tools.physics._gmm import MAGNITUDES, MEASURES, PERIODS_S
from tools.physics._variability import PSA, Cell, make_backend, psa_pairs, run
from tools.physics.compare_variability import OUT, correlations_in_space, of_fields, space_network, write
from tools.physics.compare_variability import bin_model as in_bins

KNOTS = np.array(KNOTS_HZ)
# (Mw, factor): correlation lengths of ln FAS over Mw as a free fit of them would have it
STRETCHES = ((3.5, 1.6), (4.5, 1.2), (5.5, 0.95), (6.0, 0.8), (6.5, 0.75))
EARLIER = {"_CORRELATION": 0.06, "_CORRELATION_SMALL": 0.2, "_FIT": 0.04, "_SLOPE_F": 0.25, "_SMOOTH_F": 0.2,
           "_SLOPE_M": 0.2, "_SMOOTH_M": 0.15}  # fmt: skip
SMOOTH = {name: EARLIER[name] for name in ("_SLOPE_F", "_SMOOTH_F", "_SLOPE_M", "_SMOOTH_M")}
SPACE_MAGNITUDE = 7.0


def by_magnitude(covariances):
    """Covariances whose correlation over f reaches less far in small events; that of sites stays."""

    def changed(tables, k, correlation):
        stretch = np.interp(MAGNITUDES[k], *np.array(STRETCHES).T)
        other = calibrate.replaced(tables, coordinate=tables.coordinate * stretch)
        between, _, rest = covariances(other, k, other.correlation())
        return [between, covariances(tables, k, correlation)[1], rest]

    return changed


def own_noise(share, below_hz):
    """Covariances of which knots below a frequency have their own share, correlated with nothing."""

    def wrap(covariances):
        def changed(tables, k, correlation):
            kept = np.sqrt(1 - share * (below_hz > KNOTS))
            between, site, rest = covariances(tables, k, correlation)
            between, rest = (np.diag(np.diag(c)) + (c - np.diag(np.diag(c))) * np.outer(kept, kept)
                             for c in (between, rest))  # fmt: skip
            return [between, site, rest]

        return changed

    return wrap


def shifted(share, period_s):
    """Targets of which a share of tau² at long periods went over to phi²."""

    def wrap(targets):
        def changed():
            tau, phi, rho = targets()
            long = np.array([False, False, *(p >= period_s for p in PERIODS_S)])
            taken = np.where(long, share, 0.0) * tau**2
            return np.sqrt(tau**2 - taken), np.sqrt(phi**2 + taken), rho

        return changed

    return wrap


#: what was tried: (name, constants of the calibration, (its function, how it is wrapped), factor on site terms)
TRIES = (
    ("weights of the earlier fit", EARLIER, None, 1.0),
    ("tables allowed to be rougher", {**EARLIER, **{k: 2.5 * v for k, v in SMOOTH.items()}}, None, 1.0),
    ("tolerance of τ and φ 0.02", {**EARLIER, "_FIT": 0.02}, None, 1.0),
    ("tolerance of correlations 0.03, below M 5 too", {**EARLIER, "_CORRELATION": 0.03, "_CORRELATION_SMALL": 0.03},
     None, 1.0),
    ("correlation length over M", EARLIER, ("covariances", by_magnitude), 1.0),
    ("knots below 0.5 Hz with 0.3 of their own", EARLIER, ("covariances", own_noise(0.3, 0.5)), 1.0),
    ("a third of τ² at 1 and 3 s moved to φ²", EARLIER, ("targets", shifted(1 / 3, 1.0)), 1.0),
    ("site terms 0.7", EARLIER, None, 0.7),
    ("site terms 1.3", EARLIER, None, 1.3),
    ("**taken**: all three tolerances", {}, None, 1.0),
    ("taken, and correlation length over M", {}, ("covariances", by_magnitude), 1.0),
)  # fmt: skip
#: (name, standard deviations of ln duration between and within events, share of the latter of each record)
DURATIONS = (
    ("each record for itself, as before", (0.0, 0.4), 1.0),
    ("record and event", (0.25, 0.4), 1.0),
    ("fields and record", (0.0, 0.4), 0.2),
    ("**taken**: event, fields and record", (0.25, 0.4), 0.2),
    ("none", (0.0, 0.0), 1.0),
)


def refit(tables, responses, constants, wrapped, site):
    """Fit with some constants or functions of the calibration changed; returns tables and their predictions."""
    changed = dict(constants)
    if "_FIT" in constants:
        changed["_FITS"] = constants["_FIT"] / calibrate._FIT * calibrate._FITS
    if wrapped:
        name, wrap = wrapped
        changed[name] = wrap(getattr(calibrate, name))
    before = {name: getattr(calibrate, name) for name in changed}
    vars(calibrate).update(changed)
    try:
        fitted = calibrate.fit(calibrate.replaced(tables, phi_s2s=site * tables.phi_s2s), responses)
        return fitted, calibrate.predicted(fitted, responses)
    finally:
        vars(calibrate).update(before)


def worst(prediction):
    """Worst deviation of tau, phi and sigma in %, and of correlations from M 5.5 up, at M 5 and below."""
    (tau, phi, rho), (tau_wanted, phi_wanted, rho_wanted) = prediction, calibrate.targets()
    pairs = (tau, tau_wanted), (phi, phi_wanted), (np.hypot(tau, phi), np.hypot(tau_wanted, phi_wanted))
    percent = [100 * np.abs(found / wanted - 1).max() for found, wanted in pairs]
    error, m = np.abs(rho - rho_wanted).max(axis=1), np.array(MAGNITUDES)
    return percent, [error[m > 5].max(), error[m == 5].max(), error[m < 5].max()]


def fit_table(responses, tables, folder):
    """One row for each of `TRIES`."""
    names = ("tried", "τ", "φ", "σ", "ρ, M 5.5 to 7", "ρ, M 5", "ρ, M 3.5 to 4.5", "steepest step of τ")
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for name, constants, wrapped, site in TRIES:
        fitted, prediction = refit(tables, responses, constants, wrapped, site)
        percent, rho = worst(prediction)
        step = np.exp(np.abs(np.diff(np.log(fitted.tau), axis=1)).max())
        cells = [f"{x:.0f} %" for x in percent] + [f"{x:.2f}" for x in rho] + [f"{step:.1f}"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    write(folder / "variability_tries_fit.md", lines)


def limits_table(responses, tables, folder):
    """Correlations of ln PSA by the noise alone, by the weights alone, and with terms that do not correlate over f."""
    lines = ["| M | | " + " | ".join(f"{PERIODS_S[i]:g} and {PERIODS_S[j]:g} s" for i, j in psa_pairs()) + " |",
             "|---|---|" + "---|" * len(psa_pairs())]  # fmt: skip
    for k, (magnitude, response) in enumerate(zip(MAGNITUDES, responses, strict=True)):
        weights = response.weights
        sizes = tables.tau[k] ** 2 + tables.phi_s2s**2 + tables.phi_ss[k] ** 2
        apart = (weights * sizes) @ weights.T + response.between + response.within
        for label, covariance in (
            ("the noise alone", response.noise), ("weights alone", weights @ weights.T), ("independent knots", apart)
        ):  # fmt: skip
            scale = np.sqrt(np.diag(covariance)[PSA])
            rho = covariance[PSA, PSA] / np.outer(scale, scale)
            cells = " | ".join(f"{rho[i, j]:.2f}" for i, j in psa_pairs())
            lines.append(f"| {magnitude:g} | {label} | {cells} |")
    write(folder / "variability_limits.md", lines)
    print("\n".join(lines), flush=True)


def durations_table(events, seed, folder):
    """Correlation over distance at M 7 with each of `DURATIONS`, and the correlation from the fields alone."""
    distance = space_network(seed)[2]
    chosen = [0, 1, 2, 3]
    lines = ["| ln duration | | 0 to 2 km | 2 to 5 km | 5 to 10 km | 10 to 15 km |", "|---|---|" + "---|" * len(chosen)]
    for name, durations, own in DURATIONS:
        backend = make_backend(None)
        backend._terms.scales = (0.0, 0.0, 1.0)
        backend._terms.durations, backend._terms.duration_row_share = (*durations, 0.0), own
        found = correlations_in_space(backend, SPACE_MAGNITUDE, events, seed)[1]
        for i in (0, 2, 3, 5):
            cells = " | ".join(f"{x:.2f}" for x in found[chosen, i])
            lines.append(f"| {name} | {MEASURES[i]} | {cells} |")
            print(lines[-1], flush=True)
    cells = " | ".join(f"{x:.2f}" for x in in_bins(of_fields(read_tables()), distance)[chosen])
    lines.append(f"| the fields themselves | | {cells} |")
    write(folder / "variability_tries_space.md", lines)


def main():
    """Try everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=400, help="for each magnitude and distance")
    parser.add_argument("--events", type=int, default=120, help="of the comparison in space")
    parser.add_argument("--seed", type=int, default=4711)
    parser.add_argument("--part", choices=("fit", "space"), help="only this one")
    parser.add_argument("-o", "--output", type=Path, default=OUT)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    n, seed, folder = arguments.records, arguments.seed, arguments.output
    if arguments.part != "space":
        tables = read_tables()
        plain = make_backend(tables)
        plain._terms = None
        responses = []
        for m in MAGNITUDES:
            bases = [run(plain, Cell(m, r), calibrate.cell_seeds(m, r, n, seed)) for r in calibrate.DISTANCES_KM]
            responses.append(calibrate.Response(m, tables, bases, n, seed))
        limits_table(responses, tables, folder)
        fit_table(responses, tables, folder)
    if arguments.part != "fit":
        durations_table(arguments.events, seed, folder)


if __name__ == "__main__":
    main()
