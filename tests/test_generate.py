"""generate(): what it promises about seeds, channels, times, quantities and bad input."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import obspy
import pytest
from _imports import HELPERS
from obspy_networks import ORIGIN_TIME, bare_network, channel, event, inventory, station, triple

import seissynth
from seissynth.backends.base import Backend, Card
from seissynth.errors import BackendNotFoundError, DomainError, InputError, ResponseError, SeisSynthWarning
from seissynth.records import Records


def by_id(stream):
    return {(trace.id, str(trace.stats.starttime)): trace.data for trace in stream}


class Plain(Backend):
    """Velocity of 1 m/s up from P on, 2 m/s radial, 3 m/s transverse; for sums that can be done in the head."""

    card = Card(name="plain", summary="steps", quantity="velocity", component_order="RZT")

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        p = conditions["path_p_travel_s"].to_numpy()
        time = start_s[:, None] + np.arange(npts) / sampling_rate_hz
        step = (time >= p[:, None]).astype("float32")
        return Records(np.stack([2 * step, step, 3 * step], axis=1), start_s, p_s=p)


# --- seeds


@pytest.fixture(scope="module")
def network():
    return bare_network(40)


@pytest.fixture(scope="module")
def whole():
    """A thousand stations, so several chunks; the first 40 are those of `network`."""
    return by_id(seissynth.generate(bare_network(1000), event(), duration=40, output="ACC", seed=5))


def test_a_station_alone_is_the_same_to_the_bit(network, whole):
    alone = inventory(network[0][17])
    for key, data in by_id(seissynth.generate(alone, event(), duration=40, output="ACC", seed=5)).items():
        np.testing.assert_array_equal(data, whole[key])


def test_order_and_neighbours_change_nothing(network, whole):
    turned = inventory(*list(network[0])[::-1][:25])
    for key, data in by_id(seissynth.generate(turned, event(), duration=40, output="ACC", seed=5)).items():
        np.testing.assert_array_equal(data, whole[key])


def test_another_process_gives_the_same_bits(network, whole, tmp_path):
    network.write(str(tmp_path / "net.xml"), format="STATIONXML")
    code = f"""
        import sys, hashlib, obspy, seissynth
        sys.path.insert(0, {str(sys.path[0])!r})
        sys.path.insert(0, {str(HELPERS)!r})
        from obspy_networks import event
        net = obspy.read_inventory({str(tmp_path / "net.xml")!r})
        st = seissynth.generate(net, event(), duration=40, output="ACC", seed=5)
        print(hashlib.sha256(b"".join(t.data.tobytes() for t in sorted(st, key=lambda t: t.id))).hexdigest())
    """
    import hashlib

    some = sorted((key, data) for key, data in whole.items() if key[0] < "XX.S0040")
    here = hashlib.sha256(b"".join(data.tobytes() for _, data in some)).hexdigest()
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


def test_kernels_without_compilation_give_the_same_records(network, whole, tmp_path):
    network.write(str(tmp_path / "net.xml"), format="STATIONXML")
    code = f"""
        import sys, numpy as np, obspy, seissynth
        sys.path.insert(0, {str(HELPERS)!r})
        from obspy_networks import event, inventory
        net = obspy.read_inventory({str(tmp_path / "net.xml")!r})
        st = seissynth.generate(inventory(net[0][3]), event(), duration=40, output="ACC", seed=5)
        np.savez({str(tmp_path / "out.npz")!r}, **{{trace.id: trace.data for trace in st}})
    """
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, env=environment)
    with np.load(tmp_path / "out.npz") as made:
        assert len(made.files) == 3
        for name in made.files:
            compiled = whole[name, str(ORIGIN_TIME)]
            np.testing.assert_allclose(made[name], compiled, rtol=0, atol=1e-6 * np.abs(compiled).max())


def test_seed_event_place_and_realization_matter_but_not_the_magnitude_or_id(network):
    one = inventory(network[0][0])

    def make(**kwargs):
        earthquake = kwargs.pop("event", event())
        return seissynth.generate(one, earthquake, duration=40, **kwargs)[0].data

    base = make()
    np.testing.assert_array_equal(base, make())  # another resource id each time
    for other in (make(seed=1), make(realization=1), make(event=event(depth_km=9)), make(event_key="mine")):
        assert np.abs(np.corrcoef(base, other)[0, 1]) < 0.5
    larger = make(event=event(4.05))
    assert np.corrcoef(base, larger)[0, 1] > 0.9  # a sweep over magnitudes shares its noise


def test_an_ensemble_holds_the_realizations_one_by_one(network):
    one = inventory(*list(network[0])[:2])
    ensemble = seissynth.generate(one, event(), duration=40, realizations=3, seed=2)
    assert isinstance(ensemble, seissynth.Ensemble) and len(ensemble) == 3
    assert ensemble.array().shape == (3, 6, 4000)
    for k, stream in enumerate(ensemble):
        assert stream[0].stats.seissynth.realization == k
        alone = seissynth.generate(one, event(), duration=40, realization=k, seed=2)
        np.testing.assert_array_equal(stream[0].data, alone[0].data)


def test_realisations_share_calls_of_the_backend_and_keep_their_bits(network):
    rows_of_calls = []

    class Counted(seissynth.testing.Ricker):
        def simulate(self, conditions, **request):
            rows_of_calls.append(len(conditions))
            return super().simulate(conditions, **request)

    three = inventory(*list(network[0])[:3])
    options = {"backend": Counted, "duration": 40, "seed": 2}
    ensemble = seissynth.generate(three, event(), realizations=45, **options)
    assert rows_of_calls == [63, 63, 9]
    for k in (0, 20, 21, 44):
        alone = by_id(seissynth.generate(three, event(), realization=k, **options))
        assert {trace.stats.seissynth.realization for trace in ensemble[k]} == {k}
        for key, data in by_id(ensemble[k]).items():
            np.testing.assert_array_equal(data, alone[key])
    rows_of_calls.clear()
    seissynth.generate(three, event(), realizations=4, **{**options, "duration": 14_000})
    assert rows_of_calls == [3, 3, 3, 3]  # long records: one realisation at a time, as memory allows


def test_iter_generate_gives_the_bits_of_generate(network):
    one = inventory(*list(network[0])[:2])
    events = [event(3.0), event(4.0, latitude=35.8)]
    parts = list(seissynth.iter_generate(one, iter(events), duration=40, stress_drop_bar=60))
    together = seissynth.generate(one, obspy.core.event.Catalog(events), duration=40, stress_drop_bar=60)
    assert [len(part) for part in parts] == [6, 6]
    for got, want in zip(parts[0] + parts[1], together, strict=True):
        np.testing.assert_array_equal(got.data, want.data)


# --- channels, orientation, rates


def test_rotation_and_orientation_are_those_of_the_channels():
    # the station lies north of the event, so that R is north and T is east
    channels = [
        channel("HHZ", dip=-90), channel("HH1", azimuth=30), channel("HH2", azimuth=120),
        channel("HNZ", dip=90), channel("HNN", azimuth=0), channel("HNE", azimuth=90),
    ]  # fmt: skip
    st = seissynth.generate(inventory(station("N", channels)), event(), backend=Plain, channel="*", duration=30)
    last = {trace.stats.channel: float(trace.data[-1]) for trace in st}
    north, east = 2.0, 3.0
    angle = np.radians(30)
    assert last["HHZ"] == pytest.approx(1) and last["HNZ"] == pytest.approx(-1)  # a vertical that points down
    assert last["HNN"] == pytest.approx(north, rel=1e-4) and last["HNE"] == pytest.approx(east, rel=1e-4)
    assert last["HH1"] == pytest.approx(north * np.cos(angle) + east * np.sin(angle), rel=1e-4)
    assert last["HH2"] == pytest.approx(-north * np.sin(angle) + east * np.cos(angle), rel=1e-4)


def test_radial_and_transverse_become_north_and_east():
    """ObsPy's own rotation takes Z, N, E back to what went in, at a back azimuth in each quadrant."""
    from obspy.signal.rotate import rotate_ne_rt

    from seissynth.simulation import to_zne

    rng = np.random.default_rng(0)
    data, back_azimuth = rng.standard_normal((5, 3, 50)), np.array([0.0, 37.0, 125.0, 214.0, 301.0])
    zne = to_zne(data.copy(), "TZR", back_azimuth)
    np.testing.assert_array_equal(zne[:, 0], data[:, 1])
    for row, azimuth in enumerate(back_azimuth):
        radial, transverse = rotate_ne_rt(zne[row, 1], zne[row, 2], azimuth)
        np.testing.assert_allclose(radial, data[row, 2], atol=1e-12)
        np.testing.assert_allclose(transverse, data[row, 0], atol=1e-12)


def test_instruments_of_a_site_show_the_same_motion():
    channels = triple("HH", rate=100.0) + triple("HN", rate=200.0, units="M/S**2") + triple("BH", rate=40.0)
    st = seissynth.generate(inventory(station("S", channels)), event(), channel="*", duration=40)
    rates = {trace.stats.channel: trace.stats.sampling_rate for trace in st}
    assert rates["HHZ"] == 100 and rates["HNZ"] == 200 and rates["BHZ"] == 40
    fast = np.fft.rfft(st.select(channel="HNZ")[0].data.astype(float)) / 200
    for code, rate in (("HHZ", 100), ("BHZ", 40)):
        slow = np.fft.rfft(st.select(channel=code)[0].data.astype(float)) / rate
        below = int(0.8 * rate / 2 * 40)  # bins of 1/40 Hz, to 0.8 of the slower Nyquist frequency
        assert np.linalg.norm(slow[:below] - fast[:below]) < 2e-3 * np.linalg.norm(fast[:below])


def test_default_band_epochs_and_synthetic_channels():
    gone = triple("HH", start_date=ORIGIN_TIME - 1000, end_date=ORIGIN_TIME - 10)
    net = inventory(station("NEW", triple("BH") + triple("HN")), station("BARE"), station("OLD", gone))
    with pytest.warns(SeisSynthWarning, match=r"XX\.OLD"):
        st = seissynth.generate(net, event(), duration=40)
    assert [trace.id for trace in st] == [
        "XX.NEW..BHZ", "XX.NEW..BHN", "XX.NEW..BHE", "XX.BARE..HHZ", "XX.BARE..HHN", "XX.BARE..HHE",
    ]  # fmt: skip


def test_sensors_that_stand_apart_move_apart():
    net = inventory(station("B", triple("HH") + triple("EH", depth=150.0, location="10")))
    st = seissynth.generate(net, event(), channel="*", duration=40)
    top, deep = (st.select(channel=code)[0].stats.seissynth for code in ("HHZ", "EHZ"))
    assert 0.01 < top.p_s - deep.p_s < 0.1 < top.s_s - deep.s_s < 0.3
    net = inventory(station("B", triple("HH") + triple("EH", depth=5.0, location="10")))
    st = seissynth.generate(net, event(), channel="*", duration=40)
    assert not np.array_equal(st.select(channel="HHZ")[0].data, st.select(channel="EHZ")[0].data)


# --- times and windows


def test_times_are_absolute_and_windows_as_asked():
    net = bare_network(1)
    st = seissynth.generate(net, event())
    assert st[0].stats.starttime == ORIGIN_TIME and st[0].stats.npts % 1000 == 0
    st = seissynth.generate(net, event(), start=-5.5, duration=30, sampling_rate=50)
    assert st[0].stats.starttime == ORIGIN_TIME - 5.5 and st[0].stats.npts == 1500
    st = seissynth.generate(net, event(), start=ORIGIN_TIME - 2, duration=30)
    assert st[0].stats.starttime == ORIGIN_TIME - 2
    st = seissynth.generate(net, event(), start=str(ORIGIN_TIME - 2), duration=30)
    assert st[0].stats.starttime == ORIGIN_TIME - 2


def test_default_duration_holds_the_shaking():
    for magnitude, latitude in ((2.0, 35.9), (5.0, 36.6), (6.8, 37.5)):
        st = seissynth.generate(inventory(station("S", latitude=latitude)), event(magnitude))
        for trace in st:
            energy = np.cumsum(trace.data.astype(float) ** 2)
            assert energy[-500] > 0.97 * energy[-1]


def test_an_onset_outside_the_record_warns_once_and_is_nan():
    with pytest.warns(SeisSynthWarning, match="S lies outside the record of 5 of 5 sites"):
        st = seissynth.generate(bare_network(5, spread_deg=0.1), event(depth_km=40), start=0, duration=9)
    assert all(np.isnan(trace.stats.seissynth.s_s) for trace in st)


def test_picks_of_the_event_can_be_imposed():
    from obspy.core.event import Pick, WaveformStreamID

    earthquake = event()
    earthquake.picks = [Pick(time=ORIGIN_TIME + 7.25, phase_hint="P", waveform_id=WaveformStreamID("XX", "S0000"))]
    net = bare_network(2)
    st = seissynth.generate(net, earthquake, onsets="picks")
    model = seissynth.generate(net, earthquake)
    first = st[0].stats.seissynth
    assert first.p_s == pytest.approx(7.25) and first.conditions.path_onset_origin == "picks"
    lag = model[0].stats.seissynth.s_s - model[0].stats.seissynth.p_s
    assert first.s_s - first.p_s == pytest.approx(lag)
    assert st[3].stats.seissynth.p_s == model[3].stats.seissynth.p_s
    moved = np.flatnonzero(st[0].data)[0] / 100
    assert 7.0 < moved <= 7.27
    earthquake.picks[0].time = ORIGIN_TIME - 1
    with pytest.raises(InputError, match=r"XX\.S0000.*picks"):
        seissynth.generate(net, earthquake, onsets="picks")


# --- quantities, response, noise


def test_quantities_are_derivatives_of_each_other():
    net = bare_network(1)
    made = {
        q: seissynth.generate(net, event(5.0), output=q, duration=40)[0].data.astype(float)
        for q in ("DISP", "VEL", "ACC")
    }
    for lower, higher in (("DISP", "VEL"), ("VEL", "ACC")):
        slope = np.gradient(made[lower], 0.01)
        f = np.fft.rfftfreq(len(slope), 0.01)
        low = f < 5  # np.gradient itself is 1.6 % low at 5 Hz
        a, b = np.abs(np.fft.rfft(slope))[low], np.abs(np.fft.rfft(made[higher]))[low]
        assert np.linalg.norm(a - b) < 0.03 * np.linalg.norm(b)


def test_raw_without_its_response_is_the_motion():
    net, earthquake = seissynth.read_example()
    kwargs = {"duration": 200, "start": -10, "channel": "*"}
    raw = seissynth.generate(net, earthquake, output="RAW", **kwargs)
    velocity = seissynth.generate(net, earthquake, output="VEL", **kwargs)
    for counts, want in zip(raw, velocity, strict=True):
        npts = 4 * counts.stats.npts
        padded = counts.copy()
        padded.data = np.concatenate([counts.data.astype(float), np.zeros(npts)])
        exactly = {"water_level": None, "taper": False, "zero_mean": False}
        padded.remove_response(inventory=net, output="VEL", pre_filt=(0.05, 0.1, 35, 40), **exactly)
        exact = np.concatenate([want.data.astype(float), np.zeros(npts)])
        f = np.fft.rfftfreq(len(exact), want.stats.delta)
        band = (f > 0.2) & (f < 30)
        difference = np.fft.rfft(padded.data - exact)[band]
        assert np.linalg.norm(difference) < 0.005 * np.linalg.norm(np.fft.rfft(exact)[band]), counts.id


def test_quantised_and_clipped_counts():
    net, earthquake = seissynth.read_example()
    st = seissynth.generate(net, earthquake, output="RAW", quantize=True, clip_counts=1000, duration=60, noise="nhnm")
    assert all(trace.data.dtype == np.int32 for trace in st)
    assert max(np.abs(trace.data).max() for trace in st) == 1000
    assert st[0].stats.seissynth.unit == "counts"


def test_noise_of_real_counts_is_added_to_the_counts():
    """Not sent through the response: what the noise adds are windows of the noise's own samples."""
    (net, earthquake), rng = seissynth.read_example(), np.random.default_rng(3)
    header = {"network": "XX", "station": "ELSE", "channel": "BHZ", "sampling_rate": 100.0}
    real = obspy.Stream([obspy.Trace(rng.integers(-500, 500, 60_000).astype(float), header)])
    clean = seissynth.generate(net, earthquake, output="RAW", duration=60, start=-10)[0]
    noisy = seissynth.generate(net, earthquake, output="RAW", duration=60, start=-10, noise=real)[0]
    assert clean.stats.delta == 0.01
    steps = np.diff(noisy.data[:200].astype(float) - clean.data[:200])
    windows = np.lib.stride_tricks.sliding_window_view(np.diff(real[0].data), steps.size)
    assert abs(windows - steps).max(axis=1).min() < 0.01


def test_before_p_there_is_silence_or_noise():
    net = bare_network(1)
    quiet = seissynth.generate(net, event(), start=-20, duration=60)
    noisy = seissynth.generate(net, event(), start=-20, duration=60, noise="nlnm")
    before = slice(0, 2000)
    assert not quiet[0].data[before].any() and noisy[0].data[before].all()
    np.testing.assert_allclose(quiet[0].data, noisy[0].data, atol=1e-6)


def test_minimum_phase_survives_the_whole_road():
    for magnitude in (3.0, 5.0, 7.0):
        for output in ("ACC", "VEL", "DISP"):
            trace = seissynth.generate(bare_network(1, seed=3), event(magnitude), start=-5, output=output)[0]
            first = int((trace.stats.seissynth.p_s + 5) * 100)
            assert np.abs(trace.data[: first + 1]).max() < 1e-4 * np.abs(trace.data).max()


def test_vs30_and_other_columns_reach_the_record():
    net = bare_network(2)
    rock = seissynth.generate(net, event(), conditions={"station_vs_30_mps": 760})
    soft = seissynth.generate(net, event(), conditions={"station_vs_30_mps": {"XX.S0001": 250}})
    np.testing.assert_array_equal(rock[0].data, soft[0].data)
    assert np.abs(soft[4].data).max() > 1.2 * np.abs(rock[4].data).max()
    assert soft[4].stats.seissynth.truth.vs_30_mps == 250


def test_provenance_is_complete():
    st = seissynth.generate(bare_network(1), event(3.0, kind="ML"), seed=9)
    info = st[0].stats.seissynth
    assert info.backend == "stochastic" and info.version == seissynth.__version__ and info.seed == 9
    assert info.quantity == "velocity" and info.unit == "m/s" and info.low_cut_hz == 0.05
    assert info.truth.magnitude_conversion == "ML to Mw, 2/3 ML + 1.167"
    assert set(info.conditions) == set(seissynth.schema.COLUMNS)


# --- catalogues


def test_a_catalogue_goes_on_without_what_cannot_be_used():
    bad = event()
    bad.magnitudes = []
    with pytest.warns(SeisSynthWarning, match="no magnitude"):
        st = seissynth.generate(bare_network(1), obspy.core.event.Catalog([event(), bad]), duration=40)
    assert len(st) == 3
    with pytest.raises(InputError, match="no magnitude"):
        seissynth.generate(bare_network(1), bad)


# --- bad input


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"output": "VELO"}, "output='VELO'"),
        ({"duration": 0}, "duration=0"),
        ({"duration": float("nan")}, "duration=nan"),
        ({"duration": 1e12}, "samples"),
        ({"sampling_rate": -1}, "sampling_rate=-1"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"realizations": 0}, "realizations=0"),
        ({"realizations": 2, "realization": 1}, "not both"),
        ({"start": "not a time"}, "start="),
        ({"start": float("inf")}, "start=inf"),
        ({"outside": "ignore"}, "outside="),
        ({"onsets": "guess"}, "onsets="),
        ({"quantize": True}, "RAW"),
        ({"noise": "pink"}, "pink"),
        ({"channel": ""}, "channel="),
        ({"velocity_model": "isap91"}, "iasp91"),
        ({"conditions": {"station_vs30": 500}}, "station_vs_30_mps"),
        ({"conditions": {"station_vs_30_mps": "soft"}}, "soft"),
        ({"conditions": {"station_vs_30_mps": {"XX.NONE": 500}}}, "XX.NONE"),
        ({"conditions": 3}, "conditions"),
        ({"source": np.zeros(3)}, "source"),
        ({"stres_drop_bar": 50}, "stress_drop_bar"),
        ({"preset": "activ"}, "preset"),
        ({"backend": 7}, "backend=7"),
        ({"event_key": ""}, "event_key"),
    ],
)
def test_bad_arguments_give_one_clear_error(kwargs, words):
    with pytest.raises(InputError, match=words):
        seissynth.generate(bare_network(1), event(), **kwargs)


def test_unknown_backend_names_the_nearest():
    with pytest.raises(BackendNotFoundError, match="stochastic"):
        seissynth.generate(bare_network(1), event(), backend="stochastik")


def test_out_of_range_is_an_error_a_warning_or_allowed():
    far = inventory(station("FAR", latitude=44.0))
    with pytest.raises(DomainError, match=r"stochastic.*XX\.FAR.*outside="):
        seissynth.generate(far, event())
    with pytest.warns(SeisSynthWarning, match=r"XX\.FAR"):
        seissynth.generate(far, event(), outside="warn")
    assert len(seissynth.generate(far, event(), outside="allow")) == 3


@pytest.mark.parametrize("what", ["nothing", "string", "empty", "no origin", "no time", "nan depth"])
def test_bad_events(what):
    earthquake = event()
    if what == "nothing":
        earthquake = None
    elif what == "string":
        earthquake = "catalog.xml"
    elif what == "empty":
        earthquake = obspy.core.event.Catalog()
    elif what == "no origin":
        earthquake.origins = []
    elif what == "no time":
        earthquake.origins[0].time = None
    elif what == "nan depth":
        earthquake.origins[0].depth = None
        with pytest.warns(SeisSynthWarning, match="no depth"):
            assert len(seissynth.generate(bare_network(1), earthquake)) == 3
        return
    with pytest.raises(InputError):
        seissynth.generate(bare_network(1), earthquake)


def test_raw_without_response_names_the_channel():
    with pytest.raises(ResponseError, match=r"XX\.S0000"):
        seissynth.generate(bare_network(1), event(), output="RAW")


def test_empty_inventory_says_what_was_found():
    with pytest.raises(InputError, match="no station"):
        seissynth.generate(obspy.Inventory(networks=[]), event())
    with pytest.raises(InputError, match="Inventory"):
        seissynth.generate("stations.xml", event())


def test_memory_stays_flat_over_events():
    import tracemalloc

    net = bare_network(10)
    events = (event(3.0 + 0.01 * i) for i in range(40))
    peaks = []
    tracemalloc.start()
    for i, _ in enumerate(seissynth.iter_generate(net, events, duration=40)):
        if i in (9, 39):
            peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


# --- continuous


def test_continuous_adds_events_before_the_instrument():
    net, earthquake = seissynth.read_example()
    first = earthquake.preferred_origin()
    origin = first.time
    other = event(4.5, time=origin + 7.004, latitude=first.latitude, longitude=first.longitude)
    window = (origin - 20, origin + 100)
    both = seissynth.continuous([earthquake, other], net, *window, output="RAW")
    first, second = (seissynth.continuous([one], net, *window, output="RAW") for one in (earthquake, other))
    for a, b, c in zip(both, first, second, strict=True):
        np.testing.assert_allclose(a.data, b.data + c.data, atol=2e-6 * np.abs(a.data).max())
        assert len(a.stats.seissynth.events) == 2 and a.stats.starttime == window[0]


def test_continuous_equals_generate_on_its_grid():
    net, earthquake = seissynth.read_example()
    origin = earthquake.preferred_origin().time
    long = seissynth.continuous(earthquake, net, origin - 30, origin + 60)
    for short in seissynth.generate(net, earthquake, duration=30):
        trace = next(one for one in long if one.id == short.id)
        np.testing.assert_allclose(trace.data[3000:5500], short.data[:2500], atol=2e-4 * np.abs(short.data).max())


def test_continuous_refuses_what_has_no_meaning():
    net, earthquake = seissynth.read_example()
    with pytest.raises(InputError, match="realizations"):
        seissynth.continuous(earthquake, net, ORIGIN_TIME, ORIGIN_TIME + 10, realizations=3)
    with pytest.raises(InputError, match="after start"):
        seissynth.continuous(earthquake, net, ORIGIN_TIME, ORIGIN_TIME)


# --- explain and picks


def test_explain_and_picks():
    net, earthquake = seissynth.read_example()
    ensemble = seissynth.generate(net, earthquake, realizations=2, output="ACC")
    table = seissynth.explain(ensemble)
    assert len(table) == 14 and set(table["realization"]) == {0, 1}
    trace = max((t for t in ensemble[0] if t.stats.station == "LAGO"), key=lambda t: np.abs(t.data).max())
    row = table[(table["sensor"] == trace.id[:-1]) & (table["realization"] == 0)].iloc[0]
    assert row["peak"] == pytest.approx(np.abs(trace.data).max())
    catalog = seissynth.picks(ensemble[0])
    assert len(catalog) == 1 and len(catalog[0].picks) == 14
    first = next(p for p in catalog[0].picks if p.phase_hint == "P" and p.waveform_id.station_code == "LAGO")
    info = trace.stats.seissynth
    assert abs(first.time - (info.origin_time + info.p_s)) < 1e-6
    with pytest.raises(InputError, match="stats\\.seissynth"):
        seissynth.explain(obspy.read())


def test_only_what_stands_in_the_event_counts():
    """A copy shares resource ids with the event it comes from, which is still in memory here."""
    inventory, event = seissynth.read_example()
    inventory = inventory.select(station="CASC")
    assert event.preferred_focal_mechanism() is not None
    bare = event.copy()
    bare.focal_mechanisms = []
    never = event.copy()
    never.focal_mechanisms, never.preferred_focal_mechanism_id = [], None
    made, expected = (seissynth.generate(inventory, one, duration=30.0) for one in (bare, never))
    np.testing.assert_array_equal(made[0].data, expected[0].data)
    assert np.isnan(made[0].stats.seissynth.conditions.get("source_strike_deg", np.nan))
    other = event.copy()
    other.magnitudes[0].mag = 3.0
    assert seissynth.generate(inventory, other, duration=30.0)[0].stats.seissynth.conditions.source_magnitude == 3.0
