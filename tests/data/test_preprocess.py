"""Preparation of records: each step against a closed form, the inverse against what went in, text against itself."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seissynth.data.preparation.preparation import (
    STEPS,
    Bandpass,
    Detrend,
    Pad,
    PeakScale,
    Preparation,
    Resample,
    Rotate,
    Taper,
    ZScore,
    heggs_preparation,
)
from seissynth.errors import InputError

RATE = 100.0
INVERTIBLE = [Detrend(), Detrend("constant"), ZScore(), ZScore("record"), PeakScale(), PeakScale("component")]
INVERTIBLE += [Pad(1200, "both"), Pad(1500, "start")]


@pytest.fixture
def records():
    return np.random.default_rng(3).standard_normal((4, 3, 900)) * np.array([1.0, 10.0, 1e-6])[:, None] + 5.0


def one(step, data, **options):
    return Preparation((step,)).apply(data, RATE, **options)


def test_detrend_takes_a_line_off_and_leaves_what_is_orthogonal(records):
    time = np.arange(900)
    wave = np.sin(2 * np.pi * np.arange(900) / 90)
    wave -= np.polyval(np.polyfit(time, wave, 1), time)
    done = one(Detrend(), np.broadcast_to(wave + 3.0 - 0.02 * time, (3, 900)))
    assert np.allclose(done.data, wave, atol=1e-10)
    assert np.allclose(one(Detrend("constant"), records).data, records - records.mean(-1, keepdims=True))


def test_taper_is_zero_at_the_ends_and_one_inside():
    done = one(Taper(1.0), np.ones((3, 900))).data[0]
    assert done[0] == done[-1] == 0.0
    assert (done[100:800] == 1.0).all()
    assert np.isclose(done[50], 0.5)
    start = one(Taper(1.0, "start"), np.ones((3, 900))).data[0]
    assert start[0] == 0.0 and start[-1] == 1.0


def test_bandpass_is_that_of_the_signal_core(records):
    from scipy.signal import butter, sosfilt

    expected = sosfilt(butter(4, [1.0, 20.0], "bandpass", fs=RATE, output="sos"), records)
    assert np.allclose(one(Bandpass(1.0, 20.0), records).data, expected)


def test_resampling_keeps_a_slow_wave_and_scales_positions():
    wave = np.sin(2 * np.pi * 2.0 * np.arange(1000) / RATE)
    done = one(Resample(40.0), np.broadcast_to(wave, (1, 3, 1000)), samples={"p": [500.0]})
    expected = np.sin(2 * np.pi * 2.0 * np.arange(done.data.shape[-1]) / 40.0)
    assert np.abs(done.data[0, 0] - expected)[20:-20].max() < 1e-3
    assert done.samples["p"].tolist() == [200.0] and done.sampling_rate_hz == 40.0


def test_rotation_is_obspys():
    from obspy.signal.rotate import rotate2zne

    data = np.random.default_rng(0).standard_normal((3, 50))
    angles = [(10.0, -85.0), (35.0, 4.0), (130.0, -3.0)]
    directions = [
        [-np.sin(np.radians(dip)), np.cos(np.radians(dip)) * np.cos(np.radians(azimuth)),
         np.cos(np.radians(dip)) * np.sin(np.radians(azimuth))]
        for azimuth, dip in angles
    ]  # fmt: skip
    expected = rotate2zne(data[0], *angles[0], data[1], *angles[1], data[2], *angles[2])
    assert np.allclose(one(Rotate(), data, directions=directions).data, expected)


def test_rotation_refuses_what_does_not_span_space():
    flat = [[0, 1, 0], [0, 0, 1], [0, 0.6, 0.8]]
    with pytest.raises(InputError, match="span"):
        one(Rotate(), np.ones((3, 9)), directions=flat)
    with pytest.raises(InputError, match="directions="):
        one(Rotate(), np.ones((3, 9)))


@pytest.mark.parametrize(("per", "axes"), [("component", (-1,)), ("record", (-2, -1))])
def test_scaling(records, per, axes):
    scored = one(ZScore(per), records).data
    assert np.allclose(scored.mean(axes), 0, atol=1e-8) and np.allclose(scored.std(axes), 1)
    peak = one(PeakScale(per), records)
    assert np.allclose(np.abs(peak.data).max(axes), 1)
    assert np.array_equal(peak.taken[0]["scale"], np.abs(records).max(axes, keepdims=True))


def test_a_constant_record_is_not_divided_by_zero():
    assert not one(ZScore(), np.full((3, 10), 7.0)).data.any()


@pytest.mark.parametrize(("side", "before"), [("end", 0), ("start", 100), ("both", 50)])
def test_padding_moves_positions(records, side, before):
    done = one(Pad(1000, side), records, samples={"s": np.full(4, 30.0)})
    assert np.array_equal(done.data[..., before : before + 900], records)
    assert np.count_nonzero(done.data) == np.count_nonzero(records)
    assert (done.samples["s"] == 30.0 + before).all()
    with pytest.raises(InputError, match="cut=True"):
        one(Pad(800, side), records)
    assert np.array_equal(one(Pad(800, "end", cut=True), records).data, records[..., :800])


@settings(max_examples=30)
@given(st.lists(st.sampled_from(INVERTIBLE), max_size=4))
def test_invertible_steps_come_back(steps):
    data = np.random.default_rng(1).standard_normal((2, 3, 700)) + 3.0
    pads = [step for step in steps if isinstance(step, Pad)][:1]
    preparation = Preparation([step for step in steps if not isinstance(step, Pad)] + pads)
    before = data.copy()
    done = preparation.apply(data, RATE, samples={"p": np.array([5.0, 6.0])})
    back = preparation.invert(done)
    assert np.allclose(back.data, data, atol=1e-9)
    assert back.samples["p"].tolist() == [5.0, 6.0]
    assert np.array_equal(data, before)  # steps are pure


def test_rotation_comes_back():
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((5, 3, 3)))[0]
    data = np.random.default_rng(1).standard_normal((5, 3, 40))
    preparation = Preparation((Rotate(), ZScore()))
    back = preparation.invert(preparation.apply(data, RATE, directions=turn))
    assert np.allclose(back.data, data) and np.array_equal(back.directions, turn)


def test_steps_without_inverse_say_so(records):
    preparation = Preparation((Bandpass(1.0, 20.0), ZScore()))
    done = preparation.apply(records, RATE)
    with pytest.raises(InputError, match="bandpass"):
        preparation.invert(done)
    kept = preparation.invert(done, lossy="keep")
    assert np.allclose(kept.data, one(Bandpass(1.0, 20.0), records).data)
    with pytest.raises(InputError, match="steps"):
        preparation.invert(kept)


def test_one_record_and_many_give_the_same_bits(records):
    preparation = Preparation((Detrend(), Taper(0.5), Bandpass(1.0, 20.0), Resample(50.0), ZScore()))
    many = preparation.apply(records, RATE).data
    for record, row in zip(records, many, strict=True):
        assert np.array_equal(preparation.apply(record, RATE).data, row)


def test_float32_stays(records):
    steps = (Detrend(), Taper(0.5), Bandpass(1.0, 20.0), Resample(50.0), ZScore(), PeakScale(), Pad(2000))
    assert Preparation(steps).apply(records.astype("f4"), RATE).data.dtype == np.float32


def test_text_round_trip():
    every = Preparation(tuple(step() for step in STEPS.values()))
    assert Preparation.from_json(every.to_json()) == every
    assert hash(Preparation.from_json(every.to_json())) == hash(every)
    assert Preparation.from_dict(json.loads(heggs_preparation().to_json())) == heggs_preparation()


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"steps": [{"step": "bandpas"}], "format": 1}, "did you mean 'bandpass'"),
        ({"steps": [{"step": "pad", "length": 3}], "format": 1}, "no field 'length'"),
        ({"steps": [], "format": 9}, "format 9"),
        ([], "dict"),
        ({"steps": [{"step": "detrend", "kind": "cubic"}], "format": 1}, "cubic"),
    ],
)
def test_bad_text(plain, words):
    with pytest.raises(InputError, match=words):
        Preparation.from_dict(plain)


@pytest.mark.parametrize("data", [np.ones(5), np.ones((2, 5)), np.full((3, 5), np.nan), np.ones((3, 0))])
def test_bad_records(data):
    with pytest.raises(InputError):
        heggs_preparation().apply(data, RATE)


def test_the_array_side_imports_without_obspy():
    import subprocess
    import sys

    code = "import sys; sys.modules['obspy'] = None\n"
    code += "import seissynth.data.preparation.preparation, seissynth.data.splits.split, seissynth.data.pairs; "
    code += "import seissynth.data.cutting.quiet\n"
    code += "assert not {'torch', 'pandas', 'scipy.signal', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
