"""Find the earthquakes of the continuous Ridgecrest archive, and write them as a catalogue with picks and magnitudes.

    python -m tools.real_records.detect_earthquakes DATA PICKER --out FILE.xml [--picks FILE.csv] [--pictures FOLDER]

PICKER is a PhaseNet file of SeisBench. Its picks, of probability 0.1 and more, are joined to earthquakes by
`_associate`: 12 picks at 5 stations that agree with the onsets of the velocity model "southern_california", with
station delays found from the earthquakes themselves; nothing of the catalogue is used. Local magnitudes are those of
`evaluate_magnitudes`, from 1 Hz up: medians over surface stations, with station corrections from these earthquakes.
Beside the catalogue's earthquakes: how many are found, and how far off they are. Chance: the same picks with the clocks
of stations turned apart. FILE.xml holds the new earthquakes, FILE_all.xml all that were found.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
from obspy.core.event import (
    Catalog,
    Comment,
    Event,
    Magnitude,
    Origin,
    OriginQuality,
    Pick,
    ResourceIdentifier,
    WaveformStreamID,
)

from seissynth.errors import SeisSynthWarning
from seissynth.evaluation import interval, network_magnitude, station_corrections
from seissynth.shared.atomic import replacing
from tools.real_records import _real_records as real
from tools.real_records._archive_picks import picks_of
from tools.real_records._associate import Network, associate, distance_km, station_residuals
from tools.real_records._detection_pictures import draw_found, draw_new
from tools.real_records.compare_ridgecrest import MODEL, Data
from tools.real_records.evaluate_magnitudes import chosen, magnitudes, measure

#: where earthquakes are looked for: south, north, west, east
BOX = (35.3, 36.15, -118.0, -117.2)
#: a found earthquake is the catalogue's within this
SAME_S, SAME_KM = 3.0, 15.0
#: earthquakes of which station delays are found
_MANY_PICKS = 14
_SHUFFLES = 20
#: magnitude of an earthquake before its own is known; seconds after S, and ratio to the noise before P, of its records
_ASSUMED_ML, _LEAST_FREE_S, _LEAST_RATIO = 2.0, 2.0, 2.0
OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "real"


def find(picks, inventory):
    """Earthquakes in picks, located twice: the second time with delays of stations."""
    network = Network(inventory, MODEL, BOX)
    first = associate(picks, network)
    network.late = station_residuals([one for one in first if len(one.rows) >= _MANY_PICKS], picks)
    return associate(picks, network), network


def by_chance(picks, network, shuffles=_SHUFFLES):
    """Numbers of earthquakes where there are none: the times of each station's picks are turned by a random lag."""
    begin, length = picks["time"].min(), picks["time"].max() - picks["time"].min()
    out = []
    for seed in range(shuffles):
        rng = np.random.default_rng(seed)
        lags = {name: rng.uniform(0, length) for name in sorted(picks["station"].unique())}
        turned = picks.assign(time=begin + (picks["time"] - begin + picks["station"].map(lags)) % length)
        out.append(len(associate(turned.sort_values("time", ignore_index=True), network)))
    return out


def match(found, catalog):
    """Number in the catalogue of each found earthquake, -1 for none; the nearest in time first, each one once."""
    pairs = []
    for i, one in enumerate(found):
        for k, event in enumerate(catalog):
            origin = event.origins[0]
            late = one.time - origin.time.timestamp
            if abs(late) <= SAME_S:
                apart = distance_km((origin.latitude, origin.longitude), (one.latitude, one.longitude))
                if apart <= SAME_KM:
                    pairs.append((abs(late), i, k))
    known, taken = np.full(len(found), -1), set()
    for _, i, k in sorted(pairs):
        if known[i] < 0 and k not in taken:
            known[i] = k
            taken.add(k)
    return known


def as_event(one, picks, assumed=None, model=MODEL):
    """A found earthquake as QuakeML, its identifiers made of its time; `assumed` is its magnitude where unknown."""
    time = obspy.UTCDateTime(one.time)
    name = f"smi:local/found/{time.strftime('%Y%m%dT%H%M%S')}"
    quality = OriginQuality(used_phase_count=len(one.rows), standard_error=one.misfit_s,
                            used_station_count=picks["station"].iloc[one.rows].nunique())  # fmt: skip
    origin = Origin(
        resource_id=ResourceIdentifier(f"{name}/origin"), time=time, latitude=round(one.latitude, 4),
        longitude=round(one.longitude, 4), depth=1000.0 * one.depth_km, quality=quality,
        evaluation_mode="automatic", comments=[Comment(text=f"velocity model {model}; PhaseNet picks")],
    )  # fmt: skip
    event = Event(resource_id=ResourceIdentifier(name), origins=[origin])
    event.preferred_origin_id = origin.resource_id
    for row in one.rows:
        pick = picks.iloc[row]
        network, station = pick["station"].split(".")
        event.picks.append(
            Pick(
                resource_id=ResourceIdentifier(f"{name}/{pick['station']}/{pick['phase']}"),
                phase_hint=pick["phase"],
                time=obspy.UTCDateTime(pick["time"]),
                evaluation_mode="automatic",
                waveform_id=WaveformStreamID(network_code=network, station_code=station),
                comments=[Comment(text=f"probability {pick['probability']:.2f}")],
            )
        )
    size = one.magnitude if np.isfinite(one.magnitude) else assumed
    if size is not None:
        event.magnitudes = [
            Magnitude(resource_id=ResourceIdentifier(f"{name}/ml"), mag=round(float(size), 2), magnitude_type="ML",
                      station_count=int(one.magnitude_stations))
        ]  # fmt: skip
    return event


def give_magnitudes(found, picks, folder):
    """Local magnitudes, median over stations; NaN where fewer than three show the earthquake.

    From 1 Hz up for all: small earthquakes are hidden by the microseism below it, and would have no magnitude.
    """
    for _ in range(2):  # the second time it is known which later earthquakes are large enough to end a record
        data = Data(folder, Catalog([as_event(one, picks, _ASSUMED_ML) for one in found]))
        table = measure(data)
        noise = np.sqrt(table["narrow_1"] * table["narrow_2"] / (table["narrow_noise_1"] * table["narrow_noise_2"]))
        keep = chosen(table, short=True, noisy=True) & (table["free_s"] > _LEAST_FREE_S) & (noise > _LEAST_RATIO)
        ml = magnitudes(table, "narrow_")
        corrections = station_corrections(ml[keep], table["event"][keep], table["station"][keep])
        values = network_magnitude(ml[keep], table["event"][keep], table["station"][keep], corrections=corrections)
        values = values.set_index("event")
        for one, origin in zip(found, data.origins, strict=True):
            name = str(origin)[:22]
            if name in values.index:
                one.magnitude, one.magnitude_stations = float(values.loc[name, "ml"]), int(values.loc[name, "stations"])
    return found


def comparison(found, known, catalog, mainshock):
    """Rows of the table: share of the catalogue found, and errors, of earthquakes before and after the mainshock."""
    rows = []
    times = np.array([event.origins[0].time.timestamp for event in catalog])
    for title, low, high in (
        ("all", 0.0, np.inf), ("before the M6.4", 0.0, mainshock), ("after it", mainshock, np.inf),
    ):  # fmt: skip
        part = np.flatnonzero((times >= low) & (times < high))
        pairs = [(i, k) for i, k in enumerate(known) if k in set(part.tolist())]
        hits = np.isin(part, [k for _, k in pairs])
        late, apart, deep, ml = (np.array(one, dtype=float) for one in zip(*[
            (found[i].time - times[k],
             distance_km((catalog[k].origins[0].latitude, catalog[k].origins[0].longitude),
                         (found[i].latitude, found[i].longitude)),
             found[i].depth_km - catalog[k].origins[0].depth / 1000.0,
             found[i].magnitude - catalog[k].magnitudes[0].mag) for i, k in pairs], strict=True))  # fmt: skip
        ml = ml[np.isfinite(ml)]
        new = sum(low <= one.time < high for one, k in zip(found, known, strict=True) if k < 0)
        rows.append([
            title, len(part), _share(hits), new, _medians(late, "s"), _medians(apart, "km"), _medians(deep, "km"),
            f"{_medians(ml, '')}, sd {ml.std(ddof=1):.2f} ({len(ml)})",
        ])  # fmt: skip
    return rows


def _share(hits):
    value, low, high = interval(lambda some: float(hits[some].mean()), np.arange(len(hits)))
    return f"{hits.sum()}, {100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def _medians(values, unit):
    value, low, high = interval(lambda some: float(np.median(values[some])), np.arange(len(values)))
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}] {unit}".strip()


def write_catalog(path, events):
    """QuakeML, complete or absent."""
    with replacing(path) as beside:
        Catalog(events, resource_id=ResourceIdentifier("smi:local/found")).write(str(beside), format="QUAKEML")


def main():
    """Pick, associate, measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("picker", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--picks", type=Path, help="CSV of the picks; read if it is there")
    parser.add_argument("--pictures", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.simplefilter("ignore", SeisSynthWarning)
    folder = options.data / "ridgecrest_2019"
    inventory = obspy.read_inventory(str(folder / "inventory.xml"))
    if options.picks is not None and options.picks.exists():
        picks = pd.read_csv(options.picks)
    else:
        picks = picks_of(obspy.read(str(folder / "waveforms.mseed")), options.picker)
        if options.picks is not None:
            real.write_text(options.picks, picks.to_csv(index=False))
    found, network = find(picks, inventory)
    give_magnitudes(found, picks, options.data)
    catalog = sorted(obspy.read_events(str(folder / "catalog.xml")), key=lambda event: event.origins[0].time)
    known = match(found, catalog)
    events = [as_event(one, picks) for one in found]
    write_catalog(options.out, [event for event, k in zip(events, known, strict=True) if k < 0])
    write_catalog(options.out.with_name(f"{options.out.stem}_all{options.out.suffix}"), events)
    mainshock = max(catalog, key=lambda event: event.magnitudes[0].mag).origins[0].time.timestamp
    rows = comparison(found, known, catalog, mainshock)
    header = ["part", "catalogue", "found", "new", "late", "epicentres apart", "deeper", "ML less the catalogue's"]
    real.write_markdown(options.pictures / "found_earthquakes.md", header, rows)
    print(*rows, sep="\n")
    print(f"{len(picks)} picks, {len(found)} earthquakes, {(known < 0).sum()} new")
    print("by chance:", by_chance(picks, network))
    for one in np.flatnonzero(~np.isin(np.arange(len(catalog)), known)):
        print("not found:", catalog[one].origins[0].time, catalog[one].magnitudes[0].mag)
    for one, k in zip(found, known, strict=True):
        if k < 0:
            size = f"ML {one.magnitude:.2f} ({one.magnitude_stations})"
            place = f"{one.latitude:.3f} {one.longitude:.3f} {one.depth_km:.0f} km"
            print("new:", obspy.UTCDateTime(one.time), size, len(one.rows), place)
    real.save_picture(draw_found(found, known, catalog), options.pictures / "found_earthquakes.png")
    real.save_picture(draw_new(found, known, picks, folder), options.pictures / "found_new.png")


if __name__ == "__main__":
    main()
