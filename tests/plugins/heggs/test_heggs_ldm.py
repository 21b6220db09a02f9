"""The latent diffusion baseline: both stages, their losses, what trains and what does not."""

import pytest

torch = pytest.importorskip("torch")

from heggs_batches import SHAPE, smooth_batch, train_steps  # noqa: E402

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.heggs.networks.blocks import parameter_count  # noqa: E402
from seissynth_plugins.ldm.config import named_config  # noqa: E402
from seissynth_plugins.ldm.model import LatentDiffusion  # noqa: E402
from seissynth_plugins.ldm.vae import VAE, AdversarialVAE  # noqa: E402

NAMES = ["tiny", "tiny+pairs", "tiny+acm", "tiny+acm+pairs", "tiny+normalised"]


@pytest.fixture(autouse=True)
def _one_thread_and_seed():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", [*NAMES, "small"])
def test_shapes(name):
    model = LatentDiffusion(named_config(name)).eval()
    batch = smooth_batch(2, model.config)
    with torch.no_grad():
        z = model.encode(batch["source"])
        m = model.predict(z, batch["t"], batch["condition"])
        x = model.decode(m)
    assert z.shape == m.shape == (2, *model.config.latent_shape)
    assert x.shape == (2, *SHAPE)


def test_paper_is_the_size_of_heggs():
    with torch.device("meta"):
        model = LatentDiffusion(named_config("paper"))
        critic = AdversarialVAE(named_config("paper")).critic
    assert model.config.latent_shape == (64, 16, 94)
    assert parameter_count(model) == 99_373_251
    # weights and biases of the four convolutions (3, 64, 128, 256, 1 channels), and two normalisations
    convolutions = sum(16 * a * b + b for a, b in ((3, 64), (64, 128), (128, 256), (256, 1)))
    assert parameter_count(critic) == convolutions + 2 * (128 + 256)


@pytest.mark.parametrize("name", ["tiny", "tiny+acm"])
def test_every_parameter_of_both_parts_gets_a_gradient(name):
    model = AdversarialVAE(named_config(name))
    batch = smooth_batch(2, model.config)
    parts = model.parts()
    assert sum(len(p) for p in parts.values()) == len(list(model.parameters()))
    for part, parameters in parts.items():
        optimizer = torch.optim.Adam(parameters, 1e-3)
        silent = set(parameters)
        for _ in range(3):
            model.zero_grad()
            model.loss(batch, part)["loss"].backward()
            silent = {p for p in silent if p.grad is None or not p.grad.abs().max() > 0}
            optimizer.step()
        assert not silent


def test_autoencoder_learns_a_batch_by_heart():
    model = AdversarialVAE(named_config("tiny"))
    batch = smooth_batch(2, model.config)
    before = model.loss(batch)["reconstruction"].item()
    optimizer = torch.optim.Adam(model.vae.parameters(), 3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        model.loss(batch)["loss"].backward()
        optimizer.step()
    assert model.loss(batch)["reconstruction"].item() < 0.7 * before


def test_terms_of_the_first_stage():
    """Each term computed here by its formula; the divergence against torch.distributions."""
    model = AdversarialVAE(named_config("tiny")).eval()
    batch = smooth_batch(2, model.config)
    x = batch["target"]
    with torch.no_grad():
        mean, log_variance = model.vae.posterior(x)
        rebuilt = model.vae.decode(mean + (log_variance / 2).exp() * batch["noise"])
        result = model.loss(batch)
        normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
        kl = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum() / (2 * x[0].numel())
        band = torch.zeros_like(x)
        band[:, :, 2:58] = 1
        opinion = -model.critic(rebuilt * band).mean()
        l1 = (rebuilt - x)[:, :, 2:58].abs().mean()
        critic = model.loss(batch, "critic")["loss"]
        real, made = model.critic(x * band), model.critic(rebuilt * band)
    torch.testing.assert_close(result["kl"], kl, rtol=1e-4, atol=0)
    torch.testing.assert_close(result["loss"], l1 + 1e-6 * kl + 0.1 * opinion, rtol=1e-4, atol=1e-6)
    hinge = 0.5 * ((1 - real).clamp(min=0).mean() + (1 + made).clamp(min=0).mean())
    torch.testing.assert_close(critic, hinge, rtol=1e-4, atol=0)


def test_the_critic_waits_for_its_start():
    from dataclasses import replace

    model = AdversarialVAE(replace(named_config("tiny"), adversarial_start=2)).train()
    batch = smooth_batch(1, model.config)
    opinions = [model.loss(batch)["adversarial"].item() for _ in range(3)]
    assert opinions[:2] == [0, 0]
    assert opinions[2] != 0


def test_the_critic_waits_for_steps_of_the_optimiser_not_for_batches(tmp_path):
    """Two batches make a step; the state of a run that goes on keeps the count."""
    pytest.importorskip("lightning", reason="training needs Lightning")
    from dataclasses import replace

    from seissynth.plotting.training_curves import read_curves
    from seissynth_plugins.torchkit.training import TrainConfig, train

    config = replace(named_config("tiny"), adversarial_start=3)
    whole = smooth_batch(4, config)
    data = [{"target": target} for target in whole["target"]]
    loop = TrainConfig(
        steps=5, batch_size=1, accumulate=2, learning_rate=1e-3, log_every=1, validate_every=2, accelerator="cpu",
        progress=False, tensorboard=False, max_minutes=1e-9,
    )  # fmt: skip
    for _ in range(loop.steps):  # a step a call
        model = AdversarialVAE(config)
        result = train(model, data, loop, tmp_path, validation=data)
    assert result.finished and int(model.steps_done) == int(result.weights["steps_done"]) == 5
    steps, opinions = read_curves(tmp_path / "metrics.csv")["autoencoder_adversarial"]
    assert steps.tolist() == [1, 2, 3, 4, 5]
    assert (opinions[:3] == 0).all() and (opinions[3:] != 0).all()


@pytest.mark.parametrize("name", ["tiny", "tiny+acm+pairs"])
def test_second_stage_trains_the_diffusion_alone(name):
    model = LatentDiffusion(named_config(name)).train()
    assert not model.vae.training
    batch = smooth_batch(2, model.config)
    model.set_latent_scale(batch["target"])
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    losses = train_steps(model, batch, 25)
    assert losses[-1] < 0.9 * losses[0]
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {n for n in before if not n.startswith("vae.")}


def test_equations_15_and_16():
    """The noise goes on the target's latent without pairs, on the source's with them; squared errors of latents."""
    for name in ("tiny", "tiny+pairs"):
        model = LatentDiffusion(named_config(name)).eval()
        batch = smooth_batch(2, model.config)
        with torch.no_grad():
            z = model.encode(batch["source" if "pairs" in name else "target"])
            kept = model.schedule.alpha_bar[batch["t"]].float()[:, None, None, None]
            m = model.predict(kept.sqrt() * z + (1 - kept).sqrt() * batch["noise"], batch["t"], batch["condition"])
            wanted = (m - model.encode(batch["target"])).square().mean()
            result = model.loss(batch)
        torch.testing.assert_close(result["loss"], wanted, rtol=1e-4, atol=0)
        assert "spectrogram" in result


def test_latents_are_scaled_to_variance_1():
    model = LatentDiffusion(named_config("tiny"))
    x = smooth_batch(3, model.config)["target"]
    model.set_latent_scale(x)
    z = model.encode(x)
    assert z.std().item() == pytest.approx(1, rel=1e-4)
    torch.testing.assert_close(model.decode(z), model.vae.decode(model.vae.posterior(x)[0]), rtol=1e-4, atol=1e-4)
    torch.nn.init.zeros_(model.vae.encoder.leave.weight)
    torch.nn.init.zeros_(model.vae.encoder.leave.bias)
    with pytest.raises(InputError, match="standard deviation of 0"):
        model.set_latent_scale(x)


def test_statistics_go_on_to_the_second_stage():
    vae = VAE(named_config("tiny+acm"))
    vae.set_standardisation([-17.0] * 64, [1.3] * 64)
    model = LatentDiffusion(named_config("tiny+acm"), vae)
    assert torch.equal(model.log_mean, vae.log_mean)
    model.set_standardisation([-18.0] * 64, [1.4] * 64)
    assert torch.equal(model.log_deviation, vae.log_deviation)
