"""Compare generated records with those of the 2019 Ridgecrest sequence.

    python -m tools.real_records.compare_ridgecrest DATA [--picker FILE] [--out FOLDER]

DATA holds ``ridgecrest_2019/`` (waveforms.mseed, inventory.xml, catalog.xml). FILE holds the weights of PhaseNet
for SeisBench, which must then be installed. Tables and pictures go to ``docs/_static/real``; the page
``docs/against_real_records.md`` includes them.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import obspy

import seissynth
from seissynth.events.earthquakes import read_earthquake
from seissynth.paths import find_paths
from tools.real_records import _real_records as real
from tools.real_records._ridgecrest_picker import compare_picks

MODEL = "southern_california"
#: every generated record here: Ross et al. (2016) fitted this relation to the catalogue's own ML and Mw
OPTIONS = {"velocity_model": MODEL, "magnitude_conversion": "southern_california"}
LEAD_S, TAIL_S = 20.0, 60.0  # of each window, before and after origin
REALISATIONS = 20
CLIP_COUNTS = 0.55 * 2**23  # records with more are left out of all levels: sensors and digitisers saturate near 2**23
NOMINAL_GAIN = ("CI.WBS", "CI.WOR")
LARGE, SMALL = 6.0, 3.8  # the M6.4 is above, the M4 events are between
SMALL_BAND, LARGE_BAND = (0.5, 40.0), (0.1, 40.0)
MEASURED_S = 25.0  # after S
CLEAN = 3.0  # S must be that much above what precedes P
PICTURES = (("CI.CLC", 0), ("CI.DTP", 0), ("CI.WVP2", "large"))
CENTRES = np.geomspace(0.5, 40.0, 20)


class Data:
    """Records, metadata, events in time order, and onsets of every event."""

    def __init__(self, folder, events=None):
        folder = Path(folder) / "ridgecrest_2019"
        self.stream = obspy.read(str(folder / "waveforms.mseed"))
        self.inventory = obspy.read_inventory(str(folder / "inventory.xml"))
        events = obspy.read_events(str(folder / "catalog.xml")) if events is None else events
        self.events = sorted(events, key=lambda event: event.origins[0].time)
        self.stations = real.by_station(self.stream)
        self.origins = [event.origins[0].time for event in self.events]
        self.magnitudes = [event.magnitudes[0].mag for event in self.events]
        for event in self.events:
            if event.magnitudes[0].mag > LARGE:
                # listed as ML like all others; 6.4 is the network's moment magnitude of this event
                event.magnitudes[0].magnitude_type = "Mw"
        self.onsets = [self.model_onsets(i, MODEL) for i in range(len(self.events))]

    def model_onsets(self, index, model):
        """Station -> (P, S, epicentral distance) of an event, s after origin and km."""
        paths = find_paths(self.inventory, read_earthquake(self.events[index]), velocity_model=model)
        times = zip(paths.sites, paths.onsets.p_s, paths.onsets.s_s, paths.distance_km, strict=True)
        return {site.name: (float(p), float(s), float(d)) for site, p, s, d in times}

    def window(self, index, name):
        """Real motion (3, npts) around an event, its quantity and the largest raw count; None with gaps."""
        origin = self.origins[index]
        rows, top, quantity = [], 0.0, None
        for trace in self.stations[name]:
            part = trace.slice(origin - LEAD_S, origin + TAIL_S).data.astype(float)
            if len(part) < 100 * (LEAD_S + TAIL_S) - 1:
                return None
            top = max(top, np.abs(part).max())
            sensitivity = self.inventory.get_response(trace.id, origin).instrument_sensitivity
            quantity = "velocity" if sensitivity.input_units == "M/S" else "acceleration"
            before = int((LEAD_S + self.onsets[index][name][0] - 0.5) * 100)
            rows.append((part - part[:before].mean()) / sensitivity.value)
        npts = min(map(len, rows))
        return np.array([row[:npts] for row in rows]), quantity, top

    def end_s(self, index, name):
        """When what belongs to the event ends: 25 s after S, or at the next event's P (1.5 units smaller at most)."""
        end = self.onsets[index][name][1] + MEASURED_S
        for later in range(index + 1, len(self.events)):
            if self.magnitudes[later] > self.magnitudes[index] - 1.5:
                after = self.origins[later] - self.origins[index]
                end = min(end, after + self.onsets[later][name][0] - 0.5)
        return min(end, TAIL_S)


def span(start_s, end_s):
    """Samples of a window, times after origin."""
    return slice(int((start_s + LEAD_S) * 100), int((end_s + LEAD_S) * 100))


def contrast(data, index, name):
    """Largest horizontal velocity in 4 s from S over that in the 2.5 s before P; 0 for clipped or broken records."""
    found = data.window(index, name)
    if found is None or found[2] > CLIP_COUNTS:
        return 0.0
    p, s, _ = data.onsets[index][name]
    velocity = np.abs(real.in_band(found[0], 100.0, found[1], "velocity", SMALL_BAND)[1:])
    wave = velocity[:, span(s - 0.3, min(s + 4.0, data.end_s(index, name)))]
    return float(wave.max() / velocity[:, span(p - 3.0, p - 0.5)].max()) if wave.size else 0.0


def choose_small(data):
    """The three M4 events that are clearest: median contrast over the stations; all candidates as rows."""
    rows = []
    for i, magnitude in enumerate(data.magnitudes):
        if SMALL <= magnitude < LARGE:
            contrasts = [contrast(data, i, name) for name in data.stations]
            free = np.median([data.end_s(i, name) - data.onsets[i][name][1] for name in data.stations])
            rows.append(
                {
                    "index": i,
                    "origin": str(data.origins[i])[:22],
                    "ml": magnitude,
                    "s_over_before": float(np.median(contrasts)),
                    "free_after_s_s": float(free),
                }
            )
    rows.sort(key=lambda row: -row["s_over_before"])
    return [row["index"] for row in rows if row["free_after_s_s"] >= 4.0][:3], rows


def run_all(data, out):
    """Every event through `generate`; a small table of the results."""
    records = bad = 0
    for stream in seissynth.iter_generate(data.inventory, data.events, duration=TAIL_S, seed=1, **OPTIONS):
        records += len(real.by_station(stream))
        bad += sum(not np.isfinite(trace.data).all() or not trace.data.any() for trace in stream)
    real.write_markdown(
        out / "ridgecrest_run.md",
        ["events", "three-component records of 60 s", "traces not finite or empty"],
        [[len(data.events), records, bad]],
    )  # fmt: skip


def generated(data, index):
    """Station -> velocity of all realisations, (realisations, 3, npts); they differ by their noise alone."""
    return ensemble_of(data, index, REALISATIONS)


def ensemble_of(data, index, realisations, **options):
    """The same for any number of realisations, with other options of `generate`."""
    ensemble = seissynth.generate(
        data.inventory, data.events[index], start=-LEAD_S, duration=LEAD_S + TAIL_S, realizations=realisations,
        output="VEL", seed=1, variability=False, **{**OPTIONS, **options},
    )  # fmt: skip
    split = [real.by_station(stream) for stream in ensemble]
    return {name: np.array([[t.data for t in one[name]] for one in split], dtype=float) for name in split[0]}


def group_of(name):
    """Which table a station belongs to."""
    return "nominal gain" if name in NOMINAL_GAIN else "borehole" if name.startswith("PB.") else "surface"


def compare_levels(data, indices, made):
    """Rows of ln(generated / observed) per event and station, and why others were left out."""
    rows = []
    for i in indices:
        large = data.magnitudes[i] > LARGE
        band = LARGE_BAND if large else SMALL_BAND
        for name, synthetic in made[i].items():
            found = data.window(i, name)
            p, s, distance = data.onsets[i][name]
            why = group_of(name)
            if found is None:
                why = "gap"
            elif found[2] > CLIP_COUNTS:
                why = "clipped"
            elif not large and contrast(data, i, name) < CLEAN:
                why = "not clear of earlier motion"
            row = {
                "origin": str(data.origins[i])[:22],
                "ml": data.magnitudes[i],
                "station": name,
                "distance_km": distance,
                "group": why,
            }
            residuals = dict.fromkeys(real.MEASURES, np.nan)
            if found is not None:
                end = max(data.end_s(i, name), s + 1.0)
                window = span(p - 1.0, end)
                observed = real.peaks(found[0], 100.0, found[1], band, window)
                drawn = [real.peaks(one, 100.0, "velocity", band, window) for one in synthetic]
                residuals = {m: float(np.log(np.median([d[m] for d in drawn]) / observed[m])) for m in real.MEASURES}
            rows.append({**row, **residuals})
    return rows


def middle_stations(data, indices, rows):
    """Event -> the surface station with the middle PGV residual, of those no earlier event has: not the best fits."""
    out = {}
    for i in sorted(indices):
        of_event = [row for row in rows if row["origin"] == str(data.origins[i])[:22] and row["group"] == "surface"]
        free = sorted((row["pgv_h"], row["station"]) for row in of_event if row["station"] not in out.values())
        out[i] = free[len(free) // 2][1]
    return out


def level_table(rows, path):
    """Medians and spreads per event and group."""
    lines = []
    for origin in sorted({row["origin"] for row in rows}):
        of_event = [row for row in rows if row["origin"] == origin]
        left_out = {}
        for row in of_event:
            if row["group"] not in ("surface", "borehole"):
                left_out[row["group"]] = left_out.get(row["group"], 0) + 1
        for group in ("surface", "borehole"):
            chosen = [row for row in of_event if row["group"] == group]
            stats = {m: real.summary([row[m] for row in chosen]) for m in real.MEASURES}
            sd = ", ".join("–" if len(chosen) < 2 else f"{stats[m]['sd']:.2f}" for m in real.MEASURES)
            why = "; ".join(f"{count} {reason}" for reason, count in left_out.items()) if group == "surface" else ""
            lines.append(
                [
                    origin[11:19],
                    f"{of_event[0]['ml']:.2f}",
                    group,
                    len(chosen),
                    *(real.with_interval(stats[m]) for m in real.MEASURES),
                    sd,
                    why or "–",
                ]
            )
    header = [
        "origin",
        "ML",
        "stations",
        "n",
        "PGA horizontal",
        "PGV horizontal",
        "PGA vertical",
        "PGV vertical",
        "sd of the four",
        "left out",
    ]
    real.write_markdown(path, header, lines)


def shapes(velocity, p, s, end):
    """Measures that do not depend on gain; `velocity` (3, npts), unfiltered."""
    v = real.band_pass(velocity, 100.0, SMALL_BAND)
    a = real.in_band(velocity, 100.0, "velocity", "acceleration", SMALL_BAND)
    p_part, s_part = np.abs(v[:, span(p - 0.3, s - 0.3)]), np.abs(v[:, span(s - 0.3, end)])
    horizontal = np.sqrt(s_part[1].max() * s_part[2].max())
    shape = real.envelope(v, 100.0)
    shape = shape / shape[span(s, s + 4.0)].max()
    onset_p, _ = real.aic_onset(v[0], 100.0, p, min(1.5, 0.5 * (s - p)), SMALL_BAND, LEAD_S)
    onset_s, _ = real.aic_onset(v[1], 100.0, s, min(1.5, 0.5 * (s - p)), SMALL_BAND, LEAD_S)
    at_p, at_s = (int((x + LEAD_S) * 100) for x in (onset_p, onset_s))
    whole = a[:, span(p - 1.0, end)]
    return {
        "ln P(Z) / S(H), peak velocity": np.log(p_part[0].max() / horizontal),
        "ln P(H) / P(Z), peak velocity": np.log(np.sqrt(p_part[1].max() * p_part[2].max()) / p_part[0].max()),
        "ln Z / H of PGA": np.log(np.abs(a[0]).max() / np.sqrt(np.abs(a[1]).max() * np.abs(a[2]).max())),
        "D5-75 horizontal (s)": real.duration(whole, 100.0, 0.05, 0.75),
        "D5-95 horizontal (s)": real.duration(whole, 100.0, 0.05, 0.95),
        "P: onset to half of its peak, Z (s)": real.rise_time(v[0], 100.0, at_p, span(0, s - 0.3).stop),
        "S: onset to half of its peak, H (s)": real.rise_time(v[1], 100.0, at_s, span(0, s + 6.0).stop),
        "ln envelope 5 to 7 s after S / peak": np.log(shape[span(s + 5.0, s + 7.0)].mean()),
        "ln envelope 10 to 13 s after S / peak": np.log(shape[span(s + 10.0, s + 13.0)].mean()),
        "ln envelope 20 to 23 s after S / peak": np.log(shape[span(s + 20.0, s + 23.0)].mean()),
    }


def compare_shapes(data, index, made, out):
    """Shape of the cleanest M4, all surface stations that record velocity or acceleration, nominal gains too."""
    observed, drawn = [], []
    for name, synthetic in made[index].items():
        found = data.window(index, name)
        if group_of(name) == "borehole" or found is None or contrast(data, index, name) < CLEAN:
            continue
        p, s, _ = data.onsets[index][name]
        end = data.end_s(index, name)
        velocity = found[0]
        if found[1] == "acceleration":
            velocity = real.in_band(found[0], 100.0, found[1], "velocity", (0.2, 45.0))
        observed.append(shapes(velocity, p, s, end))
        draws = [shapes(one, p, s, end) for one in synthetic]
        drawn.append({key: np.median([draw[key] for draw in draws]) for key in draws[0]})
    rows = []
    for key in observed[0]:
        pair = np.array([[one[key] for one in drawn], [one[key] for one in observed]])
        rows.append(
            [
                key,
                len(observed),
                f"{np.median(pair[0]):.2f}",
                f"{np.median(pair[1]):.2f}",
                real.with_interval(real.summary(pair[0] - pair[1])),
            ]
        )
    real.write_markdown(
        out / "ridgecrest_shapes.md",
        ["measure", "n", "generated", "observed", "generated - observed, median [95 %]"],
        rows,
    )


def compare_aic(data, indices, out):
    """Model onsets against Akaike picks of the clean M4 events."""
    rows = []
    for model in (MODEL, "iasp91"):
        found = {"P": [], "S": []}
        for i in indices:
            for name, (p, s, _) in data.model_onsets(i, model).items():
                window = data.window(i, name)
                if window is None or contrast(data, i, name) < CLEAN:
                    continue
                for phase, guess, row in (("P", p, 0), ("S", s, 1)):
                    at, ratio = real.aic_onset(window[0][row], 100.0, guess, 1.5, (2.0, 20.0), LEAD_S)
                    if ratio > CLEAN:
                        found[phase].append(guess - at)
        for phase, values in found.items():
            stats = real.summary(values)
            rows.append([model, phase, stats["n"], real.with_interval(stats), f"{stats['sd']:.2f}"])
    header = ["model", "phase", "n", "model - pick (s), median [95 %]", "sd (s)"]
    real.write_markdown(out / "ridgecrest_aic.md", header, rows)


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--picker", type=Path)
    parser.add_argument("--out", type=Path, default=real.DEFAULT_OUT)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=seissynth.errors.SeisSynthWarning, message=".*outside the record.*")
    from tools.real_records._ridgecrest_all import compare_all
    from tools.real_records._ridgecrest_pictures import draw_levels, draw_records, draw_shapes, draw_small

    data = Data(options.data)
    run_all(data, options.out)
    small, candidates = choose_small(data)
    real.write_csv(options.out / "ridgecrest_candidates.csv", candidates)
    large = int(np.argmax(data.magnitudes))
    made = {i: generated(data, i) for i in (*small, large)}
    levels = compare_levels(data, (*small, large), made)
    real.write_csv(options.out / "ridgecrest_levels.csv", levels)
    level_table(levels, options.out / "ridgecrest_levels.md")
    compare_shapes(data, small[0], made, options.out)
    compare_aic(data, range(len(data.events)), options.out)
    draw_levels(levels, options.out / "ridgecrest_levels.png")
    draw_shapes(data, small[0], made[small[0]], options.out / "ridgecrest_shapes.png")
    for name, which in PICTURES:
        index = large if which == "large" else small[which]
        draw_records(data, index, name, options.out / f"ridgecrest_{name.split('.')[1].lower()}.png")
    draw_small(data, middle_stations(data, small, levels), options.out / "ridgecrest_m4.png")
    compare_all(data, options.out)
    if options.picker:
        compare_picks(data, options.picker, options.out)


if __name__ == "__main__":
    main()
