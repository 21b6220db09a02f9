"""Compare local magnitudes of the Ridgecrest records with the catalogue, and explain errors; closure of generated ones.

    python -m tools.real_records.evaluate_magnitudes DATA [--out FOLDER]

DATA holds ``ridgecrest_2019/``. Tables and pictures go to ``docs/_static/evaluation``; the page
``docs/evaluation_ground_motion.md`` includes them. Takes two minutes.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth.evaluation import (
    local_magnitude,
    mean_interval,
    network_magnitude,
    paired_difference,
    split_residuals,
    station_corrections,
)
from seissynth.signal import wood_anderson
from tools.real_records import _real_records as real
from tools.real_records.compare_ridgecrest import CLIP_COUNTS, MODEL, Data, group_of, span

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
BROAD, NARROW = (0.1, 45.0), (1.0, 45.0)
RATIO = 3.0
FREE_S = 4.0  # after S, to the next comparable earthquake
NOISE_S = 6.0
LEAST_STATIONS = 3
FOLDS = 5
CLOSURE_ML = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0)
REGIONS = ("southern_california", "hutton_boore", "korea", "italy")
DRAWS = 4
CLASSES = ((0.0, 2.0), (2.0, 3.0), (3.0, 3.6), (3.6, 4.5), (6.0, 7.0))


def measure(data):
    """One row per event and sensor: Wood-Anderson amplitudes of both horizontals for every window and band."""
    rows = []
    for index, catalogue in enumerate(data.magnitudes):
        depth = data.events[index].origins[0].depth / 1000.0
        for name in data.stations:
            found = data.window(index, name)
            if found is None:
                continue
            p, s, epicentral = data.onsets[index][name]
            end = data.end_s(index, name)
            row = {"event": str(data.origins[index])[:22], "station": name, "group": group_of(name),
                   "catalogue": catalogue, "epicentral_km": epicentral, "distance_km": np.hypot(epicentral, depth),
                   "free_s": end - s, "clipped": found[2] > CLIP_COUNTS, "depth_km": depth}  # fmt: skip
            for label, band in (("", BROAD), ("narrow_", NARROW)):
                velocity = real.in_band(found[0], 100.0, found[1], "velocity", band)[1:]
                drawn = np.abs(wood_anderson(velocity, 100.0))
                windows = {"": span(p - 0.5, max(end, s + 1.0)), "whole_": span(p - 0.5, 60.0),
                           "noise_": span(p - 0.5 - NOISE_S, p - 0.5)}  # fmt: skip
                for part, window in windows.items():
                    tops = drawn[:, window].max(axis=1)
                    row |= {f"{label}{part}1": tops[0], f"{label}{part}2": tops[1]}
                    row[f"{label}{part}vector"] = np.hypot(*drawn[:, window]).max()
            rows.append(row)
    return pd.DataFrame(rows)


def magnitudes(table, kind="", how="mean", region="southern_california", gain=2080.0, distance="distance_km"):
    """ML of each row: `kind` is "", "narrow_", "whole_" or "narrow_whole_"; `how` both horizontals become one."""
    pair = table[[f"{kind}1", f"{kind}2"]].to_numpy()
    amplitude = {"mean": np.sqrt(pair.prod(axis=1)), "larger": pair.max(axis=1), "vector": table[f"{kind}vector"]}[how]
    return local_magnitude(amplitude, table[distance], region) + np.log10(gain / 2080.0)


def noise_ratio(table):
    """Amplitude over that of 6 s before P, geometric mean of both horizontals."""
    return np.sqrt((table["1"] * table["2"]) / (table["noise_1"] * table["noise_2"]))


def chosen(table, **but):
    """Rows of the reference choice; `but` drops one condition: clipped=True keeps clipped records, and so on."""
    keep = np.ones(len(table), bool)
    if not but.get("clipped"):
        keep &= ~table["clipped"]
    if not but.get("short"):
        keep &= table["free_s"] > FREE_S
    if not but.get("noisy"):
        keep &= noise_ratio(table) >= RATIO
    groups = {"surface", *but.get("groups", ())}
    return keep & table["group"].isin(groups)


def off_catalogue(table, ml, keep, corrections=None, statistic="median"):
    """Event -> ML less the catalogue's, and the number of stations."""
    part = table[keep]
    values = pd.Series(ml, table.index)[keep]
    if statistic == "mean":
        groups = values.groupby(part["event"], sort=False)
        events = pd.DataFrame({"ml": groups.mean(), "stations": groups.size()}).reset_index()
        events.loc[events["stations"] < LEAST_STATIONS, "ml"] = np.nan
    else:
        events = network_magnitude(values, part["event"], part["station"], corrections=corrections)
    events["catalogue"] = events["event"].map(part.groupby("event")["catalogue"].first())
    events["off"] = events["ml"] - events["catalogue"]
    return events


def out_of_sample(table, ml, keep):
    """Event magnitudes with station corrections found on the other blocks of time only."""
    order = np.array(sorted(table["event"].unique()))
    parts = []
    for block in np.array_split(order, FOLDS):
        own = table["event"].isin(block)
        learn = keep & ~own
        corrections = station_corrections(ml[learn], table["event"][learn], table["station"][learn])
        parts.append(off_catalogue(table, ml, keep & own, corrections))
    return pd.concat(parts, ignore_index=True)


def choices(table):
    """Name -> events with everything as in the reference but one choice; the first is the reference."""
    reference = magnitudes(table)
    keep = chosen(table)
    out = {"reference": off_catalogue(table, reference, keep)}
    out["band 1 to 45 Hz"] = off_catalogue(table, magnitudes(table, "narrow_"), keep)
    out["clipped records kept"] = off_catalogue(table, reference, chosen(table, clipped=True))
    out["records within their noise kept"] = off_catalogue(table, reference, chosen(table, noisy=True))
    out["windows cut less than 4 s after S kept"] = off_catalogue(table, reference, chosen(table, short=True))
    out["whole 60 s windows, other earthquakes in them"] = off_catalogue(
        table, magnitudes(table, "whole_"), chosen(table, short=True)
    )
    out["with the nominal gains (WBS, WOR)"] = off_catalogue(table, reference, chosen(table, groups=["nominal gain"]))
    out["with the boreholes (PB)"] = off_catalogue(table, reference, chosen(table, groups=["borehole"]))
    out["distance term of Hutton & Boore (1987)"] = off_catalogue(table, magnitudes(table, region="hutton_boore"), keep)
    out["epicentral for hypocentral distance"] = off_catalogue(table, magnitudes(table, distance="epicentral_km"), keep)
    out["larger horizontal"] = off_catalogue(table, magnitudes(table, how="larger"), keep)
    out["vector of both horizontals"] = off_catalogue(table, magnitudes(table, how="vector"), keep)
    out["gain 2800 not scaled to 2080"] = off_catalogue(table, magnitudes(table, gain=2800.0), keep)
    out["mean over stations for median"] = off_catalogue(table, reference, keep, statistic="mean")
    out["station corrections of the other blocks of time"] = out_of_sample(table, reference, keep)
    all_but_clipped = chosen(table, groups=["nominal gain", "borehole"])
    out["the same, all 18 sensors"] = out_of_sample(table, reference, all_but_clipped)
    return out


def text(found, digits=2):
    """Value [low, high]."""
    value, low, high = found
    if not np.isfinite(value):
        return "–"
    return f"{value:+.{digits}f}" + (f" [{low:+.{digits}f}, {high:+.{digits}f}]" if np.isfinite(low) else "")


def choices_table(found, out):
    """Bias and spread per event of every choice, and its paired difference from the reference."""
    reference = found["reference"].set_index("event")["off"]
    rows = []
    for name, events in found.items():
        off = events["off"].to_numpy()
        both = events["event"].map(reference).to_numpy(dtype=float)
        difference = "–" if name == "reference" else text(paired_difference(off, both, events["event"]))
        small = events["catalogue"] < 6
        rows.append([name, int(np.isfinite(off).sum()), int(events["stations"][np.isfinite(off)].sum()),
                     text(mean_interval(off[small], events["event"][small], statistic="median")),
                     text(mean_interval(off[small], events["event"][small], statistic="sd")).replace("+", ""),
                     f"{events['sd'].median():.2f}" if "sd" in events else "–", difference])  # fmt: skip
    header = ["choice", "events", "records", "ML - catalogue, median [95 %]", "sd over events [95 %]",
              "sd over stations", "change against the reference, mean [95 %]"]  # fmt: skip
    real.write_markdown(out / "magnitude_choices.md", header, rows)


def station_table(table, out):
    """Mean of each sensor's ML less that of its event's surface stations; all sensors."""
    keep = chosen(table, groups=["nominal gain", "borehole"])
    part, ml = table[keep].reset_index(drop=True), pd.Series(magnitudes(table[keep]))
    surface = part["group"] == "surface"
    event = ml[surface].groupby(part["event"][surface]).median()
    off = ml - part["event"].map(event)
    rows = []
    for station in sorted(part["station"].unique(), key=lambda name: off[part["station"] == name].median()):
        own = part["station"] == station
        found = mean_interval(off[own], part["event"][own], statistic="median")
        rows.append([station, part["group"][own].iloc[0], f"{part['epicentral_km'][own].median():.0f}",
                     int(off[own].notna().sum()), text(found), f"{off[own].std():.2f}"])  # fmt: skip
    header = ["sensor", "kind", "median distance (km)", "records", "its ML - the event's, median [95 %]", "sd"]
    real.write_markdown(out / "magnitude_stations.md", header, rows)
    return pd.DataFrame(
        {
            "station": [row[0] for row in rows],
            "kind": [row[1] for row in rows],
            "off": [float(row[4].split()[0]) for row in rows],
            "sd": [float(row[5]) for row in rows],
        }
    )


def parts_table(table, out):
    """Event, station and remaining parts of record ML - catalogue, and their trends with distance."""
    rows = []
    for title, groups in (("surface", ()), ("all sensors", ("nominal gain", "borehole"))):
        keep = chosen(table, groups=groups) & (table["catalogue"] < 6)
        part = table[keep]
        off = magnitudes(part) - part["catalogue"]
        for fixed, design in (("mean", None), ("mean, log distance, ML", np.column_stack([
            np.ones(len(part)), np.log10(part["distance_km"] / 35.0), part["catalogue"] - 3.0]))):  # fmt: skip
            found = split_residuals(off, part["event"], part["station"], design=design)
            extra = ["–", "–"] if design is None else [
                f"{found.mean[k]:+.2f} ± {1.96 * found.mean_se[k]:.2f}" for k in (1, 2)]  # fmt: skip
            sds = [f"{found.sd[k]:.2f} [{found.limits[k][0]:.2f}, {found.limits[k][1]:.2f}]" for k in found.sd]
            rows.append([title, fixed, found.records, f"{found.mean[0]:+.2f} ± {1.96 * found.mean_se[0]:.2f}", *extra,
                         *sds])  # fmt: skip
    header = ["sensors", "fixed part", "records", "mean", "per unit of log distance", "per unit of ML",
              "sd of events [95 %]", "sd of stations [95 %]", "sd of the rest [95 %]"]  # fmt: skip
    real.write_markdown(out / "magnitude_parts.md", header, rows)


def worst_table(table, found, out, count=8):
    """The events with the largest errors, and possible reasons."""
    events = found["reference"].dropna(subset="off")
    corrected = found["the same, all 18 sensors"].set_index("event")["off"]
    worst = events.reindex(events["off"].abs().sort_values(ascending=False).index)[:count]
    keep = chosen(table)
    rows = []
    for event in worst.itertuples():
        own = table[keep & (table["event"] == event.event)]
        rows.append([event.event[11:19], f"{event.catalogue:.2f}", f"{event.off:+.2f}", f"{event.sd:.2f}",
                     event.stations, f"{corrected.get(event.event, np.nan):+.2f}", f"{noise_ratio(own).median():.0f}",
                     f"{own['free_s'].median():.0f}", f"{own['depth_km'].iloc[0]:.1f}"])  # fmt: skip
    header = ["origin", "ML", "off", "sd over stations", "stations", "off with station corrections, all sensors",
              "median ratio to noise", "seconds after S to the next event", "depth (km)"]  # fmt: skip
    real.write_markdown(out / "magnitude_worst.md", header, rows)


def class_table(found, out):
    """Error by class of the catalogue's magnitude."""
    rows = []
    for low, high in CLASSES:
        cells = []
        for name in ("reference", "band 1 to 45 Hz", "the same, all 18 sensors"):
            events = found[name]
            own = events[(events["catalogue"] >= low) & (events["catalogue"] < high)].dropna(subset="off")
            interval = mean_interval(own["off"], own["event"], statistic="median")
            cells.append(f"{text(interval)}; n {len(own)}" if len(own) else "–")
        rows.append([f"{low:g} to {high:g}", *cells])
    header = ["catalogue's ML", "0.1 to 45 Hz, surface", "1 to 45 Hz, surface", "0.1 to 45 Hz, 18 sensors, corrected"]
    real.write_markdown(out / "magnitude_classes.md", header, rows)


def closure_table(data, out):
    """ML of generated records of one event, its magnitude set to the requested value by each region's formula."""
    index = next(i for i, m in enumerate(data.magnitudes) if 3.9 < m < 4.0)
    event = data.events[index].copy()
    depth = event.origins[0].depth / 1000.0
    rows = []
    for asked in CLOSURE_ML:
        event.magnitudes[0].mag, event.magnitudes[0].magnitude_type = asked, "ML"
        ensemble = seissynth.generate(
            data.inventory, event, duration=60.0, realizations=DRAWS, output="VEL", seed=2, variability=False,
            velocity_model=MODEL, magnitude_conversion="closure",
        )  # fmt: skip
        found = {key: [] for key in (*REGIONS, "narrow")}
        for stream in ensemble:
            values = {key: [] for key in found}
            for name, traces in real.by_station(stream).items():
                motion = np.array([t.data for t in traces], dtype=float)
                epicentral = data.onsets[index][name][2]
                hypocentral = np.hypot(epicentral, depth)
                broad, narrow = (np.sqrt(np.prod(np.abs(wood_anderson(m[1:], 100.0)).max(axis=1)))
                                 for m in (motion, real.band_pass(motion, 100.0, NARROW)))  # fmt: skip
                for region in REGIONS:
                    distance = epicentral if region == "korea" else hypocentral
                    values[region].append(local_magnitude(broad, distance, region))
                values["narrow"].append(local_magnitude(narrow, hypocentral))
            for key, all_stations in values.items():
                found[key].append(np.median(all_stations))
        means = {key: np.mean(values) for key, values in found.items()}
        rows.append([f"{asked:.1f}", f"{means['southern_california'] - asked:+.2f}",
                     *(f"{means[r] - means['southern_california']:+.2f}" for r in REGIONS[1:]),
                     f"{means['narrow'] - means['southern_california']:+.2f}"])  # fmt: skip
    header = ["ML asked for", "ML of the records - asked for", "Hutton & Boore - southern California",
              "Korea - southern California", "Italy - southern California", "1 to 45 Hz - whole band"]  # fmt: skip
    real.write_markdown(out / "magnitude_closure_regions.md", header, rows)
    return pd.DataFrame({"ml": CLOSURE_ML, "narrow": [float(row[-1]) for row in rows]})


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=SeisSynthWarning)
    from tools.real_records._magnitude_pictures import draw_magnitudes

    data = Data(options.data)
    table = measure(data)
    found = choices(table)
    choices_table(found, options.out)
    class_table(found, options.out)
    stations = station_table(table, options.out)
    parts_table(table, options.out)
    worst_table(table, found, options.out)
    closure = closure_table(data, options.out)
    columns = ["event", "ml", "low", "high", "sd", "stations", "catalogue", "off"]
    real.write_csv(options.out / "magnitude_events.csv", found["reference"][columns].to_dict("records"))
    draw_magnitudes(found, stations, closure, options.out / "magnitudes.png")


if __name__ == "__main__":
    main()
