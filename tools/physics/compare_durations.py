"""Compare durations of generated records with a published model and with real records.

    python -m tools.physics.compare_durations [DATA] [--out FOLDER]

The model is Afshari & Stewart (2016) as written in `afshari_stewart`, checked against pygmm where that is installed.
DATA, if given, holds ``ridgecrest_2019/`` as for ``compare_ridgecrest.py``. Tables and a picture go to
``docs/_static/calibration``.
"""

import argparse
import itertools
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import seissynth
from seissynth.seeding import make_seeds
from seissynth.signal import significant_duration
from seissynth.traveltime.first_arrivals import onsets
from seissynth_plugins.stochastic.backend import StochasticBackend
from tools.real_records import _real_records as real

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "calibration"
MAGNITUDES = (3.5, 4.0, 5.0, 6.0, 7.0)
DISTANCES_KM = (10.0, 20.0, 40.0, 70.0, 100.0, 150.0, 200.0)
DEPTH_KM = 8.0
VS30_MPS = 760.0
DRAWS = 24
CODA_DRAWS = 100  # PGA with and without coda, the same noise
RATE_HZ = 100.0
AFTER_S_S = 80.0
SHARES = (75, 95)
BAND = (0.5, 40.0)
CLEAR, FREE_S, REAL_DRAWS = 12.0, 15.0, 5
DISTANCE_CLASSES = (0.0, 25.0, 40.0, 80.0)

#: coefficients for D5-75 and D5-95, strike slip; see the page for their meaning
COEFFICIENTS = {
    "m1": (5.35, 5.2), "m2": (7.15, 7.4), "b0": (1.279, 2.302), "b1": (5.578, 3.467), "b2": (0.9011, 0.9443),
    "b3": (-1.684, -3.911), "c1": (0.1159, 0.3165), "c2": (0.1065, 0.2539), "c3": (0.0682, 0.0932),
    "c4": (-0.2246, -0.3183), "v_ref": (368.2, 369.9),
}  # fmt: skip


def afshari_stewart(magnitude, rup_km, vs30_mps=VS30_MPS):
    """Median D5-75 and D5-95 of Afshari & Stewart (2016) for strike slip, without the basin's term, s."""
    out = []
    for k in range(2):
        c = {name: values[k] for name, values in COEFFICIENTS.items()}
        stress = np.exp(c["b1"] + c["b2"] * (min(magnitude, c["m2"]) - 6) + c["b3"] * max(magnitude - c["m2"], 0))
        corner = 4.9e6 * 3.2 * (stress / 10 ** (1.5 * magnitude + 16.05)) ** (1 / 3)
        source = c["b0"] if magnitude <= c["m1"] else 1 / corner
        path = c["c1"] * min(rup_km, 10) + c["c2"] * np.clip(rup_km - 10, 0, 40) + c["c3"] * max(rup_km - 50, 0)
        out.append((source + path) * np.exp(c["c4"] * np.log(min(vs30_mps, 600) / c["v_ref"])))
    return out


def check_model():
    """Largest relative difference from pygmm's version over the grid; None without pygmm."""
    try:
        import pygmm
    except ImportError:
        return None
    worst = 0.0
    for magnitude in (3.0, *MAGNITUDES, 7.6):
        for distance in DISTANCES_KM:
            scenario = pygmm.Scenario(mag=magnitude, dist_rup=distance, v_s30=VS30_MPS, mechanism="SS")
            theirs = pygmm.AfshariStewart2016(scenario).duration
            ours = afshari_stewart(magnitude, distance)
            worst = max(worst, *np.abs(np.array(ours) / [float(theirs["D_5t75"]), float(theirs["D_5t95"])] - 1))
    return worst


def simulate(backend, magnitude, distance_km, draws):
    """Acceleration (draws, 3, npts), Z, R, T, and the rupture distance taken, km."""
    distance = np.full(draws, distance_km)
    times = onsets(distance, DEPTH_KM, "iasp91")
    table = pd.DataFrame(
        {
            "source_magnitude": magnitude, "source_depth_km": DEPTH_KM, "path_ep_distance_km": distance,
            "path_hyp_distance_km": np.hypot(distance, DEPTH_KM), "station_vs_30_mps": VS30_MPS,
            "path_p_travel_s": times.p_s, "path_s_travel_s": times.s_s,
            "path_p_direct_travel_s": times.p_direct_s, "path_s_direct_travel_s": times.s_direct_s,
        }
    )  # fmt: skip
    seeds = make_seeds(1, ["event"] * draws, [f"XX.S{i}" for i in range(draws)], backend="stochastic")
    npts = int((times.s_direct_s[0] + AFTER_S_S) * RATE_HZ)
    records = backend.simulate(table, start_s=np.zeros(draws), npts=npts, sampling_rate_hz=RATE_HZ, seeds=seeds)
    return np.asarray(records.data), float(records.truth["rup_distance_km"][0])


def horizontal_durations(acceleration):
    """D5-75 and D5-95, mean logarithm of both horizontals and of the draws, s."""
    return [float(np.exp(np.log(significant_duration(acceleration[:, 1:], RATE_HZ, 5, x)).mean())) for x in SHARES]


def compare_with_model(preset, out):
    """Table and grid of generated durations and their ratios to the model."""
    backend = StochasticBackend(preset=preset)
    found = {}
    for magnitude in MAGNITUDES:
        for distance in DISTANCES_KM:
            acceleration, rup = simulate(backend, magnitude, distance, DRAWS)
            found[magnitude, distance] = horizontal_durations(acceleration), afshari_stewart(magnitude, rup)
    lines = []
    for k, share in enumerate(SHARES):
        ratios = np.array([pair[0][k] / pair[1][k] for pair in found.values()]).reshape(len(MAGNITUDES), -1)
        for magnitude, row in zip(MAGNITUDES, ratios, strict=True):
            cells = [f"{x:.2f} ({found[magnitude, d][0][k]:.1f} s)" for x, d in zip(row, DISTANCES_KM, strict=True)]
            lines.append([f"D5-{share}", f"{magnitude:g}", *cells, f"{np.median(row):.2f}"])
        columns = [f"{np.median(column):.2f}" for column in ratios.T]
        lines.append([f"**D5-{share}**", "all, median", *columns, f"**{np.median(ratios):.2f}**"])
    header = ["duration", "Mw", *(f"{d:g} km" for d in DISTANCES_KM), "median"]
    real.write_markdown(out / "durations.md", header, lines)
    return found


def compare_coda(out):
    """PGA with the coda of windows over that without, from the same noise."""
    lines = []
    pair = [StochasticBackend(preset="active_windows"), StochasticBackend(preset="active_windows", coda_level=0.0)]
    for magnitude in (3.5, 5.0, 6.5):
        cells = []
        for distance in (5.0, 20.0, 50.0, 100.0):
            tops = [np.log(np.abs(simulate(b, magnitude, distance, CODA_DRAWS)[0][:, 1:]).max(-1)).mean() for b in pair]
            cells.append(f"{np.exp(tops[0] - tops[1]):.3f}")
        lines.append([f"{magnitude:g}", *cells])
    real.write_markdown(out / "durations_coda.md", ["Mw", "5 km", "20 km", "50 km", "100 km"], lines)


def compare_with_records(folder, out):
    """Ridgecrest: clean records whose window is free for 15 s after S, generated in the same band and window."""
    from tools.real_records.compare_ridgecrest import CLIP_COUNTS, Data, contrast, ensemble_of, group_of, span

    data = Data(folder)
    rows = []
    for index, magnitude in enumerate(data.magnitudes):
        for name in data.stations:
            p, s, distance = data.onsets[index][name]
            end = data.end_s(index, name)
            if group_of(name) == "borehole" or end - s < FREE_S or contrast(data, index, name) < CLEAR:
                continue
            found = data.window(index, name)
            if found is None or found[2] > CLIP_COUNTS:
                continue
            window = span(p - 1.0, end)
            seen = real.in_band(found[0], RATE_HZ, found[1], "acceleration", BAND)[np.newaxis, :, window]
            rows.append((index, magnitude, name, distance, window, *horizontal_durations(seen)))
    table = pd.DataFrame(rows, columns=["event", "ml", "station", "distance_km", "window", "seen_75", "seen_95"])
    made = []
    for index, of_event in table.groupby("event", sort=False):
        records = ensemble_of(data, index, REAL_DRAWS)
        for row in of_event.itertuples():
            drawn = [
                real.in_band(one, RATE_HZ, "velocity", "acceleration", BAND)[:, row.window]
                for one in records[row.station]
            ]
            made.append(horizontal_durations(np.array(drawn)))
    table[["made_75", "made_95"]] = made
    lines = []
    for low, high in (*itertools.pairwise(DISTANCE_CLASSES), (0.0, 1e3)):
        part = table[(table["distance_km"] >= low) & (table["distance_km"] < high)]
        cells = []
        for share in SHARES:
            seen, drawn = part[f"seen_{share}"], part[f"made_{share}"]
            stats = real.clustered_summary(np.log(drawn / seen), part["event"], part["station"])
            low_, high_ = np.exp([stats["low"], stats["high"]])
            model = np.median(
                [
                    afshari_stewart(max(m, 3.0), np.hypot(d, DEPTH_KM))[SHARES.index(share)]
                    for m, d in zip(part["ml"], part["distance_km"], strict=True)
                ]
            )
            cells += [
                f"{drawn.median():.1f} / {seen.median():.1f}",
                f"{np.exp(stats['median']):.2f} [{low_:.2f}, {high_:.2f}]",
                f"{stats['sd']:.2f}",
                f"{model:.1f}",
            ]
        name = "all" if high > 500 else f"{low:g} to {high:g}"
        lines.append([name, len(part), part["event"].nunique(), *cells])
    header = ["distance (km)", "records", "events"]
    for share in SHARES:
        header += [f"D5-{share}, generated / observed (s)", "ratio, median [95 %]", "sd of ln", "model (s)"]
    real.write_markdown(out / "durations_records.md", header, lines)
    return table


@real.styled
def _picture(found, table):
    figure = real.new_figure(9.5, 4.2)
    axes = figure.subplots(1, 2, sharex=True)
    colours = dict(zip((4.0, 6.0, 7.0), (real.BLUE, real.ORANGE, real.GREEN), strict=True))
    fine = np.geomspace(10, 220, 60)
    for k, (panel, share) in enumerate(zip(axes, SHARES, strict=True)):
        for magnitude, colour in colours.items():
            panel.plot(
                DISTANCES_KM,
                [found[magnitude, d][0][k] for d in DISTANCES_KM],
                "o",
                color=colour,
                markersize=5,
                label=f"generated, Mw {magnitude:g}",
            )
            panel.plot(fine, [afshari_stewart(magnitude, d)[k] for d in fine], color=colour, linewidth=1.2)
        if table is not None:
            panel.scatter(
                table["distance_km"],
                table[f"seen_{share}"],
                s=7,
                color=real.BLACK,
                alpha=0.4,
                linewidth=0,
                label="observed, Ridgecrest, ML below 4.5",
            )
        panel.set(xscale="log", yscale="log", title=f"D5-{share}", xlabel="Epicentral distance (km)", ylabel="s")
        panel.set_xticks([10, 20, 50, 100, 200], ["10", "20", "50", "100", "200"])
        panel.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        panel.minorticks_off()
        panel.grid(True)
    axes[0].legend(loc="upper left")
    return figure


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--preset", default="active")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=seissynth.errors.SeisSynthWarning, message=".*outside the record.*")
    worst = check_model()
    if worst is not None and worst > 1e-3:
        raise SystemExit(f"the model's formula here and pygmm's differ by {worst:.1%}")
    found = compare_with_model(options.preset, options.out)
    compare_coda(options.out)
    table = compare_with_records(options.data, options.out) if options.data else None
    real.save_picture(_picture(found, table), options.out / "durations.png")


if __name__ == "__main__":
    main()
