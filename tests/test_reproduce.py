import json

import h5py
import numpy as np
import pytest

import seissynth
from seissynth import reproduction
from seissynth.errors import FileFormatError, ReproductionError, SeisSynthWarning
from seissynth.io.asdf import read_asdf, write_asdf
from seissynth.reproduction import reproduce

SHORT = {"duration": 20.0, "channel": "HH?", "seed": 11}


@pytest.fixture(scope="module")
def example():
    inventory, event = seissynth.read_example()
    return inventory.select(station="[ABC]*"), event


@pytest.fixture
def written(tmp_path, example):
    """Write records with the example's event and stations, and return the path."""

    def write(streams, name="a.h5"):
        inventory, event = example
        write_asdf(tmp_path / name, streams, event, inventory)
        return tmp_path / name

    return write


@pytest.fixture
def stream(example):
    return seissynth.generate(*example, **SHORT)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"realizations": 3},
        {"realization": 4, "output": "ACC"},
        {"output": "RAW", "quantize": True, "noise": "nlnm", "channel": "*", "start": -2.5},
        {"conditions": {"station_vs_30_mps": {"XX.AMAT": 400.0}}, "stress_drop_bar": 50.0, "sampling_rate": 40.0},
        {"velocity_model": [(0.0, 5.5, 3.2), (20.0, 6.5, 3.7), (35.0, 8.0, 4.5)], "event_key": "mine"},
    ],
)
def test_bits_come_back(example, written, arguments):
    made = seissynth.generate(*example, **{**SHORT, **arguments})
    report = reproduce(written(made))
    count = sum(len(one) for one in made) if "realizations" in arguments else len(made)
    assert report.equal and report.n_equal == report.n_records == count
    assert report.worst_difference == 0.0 and not report.differences and not report.changed_versions()
    assert str(report).endswith(f"{count} of {count} records equal, bit for bit")


def test_several_events_and_calls_in_one_file(tmp_path, example):
    inventory, event = example
    other = event.copy()
    other.resource_id = "smi:local/other"
    other.preferred_origin().time += 5.0
    from obspy.core.event import Catalog

    catalog = Catalog([event, other])
    streams = [seissynth.generate(inventory, catalog, **SHORT), seissynth.generate(inventory, other, duration=15.0)]
    write_asdf(tmp_path / "a.h5", streams, catalog, inventory)
    report = reproduce(tmp_path / "a.h5")
    assert report.equal and report.n_records == sum(len(one) for one in streams)


def test_part_of_a_call_is_enough(written, example):
    ensemble = seissynth.generate(*example, realizations=3, **SHORT)
    report = reproduce(written([ensemble[2].select(component="Z")]))
    assert report.equal and report.n_records == 3


def test_picks_given_survive_and_picks_written_do_not_matter(tmp_path, example):
    from obspy.core.event import Pick, WaveformStreamID

    inventory, event = example
    event = event.copy()
    station = inventory[0][0].code
    identity = WaveformStreamID("XX", station, "00", "HHZ")
    event.picks = [Pick(time=event.preferred_origin().time + 5.0, waveform_id=identity, phase_hint="P")]
    made = seissynth.generate(inventory, event, onsets="picks", **SHORT)
    write_asdf(tmp_path / "a.h5", made, event, inventory)
    assert len(read_asdf(tmp_path / "a.h5").catalog[0].picks) > 1
    assert reproduce(tmp_path / "a.h5").equal


def test_one_changed_sample_is_found(written, stream):
    peak = float(np.max(np.abs(stream[1].data)))
    stream[1].data[100] += np.float32(0.25 * peak)
    report = reproduce(written(stream))
    changed = float(np.max(np.abs(stream[1].data)))
    assert not report.equal and report.n_equal == len(stream) - 1
    assert report.worst_difference == pytest.approx(0.25 * peak / changed, rel=1e-4)
    assert len(report.differences) == 1 and report.differences[0].startswith(stream[1].id)
    assert "worst difference" in str(report)


def test_other_start_length_and_type_are_found(written, stream):
    stream[0].stats.starttime += 1e-9
    stream[1].data = stream[1].data[:-1]
    stream[2].data = stream[2].data.astype("float64")
    stream[3].stats.location = "99"
    report = reproduce(written(stream))
    assert report.n_equal == len(stream) - 4 and report.worst_difference == np.inf
    for word, line in zip(("start in ns", "samples", "type", "not made again"), report.differences, strict=True):
        assert word in line


def test_what_no_file_holds(written, example):
    real_noise = seissynth.generate(*example, noise=None, duration=120.0, start=-60.0, channel="HH?")
    made = seissynth.generate(*example, noise=real_noise, **SHORT)
    with pytest.raises(ReproductionError, match=r"argument noise was .*Stream"):
        reproduce(written(made))


def test_missing_backend_is_named(written, stream):
    for trace in stream:
        arguments = json.loads(trace.stats.seissynth.arguments)
        trace.stats.seissynth.arguments = json.dumps({**arguments, "backend": "gone"})
    with pytest.raises(ReproductionError, match="gone") as caught:
        reproduce(written(stream))
    assert isinstance(caught.value.__cause__, seissynth.errors.BackendNotFoundError)


def test_other_versions_warn_and_go_on(written, stream):
    for trace in stream:
        trace.stats.seissynth.version = "0.0.1"
    path = written(stream)
    with pytest.warns(SeisSynthWarning, match=r"backend stochastic 0\.0\.1 then"):
        report = reproduce(path)
    assert report.equal
    assert report.changed_versions() == {"backend stochastic": ("0.0.1", seissynth.__version__)}


def test_files_that_cannot_be_reproduced(tmp_path, example, stream):
    inventory, event = example
    write_asdf(tmp_path / "a.h5", stream, None, inventory)
    with pytest.raises(ReproductionError, match="holds no events"):
        reproduce(tmp_path / "a.h5")
    write_asdf(tmp_path / "b.h5", stream, event)
    with pytest.raises(ReproductionError, match="holds no stations"):
        reproduce(tmp_path / "b.h5")
    for trace in stream:
        trace.stats.seissynth.arguments = "not JSON"
    write_asdf(tmp_path / "c.h5", stream, event, inventory)
    with pytest.raises(FileFormatError, match="arguments"):
        reproduce(tmp_path / "c.h5")


def test_progress_is_told(written, example):
    steps = []
    path = written(seissynth.generate(*example, realizations=2, **SHORT))
    reproduce(path, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(0, 2), (1, 2), (2, 2)]


def test_nan_equals_nan_bit_for_bit(stream):
    trace = stream[0].copy()
    trace.data[3] = np.nan
    assert reproduction.compare_traces(trace, trace.copy()) == (0.0, None)


def test_everything_in_the_file_counts(written, stream):
    """Three waveforms overwritten and cut off from their provenance, one taken out: nothing of it is equal."""
    path = written(stream)
    with h5py.File(path, "a") as file:
        station = file["Waveforms"]["XX.AMAT"]
        for name in [name for name in station if "synthetic" in name]:
            station[name][...] = 99.0
            station[name].attrs["provenance_id"] = np.bytes_("{http://x/}nothing")
        other = file["Waveforms"]["XX.BORE"]
        del other[next(name for name in other if "synthetic" in name)]
    report = seissynth.reproduce(path)
    assert not report.equal and (report.n_records, report.n_equal) == (len(stream), len(stream) - 4)
    assert "XX.AMAT" in str(report) and "missing: XX.BORE" in "".join(report.differences)
    with pytest.warns(SeisSynthWarning) as caught:
        contents = read_asdf(path)
    texts = [str(one.message) for one in caught]
    assert any("3 records are left out" in text and "XX.AMAT" in text for text in texts)
    assert any("4 records are missing" in text for text in texts) and len(contents.stream) == len(stream) - 4


@pytest.mark.parametrize("change", ["start", "added"])
def test_altered_starts_and_added_waveforms_count(written, stream, change):
    path = written(stream)
    with h5py.File(path, "a") as file:
        station = file["Waveforms"]["XX.AMAT"]
        name = next(name for name in station if "synthetic" in name)
        if change == "start":
            station[name].attrs["starttime"] += 10**9
        else:
            station.copy(name, name.replace("synthetic", "other"))
            del station[name.replace("synthetic", "other")].attrs["provenance_id"]
    report = seissynth.reproduce(path)
    assert not report.equal and report.n_records - report.n_equal == 1


def test_a_damaged_name_in_a_file_is_named(written, stream):
    path = written(stream)
    content = path.read_bytes()
    assert content.count(b"__synthetic_e0000") >= len(stream)
    path.write_bytes(content.replace(b"__synthetic_e0000", b"__\xcfynthetic_e0000", 1))
    with pytest.raises(FileFormatError, match=r"a\.h5 is not an HDF5 file, or is cut off"):
        seissynth.reproduce(path)


@pytest.mark.parametrize("argument", ["station_terms", "velocity_model"])
def test_other_files_that_a_file_names_are_not_opened(tmp_path, written, stream, argument):
    """Terms and delays are written down as tables, never as paths."""
    (tmp_path / "theirs.json").write_text("{}", encoding="utf-8")
    for trace in stream:
        info = trace.stats.seissynth
        info.arguments = json.dumps({**json.loads(info.arguments), argument: str(tmp_path / "theirs.json")})
    with pytest.raises(ReproductionError, match=rf"{argument} is the path .*theirs\.json.*not opened"):
        seissynth.reproduce(written(stream))


def test_weights_of_a_file_are_not_opened(tmp_path, written, stream, monkeypatch):
    """A path in a foreign file could be anything; the user names the weights."""
    from seissynth import arguments

    opened = []
    monkeypatch.setattr(arguments, "resolve_backend", lambda *_, weights=None, **__: opened.append(weights))
    for trace in stream:
        info = trace.stats.seissynth
        info.arguments = json.dumps({**json.loads(info.arguments), "weights": str(tmp_path / "theirs.safetensors")})
    path = written(stream)
    with pytest.raises(ReproductionError, match=r"theirs\.safetensors.*weights="):
        seissynth.reproduce(path)
    assert not opened
    with pytest.raises(Exception):  # noqa: B017, PT011 (the stand-in returns no backend)
        seissynth.reproduce(path, weights="mine")
    assert opened == ["mine"]
