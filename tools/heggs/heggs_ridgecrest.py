"""Train HEGGS on the Ridgecrest folds and predict every record by a model that never saw its time.

    python -m tools.heggs.heggs_ridgecrest train WINDOWS WORK NAME [--config small+onsets] [--init FILE] [--steps 1500]
    python -m tools.heggs.heggs_ridgecrest train WINDOWS WORK NAME --all ...
    python -m tools.heggs.heggs_ridgecrest train WINDOWS WORK NAME --steps 0 --init WORK/OTHER --flow RUNS
    python -m tools.heggs.heggs_ridgecrest predict WINDOWS WORK NAME [--draws 5] [--with-source] [--mean] [--no-gates]
    python -m tools.heggs.heggs_ridgecrest predict WINDOWS WORK NAME --board draws means sources
    python -m tools.real_records.evaluate_ridgecrest WINDOWS DATA --picker FILE
        --set "HEGGS=WORK/NAME/predicted_without_source"

WINDOWS was made by ``seissynth dataset cut`` (see `evaluate_ridgecrest.py`); its rows of noise serve as
augmentation. ``train`` keeps one run for each fold in ``WORK/NAME/fold_K`` and resumes where it was stopped;
``--steps 0`` only takes the weights of ``--init``, unchanged or with ``--site-noise``, for each fold. ``--flow``
gives these a network that moves draws of their residual model (``residual_flow.py``), and with ``--event-scale``
earthquakes that scatter more. ``--all`` trains on all five blocks but a tenth for validation, into ``WORK/NAME/all``:
what is shipped when the folds have said how good it is. ``--kind ldm`` does the same with the baseline,
``--autoencoder-steps`` being those of its first stage.

``predict`` writes one set in SeisBench's format with a row for each draw, which `evaluate_ridgecrest.py` and
``seissynth evaluate`` take; ``--board`` writes those of the board in one call, which share what is fitted and drawn
for a region. The source of a draw is another record of the same earthquake, a picked one where there is
any, chosen again for each draw; weights that know sites and noise take the levels of both from all other records. With
``--stations-out`` the training leaves these stations out, and the prediction holds only them, in the block that
was kept out too.
"""

import argparse
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from seissynth.errors import InputError
from seissynth_plugins.heggs.site_noise import BACKGROUNDS
from seissynth_plugins.heggs.training.data import PairData, TrainingTable
from seissynth_plugins.heggs.training.onset_terms import fit_onset_terms
from seissynth_plugins.heggs.training.residual_fit import add_flow, add_residuals, without_fits
from seissynth_plugins.heggs.training.site_noise_fit import add_site_noise, cross_fitted, predict_records
from seissynth_plugins.heggs.training.spread_fit import add_spread
from seissynth_plugins.heggs.training.train import SPREAD_PAIRS, train_heggs
from seissynth_plugins.heggs.weights import HEGGS, WRITTEN, load_model, save_model
from seissynth_plugins.ldm.training import train_ldm
from seissynth_plugins.torchkit.checkpoints import read_tensors, weights_hash
from seissynth_plugins.torchkit.run_results import write_card
from seissynth_plugins.torchkit.sampling_options import SPACINGS
from seissynth_plugins.torchkit.stages import earlier_stages
from tools.heggs._folds import FOLDS, run_name
from tools.heggs._record_maker import KINDS, predict

REGION = "Ridgecrest, California, and 70 km around"
_MEAN = {"mean": True, "texture": "none", "draws": 1}
#: options of the sets that the board shows, and of those of the table of sources
BOARD = {
    "draws": ({"draws": 5}, {"draws": 3, "background": "time"}, {"draws": 3, "with_source": True}),
    "means": (_MEAN, _MEAN | {"background": "time"}, _MEAN | {"with_source": True}),
    "sources": (_MEAN | {"with_source": True, "sources": "one"}, {"draws": 3, "background": "drawn"}),
}


def main():
    """Train or predict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("train", "predict"))
    parser.add_argument("windows", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("name")
    parser.add_argument("--kind", choices=("heggs", "ldm"), default="heggs")
    parser.add_argument("--config", default="small+onsets")
    parser.add_argument("--init", type=Path, help="weights to begin with, or a folder with those of each fold")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--autoencoder-steps", type=int, default=500, help="of the baseline")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--stations-out", nargs="*", default=[])
    parser.add_argument("--max-minutes", type=float, help="for each fold")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--all", action="store_const", const=[None], dest="folds", help="one run without test block")
    parser.add_argument("--spread", type=int, default=6, help="patterns of residuals, fitted on the validation block")
    parser.add_argument("--residuals", type=int, default=0, help="patterns of the residual model, in place of a spread")
    parser.add_argument("--flow", type=Path, help="runs of `residual_flow train --beyond`, fold_K or all in it")
    parser.add_argument("--site-noise", action="store_true", help="gains and noise of the sensors")
    parser.add_argument("--keep-dev", action="store_true", help="with --steps 0: fit nothing to the validation block")
    parser.add_argument("--board", choices=tuple(BOARD), nargs="+", default=(), help="sets that tables show")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--with-source", action="store_true")
    parser.add_argument("--mean", action="store_true", help="leave the spread out")
    parser.add_argument(
        "--residual-scale", type=float, default=1.0, help="factor on how far draws of the residual model scatter"
    )
    parser.add_argument(
        "--event-scale", type=float, default=1.0,
        help="factor on the residual model's scatter between earthquakes: of a prediction, or kept by --flow",
    )  # fmt: skip
    parser.add_argument("--sources", choices=("all", "one"), default="all", help="of the earthquake's other records")
    parser.add_argument("--spacing", choices=SPACINGS, default="log_snr", help="of the sampling's steps")
    parser.add_argument(
        "--same-network", action="store_true",
        help="one prediction of the network for all draws, which hardly differ in it: a fraction of the time",
    )  # fmt: skip
    parser.add_argument("--background", choices=BACKGROUNDS, default="quiet", help="of records without a source")
    parser.add_argument(
        "--mean-of-draws", action="store_true", help="one record, of the mean of the draws' spectrograms"
    )
    parser.add_argument("--texture", choices=("none", "rayleigh"), default="rayleigh")
    parser.add_argument("--no-gates", action="store_false", dest="gated", help="leave onsets as the inversion has them")
    parser.add_argument("--sampling-steps", type=int, default=3)
    parser.add_argument("--start-share", type=float, default=0.6, help="of the noise process a source passes")
    parser.add_argument("--part", choices=("test", "dev"), default="test", help="dev is for choosing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.flow is not None and (arguments.site_noise or arguments.steps or arguments.init is None):
        parser.error("--flow goes with --steps 0 and --init, into weights that --site-noise --residuals have fitted")
    if arguments.what == "train" and arguments.event_scale != 1 and arguments.flow is None:
        parser.error("--event-scale goes with --flow, or with predict")
    torch.set_num_threads(arguments.threads)
    (_train if arguments.what == "train" else _predict)(arguments)


def _train(arguments):
    for fold in arguments.folds:
        output = arguments.work / arguments.name / run_name(fold)
        if not arguments.steps:
            output.mkdir(parents=True, exist_ok=True)
            _untrained(arguments, fold, output / "weights.safetensors")
            continue
        if arguments.kind == "ldm":
            train, more = train_ldm, {"autoencoder_steps": arguments.autoencoder_steps}
        else:
            train, more = train_heggs, {"spread": 0 if arguments.residuals else arguments.spread}
        more |= {"site_noise": arguments.site_noise, "residuals": arguments.residuals}
        report = train(
            arguments.windows, output, config=arguments.config, fold=fold, folds=FOLDS, init=arguments.init,
            stations_out=arguments.stations_out, seed=arguments.seed, steps=arguments.steps, decay="cosine",
            learning_rate=arguments.rate, batch_size=arguments.batch, warm_up=min(100, arguments.steps // 10),
            precision="bf16-mixed", ema=0.99, clip=1.0, validation_records=48,
            validate_every=max(arguments.steps // 2, 1),
            region=REGION, max_minutes=arguments.max_minutes,
            threads=arguments.threads, progress=False, **more,
        )  # fmt: skip
        print(report, flush=True)


def _untrained(arguments, fold, path):
    """The weights to begin with, unchanged or with delays, sites, noise and spread fitted to the records allowed."""
    kind, init = KINDS[arguments.kind], arguments.init
    if init.is_dir():
        init = init / run_name(fold) / "weights.safetensors"
    if arguments.flow is not None:
        _with_flow(arguments, kind, init, arguments.flow / run_name(fold) / "network_best.safetensors", fold, path)
        return
    if not arguments.site_noise:
        shutil.copyfile(init, path)
        return
    model, inputs, card = load_model(init, kind=kind)
    table = TrainingTable(
        arguments.windows, fold=fold, folds=FOLDS, stations_out=arguments.stations_out, seed=arguments.seed
    )
    # nothing was trained on these records, so none need be kept for choices unless these are made here
    known = np.concatenate([table.rows(part) for part in ("train", *(() if arguments.keep_dev else ("dev",)))])
    inputs = replace(inputs, onset_terms=fit_onset_terms(table.table, known), site_noise=None)
    values, network = without_fits(model.state_dict(), model.config)
    shared = _predictions(kind, values, network, table, inputs, known)
    inputs = add_site_noise(kind, values, network, table, inputs, known, shared)
    figures = None
    if arguments.residuals:
        held_out = cross_fitted(kind, values, network, table, inputs, known, shared)
        values, network, figures = add_residuals(
            kind, values, network, table, inputs, known, arguments.residuals, held_out
        )
        print(path, {name: round(value, 4) for name, value in figures.items()}, flush=True)
    elif arguments.spread and kind is HEGGS:
        onsets = bool(network.unet.onset_maps)
        pairs = PairData(table, inputs, "train", limit=SPREAD_PAIRS, onset_maps=onsets, seed=arguments.seed)
        held_out = cross_fitted(kind, values, network, table, inputs, known, shared)
        values, network, figures = add_spread(values, network, pairs, arguments.spread, held_out)
        print(path, {name: round(value, 4) for name, value in figures.items()}, flush=True)
    about = {name: value for name, value in card.items() if name not in (*WRITTEN, "spread", "residuals")} | {
        "region": REGION, "ranges": table.ranges(), "sensors": sorted(set(table.sensors(known))),
        "onset_origin": table.onset_origins(), "fold": fold, "folds": FOLDS, "stations_out": arguments.stations_out,
        "data": list(dict.fromkeys([*card["data"], arguments.windows.name])), "begun_with": card["training_data_hash"],
        "training_data_hash": table.fingerprint,
        **({} if figures is None else {"residuals" if arguments.residuals else "spread": figures}),
    }  # fmt: skip
    fit = {
        "what": "fit", "data": [arguments.windows.name], "training_data_hash": table.fingerprint, "name": card["name"],
        "steps": 0, "pairs": 0, "seed": arguments.seed, "fold": fold, "folds": FOLDS,
        "stations_out": arguments.stations_out, "init_weights_hash": weights_hash(init),
        "options": {"site_noise": True, "keep_dev": arguments.keep_dev,
                    **({"residuals": arguments.residuals} if arguments.residuals else {"spread": arguments.spread})},
    }  # fmt: skip
    about["stages"] = [*earlier_stages(card), fit]
    save_model(path, values, network, inputs, about, kind=kind)
    write_card(about, path, table, kind)


def _with_flow(arguments, kind, init, flow, fold, path):
    """The weights to begin with, and a network that moves draws of their residual model."""
    model, inputs, card = load_model(init, kind=kind)
    if arguments.event_scale != 1:
        model.residuals.scale_events(arguments.event_scale)
    values, network = add_flow(model.state_dict(), model.config, flow)
    table = TrainingTable(
        arguments.windows, fold=fold, folds=FOLDS, stations_out=arguments.stations_out, seed=arguments.seed
    )
    if table.fingerprint != card["training_data_hash"]:
        raise InputError(
            f"{init} was fitted to other records ({card['training_data_hash']}) than {arguments.windows} has for "
            f"{run_name(fold)} ({table.fingerprint}); give the set and the fold of its fit."
        )
    about = {name: value for name, value in card.items() if name not in WRITTEN}
    about["begun_with"] = card["training_data_hash"]
    stage = _flow_stage(arguments, table, flow, fold)
    about["stages"] = [*earlier_stages(card), stage | {"init_weights_hash": weights_hash(init)}]
    save_model(path, values, network, inputs, about, kind=kind)
    write_card(about, path, table, kind)


def _flow_stage(arguments, table, flow, fold):
    """What a card says of the training of a network that moves draws."""
    _, about = read_tensors(flow)
    trained = None if about["fold"] == "-1" else int(about["fold"])
    if trained != fold:
        raise InputError(f"{flow} was trained for {run_name(trained)}, not for {run_name(fold)}; give its own run.")
    return {
        "what": "training of the network that moves draws", "data": [arguments.windows.name],
        "training_data_hash": table.fingerprint, "steps": int(about["steps"]),
        "pairs": int(about["steps"]) * int(about["batch"]), "fold": fold, "folds": FOLDS,
        "options": {"weights_hash": weights_hash(flow), "event_scale": arguments.event_scale},
    }  # fmt: skip


def _predictions(kind, values, network, table, inputs, rows):
    """Predictions that the fit to all records and those to half of them share."""
    model = kind.make(network)
    model.load_state_dict(values)
    return predict_records(model.eval(), table, inputs, rows)


def _predict(arguments):
    for name in arguments.board:
        for way in BOARD[name]:
            _predict_way(argparse.Namespace(**vars(arguments) | way))
    if not arguments.board:
        _predict_way(arguments)


def _predict_way(arguments):
    way = "with_source" if arguments.with_source else "without_source"
    way += "_mean" if arguments.mean_of_draws or arguments.mean else ""
    way += "" if arguments.background == "quiet" else f"_{arguments.background}_noise"
    way += "" if arguments.residual_scale == 1 else f"_scaled_{arguments.residual_scale:g}"
    way += "" if arguments.event_scale == 1 else f"_events_{arguments.event_scale:g}"
    way += "_one" if arguments.with_source and arguments.sources == "one" else ""
    way += "" if arguments.gated else "_no_gates"
    folder = arguments.work / arguments.name
    output = folder / f"{'predicted' if arguments.part == 'test' else 'validation'}_{way}"
    names = (
        "part", "folds", "draws", "with_source", "texture", "sampling_steps", "start_share", "mean", "stations_out",
        "seed", "threads", "kind", "mean_of_draws", "background", "gated", "residual_scale",
        "event_scale", "sources", "spacing", "same_network",
    )  # fmt: skip
    count = predict(arguments.windows, folder, output, **{name: getattr(arguments, name) for name in names})
    print(f"{output}: {count} records")


if __name__ == "__main__":
    main()
