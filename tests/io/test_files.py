import numpy as np
import obspy
import pytest
from fake_stream import fake_stream

from seissynth.errors import InputError
from seissynth.example import read_example
from seissynth.io import files
from seissynth.io.files import write, write_picks
from seissynth.io.onset_picks import with_onset_picks, without_onset_picks


@pytest.fixture(scope="module")
def example():
    return read_example()


@pytest.fixture
def stream(example):
    return fake_stream(*example)


@pytest.mark.parametrize("quantity", ["velocity", "counts"])
def test_miniseed_round_trip(tmp_path, example, quantity):
    stream = fake_stream(*example, quantity=quantity)
    assert write(tmp_path / "a.mseed", stream) == [tmp_path / "a.mseed"]
    again = {trace.id: trace for trace in obspy.read(str(tmp_path / "a.mseed"))}
    assert len(again) == len(stream)
    for trace in stream:
        other = again[trace.id]
        assert other.data.dtype == trace.data.dtype and np.array_equal(other.data, trace.data)
        assert abs(other.stats.starttime - trace.stats.starttime) < 1e-6
    assert "mseed" not in stream[0].stats


def test_sac_headers(tmp_path, example, stream):
    inventory, event = example
    written = write(tmp_path / "out.sac", stream, inventory=inventory)
    assert len(written) == len(stream) and all(path.parent == tmp_path / "out.sac" for path in written)
    origin = event.preferred_origin()
    by_id = {trace.id: trace for trace in stream}
    for path in written:
        trace = obspy.read(str(path))[0]
        original = by_id[trace.id]
        info, sac = original.stats.seissynth, trace.stats.sac
        assert np.array_equal(trace.data, original.data)
        assert abs(trace.stats.starttime - original.stats.starttime) < 2e-6
        reference = origin.time  # on a whole millisecond, so it is SAC's zero
        assert sac.o == pytest.approx(0.0, abs=1e-6)
        assert sac.b == pytest.approx(original.stats.starttime - reference, rel=1e-6)
        assert sac.a == pytest.approx(info.p_s, rel=1e-6) and sac.ka.strip() == "P"
        if np.isfinite(info.s_s):
            assert sac.t0 == pytest.approx(info.s_s, rel=1e-6)
        else:
            assert "t0" not in sac
        assert sac.evdp == pytest.approx(8.2) and sac.mag == pytest.approx(5.2)
        assert sac.dist == pytest.approx(info.conditions.path_ep_distance_km, rel=1e-6)
        assert sac.stla == pytest.approx(info.conditions.station_latitude_deg, rel=1e-6)
        assert sac.kevnm.strip() == "20230314T042631Z"
    turned = obspy.read(str(next(path for path in written if "HH2" in path.name)))[0].stats.sac
    assert (turned.cmpaz, turned.cmpinc) == (127.0, 90.0)
    up = obspy.read(str(next(path for path in written if "HHZ" in path.name)))[0].stats.sac
    assert up.cmpinc == 0.0


def test_sac_of_a_real_trace_has_no_event(tmp_path):
    trace = obspy.read()[0]
    with pytest.raises(InputError, match=r"without loss.*float64"):
        write(tmp_path / "one.sac", trace)
    trace.data = trace.data.astype("float32")
    write(tmp_path / "one.sac", trace)
    again = obspy.read(str(tmp_path / "one.sac"))[0]
    assert np.array_equal(again.data, trace.data) and "o" not in again.stats.sac
    assert abs(again.stats.starttime - trace.stats.starttime) < 2e-6


def test_sac_refuses_counts_that_lose_digits(tmp_path, stream):
    trace = stream[0]
    trace.data = np.array([2**24 + 1, 0, 1], dtype="int32")
    with pytest.raises(InputError, match=r"without loss.*\.mseed or \.h5"):
        write(tmp_path / "one.sac", trace)
    trace.data[0] = 2**24
    write(tmp_path / "one.sac", trace)
    assert np.array_equal(obspy.read(str(tmp_path / "one.sac"))[0].data, trace.data)


def test_names_with_fields(tmp_path, example):
    ensemble = [fake_stream(*example, realization=k).select(station="AMAT") for k in range(2)]
    written = write(tmp_path / "x_{realization:03d}.mseed", ensemble)
    assert [path.name for path in written] == ["x_000.mseed", "x_001.mseed"]
    assert np.array_equal(obspy.read(str(written[1])).select(channel="HHE")[0].data, ensemble[1][2].data)
    written = write(tmp_path / "{station}.{channel}.{realization}.sac", ensemble)
    assert sorted(path.name for path in written)[0] == "AMAT.HHE.0.sac" and len(written) == 6
    with pytest.raises(InputError, match="cannot be filled"):
        write(tmp_path / "{nonsense}.mseed", ensemble)
    with pytest.raises(InputError, match="SAC holds one"):
        write(tmp_path / "{station}.sac", ensemble)
    with pytest.raises(InputError, match="several realisations"):
        write(tmp_path / "x.mseed", ensemble)


def test_format_by_ending_or_by_name(tmp_path, stream):
    with pytest.raises(InputError, match=r"ending '.wav'"):
        write(tmp_path / "a.wav", stream)
    with pytest.raises(InputError, match="format='WAV'"):
        write(tmp_path / "a.mseed", stream, format="WAV")
    write(tmp_path / "plain", stream, format="mseed")
    assert len(obspy.read(str(tmp_path / "plain"), format="MSEED")) == len(stream)
    with pytest.raises(InputError, match="no trace"):
        write(tmp_path / "a.mseed", obspy.Stream())
    stream[0].data = stream[0].data.astype("int64")
    with pytest.raises(InputError, match="int64"):
        write(tmp_path / "b.mseed", stream)


def test_failed_writes_leave_nothing(tmp_path, stream, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(obspy.Stream, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "a.mseed", stream)
    from obspy.io.sac import SACTrace

    real, calls = SACTrace.write, []

    def fail_late(self, *args, **kwargs):
        calls.append(1)
        return real(self, *args, **kwargs) if len(calls) < 5 else fail()

    monkeypatch.setattr(SACTrace, "write", fail_late)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "all.sac", stream)
    assert not list(tmp_path.iterdir())


def test_picks_file(tmp_path, example, stream):
    write_picks(tmp_path / "picks.xml", stream, example[1])
    with pytest.raises(InputError, match="events 1 and 2 of the catalogue both have the resource id"):
        write_picks(tmp_path / "twice.xml", stream, [example[1], example[1].copy()])
    event = obspy.read_events(str(tmp_path / "picks.xml"))[0]
    assert event.resource_id == example[1].resource_id
    sensors = {trace.id[:-1] for trace in stream}
    assert len(event.picks) == 2 * len(sensors)
    assert len(without_onset_picks(event)[0].picks) == 0
    assert len(with_onset_picks(event, [stream])[0].picks) == len(event.picks)


def test_check_target_tells_before_the_work(tmp_path):
    files.check_target(tmp_path / "a.h5", 5)
    files.check_target(tmp_path / "a_{realization}.mseed", 5)
    with pytest.raises(InputError, match="realisations"):
        files.check_target(tmp_path / "a.mseed", 5)


def test_example_is_small_and_complete(example):
    from importlib import resources

    inventory, event = example
    folder = resources.files("seissynth") / "data" / "example"
    assert sum(len((folder / name).read_bytes()) for name in ("inventory.xml", "event.xml")) < 100_000
    assert 5 <= len(inventory[0]) <= 8
    assert {channel.code[:2] for station in inventory[0] for channel in station} == {"HH", "HN"}
    assert event.preferred_focal_mechanism().nodal_planes.nodal_plane_2.dip is not None
    for code, gain in (("XX.AMAT.00.HHZ", 1500 * 419430.4), ("XX.AMAT.00.HNZ", 0.5099 * 419430.4)):
        response = inventory.get_response(code, event.preferred_origin().time)
        output = "VEL" if code[-2] == "H" else "ACC"
        value = response.get_evalresp_response_for_frequencies([1.0], output=output)[0]
        assert abs(value) == pytest.approx(gain, rel=1e-4)
