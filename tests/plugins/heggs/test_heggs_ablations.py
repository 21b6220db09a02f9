"""Rows of table 3 side by side: their names and folders, how many run at a time, and which are left alone."""

import re
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


def test_nothing_is_begun_when_the_time_is_over(tmp_path, monkeypatch):
    started = Processes(bad="")
    monkeypatch.setattr(ablations.subprocess, "Popen", started)
    given = types.SimpleNamespace(work=tmp_path, together=2, minutes=0.0)
    assert ablations.run_jobs([("LDM", 8, 0)], given) == 0
    assert started.begun == []
