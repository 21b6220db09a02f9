"""What a call takes for granted about its earthquakes, said once; and where they are: antipodes, section plots."""

import numpy as np
import obspy
import pytest
from obspy.core.inventory import Inventory, Network, Station
from obspy_networks import ORIGIN_TIME, event, inventory, station, triple

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth.paths import find_paths

NETWORK = inventory(station("A", triple("HH")), station("B", triple("HH", place=(36.1, -117.3)), 36.1, -117.3))


def said(events, call=seissynth.generate, **options):
    """Warnings of one call."""
    import warnings

    options = {"duration": 20.0, "outside": "allow", **options}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = call(NETWORK, events, **options)
        made = list(made) if call is seissynth.iter_generate else made
    assert all(item.category is SeisSynthWarning and item.filename == __file__ for item in caught)
    return [str(item.message) for item in caught]


@pytest.mark.parametrize("kind", ["Mw", "mww", "Mwc", "M"])
def test_a_moment_magnitude_needs_no_word(kind):
    assert said(event(5.5, kind=kind)) == []


@pytest.mark.parametrize("kind", [None, "", " "])
def test_a_missing_type_is_said_once(kind):
    [text] = said(event(4.2, kind=kind), realizations=3)
    assert text.startswith("event smi:") and "magnitude 4.2 without a type, taken as Mw" in text


@pytest.mark.parametrize(("kind", "magnitude", "words"), [
    ("ML", 5.5, "ML 5.5, taken as Mw 5.5"), ("mb", 5.1, "mb 5.1, taken as Mw 5.1"), ("Ms", 6.0, "Ms 6, taken as Mw 6"),
    ("ML", 3.0, None),  # converted by a formula
])  # fmt: skip
def test_another_scale_taken_as_moment_magnitude_is_said(kind, magnitude, words):
    texts = said(event(magnitude, kind=kind))
    assert (texts == []) if words is None else (len(texts) == 1 and words in texts[0])


def test_a_catalogue_gives_one_warning_with_count_and_first_example():
    kinds = [None, "Mw", "", None]
    events = [event(3.0 + 0.1 * k, kind=kind, latitude=35.6 + 0.01 * k) for k, kind in enumerate(kinds)]
    for call in (seissynth.generate, seissynth.iter_generate):
        [text] = said(events, call)
        assert text.startswith("3 events have this") and str(events[0].resource_id) in text and "magnitude 3 " in text
    [text] = said(
        events, lambda net, some, **options: seissynth.continuous(some, net, ORIGIN_TIME, ORIGIN_TIME + 20, **options)
    )
    assert text.startswith("3 events have this")


def test_conditions_may_say_the_type():
    assert said(event(4.2, kind=None), conditions={"source_magnitude_type": "Mw"}) == []


@pytest.mark.parametrize(("depth_m", "hint"), [
    (8.0, True), (33.0, True), (0.5, True), (0.0, False), (-200.0, False), (100.0, False), (8000.0, False),
])  # fmt: skip
def test_a_depth_like_kilometres_is_hinted_at(depth_m, hint):
    texts = said(event(4.0, depth_km=depth_m / 1000))
    assert len(texts) == hint
    if hint:
        assert f"a depth of {depth_m:g} m" in texts[0] and "QuakeML counts depths in metres" in texts[0]


def test_the_built_in_example_needs_no_word():
    seissynth.generate(*seissynth.read_example(), duration=40.0)


@pytest.mark.parametrize(("place", "kilometres"), [
    # Karney (2013), table of GeodSolve's manual: a pair for which Vincenty's iteration does not converge
    ((0.5, 179.5), 19936.288578965), ((0.0, 180.0), 20003.931458625), ((0.5, 179.7), 19944.127421),
])  # fmt: skip
def test_near_the_antipodes_distances_are_right(place, kilometres):
    net = Inventory([Network("XX", stations=[Station("FAR", *place, 0.0)])])
    quake = next(iter(seissynth.events.earthquakes.read_earthquakes(event(6.0, latitude=0.0, longitude=0.0))))
    paths = find_paths(net, quake)
    assert paths.distance_km[0] == pytest.approx(kilometres, abs=1e-5)
    assert 1180 < paths.onsets.p_s[0] < 1220  # PKIKP


# --- where records stand


def test_traces_know_where_they_stand():
    made = seissynth.generate(NETWORK, event(), duration=30.0)
    for trace in made:
        wanted = NETWORK.get_coordinates(trace.id, ORIGIN_TIME)
        assert dict(trace.stats.coordinates) == pytest.approx(wanted)
        metres, _, _ = obspy.geodetics.gps2dist_azimuth(35.7, -117.5, wanted["latitude"], wanted["longitude"])
        assert trace.stats.distance == pytest.approx(metres, abs=1e-3)
    many = seissynth.generate(NETWORK, event(), duration=30.0, realizations=2)
    assert many[1][0].stats.distance == made[0].stats.distance


def test_obspys_section_and_array_tools_take_them():
    from obspy.signal.array_analysis import get_geometry

    vertical = seissynth.generate(NETWORK, event(), duration=30.0).select(component="Z")
    figure = vertical.plot(type="section", handle=True, show=False)
    assert figure is not None
    for trace in vertical:
        del trace.stats["distance"]
    assert vertical.plot(type="section", dist_degree=True, ev_coord=(35.7, -117.5), handle=True, show=False)
    geometry = get_geometry(vertical, coordsys="lonlat")
    assert geometry.shape == (2, 3) and np.hypot(*(geometry[0] - geometry[1])[:2]) == pytest.approx(28.6, abs=0.2)


def test_they_survive_files(tmp_path):
    quake = event()
    made = seissynth.generate(NETWORK, quake, duration=30.0, realization=1)
    for name in ("a.mseed", "a.h5"):
        seissynth.write(tmp_path / name, made, event=quake, inventory=NETWORK)
    written = seissynth.write(tmp_path / "{station}.{channel}.sac", made, event=quake, inventory=NETWORK)
    sac = obspy.read(str(written[0]))[0].stats
    first = next(trace for trace in made if trace.stats.channel == sac.channel and trace.stats.station == sac.station)
    assert sac.sac.stla == pytest.approx(first.stats.coordinates.latitude, abs=1e-4)
    assert sac.sac.dist == pytest.approx(first.stats.distance / 1000, rel=1e-6)
    for form in ("MSEED", "SAC", "PICKLE"):  # ObsPy's own writers
        made.copy().write(str(tmp_path / f"b.{form}"), format=form)
    assert seissynth.reproduce(tmp_path / "a.h5").equal
