"""Test whether the spectral fit recovers moment, corner frequency and kappa of the stochastic backend's records.

    python -m tools.real_records.evaluate_source_fit [--draws 20] [--out FOLDER]

Writes ``source_fit.md`` and ``source_fit.png`` to ``docs/_static/evaluation``; ``docs/evaluation_ground_motion.md``
includes them. Takes four minutes.
"""

import argparse
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Channel, Inventory, Network, Station

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth.evaluation import PathModel, streams_to_record_set
from seissynth.evaluation.groups.source import fit_events
from seissynth.signal import bandpass
from seissynth_plugins.stochastic.presets import make_parameters
from tools.real_records import _real_records as real
from tools.real_records._source_fit_pictures import draw_source_fit

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
MAGNITUDES = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5)
DISTANCES_KM = (12.0, 16.0, 21.0, 27.0, 33.0, 40.0, 48.0, 57.0, 67.0, 80.0)
DEPTH_KM, DURATION_S = 8.0, 90.0
LEAST = 3  # draws for a standard deviation
TIME = UTCDateTime(2020, 1, 1)


def network():
    """Ten stations on rock (760 m/s) around 35 N, 117 W."""
    stations = []
    for k, distance in enumerate(DISTANCES_KM):
        azimuth = np.radians(137.5 * k)
        latitude = 35.0 + distance * np.cos(azimuth) / 111.2
        longitude = -117.0 + distance * np.sin(azimuth) / (111.2 * np.cos(np.radians(35.0)))
        channels = [
            Channel(f"HH{c}", "", latitude, longitude, 0.0, 0.0, azimuth=a, dip=d, sample_rate=100.0)
            for c, a, d in (("Z", 0.0, -90.0), ("N", 0.0, 0.0), ("E", 90.0, 0.0))
        ]
        stations.append(Station(f"S{k:02d}", latitude, longitude, 0.0, channels=channels))
    return Inventory(networks=[Network("XX", stations=stations)])


def earthquake(magnitude):
    """An earthquake in the middle."""
    origin = Origin(time=TIME, latitude=35.0, longitude=-117.0, depth=1000.0 * DEPTH_KM)
    return Event(origins=[origin], magnitudes=[Magnitude(mag=magnitude, magnitude_type="Mw")])


def path_of(site=True, **options):
    """Path terms of the preset "active"."""
    p = make_parameters("active", **options)
    return PathModel(p.source_vs_km_s, 1000.0 * p.source_density_g_cm3, p.s_radiation, 2.0, p.spreading, p.q0,
                     p.q_exponent, p.site_amplification if site else None)  # fmt: skip


#: name -> (options of generate, path model, band, options of the fit)
def cases():
    """Cases that differ in the parts of the path that the fit knows."""
    one = {"two_corner_start_magnitude": 98.0, "two_corner_full_magnitude": 99.0}
    plain = {"level_correction": "none", "variability": False, **one}
    two = {"level_correction": "none", "variability": False}
    kappa = make_parameters("active").kappa0_s
    return {
        "all of the path known": (plain, path_of(), (0.5, 40.0), {}),
        "the same, kappa known": (plain, path_of(), (0.5, 40.0), {"kappa": kappa}),
        "the same, 1 to 45 Hz records": (plain, path_of(), (1.0, 45.0), {}),
        "site amplification unknown": (plain, path_of(site=False), (0.5, 40.0), {}),
        "Q unknown: kappa of each record": (
            plain, replace(path_of(), q0=np.inf), (0.5, 40.0), {"kappa": "record"}
        ),
        "two corners put in, one fitted": (two, path_of(), (0.5, 40.0), {}),
        "default: two corners, fitted levels": ({"variability": False}, path_of(), (0.5, 40.0), {}),
        "default with random terms": ({"variability": True}, path_of(), (0.5, 40.0), {}),
    }  # fmt: skip


def records_of(inventory, magnitude, draws, options):
    """Draw -> RecordSet, and the true parameters."""
    ensemble = seissynth.generate(inventory, earthquake(magnitude), duration=DURATION_S, realizations=draws, seed=5,
                                  output="VEL", **options)  # fmt: skip
    truth = ensemble[0][0].stats.seissynth.truth
    return [streams_to_record_set(stream, inventory=inventory) for stream in ensemble], truth


def narrowed(records, band):
    """Records through a pass band, as a data set would hold them."""
    if band[0] < 1.0:
        return records
    return replace(records, data=bandpass(records.data, records.sampling_rate_hz, *band, 4), band_hz=band)


def study(draws):
    """All fits: one row per case, magnitude and draw."""
    inventory, rows = network(), []
    made = {}
    for name, (options, path, band, how) in cases().items():
        key = tuple(sorted(options.items()))
        for magnitude in MAGNITUDES:
            if (key, magnitude) not in made:
                made[key, magnitude] = records_of(inventory, magnitude, draws, options)
            sets, truth = made[key, magnitude]
            for records in sets:
                part = narrowed(records, band)
                found = fit_events(part, path=path, band_hz=None if part.band_hz else band, **how)
                corner = float(truth["corner_frequency_hz"])
                for one in found.itertuples():
                    rows.append({"case": name, "magnitude": magnitude, "mw": one.mw - magnitude, "mw_se": one.mw_se,
                                 "ln_corner": np.log(one.corner_hz / corner), "ln_corner_se": one.ln_corner_se,
                                 "kappa": one.kappa_s - float(truth["kappa0_s"]), "kappa_se": one.kappa_se,
                                 "resolved": one.resolved, "corner_hz": corner})  # fmt: skip
    return pd.DataFrame(rows)


def inside(values, errors):
    """Share of values whose 95 % interval holds 0."""
    return float((np.abs(values) <= 1.96 * errors).mean())


def tables(found, out):
    """Bias and standard deviation by case and magnitude; share of stated intervals that contain the truth."""
    rows = []
    for name in found["case"].unique():
        for magnitude in MAGNITUDES:
            one = found[(found["case"] == name) & (found["magnitude"] == magnitude)]
            good = one[one["resolved"]]
            cells = [f"{one['mw'].mean():+.2f} ± {one['mw'].std():.2f}"]
            cells += ["–", "–"] if len(good) < LEAST else [
                f"{good['ln_corner'].mean():+.2f} ± {good['ln_corner'].std():.2f}",
                f"{1000 * good['kappa'].mean():+.0f} ± {1000 * good['kappa'].std():.0f}",
            ]  # fmt: skip
            stated = f"{one['mw_se'].mean():.3f}; " + (
                f"{good['ln_corner_se'].mean():.3f}; {1000 * good['kappa_se'].mean():.1f}" if len(good) else "–; –"
            )
            cover = [inside(one["mw"], one["mw_se"])]
            cover += [inside(good[c], good[f"{c}_se"]) if len(good) else np.nan for c in ("ln_corner", "kappa")]
            corner, number = f"{one['corner_hz'].iloc[0]:.1f}", f"{len(good)} of {len(one)}"
            rows.append([name, f"{magnitude:g}", corner, number, *cells, stated,
                         "; ".join("–" if np.isnan(c) else f"{100 * c:.0f} %" for c in cover)])  # fmt: skip
    header = ["what is known", "Mw", "corner put in (Hz)", "resolved", "Mw, bias ± sd", "ln corner, bias ± sd",
              "kappa (ms), bias ± sd", "stated errors", "95 % intervals that hold the truth"]  # fmt: skip
    real.write_markdown(out / "source_fit.md", header, rows)


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=SeisSynthWarning)
    found = study(options.draws)
    tables(found, options.out)
    draw_source_fit(found, options.out / "source_fit.png")


if __name__ == "__main__":
    main()
