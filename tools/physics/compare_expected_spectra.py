"""Compare the mean Fourier spectrum of many records with the target spectrum, for P and S of the default backend.

    python -m tools.physics.compare_expected_spectra [--draws 4000] [--preset active] [--tries] [--out FOLDER]

Records of one earthquake at one station, without a mechanism and random terms, differ by their noise alone. They are
made with the level of P, or of S, set to zero. The root of their mean power over that of the target is taken in octave
bands, with twice its standard error: S on both horizontals, P on Z. Records last for five minutes after P, since what
comes later is lost. The table goes to ``docs/_static/physics/expected_spectra.md``. With ``--tries`` a second one,
``expected_spectra_tries.md``, has two of the cases under other constants, and under what the overlap of the bands'
windows lets expect.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import fft

from seissynth_plugins.stochastic.presets import make_parameters
from seissynth_plugins.stochastic.rows import prepare_rows
from seissynth_plugins.stochastic.simulation import RecordMaker
from seissynth_plugins.stochastic.spectra import GridCache
from seissynth_plugins.stochastic.transport import TransportEnergies, band_edges
from tools.physics.compare_envelopes import OUT
from tools.real_records._real_records import write_markdown

#: Mw and epicentral distance, km
CASES = ((2.0, 8.0), (3.0, 15.0), (5.0, 50.0), (6.5, 120.0), (5.0, 200.0))
LOWEST_HZ = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
#: the last band ends below the frequencies that a record of this rate lacks
HIGHEST_HZ = 32.0
DEPTH_KM, P_KM_S, S_KM_S, RATE_HZ, LENGTH_S = 8.0, 6.0, 3.46, 100.0, 300.0
TOGETHER = 50
#: group, Mw and distance, and changed constants
TRIES = (
    ("S", (5.0, 200.0), {
        "bands absorbed alike (`absorption_q_exponent=1`)": {"absorption_q_exponent": 1.0},
        "bands scattered alike (`scattering_exponent=0`)": {"scattering_exponent": 0.0},
        "both": {"absorption_q_exponent": 1.0, "scattering_exponent": 0.0},
    }),
    ("P", (2.0, 8.0), {
        "no pulse at the onset (`p_pulse=0`)": {"p_pulse": 0.0},
        "at least 0.1 s of spread on the path": {"p_kernel": (0.949, 0.1, 0.00229, 1.19)},
        "two lags on the path (`kernel_order=2`)": {"kernel_order": 2.0},
    }),
)  # fmt: skip
#: components of a group that are compared
SHOWN = {"P": (0,), "S": (1, 2)}
#: motion of the free surface over incident SH
FREE_SURFACE = 2.0


def prepared(magnitude, distance_km, parameters):
    """One row, straight rays in a half space."""
    hypocentral = float(np.hypot(distance_km, DEPTH_KM))
    table = {
        "source_magnitude": magnitude, "source_magnitude_type": "Mw", "source_depth_km": DEPTH_KM,
        "path_ep_distance_km": distance_km, "path_hyp_distance_km": hypocentral,
        "path_p_travel_s": hypocentral / P_KM_S, "path_s_travel_s": hypocentral / S_KM_S,
    }  # fmt: skip
    return prepare_rows(pd.DataFrame([table]), parameters)[0][0]


def ratios(maker, row, group, draws):
    """Root of the mean power over that of the target in octave bands, and its standard error, (bands,) each."""
    alone = replace(row, **{"s_level" if group == "P" else "p_level": 0.0})
    npts, dt = round(LENGTH_S * RATE_HZ), 1 / RATE_HZ
    grid = maker.grids.get(npts, dt)
    p, s = maker.legs.spectra(grid, row)[:2]
    _, p_vertical, s_radial, _ = row.surface
    target = np.abs([p_vertical * p] if group == "P" else [s_radial * s, FREE_SURFACE * s])
    bands = [(grid.frequency >= low) & (grid.frequency < min(2 * low, HIGHEST_HZ)) for low in LOWEST_HZ]
    power = np.empty((draws, len(bands)))
    start = min(row.p_first, row.p_direct)
    for first in range(0, draws, TOGETHER):
        n = min(TOGETHER, draws - first)
        seeds = np.arange(first, first + n, dtype=np.uint64)
        records, _ = maker.make([alone] * n, [start] * n, npts, dt, seeds)
        spectra = np.abs(fft.rfft(records[:, list(SHOWN[group])])) * dt
        for k, band in enumerate(bands):
            power[first : first + n, k] = np.square(spectra[..., band] / target[:, band]).mean(axis=(1, 2))
    mean = power.mean(axis=0)
    return np.sqrt(mean), power.std(axis=0, ddof=1) / np.sqrt(draws) / (2 * np.sqrt(mean))


def expected_of_overlap(row, group, parameters):
    """What `ratios` finds if windows change slowly, (bands,).

    The bands of a noise add up to it. Under windows of different form they are less alike: sum over pairs of bands of
    their responses, times the integral of the product of their windows.
    """
    dt = 1 / RATE_HZ
    start = min(row.p_first, row.p_direct)
    energies = TransportEnergies(parameters).make(row, start, round(LENGTH_S * RATE_HZ), dt)[0]
    windows = np.sqrt((energies[:2] if group == "P" else energies[2:]).sum(axis=0))
    frequency = np.geomspace(LOWEST_HZ[0], HIGHEST_HZ, 200)
    delay = np.exp(-2j * np.pi * frequency * dt)
    tangent = np.tan(np.pi * band_edges(dt) * dt)[:, None]
    pole = (1 - tangent) / (1 + tangent)
    low = (1 - pole) / 2 * (1 + delay) / (1 - pole * delay)
    response = np.diff(np.vstack([np.zeros_like(delay), *low, np.ones_like(delay)]), axis=0)
    power = np.einsum("bf,cf,bc->f", response, response.conj(), windows @ windows.T).real
    return np.sqrt([power[(frequency >= low) & (frequency < 2 * low)].mean() for low in LOWEST_HZ])


def tries(draws, preset):
    """Rows of the second table."""
    lines = []
    for group, case, changes in TRIES:
        for label, constants in {"as it is": {}, **changes}.items():
            parameters = make_parameters(preset, low_cut_hz=0.0, **constants)
            row = prepared(*case, parameters)
            found, error = ratios(RecordMaker(parameters, GridCache(parameters)), row, group, draws)
            name = f"{group}, {case[0]:g}, {case[1]:g} km, {label}"
            lines.append([name, *(f"{value:.3f} ± {2 * sd:.3f}" for value, sd in zip(found, error, strict=True))])
            if not constants:
                wanted = expected_of_overlap(row, group, parameters)
                lines.append([f"{name}, expected of the overlap", *(f"{value:.3f}" for value in wanted)])
            print(*lines[-1], sep="\t", flush=True)
    return lines


def main():
    """Make records, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--preset", default="active")
    parser.add_argument("--tries", action="store_true", help="the second table instead")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    header = ["Mw, distance", "group", *(f"{low:g} to {2 * low:g} Hz" for low in LOWEST_HZ)]
    if arguments.tries:
        lines = tries(arguments.draws, arguments.preset)
        write_markdown(arguments.out / "expected_spectra_tries.md", ["", *header[2:]], lines)
        return
    parameters = make_parameters(arguments.preset, low_cut_hz=0.0)
    maker = RecordMaker(parameters, GridCache(parameters))
    lines = []
    for magnitude, distance_km in CASES:
        row = prepared(magnitude, distance_km, parameters)
        for group in SHOWN:
            found, error = ratios(maker, row, group, arguments.draws)
            cells = [f"{value:.3f} ± {2 * sd:.3f}" for value, sd in zip(found, error, strict=True)]
            lines.append([f"{magnitude:g}, {distance_km:g} km", group, *cells])
            print("\t".join(lines[-1]), flush=True)
    write_markdown(arguments.out / "expected_spectra.md", header, lines)


if __name__ == "__main__":
    main()
