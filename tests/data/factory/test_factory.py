"""The factory: records as generate() makes them, labels, noise at its level, second events, splits, plans."""

import json

import numpy as np
import obspy
import pandas
import pytest

import seissynth
from seissynth.conditions import make_conditions
from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes, around_station
from seissynth.data.factory.make import make_dataset, plan_dataset
from seissynth.errors import InputError, SeisSynthWarning
from seissynth.events.earthquakes import read_earthquake
from seissynth.io.seisbench.dataset import Dataset
from seissynth.paths import find_paths
from seissynth.signal import bandpass
from seissynth.testing.check import Ricker

INVENTORY, EVENT = seissynth.read_example()
AROUND = around_station(INVENTORY, "XX.AMAT", 60.0)
STOCHASTIC = {"variability": False}


def _upright(inventory):
    """The same network with every sensor upright and facing north: what the records of a set are along."""
    upright = inventory.copy()
    for channel in (channel for network in upright for station in network for channel in station):
        channel.azimuth, channel.dip = {"1": (0.0, 0.0), "2": (90.0, 0.0)}.get(
            channel.code[-1], (channel.azimuth, channel.dip)
        )
    return upright


UPRIGHT = _upright(INVENTORY)


def drawn(n=3, **changes):
    return DrawnEarthquakes(n, AROUND, **{"magnitude": (3, 5), "seed": 1, **changes})


def make(path, earthquakes=None, **arguments):
    arguments = {"backend": Ricker, "duration": 30.0, "sampling_rate": 50.0, "seed": 5, **arguments}
    report = make_dataset(path, INVENTORY, drawn() if earthquakes is None else earthquakes, **arguments)
    return report, Dataset(path)


def generated(row, event, **arguments):
    """What generate() gives for a row of metadata: Stream of its station."""
    start = float(obspy.UTCDateTime(row["trace_start_time"]) - event.preferred_origin().time)
    return seissynth.generate(
        UPRIGHT.select(station=row["station_code"]), event, start=start, realization=0, **arguments
    )


# --- the same records as generate()


@pytest.mark.filterwarnings("ignore:. lies outside the record")
@pytest.mark.parametrize(
    "arguments",
    [
        {"sampling_rate": 100.0},  # with the card's ensemble_options: records vary as in nature
        {"output": "ACC", "sampling_rate": 50.0, **STOCHASTIC},
        {"output": "RAW", "sampling_rate": 100.0, "quantize": True, "clip_counts": 400_000.0, **STOCHASTIC},
    ],
    ids=["VEL, varied", "ACC at 50 Hz", "RAW"],
)
def test_records_are_those_of_generate_bit_for_bit(tmp_path, arguments):
    common = {"duration": 40.0, "seed": 5, **arguments}
    make_dataset(tmp_path / "set", INVENTORY, drawn(2), **common)
    found = Dataset(tmp_path / "set")
    dtype = "int32" if "quantize" in arguments else "float32"
    assert len(found) == 14  # among them BORE, whose horizontals do not point north and east
    events = {key: event for event in drawn(2) for key in [read_earthquake(event).key]}
    for i, row in found.metadata.iterrows():
        stream = generated(row, events[row["source_id"]], **common)
        assert np.array_equal(found.waveform(i, dtype=dtype), np.stack([trace.data for trace in stream]))
        info = stream[0].stats.seissynth
        for phase in "ps":
            after_start = info[f"{phase}_s"] - (stream[0].stats.starttime - info.origin_time)
            sample = row[f"trace_{phase}_arrival_sample"] / row["trace_sampling_rate_hz"]
            assert np.isnan(after_start) if np.isnan(sample) else abs(after_start - sample) < 2e-5
        for name, value in row.items():
            if name in info.conditions and isinstance(value, float):
                assert value == pytest.approx(info.conditions[name], rel=1e-12, nan_ok=True), name


def test_the_plan_writes_the_conditions_of_generate():
    from seissynth.data.factory.make import make_settings
    from seissynth.data.factory.run import Job

    given = {"station_vs_30_mps": {"XX.AMAT": 510.0}, "station_local_depth_m": 0.0}
    job = Job(make_settings(_defaults(conditions=given), STOCHASTIC, INVENTORY, [*drawn(2), EVENT]), ".")
    plan = job.maker.plan(0, 3)
    for number, event in enumerate([*drawn(2), EVENT]):
        earthquake = read_earthquake(event)
        paths = find_paths(INVENTORY, earthquake)
        wanted = make_conditions(paths, given)
        mine = pandas.DataFrame(plan.table)[plan.events == number].reset_index(drop=True)
        pandas.testing.assert_frame_equal(mine, wanted, check_exact=True)


def _defaults(**changes):
    import inspect

    known = inspect.signature(make_dataset).parameters.values()
    return {p.name: p.default for p in known if p.kind is p.KEYWORD_ONLY} | changes


# --- labels and windows


def test_onsets_are_where_the_wavelets_begin(tmp_path):
    """Ricker wavelets peak half a second after P and S: found again in the samples."""
    _, found = make(tmp_path, drawn(6), p_lead_s=(3.0, 8.0), duration=40.0)
    table = found.metadata
    for i in range(len(found)):
        p, s = (table[f"trace_{phase}_arrival_sample"][i] for phase in "ps")
        trace = found.waveform(i)[0]
        if np.isfinite(s):
            assert abs(np.argmax(np.abs(trace)) - (s + 25)) <= 1
        assert 3 * 50 - 1 <= p <= 8 * 50 + 1
    lead = table["trace_p_arrival_sample"].to_numpy() / 50.0
    assert np.ptp(lead) > 3.0  # a picker would learn a fixed place
    assert (table["trace_p_status"] == "estimated").all()


def test_records_from_origin(tmp_path):
    _, found = make(tmp_path, p_lead_s=None, start=-2.0)
    table = found.metadata
    after = [obspy.UTCDateTime(a) - obspy.UTCDateTime(b)
             for a, b in zip(table["trace_start_time"], table["source_origin_time"], strict=True)]  # fmt: skip
    assert np.allclose(after, -2.0)
    assert np.allclose(table["trace_p_arrival_sample"], (table["path_p_travel_s"] + 2.0) * 50.0, atol=1e-3)


def test_an_onset_outside_its_record_is_empty(tmp_path):
    report, found = make(tmp_path, p_lead_s=(1.0, 2.0), duration=4.0)
    late = found.metadata["path_s_travel_s"] - found.metadata["path_p_travel_s"] > 3.1
    assert late.any() and found.metadata["trace_s_arrival_sample"][late].isna().all()
    assert report.no_s == found.metadata["trace_s_arrival_sample"].isna().sum() and report.no_p == 0


# --- who takes part


def test_bounds_leave_out_and_say_how_many(tmp_path):
    # Ricker is valid to 100 km
    report, found = make(tmp_path, drawn(40), distance_km=(20.0, 70.0))
    distance = found.metadata["path_ep_distance_km"]
    assert distance.min() >= 20.0 and distance.max() <= 70.0
    assert report.records + sum(report.left_out.values()) == 280 and "beyond distance_km" in report.left_out
    with pytest.raises(InputError, match="beyond distance_km"):
        make(tmp_path / "none", distance_km=(5000.0, 6000.0))
    with pytest.raises(seissynth.errors.DomainError, match="magnitude"):
        make(tmp_path / "strict", drawn(magnitude=(8.5, 9.0)), outside="raise")


def test_stations_per_event_are_drawn(tmp_path):
    report, found = make(tmp_path, drawn(30), stations_per_event=2)
    counts = found.metadata.groupby("source_id").size()
    assert counts.max() == 2 and report.records == counts.sum()
    assert found.metadata["station_code"].nunique() == 7


def test_stations_are_those_open_at_origin(tmp_path):
    inventory = INVENTORY.copy()
    inventory[0][0].end_date = obspy.UTCDateTime("2020-07-01")
    with pytest.warns(SeisSynthWarning, match="AMAT is not open"):
        make_dataset(tmp_path, inventory, drawn(30), backend=Ricker, duration=10.0, sampling_rate=20.0)
    table = Dataset(tmp_path).metadata
    times = pandas.to_datetime(table["source_origin_time"])
    amat = table["station_code"] == "AMAT"
    assert times[amat].max() < pandas.Timestamp("2020-07-01", tz="UTC")
    assert (times[~amat] > pandas.Timestamp("2020-07-01", tz="UTC")).any()


# --- noise


def test_snr_is_what_was_asked_for(tmp_path):
    """Measured from the records themselves: with noise minus without."""
    arguments = {"duration": 40.0, "sampling_rate": 100.0, "backend": "stochastic", **STOCHASTIC}
    _, clean = make(tmp_path / "clean", **arguments)
    _, noisy = make(tmp_path / "noisy", noise="nhnm", snr_db=(0.0, 30.0), **arguments)
    table = noisy.metadata
    for i in range(len(noisy)):
        signal = bandpass(clean.waveform(i).astype(float), 100.0, 1.0, 20.0, corners=2)
        noise = bandpass(noisy.waveform(i).astype(float) - clean.waveform(i), 100.0, 1.0, 20.0, corners=2)
        p, s = (table[f"trace_{phase}_arrival_sample"][i] for phase in "ps")
        first = int(np.ceil(s if np.isfinite(s) else p))
        last = first + 500
        ratio = 10 * np.log10((signal[:, first:last] ** 2).mean() / (noise**2).mean())
        assert ratio == pytest.approx(table["trace_snr_db"][i], abs=0.05)
    assert table["trace_snr_db"].between(0, 30).all() and np.ptp(table["trace_snr_db"]) > 10
    plan = plan_dataset(INVENTORY, drawn(), noise="nhnm", snr_db=(0.0, 30.0), seed=5, **arguments)
    assert plan["trace_snr_db"].isna().all() and (plan["source_id"] == table["source_id"]).all()


def test_model_noise_has_its_spectrum(tmp_path):
    from scipy.signal import welch

    from seissynth.noise.models import model_psd

    _, found = make(tmp_path, drawn(40), noise="nhnm", noise_share=0.5, sampling_rate=100.0)
    noise = found.select((found.metadata["trace_category"] == "noise").to_numpy())
    frequencies, power = welch(noise.waveforms().reshape(-1, 3000), 100.0, nperseg=1000)
    band = (frequencies > 1) & (frequencies < 40)
    ratio = power.mean(axis=0)[band] / model_psd("nhnm", frequencies[band], "velocity")
    assert abs(np.log(ratio)).max() < 0.15


def test_noise_rows_and_gain(tmp_path):
    report, found = make(tmp_path, drawn(40), noise="nlnm", noise_share=0.3, noise_gain_db=(0.0, 40.0))
    table = found.metadata
    noise = (table["trace_category"] == "noise").to_numpy()
    assert report.noise == noise.sum() and abs(noise.mean() - 0.3) < 0.05
    assert table.loc[noise, ["trace_p_arrival_sample", "source_magnitude", "path_p_travel_s"]].isna().all(axis=None)
    assert (table.loc[noise, "source_id"].fillna("") == "").all()
    assert set(table.loc[noise, "trace_category"]) == {"noise"}
    assert table["trace_start_time"].is_unique
    level = 20 * np.log10(found.waveforms(np.flatnonzero(noise)).std(axis=(1, 2)))
    assert 25 < np.ptp(level) < 45
    assert not (found.waveforms() == 0).any()


def test_real_noise_of_a_file_and_of_a_set(tmp_path):
    rng = np.random.default_rng(1)
    header = {"network": "XX", "station": "AMAT", "sampling_rate": 50.0}
    traces = [obspy.Trace(rng.standard_normal(50 * 300).astype("f4"), {**header, "channel": f"HH{c}"}) for c in "ZNE"]
    obspy.Stream(traces).write(str(tmp_path / "quiet.mseed"))
    make(tmp_path / "quiet", drawn(4), noise=tmp_path / "quiet.mseed", noise_share=0.5, noise_gain_db=20.0)
    quiet = Dataset(tmp_path / "quiet")
    rows = np.flatnonzero(quiet.metadata["trace_category"] == "noise")
    whole = np.stack([trace.data for trace in traces])
    for row, waveform in zip(rows[:3], quiet.waveforms(rows)[:3] / 10.0, strict=True):
        lag = np.argmax(np.correlate(whole[0], waveform[0], "valid"))
        cut = whole[:, lag : lag + 1500]
        if quiet.metadata["station_code"][row] == "AMAT":
            assert np.allclose(waveform, cut - cut.mean(axis=1, keepdims=True), atol=1e-4)

    _, found = make(tmp_path / "of a set", drawn(4), noise=tmp_path / "quiet", noise_share=0.5, duration=20.0, seed=9)
    mine = found.waveforms(np.flatnonzero(found.metadata["trace_category"] == "noise"))[0]
    sources = quiet.waveforms(rows)
    best = [np.correlate(source[0], mine[0], "valid") / np.sqrt((mine[0] ** 2).sum()) for source in sources]
    k, lag = np.unravel_index(np.argmax(best), (len(best), len(best[0])))
    cut = sources[k][:, lag : lag + 1000]
    assert np.allclose(mine, cut - cut.mean(axis=1, keepdims=True), atol=1e-3 * np.abs(cut).max())
    with pytest.raises(InputError, match="lasts 30 s"):
        make(tmp_path / "too long", noise=tmp_path / "quiet", duration=40.0)


# --- second events


def test_second_events_are_added_motion_with_labels(tmp_path):
    """The difference to the set without them is one Ricker record, whose S peaks half a second after its label."""
    lag = (-4.0, 12.0)
    _, alone = make(tmp_path / "alone", drawn(20))
    report, found = make(tmp_path / "both", drawn(20), overlap_share=0.5, overlap_lag_s=lag)
    second = (found.metadata["source2_id"].fillna("") != "").to_numpy()
    assert report.second == second.sum() and abs(second.mean() - 0.5) < 0.12
    for i in range(len(found)):
        difference = found.waveform(i) - alone.waveform(i)
        row = found.metadata.iloc[i]
        if not second[i]:
            assert not difference.any()
            continue
        p2, s2 = row["trace_p2_arrival_sample"], row["trace_s2_arrival_sample"]
        if np.isfinite(s2) and s2 < 1470 and np.isfinite(p2):
            assert abs(np.argmax(np.abs(difference[0])) - (s2 + 25)) <= 1
            assert lag[0] * 50 - 1 <= p2 - row["trace_p_arrival_sample"] <= lag[1] * 50 + 1
    wrong = (found.metadata["trace_p2_arrival_sample"].notna() & ~second).any()
    assert not wrong and found.metadata["source2_magnitude"][second].between(3, 5).all()


def test_level_of_second_events(tmp_path):
    _, alone = make(tmp_path / "alone", drawn(10))
    _, found = make(tmp_path / "both", drawn(10), overlap_share=1.0, overlap_lag_s=(1, 5), overlap_level_db=(-6, 6))
    assert len(found) == len(alone)
    for i, level in enumerate(found.metadata["source2_level_db"]):
        second = np.abs(found.waveform(i) - alone.waveform(i)).max()
        assert 20 * np.log10(second / np.abs(alone.waveform(i)).max()) == pytest.approx(level, abs=0.02)
    assert found.metadata["source2_level_db"].between(-6, 6).all()


# --- parts, plan, books


@pytest.mark.parametrize("seed", range(5))
def test_twenty_earthquakes_are_split_as_asked(seed):
    plan = plan_dataset(INVENTORY, drawn(20), **{**STOCHASTIC, "seed": seed})
    assert plan.groupby("split")["source_id"].nunique().to_dict() == {"train": 16, "dev": 2, "test": 2}
    assert (plan.groupby("source_id")["split"].nunique() == 1).all()


def test_catalogue_and_inventory_lie_beside_the_set(tmp_path):
    """From what was left there, `generate` makes the same records."""
    quakes = drawn(3)
    _, found = make(tmp_path / "set", quakes)
    catalog = obspy.read_events(str(tmp_path / "set" / "catalog.xml"))
    inventory = obspy.read_inventory(str(tmp_path / "set" / "inventory.xml"))
    assert [event.resource_id.id for event in catalog] == [
        f"smi:local/seissynth/drawn/{quakes.seed}/{k}" for k in range(3)
    ]
    assert {f"{network.code}.{station.code}" for network in inventory for station in network} == {
        f"{network.code}.{station.code}" for network in INVENTORY for station in network
    }
    row = found.metadata[found.metadata["trace_category"] != "noise"].iloc[0]
    event = next(event for event in catalog if event.origins[0].time == obspy.UTCDateTime(row["source_origin_time"]))
    start = obspy.UTCDateTime(row["trace_start_time"])
    made = seissynth.generate(
        inventory.select(station=row["station_code"]), event, backend=Ricker, seed=5, realization=0, start=start,
        duration=30.0, sampling_rate=50.0,
    )  # fmt: skip
    stored = found.waveform(row.name, component_order="Z")[0]
    assert np.allclose(made.select(component="Z")[0].data, stored, rtol=1e-5, atol=1e-6 * np.abs(stored).max())


def test_moment_tensors_are_kept_in_the_catalogue():
    """What `generate` reads of an event is the same before and after, tensor and planes included."""
    from obspy.core.event import FocalMechanism, MomentTensor, NodalPlane, NodalPlanes, Tensor

    from seissynth.data.factory.inputs import catalog_of
    from seissynth.data.factory.sources import Sources
    from seissynth.events.earthquakes import read_earthquakes

    event = seissynth.read_example()[1].copy()
    elements = {"m_rr": 1e17, "m_tt": -4e16, "m_pp": -6e16, "m_rt": 2e16, "m_rp": -3e16, "m_tp": 5e16}
    mechanism = FocalMechanism(
        nodal_planes=NodalPlanes(nodal_plane_1=NodalPlane(strike=30, dip=60, rake=-80)),
        moment_tensor=MomentTensor(derived_origin_id=event.origins[0].resource_id, tensor=Tensor(**elements)),
    )
    for keep in ("both", "tensor"):
        mechanism.nodal_planes = mechanism.nodal_planes if keep == "both" else None
        event.focal_mechanisms, event.preferred_focal_mechanism_id = [mechanism], mechanism.resource_id
        [before], [after] = list(read_earthquakes(event)), list(read_earthquakes(catalog_of(Sources(event))))
        assert after.moment_tensor == pytest.approx(before.moment_tensor, rel=1e-12)
        assert after.nodal_plane == before.nodal_plane and after.key == before.key


def test_the_report_says_which_part_is_off(tmp_path):
    report, _ = make(tmp_path / "set", drawn(3))
    assert [count for count, _ in report.parts.values()] and sum(n for n, _ in report.parts.values()) == report.records
    assert "not 80 %" in str(report) and "test " in str(report)


@pytest.mark.parametrize("by", ["event", "block"])
def test_split(by):
    table = plan_dataset(INVENTORY, drawn(400), split={"train": 0.7, "test": 0.3}, split_by=by, **STOCHASTIC)
    parts = table.groupby("source_id")["split"]
    assert (parts.nunique() == 1).all()
    assert abs((parts.first() == "train").mean() - 0.7) < (0.08 if by == "event" else 1e-9)
    if by == "block":
        assert list(dict.fromkeys(table["split"])) == ["train", "test"]
    assert "split" not in plan_dataset(INVENTORY, drawn(2), split=None, **STOCHASTIC)


def test_plan_and_set_agree(tmp_path):
    arguments = {"noise": "nlnm", "noise_share": 0.2, "overlap_share": 0.3, "block_records": 20}
    _, found = make(tmp_path / "set", drawn(8), **arguments)
    plan = plan_dataset(INVENTORY, drawn(8), backend=Ricker, duration=30.0, sampling_rate=50.0, seed=5, **arguments)
    for name in plan.columns.difference(["trace_snr_db"]):
        mine, theirs = plan[name], found.metadata[name]
        if mine.dtype.kind == "f":
            np.testing.assert_allclose(mine, theirs, rtol=1e-12, err_msg=name)
        else:
            assert list(mine.fillna("")) == list(theirs.fillna("")), name


def test_a_dry_run_writes_the_plan_only(tmp_path):
    from seissynth.data.factory.folder import PLAN

    report = make_dataset(tmp_path, INVENTORY, drawn(5), backend=Ricker, duration=30.0, dry_run=True)
    assert [path.name for path in tmp_path.iterdir()] == [PLAN]
    assert report.planned and report.records == len(pandas.read_csv(tmp_path / PLAN)) and report.seconds > 0
    assert "will be" in str(report)
    made, _ = make(tmp_path, drawn(5), sampling_rate=100.0)
    size = sum(path.stat().st_size for path in tmp_path.glob("waveforms*"))
    assert abs(made.records * 12 * 3000 / size - 1) < 0.05 and abs(report.bytes / made.bytes - 1) < 0.1


def test_the_description_tells_how_a_set_was_made(tmp_path):
    make(tmp_path, noise="nlnm", licence="Our own are CC BY 4.0.")
    text = json.loads((tmp_path / "dataset.json").read_text())
    assert text["complete"] and text["version"] == seissynth.__version__ and text["backend"] == "ricker"
    assert text["licence_note"].endswith("Nobody recorded them. Our own are CC BY 4.0.")
    arguments = text["arguments"]
    assert arguments["seed"] == 5 and arguments["noise"] == "nlnm" and arguments["earthquakes"]["drawn"]["n"] == 3
    assert set(_defaults()) - {"workers", "dask", "dry_run", "progress"} <= set(arguments)


def test_asdf_holds_the_same_records(tmp_path):
    arguments = {"noise": "nlnm", "noise_share": 0.3, "overlap_share": 0.5}
    _, plain = make(tmp_path / "seisbench", drawn(2), **arguments)
    make_dataset(tmp_path / "asdf", INVENTORY, drawn(2), backend=Ricker, duration=30.0, sampling_rate=50.0, seed=5,
                 format="asdf", **arguments)  # fmt: skip
    contents = seissynth.read_asdf(tmp_path / "asdf" / "records_000000.h5")
    noise = seissynth.read_asdf(tmp_path / "asdf" / "noise_000000.h5")
    traces = [iter(contents.stream), iter(noise.stream)]
    table = plain.metadata
    for i, kind in enumerate(table["trace_category"]):
        three = [next(traces[kind == "noise"]) for _ in range(3)]
        if three[0].stats.station == "BORE":  # along its own axes, which the StationXML names
            assert [trace.stats.channel for trace in three] == ["HHZ", "HH1", "HH2"]
            three = obspy.Stream(three).rotate("->ZNE", inventory=contents.inventory)
            three = [three.select(component=letter)[0] for letter in "ZNE"]
            scale = np.abs(plain.waveform(i)).max()
            assert np.allclose(np.stack([trace.data for trace in three]), plain.waveform(i), rtol=0, atol=1e-6 * scale)
        else:
            assert np.array_equal(np.stack([trace.data for trace in three]), plain.waveform(i))
        info = three[0].stats.seissynth
        p = (info.origin_time + info.p_s - three[0].stats.starttime) * 50 if kind != "noise" else np.nan
        assert p == pytest.approx(table["trace_p_arrival_sample"][i], abs=0.01, nan_ok=True)
    assert {event.resource_id.id for event in contents.catalog} == {event.resource_id.id for event in drawn(2)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"duration": None}, "needs a duration"),
        ({"p_lead_s": (20, 5)}, "rising order"),
        ({"start": 3.0}, "p_lead_s=None"),
        ({"snr_db": (0, 10)}, "needs noise"),
        ({"noise_share": 0.5}, "needs noise"),
        ({"noise": "nlnm", "noise_share": 1.5}, "0.95"),
        ({"overlap_share": -1}, "share"),
        ({"split": {"train": 0.5}}, "add up"),
        ({"split_by": "station"}, "event"),
        ({"outside": "maybe"}, "leave_out"),
        ({"format": "hdf5"}, "seisbench"),
        ({"stations_per_event": 0}, "above 0"),
        ({"block_records": 2.5}, "above 0"),
        ({"workers": 0}, "workers=0"),
        ({"noise": "no/such/file"}, "neither"),
        ({"frequency": 3}, "frequency_hz"),
        ({"output": "SPEED"}, "VEL"),
    ],
)
def test_bad_arguments(tmp_path, change, words):
    with pytest.raises(InputError, match=words):
        make(tmp_path / "set", **change)
    assert not list(tmp_path.glob("set/metadata*"))


def test_earthquakes_must_be_earthquakes(tmp_path):
    with pytest.raises(InputError, match="read it first"):
        make(tmp_path, "catalog.xml")
