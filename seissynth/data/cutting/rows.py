"""Rows of one sensor in one block of time: windows of earthquakes, and of noise."""

import numpy as np

from seissynth.data.cutting.measures import is_detectable, signal_to_noise_db
from seissynth.data.cutting.paths import path_columns, source_columns, station_columns
from seissynth.data.cutting.quiet import is_quiet, quiet_starts
from seissynth.data.cutting.settings import RULES
from seissynth.data.cutting.window import gather, motion_of
from seissynth.data.preparation.arrays import rotate_to_zne
from seissynth.data.true_axes import counts_to_zne, turn
from seissynth.signal.motion import rate_ratio

#: noise keeps away from an earthquake's predicted P by this before and, besides the shaking, after it, s
NOISE_GUARD_S = 5.0

#: no S is later than this after origin
LONGEST_TRAVEL_NS = 3600 * 10**9


class SensorCutter:
    """Cut the windows of one sensor.

    Parameters
    ----------
    archive : seissynth.data.cutting.archive.Archive
    sensor : seissynth.stations.sensors.Sensor
    quakes : list of Earthquake
        In the order of time.
    picks : list of dict
        Those of `seissynth.data.cutting.paths.read_picks`.
    table : seissynth.data.cutting.paths.Table
    settings : CutSettings
    picker : object with `pick` and `name`, or None
    report : CutReport
        Receives the counts.
    """

    def __init__(self, archive, sensor, *, quakes, picks, table, settings, picker, report):
        self.archive, self.sensor, self.settings, self.picker = archive, sensor, settings, picker
        self.quakes, self.picks, self.table, self.report = quakes, picks, table, report
        self.rate = archive.rate_of(sensor.channels[0].id)
        up, down = rate_ratio(self.rate, settings.rate_hz)
        # whole samples of both rates, so that the window's first sample stays one
        self.grid = down if up != down else 1
        self.npts = round(settings.duration_s * settings.rate_hz)
        self.matrix = sensor.direction_matrix()
        self.turned = not np.allclose(self.matrix, np.eye(3), atol=1e-9)

    def rows(self, first_ns, last_ns):
        """Yield (row, data) for the earthquakes and for noise with origin or start in [first, last)."""
        settings = self.settings
        reach = round((settings.lead_s + 1.0) * 1e9), round((settings.duration_s + settings.tail_s + 1.0) * 1e9)
        shift = round(settings.start_s * 1e9)
        span = first_ns + shift - reach[0], last_ns + shift + reach[1]
        segments = [self.archive.read(channel.id, *span) for channel in self.sensor.channels]
        for index in range(*np.searchsorted(self.table.origin_ns, (first_ns, last_ns))):
            window = self._event(segments, index)
            if window is not None:
                yield window
        if settings.noise_windows and all(segments):
            yield from self._noise(segments, first_ns, last_ns)

    def _event(self, segments, index):
        settings, table = self.settings, self.table
        self.report.asked += 1
        raw = gather(
            segments, int(table.origin_ns[index] + round(settings.start_s * 1e9)), settings.lead_s,
            settings.duration_s, settings.tail_s,
        )  # fmt: skip
        if raw is None:
            self.report.without_data += 1
            return None
        data, lead_s, removed = self._prepare(raw)
        row = {**source_columns(self.quakes[index]), **station_columns(self.sensor), **path_columns(table, index)}
        row |= self._trace_columns(raw, removed)
        row |= self._labels(data, lead_s, index, raw.start_ns)
        obeyed = self._obeyed(row)
        self.report.count(obeyed)
        if not all(obeyed[rule] for rule in settings.require):
            return None
        self.report.written += 1
        _count(self.report.by_channel, self.sensor.band_instrument)
        for phase in "ps":
            _count(self.report.onsets, f"{phase.upper()} {row[f'trace_{phase}_origin']}")
        return row, self._window(data, lead_s)

    def _prepare(self, raw):
        """Prepared motion over (Z, N, E), with its lead in s and the removed response."""
        cut = raw.lead % self.grid
        motion, removed = motion_of(raw, self.sensor, self.settings.quantity, self.settings.band_hz)
        if self.turned and self.settings.quantity == "counts":
            motion = turn(counts_to_zne(self.sensor), motion)
        elif self.turned:
            motion = rotate_to_zne(motion, self.matrix)
        lead_s = (raw.lead - cut) / self.rate
        return self.settings.preparation.apply(motion[:, cut:], self.rate).data, lead_s, removed

    def _window(self, data, lead_s):
        first = round(lead_s * self.settings.rate_hz)
        window = np.zeros((3, self.npts), dtype=np.float32)
        part = data[:, first : first + self.npts]  # the last sample may lack after a change of rate
        window[:, : part.shape[-1]] = part
        return window

    def _trace_columns(self, raw, removed):
        from obspy import UTCDateTime

        settings = self.settings
        return {
            "trace_category": "earthquake_local",
            "trace_start_time": str(UTCDateTime(ns=int(raw.start_ns))),
            "trace_sampling_rate_hz": settings.rate_hz,
            "trace_npts": self.npts,
            "trace_missing_samples": raw.missing_samples,
            "trace_margin_s": raw.margin_s,
            "trace_is_dead": raw.dead(),
            "trace_is_clipped": raw.clipped(settings.clip_counts),
            "trace_peak_counts": float(np.abs(raw.data[:, raw.inside]).max()),
            "trace_removed": removed,
        }

    def _labels(self, data, lead_s, index, start_ns):
        """Onsets with their origin, time mask, signal to noise; times after the window's first sample."""
        table, settings, rate = self.table, self.settings, self.settings.rate_hz
        expected = {"P": (table.p_ns[index] - start_ns) / 1e9, "S": (table.s_ns[index] - start_ns) / 1e9}
        end_s, others = self._mask(data, lead_s, index, start_ns)
        row = {"trace_mask_end_s": end_s, "trace_detectable_events": others}
        # an S of an earlier earthquake that is still to come, or just over, is in the window
        oldest = np.searchsorted(table.origin_ns, start_ns - LONGEST_TRAVEL_NS)
        earlier_p, earlier_s = table.p_ns[oldest:index], table.s_ns[oldest:index]
        row["trace_earlier_events"] = int(((earlier_s >= start_ns) & (earlier_p < start_ns + end_s * 1e9)).sum())
        onsets = self._onsets(data, lead_s, index, start_ns, expected, end_s)
        for phase, (at, status, origin) in onsets.items():
            name = f"trace_{phase.lower()}"
            inside = 0 <= at < settings.duration_s
            row[f"{name}_arrival_sample"] = round(at * rate, 4) if inside else np.nan
            row[f"{name}_status"] = status if inside else ""
            row[f"{name}_origin"] = origin if inside else ""
        p, s = onsets["P"][0], onsets["S"][0]
        row["trace_snr_db"] = signal_to_noise_db(data, rate, lead_s, p, s, min(end_s, settings.duration_s))
        return row

    def _mask(self, data, lead_s, index, start_ns):
        """Onset of the next detectable earthquake, and number of others that are detectable in the window."""
        table, settings = self.table, self.settings
        onsets = (table.p_ns - start_ns) / 1e9
        end, count = settings.duration_s, 0
        for other in range(index + 1, len(onsets)):
            if table.origin_ns[other] > start_ns + settings.duration_s * 1e9:
                break  # by origin time: none of the later ones is in the window
            at, peak = float(onsets[other]), float(table.amplitude[other])
            if at < settings.duration_s and is_detectable(
                data, settings.rate_hz, lead_s, at, peak, settings.detect_ratio
            ):
                end = min(end, max(at, 0.0))
                count += 1
        return end, count

    def _onsets(self, data, lead_s, index, start_ns, expected, end_s):
        """Phase -> (time after the first sample, status, origin): catalogue, picker, or predicted."""
        name = f"{self.sensor.network}.{self.sensor.station}"
        onsets = {}
        for phase in "PS":
            pick = self.picks[index].get((name, phase))
            if pick is not None:
                onsets[phase] = ((pick[0] - start_ns) / 1e9, pick[1], "catalogue")
        latest = min(end_s, self.settings.duration_s)
        missing = [phase for phase, at in expected.items() if phase not in onsets and at < latest]
        if self.picker is not None and missing:
            guess = {**expected, **{phase: onsets[phase][0] for phase in onsets}}
            picked = self.picker.pick(data, self.settings.rate_hz, guess, lead_s)
            for phase in missing:
                at = picked.get(phase, np.nan)
                if np.isfinite(at) and at < end_s:  # later it may be another earthquake's
                    onsets[phase] = (float(at), "automatic", self.picker.name)
        for phase, at in expected.items():
            onsets.setdefault(phase, (float(at), "estimated", self.table.model))
        if not onsets["P"][0] < onsets["S"][0]:
            # a picker's slip: the velocity model's onsets are at least in order
            onsets = {phase: (float(at), "estimated", self.table.model) for phase, at in expected.items()}
        return onsets

    def _obeyed(self, row):
        settings = self.settings
        p, s = row["trace_p_arrival_sample"], row["trace_s_arrival_sample"]
        obeyed = {
            "samples": row["trace_missing_samples"] == 0,
            "complete": row["trace_missing_samples"] == 0 and row["trace_margin_s"] >= settings.edge_s,
            "alive": not row["trace_is_dead"],
            "unclipped": not row["trace_is_clipped"],
            "onsets": bool(np.isfinite(p) and np.isfinite(s)),
            "loud": bool(row["trace_snr_db"] >= settings.snr_least_db),
            "free": bool(row["trace_mask_end_s"] >= s / settings.rate_hz + settings.free_after_s_s),
            "alone": row["trace_detectable_events"] == 0 and row["trace_earlier_events"] == 0,
        }
        return {rule: obeyed[rule] for rule in RULES}

    def _noise(self, segments, first_ns, last_ns):
        """Windows without shaking by catalogued earthquakes and without other transients."""
        settings, table = self.settings, self.table
        busy = (table.felt_ns - first_ns) / 1e9 + np.array([-NOISE_GUARD_S, NOISE_GUARD_S])
        begin = max(max(part[0].start_ns for part in segments), first_ns)
        end = min(min(part[-1].end_ns for part in segments), last_ns)
        starts = quiet_starts((begin - first_ns) / 1e9, (end - first_ns) / 1e9, settings.duration_s, busy)
        taken = 0
        for start in starts.tolist():
            if taken >= settings.noise_windows:
                return
            window = self._noise_window(segments, first_ns + round(start * 1e9))
            if window is not None:
                taken += 1
                self.report.noise += 1
                yield window

    def _noise_window(self, segments, time_ns):
        settings = self.settings
        raw = gather(segments, time_ns, settings.lead_s, settings.duration_s, settings.tail_s)
        short = raw is None or raw.missing_samples or raw.margin_s < settings.edge_s
        if short or raw.dead() or raw.clipped(settings.clip_counts):
            return None
        data, lead_s, removed = self._prepare(raw)
        window = self._window(data, lead_s)
        if not is_quiet(window, settings.rate_hz):
            return None
        row = {**station_columns(self.sensor), **self._trace_columns(raw, removed), "trace_category": "noise"}
        return row, window


def _count(counts, name):
    counts[name] = counts.get(name, 0) + 1
