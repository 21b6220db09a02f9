"""continuous(): the sum of what generate() makes, on the window's samples, through the same instruments."""

import numpy as np
import obspy
import pytest
from obspy_networks import ORIGIN_TIME, event, inventory, station, triple

import seissynth
from seissynth.continuous_records import common_rate
from seissynth.errors import InputError, SeisSynthWarning

SEVERAL = ("HH", 100.0, ""), ("BH", 40.0, "10"), ("HN", 200.0, "20")


def network():
    """One station with three instruments of three rates (common samples every 0.05 s), and one with one."""
    channels = [
        one
        for band, rate, location in SEVERAL
        for one in triple(band, rate=rate, location=location, units="M/S**2" if band == "HN" else "M/S")
    ]
    return inventory(station("A", channels), station("B", triple("HH", place=(36.1, -117.3)), 36.1, -117.3))


def catalog():
    """Two earthquakes that overlap, and one before the window whose coda reaches into it."""
    times = (0.0, 6.4, -25.0)
    return [event(4.0 + 0.3 * k, time=ORIGIN_TIME + t, latitude=35.6 + 0.1 * k) for k, t in enumerate(times)]


def sum_of_records(stream, streams):
    """What generate's records add up to on the samples of continuous ones, and where all of them have samples."""
    sums = {trace.id: np.zeros(trace.stats.npts) for trace in stream}
    for trace in (trace for one in streams for trace in one):
        whole = stream.select(id=trace.id)[0]
        rate, npts = whole.stats.sampling_rate, whole.stats.npts
        offset = (trace.stats.starttime - whole.stats.starttime) * rate
        assert offset == pytest.approx(round(offset), abs=1e-4)  # on the same samples
        first, last = max(round(offset), 0), min(round(offset) + trace.stats.npts, npts)
        sums[trace.id][first:last] += trace.data[first - round(offset) : last - round(offset)]
    return sums


@pytest.mark.parametrize(
    ("duration", "output", "options"),
    [
        (60.0, "ACC", {}),
        (60.0, "VEL", {"realization": 3}),
        (25.0, "DISP", {}),  # cuts while the ground still shakes: the step is the same
        (60.0, "RAW", {}),
        (60.0, "VEL", {"sampling_rate": 25.0}),
        (60.0, "VEL", {"conditions": {"station_vs_30_mps": 300.0}, "stress_drop_bar": 40.0}),
    ],
)
def test_it_is_the_sum_of_the_records_of_generate(duration, output, options):
    same = {"channel": "*", "duration": duration, "output": output, "seed": 4, **options}
    made = seissynth.continuous(catalog(), network(), ORIGIN_TIME - 10, ORIGIN_TIME + 90, **same)
    wanted = sum_of_records(made, [seissynth.generate(network(), one, **same) for one in catalog()])
    assert len(made) == 12
    for trace in made:
        # one rounding to float32 of each event's part, and of counts the one of the transform
        limit = (3e-6 if output == "RAW" else 4e-7) * np.abs(trace.data).max()
        if output == "RAW":  # what rings on after a record's end has no counterpart in generate's shorter record
            ends = [one.preferred_origin() or one.origins[0] for one in catalog()]
            inside = trace.times() + 0.0 < min((o.time + duration - trace.stats.starttime) for o in ends) - 1.0
            np.testing.assert_allclose(trace.data[inside], wanted[trace.id][inside], rtol=0, atol=limit)
        else:
            np.testing.assert_allclose(trace.data, wanted[trace.id], rtol=0, atol=limit)


def test_one_event_has_the_very_bits_of_generate():
    for duration in (None, 45.0):
        made = seissynth.continuous(event(), network(), ORIGIN_TIME - 5, ORIGIN_TIME + 60, duration=duration, seed=2)
        for trace in seissynth.generate(network(), event(), duration=duration, seed=2):
            long = made.select(id=trace.id)[0]
            offset = round(5 * trace.stats.sampling_rate)
            npts = min(trace.stats.npts, long.stats.npts - offset)
            np.testing.assert_array_equal(long.data[offset : offset + npts], trace.data[:npts])
            assert not long.data[:offset].any()


def test_a_start_between_samples_keeps_the_times():
    """Records then begin at the window's last sample before the origin, as generate's do when asked to."""
    for shift in (3.0037, -12.0037):  # before and after the origin
        start = ORIGIN_TIME - shift
        made = seissynth.continuous(event(), network(), start, start + 60, channel="*", duration=70.0, seed=2)
        grid = start + (np.floor(shift * 20 + 1e-6) / 20)  # the three rates have a sample in common every 0.05 s
        for site, at in (("A", grid), ("B", start + np.floor(shift * 100 + 1e-6) / 100)):
            sites = network().select(station=site)
            records = seissynth.generate(sites, event(), start=at, channel="*", duration=70.0, seed=2)
            wanted = sum_of_records(made, [records])
            for trace in made.select(station=site):
                limit = 1e-4 * np.abs(wanted[trace.id]).max()  # another length of the transform
                both = trace.times() < records[0].stats.endtime - trace.stats.starttime - 0.5  # an integral's end
                np.testing.assert_allclose(trace.data[both], wanted[trace.id][both], rtol=0, atol=limit)


def test_neighbours_change_nothing_between_samples():
    window = (ORIGIN_TIME - 3.0037, ORIGIN_TIME + 30)
    both = seissynth.continuous(event(), network(), *window, channel="*")
    alone = seissynth.continuous(event(), network().select(station="B"), *window, channel="*")
    for trace in alone:
        np.testing.assert_array_equal(both.select(id=trace.id)[0].data, trace.data)


def test_the_key_of_an_event_is_that_of_generate():
    same = {"event_key": "mine", "duration": 40.0}
    made = seissynth.continuous([event()], network(), ORIGIN_TIME, ORIGIN_TIME + 40, **same)
    for trace in seissynth.generate(network(), event(), **same):
        np.testing.assert_array_equal(made.select(id=trace.id)[0].data, trace.data)
    with pytest.raises(InputError, match="event_key"):
        seissynth.continuous(catalog(), network(), ORIGIN_TIME, ORIGIN_TIME + 40, event_key="mine")


def test_by_default_the_coda_goes_on_and_no_step_is_left():
    made = seissynth.continuous(event(), network(), ORIGIN_TIME, ORIGIN_TIME + 300, output="VEL")
    for trace in made:
        data = trace.data.astype(float)
        short = seissynth.generate(network(), event()).select(id=trace.id)[0].stats.npts
        level = np.abs(data).max()
        assert np.abs(data[short : short + 100]).max() > 0.002 * level  # generate's record ends, the ground goes on
        end = np.flatnonzero(data)[-1]
        assert end + 1 == 4 * short and np.abs(data[end - 10 : end + 1]).max() < 5e-6 * level
        # no sample jumps by more than the trace does on both sides of the joint
        joint = np.abs(np.diff(data[short - 200 : short + 200]))
        assert joint[198:201].max() <= 1.5 * joint.max()


@pytest.mark.parametrize("events", [[], obspy.core.event.Catalog(), [event(time=ORIGIN_TIME - 86400)],
                                    [event(time=ORIGIN_TIME + 3600)]])  # fmt: skip
def test_no_event_leaves_the_noise_alone(events):
    window = (ORIGIN_TIME, ORIGIN_TIME + 30)
    for output in ("VEL", "RAW"):
        made = seissynth.continuous(events, network(), *window, noise="nlnm", output=output)
        assert len(made) == 6 and all(trace.data.all() and np.isfinite(trace.data).all() for trace in made)
        assert all(trace.stats.seissynth.events == [] for trace in made)
        silent = seissynth.continuous(events, network(), *window, output=output)
        assert not any(trace.data.any() for trace in silent)


def test_events_that_cannot_be_used_are_still_an_error():
    with pytest.warns(SeisSynthWarning, match="left out"), pytest.raises(InputError, match="none of the 1 events"):
        seissynth.continuous([obspy.core.event.Event()], network(), ORIGIN_TIME, ORIGIN_TIME + 30)


def test_counts_remember_what_came_before_the_window():
    """A seismometer of 1 s rings for seconds: a window that begins inside a record shows what a longer one shows."""
    long = seissynth.continuous(event(5.0), network(), ORIGIN_TIME, ORIGIN_TIME + 60, output="RAW", duration=60)
    late = seissynth.continuous(event(5.0), network(), ORIGIN_TIME + 8, ORIGIN_TIME + 60, output="RAW", duration=60)
    for one, other in zip(long, late, strict=True):
        npts = round(8 * one.stats.sampling_rate)
        limit = 3e-6 * np.abs(one.data).max()
        np.testing.assert_allclose(other.data, one.data[npts:], rtol=0, atol=limit)
        assert np.abs(other.data[:100]).max() > 1000 * limit


def test_parts_of_one_instrument_with_two_rates_are_kept_apart():
    channels = triple("HH")
    channels[0].sample_rate = 50.0
    with pytest.warns(SeisSynthWarning, match="do not span three axes"):
        made = seissynth.continuous(event(), inventory(station("A", channels)), ORIGIN_TIME, ORIGIN_TIME + 30)
    assert {trace.stats.channel: trace.stats.npts for trace in made} == {"HHZ": 1500, "HHN": 3000, "HHE": 3000}


def test_traces_have_coordinates_but_no_distance():
    trace = seissynth.continuous([], network(), ORIGIN_TIME, ORIGIN_TIME + 5)[0]
    assert trace.stats.coordinates.latitude == 35.9 and "distance" not in trace.stats


def test_picks_of_all_earthquakes():
    events = catalog()
    stream = seissynth.continuous(events, network(), ORIGIN_TIME, ORIGIN_TIME + 60)
    found = seissynth.picks(stream, events)  # a list, as `continuous` took
    assert len(found) == 3 and not events[0].picks
    for item, given in zip(found, events, strict=True):
        told = [
            (trace.id, one["p_s"], one["s_s"])
            for trace in stream
            for one in trace.stats.seissynth.events
            if one["event_id"] == given.resource_id.id and trace.id[-1] == "Z"
        ]
        onsets = [(name, phase, onset) for name, p, s in told for phase, onset in (("P", p), ("S", s))]
        origin = given.origins[0].time
        picked = {(p.waveform_id.get_seed_string(), p.phase_hint, round(p.time - origin, 4)) for p in item.picks}
        assert picked == {(name, phase, round(onset, 4)) for name, phase, onset in onsets if np.isfinite(onset)}
    with pytest.raises(InputError, match="pass event= with the same catalogue"):
        seissynth.picks(stream)


def test_common_rates():
    assert common_rate({100.0}) == 100.0 and common_rate({100.0, 40.0}) == 20.0
    assert common_rate({100.0, 0.1}) == pytest.approx(0.1) and common_rate({31.25, 100.0}) == 6.25
