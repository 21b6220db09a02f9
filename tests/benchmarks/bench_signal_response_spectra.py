"""Response spectra beside pyrotd and eqsig: run `python tests/benchmarks/bench_signal_response_spectra.py [-o FILE]`.

Times are CPU times of one thread in one run. pyrotd runs in one process (it starts a pool otherwise, which costs more);
it asks for `pkg_resources`, which newer setuptools lack, so an empty stand-in is put in its place. Errors are taken
against the band-limited motion: the padded record's spectrum times the oscillator's response, at 16 times the rate.
"""

import contextlib
import functools
import sys
import types

import numpy as np
from _bench import best_cpu_ms, parser, print_table, show_and_keep

from seissynth.signal import response_spectrum, rotd

RATE_HZ = 100.0
NPTS = 6000
DAMPING = 0.05
SPANS = ((0.01, 10.0), (0.05, 10.0), (0.2, 10.0))
PERIODS = 100


def record():
    """Three components of noise with an earthquake's shape in time, little near the Nyquist frequency."""
    rng = np.random.default_rng(0)
    time_s = np.arange(NPTS) / RATE_HZ
    lines = np.fft.rfft(rng.standard_normal((3, NPTS)) * (time_s / 10.0) * np.exp(-time_s / 5.0))
    frequency = np.fft.rfftfreq(NPTS, 1 / RATE_HZ)
    shape = (frequency / 0.5) ** 2 / (1 + (frequency / 0.5) ** 2) * np.exp(-np.pi * 0.03 * frequency)
    return np.fft.irfft(lines * shape / np.sqrt(1 + (frequency / 35.0) ** 12), NPTS)


def truth(data, periods):
    """PSA of the band-limited motion, rest before and after it."""
    nfft, finer = 16384, 16
    lines = np.fft.rfft(data, nfft)
    frequency = np.fft.rfftfreq(nfft, 1 / RATE_HZ)
    psa = []
    for period in periods:
        ratio = frequency * period
        response = np.fft.irfft(lines / (1 - ratio**2 + 2j * DAMPING * ratio), nfft * finer) * finer
        psa.append(np.abs(response).max(axis=-1))
    return np.array(psa).T


def peers():
    """Name -> function of (data, periods) giving PSA, and of (one, two, periods) giving RotD50 and RotD100."""
    single, rotated, missing = {}, {}, []
    try:
        from eqsig import sdof

        def by_eqsig(data, periods):
            return np.array([sdof.pseudo_response_spectra(row, 1 / RATE_HZ, periods, DAMPING)[2] for row in data])

        single["eqsig"] = by_eqsig
    except ImportError as error:
        missing.append(f"eqsig ({error})")
    try:
        with contextlib.suppress(ImportError):
            import pkg_resources  # noqa: F401
        if "pkg_resources" not in sys.modules:
            stand_in = types.ModuleType("pkg_resources")
            stand_in.get_distribution = lambda name: types.SimpleNamespace(version="0")
            sys.modules["pkg_resources"] = stand_in
        import pyrotd

        pyrotd.processes = 1

        def by_pyrotd(data, periods):
            spectra = [pyrotd.calc_spec_accels(1 / RATE_HZ, row, 1 / periods, DAMPING) for row in data]
            return np.array([spectrum["spec_accel"] for spectrum in spectra])

        def rotated_by_pyrotd(one, two, periods):
            found = pyrotd.calc_rotated_spec_accels(1 / RATE_HZ, one, two, 1 / periods, DAMPING, percentiles=[50, 100])
            return found["spec_accel"].reshape(-1, 2).T

        single["pyrotd"], rotated["pyrotd"] = by_pyrotd, rotated_by_pyrotd
    except ImportError as error:
        missing.append(f"pyrotd ({error})")
    return single, rotated, missing


def main():
    data = record()
    single, rotated, missing = peers()
    single = {"seissynth": lambda x, periods: response_spectrum(x, RATE_HZ, periods, DAMPING), **single}
    rotated = {"seissynth": lambda x, y, periods: rotd(x, y, RATE_HZ, periods, damping=DAMPING), **rotated}
    rows = []
    for first, last in SPANS:
        periods = np.geomspace(first, last, PERIODS)
        right = truth(data, periods)
        times = best_cpu_ms({name: functools.partial(f, data, periods) for name, f in single.items()})
        for name, function in single.items():
            error = np.abs(function(data, periods) / right - 1)
            rows.append((f"PSA, {first:g} to {last:g} s", name, times[name], times["seissynth"], error))
    periods = np.geomspace(0.05, 10.0, PERIODS)
    fine = rotated["seissynth"](*data[:2], periods)
    times = best_cpu_ms({name: functools.partial(f, *data[:2], periods) for name, f in rotated.items()}, repeats=4)
    for name, function in rotated.items():
        error = np.abs(function(*data[:2], periods) / fine - 1)
        rows.append(("RotD50 and RotD100, 0.05 to 10 s", name, times[name], times["seissynth"], error))
    print_table(
        ("", "", "CPU ms", "ratio", "worst error", "median error"),
        [
            (what, name, f"{took:.2f}", f"{took / ours:.0f}")
            + (tuple(f"{100 * x:.2g} %" for x in (error.max(), np.median(error))) if what[0] == "P" else ("", ""))
            for what, name, took, ours, error in rows
        ],
    )
    print(f"\n3 x {NPTS} samples at {RATE_HZ:g} Hz, {PERIODS} periods, damping {DAMPING:g}; RotD of two components.")
    if missing:
        print(f"Not installed here: {', '.join(missing)}.")


if __name__ == "__main__":
    show_and_keep(main, parser(__doc__).parse_args().output)
