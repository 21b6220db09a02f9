"""Onsets against TauP on the same layers, closed forms, brute force over ray parameters, and properties."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seissynth.errors import InputError, SeisSynthWarning
from seissynth.traveltime.first_arrivals import (
    EARTH_RADIUS_KM,
    IASP91_LAYERS_TO_DEG,
    IASP91_LAYERS_TO_KM,
    KM_PER_DEGREE,
    LAYERS_TO_DEG,
    MAX_DISTANCE_KM,
    LayeredModel,
    Onsets,
    list_velocity_models,
    onsets,
    velocity_model,
)

R = EARTH_RADIUS_KM
ARRAYS = [name for name in Onsets.__annotations__ if name != "origin"]
SLOW_LAYER = LayeredModel("slow_layer", (0, 8, 12, 20, 35), (5.8, 5.2, 6.1, 6.6, 8.0), (3.4, 3.0, 3.5, 3.8, 4.5))
FAST_TOP = LayeredModel("fast_top", (0, 2, 10, 30), (6.0, 5.5, 6.5, 8.1), (3.5, 3.1, 3.7, 4.6))
SLOW_HALF_SPACE = LayeredModel("slow_half_space", (0, 10, 40), (5.8, 6.8, 6.5), (3.4, 3.9, 3.7))
UNIFORM = LayeredModel("uniform", (0,), (6.0,), (3.5,))


# --- TauP on the same layers ------------------------------------------------------------------------------


def taup_of(model, folder):
    """TauPyModel of a layered model, its half space going on to the centre."""
    from obspy.taup import TauPyModel
    from obspy.taup.taup_create import build_taup_model

    rows = [*zip(model.top_depth_km, model.vp_km_s, model.vs_km_s, strict=True)]
    # without discontinuities at the core's depths TauP takes the deepest one of the crust for the core
    rows += [(depth, *(v + 0.001 * i for v in rows[-1][1:])) for i, depth in ((1, 2889.0), (2, 5153.9))]
    bottoms = [*(row[0] for row in rows[1:]), R]
    lines = [model.name, "depth vp vs density"]
    for (top, vp, vs), bottom in zip(rows, bottoms, strict=True):
        lines += [f"{depth:.3f} {vp:.4f} {vs:.4f} 3.0" for depth in (top, bottom)]
    path = folder / f"{model.name}.tvel"
    path.write_text("\n".join(lines) + "\n")
    build_taup_model(str(path), output_folder=str(folder), verbose=False)
    return TauPyModel(str(path.with_suffix(".npz")))


@pytest.mark.parametrize("model", ["iasp91", "southern_california", "italy", SLOW_LAYER, FAST_TOP, SLOW_HALF_SPACE])
def test_first_arrivals_are_taups_on_the_same_layers(model, tmp_path):
    model = velocity_model(model)
    taup = taup_of(model, tmp_path)
    degrees = np.array([0.02, 0.3, 0.9, 1.7, 3.0])
    differences, takeoffs = [], []
    for depth in (0.0, 3.0, model.top_depth_km[1], 10.0, 19.5, 30.0, 40.0):
        # a hair within 3 degrees, so that "iasp91" too stays with its layers
        found = onsets(degrees * KM_PER_DEGREE * (1 - 1e-12), depth, model)
        for i, degree in enumerate(degrees):
            for phases, time in ((("p", "P", "Pn"), found.p_s[i]), (("s", "S", "Sn"), found.s_s[i])):
                theirs = taup.get_travel_times(depth, degree, phases)
                if not theirs:  # TauP has a gap between its last p and its first P
                    assert model.name == "slow_half_space"
                    continue
                differences.append(time - theirs[0].time)
                if phases[0] == "p":
                    takeoffs.append(found.p_takeoff_deg[i] - theirs[0].takeoff_angle)
    assert len(differences) > 60
    assert np.max(np.abs(differences)) < 0.005
    # TauP takes the take-off angle from p between its samples
    assert np.max(np.abs(takeoffs)) < 0.5


@pytest.mark.parametrize("name", ["iasp91", "ak135"])
def test_tables_agree_with_taup_calls(name):
    from obspy.taup import TauPyModel

    taup = TauPyModel(name)
    rng = np.random.default_rng(5)
    degrees = np.concatenate([rng.uniform(IASP91_LAYERS_TO_DEG, 30, 6), rng.uniform(30, 180, 6), [3.001, 180.0]])
    for depth in (0.0, 12.3, 35.0, 600.0):
        found = onsets(np.minimum(degrees * KM_PER_DEGREE, MAX_DISTANCE_KM), depth, name)
        for i, degree in enumerate(degrees):
            first_p = taup.get_travel_times(depth, degree, ("p", "P", "Pn", "Pdiff", "PKP", "PKIKP"))[0]
            first_s = taup.get_travel_times(depth, degree, ("s", "S", "Sn", "Sdiff", "SKS", "SKIKS"))[0]
            assert found.p_s[i] == pytest.approx(first_p.time, abs=0.005)
            assert found.s_s[i] == pytest.approx(first_s.time, abs=0.005)
            assert found.p_takeoff_deg[i] == pytest.approx(first_p.takeoff_angle, abs=0.5)


def test_tables_agree_with_layers_near_the_source():
    """The same crust twice: iasp91 by layers and by TauP, direct waves included."""
    from obspy.taup import TauPyModel

    distance = np.array([0.0, 1.0, 20.0, 90.0, 200.0, 333.0])
    for depth in (0.0, 0.4, 9.0, 20.0, 27.0, 35.0):
        ours = onsets(distance, depth, "iasp91")
        theirs = onsets(distance, depth, TauPyModel("iasp91"))
        assert theirs.origin == "taup:iasp91"
        for name in ARRAYS:
            limit = {"_s": 0.01, "eg": 0.5, "km": 1e-3}[name[-2:]]
            np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), atol=limit, err_msg=name)


def test_tables_reach_into_a_shadow(tmp_path):
    """Where TauP has no wave the tables go on along the base of the layer, as our layers do."""
    model = LayeredModel("slow_below", (0, 10), (6.8, 6.5), (3.9, 3.7))
    taup = taup_of(model, tmp_path)
    distance = np.array([5.0, 6.0, 7.0, 8.0, 9.5]) * KM_PER_DEGREE
    assert not taup.get_travel_times(5.0, 7.0, ("p", "P", "Pn"))
    layers, tables = onsets(distance, 5.0, model), onsets(distance, 5.0, taup)
    # P alone: TauP's first S sample of this model is off by 24 degrees
    np.testing.assert_allclose(tables.p_s, layers.p_s, atol=0.01)


# --- closed forms -----------------------------------------------------------------------------------------


@given(
    degrees=st.floats(0, 10),
    depth=st.floats(0, 700),
    velocities=st.tuples(st.floats(4, 9), st.floats(1, 3.9)),
    cuts=st.lists(st.floats(0.1, 900), max_size=3, unique=True),
)
@settings(max_examples=100)
def test_uniform_sphere_gives_the_chord(degrees, depth, velocities, cuts):
    """Layers of one velocity are no layers: time, angle and slowness of the straight chord."""
    tops = (0.0, *sorted(cuts))
    model = LayeredModel.from_layers([(top, *velocities) for top in tops])
    found = onsets([degrees * KM_PER_DEGREE], depth, model)
    delta, source = degrees * KM_PER_DEGREE / R, R - depth
    x, z = R * np.sin(delta), 2 * R * np.sin(delta / 2) ** 2  # receiver, aside and below the epicentre
    chord = np.hypot(x, depth - z)
    for time, velocity in ((found.p_s, velocities[0]), (found.s_s, velocities[1])):
        assert time[0] == pytest.approx(chord / velocity, rel=1e-9, abs=1e-9)
    if len(tops) == 1 and chord > 1e-6:
        takeoff = np.degrees(np.arctan2(x, z - depth))
        assert found.p_direct_takeoff_deg[0] == pytest.approx(takeoff, abs=1e-5)
        slowness = source * x / chord / velocities[0] / R
        assert found.p_ray_parameter_s_km[0] == pytest.approx(slowness, rel=1e-6, abs=1e-12)
        assert found.p_direct_s[0] == found.p_s[0]


def test_vertical_ray_adds_the_layers():
    found = onsets([0.0], 20.0, "southern_california")
    model = velocity_model("southern_california")
    assert found.p_s[0] == pytest.approx(5.5 / 5.5 + 10.5 / 6.3 + 4 / 6.7, rel=1e-12)
    vs = model.vs_km_s
    assert found.s_s[0] == pytest.approx(5.5 / vs[0] + 10.5 / vs[1] + 4 / vs[2], rel=1e-12)
    assert found.p_takeoff_deg[0] == 180 and found.p_ray_parameter_s_km[0] == 0


def test_flat_two_layer_refraction_is_the_limit_at_short_distance():
    """A shallow refractor near by: t = x/v2 + 2 h cos(ic)/v1, the textbook line."""
    thickness, v1, v2, distance = 0.05, 2.0, 6.0, 1.0
    model = LayeredModel.from_layers([(0, v1, 1.0), (thickness, v2, 3.0)])
    expected = distance / v2 + 2 * thickness * np.sqrt(1 - (v1 / v2) ** 2) / v1
    found = onsets([distance], 0.0, model)
    assert found.p_s[0] == pytest.approx(expected, abs=1e-5)
    assert found.p_takeoff_deg[0] == pytest.approx(np.degrees(np.arcsin(v1 / v2)), abs=0.02)
    assert found.p_direct_s[0] == pytest.approx(distance / v1, abs=1e-6)


# --- brute force: every ray of a dense fan, straight from the formulas --------------------------------------


def crossing(p, v, outer, inner):
    """Angle and time of rays p through a shell part, by the textbook difference of arc cosines."""
    q = p * v
    angle = np.arccos(np.minimum(q / outer, 1)) - np.arccos(np.minimum(q / inner, 1))
    time = (np.sqrt(np.maximum(outer**2 - q**2, 0)) - np.sqrt(np.maximum(inner**2 - q**2, 0))) / v
    return np.array([angle, time])


def brute_first(delta, depth, tops, v, rays=20001):
    """Earliest time over fans that leave upwards or turn in each layer, and over waves along bases."""
    r, source = R - np.asarray(tops, float), R - depth
    s = max(np.searchsorted(tops, depth, side="left") - 1, 0)
    upper = [(v[j], r[j], r[j + 1]) for j in range(s)] + [(v[s], r[s], source)]
    best = [np.inf]

    def fan(p_low, p_high, curve):
        if p_high <= p_low:
            return
        p = p_low + (p_high - p_low) * np.sin(np.linspace(0, np.pi / 2, rays)) ** 2
        angle, time = curve(p)
        inside = np.flatnonzero((angle[:-1] - delta) * (angle[1:] - delta) <= 0)
        mean = 0.5 * (p[inside] + p[inside + 1])
        # time is stationary in p: intercepts of both neighbours bracket the truth to second order
        best.extend(0.5 * sum(time[i] + mean * (delta - angle[i]) for i in (inside, inside + 1)))
        for end in (0, -1):
            if delta >= angle[end] and p[end] == grazing_p:
                best.append(time[end] + p[end] * (delta - angle[end]))

    grazing_p = min([source / v[s]] + [inner / velocity for velocity, _, inner in upper[:-1]])
    fan(0.0, grazing_p, lambda p: sum(crossing(p, *shell) for shell in upper))
    for k in range(s, len(tops)):
        down = [(v[s], source, r[s + 1])] if k > s else []
        down += [(v[j], r[j], r[j + 1]) for j in range(s + 1, k)]
        top = source if k == s else r[k]
        grazing_p = 0.0 if k + 1 == len(tops) else r[k + 1] / v[k]
        p_high = min([top / v[k]] + [inner / velocity for velocity, _, inner in upper + down])

        def curve(p, down=down, top=top, velocity=v[k]):
            chord = np.array([2 * np.arccos(np.minimum(p * velocity / top, 1)), 0 * p])
            chord[1] = 2 * np.sqrt(np.maximum(top**2 - (p * velocity) ** 2, 0)) / velocity
            return sum(crossing(p, *shell) for shell in upper) + 2 * sum(crossing(p, *shell) for shell in down) + chord

        fan(grazing_p, p_high, curve)
    return min(best)


layer_stacks = st.lists(
    st.tuples(st.floats(0.5, 25), st.floats(2, 9), st.floats(0.4, 0.65)), min_size=1, max_size=5
).map(
    lambda rows: LayeredModel.from_layers(
        [
            (top, vp, vp * ratio)
            for top, (_, vp, ratio) in zip(
                itertools.accumulate([0.0] + [row[0] for row in rows[:-1]]), rows, strict=True
            )
        ]
    )
)


@given(model=layer_stacks, depth=st.floats(0, 60), degrees=st.floats(0, 10))
@settings(max_examples=60)
def test_no_ray_of_a_dense_fan_is_earlier(model, depth, degrees):
    found = onsets([degrees * KM_PER_DEGREE], depth, model)
    delta = degrees * KM_PER_DEGREE / R
    for time, v in ((found.p_s[0], model.vp_km_s), (found.s_s[0], model.vs_km_s)):
        assert time == pytest.approx(brute_first(delta, depth, model.top_depth_km, v), abs=1e-4)


@pytest.mark.parametrize("depth", [4.4, 30.0])
def test_rays_below_a_slightly_faster_layer(depth):
    """Their curve turns back at a caustic: of two rays to one place the steeper one counts."""
    model = LayeredModel.from_layers([(0, 6.00085, 3.5005), (18, 6.0, 3.5)])
    degrees = np.arange(1.0, 10.0, 0.25)
    found = onsets(degrees * KM_PER_DEGREE, depth, model)
    for time, v in ((found.p_s, model.vp_km_s), (found.s_s, model.vs_km_s)):
        expected = [brute_first(np.radians(x), depth, model.top_depth_km, v) for x in degrees]
        np.testing.assert_allclose(time, expected, atol=1e-5)


# --- properties of shortest paths --------------------------------------------------------------------------


@given(model=layer_stacks, depth=st.floats(0, 60), start=st.floats(0, 1000), step=st.floats(1e-3, 50))
@settings(max_examples=150)
def test_first_arrival_is_continuous_and_increases_with_distance(model, depth, start, step):
    """Fermat: a step along the surface costs more than nothing, and at most itself at the top layer's speed."""
    found = onsets([start, start + step], depth, model)
    for time, v in ((found.p_s, model.vp_km_s), (found.s_s, model.vs_km_s)):
        assert np.diff(time)[0] > 0 or start + step < 0.01
        assert np.diff(time)[0] <= step / v[0] * (1 + 1e-9) + 1e-9


@given(model=layer_stacks, depth=st.floats(0, 60), step=st.floats(1e-6, 5), degrees=st.floats(0, 9))
@settings(max_examples=150)
def test_first_arrival_is_continuous_in_depth(model, depth, step, degrees):
    found = onsets(np.full(2, degrees * KM_PER_DEGREE), [depth, depth + step], model)
    for time, v in ((found.p_s, model.vp_km_s), (found.s_s, model.vs_km_s)):
        assert abs(np.diff(time)[0]) <= step / min(v) * (1 + 1e-9) + 1e-9


@given(model=layer_stacks, depth=st.floats(-1, 60), degrees=st.lists(st.floats(0, 10), min_size=1, max_size=8))
@settings(max_examples=100)
def test_every_result_is_finite_and_in_bounds(model, depth, degrees):
    found = onsets(np.array(degrees) * KM_PER_DEGREE * (1 - 1e-12), depth, model)
    for name in ARRAYS:
        values = getattr(found, name)
        assert values.shape == (len(degrees),) and values.dtype == np.float64
        assert np.isfinite(values).all()
    assert (found.p_s <= found.p_direct_s).all() and (found.s_s <= found.s_direct_s).all()
    assert (found.p_s <= found.s_s).all()
    for name in ("p_takeoff_deg", "p_direct_takeoff_deg", "s_direct_takeoff_deg"):
        assert ((getattr(found, name) >= 0) & (getattr(found, name) <= 180)).all()
    assert (found.p_ray_parameter_s_km * model.vp_km_s[0] <= 1 + 1e-12).all()
    assert (found.s_ray_parameter_s_km * model.vs_km_s[0] <= 1 + 1e-12).all()


@pytest.mark.parametrize("model", ["iasp91", "southern_california", "ak135"])
@pytest.mark.filterwarnings("ignore::seissynth.errors.SeisSynthWarning")
def test_a_path_does_not_depend_on_the_others(model):
    rng = np.random.default_rng(3)
    distance = np.concatenate([rng.uniform(0, 400, 150), rng.uniform(400, 9000, 50)])
    depth = rng.choice([0.0, 5.5, 12.34, 35.0, 50.0], 200)
    whole = onsets(distance, depth, model)
    order = rng.permutation(200)
    mixed = onsets(distance[order], depth[order], model)
    alone = [onsets(distance[i], depth[i], model) for i in (0, 77, 180)]
    for name in ARRAYS:
        values = getattr(whole, name)
        assert (getattr(mixed, name) == values[order]).all(), name
        assert [getattr(one, name)[0] for one in alone] == values[[0, 77, 180]].tolist(), name


# --- direct waves -----------------------------------------------------------------------------------------


def test_direct_wave_keeps_on_beyond_its_last_ray():
    """Up, horizontal, down and back, along the base: time and its slope (the ray parameter) stay continuous."""
    distance = np.arange(1.0, 1100.0, 0.5)
    found = onsets(distance, 10.0, FAST_TOP)
    for time, slowness in (
        (found.p_direct_s, found.p_ray_parameter_s_km),
        (found.s_direct_s, found.s_ray_parameter_s_km),
    ):
        # d(time)/d(distance) is the slowness: integrate it
        steps = 0.5 * (slowness[1:] + slowness[:-1]) * 0.5
        np.testing.assert_allclose(np.diff(time), steps, atol=2e-3)
    assert np.ptp(found.p_ray_parameter_s_km[-200:]) == 0  # grazing by then
    assert (found.p_s[-200:] < found.p_direct_s[-200:] - 5).all()


def test_direct_ray_turns_in_its_own_layer_beyond_the_horizontal():
    horizontal = np.arccos((R - 10) / R) * R
    found = onsets([horizontal * 0.999, horizontal * 1.001], 10.0, UNIFORM)
    assert found.p_direct_takeoff_deg[0] > 90 > found.p_direct_takeoff_deg[1]


def test_takeoff_of_the_head_wave_obeys_snell():
    found = onsets([300.0], 10.0, "iasp91")
    moho = (R - 35) / 8.04
    assert 0.999 * moho < np.sin(np.radians(found.p_takeoff_deg[0])) * (R - 10) / 5.8 < moho


def test_source_on_an_interface_counts_to_the_layer_above():
    at, above, below = (onsets([200.0], depth, "southern_california") for depth in (16.0, 16 - 1e-9, 16 + 1e-9))
    assert at.p_direct_s[0] == pytest.approx(above.p_direct_s[0], abs=1e-6)
    assert at.p_s[0] == pytest.approx(above.p_s[0], abs=1e-6) == pytest.approx(below.p_s[0], abs=1e-6)
    assert below.p_direct_s[0] < at.p_direct_s[0] - 0.5


def test_sources_above_sea_level_are_at_depth_zero():
    for model in ("korea", "ak135"):
        assert onsets([30.0], -1.2, model).s_s[0] == onsets([30.0], 0.0, model).s_s[0]
    surface = onsets([0.0], 0.0)
    assert (surface.p_s[0], surface.s_s[0], surface.p_takeoff_deg[0]) == (0.0, 0.0, 90.0)


# --- where one model hands over to another ------------------------------------------------------------------


@pytest.mark.parametrize("depth", [0.0, 5.0, 20.0, 34.0, 40.0])
def test_iasp91_is_nearly_continuous_where_taup_takes_over(depth):
    at = IASP91_LAYERS_TO_DEG * KM_PER_DEGREE
    found = onsets([at, np.nextafter(at, np.inf)], depth)
    jumps = {name: abs(np.diff(getattr(found, name))[0]) for name in ARRAYS}
    assert jumps["p_s"] < 0.003 and jumps["s_s"] < 0.02
    assert jumps["p_direct_s"] < 0.003 and jumps["s_direct_s"] < 0.02


def test_iasp91_is_nearly_continuous_in_depth_where_taup_takes_over():
    depths = [IASP91_LAYERS_TO_KM, np.nextafter(IASP91_LAYERS_TO_KM, np.inf)]
    found = onsets([100.0, 100.0], depths)
    assert abs(np.diff(found.p_s)[0]) < 0.005 and abs(np.diff(found.s_s)[0]) < 0.005


def test_iasp91_below_its_layers_is_taups():
    from obspy.taup import TauPyModel

    named, whole = (onsets([5.0, 150.0], 200.0, model) for model in ("iasp91", TauPyModel("iasp91")))
    assert (named.p_s == whole.p_s).all() and (named.s_direct_s == whole.s_direct_s).all()


def test_other_crusts_hand_over_to_iasp91_with_one_warning():
    far = np.array([1.0, 1.2, 5.0]) * LAYERS_TO_DEG * KM_PER_DEGREE
    with pytest.warns(SeisSynthWarning, match="southern_california.*2 of 3 paths") as caught:
        found = onsets(far, 10.0, "southern_california")
    assert len(caught) == 1
    assert found.origin == "southern_california"
    assert (found.p_s[1:] == onsets(far[1:], 10.0, "iasp91").p_s).all()
    onsets(far[:1], 10.0, "southern_california")  # within: no warning, which would be an error here


# --- models and errors --------------------------------------------------------------------------------------


def test_models_by_name_by_layers_and_as_they_are():
    model = velocity_model([(0, 5.8, 3.36), (20, 6.5, 3.75), (35, 8.04, 4.47)])
    named = onsets([100.0], 5.0, "iasp91")
    given_layers = onsets([100.0], 5.0, model)
    assert given_layers.p_s[0] == named.p_s[0] and given_layers.origin == "custom"
    assert velocity_model(model) is model
    assert len(list_velocity_models()) == 5
    assert all(velocity_model(name).source for name in list_velocity_models())


def test_shipped_iasp91_is_taups_crust():
    from obspy.taup import TauPyModel

    layers = TauPyModel("iasp91").model.s_mod.v_mod
    ours = velocity_model("iasp91")
    for depth, vp, vs in zip(ours.top_depth_km, ours.vp_km_s, ours.vs_km_s, strict=True):
        assert layers.evaluate_below(depth, "p")[0] == vp and layers.evaluate_below(depth, "s")[0] == vs


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([], "rows of three"),
        ([(0, 6)], "rows of three"),
        ([(1, 6, 3)], "start at 0"),
        ([(0, 6, 3), (0, 7, 4)], "increase"),
        ([(0, 6, 3), (np.inf, 7, 4)], "increase"),
        ([(0, 6, 0)], "positive"),
        ([(0, np.nan, 3)], "positive"),
        ([(0, 3, 6)], "swapped"),
    ],
)
def test_layers_that_make_no_model(layers, words):
    with pytest.raises(InputError, match=words):
        velocity_model(layers)


def test_columns_of_different_length_make_no_model():
    with pytest.raises(InputError, match="2 tops, 1 vp, 2 vs"):
        LayeredModel("x", (0, 1), (6.0,), (3.0, 3.5))


def test_unknown_names_get_the_nearest():
    with pytest.raises(InputError, match="did you mean 'southern_california'"):
        velocity_model("southern_californa")
    with pytest.raises(InputError, match="did you mean 'ak135'"):
        onsets([1.0], 1.0, "ak136")


@pytest.mark.parametrize(
    ("distance", "depth", "words"),
    [
        ([1.0, np.nan], 1.0, r"distance_km\[1\] is nan"),
        ([-1.0], 1.0, r"distance_km\[0\] is -1"),
        ([np.inf], 1.0, "distance_km"),
        ([20016.0], 1.0, "circumference"),
        ([1.0], np.nan, r"depth_km\[0\] is nan"),
        ([1.0], 8000.0, "metres"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], "shape"),
        ([[1.0]], 1.0, "shape"),
        (["far"], 1.0, "numbers"),
    ],
)
def test_bad_paths(distance, depth, words):
    with pytest.raises(InputError, match=words):
        onsets(distance, depth)


def test_no_paths_give_no_onsets():
    assert len(onsets([], 10.0)) == 0


def test_layers_need_no_obspy_and_the_import_no_numba():
    code = (
        "import sys; sys.modules['obspy'] = None\n"
        "import seissynth.traveltime as t\n"
        "assert 'numba' not in sys.modules\n"
        "print(t.onsets([50.0], 10.0).p_s[0] > 8)\n"
        "try: t.onsets([50.0], 10.0, 'ak135')\n"
        "except ValueError as error: print('ObsPy' in str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
