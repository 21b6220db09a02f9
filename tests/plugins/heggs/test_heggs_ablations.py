"""Rows of table 3 side by side: their names and folders, how many run at a time, and which are left alone."""

import dataclasses
import re
import sys
import types

import pytest

pytest.importorskip("torch")

from seissynth_plugins.heggs.networks.named_configs import named_config as heggs_config
from seissynth_plugins.ldm.config import named_config as ldm_config
from tools.heggs import heggs_ablations as ablations


def test_every_row_is_a_configuration_with_a_folder_of_its_own(tmp_path):
    make = {"heggs": heggs_config, "ldm": ldm_config}
    configs = {row: make[kind](f"tiny{variants}") for row, (kind, variants) in ablations.ROWS.items()}
    assert len({repr(config) for config in configs.values()}) == len(ablations.ROWS)
    folders = {ablations.folder_of(tmp_path, row, seed).name for row in ablations.ROWS for seed in range(2)}
    assert len(folders) == 2 * len(ablations.ROWS)
    assert all(re.fullmatch("[a-z][a-z0-9_]*_[01]", name) for name in folders)
    assert set(ablations.SEEDED) <= set(ablations.ROWS)


def test_rows_and_their_pairs_are_read():
    assert ablations.read_rows("LDM*; + ACM (HEGGS)=640", 100) == {"LDM*": 100, "+ ACM (HEGGS)": 640}
    with pytest.raises(SystemExit, match=r"no row 'HEGGS'; known are LDM\*"):
        ablations.read_rows("HEGGS", 100)


class Processes:
    """Stands for processes that end after a few looks, one of them with an error."""

    def __init__(self, bad):
        self.bad, self.begun, self.running, self.most = bad, [], 0, 0

    def __call__(self, command, **_):
        self.begun.append(command[command.index("--rows") + 1])
        self.running += 1
        self.most = max(self.most, self.running)
        process = types.SimpleNamespace(returncode=None, looks=2 + len(self.begun) % 2)

        def poll():
            process.looks -= 1
            if process.looks == 0:
                self.running -= 1
                process.returncode = int(self.bad in command)
            return process.returncode

        process.poll = poll
        return process


def test_so_many_run_at_a_time_and_finished_ones_are_left_alone(tmp_path, monkeypatch, capsys):
    started = Processes(bad="LDM + ACM=8")
    monkeypatch.setattr(ablations.subprocess, "Popen", started)
    monkeypatch.setattr(ablations.time, "sleep", lambda _: None)
    done = ablations.folder_of(tmp_path, "LDM*", 0)
    done.mkdir(parents=True)
    (done / "done.txt").write_text("LDM*\n")
    given = types.SimpleNamespace(
        sets=["made"], work=tmp_path, noise="noise", together=2, minutes=None, size="tiny", batch=8, rate=1e-3, ema=0.9,
        accelerator="cpu", precision="32-true", workers=0,
    )  # fmt: skip
    jobs = [(row, 8, seed) for row in ("LDM*", "LDM", "LDM + ACM", "+ end-to-end") for seed in range(2)]
    assert ablations.run_jobs(jobs, given) == 2
    assert len(started.begun) == 7 and started.most == 2
    assert "LDM*, seed 0" not in capsys.readouterr().out


def given_with(tmp_path, **changes):
    options = {
        "sets": ["made"], "work": tmp_path, "noise": "noise", "together": 9, "minutes": 5.0, "size": "tiny", "batch": 8,
        "rate": 1e-3, "ema": 0.9, "accelerator": "cpu", "precision": "32-true", "workers": 0,
    }  # fmt: skip
    return types.SimpleNamespace(**{**options, **changes})


def trained(monkeypatch, tmp_path, pairs, **changes):
    """What each row of table 3 is trained with: row -> (kind, configuration, all other options)."""
    calls = {}
    for kind in ("heggs", "ldm"):

        def train(sets, folder, *, config, kind=kind, **options):
            calls[row] = kind, {"heggs": heggs_config, "ldm": ldm_config}[kind](config), options
            return types.SimpleNamespace(finished=False)

        monkeypatch.setattr(ablations, f"train_{kind}", train)
    for row in ablations.TABLE_3:
        ablations.train_row(row, pairs, 3, given_with(tmp_path, **changes))
    return calls


def differing(one, two):
    """Names of the fields in which two configurations differ."""
    return {field.name for field in dataclasses.fields(one) if getattr(one, field.name) != getattr(two, field.name)}


def test_rows_of_the_table_differ_in_what_they_are_named_for(tmp_path, monkeypatch):
    """Names of the paper's table 3; the stars are records scaled to their peak, and no ACM for these two."""
    configs = {row: config for row, (_, config, _) in trained(monkeypatch, tmp_path, 640).items()}
    pairs = ("LDM*", "LDM + pairs*", {"pairs"}), ("LDM + ACM", "LDM + ACM + pairs", {"pairs"})
    acm = ("LDM + pairs*", "LDM + ACM + pairs", {"acm", "normalised_waveforms"})
    heggs = ("+ ACM (HEGGS)", "+ end-to-end", {"acm"}), ("+ ACM (HEGGS)", "HEGGS without pairs", {"same_share"})
    for one, two, fields in (*pairs, acm, *heggs):
        assert differing(configs[one], configs[two]) == fields, (one, two)
    for row, config in configs.items():
        assert (config.acm is not None) == ("ACM" in row or row == "HEGGS without pairs"), row
        assert config.normalised_waveforms == row.endswith("*"), row
        same_earthquake = config.pairs if "LDM" in row else config.same_share < 1
        assert same_earthquake == (row not in ("LDM*", "LDM + ACM", "HEGGS without pairs")), row
    parts = ("autoencoder", "unet", "condition")
    assert len({repr([getattr(config, part) for part in parts]) for config in configs.values()}) == 1


@pytest.mark.parametrize(("pairs", "batch"), [(640, 8), (24_000, 32), (100, 8), (9, 8)])
def test_every_row_sees_the_same_number_of_pairs_in_the_same_way(tmp_path, monkeypatch, pairs, batch):
    calls = trained(monkeypatch, tmp_path, pairs, batch=batch)
    assert set(calls) == set(ablations.TABLE_3)
    steps = {row: options["steps"] + options.get("autoencoder_steps", 0) for row, (_, _, options) in calls.items()}
    assert set(steps.values()) == {max(pairs // batch, 2)}
    shares = [options["autoencoder_steps"] / steps[row] for row, (kind, _, options) in calls.items() if kind == "ldm"]
    assert shares == pytest.approx([ablations.FIRST_SHARE] * 4, abs=0.51 / min(steps.values()))
    # all but the steps, and what follows from their number, is one for all
    own = ("steps", "warm_up", "validate_every")
    shared = {
        repr({name: value for name, value in options.items() if name not in own and "autoencoder" not in name})
        for _, _, options in calls.values()
    }
    assert len(shared) == 1 and "'max_minutes': 5.0" in shared.pop()


def test_the_commands_of_the_rows_differ_in_the_row_alone_and_are_read_back(tmp_path, monkeypatch):
    commands, calls = [], []

    def popen(command, **_):
        commands.append(command)
        return types.SimpleNamespace(returncode=0, poll=lambda: 0)

    monkeypatch.setattr(ablations.subprocess, "Popen", popen)
    monkeypatch.setattr(ablations.time, "sleep", lambda _: None)
    monkeypatch.setattr(ablations.time, "monotonic", lambda: 0.0)
    monkeypatch.setattr(ablations, "check_packages", lambda: None)
    given = given_with(tmp_path, rate=2e-4, ema=0.95, workers=2)
    rows = list(ablations.TABLE_3)
    assert ablations.run_jobs([(row, 320, 4) for row in rows], given) == 0
    at = commands[0].index("--rows") + 1
    assert [command[at] for command in commands] == [f"{row}=320" for row in rows]
    assert len({tuple(command[:at] + command[at + 1 :]) for command in commands}) == 1
    monkeypatch.setattr(ablations, "train_row", lambda row, pairs, seed, read: calls.append((row, pairs, seed, read)))
    for command in commands:
        monkeypatch.setattr(sys, "argv", command[2:])
        ablations.main()
    assert [call[:3] for call in calls] == [(row, 320, 4) for row in rows]
    for *_, read in calls:
        for name in ("minutes", "size", "batch", "rate", "ema", "accelerator", "precision", "workers"):
            assert getattr(read, name) == getattr(given, name), name


def test_nothing_is_begun_when_the_time_is_over(tmp_path, monkeypatch):
    started = Processes(bad="")
    monkeypatch.setattr(ablations.subprocess, "Popen", started)
    given = types.SimpleNamespace(work=tmp_path, together=2, minutes=0.0)
    assert ablations.run_jobs([("LDM", 8, 0)], given) == 0
    assert started.begun == []
