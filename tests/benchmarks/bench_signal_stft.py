"""STFT, its inverse and Griffin-Lim beside librosa, SciPy and torch: `python tests/benchmarks/bench_signal_stft.py`.

64 records of three components, 6000 samples, float32, Hann window of 128 samples, hop 16, zero padding. All on one
thread, CPU time, the functions taking turns; then ours on two threads, wall time. Packages that are not installed
are named. Nothing here can fail.
"""

import time

import numpy as np
from _bench import best_cpu_ms, parser, print_table, show_and_keep

from seissynth.signal import STFT, griffinlim

SHAPE = (64, 3, 6000)
NFFT, HOP, ITERATIONS, MOMENTUM = 128, 16, 32, 0.99
NPTS = SHAPE[-1]


def reference(x):
    """The transform by its formula, in double precision."""
    padded = np.pad(x.astype(float), [(0, 0)] * (x.ndim - 1) + [(NFFT // 2, NFFT // 2)])
    window = np.hanning(NFFT + 1)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(padded, NFFT, axis=-1)[..., ::HOP, :]
    return np.fft.rfft(frames * window).swapaxes(-1, -2)


def peers(x):
    """Functions of installed packages, by name: (forward, inverse of its own spectrum, factor of its spectrum)."""
    import scipy.signal

    window = scipy.signal.get_window("hann", NFFT).astype(np.float32)
    short = scipy.signal.ShortTimeFFT(window, HOP, 1.0, mfft=NFFT, phase_shift=None)
    own = short.stft(x)
    keep = {"nperseg": NFFT, "noverlap": NFFT - HOP}
    _, _, scaled = scipy.signal.stft(x, window=window, **keep)
    found, missing = {}, []
    found["ShortTimeFFT"] = (lambda: short.stft(x), lambda: short.istft(own, k1=NPTS))
    found["scipy.signal.stft/istft"] = (
        lambda: scipy.signal.stft(x, window=window, **keep)[2] * np.float32(NFFT / 2),  # without its scale factor
        lambda: scipy.signal.istft(scaled, window=window, **keep)[1],
    )
    try:
        import librosa

        shape = {"n_fft": NFFT, "hop_length": HOP}
        theirs = librosa.stft(x, **shape)
        found["librosa"] = (
            lambda: librosa.stft(x, **shape),
            lambda: librosa.istft(theirs, **shape, length=NPTS),
        )
    except ImportError:
        missing.append("librosa")
    try:
        import torch

        torch.set_num_threads(1)
        rows, hann = torch.from_numpy(x.reshape(-1, NPTS)), torch.hann_window(NFFT)
        spectrum = torch.stft(rows, NFFT, HOP, window=hann, pad_mode="constant", return_complex=True)
        found["torch"] = (
            lambda: torch.stft(rows, NFFT, HOP, window=hann, pad_mode="constant", return_complex=True).numpy(),
            lambda: torch.istft(spectrum, NFFT, HOP, window=hann, length=NPTS).numpy(),
        )
    except ImportError:
        missing.append("torch")
    return found, missing


def torch_griffinlim(magnitude, phases):
    """The fast Griffin-Lim algorithm with torch's transforms, which has none itself."""
    import torch

    hann = torch.hann_window(NFFT)
    m = torch.from_numpy(magnitude.reshape(-1, *magnitude.shape[-2:]))
    guess = torch.polar(m, torch.from_numpy(phases.astype(np.float32).reshape(m.shape)))
    last = torch.zeros_like(guess)
    for _ in range(ITERATIONS):
        signal = torch.istft(guess, NFFT, HOP, window=hann, length=NPTS)
        rebuilt = torch.stft(signal, NFFT, HOP, window=hann, pad_mode="constant", return_complex=True)
        guess = rebuilt - MOMENTUM / (1 + MOMENTUM) * last
        guess = m * guess / (guess.abs() + 1e-16)
        last = rebuilt
    return torch.istft(guess, NFFT, HOP, window=hann, length=NPTS).numpy().reshape(SHAPE)


def level_db(signal, magnitude):
    """Spectral convergence of a whole batch."""
    misfit = abs(reference(signal)) - magnitude
    return 20 * np.log10(np.linalg.norm(misfit) / np.linalg.norm(magnitude))


def best_wall_ms(functions, repeats=3):
    """Best wall time, the functions taking turns."""
    best = dict.fromkeys(functions, np.inf)
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - start))
    return best


def show(title, times, errors, unit):
    """Print one table, ours first."""
    ours = times["seissynth"]
    print(f"\n{title}\n")
    rows = [[name, f"{ms:.1f}", f"{ms / ours:.2f}", errors[name]] for name, ms in times.items()]
    print_table(["", "ms", "ratio to ours", unit], rows)


def main():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(SHAPE, dtype=np.float32)
    stft = STFT(NFFT, HOP)
    spectrum, expected = stft.forward(x), reference(x)
    found, missing = peers(x)

    forward = {"seissynth": lambda: stft.forward(x)} | {name: pair[0] for name, pair in found.items()}
    inverse = {"seissynth": lambda: stft.inverse(spectrum, NPTS)} | {name: pair[1] for name, pair in found.items()}

    def forward_error(name):
        result = np.asarray(forward[name]()).reshape(*SHAPE[:-1], NFFT // 2 + 1, -1)
        if name == "ShortTimeFFT":  # starts with frames that only reach into the record
            result = result[..., NFFT // 2 // HOP - 1 :] if result.shape[-1] > expected.shape[-1] else result
        return f"{abs(result[..., : expected.shape[-1]] - expected).max():.1e}"

    def inverse_error(name):
        return f"{abs(np.asarray(inverse[name]()).reshape(*SHAPE[:-1], -1)[..., :NPTS] - x).max():.1e}"

    show("STFT", best_cpu_ms(forward, 15), {name: forward_error(name) for name in forward}, "worst error")
    show("ISTFT", best_cpu_ms(inverse, 15), {name: inverse_error(name) for name in inverse}, "worst error")

    magnitude = abs(spectrum)
    phases = 2 * np.pi * np.random.RandomState(0).random(magnitude.shape)  # as librosa draws them from seed 0
    settings = {"n_iter": ITERATIONS, "momentum": MOMENTUM}
    loops = {
        "seissynth": lambda workers=1: griffinlim(magnitude, stft, NPTS, init=phases, workers=workers, **settings),
        "seissynth, its own random phases": lambda: griffinlim(magnitude, stft, NPTS, **settings),
    }
    if "librosa" in found:
        import librosa

        loops["librosa"] = lambda: librosa.griffinlim(
            magnitude, hop_length=HOP, n_fft=NFFT, length=NPTS, random_state=0, **settings
        )
    if "torch" in found:
        loops["torch, loop written here"] = lambda: torch_griffinlim(magnitude, phases)
    levels = {name: f"{level_db(loop(), magnitude):.3f}" for name, loop in loops.items()}
    show(f"Griffin-Lim, {ITERATIONS} iterations, same first phases", best_cpu_ms(loops, 5), levels, "convergence, dB")

    walls = {"seissynth": lambda: loops["seissynth"](workers=2)}
    if "librosa" in loops:
        walls["librosa"] = loops["librosa"]
    show("Griffin-Lim, wall time, ours on two threads", best_wall_ms(walls), levels, "convergence, dB")
    try:
        import torchaudio  # noqa: F401
    except ImportError:
        missing.append("torchaudio")
    print("\nnot installed:", ", ".join(missing) or "none")


if __name__ == "__main__":
    show_and_keep(main, parser(__doc__).parse_args().output)
