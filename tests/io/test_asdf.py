import math
import re

import h5py
import numpy as np
import obspy
import pyasdf
import pytest
from fake_stream import fake_stream
from hypothesis import given
from hypothesis import strategies as st
from obspy import UTCDateTime
from obspy.core.util import AttribDict

import seissynth
from seissynth.errors import FileFormatError, InputError
from seissynth.io import asdf
from seissynth.io.asdf import read_asdf, write_asdf
from seissynth.io.codec import from_text, to_text
from seissynth.io.provenance import SEIS_PROV


@pytest.fixture(scope="module")
def inventory():
    return obspy.read_inventory()


@pytest.fixture
def catalog():
    return obspy.read_events()


def same(one, two):
    """Equal to the bit, types included; NaN equals NaN."""
    if type(one) is not type(two):
        return False
    if isinstance(one, AttribDict):
        return list(one) == list(two) and all(same(one[name], two[name]) for name in one)
    if isinstance(one, UTCDateTime):
        return one.ns == two.ns
    if isinstance(one, float):
        return np.float64(one).tobytes() == np.float64(two).tobytes() or (math.isnan(one) and math.isnan(two))
    if isinstance(one, np.ndarray):
        return one.dtype == two.dtype and one.tobytes() == two.tobytes()
    return one == two


def assert_same_streams(written, read):
    assert len(written) == len(read)
    for one, two in zip(written, read, strict=True):
        assert [trace.id for trace in one] == [trace.id for trace in two]
        for before, after in zip(one, two, strict=True):
            assert before.stats.starttime.ns == after.stats.starttime.ns
            assert before.stats.sampling_rate == after.stats.sampling_rate
            assert same(before.data, after.data)
            assert same(before.stats.seissynth, after.stats.seissynth)


@pytest.mark.parametrize("quantity", ["velocity", "counts"])
def test_round_trip_keeps_every_bit(tmp_path, inventory, catalog, quantity):
    ensemble = [
        fake_stream(inventory, catalog[0], realization=k, quantity=quantity)
        + fake_stream(inventory, catalog[2], realization=k, quantity=quantity)
        for k in range(3)
    ]
    ensemble[1][0].stats.seissynth.truth.series = np.array([0.1, np.nan, 1e-300])
    ensemble[1][0].stats.seissynth.truth.site = "rock, χ"
    write_asdf(tmp_path / "a.h5", ensemble, catalog, inventory)
    contents = read_asdf(tmp_path / "a.h5")
    assert_same_streams(ensemble, contents.streams)
    assert contents.environment["numpy"] == np.__version__
    assert len(contents.stream) == sum(len(one) for one in ensemble)


def test_a_single_stream_without_event_and_inventory(tmp_path, inventory, catalog):
    stream = fake_stream(inventory, catalog[0])
    write_asdf(tmp_path / "a.asdf", stream)
    contents = read_asdf(tmp_path / "a.asdf")
    assert_same_streams([stream], contents.streams)
    assert len(contents.catalog) == 0 and len(contents.inventory) == 0


def test_events_and_stations_come_back(tmp_path, inventory, catalog):
    stream = fake_stream(inventory, catalog[0])
    write_asdf(tmp_path / "a.h5", stream, catalog, inventory)
    contents = read_asdf(tmp_path / "a.h5")
    assert [event.resource_id for event in contents.catalog] == [event.resource_id for event in catalog]
    assert sorted(contents.inventory.get_contents()["channels"]) == sorted(inventory.get_contents()["channels"])
    at = stream[0].stats.starttime
    frequencies = [0.1, 1.0, 5.0]
    before, after = (
        inv.get_response("GR.FUR..HHZ", at).get_evalresp_response_for_frequencies(frequencies)
        for inv in (inventory, contents.inventory)
    )
    assert before.tobytes() == after.tobytes()


def test_onsets_are_picks_of_their_event(tmp_path, inventory, catalog):
    stream = fake_stream(inventory, catalog[0])
    kept = len(catalog[0].picks)
    write_asdf(tmp_path / "a.h5", stream, catalog, inventory)
    picks = read_asdf(tmp_path / "a.h5").catalog[0].picks[kept:]
    assert len(catalog[0].picks) == kept  # the caller's event is left alone
    found = {(pick.waveform_id.get_seed_string(), pick.phase_hint): pick.time for pick in picks}
    for code in ("GR.FUR..HHZ", "GR.WET..HHZ", "BW.RJOB..EHZ"):
        info = next(trace for trace in stream if trace.id == code).stats.seissynth
        assert abs(found[code, "P"] - (info.origin_time + info.p_s)) < 1e-6
        assert abs(found[code, "S"] - (info.origin_time + info.s_s)) < 1e-6
    # one P and one S per sensor, though each has three components (one of them without S)
    assert len(picks) == 6


def test_tags_and_provenance_follow_the_standards(tmp_path, inventory, catalog):
    ensemble = [fake_stream(inventory, catalog[1], realization=k) for k in range(2)]
    write_asdf(tmp_path / "a.h5", ensemble, catalog, inventory)
    with pyasdf.ASDFDataSet(str(tmp_path / "a.h5"), mode="r", mpi=False) as file:
        assert file.waveform_tags == {"synthetic_e0001_r0000", "synthetic_e0001_r0001"}
        assert file.provenance.list() == ["synthetic_e0001_r0000", "synthetic_e0001_r0001"]
        trace = file.waveforms["GR.FUR"].synthetic_e0001_r0001[0]
        assert trace.stats.asdf.event_ids[0] == catalog[1].resource_id
        found = file.provenance.get_provenance_document_for_id(trace.stats.asdf.provenance_id)
        assert found["name"] == "synthetic_e0001_r0001"
        document = found["document"]
    codes = {"software_agent": "sa", "input_parameters": "in", "waveform_simulation": "ws", "waveform_trace": "wf"}
    seen = set()
    for record in document.get_records():
        if not record.is_element():
            continue
        kind = {str(value) for value in record.get_attribute("prov:type")}
        kind |= {"seis_prov:software_agent"} if kind == {"prov:SoftwareAgent"} else set()
        name = next(word for word in kind if word.startswith("seis_prov:")).split(":")[1]
        seen.add(name)
        assert record.identifier.namespace.uri == SEIS_PROV
        assert re.fullmatch(rf"sp\d{{3,5}}_{codes[name]}_[a-z0-9]{{7,12}}", record.identifier.localpart)
        assert len(record.get_attribute("prov:label")) == 1
        if name == "software_agent":
            for attribute in ("software_name", "software_version", "website"):
                assert len(record.get_attribute(f"seis_prov:{attribute}")) == 1
    assert seen == set(codes)
    inputs = next(r for r in document.get_records() if r.identifier and "_in_" in r.identifier.localpart)
    values = {key.localpart: value for key, value in inputs.extra_attributes if key.namespace.prefix == "seissynth"}
    assert values["seed"] == "7" and values["realization"] == "1" and values["backend"] == "fake"
    assert values["arguments"] == ensemble[1][0].stats.seissynth.arguments


def test_the_same_realisation_in_two_streams(tmp_path, inventory, catalog):
    pair = [fake_stream(inventory, catalog[0], seed=seed) for seed in (1, 2)]
    write_asdf(tmp_path / "a.h5", pair, catalog)
    assert_same_streams(pair, read_asdf(tmp_path / "a.h5").streams)


def test_reading_and_writing_again_changes_nothing(tmp_path, inventory, catalog):
    write_asdf(tmp_path / "a.h5", fake_stream(inventory, catalog[0]), catalog, inventory)
    first = read_asdf(tmp_path / "a.h5")
    write_asdf(tmp_path / "b.h5", first.streams, first.catalog, first.inventory)
    second = read_asdf(tmp_path / "b.h5")
    assert_same_streams(first.streams, second.streams)
    assert len(second.catalog[0].picks) == len(first.catalog[0].picks)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1).filter(lambda key: key[0] != "$"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(plain)
def test_codec_is_exact(value):
    again = from_text(to_text({"x": value}))["x"]
    # AttribDict and dict print alike but for the name
    assert repr(again).replace("AttribDict(", "(") == repr(_as_attrib(value)).replace("AttribDict(", "(")


def _as_attrib(value):
    if isinstance(value, dict):
        return AttribDict({key: _as_attrib(item) for key, item in value.items()})
    return [_as_attrib(item) for item in value] if isinstance(value, list) else value


def test_codec_refuses_what_it_cannot_keep():
    with pytest.raises(InputError, match=r"truth\.thing holds an object"):
        to_text({"truth": {"thing": object()}})


def test_a_failed_write_leaves_nothing(tmp_path, inventory, catalog, monkeypatch):
    stream = fake_stream(inventory, catalog[0])
    path = tmp_path / "a.h5"
    path.write_bytes(b"older")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(asdf, "make_document", fail)
    with pytest.raises(OSError, match="disk full"):
        write_asdf(path, stream, catalog, inventory)
    assert [item.name for item in tmp_path.iterdir()] == ["a.h5"] and path.read_bytes() == b"older"


def test_foreign_and_damaged_files(tmp_path, inventory, catalog):
    with pytest.raises(InputError, match="no such file"):
        read_asdf(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("not HDF5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1, 2]
    with pyasdf.ASDFDataSet(str(tmp_path / "empty.h5"), mode="w", mpi=False) as file:
        file.add_waveforms(obspy.read(), "raw_recording")
    write_asdf(tmp_path / "whole.h5", fake_stream(inventory, catalog[0]), catalog, inventory)
    content = (tmp_path / "whole.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    for name in ("text.h5", "other.h5", "empty.h5", "cut.h5"):
        with pytest.raises(FileFormatError, match=name):
            read_asdf(tmp_path / name)


def test_damage_inside_is_noticed(tmp_path, inventory, catalog):
    write_asdf(tmp_path / "a.h5", fake_stream(inventory, catalog[0]), catalog, inventory)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        document = file["Provenance/synthetic_e0000_r0000"]
        document[100:200] = 0
    with pytest.raises(FileFormatError, match="damaged"):
        read_asdf(tmp_path / "a.h5")


def test_what_cannot_be_written(tmp_path, inventory, catalog):
    path = tmp_path / "a.h5"
    stream = fake_stream(inventory, catalog[0])
    with pytest.raises(InputError, match="has no stats"):
        write_asdf(path, obspy.read())
    with pytest.raises(InputError, match="tag="):
        write_asdf(path, stream, tag="Bad tag")
    with pytest.raises(InputError, match="not in the catalogue"):
        write_asdf(path, stream, catalog[1])
    with pytest.raises(InputError, match="Ensemble"):
        write_asdf(path, "stream")
    with pytest.raises(InputError, match="no trace"):
        write_asdf(path, [])
    with pytest.raises(InputError, match="no folder"):
        write_asdf(tmp_path / "missing" / "a.h5", stream)
    with pytest.raises(InputError, match=r"events 1 and 4 of the catalogue both have the resource id .* leave one out"):
        write_asdf(path, stream, [*catalog, catalog[0]])
    with pytest.raises(InputError, match="same second"):
        write_asdf(path, stream + stream[:1].copy(), catalog)
    for change, message in (
        (np.ma.masked_equal(np.arange(5.0), 2), "gaps"),
        (np.zeros(5, "float16"), "float16"),
        (np.zeros(0, "float32"), "no sample"),
    ):
        broken = stream.copy()
        broken[1].data = change
        with pytest.raises(InputError, match=message):
            write_asdf(path, broken, catalog)
    assert not list(tmp_path.iterdir())


def test_sections_can_be_drawn_of_what_was_read(tmp_path):
    """Places and distances come back, which ObsPy's sections and array tools ask for."""
    inventory, event = seissynth.read_example()
    stream = seissynth.generate(inventory, event, seed=1)
    write_asdf(tmp_path / "a.h5", stream, event, inventory)
    again = read_asdf(tmp_path / "a.h5").stream
    for written, read in zip(stream, again, strict=True):
        assert read.stats.coordinates == written.stats.coordinates and read.stats.distance == written.stats.distance
