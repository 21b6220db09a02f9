"""outside="skip": the rest is made, bit for bit as without what is left out, and one warning names that."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from obspy.core.event import Catalog
from obspy.core.inventory import Inventory, Network, Station
from typer.testing import CliRunner

import seissynth
from seissynth.errors import DomainError, InputError, SeisSynthWarning
from seissynth.records import Records
from seissynth.testing.check import Ricker

DURATION = {"duration": 40.0}


class Near(Ricker):
    """Made for 25 to 75 km, magnitudes to 6 and depths to 20 km."""

    card = replace(
        Ricker.card, name="near", distance_range_km=(25.0, 75.0), magnitude_range=(1.0, 6.0), depth_range_km=(0.0, 20.0)
    )


class OfSource(Near):
    """Puts its source's first sample into the records, so that a row's source is known."""

    card = replace(Near.card, name="of_source", capabilities=Near.card.capabilities | {"source_records"})

    def simulate(self, conditions, *, source=None, **request):
        records = super().simulate(conditions, **request)
        records.data[:, :, 0] = source.data[:, :, 0]
        return records


@pytest.fixture
def event():
    return seissynth.read_example()[1].copy()


@pytest.fixture
def network(event):
    """Stations 11 km apart, due north; the epicentre is 0 km from S0."""
    origin = event.preferred_origin()
    stations = [Station(f"S{k}", origin.latitude + 0.1 * k, origin.longitude, 0.0) for k in range(10)]
    return Inventory([Network("XX", stations=stations)])


def another(event, seconds, **changes):
    """The same earthquake later, of another size or depth."""
    made = event.copy()
    made.resource_id = f"smi:local/after_{seconds}"
    origin = made.origins[0]
    origin.time += seconds
    if "depth" in changes:
        origin.depth = changes["depth"]
    if "magnitude" in changes:
        made.magnitudes[0].mag = changes["magnitude"]
    return made


def said(function, *args, **kwargs):
    """What a call returns, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = function(*args, **kwargs)
    return made, [str(item.message) for item in caught if "left out" in str(item.message)]


def by_id(stream):
    return {(trace.id, str(trace.stats.starttime)): trace.data.tobytes() for trace in stream}


def test_the_rest_is_made_bit_for_bit_and_one_warning_names_what_is_not(network, event):
    everything = by_id(seissynth.generate(network, event, backend=Near, outside="allow", **DURATION))
    stream, texts = said(seissynth.generate, network, event, backend=Near, outside="skip", **DURATION)
    made = by_id(stream)
    assert {key[0].split(".")[1] for key in made} == {f"S{k}" for k in range(3, 7)}
    assert made == {key: everything[key] for key in made}
    [text] = texts
    assert text.startswith("near: 6 of 10 stations are outside its range for event ")
    distances = {name: float(value) for name, value in re.findall(r"XX\.(S\d) \(([\d.]+) km \(hypocentral\)\)", text)}
    assert set(distances) == {"S0", "S1", "S2", "S7", "S8", "S9"}
    depth = event.preferred_origin().depth / 1000
    assert distances["S9"] == pytest.approx(np.hypot(0.9 * 111.1, depth), rel=2e-3)
    assert text.endswith("it was made for 25 to 75 km.")


@pytest.mark.parametrize("change", [{"magnitude": 7.25}, {"depth": 33_000.0}])
def test_an_event_outside_is_left_out_as_a_whole_and_named(network, event, change):
    inside = network.select(station="S[456]")
    catalog = Catalog([event, another(event, 500, **change), another(event, 1000)])
    stream, texts = said(seissynth.generate, inside, catalog, backend=Near, outside="skip", **DURATION)
    expected = seissynth.generate(inside, Catalog([catalog[0], catalog[2]]), backend=Near, **DURATION)
    assert by_id(stream) == by_id(expected)
    [text] = texts
    value = (
        "magnitude 7.25; it was made for 1 to 6" if "magnitude" in change else "33 km deep; it was made for 0 to 20 km"
    )
    assert f"event smi:local/after_500 is outside its range and left out ({value})" in text


def test_several_events_give_one_warning_of_generate_and_one_each_of_iter_generate(network, event):
    catalog = Catalog([event, another(event, 500, magnitude=7.0), another(event, 1000, magnitude=8.0)])
    _, texts = said(seissynth.generate, network, catalog, backend=Near, outside="skip", **DURATION)
    [text] = texts
    assert "after_500" in text and "after_1000" in text and "XX.S9" in text
    given = seissynth.iter_generate(network, catalog, backend=Near, outside="skip", **DURATION)
    made, texts = said(list, given)
    assert [len(stream) for stream in made] == [12] and len(texts) == 3


def test_realisations(network, event):
    arguments = {"backend": Near, "realizations": 2, **DURATION}
    everything = seissynth.generate(network, event, outside="allow", **arguments)
    ensemble, texts = said(seissynth.generate, network, event, outside="skip", **arguments)
    assert len(texts) == 1 and len(ensemble) == 2
    for stream, whole in zip(ensemble, everything, strict=True):
        assert len(stream) == 12 and by_id(stream).items() <= by_id(whole).items()


def test_nothing_inside_is_an_error_that_says_why(network, event):
    far = network.select(station="S[89]")
    with pytest.raises(DomainError, match=r"near: outside=\"skip\" leaves nothing to make.*XX\.S8 .*XX\.S9"):
        seissynth.generate(far, event, backend=Near, outside="skip", **DURATION)
    with pytest.raises(DomainError, match=r"magnitude 7; it was made for 1 to 6"):
        seissynth.generate(network, another(event, 1, magnitude=7.0), backend=Near, outside="skip", **DURATION)
    with warnings.catch_warnings(action="ignore"), pytest.raises(DomainError, match="leaves nothing"):
        list(seissynth.iter_generate(far, [event, event], backend=Near, outside="skip", **DURATION))
    start = event.preferred_origin().time
    with pytest.raises(DomainError, match="leaves nothing"):
        seissynth.continuous([event], far, start, start + 60, backend=Near, outside="skip")


def test_continuous(network, event):
    start = event.preferred_origin().time - 10
    catalog = [event, another(event, 30, magnitude=7.0)]
    stream, texts = said(
        seissynth.continuous, catalog, network, start, start + 60, backend=Near, outside="skip", sampling_rate=20.0
    )
    inside = network.select(station="S[3456]")
    expected = seissynth.continuous([event], inside, start, start + 60, backend=Near, sampling_rate=20.0)
    [text] = texts
    assert "after_30" in text and "XX.S0 (" in text
    assert len(stream) == 30 and not any(trace.data.any() for trace in stream.select(station="S[0127-9]"))
    assert by_id(stream.select(station="S[3456]")) == by_id(expected)


def test_sources_stay_with_their_sites(network, event):
    source = Records(np.arange(1.0, 11)[:, None, None] * np.ones((10, 3, 50)), np.zeros(10))
    stream, _ = said(seissynth.generate, network, event, backend=OfSource, source=source, outside="skip", **DURATION)
    assert {trace.stats.station: trace.data[0] for trace in stream} == {"S3": 4, "S4": 5, "S5": 6, "S6": 7}


def test_data_sets(network, event, tmp_path):
    catalog = Catalog([event, another(event, 500, magnitude=7.0)])
    arguments = {"backend": Near, "duration": 20.0, "block_records": 5}
    report, texts = said(seissynth.make_dataset, tmp_path / "made", network, catalog, outside="skip", **arguments)
    assert report.records == 4 and report.left_out == {"outside the backend's range": 16}
    [text] = texts
    assert "XX.S9, event" in text and "after_500 (" in text and "magnitude 7; it was made for 1 to 6" in text
    _, texts = said(
        seissynth.make_dataset, tmp_path / "plan", network, catalog, outside="skip", dry_run=True, **arguments
    )
    assert len(texts) == 1
    with pytest.raises(InputError, match=r"no record can be made.*XX\.S8"):
        seissynth.make_dataset(tmp_path / "none", network.select(station="S[89]"), event, outside="skip", **arguments)
    _, texts = said(seissynth.make_dataset, tmp_path / "quiet", network, catalog, **arguments)
    assert not texts


def test_the_command_line(network, event, tmp_path, monkeypatch):
    from seissynth.cli import make_app

    monkeypatch.chdir(tmp_path)
    network[0].stations.append(Station("FAR", -event.preferred_origin().latitude, 10.0, 0.0))
    network.select(station="[SF][9A]*").write("stations.xml", format="STATIONXML")
    event.write("event.xml", format="QUAKEML")
    words = ["-i", "stations.xml", "--outside", "skip", "--duration", "10"]
    result = CliRunner().invoke(make_app(), ["generate", *words, "-e", "event.xml", "-o", "a.mseed"])
    assert result.exit_code == 0, result.output
    [line] = [line for line in result.stderr.splitlines() if "left out" in line]
    assert "1 of 2 stations" in line and "XX.FAR (" in line and "0 to 600 km" in line
    result = CliRunner().invoke(make_app(), ["dataset", "make", *words, "-c", "event.xml", "-o", "made"])
    assert result.exit_code == 0, result.output
    assert "XX.FAR, event" in result.stderr


def test_a_word_that_is_none(network, event):
    with pytest.raises(InputError, match="'raise', 'skip', 'warn', 'allow'"):
        seissynth.generate(network, event, backend=Near, outside="leave")


def test_warnings_are_those_of_seissynth(network, event):
    with pytest.warns(SeisSynthWarning, match="left out") as caught:
        seissynth.generate(network, event, backend=Near, outside="skip", **DURATION)
    assert caught[0].filename == __file__
