"""Records a second of SWaG on the CPU, against products of matrices of the same run.

    python tests/benchmarks/bench_swag.py [--config small] [--steps 8] [--guidance 1 1.5] [--threads 2] [-o FILE]

The peer is what the processor can do at best: the network's own number of multiplications as products of large square
matrices. The weights are random, which takes the same time as trained ones. With guidance each step takes two passes.
"""

import time

import numpy as np
import torch
from _bench import parser, print_table, show_and_keep

from seissynth_plugins.swag.config import named_config
from seissynth_plugins.swag.generation import Sampling, generate_columns, prepare
from seissynth_plugins.swag.network import Swag
from seissynth_plugins.torchkit.precision import multiplies_bfloat16

_BATCH = 16
_SIDE = 1024


def main():
    options = parser(__doc__)
    options.add_argument("--config", nargs="+", default=["small", "small+100hz", "small_500"])
    options.add_argument("--steps", type=int, default=8)
    options.add_argument("--guidance", nargs="+", type=float, default=[1.0, 1.5])
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=3)
    arguments = options.parse_args()
    show_and_keep(lambda: _report(arguments), arguments.output)


def _report(arguments):
    torch.set_num_threads(arguments.threads)
    words = "with" if multiplies_bfloat16(torch.device("cpu")) else "without"
    print(f"{arguments.threads} thread(s), {arguments.steps} steps, processor {words} instructions for bfloat16:\n")
    rows = []
    for name in arguments.config:
        model = Swag(named_config(name))
        for precision, dtype in (("float32", torch.float32), ("mixed", torch.bfloat16)):
            if precision == "mixed" and words == "without":
                continue
            ready = prepare(model, "cpu", precision)
            square = torch.randn(_SIDE, _SIDE).to(dtype)
            product = _least(lambda x: x @ x, square, arguments) / _SIDE**3
            for guidance in arguments.guidance:
                sampling = Sampling(steps=arguments.steps, guidance=guidance, batch=_BATCH)
                spent = _least(lambda made, wanted=sampling: _generate(made, wanted), ready, arguments) / _BATCH
                work = multiplications(model.config) * arguments.steps * (1 if guidance == 1 else 2)
                rows.append(
                    [f"`{name}`", precision, f"{guidance:g}", f"{1 / spent:.1f}", f"{1e3 * spent:.0f}",
                     f"{1e-9 * work:.1f}", f"{spent / (work * product):.1f}"]
                )  # fmt: skip
    header = ["configuration", "precision", "guidance", "records a second", "ms a record", "10^9 multiplications"]
    print_table([*header, "time / matrices"], rows)


def multiplications(config):
    """Of one pass and record: the linear layers of the tokens and attention."""
    tokens, width = config.tokens + config.log_scale, config.width
    block = (4 + 2 * config.mlp_ratio) * width**2 + 2 * tokens * width
    embed = 3 * config.patch * width + 3 * width**2 + 3 * config.patch * width
    return tokens * (config.blocks * block + embed)


def _generate(ready, sampling):
    labels = np.tile([[5.0, 9.0, 2.0]], (_BATCH, 1))
    generate_columns(ready, labels, np.zeros(_BATCH, int), range(_BATCH), sampling)


def _least(function, value, arguments):
    times = []
    for _ in range(arguments.repeats):
        begin = time.perf_counter()
        with torch.inference_mode():
            function(value)
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    main()
