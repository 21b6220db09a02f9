"""Records a second of the whole road beside hf-simulation, a Rust port of EMOD3D's high-frequency code, in one run.

    python tests/benchmarks/bench_hf_simulation.py PEER [--records 1000] [--rounds 5] [-o FILE]

PEER is a Python of 3.12 or later in whose environment ``pip install hf-simulation`` was run. Both make three components
of 60 s at 100 Hz at the same number of stations, from one point: hf-simulation arrays of S alone, seissynth Streams
with P, SV and SH. CPU time of one thread each, in turn; medians of rounds, and the range of their ratio. Nothing is
asserted.
"""

import subprocess
import sys
import time

import numpy as np
from _bench import parser, print_table, show_and_keep
from bench_generate import DURATION_S, bare_network, earthquake

import seissynth

_PEER = """
import sys, time
import numpy as np
from hf_simulation import FaultSegment, HfConfig, RecordParameters, Simulator, SlipModel, VelocityModel1D, station_seeds
count, duration = int(sys.argv[1]), float(sys.argv[2])
one = lambda value: np.full((1, 1), value, np.float32)
segment = FaultSegment(
    longitude_deg=-117.5, latitude_deg=35.7, strike_deg=220.0, dip_deg=70.0, rake_deg=160.0, top_depth_km=7.0,
    subfault_length_km=1.5, subfault_width_km=1.5, hypocentre_along_strike_km=0.0, hypocentre_down_dip_km=0.75,
    slip=one(50.0), rise_time_s=one(0.5), rupture_time_s=one(0.0), stress_drop_bars=one(50.0),
)
layers = VelocityModel1D(
    thickness_km=np.array([1.0, 2.0, 0.0], np.float32), vp_km_s=np.array([3.0, 5.0, 6.0]),
    vsh_km_s=np.array([1.5, 2.8, 3.5]), density_g_cm3=np.array([2.1, 2.5, 2.7]),
    quality_factor_p=np.array([100.0, 200.0, 400.0], np.float32),
    quality_factor_s=np.array([50.0, 100.0, 200.0], np.float32), vs_moho_km_s=999.9,
)
simulator = Simulator(SlipModel([segment]), layers, HfConfig(record=RecordParameters(duration_s=duration, dt=0.01)))
rng = np.random.default_rng(0)
a, b = rng.uniform(-0.6, 0.6, (count, 2)).T
arguments = dict(
    latitude_deg=(35.7 + a).astype(np.float32), longitude_deg=(-117.5 + b).astype(np.float32),
    station_seed=station_seeds(1, [f"S{i}" for i in range(count)]), kappa_s=np.full(count, 0.045, np.float32),
    q_frequency_exponent=np.full(count, 0.6, np.float32),
)
for _ in sys.stdin:
    begin = time.process_time()
    data = simulator.run_stations(**arguments)
    print(time.process_time() - begin, data.shape[2], flush=True)
"""


def main():
    """Measure and print."""
    options = parser(__doc__)
    options.add_argument("peer", help="Python of the environment with hf-simulation")
    options.add_argument("--records", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=5)
    arguments = options.parse_args()
    show_and_keep(lambda: measure(arguments), arguments.output)


def measure(arguments):
    """Print a table."""
    count = arguments.records
    inventory, event = bare_network(count), earthquake()
    seissynth.generate(bare_network(3), event, duration=DURATION_S)
    roads = {
        "acceleration": {}, "velocity": {"output": "VEL"},
        "acceleration, `active_windows`": {"preset": "active_windows"},
    }  # fmt: skip
    spent = {name: [] for name in ("hf-simulation, acceleration", *roads)}
    with subprocess.Popen(
        [arguments.peer, "-c", _PEER, str(count), str(DURATION_S)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as peer:
        for _ in range(arguments.rounds):
            peer.stdin.write("\n")
            peer.stdin.flush()
            seconds, npts = peer.stdout.readline().split()
            if int(npts) != round(DURATION_S * 100):
                sys.exit(f"the peer made {npts} samples")
            spent["hf-simulation, acceleration"].append(float(seconds))
            for name, road in roads.items():
                begin = time.process_time()
                seissynth.generate(inventory, event, duration=DURATION_S, **{"output": "ACC", **road})
                spent[name].append(time.process_time() - begin)
        peer.stdin.close()
    theirs = np.array(spent["hf-simulation, acceleration"])
    rows = []
    for name, seconds in spent.items():
        ratio = theirs / np.array(seconds)
        between = f"{np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f})"
        rows.append([name, f"{count / np.median(seconds):.0f}", between])
    print_table(("what", "records a second and core", "over hf-simulation's"), rows)


if __name__ == "__main__":
    main()
