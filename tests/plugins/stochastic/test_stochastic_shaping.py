"""Several rows at once: spectra against NumPy, noise against the energies of its windows, and the order of rows."""

import numba
import numpy as np
import pytest
from stochastic_tables import conditions, record_maker, simulate

from seissynth.seeding import make_seeds
from seissynth_plugins.stochastic import _energy_kernels as loops
from seissynth_plugins.stochastic._transport_kernels import prepare_energies
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.rows import prepare_rows
from seissynth_plugins.stochastic.transport import EDGES_HZ, single_quadrature
from seissynth_plugins.stochastic.transport_noise import TransportNoise

f4 = np.float32
FREE_SURFACE = 2.0
TABLES = {
    "plain": conditions([20.0, 90.0], 4.0),
    "mechanism": conditions([20.0, 90.0], 5.0, mechanism=(30.0, 80.0, 10.0)),
    "soft sites": conditions([20.0, 90.0], 6.0, station_vs_30_mps=np.array([250.0, 600.0])),
}


@pytest.mark.parametrize("case", TABLES)
def test_spectra_of_components_are_those_of_numpy_in_double_precision(case):
    backend = StochasticBackend()
    maker, p = record_maker(backend), backend.parameters
    rows, _ = prepare_rows(TABLES[case], p)
    grid = maker.grids.get(2048, 0.01)
    rng = np.random.default_rng(0)
    shape = (2, 8, len(grid.frequency))
    series = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)
    found = maker.legs.shape(grid, rows, series, 100.0)
    for i, row in enumerate(rows):
        pressure, sv, sh, s = maker.legs.spectra(grid, row)
        pressure = pressure / np.sqrt(1 + p.p_pulse)
        p_z, p_r, p_r_alone, p_t, s_r, s_shared, s_z, s_t = series[i]
        p_radial, p_vertical, s_radial, s_vertical = row.surface
        alone = FREE_SURFACE * pressure * grid.p_horizontal.filter
        on_z = sv * s_vertical * s_shared + FREE_SURFACE * s * grid.s_vertical.filter * s_z
        wanted = [
            pressure * p_vertical * p_z + on_z * maker.legs.s_on_z(grid, row),
            pressure * p_radial * p_r + alone * p_r_alone + sv * s_radial * s_r,
            alone * p_t + FREE_SURFACE * sh * s_t,
        ]
        for component, values in enumerate(wanted):
            values = 100.0 * values
            np.testing.assert_allclose(
                found[3 * i + component], values, rtol=2e-5, atol=2e-5 * np.abs(values).max() * 1e-3
            )


def test_noise_has_the_energies_of_its_windows():
    """The mean square over draws, against first-order bands in frequency."""
    backend = StochasticBackend()
    row = prepare_rows(conditions([60.0], 5.0), backend.parameters)[0][0]
    noise, dt, npts, draws = TransportNoise(backend.parameters), 0.01, 6000, 640
    power = np.zeros((8, npts))
    for first in range(0, draws, 64):
        seeds = range(first, first + 64)
        series, _ = noise.write([row] * 64, [row.p_first] * 64, [npts] * 64, npts, dt, list(seeds))
        power += np.square(series.astype(float)).sum(0) / draws
    energies, _ = noise.energies.make(row, row.p_first, npts, dt)
    z = np.exp(1j * np.linspace(0.01, np.pi, 300))
    below = [0.0 * z]
    for edge in EDGES_HZ:
        pole = (1 - np.tan(np.pi * edge * dt)) / (1 + np.tan(np.pi * edge * dt))
        below.append(0.5 * (1 - pole) * (1 + 1 / z) / (1 - pole / z))
    bands = np.diff([*below, 1.0 + 0.0 * z], axis=0)
    windows = np.sqrt(energies[2:].sum(axis=0))  # of the transverse component
    wanted = np.square(np.abs(windows.T @ bands)).mean(axis=1)
    s = int((row.s_direct - row.p_first) / dt)
    for begin, end in ((60, 300), (300, s - 20), (s + 20, s + 160), (s + 200, s + 900), (s + 1200, npts)):
        found = power[7, begin:end].mean()
        assert found == pytest.approx(wanted[begin:end].mean(), rel=0.06), (begin, end)


@numba.njit
def energies_of_blocks(exact, quick, behind, t0, dt, arrivals, r, rates, lags, constants, quadrature):
    """Energies at the last samples of blocks: all samples computed, and from a block on only those."""
    times, fluxes, paths = np.empty(108), np.empty((108, 3, 8), f4), np.empty((2, 8), f4)
    factors, block, heads = np.empty((8, 8), f4), np.empty((8, 5, 8), f4), np.empty((2, 6))
    state, inputs, weights = np.zeros((3, 5, 8), f4), np.zeros((3, 8), f4), np.empty((3, 4, 8), f4)
    prepare_energies(dt, arrivals, r, rates, lags, constants, quadrature, times, fluxes, factors, paths, 6)
    loops.lag_weights(weights, factors)
    p_at, s_at = loops.sample_after(arrivals[1], t0, dt), loops.sample_after(arrivals[3], t0, dt)
    for way, out in enumerate((exact, quick)):
        node = 0
        state[:] = f4(0.0)
        loops.head_states(heads, t0, dt, arrivals, constants[4], constants[5])
        for number in range(out.shape[0]):
            first = 8 * number
            if way == 0 or number < behind:
                node = loops.energy_block(
                    block, first, t0, dt, node, times, fluxes, factors, 1, state, heads, p_at, s_at, inputs
                )
            else:
                node = loops.energy_behind(
                    block, t0 + (first + 7) * dt, node, times, fluxes, factors, weights, state, inputs
                )
            out[number] = block[7]


@pytest.mark.parametrize(("magnitude", "distance_km"), [(2.0, 10.0), (5.0, 60.0), (7.5, 150.0)])
def test_energies_far_behind_the_onsets_follow_from_every_eighth_sample(magnitude, distance_km):
    backend = StochasticBackend()
    row = prepare_rows(conditions([distance_km], magnitude), backend.parameters)[0][0]
    energies = TransportNoise(backend.parameters).energies
    arrivals, before_s = energies.arrivals(row)
    rates, lags = energies.rates_and_lags([row], 6)
    exact, quick = np.empty((900, 5, 8), f4), np.empty((900, 5, 8), f4)
    behind = int((row.s_direct + 2.0 - row.p_first) / 0.08) + 1
    energies_of_blocks(
        exact, quick, behind, row.p_first, 0.01, arrivals, 3.5 * row.s_direct, rates[0], lags[0],
        (*energies.constants, before_s), single_quadrature(),
    )  # fmt: skip
    np.testing.assert_array_equal(exact[:behind], quick[:behind])
    floor = 1e-6 * exact[behind:].max(axis=(0, 1))
    np.testing.assert_allclose(quick[behind:], exact[behind:], rtol=4e-3, atol=floor.max())


def test_records_do_not_depend_on_their_neighbours():
    """Twenty rows of two lengths of transforms, alone, in another order, and together: to the bit."""
    distance = np.linspace(5.0, 180.0, 20)
    table = conditions(distance, source_magnitude=np.where(np.arange(20) % 3, 3.0, 6.5))
    backend = StochasticBackend(variability=True)
    together = simulate(backend, table, npts=3000)
    seeds = _seeds_of(20)
    order = np.random.default_rng(2).permutation(20)
    mixed = backend.simulate(
        table.iloc[order].reset_index(drop=True), start_s=np.zeros(20), npts=3000, sampling_rate_hz=100.0,
        seeds=seeds[order],
    )  # fmt: skip
    np.testing.assert_array_equal(mixed.data, together.data[order])
    for i in (0, 7, 19):
        alone = backend.simulate(
            table.iloc[[i]].reset_index(drop=True), start_s=np.zeros(1), npts=3000, sampling_rate_hz=100.0,
            seeds=seeds[np.array([i])],
        )  # fmt: skip
        np.testing.assert_array_equal(alone.data[0], together.data[i])


def _seeds_of(n):
    return make_seeds(0, ["event"] * n, [f"XX.S{i}" for i in range(n)], backend="stochastic")
