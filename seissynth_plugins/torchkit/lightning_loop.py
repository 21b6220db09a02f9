"""The loop of `seissynth_plugins.torchkit.training`, as a Lightning module.

Lightning provides devices, strategies, precision and the progress bar. Order, random numbers and state are our own: its
checkpoints are pickles, and do not say where in an epoch they were taken.
"""

import math
import time

import lightning
import torch
from torch.utils.data import DataLoader

from seissynth.errors import InputError, MissingDependencyError, TrainingError
from seissynth_plugins.torchkit._training_parts import (
    WHOLE,
    clip_weights,
    make_optimizer,
    not_averaged,
    only,
    parts_of,
    seeded,
)
from seissynth_plugins.torchkit._training_samples import drop_later, write_samples
from seissynth_plugins.torchkit.batches import BatchOrder, Drawn, collate, record_names
from seissynth_plugins.torchkit.ema import EMA
from seissynth_plugins.torchkit.figures import Figures
from seissynth_plugins.torchkit.training_files import (
    BEST,
    METRICS,
    STATE,
    Metrics,
    identity_of,
    load_optimizer,
    part_of,
    read_state,
    save_best,
    save_state,
)


class Loop(lightning.LightningModule):
    """Hooks of each batch."""

    def __init__(self, module, data, config, run_dir, validation):
        super().__init__()
        self.automatic_optimization = False
        self.model, self.data, self.validation = module, data, validation
        self.config, self.run_dir = config, run_dir
        self.start, self.step, self.figures = None, 0, Figures()
        self.best_loss = math.inf if config.best_is == "min" else -math.inf
        self.ema = self.metrics = self.board = None

    def identity(self):
        """Properties in which a state must agree to be resumed."""
        return identity_of(self.model, self.config, self.data, self.validation)

    @property
    def deferred(self):
        """Whether figures are read every few steps only; on a GPU reading one waits for all earlier work."""
        return self.device.type == "cuda"

    # --- what Lightning asks for

    def train_dataloader(self):
        """Batches from the current one to the last."""
        first, last = self.step * self.config.accumulate, self.config.steps * self.config.accumulate
        order = self._order(first, last)
        workers = self.config.workers
        return DataLoader(
            Drawn(self.data), batch_sampler=order, collate_fn=collate, num_workers=workers,
            generator=torch.Generator(),  # else it draws from the global one
            pin_memory=self.trainer.strategy.root_device.type == "cuda", persistent_workers=workers > 0,
        )  # fmt: skip

    def configure_optimizers(self):
        """One optimiser a part."""
        self.parts = parts_of(self.model)
        return [make_optimizer(self.config, name, parameters) for name, parameters in self.parts.items()]

    def on_fit_start(self):
        """Make the average and the logs, and return to the state of the training."""
        self.first_batch = self.step * self.config.accumulate
        self.figures.deferred = self.deferred
        self.ema = EMA(self.model, self.config.ema, not_averaged(self.config, self.parts), self.config.ema_buffers)
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
            drop_later(self.run_dir, self.step)
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
        stepped = [name for name in self.parts if config.steps_part(name, self.step + 1)]
        optimizers, plain = self._by_part(), self._by_part(wrapped=False)
        for name in stepped:
            with only(self.parts, name), seeded(self.device, "train", config.seed, number, self.global_rank, name):
                said = self.model.loss(batch, name) if len(self.parts) > 1 else self.model.loss(batch)
                figures = said if isinstance(said, dict) else {"loss": said}
                self._note(figures, name, number)
                self.manual_backward(figures["loss"] / config.accumulate)
            if whole:
                self.now = (name, number)
                for group in plain[name].param_groups:
                    group["lr"] = config.of_part("learning_rate", name) * config.factor(self.step, name)
                optimizers[name].step()
                optimizers[name].zero_grad()
                clip_weights(self.parts[name], config.of_part("clip_weights", name))
        if whole:
            self._end_step(batch, stepped)

    def on_before_optimizer_step(self, optimizer):
        """Clip the gradients, and stop where they are not finite, before they corrupt the weights."""
        name, number = self.now
        limit = self.config.of_part("clip", name)
        norm = torch.nn.utils.clip_grad_norm_(self.parts[name], math.inf if limit is None else limit)
        # in half precision an overflow is how the scaler finds its scale: it leaves the step out
        if self.config.precision != "16-mixed":
            self._check("gradient", name, norm, number)
        self.figures.add("gradient_norm" if name == WHOLE else f"{name}_gradient_norm", norm)

    # --- a step

    def _by_part(self, wrapped=True):
        """Optimisers by name; use Lightning's wrappers to step, but read and load states on the optimisers inside."""
        optimizers = self.optimizers(use_pl_optimizer=wrapped)
        return dict(zip(self.parts, optimizers if isinstance(optimizers, list) else [optimizers], strict=True))

    def _note(self, figures, part, number):
        if "loss" not in figures:
            raise InputError(f"the model's loss() returned {sorted(figures)} without 'loss'.")
        self._check("loss", part, figures["loss"], number, figures)
        for name, value in figures.items():
            if part != WHOLE:
                name = part if name == "loss" else f"{part}_{name}"
            self.figures.add(name, value)

    def _check(self, what, part, value, number, figures=None):
        """Stop where a loss or the norm of a gradient is not finite; on a GPU, watch it for `_look`."""
        if self.deferred:
            self.figures.watch((what, part), value, number)
            return
        value = float(value.detach() if isinstance(value, torch.Tensor) else value)
        if not math.isfinite(value):
            known = {k: float(v) for k, v in (figures or {}).items() if k != "loss"}
            self._stop(what, part, value, number, known)

    def _look(self):
        """Stop where anything that was watched is not finite."""
        bad = self.figures.first_bad()
        if bad is not None:
            (what, part), number = bad
            self._stop(what, part, "not finite", number)

    def _stop(self, what, part, value, number, figures=None):
        part, step = None if part == WHOLE else part, number // self.config.accumulate + 1
        name = {"loss": "the loss" + (f" of {part!r}" if part else ""), "gradient": "the norm of the gradient"}[what]
        indices, epochs = zip(*self._order(number, number + 1).batch(number), strict=True)
        rest = f" ({', '.join(f'{k} {v:.4g}' for k, v in figures.items())})" if figures else ""
        raise TrainingError(
            f"{name} is {value} in step {step}, batch {number + 1} (epoch {min(epochs) + 1}){rest}; records: "
            f"{record_names(self.data, indices)}. Look at these records, or lower the learning rate; "
            + (
                f"the last good state stays in {self.run_dir}."
                if (self.run_dir / STATE).is_file()
                else f"no state was saved before it (save_minutes is {self.config.save_minutes:g})."
            ),
            step=step, what=what, part=part,
        )  # fmt: skip

    def _order(self, first, last):
        """Order of this process's batches."""
        return BatchOrder(
            len(self.data), self.config.batch_size, first, last,
            seed=self.config.seed, rank=self.global_rank, processes=self.trainer.world_size,
        )  # fmt: skip

    def _end_step(self, batch, stepped):
        config = self.config
        if config.ema_parts is None or not set(config.ema_parts).isdisjoint(stepped):
            self.ema.update(self.model)
        self.step += 1
        last = self.step == config.steps
        minutes = (time.monotonic() - self.begun) / 60
        stop = last or (config.max_minutes is not None and minutes >= config.max_minutes)
        if self.trainer.world_size > 1:  # clocks differ
            stop = self.trainer.strategy.broadcast(stop)
        saving = stop or (time.monotonic() - self.saved) / 60 >= config.save_minutes
        logging_, validating, sampling = (self._is_due(n) for n in self._intervals())
        if logging_ or validating or sampling or saving:
            self._look()
        row = {}
        if logging_:
            row = self.figures.means()
            row["learning_rate"] = self._by_part_rate()
            self.figures.clear()
            if config.progress:
                self.log("loss", row.get("loss", next(iter(row.values()))), prog_bar=True)
        if validating and self.global_rank == 0:
            row |= {f"validation_{name}": value for name, value in self._validate().items()}
            self._keep_best(row)
        if sampling and self.global_rank == 0:
            row |= write_samples(self.run_dir, self.step, self._samples())
        if row and self.global_rank == 0:
            self.metrics.add({"step": self.step, "epoch": int(batch["epoch"].max()) + 1, **row, "minutes": minutes})
            if self.board is not None:
                for name, value in row.items():
                    self.board.add_scalar(name, value, self.step)
        if saving:
            self._save(stop)
        self.trainer.should_stop = self.trainer.should_stop or stop

    def _intervals(self):
        """Steps between lines, validations and samples; None for never."""
        config, validating = self.config, self.validation is not None and len(self.validation)
        return config.log_every, config.validate_every if validating else None, config.sample_every

    def _is_due(self, interval):
        return interval is not None and (self.step % interval == 0 or self.step == self.config.steps)

    def _keep_best(self, row):
        by = self.config.best_by
        if f"validation_{by}" not in row:
            known = ", ".join(name.removeprefix("validation_") for name in row if name.startswith("validation_"))
            raise InputError(f"best_by={by!r} is not a figure of the model's validation; it has: {known}.")
        value = row[f"validation_{by}"]
        if value < self.best_loss if self.config.best_is == "min" else value > self.best_loss:
            self.best_loss = value
            save_best(self.run_dir / BEST, self.ema, self.step, value)

    def _by_part_rate(self):
        return next(iter(self._by_part(wrapped=False).values())).param_groups[0]["lr"]

    def _save(self, stop):
        if self.global_rank == 0:
            scaler = getattr(self.trainer.precision_plugin, "scaler", None)
            best = self.best_loss if math.isfinite(self.best_loss) else math.copysign(1e300, self.best_loss)
            notes = {"step": self.step, "sums": self.figures.plain(), "best_loss": best}
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
                with seeded(self.device, "validate", self.config.seed, begin):
                    said = loss(batch)
                for name, value in (said if isinstance(said, dict) else {"loss": said}).items():
                    total[name] = total.get(name, 0.0) + float(value) * min(size, count - begin)
        self.model.train()
        return {name: value / count for name, value in total.items()}

    def _samples(self):
        """Samples of the averaged weights, in single precision as after the training."""
        self.model.eval()
        single = torch.autocast(self.device.type, enabled=False)
        with self.ema.applied(self.model), torch.no_grad(), single, seeded(self.device, "samples", self.config.seed):
            samples = self.model.samples(self.step)
        self.model.train()
        return samples


def _board(run_dir, step):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(
            "TensorBoard is not installed: python -m pip install 'seissynth[train]', or pass tensorboard=False"
        ) from error
    return SummaryWriter(str(run_dir / "tensorboard"), purge_step=step + 1)
