"""SWaG's network: sizes, labels, modulation, guidance; and that it learns one batch by heart."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.swag.config import SwagConfig, named_config, variant_names  # noqa: E402
from seissynth_plugins.swag.generation import Sampling, generate_columns  # noqa: E402
from seissynth_plugins.swag.network import Swag, features, patchify, scaled_labels, unpatchify  # noqa: E402
from seissynth_plugins.swag.training.model import DistilledSwag, TrainedSwag  # noqa: E402

TINY = named_config("tiny")
LABELS = torch.tensor([[2.0, 5.0, 1.5], [4.0, 6.0, 3.0]])


def awake(config, seed=0):
    """A network whose last layers say something, as those of a new one do not."""
    torch.manual_seed(seed)
    network = TrainedSwag(config)
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return network.eval()


def inputs(config, count=2, seed=1):
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(count, *config.shape, generator=draw)
    return x, torch.arange(1, count + 1) * 20, LABELS[:count], torch.zeros(count, dtype=torch.long)


def batch_of(config, count=4):
    draw = torch.Generator().manual_seed(2)
    labels = torch.tensor([[2.0 + i, 5.0 + i, 1.0 + i] for i in range(count)])
    return {
        "x": torch.randn(count, *config.shape, generator=draw), "labels": labels,
        "station": torch.zeros(count, dtype=torch.long), "scale_known": torch.ones(count),
    }  # fmt: skip


# --- size and shape


@pytest.mark.parametrize(("name", "blocks", "outputs"), [("authors", 24, 2), ("paper", 28, 1)])
def test_parameters_of_the_published_sizes(name, blocks, outputs):
    """Counted from the layers as written in the text and in the authors' code: DiT of width 768 on 18 values."""
    width, values = 768, 18
    linear = lambda a, b: a * b + b  # noqa: E731
    block = linear(width, 3 * width) + linear(width, width) + 2 * 4 * width * width + 5 * width
    block += linear(width, 6 * width)
    embed = linear(values, width) + 3 * linear(width, width)
    perceptrons = 4 * (linear(256, width) + linear(width, width))  # time step, P, S, magnitude
    table, null = 5001 * width, 3 * width
    final = linear(width, 2 * width) + linear(width, values * outputs)
    with torch.device("meta"):
        network = Swag(named_config(name))
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == blocks * block + embed + perceptrons + table + null + final
    assert network.positions.shape == (500, width)


def test_small_weights_stay_below_12_mb():
    for name in ("small", "small+100hz"):
        count = sum(parameter.numel() for parameter in Swag(replace(named_config(name), stations=100)).parameters())
        assert 2 * count < 12e6


def test_patches_hold_the_three_components_of_each_sample_together():
    x = torch.arange(2 * 3 * 12).reshape(2, 3, 12)
    tokens = patchify(x, 4)
    assert tokens.shape == (2, 3, 12)
    assert tokens[0, 1].tolist() == [4, 16, 28, 5, 17, 29, 6, 18, 30, 7, 19, 31]
    assert torch.equal(unpatchify(tokens, 4)[:, 0], x)


def test_outputs_of_a_sample_stand_behind_one_another():
    """The learned variance: six values a sample, the first three are the prediction."""
    tokens = torch.arange(2 * 6).reshape(1, 1, 12)  # one token of two samples
    said = unpatchify(tokens, 2, outputs=2)
    assert said.shape == (1, 2, 3, 2)
    assert said[0, 0].tolist() == [[0, 6], [1, 7], [2, 8]] and said[0, 1].tolist() == [[3, 9], [4, 10], [5, 11]]


@pytest.mark.parametrize("change", ["", *(f"+{name}" for name in variant_names())])
def test_every_variant_runs_and_all_its_parameters_learn(change):
    config = named_config(f"tiny{change}")
    network = awake(config).train()
    if config.guided:
        network = DistilledSwag(config, awake(replace(config, guided=False)))
        network.load_state_dict({**network.state_dict(), **awake(config).state_dict()})
    # the station's own row and that of none, labels and their lack
    batch = {**batch_of(config, 24), "labels": batch_of(config, 4)["labels"].repeat(6, 1)}
    torch.manual_seed(0)
    network.loss(batch)["loss"].backward()
    still = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    free_of_drop = ["conditions.null", "onsets.null", "conditions.stations.weight"] if config.guided else []
    assert set(still) <= set(free_of_drop)


def test_a_new_network_predicts_nothing_and_each_block_is_the_identity():
    x, t, labels, station = inputs(TINY)
    network = Swag(TINY)
    assert not network(x, t, labels, station).any()
    z = torch.randn(2, 21, TINY.width)
    c = torch.randn(2, TINY.width)
    for config in (TINY, named_config("tiny+dit_modulation"), named_config("tiny+cross_attention")):
        network = Swag(config)
        shared = None if network.modulation is None else network.modulation(c)
        assert torch.equal(network.blocks[0](z, c, shared, torch.randn(2, 5, config.width)), z)


def test_bad_configurations():
    for change, message in (
        ({"patch": 7}, "does not divide"), ({"heads": 3}, "multiple of heads"), ({"learn_sigma": True}, "eps"),
        ({"drop": 1.5}, "0 to 1"), ({"compression": -1.0}, "0 or more"), ({"whitening": -1}, "whitening"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=message):
            SwagConfig(**change)
    with pytest.raises(InputError, match="prediction='noise' must be one of"):
        Swag(replace(TINY, prediction="noise"))
    with pytest.raises(InputError, match="swag has no size 'huge'"):
        named_config("huge")


# --- labels


def test_labels_on_the_scale_of_the_authors_scripts():
    """P of 10 to 1500 samples and S of 50 to 2400 at 50 Hz, magnitude -1 to 8, each to 0 ... 1000, not rounded."""
    low, high = Swag(TINY).conditions.low, Swag(TINY).conditions.high
    samples = torch.tensor([[10.0, 50.0, -1.0], [1500.0, 2400.0, 8.0], [755.0, 1225.0, 3.5], [11.0, 50.0, -1.0]])
    found = scaled_labels(samples / torch.tensor([50.0, 50.0, 1.0]), low, high)
    wanted = [[0, 0, 0], [1000, 1000, 1000], [500, 500, 500], [1000 / 1490, 0, 0]]
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_features_are_cosines_then_sines_of_falling_rates():
    found = features(torch.tensor([0.0, 3.0]))
    rates = 10_000.0 ** (-np.arange(128) / 128)
    np.testing.assert_allclose(found[0], np.r_[np.ones(128), np.zeros(128)])
    np.testing.assert_allclose(found[1], np.r_[np.cos(3 * rates), np.sin(3 * rates)], atol=1e-6)


def test_dropped_labels_say_nothing_and_each_label_counts():
    network = awake(replace(TINY, stations=2))
    x, t, labels, station = inputs(network.config)
    drop = torch.ones(2, dtype=torch.bool)
    free = network(x, t, labels, station, drop)
    assert torch.equal(free, network(x, t, labels + 3.0, station + 1, drop))
    said = network(x, t, labels, station)
    for column in range(3):
        moved = labels.clone()
        moved[:, column] += 1.0
        assert not torch.allclose(network(x, t, moved, station), said)
    assert not torch.allclose(network(x, t, labels, station + 1), said)
    assert not torch.allclose(network(x, t, labels, torch.full_like(station, 2)), said)


# --- guidance


@pytest.mark.parametrize("change", ["", "+learned_sigma"])
def test_guidance_of_1_is_none_bit_for_bit_and_others_are_the_formula(change):
    network = awake(named_config(f"tiny{change}"))
    x, t, labels, station = inputs(network.config)
    first = lambda said: said[0] if isinstance(said, tuple) else said  # noqa: E731
    plain = first(network(x, t, labels, station))
    assert torch.equal(first(network.guided(x, t, labels, station, 1.0)), plain)
    free = first(network(x, t, labels, station, torch.ones(2, dtype=torch.bool)))
    torch.testing.assert_close(first(network.guided(x, t, labels, station, 1.5)), free + 1.5 * (plain - free))
    torch.testing.assert_close(first(network.guided(x, t, labels, station, 0.0)), free)
    made = [generate_columns(network, labels, station, [3, 4], Sampling(steps=3, guidance=w)) for w in (1.0, 1, 2.0)]
    assert np.array_equal(made[0], made[1]) and not np.allclose(made[0], made[2])


def test_distillation_aims_at_the_guided_teacher():
    """A student that is the teacher has no error where the weight is 1, and some above."""
    teacher, config = awake(TINY), named_config("tiny+guided")
    student = DistilledSwag(config, teacher)
    student.load_state_dict({**student.state_dict(), **teacher.state_dict()})
    # the weight is not read yet
    torch.nn.init.zeros_(student.conditions.perceptrons["guidance"][2].weight)
    torch.nn.init.zeros_(student.conditions.perceptrons["guidance"][2].bias)
    x, t, labels, station = inputs(config)
    assert torch.equal(student.guided(x, t, labels, station, 1.0), teacher(x, t, labels, station))
    torch.manual_seed(0)
    assert student.loss(batch_of(config))["loss"] > 1e-6
    assert not any(name.startswith("_teacher") for name in student.state_dict())
    with pytest.raises(InputError, match="does not take the guidance weight"):
        teacher(x, t, labels, station, guidance=torch.ones(2))


# --- learning


@pytest.mark.parametrize("name", ["tiny", "tiny+eps", "tiny+v", "tiny+learned_sigma", "tiny+cross_attention"])
def test_overfits_one_batch(name):
    config = replace(named_config(name), drop=0.0, station_drop=0.0)
    torch.manual_seed(0)
    network = TrainedSwag(config)
    batch = batch_of(config, 2)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(150):
        torch.manual_seed(5)  # the same steps and noise
        figures = network.loss(batch)
        optimizer.zero_grad()
        figures["loss"].backward()
        optimizer.step()
        losses.append(float(figures["waveform"]))
    assert losses[-1] < 0.1 * losses[0]


def test_the_scales_count_only_where_they_are_known():
    network, batch = awake(TINY), batch_of(TINY)
    torch.manual_seed(0)
    known = network.loss(batch)
    torch.manual_seed(0)
    unknown = network.loss({**batch, "scale_known": torch.zeros(4)})
    torch.testing.assert_close(known["loss"], known["waveform"] + TINY.scale_weight * known["scale"])
    assert unknown["scale"] == 0 and unknown["loss"] == known["waveform"]


def test_records_do_not_depend_on_their_batch():
    network = awake(replace(TINY, stations=1))
    labels = np.array([[2.0 + 0.1 * i, 5.0, 2.0] for i in range(7)])
    station, seeds = np.arange(7) % 2, np.arange(7)
    together = generate_columns(network, labels, station, seeds, Sampling(steps=3, batch=4))
    for row in (0, 5, 6):
        one = slice(row, row + 1)
        alone = generate_columns(network, labels[one], station[one], seeds[one], Sampling(steps=3, batch=4))
        assert np.array_equal(alone[0], together[row])


def test_labels_and_stations_that_cannot_be():
    network = Swag(TINY)
    for labels, station, message in (
        ([[2.0, 5.0]], [0], "must be \\(n, 3\\)"), ([[2.0, np.nan, 1.0]], [0], "row 0, column 1"),
        ([[2.0, 5.0, 1.0]], [1], "allowed are 0 to 0"), ([[2.0, 5.0, 1.0]], [0.0], "whole numbers"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=message):
            generate_columns(network, labels, np.array(station), [1])
    with pytest.raises(InputError, match="guidance=-1 must be"):
        Sampling(guidance=-1)
    with pytest.raises(InputError, match="method='euler' must be one of"):
        Sampling(method="euler")
