"""Sensors below the surface: the ratio to the surface against two independent models, onsets, energy, equal bits."""

import numpy as np
import pytest
from stochastic_tables import conditions, record_maker, simulate

import seissynth
from seissynth.errors import InputError, SeisSynthWarning
from seissynth.seeding import make_seeds
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.borehole import Borehole, borehole_filters, depth_over_surface, mean_power
from seissynth_plugins.stochastic.site_profile import generic_profile, generic_velocity_km_s, read_profile

# thickness km, velocity km/s, density g/cm³, Q
LAYERS = ((0.02, 0.4, 1.8, 15.0), (0.05, 0.8, 2.0, 20.0), (0.08, 1.5, 2.2, 30.0))
FREQUENCY = np.linspace(0.0, 30.0, 301)


def layer_matrices(frequency, layers, slowness):
    """Displacement at the base over that at the surface by layer matrices of displacement and stress."""
    out = []
    for omega in 2 * np.pi * frequency:
        state = np.array([1.0 + 0j, 0.0])  # no stress at the surface
        for thickness, velocity, density, q in layers:
            speed = velocity * (1 + 0.5j / q)
            eta = np.sqrt(1 / speed**2 - slowness**2 + 0j)
            rigidity = density * speed**2
            phase = omega * eta * thickness
            rise = np.sin(phase) / (omega * eta * rigidity) if omega else thickness / rigidity
            state = np.array(
                [[np.cos(phase), rise], [-omega * eta * rigidity * np.sin(phase), np.cos(phase)]]
            ) @ state  # fmt: skip
        out.append(state[0])
    return np.array(out)


@pytest.mark.parametrize("slowness", [0.0, 0.25, 0.5])
def test_ratio_to_the_surface_is_that_of_layer_matrices(slowness):
    found = depth_over_surface(FREQUENCY, LAYERS, slowness)
    np.testing.assert_allclose(found, layer_matrices(FREQUENCY, LAYERS, slowness), rtol=1e-9, atol=1e-12)


def test_ratio_to_the_surface_is_that_of_finite_differences():
    """A pulse in one dimension, velocity and stress on staggered grids, no damping; the ratio of both spectra."""
    step_km, dt = 0.0005, 0.0001
    layers = [(thickness, velocity, density, 1e9) for thickness, velocity, density, _ in LAYERS]
    depth = sum(layer[0] for layer in layers)
    points = 8000
    edges = np.cumsum([layer[0] for layer in layers])[:-1]
    place = np.searchsorted(edges, (np.arange(points) + 0.5) * step_km)
    velocity, density = (np.array([layer[k] for layer in layers])[place] for k in (1, 2))
    rigidity = density * velocity**2
    rho = np.concatenate([density[:1], 0.5 * (density[1:] + density[:-1])])
    motion, stress = np.zeros(points), np.zeros(points)
    source = 1600  # 0.8 km down; what goes down from it does not come back in time
    at_surface, at_depth = [], []
    sensor = round(depth / step_km)
    for step in range(40000):
        motion[1:] += dt / (step_km * rho[1:]) * (stress[1:] - stress[:-1])
        motion[0] += dt / (0.5 * step_km * rho[0]) * stress[0]
        time = step * dt - 0.15
        motion[source] += np.exp(-((time / 0.02) ** 2)) * -time
        stress[:-1] += dt / step_km * rigidity[:-1] * (motion[1:] - motion[:-1])
        at_surface.append(motion[0])
        at_depth.append(motion[sensor])
    frequency = np.fft.rfftfreq(2**18, dt)
    spectra = [np.fft.rfft(x, 2**18) for x in (at_depth, at_surface)]
    inside = (frequency > 1.0) & (frequency < 18.0)
    expected = spectra[0][inside] / spectra[1][inside]
    found = depth_over_surface(frequency[inside], layers, 0.0)
    assert np.abs(found - expected).max() < 0.05
    assert np.abs(found).max() > 0.8 and np.abs(found).min() < 0.05  # it has peaks and notches


def test_a_uniform_top_gives_the_cosine():
    beta, depth = 1.5, 0.15
    uniform = [(0.05, beta, 2.0, 25.0), (depth - 0.05, beta, 2.0, 25.0)]
    complex_beta = beta * (1 + 0.5j / 25.0)
    expected = np.cos(2 * np.pi * FREQUENCY * depth / complex_beta)
    np.testing.assert_allclose(depth_over_surface(FREQUENCY, uniform, 0.0), expected, rtol=1e-10)


def test_scatter_of_velocity_fills_notches_and_keeps_the_mean_power():
    sharp, smooth = (mean_power(np.linspace(0.0, 40.0, 4001), LAYERS, 0.2, spread) for spread in (0.0, 0.1))
    assert smooth[:2000].min() > 5 * sharp[:2000].min()
    assert smooth[500:].mean() == pytest.approx(sharp[500:].mean(), rel=0.03)


def filters(layers, slowness=0.0):
    maker = record_maker(StochasticBackend())
    grid = maker.grids.get(4096, 0.01)
    return grid, [term.filter for term in borehole_filters(grid, Borehole(layers, layers, slowness, slowness))]


def test_reflection_follows_the_wave_by_twice_the_time_to_the_surface():
    grid, (_, s) = filters(((0.3, 1.5, 2.0, 25.0),))
    impulse = np.fft.irfft(s, grid.nfft)
    assert abs(impulse[0]) == np.abs(impulse).max()
    # 0.4 s later, with the sign of the wave; nothing before the wave (the end of the transform)
    late = int(np.argmax(np.abs(impulse[10:200])) + 10)
    assert abs(late - 40) <= 6 and impulse[late] > 0
    assert np.abs(impulse[grid.nfft // 2 :]).max() < 1e-3 * np.abs(impulse).max()
    power = mean_power(grid.frequency, ((0.3, 1.5, 2.0, 25.0),), 0.0)
    np.testing.assert_allclose(np.abs(s) ** 2, power, rtol=0.03, atol=0.003)


# --- records


def test_depth_zero_is_bit_equal_and_a_vault_is_no_borehole():
    backend = StochasticBackend()
    table = conditions([20.0, 60.0, 150.0])
    plain = simulate(backend, table)
    for depth in (0.0, 10.0, np.nan):
        some = simulate(backend, table.assign(station_local_depth_m=depth, station_layers="- 900"))
        np.testing.assert_array_equal(some.data, plain.data)
        np.testing.assert_array_equal(some.p_s, plain.p_s)
    # a buried neighbour changes nothing else
    mixed = simulate(backend, table.assign(station_local_depth_m=[0.0, 200.0, 0.0]))
    np.testing.assert_array_equal(mixed.data[[0, 2]], plain.data[[0, 2]])
    assert not np.array_equal(mixed.data[1], plain.data[1])


def test_onsets_move_by_the_time_to_the_surface_and_nothing_comes_before():
    table = conditions([30.0], path_p_ray_parameter_s_km=0.0, path_s_ray_parameter_s_km=0.0)
    plain = simulate(StochasticBackend(), table, npts=6000)
    layers = "100 400 1600; 200 1000 2400; - 2000"
    deep = simulate(
        StochasticBackend(), table.assign(station_local_depth_m=300.0, station_layers=layers), npts=6000
    )  # fmt: skip
    assert plain.p_s[0] - deep.p_s[0] == pytest.approx(100 / 1600 + 200 / 2400)
    assert plain.s_s[0] - deep.s_s[0] == pytest.approx(100 / 400 + 200 / 1000)
    assert deep.truth["borehole_p_earlier_s"][0] == pytest.approx(plain.p_s[0] - deep.p_s[0])
    assert deep.truth["borehole_layers"][0] == "station_layers" and plain.truth["borehole_layers"][0] == ""
    first = int(np.ceil(deep.p_s[0] * 100))
    assert not deep.data[0][:, :first].any() and deep.data[0, 0, first : first + 3].any()


def test_nothing_arrives_before_the_onset_without_zeroing_it():
    """Filters of a borehole are causal: what precedes its P is as small as at the surface."""
    from seissynth_plugins.stochastic.borehole import bury
    from seissynth_plugins.stochastic.rows import prepare_rows

    backend = StochasticBackend()
    maker = record_maker(backend)
    table = conditions([40.0], station_local_depth_m=200.0)
    row = prepare_rows(table, backend.parameters)[0][0]
    bury([row], table, backend.parameters, np.array([1], dtype=np.uint64))
    motion = maker.uncut(row, -5.0, 6500, 0.01, 3)
    first = row.samples_before_onset(-5.0, 100.0)
    assert np.abs(motion[:, : first - 1]).max() < 1e-4 * np.abs(motion).max()


def test_s_energy_arrives_earlier_at_depth():
    table = conditions(np.full(40, 15.0), magnitude=3.0, path_s_ray_parameter_s_km=0.1)
    deep = table.assign(station_local_depth_m=400.0, station_layers="- 800")
    times = []
    for some in (table, deep):
        power = (simulate(StochasticBackend(), some, npts=2000).data[:, 1:].astype(float) ** 2).sum(axis=(0, 1))
        s = int(100 * table["path_s_travel_s"][0])
        grown = np.cumsum(power[s - 80 : s + 200])
        times.append(np.searchsorted(grown, 0.05 * grown[-1]) / 100)
    assert 0.35 < times[0] - times[1] < 0.65  # the way to the surface takes 0.5 s


def test_level_of_s_is_the_surfaces_times_the_mean_ratio():
    n = 60
    table = conditions(np.full(n, 30.0), magnitude=4.0, path_s_ray_parameter_s_km=0.1)
    layers = "50 500 1500 1.9 25; 150 1200 2600 2.2 25; - 1800"
    deep = table.assign(station_local_depth_m=200.0, station_layers=layers)
    spectra = [
        (np.abs(np.fft.rfft(simulate(StochasticBackend(), some, npts=8192).data[:, 2].astype(float))) ** 2).mean(axis=0)
        for some in (table, deep)
    ]
    frequency = np.fft.rfftfreq(8192, 0.01)
    above = read_profile(layers).above(200.0)
    stack = [(h / 1000, v / 1000, rho, q) for h, v, rho, q in zip(above[0], above[1], above[3], above[4], strict=True)]
    expected = mean_power(frequency, stack, 0.1)
    for low, high in ((0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0)):
        inside = (frequency >= low) & (frequency < high)
        ratio = spectra[1][inside].sum() / spectra[0][inside].sum()
        wanted = (expected * spectra[0])[inside].sum() / spectra[0][inside].sum()
        assert ratio == pytest.approx(wanted, rel=0.12)


def test_generic_layers_scatter_by_station_alone():
    table = conditions(np.full(60, 20.0), station_local_depth_m=150.0)
    earlier = simulate(StochasticBackend(), table, npts=500).truth["borehole_s_earlier_s"]
    assert 0.07 < np.std(np.log(earlier)) < 0.13
    # the order of stations changes nothing
    seeds = make_seeds(0, ["event"] * 60, [f"XX.S{i}" for i in range(60)], backend="stochastic")[np.arange(60)[::-1]]
    again = StochasticBackend().simulate(table, start_s=np.zeros(60), npts=500, sampling_rate_hz=100.0, seeds=seeds)
    np.testing.assert_array_equal(again.truth["borehole_s_earlier_s"], earlier[::-1])
    still = simulate(StochasticBackend(borehole_velocity_scatter=0), table, npts=500)
    assert len(set(still.truth["borehole_s_earlier_s"])) == 1


def test_soft_ground_above_the_sensor_softens_no_further():
    table = conditions([5.0], 7.0, station_vs_30_mps=250.0)
    at = [simulate(StochasticBackend(nonlinear_site=some), table, npts=4000).data for some in (True, False)]
    assert np.abs(at[0]).max() < np.abs(at[1]).max()
    deep = table.assign(station_local_depth_m=100.0)
    below = [simulate(StochasticBackend(nonlinear_site=some), deep, npts=4000).data for some in (True, False)]
    np.testing.assert_array_equal(*below)


def test_sensors_below_the_earthquake_are_moved_to_its_depth():
    table = conditions(np.full(2, 5.0), depth_km=1.0, station_local_depth_m=[3000.0, 1000.0])
    with pytest.warns(SeisSynthWarning, match="1 of 2 sensors are deeper than the earthquake"):
        records = simulate(StochasticBackend(borehole_velocity_scatter=0), table, npts=1000)
    np.testing.assert_array_equal(*records.truth["borehole_s_earlier_s"])
    simulate(StochasticBackend(), table.assign(source_depth_km=0.0), npts=500)  # an unknown depth is no reason to warn


def test_damping_above_the_sensor_stays_within_the_records_own():
    """A deep sensor has less kappa than the surface, never less than none."""
    table = conditions([30.0], station_local_depth_m=3000.0, station_layers="- 1000 2500 2.2 5")
    data = simulate(StochasticBackend(), table, npts=6000).data[0].astype(float)
    power = np.abs(np.fft.rfft(data[2])) ** 2
    bands = [power[k * 60 : (k + 1) * 60].mean() for k in (6, 20, 45)]
    assert bands[0] > bands[1] > bands[2]


def test_profiles():
    depth = np.linspace(0, 0.03, 3001)[1:]
    for vs30 in (200.0, 500.0, 618.0, 760.0, 1200.0, 2500.0):
        found = 1000 / np.mean(1 / generic_velocity_km_s(depth, vs30))
        assert found == pytest.approx(vs30, rel=0.01)
        assert (np.diff(generic_velocity_km_s(np.linspace(0, 8, 400), vs30)) > -5e-3).all()
    profile = generic_profile(760.0, 150.0)
    assert profile.above(150.0)[0].sum() == pytest.approx(150.0)
    text = read_profile("20, 300, 1400, 1.9, 15; 80 700; - 1500")
    assert text.thickness_m == (20.0, 80.0, np.inf) and text.q_s == (15.0, 25.0, 25.0)
    assert text.above(60.0)[0].tolist() == [20.0, 40.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fast", "2 to 5 numbers"), ("20 300; 80", "layer 2"), ("-5 300; - 900", "above 0"), (";", "no layer"),
        ("20 9; - 900", "between 10 and 6000"), ("20 300 310; - 900", r"1\.15 Vs"), ("- 300; - 900", "2 to 5 numbers"),
        ("20 300 900 9; - 900", "density"), ("20 nan; - 900", "Vs"),
    ],
)  # fmt: skip
def test_impossible_layers_are_refused(text, words):
    table = conditions([30.0], station_local_depth_m=300.0).assign(station_layers=text, station_id="XX.A")
    with pytest.raises(InputError, match=words):
        simulate(StochasticBackend(), table, npts=500)


def test_generate_takes_depth_and_layers_of_a_station():
    inventory, event = seissynth.read_example()
    given = {"station_local_depth_m": {"XX.AMAT": 120.0}, "station_layers": {"XX.AMAT": "30 400; - 1200"}}
    stream = seissynth.generate(inventory, event, conditions=given)
    plain = seissynth.generate(inventory, event)
    table, before = seissynth.explain(stream), seissynth.explain(plain)
    row = table.index[table["sensor"].str.contains("AMAT")][0]
    assert table.loc[row, "station_local_depth_m"] == 120.0 and table.loc[row, "borehole_layers"] == "station_layers"
    assert 0.1 < before.loc[row, "s_s"] - table.loc[row, "s_s"] < 0.2
    np.testing.assert_array_equal(stream.select(station="CASC")[0].data, plain.select(station="CASC")[0].data)
