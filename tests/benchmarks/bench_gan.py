"""Records a second of the adversarial systems' generators on the CPU.

    python tests/benchmarks/bench_gan.py [--threads 2] [--records 64] [-o FILE]

The weights are random, which takes the same time as trained ones. CPU times of the process, and the clock beside; the
peer is a product of two matrices of 1024 rows and columns in the same run.
"""

import time

import torch
from _bench import parser, print_table, show_and_keep

from seissynth_plugins.bbgan import config as bbgan_config
from seissynth_plugins.bbgan import network as bbgan
from seissynth_plugins.conseisgen import config as conseisgen_config
from seissynth_plugins.conseisgen import network as conseisgen
from seissynth_plugins.dgm import config as dgm_config
from seissynth_plugins.dgm import network as dgm
from seissynth_plugins.seismogen import network as seismogen
from seissynth_plugins.seismogen.config import SIZES as SEISMOGEN
from seissynth_plugins.wgan_gp.config import SIZES as WGAN_GP

SYSTEMS = {
    "seismogen base": (seismogen.Generator, SEISMOGEN["base"], 1),
    "seismogen small": (seismogen.Generator, SEISMOGEN["small"], 1),
    "wgan_gp run1": (seismogen.Generator, WGAN_GP["run1"], 1),
    "conseisgen authors": (conseisgen.Generator, conseisgen_config.SIZES["authors"], 1),
    "conseisgen small": (conseisgen.Generator, conseisgen_config.SIZES["small"], 1),
    "bbgan authors": (bbgan.Generator, bbgan_config.SIZES["authors"], 3),
    "bbgan small": (bbgan.Generator, bbgan_config.SIZES["small"], 3),
    "dgm small": (dgm.Generator, dgm_config.SIZES["small"], 0),
}
_BATCH, _SIDE = 16, 1024


def main():
    options = parser(__doc__)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--records", type=int, default=64)
    arguments = options.parse_args()
    show_and_keep(lambda: _report(arguments), arguments.output)


def _report(arguments):
    torch.set_num_threads(arguments.threads)
    square = torch.randn(_SIDE, _SIDE)
    product, _ = _times(lambda: square @ square)
    rows = []
    for name, (make, config, conditions) in SYSTEMS.items():
        network = make(config).eval()
        together = _BATCH if getattr(network, "in_batches", False) else 1
        z = torch.randn(together, *network.latent_shape)
        about = (torch.randn(together, conditions),) if conditions else ()

        def run(network=network, z=z, about=about, together=together):
            for _ in range(arguments.records // together):
                network(z, *about)

        cpu, clock = _times(run)
        count = arguments.records // together * together
        size = sum(parameter.numel() for parameter in network.parameters())
        rows.append(
            [f"`{name}`", f"{config.npts / config.sampling_rate_hz:g} s, {config.sampling_rate_hz:g} Hz", f"{size:,}",
             f"{2e-6 * size:.1f}", f"{1e3 * cpu / count:.1f}", f"{count / clock:.0f}", f"{cpu / count / product:.2f}"]
        )  # fmt: skip
    print_table(
        ["network", "record", "values", "MB", "CPU ms a record", "records a second", "CPU time / product"], rows
    )


def _times(function, repeats=3):
    """Least CPU time and clock time, s, behind a first call."""
    with torch.inference_mode():
        function()
        cpu, clock = [], []
        for _ in range(repeats):
            begin = time.process_time(), time.perf_counter()
            function()
            cpu.append(time.process_time() - begin[0])
            clock.append(time.perf_counter() - begin[1])
    return min(cpu), min(clock)


if __name__ == "__main__":
    main()
