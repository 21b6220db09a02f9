"""Compare generated records with five regional earthquakes recorded in Germany.

    python -m tools.real_records.compare_germany DATA [--out FOLDER]

DATA holds ``germany_regional/`` (waveforms.mseed at 20 Hz, inventory.xml, catalog.xml). Counts are generated through
the stations' response at 20 Hz with preset "stable" and ML converted to Mw for central Europe, and put beside the real
ones. Tables and a picture go to ``docs/_static/real``; the page ``docs/against_real_records.md`` includes them.
"""

import argparse
from pathlib import Path

import numpy as np
import obspy

import seissynth
from seissynth.plotting.spectra import plain_frequencies
from tools.real_records import _real_records as real

RATE = 20.0
BAND = (0.2, 8.0)
START_S, DURATION_S = -9.0, 218.0  # the real records run from 10 s before origin to 220 s after
REALISATIONS = 20
PICK_BAND = (1.0, 8.0)
REACH_S = {"P": 5.0, "S": 8.0}
CLEAR = 2.5  # contrast that makes an Akaike pick one
CONVERSION = "central_europe"
#: the catalogue's ML lowered by this and taken as Mw: shows whether a wrong level is that of the magnitude
SHIFTS = (0.0, 0.8)
PEAKS = ("p_z", "s_h", "s_z")
CENTRES = (0.3, 0.6, 1.2, 2.4, 4.8)  # Hz, bands of an octave


class Data:
    """Records, metadata, events."""

    def __init__(self, folder):
        folder = Path(folder) / "germany_regional"
        self.stream = obspy.read(str(folder / "waveforms.mseed"))
        self.inventory = obspy.read_inventory(str(folder / "inventory.xml"))
        self.events = obspy.read_events(str(folder / "catalog.xml"))

    def generate(self, event, **arguments):
        """Records of one event at the rate of the real ones."""
        arguments = {"magnitude_conversion": CONVERSION, "variability": False, **arguments}
        return seissynth.generate(
            self.inventory, event, sampling_rate=RATE, start=START_S, duration=DURATION_S, preset="stable", seed=1,
            **arguments,
        )  # fmt: skip

    def real(self, event):
        """The event's real counts, by station."""
        origin = (event.preferred_origin() or event.origins[0]).time
        near = [trace for trace in self.stream if abs(trace.stats.starttime + 10.0 - origin) < 60.0]
        cut = obspy.Stream(near).slice(origin + START_S, origin + START_S + DURATION_S)
        return {name: traces for name, traces in real.by_station(cut).items() if len(traces) == 3}


def to_velocity(traces, inventory):
    """Velocity (3, npts) of real or generated counts, in the band, by ObsPy's own removal of the response."""
    stream = obspy.Stream(traces).copy()
    for trace in stream:
        trace.data = trace.data.astype(float)
    stream.detrend("demean")
    stream.remove_response(inventory, output="VEL", water_level=None, pre_filt=(0.02, 0.05, 9.0, 9.9), zero_mean=False)
    npts = min(len(trace) for trace in stream)
    return real.band_pass(np.array([trace.data[:npts] for trace in stream]), RATE, BAND)


def round_trip(data):
    """Largest relative rms difference between RAW with its response removed and VEL, over all traces."""
    worst = 0.0
    for event in data.events:
        counts, velocity = (data.generate(event, output=output) for output in ("RAW", "VEL"))
        counts.remove_response(data.inventory, output="VEL", water_level=None, zero_mean=False, taper=False)
        for back, made in zip(counts, velocity, strict=True):
            pair = real.band_pass(np.array([back.data, made.data], dtype=float), RATE, BAND)
            worst = max(worst, float(np.sqrt(((pair[0] - pair[1]) ** 2).sum() / (pair[1] ** 2).sum())))
    return worst


def span(start_s, end_s):
    """Samples of a window, times after origin."""
    return slice(int((start_s - START_S) * RATE), int((end_s - START_S) * RATE))


def measures(velocity, onsets):
    """Peaks of P (Z) and from S on (horizontals, Z), m/s; length of S and its onset, s."""
    p, s = onsets["p_first"], onsets["s_first"]
    margin = min(3.0, 0.25 * (s - p))  # real onsets are not the model's
    p_part = np.abs(velocity[0, span(p - 3.0, s - margin)])
    rest = velocity[:, span(s - margin, START_S + DURATION_S)]
    top = np.abs(rest).max(axis=1)
    return {
        "p_z": float(p_part.max()),
        "s_h": float(np.sqrt(top[1] * top[2])),
        "s_z": float(top[0]),
        "d5_75": real.duration(rest, RATE, 0.05, 0.75),
        # when the energy sets in: which of the S phases carries it
        "energy_s": s - margin + real.duration(rest, RATE, 0.0, 0.1),
    }


def largest(traces):
    """Largest count of any component about its mean."""
    return float(max(np.abs(trace.data - np.mean(trace.data)).max() for trace in traces))


def compare(data, conversion=CONVERSION):
    """One row per event and station; AIC rows separately."""
    rows, picks = [], []
    for event in data.events:
        observed = data.real(event)
        ensemble = data.generate(event, output="RAW", realizations=REALISATIONS, magnitude_conversion=conversion)
        made = [real.by_station(stream) for stream in ensemble]
        for name, traces in observed.items():
            path = made[0][name][0].stats.seissynth.conditions
            onsets = {
                "p_first": path.path_p_travel_s,
                "p_direct": path.path_p_direct_travel_s,
                "s_first": path.path_s_travel_s,
                "s_direct": path.path_s_direct_travel_s,
            }
            seen = measures(to_velocity(traces, data.inventory), onsets)
            drawn = [measures(to_velocity(one[name], data.inventory), onsets) for one in made]
            middle = {key: float(np.median([one[key] for one in drawn])) for key in seen}
            magnitude = event.magnitudes[0].mag
            info = made[0][name][0].stats.seissynth
            row = {
                "origin": str(info.origin_time)[:19],
                "ml": magnitude,
                "mw_taken": float(info.truth.moment_magnitude),
                "station": name,
                "distance_km": float(path.path_ep_distance_km),
            }
            for key in PEAKS:
                row[f"ln_{key}"] = float(np.log(middle[key] / seen[key]))
            row |= {
                "counts_observed": largest(traces),
                "counts_generated": float(np.median([largest(one[name]) for one in made])),
                "d5_75_observed_s": seen["d5_75"],
                "d5_75_generated_s": middle["d5_75"],
                "energy_observed_s": seen["energy_s"],
                "energy_generated_s": middle["energy_s"],
                **onsets,
            }
            rows.append(row)
            apart = onsets["s_first"] - onsets["p_first"]
            reach = {"P": min(REACH_S["P"], 0.6 * apart), "S": min(REACH_S["S"], 0.35 * apart)}  # S must not find P
            for phase, trace in (("P", traces[0]), ("S", traces[1])):
                first, direct = (onsets[f"{phase.lower()}_{which}"] for which in ("first", "direct"))
                motion = trace.data - np.mean(trace.data)
                at, clear = real.aic_onset(motion, RATE, first, reach[phase], PICK_BAND, -START_S)
                picks.append(
                    {
                        "origin": row["origin"],
                        "station": name,
                        "distance_km": row["distance_km"],
                        "phase": phase,
                        "first_minus_pick_s": first - at,
                        "direct_minus_pick_s": direct - at,
                        "contrast": clear,
                    }
                )
    return rows, picks


def compare_spectra(data, out, realisations=5):
    """Median ln(generated / observed) of the Fourier spectra of whole records, by shift of the magnitude."""
    lines = []
    for shift in (None, *SHIFTS):
        ratios = {"horizontal": [], "vertical": []}
        for event in data.events:
            observed = data.real(event)
            lower = None
            if shift is not None:
                lower = {"source_magnitude": event.magnitudes[0].mag - shift, "source_magnitude_type": "Mw"}
            ensemble = data.generate(event, output="RAW", realizations=realisations, conditions=lower)
            made = [real.by_station(stream) for stream in ensemble]
            for name, traces in observed.items():
                levels = [
                    np.log(real.smooth_spectrum(to_velocity(one, data.inventory), RATE, CENTRES, octaves=1.0))
                    for one in (traces, *(stations[name] for stations in made))
                ]
                ratio = np.median(levels[1:], axis=0) - levels[0]
                ratios["horizontal"].append(ratio[1:].mean(axis=0))
                ratios["vertical"].append(ratio[0])
        taken = CONVERSION if shift is None else f"ML - {shift:g}" if shift else "ML"
        for component, values in ratios.items():
            lines.append([taken, component, *(f"{value:+.2f}" for value in np.median(values, axis=0))])
    real.write_markdown(out / "germany_spectra.md", ["Mw taken", "component", *(f"{f:g} Hz" for f in CENTRES)], lines)


def spread_within_events(picks):
    """Standard deviation of first - pick once each event's mean (its origin time and depth) is taken out, s."""
    values = []
    for origin in {pick["origin"] for pick in picks}:
        of_event = np.array([pick["first_minus_pick_s"] for pick in picks if pick["origin"] == origin])
        if len(of_event) > 1:
            values.append((((of_event - of_event.mean()) ** 2).sum(), len(of_event) - 1))
    return float(np.sqrt(sum(v for v, _ in values) / sum(n for _, n in values))) if values else np.nan


def write_tables(rows, unconverted, picks, worst, out):
    """Markdown for the page; `unconverted`: the rows with ML taken as Mw."""
    for row, plain in zip(rows, unconverted, strict=True):
        row |= {f"ln_{key}_ml_as_mw": plain[f"ln_{key}"] for key in PEAKS}
    real.write_csv(out / "germany_levels.csv", rows)
    real.write_csv(out / "germany_onsets.csv", picks)
    lines = []
    for low, high in ((0.0, 150.0), (150.0, 300.0), (300.0, 500.0)):
        chosen = [row for row in rows if low <= row["distance_km"] < high]
        values = [real.with_interval(real.summary([row[f"ln_{key}"] for row in chosen])) for key in PEAKS]
        long, late = [], []
        for which in ("generated", "observed"):
            long.append(f"{np.median([row[f'd5_75_{which}_s'] for row in chosen]):.1f}")
            late.append(f"{np.median([row[f'energy_{which}_s'] - row['s_direct'] for row in chosen]):+.1f}")
        lines.append([f"{low:.0f} to {high:.0f}", len(chosen), *values, " / ".join(long), " / ".join(late)])
    everything = [real.summary([row[f"ln_{key}"] for row in rows]) for key in PEAKS]
    lines.append(["all", len(rows), *map(real.with_interval, everything), "", ""])
    lines.append(["all, sd", len(rows), *(f"{stats['sd']:.2f}" for stats in everything), "", ""])
    plain = [real.summary([row[f"ln_{key}"] for row in unconverted]) for key in PEAKS]
    lines.append(["all, ML taken as Mw", len(unconverted), *map(real.with_interval, plain), "", ""])
    real.write_markdown(
        out / "germany_levels.md",
        ["distance (km)", "n", "P, vertical", "S and later, horizontal", "S and later, vertical",
         "D5-75 generated / observed (s)", "a tenth of S energy after direct S, generated / observed (s)"], lines,
    )  # fmt: skip
    lines = []
    for phase in REACH_S:
        for low, high in ((0.0, 150.0), (150.0, 500.0)):
            of_phase = [pick for pick in picks if pick["phase"] == phase and low <= pick["distance_km"] < high]
            clear = [pick for pick in of_phase if pick["contrast"] >= CLEAR]
            stats = [real.summary([pick[f"{which}_minus_pick_s"] for pick in clear]) for which in ("first", "direct")]
            within = spread_within_events(clear)
            lines.append(
                [
                    phase,
                    f"{low:.0f} to {high:.0f}",
                    len(of_phase),
                    len(clear),
                    *map(real.with_interval, stats),
                    f"{stats[0]['sd']:.2f}",
                    f"{within:.2f}" if np.isfinite(within) else "–",
                ]
            )
    real.write_markdown(
        out / "germany_onsets.md",
        ["phase", "distance (km)", "records", "clear picks", "first (Pn, Sn or direct) - pick (s)",
         "direct (Pg, Sg) - pick (s)", "sd of the former (s)",
         "its sd within events (s)"],
        lines,
    )  # fmt: skip
    real.write_text(out / "germany_round_trip.md", f"{100 * worst:.4f} %\n")


@real.styled
def _draw(pairs, onsets, distances):
    figure = real.new_figure(9.5, 7.4)
    axes = figure.subplots(len(pairs), 2, sharex="col", width_ratios=(2.2, 1.0))
    centres = np.geomspace(0.2, 8.0, 24)
    for row, (name, (observed, made)) in zip(axes, pairs.items(), strict=True):
        tops = np.abs(observed).max(), np.abs(made).max()
        npts = min(observed.size, made.size)
        observed, made = observed[:npts], made[:npts]
        time = START_S + np.arange(npts) / RATE
        row[0].plot(time, observed / tops[0] + 1.0, color=real.BLACK, linewidth=0.6)
        row[0].plot(time, made / tops[1] - 1.0, color=real.GREEN, linewidth=0.6)
        for key, at in onsets[name].items():
            row[0].axvline(
                at,
                color=real.BLUE if key[0] == "p" else real.ORANGE,
                linewidth=0.9,
                linestyle="-" if key.endswith("first") else ":",
            )
        row[0].set_yticks([])
        sizes = "peak observed {:.3g}, generated {:.3g} µm/s".format(*(1e6 * top for top in tops))
        row[0].set_title(f"{name}, {distances[name]:.0f} km, E; {sizes}", loc="left")
        for data, colour, label in ((observed, real.BLACK, "observed"), (made, real.GREEN, "generated")):
            row[1].loglog(centres, real.smooth_spectrum(data, RATE, centres), color=colour, label=label)
        row[1].grid(True)
        row[1].set_ylabel("m/s·s")
        plain_frequencies(row[1].xaxis)
        row[1].set_xticks([0.2, 0.5, 1, 2, 5])
        row[1].minorticks_off()
    axes[0, 1].legend(loc="best")
    axes[-1, 0].set_xlabel("Time after origin (s); solid: first P and S, dotted: direct P and S")
    axes[-1, 1].set_xlabel("Frequency (Hz)")
    return figure


def draw(data, out, which=1):
    """One event at its stations, the second horizontal."""
    event = data.events[which]
    observed = data.real(event)
    made = real.by_station(data.generate(event, output="RAW"))
    pairs, onsets, distances = {}, {}, {}
    for name in sorted(observed, key=lambda one: made[one][0].stats.seissynth.conditions.path_ep_distance_km):
        path = made[name][0].stats.seissynth.conditions
        pairs[name] = [to_velocity(one[name], data.inventory)[2] for one in (observed, made)]
        onsets[name] = {
            "p_first": path.path_p_travel_s,
            "p_direct": path.path_p_direct_travel_s,
            "s_first": path.path_s_travel_s,
            "s_direct": path.path_s_direct_travel_s,
        }
        distances[name] = path.path_ep_distance_km
    real.save_picture(_draw(pairs, onsets, distances), out / "germany_records.png", dpi=85, colours=64)


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=real.DEFAULT_OUT)
    options = parser.parse_args()
    data = Data(options.data)
    rows, picks = compare(data)
    unconverted, _ = compare(data, "none")
    write_tables(rows, unconverted, picks, round_trip(data), options.out)
    compare_spectra(data, options.out)
    draw(data, options.out)


if __name__ == "__main__":
    main()
