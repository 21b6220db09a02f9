"""What librosa makes, with its loops as plain Python: to compile them takes a quarter of a minute."""

import os
import pickle
import subprocess
import sys
from importlib.util import find_spec

import pytest

_CODE = """
import pickle, sys
import numba
numba.guvectorize = numba.vectorize = numba.stencil = lambda *_, **__: lambda function: function
import librosa
name, calls = pickle.load(sys.stdin.buffer)
pickle.dump([getattr(librosa, name)(data, **options) for data, options in calls], sys.stdout.buffer)
"""


def librosa_makes(name, *calls):
    """Results of calls of a function of librosa, each given as an array and keywords; skips where it is absent."""
    if find_spec("librosa") is None:
        pytest.skip("librosa is not installed")
    done = subprocess.run(
        [sys.executable, "-c", _CODE],
        input=pickle.dumps((name, calls)),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return pickle.loads(done.stdout)
