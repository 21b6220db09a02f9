"""Trainers of the adversarial systems: weights that generate, resume, conditions, divergence as a result."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_waveform_data import rows_with_places

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
pytest.importorskip("lightning", reason="training needs Lightning")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

from swag_sets import write_set  # noqa: E402
from torch.utils.data import default_collate  # noqa: E402

from seissynth import get_backend  # noqa: E402
from seissynth.backends.trainers import get_trainer  # noqa: E402
from seissynth.errors import DomainError, InputError, TrainingError  # noqa: E402
from seissynth.records import Records  # noqa: E402
from seissynth.seeding import Seeds  # noqa: E402
from seissynth.testing import example_conditions  # noqa: E402
from seissynth_plugins.bbgan import training as bbgan  # noqa: E402
from seissynth_plugins.conseisgen import training as conseisgen  # noqa: E402
from seissynth_plugins.dgm import training as dgm  # noqa: E402
from seissynth_plugins.seismogen import training as seismogen  # noqa: E402
from seissynth_plugins.torchkit.checkpoints import read_tensors  # noqa: E402
from seissynth_plugins.torchkit.critic_on_noise import CriticOnNoise  # noqa: E402
from seissynth_plugins.torchkit.energy_scores import spectrogram_score, waveform_score  # noqa: E402
from seissynth_plugins.torchkit.gan_training import gan_rules, train_gan  # noqa: E402
from seissynth_plugins.torchkit.generator_by_energy_score import GeneratorByEnergyScore  # noqa: E402
from seissynth_plugins.torchkit.train_one_part import train_one_part  # noqa: E402
from seissynth_plugins.torchkit.training import TrainConfig  # noqa: E402
from seissynth_plugins.torchkit.training_table import TrainingTable  # noqa: E402
from seissynth_plugins.torchkit.waveform_data import WaveformData, fit_waveform_inputs  # noqa: E402
from seissynth_plugins.torchkit.weights import load_model, save_model  # noqa: E402
from seissynth_plugins.wgan_gp import training as wgan_gp  # noqa: E402

SYSTEMS = {
    "seismogen": seismogen.SYSTEM, "wgan_gp": wgan_gp.SYSTEM, "conseisgen": conseisgen.SYSTEM, "bbgan": bbgan.SYSTEM,
    "dgm": dgm.SYSTEM,
}  # fmt: skip
OPTIONS = {
    "config": "tiny", "steps": 4, "batch_size": 4, "validate_every": 2, "validation_records": 4, "log_every": 1,
    "threads": 1, "progress": False, "tensorboard": False, "accelerator": "cpu",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("gan") / "set", rows_with_places(), noise=3)


@pytest.fixture(scope="module")
def runs(folder, tmp_path_factory):
    """A few steps of each system."""
    parent = tmp_path_factory.mktemp("runs")
    return {name: get_trainer(name)(folder, parent / name, **OPTIONS) for name in SYSTEMS}


@pytest.mark.parametrize("name", SYSTEMS)
def test_weights_hold_the_generator_and_generate(runs, name):
    report = runs[name]
    assert report.finished and report.steps == 4
    model, inputs, card = load_model(report.weights, SYSTEMS[name].kind)
    assert not any(key.startswith(("critic", "generator")) for key in model.state_dict())
    assert card["npts"] == model.config.npts and card["lead_s"] == 5.0 and inputs.quantity == "velocity"
    header = (report.output / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"critic", "generator", "validation_envelope_correlation"} <= set(header)
    backend = get_backend(name)(weights=report.weights)
    backend.load()
    conditions = example_conditions(backend.card, n=3)
    records = backend.make(conditions, np.arange(3, dtype=np.uint64))
    assert records.shape == (3, 3, model.config.npts) and np.isfinite(records).all() and records.std() > 0


@pytest.mark.parametrize("name", ["seismogen", "bbgan"])
def test_in_stages_as_at_once(runs, folder, tmp_path, name):
    for _ in range(20):
        cut = get_trainer(name)(folder, tmp_path / "run", **OPTIONS, max_minutes=1e-6)
        if cut.finished:
            break
    assert cut.finished and cut.weights.read_bytes() == runs[name].weights.read_bytes()


def test_the_generator_is_stepped_as_often_as_the_recipe_says(folder, tmp_path):
    """With one step of four, only the last changes it; without any, first weights come out."""

    def weights(steps, every):
        run = tmp_path / f"{steps}_{every}"
        options = {**OPTIONS, "steps": steps, "ema": 0.0, "validation_records": 0, "every": {"generator": every}}
        report = get_trainer("dgm")(folder, run, **options, export="last")
        return load_model(report.weights, dgm.SYSTEM.kind)[0].state_dict()

    first, third, fourth = weights(1, 4), weights(3, 4), weights(4, 4)
    assert all(
        torch.equal(first[key], third[key]) for key in first if "num_batches" not in key and "running" not in key
    )
    assert not all(torch.equal(first[key], fourth[key]) for key in first)


def test_conseisgen_regresses_the_condition_and_spreads_its_draws():
    config = replace(conseisgen.named_config("tiny"), diversity_weight=5.0)
    torch.manual_seed(0)
    model = conseisgen.make_model(config)
    batch = {"target": torch.rand(4, 3, config.npts), "condition": torch.randn(4, 1)}
    critic, generator = model.loss(batch, "critic"), model.loss(batch, "generator")
    made = model.fake(batch)
    said = model.critic(batch["target"])
    assert said[1].shape == (4, 1) and made.min() >= 0
    assert generator["diversity"] < 0 and generator["regression"] > 0
    assert critic["loss"].item() > 0.5 * critic["regression"].item()
    # the weight of the diversity enters the loss as it is
    torch.manual_seed(3)
    five = model.loss(batch, "generator")
    model_2 = conseisgen.make_model(replace(config, diversity_weight=0.0))
    model_2.load_state_dict(model.state_dict())
    torch.manual_seed(3)
    none = model_2.loss(batch, "generator")
    assert (five["loss"] - none["loss"]).item() == pytest.approx(5.0 * five["diversity"].item(), rel=1e-3)


def test_bbgans_generator_step_takes_the_conditions_in_another_order():
    model = bbgan.make_model(bbgan.named_config("tiny"))
    batch = {
        "target": torch.zeros(6, 3, 192),
        "sizes": torch.zeros(6, 3),
        "condition": torch.arange(18.0).reshape(6, 3),
    }
    torch.manual_seed(1)
    generator, critic = model.prepared(batch, "generator"), model.prepared(batch, "critic")
    assert torch.equal(critic["condition"], batch["condition"])
    assert not torch.equal(generator["condition"], batch["condition"])
    assert torch.equal(generator["condition"].sort(dim=0).values, batch["condition"])
    with_target = bbgan.make_model(replace(bbgan.named_config("tiny"), l1_weight=1.0))
    assert torch.equal(with_target.prepared(batch, "generator")["condition"], batch["condition"])
    assert len(critic["target"]) == 2


def test_rows_of_noise_are_seismogens_second_class_and_not_wgan_gps(runs, folder):
    asked = {name: json.loads((runs[name].output / "run.json").read_text()) for name in ("seismogen", "wgan_gp")}
    assert asked["seismogen"]["data"] == asked["wgan_gp"]["data"]
    hashes = {name: load_model(runs[name].weights, SYSTEMS[name].kind)[2]["training_data_hash"] for name in asked}
    assert hashes["seismogen"] != hashes["wgan_gp"]


def test_a_loss_that_diverges_says_when_and_leaves_the_last_state(folder, tmp_path):
    options = {**OPTIONS, "steps": 40, "learning_rate": 1e12, "save_minutes": 1e-9, "validation_records": 0}
    with pytest.raises(TrainingError) as error:
        get_trainer("dgm")(folder, tmp_path / "run", **options)
    assert error.value.step >= 1 and (tmp_path / "run" / "state.safetensors").is_file()


def test_every_named_size_has_a_recipe_and_a_model():
    for name, system in SYSTEMS.items():
        assert {"small", "tiny"} <= set(system.recipes), name
        for size in system.recipes:
            config = system.named_config(size)
            with torch.device("meta"):
                model = system.model(config)
            assert set(model.parts()) == {"critic", "generator"}


def test_what_is_refused(runs, folder, tmp_path):
    with pytest.raises(InputError, match=r"bbgan: there is no option 'stepps'; did you mean 'steps'"):
        get_trainer("bbgan")(folder, tmp_path / "a", stepps=3)
    with pytest.raises(InputError, match="dgm has no size 'huge'"):
        get_trainer("dgm")(folder, tmp_path / "b", config="huge")
    with pytest.raises(InputError, match=r"sampled at 10.0 Hz; dgm is trained at 100 Hz"):
        get_trainer("dgm")(folder, tmp_path / "c", config="small")
    other = {**OPTIONS, "config": "tiny+latent100"}
    with pytest.raises(InputError, match="holds another configuration than 'tiny"):
        get_trainer("wgan_gp")(folder, tmp_path / "d", **other, init=runs["wgan_gp"].weights)
    bare = [{name: value for name, value in row.items() if name != "source_depth_km"} for row in rows_with_places()]
    with pytest.raises(InputError, match="lacks source_depth_km"):
        get_trainer("dgm")(write_set(tmp_path / "bare", bare), tmp_path / "e", **OPTIONS)


def test_training_goes_on_from_weights_of_the_generator(runs, folder, tmp_path):
    report = get_trainer("bbgan")(folder, tmp_path / "run", **OPTIONS, init=runs["bbgan"].weights)
    card = load_model(report.weights, bbgan.SYSTEM.kind)[2]
    assert len(card["stages"]) == 2 and card["stages"][1]["init_weights_hash"]


def test_initial_weights_may_come_from_another_weight_of_a_loss(runs, folder, tmp_path):
    """As `run3` of the thesis may begin with weights of `run1`: the networks are the same."""
    model, inputs, card = load_model(runs["wgan_gp"].weights, wgan_gp.SYSTEM.kind)
    other, config = tmp_path / "other.safetensors", replace(model.config, penalty=20.0)
    save_model(other, model.state_dict(), config, inputs, card, wgan_gp.SYSTEM.kind)
    report = get_trainer("wgan_gp")(folder, tmp_path / "run", **OPTIONS, init=other)
    assert load_model(report.weights, wgan_gp.SYSTEM.kind)[0].config.penalty == 10.0


def test_sizes_are_those_of_the_new_set_unless_the_network_makes_them(runs, folder, tmp_path):
    louder = write_set(tmp_path / "louder", rows_with_places(), noise=3, factor=np.e)
    report = get_trainer("dgm")(louder, tmp_path / "dgm", **OPTIONS, init=runs["dgm"].weights)
    before, after = (load_model(one.weights, dgm.SYSTEM.kind)[1] for one in (runs["dgm"], report))
    np.testing.assert_allclose(
        np.array(after.sizes.coefficients)[0] - np.array(before.sizes.coefficients)[0], 1, atol=1e-3
    )
    assert after.condition == before.condition
    report = get_trainer("bbgan")(louder, tmp_path / "bbgan", **OPTIONS, init=runs["bbgan"].weights)
    before, after = (load_model(one.weights, bbgan.SYSTEM.kind)[1] for one in (runs["bbgan"], report))
    assert after.log_scale_range == before.log_scale_range
    plain = write_set(tmp_path / "plain", rows_with_places(), noise=3, unit=None)
    with pytest.raises(InputError, match="make records of velocity with their sizes, and the sets hold normalised"):
        get_trainer("bbgan")(plain, tmp_path / "wrong", **OPTIONS, init=runs["bbgan"].weights)


# --- predicted onsets

#: a tiny network with HEGGS' vector, and the predicted onsets in it
WITH_ONSETS = {
    "seismogen": {"vector": True, "conditions": 14, "onsets": True}, "conseisgen": {"condition": 14, "onsets": True},
    "bbgan": {"vector": True, "conditions": 14, "onsets": True},
}  # fmt: skip


def with_onsets(name):
    """The system with such a network for "tiny"; windows from P, since those of the made-up set begin before origin."""
    config = replace(SYSTEMS[name].named_config("tiny"), **WITH_ONSETS[name])
    return replace(SYSTEMS[name], named_config=lambda _: config, alignment=lambda _: "p")


def timed_rows():
    """Rows of the set with travel times."""
    return [{**row, "path_p_travel_s": 4 + 0.1 * i, "path_s_travel_s": 7.0} for i, row in enumerate(rows_with_places())]


@pytest.mark.parametrize("name", WITH_ONSETS)
def test_predicted_onsets_are_a_condition(tmp_path, name):
    folder = write_set(tmp_path / "set", timed_rows())
    report = train_gan(with_onsets(name), folder, tmp_path / "run", **{**OPTIONS, "steps": 2})
    backend = get_backend(name)(weights=report.weights)
    backend.load()
    assert backend.inputs.condition.vector.names[-3:] == ("path_p_travel_s", "path_s_travel_s", "onsets_known")
    conditions, seeds = example_conditions(backend.card, n=1), np.arange(1, dtype=np.uint64)
    late = conditions.assign(path_s_travel_s=conditions["path_s_travel_s"] + 2)
    assert not np.array_equal(backend.make(conditions, seeds), backend.make(late, seeds))


@pytest.mark.parametrize("name", WITH_ONSETS)
def test_onsets_extend_the_vector_of_heggs_alone(name):
    named = SYSTEMS[name].named_config
    sizes = [getattr(named(f"heggs_small{more}"), "conditions" if name != "conseisgen" else "condition")
             for more in ("", "+onsets")]  # fmt: skip
    assert sizes == [11, 14] and named("heggs+source+onsets").onsets
    with pytest.raises(InputError, match=f"{name}: '\\+onsets' adds to the condition vector of 'heggs'"):
        named("small+onsets")


def test_a_set_without_predicted_onsets_cannot_train_on_them(tmp_path):
    bare = [{key: value for key, value in row.items() if key != "path_s_travel_s"} for row in timed_rows()]
    with pytest.raises(InputError, match="lacks path_s_travel_s"):
        train_gan(with_onsets("bbgan"), write_set(tmp_path / "bare", bare), tmp_path / "run", **OPTIONS)


# --- source records

SOURCE_SYSTEMS = ("seismogen", "conseisgen", "bbgan")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Two records of each earthquake, 25.6 s of them."""
    rows = [
        {**row, "source_id": f"e{number // 2}", "split": "train" if number < 30 else "dev"}
        for number, row in enumerate(rows_with_places(40))
    ]
    return write_set(tmp_path_factory.mktemp("gan") / "pairs", rows)


@pytest.fixture(scope="module")
def source_runs(pairs, tmp_path_factory):
    """A few steps of each system that takes sources; windows from P."""
    parent = tmp_path_factory.mktemp("source_runs")
    options = {**OPTIONS, "config": "tiny+source"}
    return {name: get_trainer(name)(pairs, parent / name, **options) for name in SOURCE_SYSTEMS}


@pytest.mark.parametrize("name", SOURCE_SYSTEMS)
def test_a_source_record_changes_what_is_made(source_runs, name):
    backend = get_backend(name)(weights=source_runs[name].weights)
    backend.load()
    assert "source_records" in backend.card.capabilities and backend.takes_source
    conditions, seeds = example_conditions(backend.card, n=2), np.arange(2, dtype=np.uint64)
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 2, 3, backend.config.npts))
    made = [backend.make(conditions, seeds, source) for source in (one, other, 4 * one)]
    assert not np.array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])  # its size is taken out
    if name == "bbgan":
        assert np.isfinite(backend.make(conditions, seeds)).all()
    else:
        with pytest.raises(InputError, match=rf"{name}: these weights make records from others of the same earthquake"):
            backend.make(conditions, seeds)


@pytest.mark.parametrize("name", SOURCE_SYSTEMS)
def test_a_source_is_cut_as_the_training_set_was(source_runs, name):
    backend = get_backend(name)(weights=source_runs[name].weights)
    backend.load()
    conditions = example_conditions(backend.card, n=2)
    conditions["path_p_travel_s"], conditions["path_s_travel_s"] = [5.0, 6.0], [8.0, 10.0]
    npts, data = backend.config.npts, np.random.default_rng(1).standard_normal((2, 3, 400))
    p_s = np.array([7.0, 8.5])
    source = Records(data, np.zeros(2), p_s=p_s, s_s=p_s + 3)
    how = {
        "start_s": np.zeros(2),
        "npts": npts,
        "sampling_rate_hz": 10.0,
        "seeds": Seeds(*np.arange(6, dtype=np.uint64).reshape(3, 2)),
    }
    records = backend.simulate(conditions, source=source, **how)
    cut = np.stack([data[row, :, first : first + npts] for row, first in ((0, 20), (1, 35))])
    wanted = backend.make(conditions, how["seeds"].row, cut)
    assert records.data[0, :, 0:50] == pytest.approx(wanted[0, :, 0:50])
    late = Records(data[..., :150], np.zeros(2), p_s=p_s, s_s=p_s + 3)
    with pytest.raises(DomainError, match=rf"{name}: source 1 has 150 samples .* it must hold 3.5 to"):
        backend.simulate(conditions, source=late, **how)


def test_the_source_of_bbgan_is_kept_near_the_standard_normal_distribution():
    config = replace(bbgan.named_config("tiny+source"), kl_weight=0.5)
    torch.manual_seed(0)
    model = bbgan.make_model(config)
    batch = {
        "target": torch.randn(4, 3, 192), "sizes": torch.zeros(4, 3), "condition": torch.randn(4, 3),
        "source": torch.randn(4, 3, 192),
    }  # fmt: skip
    torch.manual_seed(1)
    with_it = model.loss(batch, "generator")
    model.config = config = replace(config, kl_weight=0.0)
    without = bbgan.make_model(config)
    without.load_state_dict(model.state_dict())
    torch.manual_seed(1)
    plain = without.loss(batch, "generator")
    mean, log_variance = model.generator.posterior(batch["source"])
    by_hand = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=(1, 2)).mean()
    assert with_it["divergence"].item() == pytest.approx(by_hand.item(), rel=1e-5)
    assert (with_it["loss"] - plain["loss"]).item() == pytest.approx(0.5 * by_hand.item(), rel=1e-4)
    # before the critic, too: there the variance grew until it overflowed
    scores = []
    for one in (model, without):
        torch.manual_seed(1)
        scores.append(GeneratorByEnergyScore(one).loss(batch)["loss"].item())
    assert scores[0] - scores[1] == pytest.approx(0.5 * by_hand.item(), rel=1e-4)


def test_the_noise_of_a_loud_source_is_finite():
    torch.manual_seed(0)
    model = bbgan.make_model(bbgan.named_config("tiny+source"))
    _, log_variance = model.generator.posterior(1e6 * torch.randn(4, 3, 192))
    assert log_variance.abs().max().item() == pytest.approx(
        10
    )  # e^10 of the normal distribution's variance is beyond any use
    made = model.generator(
        torch.randn(4, *model.generator.latent_shape), torch.randn(4, 3), 1e6 * torch.randn(4, 3, 192)
    )
    assert all(bool(part.isfinite().all()) for part in made)


# --- a critic that knows noise


@pytest.mark.parametrize("name", ["wgan_gp", "bbgan"])
def test_a_critic_learns_noise_before_it_meets_a_generator(folder, tmp_path, name):
    system = SYSTEMS[name]
    config = system.named_config("tiny")
    rules = gan_rules(system, config, folder)
    table = TrainingTable(folder, rules)
    rows = table.rows("train")
    inputs = fit_waveform_inputs(
        table, rows, config.npts, scaling=system.scaling, conditions=system.conditions(config),
        own_sizes=system.own_sizes,
    )  # fmt: skip
    items = WaveformData(table, inputs, config.npts, rows, noise_windows=True)
    torch.manual_seed(0)
    model = system.model(config)
    generator = {key: value.clone() for key, value in model.generator.state_dict().items()}
    recipe = TrainConfig(
        **{
            **system.recipes["tiny"],
            "batch_size": 16,
            "learning_rate": 3e-3,
            "progress": False,
            "tensorboard": False,
            "accelerator": "cpu",
        }
    )
    assert train_one_part(CriticOnNoise(model), items, recipe, tmp_path, 150)
    batch = default_collate([items.item(i, 9) for i in range(16)])
    with torch.no_grad():
        real = model.score(model.real(model.prepared(batch, "critic")), batch)
        noise = model.score(model.noise_records(batch), batch)
    assert (real > noise.median()).float().mean() > 0.9  # never seen in this order; noise of another draw
    assert all(torch.equal(value, generator[key]) for key, value in model.generator.state_dict().items())


def test_critic_noise_steps_change_what_comes_out_and_need_noise(runs, folder, pairs, tmp_path):
    options = {**OPTIONS, "critic_noise_steps": 3}
    report = get_trainer("wgan_gp")(folder, tmp_path / "a", **options)
    again = get_trainer("wgan_gp")(folder, tmp_path / "b", **options)
    assert (tmp_path / "a" / "critic" / "state.safetensors").is_file()
    states = [
        load_model(one.weights, SYSTEMS["wgan_gp"].kind)[0].state_dict() for one in (report, again, runs["wgan_gp"])
    ]
    same = [all(torch.equal(states[0][key], other[key]) for key in other) for other in states[1:]]
    assert same == [True, False]
    with pytest.raises(InputError, match="hold no rows of noise"):
        get_trainer("wgan_gp")(pairs, tmp_path / "c", **options)
    with pytest.raises(InputError, match="critic_noise_steps"):
        get_trainer("wgan_gp")(folder, tmp_path / "d", **{**options, "critic_noise_steps": -1})


def test_the_energy_score_is_least_for_draws_of_the_right_distribution():
    torch.manual_seed(0)
    real, *draws = torch.randn(5, 64, 3, 512)
    right = spectrogram_score(*draws[:2], real)
    assert spectrogram_score(real, real, real) < 1e-5
    assert right < 0.9 * spectrogram_score(draws[0], draws[0], real)  # draws that do not differ
    for factor in (0.5, 2.0):
        assert right < 0.9 * spectrogram_score(factor * draws[0], factor * draws[1], real)
    early = (torch.arange(512) < 256) * 1.4  # of the same power, in the first half
    assert right < 0.8 * spectrogram_score(early * draws[0], early * draws[1], real)


def test_the_energy_score_of_waveforms_sees_signs():
    torch.manual_seed(0)
    real, *draws = torch.randn(5, 64, 3, 512)
    right = waveform_score(*draws[:2], real)
    assert waveform_score(real, real, real) < 1e-5
    assert right < 0.9 * waveform_score(draws[0], draws[0], real)
    for factor in (0.5, 2.0):
        assert right < waveform_score(factor * draws[0], factor * draws[1], real)
    offset = torch.where(torch.arange(512) < 256, 2.0, -2.0)  # the first half of one sign, the second of the other
    one_sign = [offset.sign() * draw.abs() for draw in draws]
    assert right < 0.9 * waveform_score(*one_sign[:2], real)
    torch.testing.assert_close(waveform_score(*draws[:2], real + 7.0), right, atol=1e-4, rtol=0)  # not means
    quiet = [torch.cat([one[..., :256], 0.01 * one[..., 256:]], dim=-1) for one in (*draws[:2], real)]
    wrong = [torch.cat([one[..., :256], 0.03 * one[..., 256:]], dim=-1) for one in draws[:2]]
    assert waveform_score(*quiet) < waveform_score(*wrong, quiet[2])  # the quiet half counts


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_score_of_spectrograms_joins_the_loss_of_the_generator_alone(folder, name):
    system = SYSTEMS[name]
    config = system.named_config("tiny")
    model = system.model(config)
    table = TrainingTable(folder, gan_rules(system, config, folder))
    how = {"scaling": system.scaling, "conditions": system.conditions(config), "own_sizes": system.own_sizes}
    inputs = fit_waveform_inputs(table, table.rows("train"), config.npts, **how)
    items = WaveformData(table, inputs, config.npts, table.rows("train")[:4])
    batch, losses = default_collate([items.item(i, 0) for i in range(4)]), {}
    for weight in (0.0, 2.0):
        model.energy = weight
        torch.manual_seed(0)
        losses[weight] = {part: model.loss(batch, part) for part in ("critic", "generator")}
    plain, weighted = losses[0.0]["generator"], losses[2.0]["generator"]
    assert weighted["energy"] > 0.1 and "energy" not in plain
    torch.testing.assert_close(weighted["loss"], plain["loss"] + 2 * weighted["energy"])
    torch.testing.assert_close(losses[0.0]["critic"]["loss"], losses[2.0]["critic"]["loss"])
    with pytest.raises(InputError, match="energy_weight=-1 must be"):
        get_trainer(name)(folder, folder, **{**OPTIONS, "energy_weight": -1})


@pytest.mark.parametrize("name", ["seismogen", "bbgan", "dgm"])
def test_energy_steps_train_the_generator_alone(runs, folder, tmp_path, name):
    report = get_trainer(name)(folder, tmp_path / "a", **{**OPTIONS, "energy_steps": 3})
    again = get_trainer(name)(folder, tmp_path / "b", **{**OPTIONS, "energy_steps": 3, "max_minutes": 1e-9})
    again = get_trainer(name)(folder, tmp_path / "b", **{**OPTIONS, "energy_steps": 3})
    trained = read_tensors(tmp_path / "a" / "energy" / "state.safetensors")[0]
    # the cosine begins at the largest rate of these steps, not of the training
    rates = pd.read_csv(tmp_path / "a" / "energy" / "metrics.csv")["learning_rate"]
    assert rates[0] == pytest.approx(2e-3)
    assert not any("critic" in key for key in trained) and any("generator" in key for key in trained)
    states = [load_model(one.weights, SYSTEMS[name].kind)[0].state_dict() for one in (report, again, runs[name])]
    same = [all(torch.equal(states[0][key], other[key]) for key in other) for other in states[1:]]
    assert same == [True, False]
    assert load_model(report.weights, SYSTEMS[name].kind)[2]["stages"][-1]["options"]["energy_steps"] == 3
    with pytest.raises(InputError, match="energy_rate=0 must be a number above 0"):
        get_trainer(name)(folder, tmp_path / "c", **{**OPTIONS, "energy_steps": 3, "energy_rate": 0})
    with pytest.raises(InputError, match="energy_steps"):
        get_trainer(name)(folder, tmp_path / "c", **{**OPTIONS, "energy_steps": -1})


def test_noise_is_a_class_of_the_thesis_networks_where_it_is_asked_for(runs, folder, tmp_path):
    report = get_trainer("wgan_gp")(folder, tmp_path / "run", **{**OPTIONS, "config": "tiny+noise"})
    card, plain = (load_model(one.weights, SYSTEMS["wgan_gp"].kind)[2] for one in (report, runs["wgan_gp"]))
    assert card["config"]["noise_class"] and not plain["config"]["noise_class"]
    assert card["training_data_hash"] != plain["training_data_hash"]
