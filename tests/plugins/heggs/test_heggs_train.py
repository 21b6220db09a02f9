"""Training HEGGS end to end with a tiny network: runs, kills, resumes, weights, the command line."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from _imports import HELPERS
from heggs_sets import made_up_rows, tiny_options, write_set

from seissynth.errors import FileFormatError, InputError, TrainingError

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
pytest.importorskip("lightning", reason="training needs Lightning")

from seissynth.backends.trainers import get_trainer, list_trainers  # noqa: E402
from seissynth.plotting.training_curves import plot_training, read_curves  # noqa: E402
from seissynth_plugins.heggs.training.train import train_heggs  # noqa: E402
from seissynth_plugins.heggs.weights import load_model, read_card  # noqa: E402
from seissynth_plugins.torchkit.checkpoints import read_tensors  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("heggs") / "set")


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    """A finished training."""
    output = tmp_path_factory.mktemp("run") / "whole"
    return train_heggs(folder, output, **tiny_options(config="tiny+onsets"), fold=0, folds=4, stations_out=["S3"])


def test_a_run_leaves_weights_a_card_and_a_curve(run):
    assert run.finished and run.step == run.steps == 6 and "finished" in str(run)
    model, inputs, card = load_model(run.weights)
    assert card["name"] == "tiny+onsets" and card["stations_out"] == ["S3"] and card["pairs"] == 12
    assert card["ranges"]["source_magnitude"] == pytest.approx([2.7, 3.6])
    assert card["onset_origin"] == ["southern_california"] and card["dtype"] == "float16"
    assert card["sensors"] == ["CI.S0", "CI.S1", "CI.S2"] and inputs.condition.size == model.config.condition.size
    np.testing.assert_allclose(model.log_mean[0, :, 0], inputs.statistics.mean, rtol=1e-3)
    text = (run.output / "CARD.md").read_text()
    assert "| part train | 9 records of 3 earthquakes |" not in text and "| magnitude | 2.7 to 3.6 |" in text
    assert (run.output / "curve.png").stat().st_size > 10_000


def test_validation_notes_errors_and_generated_records(run):
    curves = read_curves(run.output / "metrics.csv")
    assert curves["loss"][0].tolist() == [1, 2, 3, 4, 5, 6]
    for mode in ("with", "without"):
        for figure in ("mse", "envelope", "pga_bias", "pga_square", "draw_variance"):
            steps, values = curves[f"validation_{mode}_{figure}"]
            assert steps.tolist() == [3, 6] and np.isfinite(values).all()
        assert (curves[f"validation_{mode}_pga_square"][1] >= curves[f"validation_{mode}_pga_bias"][1] ** 2).all()
        assert (np.abs(curves[f"validation_{mode}_envelope"][1]) <= 1).all()
    for name in ("autoencoder", "latent", "latent_std", "validation_raw_latent_std"):
        assert np.isfinite(curves[name][1]).all()


def test_curves_of_what_is_no_run(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        plot_training(tmp_path / "metrics.csv")
    (tmp_path / "metrics.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FileFormatError, match="no figures of a training"):
        plot_training(tmp_path / "metrics.csv")


_KILLED = """
import os, sys
sys.path.insert(0, {tests!r})
from heggs_sets import tiny_options
from seissynth_plugins.heggs.training import data
from seissynth_plugins.heggs.training.train import train_heggs
item, seen = data.PairData.item, []
def counted(self, i, epoch):
    seen.append(i)
    if len(seen) > 7:
        os._exit(9)  # as a kill does: nothing is written any more
    return item(self, i, epoch)
data.PairData.item = counted
train_heggs({folder!r}, {output!r}, **tiny_options(save_minutes=1e-9, validation_records=0))
"""


def test_a_killed_training_goes_on_to_the_same_bits(folder, tmp_path):
    options = tiny_options(save_minutes=1e-9, validation_records=0)
    code = _KILLED.format(tests=str(HELPERS), folder=str(folder), output=str(tmp_path / "killed"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 9, done.stderr
    assert (tmp_path / "killed" / "state.safetensors").is_file()
    whole = train_heggs(folder, tmp_path / "whole", **options)
    again = train_heggs(folder, tmp_path / "killed", **options)
    assert again.finished
    one, other = (read_tensors(report.output / "state.safetensors")[0] for report in (whole, again))
    assert set(one) == set(other)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert (whole.weights).read_bytes() == (again.weights).read_bytes()


def test_a_stage_stops_in_time_and_goes_on(folder, tmp_path):
    options = tiny_options(validation_records=0, steps=3)
    first = train_heggs(folder, tmp_path / "run", **options, max_minutes=1e-9)
    assert not first.finished and first.step < first.steps and "the same call resumes" in str(first)
    assert read_card(first.weights)["steps"] == first.step
    last = train_heggs(folder, tmp_path / "run", **options)
    assert last.finished
    whole = train_heggs(folder, tmp_path / "whole", **options)
    assert whole.weights.read_bytes() == last.weights.read_bytes()


def test_a_run_of_something_else_is_refused(folder, run, tmp_path):
    options = tiny_options(config="tiny+onsets")
    with pytest.raises(InputError, match="holds a run with data="):
        train_heggs(folder, run.output, **options, fold=1, folds=4)
    with pytest.raises(InputError, match="holds a run with config='tiny\\+onsets'"):
        train_heggs(folder, run.output, **tiny_options(), fold=0, folds=4, stations_out=["S3"])
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(FileFormatError, match=r"run\.json is damaged"):
        train_heggs(folder, tmp_path, **options)


def test_training_begins_with_weights(folder, run, tmp_path):
    options = tiny_options(config="tiny+onsets", steps=1, warm_up=0, learning_rate=1e-12, validation_records=0)
    report = train_heggs(folder, tmp_path / "tuned", **options, fold=1, folds=4, init=run.weights)
    (one, inputs, card), (other, others, _) = load_model(report.weights), load_model(run.weights)
    assert others.to_plain() == inputs.to_plain()
    assert card["begun_with"] == read_card(run.weights)["training_data_hash"]
    for name, value in one.state_dict().items():
        np.testing.assert_allclose(value, other.state_dict()[name], atol=1e-6)
    with pytest.raises(InputError, match="another configuration"):
        train_heggs(folder, tmp_path / "other", **tiny_options(), init=run.weights)
    with pytest.raises(InputError, match="define their own conditions"):
        train_heggs(folder, tmp_path / "third", **options, init=run.weights, encoding="sphere")


def test_weights_carry_the_chain_of_their_stages(folder, run, tmp_path):
    """Three trainings, each begun with the last one's weights; then weights of a release that kept no stages."""
    from seissynth_plugins.torchkit.checkpoints import weights_hash

    reports, options = [run], tiny_options(config="tiny+onsets", warm_up=0, validation_records=0, batch_size=3)
    for steps in (1, 2):
        more = {"steps": steps, "learning_rate": 1e-5, "accumulate": 2, "seed": steps, "augmentation": "real"}
        more |= {"fold": 1, "folds": 4, "init": reports[-1].weights}
        reports.append(train_heggs(folder, tmp_path / f"stage_{steps}", **(options | more)))
    card = read_card(reports[-1].weights)
    stages = card["stages"]
    assert [stage["steps"] for stage in stages] == [6, 1, 2]
    assert [stage["pairs"] for stage in stages] == [12, 6, 12] and card["pairs"] == 12
    assert [stage["fold"] for stage in stages] == [0, 1, 1] and [stage["seed"] for stage in stages] == [0, 1, 2]
    assert stages[0]["stations_out"] == ["S3"] and stages[0]["init_weights_hash"] is None
    for stage, before, report in zip(stages[1:], reports, reports[1:], strict=False):
        assert stage["init_weights_hash"] == weights_hash(before.weights)
        assert stage["training_data_hash"] == read_card(report.weights)["training_data_hash"]
        assert stage["options"]["learning_rate"] == 1e-5 and stage["options"]["augmentation"]["noise_share"] == 0.3
    text = (reports[-1].output / "CARD.md").read_text()
    assert "9 steps in all." in text and "| 1, training | set |" in text
    assert f"started from | weights {weights_hash(reports[1].weights)}, trained on data" in text
    with pytest.raises(InputError, match="holds a run with init="):
        train_heggs(folder, reports[-1].output, **(options | more | {"init": run.weights}))


def test_stages_that_an_older_card_did_not_keep_are_said_to_be_missing():
    from seissynth_plugins.heggs.weights import HEGGS
    from seissynth_plugins.torchkit.stages import earlier_stages, stages_table

    shipped = read_card(HEGGS.shipped)
    kept = earlier_stages(shipped)
    moved = "training of the network that moves draws"
    assert [one["what"] for one in kept] == ["not recorded", "training", "fit", "fit", moved]
    assert kept[2]["init_weights_hash"] == "a41e4e55a5b3756b" and kept[2]["options"]["residuals"] == 20
    card = {name: value for name, value in shipped.items() if name != "stages"}
    missing, stage = earlier_stages(card)
    assert missing == {"what": "not recorded", "training_data_hash": card["begun_with"]}
    assert stage["steps"] == 900 and "init_weights_hash" not in stage
    first = earlier_stages({name: value for name, value in card.items() if name != "begun_with"})
    assert len(first) == 1 and first[0]["init_weights_hash"] is None and earlier_stages(None) == []
    text = "\n".join(stages_table([missing, stage]))
    row = f"| 1, not recorded | not recorded | {card['begun_with']} | not recorded | not recorded | not recorded |"
    assert row in text
    assert "900 steps in all and those that were not recorded." in text


def test_weights_without_correction_begin_a_network_that_has_one(folder, tmp_path):
    plain = tiny_options(config="tiny+without_acm", steps=1, warm_up=0, validation_records=0)
    begun = train_heggs(folder, tmp_path / "begun", **plain, fold=1, folds=4)
    still = tiny_options(config="tiny", steps=1, warm_up=0, learning_rate=1e-12, validation_records=0)
    corrected = train_heggs(folder, tmp_path / "corrected", **still, fold=1, folds=4, init=begun.weights)
    (one, *_), (other, *_) = load_model(corrected.weights), load_model(begun.weights)
    assert one.acm is not None and other.acm is None
    z = torch.randn(1, *other.config.latent_shape)
    with torch.no_grad():
        torch.testing.assert_close(one.eval().decode(z), other.eval().decode(z), atol=1e-4, rtol=0)
    with pytest.raises(InputError, match="another configuration"):
        train_heggs(folder, tmp_path / "back", **plain, init=corrected.weights)


def test_conditions_beyond_the_paper(folder, tmp_path):
    options = tiny_options(steps=1, warm_up=0, validation_records=0)
    report = train_heggs(folder, tmp_path / "run", **options, encoding="sphere", extras=["onsets"])
    model, inputs, _ = load_model(report.weights)
    assert inputs.condition.encoding == "sphere" and inputs.condition.size == model.config.condition.size == 14


def test_a_loss_that_is_not_finite_names_the_records(folder, tmp_path, monkeypatch):
    from seissynth_plugins.heggs.training.data import PairData

    plain = PairData.item

    def spoilt(self, i, epoch):
        item = plain(self, i, epoch)
        if i == 3:
            item["condition"] = item["condition"] * np.nan
        return item

    monkeypatch.setattr(PairData, "item", spoilt)
    with pytest.raises(TrainingError, match=r"loss is nan .* records: .*e\d, source CI\.S"):
        train_heggs(folder, tmp_path / "run", **tiny_options(steps=60, validation_records=0))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step": 3}, "did you mean 'steps'"),
        ({"config": "huge"}, "no size 'huge'"),
        ({"export": "first"}, "export='first'"),
        ({"fold": 7}, "fold=7"),
        ({"augmentation": "some"}, "augmentation='some'"),
    ],
)
def test_options_that_do_not_exist(folder, tmp_path, changes, words):
    with pytest.raises(InputError, match=re.escape(words)):
        train_heggs(folder, tmp_path / "run", **tiny_options(**changes))


def test_the_trainer_is_found_by_name():
    assert "heggs" in list_trainers()
    assert get_trainer("heggs") is train_heggs


def test_the_command_line_trains(folder, tmp_path):
    from typer.testing import CliRunner

    from seissynth.cli import make_app

    words = ["train", "heggs", "-d", str(folder), "-o", str(tmp_path / "run"), "--config", "tiny", "--fold", "0"]
    settings = {"folds": 4, "steps": 2, "batch_size": 2, "warm_up": 0, "validation_records": 0, "accelerator": "cpu"}
    words += ["--stations-out", "CI.S0, S3", "--quiet", "--set", "threads=1", "--set", "tensorboard=false"]
    words += [word for name, value in settings.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    words[-1] = "accelerator=cpu"
    done = CliRunner().invoke(make_app(), words)
    assert done.exit_code == 0, done.output
    assert read_card(tmp_path / "run" / "weights.safetensors")["stations_out"] == ["CI.S0", "S3"]
    wrong = CliRunner().invoke(make_app(), ["train", "hegs", "-d", str(folder), "-o", str(tmp_path / "x")])
    assert wrong.exit_code == 1 and "did you mean 'heggs'" in wrong.output


def test_data_for_training_import_without_obspy_and_torch():
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] in ('obspy', 'torch'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import seissynth_plugins.heggs.training.data, seissynth_plugins.heggs.backend\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_mixed_precision_trains_and_validates(folder, tmp_path):
    options = tiny_options(config="tiny+onsets", steps=2, validate_every=2, precision="bf16-mixed")
    report = train_heggs(folder, tmp_path / "run", **options, fold=0, folds=4)
    curves = read_curves(report.output / "metrics.csv")
    assert np.isfinite(curves["loss"][1]).all() and np.isfinite(curves["validation_with_mse"][1]).all()


def test_few_records_train(tmp_path):
    """Two earthquakes: one trains, one validates."""
    rows = made_up_rows(events=2, stations=2)
    report = train_heggs(write_set(tmp_path / "set", rows, noise=0), tmp_path / "run", **tiny_options(steps=2))
    assert report.finished
