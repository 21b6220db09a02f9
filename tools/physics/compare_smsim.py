"""Compare the preset "smsim" with a run of SMSIM 6.0: spectra and peaks, as a Markdown table.

    python -m tools.physics.compare_smsim FOLDER [--runs 400] [--seed 1] [-o docs/_static/smsim.md]

FOLDER holds SMSIM's files for M 6.0 at R_rup 20 km (``*_fs.col``). Each run gives two horizontal records.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from seissynth.seeding import make_seeds
from seissynth.units import STANDARD_GRAVITY
from seissynth_plugins.stochastic.backend import StochasticBackend

RATE_HZ = 200.0
START_S, DURATION_S = -10.0, 45.0
S_KM_S = 3.46
# peaks of the reference run (random vibration theory), cm and s
REFERENCE = {"PGA, cm/s²": 81.0, "PGV, cm/s": 5.67, "Arias intensity, cm/s": 6.76}
RESAMPLES = 2000


def simulate(runs, seed):
    """Horizontal records (2 runs, npts), m/s²; and the backend with its table."""
    backend = StochasticBackend(preset="smsim")
    table = pd.DataFrame(
        {
            "source_magnitude": np.full(runs, 6.0),
            "source_magnitude_type": ["Mw"] * runs,
            "source_depth_km": 0.0,
            "path_hyp_distance_km": 20.0,
            "path_rup_distance_km": 20.0,
            "path_p_travel_s": 20.0 / 6.0,
            "path_s_travel_s": 20.0 / S_KM_S,
        }
    )
    seeds = make_seeds(seed, ["event"] * runs, [str(i) for i in range(runs)])
    npts = int(DURATION_S * RATE_HZ)
    start = np.full(runs, START_S)
    records = backend.simulate(table, start_s=start, npts=npts, sampling_rate_hz=RATE_HZ, seeds=seeds)
    return backend, table, records.data[:, 1:].reshape(-1, npts).astype(float)


def target(backend, table):
    """Frequencies, Hz, and the target Fourier amplitude of one horizontal, cm/s."""
    from seissynth_plugins.stochastic.rows import prepare_rows
    from seissynth_plugins.stochastic.simulation import RecordMaker
    from seissynth_plugins.stochastic.spectra import GridCache

    maker = RecordMaker(backend.parameters, GridCache(backend.parameters))
    grid = maker.grids.get(24576, 1 / RATE_HZ)
    leg = maker.legs.spectra(grid, prepare_rows(table[:1], backend.parameters)[0][0])[1]
    return grid.frequency, 2 * 100 * np.abs(leg)  # 2: the free surface


def band_errors(data, frequency, amplitude):
    """Centres of 1/6-octave bands from 0.1 to 80 Hz and the relative error of the rms spectrum in each."""
    f = np.fft.rfftfreq(data.shape[-1], 1 / RATE_HZ)
    power = np.zeros(len(f))
    for part in np.array_split(data, max(1, len(data) // 200)):
        power += (np.abs(np.fft.rfft(part, axis=-1)) ** 2).sum(axis=0)
    rms = np.sqrt(power / len(data)) / RATE_HZ * 100
    wanted = np.interp(f, frequency, amplitude)
    found = []
    for low in 0.1 * 2.0 ** np.arange(0, 9.6, 1 / 6):
        band = (f >= low) & (f < low * 2 ** (1 / 6))
        if band.any():
            ratio = np.sqrt((rms[band] ** 2).mean() / (wanted[band] ** 2).mean())
            found.append((low * 2 ** (1 / 12), ratio - 1))
    return np.array(found)


def peaks(data):
    """PGA, PGV and Arias intensity of each record, in cm and s."""
    velocity = np.cumsum(data, axis=-1) / RATE_HZ
    arias = np.pi / (2 * STANDARD_GRAVITY) * (data**2).sum(axis=-1) / RATE_HZ
    return [100 * values for values in (np.abs(data).max(axis=-1), np.abs(velocity).max(axis=-1), arias)]


def geometric_mean(values, rng):
    """Geometric mean and its 95 % bootstrap interval."""
    logs = np.log(values)
    means = np.exp(rng.choice(logs, (RESAMPLES, len(logs))).mean(axis=1))
    return np.exp(logs.mean()), *np.percentile(means, (2.5, 97.5))


def main():
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    reference = np.genfromtxt(next(arguments.folder.glob("*_fs.col")), skip_header=2)
    backend, table, data = simulate(arguments.runs, arguments.seed)
    frequency, amplitude = target(backend, table)
    inside = reference[:, 4] < RATE_HZ / 2
    error = np.interp(reference[inside, 4], frequency, amplitude) / reference[inside, 8] - 1
    bands = band_errors(data, frequency, amplitude)
    rng = np.random.default_rng(arguments.seed)
    lines = [
        f"| {arguments.runs} runs, two horizontals each | seissynth | SMSIM 6.0 | difference |",
        "|---|---|---|---|",
        f"| target spectrum, {inside.sum()} frequencies to {RATE_HZ / 2:g} Hz | | | "
        f"at most {100 * np.abs(error).max():.2f} % |",
    ]
    for low, high in ((0.1, 0.5), (0.5, 2.0), (2.0, 80.0)):
        part = bands[(bands[:, 0] >= low) & (bands[:, 0] < high)]
        worst = part[np.abs(part[:, 1]).argmax()]
        lines.append(
            f"| rms spectrum, {len(part)} bands of 1/6 octave, {low:g} to {high:g} Hz | | its target | "
            f"mean {100 * part[:, 1].mean():+.2f} %, worst {100 * worst[1]:+.1f} % at {worst[0]:.2f} Hz |"
        )
    for (name, wanted), values in zip(REFERENCE.items(), peaks(data), strict=True):
        mean, low, high = geometric_mean(values, rng)
        share = 100 * (mean / wanted - 1)
        lines.append(f"| {name} | {mean:.2f} ({low:.2f} to {high:.2f}) | {wanted} | {share:+.1f} % |")
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
