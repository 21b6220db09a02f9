"""Fit the standard deviations of the random terms to BSSA14, and write the backend's data/variability.json.

    python -m tools.physics.calibrate_variability [--records 800] [--rounds 3] [--seed 11] [--continue] [-o FILE]

1. Records of each magnitude and distance are simulated with the random terms of the round before, and ln of each peak
   is regressed on the 12 numbers that were added to its ln FAS, and on ln of its duration factor. This gives each
   peak's weights, and the remaining variance between and within events (noise and nonlinear part).
2. tau and phi_ss over M and f, and how much wider terms between events correlate over f, are fitted by least squares,
   where weights and residuals must give BSSA14's tau and phi and the correlations of Baker & Jayaram (2008). Tables are
   kept smooth in M and f.
3. The offset is a smooth one that restores the medians without random terms, as far as possible.

phi_s2s is not fitted: it is that of Bayless & Abrahamson (2019, BSSA 109, 2088-2105) for M 6 and more.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares, lsq_linear

import seissynth
from seissynth.seeding import hash_words, make_seeds
from seissynth_plugins.stochastic.adjustment import KNOTS_HZ
from seissynth_plugins.stochastic.variability import VariabilityTables, read_tables
from tools.physics._gmm import MAGNITUDES, MEASURES, PERIODS_S
from tools.physics._variability import (
    PSA,
    Cell,
    baker_jayaram,
    bssa14_deviations,
    components,
    make_backend,
    psa_pairs,
    run,
)

OUTPUT = Path(__file__).resolve().parents[2] / "seissynth_plugins" / "stochastic" / "data" / "variability.json"
DISTANCES_KM = (15.0, 50.0)
PLAIN = 300  # records of a cell that are made without terms too
STATIONS = 5  # of an event; the number of records of a cell is a multiple of it
LN_F = np.log(KNOTS_HZ)
# (Hz, phi_s2s): Bayless & Abrahamson (2019), coefficient s4, read at some frequencies
SITE = ((0.1, 0.35), (0.28, 0.39), (0.8, 0.42), (1.3, 0.41), (2.2, 0.365), (3.7, 0.35), (6.3, 0.39), (10.6, 0.48),
        (17.8, 0.56), (30.0, 0.59))  # fmt: skip
# (Hz, share): nugget of Loth & Baker (2013), 0.12 to 0.28, less what the noise of the simulation scatters itself
ROW_SHARE = ((1.0, 0.02), (3.0, 0.2))
SHORT_SHARE = 0.4  # Loth & Baker (2013, 2020): short over short and long range is 0.38 to 0.42 at all periods
RANGES_KM = (20.0, 70.0)
START_TAU, START_PHI_SS = 0.42, 0.42
EXPONENT = 1.9
# knots correlate as exp(-d^EXPONENT), where d is the distance on this scale over ln f: about as spectra of records
# around Ridgecrest do, where frequencies above 8 Hz have more of their own. (Hz, scale); a fit that could stretch the
# frequencies put a break between 2 and 4 Hz
CORRELATION_SCALE = ((0.1, 0.0), (8.0, np.log(80.0) / 1.9), (30.0, np.log(80.0) / 1.9 + np.log(30.0 / 8.0)))
# standard deviations of the least-squares problem
_FIT, _CORRELATION = 0.03, 0.045
_FITS = _FIT * np.array([1.0, 0.6, 1.0, 1.0, 1.0, 1.0])  # PGV would be lowest: it depends on the widest band
# Baker & Jayaram's records have M 5 and more; in smaller events PSA(3 s) is moved by the same frequencies as PSA(1 s)
_CORRELATION_SMALL, _CORRELATION_FROM_MAGNITUDE = 0.1, 5.0
_SLOPE_F, _SMOOTH_F, _SLOPE_M, _SMOOTH_M, _PRIOR = 0.25, 0.2, 0.2, 0.15, 0.4
# Slopes and bends of ln of the total standard deviation from knot to knot. Where they are free, totals alternate
# between 0.5 and 1.5, and the offset that this asks for cuts holes of a factor of three into the median spectrum.
_TOTAL_SLOPE_F, _TOTAL_SMOOTH_F = 0.15, 0.06
_SMALLEST, _LARGEST = 0.15, 0.8  # of a standard deviation of ln FAS
# of phi_ss below _CORRELATION_FROM_MAGNITUDE: spectra around Ridgecrest scatter as much at 1 to 3 Hz as above, where a
# free fit leaves a hole between the frequencies of PSA(1 s) and PSA(0.3 s)
_SMALLEST_SMALL = 0.45
# no peak of larger events listens to the lowest knots; Bayless & Abrahamson (2019) have 0.43 and 0.41 there
_UNHEARD_KNOTS, _UNHEARD_FROM_MAGNITUDE, _UNHEARD_LARGEST = 2, 5.5, 0.6
_OFFSET_FIT, _OFFSET_SLOPE, _OFFSET_BEND, _OFFSET_SIZE = 0.02, 0.05, 0.06, 0.2


def start_tables():
    """Tables to begin with: flat, but for the sites."""
    shape = (len(MAGNITUDES), len(KNOTS_HZ))
    return VariabilityTables(
        magnitudes=np.array(MAGNITUDES),
        tau=np.full(shape, START_TAU),
        phi_s2s=np.interp(LN_F, *_log(SITE)),
        phi_ss=np.full(shape, START_PHI_SS),
        offset=np.zeros(shape),
        coordinate=np.interp(LN_F, *_log(CORRELATION_SCALE)),
        event_stretch=0.7,
        exponent=EXPONENT,
        row_share=np.interp(LN_F, *_log(ROW_SHARE)),
        short_share=SHORT_SHARE,
        ranges_km=RANGES_KM,
    )


def _log(pairs):
    frequency, value = np.array(pairs).T
    return np.log(frequency), value


def cell_seeds(magnitude, distance_km, count, seed):
    """Some records share an event; every record has its own station."""
    name = f"{magnitude:g}/{distance_km:g}"
    events = [f"{name}/{i // STATIONS}" for i in range(count)]
    return make_seeds(seed, events, [f"{name}/{i}" for i in range(count)])


class Response:
    """How the peaks of one magnitude answer to the terms.

    weights (6, knots) of ln FAS and (6,) of ln duration; between and within (6, 6), what is added to the covariances
    that these weights give; noise (6, 6), the covariance without any terms; shift (6,) of the means.
    """

    def __init__(self, magnitude, tables, bases, count, seed):
        changes, peaks = [], []
        backend = make_backend(tables)
        for distance in DISTANCES_KM:
            seeds = cell_seeds(magnitude, distance, count, seed)
            nowhere = np.full(count, np.nan)
            drawn = backend._terms.draw(np.full(count, magnitude), nowhere, nowhere, seeds)
            changes.append(np.column_stack([drawn.duration, drawn.event + drawn.site + drawn.within]))
            peaks.append(run(backend, Cell(magnitude, distance), seeds))
        # one constant for each distance; more of a frequency never lowers a peak, so weights are 0 or more
        places = len(DISTANCES_KM)
        columns = np.kron(np.eye(places), np.ones((count, 1)))
        design = np.hstack([columns, np.concatenate(changes)])
        wanted = np.concatenate(peaks)
        least = np.r_[np.full(places + 1, -np.inf), np.zeros(len(KNOTS_HZ))]
        solved = np.array([lsq_linear(design, column, (least, np.inf)).x for column in wanted.T]).T
        self.duration = solved[places]
        self.weights = solved[places + 1 :].T
        # the linear part's covariances are known exactly, and need not be sampled: only the difference is
        grouped = [
            (x - columns @ solved[:places]).reshape(-1, STATIONS, len(MEASURES)) for x in (wanted, design @ solved)
        ]
        (self.between, self.within), linear = (components(x) for x in grouped)
        self.between, self.within = self.between - linear[0], self.within - linear[1]
        self.noise = np.mean([np.cov(base.T) for base in bases], axis=0)
        self.durations, self.duration_row_share = backend._terms.durations, backend._terms.duration_row_share
        # the same records with and without terms, with the same noise
        rest = (wanted - design[:, places:] @ solved[places:]).reshape(places, count, -1)
        self.shift = np.mean([(r[: len(b)] - b).mean(axis=0) for r, b in zip(rest, bases, strict=True)], axis=0)


def covariances(tables, k, correlation):
    """Covariance of ln FAS at the knots for magnitude number k: between events, sites, rest."""
    events = tables.correlation(tables.event_stretch)
    fields = tables.field_factor() @ tables.field_factor().T
    row, field = np.sqrt(tables.row_share), np.sqrt(1 - tables.row_share)
    within = np.outer(row, row) * correlation + np.outer(field, field) * fields
    return [np.outer(s, s) * c for s, c in ((tables.tau[k], events), (tables.phi_s2s, correlation),
                                            (tables.phi_ss[k], within))]  # fmt: skip


def predicted(tables, responses):
    """Predict tau and phi (magnitudes, 6) and the correlations of ln PSA (magnitudes, pairs) that tables give."""
    correlation = tables.correlation()
    tau, phi, rho = [], [], []
    for k, response in enumerate(responses):
        between, site, rest = (response.weights @ c @ response.weights.T for c in covariances(tables, k, correlation))
        longer = np.outer(response.duration, response.duration)
        of_event, of_rest, of_site = (longer * size**2 for size in response.durations)
        between = between + of_event + response.between
        within = site + rest + of_rest + of_site + response.within
        total = between + within
        tau.append(np.sqrt(np.maximum(np.diag(between), 1e-4)))
        phi.append(np.sqrt(np.diag(within)))
        psa = total[PSA, PSA] / np.sqrt(np.outer(np.diag(total)[PSA], np.diag(total)[PSA]))
        rho.append([psa[i, j] for i, j in psa_pairs()])
    return np.array(tau), np.array(phi), np.array(rho)


def spatial_shares(tables, responses):
    """Share of each peak's variance within an event and site that the fields carry, (magnitudes, 6).

    The noise and the row's own part carry the rest. The nonlinear part of the terms is correlated as the fields are.
    """
    found = []
    for k, response in enumerate(responses):
        rest = covariances(tables, k, tables.correlation())[2]
        own = np.sqrt(tables.row_share) * tables.phi_ss[k]
        of_row = np.diag(response.weights @ (np.outer(own, own) * tables.correlation()) @ response.weights.T)
        of_durations = (response.duration * response.durations[1]) ** 2
        of_row = of_row + response.duration_row_share * of_durations
        total = np.diag(response.weights @ rest @ response.weights.T + response.within) + of_durations
        found.append(1 - (of_row + np.diag(response.noise)) / total)
    return np.array(found)


def targets():
    """Target values of `predicted`."""
    tau, phi = zip(*(bssa14_deviations(m) for m in MAGNITUDES), strict=True)
    return np.array(tau), np.array(phi), np.array([baker_jayaram(PERIODS_S[i], PERIODS_S[j]) for i, j in psa_pairs()])


def fit(tables, responses):
    """Tables whose predictions come nearest to the targets and that stay smooth."""
    shape = tables.tau.shape
    size = tables.tau.size
    wanted = targets()
    large = np.array(MAGNITUDES)[:, None] >= _CORRELATION_FROM_MAGNITUDE
    correlation_sd = np.where(large, _CORRELATION, _CORRELATION_SMALL)

    def unpack(x):
        return {"tau": np.exp(x[:size]).reshape(shape), "phi_ss": np.exp(x[size : 2 * size]).reshape(shape),
                "event_stretch": float(np.exp(x[-1]))}  # fmt: skip

    def misfit(x):
        new = replaced(tables, **unpack(x))
        tau, phi, rho = predicted(new, responses)
        parts = [steeper(np.log(found / target), _FITS) for found, target in ((tau, wanted[0]), (phi, wanted[1]))]
        parts += [steeper(rho - wanted[2], correlation_sd)]
        for name, start in (("tau", START_TAU), ("phi_ss", START_PHI_SS)):
            logs = np.log(getattr(new, name))
            parts += [np.diff(logs, axis=1) / _SLOPE_F, np.diff(logs, axis=0) / _SLOPE_M]
            parts += [np.diff(logs, 2, axis=1) / _SMOOTH_F, np.diff(logs, 2, axis=0) / _SMOOTH_M]
            parts += [(logs - np.log(start)) / _PRIOR]
        total = 0.5 * np.log(new.tau**2 + new.phi_s2s**2 + new.phi_ss**2)
        parts += [np.diff(total, axis=1) / _TOTAL_SLOPE_F, np.diff(total, 2, axis=1) / _TOTAL_SMOOTH_F]
        return np.concatenate([np.ravel(part) for part in parts])

    start = np.concatenate([np.log(tables.tau).ravel(), np.log(tables.phi_ss).ravel(), [np.log(tables.event_stretch)]])
    low, high = np.full(len(start), -np.inf), np.full(len(start), np.inf)
    largest = np.full(shape, np.log(_LARGEST))
    largest[np.array(MAGNITUDES) >= _UNHEARD_FROM_MAGNITUDE, :_UNHEARD_KNOTS] = np.log(_UNHEARD_LARGEST)
    low[: 2 * size], high[: 2 * size] = np.log(_SMALLEST), np.tile(largest.ravel(), 2)
    least = np.where(large, _SMALLEST, _SMALLEST_SMALL) * np.ones(shape)
    low[size : 2 * size] = np.log(least).ravel()
    low[-1], high[-1] = np.log(0.6), np.log(1.5)
    start = np.clip(start, low + 1e-6, high - 1e-6)
    return replaced(tables, **unpack(least_squares(misfit, start, bounds=(low, high), max_nfev=40).x))


def steeper(error, tolerance):
    """Errors in units of a tolerance, which beyond it grow with the third power."""
    scaled = error / tolerance
    return scaled * (1 + scaled**2)


def with_offset(tables, before, responses):
    """Tables whose offset takes off what medians were seen to rise by with those of before, as smoothly as that goes.

    ln of a mean over frequencies rises by half the variance among them, which may be larger in the new tables.
    """
    knots = len(KNOTS_HZ)
    slope, bend = (
        np.diff(np.eye(knots), order, axis=0) / size for order, size in ((1, _OFFSET_SLOPE), (2, _OFFSET_BEND))
    )
    offset = []
    for k, response in enumerate(responses):
        rise = response.shift + response.weights @ before.offset[k]
        among = []
        for t in (before, tables):
            total = sum(covariances(t, k, t.correlation()))
            among.append(response.weights @ np.diag(total) - np.diag(response.weights @ total @ response.weights.T))
        shift = response.shift + rise * (among[1] / among[0] - 1)
        # the whole offset is smooth, not its changes: those of several rounds would add up to something else
        rows = np.vstack([response.weights / _OFFSET_FIT, slope, bend, np.eye(knots) / _OFFSET_SIZE])
        wanted = np.zeros(len(rows))
        wanted[: len(shift)] = (shift + response.weights @ tables.offset[k]) / _OFFSET_FIT
        offset.append(np.linalg.lstsq(rows, wanted, rcond=None)[0])
    return replaced(tables, offset=np.array(offset))


def replaced(tables, **changes):
    """The same tables with some parts changed."""
    return VariabilityTables(**{**vars(tables), **changes})


def report(tables, responses):
    """Print predictions over targets, and the scatter due to noise."""
    tau, phi, rho = predicted(tables, responses)
    wanted = targets()
    print("M     " + "  ".join(f"{name:>18}" for name in MEASURES) + "   (tau and phi over BSSA14, noise, shift)")
    for k, magnitude in enumerate(MAGNITUDES):
        noise = np.sqrt(np.diag(responses[k].noise))
        cells = [
            f"{tau[k, i] / wanted[0][k, i]:.2f} {phi[k, i] / wanted[1][k, i]:.2f} {noise[i]:.2f} "
            f"{responses[k].shift[i]:+.2f}"
            for i in range(len(MEASURES))
        ]
        print(f"{magnitude:<5g} " + "  ".join(cells) + "   rho " + " ".join(f"{r:.2f}" for r in rho[k]))
    print("Baker & Jayaram " + " ".join(f"{r:.2f}" for r in wanted[2]), flush=True)


def write(tables, responses, path, arguments):
    """Write tables with their provenance, beside the file first."""

    def plain(value):
        return np.round(value, 4).tolist() if isinstance(value, np.ndarray) else value

    command = (
        f"python -m tools.physics.calibrate_variability --records {arguments.records} "
        f"--rounds {arguments.rounds} --seed {arguments.seed}"
    )
    if arguments.goes_on:
        before = json.loads(OUTPUT.read_text(encoding="utf-8"))["provenance"]["command"]
        command = f"{before} && {command} --continue"
    shares = np.round(spatial_shares(tables, responses), 3).T.tolist()

    text = json.dumps(
        {
            "provenance": {
                "command": command,
                "seissynth": seissynth.__version__,
                "parameters_hash": f"{hash_words(repr(make_backend(start_tables()).parameters)):016x}",
                "targets": "tau and phi of Boore et al. (2014), Vs30 760 m/s, R_JB below 80 km; correlation of ln "
                "PSA of Baker & Jayaram (2008)",
                "phi_s2s": "Bayless & Abrahamson (2019), M 6 and more",
                "nugget_and_ranges": "after Loth & Baker (2013, 2020)",
                "rjb_km": list(DISTANCES_KM),
            },
            "knots_hz": list(KNOTS_HZ),
            "spatial_shares": dict(zip(MEASURES, shares, strict=True)),
            "tables": {name: plain(value) for name, value in vars(tables).items()},
        },
        indent=1,
    )
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)


def main():
    """Fit and write; after the last round the shares of the fields are found with the final tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=800, help="for each magnitude and distance")
    parser.add_argument("--rounds", type=int, default=3, help="0: only find the shares of the fields again")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--continue", dest="goes_on", action="store_true", help="begin with the stored tables")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    tables = start_tables()
    if arguments.goes_on:
        tables = replaced(read_tables(), coordinate=tables.coordinate)
    plain = make_backend(tables)
    plain._terms = None
    n = arguments.records
    bases = [
        [run(plain, Cell(m, r), cell_seeds(m, r, n, arguments.seed)[:PLAIN]) for r in DISTANCES_KM] for m in MAGNITUDES
    ]
    for left in range(arguments.rounds, -1, -1):
        responses = [Response(m, tables, base, n, arguments.seed) for m, base in zip(MAGNITUDES, bases, strict=True)]
        if left:
            tables = with_offset(fit(tables, responses), tables, responses)
        report(tables, responses)
    write(tables, responses, arguments.output, arguments)


if __name__ == "__main__":
    main()
