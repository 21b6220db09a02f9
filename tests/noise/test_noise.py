"""Noise: spectra against Peterson's models as ObsPy has them, windows against the record that they come from."""

import numpy as np
import obspy
import pytest
from obspy import Stream, Trace, UTCDateTime

import seissynth
from seissynth.errors import InputError, SeisSynthWarning
from seissynth.noise.models import model_psd, prepare_noise, station_noise
from seissynth.noise.recorded import StreamNoise
from seissynth.stations.channels import Channel, Sensor

T = UTCDateTime(2020, 1, 1)


def sensor(station="A", components="ZNE", rate=100.0):
    return Sensor([Channel("XX", station, "", "HH" + c, 48.0, 11.0, 0.0, 0.0, 0.0, 0.0, rate) for c in components])


def trace(data, station="A", component="Z", rate=100.0, start=T, location=""):
    return Trace(data, {"network": "XX", "station": station, "location": location, "channel": "HH" + component,
                                    "sampling_rate": rate, "starttime": start})  # fmt: skip


def noise(what, npts=6000, rate=100.0, quantity="velocity", seed=7, of=None):
    return station_noise(what, of or sensor(), npts, rate, quantity, T, seed)


# --- models


@pytest.mark.parametrize("model", ["nlnm", "nhnm"])
def test_the_tables_are_petersons(model):
    from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

    period, level_db = {"nlnm": get_nlnm, "nhnm": get_nhnm}[model]()
    mine = 10 * np.log10(model_psd(model, 1 / np.asarray(period), "acceleration"))
    np.testing.assert_allclose(mine, level_db, atol=2e-3)


@pytest.mark.parametrize("model", ["nlnm", "nhnm"])
@pytest.mark.parametrize(("quantity", "rate"), [("acceleration", 100.0), ("velocity", 100.0), ("displacement", 20.0)])
def test_the_spectrum_is_the_models(model, quantity, rate):
    from scipy.signal import welch

    rows = np.concatenate([noise(model, 60_000, rate, quantity, seed) for seed in range(4)])
    frequency, power = welch(rows, rate, "hann", nperseg=4096, detrend="linear")
    power = power.mean(0)
    for low, high in ((0.2, 1.0), (1.0, 5.0), (5.0, rate / 2.5)):
        band = (frequency >= low) & (frequency <= high)
        off_db = 10 * np.log10(power[band] / model_psd(model, frequency[band], quantity))
        assert abs(off_db.mean()) < 1.0, (low, high)
        assert abs(off_db).max() < 4.0, (low, high)


def test_models_are_held_beyond_their_range():
    for model in ("nlnm", "nhnm"):
        level = model_psd(model, [1e-7, 1e-5, 10.0, 80.0, 0.0], "acceleration")
        assert level[0] == pytest.approx(level[1]) and level[3] == pytest.approx(level[2]) and level[4] == 0
    one, two = model_psd("nlnm", [20.0, 40.0], "velocity")
    assert one / two == pytest.approx(4.0)


def test_components_seeds_and_channels_are_independent():
    first = noise("nlnm")
    assert first.shape == (3, 6000) and first.dtype == np.float64
    assert np.array_equal(first, noise("NLNM"))
    highpassed = np.diff(first, n=2)
    assert np.abs(np.corrcoef(highpassed) - np.eye(3)).max() < 0.1
    assert not np.array_equal(first, noise("nlnm", seed=8))
    assert not np.array_equal(first, noise("nlnm", of=sensor("B")))
    assert np.array_equal(first[2], noise("nlnm", of=sensor(components="E"))[0])  # no matter what else is made
    assert noise("nlnm", seed=np.uint64(2**64 - 1)).any()


def test_the_end_does_not_resemble_the_start():
    rows = np.array([noise("nlnm", 400, 100.0, "displacement", seed)[0] for seed in range(300)])
    ends = np.corrcoef(rows[:, 0], rows[:, -1])[0, 1]
    neighbours = np.corrcoef(rows[:, 0], rows[:, 1])[0, 1]
    assert neighbours > 0.99
    assert ends < neighbours - 0.1  # periodic noise would have the same for both


def test_none_is_none_and_bad_noise_is_named():
    assert noise(None) is None
    for what, words in (("loud", "'loud' is unknown"), (3.0, "float"), (np.zeros(3), "ndarray")):
        with pytest.raises(InputError, match=words):
            noise(what)
    with pytest.raises(InputError, match="counts"):
        noise("nlnm", quantity="counts")
    with pytest.raises(InputError, match="npts=0"):
        noise("nlnm", npts=0)


# --- objects


class Sampler:
    def __init__(self, result):
        self.result = result

    def sample(self, sensor, npts, sampling_rate_hz, rng):
        return self.result if self.result is not None else rng.standard_normal((len(sensor.channels), npts))


def test_an_object_gets_a_generator_of_its_own():
    first = noise(Sampler(None))
    assert np.array_equal(first, noise(Sampler(None)))
    assert not np.array_equal(first, noise(Sampler(None), seed=8))
    assert not np.array_equal(first, noise(Sampler(None), of=sensor("B")))


@pytest.mark.parametrize(("result", "words"), [
    (np.ones((2, 6000)), r"\(2, 6000\)"), (np.full((3, 6000), np.nan), "not all finite"),
    (np.zeros((3, 6000)), "zeros only"),
])  # fmt: skip
def test_what_an_object_returns_is_checked(result, words):
    with pytest.raises(InputError, match=words):
        noise(Sampler(result))


# --- streams


def real(npts=30_000, seed=0, **where):
    return trace(np.random.default_rng(seed).standard_normal(npts), **where)


def find(row, data):
    """Start of a window in the record it was cut from, by correlation; None where it is not from there."""
    from scipy.signal import correlate

    score = correlate(data - data.mean(), row, mode="valid") / (row.std() * len(row))
    return int(score.argmax()) if score.max() > 0.9 else None


def test_windows_of_one_instrument_are_cut_at_one_time():
    stream = Stream([real(seed=i, component=c) for i, c in enumerate("ZNE")])
    rows = noise(stream, 1000)
    starts = [find(row, tr.data) for row, tr in zip(rows, stream, strict=True)]
    assert starts[0] is not None and starts[0] == starts[1] == starts[2]
    cut = stream[0].data[starts[0] : starts[0] + 1000]
    np.testing.assert_allclose(rows[0], cut - cut.mean(), atol=1e-12)
    assert np.array_equal(rows, noise(stream, 1000))
    others = {find(noise(stream, 1000, seed=seed)[0], stream[0].data) for seed in range(20)}
    assert len(others) == 20 and max(others) - min(others) > 15_000


def test_numbered_components_stand_for_n_and_e_and_a_missing_one_gets_another_window():
    stream = Stream([real(seed=i, component=c) for i, c in enumerate("Z12")])
    rows = noise(stream, 1000)
    starts = [find(row, tr.data) for row, tr in zip(rows, stream, strict=True)]
    assert None not in starts and len(set(starts)) == 1
    rows = noise(Stream(stream[:1]), 1000)
    assert len({find(row, stream[0].data) for row in rows}) == 3


def test_the_own_station_comes_first_else_any():
    stream = Stream([real(seed=1, station="A"), real(seed=2, station="B")])
    for seed in range(5):
        assert find(noise(stream, 1000, seed=seed, of=sensor("B", "Z"))[0], stream[1].data) is not None
    taken = [find(noise(stream, 1000, seed=seed, of=sensor("C", "Z"))[0], stream[0].data) is None for seed in range(20)]
    assert True in taken and False in taken


def test_a_station_with_pieces_that_are_too_short_borrows_and_says_so():
    stream = Stream([real(500, seed=1, station="A"), real(seed=2, station="B")])
    with pytest.warns(SeisSynthWarning, match=r"XX\.A.*10 s.*5 s; noise of another station"):
        assert find(noise(stream, 1000, of=sensor("A", "Z"))[0], stream[1].data) is not None


def test_gaps_masks_nans_and_dead_stretches_are_never_inside():
    data = np.random.default_rng(0).standard_normal(12_000)
    data[2500:2600] = 0.0
    data[5000] = np.nan
    data[7500:7540] = 3.25
    masked = np.ma.masked_array(data, mask=np.arange(12_000) == 10_000)
    stream = Stream([trace(masked)])
    assert sorted(len(piece.data) for piece in StreamNoise(stream).pieces) == [1999, 2400, 2460, 2499, 2500]
    bad = [2550, 5000, 7520, 10_000]
    clean = np.nan_to_num(data)
    for seed in range(30):
        start = find(noise(stream, 2000, seed=seed, of=sensor(components="Z"))[0], clean)
        assert start is not None and not any(start <= place < start + 2000 for place in bad)
    with pytest.raises(InputError, match=r"needs 26 s.*lasts 25 s \(XX\.A\.\.HHZ\).*longer records"):
        noise(stream, 2600)


def test_whole_counts_leave_no_exact_zeros():
    cycle = np.tile(np.array([1, 0, -1, 0], np.int32), 1500)  # its mean is exactly zero
    rows = noise(Stream([trace(cycle)]), 6000, quantity="counts")
    assert (rows != 0).all()
    np.testing.assert_allclose(rows, np.tile(cycle, (3, 1)), atol=0.5)
    counts = np.random.default_rng(0).integers(-1, 2, 30_000).astype(np.int32)
    rows = noise(Stream([trace(counts)]), 5000, quantity="counts")
    assert (rows != 0).all() and 0.5 < rows.std() < 1.1


def test_other_rates_are_resampled():
    t = np.arange(60_000) / 200.0
    stream = Stream([trace(np.sin(2 * np.pi * 3.0 * t + 0.3) + 5.0, rate=200.0)])
    row = noise(stream, 3000, of=sensor(components="Z"))[0]
    power = np.abs(np.fft.rfft(row * np.hanning(3000)))
    assert np.fft.rfftfreq(3000, 0.01)[power.argmax()] == pytest.approx(3.0, abs=0.04)
    assert row.std() == pytest.approx(np.sqrt(0.5), rel=0.02) and abs(row.mean()) < 0.05
    exact = noise(Stream([trace(np.sin(t), rate=100.002)]), 3000)  # a clock that is a little off
    assert exact.shape == (3, 3000)
    with pytest.warns(SeisSynthWarning, match=r"20 Hz at most.*ends at 10 Hz"):
        assert noise(Stream([real(rate=20.0)]), 3000).shape == (3, 3000)
    with pytest.raises(InputError, match=r"XX\.A\.\.HHZ cannot be used.*ratio"):
        noise(Stream([real(rate=100 * np.sqrt(2))]), 3000)


def test_streams_without_noise():
    for stream in (Stream(), Stream([trace(np.zeros(9000))]), Stream([trace(np.full(900, np.nan))]), Stream([Trace()])):
        with pytest.raises(InputError, match="without real samples"):
            prepare_noise(stream)


def test_a_prepared_stream_is_the_same_noise():
    stream = Stream([real(component=c, seed=i) for i, c in enumerate("ZNE")])
    prepared = prepare_noise(stream)
    assert prepare_noise(prepared) is prepared
    assert np.array_equal(noise(prepared, 900), noise(stream, 900))
    assert prepare_noise(None) is None


def test_real_noise(shared_data):
    stream = obspy.read(str(shared_data / "ridgecrest_2019" / "waveforms.mseed"))
    quiet = stream.select(station="CLC").slice(stream[0].stats.starttime, UTCDateTime("2019-07-04T17:02:00"))
    clc = Sensor([Channel("CI", "CLC", "", "HH" + c, 35.8, -117.6, 0.0, 0.0, 0.0, 0.0, 100.0) for c in "ZNE"])
    rows = station_noise(quiet, clc, 6000, 100.0, "counts", T, 3)
    assert rows.shape == (3, 6000) and (rows != 0).all() and np.isfinite(rows).all()


def test_counts_of_a_model_are_those_of_an_instrument_that_has_long_been_running():
    from scipy.signal import welch

    inventory, event = seissynth.read_example()
    amat = inventory.select(station="AMAT", channel="HH?")
    begin = event.origins[0].time + 7200  # long after the earthquake
    stream = seissynth.continuous([event], amat, begin, begin + 1800, noise="nhnm", output="RAW", seed=1)
    [trace] = stream.select(channel="HHZ")
    counts, rate = trace.data.astype(float), trace.stats.sampling_rate
    # a response that begins at rest rings for a hundred seconds, a hundred times as loud
    assert np.abs(counts[: 10 * int(rate)]).mean() < 2 * np.abs(counts).mean()
    frequency, found = welch(counts, rate, nperseg=2**14)
    response = amat.select(channel="HHZ")[0][0][0].response
    for low, high in ((0.1, 0.3), (0.5, 1), (2, 5), (10, 20)):
        inside = (frequency > low) & (frequency < high)
        gain = abs(response.get_evalresp_response_for_frequencies(frequency[inside], output="VEL")) ** 2
        wanted = model_psd("nhnm", frequency[inside], "velocity") * gain
        assert np.log(found[inside] / wanted).mean() == pytest.approx(0, abs=0.12)
