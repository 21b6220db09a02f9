"""The run of a training of HEGGS or its baseline: pairs, onset maps and augmentation over `torchkit.run_folder`."""

import operator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from seissynth.errors import InputError
from seissynth.shared.checks import whole
from seissynth_plugins.heggs.inputs import ModelInputs
from seissynth_plugins.heggs.training.augmentation import NO_AUGMENTATION, named_augmentation
from seissynth_plugins.heggs.training.data import PairData, TrainingTable, fit_inputs
from seissynth_plugins.heggs.training.onset_terms import fit_onset_terms
from seissynth_plugins.heggs.training.residual_fit import add_residuals
from seissynth_plugins.heggs.training.site_noise_fit import add_site_noise
from seissynth_plugins.heggs.weights import with_condition_size
from seissynth_plugins.residuals.hyperparameters import LEAST_RECORDS
from seissynth_plugins.torchkit import run_folder
from seissynth_plugins.torchkit.run_folder import check_loop, holds_run, same_run  # noqa: F401  (their former home)
from seissynth_plugins.torchkit.run_results import TrainReport, draw_curve, leave_weights, write_card  # noqa: F401


@dataclass(frozen=True)
class Run(run_folder.Run):
    """Inputs of a training at its start.

    Parameters
    ----------
    kind, output, table, start, asked
        See `seissynth_plugins.torchkit.run_folder.Run`.
    inputs : ModelInputs
    network : HeggsConfig or LdmConfig
        With the size of the conditions.
    pairing : dict
        Options of `data.PairData` for the training part; other parts go without the augmentation, see `unseen_pairs`.
    pairs : data.PairData
        Of the training part.
    validation : data.PairData or None
    told : dict
        Options that the stage of the training keeps.
    """

    inputs: ModelInputs
    network: object
    pairing: dict
    pairs: PairData
    validation: PairData | None
    told: dict

    def leave_weights(self, result, recipe, *, site_noise=False, residuals=0, after=(), **options):
        """Write weights, card and curve, after fits to the finished network.

        Parameters
        ----------
        result : TrainResult
        recipe : TrainConfig
        site_noise : bool
            Fit gains and noise of the sensors.
        residuals : int
            Patterns of a residual model to fit to the validation part.
        after : sequence of callable
            Fits after the training, see `seissynth_plugins.torchkit.run_results.leave_weights`.
        **options
            As there.

        Returns
        -------
        TrainReport
        """
        fits = [*([self._fit_site_noise] if site_noise else []), *after]
        if residuals:
            fits.append(lambda trained: self._fit_residuals(trained, residuals))
            options["residuals"] = residuals
        return leave_weights(
            self, self.pairs, result, recipe, self.network, self.inputs, after=fits, site_noise=site_noise,
            **self.told, **options,
        )  # fmt: skip

    def _fit_site_noise(self, trained):
        inputs = add_site_noise(self.kind, trained.values, trained.network, self.table, trained.inputs)
        return replace(trained, inputs=inputs)

    def _fit_residuals(self, trained, residuals):
        rows = self.table.rows("dev")  # neither the network nor sites and noise were fitted to these
        values, network, figures = add_residuals(
            self.kind, trained.values, trained.network, self.table, trained.inputs, rows, residuals
        )
        return replace(trained, values=values, network=network, about={**trained.about, "residuals": figures})


def check_residuals(residuals, spread, site_noise, table):
    """Refuse a residual model that cannot be fitted, before hours of training and not after them."""
    if not residuals:
        return
    whole("residuals", residuals)
    if spread:
        raise InputError(f"residuals={residuals} takes the place of spread={spread}; give one of them.")
    if not site_noise:
        raise InputError("a residual model needs sites and noise; pass site_noise=True with residuals.")
    count, least = len(table.rows("dev")), max(LEAST_RECORDS, residuals + 1)
    if count < least:
        raise InputError(
            f"residuals={residuals} needs {least} records in the validation part; there are {count}. Give a larger "
            "set, fewer patterns, or residuals=0."
        )


def begin_run(
    kind, config, network, data, output, *, fold, folds, stations_out, init, noise, seed, augmentation, encoding,
    extras, sources, picked_first, validation_records, resume, usual_sources="all", fits=operator.eq,
):  # fmt: skip
    """Read sets and weights to begin with, and keep the request in the folder of the run, or resume that run.

    Parameters
    ----------
    kind : Kind
    config : str
    network : HeggsConfig or LdmConfig
        Of that name.
    data, output, fold, folds, stations_out, init, noise, seed, augmentation, encoding, extras, sources, picked_first,
    validation_records, resume
        As for `train_heggs`.
    usual_sources : {"all", "one"}
        Where `sources` is None.
    fits : callable
        Whether weights of one configuration may begin a network of another: ``fits(found, wanted)``.

    Returns
    -------
    Run
    """
    table = TrainingTable(data, fold=fold, folds=folds, stations_out=stations_out, noise=noise, seed=seed)
    chosen = chosen_augmentation(augmentation, table)
    begun = run_folder.open_run(
        kind, config, table, output, init=init, resume=resume, augmentation=asdict(chosen), seed=seed,
        encoding=encoding, extras=list(extras or ()),
    )  # fmt: skip
    inputs = run_inputs(begun, encoding, extras, network, chosen)
    network = with_condition_size(network, inputs.condition.size)
    if begun.start is not None and not fits(begun.start[0].config, network):
        raise InputError(f"{init} holds another configuration than {config!r}; name that one, or train without init.")
    pairing = {"onset_maps": bool(network.unet.onset_maps), "augmentation": chosen, "picked_first": picked_first}
    told = {"noise": None if noise is None else Path(noise).name, "sources": sources, "picked_first": picked_first}
    return Run(
        **vars(begun), inputs=inputs, network=network, pairing=pairing, told=told,
        pairs=PairData(table, inputs, sources=sources or usual_sources, seed=seed, **pairing),
        validation=validation_pairs(table, inputs, validation_records, seed, pairing),
    )  # fmt: skip


def chosen_augmentation(augmentation, table):
    """Return the augmentation that is asked for, or the one that suits the sets."""
    if augmentation is None:
        is_synthetic = "source2_id" in table.table or not table.table["trace_start_time"].notna().all()
        augmentation = ("made" if is_synthetic else "real") if len(table.noise) else "none"
    return named_augmentation(augmentation) if isinstance(augmentation, str) else augmentation


def run_inputs(run, encoding, extras, network, augmentation):
    """Return statistics: those of the initial weights, of the resumed run, or new ones.

    Delays of picks at the sensors are always those of the set that is trained on, for networks that take onsets.

    Parameters
    ----------
    run : torchkit.run_folder.Run
    encoding, extras
        As for `train_heggs`.
    network : HeggsConfig or LdmConfig
    how : Augmentation

    Returns
    -------
    ModelInputs
    """
    table, start = run.table, run.start
    terms = fit_onset_terms(table.table, table.rows("train")) if network.unet.onset_maps else {}
    if start is not None:
        if (encoding or extras) and (
            encoding not in (None, start[1].condition.encoding) or tuple(extras or ()) != start[1].condition.extras
        ):
            raise InputError("the weights of init define their own conditions; leave encoding and extras out.")
        return replace(start[1], onset_terms=terms, site_noise=None)

    def fit():
        inputs = fit_inputs(
            table, encoding=encoding or "paper", extras=extras or (), normalised=network.normalised_waveforms,
            augmentation=augmentation,
        )  # fmt: skip
        return replace(inputs, onset_terms=terms)

    return run_folder.kept_inputs(run, fit)


def unseen_pairs(table, inputs, count, seed, pairing, *, records=False):
    """Return pairs of the validation part, with unaltered records.

    Augmentation is for training alone: figures and fits on changed records would measure the changes.

    Parameters
    ----------
    table : data.TrainingTable
    inputs : ModelInputs
    count : int
        At most so many.
    seed : int
    pairing : dict
        Of `Run`; its augmentation is left out.
    records : bool
        As for `data.PairData`.

    Returns
    -------
    data.PairData
    """
    plain = {**pairing, "augmentation": NO_AUGMENTATION}
    return PairData(table, inputs, "dev", limit=count, records=records, seed=seed, **plain)


def validation_pairs(table, inputs, count, seed, pairing):
    """Return `unseen_pairs` with their records; None if the set has none or count is 0."""
    if not count or not len(table.rows("dev")):
        return None
    return unseen_pairs(table, inputs, count, seed, pairing, records=True)
