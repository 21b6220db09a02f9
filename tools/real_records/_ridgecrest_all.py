"""All earthquakes of the Ridgecrest hour against generated ones: peaks, response spectra, spectra, envelopes."""

import itertools

import numpy as np
import pandas as pd

from seissynth.evaluation import local_magnitude
from seissynth.signal import rotd, wood_anderson_amplitude
from tools.real_records import _real_records as real
from tools.real_records.compare_ridgecrest import (
    CENTRES,
    CLEAN,
    CLIP_COUNTS,
    LARGE,
    LARGE_BAND,
    LEAD_S,
    SMALL_BAND,
    ensemble_of,
    group_of,
    span,
)

DRAWS = 8
CONVERSION_DRAWS = 3
CONVERSIONS = ("southern_california", "closure", "piecewise", "none")
FREE_S = 4.0  # after S, to the next comparable event
NOISE_S = 6.0  # before P
PERIODS_S = (0.1, 0.3, 1.0)
MEASURES = ("pga_h", "pgv_h", *(f"psa_{t:g}" for t in PERIODS_S), "pga_z", "pgv_z", "wa_mm")
TITLES = {
    "pga_h": "PGA, horizontal", "pgv_h": "PGV, horizontal", "psa_0.1": "PSA(0.1 s)", "psa_0.3": "PSA(0.3 s)",
    "psa_1": "PSA(1 s)", "pga_z": "PGA, vertical", "pgv_z": "PGV, vertical", "wa_mm": "Wood-Anderson amplitude",
}  # fmt: skip
ML_CLASSES = (0.0, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 7.0)
DISTANCE_CLASSES = (0.0, 15.0, 25.0, 35.0, 45.0, 80.0)
SPECTRUM_CLASSES = {
    "ML 1.5 to 2.5": (1.5, 2.5),
    "ML 2.5 to 3.5": (2.5, 3.5),
    "ML 3.5 to 4.5": (3.5, 4.5),
    "Mw 6.4": (LARGE, 9.0),
}
SPECTRUM_S = 8.0  # after S
ENVELOPE_CLEAN = 10.0
ENVELOPE_S = (-6.0, 24.0)  # about S
CSV = "ridgecrest_all.csv"


def band_of(magnitude):
    """The pass band of an event."""
    return LARGE_BAND if magnitude > LARGE else SMALL_BAND


def measure(data, quantity, band, window):
    """Peaks, response spectrum (RotD50) and Wood-Anderson amplitude of one record within samples `window`."""
    acceleration = real.in_band(data, 100.0, quantity, "acceleration", band)[:, window]
    velocity = real.in_band(data, 100.0, quantity, "velocity", band)
    amplitude, _ = wood_anderson_amplitude(velocity[1:, window], 100.0)
    spectrum = np.ravel(rotd(acceleration[1], acceleration[2], 100.0, PERIODS_S, percentiles=(50,)))
    out = {"wa_mm": float(np.sqrt(amplitude.prod()))}
    out |= {f"psa_{t:g}": float(x) for t, x in zip(PERIODS_S, spectrum, strict=True)}
    for name, motion in (("pga", acceleration), ("pgv", velocity[:, window])):
        top = np.abs(motion).max(axis=1)
        out |= {f"{name}_h": float(np.sqrt(top[1] * top[2])), f"{name}_z": float(top[0])}
    return out


def observe(data):
    """One row per usable record: place, window, measured values, and each over its value before P."""
    rows = []
    for index, magnitude in enumerate(data.magnitudes):
        for name in data.stations:
            p, s, distance = data.onsets[index][name]
            end = data.end_s(index, name)
            found = data.window(index, name) if end - s > FREE_S else None
            if found is None or found[2] > CLIP_COUNTS:
                continue
            band = band_of(magnitude)
            seen = measure(found[0], found[1], band, span(p - 1.0, end))
            noise = measure(found[0], found[1], band, span(p - 0.5 - NOISE_S, p - 0.5))
            rows.append(
                {"event": index, "ml": magnitude, "station": name, "group": group_of(name), "distance_km": distance,
                 "p_s": p, "s_s": s, "end_s": end, **seen, **{f"snr_{key}": seen[key] / noise[key] for key in seen}}
            )  # fmt: skip
    table = pd.DataFrame(rows)
    clear = (table[[f"snr_{m}" for m in MEASURES]] > CLEAN).any(axis=1)
    return table[clear].reset_index(drop=True)


def generate_all(data, table, draws, keep=None, **options):
    """Median over the draws of each measure, a row per row of `table`; `keep(row, records)` sees the records."""
    out = {}
    for index, of_event in table.groupby("event", sort=False):
        made = ensemble_of(data, index, draws, **options)
        for row in of_event.itertuples():
            window = span(row.p_s - 1.0, row.end_s)
            drawn = pd.DataFrame([measure(one, "velocity", band_of(row.ml), window) for one in made[row.station]])
            out[row.Index] = np.exp(np.log(drawn).median())
            if keep is not None:
                keep(row, made[row.station])
    return pd.DataFrame(out).T.sort_index()


def residuals(table, generated):
    """Logarithm of generated over observed, NaN where the record is not clear of its noise; columns `MEASURES`."""
    ratio = np.log(generated[list(MEASURES)] / table[list(MEASURES)])
    return ratio.where(table[[f"snr_{m}" for m in MEASURES]].to_numpy() > CLEAN)


def _cell(table, values):
    stats = real.clustered_summary(values, table["event"], table["station"])
    if not stats["n"]:
        return "–"
    sd = f"; sd {stats['sd']:.2f}" if stats["n"] > 4 else ""
    return f"{real.with_interval(stats)}{sd}; n {stats['n']}"


def _classes(values, edges):
    return [(f"{low:g} to {high:g}", (values >= low) & (values < high)) for low, high in itertools.pairwise(edges)]


def write_tables(table, ratio, both, out):
    """Residuals of all groups, and of the surface stations by magnitude and by distance."""
    lines = []
    for group in ("surface", "nominal gain", "borehole"):
        chosen = (table["group"] == group).to_numpy()
        for title, values in (("", ratio), (", generated above noise, too", both)):
            if title and group != "surface":
                continue
            lines.append([group + title, *(_cell(table[chosen], values[m][chosen]) for m in MEASURES)])
    real.write_markdown(out / "ridgecrest_all.md", ["stations", *TITLES.values()], lines)
    surface = (table["group"] == "surface").to_numpy()
    shown = MEASURES[:5]
    for name, column, edges in (("ml", "ml", ML_CLASSES), ("distance", "distance_km", DISTANCE_CLASSES)):
        lines = []
        for title, inside in _classes(table[column].to_numpy(), edges):
            chosen = surface & inside
            events = table["event"][chosen].nunique()
            lines.append([title, events, *(_cell(table[chosen], ratio[m][chosen]) for m in shown)])
        header = ["ML" if name == "ml" else "epicentral distance (km)", "events", *(TITLES[m] for m in shown)]
        real.write_markdown(out / f"ridgecrest_all_{name}.md", header, lines)


def write_spreads(table, ratio, out):
    """How the scatter parts into events, stations and the rest."""
    surface = table["group"] == "surface"
    lines = []
    for m in MEASURES[:5]:
        values = ratio[m][surface].dropna()
        event, station = table["event"][values.index], table["station"][values.index]
        of_event = np.zeros(len(values))
        of_station = np.zeros(len(values))
        for _ in range(50):  # alternating means: leaves the part that neither event nor station explains
            of_event = (values - of_station).groupby(event).transform("mean").to_numpy()
            of_station = (values - of_event).groupby(station).transform("mean").to_numpy()
        rest = values - of_event - of_station
        sds = [
            pd.Series(x, index=k).groupby(level=0).first().std()
            for x, k in ((of_event, event.to_numpy()), (of_station, station.to_numpy()))
        ]
        lines.append([TITLES[m], f"{values.std():.2f}", *(f"{x:.2f}" for x in sds), f"{rest.std():.2f}"])
    header = ["measure", "sd of all", "sd of event means", "sd of station means", "sd of the rest"]
    real.write_markdown(out / "ridgecrest_all_spread.md", header, lines)


def write_conversions(data, table, out):
    """The same medians with every conversion from ML to Mw; the M6.4 left out, which has an Mw."""
    chosen = table[(table["group"] == "surface") & (table["ml"] < LARGE)].reset_index(drop=True)
    lines = []
    for conversion in CONVERSIONS:
        ratio = residuals(chosen, generate_all(data, chosen, CONVERSION_DRAWS, magnitude_conversion=conversion))
        lines.append([conversion, *(_cell(chosen, ratio[m]) for m in ("pga_h", "pgv_h", "psa_1", "wa_mm"))])
    header = ["conversion", *(TITLES[m] for m in ("pga_h", "pgv_h", "psa_1", "wa_mm"))]
    real.write_markdown(out / "ridgecrest_conversions.md", header, lines)


def write_magnitudes(table, generated, depth_km, out):
    """Local magnitude of the real and generated records against the catalogue's."""
    clear = (table["group"] == "surface") & (table["snr_wa_mm"] > CLEAN) & (table["ml"] < LARGE)
    distance = np.hypot(table["distance_km"], depth_km)[clear]
    lines = []
    for title, source in (("observed", table), ("generated", generated)):
        ml = pd.Series(local_magnitude(source["wa_mm"][clear], distance), index=distance.index)
        off = (ml.groupby(table["event"][clear]).median() - table[clear].groupby("event")["ml"].first()).to_numpy()
        count = table[clear].groupby("event").size().to_numpy()
        some = count >= 3
        lines.append([title, some.sum(), real.with_interval(real.summary(off[some])), f"{off[some].std(ddof=1):.2f}"])
    header = ["records", "events with 3 or more", "their ML - the catalogue's, median [95 %]", "sd"]
    real.write_markdown(out / "ridgecrest_ml.md", header, lines)


class Shapes:
    """Spectra of S and envelopes about S of real and generated records, collected while these are generated."""

    def __init__(self, data):
        self.data = data
        self.spectra = {title: [] for title in SPECTRUM_CLASSES}
        self.envelopes = {title: {"observed": [], "generated": []} for title in SPECTRUM_CLASSES}
        self.times = np.arange(*(round(100 * x) for x in ENVELOPE_S), 10) / 100

    def keep(self, row, records):
        """Add a record of a surface station."""
        title = next((t for t, (low, high) in SPECTRUM_CLASSES.items() if low <= row.ml < high), None)
        if row.group != "surface" or title is None:
            return
        found = self.data.window(row.event, row.station)
        band = band_of(row.ml)
        observed = real.in_band(found[0], 100.0, found[1], "velocity", band)[1:]
        drawn = [real.in_band(one, 100.0, "velocity", "velocity", band)[1:] for one in records]
        window = span(row.s_s - 0.3, min(row.s_s + (25.0 if row.ml > LARGE else SPECTRUM_S), row.end_s))
        quiet = span(row.p_s - 0.5 - NOISE_S, row.p_s - 0.5)
        length, noise_length = window.stop - window.start, quiet.stop - quiet.start
        parts = [one[:, window] for one in (*drawn, observed)]
        level = [np.log(real.smooth_spectrum(part, 100.0, CENTRES)).mean(axis=0) for part in parts]
        noise = np.log(real.smooth_spectrum(observed[:, quiet], 100.0, CENTRES) * np.sqrt(length / noise_length))
        clear = (level[-1] - noise.mean(axis=0) > np.log(CLEAN)) & (200.0 / length < CENTRES)
        self.spectra[title].append(np.where(clear, np.median(level[:-1], axis=0) - level[-1], np.nan))
        if row.snr_pgv_h > ENVELOPE_CLEAN:
            curves = [self._envelope(one, row) for one in (*drawn, observed)]
            self.envelopes[title]["generated"].append(np.median(curves[:-1], axis=0))
            self.envelopes[title]["observed"].append(curves[-1])

    def _envelope(self, velocity, row):
        """Logarithm of the envelope over its mean in the 4 s after S, at `times`; NaN past the event's end."""
        shape = real.envelope(velocity, 100.0, 0.5)
        level = np.sqrt((shape[span(row.s_s, row.s_s + FREE_S)] ** 2).mean())
        at = np.round((row.s_s + self.times + LEAD_S) * 100).astype(int)
        inside = (row.s_s + self.times < row.end_s) & (at < len(shape))
        return np.where(inside, np.log(np.maximum(shape[np.minimum(at, len(shape) - 1)] / level, np.exp(-9.0))), np.nan)


def typical_record(table, ratio, low, high):
    """Event and station of the surface record with the middle PGV residual among the clearest and freest of a class."""
    chosen = (table["ml"] >= low) & (table["ml"] < high) & (table["group"] == "surface")
    chosen &= (table["snr_pgv_h"] > ENVELOPE_CLEAN) & (table["end_s"] - table["s_s"] > 15.0)
    order = ratio["pgv_h"][chosen].sort_values().index
    middle = table.loc[order[len(order) // 2]]
    return int(middle["event"]), middle["station"]


def compare_all(data, out):
    """Everything over all events; tables and pictures into `out`."""
    from tools.real_records._ridgecrest_pictures import draw_all, draw_class_shapes, draw_records

    table = observe(data)
    shapes = Shapes(data)
    generated = generate_all(data, table, DRAWS, shapes.keep)
    ratio = residuals(table, generated)
    # what is generated must be above the noise as well: else only real records that came out large are counted
    noise = table[list(MEASURES)] / table[[f"snr_{m}" for m in MEASURES]].to_numpy()
    both = ratio.where(generated[list(MEASURES)] > CLEAN * noise)
    columns = ["event", "ml", "station", "group", "distance_km"]
    found = pd.concat([table[columns], ratio.add_prefix("ln_")], axis=1)
    real.write_csv(out / CSV, found.to_dict("records"))
    write_tables(table, ratio, both, out)
    write_spreads(table, ratio, out)
    depth = {i: event.origins[0].depth / 1000 for i, event in enumerate(data.events)}
    write_magnitudes(table, generated, table["event"].map(depth), out)
    write_conversions(data, table, out)
    draw_all(table, ratio, out / "ridgecrest_all.png")
    draw_class_shapes(shapes, out / "ridgecrest_all_shapes.png")
    for name, (low, high) in (("m2", (1.7, 2.3)), ("m3", (2.8, 3.3))):
        draw_records(data, *typical_record(table, ratio, low, high), out / f"ridgecrest_{name}.png")
