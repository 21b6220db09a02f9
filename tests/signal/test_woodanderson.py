"""Wood-Anderson traces against the instrument's differential equation, its poles and zeros, and ObsPy."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import obspy
import pytest
from _imports import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from obspy.core.inventory import Response
from obspy.core.inventory.response import InstrumentSensitivity
from obspy.geodetics import gps2dist_azimuth

from seissynth.errors import InputError, ResponseError, SeisSynthWarning
from seissynth.instruments.response import apply_response
from seissynth.signal import wood_anderson, wood_anderson_amplitude, wood_anderson_stream
from seissynth.signal.woodanderson import wood_anderson_response
from seissynth.stations.channels import select_sensors

QUANTITIES = ("displacement", "velocity", "acceleration")
AS_MEASURED = (2080.0, 0.8, 0.7)
AS_BUILT = (2800.0, 0.8, 0.8)


def instrument_of_obspy(gain, period_s, damping, zeros):
    """Poles and zeros for `simulate`; a zero for each derivative that the input lacks of acceleration."""
    natural = 2 * np.pi / period_s
    pole = natural * complex(-damping, np.sqrt(1 - damping**2))
    return {"poles": [pole, pole.conjugate()], "zeros": [0j] * zeros, "gain": 1.0, "sensitivity": gain * 1e3}


def pulse(time_s, quantity, at_s=10.0, width_s=0.15):
    """A Gaussian displacement of 1 mm with its derivatives."""
    u = (np.asarray(time_s) - at_s) / width_s
    bell = 1e-3 * np.exp(-(u**2) / 2)
    return {
        "displacement": bell,
        "velocity": -u / width_s * bell,
        "acceleration": (u**2 - 1) / width_s**2 * bell,
    }[quantity]


def by_the_equation(time_s, gain, period_s, damping, at_s=10.0, width_s=0.15):
    """Integrate y'' + 2 h w y' + w² y = 1000 gain a(t), at rest until nine widths before the pulse."""
    from scipy.integrate import solve_ivp

    natural = 2 * np.pi / period_s

    def slope(t, state):
        push = 1e3 * gain * pulse(t, "acceleration", at_s, width_s)
        return [state[1], push - 2 * damping * natural * state[1] - natural**2 * state[0]]

    moving = time_s[time_s > at_s - 9 * width_s]
    options = {"method": "DOP853", "rtol": 1e-10, "atol": 1e-12, "max_step": 0.05, "t_eval": moving}
    out = np.zeros(len(time_s))
    out[-len(moving) :] = solve_ivp(slope, (moving[0], moving[-1]), [0.0, 0.0], **options).y[0]
    return out


# --- the response


@pytest.mark.parametrize(("gain", "period_s", "damping"), [AS_MEASURED, AS_BUILT])
@pytest.mark.parametrize(("quantity", "zeros"), [("displacement", 2), ("velocity", 1), ("acceleration", 0)])
def test_response_is_that_of_the_poles_and_zeros(quantity, zeros, gain, period_s, damping):
    from obspy.signal.invsim import paz_to_freq_resp

    paz = instrument_of_obspy(gain, period_s, damping, zeros)
    theirs, frequencies = paz_to_freq_resp(paz["poles"], paz["zeros"], paz["gain"], 0.01, 2000, freq=True)
    ours = wood_anderson_response(frequencies, quantity, gain, period_s, damping)
    assert_allclose(ours, theirs * paz["sensitivity"], rtol=1e-12)


@pytest.mark.parametrize("rate", [1.0, 20.0, 50.0, 100.0, 1000.0])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_sines_come_out_as_the_response_says_to_nine_tenths_of_nyquist(quantity, rate):
    swings = int(8 * rate) + 200  # the pendulum has come to follow the sine by then
    n = np.arange(swings + 2000)
    for share in (0.002, 0.01, 0.05, 0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.85, 0.9):
        phase = np.pi * share * n
        trace = wood_anderson(np.sin(phase), rate, quantity)
        basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)[swings:-100]
        got = complex(*np.linalg.lstsq(basis, trace[swings:-100], rcond=None)[0])
        wanted = complex(wood_anderson_response(share * rate / 2, quantity))
        assert abs(got / wanted - 1) < 0.002, share


# --- traces


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize(("gain", "period_s", "damping"), [AS_MEASURED, AS_BUILT, (1.0, 2.0, 1.0), (1.0, 1.0, 3.0)])
def test_pulse_obeys_the_equation(quantity, gain, period_s, damping):
    time_s = np.arange(3000) / 100
    wanted = by_the_equation(time_s, gain, period_s, damping)
    trace = wood_anderson(pulse(time_s, quantity), 100.0, quantity, gain, period_s, damping)
    assert np.abs(trace - wanted).max() < 6e-4 * np.abs(wanted).max()


def test_trace_is_obspys():
    from obspy.signal.invsim import simulate_seismometer

    rng = np.random.default_rng(0)
    time_s = np.arange(6000) / 100
    data = sum(rng.normal() * pulse(time_s, "velocity", at, rng.uniform(0.04, 0.5)) for at in rng.uniform(5, 50, 40))
    for gain, period_s, damping in (AS_MEASURED, AS_BUILT):
        paz = instrument_of_obspy(gain, period_s, damping, zeros=1)
        options = {"zero_mean": False, "taper": False, "pitsasim": False}
        theirs = simulate_seismometer(data, 100.0, paz_simulate=paz, **options)
        ours = wood_anderson(data, 100.0, "velocity", gain, period_s, damping)
        assert np.abs(ours - theirs).max() < 1e-3 * np.abs(theirs).max()


def test_nothing_is_drawn_before_the_motion():
    time_s = np.arange(3000) / 100
    for quantity in QUANTITIES:
        data = pulse(time_s, quantity, width_s=0.1)
        data[:950] = 0.0  # five widths before the middle: 4e-6 of the peak is cut
        trace = wood_anderson(data, 100.0, quantity)
        assert not trace[: 950 - 20].any()
        assert np.abs(trace[:950]).max() < 1e-4 * np.abs(trace).max()


def test_pendulum_at_rest_is_set_swinging_by_a_first_sample_that_is_not_zero():
    trace = wood_anderson(np.full(3000, 1e-3), 100.0, "acceleration")
    natural = 2 * np.pi / 0.8
    rest = 2080e3 * 1e-3 / natural**2
    t = np.arange(3000) / 100 + 0.005  # the step stands half a sample before the first one
    turning = natural * np.sqrt(1 - 0.7**2)
    closed = rest * (1 - np.exp(-0.7 * natural * t) * (np.cos(turning * t) + 0.7 / np.sqrt(0.51) * np.sin(turning * t)))
    assert np.abs(trace - closed).max() < 0.02 * rest
    assert_allclose(trace[1000:], rest, rtol=1e-5)


def test_steady_motion_of_the_ground_leaves_the_pendulum_at_rest():
    time_s = np.arange(6000) / 100
    assert np.abs(wood_anderson(np.ones(6000), 100.0, "velocity")[2000:]).max() < 1e-3 * 2080e3 / 8
    moved = wood_anderson(1e-3 * time_s, 100.0, "displacement")[2000:]
    assert np.abs(moved).max() < 1e-4 * 2080


def test_a_record_that_ends_within_the_motion_is_right_up_to_its_end():
    time_s = np.arange(4000) / 100
    data = np.sin(2 * np.pi * 3 * time_s)
    for quantity in QUANTITIES:
        whole = wood_anderson(data, 100.0, quantity)
        for end in range(3000, 3034, 3):
            cut = wood_anderson(data[:end], 100.0, quantity)
            assert np.abs(cut - whole[:end]).max() < 0.02 * np.abs(whole[1000:]).max()


def test_mirror_image_continues_a_straight_line():
    line = np.linspace(0.0, 1.0, 3000)
    for quantity in QUANTITIES:
        whole = wood_anderson(line, 100.0, quantity)
        for npts in (1500, 2037):
            assert_allclose(wood_anderson(line[:npts], 100.0, quantity), whole[:npts], atol=1e-10 * np.abs(whole).max())


# --- amplitudes


def swings(trace):
    """Neighbouring turning points, by their definition: (size, begin, end)."""
    turns = [0]
    for i in range(1, len(trace) - 1):
        after = next((x for x in trace[i + 1 :] if x != trace[i]), None)
        before = next((x for x in trace[i - 1 :: -1] if x != trace[i]), None)
        last_of_flat = trace[i + 1] != trace[i]
        if last_of_flat and before is not None and after is not None and (before < trace[i]) == (after < trace[i]):
            turns.append(i)
    turns.append(len(trace) - 1)
    return [(abs(trace[b] - trace[a]), a, b) for a, b in pairwise(turns)]


@settings(max_examples=100)
@given(st.lists(st.integers(-4, 4), min_size=2, max_size=30))
def test_largest_swing_is_the_one_between_neighbouring_turning_points(values):
    from seissynth.signal._woodanderson_kernels import largest_swings

    rows = np.array([values], dtype=float)
    size, begin, end = np.zeros(1), np.zeros(1), np.zeros(1)
    largest_swings(rows, size, begin, end)
    wanted = max(swings(values), key=lambda item: item[0])
    assert size[0] == wanted[0]
    if size[0] > 0:
        assert any((size[0], begin[0], end[0]) == item for item in swings(values))


def test_peak_and_its_time():
    time_s = np.arange(3000) / 100
    data = np.stack([[pulse(time_s, "velocity", at)] * 3 for at in (8.0, 12.5)])
    trace = wood_anderson(data, 100.0)
    amplitude, at_s = wood_anderson_amplitude(data, 100.0)
    assert amplitude.shape == at_s.shape == (2, 3)
    assert_array_equal(amplitude, np.abs(trace).max(axis=-1))
    assert_allclose(at_s[1] - at_s[0], 4.5)
    at = np.rint(at_s * 100).astype(int)
    assert_array_equal(np.abs(np.take_along_axis(trace, at[..., np.newaxis], -1)[..., 0]), amplitude)
    fine_s = np.arange(0, 30, 0.001)
    fine = by_the_equation(fine_s, *AS_MEASURED, at_s=8.0)
    assert amplitude[0, 0] == pytest.approx(np.abs(fine).max(), rel=0.005)
    assert at_s[0, 0] == pytest.approx(fine_s[np.abs(fine).argmax()], abs=0.01)


def test_half_peak_to_peak_lets_a_drift_pass():
    time_s = np.arange(6000) / 100
    tone = 1e-6 * np.sin(2 * np.pi * 5 * time_s) * np.exp(-(((time_s - 30) / 5) ** 2))
    drift = -0.009 * np.exp(-(((time_s - 30) / 10) ** 2))
    alone, at_s = wood_anderson_amplitude(tone, 100.0, "displacement", measure="half_peak_to_peak")
    assert alone == pytest.approx(2.08e-3 * 1e3 * abs(wood_anderson_response(5.0, "displacement")) / 2080e3, rel=0.02)
    assert at_s == pytest.approx(30, abs=0.3) and alone.shape == at_s.shape == ()
    trace = wood_anderson(tone, 100.0, "displacement")
    size, begin, end = max(swings(trace), key=lambda item: item[0])
    assert (alone, at_s) == (size / 2, (begin + end) / 200)
    drifting = wood_anderson_amplitude(tone + drift, 100.0, "displacement", measure="half_peak_to_peak")[0]
    assert wood_anderson_amplitude(tone + drift, 100.0, "displacement")[0] > 1.5 * alone
    assert drifting == pytest.approx(alone, rel=0.1)


@pytest.mark.parametrize("measure", ["peak", "half_peak_to_peak"])
def test_silence_has_no_amplitude(measure):
    amplitude, at_s = wood_anderson_amplitude(np.zeros((2, 50)), 100.0, measure=measure)
    assert not amplitude.any() and not at_s.any()


# --- arrays


def test_precision_layout_and_threads():
    data = np.random.default_rng(1).standard_normal((4, 3, 1500))
    wanted = wood_anderson(data, 100.0)
    single = wood_anderson(data.astype(np.float32), 100.0)
    assert single.dtype == np.float32 and wanted.dtype == np.float64
    assert np.abs(single - wanted).max() < 1e-6 * np.abs(wanted).max()
    whole = np.round(data * 1000).astype(np.int32)
    assert_array_equal(wood_anderson(whole, 100.0), wood_anderson(whole.astype(float), 100.0))
    strided = np.asfortranarray(data)
    strided.flags.writeable = False
    assert_array_equal(wood_anderson(strided, 100.0), wanted)
    assert_array_equal(wood_anderson(data, 100.0, workers=2), wanted)
    assert_array_equal(wood_anderson(data[2, 1], 100.0), wanted[2, 1])
    assert_array_equal(wood_anderson_amplitude(data, 100.0, workers=2)[0], np.abs(wanted).max(axis=-1))
    assert wood_anderson(np.empty((0, 3, 50)), 100.0).shape == (0, 3, 50)


@pytest.mark.parametrize("npts", [1, 2, 3, 21, 1003, 1004, 1005, 1024, 2028])
def test_any_length(npts):
    """A record is the start of a longer one, but for its last samples, which cannot see what follows."""
    data = np.cumsum(np.random.default_rng(2).standard_normal(3000))
    trace = wood_anderson(data[:npts], 100.0)
    assert trace.shape == (npts,) and np.isfinite(trace).all()
    assert_allclose(trace[:-20], wood_anderson(data, 100.0)[: npts - 20][: max(npts - 20, 0)], rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([np.nan, 1.0], 100.0), "data is nan at index"),
        (([1j, 1.0], 100.0), "real numbers"),
        (([], 100.0), "1 or more"),
        (([1.0], 0.0), "sampling_rate_hz=0"),
        (([1.0], 100.0, "counts"), "quantity='counts' is unknown"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments, message):
    for function in (wood_anderson, wood_anderson_amplitude):
        with pytest.raises(InputError, match=message):
            function(*arguments)


@pytest.mark.parametrize(("name", "value"), [("gain", -1.0), ("period_s", 0.0), ("damping", np.inf)])
def test_a_seismometer_that_cannot_be_is_said(name, value):
    for function in (wood_anderson, wood_anderson_amplitude):
        with pytest.raises(InputError, match=f"{name}={value:g}"):
            function([1.0], 100.0, **{name: value})


def test_an_unknown_measure_is_said():
    with pytest.raises(InputError, match="measure='rms'"):
        wood_anderson_amplitude([1.0], 100.0, measure="rms")


def test_uncompiled_kernels_give_the_same():
    code = (
        "import numpy as np; from seissynth.signal import wood_anderson, wood_anderson_amplitude as amplitude; "
        "x = np.random.default_rng(3).standard_normal((2, 150)); "
        "at_s = amplitude(x, 100.0, measure='half_peak_to_peak')[1]; "
        "print(wood_anderson(x, 100.0).tobytes().hex(), at_s.tobytes().hex())"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    trace, at_s = (np.frombuffer(bytes.fromhex(text)) for text in done.stdout.split())
    data = np.random.default_rng(3).standard_normal((2, 150))
    compiled = wood_anderson(data, 100.0)
    assert_allclose(trace.reshape(2, 150), compiled, atol=1e-11 * np.abs(compiled).max())
    assert_array_equal(at_s, wood_anderson_amplitude(data, 100.0, measure="half_peak_to_peak")[1])


# --- Streams of counts


@pytest.fixture(scope="module")
def counts():
    """ObsPy's example: three channels with poles, zeros and FIR stages."""
    return obspy.read(), obspy.read_inventory()


def test_stream_is_what_obspy_makes_in_two_steps(counts):
    stream, inventory = counts
    corners = (0.2, 0.4, 30.0, 40.0)
    drawn = wood_anderson_stream(stream, inventory, pre_filt=corners, taper_s=0.0)
    theirs = stream.copy()
    for ours, before, trace in zip(drawn, stream, theirs, strict=True):
        options = {"zero_mean": True, "taper": False, "water_level": None}
        trace.remove_response(inventory, output="VEL", pre_filt=corners, **options)
        paz = instrument_of_obspy(*AS_MEASURED, zeros=1)
        trace.simulate(paz_simulate=paz, zero_mean=False, taper=False, pitsasim=False)
        assert (ours.id, ours.stats.starttime, ours.stats.npts) == (trace.id, trace.stats.starttime, trace.stats.npts)
        # between both steps ObsPy cuts off what rings before the record
        assert np.abs(ours.data - trace.data)[500:].max() < 0.01 * np.abs(trace.data).max()
        assert ours.data.dtype == np.float64 and "wood_anderson" not in before.stats
        assert ours.stats.wood_anderson.pre_filt == corners and ours.stats.wood_anderson.quantity == "velocity"
        assert "wood_anderson_stream" in ours.stats.processing[-1]


def test_counts_through_a_response_give_the_trace_back(counts):
    """Motion to counts by `apply_response`, counts to mm: what `wood_anderson` makes of the motion."""
    _, inventory = counts
    channel = select_sensors(inventory, "2010-01-01")[0].channels[0]
    time_s = np.arange(6000) / 100
    for quantity in QUANTITIES:
        data = pulse(time_s, quantity, at_s=25.0, width_s=0.1)
        header = dict(zip(("network", "station", "location", "channel"), channel.id.split("."), strict=True))
        header |= {"sampling_rate": 100.0, "starttime": obspy.UTCDateTime("2010-01-01")}
        trace = obspy.Trace(apply_response(data, channel, 100.0, quantity), header=header)
        [drawn] = wood_anderson_stream(obspy.Stream([trace]), inventory)
        wanted = wood_anderson(data, 100.0, quantity)
        assert np.abs(drawn.data - wanted).max() < 0.03 * np.abs(wanted).max()  # the pre-filter's lower corner
        assert np.abs(drawn.data).max() == pytest.approx(np.abs(wanted).max(), rel=0.02)


def flat(counts, units="M/S**2", value=2.0**20):
    """The example with a sensitivity only."""
    stream, inventory = counts[0].copy(), counts[1].copy()
    for channel in (c for network in inventory for station in network for c in station):
        sensitivity = InstrumentSensitivity(value=value, frequency=1.0, input_units=units, output_units="COUNTS")
        channel.response = Response(instrument_sensitivity=sensitivity)
    return stream, inventory


@pytest.mark.parametrize(("units", "quantity", "scale"), [("M/S**2", "acceleration", 1), ("NM", "displacement", 1e9)])
def test_flat_gain_is_divided_out(counts, units, quantity, scale):
    stream, inventory = flat(counts, units, value=4.0)
    time_s = np.arange(3000) / 100
    for trace in stream:
        trace.data = 4.0 * scale * pulse(time_s, quantity, at_s=15.0, width_s=0.1)
    with pytest.warns(SeisSynthWarning, match="sensitivity only"):
        drawn = wood_anderson_stream(stream, inventory, gain=2800.0)
    wanted = wood_anderson(pulse(time_s, quantity, at_s=15.0, width_s=0.1), 100.0, quantity, gain=2800.0)
    for trace in drawn:
        assert np.abs(trace.data - wanted).max() < 0.03 * np.abs(wanted).max()
        assert trace.stats.wood_anderson.removed == "flat gain" and trace.stats.wood_anderson.gain == 2800.0


@pytest.mark.filterwarnings("ignore:Channel .* sensitivity only:seissynth.errors.SeisSynthWarning")
@pytest.mark.parametrize(("frequency", "share"), [(1.5, 0.5), (5.0, 1.0), (35.0, 0.5), (42.0, 0.0), (0.8, 0.0)])
def test_pre_filter_passes_what_its_corners_say(counts, frequency, share):
    stream, inventory = flat(counts, "M/S", value=4.0)
    phase = 2 * np.pi * frequency * np.arange(3000) / 100
    for trace in stream:
        trace.data = 4.0 * np.sin(phase)
    drawn = wood_anderson_stream(stream, inventory, pre_filt=(1, 2, 30, 40))[0].data[1000:2000]
    basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)[1000:2000]
    got = complex(*np.linalg.lstsq(basis, drawn, rcond=None)[0])
    assert got / complex(wood_anderson_response(frequency)) == pytest.approx(share, abs=0.01)


def test_different_responses_of_one_channel_are_said(counts):
    stream, inventory = counts[0][:1], counts[1].copy()
    again = counts[1].copy()
    for channel in (c for network in again for station in network for c in station):
        channel.response.response_stages[0].stage_gain *= 2
    wanted = wood_anderson_stream(stream, inventory)[0].data
    assert_array_equal(wood_anderson_stream(stream, inventory + counts[1])[0].data, wanted)  # the same twice is fine
    with pytest.warns(SeisSynthWarning, match="2 different responses"):
        assert_array_equal(wood_anderson_stream(stream, inventory + again)[0].data, wanted)


def test_attached_responses_serve_without_an_inventory(counts):
    stream, inventory = counts[0].copy(), counts[1]
    wanted = wood_anderson_stream(stream, inventory)
    for trace in stream:
        trace.stats.response = inventory.get_response(trace.id, trace.stats.starttime)
    for a, b in zip(wood_anderson_stream(stream), wanted, strict=True):
        assert_array_equal(a.data, b.data)


def _gap(stream, inventory):
    stream[1].data = np.ma.masked_less(stream[1].data.astype(float), 0)


def _nan(stream, inventory):
    stream[1].data = np.where(np.arange(3000) == 7, np.nan, stream[1].data)


def _other_station(stream, inventory):
    stream[1].stats.station = "NONE"


def _closed(stream, inventory):
    stream[1].stats.starttime = obspy.UTCDateTime("1970-01-01")


def _pressure(stream, inventory):
    for channel in inventory[-1][-1]:
        channel.response.response_stages[0].input_units = "PA"


def _no_response(stream, inventory):
    for channel in inventory[-1][-1]:
        channel.response = None


def _slow(stream, inventory):
    stream[1].stats.sampling_rate = 0.2


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (_gap, InputError, "masked samples"),
        (_nan, InputError, "is nan at index"),
        (_other_station, ResponseError, "the inventory lacks the channel"),
        (_closed, ResponseError, "epochs is open then"),
        (_pressure, ResponseError, "takes in 'PA'"),
        (_no_response, ResponseError, "no response with stages or a sensitivity"),
        (_slow, InputError, "pre_filt"),
    ],
)
def test_what_cannot_be_drawn_names_the_channel(counts, change, kind, message):
    stream, inventory = counts[0].copy(), counts[1].copy()
    change(stream, inventory)
    with pytest.raises(kind, match=message) as caught:
        wood_anderson_stream(stream, inventory)
    assert any(trace.id in str(caught.value) for trace in stream)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pre_filt": (1, 2, 3)}, "four increasing frequencies"),
        ({"pre_filt": (2, 1, 3, 4)}, "four increasing frequencies"),
        ({"pre_filt": "abcd"}, "four increasing frequencies"),
        ({"pre_filt": (1, 2, 3, 60)}, "above Nyquist"),
        ({"taper_s": -1}, "taper_s=-1"),
        ({"gain": 0}, "gain=0"),
    ],
)
def test_options_that_do_not_fit_are_said(counts, options, message):
    with pytest.raises(InputError, match=message):
        wood_anderson_stream(*counts, **options)


def test_no_stream_is_said(counts):
    with pytest.raises(InputError, match="no traces"):
        wood_anderson_stream(obspy.Stream(), counts[1])
    with pytest.raises(InputError, match="must be an ObsPy Stream"):
        wood_anderson_stream(counts[0][0], counts[1])
    bare = counts[0].copy()
    for trace in bare:
        trace.stats.pop("response", None)
    with pytest.raises(ResponseError, match="pass an inventory"):
        wood_anderson_stream(bare)
    assert counts[0][0].data.dtype.kind in "if"


def test_sensitivity_of_zero_is_said(counts):
    with pytest.raises(ResponseError, match="sensitivity is 0"):
        wood_anderson_stream(*flat(counts, value=0.0))


def test_local_magnitude_of_a_real_earthquake(shared_data):
    """The clean foreshock of Ridgecrest, ML 3.98: Hutton & Boore (1987) from our amplitudes, without station terms."""
    folder = shared_data / "ridgecrest_2019"
    event = obspy.read_events(folder / "catalog.xml")[0]
    origin = event.origins[0]
    inventory = obspy.read_inventory(folder / "inventory.xml")
    # cut while reading: the archive is long
    stream = obspy.read(folder / "waveforms.mseed", starttime=origin.time - 30, endtime=origin.time + 60)
    horizontal = stream.select(channel="H[HN][NE]", network="CI")
    magnitudes = []
    for trace in wood_anderson_stream(horizontal, inventory):
        if trace.stats.station in ("WBS", "WOR"):  # nominal gains
            continue
        place = inventory.get_coordinates(trace.id, origin.time)
        metres = gps2dist_azimuth(origin.latitude, origin.longitude, place["latitude"], place["longitude"])[0]
        r_km = np.hypot(metres, origin.depth) / 1e3
        amplitude_mm = np.abs(trace.slice(origin.time, origin.time + 60).data).max()
        assert np.abs(trace.slice(origin.time - 25, origin.time - 2).data).max() < 0.02 * amplitude_mm
        magnitudes.append(np.log10(amplitude_mm) + 1.110 * np.log10(r_km / 100) + 0.00189 * (r_km - 100) + 3.0)
    assert len(magnitudes) == 26
    assert abs(np.median(magnitudes) - event.magnitudes[0].mag) < 0.6
    assert np.std(magnitudes) < 0.45
