"""The baseline trained in two stages, its weights as files, and its backend."""

import numpy as np
import pytest
from heggs_sets import tiny_options, write_set
from heggs_streams import earthquake, line, observed

from seissynth.errors import FileFormatError, InputError

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
pytest.importorskip("lightning", reason="training needs Lightning")

import seissynth  # noqa: E402
from seissynth.backends.trainers import get_trainer  # noqa: E402
from seissynth_plugins.heggs.training.train import train_heggs  # noqa: E402
from seissynth_plugins.heggs.weights import load_model  # noqa: E402
from seissynth_plugins.ldm.backend import LDM, LdmBackend  # noqa: E402
from seissynth_plugins.ldm.training import train_ldm  # noqa: E402

OPTIONS = tiny_options(config="tiny+pairs+acm", steps=4, autoencoder_steps=4, autoencoder_warm_up=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("ldm") / "set")


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    return train_ldm(folder, tmp_path_factory.mktemp("run") / "whole", **OPTIONS, fold=3, folds=4)


def test_both_stages_end_in_one_file(run):
    assert run.finished and (run.step, run.steps) == (4, 4)
    model, inputs, card = load_model(run.weights, kind=LDM)
    assert card["autoencoder_steps"] == 4 and card["name"] == "tiny+pairs+acm" and model.config.pairs
    assert model.vae.acm is not None and model.latent_scale.item() != 1
    np.testing.assert_allclose(model.vae.log_mean[0, :, 0], inputs.statistics.mean, rtol=1e-3)
    assert (run.output / "autoencoder" / "metrics.csv").is_file() and (run.output / "CARD.md").is_file()
    header = (run.output / "metrics.csv").read_text().splitlines()[0]
    assert {"validation_with_source", "validation_without_mse", "validation_autoencoder"} <= set(header.split(","))


def test_the_autoencoder_is_that_of_the_first_stage_and_does_not_train_on(run):
    from seissynth_plugins.torchkit.training_files import part_of, read_state

    model, *_ = load_model(run.weights, kind=LDM)
    first = part_of(read_state(run.output / "autoencoder" / "state.safetensors")[0], "ema")
    for name, value in model.vae.state_dict().items():
        torch.testing.assert_close(value, first[f"vae.{name}"].to(value), atol=2e-3, rtol=2e-3)


def test_latents_of_the_training_part_have_variance_1(run, folder):
    from seissynth_plugins.heggs.training.data import PairData, TrainingTable

    model, inputs, _ = load_model(run.weights, kind=LDM)
    pairs = PairData(TrainingTable(folder, fold=3, folds=4), inputs)
    x = torch.from_numpy(np.stack([pairs[i]["target"] for i in range(len(pairs))]))
    assert model.encode(x).std().item() == pytest.approx(1, rel=0.1)


def test_in_stages_as_at_once(run, folder, tmp_path):
    """Cut between the stages and within the second one."""
    options = {**OPTIONS, "fold": 3, "folds": 4}
    cut = train_ldm(folder, tmp_path / "run", **options, max_minutes=1e-3)
    assert not cut.finished and cut.weights is None and "No weights yet" in str(cut)
    for _ in range(20):
        cut = train_ldm(folder, tmp_path / "run", **options, max_minutes=0.05)
        if cut.finished:
            break
    last = train_ldm(folder, tmp_path / "run", **options)
    assert last.finished and last.weights.read_bytes() == run.weights.read_bytes()


def test_bad_options(folder, run, tmp_path):
    with pytest.raises(InputError, match=r"ldm: there is no option 'stepps'; did you mean 'steps'"):
        train_ldm(folder, tmp_path / "a", stepps=3)
    with pytest.raises(InputError, match="there is no option 'size'"):
        train_ldm(folder, tmp_path / "b", autoencoder_size=3)
    with pytest.raises(InputError, match="ldm has no size 'huge'"):
        train_ldm(folder, tmp_path / "c", config="huge")
    with pytest.raises(InputError, match="another configuration"):
        train_ldm(folder, tmp_path / "d", **{**OPTIONS, "config": "tiny"}, init=run.weights)
    with pytest.raises(InputError, match="holds a run with config="):
        train_ldm(folder, run.output, **{**OPTIONS, "config": "tiny"}, fold=3, folds=4)


def test_weights_of_one_are_refused_by_the_other(run, folder, tmp_path):
    with pytest.raises(FileFormatError, match="weights of 'ldm', not of 'heggs'"):
        load_model(run.weights)
    heggs = train_heggs(folder, tmp_path / "heggs", **tiny_options(steps=1, warm_up=0, validation_records=0))
    with pytest.raises(FileFormatError, match="weights of 'heggs', not of 'ldm'"):
        LdmBackend(weights=heggs.weights)


def test_the_backend_generates_with_and_without_source(run):
    assert get_trainer("ldm") is train_ldm
    common = {
        "backend": "ldm", "weights": run.weights, "seed": 3, "steps": 2, "iterations": 2, "duration": 60.0,
        "velocity_model": "southern_california",
    }  # fmt: skip
    stream = seissynth.generate(line(), earthquake(), **common)
    assert len(stream) == 12 and stream[0].stats.seissynth.backend == "ldm"
    assert all(np.isfinite(trace.data).all() and trace.data.std() > 0 for trace in stream)
    from_source = seissynth.generate(line(), earthquake(), source=observed(), **common)
    assert from_source[0].stats.seissynth.truth.source_used == 1
    assert not np.array_equal(from_source[0].data, stream[0].data)


def test_without_weights():
    with pytest.raises(InputError, match=r"backend 'ldm' needs trained weights.*seissynth train ldm"):
        LdmBackend()
