"""The weights of SWaG that come with the package: small, described, and records with arrivals where they were asked."""

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Inventory, Network, Station

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth_plugins.swag.labelled import LabelledGenerator
from seissynth_plugins.swag.weights import SWAG
from seissynth_plugins.torchkit.checkpoints import file_sha256
from seissynth_plugins.torchkit.weights import read_card

pytest.importorskip("torch", reason="the learned backends need PyTorch")

RATE = 100


@pytest.fixture(scope="module")
def generator():
    return LabelledGenerator(SWAG.shipped, precision="float32", steps=4)


def test_the_file_is_small_free_and_says_what_it_holds():
    assert SWAG.shipped.stat().st_size < 12e6 and file_sha256(SWAG.shipped) == SWAG.sha256[SWAG.shipped.name]
    card = read_card(SWAG.shipped, SWAG)
    assert card["licence"] == "MIT" and [stage["data"] for stage in card["stages"]] == [
        ["pretrain"],
        ["ridgecrest_clear"],
    ]
    assert card["fold"] == 2 and "Ridgecrest" in card["region"]
    text = SWAG.shipped.with_name("CARD.md").read_text(encoding="utf-8")
    for part in ("## Measured", "default backend", "MIT", "## Stages", file_sha256(SWAG.shipped)):
        assert part in text


def test_motion_grows_at_p_and_at_s_wherever_they_are(generator):
    labels = np.array([[p, p + apart, 3.5] for p in (6.0, 12.0, 18.0) for apart in (3.0, 6.0)])
    made = generator.records(labels, "CI.CLC", seed=1).astype(float)
    grown = {"P": [], "S": []}
    for record, (p, s, _) in zip(made, labels, strict=True):
        level = np.sqrt(np.square(record).mean(axis=0))
        before, first, after = (
            np.sqrt(np.square(level[round(begin * RATE) : round(end * RATE)]).mean())
            for begin, end in ((p - 3.0, p - 0.3), (p + 0.1, s - 0.3), (s, s + 2.0))
        )
        grown["P"].append(np.log(first / before))
        grown["S"].append(np.log(after / first))
    # where nothing grew, the median of six would be within 0.2 of 0
    assert np.median(grown["P"]) > 0.3 and np.median(grown["S"]) > 1.0


def test_larger_earthquakes_are_larger(generator):
    levels = []
    for magnitude in (2.0, 3.0, 4.0):
        labels = np.tile([8.0, 12.0, magnitude], (6, 1))
        levels.append(np.median(np.log(np.abs(generator.records(labels, "CI.SLA", seed=2)).max(axis=(1, 2)))))
    slope = (levels[2] - levels[0]) / 2
    # ten times the amplitude a magnitude is 2.3; real records of these stations: 1.2 to 3.2
    assert 1.0 < slope < 3.5


def test_generate_at_ridgecrest_and_elsewhere():
    origin = Origin(time=UTCDateTime(2019, 7, 4, 18), latitude=35.7, longitude=-117.55, depth=7e3)
    event = Event(origins=[origin], magnitudes=[Magnitude(mag=3.0, magnitude_type="ML")])
    known = Inventory([Network("CI", [Station("SLA", 35.8909, -117.2833, 1174.0)])])
    options = {"backend": "swag", "velocity_model": "southern_california", "start": -5.0, "duration": 60.0, "seed": 1}
    stream = seissynth.generate(known, event, **options)
    about = stream[0].stats.seissynth
    assert len(stream) == 3 and about.unit == "m/s" and about.p_s < about.s_s
    assert 1e-8 < max(np.abs(trace.data).max() for trace in stream) < 1e-2
    unknown = Inventory([Network("XX", [Station("NEW", 35.8, -117.3, 0.0)])])
    with pytest.warns(SeisSynthWarning, match=r"XX\.NEW"):
        seissynth.generate(unknown, event, **options)
