"""Counts through a response, with ObsPy's remove_response as the way back."""

import copy
import re
import warnings

import numpy as np
import obspy
import pytest
from obspy.core.inventory import InstrumentSensitivity, PolesZerosResponseStage, Response
from obspy.core.inventory.response import (
    CoefficientsTypeResponseStage,
    ResponseListElement,
    ResponseListResponseStage,
)
from obspy_files import station_xml_inventories

from seissynth.errors import InputError, ResponseError, SeisSynthWarning
from seissynth.instruments import evalresp as evalresp
from seissynth.instruments.input_units import INPUT_UNITS, tidy_units
from seissynth.instruments.response import apply_response, native_quantity, quantity_of_units, quantize_counts
from seissynth.signal.motion import convert_motion
from seissynth.stations.channels import Channel, select_sensors

OUTPUTS = {"displacement": "DISP", "velocity": "VEL", "acceleration": "ACC"}


def make_channel(response, code="HHZ", rate=100.0):
    return Channel("XX", "TEST", "", code, 48.0, 11.0, 500.0, 0.0, 0.0, -90.0, rate, response)


def flat_response(gain=1e9, units="M/S", stages=True):
    sensitivity = InstrumentSensitivity(gain, 1.0, units, "COUNTS")
    stage = PolesZerosResponseStage(1, gain, 1.0, units, "COUNTS", "LAPLACE (RADIANS/SECOND)", 1.0, [], [])
    return Response(instrument_sensitivity=sensitivity, response_stages=[stage] if stages else [])


def one_pole_response(corner_hz=0.05, gain=1e9, units="M/S"):
    """A high pass of first order, s / (s + a): its answer to a step is exp(-a t)."""
    a = 2 * np.pi * corner_hz
    stage = PolesZerosResponseStage(1, gain, 10.0, units, "COUNTS", "LAPLACE (RADIANS/SECOND)", 10.0, [0j], [-a + 0j],
                                    normalization_factor=abs((2j * np.pi * 10 + a) / (2j * np.pi * 10)))  # fmt: skip
    return Response(instrument_sensitivity=InstrumentSensitivity(gain, 10.0, units, "COUNTS"), response_stages=[stage])


def band_limited(rate, npts, low, high, seed=1):
    """Noise in a band, inside a bell, so that it is zero at both ends."""
    from scipy.signal import butter, sosfiltfilt

    rng = np.random.default_rng(seed)
    bell = np.exp(-(((np.arange(npts) - npts / 2) / (npts / 12)) ** 2) / 2)
    sos = butter(6, [low, high], "bandpass", fs=rate, output="sos")
    return sosfiltfilt(sos, rng.standard_normal(npts) * bell) * 1e-4


def round_trip(channel, quantity):
    """Worst difference, relative to the peak, after ObsPy removed the response."""
    rate = channel.sampling_rate_hz
    npts = 12000 if rate > 10 else 4000
    motion = band_limited(rate, npts, 0.02 * rate, 0.3 * rate)
    counts = apply_response(motion, channel, rate, quantity)
    trace = obspy.Trace(counts, {"sampling_rate": rate})
    trace.stats.response = channel.response
    trace.remove_response(output=OUTPUTS[quantity], water_level=None, zero_mean=False, taper=False,
                          pre_filt=[0.005 * rate, 0.01 * rate, 0.4 * rate, 0.45 * rate])  # fmt: skip
    return np.abs(trace.data - motion).max() / np.abs(motion).max()


def test_obspy_takes_the_response_off_again_example_inventory():
    sensors = select_sensors(obspy.read_inventory(), "2010-01-01", channel="*")
    assert len(sensors) == 8
    for sensor in sensors:
        for channel in sensor.channels[:2]:
            assert round_trip(channel, "velocity") < 5e-3, channel.id
    assert round_trip(sensors[0].channels[0], "acceleration") < 5e-3
    assert round_trip(sensors[0].channels[0], "displacement") < 5e-3


def test_obspy_takes_the_fir_stages_of_an_older_epoch_off_again():
    sensors = select_sensors(obspy.read_inventory(), "2007-06-01", channel=["EHZ", "HHZ"])
    channel = next(sensor for sensor in sensors if sensor.station == "RJOB").channels[0]
    assert len(channel.response.response_stages) == 4
    assert round_trip(channel, "velocity") < 5e-3


@pytest.mark.parametrize(
    ("folder", "time"), [("germany_regional", "2003-03-22"), ("ridgecrest_2019", "2019-07-04T17:00:00")]
)
def test_obspy_takes_the_response_of_real_networks_off_again(shared_data, folder, time):
    inventory = obspy.read_inventory(str(shared_data / folder / "inventory.xml"))
    sensors = select_sensors(inventory, time)
    assert len(sensors) == (5 if folder.startswith("germany") else 18)
    quantities = set()
    for sensor in sensors:
        for channel in sensor.channels[:1]:
            quantities.add(native_quantity(channel))
            assert round_trip(channel, native_quantity(channel)) < 5e-3, channel.id
    assert quantities == ({"velocity"} if folder.startswith("germany") else {"velocity", "acceleration"})


def test_stages_without_poles_are_a_flat_gain(shared_data):
    inventory = obspy.read_inventory(str(shared_data / "ridgecrest_2019" / "inventory.xml"))
    channel = select_sensors(inventory, "2019-07-04T17:00:00")[0].channels[0]
    motion = band_limited(100.0, 3000, 1.0, 30.0)
    counts = apply_response(motion, channel, 100.0, "velocity")
    gain = channel.response.instrument_sensitivity.value
    np.testing.assert_allclose(counts, motion * gain, atol=1e-6 * np.abs(counts).max())


def test_a_step_decays_as_the_pole_says_and_nothing_wraps():
    corner = 0.05
    step = np.zeros(6000)
    step[1000:] = 1e-6
    counts = apply_response(step, make_channel(one_pole_response(corner)), 100.0, "velocity")
    t = np.arange(6000) / 100.0 - 10.0
    wanted = np.where(t >= 0, 1e3 * np.exp(-2 * np.pi * corner * t), 0.0)
    # the step is not band-limited: it rings at Nyquist around the onset, and where the record stops
    inner = (np.abs(t) > 1) & (t < 49)
    assert np.abs(counts - wanted)[inner].max() < 5e-3 * 1e3
    smooth = counts.reshape(-1, 100).mean(1)
    assert np.abs(smooth[:9]).max() < 1e-4 * 1e3  # before the onset


def test_what_happens_late_does_not_come_out_early():
    """A pole of 300 s rings longer than the record; a pulse at the end must not reach the start."""
    pulse = np.zeros(6000)
    pulse[3000:5000] = np.hanning(2000) * 1e-6
    counts = apply_response(pulse, make_channel(one_pole_response(1 / 300)), 100.0, "velocity")
    assert np.abs(counts[:2900]).max() < 1e-6 * np.abs(counts).max()


def test_quantities_are_converted_to_the_instruments_own():
    velocity = band_limited(100.0, 6000, 0.5, 20.0)
    velocity[:30] = velocity[-30:] = 0
    acceleration = convert_motion(velocity, 100.0, "velocity", "acceleration")
    channel = make_channel(flat_response(2e5, "m/s**2"), "HNZ")
    assert native_quantity(channel) == "acceleration"
    from_velocity = apply_response(velocity, channel, 100.0, "velocity")
    from_acceleration = apply_response(acceleration, channel, 100.0, "acceleration")
    np.testing.assert_allclose(from_velocity, from_acceleration, atol=1e-6 * np.abs(from_velocity).max())


@pytest.mark.parametrize(("units", "quantity", "scale"), [
    ("M/S", "velocity", 1.0), ("m/s", "velocity", 1.0), ("NM/S", "velocity", 1e9), ("mm/s", "velocity", 1e3),
    ("M", "displacement", 1.0), ("M/S**2", "acceleration", 1.0), ("cm/s**2", "acceleration", 1e2),
    ("m / s ** 2", "acceleration", 1.0),
])  # fmt: skip
def test_units(units, quantity, scale):
    assert quantity_of_units(units) == quantity
    channel = make_channel(flat_response(100.0, units))
    counts = apply_response(np.ones(100) * 1e-3, channel, 100.0, quantity)
    assert counts[50] == pytest.approx(0.1 * scale, rel=2e-2)
    with pytest.warns(SeisSynthWarning, match="sensitivity only"):
        counts = apply_response(
            np.ones(100) * 1e-3, make_channel(flat_response(100.0, units, stages=False)), 100.0, quantity
        )
    np.testing.assert_allclose(counts, 0.1 * scale)


def test_a_unit_that_obspy_does_not_scale_is_scaled_and_said():
    channel = make_channel(flat_response(100.0, "CM/S^2"))
    with pytest.warns(SeisSynthWarning, match=r"XX\.TEST\.\.HHZ.*CM/S\^2.*100 times"):
        counts = apply_response(np.ones(100) * 1e-3, channel, 100.0, "acceleration")
    assert counts[50] == pytest.approx(10.0, rel=2e-2)


@pytest.mark.parametrize("units", ["PA", "RAD/S", "V", "M/M", "", None])
def test_other_units_are_refused(units):
    with pytest.raises(ResponseError, match=r"XX\.TEST\.\.HHZ.*displacement"):
        native_quantity(make_channel(flat_response(1.0, units)))


@pytest.mark.parametrize("response", [None, Response()])
def test_no_response_is_one_error_with_the_remedy(response):
    with pytest.raises(ResponseError, match=r'XX\.TEST\.\.HHZ has no response.*level="response"'):
        apply_response(np.zeros(10), make_channel(response), 100.0, "velocity")


def test_what_evalresp_cannot_do_is_a_response_error_with_the_cause():
    twice = flat_response()
    twice.response_stages.append(copy.deepcopy(twice.response_stages[0]))
    with pytest.raises(ResponseError, match=r"XX\.TEST\.\.HHZ.*only appear once") as caught:
        apply_response(np.zeros(10), make_channel(twice), 100.0, "velocity")
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ResponseError, match=r"zero everywhere|cannot be evaluated|not finite"):
        apply_response(np.zeros(10), make_channel(flat_response(0.0)), 100.0, "velocity")


def test_every_response_of_obspys_own_files_gives_counts_or_a_response_error():
    seen = {"counts": 0, "error": 0}
    for _, inventory in station_xml_inventories():
        for item in (c for network in inventory for station in network for c in station.channels[:6]):
            channel = make_channel(item.response, item.code)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SeisSynthWarning)
                try:
                    counts = apply_response(np.hanning(300) * 1e-6, channel, item.sample_rate or 100.0, "velocity")
                except ResponseError as error:
                    assert "XX.TEST.." in str(error)  # noqa: PT017 (some are good)
                    seen["error"] += 1
                else:
                    assert np.isfinite(counts).all()
                    seen["counts"] += 1
    assert seen["counts"] > 50 and seen["error"] > 10, seen


def test_a_table_of_amplitudes_and_phases_is_held_at_its_ends():
    elements = [ResponseListElement(f, 2.0, 0.0) for f in (0.1, 0.5, 1.0, 5.0, 10.0, 20.0)]
    stage = ResponseListResponseStage(1, 1.0, 1.0, "M/S", "COUNTS", response_list_elements=elements)
    response = Response(
        instrument_sensitivity=InstrumentSensitivity(2.0, 1.0, "M/S", "COUNTS"), response_stages=[stage]
    )
    with pytest.warns(SeisSynthWarning, match=r"from 0\.1 to 20 Hz"):
        counts = apply_response(np.ones(500), make_channel(response), 100.0, "velocity")
    np.testing.assert_allclose(counts, 2.0, rtol=1e-6)


def test_the_cache_goes_by_content(monkeypatch):
    evalresp.clear_cache()
    calls = []
    ask = Response.get_evalresp_response_for_frequencies

    def counted(self, frequencies, *args, **options):
        if len(frequencies) > 1:  # a single one is where a stated sensitivity is compared
            calls.append(1)
        return ask(self, frequencies, *args, **options)

    monkeypatch.setattr(Response, "get_evalresp_response_for_frequencies", counted)
    motion = np.hanning(500)
    first = apply_response(motion, make_channel(one_pole_response()), 100.0, "velocity")
    again = apply_response(motion, make_channel(one_pole_response()), 100.0, "velocity")  # another object, same content
    assert len(calls) == 1 and np.array_equal(first, again)
    response = one_pole_response()
    channel = make_channel(response)
    apply_response(motion, channel, 100.0, "velocity")
    response.response_stages[0].stage_gain *= 2  # the same object, other content
    response.instrument_sensitivity.value *= 2
    louder = apply_response(motion, channel, 100.0, "velocity")
    assert len(calls) == 2
    np.testing.assert_allclose(louder, 2 * first, rtol=1e-9, atol=1e-9)
    apply_response(motion, channel, 50.0, "velocity")
    assert len(calls) == 3
    slow, fast = (evalresp.evaluate_response(channel, 4096, rate) for rate in (50.0, 100.0))  # one length, two rates
    assert not np.array_equal(slow, fast)
    calls.clear()
    apply_response(motion, channel, 100.0, "velocity")
    assert not calls  # it is still there
    monkeypatch.setattr(evalresp, "CACHE_BYTES", 1)
    for rate, number in ((20.0, 1), (20.0, 1), (100.0, 2)):  # room for the last one only
        apply_response(motion, channel, rate, "velocity")
        assert len(calls) == number
    evalresp.clear_cache()
    apply_response(motion, channel, 100.0, "velocity")
    assert len(calls) == 3


def test_the_key_sees_every_number():
    base = evalresp.response_key(one_pole_response())
    changed = one_pole_response()
    changed.response_stages[0].poles = [-0.4 + 0j]
    assert base == evalresp.response_key(one_pole_response())
    assert base != evalresp.response_key(changed)


def test_batches_are_rows():
    rows = np.random.default_rng(0).standard_normal((2, 3, 400))
    channel = make_channel(one_pole_response())
    whole = apply_response(rows, channel, 100.0, "velocity")
    assert whole.shape == rows.shape and whole.dtype == np.float64
    np.testing.assert_allclose(whole[1, 2], apply_response(rows[1, 2], channel, 100.0, "velocity"), rtol=1e-9)


def test_quantising():
    counts = np.array([-3e9, -5.5, 0.4, 1.5, 3e9])
    np.testing.assert_array_equal(quantize_counts(counts), counts)
    np.testing.assert_array_equal(quantize_counts(counts, clip_counts=5), [-5, -5, 0.4, 1.5, 5])
    with pytest.warns(SeisSynthWarning, match="32 bits"):
        whole = quantize_counts(counts, quantize=True)
    assert whole.dtype == np.int32
    np.testing.assert_array_equal(whole, [-(2**31), -6, 0, 2, 2**31 - 1])
    assert quantize_counts(counts, 2**23, True).max() == 2**23
    assert counts[0] == -3e9  # the input is left alone
    for bad in (0, -1, np.nan):
        with pytest.raises(InputError, match="clip_counts"):
            quantize_counts(counts, bad)
    with pytest.raises(InputError, match="NaN"):
        quantize_counts([np.nan])


def test_unknown_quantity():
    with pytest.raises(InputError, match="speed"):
        apply_response(np.zeros(10), make_channel(flat_response()), 100.0, "speed")


# --- what a response says against itself


def digital_response(gain=1500.0, sensitivity=1.5e9, units="M/S", rate=100.0, frequency=1.0, sensitivity_units=None):
    """A seismometer of 120 s and a digitiser, the last stage of which is sampled at `rate`."""
    poles = [-0.037 + 0.037j, -0.037 - 0.037j]
    stages = [
        PolesZerosResponseStage(1, gain, 1.0, units, "V", "LAPLACE (RADIANS/SECOND)", 1.0, [0j, 0j], poles),
        CoefficientsTypeResponseStage(
            2, 1e6, 1.0, "V", "COUNTS", "DIGITAL", numerator=[1.0], denominator=[], decimation_input_sample_rate=rate,
            decimation_factor=1, decimation_offset=0, decimation_delay=0.0, decimation_correction=0.0,
        ),
    ]  # fmt: skip
    stages[0].normalization_factor = 1.0
    overall = InstrumentSensitivity(sensitivity, frequency, sensitivity_units or units, "COUNTS")
    return Response(instrument_sensitivity=overall, response_stages=stages)


def words_about(response, rate=100.0):
    """Warnings of one call, and the counts."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        counts = apply_response(np.hanning(400), make_channel(response, rate=rate), 100.0, "velocity")
    return [str(item.message) for item in caught], counts


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (digital_response(), None),
        (digital_response(sensitivity=1.53e9), None),  # within 5 %
        (digital_response(sensitivity=1.5e10), r"give 1\.5e\+09 at 1 Hz, the stated sensitivity is 1\.5e\+10"),
        (digital_response(sensitivity=1.4e9), r"1\.5e\+09 at 1 Hz, the stated sensitivity is 1\.4e\+09"),
        (digital_response(gain=None), r"stage 1 .*no gain.*give 1e\+06 at 1 Hz, the stated sensitivity is 1\.5e\+09"),
        (digital_response(rate=200.0), r"sampled at 100 Hz, but the last stage of its response gives 200 Hz"),
        # units of the sensitivity with another prefix, or another quantity at its frequency: 2 pi f more
        (digital_response(sensitivity=1.5, sensitivity_units="NM/S"), None),
        (digital_response(sensitivity=1.5e9 / (2 * np.pi), sensitivity_units="m/s/s"), None),
        (digital_response(sensitivity=1.5e9, sensitivity_units="m/s/s"), r"2\.38\d+e\+08 at 1 Hz.*1\.5e\+09 .*m/s/s"),
        # a frequency at which filters act: the product of the gains
        (digital_response(frequency=45.0, sensitivity=3e9), r"1\.5e\+09 \(product of their gains\).*3e\+09"),
    ],
)
def test_what_a_response_says_against_itself_is_one_warning_with_both_numbers(response, words):
    found, counts = words_about(response)
    assert np.isfinite(counts).all()
    if words is None:
        assert found == []
    else:
        assert len(found) == 1 and found[0].startswith("Channel XX.TEST..HHZ: ")
        assert re.search(words, found[0]), found


def test_counts_follow_the_stages_whatever_the_sensitivity_says():
    _, right = words_about(digital_response())
    _, wrong = words_about(digital_response(sensitivity=1.5e10))
    np.testing.assert_array_equal(right, wrong)


def test_rates_within_the_stages_are_compared_too():
    response = digital_response(rate=200.0)
    last = copy.deepcopy(response.response_stages[1])
    last.stage_sequence_number, last.stage_gain = 3, 1.0
    last.input_units, last.decimation_input_sample_rate = "COUNTS", 100.0
    response.response_stages.append(last)
    found, _ = words_about(response)
    assert len(found) == 1 and "stage 3 of the response takes in 100 Hz, but stage 2 gives 200 Hz" in found[0]


def test_it_is_said_once_for_a_channel_and_not_for_each_record():
    channel_ = make_channel(digital_response(sensitivity=1.5e10, rate=200.0))
    said = set()
    with pytest.warns(SeisSynthWarning) as caught:  # noqa: PT031 (of all calls together)
        for npts in (400, 400, 700):
            apply_response(np.hanning(npts), channel_, 100.0, "velocity", said)
    assert len(caught) == len(said) == 2
    assert all(item.filename == __file__ for item in caught)  # the warning points at this file


@pytest.mark.parametrize(("quantity", "spellings"), [
    ("velocity", ["M/S", "m/s", "M/SEC", "METERS PER SECOND", "Meters/Second", "meter/sec", "m s-1", "m.s-1", "M*S**-1",
                  "m s^-1", "m·s⁻¹", "(M/S)", "M/S - Velocity in Meters Per Second", "metres per second", "m / s"]),
    ("acceleration", ["M/S**2", "m/s/s", "M/S^2", "M/(S**2)", "m s-2", "M/SEC/SEC", "M/SEC**2", "m/s2", "m/s²",
                      "METERS PER SECOND SQUARED", "Meters per Second per Second", "Meters/Second**2", "m/(s^2)",
                      "m/sec2", "m s**-2", "M/(SEC**2)", "m/(s*s)", "meters per square second",
                      "M/S**2 - Acceleration in Meters"]),
    ("displacement", ["M", "m", "Meter", "METERS", "metres"]),
])  # fmt: skip
def test_spellings_of_units(quantity, spellings):
    for units in spellings:
        assert quantity_of_units(units) == quantity, units
        assert INPUT_UNITS[tidy_units(units)][1] == 1.0, units


@pytest.mark.parametrize(("units", "scale"), [
    ("nm/s", 1e9), ("µm/s", 1e6), ("μm s⁻²", 1e6), ("um/s", 1e6), ("MM/S", 1e3), ("cm/s/s", 1e2), ("CM/SEC**2", 1e2),
    ("Gal", 1e2), ("mGal", 1e5), ("milligals", 1e5), ("nanometers per second", 1e9), ("Micrometers/sec", 1e6),
    ("centimeters per second squared", 1e2), ("NM", 1e9), ("microns", 1e6), ("g", 1 / 9.80665), ("mG", 1e3 / 9.80665),
])  # fmt: skip
def test_prefixes_of_units(units, scale):
    assert INPUT_UNITS[tidy_units(units)][1] == pytest.approx(scale, rel=1e-12)


@pytest.mark.parametrize("units", [
    "PA", "hPa", "mbar", "V", "RAD", "RAD/S", "T", "nT", "C", "DEGC", "K", "M/M", "M**3/M**3", "strain", "S", "SEC",
    "1/S", "S/M", "M/S**3", "V/M", "A", "COUNTS", "%", "M**2", "W", "deg",
])  # fmt: skip
def test_what_is_no_ground_motion_has_no_quantity(units):
    assert quantity_of_units(units) is None
    with pytest.raises(ResponseError, match=r"XX\.TEST\.\.HHZ.*takes in " + re.escape(repr(units))):
        native_quantity(make_channel(flat_response(1.0, units)))


def test_an_unknown_spelling_gives_the_counts_of_the_usual_one():
    wanted = apply_response(np.hanning(400), make_channel(digital_response(units="M/S**2")), 100.0, "acceleration")
    for units in ("m/sec/sec", "METERS PER SECOND SQUARED"):
        counts = apply_response(np.hanning(400), make_channel(digital_response(units=units)), 100.0, "acceleration")
        np.testing.assert_array_equal(counts, wanted)
