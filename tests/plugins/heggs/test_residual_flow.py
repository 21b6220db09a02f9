"""The network that starts from the residual model: what it begins with, learns and resumes; its records."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs PyTorch")

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.heggs.networks import residual_flow  # noqa: E402
from seissynth_plugins.heggs.networks.residual_flow import ResidualFlow  # noqa: E402
from seissynth_plugins.heggs.spread import SHAPE  # noqa: E402
from seissynth_plugins.residuals.clock import POINTS  # noqa: E402
from seissynth_plugins.residuals.kernel import PRIOR, make_places  # noqa: E402
from seissynth_plugins.residuals.kriging import Kriging  # noqa: E402
from seissynth_plugins.residuals.observations import Observations  # noqa: E402
from seissynth_plugins.torchkit.checkpoints import read_tensors  # noqa: E402
from tools.heggs import _residual_flow_set as flow_set  # noqa: E402
from tools.heggs._folds import run_name  # noqa: E402
from tools.heggs._residual_flow_pack import expected  # noqa: E402
from tools.heggs._residual_flow_score import load_network, move, starts  # noqa: E402
from tools.heggs._residual_flow_set import FlowItems, Pack, Part, given, joint_draws, read_pack, write_pack  # noqa: E402
from tools.heggs.heggs_ridgecrest import _flow_stage  # noqa: E402
from tools.heggs.residual_flow import train_flow  # noqa: E402

PATTERNS, SHIFT = 3, 0.8
NARROW = {"steps": 6, "batch": 3, "rate": 3e-3, "validate_every": 3, "channels": 8}


def archive(events, stations, seed, offset_h=0.0):
    """Records of made-up earthquakes at made-up stations."""
    rng = np.random.default_rng(seed)
    n = events * stations
    event, station = np.repeat(np.arange(events), stations), np.tile(np.arange(stations), events)
    at, there = rng.uniform(-0.1, 0.1, (events, 2)), np.random.default_rng(0).uniform(-0.5, 0.5, (stations, 2))
    places = make_places(
        event=[f"{seed} {one}" for one in event], station=[f"S{one}" for one in station],
        source_latitude_deg=at[event, 0], source_longitude_deg=at[event, 1], depth_km=np.full(n, 8.0),
        station_latitude_deg=there[station, 0], station_longitude_deg=there[station, 1],
        magnitude=rng.uniform(2, 4, events)[event], time_h=offset_h + event * 2.0,
    )  # fmt: skip
    return Observations(places, rng.standard_normal((n, PATTERNS)), rng.uniform(0.01, 0.2, (n, PATTERNS)))


def part(known, parameters, trained, residual):
    """A part whose residuals a function gives, from coordinates and cells that count."""
    n, rng = len(known), np.random.default_rng(len(known))
    places, counts = known.places, np.zeros((len(known), *SHAPE), bool)
    counts[:, :, 2:, 15:60] = True
    mean, covariances = expected(parameters, trained, places, places.event)
    features = np.stack([places.magnitude, np.log(places.distance_km), places.depth_km, places.azimuth_rad], axis=1)
    cells = np.where(counts, rng.standard_normal((n, *SHAPE)), 0).astype(np.float16)
    return Part(
        (residual(n) * counts).astype(np.float16), cells, (counts * 0.5).astype(np.float16), np.packbits(counts),
        np.tile(np.array([8.0, 11.0], np.float32), (n, 1)), places.event, places.station, features.astype(np.float32),
        known.values, known.variances, mean, np.concatenate([one.ravel() for one in covariances]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def pack():
    """Records whose residual is a constant, whatever the residual model draws."""
    parameters = np.tile(PRIOR, (PATTERNS, 1))
    trained = archive(4, 3, 1)

    def shift(n):
        return np.full((n, *SHAPE), SHIFT)

    rng = np.random.default_rng(5)
    return Pack(
        part(trained, parameters, trained, shift), part(archive(2, 3, 2, 30.0), parameters, trained, shift),
        (0.2 * rng.standard_normal((PATTERNS, *SHAPE[:2], POINTS))).astype(np.float32),
        (0.1 * rng.standard_normal((4, *SHAPE))).astype(np.float16), 0.3 + 0.64 * np.arange(SHAPE[2]),
        np.zeros((3, SHAPE[1])), np.full(SHAPE[1], 1.2), np.linspace(0.5, 19, SHAPE[1]), np.full(SHAPE[1], 4.0), 1,
    )  # fmt: skip


@pytest.mark.parametrize("beyond", [False, True])
def test_without_training_draws_are_the_residual_models_to_the_bit(pack, beyond):
    start, inputs = starts(pack, "dev", 2, "all", 0)
    counts, network = pack.dev.counts, ResidualFlow(len(pack.stations), beyond=beyond).eval()
    as_given = (start * counts / pack.size).astype(np.float32) * np.float32(pack.size)
    assert np.array_equal(move(network, pack, start, inputs, counts), as_given)


def test_it_learns_a_shift_that_the_residual_model_does_not_know(pack, tmp_path):
    result = train_flow(pack, tmp_path, steps=30, batch=6, rate=2e-2, validate_every=30, channels=8)
    start, inputs = starts(pack, "dev", 2, "none", 0)
    counts = np.broadcast_to(pack.dev.counts, start.shape)
    moved = move(load_network(tmp_path / "network_last.safetensors", pack), pack, start, inputs, pack.dev.counts)
    assert result.finished
    before, after = (np.sqrt(np.mean((one[counts] - SHIFT) ** 2)) for one in (start, moved))
    assert after < 0.5 * before and abs(moved[counts].mean() - SHIFT) < 0.1


def test_the_loss_is_that_of_the_direction_on_the_line_from_draw_to_record(pack):
    seen = {}

    class Halfway(ResidualFlow):
        def forward(self, x, t, *others):
            seen.update(x=x, t=t[:, None, None, None])
            return torch.full_like(x, 0.5)

    batch = {name: torch.as_tensor(value)[None] for name, value in FlowItems(pack, "dev").item(0, 0).items()}
    start, target, counts = batch["start"], batch["target"], batch["counts"]
    found = Halfway(len(pack.stations)).loss(batch)
    torch.testing.assert_close(seen["x"], start + seen["t"] * (target - start))
    torch.testing.assert_close(found["loss"], ((0.5 - (target - start)[counts]) ** 2).mean())
    torch.testing.assert_close(found["unchanged"], ((target - start)[counts] ** 2).mean())


def test_beside_the_velocity_of_normal_numbers_nothing_is_left_of_draws_that_are_right():
    torch.manual_seed(3)
    n, middle = 4000, 0.7
    start, target = middle + torch.randn(2, n, SHAPE[0], 1, 1)
    maps = torch.zeros(n, residual_flow.MAPS, 1, 1)
    maps[:, residual_flow.MIDDLE] = middle
    batch = {"start": start, "target": target, "maps": maps, "numbers": None, "station": torch.zeros(n).long()}
    batch["counts"] = torch.ones(n, SHAPE[0], 1, 1, dtype=torch.bool)

    class Still(ResidualFlow):
        def forward(self, x, *others):
            return torch.zeros_like(x)

    plain, beyond = (Still(1, beyond=way).loss(batch)["loss"] for way in (False, True))
    # of normal numbers 2 - (2t - 1)² / (t² + (1 - t)²) is left, whose mean over t is pi / 2
    assert abs(plain - 2) < 0.1 and abs(beyond - np.pi / 2) < 0.1


def test_a_mean_free_network_leaves_mean_levels(pack):
    torch.manual_seed(1)
    network = ResidualFlow(len(pack.stations), mean_free=True).eval()
    torch.nn.init.normal_(network.out[-1].weight)
    start, inputs = starts(pack, "dev", 2, "none", 0)
    counts = pack.dev.counts
    moved = move(network, pack, start, inputs, counts)
    kept, made = ((one * counts).sum(axis=(-1, -2)) / counts.sum(axis=(-1, -2)) for one in (start, moved))
    assert np.abs(moved - start * counts).max() > 0.01
    np.testing.assert_allclose(made, kept, atol=1e-4)


def test_a_training_that_was_stopped_ends_as_one_that_was_not(pack, tmp_path):
    train_flow(pack, tmp_path / "whole", **NARROW)
    calls = 0
    while not train_flow(pack, tmp_path / "parts", minutes=1e-6, **NARROW).finished:
        calls += 1
    assert calls > 2
    whole, parts = (read_tensors(tmp_path / name / "network_last.safetensors")[0] for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert any(value.abs().sum() > 0 for name, value in whole.items() if name.startswith("out.2"))


def test_a_pack_is_read_without_pickle_and_refused_when_too_large(pack, tmp_path, monkeypatch):
    write_pack(tmp_path / "fold_1.npz", pack)
    again = read_pack(tmp_path / "fold_1.npz")
    assert again.fingerprint == pack.fingerprint and again.test is None
    for f in dataclasses.fields(Part):
        assert np.array_equal(getattr(again.dev, f.name), getattr(pack.dev, f.name)), f.name
    monkeypatch.setattr(flow_set, "LARGEST_BYTES", 1000)
    with pytest.raises(InputError, match="leave records out"):
        write_pack(tmp_path / "large.npz", pack)
    assert not (tmp_path / "large.npz").exists()
    named = dataclasses.replace(pack.dev, station=pack.dev.station.astype(object))
    with pytest.raises(InputError, match="dev_station hold Python objects"):
        write_pack(tmp_path / "objects.npz", dataclasses.replace(pack, dev=named))
    with pytest.raises(InputError, match="residual_flow pack"):
        read_pack(tmp_path / "none.npz")


def test_quiet_items_have_the_signal_alone_and_count_where_it_is_clear(pack):
    rng = np.random.default_rng(8)
    share = np.where(pack.train.counts, rng.uniform(0.3, 1.0, pack.train.counts.shape), 0).astype(np.float16)
    heard = dataclasses.replace(pack, train=dataclasses.replace(pack.train, share=share))
    plain, quiet = FlowItems(heard, "train"), FlowItems(heard, "train", quiet=1.0)
    assert plain.fingerprint != quiet.fingerprint
    seen = 0
    for epoch in range(6):
        own, item = plain.item(0, epoch), quiet.item(0, epoch)
        if own["maps"][-1, 0, 0]:  # with sources, as ever
            np.testing.assert_array_equal(item["maps"], own["maps"])
            continue
        seen += 1
        clear = heard.train.counts[0] & (share[0] > flow_set.CLEAR)
        np.testing.assert_array_equal(item["counts"], clear)
        assert 0 < clear.sum() < own["counts"].sum() and not item["start"][~clear].any()
        # ln A of the signal: that of the sum, and half the ln of its share of power
        sd = np.asarray(heard.scale_sd, np.float32)[:, None]
        wanted = (
            np.clip(heard.train.predicted[0] + np.log(np.maximum(share[0].astype(np.float32), 1e-3)) / (2 * sd), -4, 4)
            / 2
        )
        np.testing.assert_allclose(item["maps"][:3], wanted, atol=1e-5)
        np.testing.assert_array_equal(item["maps"][3:6], 1)
    assert seen


def test_a_network_is_given_to_the_fold_it_was_trained_for(pack, tmp_path):
    named, table = SimpleNamespace(windows=tmp_path / "set", event_scale=1.3), SimpleNamespace(fingerprint="0")
    for fold, own in ((pack, 1), (dataclasses.replace(pack, fold=-1), None)):
        train_flow(fold, tmp_path / run_name(own), **NARROW)
        path = tmp_path / run_name(own) / "network_last.safetensors"
        stage = _flow_stage(named, table, path, own)
        assert (stage["steps"], stage["pairs"], stage["fold"]) == (6, 18, own)
        assert stage["options"]["event_scale"] == 1.3
        with pytest.raises(InputError, match=f"was trained for {run_name(own)}, not for"):
            _flow_stage(named, table, path, 2)


def test_coordinates_given_sources_are_those_of_the_residual_model():
    parameters, trained, known = np.tile(PRIOR, (PATTERNS, 1)), archive(4, 3, 1), archive(1, 5, 2, 30.0)
    mean, (covariance,) = expected(parameters, trained, known.places, known.places.event)
    kriging = Kriging(parameters, trained)
    for sources in (np.array([], int), np.array([2]), np.array([1, 2, 3, 4])):
        found, sd = given(mean, covariance, known.values, known.variances, 0, sources)
        wanted = kriging.given(known.select(sources) if len(sources) else None).at(known.places.select([0]))
        np.testing.assert_allclose(found, wanted.mean[0], atol=1e-5)
        np.testing.assert_allclose(sd**2, wanted.variance[0], atol=1e-5)


def test_an_earthquakes_own_records_say_nothing_of_what_is_expected():
    parameters, trained = np.tile(PRIOR, (PATTERNS, 1)), archive(4, 3, 1)
    event = trained.places.event[0]
    own = np.flatnonzero(trained.places.event == event)
    others = trained.select(np.flatnonzero(trained.places.event != event))
    mean, (covariance, *_) = expected(parameters, trained, trained.places, trained.places.event)
    wanted = Kriging(parameters, others).given().at(trained.places.select(own))
    np.testing.assert_allclose(mean[own], wanted.mean, atol=1e-5)
    np.testing.assert_allclose(np.diagonal(covariance, axis1=1, axis2=2).T, wanted.variance, atol=1e-5)


def test_draws_of_an_earthquake_have_mean_and_covariance(pack):
    rows = next(iter(pack.dev.rows_of.values()))
    draws, mean = joint_draws(pack.dev, 4000, "none")
    covariance = next(iter(pack.dev.covariance_of.values()))
    np.testing.assert_allclose(mean, pack.dev.mean)
    np.testing.assert_allclose(draws[:, rows].mean(axis=0), mean[rows], atol=0.06)
    for k in range(PATTERNS):
        np.testing.assert_allclose(np.cov(draws[:, rows, k].T), covariance[k], atol=0.08)
    vague = dataclasses.replace(pack.dev, variances=np.full_like(pack.dev.variances, 1.0))
    draws, mean = joint_draws(vague, 12000, "all")
    found, sd = given(
        vague.mean[rows], covariance, vague.values[rows], vague.variances[rows], 0, np.arange(1, len(rows))
    )
    np.testing.assert_allclose(mean[rows[0]], found, atol=1e-6)
    np.testing.assert_allclose(draws[:, rows[0]].mean(axis=0), found, atol=0.06)
    np.testing.assert_allclose(draws[:, rows[0]].std(axis=0), sd, rtol=0.02)


def test_items_give_other_sources_each_epoch_and_never_the_record_itself(pack, monkeypatch):
    asked = []

    def seen(mean, covariance, values, variances, target, sources):
        asked.append((target, tuple(sorted(sources.tolist()))))
        return given(mean, covariance, values, variances, target, sources)

    monkeypatch.setattr(flow_set, "given", seen)
    items = FlowItems(pack, "train")
    for epoch in range(150):
        items.item(0, epoch)
    assert all(target not in sources for target, sources in asked)
    none = np.mean([not sources for _, sources in asked])
    assert 0.4 < none < 0.7 and len(set(asked)) == 4  # none, either, both
    again = [items.item(0, 3)["start"], items.item(0, 3)["start"], items.item(0, 4)["start"]]
    assert np.array_equal(again[0], again[1]) and not np.array_equal(again[0], again[2])
    asked.clear()
    often = FlowItems(pack, "train", "always")
    for epoch in range(60):
        often.item(0, epoch)
    assert np.mean([not sources for _, sources in asked]) < 0.3
    with pytest.raises(InputError, match="half"):
        FlowItems(pack, "train", "never")
