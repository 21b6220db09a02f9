"""Fit the noise model "auto" to real noise of three regions, and compare it with noise that it makes.

    python -m tools.real_records.fit_noise DATA

DATA holds `ridgecrest_2019` (13 minutes before the first earthquake), `germany_regional` and `california_2019_m43`
(before P). Power spectra of acceleration are expressed as a place between Peterson's low (0) and high (1) noise model,
in octaves around the model's knots. Constants are written to ``seissynth/noise/data/ambient.json``: means of vertical
and horizontals, scatter between stations, between times and between windows, correlation over frequency, and the
difference of day and night. ``docs/_static/noise`` gets the table and picture of the comparison: each region's mean and
scatter stand beside those of the other two.
"""

import argparse
import itertools
import json
import warnings
from pathlib import Path

import numpy as np
import obspy
from obspy.geodetics import gps2dist_azimuth
from scipy.signal import welch
from scipy.stats import chi2

from seissynth.noise.ambient import CORRELATION_EXPONENT, KNOTS_HZ, cycle_of_day, noise_psd
from seissynth.noise.models import model_psd
from seissynth.traveltime import onsets
from tools.real_records._real_records import BLACK, BLUE, GREEN, new_figure, save_picture, styled, write_markdown

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "seissynth" / "noise" / "data" / "ambient.json"
OUT = ROOT / "docs" / "_static" / "noise"
WINDOW_S, LEAST_S, BEFORE_P_S, SEGMENT_S = 60.0, 25.0, 3.0, 40.0
#: share of the rate below which a record is not changed by its digitiser; periods of which a window holds three
USABLE, PERIODS = 0.36, 3.0
HALF_OCTAVE = 2**0.5
QUIET_FROM, QUIET_TO = "2019-07-04T16:50:05", "2019-07-04T17:02:50"
#: the decimation of these records left nothing below
LEAST_HZ = {"california": 0.3}


def levels(samples, rate, velocity, least_hz=0.0):
    """Place between the noise models at each knot; NaN where a window says nothing."""
    length = min(len(samples), round(SEGMENT_S * rate))
    frequency, power = welch(samples, rate, nperseg=length, detrend="linear")
    # the median of a mean of few segments is lower than its expectation
    freedom = 2 * ((len(samples) - length) // (length - length // 2) + 1)
    frequency, power = frequency[1:], power[1:] * freedom / chi2.ppf(0.5, freedom)
    if velocity:
        power = power * (2 * np.pi * frequency) ** 2
    low, high = (10 * np.log10(model_psd(name, frequency, "acceleration")) for name in ("nlnm", "nhnm"))
    place = (10 * np.log10(power) - low) / (high - low)
    out = np.full(len(KNOTS_HZ), np.nan)
    for number, knot in enumerate(KNOTS_HZ):
        near = (frequency > knot / HALF_OCTAVE) & (frequency < knot * HALF_OCTAVE)
        if near.any() and least_hz <= knot < USABLE * rate / HALF_OCTAVE and knot > PERIODS * rate / len(samples):
            out[number] = np.median(place[near])
    return out


def ridgecrest(folder):
    """Rows of the quiet minutes.

    Region, station, time, hour by the sun, whether vertical, whether a seismometer, levels, channel, first sample.
    """
    inventory, stream = (read(str(folder / name)) for read, name in (
        (obspy.read_inventory, "inventory.xml"), (obspy.read, "waveforms.mseed")))  # fmt: skip
    begin, end = obspy.UTCDateTime(QUIET_FROM), obspy.UTCDateTime(QUIET_TO)
    for trace in stream:
        if trace.stats.network == "PB":  # boreholes
            continue
        gain = inventory.get_response(trace.id, begin).instrument_sensitivity.value
        place = inventory.get_coordinates(trace.id, begin)
        quiet, rate = trace.slice(begin, end), trace.stats.sampling_rate
        for first in range(0, quiet.stats.npts - round(WINDOW_S * rate) + 1, round(WINDOW_S * rate)):
            samples = quiet.data[first : first + round(WINDOW_S * rate)] / gain
            hour = local_hour(begin + first / rate, place["longitude"])
            velocity = trace.stats.channel[1] != "N"
            yield (
                "ridgecrest", trace.stats.station, "one", hour, trace.stats.channel[2] == "Z", velocity,
                levels(samples, rate, velocity), trace.stats.channel, first,
            )  # fmt: skip


def before_p(folder, region):
    """The same rows of records of earthquakes, up to some seconds before P."""
    inventory, stream = obspy.read_inventory(str(folder / "inventory.xml")), obspy.read(str(folder / "waveforms.mseed"))
    places = {f"{net.code}.{sta.code}": (sta.latitude, sta.longitude) for net in inventory for sta in net}
    for event in obspy.read_events(str(folder / "catalog.xml")):
        origin = event.preferred_origin() or event.origins[0]
        for trace in stream:
            if not trace.stats.starttime - 60 < origin.time < trace.stats.endtime:
                continue
            place = places[f"{trace.stats.network}.{trace.stats.station}"]
            distance = gps2dist_azimuth(origin.latitude, origin.longitude, *place)[0] / 1000
            p = float(onsets([distance], [max((origin.depth or 0.0) / 1000, 0.0)], "iasp91").p_s[0])
            quiet = trace.copy().trim(endtime=origin.time + p - BEFORE_P_S)
            rate = quiet.stats.sampling_rate
            if quiet.stats.npts < LEAST_S * rate:
                continue
            quiet.data = quiet.data.astype(float)
            if region == "germany":
                quiet.detrend("linear")
                quiet.remove_response(inventory, output="VEL", water_level=60, taper_fraction=0.02)
            found = levels(quiet.data, rate, True, LEAST_HZ.get(region, 0.0))
            yield (
                region, trace.stats.station, str(origin.time)[:10], local_hour(quiet.stats.starttime, place[1]),
                trace.stats.channel[2] == "Z", True, found, trace.stats.channel, 0,
            )  # fmt: skip


def local_hour(time, longitude):
    """Hour of the day by the sun."""
    return (time.hour + time.minute / 60 + longitude / 15) % 24


def levels_without_day(rows):
    """Level of each station and time at the middle of the day's cycle, by (region, station, time); and the cycle.

    The slope of a station's levels over the cycle is that of stations with several times; there is none below 1 Hz.
    """
    of_time = grouped(rows, lambda row: row[:3])
    cycle = {key: cycle_of_day(np.mean([row[3] for row in of])) for key, of in of_time.items()}
    mean = {key: np.nanmean([row[6] for row in of], axis=0) for key, of in of_time.items()}
    pairs = [pair for keys in grouped(mean, lambda key: key[:2]).values() for pair in itertools.combinations(keys, 2)]
    x = np.array([cycle[a] - cycle[b] for a, b in pairs])[:, None]
    y = np.array([mean[a] - mean[b] for a, b in pairs])
    slope = np.nansum(x * y, axis=0) / np.where(np.isfinite(y), np.square(x), 0.0).sum(axis=0)
    fast = np.array(KNOTS_HZ) >= 1.0
    day = np.where(fast, np.nan_to_num(slope, nan=np.nanmean(slope[fast])), 0.0)
    return {key: mean[key] - day * cycle[key] for key in mean}, day


def mean_of_stations(at_times):
    """Mean level of each station, by (region, station)."""
    stations = grouped(at_times, lambda key: key[:2])
    return {station: np.nanmean([at_times[key] for key in keys], axis=0) for station, keys in stations.items()}


def fit(rows):
    """Constants of the model, from rows of seismometers, and the noise of accelerometers."""
    own = [row for row in rows if row[5]]
    at_times, day = levels_without_day(own)
    stations = mean_of_stations(at_times)
    every = np.array(list(stations.values()))
    average, scatter = np.nanmean(every, axis=0), np.nanstd(every, axis=0, ddof=1)
    vertical_less_horizontal = np.nanmean([
        np.nanmean([row[6] for row in of if row[4]], axis=0) - np.nanmean([row[6] for row in of if not row[4]], axis=0)
        for of in grouped(own, lambda row: row[:3]).values()
    ], axis=0)  # fmt: skip
    windows = grouped(own, lambda row: (*row[:3], row[7])).values()
    between_windows = np.nanmean(
        [np.nanvar([row[6] for row in of], axis=0, ddof=1) for of in windows if len(of) > 4], axis=0
    )
    # an accelerometer's noise is flat, and above the ground's here
    low, high = (10 * np.log10(model_psd(name, KNOTS_HZ, "acceleration")) for name in ("nlnm", "nhnm"))
    accelerometers = low + np.array([row[6] for row in rows if not row[5]]) * (high - low)
    return {
        "knots_hz": list(KNOTS_HZ),
        "horizontal": _rounded(average - vertical_less_horizontal / 3),
        "vertical": _rounded(average + 2 * vertical_less_horizontal / 3),
        "between_stations": _rounded(scatter),
        "correlation_range": round(correlation_range((every - average) / scatter), 2),
        "between_times": _rounded(between_times(at_times, stations)),
        "between_windows": _rounded(np.sqrt(between_windows)),
        "day": _rounded(day),
        "accelerometer_db": round(float(np.median(accelerometers[:, np.array(KNOTS_HZ) >= 1.0])), 1),
        "fitted_to": {
            "windows": len({(*row[:3], row[8]) for row in rows}), "stations": len(stations),
            "accelerometers": len({row[1] for row in rows if not row[5]}),
        },
    }  # fmt: skip


def between_times(at_times, stations):
    """Scatter of what all stations of a region share at a time, from regions with several times; below 1 Hz."""
    squares = []
    for keys in grouped(at_times, lambda key: key[0]).values():
        dates = grouped(keys, lambda key: key[2])
        for some in dates.values() if len(dates) > 1 else ():
            shared = np.nanmean([at_times[key] - stations[key[:2]] for key in some], axis=0)
            squares.append(np.square(shared) * len(dates) / (len(dates) - 1))
    return np.where(np.array(KNOTS_HZ) < 1.0, np.sqrt(np.nanmean(squares, axis=0)), 0.0)


def correlation_range(deviations):
    """Range L in ln f of exp(-(distance / L)^1.5), the correlation of a station's deviations at two knots."""
    away, seen = [], []
    for a, b in itertools.combinations(range(len(KNOTS_HZ)), 2):
        away.append(abs(np.log(KNOTS_HZ[a] / KNOTS_HZ[b])))
        seen.append(np.nanmean(deviations[:, a] * deviations[:, b]))
    ranges = np.geomspace(0.3, 10, 100)
    modelled = np.exp(-((np.array(away) / ranges[:, None]) ** CORRELATION_EXPONENT))
    return float(ranges[np.argmin(np.square(modelled - seen).sum(axis=1))])


def _rounded(values):
    return [round(float(value), 3) for value in values]


def grouped(items, key):
    """Dict of lists by a key."""
    out = {}
    for item in items:
        out.setdefault(key(item), []).append(item)
    return out


def comparison(rows):
    """Each region's mean level and scatter between stations, beside those of the stations of the other two."""
    at_times, _ = levels_without_day([row for row in rows if row[5]])
    stations, lines = mean_of_stations(at_times), []
    for region in dict.fromkeys(region for region, _ in stations):
        own, others = (
            np.array([level for (of, _), level in stations.items() if (of == region) == same]) for same in (True, False)
        )
        for label, values in (
            ("mean", np.nanmean(own, axis=0)), ("mean of the others", np.nanmean(others, axis=0)),
            ("between stations", np.nanstd(own, axis=0, ddof=1)),
            ("between stations of the others", np.nanstd(others, axis=0, ddof=1)),
        ):  # fmt: skip
            lines.append([f"{region.title()} ({len(own)})", label, *(_text(value) for value in values)])
    return lines


def _text(value):
    return f"{value:.2f}" if np.isfinite(value) else "–"


@styled
def picture(rows):
    """Levels of real stations, and of as many that the model makes, over frequency."""
    own = grouped([row for row in rows if row[5]], lambda row: (row[0], row[1]))
    figure = new_figure(8, 3.2)
    left, right = figure.subplots(1, 2, sharey=True, sharex=True)
    frequency = np.geomspace(0.1, 30, 200)
    for axis in (left, right):
        for name in ("nlnm", "nhnm"):
            axis.plot(frequency, 10 * np.log10(model_psd(name, frequency, "acceleration")), color=BLACK, linewidth=1.2)
        axis.set(xscale="log", xlabel="Frequency (Hz)")
    low, high = (10 * np.log10(model_psd(name, KNOTS_HZ, "acceleration")) for name in ("nlnm", "nhnm"))
    for of in own.values():
        mean = np.nanmean([row[6] for row in of], axis=0)
        left.plot(KNOTS_HZ, low + mean * (high - low), color=BLUE, linewidth=0.7)
    for number in range(len(own)):
        power = noise_psd(frequency, "acceleration", "XX", f"S{number}", "HHN", number * 15.0, None)
        right.plot(frequency, 10 * np.log10(power), color=GREEN, linewidth=0.7)
    left.set(ylabel="PSD of acceleration (dB)", title=f"{len(own)} real stations")
    right.set_title(f"{len(own)} stations of the model")
    return figure


def main():
    """Read, fit, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = [
        *ridgecrest(arguments.data / "ridgecrest_2019"),
        *before_p(arguments.data / "germany_regional", "germany"),
        *before_p(arguments.data / "california_2019_m43", "california"),
    ]
    model = fit(rows)
    print(json.dumps(model, indent=1))
    MODEL.parent.mkdir(exist_ok=True)
    MODEL.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    OUT.mkdir(parents=True, exist_ok=True)
    header = ["records", "level", *(f"{knot:g} Hz" for knot in KNOTS_HZ)]
    lines = comparison(rows)
    write_markdown(OUT / "regions.md", header, lines)
    for line in lines:
        print(*line, sep="\t")
    save_picture(picture(rows), OUT / "stations.png")


if __name__ == "__main__":
    main()
