"""Sensors from inventories: hand-made ones with one thing wrong each, and all that come with ObsPy."""

import warnings

import numpy as np
import obspy
import pytest
from obspy import UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network, Response, Station
from obspy.core.inventory.response import InstrumentSensitivity
from obspy_files import station_xml_inventories

from seissynth.errors import InputError, SeisSynthWarning
from seissynth.stations.channels import BAND_INSTRUMENT_PREFERENCE, band_code, group_sites, select_sensors

T = UTCDateTime(2020, 1, 1)
POINTING = {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0), "1": (0.0, 0.0), "2": (90.0, 0.0)}


def channel(code, location="", rate=100.0, units="M/S", **changes):
    azimuth, dip = POINTING.get(code[-1], (None, None))
    response = Response(instrument_sensitivity=InstrumentSensitivity(1e9, 1.0, units, "COUNTS")) if units else None
    values = {"latitude": 48.0, "longitude": 11.0, "elevation": 500.0, "depth": 0.0, "azimuth": azimuth, "dip": dip,
              "sample_rate": rate, "response": response} | changes  # fmt: skip
    return Channel(code, location, **values)


def triple(prefix, location="", components="ZNE", **changes):
    return [channel(prefix + component, location, **changes) for component in components]


def inventory(*stations, **changes):
    """One network XX with stations given as (code, channels) or Station."""
    made = [
        item if isinstance(item, Station) else Station(item[0], 48.0, 11.0, 500.0, channels=item[1])
        for item in stations
    ]
    return Inventory(networks=[Network("XX", stations=made, **changes)], source="test")


def ids(sensors):
    return [sensor.id for sensor in sensors]


# --- which channels


def test_one_instrument_per_station_by_preference():
    everything = (
        triple("LH") + triple("HN") + triple("BH") + triple("HH") + triple("EH") + [channel("HDF"), channel("VMZ")]
    )
    assert ids(select_sensors(inventory(("A", everything)), T)) == ["XX.A..HH"]
    for gone, left in (("HH", "BH"), ("BH", "EH"), ("EH", "HN"), ("HN", "LH")):
        everything = [item for item in everything if item.code[:2] != gone]
        assert ids(select_sensors(inventory(("A", everything)), T)) == [f"XX.A..{left}"]


def test_preference_puts_seismometers_first_and_slow_channels_last():
    order = BAND_INSTRUMENT_PREFERENCE.index
    assert order("HH") < order("BH") < order("EH") < order("HN") < order("MH") < order("LH") < order("VH") < order("UH")
    assert len(set(BAND_INSTRUMENT_PREFERENCE)) == len(BAND_INSTRUMENT_PREFERENCE)


def test_channels_come_in_the_order_z_n_e():
    sensor = select_sensors(inventory(("A", triple("HH", components="NEZ"))), T)[0]
    assert [item.code for item in sensor.channels] == ["HHZ", "HHN", "HHE"]
    assert (sensor.network, sensor.station, sensor.location, sensor.band_instrument) == ("XX", "A", "", "HH")
    assert (sensor.latitude_deg, sensor.longitude_deg, sensor.elevation_m, sensor.depth_m) == (48.0, 11.0, 500.0, 0.0)
    assert sensor.sampling_rate_hz == 100.0 and not sensor.synthetic


def test_locations_empty_or_00_first_but_complete_before_all():
    both = inventory(("A", triple("HH", "10") + triple("HH", "00")))
    assert ids(select_sensors(both, T)) == ["XX.A.00.HH"]
    assert ids(select_sensors(both, T, channel="*")) == ["XX.A.00.HH", "XX.A.10.HH"]
    assert ids(select_sensors(inventory(("A", [*triple("HH", "10"), channel("HHZ", "00")])), T)) == ["XX.A.10.HH"]


@pytest.mark.parametrize(("patterns", "wanted"), [
    ("HN?", ["HN"]), ("HN*,BH?", ["BH", "HN"]), (["BH?", "HN?"], ["BH", "HN"]),
    ("*", ["HH", "BH", "HN"]), ("hh?", ["HH"]),
])  # fmt: skip
def test_patterns(patterns, wanted):
    found = select_sensors(inventory(("A", triple("HN") + triple("HH") + triple("BH") + [channel("HDF")])), T, patterns)
    assert [sensor.band_instrument for sensor in found] == wanted


def test_a_pattern_for_one_component_gives_one_channel_without_a_word():
    sensor = select_sensors(inventory(("A", triple("HH"))), T, "HHZ")[0]
    assert [item.code for item in sensor.channels] == ["HHZ"]


@pytest.mark.parametrize("patterns", ["", ["HH?", ""], 5, [None]])
def test_bad_patterns(patterns):
    with pytest.raises(InputError, match="pattern"):
        select_sensors(inventory(("A", triple("HH"))), T, patterns)


@pytest.mark.parametrize("item", [channel("HDF", units="PA"), channel("HHZ", units="PA"), channel("VMZ"),
                                  channel("LKS"), channel("HJZ", units="RAD/S"), channel("HH")])  # fmt: skip
def test_what_is_no_ground_motion_is_never_taken(item):
    assert ids(select_sensors(inventory(("A", [*triple("EH"), item])), T, "*")) == ["XX.A..EH"]
    with pytest.raises(InputError, match=r"XX\.B has no channel of ground motion"):
        select_sensors(inventory(("B", [item])), T, "*")


def test_channels_without_a_response_are_taken():
    assert ids(select_sensors(inventory(("A", triple("HH", units=None))), T)) == ["XX.A..HH"]


@pytest.mark.parametrize("units", ["COUNTS", "V", "counts", "volts", "COUNTS/V", "", None, "UNKNOWN"])
def test_a_response_that_tells_nothing_of_the_ground_leaves_it_to_the_code(units):
    """A digitiser's own response, or one without units, or an empty one: HHZ is ground motion all the same."""
    sensitivity = InstrumentSensitivity(1e6, 1.0, units, "COUNTS")
    for response in (Response(instrument_sensitivity=sensitivity), Response()):
        items = [channel(f"HH{letter}", response=response) for letter in "ZNE"]
        assert ids(select_sensors(inventory(("A", items)), T)) == ["XX.A..HH"]


def test_channels_of_one_instrument_that_stand_apart_get_a_place_each():
    items = triple("HH")
    items[1].latitude, items[2].depth = 48.01, 50.0
    with pytest.warns(SeisSynthWarning) as caught:
        sensors = select_sensors(inventory(("A", items)), T)
    said = [str(item.message) for item in caught if "is not co-located" in str(item.message)]
    assert len(said) == 2 and "HHN" in said[0] and "48.01000" in said[0] and "50 m deep" in said[1]
    places = {one.code: (s.latitude_deg, s.depth_m) for s in sensors for one in s.channels}
    assert places == {"HHZ": (48.0, 0.0), "HHN": (48.01, 0.0), "HHE": (48.0, 50.0)}
    assert len(group_sites(sensors)) == 3
    # a channel that is not asked for does not matter, and a few metres of elevation do not part a sensor
    assert len(select_sensors(inventory(("A", items)), T, "HHZ")) == 1
    items = triple("HH")
    items[1].elevation = 503.0
    assert len(select_sensors(inventory(("A", items)), T)) == 1


# --- epochs


def test_epochs_start_closed_and_end_open():
    def at(start, end):
        return inventory(("A", triple("HH", start_date=start, end_date=end)), ("B", triple("HH")))

    assert len(select_sensors(at(T, None), T)) == 2
    assert len(select_sensors(at(None, T + 1), T)) == 2
    for start, end in ((T + 1, None), (None, T), (T - 9, T)):
        with pytest.warns(SeisSynthWarning, match=r"XX\.A has no channel open at 2020"):
            assert ids(select_sensors(at(start, end), T)) == ["XX.B..HH"]


def test_station_and_network_epochs_count_too():
    closed = Station("A", 48.0, 11.0, 500.0, channels=triple("HH"), end_date=T - 1)
    with pytest.warns(SeisSynthWarning, match=r"XX\.A is not open .*ever to 2019-12-31T23:59:59"):
        assert ids(select_sensors(inventory(closed, ("B", triple("HH"))), T)) == ["XX.B..HH"]
    with pytest.raises(InputError, match=r"XX\.A.*not open"):
        select_sensors(inventory(("A", triple("HH")), start_date=T + 1), T)


def test_station_epochs_in_several_objects_are_one_station():
    stations = [
        Station("A", 48.0, 11.0, 500.0, channels=triple("EH"), end_date=T - 100),
        Station("A", 48.0, 11.0, 500.0, channels=triple("HH"), start_date=T - 100),
    ]
    assert ids(select_sensors(inventory(*stations), T)) == ["XX.A..HH"]
    assert ids(select_sensors(inventory(*stations), T - 200)) == ["XX.A..EH"]


def test_of_overlapping_epochs_the_latest_start_wins():
    old, new = (triple("HH", rate=rate, start_date=start) for rate, start in ((50.0, T - 900), (200.0, T - 300)))
    for order in (old + new, new + old):
        with pytest.warns(SeisSynthWarning, match="open more than once.*HHE.*starts last"):
            sensors = select_sensors(inventory(("A", order)), T)
        assert [sensor.sampling_rate_hz for sensor in sensors] == [200.0]


# --- metadata that are missing


def test_a_station_without_channels_gets_three_synthetic_ones():
    sensor = select_sensors(inventory(("A", [])), T)[0]
    assert [item.code for item in sensor.channels] == ["HHZ", "HHN", "HHE"]
    assert all(item.synthetic and item.response is None and item.sampling_rate_hz == 100.0 for item in sensor.channels)
    np.testing.assert_allclose(sensor.direction_matrix(), np.eye(3), atol=1e-15)
    assert ids(select_sensors(inventory(("A", [])), T, "HH?")) == ["XX.A..HH"]
    with pytest.raises(InputError, match="synthetic"):
        select_sensors(inventory(("A", [])), T, "BH?")


@pytest.mark.parametrize(("rate", "code"), [
    (6000, "J"), (1000, "F"), (500, "C"), (250, "C"), (249.9, "H"), (80, "H"), (79.9, "B"), (10, "B"), (9.9, "M"),
    (2, "M"),
    (1, "L"), (0.5, "V"), (0.1, "V"), (0.01, "U"), (0.001, "W"), (0.0001, "R"), (1e-5, "P"), (1e-6, "T"), (1e-9, "Q"),
])  # fmt: skip
def test_band_codes_of_the_seed_manual(rate, code):
    assert band_code(rate) == code


def test_band_code_needs_a_rate():
    with pytest.raises(InputError, match="above 0"):
        band_code(0)


def test_missing_coordinates():
    station = Station("A", 47.0, 10.0, 300.0, channels=triple("HH"))
    for item in station.channels:
        item._latitude = item._longitude = item._elevation = None  # as a reader leaves them that found none
    sensor = select_sensors(inventory(station), T)[0]
    assert (sensor.latitude_deg, sensor.longitude_deg, sensor.elevation_m) == (47.0, 10.0, 300.0)
    station._latitude = None
    with pytest.warns(SeisSynthWarning, match=r"HHZ, HHN, HHE of station XX\.A has no coordinates"):
        assert ids(select_sensors(inventory(station, ("B", triple("HH"))), T)) == ["XX.B..HH"]
    bare = Station("C", 47.0, 10.0, 300.0)
    bare._longitude = None
    with pytest.warns(SeisSynthWarning, match=r"XX\.C has no coordinates"):
        assert ids(select_sensors(inventory(bare, ("B", triple("HH"))), T)) == ["XX.B..HH"]


@pytest.mark.parametrize("rate", [None, 0.0])
def test_a_channel_without_sampling_rate_is_left_out(rate):
    with pytest.warns(SeisSynthWarning, match=rf"HHZ, HHN, HHE of station XX\.A has the sampling rate {rate}"):
        found = select_sensors(inventory(("A", triple("HH", rate=rate) + triple("BH"))), T)
    assert ids(found) == ["XX.A..BH"]


def test_orientation_is_inferred_from_the_code_and_said():
    for components in ("ZNE", "Z12"):
        silent = inventory(("A", triple("HH", components=components, azimuth=None, dip=None)))
        with pytest.warns(SeisSynthWarning, match=r"has no azimuth and dip; taken from its code"):
            sensor = select_sensors(silent, T)[0]
        np.testing.assert_allclose(sensor.direction_matrix(), np.eye(3), atol=1e-15)
    items = [*triple("HH"), channel("HHU")]
    with pytest.warns(SeisSynthWarning, match="HHU.*does not say how it points"):
        assert len(select_sensors(inventory(("A", items)), T)[0].channels) == 3


def test_a_vertical_channel_needs_no_azimuth():
    items = [channel("HHZ", azimuth=None), *triple("HH", components="NE")]
    assert len(select_sensors(inventory(("A", items)), T)[0].channels) == 3


# --- directions


def test_directions_over_up_north_east():
    items = [
        channel("HHZ", dip=90.0), channel("HH1", azimuth=30.0), channel("HH2", azimuth=120.0),
    ]  # fmt: skip
    matrix = select_sensors(inventory(("A", items)), T)[0].direction_matrix()
    half, root = 0.5, np.sqrt(3) / 2
    np.testing.assert_allclose(matrix, [[-1, 0, 0], [0, root, half], [0, -half, root]], atol=1e-15)


def test_a_galperin_set_is_orthonormal_and_points_up():
    tilt = -np.degrees(np.arcsin(1 / np.sqrt(3)))
    items = [
        channel(f"HH{name}", azimuth=azimuth, dip=tilt) for name, azimuth in (("U", 270.0), ("V", 30.0), ("W", 150.0))
    ]
    matrix = select_sensors(inventory(("A", items)), T)[0].direction_matrix()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(matrix[:, 0], 1 / np.sqrt(3))


def test_a_set_that_does_not_span_space_is_said_and_projected():
    flat = [*triple("HH", components="NE"), channel("HHZ", dip=0.0, azimuth=45.0)]
    for items in (flat, triple("HH", components="Z"), triple("HH", components="ZN")):
        with pytest.warns(SeisSynthWarning, match="do not span three axes"):
            sensor = select_sensors(inventory(("A", items)), T)[0]
        np.testing.assert_allclose(np.linalg.norm(sensor.direction_matrix(), axis=1), 1)
    np.testing.assert_allclose(
        select_sensors(inventory(("A", triple("HH"))), T, "HHE")[0].direction_matrix(), [[0, 0, 1]], atol=1e-15
    )


# --- sites


def test_sensors_at_one_place_share_a_site():
    items = (
        triple("HH", latitude=48.0)
        + triple("HN", latitude=48.00001, depth=1.0)
        + triple("BH", "10", depth=100.0)
        + triple("EH", "20", longitude=11.0002)
    )
    sites = group_sites(select_sensors(inventory(("A", items), ("B", triple("HH"))), T, "*"))
    assert [ids(site) for site in sites] == [["XX.A..HH", "XX.A..HN"], ["XX.A.10.BH"], ["XX.A.20.EH"], ["XX.B..HH"]]


def test_the_date_line_does_not_part_a_site():
    items = triple("HH", longitude=179.999998) + triple("HN", longitude=-179.999998)
    assert len(group_sites(select_sensors(inventory(("A", items)), T, "*"))) == 1


# --- nothing left, and the files that come with ObsPy


def test_nothing_left_says_what_was_found_and_what_to_do():
    with pytest.raises(InputError, match=r"no station.*read_inventory"):
        select_sensors(Inventory(networks=[], source="test"), T)
    with pytest.raises(InputError, match=r"1 station\(s\): XX\.A.*BHZ.*another `channel`"):
        select_sensors(inventory(("A", triple("BH"))), T, "HN?")
    with pytest.raises(InputError, match=r"Stream; it must be an obspy\.Inventory"):
        select_sensors(obspy.Stream(), T)
    with pytest.raises(InputError, match="UTCDateTime"):
        select_sensors(inventory(("A", triple("BH"))), "yesterday-ish")


def times_within(inventory):
    starts = {x.start_date.ns for n in inventory for s in n for x in (s, *s.channels) if x.start_date is not None}
    return [UTCDateTime(ns=start) + shift for start in sorted(starts)[:12] for shift in (-1, 0, 86400)] or [T]


def test_every_station_xml_of_obspy_gives_sensors_or_one_clear_error():
    files = station_xml_inventories()
    assert len(files) > 40
    good, refused = set(), set()
    for name, content in files:
        for time in times_within(content):
            for pattern in (None, "*"):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SeisSynthWarning)  # any other category is an error
                    try:
                        sensors = select_sensors(content, time, pattern)
                    except InputError as error:
                        assert len(str(error)) > 60, name  # noqa: PT017 (some are good)
                        refused.add(name)
                        continue
                good.add(name)
                for sensor in sensors:
                    matrix = sensor.direction_matrix()
                    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1)
                    assert sensor.sampling_rate_hz > 0 and abs(sensor.latitude_deg) <= 90
                assert sum(map(len, group_sites(sensors))) == len(sensors)
    assert len(good) > 20 and len(refused) > 10


def test_the_example_inventory_by_epoch():
    inventory = obspy.read_inventory()
    assert ids(select_sensors(inventory, "2010-01-01")) == ["GR.FUR..HH", "GR.WET..HH", "BW.RJOB..EH"]
    with pytest.warns(SeisSynthWarning, match=r"GR\.(FUR|WET) is not open"):
        assert ids(select_sensors(inventory, "2003-01-01")) == ["BW.RJOB..EH"]
