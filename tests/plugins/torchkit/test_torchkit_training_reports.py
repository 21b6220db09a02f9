"""What a training reports: samples, the best weights, and where it diverged."""

import math
import pickle

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

from seissynth.errors import InputError, TrainingError  # noqa: E402
from seissynth_plugins.torchkit.batches import BatchOrder  # noqa: E402
from seissynth_plugins.torchkit.training import TrainConfig, train  # noqa: E402

__all__ = ["uninterrupted"]  # a fixture


# --- samples


class Sampled(Noisy):
    """With a normalisation that eval mode switches, and samples that depend on weights and random numbers."""

    def samples(self, step):
        self.asked = [*getattr(self, "asked", []), (step, self.training, torch.is_grad_enabled())]
        noise = torch.randn(6, 5, 3)
        return self.net(noise.reshape(-1, 3)).reshape(2, 3, 5) ** 3 + noise[:2, :, :1].mT.mean()


SAMPLED = TrainConfig(**{**CONFIG.to_dict(), "sample_every": 4, "log_every": 3})


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("sampled"), Sampled()
    return model, train(model, Data(), SAMPLED, folder, validation=Data()), folder


def test_samples_change_nothing_and_are_those_of_averaged_weights(sampled, uninterrupted):
    model, result, folder = sampled
    assert_same(model.state_dict(), uninterrupted[0].state_dict())
    assert_same(result.weights, uninterrupted[1].weights)
    assert model.asked == [(step, False, False) for step in (4, 8, 12, 14)]
    files = sorted(path.name for path in (folder / "samples").iterdir())
    assert files == [f"step_{step:08d}.{kind}" for step in (4, 8, 12, 14) for kind in ("npy", "png")]
    other = Noisy()
    other.load_state_dict(result.weights)
    other.eval()
    from seissynth.seeding import hash_words

    torch.manual_seed(hash_words("samples", 0) >> 1)
    with torch.no_grad():
        expected = Sampled.samples(other, 14)
    np.testing.assert_array_equal(np.load(folder / "samples" / "step_00000014.npy"), expected)


def test_statistics_of_samples(sampled):
    from scipy.stats import skew

    rows = {int(row["step"]): row for row in rows_of(sampled[2])}
    assert sorted(rows) == [3, 4, 5, 6, 8, 9, 10, 12, 14]
    for step, row in rows.items():
        found = {name[8:]: row[name] for name in row if name.startswith("samples_")}
        if step not in (4, 8, 12, 14):
            assert set(found.values()) == {""}
            continue
        x = np.load(sampled[2] / "samples" / f"step_{step:08d}.npy").astype(float)
        expected = {"min": x.min(), "max": x.max(), "mean": x.mean(), "sd": x.std(), "skewness": skew(x, axis=None)}
        assert {name: float(value) for name, value in found.items()} == pytest.approx(expected)


def test_samples_of_a_training_that_was_cut(tmp_path, sampled):
    """Lines and files are neither lost, doubled nor changed; what a killed training drew too much is drawn again."""
    often = TrainConfig(**{**SAMPLED.to_dict(), "max_minutes": 1e-9})
    for _ in range(6):
        train(Sampled(), Data(), often, tmp_path, validation=Data())
    (tmp_path / "samples" / "step_00000008.npy").write_bytes(b"half")
    (tmp_path / "samples" / "step_00000099.png").write_bytes(b"of a former training")
    (tmp_path / "samples" / "notes.txt").write_text("ours")
    late = TrainConfig(**{**SAMPLED.to_dict(), "save_minutes": 100})
    with pytest.raises(KeyError, match="cut off"):  # after the samples of step 8, without a state of it
        train(Sampled(2 * 3 + 1 + 0), Data(), late, tmp_path, validation=Data())
    assert np.load(tmp_path / "samples" / "step_00000008.npy").shape == (2, 3, 5)
    train(Sampled(), Data(), SAMPLED, tmp_path, validation=Data())
    assert rows_of(tmp_path) == rows_of(sampled[2])
    (tmp_path / "samples" / "notes.txt").unlink()
    files = [{path.name: path for path in (folder / "samples").iterdir()} for folder in (tmp_path, sampled[2])]
    assert files[0].keys() == files[1].keys()
    for name in (name for name in files[0] if name.endswith("npy")):
        assert files[0][name].read_bytes() == files[1][name].read_bytes()
    train(Sampled(), Data(), TrainConfig(**{**SAMPLED.to_dict(), "sample_every": None}), tmp_path, resume=False)
    assert not list((tmp_path / "samples").iterdir())


def test_samples_of_another_shape_are_refused(tmp_path):
    class Flat(Sampled):
        def samples(self, step):
            return torch.zeros(4, 5)

    with pytest.raises(InputError, match=r"shape \(4, 5\).*\(n, 3, npts\)"):
        train(Flat(), Data(), SAMPLED, tmp_path)


def test_samples_are_drawn_in_single_precision(tmp_path):
    class Seen(Sampled):
        def samples(self, step):
            out = super().samples(step)
            self.kind = self.net[0](torch.ones(2, 3)).dtype
            return out

    model = Seen()
    train(model, Data(), TrainConfig(**{**SAMPLED.to_dict(), "precision": "bf16-mixed", "steps": 4}), tmp_path)
    assert model.kind == torch.float32


# --- which weights are best


class Scored(Noisy):
    """A figure of the validation that rises and falls."""

    figures = (0.1, 0.7, 0.3, 0.7, 0.2)
    number = 0

    def validation_loss(self, batch):
        if float(batch["index"].min()) == 0:
            self.number += 1
        return {"loss": torch.tensor(float(self.number)), "score": self.figures[self.number - 1]}


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"best_by": "score", "best_is": "max"}, (6, 0.7)), ({"best_by": "score"}, (3, 0.1)), ({}, (3, 1.0)),
     ({"best_is": "max"}, (14, 5.0))],
    ids=str,
)  # fmt: skip
def test_the_best_is_by_a_named_figure(tmp_path, options, expected):
    config = TrainConfig(**{**CONFIG.to_dict(), "validate_every": 3, "batch_size": 12, **options})
    result = train(Scored(), Data(), config, tmp_path, validation=Data())
    assert (result.best_step, result.best_loss) == (expected[0], pytest.approx(expected[1]))


def test_the_most_is_still_known_after_a_cut(tmp_path):
    options = {"validate_every": 3, "batch_size": 12, "best_by": "score", "best_is": "max", "max_minutes": 1e-9}
    config = TrainConfig(**{**CONFIG.to_dict(), **options})
    for step in range(1, 15):
        model = Scored()
        model.number = (step - 1) // 3
        result = train(model, Data(), config, tmp_path, validation=Data())
        assert result.step == step
    assert (result.best_step, result.best_loss) == (6, pytest.approx(0.7))


def test_a_figure_that_is_not_there(tmp_path):
    config = TrainConfig(**{**CONFIG.to_dict(), "best_by": "envelopes"})
    with pytest.raises(InputError, match=r"best_by='envelopes' is not a figure .*: loss, half"):
        train(Noisy(), Data(), config, tmp_path, validation=Data())


# --- divergence


@pytest.mark.parametrize("deferred", [False, True], ids=["at once", "as on a GPU"])
def test_divergence_says_when_and_what(tmp_path, monkeypatch, deferred):
    """A runner of a table prints it; the state of before stays and is good."""
    from seissynth_plugins.torchkit.checkpoints import read_tensors
    from seissynth_plugins.torchkit.lightning_loop import Loop

    class Later(Data):
        """A record is bad in the second epoch."""

        def item(self, index, epoch):
            row = super().item(index, epoch)
            return {**row, "x": row["x"] * (np.nan if index == 6 and epoch else 1)}

    if deferred:
        monkeypatch.setattr(Loop, "deferred", True)
    order = BatchOrder(12, 4, 0, 28)
    number = next(n for n in range(28) if (6, 1) in order.batch(n))
    often = TrainConfig(**{**CONFIG.to_dict(), "log_every": 4, "save_minutes": 1e-9})
    with pytest.raises(TrainingError, match=f"loss is .* in step .*batch {number + 1} .*records: .*record 6") as caught:
        train(Noisy(), Later(), often, tmp_path)
    assert (caught.value.step, caught.value.what, caught.value.part) == (number // 2 + 1, "loss", None)
    assert f"the last good state stays in {tmp_path}." in str(caught.value)
    tensors = read_tensors(tmp_path / "state.safetensors")[0]
    assert all(bool(value.isfinite().all()) for value in tensors.values())
    rarely = TrainConfig(**{**CONFIG.to_dict(), "log_every": 4, "save_minutes": 60.0})
    with pytest.raises(TrainingError, match=r"no state was saved before it \(save_minutes is 60\)"):
        train(Noisy(), Later(), rarely, tmp_path / "none")


def test_divergence_of_a_part_and_of_a_gradient(tmp_path, monkeypatch):
    from seissynth_plugins.torchkit.lightning_loop import Loop

    class Root(Pair):
        def loss(self, batch, part):
            if part == "maker":
                return (self.a - batch["x"].sum() * 0).abs().sqrt().sum()  # 0, with an infinite slope
            return super().loss(batch, part)

    config = TrainConfig(steps=6, batch_size=4, every={"maker": 2}, **{**QUICK, "log_every": 3})
    for deferred in (False, True):
        monkeypatch.setattr(Loop, "deferred", deferred)
        with pytest.raises(TrainingError, match=r"norm of the gradient is (inf|nan|not finite) in step 2") as caught:
            train(Root(), Data(), config, tmp_path, resume=False)
        assert (caught.value.step, caught.value.what, caught.value.part) == (2, "gradient", "maker")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.step, again.part) == (str(caught.value), 2, "maker")
    assert TrainingError("other").step is None


def test_figures_that_are_summed_where_they_are_equal_those_at_once(tmp_path, monkeypatch, uninterrupted):
    """The same weights, bit for bit, and the same lines; a cut does not matter either."""
    from seissynth_plugins.torchkit.lightning_loop import Loop

    monkeypatch.setattr(Loop, "deferred", True)
    model = Noisy()
    train(model, Data(), CONFIG, tmp_path / "whole", validation=Data())
    assert_same(model.state_dict(), uninterrupted[0].state_dict())
    assert rows_of(tmp_path / "whole") == rows_of(uninterrupted[2])
    stage = TrainConfig(**{**CONFIG.to_dict(), "max_minutes": 1e-9, "log_every": 3})
    while not train(Noisy(), Data(), stage, tmp_path / "cut", validation=Data()).finished:
        pass
    losses = [float(row["loss"]) for row in rows_of(uninterrupted[2])]
    means = [float(row["loss"]) for row in rows_of(tmp_path / "cut") if row["loss"]]
    np.testing.assert_allclose(means, [np.mean(losses[i : i + 3]) for i in range(0, 14, 3)], rtol=1e-12)


def test_figures_are_not_looked_at_in_each_batch_where_a_look_waits(tmp_path, monkeypatch):
    """Conversions of tensors to numbers are counted: as many for a step as for four."""
    from seissynth_plugins.torchkit.figures import Figures

    looks = []
    for name in ("__float__", "item", "tolist", "__bool__", "__int__"):
        original = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda self, original=original: looks.append(1) or original(self))
    figures = Figures(deferred=True)
    for number in range(10):
        figures.add("loss", torch.tensor(float(number)))
        figures.watch(("loss", "loss"), torch.tensor(math.nan if number > 6 else 1.0), number)
    assert not looks
    assert figures.first_bad() == (("loss", "loss"), 7) and figures.means() == {"loss": 4.5}
    assert len(looks) == 2  # one of each figure
