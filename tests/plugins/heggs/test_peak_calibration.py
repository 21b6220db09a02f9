"""Calibrations of peaks by other blocks of time: what each makes of draws whose fault is known."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the scripts of HEGGS need PyTorch")

from tools.heggs.peak_calibration import (
    Peaks,
    calibrated,
    magnitude_shift,
    scatter,
    scatter_of_earthquakes,
    station_shift,
)

DRAWS, EVENTS, STATIONS, BLOCKS = 40, 60, 10, 3


def made(of_events=1.0, of_records=1.0, stations=0.0, slope=0.0, seed=0):
    """Draws of unit scatter between and within earthquakes, and records that have more of some of it."""
    rng = np.random.default_rng(seed)
    events, names = (part.ravel() for part in np.meshgrid(np.arange(EVENTS), np.arange(STATIONS), indexing="ij"))
    drawn = rng.standard_normal((DRAWS, EVENTS))[:, events] + rng.standard_normal((DRAWS, len(events)))
    magnitudes = 2.0 + (events % 5)
    observed = of_events * rng.standard_normal(EVENTS)[events] + of_records * rng.standard_normal(len(events))
    observed += stations * (names - names.mean()) + slope * (magnitudes - magnitudes.mean())
    peaks = Peaks(observed, drawn, events.astype(str), names.astype(str), magnitudes)
    return peaks, events % BLOCKS


def deviations(drawn):
    """Deviations of draws from their mean: of means over an earthquake's stations, and of the rest."""
    apart = (drawn - drawn.mean(axis=0)).reshape(DRAWS, EVENTS, STATIONS)
    middle = apart.mean(axis=2, keepdims=True)
    return middle.std(), (apart - middle).std()


def test_a_factor_widens_all_draws_as_the_records_of_other_blocks_ask():
    peaks, blocks = made(of_events=1.5, of_records=1.5)
    found, plain = calibrated(peaks, blocks, (scatter,)), peaks.drawn
    np.testing.assert_allclose(found.std(axis=0).mean() / plain.std(axis=0).mean(), 1.5, atol=0.2)
    np.testing.assert_allclose(found.mean(axis=0), plain.mean(axis=0), atol=1e-9)


def test_a_factor_on_earthquakes_leaves_their_stations_apart():
    peaks, blocks = made(of_events=2.0)
    before, after = deviations(peaks.drawn), deviations(calibrated(peaks, blocks, (scatter_of_earthquakes,)))
    assert after[0] / before[0] == pytest.approx(2.0, abs=0.4)
    assert after[1] == pytest.approx(before[1], rel=1e-6)


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
