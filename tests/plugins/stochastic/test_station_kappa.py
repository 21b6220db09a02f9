"""Kappa of each station: the spectrum's slope, its scatter, and records that do not use it."""

import numpy as np
import pytest
from stochastic_tables import conditions, record_maker, simulate

import seissynth
from seissynth.errors import InputError
from seissynth.seeding import make_seeds
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.rows import prepare_rows
from seissynth_plugins.stochastic.station_kappa import set_kappa


def test_kappa_changes_the_slope_of_s_and_of_p():
    backend = StochasticBackend()
    maker, table = record_maker(backend), conditions([30.0], 4.0)
    grid = maker.grids.get(4096, 0.01)
    rows = [prepare_rows(table, backend.parameters)[0][0] for _ in range(2)]
    set_kappa(rows[1:], table.assign(station_kappa_s=0.015), backend.parameters, np.array([1], dtype=np.uint64))
    plain, other = (maker.legs.spectra(grid, row) for row in rows)
    change = np.pi * 0.020 * grid.frequency[1:]
    for leg, share in zip(range(4), (backend.parameters.p_kappa_ratio, 1.0, 1.0, 1.0), strict=True):
        ratio = np.log(np.abs(other[leg][1:] / plain[leg][1:]))
        np.testing.assert_allclose(ratio, share * change, atol=1e-4)


def test_less_kappa_leaves_more_high_frequencies_in_the_record():
    table = conditions(np.full(8, 30.0))
    plain, other = (
        np.abs(np.fft.rfft(simulate(StochasticBackend(), some, npts=8192).data.astype(float), axis=-1))
        for some in (table, table.assign(station_kappa_s=0.015))
    )
    frequency = np.fft.rfftfreq(8192, 0.01)
    for low, high in ((4.0, 6.0), (8.0, 12.0), (20.0, 25.0)):
        inside = (frequency >= low) & (frequency < high)
        ratio = np.log((other[:, 1:, inside] ** 2).sum() / (plain[:, 1:, inside] ** 2).sum()) / 2
        expected = np.pi * 0.020 * np.sqrt(low * high)
        assert 0.6 * expected < ratio < 1.1 * expected  # P has a part in it, with less kappa


def test_the_presets_kappa_or_none_is_bit_equal():
    table = conditions([20.0, 60.0, 150.0])
    plain = simulate(StochasticBackend(), table)
    for value in (np.nan, StochasticBackend().parameters.kappa0_s):
        some = simulate(StochasticBackend(), table.assign(station_kappa_s=value))
        np.testing.assert_array_equal(some.data, plain.data)
    mixed = simulate(StochasticBackend(), table.assign(station_kappa_s=[np.nan, 0.01, np.nan]))
    np.testing.assert_array_equal(mixed.data[[0, 2]], plain.data[[0, 2]])
    assert mixed.truth["kappa0_s"].tolist() == [0.035, 0.01, 0.035]


def test_scatter_belongs_to_the_station_and_leaves_the_mean():
    n, scatter = 2000, 0.015
    table, backend = conditions(np.full(n, 30.0)), StochasticBackend(kappa_scatter_s=scatter)
    seeds = make_seeds(0, ["event"] * n, [f"XX.S{i}" for i in range(n)], backend="stochastic")
    kappa = backend.simulate(table, start_s=np.zeros(n), npts=2, sampling_rate_hz=100.0, seeds=seeds).truth["kappa0_s"]
    cut = 0.8796 * scatter  # of a normal distribution cut at two standard deviations
    assert kappa.mean() == pytest.approx(0.035, abs=4 * cut / np.sqrt(n))
    assert kappa.std() == pytest.approx(cut, rel=0.05) and kappa.min() >= 0.035 - 2 * scatter
    # another earthquake, realisation of the order: the station's kappa stays
    again = make_seeds(0, ["other"] * n, [f"XX.S{i}" for i in range(n)], realization=3, backend="stochastic")
    some = backend.simulate(
        table[:9], start_s=np.zeros(9), npts=2, sampling_rate_hz=100.0, seeds=again[np.arange(9)[::-1]]
    )
    np.testing.assert_array_equal(some.truth["kappa0_s"], kappa[:9][::-1])
    # what a user gives does not scatter
    given = simulate(backend, table[:3].assign(station_kappa_s=0.02), npts=2)
    assert set(given.truth["kappa0_s"]) == {0.02}


def test_impossible_scatter_and_kappa_are_refused():
    with pytest.raises(InputError, match="at most half of kappa0_s"):
        StochasticBackend(kappa_scatter_s=0.018)
    with pytest.raises(InputError, match="kappa_scatter_s=-1"):
        StochasticBackend(kappa_scatter_s=-1)
    inventory, event = seissynth.read_example()
    for value, words in ((-0.01, "from 0 to"), (35, "from 0 to"), ("much", "finite number")):
        with pytest.raises(InputError, match=words):
            seissynth.generate(inventory, event, conditions={"station_kappa_s": {"XX.AMAT": value}})


def test_generate_takes_kappa_of_a_station_and_explain_shows_it():
    inventory, event = seissynth.read_example()
    table = seissynth.explain(seissynth.generate(inventory, event, conditions={"station_kappa_s": {"XX.AMAT": 0.01}}))
    kappas = dict(zip(table["sensor"], table["kappa0_s"], strict=True))
    assert [kappas["XX.AMAT.00.HH"], set(kappas.values())] == [0.01, {0.01, 0.035}]
