"""How fast the shipped network of HEGGS runs on a device, and how near its peak that is.

    python tests/benchmarks/bench_heggs_device.py [--device cpu] [--batch 8 64] [--threads 2] [-o FILE]

Records a second of the network alone (encoder left out, as without a source), counted operations a record, and the
share of what the same device reaches in the same run with a large product of matrices in the precision that most of
the network runs in; then the whole road through ``generate``, whose phases are found on the CPU,
where ObsPy is installed. Nothing is asserted.
"""

import importlib.util
import time
import warnings

import numpy as np
import torch
from _bench import parser, print_table, show_and_keep
from torch.utils.flop_counter import FlopCounterMode

import seissynth
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare

REPEATS = 5
#: side of the matrices whose product stands for the peak
SIDE = {"cpu": 3072, "cuda": 8192}


def best_s(call, device):
    """Least time of several calls, s; the first one warms up."""
    took = []
    for _ in range(REPEATS + 1):
        begin = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        took.append(time.perf_counter() - begin)
    return min(took[1:])


def peak(device, dtype):
    """Operations a second of a product of matrices."""
    side = SIDE[device.type]
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    with torch.inference_mode():
        return 2 * side**3 / best_s(lambda: a @ b, device)


def _measure(arguments):
    torch.set_num_threads(arguments.threads)
    backend = seissynth.get_backend("heggs")(device=arguments.device)
    network, device = backend.load_network()
    model, steps = prepare(network, device, backend.precision), backend.sampling["steps"]
    dtype = next(model.unet.parameters()).dtype
    top, rows, rng = peak(device, dtype), [], np.random.default_rng(0)
    for batch in arguments.batch:
        condition, seeds = rng.standard_normal((batch, model.config.condition.size)), np.arange(batch)
        onsets = np.tile([5.0, 9.0], (batch, 1)) if model.config.unet.onset_maps else None
        sampling = Sampling(steps=steps, batch=batch, spread=False)

        def call(condition=condition, seeds=seeds, onsets=onsets, sampling=sampling):
            generate_spectrograms(model, condition, seeds, None, onsets, sampling)

        with FlopCounterMode(display=False) as counter:
            call()
        operations, seconds = counter.get_total_flops(), best_s(call, device)
        rows.append(
            [f"{batch}", f"{batch / seconds:.1f}", f"{operations / batch / 1e9:.1f}",
             f"{operations / seconds / 1e12:.3f}", f"{100 * operations / seconds / top:.0f} %"]
        )  # fmt: skip
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {arguments.threads} threads"
    print(f"{name}: {steps} steps, {dtype}, product of matrices {top / 1e12:.3f} TFLOP/s\n")
    header = ["batch", "records a second, network", "GFLOP a record", "TFLOP/s", "share of the product of matrices"]
    print_table(header, rows)
    if importlib.util.find_spec("obspy") is None:
        print("\nthe whole road: left out, ObsPy is not installed")
        return
    from bench_heggs_generate import OPTIONS, STATIONS, earthquake, network

    stations, event = network(), earthquake()
    options = OPTIONS | {"backend": seissynth.get_backend("heggs")(device=arguments.device, batch=STATIONS)}
    took = best_s(lambda: seissynth.generate(stations, event, **options), device)
    print(f"\nthe whole road, {STATIONS} records in one call: {STATIONS / took:.1f} records a second")


def main():
    """Measure."""
    command = parser(__doc__)
    command.add_argument("--device", default="cpu")
    command.add_argument("--batch", type=int, nargs="+", default=[8, 64])
    command.add_argument("--threads", type=int, default=2)
    arguments = command.parse_args()
    warnings.simplefilter("ignore", seissynth.errors.SeisSynthWarning)
    show_and_keep(lambda: _measure(arguments), arguments.output)


if __name__ == "__main__":
    main()
