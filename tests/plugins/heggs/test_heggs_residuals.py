"""The residual model in weights: put in, drawn, conditioned, kept in a file, and fitted at the end of a training."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")

from heggs_sets import made_up_rows, tiny_options, write_set  # noqa: E402
from heggs_streams import earthquake, line, observed  # noqa: E402

import seissynth  # noqa: E402
from seissynth.errors import FileFormatError, InputError  # noqa: E402
from seissynth_plugins.heggs.generation import Sampling  # noqa: E402
from seissynth_plugins.heggs.networks.model import Heggs  # noqa: E402
from seissynth_plugins.heggs.networks.named_configs import named_config  # noqa: E402
from seissynth_plugins.heggs.observation import at_sensors, generate_observed  # noqa: E402
from seissynth_plugins.heggs.residual_records import (  # noqa: E402
    PATTERN_SHAPE,
    field_at,
    origin_hours,
    record_places,
    record_residuals,
    signal_share,
)
from seissynth_plugins.heggs.signal_and_noise import before_p  # noqa: E402
from seissynth_plugins.heggs.site_noise import SiteNoise  # noqa: E402
from seissynth_plugins.heggs.source_traits import source_residuals  # noqa: E402
from seissynth_plugins.heggs.training.data import TrainingTable, fit_inputs  # noqa: E402
from seissynth_plugins.heggs.weights import HEGGS, load_model, save_model  # noqa: E402
from seissynth_plugins.residuals.clock import LAGS_S, TO_S  # noqa: E402
from seissynth_plugins.residuals.kernel import PRIOR  # noqa: E402
from seissynth_plugins.residuals.observations import Observations  # noqa: E402
from seissynth_plugins.residuals.patterns import Patterns  # noqa: E402

K = 2


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    table = TrainingTable(write_set(tmp_path_factory.mktemp("residuals") / "set"), fold=0, folds=4)
    found = fit_inputs(table)
    bins = len(found.statistics.mean)
    nothing = np.zeros((3, bins), np.float32)
    low = {"": nothing - 4}
    site_noise = SiteNoise({"": nothing}, low, low, nothing[:1], nothing - 4, np.zeros((9, bins), np.float32))
    return replace(found, site_noise=site_noise)


def some_patterns():
    """A level, and a decay after S."""
    decay = np.concatenate([np.zeros(TO_S), 1 - np.log1p(LAGS_S) / 2])
    return np.stack([np.full(PATTERN_SHAPE, 0.6), np.broadcast_to(0.4 * decay, PATTERN_SHAPE)]).astype(np.float32)


def model_with(rows, values, variance=0.01, parameters=None):
    """A network whose residual model knows these records."""
    torch.manual_seed(0)
    model = Heggs(replace(named_config("tiny"), residuals=K, residual_records=len(rows))).eval()
    columns = pd.DataFrame(rows)
    onsets = columns[["path_p_travel_s", "path_s_travel_s"]].to_numpy(float)
    share = np.full(len(rows), 0.9)
    places = record_places(columns, names_of(columns), onsets, share)
    known = Observations(places, values, np.full(values.shape, variance))
    parameters = np.stack([PRIOR] * K) if parameters is None else parameters
    hours = origin_hours(columns, len(rows))
    model.residuals.keep(Patterns(some_patterns(), 0.2), parameters, known, columns, hours, onsets, share)
    return model


def names_of(columns):
    return [f"{a}.{b}" for a, b in zip(columns["station_network_code"], columns["station_code"], strict=True)]


@pytest.fixture(scope="module")
def model():
    rows = made_up_rows()[:16]
    return model_with(rows, np.random.default_rng(0).standard_normal((16, K)))


def arguments(inputs, rows):
    columns = pd.DataFrame(rows)
    onsets = inputs.onsets(columns)
    return columns, inputs.conditions(columns), names_of(columns), onsets


def made(model, inputs, rows, draw=0, traits=None, drawn=True):
    """Deviations of records of strong signals, of a prediction that is 1 everywhere behind P."""
    columns, conditions, sensors, onsets = arguments(inputs, rows)
    early = before_p(onsets, inputs.frame_times_s)
    x = np.where(early[:, None, None], -4.0, 1.0) * np.ones((len(rows), 3, 64, 1), np.float32)
    seeds = [1000 * draw + int(row["station_code"][1:]) + 10 * int(row["source_id"][1:]) for row in rows]
    of_events = [77 * draw + int(row["source_id"][1:]) for row in rows]
    return at_sensors(
        model, inputs, x.astype(np.float32), conditions, seeds, of_events, sensors, onsets, traits=traits, drawn=drawn,
        columns=columns,
    ), early  # fmt: skip


def without(model):
    torch.manual_seed(0)
    plain = Heggs(named_config("tiny")).eval()
    assert model.residuals is not None and plain.residuals is None
    return plain


def test_deviations_are_patterns_behind_p_and_nothing_before(model, inputs):
    rows = made_up_rows()[16:24]
    out, early = made(model, inputs, rows)
    plain, _ = made(without(model), inputs, rows)
    before = np.broadcast_to(early[:, None, None], out.shape)
    assert before.any() and (out[before] == plain[before]).all()
    apart = out - plain
    p, s = inputs.onsets(pd.DataFrame(rows))[0]
    behind = ~early[0] & (inputs.frame_times_s < p + (s - p) * (TO_S - 1) / TO_S)
    # before the last point in front of S the decay is zero, and the level the same in all bins and frames
    level = apart[0][..., behind]
    np.testing.assert_allclose(level, level.mean(), atol=1e-5)
    assert abs(level.mean()) > 1e-3
    mean, _ = made(model, inputs, rows, drawn=False)
    again, _ = made(model, inputs, rows, draw=5, drawn=False)
    np.testing.assert_array_equal(mean, again)
    assert np.abs(out - mean).max() > 0.05


def test_a_factor_widens_draws_about_their_mean(model, inputs):
    rows = made_up_rows()[16:24]
    mean, one, plain, wide = (made(model, inputs, rows, drawn=factor)[0] for factor in (False, 1.0, True, 1.5))
    np.testing.assert_array_equal(one, plain)
    np.testing.assert_allclose(wide - mean, 1.5 * (plain - mean), atol=1e-4)
    with pytest.raises(InputError, match="spread"):
        Sampling(spread=-1.0)


def test_gains_of_unknown_sensors_are_drawn_with_the_scatter_of_known_ones(model, inputs):
    """Without it a sensor that the weights do not know scattered as if its site were known."""
    rows = made_up_rows()[16:17]
    columns, conditions, _, onsets = arguments(inputs, rows)
    rng = np.random.default_rng(3)
    nothing = inputs.site_noise.site[""]
    # gains that rise together in all bins, by 0.7 about a mean of 1, so that levels show their scatter
    gains = {f"XX.K{number}": nothing + np.float32(1 + 0.7 * rng.standard_normal()) for number in range(200)}
    known = replace(inputs, site_noise=replace(inputs.site_noise, site={"": nothing + 1, **gains}))
    x = np.full((1, 3, 64, 376), 2.0, np.float32)

    def level(sensor, seed, of=known, drawn=True, event_seed=None):
        out = at_sensors(
            model, of, x, conditions, [5], [seed if event_seed is None else event_seed], [sensor], onsets,
            drawn=drawn, columns=columns, background="none",
        )  # fmt: skip
        return out[0, 0, 30, 300]

    few = replace(inputs, site_noise=replace(inputs.site_noise, site={"": nothing + 1, "XX.K0": gains["XX.K0"]}))
    apart = np.array([level("YY.NEW", seed) - level("YY.NEW", seed, few) for seed in range(400)])
    drawn = np.unique(apart.round(4))  # of 32 draws of what earthquakes have in common
    assert 20 <= len(drawn) <= 32
    scatter = np.std([value[0, 0] for value in gains.values()], ddof=1)
    np.testing.assert_allclose(np.std(drawn, ddof=1), scatter, rtol=0.3)
    assert abs(drawn.mean()) < 0.3
    # another sensor has another gain; a known one its own; and the mean none
    assert abs(level("YY.NEW", 7) - level("YY.OTHER", 7)) > 0.05
    of_known = [level("XX.K0", seed) - level("XX.K0", seed, few) for seed in range(5)]
    np.testing.assert_allclose(of_known, 0, atol=1e-5)
    assert level("YY.NEW", 7, drawn=False) == level("YY.NEW", 7, few, drawn=False)


def test_seeds_of_earthquakes_count_to_the_last_bit(model, inputs):
    """Whole numbers beyond 2**63 in one list with smaller ones: as floating numbers they would lose their last bits."""
    rows = made_up_rows()[16:18]
    columns, conditions, sensors, onsets = arguments(inputs, rows)
    x = np.ones((2, 3, 64, 376), np.float32)
    first, second = (
        at_sensors(model, inputs, x, conditions, [1, 2**60], [seed, 5], sensors, onsets, columns=columns)
        for seed in (2**63 + 1, 2**63 + 2)
    )
    assert np.abs(first[0] - second[0]).max() > 0.05
    np.testing.assert_array_equal(first[1], second[1])


def test_weights_that_are_loaded_again_are_not_factored_again(model):
    values = np.random.default_rng(0).standard_normal((16, K))
    again, other = (model_with(made_up_rows()[:16], v).residuals for v in (values, values + 0.5))
    assert again.model is model.residuals.model
    place = again.model[1].archive.places.select([0])
    apart = other.model[1].given().at(place).mean - again.model[1].given().at(place).mean
    assert (apart > 0.3).all()


def test_a_field_is_read_at_its_bins_and_times():
    rows, times = np.arange(16.0), np.arange(0.08, 60.2, 0.16)
    field = np.zeros(PATTERN_SHAPE)
    field += rows[:, None]
    field[1] += np.arange(PATTERN_SHAPE[-1])
    found = field_at(field, (5.0, 8.5), times)
    bins = np.clip((np.arange(64) - 1.5) / 4, 0, 15)
    np.testing.assert_allclose(found[0], np.broadcast_to(bins[:, None], (64, len(times))), atol=1e-5)
    position = (found[1] - found[0])[0]
    assert position[times < 5].max() == 0
    np.testing.assert_allclose(np.interp([5.0, 6.75, 8.5], times, position), [0, 3.5, 7], atol=0.25)


def test_rows_do_not_depend_on_others_or_their_order(model, inputs):
    rows = made_up_rows()[16:24]
    whole, _ = made(model, inputs, rows, draw=3)
    order = [5, 0, 3]
    some, _ = made(model, inputs, [rows[k] for k in order], draw=3)
    np.testing.assert_array_equal(some, whole[order])


def traits_of(model, inputs, rows, real, targets):
    columns, conditions, sensors, onsets = arguments(inputs, rows)
    found = source_residuals(model, inputs, real, conditions, sensors, onsets, columns=columns)
    return found.traits(targets, onsets, inputs.frame_times_s)


def as_predicted(model, inputs, rows, change):
    """Records of the model's own prediction at sources, changed on the clock."""
    columns, conditions, sensors, onsets = arguments(inputs, rows)
    plain = without(model)
    zero = np.zeros((len(rows), 3, 64, 376), np.float32)
    from seissynth.seeding import hash_words
    from seissynth_plugins.heggs.generation import generate_spectrograms

    seeds = np.array([hash_words("prediction at a source", name) for name in sensors], dtype=np.uint64)
    x = generate_spectrograms(plain, conditions, seeds, None, None, Sampling(steps=3, spread=False))
    expected = at_sensors(
        plain, inputs, x, conditions, seeds, seeds, sensors, onsets, drawn=False, columns=columns,
        levels=np.full(zero.shape[:3], -4.0, np.float32),
    )  # fmt: skip
    early = before_p(onsets, inputs.frame_times_s)
    fields = np.stack([
        field_at(np.tensordot(change[row], some_patterns(), axes=1), onsets[row], inputs.frame_times_s)
        for row in range(len(rows))
    ])  # fmt: skip
    return expected + np.where(early[:, None, None], 0, fields), x, early


def test_conditioning_on_the_target_itself_returns_it(inputs):
    rows = made_up_rows()[29:32]
    model = model_with(made_up_rows()[:16], np.zeros((16, K)))
    z = np.array([[1.0, -1.0], [0.5, 2.0], [-1.5, 0.3]])
    real, x, early = as_predicted(model, inputs, rows, z)
    traits = traits_of(model, inputs, rows, real, [[0], [1], [2]])
    found = np.stack([one.values[0] for one in traits.known])
    np.testing.assert_allclose(found, z, atol=0.05)
    columns, conditions, sensors, onsets = arguments(inputs, rows)
    for drawn in (False, True):
        out = at_sensors(
            model, inputs, x, conditions, [1, 2, 3], [4, 4, 4], sensors, onsets, traits=traits, drawn=drawn,
            columns=columns,
        )  # fmt: skip
        behind = np.broadcast_to(~early[:, None, None], out.shape).copy()
        behind[..., -4:] = False
        assert np.abs(out - real)[behind].max() < 0.2
    # from another station alone the level is known in part: nearer to the truth than without, and not all of it
    other = traits_of(model, inputs, rows, real, [[1], [0], [0]])
    level = [
        made(model, inputs, rows, traits=one, drawn=False)[0][0, 0, 20, 100] for one in (None, other, traits)
    ]  # fmt: skip
    assert level[0] < level[1] < level[2]


def test_sensors_and_networks_that_are_not_known_share_the_earthquakes_terms_alone(inputs):
    """An event term is common to all stations; station terms of strangers are their own scatter."""
    parameters = np.stack([PRIOR] * K)
    parameters[:, :8] = 1e-9
    parameters[:, 0], parameters[:, 2] = 1.0, 4.0  # event, station
    known = made_up_rows()[:16]
    model = model_with(known, np.full((16, K), 2.0), parameters=parameters)
    new = made_up_rows()[28:32]
    strange = [{**row, "station_network_code": "XX", "station_code": f"S{k + 4}"} for k, row in enumerate(new)]

    def levels(rows):
        out = np.stack([made(model, inputs, rows, draw)[0][:, 0, 20, 60] for draw in range(120)])
        return (out - 1.0) / 0.6

    at_known, at_strange = levels(new), levels(strange)
    # 4 earthquakes at each of 4 stations had 2: by hand, station terms of variance 4 take 4 / (4 + 1 / 4) of it or less
    assert 1.0 < at_known.mean() < 2.0 and abs(at_strange.mean()) < 0.6
    assert at_strange.std(axis=0).mean() > 1.5 * at_known.std(axis=0).mean()
    common = np.corrcoef(at_known.T)[~np.eye(4, dtype=bool)].mean()
    apart = np.corrcoef(at_strange.T)[~np.eye(4, dtype=bool)].mean()
    assert common > 0.6 and apart < 0.5
    assert at_strange.std(axis=0).mean() == pytest.approx(np.sqrt(5), rel=0.25)


def test_shares_of_signal_are_means_of_powers():
    signals = np.full((1, 3, 4, 6), np.log(3.0), np.float32)
    early = np.arange(6)[None] < 2
    signals[..., 4:] = -60.0  # later than 10 s after S
    levels = np.zeros((1, 3, 4), np.float32)  # ln 1
    band = np.array([False, True, True, False])
    found = signal_share(
        np.where(early[:, None, None], -60, signals), levels, early, [[0.5, 1.0]], band, np.ones(4), 3.0 * np.arange(6)
    )
    assert found == pytest.approx([0.9])


def test_cells_without_half_of_their_area_do_not_count():
    counts = np.zeros((1, 1, 1, 376), bool)
    counts[..., 40:81] = True
    (one,) = record_residuals(np.full((1, 3, 64, 376), 2.0), counts, np.array([[5.0, 8.0]]), np.arange(376) * 0.16)
    assert np.flatnonzero(one.counts[0, 0]).tolist() == list(range(10, 20))
    assert set(one.values[one.counts].tolist()) == {2.0}
    assert one.times_s[10] == pytest.approx(41.5 * 0.16)
    # windows of the last frames reach beyond the record
    (one,) = record_residuals(np.ones((1, 3, 64, 376)), True, np.array([[5.0, 8.0]]), np.arange(376) * 0.16)
    assert one.counts[..., :-1].all() and not one.counts[..., -1].any()


# --- in files


def saved(model, inputs, path, **changed):
    about = {"training_data_hash": "0" * 16, "region": "none", "licence": "MIT"}
    values = {**model.state_dict(), **changed}
    save_model(path, values, model.config, inputs, about)
    return path


def test_a_file_gives_the_same_records(model, inputs, tmp_path):
    path = saved(model, inputs, tmp_path / "weights.safetensors")
    again, found, _ = load_model(path, kind=HEGGS)
    assert again.config == model.config
    rows = made_up_rows()[16:20]
    np.testing.assert_allclose(
        made(again, inputs, rows, drawn=False)[0], made(model, inputs, rows, drawn=False)[0], atol=0.01
    )
    assert np.abs(made(again, inputs, rows)[0] - made(again, inputs, rows, drawn=False)[0]).max() > 0.05
    small = again.residuals.state_dict()
    assert small["places"].dtype == torch.int32 and small["names"].dtype == torch.int64
    third = load_model(saved(again, found, tmp_path / "again.safetensors"))[0]
    for name, value in third.residuals.state_dict().items():
        assert torch.equal(value, small[name]), name


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("variances", lambda x: x - 1.0),
        ("noise", lambda x: x * 0),
        ("log_parameters", lambda x: x + 100),
        ("places", lambda x: x * 0 + 2_000_000_000),
        ("onsets", lambda x: x.flip(1)),
    ],
)
def test_arrays_that_no_fit_gives_are_refused(model, inputs, tmp_path, name, change):
    value = change(model.residuals.state_dict()[name])
    path = saved(model, inputs, tmp_path / "bad.safetensors", **{f"residuals.{name}": value})
    with pytest.raises(FileFormatError, match=rf"bad\.safetensors: the residual model cannot be used: {name} hold"):
        load_model(path)


def test_a_file_of_another_number_of_records_is_refused(model, inputs, tmp_path):
    values = model.residuals.state_dict()["values"][:5]
    path = saved(model, inputs, tmp_path / "short.safetensors", **{"residuals.values": values})
    with pytest.raises(FileFormatError, match=r"residuals\.values \(5, 2\) instead of \(16, 2\)"):
        load_model(path)


def test_records_without_places_are_refused(model, inputs):
    _, conditions, sensors, onsets = arguments(inputs, made_up_rows()[16:18])
    with pytest.raises(InputError, match="pass columns"):
        generate_observed(model, inputs, conditions, [1, 2], [3, 3], sensors, onsets)


# --- trained


@pytest.fixture(scope="module")
def long_set(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("long") / "set", made_up_rows(events=27))


@pytest.mark.parametrize("kind", ["heggs", "ldm"])
def test_a_training_ends_with_a_residual_model_and_generation_uses_it(kind, long_set, tmp_path):
    pytest.importorskip("lightning", reason="training needs Lightning")
    from seissynth_plugins.heggs.training.train import train_heggs
    from seissynth_plugins.ldm.backend import LDM
    from seissynth_plugins.ldm.training import train_ldm

    options = tiny_options(steps=1, warm_up=0, validation_records=0, fold=0, folds=3, site_noise=True)
    more = {"autoencoder_steps": 1} if kind == "ldm" else {}
    train = train_ldm if kind == "ldm" else train_heggs
    report = train(long_set, tmp_path / "run", **options, **more, residuals=K)
    model, _, card = load_model(report.weights, kind=LDM if kind == "ldm" else HEGGS)
    figures = card["residuals"]
    assert figures["records"] == model.config.residual_records == 36 and model.config.residuals == K
    assert 0 < figures["noise"] < figures["residual"]

    def generated(inventory, source=None):
        return seissynth.generate(
            inventory, earthquake(), backend=kind, weights=report.weights, duration=60.0, outside="allow", seed=3,
            source=source, velocity_model="southern_california", steps=2, iterations=2,
        )  # fmt: skip

    streams = [generated(line(), source) for source in (None, observed(level=1e-5))]
    alone = generated(line().select(station="V1"))
    for trace in alone:
        np.testing.assert_array_equal(trace.data, streams[0].select(id=trace.id)[0].data)
    assert not np.array_equal(streams[0][0].data, streams[1][0].data)
    # a further training begins with them, and leaves them out
    again = train(long_set, tmp_path / "again", **{**options, "site_noise": False}, **more, init=report.weights)
    assert load_model(again.weights, kind=LDM if kind == "ldm" else HEGGS)[0].residuals is None


def test_residual_models_that_cannot_be_fitted_are_refused_before_a_training(long_set, tmp_path):
    pytest.importorskip("lightning", reason="training needs Lightning")
    from seissynth_plugins.heggs.training.train import train_heggs

    options = tiny_options(fold=0, folds=3)
    for more, words in (
        ({"residuals": 2}, "pass site_noise=True"),
        ({"residuals": 40, "site_noise": True}, "needs 41 records in the validation part; there are 36"),
        ({"residuals": 2, "spread": 2, "site_noise": True}, "takes the place of spread=2"),
        ({"residuals": 1.5, "site_noise": True}, "residuals"),
    ):
        with pytest.raises(InputError, match=words):
            train_heggs(long_set, tmp_path / "run", **options, **more)


def test_a_factor_on_earthquakes_widens_only_what_their_stations_share(inputs):
    """Draws by the same seeds differ from their mean by the factor if stations share all, and not at all if nothing."""
    known, rows = made_up_rows()[:16], made_up_rows()[16:24]
    for shared, expected in (((0.2, 0.2), 1.3), ((1e-9, 1e-9), 1.0)):
        parameters = np.stack([PRIOR] * K)
        parameters[:, :8] = 1e-9 if expected > 1 else parameters[:, :8]
        parameters[:, :2] = shared
        apart = []
        for factor in (1.0, 1.3):
            model = model_with(known, np.zeros((16, K)), parameters=parameters)
            model.residuals.scale_events(factor)
            apart.append(made(model, inputs, rows)[0] - made(model, inputs, rows, drawn=False)[0])
        strong = np.abs(apart[0]) > 0.05
        assert strong.sum() > 100
        np.testing.assert_allclose(apart[1][strong] / apart[0][strong], expected, rtol=2e-3)
    for factor in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="above 0"):
            model.residuals.scale_events(factor)
