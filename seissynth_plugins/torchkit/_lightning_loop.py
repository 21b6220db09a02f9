"""The loop of `seissynth_plugins.torchkit.training`, as a Lightning module.

Lightning brings devices, strategies, precision and the progress bar. Order, random numbers and state are our own: its
checkpoints are pickles, and do not say where in an epoch they were taken.
"""

import contextlib
import logging
import math
import time
import warnings

import lightning
import torch
from torch.utils.data import DataLoader

from seissynth.errors import InputError, MissingDependencyError, TrainingError
from seissynth.seeding import hash_words
from seissynth_plugins.torchkit._batches import BatchOrder, Drawn, collate, record_names
from seissynth_plugins.torchkit._training_files import (
    BEST,
    METRICS,
    STATE,
    Metrics,
    check_same,
    load_optimizer,
    part_of,
    read_state,
    save_best,
    save_state,
)
from seissynth_plugins.torchkit.checkpoints import read_tensors
from seissynth_plugins.torchkit.ema import EMA

#: name of the part of a model that has no others
_WHOLE = "loss"


def run(module, data, config, run_dir, resume, validation):
    """See `seissynth_plugins.torchkit.training.train`."""
    from seissynth_plugins.torchkit.training import FREE_FIELDS, TrainResult

    if config.precision == "16-mixed" and (config.accelerator == "cpu" or not torch.cuda.is_available()):
        raise InputError('precision="16-mixed" needs a GPU; pass "bf16-mixed" or "32-true" on the CPU.')
    paths = {name: run_dir / name for name in (STATE, BEST, METRICS)}
    loop = Loop(module, data, config, run_dir, validation)
    notes = {"step": 0}
    if not resume:
        for path in paths.values():
            path.unlink(missing_ok=True)
    elif paths[STATE].exists():
        loop.start, notes = read_state(paths[STATE])
        check_same(paths[STATE], notes, loop.identity(), FREE_FIELDS)
        loop.step, loop.sums, loop.best_loss = notes["step"], notes["sums"], notes["best_loss"]
    if notes["step"] < config.steps:
        _fit(loop, config)
    tensors, notes = read_state(paths[STATE])
    module.load_state_dict(part_of(tensors, "model"))
    best, about = None, {}
    if paths[BEST].exists():
        best = read_tensors(paths[BEST])[0]
        about = read_state(paths[BEST])[1]
    finished = notes["step"] >= config.steps
    weights = part_of(tensors, "ema")
    return TrainResult(notes["step"], finished, run_dir, weights, best, about.get("step"), about.get("loss"))


def _fit(loop, config):
    quiet = logging.getLogger("lightning.pytorch")
    level = quiet.level
    with warnings.catch_warnings():
        for text in (".*does not have many workers.*", ".*available but not used.*", ".*LeafSpec.*", ".*isinstance.*"):
            warnings.filterwarnings("ignore", message=text)
        quiet.setLevel(logging.ERROR)
        try:
            trainer = lightning.Trainer(
                max_epochs=1,
                min_epochs=0,
                accelerator=config.accelerator,
                devices=config.devices,
                strategy=config.strategy,
                precision=config.precision,
                logger=False,
                enable_checkpointing=False,
                enable_model_summary=False,
                enable_progress_bar=config.progress,
                use_distributed_sampler=False,
            )
            trainer.fit(loop)
        except torch.multiprocessing.ProcessRaisedException as error:  # a process of several, with its traceback
            _, name, message = str(error).rpartition("TrainingError: ")
            raise (TrainingError(message.strip()) if name else error) from error
        finally:
            quiet.setLevel(level)


class Loop(lightning.LightningModule):
    """What happens in each batch."""

    def __init__(self, module, data, config, run_dir, validation):
        super().__init__()
        self.automatic_optimization = False
        self.model, self.data, self.validation = module, data, validation
        self.config, self.run_dir = config, run_dir
        self.start, self.step, self.sums, self.best_loss = None, 0, {}, math.inf
        self.ema = self.metrics = self.board = None

    def identity(self):
        """What a state must agree in, to be gone on from."""
        data, validation = (_about_data(data) for data in (self.data, self.validation))
        sizes = sum(p.numel() for p in self.model.parameters())
        model = f"{type(self.model).__name__} of {sizes} parameters"
        return {"config": self.config.to_dict(), "data": data, "model": model, "validation": validation}

    # --- what Lightning asks for

    def train_dataloader(self):
        """Batches from the one where the training stands to the last."""
        first, last = self.step * self.config.accumulate, self.config.steps * self.config.accumulate
        order = BatchOrder(
            len(self.data), self.config.batch_size, first, last,
            seed=self.config.seed, rank=self.global_rank, processes=self.trainer.world_size,
        )  # fmt: skip
        workers = self.config.workers
        return DataLoader(
            Drawn(self.data), batch_sampler=order, collate_fn=collate, num_workers=workers,
            generator=torch.Generator(),  # else it draws from the global one
            pin_memory=self.trainer.strategy.root_device.type == "cuda", persistent_workers=workers > 0,
        )  # fmt: skip

    def configure_optimizers(self):
        """One optimiser a part."""
        self.parts = {
            name: [p for p in parameters if p.requires_grad] for name, parameters in _parts_of(self.model).items()
        }
        return [_optimizer(self.config, name, parameters) for name, parameters in self.parts.items()]

    def on_fit_start(self):
        """Make the average and the logs, and go back to where the training stood."""
        self.first_batch = self.step * self.config.accumulate
        self.ema = EMA(self.model, self.config.ema)
        if self.start is not None:
            self.model.load_state_dict(part_of(self.start, "model"))
            notes = read_state(self.run_dir / STATE)[1]
            self.ema.load_state_dict(part_of(self.start, "ema"), notes["ema_updates"])
            for name, optimizer in self._by_part(wrapped=False).items():
                load_optimizer(optimizer, part_of(self.start, f"optimizer.{name}"))
            if notes["scaler"]:
                self.trainer.precision_plugin.scaler.load_state_dict(notes["scaler"])
            self.start = None
        if self.global_rank == 0:
            self.metrics = Metrics(self.run_dir / METRICS, self.step)
            self.board = _board(self.run_dir, self.step) if self.config.tensorboard else None
        self.begun = self.saved = time.monotonic()

    def on_fit_end(self):
        """Close the logs."""
        if self.board is not None:
            self.board.close()

    def training_step(self, batch, batch_idx):
        """Losses and gradients of one batch; a step of the optimisers where enough have come together."""
        config, number = self.config, self.first_batch + batch_idx
        batch = {**batch, "step": self.step}
        whole = (number + 1) % config.accumulate == 0
        for name, optimizer in self._by_part().items():
            with _only(self.parts, name), _seeded(self.device, "train", config.seed, number, self.global_rank, name):
                said = self.model.loss(batch, name) if len(self.parts) > 1 else self.model.loss(batch)
                figures = said if isinstance(said, dict) else {"loss": said}
                self._note(figures, name, batch, number)
                self.manual_backward(figures["loss"] / config.accumulate)
            if whole:
                self.now = (name, batch, number)
                rate = config.learning_rate[name] if isinstance(config.learning_rate, dict) else config.learning_rate
                for group in self._by_part(wrapped=False)[name].param_groups:
                    group["lr"] = rate * config.factor(self.step)
                optimizer.step()
                optimizer.zero_grad()
        if whole:
            self._end_step(batch)

    def on_before_optimizer_step(self, optimizer):
        """Clip the gradients, and stop where they are not finite, before they spoil the weights."""
        name, batch, number = self.now
        limit = math.inf if self.config.clip is None else self.config.clip
        norm = float(torch.nn.utils.clip_grad_norm_(self.parts[name], limit))
        # in half precision an overflow is how the scaler finds its scale: it leaves the step out
        if not math.isfinite(norm) and self.config.precision != "16-mixed":
            self._stop("the norm of the gradient", norm, batch, number)
        self._sum("gradient_norm" if name == _WHOLE else f"{name}_gradient_norm", norm)

    # --- a step

    def _by_part(self, wrapped=True):
        """Optimisers by name; Lightning's wrappers step, but a state must be read from and put into what they hold."""
        optimizers = self.optimizers(use_pl_optimizer=wrapped)
        return dict(zip(self.parts, optimizers if isinstance(optimizers, list) else [optimizers], strict=True))

    def _note(self, figures, part, batch, number):
        if "loss" not in figures:
            raise InputError(f"the model's loss() returned {sorted(figures)} without 'loss'.")
        for name, value in figures.items():
            number_ = float(value.detach() if isinstance(value, torch.Tensor) else value)
            if name == "loss" and not math.isfinite(number_):
                known = {k: float(v) for k, v in figures.items() if k != "loss"}
                self._stop("the loss" + (f" of {part!r}" if part != _WHOLE else ""), number_, batch, number, known)
            if part != _WHOLE:
                name = part if name == "loss" else f"{part}_{name}"
            self._sum(name, number_)

    def _sum(self, name, value):
        total = self.sums.setdefault(name, [0.0, 0])
        total[0] += value
        total[1] += 1

    def _stop(self, what, value, batch, number, figures=None):
        epochs = sorted(set(batch["epoch"].tolist()))
        rest = f" ({', '.join(f'{k} {v:.4g}' for k, v in figures.items())})" if figures else ""
        raise TrainingError(
            f"{what} is {value} in step {self.step + 1}, batch {number + 1} (epoch {epochs[0] + 1}){rest}; records: "
            f"{record_names(self.data, batch['index'].cpu())}. Look at these records, or lower the learning rate; "
            f"the last good state stays in {self.run_dir}."
        )

    def _end_step(self, batch):
        self.ema.update(self.model)
        self.step += 1
        config, last = self.config, self.step == self.config.steps
        minutes = (time.monotonic() - self.begun) / 60
        stop = last or (config.max_minutes is not None and minutes >= config.max_minutes)
        if self.trainer.world_size > 1:  # clocks differ
            stop = self.trainer.strategy.broadcast(stop)
        row = {}
        if self.step % config.log_every == 0 or last:
            row = {name: total / count for name, (total, count) in self.sums.items()}
            row["learning_rate"] = self._by_part_rate()
            self.sums = {}
            if config.progress:
                self.log("loss", row.get("loss", next(iter(row.values()))), prog_bar=True)
        validating = self.validation is not None and len(self.validation)
        if validating and (self.step % config.validate_every == 0 or last) and self.global_rank == 0:
            row |= {f"validation_{name}": value for name, value in self._validate().items()}
            if row["validation_loss"] < self.best_loss:
                self.best_loss = row["validation_loss"]
                save_best(self.run_dir / BEST, self.ema, self.step, self.best_loss)
        if row and self.global_rank == 0:
            self.metrics.add({"step": self.step, "epoch": int(batch["epoch"].max()) + 1, **row, "minutes": minutes})
            if self.board is not None:
                for name, value in row.items():
                    self.board.add_scalar(name, value, self.step)
        if stop or (time.monotonic() - self.saved) / 60 >= config.save_minutes:
            self._save(stop)
        self.trainer.should_stop = self.trainer.should_stop or stop

    def _by_part_rate(self):
        return next(iter(self._by_part(wrapped=False).values())).param_groups[0]["lr"]

    def _save(self, stop):
        if self.global_rank == 0:
            scaler = getattr(self.trainer.precision_plugin, "scaler", None)
            best = self.best_loss if math.isfinite(self.best_loss) else 1e300
            notes = {"step": self.step, "sums": self.sums, "best_loss": best}
            notes |= {"scaler": scaler.state_dict() if scaler is not None else {}, **self.identity()}
            save_state(self.run_dir / STATE, self.model, self.ema, self._by_part(wrapped=False), notes)
        if self.trainer.world_size > 1 and stop:  # the others read it next
            self.trainer.strategy.barrier()
        self.saved = time.monotonic()

    def _validate(self):
        """Mean figures of the averaged weights, the loss among them, over all validation data in order."""
        size, count, total = self.config.batch_size, len(self.validation), {}
        loss = getattr(self.model, "validation_loss", None)
        if loss is None:
            first = next(iter(self.parts))
            loss = (lambda batch: self.model.loss(batch, first)) if len(self.parts) > 1 else self.model.loss
        rows = Drawn(self.validation)
        self.model.eval()
        with self.ema.applied(self.model), torch.no_grad(), self.trainer.precision_plugin.forward_context():
            for begin in range(0, count, size):
                batch = collate([rows[i, 0] for i in range(begin, min(begin + size, count))])
                batch = {k: v.to(self.device) if isinstance(v, torch.Tensor) else v for k, v in batch.items()}
                with _seeded(self.device, "validate", self.config.seed, begin):
                    said = loss(batch)
                for name, value in (said if isinstance(said, dict) else {"loss": said}).items():
                    total[name] = total.get(name, 0.0) + float(value) * min(size, count - begin)
        self.model.train()
        return {name: value / count for name, value in total.items()}


def _about_data(data):
    return None if data is None else {"records": len(data), "fingerprint": str(getattr(data, "fingerprint", ""))}


# --- parts and their optimisers


def _parts_of(model):
    if not hasattr(model, "parts"):
        return {_WHOLE: list(model.parameters())}
    parts = {name: list(parameters) for name, parameters in model.parts().items()}
    if not parts:
        raise InputError("the model's parts() is empty; give at least one name with parameters.")
    return parts


def _optimizer(config, name, parameters):
    if not parameters:
        raise InputError(f"the part {name!r} of the model has no parameter that takes a gradient.")
    rate = config.learning_rate
    if isinstance(rate, dict):
        if name not in rate:
            raise InputError(f"learning_rate has no entry for the model's part {name!r}; it has {sorted(rate)}.")
        rate = rate[name]
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, weight_decay=config.weight_decay)
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[config.optimizer]
    return kind(parameters, lr=rate, betas=config.betas, weight_decay=config.weight_decay)


@contextlib.contextmanager
def _only(parts, name):
    """Let only one part's parameters take gradients."""
    others = [p for other, parameters in parts.items() if other != name for p in parameters]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)


@contextlib.contextmanager
def _seeded(device, *words):
    """Seed torch for a block of code, and leave its state as it was."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(hash_words(*words) >> 1)
        yield


def _board(run_dir, step):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(
            "TensorBoard is not installed: python -m pip install 'seissynth[train]', or pass tensorboard=False"
        ) from error
    return SummaryWriter(str(run_dir / "tensorboard"), purge_step=step + 1)
