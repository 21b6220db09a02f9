"""Wood-Anderson traces beside ObsPy and two short ways: run `python tests/benchmarks/bench_signal_woodanderson.py`.

Times are CPU times of one thread in one run. Errors are taken against the continuous instrument's response, for sines
that have been on for long enough, up to 0.4 and 0.9 of the Nyquist frequency.
"""

import numpy as np
from _bench import best_cpu_ms, parser, print_table, show_and_keep

from seissynth.signal.woodanderson import DAMPING, GAIN, PERIOD_S, wood_anderson, wood_anderson_response

RATE_HZ = 100.0
NPTS = 6000

#: sines, as shares of the Nyquist frequency
SHARES = np.concatenate([np.geomspace(0.004, 0.1, 12), np.linspace(0.125, 0.9, 32)])

#: where a sine's amplitude and phase are measured
STEADY = slice(1500, 4500)


def obspy_simulate(data):
    """ObsPy as its users call it, without taper and mean, which are not the instrument's."""
    from obspy.signal.invsim import simulate_seismometer

    natural = 2 * np.pi / PERIOD_S
    pole = natural * complex(-DAMPING, np.sqrt(1 - DAMPING**2))
    instrument = {"poles": [pole, pole.conjugate()], "zeros": [0j], "gain": 1.0, "sensitivity": GAIN * 1e3}
    options = {"paz_simulate": instrument, "zero_mean": False, "taper": False, "pitsasim": False}
    return np.array([simulate_seismometer(row, RATE_HZ, **options) for row in data])


def padded_fft(data):
    """The response at the frequencies of a padded record."""
    from scipy.fft import irfft, next_fast_len, rfft

    nfft = next_fast_len(NPTS + 400, real=True)
    response = wood_anderson_response(np.fft.rfftfreq(nfft, 1 / RATE_HZ))
    return irfft(rfft(data, nfft) * response, nfft)[..., :NPTS]


def bilinear(data):
    """The recursion that the bilinear transform gives."""
    from scipy.signal import bilinear as transform
    from scipy.signal import lfilter

    natural = 2 * np.pi / PERIOD_S
    b, a = transform([GAIN * 1e3, 0.0], [1.0, 2 * DAMPING * natural, natural**2], RATE_HZ)
    return lfilter(b, a, data)


def largest_error(function, upto):
    """Return the largest relative error of the complex amplitude of sines up to a share of Nyquist."""
    worst = 0.0
    time_s = np.arange(NPTS) / RATE_HZ
    for share in SHARES[upto + 1e-9 > SHARES]:
        frequency = share * RATE_HZ / 2
        phase = 2 * np.pi * frequency * time_s
        basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)
        trace = function(np.tile(basis[:, 0], (3, 1)))[0]
        part = np.linalg.lstsq(basis[STEADY], trace[STEADY], rcond=None)[0]
        worst = max(worst, abs(complex(*part) / complex(wood_anderson_response(frequency)) - 1))
    return worst


def main():
    data = np.random.default_rng(0).standard_normal((3, NPTS))
    functions = {
        "seissynth": lambda x: wood_anderson(x, RATE_HZ),
        "ObsPy simulate": obspy_simulate,
        "padded FFT": padded_fft,
        "bilinear recursion": bilinear,
    }
    times = best_cpu_ms({name: lambda f=function: f(data) for name, function in functions.items()}, repeats=15)
    rows = [
        [name, f"{times[name]:.3f}", f"{times[name] / times['seissynth']:.1f}"]
        + [f"{100 * largest_error(function, upto):.2f} %" for upto in (0.2, 0.4, 0.9)]
        for name, function in functions.items()
    ]
    print(f"\nvelocity, 3 x {NPTS} samples at {RATE_HZ:g} Hz\n")
    print_table(("", "ms", "/ ours", "error to 0.2 Nyquist", "to 0.4", "to 0.9"), rows)
    single = data.astype(np.float32)
    times = best_cpu_ms({"": lambda: wood_anderson(single, RATE_HZ)})
    print(f"\nfloat32: {times['']:.3f} ms")
    many = np.random.default_rng(1).standard_normal((1000, 3, NPTS)).astype(np.float32)
    times = best_cpu_ms({"": lambda: wood_anderson(many, RATE_HZ)}, repeats=2)
    print(f"1000 x 3 x {NPTS} float32: {times[''] / 1000 * 1e3:.0f} µs a record of three components")


if __name__ == "__main__":
    show_and_keep(main, parser(__doc__).parse_args().output)
