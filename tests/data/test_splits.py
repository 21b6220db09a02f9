"""Splits: no event, station, place or sample in two parts; against counting by hand and by brute force."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seissynth.data.splits.split import (
    PURGED,
    check_leakage,
    kfold_by_time,
    purge,
    split_by_event,
    split_by_place,
    split_by_region,
    split_by_station,
    split_by_time,
    split_random,
)
from seissynth.errors import InputError, SeisSynthWarning

START = pd.Timestamp("2019-07-04T17:00:00Z")


def table(events=40, stations=5, every_s=100.0, seed=0):
    """Windows of 60 s; events every so often, at random places."""
    rng = np.random.default_rng(seed)
    place = rng.uniform([35.0, -118.0], [37.0, -116.0], (events, 2))
    rows = [
        {
            "source_id": f"e{event}", "source_origin_time": START + pd.Timedelta(seconds=every_s * event),
            "source_latitude_deg": place[event, 0], "source_longitude_deg": place[event, 1],
            "station_network_code": "CI", "station_code": f"S{station}", "trace_channel": "HH",
            "trace_start_time": (START + pd.Timedelta(seconds=every_s * event)).isoformat(), "trace_npts": 6000,
            "trace_sampling_rate_hz": 100.0,
        }
        for event in range(events) for station in range(stations)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def parts_of(frame, split, column):
    return frame.groupby(column).apply(lambda rows: set(split[rows.index]), include_groups=False)


def test_no_event_in_two_parts_and_the_shares_hold():
    frame = table()
    split = split_by_event(frame, seed=1)
    assert (parts_of(frame, split, "source_id").map(len) == 1).all()
    assert split.value_counts().to_dict() == {"train": 160, "dev": 20, "test": 20}
    assert split.equals(split_by_event(frame, seed=1)) and not split.equals(split_by_event(frame, seed=2))


def test_the_deal_does_not_hang_on_names():
    frame = table()
    renamed = frame.assign(source_id=frame["source_id"].map(lambda name: f"x{99 - int(name[1:]):02d}"))
    assert split_by_event(frame).equals(split_by_event(renamed))


def test_no_station_in_two_parts():
    frame = table()
    split = split_by_station(frame, (0.6, 0.2, 0.2))
    assert (parts_of(frame, split, "station_code").map(len) == 1).all()
    assert set(split) == {"train", "dev", "test"}
    found = check_leakage(frame, split, stations=True)
    assert not found.shared_stations and found.shared_events


def test_region_cells_are_whole():
    frame = table()
    split = split_by_region(frame, cell_deg=0.5)
    cells = frame[["source_latitude_deg", "source_longitude_deg"]].floordiv(0.5).astype(str).agg("/".join, axis=1)
    assert (parts_of(frame.assign(cell=cells), split, "cell").map(len) == 1).all()


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(1.0, 15.0))
def test_no_place_is_shared(seed, distance_km):
    frame = table(events=30, stations=1, seed=seed)
    split = split_by_place(frame, (0.7, 0.3), seed=seed, distance_km=distance_km)
    points = np.radians(frame[["source_latitude_deg", "source_longitude_deg"]].to_numpy())
    for i in np.flatnonzero(split == "train"):
        for j in np.flatnonzero(split == "test"):
            a, b = points[i], points[j]
            cosine = np.sin(a[0]) * np.sin(b[0]) + np.cos(a[0]) * np.cos(b[0]) * np.cos(a[1] - b[1])
            assert 6371.0 * np.arccos(cosine) > distance_km
    assert not check_leakage(frame, split, distance_km=distance_km).shared_places


def test_one_place_cannot_be_split():
    with pytest.raises(InputError, match="1 places"):
        split_by_place(table(), distance_km=500.0)


def test_dense_windows_leak_and_are_purged():
    frame = table(every_s=40.0)
    split = split_by_event(frame)
    found = check_leakage(frame, split)
    assert found and found.shared_samples["train", "test"] > 0 and not found.shared_events
    with pytest.raises(InputError, match="share samples"):
        found.raise_if_any()
    cleaned = purge(frame, split)
    assert not check_leakage(frame, cleaned)
    assert (cleaned[split == "test"] == "test").all()  # test rows stay
    assert PURGED in set(cleaned)


def brute_force(frame, split, guard=0.0):
    start = (pd.to_datetime(frame["trace_start_time"], format="ISO8601") - START).dt.total_seconds().to_numpy()
    end = start + (frame["trace_npts"] - 1) / frame["trace_sampling_rate_hz"]
    words, out = np.array(split, dtype=object), np.array(split, dtype=object)
    for part, others in (("dev", ["test"]), ("train", ["dev", "test"])):
        for i in np.flatnonzero(words == part):
            for j in np.flatnonzero(np.isin(out, others)):
                same = frame["station_code"][i] == frame["station_code"][j]
                if same and start[i] <= end[j] + guard and start[j] <= end[i] + guard:
                    out[i] = PURGED
    return out.tolist()


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 5.0]))
def test_purging_is_what_brute_force_finds(seed, guard):
    rng = np.random.default_rng(seed)
    n = 40
    times = [START + pd.Timedelta(seconds=float(s)) for s in rng.uniform(0, 900, n).round(2)]
    frame = pd.DataFrame(
        {
            "source_id": [f"e{k}" for k in range(n)], "station_network_code": "CI",
            "station_code": rng.choice(["A", "B"], n),
            "trace_start_time": [time.isoformat() for time in times],
            "trace_npts": rng.integers(100, 9000, n), "trace_sampling_rate_hz": 100.0,
        }
    )  # fmt: skip
    split = rng.choice(["train", "dev", "test"], n)
    assert purge(frame, split, guard_s=guard).tolist() == brute_force(frame, split, guard)


def test_windows_that_touch_at_one_sample_leak_and_neighbours_do_not():
    frame = table(events=2, stations=1, every_s=59.99)
    assert check_leakage(frame, ["train", "test"])
    assert not check_leakage(table(events=2, stations=1, every_s=60.0), ["train", "test"])


def test_sensors_of_one_station():
    frame = table(events=2, stations=1, every_s=30.0).assign(trace_channel=["HH", "HN"])
    assert not check_leakage(frame, ["train", "test"])
    assert check_leakage(frame, ["train", "test"], per="station")


def test_time_blocks_are_in_order():
    frame = table()
    split = split_by_time(frame)
    order = split.groupby(frame["source_origin_time"]).first().tolist()
    assert order == ["train"] * 32 + ["dev"] * 4 + ["test"] * 4
    blocked = split_by_time(frame, blocks=10).groupby(frame["source_origin_time"]).first().to_numpy().reshape(10, 4)
    assert (blocked == blocked[:, :1]).all()
    assert sorted(blocked[:, 0]) == ["dev"] + ["test"] + ["train"] * 8


def test_folds_of_time_test_every_event_once():
    frame = table(events=75, every_s=40.0)
    folds = kfold_by_time(frame, 5, block=15)
    tested = np.stack([fold == "test" for fold in folds]).sum(axis=0)
    assert (tested == 1).all()
    for number, fold in enumerate(folds):
        events = frame.loc[fold == "test", "source_id"].unique().tolist()
        assert events == [f"e{k}" for k in range(15 * number, 15 * number + 15)]
        assert not check_leakage(frame, fold)
        after = 15 * ((number + 1) % 5)
        assert set(frame.loc[fold == "dev", "source_id"]) <= {f"e{k}" for k in range(after, after + 15)}
        assert (fold == "dev").sum() > 50 and (fold == "train").sum() > 150


def test_noise_goes_with_its_time():
    frame = table(events=30, stations=1)
    frame = pd.concat([frame, frame.iloc[[3]]], ignore_index=True)
    frame.loc[len(frame) - 1, ["source_id", "source_origin_time"]] = None
    folds = kfold_by_time(frame, 3, dev=False, purged=False)
    assert [fold.iloc[-1] for fold in folds] == [fold.iloc[3] for fold in folds]
    assert len(split_by_event(frame)) == 31


def test_random_split_mixes_events():
    assert check_leakage(table(), split_random(table())).shared_events


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda frame: split_by_event(frame, (0.5, 0.6)), "sum 1"),
        (lambda frame: split_by_event(frame.drop(columns="source_id")), "source_id"),
        (lambda frame: split_by_event(frame[frame["source_id"] == "e0"]), "cannot fill"),
        (lambda frame: kfold_by_time(frame, 5, block=3), "14 folds"),
        (lambda frame: kfold_by_time(frame, 2), "at least 3"),
        (lambda frame: purge(frame, ["train"]), "1 words"),
        (lambda frame: purge(frame, ["tset"] * len(frame)), "tset"),
        (lambda frame: purge(frame.assign(trace_start_time="soon"), ["train"] * len(frame)), "row 0.*soon"),
        (lambda frame: purge(frame.assign(trace_npts=np.nan), ["train"] * len(frame)), "row 0"),
        (lambda frame: split_by_place(frame.drop(columns="source_latitude_deg")), "source_latitude_deg"),
        (lambda frame: split_by_event(frame.iloc[:0]), "no rows"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(InputError, match=words):
        call(table())


@given(st.lists(st.integers(1, 30), min_size=3, max_size=60), st.integers(0, 100))
@pytest.mark.filterwarnings("ignore:.*of the rows")
def test_parts_come_near_their_shares_of_the_rows(sizes, seed):
    """Earthquakes with 1 to 30 records: no part is off by more than the largest of them, and none is empty."""
    frame = pd.DataFrame({"source_id": np.repeat([f"e{k}" for k in range(len(sizes))], sizes)})
    split = split_by_event(frame, seed=seed)
    counts = split.value_counts()
    assert set(counts.index) == {"train", "dev", "test"} and split.equals(split_by_event(frame, seed=seed))
    for part, share in (("train", 0.8), ("dev", 0.1), ("test", 0.1)):
        assert abs(counts[part] - share * len(frame)) <= 2 * max(sizes)
    assert (split.groupby(frame["source_id"]).nunique() == 1).all()


def test_a_part_that_is_off_is_said():
    frame = pd.DataFrame({"source_id": np.repeat(list("abcdefghij"), [50, *[20] * 9])})
    with pytest.warns(SeisSynthWarning, match=r"% of the rows, 60 % were asked for.*10 groups.*50 rows"):
        split_by_event(frame, shares=(0.01, 0.39, 0.6))


def test_blocks_of_time_hold_their_shares_of_the_rows():
    """Twice as many records in the second half: equal numbers of earthquakes would give 70 % in place of 80."""
    frame = table(events=100, stations=6)
    frame = frame[(frame.groupby("source_id").cumcount() < 2) | (frame["source_id"].str[1:].astype(int) >= 50)]
    counts = split_by_time(frame, shares=(0.8, 0.1, 0.1), purged=False).value_counts(normalize=True)
    assert counts["train"] == pytest.approx(0.8, abs=0.02) and counts["test"] == pytest.approx(0.1, abs=0.02)
