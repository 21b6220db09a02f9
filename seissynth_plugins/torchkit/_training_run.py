"""One call of `seissynth_plugins.torchkit.training.train`: files in the folder, the loop, and its results."""

import logging
import re
import warnings

import lightning
import torch

from seissynth.errors import InputError, TrainingError
from seissynth_plugins.torchkit import precision
from seissynth_plugins.torchkit._training_parts import parts_of
from seissynth_plugins.torchkit.checkpoints import read_tensors
from seissynth_plugins.torchkit.figures import Figures
from seissynth_plugins.torchkit.lightning_loop import Loop
from seissynth_plugins.torchkit.train_config import FREE_FIELDS
from seissynth_plugins.torchkit.training_files import BEST, METRICS, STATE, check_same, part_of, read_state


def run(module, data, config, run_dir, resume, validation):
    """See `seissynth_plugins.torchkit.training.train`."""
    from seissynth_plugins.torchkit.training import TrainResult

    on_cpu = config.accelerator == "cpu" or not torch.cuda.is_available()
    if config.precision == "16-mixed" and on_cpu:
        raise InputError('precision="16-mixed" needs a GPU; pass "bf16-mixed" or "32-true" on the CPU.')
    if config.precision == "bf16-mixed" and on_cpu and _has_lstm(module) and not precision.lstm_takes_bfloat16():
        raise InputError(
            f'precision="bf16-mixed": {type(module).__name__} has an LSTM, which PyTorch cannot run in bfloat16 on '
            'this processor; pass "32-true".'
        )
    config.check_against(list(parts_of(module)))
    if config.sample_every is not None and not hasattr(module, "samples"):
        raise InputError(
            f"sample_every={config.sample_every} asks for samples, but {type(module).__name__} has no samples(step); "
            "pass sample_every=None."
        )
    paths = {name: run_dir / name for name in (STATE, BEST, METRICS)}
    loop = Loop(module, data, config, run_dir, validation)
    notes = {"step": 0}
    if not resume:
        for path in paths.values():
            path.unlink(missing_ok=True)
    elif paths[STATE].exists():
        loop.start, notes = read_state(paths[STATE])
        check_same(paths[STATE], notes, loop.identity(), FREE_FIELDS)
        loop.step, loop.best_loss = notes["step"], notes["best_loss"]
        loop.figures = Figures(notes["sums"])
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


def _has_lstm(module):
    return any(isinstance(part, torch.nn.LSTM) for part in module.modules())


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
            raise (_error_of(message.strip()) if name else error) from error
        finally:
            quiet.setLevel(level)


def _error_of(message):
    """Rebuild the error of another process from its text."""
    step, part = re.search(r" in step (\d+), batch", message), re.match(r"the loss of '([^']*)'", message)
    what = "gradient" if message.startswith("the norm") else "loss"
    if step is None:
        return TrainingError(message)
    return TrainingError(message, step=int(step[1]), what=what, part=part and part[1])
