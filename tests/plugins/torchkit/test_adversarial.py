"""Adversarial losses against closed forms and autograd, and models of a generator and its critic in the loop."""

import copy
import csv
import math
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
pytest.importorskip("lightning")
nn = torch.nn
F = torch.nn.functional

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.torchkit import adversarial_losses as losses  # noqa: E402
from seissynth_plugins.torchkit.adversarial import AdversarialModel, envelope_correlation  # noqa: E402
from seissynth_plugins.torchkit.precision import lstm_takes_bfloat16  # noqa: E402
from seissynth_plugins.torchkit.training import TrainConfig, train  # noqa: E402

QUICK = {
    "accelerator": "cpu", "progress": False, "tensorboard": False, "log_every": 1, "weight_decay": 0.0, "clip": None,
    "optimizer": "adam", "betas": (0.0, 0.9), "decay": "constant",
}  # fmt: skip


def draw(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def rows_of(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "minutes"} for row in csv.DictReader(file)]


# --- the gradient penalty


@pytest.mark.parametrize("weight", [1.0, 10.0])
def test_penalty_of_a_linear_critic(weight):
    slope = draw(3, 20)
    value = losses.gradient_penalty(lambda x: (x * slope).sum((1, 2)), draw(5, 3, 20), draw(5, 3, 20), weight=weight)
    assert value.item() == pytest.approx(weight * (slope.norm().item() - 1) ** 2, rel=1e-6)


def test_penalty_of_several_inputs_is_of_the_whole_gradient():
    """sqrt(|a|² + |b|²) over both tensors; conditions and ignored inputs add nothing."""
    a, b = draw(3, 8), draw(3, seed=1)

    def critic(x, peaks, unused, condition):
        assert condition.shape == (6, 2)
        return (x * a).sum((1, 2)) + peaks @ b + condition.sum(1)

    real, fake = ((draw(6, 3, 8, seed=s), draw(6, 3, seed=s), draw(6, 1, seed=s)) for s in (1, 2))
    value = losses.gradient_penalty(critic, real, fake, draw(6, 2, seed=3), weight=1.0)
    assert value.item() == pytest.approx((math.hypot(a.norm(), b.norm()) - 1) ** 2, rel=1e-6)


def test_penalty_takes_one_point_a_record_between_both():
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.sum((1, 2))

    torch.manual_seed(3)
    losses.gradient_penalty(critic, torch.ones(50, 3, 7), torch.zeros(50, 3, 7))
    shares = seen[0][:, 0, 0]
    assert torch.equal(seen[0], shares[:, None, None].expand(50, 3, 7))
    assert 0 <= shares.min() < 0.2 and 0.8 < shares.max() <= 1 and len(shares.unique()) == 50
    torch.manual_seed(3)
    losses.gradient_penalty(critic, draw(50, 3, 7), draw(50, 3, 7, seed=1))
    expected = shares[:, None, None] * draw(50, 3, 7) + (1 - shares)[:, None, None] * draw(50, 3, 7, seed=1)
    torch.testing.assert_close(seen[1], expected)


def test_penalty_is_differentiated_twice():
    """Of D(x) = sum w x² the slope is 2 w x: the penalty and its derivative by hand; and by differences."""
    w = draw(4, dtype=torch.float64).requires_grad_()
    same = draw(6, 4, seed=1, dtype=torch.float64)  # interpolation between equals is no matter of chance
    value = losses.gradient_penalty(lambda x: (w * x**2).sum(1), same, same, weight=3.0)
    norm = (2 * w * same).norm(dim=1)
    torch.testing.assert_close(value, 3 * ((norm - 1) ** 2).mean())
    by_hand = (6 * (norm - 1) / norm)[:, None] * 4 * w * same**2
    torch.testing.assert_close(torch.autograd.grad(value, w)[0], by_hand.mean(0))
    critic = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1)).double()
    names, values = zip(*critic.named_parameters(), strict=True)

    def penalty(*parameters):
        return losses.gradient_penalty(
            lambda x: torch.func.functional_call(critic, dict(zip(names, parameters, strict=True)), x), same, same
        )

    assert torch.autograd.gradcheck(penalty, values)


def test_penalty_of_a_flat_critic_has_a_derivative():
    critic = nn.Linear(4, 1)
    nn.init.zeros_(critic.weight)
    value = losses.gradient_penalty(critic, draw(5, 4), draw(5, 4, seed=1))
    value.backward()
    assert value.item() == 10 and critic.weight.grad.isfinite().all()


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside, self.out = nn.Linear(3, 8), nn.Linear(8, 1)

    def forward(self, x):
        x = self.inside(x.mT)[:, None]  # (N, heads, T, 8): with heads, the fast implementation would be taken
        return self.out(F.scaled_dot_product_attention(x, x, x)[:, 0]).mean(1)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(3, 6, batch_first=True, bidirectional=True), nn.Linear(12, 1)

    def forward(self, x):
        return self.out(self.lstm(x.mT)[0][:, -1])


def convolutional():
    return nn.Sequential(
        nn.Conv1d(3, 8, 5, 2), nn.LeakyReLU(0.2), nn.Conv1d(8, 8, 5, 2), nn.Flatten(), nn.LazyLinear(1)
    )


@pytest.mark.parametrize("make", [convolutional, Attention, Recurrent])
def test_penalty_in_mixed_precision_is_that_of_float32(make):
    if make is Recurrent and not lstm_takes_bfloat16():
        pytest.skip("PyTorch has no LSTM in bfloat16 for this processor")
    torch.manual_seed(0)
    critic = make()
    real, fake = draw(4, 3, 40), draw(4, 3, 40, seed=1)
    critic(real)

    def penalty(mixed):
        critic.zero_grad()
        torch.manual_seed(1)
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            first = critic(real)  # as in a step: what autocast keeps of the weights must not be used
            value = losses.gradient_penalty(critic, real, fake.bfloat16().float())
        value.backward()
        return first.dtype, value.detach(), [p.grad for p in critic.parameters() if p.grad is not None]

    plain, mixed = penalty(False), penalty(True)
    assert (plain[0], mixed[0]) == (torch.float32, torch.bfloat16)
    assert torch.equal(plain[1], mixed[1]) and mixed[1].dtype == torch.float32
    assert len(plain[2]) == len(mixed[2]) > 2 and all(map(torch.equal, plain[2], mixed[2]))


def test_penalty_takes_half_precision_and_works_without_gradients():
    slope = torch.tensor([3.0, 4.0])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        value = losses.gradient_penalty(lambda x: x @ slope, draw(4, 2).bfloat16(), draw(4, 2))
    assert value.item() == pytest.approx(160)
    with pytest.raises(InputError, match=r"shape \(4, 2\), generated ones \(4, 3\)"):
        losses.gradient_penalty(lambda x: x, draw(4, 2), draw(4, 3))


# --- the other losses


def test_hinge():
    real, fake = (torch.tensor(x, requires_grad=True) for x in ([2.0, 0.5, -1.0], [-2.0, -0.5, 1.0]))
    value = losses.hinge_critic(real, fake)
    assert value.item() == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 0.5 + 2) / 3)
    value.backward()  # what is beyond the margin no longer counts
    torch.testing.assert_close(real.grad, torch.tensor([0, -1 / 3, -1 / 3]))
    torch.testing.assert_close(fake.grad, torch.tensor([0, 1 / 3, 1 / 3]))


def test_nonsaturating_is_the_cross_entropy():
    real, fake = draw(50), draw(50, seed=1)
    ones, zeros = torch.ones(50), torch.zeros(50)
    expected = F.binary_cross_entropy(real.sigmoid(), ones) + F.binary_cross_entropy(fake.sigmoid(), zeros)
    torch.testing.assert_close(losses.nonsaturating_critic(real, fake), expected)
    torch.testing.assert_close(losses.nonsaturating_generator(fake), F.binary_cross_entropy(fake.sigmoid(), ones))
    sure = torch.tensor([-40.0], requires_grad=True)  # the saturating loss has no gradient here
    losses.nonsaturating_generator(sure).backward()
    assert sure.grad.item() == pytest.approx(-1)


def test_label_smoothing_draws_targets_from_its_range():
    scores = torch.zeros(20_000, requires_grad=True)
    torch.manual_seed(0)
    losses.nonsaturating_generator(scores, smoothing=(0.9, 1.0)).backward()
    targets = 0.5 - scores.grad * len(scores)  # the gradient is p - t
    assert targets.min() >= 0.9 - 1e-3 and targets.max() <= 1 + 1e-3
    assert targets.mean().item() == pytest.approx(0.95, abs=2e-3)
    assert targets.std().item() == pytest.approx(0.1 / math.sqrt(12), rel=0.02)
    fixed = losses.nonsaturating_critic(draw(9), draw(9, seed=1), smoothing=(0.9, 0.9))
    expected = F.binary_cross_entropy(draw(9).sigmoid(), torch.full((9,), 0.9)) + F.softplus(draw(9, seed=1)).mean()
    torch.testing.assert_close(fixed, expected)
    for wrong in ((0.0, 1.0), (0.9, 0.8), (0.9, 1.1)):
        with pytest.raises(InputError, match="smoothing"):
            losses.nonsaturating_generator(scores, smoothing=wrong)


def test_diversity_pushes_one_of_two_draws():
    first, second = draw(4, 5).requires_grad_(), draw(4, 5, seed=1).requires_grad_()
    value = losses.diversity(first, second)
    assert value.item() == pytest.approx(-np.abs((first - second).detach().numpy()).mean())
    value.backward()
    torch.testing.assert_close(first.grad, -(first - second).detach().sign() / 20)
    assert second.grad is None


def test_errors_and_divergence():
    made, target, mask = draw(4, 3, 9), draw(4, 3, 9, seed=1), torch.arange(9) < 5
    torch.testing.assert_close(losses.l1_to_target(made, target), F.l1_loss(made, target))
    torch.testing.assert_close(losses.l1_to_target(made, target, mask), F.l1_loss(made[..., :5], target[..., :5]))
    made[..., 5:] = math.nan  # what is not asked for does not count, whatever it is
    assert losses.l1_to_target(made.requires_grad_(), target, mask).isfinite()
    assert losses.l1_to_target(made, target, mask & False).item() == 0
    torch.testing.assert_close(
        losses.acgan_regression(draw(5, 2), draw(5, 2, seed=1)), F.l1_loss(draw(5, 2), draw(5, 2, seed=1))
    )
    mean, log_variance = draw(6, 4), draw(6, 4, seed=1)
    normal = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(losses.kl_to_standard_normal(mean, log_variance), expected)


@pytest.mark.parametrize(
    "loss",
    [
        losses.wasserstein_critic, losses.hinge_critic, losses.nonsaturating_critic, losses.acgan_regression,
        losses.l1_to_target, losses.diversity, losses.kl_to_standard_normal,
    ],
)  # fmt: skip
def test_losses_of_half_precision_are_means_in_float32(loss):
    """4097 ones have the mean 0.9961 in bfloat16, if they are summed there."""
    a, b = (draw(4097, 1, seed=seed).bfloat16() for seed in (0, 1))
    assert loss(a, b).dtype == torch.float32
    torch.testing.assert_close(loss(a, b), loss(a.float(), b.float()), rtol=0, atol=0)


# --- a generator and its critic


class Shift(nn.Module):
    """Normal numbers around a mean that is learned, (N, 3, 1)."""

    def __init__(self, mean=-1.0):
        super().__init__()
        self.mean = nn.Parameter(torch.full((3, 1), mean))

    def forward(self, latent):
        return latent + self.mean


class Normals:
    """Normal numbers around (2, 3, -1), other ones in each epoch."""

    mean = np.array([2.0, 3.0, -1.0])

    def __len__(self):
        return 512

    def item(self, index, epoch):
        return {"target": np.random.default_rng([index, epoch]).standard_normal((3, 1)) + self.mean[:, None]}


def linear_critic():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3, 1))


def critic_of_normals(tmp_path, penalty, **options):
    model = AdversarialModel(Shift(), linear_critic(), (3, 1), penalty=penalty)
    config = TrainConfig(
        steps=400,
        batch_size=256,
        learning_rate=0.02,
        every={"generator": 1000},
        **{**QUICK, "decay": "linear", **options},
    )
    train(model, Normals(), config, tmp_path)
    assert torch.equal(model.generator.mean, torch.full((3, 1), -1.0))  # never stepped
    return model.critic[1].weight.detach()


def test_wasserstein_critic_finds_the_distance_of_two_normal_distributions(tmp_path):
    """Distributions that differ by a shift d are |d| apart. The best linear critic under the penalty has slope
    1 + |d| / (2 weight) along d, from the derivative of s |d| - weight (s - 1)².
    """
    shift = torch.tensor(Normals.mean + 1, dtype=torch.float32)
    distance, penalty = shift.norm().item(), 50.0
    slope = critic_of_normals(tmp_path, penalty)
    assert slope.norm().item() == pytest.approx(1 + distance / (2 * penalty), rel=0.01)
    assert F.cosine_similarity(slope[0], shift, dim=0).item() == pytest.approx(1, abs=1e-3)
    found = (slope[0] @ shift).item() / slope.norm().item()
    assert found == pytest.approx(distance, rel=0.01)


def test_clipped_critic_goes_to_the_corner(tmp_path):
    """With weights within -c ... c the best linear critic has c in each place, with the sign of the shift."""
    slope = critic_of_normals(tmp_path, 0.0, clip_weights={"critic": 0.01})
    assert slope[0, :2].tolist() == pytest.approx([0.01, 0.01]) and abs(slope[0, 2]) <= 0.01


@pytest.mark.parametrize(("adversarial", "penalty"), [("wasserstein", 10.0), ("hinge", 1.0), ("nonsaturating", 1.0)])
def test_generator_finds_the_mean(tmp_path, adversarial, penalty):
    model = AdversarialModel(Shift(0.0), linear_critic(), (3, 1), adversarial=adversarial, penalty=penalty)
    config = TrainConfig(
        steps=1000, batch_size=64, learning_rate={"critic": 0.05, "generator": 0.02}, every={"generator": 2}, ema=0.98,
        ema_parts=("generator",),
        **{**QUICK, "decay": {"critic": "constant", "generator": "linear"}, "log_every": 1000},
    )  # fmt: skip
    result = train(model, Normals(), config, tmp_path)
    np.testing.assert_allclose(result.weights["generator.mean"][:, 0], Normals.mean, atol=0.25)


def conditional(**options):
    torch.manual_seed(0)

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3 * 12))

        def forward(self, latent, condition):
            return self.inside(torch.cat([latent, condition], 1)).unflatten(1, (3, 12))

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = nn.Sequential(nn.Linear(3 * 12 + 2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))

        def forward(self, x, condition):
            return self.inside(torch.cat([x.flatten(1), condition], 1))

    return AdversarialModel(Generator(), Critic(), (4,), **options)


class Pairs:
    """Records that are known from two numbers."""

    def __init__(self, npts=12):
        self.npts = npts

    def __len__(self):
        return 12

    def item(self, index, epoch):
        rng = np.random.default_rng([index, epoch])
        condition = rng.standard_normal(2)
        return {"target": rng.standard_normal((3, self.npts)) + condition[0], "condition": condition}


def batch_of(count=6):
    rows = [Pairs().item(i, 0) for i in range(count)]
    return {name: torch.tensor(np.array([row[name] for row in rows]), dtype=torch.float32) for name in rows[0]}


def test_losses_of_a_conditional_model_by_hand():
    model, batch = conditional(penalty=7.0, l1=3.0), batch_of()
    x, y = batch["target"], batch["condition"]
    torch.manual_seed(1)
    said = model.loss(batch, "critic")
    torch.manual_seed(1)
    made = model.generator(torch.randn(6, 4), y).detach()
    mixed = torch.rand(6)[:, None, None]
    mixed = (mixed * x + (1 - mixed) * made).requires_grad_()
    [slope] = torch.autograd.grad(model.critic(mixed, y).sum(), mixed, create_graph=True)
    penalty = 7 * ((slope.square().sum((1, 2)).sqrt() - 1) ** 2).mean()
    expected = model.critic(made, y).mean() - model.critic(x, y).mean() + penalty
    torch.testing.assert_close(said["loss"], expected)
    torch.testing.assert_close(said["penalty"], penalty.detach())
    parameters = model.parts()["critic"]
    for one, other in zip(*(torch.autograd.grad(v, parameters) for v in (said["loss"], expected)), strict=True):
        torch.testing.assert_close(one, other)
    assert set(
        torch.autograd.grad(model.loss(batch, "critic")["loss"], model.parts()["generator"], allow_unused=True)
    ) == {None}
    torch.manual_seed(1)
    said = model.loss(batch, "generator")
    torch.manual_seed(1)
    made = model.generator(torch.randn(6, 4), y)
    expected = -model.critic(made, y).mean() + 3 * (made - x).abs().mean()
    torch.testing.assert_close(said["loss"], expected)
    for one, other in zip(
        *(torch.autograd.grad(v, model.parts()["generator"]) for v in (said["loss"], expected)), strict=True
    ):
        torch.testing.assert_close(one, other)


CYCLE = TrainConfig(
    steps=14, batch_size=4, learning_rate={"critic": 0.01, "generator": 0.02}, every={"generator": 5}, ema=0.9,
    ema_parts=("generator",), ema_buffers="average", sample_every=4, validate_every=3, best_by="envelope_correlation",
    best_is="max", **QUICK,
)  # fmt: skip


def monitored():
    model = conditional(penalty=10.0, l1=1.0, sampling_rate_hz=10.0)
    model.sample_batch = {"condition": batch_of()["condition"]}
    return model


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("whole"), monitored()
    return model, train(model, Pairs(), CYCLE, folder, validation=Pairs()), folder


def assert_goes_on_to_the_same(folder, uninterrupted):
    whole, expected, whole_folder = uninterrupted
    model = monitored()
    result = train(model, Pairs(), CYCLE, folder, validation=Pairs())
    assert_same(model.state_dict(), whole.state_dict())
    assert_same(result.weights, expected.weights)
    assert_same(result.best, expected.best)
    assert (result.best_step, result.best_loss) == (expected.best_step, expected.best_loss)
    assert rows_of(folder) == rows_of(whole_folder)
    files = [{path.name: path for path in (one / "samples").iterdir()} for one in (folder, whole_folder)]
    names = [f"step_{step:08d}.{kind}" for step in (4, 8, 12, 14) for kind in ("npy", "png")]
    assert sorted(files[0]) == sorted(files[1]) == names
    for name in names[::2]:
        assert files[0][name].read_bytes() == files[1][name].read_bytes()


def test_stages_that_end_in_the_middle_of_a_cycle_change_nothing(tmp_path, uninterrupted):
    stage = TrainConfig(**{**CYCLE.to_dict(), "max_minutes": 1e-9})
    for step in range(1, 9):
        assert train(monitored(), Pairs(), stage, tmp_path, validation=Pairs()).step == step
    assert_goes_on_to_the_same(tmp_path, uninterrupted)


@pytest.mark.parametrize(("save_minutes", "steps"), [(1e-9, 7), (100, 0)], ids=["with a state", "without"])
def test_a_process_killed_in_the_middle_of_a_cycle_changes_nothing(tmp_path, uninterrupted, save_minutes, steps):
    """Killed within step 8, after the sample of step 4 and a validation; the critic had been stepped, too."""
    code = textwrap.dedent(
        f"""
        import os, signal, sys
        sys.path[:0] = {sys.path!r}
        from test_adversarial import CYCLE, Pairs, TrainConfig, monitored, train
        model = monitored()
        def killed(batch, part, loss=model.loss):
            said = loss(batch, part)
            if batch["step"] == 7:
                os.kill(os.getpid(), signal.SIGKILL)
            return said
        model.loss = killed
        often = TrainConfig(**{{**CYCLE.to_dict(), "save_minutes": {save_minutes}}})
        train(model, Pairs(), often, {str(tmp_path)!r}, validation=Pairs())
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [row["step"] for row in rows_of(tmp_path)] == [str(step) for step in range(1, 8)]
    assert (tmp_path / "state.safetensors").exists() == bool(steps)
    assert_goes_on_to_the_same(tmp_path, uninterrupted)


def test_the_best_by_envelopes_is_the_one_with_most(uninterrupted):
    _, result, folder = uninterrupted
    seen = {
        int(r["step"]): float(r["validation_envelope_correlation"]) for r in rows_of(folder) if r["validation_loss"]
    }
    assert list(seen) == [3, 6, 9, 12, 14] and len(set(seen.values())) > 1
    assert (result.best_step, result.best_loss) == max(seen.items(), key=lambda pair: pair[1])


def test_figures_of_the_validation():
    """A generator that returns the target is perfect; its envelopes correlate as evaluation says."""
    from seissynth.evaluation import correlation, smoothed_envelope

    class Copy(nn.Module):
        def forward(self, latent):
            return latent

    batch = {"target": draw(4, 3, 200), "mask": (torch.arange(200) < 120).expand(4, 1, 200)}
    model = AdversarialModel(Copy(), linear_critic(), (3, 1), l1=1.0, sampling_rate_hz=20.0)
    model.critic = nn.Sequential(nn.Flatten(), nn.Linear(600, 1))
    model.draw_latent = lambda batch: batch["target"]
    with torch.no_grad():
        figures = model.validation_loss(batch)
    assert float(figures["distance"]) == float(figures["l1"]) == 0
    assert figures["envelope_correlation"] == pytest.approx(1)
    noise = draw(4, 3, 200, seed=1)
    model.draw_latent = lambda batch: noise
    with torch.no_grad():
        figures = model.validation_loss(batch)
        score = [model.critic(x).mean().item() for x in (batch["target"], noise)]
    assert float(figures["distance"]) == pytest.approx(score[0] - score[1], rel=1e-5)
    envelopes = (smoothed_envelope(x.numpy(), 20.0) for x in (batch["target"], noise))
    expected = correlation(*envelopes, np.broadcast_to(batch["mask"].numpy(), (4, 3, 200))).mean()
    assert figures["envelope_correlation"] == pytest.approx(expected) and abs(expected) < 0.5
    strange = noise.numpy().copy()
    strange[0, 0, 3] = np.inf
    strange[1] = 0
    assert np.isfinite(envelope_correlation(batch["target"].numpy(), strange, 20.0))


# --- what a system replaces


class TwoHeads(AdversarialModel):
    """As ConSeisGen: a critic with features, score and regression; cross-entropy, L1 and diversity."""

    weight = 5.0

    def score(self, records, batch):
        return self.critic(records)[0]

    def critic_loss(self, batch, made):
        (real, said, _), (fake, also, _) = self.critic(batch["target"]), self.critic(made)
        regression = [losses.acgan_regression(x, batch["condition"]) for x in (said, also)]
        return {"loss": 0.5 * self.adversarial.critic(real, fake) + 0.5 * sum(regression)}

    def generator_loss(self, batch, made):
        score, said, features = self.critic(made)
        with torch.no_grad():
            others = self.critic(self.fake(batch))[2]
        apart = losses.diversity(features, others)
        regression = losses.acgan_regression(said, batch["condition"])
        return {
            "loss": self.adversarial.generator(score) + regression + self.weight * apart,
            "diversity": apart.detach(),
        }


class Headed(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.heads = nn.Linear(36, 8), nn.ModuleList([nn.Linear(8, 1), nn.Linear(8, 2)])

    def forward(self, x):
        features = self.body(x.flatten(1)).relu()
        return *(head(features) for head in self.heads), features


class WithPeaks(AdversarialModel):
    """As BBGAN: records and their logarithmic peaks; the generator's conditions are drawn anew."""

    def real(self, batch):
        return batch["target"], batch["peaks"]

    def prepared(self, batch, part):
        if part == "critic" or not self.training:
            return batch
        return {**batch, "condition": batch["condition"][torch.randperm(len(batch["condition"]))]}


class Peaked(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = nn.Linear(6, 36 + 3)

    def forward(self, latent, condition):
        both = self.inside(torch.cat([latent, condition], 1))
        return both[:, :36].unflatten(1, (3, 12)).tanh(), both[:, 36:].tanh()


class SeesPeaks(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = nn.Linear(36 + 3 + 2, 1)

    def forward(self, x, peaks, condition):
        return self.inside(torch.cat([x.flatten(1), peaks, condition], 1)).tanh()


class PairsWithPeaks(Pairs):
    def item(self, index, epoch):
        row = super().item(index, epoch)
        return {**row, "peaks": np.zeros(3)}


@pytest.mark.parametrize("system", ["two heads", "peaks"])
def test_systems_replace_small_methods_only(tmp_path, system):
    torch.manual_seed(0)
    if system == "two heads":
        smooth = losses.AdversarialLoss(
            losses.nonsaturating_critic, partial(losses.nonsaturating_generator, smoothing=(0.9, 1.0))
        )
        model, data = TwoHeads(conditional().generator, Headed(), (4,), adversarial=smooth), Pairs()
    else:
        model, data = (
            WithPeaks(Peaked(), SeesPeaks(), (4,), penalty=10.0, l1=0.1, sampling_rate_hz=10.0),
            PairsWithPeaks(),
        )
    model.sample_batch = {"condition": batch_of()["condition"]}
    before = copy.deepcopy(model.state_dict())
    config = TrainConfig(
        steps=6, batch_size=4, learning_rate=0.01, every={"generator": 3}, ema_parts=("generator",), sample_every=6,
        **{**QUICK, "precision": "bf16-mixed"},
    )  # fmt: skip
    result = train(model, data, config, tmp_path, validation=data)
    assert result.finished and set(result.weights) == {n for n in before if n.startswith("generator.")}
    for name, _ in model.named_parameters():
        assert not torch.equal(before[name], model.state_dict()[name]), name
    row = rows_of(tmp_path)[-1]
    assert np.load(tmp_path / "samples" / "step_00000006.npy").shape == (6, 3, 12)
    if system == "two heads":
        assert float(row["generator_diversity"]) < 0 and float(row["samples_sd"]) > 0
    else:
        assert float(row["critic_penalty"]) > 0 and float(row["generator_l1"]) > 0
        assert -1 <= float(row["validation_envelope_correlation"]) <= 1


def test_each_part_gets_the_batch_that_is_prepared_for_it():
    model, batch, seen = conditional(), batch_of(), []
    model.prepared = lambda batch, part: {
        **batch,
        "condition": batch["condition"] + {"critic": 1, "generator": 2}[part],
    }
    for net in (model.generator, model.critic):
        net.register_forward_pre_hook(lambda net, inputs: seen.append(inputs[-1] - batch["condition"]))
    for part, number, calls in (("critic", 1.0, 3), ("generator", 2.0, 2)):
        seen.clear()
        model.loss(batch, part)
        assert len(seen) == calls
        for change in seen:
            torch.testing.assert_close(change, torch.full((6, 2), number))


# --- what cannot be


def test_models_that_cannot_be():
    with pytest.raises(InputError, match="'wgan' must be one of 'wasserstein', 'hinge', 'nonsaturating'"):
        conditional(adversarial="wgan")
    for name in ("penalty", "l1"):
        with pytest.raises(InputError, match=f"{name}=-1"):
            conditional(**{name: -1})
    with pytest.raises(InputError, match="sample_batch"):
        conditional().samples(1)


def test_another_configuration_of_the_system_is_refused(tmp_path):
    @dataclass(frozen=True)
    class Config:
        l1: float = 1.0

    stage = TrainConfig(**{**CYCLE.to_dict(), "max_minutes": 1e-9, "best_by": "loss", "sample_every": None})
    train(conditional(config=Config()), Pairs(), stage, tmp_path)
    with pytest.raises(InputError, match=r"another configuration.*resume=False"):
        train(conditional(config=Config(2.0)), Pairs(), stage, tmp_path)
    assert train(conditional(config=Config(1.0)), Pairs(), stage, tmp_path).step == 2
