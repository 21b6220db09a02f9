"""Depth to Vs 1 km/s: the published factor, where it acts, and where it does not."""

import numpy as np
import pytest
from stochastic_tables import conditions

import seissynth
from seissynth.errors import InputError
from seissynth.seeding import make_seeds
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.basin import basin_factor, usual_depth_km


def simulate(table, npts=12_000):
    seeds = make_seeds(1, ["e"] * len(table), [f"s{i}" for i in range(len(table))])
    arguments = {"start_s": np.zeros(len(table)), "npts": npts, "sampling_rate_hz": 50.0, "seeds": seeds}
    return StochasticBackend(low_cut_hz=0.0).simulate(table, **arguments).data.astype(float)


@pytest.mark.parametrize("vs30", [180.0, 250.0, 400.0, 760.0])
@pytest.mark.parametrize("z1", [0.02, 0.4, 1.5, 3.0])
def test_the_factor_is_that_of_the_published_model(vs30, z1):
    pygmm = pytest.importorskip("pygmm")

    def model(depth):
        scenario = pygmm.Scenario(mag=6.0, dist_rup=30.0, v_s30=vs30, depth_1_0=depth, depth_tor=5.0, mechanism="SS")
        found = pygmm.BaylessAbrahamson2019(scenario)
        return np.log(np.interp([0.15, 0.3, 1.0, 3.0, 10.0], found.freqs, found.eas))

    wanted = model(z1) - model(float(usual_depth_km(vs30)))
    np.testing.assert_allclose(basin_factor(z1, vs30, [0.15, 0.3, 1.0, 3.0, 10.0]), wanted, atol=0.02)


def test_deep_sediments_amplify_low_frequencies_and_leave_the_onsets():
    """Spectra of one record with and without: the factor at 0.3 and 1 Hz; nothing before P."""
    table = conditions([40.0], 6.0).assign(station_vs_30_mps=300.0)
    plain, deep = simulate(table), simulate(table.assign(station_z1_km=1.5))
    frequency = np.fft.rfftfreq(plain.shape[-1], 1 / 50.0)
    spectra = [np.abs(np.fft.rfft(one[0, 1])) for one in (plain, deep)]
    for hz in (0.3, 1.0):
        band = (frequency > hz / 1.1) & (frequency < 1.1 * hz)
        found = 0.5 * np.log(np.square(spectra[1][band]).sum() / np.square(spectra[0][band]).sum())
        assert found == pytest.approx(float(basin_factor(1.5, 300.0, [hz])[0]), abs=0.05)
    first = np.flatnonzero(plain[0].any(axis=0))[0]
    assert not deep[0, :, :first].any()


def test_an_unknown_or_usual_depth_and_a_known_site_term_change_nothing():
    table = conditions([40.0, 40.0, 40.0], 5.0).assign(station_vs_30_mps=300.0)
    plain = simulate(table, 2000)
    np.testing.assert_array_equal(simulate(table.assign(station_z1_km=np.nan), 2000), plain)
    usual = simulate(table.assign(station_z1_km=float(usual_depth_km(300.0))), 2000)
    np.testing.assert_allclose(usual, plain, atol=1e-5 * np.abs(plain).max())
    known = table.assign(station_terms="1 0.2; 10 -0.2")
    np.testing.assert_array_equal(simulate(known.assign(station_z1_km=1.5), 2000), simulate(known, 2000))


def test_a_depth_is_given_by_station_and_bad_ones_are_refused():
    inventory, event = seissynth.read_example()
    streams = [
        seissynth.generate(inventory, event, seed=1, duration=30, conditions=given)
        for given in (None, {"station_z1_km": {"XX.AMAT": 1.0}})
    ]
    for station, same in (("AMAT", False), ("LAGO", True)):
        one, other = (stream.select(station=station)[0].data for stream in streams)
        assert np.array_equal(one, other) == same
    with pytest.raises(InputError, match=r"station_z1_km.*km"):
        seissynth.generate(inventory, event, conditions={"station_z1_km": {"XX.AMAT": 1500.0}})
