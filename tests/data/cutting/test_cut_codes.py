"""Records whose codes are not those of the inventory: said, instead of that there are no windows."""

import pytest
from archives import catalog, counts, motion, network

from seissynth.data.cutting.cut import CutSettings, cut_events
from seissynth.errors import InputError


@pytest.mark.parametrize(("code", "other"), [("network", ""), ("network", "YY"), ("location", "99")])
def test_codes_that_differ_are_named(tmp_path, code, other):
    inv = network()
    stream = counts(motion(inv))
    for trace in stream:
        trace.stats[code] = other
    [first, *_] = sorted(trace.id for trace in stream)
    with pytest.raises(InputError) as caught:
        cut_events(stream, inv, catalog(), tmp_path / "out", CutSettings())
    text = str(caught.value)
    assert "no channel of the records is in the inventory" in text and f"The records are of {first}" in text
    assert f"the inventory has {inv[0].code}.A." in text and "must agree" in text


def test_an_inventory_of_stations_alone_is_named(tmp_path):
    inv = network()
    stream = counts(motion(inv))
    for trace in stream:
        trace.stats.location = "00"
    for station in inv[0]:
        station.channels = []
    with pytest.raises(InputError, match="the inventory has stations without channels"):
        cut_events(stream, inv, catalog(), tmp_path / "out", CutSettings())
