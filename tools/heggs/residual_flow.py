"""Does a network that starts from draws of the residual model bring them nearer to real records?

    python -m tools.heggs.residual_flow pack WINDOWS WORK NAME --folds 1 3 --out PACKS
    python -m tools.heggs.residual_flow train PACKS RUNS [--steps 2000] [--minutes 20] [--beyond] [--quiet 0.6]
    python -m tools.heggs.residual_flow score PACKS RUNS [MORE RUNS] [--part dev] [--weights best last]

WORK/NAME/fold_K/weights.safetensors are of `heggs_ridgecrest.py train ... --steps 0 --site-noise --residuals 20
--keep-dev`: nothing is fitted to the validation block, where steps and variants are chosen. ``pack`` writes
PACKS/fold_K.npz: residuals of real records in cells, against sites and noise of the other half of the earthquakes, and
what the residual model expects of each earthquake from the others. ``train`` needs neither records nor ObsPy; it keeps
a run in RUNS/fold_K and resumes where it was stopped. ``score`` compares draws with and without the network on the
validation block (or with ``--part test`` on the block that nothing has seen), record by record, with the noise that
each record shows before P.
"""

import argparse
import json
from pathlib import Path

from tools.heggs._folds import run_name

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
#: names in tables
BASE, MOVED = "c2", "c2 + network"
_STATE_MINUTES, _WARM_UP = 2.0, 60


def main():
    """Pack, train or score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    stages = parser.add_subparsers(dest="what", required=True)
    pack = stages.add_parser("pack", help="write what a training needs")
    pack.add_argument("windows", type=Path)
    pack.add_argument("work", type=Path)
    pack.add_argument("name")
    pack.add_argument("--out", type=Path, required=True)
    pack.add_argument("--with-test", action="store_true", help="pack the block that nothing has seen, too")
    fit = stages.add_parser("train", help="train a network for each fold")
    fit.add_argument("packs", type=Path)
    fit.add_argument("run", type=Path)
    fit.add_argument("--steps", type=int, default=2000)
    fit.add_argument("--batch", type=int, default=16)
    fit.add_argument("--rate", type=float, default=1e-3)
    fit.add_argument("--minutes", type=float, help="for each fold; a later call goes on")
    fit.add_argument("--accelerator", default="cpu")
    fit.add_argument("--sources", choices=("half", "always"), default="half", help="how often items have any")
    fit.add_argument("--quiet", type=float, default=0.0, help="share of items without sources that have no noise")
    fit.add_argument("--mean-free", action="store_true", help="leave mean levels as the residual model has them")
    fit.add_argument("--beyond", action="store_true", help="learn what is beside the velocity of normal numbers")
    fit.add_argument("--validate-every", type=int, default=100)
    fit.add_argument("--seed", type=int, default=0)
    fit.add_argument("--threads", type=int, default=1)
    score = stages.add_parser("score", help="compare with the residual model alone")
    score.add_argument("packs", type=Path)
    score.add_argument("runs", type=Path, nargs="+")
    score.add_argument("--part", choices=("dev", "test"), default="dev")
    score.add_argument("--draws", type=int, default=12)
    score.add_argument("--weights", choices=("best", "last"), nargs="+", default=["best"])
    score.add_argument("--strengths", type=float, nargs="+", default=[1.0], help="factors on the velocity")
    score.add_argument("--euler-steps", type=int, nargs="+", default=[5], help="in which draws are moved")
    score.add_argument("--out", type=Path, default=OUT / "residual_flow.md")
    score.add_argument("--records", type=Path, help="a table of the measures by record")
    score.add_argument("--threads", type=int, default=1)
    for stage in (pack, fit, score):
        stage.add_argument("--folds", type=int, nargs="+", default=[1, 3])
    for stage in (pack, fit):
        stage.add_argument("--all", action="store_const", const=[None], dest="folds", help="no block is held back")
    options = parser.parse_args()
    {"pack": _pack, "train": _train, "score": _score}[options.what](options)


def _pack(options):
    from tools.heggs._residual_flow_pack import make_pack
    from tools.heggs._residual_flow_set import PARTS, write_pack

    options.out.mkdir(parents=True, exist_ok=True)
    for fold in options.folds:
        weights = options.work / options.name / run_name(fold) / "weights.safetensors"
        path = options.out / f"{run_name(fold)}.npz"
        with_test = options.with_test and fold is not None
        pack = make_pack(options.windows, weights, fold, PARTS if with_test else PARTS[:2])
        write_pack(path, pack)
        sizes = {part: len(getattr(pack, part) or ()) for part in PARTS}
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, records {sizes}", flush=True)


def _train(options):
    import torch

    from tools.heggs._residual_flow_set import read_pack

    torch.set_num_threads(options.threads)
    for fold in options.folds:
        result = train_flow(
            read_pack(options.packs / f"{run_name(fold)}.npz"), options.run / run_name(fold), steps=options.steps,
            batch=options.batch, rate=options.rate, minutes=options.minutes, accelerator=options.accelerator,
            sources=options.sources, quiet=options.quiet, mean_free=options.mean_free, beyond=options.beyond,
            validate_every=options.validate_every, seed=options.seed,
        )  # fmt: skip
        print(f"{run_name(fold)}: step {result.step}, best {result.best_step} with {result.best_loss}", flush=True)


def train_flow(
    pack, folder, *, steps, batch=16, rate=1e-3, minutes=None, accelerator="cpu", sources="half", quiet=0.0,
    mean_free=False, beyond=False, validate_every=100, seed=0, channels=32,
):  # fmt: skip
    """Train a network on a pack, or go on with it; return a `TrainResult`.

    ``network_last.safetensors`` and ``network_best.safetensors``, the averaged weights of the last step and of the
    least loss on the validation block, are written into `folder` beside the state of the training.
    """
    import torch

    from seissynth_plugins.heggs.networks.residual_flow import ResidualFlow
    from seissynth_plugins.torchkit.checkpoints import write_tensors
    from seissynth_plugins.torchkit.training import TrainConfig, train
    from tools.heggs._residual_flow_set import FlowItems

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ResidualFlow(len(pack.stations), channels, mean_free=mean_free, beyond=beyond)
    config = TrainConfig(
        steps=steps, batch_size=batch, learning_rate=rate, betas=(0.9, 0.98), weight_decay=0.05,
        warm_up=min(_WARM_UP, steps // 4), decay="cosine", clip=1.0, ema=0.99, seed=seed, max_minutes=minutes,
        save_minutes=_STATE_MINUTES, log_every=min(50, steps), validate_every=min(validate_every, steps),
        accelerator=accelerator, progress=False, tensorboard=False,
    )  # fmt: skip
    items, validation = FlowItems(pack, "train", sources, seed, quiet), FlowItems(pack, "dev", seed=seed, quiet=quiet)
    result = train(network, items, config, folder, validation=validation)
    about = {
        "channels": str(channels),
        "mean_free": str(mean_free),
        "beyond": str(beyond),
        "steps": str(result.step),
        "batch": str(batch),
        "fold": str(pack.fold),
        "stations": json.dumps(list(pack.stations)),
        "size": repr(pack.size),
    }
    for name, tensors in (("last", result.weights), ("best", result.best)):
        if tensors is not None:
            write_tensors(Path(folder) / f"network_{name}.safetensors", tensors, about)
    return result


def _score(options):
    import torch

    from tools.heggs._residual_flow_score import score, write_tables

    torch.set_num_threads(options.threads)
    networks = [
        (run, weights, strength, steps) for run in options.runs for weights in options.weights
        for strength in options.strengths for steps in options.euler_steps
    ]  # fmt: skip
    table, names = score(options.packs, networks, options.folds, options.part, options.draws)
    write_tables(options.out, table, names)
    if options.records is not None:
        table.to_csv(options.records, index=False, float_format="%.5g")


if __name__ == "__main__":
    main()
