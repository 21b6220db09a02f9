"""Picks of catalogues at the stations of an inventory: phases, names, and what is said of those that fit nothing."""

import pytest
from archives import ORIGINS, START, catalog, counts, motion, network
from obspy.core.event import Event, Pick, WaveformStreamID

from seissynth.data.cutting.cut import CutSettings, cut_events
from seissynth.errors import SeisSynthWarning
from seissynth.events.picks import first_picks, phase_of
from seissynth.io.asdf_rows import pick_columns
from seissynth.io.seisbench import Dataset


def pick(after, hint, *codes):
    return Pick(time=START + after, phase_hint=hint, waveform_id=WaveformStreamID(*codes), evaluation_mode="manual")


def found(picks, stations):
    at, nowhere, unclear = first_picks(Event(picks=picks), stations)
    return {key: round(one.time - START, 3) for key, one in at.items()}, nowhere, unclear


def test_first_arrivals_by_any_of_their_names():
    for hint in ("P", "p", "Pg", "Pn", "pg", "P*", "Pb", "Pdiff", "PKPdf", "iP", "EP", "IPU0", " P "):
        assert phase_of(hint) == "P", hint
    for hint in ("S", "s", "Sg", "Sn", "sn", "S*", "eS", "ES"):
        assert phase_of(hint) == "S", hint
    for hint in ("", None, "pP", "sP", "sS", "pwP", "PP", "SS", "PS", "PmP", "SmS", "PcP", "ScS", "Lg", "Rg", "AML"):
        assert phase_of(hint) == "", hint
    for hint in ("PnPn", "PgPg", "SnSn", "PnS", "P'P'", "pmax", "Smax"):
        assert phase_of(hint) == "", hint


def test_names_without_network_with_another_and_with_other_sensors():
    stations = ["XX.A", "XX.B", "YY.B"]
    at, nowhere, unclear = found(
        [
            pick(5.0, "Pg", None, "A"), pick(4.5, "P", "ZZ", "A "), pick(9.0, "sn", "XX", "A", "10", "EHN"),
            pick(6.0, "P", None, "B"), pick(6.5, "P", "YY", "B"), pick(7.0, "S", "XX", "FAR"),
            pick(1.0, "pP", "XX", "A"),
        ],
        stations,
    )  # fmt: skip
    assert at == {("XX.A", "P"): 4.5, ("XX.A", "S"): 9.0, ("YY.B", "P"): 6.5}
    assert (nowhere, unclear) == (["XX.FAR"], [".B"])


def test_a_name_in_full_goes_before_an_earlier_one_without_network():
    at, *_ = found([pick(4.0, "P", None, "A"), pick(5.0, "P", "XX", "A"), pick(8.0, "S", None, "A")], ["XX.A"])
    assert at == {("XX.A", "P"): 5.0, ("XX.A", "S"): 8.0}


@pytest.mark.parametrize("codes", [(None, "A"), ("XX", "A", "77", "BHZ"), ("ISC", "A")], ids=str)
def test_windows_are_cut_with_such_picks(tmp_path, codes):
    inv, events = network(), catalog()
    events[0].picks = [pick(ORIGINS[0] + 4.0, "p", *codes), pick(ORIGINS[0] + 7.0, "Sn", *codes)]
    cut_events(counts(motion(inv)), inv, events, tmp_path / "out", CutSettings(noise_windows=0, picker=None))
    table = Dataset(tmp_path / "out").metadata
    assert table["trace_p_origin"][0] == table["trace_s_origin"][0] == "catalogue"
    assert (table["trace_p_arrival_sample"][0], table["trace_s_arrival_sample"][0]) == (400.0, 700.0)


def test_picks_of_no_station_or_of_several_are_counted_once(tmp_path):
    inv, events = network(), catalog()
    for number, one in enumerate(events):
        one.picks = [pick(ORIGINS[number] + 4.0, "P", "XX", code) for code in ("Q", "R", "T", "U")]
    stream, settings = counts(motion(inv)), CutSettings(noise_windows=0, picker=None)
    with pytest.warns(SeisSynthWarning, match=r"none of the catalogue's 12 .* XX\.Q, XX\.R, XX\.T and 1 more") as given:
        cut_events(stream, inv, events, tmp_path / "one", settings)
    assert len([one for one in given if "picks" in str(one.message)]) == 1
    other = inv.copy()
    other[0].code = "YY"
    for one in events:
        one.picks = one.picks[:1]
        one.picks[0].waveform_id = WaveformStreamID(None, "A")
    with pytest.warns(SeisSynthWarning, match=r"3 P and S picks .* several stations of their code: \.A\."):
        cut_events(stream, inv + other, events, tmp_path / "two", settings)


def test_picks_in_asdf_are_of_their_sensor_or_of_the_station():
    def columns(location, *codes, stations=("XX.A", "XX.B")):
        event = Event(picks=[pick(2.5, "Pn", *codes), pick(1.0, "pP", "XX", "A")])
        return pick_columns(event, "XX", "A", location, START, 100.0, 1000, stations)

    wanted = {"trace_p_arrival_sample": 250.0, "trace_p_status": "manual"}
    for codes in (("XX", "A"), (None, "A"), ("ISC", "A", ""), ("XX", "A", "00", "BHZ")):
        assert columns("00", *codes) == wanted, codes
    assert columns("", "XX", "A", "00") == wanted  # which has no location to differ in
    both = Event(
        picks=[pick(2.4, "P", "XX", "A", "10"), pick(2.5, "P", "XX", "A", ""), pick(4.0, "S", "XX", "A", "10")]
    )
    found = pick_columns(both, "XX", "A", "", START, 100.0, 1000, ("XX.A",))
    assert (found["trace_p_arrival_sample"], found["trace_s_arrival_sample"]) == (
        250.0,
        400.0,
    )  # its own, if it has one
    assert columns("10", "XX", "A", "00") == {}  # of another sensor, maybe in a borehole
    assert columns("00", None, "A", stations=("XX.A", "YY.A")) == {}
