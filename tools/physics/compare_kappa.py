"""Measure how kappa scatters between stations and records of Ridgecrest, real and generated, with random terms.

    python -m tools.physics.compare_kappa DATA [-o docs/_static/sites]

DATA holds ``ridgecrest_2019/``. Kappa is the slope of ln of the Fourier acceleration of S (3 s, both horizontals) from
8 to 25 Hz over -pi; the source's corner is not removed, so its level is an upper bound and its scatter is what counts.
Used are records whose S is three times above what precedes P in every part of that band. Generated records have the
same events and stations, one realisation, with `variability=True` and with kappa that scatters between stations beside.
The last columns split the scatter between events, between stations and the rest by mixed effects.

The last line is the site terms alone: kappa as the slope of drawn terms over the same band. A second table has the
standard deviation of ln FAS between sites that they and a scatter of kappa make together.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np

import seissynth
from seissynth.evaluation.statistics.mixed_effects import PARTS, split_residuals
from seissynth.seeding import Seeds
from seissynth_plugins.stochastic.adjustment import KNOTS_HZ, hat_functions
from seissynth_plugins.stochastic.variability import TermMaker, read_tables
from tools.physics.compare_bands import quiet
from tools.real_records import _real_records as real
from tools.real_records.compare_ridgecrest import CLIP_COUNTS, LARGE, LEAD_S, OPTIONS, Data, span

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "sites"
CENTRES_HZ = np.linspace(8.0, 25.0, 18)
S_S, CLEAN, FEWEST = 3.0, 3.0, 3
#: s, of the runs
SCATTERS = (0.0, 0.01, 0.0175)
SITE_HZ = np.array([2.0, 5.0, 10.0, 20.0])
STATIONS = 4000


def slope(log_fas):
    """Kappa of ln FAS at `CENTRES_HZ`, s."""
    return -np.polyfit(CENTRES_HZ, log_fas, 1)[0] / np.pi


def log_spectrum(motion, start_s, end_s):
    """Mean ln FAS of both horizontals in a window, at `CENTRES_HZ`."""
    part = motion[1:, span(start_s, end_s)]
    return np.log(real.smooth_spectrum(part, 100.0, CENTRES_HZ, octaves=1 / 4)).mean(axis=0)


def measure(data):
    """Rows (station, run -> kappa in s); the run "real" and one for each of `SCATTERS`."""
    rows = []
    for index, event in enumerate(data.events):
        if data.magnitudes[index] > LARGE:
            continue
        found = {}
        for name in data.stations:
            if name.startswith("PB.") or not quiet(data, index, name):
                continue
            window = data.window(index, name)
            p, s, _ = data.onsets[index][name]
            if window is None or window[2] > CLIP_COUNTS:
                continue
            motion = real.convert_motion(window[0], 100.0, window[1], "acceleration").astype(float)
            spectrum, before = log_spectrum(motion, s, s + S_S), log_spectrum(motion, p - 3.5, p - 0.5)
            if (spectrum - before > np.log(CLEAN)).all():
                found[name] = {"event": index, "real": slope(spectrum)}
        if not found:
            continue
        for scatter in SCATTERS:
            stream = seissynth.generate(
                data.inventory, event, start=-LEAD_S, duration=80.0, output="ACC", seed=1, variability=True,
                kappa_scatter_s=scatter, **OPTIONS,
            )  # fmt: skip
            for name, traces in real.by_station(stream).items():
                if name in found:
                    s = data.onsets[index][name][1]
                    motion = np.array([trace.data for trace in traces], dtype=float)
                    found[name][scatter] = slope(log_spectrum(motion, s, s + S_S))
        rows += list(found.items())
    return rows


def drawn_site_terms():
    """Kappa of the site terms of many stations, s."""
    stations = np.arange(1, STATIONS + 1, dtype=np.uint64)
    seeds = Seeds(stations, np.ones_like(stations), stations)
    unknown = np.full(STATIONS, np.nan)
    terms = TermMaker().draw(np.full(STATIONS, 4.0), unknown, unknown, seeds)
    return np.array([slope(site) for site in terms.site @ hat_functions(CENTRES_HZ)])


def site_scatter():
    """Rows: scatter of kappa, and the standard deviation of ln FAS between sites at `SITE_HZ`."""
    tables = read_tables()
    terms = np.interp(np.log(SITE_HZ), np.log(KNOTS_HZ), tables.phi_s2s)
    cut = 0.8796  # of a normal distribution cut at two standard deviations
    return [
        [f"{1000 * scatter:g} ms", *(f"{x:.2f}" for x in np.hypot(terms, np.pi * SITE_HZ * cut * scatter))]
        for scatter in (0.0, 0.005, 0.01, 0.015)
    ]


def describe(values):
    """Median, and half of the range from 16 to 84 %, in ms, as texts."""
    low, middle, high = 1000 * np.percentile(values, [16, 50, 84])
    return [f"{middle:.0f}", f"{(high - low) / 2:.0f}"]


def table(rows):
    """Rows of the table."""
    lines = []
    stations = sorted({name for name, _ in rows})
    for run in ("real", *SCATTERS):
        medians = []
        for name in stations:
            values = [kappas[run] for station, kappas in rows if station == name]
            if len(values) >= FEWEST:
                medians.append(np.median(values))
        label = "real" if run == "real" else f"generated, kappa_scatter_s={run:g}"
        every = [kappas[run] for _, kappas in rows]
        parts = split_residuals(
            every, [kappas["event"] for _, kappas in rows], [name for name, _ in rows], limits=False
        )
        split = [f"{1000 * parts.sd[part]:.0f}" for part in PARTS]
        lines.append([label, *describe(every), len(every), *describe(medians), len(medians), *split])
    terms = drawn_site_terms()
    lines.append(["site terms alone", "–", "–", "–", *describe(terms), len(terms), *["–"] * 3])
    return lines


def main():
    """Write and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    header = ["", "records, median (ms)", "± (ms)", "n", "stations, median (ms)", "± (ms)", "n"]
    header += ["between events (ms)", "between stations (ms)", "rest (ms)"]
    scatter = ["`kappa_scatter_s`", *(f"{f:g} Hz" for f in SITE_HZ)]
    for name, head, lines in (
        ("kappa.md", header, table(measure(Data(arguments.data)))),
        ("kappa_scatter.md", scatter, site_scatter()),
    ):
        real.write_markdown(arguments.out / name, head, lines)
        print((arguments.out / name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
