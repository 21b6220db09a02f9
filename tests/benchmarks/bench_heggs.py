"""Time of HEGGS on the CPU: each part in inference and training, and generation as a whole.

    python tests/benchmarks/bench_heggs.py [--config small] [--threads 1 2] [-o FILE]

Times of parts are CPU times of one process, ms a record, best of several: threads of one process add up, and what else
runs on the machine counts less than on the clock. Generation is also timed by the clock.
"""

import time

import numpy as np
import torch
from _bench import parser, print_table, show_and_keep

from seissynth.representations import LogSpectrogram, SpectrogramStatistics
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare, to_waveforms
from seissynth_plugins.heggs.networks.blocks import parameter_count
from seissynth_plugins.heggs.networks.config import SPECTROGRAM
from seissynth_plugins.heggs.networks.model import Heggs
from seissynth_plugins.heggs.networks.named_configs import SIZES, named_config

_BATCH = 8


def main():
    options = parser(__doc__)
    options.add_argument("--config", default="small")
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--parts-only", action="store_true", help="leave generation as a whole out")
    arguments = options.parse_args()
    show_and_keep(lambda: _report(arguments), arguments.output)


def _report(arguments):
    _sizes()
    model = Heggs(named_config(arguments.config))
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        print(f"\n`{arguments.config}`, {threads} thread(s), batch {_BATCH}, CPU ms a record:\n")
        _parts(model, arguments.repeats)
        if not arguments.parts_only:
            print(f"\nGeneration, {threads} thread(s), ten steps and 32 Griffin-Lim iterations:\n")
            _generation(model, threads, arguments.repeats)


def _sizes():
    rows = []
    for name in SIZES:
        with torch.device("meta"):
            model = Heggs(named_config(name))
        parts = [parameter_count(getattr(model, part)) for part in _PARTS]
        total = parameter_count(model)
        rows.append([f"`{name}`", *(f"{count:,}" for count in parts), f"{total:,}", f"{2e-6 * total:.1f}"])
    print("Trained values, and the size of a file in half precision:\n")
    print_table(["", *_PARTS, "all", "MB"], rows)


_PARTS = ("condition_encoder", "encoder", "unet", "decoder", "acm")


def _parts(model, repeats):
    columns = {}
    for dtype in (torch.float32, torch.bfloat16):
        for layout in (torch.contiguous_format, torch.channels_last):
            ready = prepare(model, precision="float32").to(dtype=dtype).to(memory_format=layout)
            columns[f"{str(dtype)[6:]}{' channels last' * (layout == torch.channels_last)}"] = _infer(
                ready, dtype, repeats
            )
    for autocast in (False, True):
        columns["train " + ("bfloat16 autocast" if autocast else "float32")] = _train(model, autocast, repeats)
    parts = list(next(iter(columns.values())))
    print_table(["", *columns], [[part, *(f"{times[part]:.1f}" for times in columns.values())] for part in parts])


def _calls(model, dtype):
    fmt = (
        {"memory_format": torch.channels_last}
        if model.encoder.leave.weight.is_contiguous(memory_format=torch.channels_last)
        else {}
    )
    x = torch.randn(_BATCH, *SPECTROGRAM, dtype=dtype).contiguous(**fmt)
    z = torch.randn(_BATCH, *model.config.latent_shape, dtype=dtype).contiguous(**fmt)
    t, condition = torch.full((_BATCH,), 7), torch.randn(_BATCH, model.config.condition.size)
    calls = {
        "encoder": lambda: model.encode(x),
        "U-Net, one step": lambda: model.predict(z, t, condition),
        "decoder": lambda: model.decode(z, corrected=False),
    }
    if model.acm is not None:
        calls["amplitude correction"] = lambda: model.correct(x)
    return calls


def _infer(model, dtype, repeats):
    with torch.inference_mode():
        return {name: _best(call, repeats) for name, call in _calls(model, dtype).items()}


def _train(model, autocast, repeats):
    model = model.train().to(memory_format=torch.channels_last)

    def step(call):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = call().square().mean()
        loss.backward()

    return {name: _best(lambda call=call: step(call), repeats) for name, call in _calls(model, torch.float32).items()}


def _best(call, repeats):
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1e3 * min(times) / _BATCH


def _generation(model, threads, repeats):
    count = 2 * _BATCH
    representation = LogSpectrogram()
    statistics = SpectrogramStatistics.plain(representation)
    condition, seeds = np.zeros((count, 11)), np.arange(count)
    source = np.random.default_rng(0).standard_normal((count, *SPECTROGRAM)).astype(np.float32)
    rows = []
    for precision in ("float32", "mixed"):
        ready = prepare(model, precision=precision)
        for given in (None, source):
            best_cpu = best_clock = np.inf
            for _ in range(repeats):
                cpu, clock = time.process_time(), time.perf_counter()
                x = generate_spectrograms(ready, condition, seeds, given, sampling=Sampling(steps=10, batch=_BATCH))
                to_waveforms(x, representation, statistics, seeds, workers=threads)
                best_cpu = min(best_cpu, time.process_time() - cpu)
                best_clock = min(best_clock, time.perf_counter() - clock)
            rows.append(
                [
                    precision,
                    "no" if given is None else "yes",
                    f"{1e3 * best_cpu / count:.0f}",
                    f"{1e3 * best_clock / count:.0f}",
                    f"{count / best_clock:.1f}",
                    f"{threads * count / best_cpu:.1f}",
                ]
            )
    print_table(
        ["precision", "source", "CPU ms a record", "clock ms a record", "records a second", "at full use of the cores"],
        rows,
    )


if __name__ == "__main__":
    main()
