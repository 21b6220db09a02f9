"""A whole run of a toy at 40 Hz: what was asked, statistics, weights, card, and the chain of stages."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from torchkit_sets import RULES, short_rows, write_short_set

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from seissynth.errors import FileFormatError, InputError  # noqa: E402
from seissynth_plugins.torchkit.checkpoints import weights_hash  # noqa: E402
from seissynth_plugins.torchkit.run_folder import check_export, first_weights, kept_inputs, open_run  # noqa: E402
from seissynth_plugins.torchkit.run_results import leave_weights  # noqa: E402
from seissynth_plugins.torchkit.training import TrainConfig, train  # noqa: E402
from seissynth_plugins.torchkit.training_table import TrainingTable  # noqa: E402
from seissynth_plugins.torchkit.weights import Kind, load_model, read_card  # noqa: E402

QUICK = {"accelerator": "cpu", "progress": False, "tensorboard": False, "log_every": 1, "save_minutes": 5.0}


@dataclass(frozen=True)
class ToyConfig:
    """A level for each component."""

    components: int = 3


class Level(torch.nn.Module):
    """Learns the level of records."""

    def __init__(self, config):
        super().__init__()
        self.value = torch.nn.Parameter(torch.randn(config.components))

    def loss(self, batch):
        """Return the squared error of the level."""
        return (batch["level"] - self.value).square().mean()


class Levels:
    """The data: one record an item."""

    def __init__(self, table, scale):
        self.table, self.scale, self.rows = table, scale, table.rows("train")
        self.fingerprint = table.fingerprint

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return {"level": self.table.waveforms([self.rows[i]])[0].std(axis=-1) / self.scale["level"]}


KIND = Kind("toy", 1, ToyConfig, Level)


def fit_scale(table):
    """A number that JSON rounds to its own last digit, and no further."""
    return {"level": float(table.waveforms(table.rows("train")).std(dtype=np.float64))}


def train_toy(folder, output, *, steps=3, seed=0, init=None, smoothing=0.5, resume=True, further=None, after=()):
    """A trainer, from its parts."""
    table = TrainingTable(folder, RULES, fold=1, folds=4, stations_out=["S3"], seed=seed)
    run = open_run(KIND, "tiny", table, output, init=init, resume=resume, seed=seed, smoothing=smoothing)
    inputs = run.start[1] if run.start else kept_inputs(run, lambda: fit_scale(table))
    recipe = TrainConfig(steps=steps, batch_size=2, seed=seed, **QUICK)
    with first_weights(seed):
        model = Level(ToyConfig())
    if run.start:
        model.load_state_dict(run.start[0].state_dict())
    items = Levels(table, inputs)
    result = train(model, items, recipe, run.output, resume)
    return leave_weights(run, items, result, recipe, ToyConfig(), inputs, further=further, after=after)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_short_set(tmp_path_factory.mktemp("runs") / "short_set", short_rows())


@pytest.fixture(scope="module")
def report(folder, tmp_path_factory):
    return train_toy(folder, tmp_path_factory.mktemp("run") / "toy")


def test_the_card_tells_of_this_system_and_no_other(report):
    text = (report.output / "CARD.md").read_text()
    for line in (
        "# Weights of toy: tiny",
        "| records | acceleration, m/s**2, 40 s from 5 s before origin, 40 Hz |",
        "| steps | 3 (6 records) in the last stage of training |",
        "| kept out | fold 1 of 4; stations S3 |",
        "| part train | 12 records of 4 earthquakes |",
        "| epicentral distance | 10 to 34 km |",
        "| 1, training | short_set |",
        "    seissynth train toy --data short_set --config tiny --fold 1 --set steps=3 --set batch_size=2",
    ):
        assert line in text
    assert "HEGGS" not in text and "pairs" not in text and (report.output / "curve.png").is_file()


def test_the_weights_hold_what_the_run_kept(report, folder):
    _, inputs, card = load_model(report.weights, KIND)
    table = TrainingTable(folder, RULES, fold=1, folds=4, stations_out=["S3"])
    assert inputs == fit_scale(table) and card["training_data_hash"] == table.fingerprint
    [stage] = card["stages"]
    assert (card["records"], stage["records"], stage["options"]["smoothing"]) == (6, 6, 0.5)
    assert (stage["options"]["export"], stage["options"]["steps"]) == ("last", 3)
    assert card["region"].startswith("35.60 to 35.67 N") and card["sensors"] == ["CI.S0", "CI.S1", "CI.S2"]


def test_a_run_goes_on_with_its_statistics_and_no_other_question(report, folder):
    before = report.weights.read_bytes()
    assert train_toy(folder, report.output).finished and report.weights.read_bytes() == before
    with pytest.raises(InputError, match=r"holds a run with smoothing=0\.5; this one has 0\.25"):
        train_toy(folder, report.output, smoothing=0.25)
    with pytest.raises(InputError, match="holds a run with seed=0"):
        train_toy(folder, report.output, seed=1)


def test_statistics_are_fitted_once_a_run(folder, tmp_path):
    (tmp_path / "run").mkdir()
    table = TrainingTable(folder, RULES)
    run = open_run(KIND, "tiny", table, tmp_path / "run", seed=0)
    assert kept_inputs(run, lambda: {"level": (1 / 3, 2.0)}) == {"level": [1 / 3, 2.0]}
    assert kept_inputs(run, lambda: {"level": 7.0}) == {"level": [1 / 3, 2.0]}
    anew = open_run(KIND, "tiny", table, tmp_path / "run", seed=0, resume=False)
    assert kept_inputs(anew, lambda: {"level": 7.0}) == {"level": 7.0}


def test_damaged_files_of_a_run_are_named(folder, tmp_path):
    report = train_toy(folder, tmp_path / "run", steps=1)
    for name in ("inputs.json", "run.json"):
        (report.output / name).write_text("{")
        with pytest.raises(FileFormatError, match=rf"{name} is damaged"):
            train_toy(folder, report.output, steps=1)
    assert train_toy(folder, report.output, steps=1, resume=False).finished


def test_first_weights_follow_from_the_seed_and_leave_torch_as_it_was():
    torch.manual_seed(3)
    wanted, made = torch.rand(2), []
    torch.manual_seed(3)
    for seed in (0, 0, 1):
        with first_weights(seed):
            made.append(Level(ToyConfig()).value)
    assert torch.equal(torch.rand(2), wanted)
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])


def test_a_training_that_begins_with_weights_goes_on_with_their_chain(report, folder, tmp_path):
    next_one = train_toy(folder, tmp_path / "next", init=report.weights, steps=2, seed=4, further={"note": 7})
    card = read_card(next_one.weights, KIND)
    assert [stage["steps"] for stage in card["stages"]] == [3, 2] and card["note"] == 7
    assert card["stages"][1]["init_weights_hash"] == weights_hash(report.weights)
    text = (next_one.output / "CARD.md").read_text()
    assert "5 steps in all." in text and "--from STAGE_1/weights.safetensors --set steps=2" in text


def test_a_card_counts_the_steps_before_those_of_the_loop():
    from seissynth_plugins.torchkit.stages import stages_table, training_commands

    options = {"critic_noise_steps": 7, "energy_steps": 90, "energy_rate": 0.004, "steps": 25, "noise": None}
    stage = {"what": "training", "data": ["a", "b"], "name": "conditional", "steps": 25, "options": options}
    text = "\n".join(stages_table([stage, {"what": "fit", "steps": 3}]))
    assert "| 7 of the critic on noise, then 90 by the energy score, then 25 |" in text and "125 steps in all." in text
    rates = {**stage, "fold": 2, "init_weights_hash": "f00d", "options": {"learning_rate": {"generator": 0.1}}}
    first, second = training_commands("dgm", [stage, {"what": "fit"}, rates])
    assert first == (
        "seissynth train dgm --data a --data b --config conditional --set critic_noise_steps=7 --set energy_steps=90 "
        "--set energy_rate=0.004 --set steps=25 -o STAGE_1"
    )
    assert second == (
        "seissynth train dgm --data a --data b --config conditional --fold 2 --from STAGE_1/weights.safetensors "
        "--set learning_rate='{\"generator\": 0.1}' -o STAGE_3"
    )


def test_what_is_fitted_after_it_goes_into_the_weights_in_its_order(folder, tmp_path):
    after = [
        lambda trained: replace(trained, inputs={**trained.inputs, "order": [1]}),
        lambda trained: replace(trained, inputs={**trained.inputs, "order": [*trained.inputs["order"], 2]}),
    ]
    report = train_toy(folder, tmp_path / "run", steps=1, after=after)
    assert load_model(report.weights, KIND)[1]["order"] == [1, 2]


def test_exports_that_do_not_exist():
    with pytest.raises(InputError, match="export='first' must be 'last' or 'best'"):
        check_export("first")
