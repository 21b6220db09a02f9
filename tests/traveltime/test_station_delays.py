"""Delays of stations: fitted to picks that are known, added to onsets, kept in files and in provenance."""

import json

import numpy as np
import obspy
import pytest
from obspy.core.event import Pick, WaveformStreamID
from obspy_networks import event, inventory, station

import seissynth
from seissynth.errors import FileFormatError, InputError
from seissynth.picked_delays import pick_residuals
from seissynth.traveltime import LayeredModel, StationDelays, onsets

DELAYS = {"XX.A": (0.3, 0.7), "XX.B": (-0.2, -0.1), "XX.C": (0.0, 0.05)}


def network():
    places = {"A": (0.3, 0.1), "B": (-0.2, 0.3), "C": (0.1, -0.4), "D": (-0.3, -0.2)}
    first = event().preferred_origin() or event().origins[0]
    return inventory(
        *(station(code, latitude=first.latitude + x, longitude=first.longitude + y) for code, (x, y) in places.items())
    )


def picked_events(net, count=8, noise_s=0.02):
    """Earthquakes with picks that are late by DELAYS, by what an origin time is wrong by, and by chance."""
    rng, out = np.random.default_rng(0), []
    for number in range(count):
        one = event(3.0, time=obspy.UTCDateTime(2020, 1, 1) + 1000 * number)
        shift = rng.normal(0, 0.2)
        st = seissynth.generate(net, one, seed=number, duration=60)
        for trace in st.select(component="Z"):
            name = f"{trace.stats.network}.{trace.stats.station}"
            for column, phase in enumerate("PS"):
                late = DELAYS.get(name, (0.0, 0.0))[column] + shift + rng.normal(0, noise_s)
                onset = trace.stats.seissynth[f"{phase.lower()}_s"] + late
                where = WaveformStreamID(trace.stats.network, trace.stats.station)
                origin = trace.stats.seissynth.origin_time
                one.picks.append(Pick(time=origin + onset, phase_hint=f"{phase}g", waveform_id=where))
        out.append(one)
    return out


@pytest.fixture(scope="module")
def fitted():
    net = network()
    events = picked_events(net)
    return net, events, seissynth.fit_station_delays(net, events)


def test_delays_are_those_of_the_picks_but_for_what_all_stations_share(fitted):
    """Origin times are unknown, so delays are known relative to each other: between stations, and S after P."""
    _, _, model = fitted
    wanted = np.array([DELAYS.get(f"XX.{code}", (0.0, 0.0)) for code in "ABCD"])
    found = np.array([model.delays_s[f"XX.{code}"] for code in "ABCD"])
    for column in range(2):
        np.testing.assert_allclose(
            found[:, column] - np.median(found[:, column]), wanted[:, column] - np.median(wanted[:, column]), atol=0.12
        )


def test_an_earthquake_that_is_late_everywhere_is_no_delay_of_the_station_that_saw_only_such():
    net = network()
    events = picked_events(net, count=6, noise_s=0.0)
    for number, one in enumerate(events):
        for pick in one.picks:
            pick.time += 1.2 * (number % 2)
        if number % 2 == 0:
            one.picks = [pick for pick in one.picks if pick.waveform_id.station_code != "D"]
    model = seissynth.fit_station_delays(net, events)
    found = np.array([model.delays_s[f"XX.{code}"][0] for code in "CD"])
    assert abs(found[1] - found[0]) < 0.2  # without the earthquakes' own terms 0.4


def test_picks_that_the_fit_did_not_see_are_nearer(fitted):
    net, events, _ = fitted
    model = seissynth.fit_station_delays(net, events[:4])
    scatter = []
    for velocity_model in ("iasp91", model):
        found = pick_residuals(net, events[4:], velocity_model=velocity_model)
        assert set(found["phase"]) == {"P", "S"} and (found["distance_km"] > 10).all()
        late = found["late_s"] - found.groupby(["event", "phase"])["late_s"].transform("mean")
        scatter.append(late.std())
    assert scatter[1] < 0.35 * scatter[0]


def test_picks_may_name_another_network_or_none(fitted):
    net, events, model = fitted
    renamed = [one.copy() for one in events]
    for number, one in enumerate(renamed):
        for pick in one.picks:
            pick.waveform_id = WaveformStreamID("YY" if number % 2 else "", pick.waveform_id.station_code)
    assert seissynth.fit_station_delays(net, renamed) == model


def test_onsets_get_the_delays_of_their_stations():
    plain = onsets([30.0, 60.0, 90.0], 8.0)
    model = StationDelays("iasp91", {"": (0.1, 0.2), "XX.A": (0.3, -0.4)})
    late = onsets([30.0, 60.0, 90.0], 8.0, model, stations=["XX.A", "XX.Z", "XX.A"])
    np.testing.assert_allclose(late.p_s - plain.p_s, [0.3, 0.1, 0.3])
    np.testing.assert_allclose(late.s_direct_s - plain.s_direct_s, [-0.4, 0.2, -0.4])
    np.testing.assert_array_equal(late.p_takeoff_deg, plain.p_takeoff_deg)
    np.testing.assert_array_equal(onsets([30.0], 8.0, model).p_s, plain.p_s[:1])
    assert late.origin == "iasp91 with delays of 1 station"


def test_records_begin_late_and_are_made_again_from_their_provenance(tmp_path):
    net, one = network(), event()
    model = StationDelays("southern_california", DELAYS)
    plain = seissynth.generate(net, one, velocity_model="southern_california", duration=50)
    late = seissynth.generate(net, one, velocity_model=model, duration=50)
    for before, after in zip(plain, late, strict=True):
        p, s = DELAYS.get(f"XX.{after.stats.station}", (0.0, 0.0))
        assert after.stats.seissynth.p_s - before.stats.seissynth.p_s == pytest.approx(p, abs=1e-9)
        assert after.stats.seissynth.s_s - before.stats.seissynth.s_s == pytest.approx(s, abs=1e-9)
        onset = int(np.ceil((after.stats.seissynth.p_s - 0.05) * after.stats.sampling_rate))
        assert not after.data[: onset - 2].any() or after.stats.sampling_rate < 100
    same = seissynth.generate(net, one, velocity_model=json.loads(json.dumps(model.plain())), duration=50)
    from_file = seissynth.generate(net, one, velocity_model=str(model.write(tmp_path / "delays.json")), duration=50)
    for a, b, c in zip(late, same, from_file, strict=True):
        np.testing.assert_array_equal(a.data, b.data)
        np.testing.assert_array_equal(a.data, c.data)
    seissynth.write(tmp_path / "late.h5", late, event=one, inventory=net)
    assert seissynth.reproduce(tmp_path / "late.h5").equal


def test_files_keep_layers_and_names(tmp_path):
    layers = LayeredModel("mine", (0, 30), (6.0, 8.0), (3.5, 4.6))
    found = StationDelays.read(StationDelays(layers, DELAYS).write(tmp_path / "delays.json"))
    named = onsets([40.0], 5.0, str(tmp_path / "delays.json"), stations=["XX.A"])  # as `dataset cut` asks
    np.testing.assert_array_equal(named.s_s, onsets([40.0], 5.0, found, stations=["XX.A"]).s_s)
    assert found.delays_s == DELAYS and found.based_on == [[0, 6, 3.5], [30, 8, 4.6]]
    np.testing.assert_array_equal(
        onsets([40.0], 5.0, found, stations=["XX.A"]).s_s, onsets([40.0], 5.0, layers).s_s + 0.7
    )


@pytest.mark.parametrize(
    ("delays", "message"),
    [
        ([1, 2], "delays_s is a list"), ({"XX.A": 0.1}, "must be two numbers"), ({"XX.A": (0.1, np.nan)}, "-10 and 10"),
        ({"XX.A": (0.1, 11)}, "between -10 and 10 s"),
    ],
)  # fmt: skip
def test_delays_that_cannot_be_are_refused(delays, message):
    with pytest.raises(InputError, match=message):
        StationDelays("iasp91", delays)


def test_other_bad_input_is_refused(tmp_path, fitted):
    net, events, model = fitted
    with pytest.raises(InputError, match="P must come first"):
        onsets([10.0], 5.0, StationDelays("iasp91", {"XX.A": (5.0, 0.0)}), stations=["XX.A"])
    with pytest.raises(InputError, match="2 names for 1 paths"):
        onsets([10.0], 5.0, model, stations=["XX.A", "XX.B"])
    with pytest.raises(InputError, match="must have the keys"):
        onsets([10.0], 5.0, {"layers": []})
    with pytest.raises(InputError, match="no P or S pick of these events"):
        seissynth.fit_station_delays(net, event())
    with pytest.raises(InputError, match="has delays already"):
        seissynth.fit_station_delays(net, events, velocity_model=model)
    (tmp_path / "bad.json").write_text('{"a": 1}')
    with pytest.raises(FileFormatError, match="no station delays"):
        StationDelays.read(tmp_path / "bad.json")
    (tmp_path / "worse.json").write_text("{")
    with pytest.raises(FileFormatError, match="no JSON"):
        StationDelays.read(tmp_path / "worse.json")
    (tmp_path / "late.json").write_text('{"based_on": "iasp91", "delays_s": {"XX.A": [0.1, 11]}}')
    with pytest.raises(FileFormatError, match=r"late.json: .* between -10 and 10 s"):
        StationDelays.read(tmp_path / "late.json")
