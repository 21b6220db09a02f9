"""What a source holds is what its traces say or what the caller says, never a guess."""

import numpy as np
import obspy
import pytest
from heggs_streams import earthquake, line, observed
from obspy.core.inventory.response import InstrumentSensitivity, Response

import seissynth
from seissynth.backends.base import Backend, Card
from seissynth.errors import InputError
from seissynth.records import Records
from seissynth.source_quantity import source_quantities, stated_quantity

FLAT = Response.from_paz([], [], 1e9, input_units="M/S", output_units="COUNTS")
FLAT.instrument_sensitivity = InstrumentSensitivity(1e9, 1.0, "M/S", "COUNTS")


class Copies(Backend):
    """Gives back the source records that it is shown."""

    card = Card(
        name="copies", summary="the source", quantity="velocity", component_order="ZNE", sampling_rates_hz=(100.0,),
        max_duration_s=40.0, capabilities=("source_records",),
    )  # fmt: skip

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        first = round(-source.start_s[0] * sampling_rate_hz)
        return Records(source.data[:, :, first : first + npts].copy(), start_s)


def bare(**kwargs):
    """Traces that say nothing of what they hold."""
    stream = observed(**kwargs)
    for trace in stream:
        del trace.stats.processing
    return stream


def copied(source, **options):
    made = seissynth.generate(line((20.0,)), earthquake(), backend=Copies, duration=30.0, source=source, **options)
    return np.stack([trace.data for trace in made])


def test_traces_that_say_nothing_are_one_clear_error():
    with pytest.raises(InputError, match=r"6 of 6 traces do not state.*CI\.S0\.\.HHZ.*source_quantity='RAW'.*'VEL'"):
        copied(bare())
    mixed = observed()
    del mixed[4].stats.processing
    with pytest.raises(InputError, match=r"1 of 6 traces do not state their quantity \(CI\.S1\.\.HHN\)"):
        copied(mixed)
    # whole counts with a response look like counts; that is a guess too
    whole = bare()
    for trace in whole:
        trace.data = (1e9 * trace.data).astype(np.int32)
        trace.stats.response = FLAT
    with pytest.raises(InputError, match="do not state"):
        copied(whole)


@pytest.mark.parametrize("word", ["VEL", "vel", "velocity"])
def test_the_caller_may_say_it(word):
    np.testing.assert_array_equal(copied(bare(), source_quantity=word), copied(observed()))
    np.testing.assert_array_equal(copied(observed(), source_quantity=word), copied(observed()))


def test_acceleration_and_counts_become_the_backends_velocity():
    from seissynth.signal import bandpass

    velocity = copied(observed(level=1e-5))
    acceleration, counts = observed(level=1e-5), bare(level=1e-5)
    for trace in acceleration:
        trace.data = seissynth.signal.motion.convert_motion(trace.data, 100.0, "velocity", "acceleration")
        del trace.stats.processing
    for trace in counts:
        trace.data = trace.data * 1e9
        trace.stats.response = FLAT
    for stream, word in ((acceleration, "ACC"), (counts, "RAW")):
        found, wanted = (bandpass(x.astype(float), 100.0, 1.0, 30.0)[:, 500:-500] for x in
                         (copied(stream, source_quantity=word), velocity))  # fmt: skip
        np.testing.assert_allclose(found, wanted, atol=0.02 * np.abs(wanted).max())


def test_counts_per_nanometre_are_brought_to_metres():
    """One count per nm/s, in a spelling that ObsPy does not know: 1e9 counts per m/s."""
    counts = bare(level=1e-5)
    for trace in counts:
        trace.data = trace.data * 1e9
        trace.stats.response = Response.from_paz([], [], 1.0, input_units="M/S", output_units="COUNTS")
        trace.stats.response.response_stages[0].input_units = "nanometers per second"
        trace.stats.response.instrument_sensitivity = InstrumentSensitivity(1.0, 1.0, "nm/s", "COUNTS")
    same = bare(level=1e-5)
    for trace in same:
        trace.data = trace.data * 1e9
        trace.stats.response = FLAT
    found, wanted = copied(counts, source_quantity="RAW"), copied(same, source_quantity="RAW")
    np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("word", ["ACC", "RAW", "DISP"])
def test_what_contradicts_the_trace_is_an_error(word):
    with pytest.raises(InputError, match=rf"CI\.S0\.\.HHZ holds velocity as .*, but source_quantity='{word}'"):
        copied(observed(), source_quantity=word)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": observed(), "source_quantity": "speed"}, "source_quantity='speed' must be one of 'DISP', 'VEL'"),
        ({"source": observed(), "source_quantity": 3}, "source_quantity=3 must be"),
        ({"source_quantity": "VEL"}, "give source= too"),
        ({"source": Records(np.zeros((1, 3, 7000), "f4"), np.zeros(1)), "source_quantity": "VEL"}, "is for a Stream"),
    ],
)
def test_arguments_that_cannot_be_meant(options, words):
    with pytest.raises(InputError, match=words):
        seissynth.generate(line((20.0,)), earthquake(), backend=Copies, duration=30.0, **options)


def test_it_is_kept_in_the_provenance():
    made = seissynth.generate(
        line((20.0,)), earthquake(), backend=Copies, duration=30.0, source=bare(), source_quantity="VEL"
    )
    assert '"source_quantity": "VEL"' in made[0].stats.seissynth.arguments


def test_what_a_trace_says():
    def trace(*steps, **stats):
        made = obspy.Trace(np.zeros(10), {"sampling_rate": 10.0})
        made.stats.processing = [f"ObsPy 1.5.0: {step}" for step in steps]
        made.stats.update(stats)
        return made

    removed = "remove_response(fig=None::inventory=None::output='{}'::plot=False)"
    assert stated_quantity(trace()) is None
    assert stated_quantity(trace("detrend(options={}::type='demean')", "filter(options={}::type='lowpass')")) is None
    for word, quantity in (("VEL", "velocity"), ("ACC", "acceleration"), ("DISP", "displacement"), ("DEF", None)):
        assert stated_quantity(trace(removed.format(word))) == quantity
    integrated = trace(removed.format("VEL"), "integrate(method='cumtrapz'::options={})")
    assert stated_quantity(integrated) == "displacement"
    assert stated_quantity(trace(removed.format("VEL"), "differentiate(method='gradient')")) == "acceleration"
    assert stated_quantity(trace(removed.format("ACC"), "differentiate(method='gradient')")) is None
    assert stated_quantity(trace(removed.format("VEL"), "simulate(paz_remove=None::paz_simulate={})")) is None
    assert stated_quantity(trace("remove_sensitivity(inventory=None)")) is None
    made = trace(seissynth={"quantity": "acceleration"})
    assert stated_quantity(made) == "acceleration"
    made.stats.processing.append("ObsPy 1.5.0: integrate(method='cumtrapz'::options={})")
    assert stated_quantity(made) == "velocity"
    assert stated_quantity(trace(seissynth={"quantity": "counts"})) == "counts"
    assert stated_quantity(trace(seissynth={"quantity": "normalised"})) is None


def test_obspy_writes_down_what_is_read_here():
    """The words of ObsPy's own processing list, as this version writes them."""
    stream = seissynth.generate(*seissynth.read_example(), duration=40.0, output="RAW")[:3]
    inventory, _ = seissynth.read_example()
    assert set(source_quantities(stream).values()) == {"counts"}
    stream.remove_response(inventory, output="ACC")
    assert set(source_quantities(stream).values()) == {"acceleration"}
    stream.integrate()
    assert set(source_quantities(stream).values()) == {"velocity"}
    stream.detrend("demean").filter("highpass", freq=1.0).trim(stream[0].stats.starttime + 1)
    assert set(source_quantities(stream, "VEL").values()) == {"velocity"}


def test_one_channel_cannot_hold_two_things():
    stream = observed(stations=("S0",))
    other = stream[0].copy()
    other.stats.processing = ["ObsPy 1.5.0: remove_response(output='ACC')"]
    with pytest.raises(InputError, match=r"CI\.S0\.\.HHZ hold velocity and acceleration"):
        source_quantities(stream + other)
