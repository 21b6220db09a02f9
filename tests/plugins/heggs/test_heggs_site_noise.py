"""Site and noise: gains and levels that are put into records are found, taken apart, and come out again."""

import json
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from heggs_sets import BEGIN, RATE, made_up_rows, tiny_options, waveforms, write_set
from heggs_streams import earthquake, line, observed

import seissynth
from seissynth.errors import FileFormatError, InputError
from seissynth.io.seisbench.dataset import DatasetWriter
from seissynth.seeding import hash_words
from seissynth_plugins.heggs.inputs import ModelInputs
from seissynth_plugins.heggs.signal_and_noise import (
    LEAST_SIGNAL,
    before_p,
    noise_levels,
    shape_features,
    signal,
    with_noise,
)
from seissynth_plugins.heggs.site_noise import EDGE_FRAMES, SiteNoise, shrunk_means
from seissynth_plugins.heggs.training.data import TrainingTable, fit_inputs
from seissynth_plugins.heggs.weights import HEGGS, read_card
from seissynth_plugins.torchkit.weights import read_inputs

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")

from seissynth_plugins.heggs.observation import generate_observed, signal_residuals  # noqa: E402
from seissynth_plugins.heggs.source_traits import (  # noqa: E402
    LEVEL_PULL,
    REST_PULL,
    SourceResiduals,
    source_residuals,
)

TIMES = np.arange(40.0)
SD = np.array([2.0, 1.0, 0.5], np.float32)
ONSETS = np.array([[19.5, 25.0], [9.5, 20.0]])


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    table = TrainingTable(write_set(tmp_path_factory.mktemp("site") / "set"), fold=0, folds=4)
    return fit_inputs(table)


def records(level=0.0, seed=0):
    """ln A of signals behind P and nothing before, and noise by component and bin."""
    rng = np.random.default_rng(seed)
    early = before_p(ONSETS, TIMES)
    signals = np.where(early[:, None, None], -60.0, level + rng.normal(size=(2, 3, 3, 40)))
    return signals.astype(np.float32), rng.normal(size=(2, 3, 3)).astype(np.float32) - 2, early


def some_site_noise(inputs, sensors=("CI.S0", "CI.S1"), gain=0.0, events=None):
    bins = len(inputs.statistics.mean)
    nothing = np.zeros((3, bins), np.float32)
    named = dict.fromkeys(("", *sensors), nothing - 3)
    offsets = np.zeros((1, bins), np.float32) if events is None else events
    site, shape = {"": nothing, "CI.S0": nothing + gain}, np.zeros((9, bins), np.float32)
    return SiteNoise(site, named, dict(named), offsets, nothing, shape)


def test_frames_before_p_end_a_little_early():
    found = before_p([[3.0, 6.0], [3.4, 6.4], [np.nan, np.nan]], TIMES[:5])
    assert found.tolist() == [[True, True, True, False, False], [True] * 4 + [False], [False] * 5]


def test_signal_and_noise_add_as_powers_and_come_apart():
    signals, noise, early = records(level=1.0)
    x = with_noise(signals, noise, SD)
    # by hand, one cell: amplitudes A of signal and noise give sqrt(A_s^2 + A_n^2)
    n, s = noise[0, 1, 0] * SD[0], signals[0, 1, 0, 30]
    assert x[0, 1, 0, 30] * SD[0] == pytest.approx(np.log(np.hypot(np.exp(n), np.exp(s))), abs=1e-5)
    np.testing.assert_allclose(noise_levels(x, early), noise, atol=1e-4)
    found = signal(x, early, SD, np.zeros((3, 3)))
    assert (found[np.broadcast_to(early[:, None, None], found.shape)] == -60).all()
    strong = signals > 0.5 * np.log(LEAST_SIGNAL) + 0.5 + noise[..., None] * SD[:, None]
    assert strong[~np.broadcast_to(early[:, None, None], found.shape)].mean() > 0.5
    np.testing.assert_allclose(found[strong], signals[strong], atol=0.02)
    weak = with_noise(signals - 40, noise, SD)  # far below the noise: the least share of its power
    left = signal(weak, early, SD, np.zeros((3, 3)))[0, 0, 0, 30]
    assert left == pytest.approx(noise[0, 0, 0] * SD[0] + 0.5 * np.log(LEAST_SIGNAL), abs=1e-3)


def test_records_without_time_before_p_take_the_networks_own_noise():
    x = np.zeros((1, 3, 3, 40), np.float32)
    early = before_p([[2.9, 5.0]], TIMES)
    assert np.isnan(noise_levels(x, early)).all()
    found = signal(x, early, SD, np.full((3, 3), -10.0))
    np.testing.assert_allclose(found[..., 10], 0.0, atol=1e-3)


def test_gains_are_found_where_there_is_signal():
    from seissynth_plugins.heggs.training.site_noise_fit import fit_gains

    rng = np.random.default_rng(2)
    truth = {"A": rng.uniform(-0.5, 0.5, (3, 3)), "B": rng.uniform(-0.5, 0.5, (3, 3))}
    names = ["A"] * 40 + ["B"] * 40
    signals = rng.normal(1.0, 0.5, (80, 3, 3, 40)).astype(np.float32)
    noise = rng.normal(-1.0, 0.3, (80, 3, 3)).astype(np.float32)
    noise[:, :, 2] = 10.0  # nothing to be seen in the last bin
    gain = np.stack([truth[name] for name in names])[..., None] * SD[:, None]
    real = with_noise(signals + gain.astype(np.float32), noise, SD)
    weights = np.ones((80, 40), np.float32)
    weights[:, 30:] = 0
    real[:, :, :, 30:] = 1e3  # behind the mask
    found = fit_gains(real, signals, noise, weights, names, SD)
    for name in truth:
        np.testing.assert_allclose(found[name][:, :2], truth[name][:, :2], atol=0.01)
    np.testing.assert_allclose(found["A"][:, 2], 0.0, atol=1e-3)
    # a few records of nothing but signal go most of the way from the gains of all
    few = fit_gains(real[:41], signals[:41], noise[:41], weights[:41], names[:41], SD)
    together = fit_gains(real[:41], signals[:41], noise[:41], weights[:41], ["C"] * 41, SD)["C"]
    way = (few["B"] - together)[:, :2] / (truth["B"] - together)[:, :2]
    assert 0.7 < np.median(way) < 0.95
    # a sensor that is not known takes what sensors have on average, however many records each of them has
    np.testing.assert_allclose(few[""], (few["A"] + few["B"]) / 2, atol=1e-6)


def test_a_correction_over_time_is_found():
    from seissynth_plugins.heggs.training.site_noise_fit import fit_shape

    rng = np.random.default_rng(6)
    times = np.arange(2.0, 42.0)
    onsets = np.stack([rng.uniform(3, 6, 50), rng.uniform(8, 12, 50)], axis=1)
    features = shape_features(onsets, times, rng.uniform(0.5, 5.0, 50))
    np.testing.assert_allclose(features[..., :8].sum(axis=-1), 1.0, rtol=1e-6)
    truth = rng.uniform(-0.5, 0.5, (9, 3)).astype(np.float32)
    signals = rng.normal(1.0, 0.5, (50, 3, 3, 40)).astype(np.float32)
    noise = rng.normal(-1.0, 0.3, (50, 3, 3)).astype(np.float32)
    added = np.einsum("ntk,kf->nft", features, truth) * SD[:, None]
    real = with_noise(signals + added[:, None], noise, SD)
    weights = np.where(before_p(onsets, times), 0, 12).astype(np.float32)
    np.testing.assert_allclose(fit_shape(real, signals, noise, weights, features, SD), truth, atol=0.06)
    known = SiteNoise(*[{"": np.zeros((3, 3))}] * 3, np.zeros((1, 3)), np.full((3, 3), -30.0), truth)
    early = before_p(onsets, times)
    found = known.signals(signals / SD[:, None], early, SD, [""] * 50, features)
    behind = np.broadcast_to(~early[:, None, None] & (times > 12), found.shape)
    plain = signal(signals / SD[:, None], early, SD, known.predicted)
    behind = behind[..., :-EDGE_FRAMES]
    assert (found[..., -EDGE_FRAMES:] == found[..., -EDGE_FRAMES - 1, None]).all()
    found, plain, added = (values[..., :-EDGE_FRAMES] for values in (found, plain, added))
    np.testing.assert_allclose((found - plain)[behind], np.broadcast_to(added[:, None], found.shape)[behind], atol=1e-5)


def test_means_are_drawn_to_those_of_all_names():
    values = np.array([[1.0], [3.0], [8.0], [99.0]])
    found = shrunk_means(values, ["A", "A", "B", "C"], np.array([True, True, True, False]), 1.0)
    common = (2 / 3 * 2 + 1 / 2 * 8) / (2 / 3 + 1 / 2)
    assert sorted(found) == ["", "A", "B"]
    assert found[""] == pytest.approx(common)
    assert found["A"] == pytest.approx(common + 2 / 3 * (2 - common))
    assert found["B"] == pytest.approx(common + 1 / 2 * (8 - common))


LATE = np.zeros(40, bool)


def residuals(noise, error, weight, apart=0.0, slope=0.0, marks=((0, 0),), early=LATE):
    """Of so many sources, alike in all four bins and in all frames."""
    full = [np.asarray(values, np.float32)[:, None] * np.ones(4, np.float32) for values in (noise, error, weight)]
    n, frames = len(noise), len(early)
    more = [np.broadcast_to(np.asarray(values, np.float32), (n, 4, frames)).copy() for values in (apart, slope)]
    counts, early = np.ones((n, frames), bool), np.broadcast_to(early, (n, frames)).copy()
    levels = np.repeat(full[0][:, None], 3, axis=1)
    nothing = {"": np.zeros((3, 4))}
    known = SiteNoise({}, nothing, nothing, np.zeros((1, 4)), np.zeros((3, 4)), np.zeros((9, 4)))
    return SourceResiduals(
        levels, *full[1:], *more, counts, early, np.broadcast_to(marks, (n, 2)).copy(), None, np.empty(0, int),
        np.array(["CI.S0"] * n), known, np.ones(4),
    )  # fmt: skip


def test_sources_of_one_earthquake_are_added_up():
    found = residuals([1.0, 3.0, np.nan, 8.0], [6.0, 2.0, 5.0, 0.0], [3.0] * 4)
    of_three, level, rest = found.of([0, 1, 2], (0, 0), LATE)
    np.testing.assert_allclose(of_three, 2.0)
    np.testing.assert_allclose(level, (6 + 2 + 5) / (9 + LEVEL_PULL))
    assert (rest == 0).all()
    unheard, level, _ = found.of([2], (0, 0), LATE)
    assert np.isnan(unheard).all()
    np.testing.assert_allclose(level, 5 / (3 + LEVEL_PULL))
    np.testing.assert_allclose(found.of([3], (0, 0), LATE)[0], 8.0)
    nothing, level, rest = found.of([], (0, 0), LATE)
    assert np.isnan(nothing).all() and (level == 0).all() and (rest == 0).all()


def test_what_sources_hold_over_time_comes_at_the_same_time_about_s():
    """Two sources with a burst 10 frames behind their S, which sets in at other frames; one knows 20 frames only."""
    apart = np.zeros((2, 4, 40), np.float32)
    apart[0, :, 15:24] = apart[1, :, 20:29] = 3.0
    found = residuals([0.0] * 2, [0.0] * 2, [0.0] * 2, apart, 0.0, ((1, 5), (1, 10)))
    found.counts[1, 25:] = False
    _, _, rest = found.of([0, 1], (1, 7), LATE)
    both, one = 3 * 2 / (2 + REST_PULL), 3 / (1 + REST_PULL)
    np.testing.assert_allclose(rest[:, 19:20], both, rtol=1e-6)  # frames that see the burst alone, on average of five
    np.testing.assert_allclose(rest[:, 24], (4 * one) / 5, rtol=1e-6)
    assert (rest[:, :15] == 0).all() and (rest[:, 28:] == 0).all()
    # what the level tells already is not told again: the residual is just that of a level of 1, with this slope
    level = residuals([0.0], [LEVEL_PULL + 4.0], [4.0], 0.6, 0.6)
    _, of_level, rest = level.of([0], (0, 0), LATE)
    np.testing.assert_allclose(of_level, 1.0)
    np.testing.assert_allclose(rest, 0.0, atol=1e-6)
    traits = found.traits([[0, 1], [0, 1]], np.array([[1.0, 7.0], [1.0, np.nan]]), TIMES)
    assert traits.rest[0].any() and not traits.rest[1].any()
    assert (traits.rest[0][:, -EDGE_FRAMES:] == traits.rest[0][:, -EDGE_FRAMES - 1, None]).all()


def test_what_precedes_p_comes_at_the_same_time_before_p():
    """A source whose noise falls towards P and whose coda rises; P and S are later at the target."""
    early, apart = np.arange(40) < 15, np.zeros((1, 4, 40), np.float32)
    apart[..., :15], apart[..., 15:] = 3.0 - 0.2 * np.arange(15), -3.0
    found = residuals([0.0], [0.0], [0.0], apart, 0.0, ((15, 20),), early)
    _, _, rest = found.of([0], (18, 27), np.arange(40) < 18)
    share = 1 / (1 + REST_PULL)
    np.testing.assert_allclose(rest[0, 6:15], share * apart[0, 0, 3:12], atol=1e-6)
    np.testing.assert_allclose(rest[:, 26:], -3.0 * share, rtol=1e-6)


def test_the_level_of_a_source_is_found(inputs):
    """A source that is half a deviation above what the network says of it, and one whose place nobody knows."""
    from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms
    from seissynth_plugins.heggs.networks.model import Heggs
    from seissynth_plugins.heggs.networks.named_configs import named_config

    model = Heggs(named_config("tiny")).eval()
    own = replace(inputs, site_noise=some_site_noise(inputs, gain=0.25))
    onsets, conditions = np.array([[15.0, 25.0]] * 3), np.zeros((3, 11), np.float32)
    conditions[2] = np.nan
    sd, early = inputs.statistics.sd, before_p(onsets, inputs.frame_times_s)
    names = ["CI.S0", "CI.S1"]
    seeds = np.array([hash_words("prediction at a source", name) for name in names], np.uint64)
    x = generate_spectrograms(model, conditions[:2], seeds, None, None, Sampling(steps=3))
    features = shape_features(onsets[:2], inputs.frame_times_s, own.magnitudes(conditions[:2]))
    signals = own.site_noise.signals(x, early[:2], sd, names, features)
    heard = with_noise(signals + 0.5 * sd[:, None], np.full((2, 3, len(sd)), -12.0), sd)
    source = np.concatenate([heard, heard[:1]])
    found = source_residuals(model, own, source, conditions, [*names, "CI.S2"], onsets)
    _, level, rest = found.of(np.array([0, 1]), found.marks[0], early[0])
    np.testing.assert_allclose(level, 0.5 * 6 / (6 + LEVEL_PULL), atol=0.02)
    # of two that are half a deviation above, what the level leaves is divided by the pull again
    clear = slice(found.marks[0, 1] + 5, -20)
    np.testing.assert_allclose(rest[:, clear].mean(), 0.5 * LEVEL_PULL / (6 + LEVEL_PULL) / 2, atol=0.02)
    assert not found.counts[:, -EDGE_FRAMES:].any() and found.counts[:2, :-EDGE_FRAMES].all()
    np.testing.assert_array_equal(found.early, early)
    assert (found.error[2] == 0).all() and (found.weight[2] == 0).all()
    np.testing.assert_allclose(found.of([0, 1], found.marks[0], early[0])[0], -9.0, atol=1e-3)


def test_quiet_noise_is_that_of_the_rows_of_noise(tmp_path, inputs):
    from seissynth_plugins.heggs.training.site_noise_fit import quiet_levels

    table = TrainingTable(write_set(tmp_path / "set"))
    found = quiet_levels(table, inputs, None)
    assert sorted(found) == ["", "CI.S0", "CI.S1", "CI.S2", "CI.S3"]
    # white noise: the mean of ln A of its STFT, by hand; the statistics' floor adds a little
    form, statistics = inputs.spectrogram, inputs.statistics
    own = table.noise[np.asarray(table.sensors(table.noise)) == "CI.S2"]
    wanted = np.log(table.waveforms(own).std() * np.sqrt(np.sum(form.stft.weights**2))) - 0.5 * np.euler_gamma
    logs = form.log_of(np.broadcast_to(found["CI.S2"][None, :, :, None], (1, *form.shape)), statistics)
    logs = logs[0, :, form.band_mask, 0]
    assert 0 < logs.mean() - wanted < 0.1
    np.testing.assert_allclose(found[""], np.mean([found[f"CI.S{k}"] for k in range(4)], axis=0), atol=1e-5)
    bare = TrainingTable(write_set(tmp_path / "bare", noise=0))
    assert quiet_levels(bare, inputs, {"": 1}) == {"": 1}


def test_traits_go_where_they_belong(inputs):
    """Level on the signal, noise before P and under it, the rest on all."""
    from seissynth_plugins.heggs.generation import Sampling
    from seissynth_plugins.heggs.networks.model import Heggs
    from seissynth_plugins.heggs.networks.named_configs import named_config
    from seissynth_plugins.heggs.source_traits import Traits

    model, own = Heggs(named_config("tiny")).eval(), replace(inputs, site_noise=some_site_noise(inputs))
    bins, onsets = len(inputs.statistics.mean), np.array([[15.0, 25.0]])
    early = before_p(onsets, inputs.frame_times_s)[0]

    def x(noise=0.0, level=0.0, rest=0.0):
        traits = Traits(np.full((1, bins), noise), np.full((1, bins), level), np.full((1, bins, len(early)), rest))
        return generate_observed(
            model, own, np.zeros((1, 11), np.float32), [1], [2], ["CI.S0"], onsets, traits=traits,
            sampling=Sampling(steps=2),
        )[0]  # fmt: skip

    plain = x()
    np.testing.assert_allclose(plain[..., early], -3.0, atol=1e-5)
    np.testing.assert_allclose((x(noise=0.5) - plain)[..., early], 0.5, atol=1e-5)
    np.testing.assert_allclose(x(rest=0.25) - plain, 0.25, atol=1e-5)
    level = x(level=0.5) - plain
    assert (level[..., early] == 0).all() and 0.3 < level[..., ~early].max() <= 0.5 + 1e-4
    np.testing.assert_allclose(x(noise=np.nan) - plain, 0.0, atol=1e-5)  # quiet noise, here as loud as the mean


@pytest.mark.parametrize("name", ["tiny", "tiny+onsets+condition_start"])
@pytest.mark.parametrize("known", [False, True])
def test_what_is_optional_may_be_left_out(inputs, name, known):
    """Nothing but what is required, and with a source; the same as the sampling that the page names."""
    from seissynth_plugins.heggs.generation import Sampling, default_sampling, generate_spectrograms
    from seissynth_plugins.heggs.networks.model import Heggs
    from seissynth_plugins.heggs.networks.named_configs import named_config

    torch.manual_seed(0)
    model = Heggs(replace(named_config(name), spread=2)).eval()
    model.spread.without_source += 0.5
    own = replace(inputs, site_noise=some_site_noise(inputs)) if known else inputs
    onsets, condition = np.array([[15.0, 25.0]]), np.zeros((1, model.config.condition.size), np.float32)
    start = {"start": "condition"} if model.config.source_input else {"start": "noised", "start_step": 60}
    chosen = Sampling(steps=10, **start)
    found = default_sampling(model.config)
    assert model.config.steps == 100
    assert (found.steps, found.start, found.start_step) == (10, start["start"], 60)
    for source in ({}, {"source": np.zeros((1, 3, 64, 376), np.float32)}):
        left_out, given = (
            generate_observed(model, own, condition, [1], [2], ["CI.S0"], onsets, **source, **more)
            for more in ({}, {"sampling": chosen})
        )
        np.testing.assert_array_equal(left_out, given)
        taken = {"onsets": onsets} if model.config.unet.onset_maps else {}
        plain = generate_spectrograms(model, condition, [1], **source, **taken)
        assert plain.shape == left_out.shape and np.isfinite(plain).all()
        if not known:
            np.testing.assert_array_equal(plain, left_out)
    with pytest.raises(InputError, match="background='loud' must be one of 'quiet'"):
        generate_observed(model, own, condition, [1], [2], ["CI.S0"], onsets, background="loud")


def test_residuals_are_those_of_the_signal(inputs):
    bins = len(inputs.statistics.mean)
    own = replace(inputs, site_noise=some_site_noise(inputs, gain=0.25))
    times = inputs.frame_times_s
    rng = np.random.default_rng(3)
    onsets = np.array([[15.0, 25.0]])
    sd, early = inputs.statistics.sd, before_p(onsets, times)
    signals = np.where(early[:, None, None], -60, rng.normal(0, 3, (1, 3, bins, len(times)))).astype(np.float32)
    made = with_noise(signals, np.full((1, 3, bins), -4.0), sd)
    louder = signals + (0.25 + 0.5) * sd[:, None]  # the gain of the site, and half a deviation that nobody knows
    target = with_noise(louder.astype(np.float32), np.full((1, 3, bins), -1.0), sd)
    residuals, seen = signal_residuals(own, target, made, np.zeros((1, 11)), ["CI.S0"], onsets)
    assert not seen[..., times < 14].any() and 0.1 < seen[..., times > 15].mean() < 0.9
    clear = (seen & (signals > 2 * sd[:, None]))[..., :-EDGE_FRAMES]
    residuals = residuals[..., :-EDGE_FRAMES]
    np.testing.assert_allclose(residuals[clear], 0.5, atol=0.05)
    assert np.abs(residuals[..., times[:-EDGE_FRAMES] < 14]).max() < 1e-3  # its own noise was taken


def test_plain_data_comes_back_and_wrong_ones_are_refused(inputs):
    rng = np.random.default_rng(4)
    bins = len(inputs.statistics.mean)
    wanted = some_site_noise(inputs, gain=0.5, events=rng.normal(size=(7, bins)).round(3).astype(np.float32))
    plain = json.loads(json.dumps(replace(inputs, site_noise=wanted).to_plain()))
    again = ModelInputs.from_plain(plain).site_noise
    np.testing.assert_allclose(again.site["CI.S0"], 0.5)
    np.testing.assert_allclose(again.events, wanted.events, atol=1e-6)
    drawn = again.drawn(range(200))
    assert {tuple(row) for row in drawn} == {tuple(row) for row in again.events}
    assert (drawn == again.drawn(range(200))).all()
    assert ModelInputs.from_plain(inputs.to_plain()).site_noise is None
    with pytest.raises(FileFormatError, match="the normalisation cannot be used"):
        read_inputs({"normalisation": {**plain, "site_noise": {**plain["site_noise"], "shared": ["CI.S0"]}}}, HEGGS)
    for part, value in (("site", {"CI.S0": plain["site_noise"]["site"][""]}), ("noise", {"": [[1.0]]})):
        with pytest.raises(InputError, match=rf"site_noise: {part} must hold finite arrays of shape \(3, 64\)"):
            ModelInputs.from_plain({**plain, "site_noise": {**plain["site_noise"], part: value}})
    for part, value in (("events", []), ("events", [[float("nan")] * bins]), ("shape", [[0.0] * bins])):
        with pytest.raises(InputError, match=f"{part} must be finite, of shape"):
            ModelInputs.from_plain({**plain, "site_noise": {**plain["site_noise"], part: value}})


def test_sensors_and_earthquakes_are_told_apart(tmp_path, inputs):
    """Records of one sensor three times as loud, those of one earthquake ten times."""
    from seissynth_plugins.heggs.networks.model import Heggs
    from seissynth_plugins.heggs.networks.named_configs import named_config
    from seissynth_plugins.heggs.training.site_noise_fit import fit_site_noise

    rows = [row for row in made_up_rows() if row["station_code"] != "S0"]  # the nearest has no time before P
    data = waveforms(rows)
    for record, row in zip(data, rows, strict=True):
        record *= (3 if row["station_code"] == "S1" else 1) * (10 if row["source_id"] == "e2" else 1)
    with DatasetWriter(tmp_path / "set", sampling_rate_hz=RATE, unit="m/s", quantity="velocity") as writer:
        writer.write(pd.DataFrame(rows), data)
    table = TrainingTable(tmp_path / "set")
    found = fit_site_noise(Heggs(named_config("tiny")), table, inputs, np.arange(len(rows)))
    sd, band = inputs.statistics.sd, slice(2, 50)
    apart = ((found.noise["CI.S1"] - found.noise["CI.S2"]) * sd)[:, band]
    np.testing.assert_allclose(apart.mean(), np.log(3) * 8 / 9, atol=0.1)
    offsets = (found.events * sd)[:, band].mean(axis=1)
    np.testing.assert_allclose(offsets - offsets[0], np.log(10) * (np.arange(8) == 2), atol=0.1)
    # what is loud at a sensor is signal too; an untrained network says nothing of any
    gains = ((found.site["CI.S1"] - found.site["CI.S2"]) * sd)[:, band]
    assert gains.mean() > 0.4 * np.log(3)
    late = replace(inputs, onset_terms={"": (-60.0, -60.0)})
    with pytest.raises(InputError, match="none of the 2 records"):
        fit_site_noise(Heggs(named_config("tiny")), table, late, np.arange(2))


def test_what_sensors_share_is_fitted_beside_noise_rows(tmp_path, inputs):
    """One earthquake's noise ten times the quiet noise of the set; times that cannot be read are not quiet times."""
    from seissynth_plugins.heggs.networks.model import Heggs
    from seissynth_plugins.heggs.networks.named_configs import named_config
    from seissynth_plugins.heggs.training.site_noise_fit import fit_site_noise

    rows = [row for row in made_up_rows() if row["station_code"] != "S0"]
    for row in rows[:3]:
        row["source_origin_time"] = f"{BEGIN:%Y/%m/%d %H:%M:%S}"
    data = waveforms(rows)
    for record, row in zip(data, rows, strict=True):
        record *= 10 if row["source_id"] == "e2" else 1
    table = TrainingTable(write_set(tmp_path / "set", rows, data=data))
    begin = (BEGIN - pd.Timestamp("1970-01-01T00:00:00Z")).total_seconds() / 3600
    for place, time in zip(table.noise, ("a quiet night", ""), strict=False):
        table.table.loc[table.table.index[place], "trace_start_time"] = time
    found = fit_site_noise(Heggs(named_config("tiny")), table, inputs, np.arange(len(rows)))
    np.testing.assert_allclose(found.event_hours, begin + np.arange(8) / 12)
    np.testing.assert_allclose(found.quiet_hours, begin - np.array([4, 3, 2]) / 60)
    assert sorted(found.shared) == ["", "CI.S1", "CI.S2", "CI.S3"]
    sd, band = inputs.statistics.sd, slice(2, 50)
    above = ((found.events - found.quiet[""].mean(axis=0)) * sd)[:, band].mean(axis=1)
    assert above[2] == pytest.approx(np.log(99) / 2, abs=0.1)  # 10^2 = 1 + 99
    assert np.delete(above, 2).max() < 0.5
    gains = [(found.shared[f"CI.S{number}"] * sd)[:, band].mean() for number in (1, 2, 3)]
    np.testing.assert_allclose(gains, 0, atol=0.1)
    table.table = table.table.drop(columns="trace_start_time")
    again = fit_site_noise(Heggs(named_config("tiny")), table, inputs, np.arange(len(rows)))
    assert again.quiet_hours.shape == (0,)


# --- trained, and generated with


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of a few steps with sites, noise and spread."""
    pytest.importorskip("lightning", reason="training needs Lightning")
    from seissynth_plugins.heggs.training.train import train_heggs

    folder = tmp_path_factory.mktemp("trained")
    options = tiny_options(validation_records=2, site_noise=True, spread=1)
    return train_heggs(write_set(folder / "set"), folder / "run", **options, fold=0, folds=4).weights


def test_training_keeps_sites_and_noise(weights, tmp_path):
    from seissynth_plugins.heggs.training.train import train_heggs

    card = read_card(weights)
    found = ModelInputs.from_plain(card["normalisation"]).site_noise
    assert sorted(found.site) == ["", "CI.S0", "CI.S1", "CI.S2", "CI.S3"]
    assert np.abs(found.site["CI.S3"]).max() > 0.1  # an untrained network is off by far more than rounding
    shutil.copytree(weights.parent, tmp_path / "again")
    options = tiny_options(validation_records=2, site_noise=True, spread=1)
    again = train_heggs(weights.parents[1] / "set", tmp_path / "again", **options, fold=0, folds=4)
    assert again.finished and read_card(again.weights)["normalisation"] == card["normalisation"]
    options = tiny_options(steps=1, warm_up=0, validation_records=0)
    begun = train_heggs(weights.parents[1] / "set", tmp_path / "begun", **options, init=weights)
    assert ModelInputs.from_plain(read_card(begun.weights)["normalisation"]).site_noise is None


def made(weights, site_noise, source=None, background="none", inventory=None):
    from seissynth_plugins.heggs.backend import HeggsBackend
    from seissynth_plugins.torchkit.checkpoints import load_weights, save_weights

    class Alike(HeggsBackend):
        """Draws the same for all weights: seeds depend on their digest."""

        weights_hash = "alike"

    values, card = load_weights(weights)
    plain = json.loads(json.dumps(asdict(site_noise), default=np.ndarray.tolist))  # `to_plain` would round it
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / "changed.safetensors"
        save_weights(changed, values, {**card, "normalisation": {**card["normalisation"], "site_noise": plain}})
        backend = Alike(weights=changed, steps=2, iterations=4, precision="float32", background=background)
        stream = seissynth.generate(
            line() if inventory is None else inventory, earthquake(), backend=backend, duration=60.0, source=source,
            velocity_model="southern_california", outside="allow",
        )  # fmt: skip
    return np.stack([trace.data for trace in stream]).reshape(-1, 3, stream[0].stats.npts)


def test_gains_scale_the_signal_and_noise_stands_before_p(weights):
    inputs = ModelInputs.from_plain(read_card(weights)["normalisation"])
    nothing = some_site_noise(inputs)
    double = np.broadcast_to(np.log(2) / inputs.statistics.sd, (3, len(inputs.statistics.sd))).astype(np.float32)
    plain = made(weights, nothing)
    doubled = made(weights, replace(nothing, site={**nothing.site, "XX.V1": double}))
    for number, factor in enumerate((1, 2, 1, 1)):
        np.testing.assert_allclose(doubled[number], factor * plain[number], rtol=0.02, atol=2e-3 * plain[number].max())
    far, first = -1, slice(0, 200)  # the farthest station, 2 s from origin
    assert np.abs(plain[far, :, first]).max() < 1e-3 * np.abs(plain[far]).max()
    noisy = made(weights, nothing, background="mean")
    loud = made(weights, replace(nothing, noise={"": nothing.noise[""] + double}), background="mean")
    assert np.std(loud[far, :, first]) == pytest.approx(2 * np.std(noisy[far, :, first]), rel=0.1)
    half = made(weights, replace(nothing, quiet={"": nothing.noise[""] - double}), background="quiet")
    assert np.std(half[far, :, first]) == pytest.approx(np.std(noisy[far, :, first]) / 2, rel=0.1)
    eight = made(weights, replace(nothing, events=3 * double[:1]), background="drawn")
    assert np.std(eight[far, :, first]) == pytest.approx(8 * np.std(noisy[far, :, first]), rel=0.1)


def test_the_bin_below_the_band_is_heard_where_sites_are_known(weights):
    inputs = ModelInputs.from_plain(read_card(weights)["normalisation"])
    nothing, form = some_site_noise(inputs), inputs.spectrogram
    assert replace(inputs, site_noise=None).inverted == form and np.flatnonzero(form.band_mask)[0] == 2
    more = np.flatnonzero(replace(inputs, site_noise=nothing).inverted.band_mask)
    assert more.tolist() == list(range(1, np.flatnonzero(form.band_mask)[-1] + 1))
    tenfold = np.zeros_like(nothing.site[""])
    tenfold[:, 1] = np.log(10) / inputs.statistics.sd[1]

    def low(site):
        record = made(weights, replace(nothing, site={**nothing.site, "XX.V1": site}))[1]
        spectrum = np.abs(np.fft.rfft(record, axis=-1))
        return np.sqrt(np.mean(spectrum[:, 24:72] ** 2))  # 0.4 to 1.2 Hz

    # the bin next to it shares half of its window's lobe
    assert 3 < low(nothing.site[""] + tenfold) / low(nothing.site[""]) < 10.5


def test_a_source_brings_the_noise_of_its_time(weights):
    known = ModelInputs.from_plain(read_card(weights)["normalisation"]).site_noise
    first = slice(0, 200)
    quiet = made(weights, known, source=observed(level=1e-7, stations=("S1",)), background="drawn")
    loud = made(weights, known, source=observed(level=1e-6, stations=("S1",)), background="drawn")
    assert np.std(loud[-1, :, first]) > 3 * np.std(quiet[-1, :, first])


def test_records_with_a_source_do_not_depend_on_others_of_the_call(weights):
    """Sites in the south and in the north take different stations, whose levels differ."""
    known = ModelInputs.from_plain(read_card(weights)["normalisation"]).site_noise
    sites = line((12.0, 40.0))
    for source in (
        observed(),
        observed(stations=("S0",)) + observed(level=1e-5, stations=("S0", "S1")).select(station="S1"),
    ):
        whole = made(weights, known, source=source, inventory=sites)
        alone = made(weights, known, source=source, inventory=sites.select(station="V1"))
        np.testing.assert_array_equal(alone[0], whole[1])


def test_an_unknown_noise_is_refused(weights):
    from seissynth_plugins.heggs.backend import HeggsBackend

    with pytest.raises(InputError, match="background='loud' must be one of quiet, time, mean, drawn, none"):
        HeggsBackend(weights=weights, background="loud")


@pytest.mark.parametrize("known", [True, False], ids=["no shared noise", "no noise at all"])
def test_noise_of_a_time_is_refused_before_anything_is_made(inputs, known):
    own = replace(inputs, site_noise=some_site_noise(inputs) if known else None)
    with pytest.raises(InputError, match='background="time" needs weights'):
        generate_observed(None, own, np.zeros((1, 11)), [1], [2], ["CI.S0"], ONSETS[:1], background="time")


def test_a_strong_source_makes_strong_records_if_its_place_is_known(weights):
    known = ModelInputs.from_plain(read_card(weights)["normalisation"]).site_noise
    peaks, model = {}, {"velocity_model": "southern_california"}
    for place in (True, False):
        for magnitude in (2.5, 4.5):
            source = seissynth.generate(line((30.0,), "W"), earthquake(magnitude), duration=60.0, **model)
            for trace in source:
                trace.stats.processing = ["ObsPy 1.4.2: remove_response(fig=None::output='VEL')"]
                if not place:
                    del trace.stats["seissynth"], trace.stats["coordinates"]
            peaks[place, magnitude] = np.abs(made(weights, known, source=source)).max()
    assert peaks[True, 4.5] > 2 * peaks[True, 2.5]
    assert peaks[False, 4.5] < 1.5 * peaks[False, 2.5]
