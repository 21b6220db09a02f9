"""Konno-Ohmachi smoothing beside ObsPy, pykooh and hvsrpy: run `python tests/benchmarks/bench_signal_konnoohmachi.py`.

Every peer that can be imported is timed in the same run, on one thread, and compared with the formula in NumPy.
`--most` is the most frequencies of which all are centres (default 4096; 32768 takes minutes).
hvsrpy's smoothing is loaded from its own file, since the package as a whole needs shapely and more.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
from _bench import best_cpu_ms, parser, print_table, show_and_keep

from seissynth.signal.konnoohmachi import konno_ohmachi, log_centers

BANDWIDTH = 40.0
RATE_HZ = 100.0

#: centres at which results are compared with the formula
COMPARED = 200


def definition(spectrum, frequencies, centers):
    """Return the formula as written, whole window, rows of weights summing to one."""
    out = []
    for center in centers:
        u = BANDWIDTH * np.log10(frequencies / center)
        weights = np.ones_like(u)
        np.divide(np.sin(u), u, out=weights, where=u != 0)
        out.append(spectrum @ weights**4 / (weights**4).sum())
    return np.array(out)


def peers(spectrum, frequencies, centers, everywhere):
    """Return name -> function that smooths, of what is installed; the others are named."""
    found = {}
    if everywhere:  # ObsPy knows no other centres
        from obspy.signal.konnoohmachismoothing import konno_ohmachi_smoothing

        options = {"bandwidth": BANDWIDTH, "normalize": True, "enforce_no_matrix": True}
        found["ObsPy"] = lambda: konno_ohmachi_smoothing(spectrum, frequencies, **options)
    try:
        import pykooh

        found["pykooh"] = lambda: pykooh.smooth(centers, frequencies, spectrum, BANDWIDTH)
        found["pykooh, main lobe"] = lambda: pykooh.smooth(centers, frequencies, spectrum, BANDWIDTH, simplified=True)
    except ImportError as error:
        print(f"pykooh: {error}")
    package = importlib.util.find_spec("hvsrpy")
    if package is None:
        print("hvsrpy: not installed")
    else:
        path = Path(package.submodule_search_locations[0]) / "smoothing.py"
        spec = importlib.util.spec_from_file_location("hvsrpy_smoothing", path)
        hvsrpy = sys.modules["hvsrpy_smoothing"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(hvsrpy)
        found["hvsrpy, main lobe"] = lambda: hvsrpy.konno_and_ohmachi(
            frequencies, spectrum[np.newaxis], centers, BANDWIDTH
        )[0]
    return found


def compare(title, spectrum, frequencies, centers, everywhere):
    """Print one table."""
    functions = {
        "seissynth, main lobe": lambda: konno_ohmachi(spectrum, frequencies, centers, BANDWIDTH),
        "seissynth, exact": lambda: konno_ohmachi(spectrum, frequencies, centers, BANDWIDTH, exact=True),
        **peers(spectrum, frequencies, centers, everywhere),
    }
    at = np.unique(np.linspace(0, len(centers) - 1, COMPARED).astype(int))
    true = definition(spectrum, frequencies, centers[at])
    times = best_cpu_ms(functions, repeats=3)
    ours, exact = times["seissynth, main lobe"], times["seissynth, exact"]
    print(f"\n{title}\n")
    rows = []
    for name, function in functions.items():
        error = np.abs(function()[at] / true - 1)
        rows.append(
            [name, f"{times[name]:.3g}", f"{times[name] / ours:.1f}", f"{times[name] / exact:.2f}"]
            + [f"{value:.1e}" for value in (np.nanmedian(error), np.nanmax(error))]
        )
    print_table(("", "ms", "/ main lobe", "/ exact", "median error", "largest error"), rows)


def main(most):
    rng = np.random.default_rng(0)
    for bins in (4096, 32768):
        frequencies = np.arange(1, bins + 1) * (RATE_HZ / 2 / bins)
        noise = np.abs(rng.standard_normal(bins) + 1j * rng.standard_normal(bins))
        centers = log_centers(frequencies, 200, BANDWIDTH)
        compare(f"{bins} frequencies, 200 log-spaced centres", noise, frequencies, centers, False)
        if bins <= most:
            compare(f"{bins} frequencies, all of them centres", noise, frequencies, frequencies, True)
    frequencies = np.fft.rfftfreq(6000, 1 / RATE_HZ)
    batch = np.abs(rng.standard_normal((300, frequencies.size)))
    for name, centers in (("200 log-spaced centres", log_centers(frequencies)), ("all centres", frequencies)):
        times = best_cpu_ms({"": lambda centers=centers: konno_ohmachi(batch, frequencies, centers)}, repeats=2)
        print(f"\n300 spectra of {frequencies.size} frequencies, {name}: {times[''] / 300 * 1e3:.1f} µs a spectrum")


if __name__ == "__main__":
    command = parser(__doc__)
    command.add_argument("--most", type=int, default=4096, help="most frequencies of which all are centres")
    arguments = command.parse_args()
    show_and_keep(lambda: main(arguments.most), arguments.output)
