"""Cut the Ridgecrest and the German records, and measure the numbers behind the rules for data sets.

    python -m tools.real_records.dataset_rules DATA [--picker FILE] [--out FOLDER]

DATA holds ``ridgecrest_2019/`` and ``germany_regional/``. FILE holds the weights of PhaseNet for SeisBench, which must
then be installed; without it the tables that need it are left unchanged. Tables go to ``docs/_static/data``; the
page ``docs/datasets.md`` includes them.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import obspy
import pandas as pd

from seissynth.data.cutting.cut import CutSettings, cut_events
from seissynth.data.cutting.measures import expected_amplitude
from seissynth.data.preparation.preparation import Bandpass, Detrend, Preparation, Resample
from seissynth.data.splits.split import (
    check_leakage,
    kfold_by_time,
    purge,
    split_by_event,
    split_by_place,
    split_by_station,
    split_by_time,
    split_random,
)
from seissynth.io.seisbench.dataset import Dataset
from seissynth.picking.pickers import NEAR_S, SeisBenchPicker
from tools.real_records import _real_records as real

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "data"
MODEL = "southern_california"
WINDOW_S = 60.0
DRAWS = 50  # random splits
FOLDS, BLOCK = 5, 15


def read(folder, name):
    """Inventory, events, and the path of the waveforms."""
    folder = Path(folder) / name
    return (
        obspy.read_inventory(folder / "inventory.xml"), obspy.read_events(folder / "catalog.xml"),
        folder / "waveforms.mseed",
    )  # fmt: skip


def windows_table(report, data, out):
    """Windows by band and instrument code."""
    rows = data.metadata
    quakes = rows["trace_category"] != "noise"
    lines = []
    for code in [*sorted(report.by_channel), "all"]:
        mine = rows if code == "all" else rows[rows["trace_channel"] == code]
        sensors = mine[["station_network_code", "station_code"]].drop_duplicates()
        found = mine[quakes[mine.index]]
        picked = (found["trace_p_origin"] == "aic").mean(), (found["trace_s_origin"] == "aic").mean()
        lines.append(
            [
                code,
                len(sensors),
                len(found),
                len(mine) - len(found),
                f"{100 * picked[0]:.0f}",
                f"{100 * picked[1]:.0f}",
                f"{found['trace_snr_db'].median():.1f}",
            ]
        )
    header = [
        "channels",
        "sensors",
        "windows of earthquakes",
        "of noise",
        "P picked (%)",
        "S picked (%)",
        "median signal to noise of S (dB)",
    ]
    real.write_markdown(out / "ridgecrest_windows.md", header, lines)


def others_table(rows):
    """How often another earthquake is in the window, by catalogue and by detectability."""
    origins = np.sort(pd.to_datetime(rows["source_origin_time"].unique(), format="ISO8601").as_unit("ns").asi8)
    follow = np.diff(origins) <= WINDOW_S * 1e9
    mask = rows["trace_mask_end_s"].to_numpy()
    return [
        ["earthquakes with another catalogued one within 60 s after origin", f"{follow.sum()} of {len(origins)}",
         f"{100 * follow.sum() / len(origins):.0f}"],
        ["windows in which another earthquake is detectable", f"{(mask < WINDOW_S).sum()} of {len(mask)}",
         f"{100 * (mask < WINDOW_S).mean():.0f}"],
        ["windows whose mask ends before S", f"{(mask < rows['path_s_travel_s']).sum()} of {len(mask)}",
         f"{100 * (mask < rows['path_s_travel_s']).mean():.0f}"],
        ["median length of the mask", f"{np.median(mask):.1f} s", ""],
    ]  # fmt: skip


def splits_table(rows, out):
    """Data shared between the parts of different splits, before and after purging."""
    makers = {
        "rows at random, 80/20": lambda seed: split_random(rows, (0.8, 0.2), seed),
        "events at random, 80/20": lambda seed: split_by_event(rows, (0.8, 0.2), seed),
        "events at random, 80/10/10": lambda seed: split_by_event(rows, seed=seed),
        "stations at random, 80/20": lambda seed: split_by_station(rows, (0.8, 0.2), seed),
        "places 1 km apart, 80/20": lambda seed: split_by_place(rows, (0.8, 0.2), seed, distance_km=1.0),
    }
    lines = []
    for name, make in makers.items():
        lines.append(_split_line(name, rows, [make(seed) for seed in range(DRAWS)]))
    lines.append(_split_line("time, 80/10/10", rows, [split_by_time(rows, purged=False)]))
    lines.append(_split_line("time, 15 blocks, 80/10/10", rows, [split_by_time(rows, blocks=15, purged=False)]))
    folds = kfold_by_time(rows, FOLDS, block=BLOCK, purged=False)
    lines.append(_split_line(f"{FOLDS} folds of {BLOCK} earthquakes in a row, one for validation", rows, folds))
    header = ["split", "test windows that share samples with a training one (%)", "events in both",
              "after purging (%)", "training windows that are left (%)"]  # fmt: skip
    real.write_markdown(out / "ridgecrest_splits.md", header, lines)


def _split_line(name, rows, splits):
    shared, events, after, left = [], [], [], []
    for split in splits:
        found = check_leakage(rows, split)
        shared.append(100 * found.shared_share.get(("train", "test"), 0.0))
        events.append(found.shared_events.get(("train", "test"), 0))
        cleaned = purge(rows, split)
        after.append(100 * check_leakage(rows, cleaned).shared_share.get(("train", "test"), 0.0))
        left.append(100 * (cleaned == "train").sum() / (split == "train").sum())
    return [name, f"{np.mean(shared):.0f}", f"{np.mean(events):.0f}", f"{np.mean(after):.0f}", f"{np.mean(left):.0f}"]


def expected_table(data, out):
    """The expected peak of S, behind "detectable", against the records that are loud and complete."""
    rows = data.metadata
    loud = rows[(rows["trace_snr_db"] > 10) & ~rows["trace_is_clipped"].fillna(False).astype(bool)]
    late = []
    for index, row in loud.iterrows():
        at = int(row["path_s_travel_s"] * 100)
        peak = np.abs(data.waveform(index)[1:, at - 30 : at + 500]).max()
        size = row["source_magnitude"], row["path_hyp_distance_km"]
        late.append(np.log10(peak / expected_amplitude(*size, "velocity", MODEL)))
    late = pd.Series(late, index=loud.index)
    lines = []
    groups = [("all", loud.index > -1)]
    groups += [(f"{code} sensors", loud["trace_channel"] == code) for code in sorted(loud["trace_channel"].unique())]
    groups += [(f"ML {a:g} to {b:g}", loud["source_magnitude"].between(a, b, inclusive="left"))
               for a, b in ((0.0, 2.5), (2.5, 3.5), (3.5, 7.0))]  # fmt: skip
    for name, mine in groups:
        stats = real.summary(late[mine])
        lines.append([name, stats["n"], real.with_interval(stats), f"{stats['sd']:.2f}"])
    header = ["records", "n", "log10 observed / expected, median [95 %]", "sd"]
    real.write_markdown(out / "ridgecrest_expected.md", header, lines)


def picked_tables(folder, rows, events, out, picker_path, others):
    """PhaseNet's picks in each window, and picks at detectable and undetectable earthquakes."""
    from tools.real_records._ridgecrest_picker import THRESHOLD, load_picker, probabilities

    _, _, waveforms = read(folder, "ridgecrest_2019")
    found = probabilities(load_picker(picker_path), obspy.read(waveforms))
    times = {name: _peaks(*values, THRESHOLD) for (name, phase), values in found.items() if phase == "P"}
    count, near = [], {True: [], False: []}
    origin = np.array(sorted((event.preferred_origin() or event.origins[0]).time.ns for event in events)) / 1e9
    travel = _travel(rows, origin)
    for row in rows.itertuples():
        start = obspy.UTCDateTime(row.trace_start_time).ns / 1e9
        name = f"{row.station_network_code}.{row.station_code}"
        mine = times[name]
        count.append(int(((mine >= start) & (mine < start + WINDOW_S)).sum()))
        onsets = origin + travel[name]
        for onset in onsets[(origin > start + 0.5) & (onsets < start + WINDOW_S)]:
            seen = bool(len(mine)) and np.abs(mine - onset).min() <= NEAR_S["P"]
            # the mask begins at the first detectable one: those before it are undetectable
            if onset - start <= row.trace_mask_end_s + 0.05:
                near[abs(onset - start - row.trace_mask_end_s) < 0.05].append(seen)
    _count_line(others, "windows with two or more P picks of PhaseNet on the counts as recorded", count)
    lines = [[name, len(near[key]), f"{100 * np.mean(near[key]):.0f}"]
             for name, key in (("detectable", True), ("not detectable", False))]  # fmt: skip
    real.write_markdown(
        out / "ridgecrest_detectable.md",
        ["another earthquake, by the rule", "cases", f"with a P of PhaseNet within {NEAR_S['P']:g} s of its onset (%)"],
        lines,
    )


def _count_line(others, name, count):
    two = np.array(count) >= 2
    others.append([name, f"{two.sum()} of {len(two)}", f"{100 * two.mean():.0f}"])


def windows_picked(data, out, picker_path, others):
    """PhaseNet on each window as stored in the data set: number of P picks, and accuracy of the columns' onsets."""
    picker = SeisBenchPicker(picker_path)
    zero = obspy.UTCDateTime(0)
    rows = data.metadata[data.metadata["trace_category"] != "noise"]
    count, late = [], {}
    for index, row in rows.iterrows():
        found = picker.probabilities(data.waveform(index), 100.0)
        peaks = {phase: _peaks(zero + shift / 100.0, 100.0, values, picker.threshold)
                 for phase, (shift, values) in found.items()}  # fmt: skip
        count.append(len(peaks["P"]))
        for phase, reach in NEAR_S.items():
            at = row[f"trace_{phase.lower()}_arrival_sample"] / 100.0
            nearest = np.min(np.abs(peaks[phase] - at), initial=np.inf)
            origin = "Akaike" if row[f"trace_{phase.lower()}_origin"] == "aic" else "predicted"
            late.setdefault((phase, origin), []).append(nearest if nearest <= reach else np.nan)
    _count_line(others, "windows with two or more P picks of PhaseNet on the window in the data set", count)
    lines = []
    for (phase, origin), values in sorted(late.items()):
        values = np.array(values)
        seen = np.isfinite(values)
        lines.append([phase, origin, len(values), f"{100 * seen.mean():.0f}", f"{np.median(values[seen]):.2f}",
                      f"{100 * (values[seen] <= 0.5).mean():.0f}"])  # fmt: skip
    header = ["phase", "onset", "windows", "with a pick of PhaseNet nearby (%)", "median distance (s)",
              "of these within 0.5 s (%)"]  # fmt: skip
    real.write_markdown(out / "ridgecrest_picks.md", header, lines)


def _travel(rows, origin):
    """Station -> predicted P travel time of each catalogued earthquake, by origin time; NaN where it is unknown."""
    out = {}
    at = rows["source_origin_time"].map(lambda text: obspy.UTCDateTime(text).ns / 1e9)
    for (network, station), part in rows.assign(at=at).groupby(["station_network_code", "station_code"]):
        times = np.full(len(origin), np.nan)
        times[np.abs(origin[:, None] - part["at"].to_numpy()).argmin(axis=0)] = part["path_p_travel_s"]
        out[f"{network}.{station}"] = times
    return out


def _peaks(start, rate, probability, threshold):
    """Times of the most probable sample of each run above the threshold, s since 1970."""
    above = np.nan_to_num(probability) >= threshold
    edges = np.flatnonzero(np.diff(np.concatenate([[0], above, [0]]).astype(int)))
    at = [first + int(np.argmax(probability[first:last])) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return start.ns / 1e9 + np.array(at, dtype=float) / rate


def main():
    """Write all tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--picker", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    out = options.out
    with tempfile.TemporaryDirectory() as folder:
        inventory, events, waveforms = read(options.data, "ridgecrest_2019")
        settings = CutSettings(velocity_model=MODEL, require=("samples",))
        report = cut_events(waveforms, inventory, events, Path(folder) / "all", settings)
        real.write_text(out / "ridgecrest_rules.md", report.markdown())
        every = Dataset(Path(folder) / "all").metadata
        settings = CutSettings(velocity_model=MODEL)
        report = cut_events(waveforms, inventory, events, Path(folder) / "complete", settings)
        data = Dataset(Path(folder) / "complete")
        windows_table(report, data, out)
        expected_table(data, out)
        every = every[every["trace_category"] != "noise"].reset_index(drop=True)
        others = others_table(every)
        rows = data.metadata[data.metadata["trace_category"] != "noise"].reset_index(drop=True)
        splits_table(rows, out)
        if options.picker:
            picked_tables(options.data, every, events, out, options.picker, others)
            windows_picked(data, out, options.picker, others)
            real.write_markdown(out / "ridgecrest_others.md", ["", "number", "%"], others)
        inventory, events, waveforms = read(options.data, "germany_regional")
        settings = CutSettings(
            duration_s=200.0, start_s=-5.0, lead_s=4.0, tail_s=4.0, noise_windows=0, channel="HH?",
            require=("samples",), preparation=Preparation((Detrend(), Bandpass(0.5, 8.0), Resample(20.0))),
        )  # fmt: skip
        report = cut_events(waveforms, inventory, events, Path(folder) / "germany", settings)
        real.write_text(out / "germany_rules.md", report.markdown())


if __name__ == "__main__":
    main()
