"""The records of a block: motion, second events, noise at its level, and the rows of metadata.

Motion stays in arrays from the backend to the file; it is bit-for-bit that of the Streams of `seissynth.generate`.
"""

import numpy as np

from seissynth.backends.run import load_once, run_backend
from seissynth.data.factory.noise import load_noise
from seissynth.data.factory.plan import _GAIN, _LEVEL, _SNR, Planner
from seissynth.data.factory.record_noise import RecordNoise
from seissynth.data.factory.snr import SnrMeter, snr_band_hz
from seissynth.data.factory.sources import origin_times
from seissynth.data.true_axes import is_aligned, true_axes
from seissynth.instruments.response import apply_response, quantize_counts
from seissynth.record_windows import WindowGroup, simulation_rate_hz
from seissynth.schema import COLUMNS
from seissynth.seeding import generator, hash_words
from seissynth.signal.motion import resample_motion
from seissynth.simulation import GroundMotion
from seissynth.stream import Instrument, channel_motion

#: samples of one component of all records made at a time; bounds the memory
_SAMPLES_TOGETHER = 1_000_000
_MOST_TOGETHER = 128

#: columns of the conditions that a data set keeps, in order
_KEPT = (
    "source_id", "source_origin_time", "source_latitude_deg", "source_longitude_deg", "source_depth_km",
    "source_magnitude", "source_magnitude_type", "source_strike_deg", "source_dip_deg", "source_rake_deg",
    "station_network_code", "station_code", "station_latitude_deg", "station_longitude_deg", "station_elevation_m",
    "path_ep_distance_km", "path_hyp_distance_km", "path_azimuth_deg", "path_back_azimuth_deg",
    "path_p_travel_s", "path_s_travel_s",
)  # fmt: skip

#: columns of a second event, see `seissynth.schema.TRACE_COLUMNS`
_SECOND_COLUMNS = (
    "trace_p2_arrival_sample", "trace_s2_arrival_sample",
    "source2_id", "source2_magnitude", "source2_level_db", "path2_ep_distance_km",
)  # fmt: skip


class BlockMaker:
    """Make the records of blocks.

    Parameters
    ----------
    settings : seissynth.data.factory.settings.Settings
    """

    def __init__(self, settings):
        self.settings = settings
        self.backend = settings.core.open_backend()
        self.planner = Planner(settings, self.backend)
        self.rate = float(settings.core.sampling_rate)
        self.npts = settings.npts
        self.instrument = Instrument(settings.core.output)
        self.raw = settings.core.output == "RAW"
        #: ASDF keeps the traces of the channels themselves, whose azimuths and dips are in its StationXML
        self.own_axes = settings.format == "asdf"
        self._noise = None
        self._noise_opened = False

    @property
    def dtype(self):
        """Type of the samples."""
        return "int32" if self.settings.core.quantize else "float32"

    def plan(self, first, last):
        """Plan of a block; see `Planner.plan`."""
        return self.planner.plan(first, last)

    def metadata(self, plan):
        """Rows of metadata known before simulation; DataFrame."""
        return self._rows(plan, plan.table["path_p_travel_s"], plan.table["path_s_travel_s"])

    def pieces(self, plan):
        """Yield (metadata, waveforms) of a block's records in order, in batches."""
        load_once(self.backend)
        together = max(1, min(_MOST_TOGETHER, _SAMPLES_TOGETHER // self.npts))
        for first in range(0, len(plan), together):
            yield self._piece(plan, np.arange(first, min(first + together, len(plan))))

    def motion(self, table, sensors, start_s, seeds):
        """Records of earthquakes in the quantity of the output; (n, 3, npts) float32, and P and S after origin."""
        import pandas

        core = self.settings.core
        rate = simulation_rate_hz([None], self.rate, self.backend.card.sampling_rates_hz)[0]
        group = WindowGroup(np.arange(len(start_s)), start_s, round(core.duration * rate), rate)
        outside = "allow" if self.settings.outside in ("leave_out", "skip") else self.settings.outside
        records = run_backend(
            self.backend,
            pandas.DataFrame(table),
            start_s=start_s,
            npts=group.npts,
            sampling_rate_hz=rate,
            seeds=seeds,
            outside=outside,
        )
        motion = GroundMotion(records, self.backend.card, table["path_back_azimuth_deg"], rate)
        return self._recorded(motion, sensors), records.p_s, records.s_s

    def _recorded(self, motion, sensors):
        """Records of the motion by the sensors, without noise: along up, north, east, or their own axes for ASDF.

        Motion along the true axes passes through each response, instead of rotating records; different responses within
        a sensor are therefore harmless.
        """
        if not self.own_axes:
            sensors = [true_axes(sensor) for sensor in sensors]
        if not self.raw:
            data = motion.get(self.instrument.quantity(None))
            turned = [i for i, sensor in enumerate(sensors) if not is_aligned(sensor)]
            if not turned and motion.sampling_rate_hz == self.rate:
                return data
            out = resample_motion(data, motion.sampling_rate_hz, self.rate).astype(np.float32, copy=False)
            out = out.copy() if out is data else out
            for i in turned:
                out[i] = channel_motion(motion, i, sensors[i], self.instrument, self.rate)
            return out
        out = np.empty((len(sensors), 3, self.npts))  # counts of a strong record are beyond what float32 holds
        for i, sensor in enumerate(sensors):
            moved = channel_motion(motion, i, sensor, self.instrument, self.rate)
            for c, channel in enumerate(sensor.channels):
                out[i, c] = apply_response(moved[c], channel, self.rate, self.instrument.quantity(channel))
        return out

    # --- one piece

    def _piece(self, plan, rows):
        table = {name: values[rows] for name, values in plan.table.items()}
        sensors = [plan.sensors[row] for row in rows]
        data, p_s, s_s = self.motion(table, sensors, plan.start_s[rows], plan.seeds[rows])
        p, s = (self._sample(onset, plan.start_s[rows]) for onset in (p_s, s_s))
        noise_rows = plan.noise_rows[rows]
        targets = np.arange(len(rows)) + np.concatenate([[0], np.cumsum(noise_rows)[:-1]])
        out = np.zeros((len(rows) + int(noise_rows.sum()), 3, self.npts), dtype=data.dtype)
        out[targets] = data
        frame = self._rows(plan, p_s, s_s, rows)
        snr = np.full(len(out), np.nan)
        level = None if self.open_noise() is None else SnrMeter(data, p, s, self.rate)
        noise = self._add_noise(plan, rows, targets, out.shape, level, snr)
        second_level = self._add_seconds(plan, rows, frame, out, targets, data)
        frame["trace_snr_db"] = snr.round(3)
        if second_level is not None:
            frame["source2_level_db"] = second_level
        if noise is not None:
            out += noise
        if self.raw:
            core = self.settings.core
            if core.quantize or core.clip_counts is not None:
                out = quantize_counts(out, core.clip_counts, core.quantize)
            out = out.astype(self.dtype, copy=False)
        return frame, out

    def _sample(self, onset, start_s):
        return (onset - start_s) * self.rate

    def _add_noise(self, plan, rows, targets, shape, level, snr):
        """Add noise to every row, at its level; fill `snr` of the records of earthquakes."""
        source = self.open_noise()
        if source is None:
            return None
        settings = self.settings
        noise = np.empty(shape, dtype=np.float32)
        gain = np.zeros(len(noise))
        inside = None if settings.snr_db is None else np.empty((len(rows), *shape[1:]), dtype=np.float32)
        for i, row in enumerate(rows):
            key, sensor = int(plan.keys[row]), plan.sensors[row]
            for k in range(plan.noise_rows[row] + 1):
                at = targets[i] + k
                mine = key if k == 0 else hash_words("row of noise", key, k)
                if settings.noise_gain_db is not None:
                    u = plan.draws[row, _GAIN] if k == 0 else generator(mine, 2).random()
                    gain[at] = settings.noise_gain_db[0] + u * (settings.noise_gain_db[1] - settings.noise_gain_db[0])
                factor = np.float32(10.0 ** (gain[at] / 20.0))
                if k == 0 and inside is not None:
                    noise[at], inside[i] = source.split(mine, sensor, snr_band_hz(self.rate), factor)
                else:
                    noise[at] = source(mine, sensor) * factor
        if inside is None:
            snr[targets] = level.snr_db(noise[targets])
        else:
            wanted = plan.draw(_SNR, settings.snr_db)[rows]
            noise[targets], snr[targets] = level.scaled(noise[targets], inside, wanted)
        return noise

    def open_noise(self):
        """Return a function of key and sensor that returns noise in the quantity of the output; None for no noise."""
        if not self._noise_opened:
            noise = load_noise(self.settings.core.noise)
            if noise is not None:
                self._noise = RecordNoise(noise, self.instrument, self.npts, self.rate, self.own_axes)
            self._noise_opened = True
        return self._noise

    def _add_seconds(self, plan, rows, frame, out, targets, data):
        """Add the motion of second events, and their onsets to the metadata; return the chosen levels or None."""
        mine = np.flatnonzero((plan.second_of >= rows[0]) & (plan.second_of <= rows[-1]))
        if not len(mine):
            return None
        second, at = plan.second, plan.second_of[mine] - rows[0]
        table = {name: values[mine] for name, values in second["table"].items()}
        start_s = second["start_s"][mine]
        sensors = [plan.sensors[row] for row in plan.second_of[mine]]
        motion, p_s, s_s = self.motion(table, sensors, start_s, second["seeds"][mine])
        level = None
        if self.settings.overlap_level_db is not None:
            wanted = plan.draw(_LEVEL, self.settings.overlap_level_db)[plan.second_of[mine]]
            peaks = np.abs(motion).max(axis=(1, 2)), np.abs(data[at]).max(axis=(1, 2))
            known = (peaks[0] > 0) & (peaks[1] > 0)
            gain = np.where(known, peaks[1] / np.where(known, peaks[0], 1.0) * 10.0 ** (wanted / 20.0), 1.0)
            motion = motion * gain.astype(np.float32)[:, None, None]
            level = np.full(len(out), np.nan)
            level[targets[at]] = np.where(known, wanted, np.nan).round(3)
        out[targets[at]] += motion
        for name, onset in (("p", p_s), ("s", s_s)):
            column = frame[f"trace_{name}2_arrival_sample"].to_numpy(copy=True)
            column[targets[at]] = self._inside(onset, start_s)
            frame[f"trace_{name}2_arrival_sample"] = column
        return level

    # --- metadata

    def _inside(self, onset, start_s):
        """Onsets as samples, rounded to 0.001; NaN outside the record."""
        sample = np.round(self._sample(onset, start_s), 3)
        return np.where((sample >= 0) & (sample <= self.npts - 1), sample, np.nan)

    def _rows(self, plan, p_s, s_s, rows=None):
        """Metadata of some records of a plan and of the rows of noise that follow them."""
        import pandas

        rows = np.arange(len(plan)) if rows is None else rows
        start_s, n = plan.start_s[rows], len(rows)
        sensors = [plan.sensors[row] for row in rows]
        columns = {name: plan.table[name][rows] for name in _KEPT}
        columns["station_location_code"] = np.array([sensor.location for sensor in sensors], dtype=object)
        start_us = plan.origin_us[rows] + np.round(start_s * 1e6).astype(np.int64)
        p, s = self._inside(p_s, start_s), self._inside(s_s, start_s)
        columns.update(
            trace_channel=np.array([sensor.band_instrument for sensor in sensors], dtype=object),
            trace_start_time=start_us,
            trace_sampling_rate_hz=np.full(n, self.rate),
            trace_npts=np.full(n, self.npts),
            trace_category=np.full(n, "earthquake_local", dtype=object),
            trace_p_arrival_sample=p,
            trace_s_arrival_sample=s,
            trace_p_status=np.where(np.isfinite(p), "estimated", "").astype(object),
            trace_s_status=np.where(np.isfinite(s), "estimated", "").astype(object),
            trace_p_origin=np.where(np.isfinite(p), plan.table["path_onset_origin"][rows], "").astype(object),
            trace_s_origin=np.where(np.isfinite(s), plan.table["path_onset_origin"][rows], "").astype(object),
            trace_snr_db=np.full(n, np.nan),
            split=plan.split[rows],
        )
        columns.update(self._second_columns(plan, rows))
        frame = pandas.DataFrame(columns)
        counts = plan.noise_rows[rows]
        if counts.any():
            frame = frame.iloc[np.repeat(np.arange(n), counts + 1)].reset_index(drop=True)
            number = np.concatenate([np.arange(count + 1) for count in counts])
            noise = number > 0
            step = round(self.settings.core.duration * 1e6)
            frame["trace_start_time"] = frame["trace_start_time"].to_numpy() - number * step
            frame.loc[noise, "trace_category"] = "noise"
            for name in frame.columns:
                if name.startswith(("source", "path")) or name.endswith(("_arrival_sample", "_status", "_origin")):
                    frame.loc[noise, name] = "" if _is_text(name) else np.nan
        frame["trace_start_time"] = origin_times(frame["trace_start_time"].to_numpy())
        if not self.settings.split:
            del frame["split"]
        return frame

    def _second_columns(self, plan, rows):
        if not self.settings.overlap_share:
            return {}
        n = len(rows)
        columns = {
            name: np.full(n, "" if _is_text(name) else np.nan, dtype=object if _is_text(name) else float)
            for name in _SECOND_COLUMNS
        }
        mine = np.flatnonzero(np.isin(plan.second_of, rows))
        if len(mine):
            at = np.searchsorted(rows, plan.second_of[mine])
            table, start_s = plan.second["table"], plan.second["start_s"][mine]
            columns["source2_id"][at] = table["source_id"][mine]
            columns["source2_magnitude"][at] = table["source_magnitude"][mine]
            columns["path2_ep_distance_km"][at] = table["path_ep_distance_km"][mine]
            for name in "ps":
                onset = table[f"path_{name}_travel_s"][mine]
                columns[f"trace_{name}2_arrival_sample"][at] = self._inside(onset, start_s)
        return columns


def _is_text(name):
    return name.endswith(("_status", "_origin", "2_id")) or (name in COLUMNS and COLUMNS[name].text)
