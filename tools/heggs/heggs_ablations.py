"""Train the rows of the HEGGS paper's table 3, each with the same number of pairs, several side by side on one device.

    python -m tools.heggs.heggs_ablations SET [SET ...] WORK --noise NOISE [--pairs 64000] [--rows NAME;NAME]
        [--seeds 3] [--together 4] [--minutes 8] [--size small] [--accelerator gpu]

SETs are records of the default backend without noise (``heggs_pretraining_set --clean``), NOISE a set whose rows of
noise go onto the sources. A row is trained in ``WORK/ROW_SEED`` and goes on there when the same call is repeated;
finished ones are left alone. The baseline has two fifths of its pairs for the autoencoder. Rows with seeds are those of
`SEEDED`. ``--minutes`` is for the whole call. ObsPy is not needed. `score_ablations` says how good the rows are.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from seissynth_plugins.heggs.training.train import train_heggs
from seissynth_plugins.ldm.config import TABLE_3
from seissynth_plugins.ldm.training import train_ldm
from seissynth_plugins.torchkit.run_folder import check_packages

#: rows beside those of the paper: the baseline of its table 2, and what is worth a longer training
MORE = {
    "LDM": ("ldm", ""),
    "LDM + pairs": ("ldm", "+pairs"),
    "LDM, onsets": ("ldm", "+onsets"),
    "LDM + pairs, onsets": ("ldm", "+onsets+pairs"),
    "HEGGS, onsets": ("heggs", "+onsets"),
    "HEGGS, onsets, without ACM": ("heggs", "+onsets+without_acm"),
    "HEGGS, onsets, without ACM, noise on the target": ("heggs", "+onsets+without_acm+condition_start"),
}
ROWS = TABLE_3 | MORE
SEEDED = ("+ ACM (HEGGS)", "LDM*", "LDM + pairs*")
#: share of the baseline's pairs that its autoencoder gets
FIRST_SHARE = 0.4
_POLL_S = 0.5


def main():
    """Train the rows, or one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("work", type=Path)
    parser.add_argument("--noise", type=Path, required=True)
    parser.add_argument("--rows", default=";".join(TABLE_3), help="joined by ';'; NAME=PAIRS for another number")
    parser.add_argument("--pairs", type=int, default=64_000)
    parser.add_argument("--seeds", type=int, default=3, help="of the rows that have several")
    parser.add_argument("--size", default="small")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--ema", type=float, default=0.998)
    parser.add_argument("--together", type=int, default=1, help="trainings at a time")
    parser.add_argument("--minutes", type=float, help="of the whole call")
    parser.add_argument("--accelerator", default="auto")
    parser.add_argument("--precision", default="bf16-mixed")
    parser.add_argument("--workers", type=int, default=0, help="processes that load data, for each training")
    parser.add_argument(
        "--one", type=int, metavar="SEED", help="train this seed of the one row given, and nothing else"
    )
    given = parser.parse_args()
    check_packages()
    rows = read_rows(given.rows, given.pairs)
    if given.one is not None:
        [(row, pairs)] = rows.items()
        train_row(row, pairs, given.one, given)
        return
    jobs = [
        (row, pairs, seed) for seed in range(given.seeds) for row, pairs in rows.items() if not seed or row in SEEDED
    ]
    raise SystemExit(run_jobs(jobs, given))


def read_rows(text, pairs):
    """Return row -> number of pairs of ``"NAME;NAME=PAIRS"``."""
    rows = {}
    for part in text.split(";"):
        name, _, number = part.partition("=") if "=" in part else (part, "", "")
        rows[name.strip()] = int(number or pairs)
    unknown = [name for name in rows if name not in ROWS]
    if unknown:
        raise SystemExit(f"no row {unknown[0]!r}; known are {'; '.join(ROWS)}")
    return rows


def folder_of(work, row, seed):
    """Return the folder of a row's run."""
    return Path(work) / f"{re.sub('[^a-z0-9]+', '_', row.lower().replace('*', ' star')).strip('_')}_{seed}"


def run_jobs(jobs, given):
    """Run each job in a process of its own, so many at a time; return the number of those that failed."""
    begun, failed, running = time.monotonic(), 0, []
    waiting = [job for job in jobs if not finished(folder_of(given.work, job[0], job[2]))]
    given.work.mkdir(parents=True, exist_ok=True)
    while waiting or running:
        left = None if given.minutes is None else given.minutes - (time.monotonic() - begun) / 60
        if left is not None and left <= 0:
            waiting = []
        while waiting and len(running) < given.together:
            running.append(_start(*waiting.pop(0), left, given))
        for process, row, seed in [one for one in running if one[0].poll() is not None]:
            running.remove((process, row, seed))
            failed += process.returncode != 0
            minutes = (time.monotonic() - begun) / 60
            print(f"{row}, seed {seed}: exit {process.returncode} after {minutes:.1f} minutes", flush=True)
        time.sleep(_POLL_S)
    return failed


def finished(folder):
    """Say whether a run has ended: what it has not reached, it writes no weights for under this name."""
    return (folder / "done.txt").exists()


def _start(row, pairs, seed, minutes, given):
    command = [sys.executable, "-m", "tools.heggs.heggs_ablations", *map(str, given.sets), str(given.work)]
    command += ["--noise", str(given.noise), "--rows", f"{row}={pairs}", "--one", str(seed)]
    for name in ("size", "batch", "rate", "ema", "accelerator", "precision", "workers"):
        command += [f"--{name}", str(getattr(given, name))]
    command += [] if minutes is None else ["--minutes", f"{minutes:.3f}"]
    log = given.work / f"{folder_of(given.work, row, seed).name}.log"
    with log.open("a") as out:
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT), row, seed


def train_row(row, pairs, seed, given):
    """Train a row, and mark its folder when it has ended."""
    kind, variants = ROWS[row]
    folder = folder_of(given.work, row, seed)
    steps = max(pairs // given.batch, 2)
    shared = {
        "config": given.size + variants, "noise": given.noise, "augmentation": "clean", "seed": seed,
        "max_minutes": given.minutes, "batch_size": given.batch, "precision": given.precision,
        "accelerator": given.accelerator, "workers": given.workers, "progress": False, "tensorboard": False,
        "validation_records": 64, "log_every": 25, "save_minutes": 3.0,
    }  # fmt: skip
    if kind == "heggs":
        report = train_heggs(given.sets, folder, **shared, **_recipe(steps, given))
    else:
        first = max(round(FIRST_SHARE * steps), 1)
        ahead = {f"autoencoder_{name}": value for name, value in _recipe(first, given).items()}
        ahead["autoencoder_learning_rate"] = {"autoencoder": given.rate, "critic": given.rate / 4}
        report = train_ldm(given.sets, folder, **shared, **ahead, **_recipe(steps - first, given))
    print(report, flush=True)
    if report.finished:
        (folder / "done.txt").write_text(f"{row}\n{pairs} pairs\n", encoding="utf-8")


def _recipe(steps, given):
    return {
        "steps": steps, "learning_rate": given.rate, "decay": "cosine", "warm_up": min(100, steps // 10), "clip": 1.0,
        "ema": given.ema, "validate_every": max(steps // 8, 1),
    }  # fmt: skip


if __name__ == "__main__":
    main()
