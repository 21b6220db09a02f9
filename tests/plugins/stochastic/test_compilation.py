"""What is compiled ahead for the first record is what the record uses."""

import json
import subprocess
import sys

_CODE = """
import importlib, json
import numpy as np
import seissynth
from seissynth_plugins.stochastic.compilation import NOISE, compile_noise, compile_shaping
from seissynth_plugins.stochastic.parameters import Parameters
from seissynth_plugins.stochastic.simulation import RecordMaker
from seissynth_plugins.stochastic.spectra import GridCache

NOISE.start = lambda: None
inside = "seissynth_plugins.stochastic."
kernels = [
    inside + "_series_kernels:series_rows", inside + "_shaping_kernels:shape_rows",
    inside + "_shaping_kernels:finish_rows", inside + "_kernels:corner_shape", inside + "_kernels:weighted_rows",
    "seissynth.signal._motion_kernels:integrate_rows",
]

def signatures():
    found = {}
    for kernel in kernels:
        module, name = kernel.split(":")
        found[name] = list(map(str, getattr(importlib.import_module(module), name).signatures))
    return found

parameters = Parameters()
compile_noise()
compile_shaping(RecordMaker(parameters, GridCache(parameters)))
ahead = signatures()
inventory, event = seissynth.read_example()
seissynth.generate(inventory, event, duration=20)
print(json.dumps([ahead, signatures()]))
"""


def test_the_first_record_compiles_none_of_these_loops_again():
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True)
    ahead, after = json.loads(done.stdout)
    del ahead["weighted_rows"], after["weighted_rows"]  # the random terms' only
    assert all(len(signatures) == 1 for signatures in ahead.values())
    assert after == ahead
