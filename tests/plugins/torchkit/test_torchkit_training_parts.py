"""Parts of a model in the training loop: when they are stepped, their options, averages, and states of before."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
pytest.importorskip("lightning")

from test_torchkit_training import (  # noqa: E402
    CONFIG,
    QUICK,
    Data,
    Noisy,
    Pair,
    assert_same,
    rows_of,
    uninterrupted,
)

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.torchkit.batches import BatchOrder  # noqa: E402
from seissynth_plugins.torchkit.ema import EMA  # noqa: E402
from seissynth_plugins.torchkit.training import TrainConfig, train  # noqa: E402

__all__ = ["uninterrupted"]  # a fixture


# --- parts that are stepped in turn


def test_a_part_is_stepped_in_each_third_step_only(tmp_path):
    """By hand: RMSprop with the gradients of each part's own loss, on the batches of the order."""
    config = TrainConfig(
        steps=7, batch_size=4, optimizer="rmsprop", learning_rate={"critic": 0.01, "maker": 0.02}, weight_decay=0,
        clip=None, decay="constant", every={"maker": 3}, ema=0.5, ema_parts=("maker",), **QUICK,
    )  # fmt: skip
    model = Pair()
    result = train(model, Data(), config, tmp_path)
    order, data = BatchOrder(12, 4, 0, 7), Data()
    assert [(part, step) for part, step, _ in model.seen if part == "maker"] == [("maker", 2), ("maker", 5)]
    critics = [indices for part, _, indices in model.seen if part == "critic"]
    assert critics == [[i for i, _ in order.batch(n)] for n in range(7)]  # each step takes a new batch
    a, b = np.zeros(3), np.full(3, 0.1)
    squares, average, updates = {"a": 0.0, "b": 0.0}, np.zeros(3), 0

    def rms(name, gradient, rate):
        squares[name] = 0.99 * squares[name] + 0.01 * gradient**2
        return rate * gradient / (np.sqrt(squares[name]) + 1e-8)

    for step in range(7):
        rows = [data.item(*place) for place in order.batch(step)]
        x, y = np.array([row["x"] for row in rows]), np.array([row["y"] for row in rows])
        b = b - rms("b", 2 * x.T @ (x @ (a + b) - y) / 4, 0.01)
        if step in (2, 5):
            a = a - rms("a", 2 * x.T @ (x @ (a + b) - y) / 4 + 1, 0.02)
            updates += 1
            decay = min(0.5, (1 + updates) / (10 + updates))
            average = decay * average + (1 - decay) * a
    np.testing.assert_allclose(model.a.detach(), a, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.b.detach(), b, rtol=1e-4, atol=1e-6)
    assert list(result.weights) == ["a"]
    np.testing.assert_allclose(result.weights["a"], average, rtol=1e-4, atol=1e-6)
    assert [bool(row["maker"]) for row in rows_of(tmp_path)] == [step in (3, 6) for step in range(1, 8)]


def test_without_names_all_parts_are_averaged_in_every_step(tmp_path):
    config = TrainConfig(steps=4, every={"maker": 2}, ema=0.0, **QUICK)
    model = Pair()
    result = train(model, Data(), config, tmp_path)
    assert_same(result.weights, model.state_dict())


class Grown(torch.nn.Module):
    """A generator and a critic with statistics, a frozen layer, and a buffer of both."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        norm = torch.nn.BatchNorm1d
        self.generator = torch.nn.Sequential(torch.nn.Linear(3, 4), norm(4), torch.nn.Linear(4, 1))
        self.critic = torch.nn.Sequential(torch.nn.Linear(3, 4), norm(4, affine=False), torch.nn.Linear(4, 1))
        self.frozen = torch.nn.Linear(1, 1).requires_grad_(False)
        self.register_buffer("scale", torch.tensor(2.0))

    def parts(self):
        return {name: list(getattr(self, name).parameters()) for name in ("critic", "generator")}

    def loss(self, batch, part):
        net = self.critic if part == "critic" else self.generator
        return (self.frozen(net(batch["x"]))[:, 0] - self.scale * batch["y"]).square().mean()


def test_only_averaged_parts_are_kept_twice(tmp_path):
    from seissynth_plugins.torchkit.checkpoints import read_tensors

    config = TrainConfig(steps=4, batch_size=4, ema_parts=("generator",), **QUICK)
    model = Grown()
    result = train(model, Data(), config, tmp_path, validation=Data())
    names = {name for name in model.state_dict() if not name.startswith("critic.")}
    assert {"generator.1.running_var", "scale", "frozen.weight"} < names == set(result.weights) == set(result.best)
    state = read_tensors(tmp_path / "state.safetensors")[0]
    assert {name[4:] for name in state if name.startswith("ema.")} == names
    assert {name[6:] for name in state if name.startswith("model.")} == set(model.state_dict())


def test_parts_have_options_of_their_own(tmp_path):
    """The first steps of two optimisers with their decay of weights and rate, and the norm they are clipped to."""

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = (torch.nn.Parameter(torch.full((4,), v)) for v in (1.0, 2.0))

        def parts(self):
            return {"critic": [self.b], "maker": [self.a]}

        def loss(self, batch, part):
            return 100 * (self.a if part == "maker" else self.b).sum()

    config = TrainConfig(
        steps=2, optimizer={"critic": "adamw", "maker": "rmsprop"}, learning_rate={"critic": 0.01, "maker": 0.1},
        weight_decay={"critic": 0.5, "maker": 0.0}, decay={"critic": "constant", "maker": "linear"},
        clip={"critic": 1.0, "maker": None}, betas={"critic": (0.0, 0.9), "maker": (0.5, 0.5)}, **QUICK,
    )  # fmt: skip
    model = Two()
    train(model, Data(), config, tmp_path)
    b = 2.0
    for _ in range(2):  # Adam's step is the rate, whatever a constant gradient's size
        b = b * (1 - 0.01 * 0.5) - 0.01
    torch.testing.assert_close(model.b.detach(), torch.full((4,), b), rtol=1e-5, atol=0)
    squares = [0.01 * 1e4, (0.99 * 0.01 + 0.01) * 1e4]
    a = 1 - 0.1 * 100 / math.sqrt(squares[0]) - 0.05 * 100 / math.sqrt(squares[1])
    torch.testing.assert_close(model.a.detach(), torch.full((4,), a), rtol=1e-5, atol=0)
    from seissynth_plugins.torchkit.checkpoints import read_tensors

    state = read_tensors(tmp_path / "state.safetensors")[0]
    # of the gradients, 100 each: the norm 200 became 1, so that each is 0.5; the first moment forgets at once
    torch.testing.assert_close(state["optimizer.critic.0.exp_avg"], torch.full((4,), 0.5))
    torch.testing.assert_close(state["optimizer.critic.0.exp_avg_sq"], torch.full((4,), 0.25 * (0.9 * 0.1 + 0.1)))
    torch.testing.assert_close(state["optimizer.maker.0.square_avg"], torch.full((4,), squares[1]))


def test_weights_are_clipped_after_the_step_of_their_part(tmp_path):
    config = TrainConfig(
        steps=5,
        batch_size=4,
        learning_rate=0.3,
        decay="constant",
        every={"maker": 4},
        clip_weights={"critic": 0.05},
        **QUICK,
    )
    model = Pair()
    train(model, Data(), config, tmp_path)
    assert model.b.detach().abs().max().item() == pytest.approx(0.05)
    assert model.a.detach().abs().min() > 0.2  # stepped before the critic's last step, and not clipped


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": {"maker": 0}}, r"every\['maker'\]=0"),
        ({"every": 5}, "every=5 must be a dict"),
        ({"clip_weights": {"critic": -1}}, r"clip_weights\['critic'\]=-1"),
        ({"clip": {"critic": 0, "maker": None}}, r"clip\['critic'\]=0"),
        ({"betas": (0.9, 1.0)}, r"betas=\(0.9, 1.0\) must be two numbers"),
        ({"betas": {"critic": 0.9}}, r"betas\['critic'\]=0.9 must be two"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1"),
        ({"optimizer": {"critic": "sgd"}}, r"optimizer\['critic'\]='sgd' must be one of 'adamw'"),
        ({"decay": {"critic": "step"}}, r"decay\['critic'\]='step'"),
        ({"decay": {"critic": 0}}, r"decay\['critic'\]=0"),
        ({"ema_parts": "maker"}, "ema_parts='maker' must be names"),
        ({"ema_parts": ()}, "ema_parts"),
        ({"ema_buffers": "drop"}, "ema_buffers='drop' must be one of 'copy', 'average'"),
        ({"sample_every": 0}, "sample_every=0"),
        ({"best_is": "most"}, "best_is='most' must be one of 'min', 'max'"),
        ({"best_by": ""}, "best_by"),
    ],
    ids=str,
)
def test_options_of_parts_that_cannot_be(arguments, message):
    with pytest.raises(InputError, match=message):
        TrainConfig(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": {"generator": 2}}, "every names 'generator'; the model's parts are 'critic', 'maker'"),
        ({"every": {"critic": 2, "maker": 3}}, "no part is stepped"),
        ({"clip": {"critic": 1.0}}, "clip has no entry for the model's part 'maker'"),
        ({"clip_weights": {"critics": 1.0}}, "clip_weights names 'critics'"),
        ({"ema_parts": ("generator",)}, "ema_parts names 'generator'"),
        ({"betas": {"critic": (0, 0.9), "maker": (0, 0.9), "other": (0, 0.9)}}, "betas names 'other'"),
        ({"sample_every": 2}, r"Pair has no samples\(step\)"),
    ],
    ids=str,
)
def test_options_that_do_not_fit_the_model(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        train(Pair(), Data(), TrainConfig(**arguments, **QUICK), tmp_path)
    assert not list(tmp_path.iterdir())


def test_plain_options_are_those_that_make_the_same_again():
    """Options that came later are left out at their defaults, so that states and cards stay as they were."""
    later = {"every", "clip_weights", "ema_parts", "ema_buffers", "sample_every", "best_by", "best_is"}
    assert not later & set(TrainConfig().to_dict()) and hash(TrainConfig()) == hash(TrainConfig())
    changed = TrainConfig(
        every={"maker": 5}, clip_weights=0.01, ema_parts=["maker"], ema_buffers="average", sample_every=3, best_by="x",
        best_is="max", betas={"maker": [0, 0.9], "critic": [0.5, 0.9]}, clip={"maker": None, "critic": 1.0},
    )  # fmt: skip
    assert later < set(changed.to_dict()) and TrainConfig(**changed.to_dict()) == changed
    assert changed.ema_parts == ("maker",) and changed.betas["maker"] == (0, 0.9)


# --- averages of statistics


def test_averaged_statistics_are_those_of_the_averaged_layer(tmp_path):
    """Behind a linear layer whose weights scatter, the averaged running mean is the mean that averaged weights make,
    and the variance is theirs plus what the scatter adds, from x Cov(w) x; a copy is that of the last weights.
    """
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2, momentum=1.0))
    x = torch.randn(4000, 3) * torch.tensor([1.0, 2.0, 0.5]) + torch.tensor([1.0, -2.0, 3.0])
    averages = {buffers: EMA(model, 0.99, buffers=buffers) for buffers in ("copy", "average")}
    base, sd, count = model[0].weight.detach().clone(), 0.3, 3000
    for _ in range(count):
        with torch.no_grad():
            model[0].weight.copy_(base + sd * torch.randn(2, 3))
        model(x)
        for average in averages.values():
            average.update(model)
    errors, variances = {}, {}
    model.eval()
    for buffers, average in averages.items():
        with average.applied(model), torch.no_grad():
            y = model[0](x)
            errors[buffers] = (model[1].running_mean - y.mean(0)).abs().max().item()
            variances[buffers] = (model[1].running_var - y.var(0)).detach()
    assert errors["average"] < 1e-3 < 0.2 < errors["copy"]
    added = sd**2 * x.var(0).sum()
    torch.testing.assert_close(variances["average"], added.expand(2), rtol=0.3, atol=0)
    assert averages["average"].state_dict()["1.num_batches_tracked"] == count


def test_other_buffers_are_copied():
    """Vectors of spectral normalisation have length 1, and infinite constants stay what they are."""

    class Some(torch.nn.Module):
        def __init__(self):
            super().__init__()
            linear = torch.nn.Linear(3, 3)
            self.inside = torch.nn.Sequential(torch.nn.utils.parametrizations.spectral_norm(linear))
            self.norm = torch.nn.InstanceNorm1d(3, track_running_stats=True)
            self.register_buffer("mask", torch.full((2,), -math.inf))

    model = Some()
    average = EMA(model, 0.9, buffers="average")
    for seed in range(5):
        torch.manual_seed(seed)
        with torch.no_grad():
            model.inside[0].parametrizations.weight.original.copy_(torch.randn(3, 3))
        model.inside(torch.randn(2, 3))
        model.norm(torch.randn(2, 3, 9))
        average.update(model)
    kept, own = average.state_dict(), model.state_dict()
    other = {name for name in own if not torch.equal(kept[name], own[name])}
    assert other == {"norm.running_mean", "norm.running_var", "inside.0.parametrizations.weight.original"}


# --- states of earlier releases


def test_a_state_from_before_there_were_parts_options_goes_on(tmp_path, uninterrupted):
    """Without the keys that came later, as earlier releases wrote them."""
    import json

    from seissynth_plugins.torchkit import train_config
    from seissynth_plugins.torchkit.checkpoints import read_tensors, write_tensors

    stage = TrainConfig(**{**CONFIG.to_dict(), "max_minutes": 1e-9})
    for _ in range(3):
        train(Noisy(), Data(), stage, tmp_path, validation=Data())
    tensors, metadata = read_tensors(tmp_path / "state.safetensors")
    notes = json.loads(metadata["seissynth_training"])
    old = {
        "steps", "batch_size", "accumulate", "optimizer", "learning_rate", "betas", "weight_decay", "warm_up", "decay",
        "clip", "ema", "precision", "seed", "max_minutes", "save_minutes", "log_every", "validate_every", "devices",
        "accelerator", "strategy", "workers", "progress", "tensorboard",
    }  # fmt: skip
    assert set(notes["config"]) == old and set(train_config.all_defaults()) > old
    assert set(notes) == {
        "step", "sums", "best_loss", "scaler", "config", "data", "model", "validation", "ema_updates",
    }  # fmt: skip
    model = Noisy()
    result = train(model, Data(), CONFIG, tmp_path, validation=Data())
    assert_same(model.state_dict(), uninterrupted[0].state_dict())
    assert_same(result.weights, uninterrupted[1].weights)
    # an option that is not the default's is another training, in both directions
    for change in ({"ema_buffers": "average"}, {"best_is": "max"}):
        with pytest.raises(InputError, match="would lead elsewhere"):
            train(Noisy(), Data(), TrainConfig(**{**CONFIG.to_dict(), **change}), tmp_path, validation=Data())
    notes["config"]["clip_weights"] = 0.5
    write_tensors(tmp_path / "state.safetensors", tensors, {"seissynth_training": json.dumps(notes)})
    with pytest.raises(InputError, match=r"clip_weights=0\.5; this one has None"):
        train(Noisy(), Data(), CONFIG, tmp_path, validation=Data())


def test_the_configuration_of_a_model_is_compared_where_the_state_knows_it(tmp_path):
    from dataclasses import dataclass, field

    @dataclass(frozen=True)
    class Inner:
        widths: tuple = (3, 8)

    @dataclass(frozen=True)
    class Config:
        weight: float = 1.0
        inner: Inner = field(default_factory=Inner)

    def configured(*values):
        model = Noisy()
        model.config = Config(*values)
        return model

    stage = TrainConfig(**{**CONFIG.to_dict(), "max_minutes": 1e-9})
    train(Noisy(), Data(), stage, tmp_path)  # as of an earlier release: the state says nothing
    assert train(configured(2.0), Data(), stage, tmp_path).step == 2
    for other in (configured(3.0), configured(2.0, Inner((3, 9))), Noisy()):
        with pytest.raises(InputError, match=r"another configuration.*resume=False"):
            train(other, Data(), stage, tmp_path)
    assert train(configured(2.0), Data(), stage, tmp_path).step == 3
