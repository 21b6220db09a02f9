"""Calibrations of peaks by other blocks of time: what each makes of draws whose fault is known."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the scripts of HEGGS need PyTorch")

from tools.heggs.peak_calibration import Peaks, calibrated, magnitude_shift, station_shift

DRAWS, EVENTS, STATIONS, BLOCKS = 40, 60, 10, 3


def made(stations=0.0, slope=0.0, seed=0):
    """Draws of unit scatter between and within earthquakes, and records that are off by station or magnitude."""
    rng = np.random.default_rng(seed)
    events, names = (part.ravel() for part in np.meshgrid(np.arange(EVENTS), np.arange(STATIONS), indexing="ij"))
    drawn = rng.standard_normal((DRAWS, EVENTS))[:, events] + rng.standard_normal((DRAWS, len(events)))
    magnitudes = 2.0 + (events % 5)
    observed = rng.standard_normal(EVENTS)[events] + rng.standard_normal(len(events))
    observed += stations * (names - names.mean()) + slope * (magnitudes - magnitudes.mean())
    peaks = Peaks(observed, drawn, events.astype(str), names.astype(str), magnitudes)
    return peaks, events % BLOCKS


def test_shifts_are_those_of_stations_and_of_magnitude_and_leave_the_mean():
    for steps, fault in (((station_shift,), {"stations": 0.3}), ((magnitude_shift,), {"slope": 0.5})):
        peaks, blocks = made(**fault)
        found = calibrated(peaks, blocks, steps)
        left = np.square(peaks.observed - found.mean(axis=0)).mean()
        assert left < 0.85 * np.square(peaks.observed - peaks.drawn.mean(axis=0)).mean()
        assert abs(found.mean() - peaks.drawn.mean()) < 0.05


def test_a_block_says_nothing_of_itself():
    peaks, blocks = made()
    peaks.observed[blocks == 1] += 5.0 * (peaks.stations[blocks == 1] == "3")
    found = calibrated(peaks, blocks, (station_shift,))
    moved = (found - peaks.drawn)[0]
    assert abs(moved[(blocks == 1) & (peaks.stations == "3")]).max() < 1.0
    assert moved[(blocks == 2) & (peaks.stations == "3")].min() > 1.0
