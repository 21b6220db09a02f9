"""Real records of five sets, and the energy of records in bands and parts of time."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
from obspy.geodetics import gps2dist_azimuth
from scipy.signal import butter, sosfilt
from scipy.signal.windows import tukey

from seissynth.events.picks import first_picks
from seissynth.io.seisbench.dataset import Dataset
from seissynth.seeding import make_seeds
from seissynth.traveltime import onsets
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.region_presets import plain_value
from tools.real_records._real_records import aic_onset

BANDS_HZ = ((0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0), (16.0, 30.0))
#: edges of the parts between P and S, as shares, and after S, s
BETWEEN = np.array([0, 0.1, 0.25, 0.45, 0.65, 0.85, 0.98])
BEHIND_S = np.array([0, 0.5, 1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90])
PARTS = len(BETWEEN) - 1 + len(BEHIND_S) - 1
LAST_BEFORE_S = len(BETWEEN) - 2
#: energies are taken over their mean from S to so long after it
REFERENCE_PARTS = 5
#: parts of time whose Z over H is compared: the first quarter of P, a second of S, the coda 8 to 12 s after S
_FIRST_OF_S = len(BETWEEN) - 1
RATIO_PARTS = ((0, 1), (_FIRST_OF_S, _FIRST_OF_S + 1), (_FIRST_OF_S + 6,))
#: folder of each set, and the source of the record's onsets
FOLDERS = {
    "california": "california_2019_m43", "strong_motion": "strong_motion_world", "germany": "germany_regional",
    "new_zealand": "new_zealand_2013",
}  # fmt: skip
#: compared, and never fitted to: licensed for evaluation only
ONLY_EVALUATED = {"mexico": "mexico_mems"}
#: of earthquakes without one, all in Mexico: about that of the plate interface below its coast
UNKNOWN_DEPTH_KM = 20.0
#: a causal filter is late by about this over its width, s Hz
LATE = 0.35
#: durations are those between shares of the energy from P to so long after S
SHARES, LASTING_S = (0.05, 0.75, 0.95), 90.0
_HIGHEST_BAND = 0.45
_AIC_REACH_S = 2.5
_PICK_REACH_S = 2.5
#: where depths are not known: reach of picks, and their S - P over the predicted one
_WIDE_REACH_S, _LIKELY = 5.0, (0.67, 1.5)
#: a share of samples this near to an end of the range means a clipped record
_NEAR_END, _CLIPPED_SHARE = 0.01, 0.01
#: noise before P must be so long to be made again
_LEAST_NOISE_S = 2.0
_LEAST_AFTER_S = 5.0
_LEAST_S_MINUS_P = 0.6
_RIDGECREST_SNR_DB = 20.0


@dataclass
class Recording:
    """One record: Z and two horizontals, onsets after its first sample, and after origin.

    Parameters
    ----------
    event, station : str
    magnitude : float
    scale : str
    distance_km, depth_km : float
        Epicentral distance.
    rate : float
    data : ndarray, shape (3, npts)
    p, s : float
        s after the first sample.
    start : float
        Of the first sample, s after origin.
    direct_p, direct_s : float
        Arrivals of the direct waves, s after origin.
    velocity : bool
        The record is one of velocity, or else of acceleration.
    """

    event: str
    station: str
    magnitude: float
    scale: str
    distance_km: float
    depth_km: float
    rate: float
    data: np.ndarray = field(repr=False)
    p: float
    s: float
    start: float
    direct_p: float
    direct_s: float
    velocity: bool = True


# --- real records


def named_values(items):
    """Constants by name, of texts NAME=VALUE."""
    return {name: plain_value(value) for name, _, value in (item.partition("=") for item in items)}


def load(name, folder, windows=None, picker=None):
    """Return the recordings of a set: one of `FOLDERS` or `ONLY_EVALUATED`, or "ridgecrest" of the cut set `windows`.

    Where S is a prediction, a `SeisBenchPicker` moves it to a pick near it. Sets of `ONLY_EVALUATED` need one: their
    records are those with picks of both P and S.
    """
    if name == "ridgecrest":
        return list(_ridgecrest(windows))
    if name in ONLY_EVALUATED:
        if picker is None:
            raise SystemExit(f"{name}: its onsets are picks, so it needs --picker.")
        found = _archive(Path(folder) / ONLY_EVALUATED[name], False)
        return [one for one in found if _is_picked(one, picker)]
    analyst = name == "new_zealand"
    found = list(_archive(Path(folder) / FOLDERS[name], analyst))
    if picker is not None and not analyst:
        for one in found:
            _move_s(one, picker)
    return found


def _move_s(one, picker):
    shift, probability = picker.probabilities(one.data, one.rate)["S"]
    first = max(round((one.s - _PICK_REACH_S) * one.rate) - shift, 0)
    part = probability[first : round((one.s + _PICK_REACH_S) * one.rate) - shift + 1]
    if len(part) and part.max() >= picker.threshold:
        picked = (first + shift + int(part.argmax())) / one.rate
        if picked - one.p > _LEAST_S_MINUS_P:
            one.direct_s, one.s = max(one.direct_s, one.s + one.start) + picked - one.s, picked


def _is_picked(one, picker):
    """Move P and S to picks within `_WIDE_REACH_S`, and say whether there are both, at likely times."""
    found, probabilities = {}, picker.probabilities(one.data, one.rate)
    for phase, at in (("P", one.p), ("S", one.s)):
        shift, probability = probabilities[phase]
        first = max(round((at - _WIDE_REACH_S) * one.rate) - shift, 0)
        part = probability[first : round((at + _WIDE_REACH_S) * one.rate) - shift + 1]
        if len(part) and part.max() >= picker.threshold:
            found[phase] = (first + shift + int(part.argmax())) / one.rate
    if len(found) < 2 or not _LIKELY[0] < (found["S"] - found["P"]) / (one.s - one.p) < _LIKELY[1]:
        return False
    one.direct_p, one.direct_s = one.direct_p + found["P"] - one.p, one.direct_s + found["S"] - one.s
    one.p, one.s = found["P"], found["S"]
    return True


def _ridgecrest(windows):
    """Windows with picked P and S of one earthquake only; boreholes and clipped windows are left out."""
    part = Dataset(windows)
    table = part.metadata
    picked = (table["trace_p_status"] == "automatic") & (table["trace_s_status"] == "automatic")
    clean = ~table["trace_is_clipped"].astype(bool) & ~table["trace_is_dead"].astype(bool)
    alone = (table["trace_earlier_events"] == 0) & (table["trace_snr_db"] > _RIDGECREST_SNR_DB)
    rows = np.flatnonzero(picked & clean & alone & (table["station_network_code"] != "PB"))
    for row in rows:
        about = table.iloc[row]
        npts = int(min(float(about["trace_mask_end_s"]), 60.0) * part.sampling_rate_hz)
        data = part.waveforms([row])[0][:, :npts].astype(float)
        start = obspy.UTCDateTime(about["trace_start_time"]) - obspy.UTCDateTime(about["source_origin_time"])
        p, s = (float(about[f"trace_{phase}_arrival_sample"]) / part.sampling_rate_hz for phase in "ps")
        if not np.isfinite(data).all() or s - p < 0.8 or npts / part.sampling_rate_hz < s + 6:
            continue
        yield Recording(
            str(about["source_id"]), str(about["station_code"]), float(about["source_magnitude"]), "ML",
            float(about["path_ep_distance_km"]), max(float(about["source_depth_km"]), 0.0), part.sampling_rate_hz, data,
            p, s, start, p + start, s + start,
        )  # fmt: skip


def _archive(folder, analyst):
    stream = obspy.read(str(folder / "waveforms.mseed"))
    inventory = obspy.read_inventory(str(folder / "inventory.xml"))
    places = {f"{net.code}.{sta.code}": (sta.latitude, sta.longitude) for net in inventory for sta in net}
    for event in obspy.read_events(str(folder / "catalog.xml")):
        origin = event.preferred_origin() or event.origins[0]
        near = [trace for trace in stream if _holds(trace, origin.time)]
        sensors = {}
        for trace in near:
            key = f"{trace.stats.network}.{trace.stats.station}", trace.stats.location, trace.stats.channel[:2]
            sensors.setdefault(key, []).append(trace)
        for (name, _, _), traces in sensors.items():
            found = _recording(event, origin, name, traces, places, analyst)
            if found is not None:
                yield found


def _holds(trace, time):
    return trace.stats.starttime - 60 < time < trace.stats.endtime and trace.stats.starttime - time < 300


def _recording(event, origin, name, traces, places, analyst):
    """One recording, or None: a component is missing, P and S are not known or too near to each other or an end."""
    traces = sorted(traces, key=lambda trace: "Z1N2E".index(trace.stats.channel[-1]))
    if len(traces) != 3 or traces[0].stats.channel[-1] != "Z" or name not in places:
        return None
    metres = gps2dist_azimuth(origin.latitude, origin.longitude, *places[name])[0]
    depth = UNKNOWN_DEPTH_KM if origin.depth is None else max(origin.depth / 1000.0, 0.0)
    predicted = onsets([metres / 1000.0], [depth], "iasp91")
    p, s, direct_p, direct_s = (float(getattr(predicted, key)[0]) for key in ("p_s", "s_s", "p_direct_s", "s_direct_s"))
    rate, start = traces[0].stats.sampling_rate, max(trace.stats.starttime for trace in traces) - origin.time
    npts = min(trace.stats.npts for trace in traces)
    data = np.stack([trace.data[-npts:] for trace in traces]).astype(float)
    if not np.isfinite(data).all() or (np.ptp(data, axis=1) == 0).any() or _is_clipped(data):
        return None
    if analyst:
        picks = {phase: pick.time - origin.time for (_, phase), pick in first_picks(event, [name])[0].items()}
        if not {"P", "S"} <= set(picks):
            return None
        p, s = picks["P"], picks["S"]
        direct_p, direct_s = p, s
    elif _AIC_REACH_S < p - start < npts / rate - _AIC_REACH_S:
        refined, contrast = aic_onset(data[0], rate, p - start, _AIC_REACH_S, (1.0, min(8.0, 0.4 * rate)))
        if np.isfinite(refined) and contrast > 2.0:
            moved = float(refined) + start - p
            p, s = p + moved, s + 0.5 * moved * s / p
            direct_p, direct_s = max(direct_p + moved, p), max(direct_s + 0.5 * moved * s / p, s)
    inside = p - start > 0.5 and s - p > _LEAST_S_MINUS_P and s - start + _LEAST_AFTER_S < npts / rate
    if not inside:
        return None
    magnitude = event.preferred_magnitude() or event.magnitudes[0]
    scale = magnitude.magnitude_type if magnitude.magnitude_type in ("ML", "Mw") else "Mw"
    return Recording(
        str(event.resource_id), name, float(magnitude.mag), scale, metres / 1000.0, depth, float(rate), data, p - start,
        s - start, start, direct_p, direct_s, traces[0].stats.channel[1] != "N",
    )  # fmt: skip


def _is_clipped(data):
    """Whether a component stays at an end of its range, as no motion does."""
    low, high = data.min(axis=1, keepdims=True), data.max(axis=1, keepdims=True)
    near = _NEAR_END * (high - low)
    return ((data > high - near) | (data < low + near)).mean(axis=1).max() > _CLIPPED_SHARE


# --- generated records in the places of real ones


def generate(recordings, seed=1, shared_seeds=False, **options):
    """Return the records of the default backend, each shaped as the real one: Z, R, T, of its quantity, SI.

    With `shared_seeds`, records of an earthquake or a station share its random terms.
    """
    backend, out = StochasticBackend(**options), []
    for number, one in enumerate(recordings):
        conditions = pd.DataFrame(
            {
                "source_magnitude": [one.magnitude], "source_magnitude_type": [one.scale],
                "source_depth_km": [one.depth_km], "path_ep_distance_km": [one.distance_km],
                "path_hyp_distance_km": [np.hypot(one.distance_km, one.depth_km)],
                "path_p_travel_s": [one.start + one.p], "path_s_travel_s": [one.start + one.s],
                "path_p_direct_travel_s": [one.direct_p], "path_s_direct_travel_s": [one.direct_s],
            }
        )  # fmt: skip
        seeds = make_seeds(
            seed + (0 if shared_seeds else 1000 * number), [one.event], [one.station], backend="stochastic"
        )
        records = backend.simulate(
            conditions, start_s=np.array([one.start]), npts=one.data.shape[1], sampling_rate_hz=one.rate, seeds=seeds
        )
        data = records.data[0].astype(float)
        out.append(np.cumsum(data, axis=-1) / one.rate if one.velocity else data)
    return out


# --- measures


def noise_like(one, seed):
    """Noise of the spectrum that a record has before P, as long as the record; zeros if that time is too short."""
    before = one.data[:, : int(max(one.p - 0.3, 0.0) * one.rate)]
    npts = one.data.shape[1]
    if before.shape[1] < _LEAST_NOISE_S * one.rate:
        return np.zeros((3, npts))
    before = (before - before.mean(axis=1, keepdims=True)) * tukey(before.shape[1], 0.1)
    power = np.square(np.abs(np.fft.rfft(before))) / before.shape[1]
    wanted, known = np.fft.rfftfreq(npts), np.fft.rfftfreq(before.shape[1])
    amplitude = np.sqrt([npts * np.interp(wanted, known, row) for row in power])
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, amplitude.shape)
    return np.fft.irfft(amplitude * np.exp(1j * phase), npts)


def energies(data, rate, p, s, noise=True, like=None):
    """Mean squares in bands and parts of time, and durations.

    Parameters
    ----------
    data : ndarray, shape (3, npts)
        Z and two horizontals.
    rate : float
    p, s : float
        s after the first sample.
    noise : bool
        The mean before P is taken off, and its mean square returned.
    like : (ndarray of shape (bands, 2, PARTS), ndarray of shape (3, npts)), optional
        Parts of a real record, and its noise: first, `data` take its level in each band, and the noise is added.

    Returns
    -------
    parts : ndarray, shape (bands, 2, PARTS)
        Of Z, and of one horizontal on average; NaN outside the record.
    level : ndarray, shape (bands, 2)
        Mean square before P; NaN without noise.
    durations : ndarray, shape (bands, 2, 2)
        D5-75 and D5-95 of horizontals, then of Z, s, from P to 90 s after S, noise subtracted.
    """
    npts = data.shape[1]
    parts = np.full((len(BANDS_HZ), 2, PARTS), np.nan)
    level = np.full((len(BANDS_HZ), 2), np.nan)
    durations = np.full((len(BANDS_HZ), 2, 2), np.nan)
    if noise:
        data = data - data[:, : max(int((p - 0.2) * rate), 2)].mean(axis=1, keepdims=True)
    for number, (low, high) in enumerate(BANDS_HZ):
        if high > _HIGHEST_BAND * rate:
            continue
        sections = butter(3, (low, high), "bandpass", fs=rate, output="sos")
        filtered = sosfilt(sections, data, axis=1)
        late = LATE / (high - low)
        edges = np.concatenate([p + BETWEEN * (s - p), s + BEHIND_S]) + late
        pairs = [k for k in range(len(edges) - 1) if k != len(BETWEEN) - 1]
        if like is not None:
            filtered = filtered * _scale(filtered, like[0][number], edges, rate) + sosfilt(sections, like[1], axis=1)
        power = np.square(filtered)
        both = np.stack([power[0], 0.5 * (power[1] + power[2])])
        summed = np.concatenate([np.zeros((2, 1)), np.cumsum(both, axis=1)], axis=1)
        for part, k in enumerate(pairs):
            first, last = round(edges[k] * rate), round(edges[k + 1] * rate)
            if last <= npts and last - first >= max(2, 0.25 * rate / (high - low)):
                parts[number, :, part] = (summed[:, last] - summed[:, first]) / (last - first)
        first, last = int(max(p - 6.0, 0.3) * rate), int((p - 0.3) * rate)
        if noise and last - first > 0.4 * rate:
            level[number] = (summed[:, last] - summed[:, first]) / (last - first)
        first, last = int(p * rate), min(npts, int((s + LASTING_S) * rate))
        quiet = np.nan_to_num(level[number])
        rest = summed[:, first : last + 1] - summed[:, first : first + 1]
        rest = np.maximum.accumulate(rest - quiet[:, None] * np.arange(last - first + 1), axis=1)
        for row, values in enumerate(rest[::-1]):
            if values[-1] > 0:
                share = values / values[-1]
                times = np.searchsorted(share, SHARES) / rate
                durations[number, row] = times[1] - times[0], times[2] - times[0]
    return parts, level, durations


def _scale(filtered, wanted, edges, rate):
    """Factor on each component that gives it the wanted mean square of the first five seconds of S."""
    first = len(BETWEEN) - 1
    wanted = wanted[:, first : first + REFERENCE_PARTS]
    low, high = round(edges[first + 1] * rate), round(edges[first + 1 + REFERENCE_PARTS] * rate)
    power = np.square(filtered[:, low:high]).mean(axis=1)
    steps = np.diff(BEHIND_S)[:REFERENCE_PARTS]
    mean = [np.average(row[np.isfinite(row)], weights=steps[np.isfinite(row)]) if np.isfinite(row).any() else np.nan
            for row in wanted]  # fmt: skip
    factors = np.sqrt(np.array([mean[0], mean[1], mean[1]]) / power)
    return np.where(np.isfinite(factors), factors, 1.0)[:, None]


def relative(parts):
    """Ln of energies over their mean in the first five seconds of S, (bands, 2, PARTS)."""
    first = len(BETWEEN) - 1
    reference = parts[:, :, first : first + REFERENCE_PARTS]
    weight = np.where(np.isfinite(reference), np.diff(BEHIND_S)[:REFERENCE_PARTS], 0.0)
    with np.errstate(all="ignore"):
        mean = np.nansum(reference * weight, axis=2) / weight.sum(axis=2)
        return np.log(parts / mean[:, :, None])


def real_measures(one):
    """Noise-free parts of a real record, relative, and its durations; NaN where noise is too near."""
    parts, level, durations = energies(one.data, one.rate, one.p, one.s)
    quiet = np.nan_to_num(level)[:, :, None]
    clear = parts > 2.0 * quiet
    return np.where(clear, parts - quiet, np.nan), durations


def made_measures(data, one, real_parts, seed):
    """Parts of a generated record, and its durations in the real one's noise."""
    parts = energies(data, one.rate, one.p, one.s, noise=False)[0]
    return parts, energies(data, one.rate, one.p, one.s, like=(real_parts, noise_like(one, seed)))[2]


def vertical_ratios(parts):
    """Ln of Z over one horizontal, amplitudes, in `RATIO_PARTS`; (bands, 3), NaN where a component is not clear."""
    out = np.full((len(BANDS_HZ), len(RATIO_PARTS)), np.nan)
    for k, chosen in enumerate(RATIO_PARTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            means = np.nanmean(parts[:, :, list(chosen)], axis=2)
        out[:, k] = 0.5 * np.log(means[:, 0] / means[:, 1])
    return out
