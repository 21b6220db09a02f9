"""Measure scatter and correlations of records on fresh seeds, beside BSSA14, Baker & Jayaram and the spatial models.

    python -m tools.physics.compare_variability [--pairs 200] [--events 450] [--seed 4711] [--part scatter] [-o FOLDER]

Writes variability_scatter.md, _periods.md, _medians.md, _field.md, _space.md, and two pictures.

Scatter: Vs30 760 m/s, one distance. Two events in turn share six stations; stations are too distant for any field to
correlate them. In this balanced design the components of variance follow without iteration: phi² is the mean variance
within events, tau² the variance of event means less phi²/6, phi_S2S² the covariance of a station's
residuals in both events. The part of ln of a peak that is linear in the random terms has known covariances, since these
are drawn from the tables; they take the place of its sampled ones, and only the rest is sampled. This makes the
interval of tau four times narrower.
Brackets are 95 % intervals by resampling the pairs of events.

Space: the terms between events and sites are left out, and ln PSA of each two stations are correlated over events.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from seissynth.plotting.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, new_figure, styled
from seissynth.seeding import make_seeds
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.spatial_field import earth_centred_km, make_field
from seissynth_plugins.stochastic.variability import read_tables
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
from tools.physics.calibrate_variability import OUTPUT as STORED
from tools.physics.calibrate_variability import covariances

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "calibration"
RJB_KM = 30.0
STATIONS = 6
FAR_DEG = 8.0  # between stations, some 900 km
RESAMPLES = 400
UNCHANGED = 900  # records made without random terms too, for the medians
SPACE_MAGNITUDES = (5.0, 7.0)
SPACE_STATIONS = 14  # few, in many events: the fields of one event are one draw, however many stations see it
EDGES_KM = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 80.0)
FIELD_DRAWS = 600
COLOURS = (BLACK, PURPLE, BLUE, GREEN, ORANGE, "#b5179e")


def measured(values):
    """Covariance between and within events and phi_S2S² from values (pairs, 2, stations, 6)."""
    pairs, _, stations, measures = values.shape
    inside = values - values.mean(axis=2, keepdims=True)
    site = np.einsum("psm,psm->m", inside[:, 0], inside[:, 1]) / (pairs * (stations - 1))
    return *components(values.reshape(-1, stations, measures)), site


def deviations(records, exact):
    """tau, phi, sigma, phi_S2S (4, 6) and the correlations of ln PSA (pairs,).

    `records` are values (pairs, 2, stations, 6) and their part that is linear in the random terms, in one array
    (pairs, 2, 2, stations, 6); the covariances of the latter are known, `exact`, and only the rest is sampled.
    """
    values, linear = (measured(records[:, part]) for part in range(2))
    between, within, site = (v - part + known for v, part, known in zip(values, linear, exact, strict=True))
    tau2, phi2 = np.maximum(np.diag(between), 0), np.diag(within)
    total = (between + within)[PSA, PSA]
    scale = np.sqrt(np.diag(total))
    rho = [total[i, j] / scale[i] / scale[j] for i, j in psa_pairs()]
    return np.sqrt([tau2, phi2, tau2 + phi2, np.maximum(site, 0)]), np.array(rho)


def known(weights, duration, magnitude, maker):
    """Covariances of weights (6, knots) on the terms and (6,) on ln duration: between, within, and phi_S2S²."""
    tables, k = maker.tables, MAGNITUDES.index(magnitude)
    between, site, rest = (weights @ c @ weights.T for c in covariances(tables, k, tables.correlation()))
    longer = np.outer(duration, duration)
    of_event, of_rest, of_site = (longer * size**2 for size in maker.durations)
    return between + of_event, site + of_site + rest + of_rest, np.diag(site + of_site)


def crossed(magnitude, pairs, seed):
    """Simulate ln of the measures with random terms; and how these move their means.

    Returns values beside their linear part (pairs, 2, 2, stations, 6), the exact covariances of that part, see
    `deviations`, and the shift (6,). For the shift, the first-order effect of the terms is removed by regression on
    them, and the noise is the same with and without them: the mean is therefore known ten times as well as from the
    unprocessed records.
    """
    name = f"M{magnitude:g}"
    shape = (pairs, 2, STATIONS)
    pair, half, station = (x.ravel() for x in np.indices(shape))
    seeds = make_seeds(
        seed,
        [f"{name}/{p}/{h}" for p, h in zip(pair, half, strict=True)],
        [f"{name}/{p}/{s}" for p, s in zip(pair, station, strict=True)],
    )
    places = FAR_DEG * (station - STATIONS / 2), np.zeros(len(station))
    cell = Cell(magnitude, RJB_KM)
    backend = make_backend(None)
    values = run(backend, cell, seeds, places)
    few = slice(0, min(len(seeds), UNCHANGED))
    plain = run(StochasticBackend(), cell, seeds[few])
    drawn = backend._terms.draw(np.full(len(seeds), magnitude), *places, seeds)
    terms = np.column_stack([drawn.duration, drawn.event + drawn.site + drawn.within])
    solved = np.linalg.lstsq(np.column_stack([np.ones(len(seeds)), terms]), values, rcond=None)[0]
    linear = terms @ solved[1:]
    shift = (values - linear)[few].mean(axis=0) - plain.mean(axis=0)
    records = np.stack([values.reshape(*shape, -1), linear.reshape(*shape, -1)], axis=1)
    return records, known(solved[2:].T, solved[1], magnitude, backend._terms), shift


def interval(function, values, rng):
    """95 % interval of function(values) by resampling the pairs of events."""
    draws = [function(values[rng.integers(0, len(values), len(values))]) for _ in range(RESAMPLES)]
    return np.percentile(draws, (2.5, 97.5), axis=0)


def scatter_tables(pairs, seed, folder):
    """Write tables of scatter, periods and medians; return the data of the picture."""
    rng = np.random.default_rng(seed)
    scatter = ["| M | | " + " | ".join(MEASURES) + " |", "|---|---|" + "---|" * len(MEASURES)]
    names = [f"{PERIODS_S[i]:g} and {PERIODS_S[j]:g} s" for i, j in psa_pairs()]
    periods = ["| M | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    medians = ["| M | " + " | ".join(MEASURES) + " |", "|---|" + "---|" * len(MEASURES)]
    found, worst = [], {}
    for magnitude in MAGNITUDES:
        records, exact, shift = crossed(magnitude, pairs, seed)
        sd, rho = deviations(records, exact)
        low, high = interval(lambda r, exact=exact: deviations(r, exact)[0], records, rng)
        rho_low, rho_high = interval(lambda r, exact=exact: deviations(r, exact)[1], records, rng)
        tau, phi = bssa14_deviations(magnitude, RJB_KM)
        target = np.array([tau, phi, np.hypot(tau, phi)])
        for k, word in enumerate(("τ", "φ", "σ")):
            numbers = zip(sd[k], low[k], high[k], target[k], strict=True)
            cells = [f"{s:.3f} ({a:.3f} to {b:.3f}), {wanted:.3f}" for s, a, b, wanted in numbers]
            scatter.append(f"| {magnitude if k == 0 else ''} | {word} | " + " | ".join(cells) + " |")
            worst.setdefault(word, []).append(np.abs(sd[k] / target[k] - 1))
        scatter.append("| | φ_S2S | " + " | ".join(f"{x:.3f}" for x in sd[3]) + " |")
        periods.append(
            f"| {magnitude:g} | "
            + " | ".join(f"{r:.2f} ({a:.2f} to {b:.2f})" for r, a, b in zip(rho, rho_low, rho_high, strict=True))
            + " |"
        )
        medians.append(f"| {magnitude:g} | " + " | ".join(f"{s:+.3f}" for s in shift) + " |")
        found.append((sd, low, high, target))
        ratios = (sd[:3] / target).round(2).tolist()
        print(magnitude, ratios, rho.round(2).tolist(), shift.round(3).tolist(), flush=True)
    periods.append("| Baker & Jayaram | " + " | ".join(
        f"{baker_jayaram(PERIODS_S[i], PERIODS_S[j]):.2f}" for i, j in psa_pairs()) + " |")  # fmt: skip
    for word, errors in worst.items():
        errors = np.array(errors)
        scatter.append(f"| all | {word} | " + " | ".join(f"worst {100 * e:.0f} %" for e in errors.max(axis=0)) + " |")
    for name, lines in (("scatter", scatter), ("periods", periods), ("medians", medians)):
        write(folder / f"variability_{name}.md", lines)
    return found


def write(path, lines):
    """Write lines beside the file first."""
    beside = path.with_suffix(".tmp")
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    beside.replace(path)


def spiral(count, rng):
    """Latitudes and longitudes of stations around 36° N, 117.5° W; near pairs are as frequent as far ones."""
    radius = np.exp(rng.uniform(np.log(0.5), np.log(90.0), count))
    azimuth = rng.uniform(0, 2 * np.pi, count)
    latitude = 36.0 + radius * np.cos(azimuth) / 111.0
    return latitude, -117.5 + radius * np.sin(azimuth) / (111.32 * np.cos(np.radians(36.0)))


def binned(residual, distance):
    """Correlation over events in bins of distance; residual (events, stations, measures) of mean 0."""
    return binned_covariance(residual, distance) / (residual**2).mean(axis=(0, 1))


def binned_covariance(residual, distance):
    """The same, not divided by the variance."""
    i, j = np.triu_indices(residual.shape[1], 1)
    bins = np.digitize(distance[i, j], EDGES_KM) - 1
    out = np.full((len(EDGES_KM) - 1, residual.shape[2]), np.nan)
    for k in range(len(out)):
        chosen = bins == k
        if chosen.any():
            out[k] = (residual[:, i[chosen]] * residual[:, j[chosen]]).mean(axis=(0, 1))
    return out


def bin_model(model, distance):
    """Mean of a model over the pairs of each bin, to compare it at the same distances."""
    i, j = np.triu_indices(len(distance), 1)
    bins = np.digitize(distance[i, j], EDGES_KM) - 1
    count = len(EDGES_KM) - 1
    return np.array([model(distance[i, j][bins == k]).mean() if (bins == k).any() else np.nan for k in range(count)])


def jayaram_baker(period_s):
    """Correlation over distance of Jayaram & Baker (2009), Earthquake Eng. Struct. Dyn. 38, 1687-1708."""
    length = 8.5 + 17.2 * period_s if period_s < 1 else 22.0 + 3.7 * period_s
    return lambda h: np.exp(-3 * h / length)


def fields_table(seed, folder):
    """Measured covariance of the raw fields beside exp(-3 h / b)."""
    latitude, longitude = spiral(SPACE_STATIONS, np.random.default_rng(seed))
    places = earth_centred_km(latitude, longitude)
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    lines = ["| distance, km | b = 20 km: measured | model | b = 70 km: measured | model |", "|---|---|---|---|---|"]
    columns = []
    for name, range_km in (("short", 20.0), ("long", 70.0)):
        draws = [make_field(seed + k, name, range_km, 4).at(places) for k in range(FIELD_DRAWS)]
        values = np.moveaxis(np.array(draws), 2, 1).reshape(-1, SPACE_STATIONS, 1)
        columns += [binned(values, distance)[:, 0], bin_model(lambda h, b=range_km: np.exp(-3 * h / b), distance)]
    for k, row in enumerate(zip(*columns, strict=True)):
        lines.append(f"| {EDGES_KM[k]:g} to {EDGES_KM[k + 1]:g} | " + " | ".join(f"{x:.3f}" for x in row) + " |")
    write(folder / "variability_field.md", lines)
    print("fields, worst", np.nanmax(np.abs(columns[0] - columns[1])), np.nanmax(np.abs(columns[2] - columns[3])))


def space_network(seed):
    """Latitudes, longitudes and distances in km of the stations of the comparison in space."""
    latitude, longitude = spiral(SPACE_STATIONS, np.random.default_rng(seed + 1))
    places = earth_centred_km(latitude, longitude)
    return latitude, longitude, np.linalg.norm(places[:, None] - places, axis=-1)


def of_fields(tables):
    """Correlation over distance of the part in the fields."""
    (near, far), short = tables.ranges_km, tables.short_share
    return lambda h: short * np.exp(-3 * h / near) + (1 - short) * np.exp(-3 * h / far)


def correlations_in_space(backend, magnitude, events, seed):
    """Correlation of ln of the measures within an event and site, (bins, 6): of the records, and with less chance.

    For the latter what is linear in the random terms is left out of the sampled covariances and its exact ones are
    put in their place, as in `deviations`.
    """
    name = f"space {magnitude:g}"
    latitude, longitude, distance = space_network(seed)
    event, station = (x.ravel() for x in np.indices((events, SPACE_STATIONS)))
    seeds = make_seeds(seed, [f"{name}/{e}" for e in event], [f"{name}/{s}" for s in station])
    places = latitude[station], longitude[station]
    values = run(backend, Cell(magnitude, RJB_KM), seeds, places)
    maker, shape = backend._terms, (events, SPACE_STATIONS, len(MEASURES))
    drawn = maker.draw(np.full(len(seeds), magnitude), *places, seeds)
    terms = np.column_stack([drawn.duration, drawn.within])
    # every station has the same median here, known over all events and stations
    values = values - values.mean(axis=0)
    solved = np.linalg.lstsq(terms - terms.mean(axis=0), values, rcond=None)[0]
    linear = terms @ solved
    rest, fields = known_in_space(solved[1:].T, solved[0], magnitude, maker)
    variance = (values**2).mean(axis=0) - (linear**2).mean(axis=0) + rest
    values, linear = values.reshape(shape), linear.reshape(shape)
    exact = np.outer(bin_model(of_fields(maker.tables), distance), fields)
    covariance = binned_covariance(values, distance) - binned_covariance(linear, distance) + exact
    return binned(values, distance), covariance / variance


def known_in_space(weights, duration, magnitude, maker):
    """Variance (6,) within an event and site of a linear part, and its share in the fields."""
    tables, k = maker.tables, MAGNITUDES.index(magnitude)
    sizes = tables.phi_ss[k] * np.sqrt(1 - tables.row_share)
    mixing = tables.field_factor() * sizes[:, None]
    durations = (duration * maker.durations[1]) ** 2
    rest = weights @ covariances(tables, k, tables.correlation())[2] @ weights.T
    return np.diag(rest) + durations, ((weights @ mixing) ** 2).sum(axis=1) + (1 - maker.duration_row_share) * durations


def space_table(events, seed, folder):
    """Correlation of ln PSA over distance; returns the data of the picture."""
    shares = json.loads(STORED.read_text(encoding="utf-8"))["spatial_shares"]
    tables, distance = read_tables(), space_network(seed)[2]
    edges = list(pairwise(EDGES_KM))
    centre = [0.5 * (a + b) for a, b in edges]
    lines = ["| M | | " + " | ".join(f"{a:g} to {b:g} km" for a, b in edges) + " |", "|---|---|" + "---|" * len(edges)]
    shown = []
    for magnitude in SPACE_MAGNITUDES:
        off = dict.fromkeys(
            ("event_term_scale", "site_term_scale", "duration_event_scatter", "duration_site_scatter"), 0
        )
        backend = StochasticBackend(variability=True, **off)
        backend.load()
        found, sharper = correlations_in_space(backend, magnitude, events, seed)
        for k, measure in enumerate(MEASURES):
            share = np.interp(magnitude, tables.magnitudes, shares[measure])
            model = share * bin_model(of_fields(tables), distance)
            lines.append(f"| {magnitude:g} | {measure} | " + " | ".join(f"{x:.2f}" for x in found[:, k]) + " |")
            lines.append("| | less chance | " + " | ".join(f"{x:.2f}" for x in sharper[:, k]) + " |")
            lines.append("| | model | " + " | ".join(f"{x:.2f}" for x in model) + " |")
            period = 0.0 if k < 2 else PERIODS_S[k - 2]
            if k != 1:
                published = bin_model(jayaram_baker(period), distance)
                lines.append("| | J. & B. | " + " | ".join(f"{x:.2f}" for x in published) + " |")
            shown.append((magnitude, measure, found[:, k], model, period))
            worst = [np.nanmax(np.abs(part[:, k] - model)).round(3) for part in (found, sharper)]
            print(magnitude, measure, "worst", *worst, flush=True)
    write(folder / "variability_space.md", lines)
    return np.array(centre), shown


@styled
def picture_scatter(found):
    """Draw tau and phi over magnitude, beside BSSA14."""
    figure = new_figure(10, 6)
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for i, (axis, measure) in enumerate(zip(np.ravel(axes), MEASURES, strict=True)):
        for k, (word, colour) in enumerate((("τ between events", ORANGE), ("φ within an event", BLUE))):
            sd, low, high, target = (np.array([part[n][k, i] for part in found]) for n in range(4))
            axis.errorbar(MAGNITUDES, sd, [sd - low, high - sd], fmt="o", ms=4, color=colour, label=word)
            axis.plot(MAGNITUDES, target, color=colour, lw=1.5, alpha=0.6, label="BSSA14")
        axis.set_title(measure)
        axis.set_ylim(0, 0.9)
    axes[0][0].legend(fontsize=8)
    for axis in axes[1]:
        axis.set_xlabel("Mw")
    for row in axes:
        row[0].set_ylabel("standard deviation of ln")
    return figure


@styled
def picture_space(centre, shown):
    """Correlation over distance, one panel for each magnitude."""
    figure = new_figure(10, 4.4)
    axes = figure.subplots(1, len(SPACE_MAGNITUDES), sharey=True)
    h = np.linspace(0, 100, 200)
    for axis, magnitude in zip(np.ravel(axes), SPACE_MAGNITUDES, strict=True):
        part = [row for row in shown if row[0] == magnitude and row[1] != "PGV"]
        for (_, measure, found, model, period), colour in zip(part, COLOURS, strict=False):
            axis.plot(centre, found, "o", ms=4, color=colour, label=measure)
            axis.plot(centre, model, color=colour, lw=1.5)
            axis.plot(h, jayaram_baker(period)(h), color=colour, lw=0.8, ls=":")
        axis.set_title(f"M {magnitude:g}: points records, lines model, dotted Jayaram & Baker 2009", fontsize=9)
        axis.set_xlabel("distance between stations, km")
        axis.set_xlim(0, 100)
        axis.axhline(0, color="0.7", lw=0.5)
    np.ravel(axes)[0].set_ylabel("correlation of ln within an event and site")
    np.ravel(axes)[0].legend(fontsize=8)
    return figure


def main():
    """Measure and write everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200, help="of events, for each magnitude")
    parser.add_argument("--events", type=int, default=450, help="of the comparison in space, for each magnitude")
    parser.add_argument("--seed", type=int, default=4711)
    parser.add_argument("--part", choices=("scatter", "space"), help="only this one")
    parser.add_argument("-o", "--output", type=Path, default=OUT)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    folder, seed = arguments.output, arguments.seed
    if arguments.part != "scatter":
        fields_table(seed, folder)
        picture_space(*space_table(arguments.events, seed, folder), outfile=folder / "variability_space.png")
    if arguments.part != "space":
        picture_scatter(scatter_tables(arguments.pairs, seed, folder), outfile=folder / "variability_scatter.png")


if __name__ == "__main__":
    main()
