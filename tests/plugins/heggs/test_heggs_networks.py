"""The contract that every configuration of HEGGS keeps, and the terms of its loss."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from heggs_batches import SHAPE, smooth_batch, train_steps  # noqa: E402

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.heggs.networks import acm  # noqa: E402
from seissynth_plugins.heggs.networks.blocks import parameter_count  # noqa: E402
from seissynth_plugins.heggs.networks.condition_encoder import ConditionEncoder  # noqa: E402
from seissynth_plugins.heggs.networks.config import HeggsConfig  # noqa: E402
from seissynth_plugins.heggs.networks.model import Heggs  # noqa: E402
from seissynth_plugins.heggs.networks.named_configs import named_config, variant_names  # noqa: E402
from seissynth_plugins.heggs.networks.unet import onset_channels  # noqa: E402
from seissynth_plugins.torchkit.plain_configs import from_plain, to_plain  # noqa: E402

TINY = ["tiny", *(f"tiny+{name}" for name in variant_names())]
#: trained values of each part; docs/heggs.md states them
PARAMETERS = {"paper": 100_559_366, "small": 6_635_187, "tiny": 179_854}

#: gradients that are zero on paper come out as some 1e-13
ROUNDING = 1e-10


@pytest.fixture(autouse=True)
def _one_thread_and_seed():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def _model(name):
    return Heggs(named_config(name))


def _narrower(part, *names):
    return replace(part, **{name: getattr(part, name) // 8 for name in names})


def _narrow_paper():
    """The layers of `paper` an eighth as wide: at full width a step takes half a minute."""
    config = named_config("paper")
    return replace(
        config,
        autoencoder=_narrower(config.autoencoder, "channels", "groups"),
        unet=_narrower(config.unet, "channels", "groups", "head_channels"),
        condition=_narrower(config.condition, "hidden", "width"),
        acm=_narrower(config.acm, "channels"),
    )


# --- the contract


@pytest.mark.parametrize("name", [*TINY, "small"])
def test_shapes(name):
    model = _model(name).eval()
    config = model.config
    batch = smooth_batch(2, config)
    with torch.no_grad():
        z = model.encode(batch["source"])
        given = z if config.source_input else None
        m = model.predict(z, batch["t"], batch["condition"], given, batch.get("onsets"))
        x = model(batch["source"], batch["condition"], batch["t"], batch["noise"], batch.get("onsets"))
    assert z.shape == m.shape == (2, *config.latent_shape)
    assert x.shape == (2, *SHAPE)
    assert all(value.dtype == torch.float32 and torch.isfinite(value).all() for value in (z, m, x))


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts(name):
    with torch.device("meta"):
        model = _model(name)
    assert parameter_count(model) == PARAMETERS[name]


@pytest.mark.parametrize("name", ["tiny", "tiny+without_acm", "tiny+onsets", "tiny+condition_start"])
def test_saved_and_loaded_is_equal(name, tmp_path):
    pytest.importorskip("safetensors")
    from seissynth_plugins.torchkit.checkpoints import load_into, load_weights, save_weights

    model = _model(name).eval()
    model.set_standardisation(torch.linspace(-20, -15, 64), torch.linspace(1, 2, 64))
    train_steps(model, smooth_batch(1, model.config), 1)
    card = {"class": "heggs", "class_version": 1, "config": to_plain(model.config), "normalisation": {"mean": 0.0}}
    card |= {"training_data_hash": "0" * 16, "region": "nowhere", "licence": "MIT"}
    save_weights(tmp_path / "w.safetensors", model.state_dict(), card)
    weights, header = load_weights(tmp_path / "w.safetensors", "heggs")
    again = Heggs(from_plain(HeggsConfig, header["config"])).eval()
    load_into(again, weights)
    batch = smooth_batch(2, model.config)
    batch |= {"source": batch["target"]}  # what is drawn in the loss changes nothing
    model.eval(), again.eval()
    with torch.no_grad():
        arguments = [batch[key] for key in ("source", "condition", "t", "noise")] + [batch.get("onsets")]
        assert torch.equal(model(*arguments), again(*arguments))


def _without_use(model, name):
    """Values that cannot have a gradient."""
    config = model.config
    if config.acm and config.acm.norm == "instance" and name.startswith("acm.") and name.endswith(".0.bias"):
        return True  # the normalisation that follows takes off what the convolution adds
    if config.condition.tokens > 1:
        return False
    # queries and keys where there is only one token to attend to
    return any(word in name for word in ("attend_cross.query", "attend_cross.key", "norm_cross"))


@pytest.mark.parametrize("name", [*TINY, "paper"])
def test_every_parameter_gets_a_gradient(name):
    """Within three steps: layers that start at zero keep those before them from learning in the first."""
    model = Heggs(_narrow_paper()) if name == "paper" else _model(name)
    batch = smooth_batch(1 if name == "paper" else 2, model.config)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    silent = dict(model.named_parameters())
    for _ in range(3):
        optimizer.zero_grad()
        model.loss(batch)["loss"].backward()
        silent = {n: p for n, p in silent.items() if p.grad is None or not p.grad.abs().max() > ROUNDING}
        optimizer.step()
    assert {n for n in silent if not _without_use(model, n)} == set()
    if model.config.condition.tokens == 1:
        assert any("attend_cross.query" in n for n in silent), "one token: the query is ignored"


@pytest.mark.parametrize("name", ["tiny", "tiny+untied", "tiny+condition_start"])
def test_one_batch_is_learned_by_heart(name):
    """Well beyond the mean of the two records, which a network that does not tell them apart could learn."""
    model = _model(name)
    batch = smooth_batch(2, model.config)
    batch["source"] = target = batch["target"]
    train_steps(model, batch, 25)
    with torch.no_grad():
        alike = model.squared_error(target.mean(0, keepdim=True).expand_as(target), target).mean()
        assert model.loss(batch)["spectrogram"] < 0.75 * alike


def test_small_learns():
    model = _model("small")
    losses = train_steps(model, smooth_batch(1, model.config), 4, rate=1e-3)
    assert losses[-1] < losses[0]


def test_the_paper_at_full_size(monkeypatch):
    """Sizes alone, without numbers: they fit from spectrogram to spectrogram, and back to every parameter."""
    monkeypatch.setattr(acm, "auxiliary_phase", lambda log_amplitude, _: torch.zeros_like(log_amplitude))
    config = named_config("paper")
    with torch.device("meta"):
        model = Heggs(config)
    batch = {key: value.to("meta") for key, value in smooth_batch(1, config).items()}
    z = model.encode(batch["source"])
    x = model.decode(model.predict(z, batch["t"], batch["condition"]))
    assert z.shape == (1, *config.latent_shape) and x.shape == (1, *SHAPE)
    x.sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or p.grad.shape != p.shape] == []


def test_one_training_step_of_the_paper():
    """Every layer of the full size, an eighth as wide."""
    model = Heggs(_narrow_paper())
    with torch.device("meta"):
        full = _model("paper")
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in full.named_parameters()]
    batch = smooth_batch(1, model.config)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-5)
    result = model.loss(batch)
    assert set(result) == {"loss", "spectrogram", "latent_std"}
    assert torch.equal(result["loss"].detach(), result["spectrogram"])
    result["loss"].backward()
    missing = [name for name, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert missing == []
    before = model.encoder.leave.weight.detach().clone()
    optimizer.step()
    assert not torch.equal(before, model.encoder.leave.weight)


# --- latents


def test_latents_have_mean_0_and_variance_1_in_each_record():
    model = _model("tiny").eval()
    batch = smooth_batch(3, model.config)
    with torch.no_grad():
        for z in (model.encode(batch["source"] * 5 + 2), model.predict(batch["noise"], batch["t"], batch["condition"])):
            torch.testing.assert_close(z.mean((1, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
            torch.testing.assert_close(z.var((1, 2, 3), correction=0), torch.ones(3), atol=1e-3, rtol=0)
        plain = _model("tiny+untied").eval()
        assert not torch.allclose(plain.encode(batch["source"]).var((1, 2, 3)), torch.ones(3), atol=1e-2)


def test_a_record_does_not_depend_on_its_batch():
    model = _model("tiny").eval()
    batch = smooth_batch(3, model.config)
    with torch.no_grad():
        arguments = [batch[key] for key in ("source", "condition", "t", "noise")]
        together = model(*arguments)
        alone = model(*(one[1:2] for one in arguments))
    torch.testing.assert_close(together[1:2], alone, atol=1e-4, rtol=1e-4)


# --- the loss


def test_loss_is_the_sum_of_its_terms():
    """Each term computed here by its formula."""
    config = replace(named_config("tiny"), same_share=0.0, autoencoder_weight=0.7, latent_weight=0.3)
    model = Heggs(config).eval()
    batch = smooth_batch(2, config)
    with torch.no_grad():
        z, z_target = model.encode(batch["source"]), model.encode(batch["target"])
        kept = model.schedule.alpha_bar[batch["t"]].float()[:, None, None, None]
        m = model.predict(kept.sqrt() * z + (1 - kept).sqrt() * batch["noise"], batch["t"], batch["condition"])
        band = slice(2, 58)  # 1.56 to 44.53 Hz
        pair = (model.decode(m) - batch["target"])[:, :, band].square().mean()
        rebuilt = (model.decoder(z_target) - batch["target"])[:, :, band].square().mean()
        latent = (m - z_target).square().mean()
        result = model.loss(batch)
    torch.testing.assert_close(result["loss"], pair + 0.7 * rebuilt + 0.3 * latent, rtol=1e-4, atol=0)
    torch.testing.assert_close(result["spectrogram"], pair, rtol=1e-4, atol=0)


def test_band_is_that_of_the_representation():
    from seissynth.representations import LogSpectrogram

    assert torch.equal(_model("tiny").band[0, :, 0].bool(), torch.from_numpy(LogSpectrogram().band_mask))


def test_masked_cells_count_nothing():
    model = _model("tiny").eval()
    x, y = torch.randn(2, *SHAPE), torch.randn(2, *SHAPE)
    mask = (torch.arange(376) < 200).float()[None, None, None, :].expand(2, 1, 1, 376)
    wanted = (x - y)[:, :, 2:58, :200].square().mean((1, 2, 3))
    torch.testing.assert_close(model.squared_error(x, y, mask), wanted)
    y[:, :, :, 200:] = float("nan")
    y[:, :, :2] = float("inf")
    torch.testing.assert_close(model.squared_error(x, y, mask), wanted)
    assert model.squared_error(x, y, torch.zeros(2, 1, 1, 376)).tolist() == [0, 0]


def test_without_pairs_the_source_is_not_seen():
    model = _model("tiny+without_pairs").eval()
    batch = smooth_batch(2, model.config)
    with torch.no_grad():
        one = model.loss(batch)["loss"]
        other = model.loss(batch | {"source": torch.randn(2, *SHAPE)})["loss"]
        paired = _model("tiny").eval()
        paired.config = replace(paired.config, same_share=0.0)
        assert paired.loss(batch)["loss"] != paired.loss(batch | {"source": batch["target"]})["loss"]
    assert torch.equal(one, other)


def test_eq_8_does_not_move_the_encoder():
    """The latent tie pulls the prediction to the encoder's latent, not the other way."""
    config = replace(named_config("tiny"), noised="target", same_share=0.0, autoencoder_weight=0.0, latent_weight=1.0)
    model = Heggs(config)
    batch = smooth_batch(1, config) | {"t": torch.tensor([config.steps])}  # pure noise: nothing of E(X) goes in
    model.band.zero_()
    model.loss(batch)["loss"].backward()
    assert all(p.grad is None or p.grad.abs().max() == 0 for p in model.encoder.parameters())
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in model.unet.parameters())


def test_time_weights_are_the_schedules():
    config = replace(named_config("tiny+untied"), loss_weight="min_snr_x0")
    model = Heggs(config).eval()
    batch = smooth_batch(1, config)
    with torch.no_grad():
        result = model.loss(batch | {"t": torch.tensor([60])})
        snr = float(model.schedule.alpha_bar[60] / (1 - model.schedule.alpha_bar[60]))
    assert result["loss"].item() == pytest.approx(min(snr, 5) * result["spectrogram"].item(), rel=1e-5)


def test_validation_sees_both_ways_of_generation():
    for name in ("tiny", "tiny+condition_start"):
        model = _model(name).eval()
        batch = smooth_batch(2, model.config)
        with torch.no_grad():
            result = model.validation_loss(batch)
            other = model.validation_loss(batch | {"source": torch.randn(2, *SHAPE)})
        assert result["without_source"] == other["without_source"]
        if name == "tiny":  # the U-Net starts with its further inputs as good as unused
            assert result["with_source"] != other["with_source"]
        assert result["loss"].item() == pytest.approx((result["with_source"] + result["without_source"]).item() / 2)


# --- the condition, the source and the onsets go in


@pytest.mark.parametrize("name", ["tiny", "tiny+tokens", "tiny+adaln", "tiny+one_token"])
def test_the_condition_has_a_say(name):
    model = _model(name)
    batch = smooth_batch(2, model.config)
    train_steps(model, batch, 3)
    with torch.no_grad():
        one = model.predict(batch["noise"], batch["t"], batch["condition"])
        other = model.predict(batch["noise"], batch["t"], batch["condition"] + 1)
    assert (one - other).abs().max().item() > 1e-3


@pytest.mark.parametrize("name", ["paper", "small"])
def test_tokens_differ_between_conditions_from_the_start(name):
    """Five layers with torch's own first values would leave some thousandths of the difference."""
    tokens = ConditionEncoder(named_config(name).condition)(torch.randn(64, 11))
    assert 0.3 < tokens.std(0).mean().item() < 2


def test_no_source_is_nan_rows_and_none():
    model = _model("tiny+condition_start").eval()
    batch = smooth_batch(2, model.config)
    z = model.encode(batch["source"]).detach()
    absent = torch.full_like(z, float("nan"))
    arguments = (batch["noise"], batch["t"], batch["condition"])
    with torch.no_grad():
        none, nan, given = (model.predict(*arguments, source) for source in (None, absent, z))
        mixed = model.predict(*arguments, torch.cat([z[:1], absent[1:]]))
    assert torch.equal(none, nan)
    assert not torch.allclose(given, none)
    torch.testing.assert_close(mixed, torch.cat([given[:1], none[1:]]))


def test_share_of_pairs_at_the_last_step():
    """All of them there: the source has no say, with zero terminal SNR; none of them: as if drawn."""
    config = replace(named_config("tiny"), same_share=0.0, last_share=1.0, autoencoder_weight=0.0, latent_weight=0.0)
    model = Heggs(config).eval()
    batch = smooth_batch(3, config)
    drawn = {name: value for name, value in batch.items() if name != "t"}
    with torch.no_grad():
        found = model.loss(drawn)["spectrogram"]
        wanted = model.loss({**batch, "t": torch.full((3,), config.steps)})["spectrogram"]
        other = model.loss({**drawn, "source": -drawn["source"]})["spectrogram"]
        given = model.loss(batch)["spectrogram"]
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(found, other)
    assert not torch.isclose(found, given), "steps that are given are kept"


def test_onset_channels():
    like = torch.zeros(2, 4, 16, 94)
    maps = onset_channels(torch.tensor([[30.0, float("nan")], [0.32, 60.0]]), 2, like)
    assert maps.shape == (2, 4, 16, 94)
    assert (maps[:, :, :1] == maps).all(), "the same in all rows"
    centers = (torch.arange(94) + 0.5) * 60 / 94
    torch.testing.assert_close(maps[0, 0, 0], (centers - 30) / 60)
    torch.testing.assert_close(maps[0, 2, 0], ((centers - 30) / 1.28).clamp(-1, 1))
    assert (maps[0, [1, 3]] == 0).all(), "unknown"
    assert maps[1, 2, 0, 1:].min() > 0
    assert (onset_channels(None, 2, like) == 0).all()


# --- bad input


def test_standardisation_that_does_not_fit_is_refused():
    model = _model("tiny")
    model.set_standardisation([-18.0] * 64, [1.5] * 64)
    assert model.log_mean.shape == (3, 64, 1)
    for mean, deviation, word in (
        ([0.0] * 65, [1.0] * 64, "shape \\(65,\\)"),
        ([0.0] * 64, [0.0] * 64, "above 0"),
        ([float("nan")] * 64, [1.0] * 64, "finite"),
    ):
        with pytest.raises(InputError, match=word):
            model.set_standardisation(mean, deviation)
