"""Counts of a whole sensor: the samples of `apply_response`, with each response read once."""

import pickle

import numpy as np
import pytest
from test_response import digital_response, flat_response, make_channel, one_pole_response

import seissynth
from seissynth.errors import ResponseError, SeisSynthWarning
from seissynth.instruments import call_responses, evalresp
from seissynth.instruments.call_responses import CallResponses
from seissynth.instruments.response import apply_response, spectrum_of_response
from seissynth.noise import models

MOTION = np.random.default_rng(0).standard_normal((5, 700)).astype(np.float32)


def five_channels():
    """Two lengths of ringing, a flat gain between them, and units of another size."""
    responses = (
        one_pole_response(),
        one_pole_response(units="NM/S"),
        flat_response(stages=False),
        one_pole_response(0.01),
        digital_response(),
    )
    return [make_channel(response, code=f"HH{k}") for k, response in enumerate(responses)]


@pytest.mark.filterwarnings("ignore::seissynth.errors.SeisSynthWarning")
@pytest.mark.parametrize("together", [1, 2 * 3000, 2**18])
def test_the_samples_are_those_of_single_channels(monkeypatch, together):
    monkeypatch.setattr(call_responses, "MOST_TOGETHER", together)
    channels, responses = five_channels(), CallResponses()
    for data in (MOTION, 3 * MOTION[:, :500]):
        made = list(responses.counts(data, channels, 100.0))
        assert len(made) == len(channels)
        for channel, row, counts in zip(channels, data, made, strict=True):
            assert counts.dtype == np.float64
            np.testing.assert_array_equal(counts, apply_response(row, channel, 100.0, "velocity"))
    for channel in channels:
        np.testing.assert_array_equal(
            responses.spectrum(channel, 1024, 100.0), spectrum_of_response(channel, 1024, 100.0)
        )
        assert responses.quantity(channel) == "velocity"


def test_a_response_is_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(call_responses, "response_key", lambda one: read.append(one) or evalresp.response_key(one))
    channel, responses = make_channel(one_pole_response()), CallResponses()
    for _ in range(3):
        list(responses.counts(MOTION[:1], [channel], 100.0))
    assert len(read) == 1


def test_another_process_gets_the_same_samples():
    channel, responses = make_channel(one_pole_response()), CallResponses()
    (counts,) = responses.counts(MOTION[:1], [channel], 100.0)
    other, again = pickle.loads(pickle.dumps((channel, responses)))
    for _ in range(2):
        (made,) = again.counts(MOTION[:1], [other], 100.0)
        np.testing.assert_array_equal(made, counts)


def test_warnings_come_once_and_errors_each_time():
    responses = CallResponses()
    odd = make_channel(digital_response(sensitivity=1.5e10, rate=200.0))
    with pytest.warns(SeisSynthWarning) as caught:  # noqa: PT031 (of all calls together)
        for _ in range(3):
            list(responses.counts(MOTION[:1], [odd], 100.0))
    assert len(caught) == 2
    for _ in range(2):
        with pytest.raises(ResponseError, match="has no response"):
            responses.quantity(make_channel(None))


def test_a_record_does_not_depend_on_the_other_channels(monkeypatch):
    inventory, event = seissynth.read_example()
    options = {"output": "RAW", "noise": "nlnm", "duration": 60.0}
    together = seissynth.generate(inventory, event, channel="*", **options)
    alone = seissynth.generate(inventory, event, channel="??Z", **options)
    monkeypatch.setattr(models, "MOST_TOGETHER", 0)
    monkeypatch.setattr(call_responses, "MOST_TOGETHER", 0)
    long = seissynth.generate(inventory, event, channel="*", **options)
    assert len(alone) > 3
    for trace in alone:
        np.testing.assert_array_equal(trace.data, together.select(id=trace.id)[0].data)
    for one, other in zip(together, long, strict=True):
        np.testing.assert_array_equal(one.data, other.data)
