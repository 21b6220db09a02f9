"""Generated records beside the real ones of the shared folder: they exist, arrive in time, and have the right size.

The bounds are wide: one earthquake is no calibration. They catch a factor, a unit, a sign, a wrong origin.
"""

import numpy as np
import pytest

import seissynth
from tools.real_records import _real_records as real
from tools.real_records import compare_germany, compare_ridgecrest


@pytest.fixture(scope="module")
def ridgecrest(shared_data):
    """The script, its data, the clean M4 (the first event) and the M6.4, with their generated records."""
    script = compare_ridgecrest
    data = script.Data(shared_data)
    large = int(np.argmax(data.magnitudes))
    return script, data, {i: script.generated(data, i) for i in (0, large)}


@pytest.mark.filterwarnings("ignore:.*taken as Mw")  # the catalogue has local magnitudes
def test_events_give_finite_records_at_all_sensors(ridgecrest):
    _, data, made = ridgecrest
    events = [*data.events[::5], data.events[max(made)]]
    streams = seissynth.iter_generate(data.inventory, events, duration=40, velocity_model="southern_california")
    for stream in streams:
        assert len(stream) == 54 and {t.id for t in stream} == {t.id for t in data.stream}
        for trace in stream:
            assert len(trace) == 4000 and np.isfinite(trace.data).all() and trace.data.any()
            assert 0 < trace.stats.seissynth.p_s < trace.stats.seissynth.s_s < 40


def test_model_onsets_agree_with_akaike_picks(ridgecrest):
    script, data, _ = ridgecrest
    real = script.real
    late = {"P": [], "S": []}
    for name, (p, s, _) in data.onsets[0].items():
        motion = data.window(0, name)[0]
        for phase, onset, row in (("P", p, 0), ("S", s, 1)):
            # the window reaches further than the bound
            at, clear = real.aic_onset(motion[row], 100.0, onset, min(2.5, 0.7 * (s - p)), (2.0, 20.0), script.LEAD_S)
            assert clear > script.CLEAN
            late[phase].append(at - onset)
    assert len(late["P"]) == 18
    assert np.abs(late["P"]).max() < 1.5 and np.abs(np.median(late["P"])) < 0.3
    assert np.abs(late["S"]).max() < 1.5 and np.abs(np.median(late["S"])) < 0.6


def test_peaks_are_those_of_the_earthquakes_within_a_factor(ridgecrest):
    """The M4 is the one that stands out: its ML makes it four times too weak, where the median of all is a third."""
    script, data, made = ridgecrest
    rows = script.compare_levels(data, made, made)
    for index, stations, bound in zip(made, (13, 3), (1.8, 1.0), strict=True):
        of_event = [row for row in rows if row["ml"] == data.magnitudes[index] and row["group"] == "surface"]
        assert len(of_event) == stations  # no boreholes, nominal gains or clipped sensors
        for measure in ("pga_h", "pgv_h"):
            assert abs(np.median([row[measure] for row in of_event])) < bound, (index, measure)


def test_clipped_broadband_records_of_the_large_event_are_found(ridgecrest):
    script, data, made = ridgecrest
    clipped = {name for name in data.stations if data.window(max(made), name)[2] > script.CLIP_COUNTS}
    accelerometers = {"CI.WNM", "CI.WRV2", "CI.WVP2"}
    assert not clipped & accelerometers
    assert clipped >= {name for name in data.stations if name.startswith("CI.")} - accelerometers


def test_german_counts_give_back_velocity(shared_data):
    script = compare_germany
    data = script.Data(shared_data)
    assert len(data.real(data.events[1])) == 5
    assert script.round_trip(data) < 0.005  # relative rms in 0.2 to 8 Hz, at 20 Hz through the 80 Hz channels' response


def test_akaike_onset_finds_a_step_of_noise():
    rng = np.random.default_rng(3)
    data = rng.standard_normal(3000) * np.where(np.arange(3000) < 1720, 0.02, 1.0)
    at, clear = real.aic_onset(data, 100.0, 7.0, 1.5, (1.0, 30.0), before_s=10.0)
    assert at == pytest.approx(7.2, abs=0.03) and clear > 10


def test_smoothed_spectrum_of_noise_is_flat_at_its_level():
    data = np.random.default_rng(4).standard_normal((200, 2000))
    level = np.sqrt((real.smooth_spectrum(data, 100.0, np.array([1.0, 4.0, 16.0])) ** 2).mean(axis=0))
    # E|X|² = sum of the squared taper, over rate²
    assert level == pytest.approx(np.full(3, np.sqrt(2000 * 0.9375) / 100.0), rel=0.03)


def test_summary_interval_covers_the_median():
    stats = real.summary(np.random.default_rng(5).normal(0.4, 0.2, 100))
    assert stats["low"] < stats["median"] < stats["high"] and stats["n"] == 100
    assert stats["median"] == pytest.approx(0.4, abs=0.06) and stats["sd"] == pytest.approx(0.2, abs=0.04)
    assert real.summary([np.nan])["n"] == 0
