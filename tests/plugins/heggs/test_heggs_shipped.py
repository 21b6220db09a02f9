"""The weights that come with the package: small, described, and records that look like earthquakes."""

import os

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Inventory, Network, Station

import seissynth
from seissynth.errors import DomainError, FileFormatError, InputError
from seissynth.evaluation import virtual_inventory
from seissynth_plugins.heggs.backend import HeggsBackend
from seissynth_plugins.heggs.weights import HEGGS, load_model, read_card

pytest.importorskip("torch", reason="the learned backends need PyTorch")

MODEL = {"velocity_model": "southern_california", "duration": 60.0}
DIGEST = HEGGS.sha256[HEGGS.shipped.name]
PLACE = (35.72, -117.55)


def earthquake(magnitude=3.0, depth_km=7.0):
    origin = Origin(time=UTCDateTime(2019, 7, 4, 18), latitude=PLACE[0], longitude=PLACE[1], depth=1e3 * depth_km)
    return Event(origins=[origin], magnitudes=[Magnitude(mag=magnitude, magnitude_type="ML")])


@pytest.fixture(scope="module")
def stations():
    return virtual_inventory(earthquake(), [12.0, 24.0, 36.0, 48.0], azimuth_deg=320.0)


@pytest.fixture(scope="module")
def records(stations):
    return seissynth.generate(stations, earthquake(), backend="heggs", seed=1, **MODEL)


def peaks(stream):
    return {
        code: max(np.abs(trace.data).max() for trace in stream.select(station=code))
        for code in sorted({trace.stats.station for trace in stream})
    }


def test_the_file_is_small_free_and_says_what_it_holds():
    assert HEGGS.shipped.stat().st_size < 15e6
    card = read_card(HEGGS.shipped)
    assert card["licence"] == "MIT" and card["begun_with"] and card["sensors"]
    assert card["config"]["residuals"] > 0 and card["sampling"]["steps"] >= 1
    assert card["config"]["residual_flow"] > 0 and len(card["stages"]) == 5
    assert {"heggs", "stochastic"} <= {name.split(",")[0].split()[0].lower() for name in card["metrics"]}
    text = HEGGS.shipped.with_name("CARD.md").read_text(encoding="utf-8")
    said = ("## Measured", "stochastic", "worse in", "MIT", "magnitude", "## Stages", "not recorded", "## Limits")
    for part in (*said, DIGEST, "8,100 (64,800 pairs) in all"):
        assert part in text
    model, inputs, _ = load_model(HEGGS.shipped)
    assert inputs.onset_terms[""] and model.config.unet.onset_maps == 2
    assert set(inputs.site_noise.site) == {"", *card["sensors"]} == set(inputs.site_noise.shared)


@pytest.fixture
def exchanged(tmp_path, monkeypatch):
    """The package with a copy of its weights that can be altered."""
    copy = tmp_path / "installed" / HEGGS.shipped.name
    copy.parent.mkdir()
    copy.write_bytes(HEGGS.shipped.read_bytes())
    monkeypatch.setattr(HEGGS, "shipped", copy)
    return copy


def altered(path, bit=1):
    """Change the last weight, and set the file's time back."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ bit]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_the_digest_in_the_code_is_that_of_the_file():
    import hashlib

    assert hashlib.sha256(HEGGS.shipped.read_bytes()).hexdigest() == DIGEST
    assert HeggsBackend().weights_hash == DIGEST[:16]


def test_a_shipped_file_that_was_altered_is_refused(exchanged, stations):
    import hashlib

    backend = HeggsBackend()  # good so far
    altered(exchanged)
    found = hashlib.sha256(exchanged.read_bytes()).hexdigest()
    words = f"SHA-256 is {found}, expected is {DIGEST}.*--force-reinstall"
    with pytest.raises(FileFormatError, match=words):
        HeggsBackend()
    with pytest.raises(FileFormatError, match=words):
        backend.load()
    with pytest.raises(FileFormatError, match=words):
        seissynth.generate(stations, earthquake(), backend="heggs", **MODEL)
    with pytest.raises(FileFormatError, match="SHA-256"):  # by its name, it is still that file
        HeggsBackend(weights=exchanged)
    altered(exchanged)
    assert HeggsBackend().weights_hash == DIGEST[:16]
    exchanged.write_bytes(exchanged.read_bytes()[:1000])
    with pytest.raises(FileFormatError, match="SHA-256"):
        HeggsBackend()
    exchanged.unlink()
    with pytest.raises(InputError, match="none are installed"):
        HeggsBackend()


def test_weights_of_ones_own_are_not_held_to_the_digest(exchanged, tmp_path):
    own = tmp_path / "own.safetensors"
    own.write_bytes(exchanged.read_bytes())
    altered(own)
    backend = HeggsBackend(weights=own)
    backend.load()
    assert backend.weights_hash != DIGEST[:16]


def test_the_digest_is_computed_once(monkeypatch):
    from seissynth_plugins.torchkit import checkpoints

    HeggsBackend()
    monkeypatch.setattr(checkpoints.hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    HeggsBackend().load()


def test_records_have_units_bounds_and_repeat(stations, records):
    assert len(records) == 12 and {len(trace) for trace in records} == {6000}
    assert records[0].stats.seissynth["backend"] == "heggs"
    again = seissynth.generate(stations, earthquake(), backend="heggs", seed=1, **MODEL)
    other = seissynth.generate(stations, earthquake(), backend="heggs", seed=2, **MODEL)
    assert all(np.array_equal(a.data, b.data) for a, b in zip(records, again, strict=True))
    assert not np.array_equal(records[0].data, other[0].data)
    # an M 3 at 12 to 50 km moves the ground by 1e-5 to 3e-3 m/s, single records by up to three times less or more
    assert all(3e-6 < peak < 1e-2 for peak in peaks(records).values())


def test_records_set_in_with_p_and_are_strongest_behind_s(stations):
    records = seissynth.generate(stations, earthquake(), backend="heggs", background="none", seed=1, **MODEL)
    table, ratios = seissynth.explain(records).drop_duplicates("sensor"), []
    for row in table.itertuples():
        stream = records.select(station=row.sensor.split(".")[1])
        power = sum(trace.data.astype(float) ** 2 for trace in stream)
        time = stream[0].times()
        before = np.sqrt(power[(time < row.p_s - 0.7)].mean())
        p = np.sqrt(power[(time > row.p_s) & (time < row.s_s - 0.5)].mean())
        s = np.sqrt(power[(time > row.s_s) & (time < row.s_s + 4)].mean())
        assert before < 0.05 * p
        ratios.append(p / s)
    # of 611 real records the median is 0.54, and one in twenty is above 1.4
    assert 0.2 < np.median(ratios) < 1.2 and max(ratios) < 4


def test_size_follows_magnitude_and_distance(stations, records):
    small = peaks(seissynth.generate(stations, earthquake(2.0), backend="heggs", seed=1, **MODEL))
    large = peaks(seissynth.generate(stations, earthquake(4.0), backend="heggs", seed=1, **MODEL))
    ratio = np.mean([np.log10(large[code] / small[code]) for code in small])
    assert 1.0 < ratio < 3.0  # two magnitudes
    near, *_, far = peaks(records).values()
    assert far < near


def test_a_source_tells_how_strong_the_earthquake_was(stations):
    station = Station("CLC", latitude=35.8157, longitude=-117.5975, elevation=775.0)
    others = Inventory([Network("CI", stations=[station])])
    both = {}
    for bars in (15, 150):
        made = seissynth.generate(others, earthquake(), seed=3, stress_drop_bar=bars, **MODEL)
        made.filter("bandpass", freqmin=1, freqmax=45, corners=4)
        found = seissynth.generate(stations, earthquake(), backend="heggs", source=made, seed=1, **MODEL)
        # a stress drop tells above the corner frequency
        both[bars] = peaks(found.filter("highpass", freq=5, corners=4))
    assert np.mean([np.log(both[150][code] / both[15][code]) for code in both[15]]) > 0.3


def test_what_the_weights_never_saw_is_refused(stations):
    with pytest.raises(DomainError, match="magnitude"):
        seissynth.generate(stations, earthquake(8.5), backend="heggs", **MODEL)
