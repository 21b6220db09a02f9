"""Sensors over time are those that are chosen for each time by itself, in operation or not."""

import obspy
import pytest
from obspy import UTCDateTime

import seissynth
from seissynth.errors import InputError, SeisSynthWarning
from seissynth.stations import open_sensors
from seissynth.stations.channels import select_sensors
from seissynth.stations.open_sensors import OpenSensors, changes_ns


@pytest.fixture
def inventory():
    """Two stations, of which one changes its channels within 2010 and one is closed after it."""
    inventory = obspy.read_inventory().select(network="GR")
    for network in inventory:
        network.start_date = network.end_date = None
        for station in network:
            station.start_date = station.end_date = None
            for channel in station:
                channel.start_date, channel.end_date = UTCDateTime(2000, 1, 1), UTCDateTime(2020, 1, 1)
    first = inventory[0][0]
    for channel in first:
        if channel.code.startswith("HH"):
            channel.end_date = UTCDateTime(2010, 6, 1)
    return inventory


def _ids(sensors):
    return [(one.id, one.channels[0].sampling_rate_hz) for one in sensors]


def test_sensors_are_those_of_each_time(inventory, monkeypatch):
    times = ["2010-01-01", "2010-05-31T23:59:59.999", "2010-06-01", "2010-06-02", "2010-01-02"]
    alone = [_ids(select_sensors(inventory, time)) for time in times]
    assert alone[0] != alone[2], "the epochs make no difference"
    calls = []
    chosen = open_sensors.choose_sensors
    monkeypatch.setattr(open_sensors, "choose_sensors", lambda *given: calls.append(given) or chosen(*given))
    sensors = OpenSensors(inventory)
    assert [_ids(sensors.at(time)) for time in times] == alone
    assert len(calls) == 2  # before and after the change
    assert UTCDateTime(2010, 6, 1).ns in changes_ns(inventory)


@pytest.mark.parametrize("year", [1, 1600, 2599, 9999])
def test_epochs_may_end_when_nobody_knows(inventory, year):
    for channel in inventory[0][1]:
        channel.start_date, channel.end_date = (UTCDateTime(year, 1, 1), None) if year < 2000 else (
            UTCDateTime(2000, 1, 1), UTCDateTime(year, 1, 1)
        )  # fmt: skip
    assert _ids(OpenSensors(inventory).at("2010-01-01")) == _ids(select_sensors(inventory, "2010-01-01"))


def test_what_is_said_of_a_time_is_said_for_each(inventory, monkeypatch):
    inventory[0][1].end_date = UTCDateTime(2009, 1, 1)
    calls, chosen = [], open_sensors.choose_sensors
    monkeypatch.setattr(open_sensors, "choose_sensors", lambda *given: calls.append(given) or chosen(*given))
    sensors = OpenSensors(inventory)
    for day in (1, 2, 3):
        with pytest.warns(SeisSynthWarning, match=f"is not open at 2010-01-0{day}"):
            sensors.at(f"2010-01-0{day}")
    assert len(calls) == 1
    with pytest.raises(InputError, match="2030-01-01"):
        OpenSensors(inventory).at("2030-01-01")
    with pytest.raises(InputError, match=r"must be an obspy\.Inventory"):
        OpenSensors("inventory").at("2010-01-01")
    with pytest.raises(InputError, match="cannot be read as a UTCDateTime"):
        sensors.at("yesterday")


def test_a_catalogue_over_a_change_of_channels_is_made_as_event_by_event(inventory):
    _, event = seissynth.read_example()
    events = []
    for day in ("2010-05-31", "2010-06-02", "2010-06-03"):
        events.append(event.copy())
        events[-1].origins[0].time = UTCDateTime(day)
        events[-1].origins[0].latitude = inventory[0][0].latitude + 0.3
        events[-1].origins[0].longitude = inventory[0][0].longitude
    options = {"seed": 4, "duration": 60, "outside": "skip"}
    together = seissynth.generate(inventory, events, **options)
    apart = [trace for one in events for trace in seissynth.generate(inventory, one, **options)]
    assert [trace.id for trace in together] == [trace.id for trace in apart]
    assert len({trace.id for trace in together}) > 3
    for one, other in zip(together, apart, strict=True):
        assert (one.data == other.data).all()
