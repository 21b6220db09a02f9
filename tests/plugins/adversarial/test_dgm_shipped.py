"""The weights of DGM that come with the package: small, described, and records that begin at P and know magnitude."""

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Inventory, Network, Station

import seissynth
from seissynth.errors import DomainError
from seissynth_plugins.dgm.backend import DGM
from seissynth_plugins.torchkit.checkpoints import file_sha256
from seissynth_plugins.torchkit.weights import read_card

pytest.importorskip("torch", reason="the learned backends need PyTorch")

RATE = 100


def earthquakes(**columns):
    """Conditions of some records at Ridgecrest."""
    table = {
        "source_magnitude": 3.0, "path_ep_distance_km": 30.0, "source_depth_km": 6.0, "station_vs_30_mps": 600.0,
        "path_p_travel_s": 6.0, "path_s_travel_s": 10.0, **columns,
    }  # fmt: skip
    return seissynth.testing.example_conditions(DGM_CLASS.card, n=len(columns["source_magnitude"])).assign(**table)


DGM_CLASS = seissynth.get_backend("dgm")


def test_the_file_is_small_free_and_says_what_it_holds():
    assert DGM.shipped.stat().st_size < 8e6 and file_sha256(DGM.shipped) == DGM.sha256[DGM.shipped.name]
    card = read_card(DGM.shipped, DGM)
    assert card["licence"] == "MIT" and card["fold"] == 2 and "Ridgecrest" in card["region"]
    assert [stage["data"] for stage in card["stages"]] == [["pretrain"], ["ridgecrest_clear"]]
    text = DGM.shipped.with_name("CARD.md").read_text(encoding="utf-8")
    again = "--config conditional --fold 2 --from STAGE_1/weights.safetensors"
    for part in (
        "## Measured",
        "noise of the mean spectrum",
        "900 by the energy score",
        again,
        file_sha256(DGM.shipped),
    ):
        assert part in text


def test_it_is_there_without_weights_being_named():
    [info] = [one for one in seissynth.list_backends(check=True) if one.name == "dgm"]
    assert info.status == "ok" and "needs trained weights" not in info.summary


def test_each_record_of_a_network_begins_before_its_own_p():
    stations = [Station("NEAR", 35.86, -117.62, 700.0), Station("FAR", 36.28, -117.86, 900.0)]
    origin = Origin(time=UTCDateTime(2019, 7, 4, 17, 36, 4), latitude=35.734, longitude=-117.574, depth=6400.0)
    event = Event(origins=[origin], magnitudes=[Magnitude(mag=3.9, magnitude_type="ML")])
    inventory = Inventory([Network("CI", stations=stations)])
    stream = seissynth.generate(inventory, event, backend="dgm", seed=1)
    assert len(stream) == 6
    for trace in stream:
        about = trace.stats.seissynth
        assert about.p_s - (trace.stats.starttime - about.origin_time) == pytest.approx(5, abs=0.011)
    far = stream.select(station="FAR")[0].stats
    assert far.starttime - origin.time > 5 and 30 <= far.npts / RATE <= 40.96
    with pytest.raises(DomainError, match="Pass start="):  # its window would begin later
        seissynth.generate(inventory, event, backend="dgm", seed=1, start=0, duration=40)


def test_the_strongest_motion_comes_later_with_distance():
    backend = DGM_CLASS()
    backend.load()
    distance = np.repeat([12.0, 65.0], 20)
    conditions = earthquakes(source_magnitude=np.full(40, 3.0), path_ep_distance_km=distance)
    energy = np.square(backend.make(conditions, np.arange(40, dtype=np.uint64))[:, :2]).sum(axis=1)
    smooth = np.array([np.convolve(row, np.ones(RATE), "same") for row in energy])
    near, far = np.median(smooth.argmax(axis=1).reshape(2, 20) / RATE - 5, axis=1)
    assert 2 < near < 4.5 and 9 < far < 14


def test_motion_begins_at_p_and_grows_with_magnitude():
    backend = DGM_CLASS()
    backend.load()
    magnitude = np.repeat([2.0, 3.0, 4.0], 12)
    made = backend.make(earthquakes(source_magnitude=magnitude), np.arange(36, dtype=np.uint64))
    level = np.sqrt(np.square(made).mean(axis=1))
    before, first = (np.sqrt(np.square(level[:, a:b]).mean(axis=1)) for a, b in ((0, 470), (510, 900)))
    # where nothing grew, the median of 36 would be within 0.2 of 0
    assert np.median(np.log(first / before)) > 0.5
    peaks = np.log(abs(made).max(axis=(1, 2))).reshape(3, 12).mean(axis=1)
    # 2.5 a magnitude in the real records
    assert 1.5 < (peaks[2] - peaks[0]) / 2 < 3.5
