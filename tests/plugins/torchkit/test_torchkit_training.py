"""The training loop: the same result however often it is cut, and a clear stop where it cannot go on."""

import csv
import math
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores
pytest.importorskip("lightning")

from seissynth.errors import FileFormatError, InputError, TrainingError  # noqa: E402
from seissynth.seeding import generator  # noqa: E402
from seissynth_plugins.torchkit.batches import BatchOrder  # noqa: E402
from seissynth_plugins.torchkit.ema import EMA  # noqa: E402
from seissynth_plugins.torchkit.training import TrainConfig, train  # noqa: E402

QUICK = {"accelerator": "cpu", "progress": False, "tensorboard": False, "log_every": 1}


class Data:
    """Twelve records, each another one in each epoch."""

    def __init__(self, bad=None):
        self.bad = bad

    def __len__(self):
        return 12

    def item(self, index, epoch):
        x = generator(index, epoch).standard_normal(3)
        return {"x": x * (np.nan if index == self.bad else 1), "y": x.sum()}

    def name(self, index):
        return f"record {index}"


class Noisy(torch.nn.Module):
    """Draws, drops and normalises, so that every kind of state counts."""

    def __init__(self, die_at=None):
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(
            torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3), torch.nn.Tanh(),
            torch.nn.Linear(8, 1),
        )  # fmt: skip
        self.calls, self.die_at = 0, die_at

    def loss(self, batch):
        self.calls += 1
        if self.calls == self.die_at:
            raise KeyError("cut off")
        x = batch["x"] + 0.1 * torch.randn_like(batch["x"])
        error = ((self.net(x)[:, 0] - batch["y"]) ** 2).mean()
        return {"loss": error, "half": 0.5 * error.detach()}


def rows_of(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "minutes"} for row in csv.DictReader(file)]


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


CONFIG = TrainConfig(steps=14, batch_size=4, accumulate=2, learning_rate=0.02, warm_up=3, validate_every=5, **QUICK)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("whole"), Noisy()
    return model, train(model, Data(), CONFIG, folder, validation=Data()), folder


def test_a_cut_training_ends_like_one_that_was_not(tmp_path, uninterrupted):
    whole_model, whole, whole_folder = uninterrupted
    often = TrainConfig(**{**CONFIG.to_dict(), "save_minutes": 1e-9})
    for die_at in (9, 10, 1, 4):  # within and between steps of two batches, and at once after going on
        with pytest.raises(KeyError, match="cut off"):
            train(Noisy(die_at), Data(), often, tmp_path, validation=Data())
    model = Noisy()
    result = train(model, Data(), often, tmp_path, validation=Data())
    assert result.finished and result.step == 14
    assert_same(model.state_dict(), whole_model.state_dict())
    assert_same(result.weights, whole.weights)
    assert_same(result.best, whole.best)
    assert (result.best_step, result.best_loss) == (whole.best_step, whole.best_loss)
    assert rows_of(tmp_path) == rows_of(whole_folder)


def test_stages_of_limited_time_end_like_one(tmp_path, uninterrupted):
    whole_model, whole, _ = uninterrupted
    stage = TrainConfig(**{**CONFIG.to_dict(), "max_minutes": 1e-9, "log_every": 3})
    for step in range(1, 15):
        model = Noisy()  # as in a new process
        result = train(model, Data(), stage, tmp_path, validation=Data())
        assert (result.step, result.finished) == (step, step == 14)
    assert_same(model.state_dict(), whole_model.state_dict())
    assert_same(result.weights, whole.weights)
    # means over three steps, though each line's steps were done in different stages
    losses = [float(row["loss"]) for row in rows_of(uninterrupted[2])]
    means = [float(row["loss"]) for row in rows_of(tmp_path) if row["loss"]]
    np.testing.assert_allclose(means, [np.mean(losses[i : i + 3]) for i in range(0, 14, 3)], rtol=1e-6)


def test_a_killed_process_goes_on_to_the_same_result(tmp_path, uninterrupted):
    code = textwrap.dedent(
        f"""
        import os, signal, sys
        sys.path[:0] = {sys.path!r}
        from test_torchkit_training import CONFIG, Data, Noisy, TrainConfig, train
        def killed(self, batch, loss=Noisy.loss):
            if self.calls == 17:
                os.kill(os.getpid(), signal.SIGKILL)
            return loss(self, batch)
        Noisy.loss = killed
        often = TrainConfig(**{{**CONFIG.to_dict(), "save_minutes": 1e-9}})
        train(Noisy(), Data(), often, {str(tmp_path)!r}, validation=Data())
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    model = Noisy()
    train(model, Data(), CONFIG, tmp_path, validation=Data())
    assert model.calls < 28 + 3 * 3  # it did go on
    assert_same(model.state_dict(), uninterrupted[0].state_dict())


@pytest.mark.parametrize("room", [100, 1500], ids=["lines do not fit", "the state does not fit"])
def test_a_training_on_a_full_disk_goes_on_when_there_is_room(tmp_path, uninterrupted, room):
    """The limit on the size of a file stands for the disk's."""
    code = textwrap.dedent(
        f"""
        import resource, signal, sys
        sys.path[:0] = {sys.path!r}
        from test_torchkit_training import CONFIG, Data, Noisy, TrainConfig, train
        from seissynth.errors import WriteError
        def filling(self, batch, loss=Noisy.loss):
            if self.calls == 17:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
            return loss(self, batch)
        Noisy.loss = filling
        often = TrainConfig(**{{**CONFIG.to_dict(), "save_minutes": 1e-9}})
        try:
            train(Noisy(), Data(), often, {str(tmp_path)!r}, validation=Data())
        except WriteError as error:
            print(error)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"cannot write {tmp_path}" in done.stdout and "Free space" in done.stdout
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    model = Noisy()
    train(model, Data(), CONFIG, tmp_path, validation=Data())
    assert model.calls < 28 + 3 * 3  # it did go on
    assert_same(model.state_dict(), uninterrupted[0].state_dict())
    assert rows_of(tmp_path) == rows_of(uninterrupted[2])


def test_lines_and_files_of_a_training(tmp_path):
    config = TrainConfig(**{**CONFIG.to_dict(), "tensorboard": True, "steps": 4})
    result = train(Noisy(), Data(), config, tmp_path, validation=Data())
    rows = rows_of(tmp_path)
    assert [row["step"] for row in rows] == ["1", "2", "3", "4"]
    for row in rows:
        assert float(row["half"]) == pytest.approx(0.5 * float(row["loss"]), rel=1e-6)
        assert float(row["learning_rate"]) == pytest.approx(0.02 * config.factor(int(row["step"]) - 1))
        assert float(row["gradient_norm"]) > 0
    assert [bool(row["validation_loss"]) for row in rows] == [False, False, False, True]
    assert result.best_loss == float(rows[-1]["validation_loss"]) and result.best_step == 4
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2, 3, 4]


def test_a_finished_training_is_not_done_again(uninterrupted):
    _, whole, folder = uninterrupted
    model = Noisy(die_at=1)
    again = train(model, Data(), CONFIG, folder, validation=Data())
    assert_same(again.weights, whole.weights)
    assert_same(model.state_dict(), uninterrupted[0].state_dict())


def test_begin_anew(tmp_path):
    config = TrainConfig(**{**CONFIG.to_dict(), "steps": 4})
    first = train(Noisy(), Data(), config, tmp_path)
    other = TrainConfig(**{**config.to_dict(), "seed": 1})
    with pytest.raises(InputError, match=r"seed=0; this one has 1.*resume=False"):
        train(Noisy(), Data(), other, tmp_path)
    second = train(Noisy(), Data(), other, tmp_path, resume=False)
    assert not torch.equal(first.weights["net.0.weight"], second.weights["net.0.weight"])
    assert len(rows_of(tmp_path)) == 4


def test_a_state_with_other_validation_data_is_refused(tmp_path):
    """Its least loss is of those: beside that of others it would choose the wrong weights."""

    class Other(Data):
        fingerprint = "other"

    config = TrainConfig(**{**CONFIG.to_dict(), "steps": 4, "max_minutes": 1e-9})
    train(Noisy(), Data(), config, tmp_path, validation=Data())
    for other in (Other(), None):
        with pytest.raises(InputError, match="of a training with validation"):
            train(Noisy(), Data(), config, tmp_path, validation=other)
    assert train(Noisy(), Data(), config, tmp_path, validation=Data()).step == 2


def test_a_state_of_other_data_or_another_model_is_refused(tmp_path):
    config = TrainConfig(**{**CONFIG.to_dict(), "steps": 4, "max_minutes": 1e-9})
    train(Noisy(), Data(), config, tmp_path)

    class Longer(Data):
        def __len__(self):
            return 13

    class Other(Data):
        fingerprint = "other"

    class Wide(Noisy):
        pass

    for model, data in ((Noisy(), Longer()), (Noisy(), Other()), (Wide(), Data())):
        with pytest.raises(InputError, match="resume=False"):
            train(model, data, config, tmp_path)
    state = tmp_path / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-5])
    with pytest.raises(FileFormatError, match="cut off"):
        train(Noisy(), Data(), config, tmp_path)


# --- what stops a training


def test_a_loss_that_is_not_finite_names_the_batch(tmp_path):
    often = TrainConfig(**{**CONFIG.to_dict(), "save_minutes": 1e-9})
    order = BatchOrder(12, 4, 0, 28, seed=0)
    bad = order.batch(7)[2][0]
    number = next(i for i in range(28) if bad in [index for index, _ in order.batch(i)])
    with pytest.raises(TrainingError, match=f"loss is nan .*batch {number + 1} .*record {bad}"):
        train(Noisy(), Data(bad), often, tmp_path)
    if number >= 2:  # whatever was saved is good
        from seissynth_plugins.torchkit.checkpoints import read_tensors

        assert all(bool(value.isfinite().all()) for value in read_tensors(tmp_path / "state.safetensors")[0].values())


def test_a_gradient_that_is_not_finite_stops_before_the_weights_are_spoilt(tmp_path):
    class Root(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros(1))

        def loss(self, batch):
            return (self.w - batch["x"].sum() * 0).abs().sqrt().sum()  # 0, with an infinite slope

    model = Root()
    with pytest.raises(TrainingError, match=r"norm of the gradient is (inf|nan)"):
        train(model, Data(), CONFIG, tmp_path)
    assert model.w.item() == 0


def test_what_cannot_be_trained(tmp_path):
    class Empty(Data):
        def __len__(self):
            return 0

    class Mute(Noisy):
        def loss(self, batch):
            return {"error": super().loss(batch)["loss"]}

    class Frozen(Noisy):
        def parts(self):
            return {"all": [p.requires_grad_(False) for p in self.parameters()]}

    with pytest.raises(InputError, match="no data"):
        train(Noisy(), Empty(), CONFIG, tmp_path)
    with pytest.raises(InputError, match="TrainConfig"):
        train(Noisy(), Data(), {"steps": 3}, tmp_path)
    with pytest.raises(InputError, match="without 'loss'"):
        train(Mute(), Data(), CONFIG, tmp_path)
    with pytest.raises(InputError, match="no parameter that takes a gradient"):
        train(Frozen(), Data(), CONFIG, tmp_path)
    with pytest.raises(InputError, match="16-mixed"):
        train(Noisy(), Data(), TrainConfig(precision="16-mixed", **QUICK), tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        {"steps": 0}, {"batch_size": 0}, {"learning_rate": -1}, {"learning_rate": {"a": 0}}, {"decay": "step"},
        {"optimizer": "sgd"}, {"precision": "8"}, {"ema": 1.0}, {"clip": 0}, {"max_minutes": 0}, {"warm_up": 1000},
        {"accumulate": 1.5},
    ],
    ids=str,
)  # fmt: skip
def test_configurations_that_cannot_be(arguments):
    with pytest.raises(InputError):
        TrainConfig(**arguments)


# --- parts of the loop


def test_learning_rates():
    config = TrainConfig(steps=110, warm_up=10, decay="linear")
    assert [config.factor(i) for i in (0, 9, 10, 60, 110)] == pytest.approx([1 / 11, 10 / 11, 1, 0.5, 0])
    config = TrainConfig(steps=110, warm_up=10, decay="cosine")
    assert [config.factor(i) for i in (10, 35, 60, 110)] == pytest.approx([1, 0.5 + 0.5**1.5, 0.5, 0])
    assert TrainConfig(decay="constant").factor(999) == 1
    config = TrainConfig(warm_up=10, decay={"critic": 100, "maker": "constant"})
    steps = (9, 10, 109, 110, 210)
    assert [config.factor(i, "critic") for i in steps] == pytest.approx([10 / 11, 1, 1, 0.5, 0.25])
    assert [config.factor(i, "maker") for i in steps[1:]] == [1] * 4


def test_each_epoch_holds_each_record_once():
    order = BatchOrder(10, 4, 0, 15, seed=3)
    places = [place for batch in order for place in batch]
    for epoch in range(6):
        assert sorted(index for index, e in places if e == epoch) == list(range(10))
    orders = [[index for index, e in places if e == epoch] for epoch in (0, 1)]
    assert orders[0] != orders[1] != list(range(10))
    later = BatchOrder(10, 4, 9, 15, seed=3)
    assert later.batch(9) == next(iter(later)) == order.batch(9)


def test_processes_share_a_batch():
    whole = BatchOrder(10, 6, 0, 5, seed=1)
    shares = [BatchOrder(10, 3, 0, 5, seed=1, rank=rank, processes=2) for rank in (0, 1)]
    for number in range(5):
        assert shares[0].batch(number) + shares[1].batch(number) == whole.batch(number)


def test_accumulated_batches_equal_one_large_one(tmp_path):
    models = []
    for size, accumulate in ((2, 3), (6, 1)):
        models.append(Plain())
        config = TrainConfig(steps=20, batch_size=size, accumulate=accumulate, learning_rate=0.05, ema=0.0, **QUICK)
        result = train(models[-1], Data(), config, tmp_path / str(size))
        assert torch.equal(result.weights["w"], models[-1].w.detach())  # an average that forgets at once
    torch.testing.assert_close(models[0].w, models[1].w, rtol=1e-4, atol=1e-5)
    assert models[0].w.mean() > 0.3


def run_apart(code):
    """Run code in a process of its own, where forking is safe."""
    code = f"import sys; sys.path[:0] = {sys.path!r}; from test_torchkit_training import *\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_two_processes_train_parts_that_are_stepped_now_and_then(tmp_path):
    """The generator's part of the loss has another slope than the critic's: neither may follow the other's."""
    said = run_apart(
        f"""
        results = []
        for strategy, devices, size in (("auto", 1, 6), ("ddp_fork_find_unused_parameters_true", 2, 3)):
            config = TrainConfig(steps=7, batch_size=size, accumulate=2, devices=devices, strategy=strategy,
                                 learning_rate=0.05, every={{"maker": 3}}, ema_parts=("maker",),
                                 clip_weights={{"critic": 0.2}}, **QUICK)
            model = Pair()
            results.append((train(model, Data(), config, f"{tmp_path}/{{devices}}", validation=Data()), model))
            assert results[-1][0].finished and results[-1][0].best_step is not None
        (one, model), (two, other) = results
        assert list(one.weights) == list(two.weights) == ["a"]
        torch.testing.assert_close(one.weights["a"], two.weights["a"])
        torch.testing.assert_close(model.state_dict(), other.state_dict())
        assert model.a.detach().abs().min() > 0 and model.b.detach().abs().max() <= 0.2
        config = TrainConfig(steps=6, batch_size=3, devices=2, strategy="ddp_fork_find_unused_parameters_true",
                             **QUICK)
        try:
            train(Pair(), Data(bad=5), config, "{tmp_path}/bad")
        except TrainingError as error:
            print(error.step, error.what, error.part)
        """
    )
    step, what, part = said.splitlines()[-1].split()
    first = next(n for n in range(12) if 5 in [i for i, _ in BatchOrder(12, 6, 0, 12).batch(n)])
    assert (int(step), what, part) == (first + 1, "loss", "critic")


class Pair(torch.nn.Module):
    """Two parts without random numbers; the loss of each also holds the other."""

    def __init__(self):
        super().__init__()
        self.b, self.a = (torch.nn.Parameter(torch.full((3,), value)) for value in (0.1, 0.0))

    def parts(self):
        return {"critic": [self.b], "maker": [self.a]}

    def loss(self, batch, part):
        self.seen = [*getattr(self, "seen", []), (part, batch.get("step"), batch["index"].tolist())]
        error = ((batch["x"] @ (self.a + self.b) - batch["y"]) ** 2).mean()
        return error if part == "critic" else error + self.a.sum() - 3 * self.b.sum()


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_two_processes_make_what_one_makes_with_twice_the_batch(tmp_path):
    said = run_apart(
        f"""
        weights = []
        for strategy, devices, size in (("auto", 1, 6), ("ddp_fork", 2, 3)):
            config = TrainConfig(steps=6, batch_size=size, accumulate=2, devices=devices, strategy=strategy,
                                 learning_rate=0.05, **QUICK)
            result = train(Plain(), Data(), config, f"{tmp_path}/{{devices}}", validation=Data())
            weights.append(result.weights["w"])
            assert result.finished and result.best_step == 6
        torch.testing.assert_close(*weights)
        config = TrainConfig(steps=6, batch_size=3, devices=2, strategy="ddp_fork", **QUICK)
        try:
            train(Plain(), Data(bad=5), config, "{tmp_path}/bad")
        except TrainingError as error:
            print(error)
        """
    )
    assert "record 5" in said.splitlines()[-1]


class Plain(torch.nn.Module):
    """Linear, without random numbers."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(3))

    def loss(self, batch):
        return ((batch["x"] @ self.w - batch["y"]) ** 2).mean()


def test_parts_are_trained_in_turn_and_alone(tmp_path):
    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = (torch.nn.Parameter(torch.tensor(v)) for v in (1.0, 2.0))

        def parts(self):
            return {"maker": [self.a], "critic": [self.b]}

        def loss(self, batch, part):
            # each part's loss also depends on the other's parameter, which must not follow it
            return (self.a * self.b) if part == "maker" else (self.b - 5) ** 2 + 100 * self.a

    config = TrainConfig(
        steps=1, optimizer="rmsprop", learning_rate={"maker": 0.01, "critic": 0.1}, weight_decay=0, clip=None, **QUICK
    )
    model = Two()
    train(model, Data(), config, tmp_path)
    # RMSprop's first step is the rate over the root of 1 - 0.99, downhill
    assert (model.a.item(), model.b.item()) == pytest.approx((1 - 0.1, 2 + 1.0), abs=1e-4)
    [row] = rows_of(tmp_path)
    norms = [float(row[f"{name}_gradient_norm"]) for name in ("maker", "critic")]
    assert norms == pytest.approx([2, 6])  # b, and 2 (b - 5) with nothing of the maker's loss in it
    with pytest.raises(InputError, match="no entry for the model's part 'critic'"):
        train(Two(), Data(), TrainConfig(steps=1, learning_rate={"maker": 1}, **QUICK), tmp_path, resume=False)


def test_long_gradients_are_clipped(tmp_path):
    class Steep(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros(4))

        def loss(self, batch):
            self.seen = self.w.register_post_accumulate_grad_hook(lambda p: None)
            return 1000 * self.w.sum()

    config = TrainConfig(steps=1, clip=0.5, optimizer="rmsprop", learning_rate=1e-3, **QUICK)
    train(Steep(), Data(), config, tmp_path)
    assert float(rows_of(tmp_path)[0]["gradient_norm"]) == pytest.approx(2000, rel=1e-6)
    from seissynth_plugins.torchkit.checkpoints import read_tensors

    square = read_tensors(tmp_path / "state.safetensors")[0]["optimizer.loss.0.square_avg"]
    torch.testing.assert_close(square, torch.full((4,), 0.01 * 0.25**2))


def test_the_average_is_the_recursion():
    model = torch.nn.Linear(1, 1)
    average, expected = EMA(model, 0.9), model.weight.item()
    for n in range(1, 200):
        with torch.no_grad():
            model.weight.fill_(math.sin(n))
        average.update(model)
        decay = min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * math.sin(n)
    assert average.state_dict()["weight"].item() == pytest.approx(expected, abs=1e-5)
    other = EMA(model, 0.9)
    other.load_state_dict(average.state_dict(), average.updates)
    assert other.updates == 199 and torch.equal(other.state_dict()["weight"], average.state_dict()["weight"])
    with pytest.raises(InputError, match="does not fit"):
        other.load_state_dict({"w": torch.ones(1)}, 1)
    with pytest.raises(InputError, match="decay"):
        EMA(model, 1.0)


def test_an_applied_average_is_taken_off_after_an_error():
    model = torch.nn.Linear(1, 1)
    average = EMA(model)
    with torch.no_grad():
        model.weight.fill_(7)
    with pytest.raises(KeyError), average.applied(model):  # noqa: PT012 (the error comes while it is applied)
        assert model.weight.item() != 7
        raise KeyError
    assert model.weight.item() == 7


def test_bf16_trains(tmp_path):
    config = TrainConfig(**{**CONFIG.to_dict(), "precision": "bf16-mixed", "steps": 4})
    result = train(Noisy(), Data(), config, tmp_path)
    assert result.weights["net.0.weight"].dtype == torch.float32


class Remembering(Noisy):
    def __init__(self):
        super().__init__()
        self.memory = torch.nn.LSTM(3, 6)


def test_bf16_is_refused_where_there_is_no_lstm_in_it(tmp_path, monkeypatch):
    config = TrainConfig(**{**CONFIG.to_dict(), "precision": "bf16-mixed", "steps": 4})
    monkeypatch.setattr("seissynth_plugins.torchkit.precision.lstm_takes_bfloat16", lambda: False)
    with pytest.raises(InputError, match=r"Remembering has an LSTM.*32-true"):
        train(Remembering(), Data(), config, tmp_path)
    assert train(Noisy(), Data(), config, tmp_path).finished


def test_the_global_generator_is_left_alone(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    model = Noisy()
    torch.manual_seed(5)
    train(model, Data(), TrainConfig(**{**CONFIG.to_dict(), "steps": 4}), tmp_path)
    assert torch.equal(torch.rand(1), expected)
