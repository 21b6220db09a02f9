"""Random terms: what they scatter, whose they are, and that they are switched on where realisations are asked for."""

import json
import subprocess
import sys

import numpy as np
import pytest
from stochastic_tables import conditions

import seissynth
from seissynth.backends.base import Backend, Card
from seissynth.backends.registry import resolve_backend
from seissynth.errors import InputError
from seissynth.records import Records
from seissynth.seeding import make_seeds
from seissynth.signal import pga
from seissynth_plugins.stochastic.adjustment import KNOTS_HZ
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.spatial_field import SpatialField, earth_centred_km, make_field
from seissynth_plugins.stochastic.variability import (
    DURATION_ROW_SHARE,
    RATIO_DEVIATIONS,
    RATIO_SITE_SHARE,
    TermMaker,
    read_tables,
)

PLACES = np.array([6000.0, 0.0, 2000.0]) + np.outer([0.0, 2.0, 5.0, 10.0, 20.0, 40.0], [1.0, 0.0, 0.0])


# --- the field


@pytest.mark.parametrize("range_km", [20.0, 70.0])
def test_the_field_has_unit_variance_and_the_exponential_covariance(range_km):
    draws = np.concatenate([make_field(seed, "x", range_km, 6).at(PLACES).T for seed in range(700)])
    covariance = draws.T @ draws / len(draws)
    away = np.abs(PLACES[:, None, 0] - PLACES[:, 0])
    # 4,200 draws: a covariance is known to 0.016 to 0.022
    np.testing.assert_allclose(covariance, np.exp(-3 * away / range_km), atol=0.07)
    np.testing.assert_allclose(covariance[0], np.exp(-3 * away[0] / range_km), atol=0.05)


def test_the_values_are_normal():
    from scipy.stats import kstest

    draws = np.concatenate([make_field(seed, "x", 20.0, 2).at(PLACES[:1])[0] for seed in range(500)])
    assert kstest(draws, "norm").pvalue > 0.01


def test_the_field_is_its_defining_sum():
    field = make_field(3, "x", 20.0, 2, waves=16)
    angle = PLACES @ field.wave.T
    wanted = (np.cos(angle) @ field.cosine + np.sin(angle) @ field.sine) / 4.0
    np.testing.assert_allclose(field.at(PLACES), wanted, rtol=1e-10, atol=1e-12)


def test_wave_numbers_have_the_distribution_of_a_ratio_of_normals():
    from scipy.stats import f

    wave = np.concatenate([np.linalg.norm(make_field(seed, "x", 3.0).wave, axis=1) for seed in range(20)])
    levels = np.array([0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95])
    # (|g|² / 3) / g0² has the F distribution
    np.testing.assert_allclose(np.quantile(wave, levels), np.sqrt(3 * f.ppf(levels, 3, 1)), rtol=0.01)


def test_a_place_has_its_value_whatever_else_is_asked_for():
    field, rng = make_field(1, "x", 20.0, 5), np.random.default_rng(0)
    places = PLACES[0] + rng.normal(size=(301, 3)) * 50
    whole, order = field.at(places), rng.permutation(301)
    np.testing.assert_array_equal(field.at(places[order]), whole[order])
    np.testing.assert_array_equal(np.concatenate([field.at(places[i : i + 7]) for i in range(0, 301, 7)]), whole)
    np.testing.assert_array_equal(field.at(places[17:18]), whole[17:18])


def test_seeds_and_names_make_other_fields():
    values = [make_field(s, n, 20.0).at(PLACES)[0, 0] for s, n in ((1, "a"), (1, "b"), (2, "a"))]
    assert len(set(values)) == 3


@pytest.mark.parametrize("range_km", [0.0, -1.0, np.nan])
def test_a_range_must_be_positive(range_km):
    with pytest.raises(InputError, match="must be above 0"):
        make_field(1, "x", range_km)


def test_earth_centred_places_against_wgs84_distances():
    from obspy.geodetics import gps2dist_azimuth

    one, other = (35.7, -117.5), (35.9, -117.1)
    chord = np.linalg.norm(np.diff(earth_centred_km(*zip(one, other, strict=True)), axis=0))
    assert chord == pytest.approx(gps2dist_azimuth(*one, *other)[0] / 1000, rel=1e-5)


_WITHOUT_JIT = """
import json, sys
import numpy as np
from seissynth_plugins.stochastic._variability_kernels import correlated_rows
from seissynth_plugins.stochastic.spatial_field import make_field
places = np.array(json.loads(sys.argv[1]))
out = np.empty((2, 2))
correlated_rows(out, np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([[1.0, 2.0], [-1.0, 0.5]]))
print(json.dumps([make_field(5, "x", 20.0, 3, waves=32).at(places).tolist(), out.tolist()]))
"""


def test_kernels_give_the_same_without_compilation():
    environment = {**__import__("os").environ, "NUMBA_DISABLE_JIT": "1"}
    arguments = [sys.executable, "-c", _WITHOUT_JIT, json.dumps(PLACES.tolist())]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    field, product = json.loads(done.stdout)
    np.testing.assert_allclose(field, make_field(5, "x", 20.0, 3, waves=32).at(PLACES), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(product, [[1.0, 2.2], [-1.0, -0.2]])


# --- the terms


def network(n=6, events=1):
    """Seeds and places of `events` x n rows; the same stations in each event."""
    rng = np.random.default_rng(0)
    place = np.tile(np.column_stack([36 + rng.normal(size=n) * 0.2, -117 + rng.normal(size=n) * 0.2]), (events, 1))
    names = [f"event{i}" for i in range(events) for _ in range(n)]
    return make_seeds(1, names, [f"XX.S{j}" for j in range(n)] * events), place[:, 0], place[:, 1]


def test_the_tables_are_sound():
    tables = read_tables()
    assert np.linalg.eigvalsh(tables.correlation()).min() > 0
    np.testing.assert_allclose((tables.field_factor() ** 2).sum(axis=1), 1.0)
    for name in ("tau", "phi_s2s", "phi_ss", "offset"):
        table = getattr(tables, name)
        assert table.shape[-1] == len(KNOTS_HZ) and np.isfinite(table).all()
    np.testing.assert_allclose(tables.at("tau", np.array([1.0, 3.5])), np.tile(tables.tau[0], (2, 1)))
    half = tables.at("phi_ss", np.array([3.75]))
    np.testing.assert_allclose(half[0], (tables.phi_ss[0] + tables.phi_ss[1]) / 2)


def test_a_station_keeps_its_term_and_an_event_its_own():
    seeds, latitude, longitude = network(n=5, events=3)
    magnitude = np.repeat([3.0, 5.0, 7.0], 5)
    terms = TermMaker().draw(magnitude, latitude, longitude, seeds)
    site = terms.site.reshape(3, 5, -1)
    np.testing.assert_array_equal(site[1], site[0])
    np.testing.assert_array_equal(site[2], site[0])
    event = terms.event.reshape(3, 5, -1)
    np.testing.assert_array_equal(event, np.repeat(event[:, :1], 5, axis=1))
    assert len(np.unique(event[:, 0, 0])) == 3 and len(np.unique(site[0, :, 0])) == 5
    # another realisation: other events, the same stations
    again = make_seeds(1, ["event0"] * 5, [f"XX.S{j}" for j in range(5)], realization=1)
    other = TermMaker().draw(magnitude[:5], latitude[:5], longitude[:5], again)
    np.testing.assert_array_equal(other.site, terms.site[:5])
    assert not np.any(other.event == terms.event[:5])


def test_terms_do_not_depend_on_the_cut():
    seeds, latitude, longitude = network(n=40, events=2)
    magnitude = np.linspace(3, 7, 80)
    latitude[::9] = np.nan
    maker = TermMaker()

    def totals(rows):
        return maker.draw(magnitude[rows], latitude[rows], longitude[rows], seeds[rows]).total()

    whole, order = totals(slice(None)), np.random.default_rng(2).permutation(80)
    np.testing.assert_array_equal(totals(order), whole[order])
    np.testing.assert_array_equal(np.concatenate([totals(slice(i, i + 3)) for i in range(0, 80, 3)]), whole)


def test_terms_have_the_tables_standard_deviations_and_correlations():
    n, tables = 6000, read_tables()
    names = [str(i) for i in range(n)]
    seeds = make_seeds(2, names, names)
    nowhere = np.full(n, np.nan)
    terms = TermMaker().draw(np.full(n, 5.0), nowhere, nowhere, seeds)
    for term, name in ((terms.event, "tau"), (terms.site, "phi_s2s"), (terms.within, "phi_ss")):
        np.testing.assert_allclose(term.std(axis=0), tables.at(name, np.array([5.0]))[0], rtol=0.04)
    row, field, fields = np.sqrt(tables.row_share), np.sqrt(1 - tables.row_share), tables.field_factor()
    within = np.outer(row, row) * tables.correlation() + np.outer(field, field) * (fields @ fields.T)
    for term, wanted in (
        (terms.event, tables.correlation(tables.event_stretch)), (terms.site, tables.correlation()),
        (terms.within, within),
    ):  # fmt: skip
        np.testing.assert_allclose(np.corrcoef(term.T), wanted, atol=0.05)
    # the fields have fewer factors than there are knots
    np.testing.assert_allclose(fields @ fields.T, tables.correlation(), atol=0.15)
    assert abs(np.corrcoef(terms.event[:, 4], terms.site[:, 4])[0, 1]) < 0.05


def test_near_stations_share_the_field_and_those_without_a_place_do_not():
    tables, n = read_tables(), 500
    events = np.repeat([str(i) for i in range(n)], 2)
    seeds = make_seeds(4, list(events), ["a", "b"] * n)
    latitude, longitude = np.tile([36.0, 36.05], n), np.full(2 * n, -117.0)
    apart = np.linalg.norm(np.diff(earth_centred_km([36.0, 36.05], [-117.0, -117.0]), axis=0))
    within = TermMaker().draw(np.full(2 * n, 5.0), latitude, longitude, seeds).within.reshape(n, 2, -1)
    seen = np.array([np.corrcoef(within[:, 0, k], within[:, 1, k])[0, 1] for k in range(len(KNOTS_HZ))])
    near, far = (np.exp(-3 * apart / b) for b in tables.ranges_km)
    short = tables.short_share
    np.testing.assert_allclose(seen, (1 - tables.row_share) * (short * near + (1 - short) * far), atol=0.1)
    alone = TermMaker().draw(np.full(2 * n, 5.0), np.full(2 * n, np.nan), longitude, seeds).within.reshape(n, 2, -1)
    assert np.abs([np.corrcoef(alone[:, 0, k], alone[:, 1, k])[0, 1] for k in range(len(KNOTS_HZ))]).max() < 0.15


def test_durations_scatter_between_events_and_resemble_each_other_nearby():
    n = 700
    events = np.repeat([str(i) for i in range(n)], 3)
    seeds = make_seeds(6, list(events), ["a", "b", "c"] * n)
    latitude, longitude = np.tile([36.0, 36.05, 50.0], n), np.full(3 * n, -117.0)
    apart = np.linalg.norm(np.diff(earth_centred_km([36.0, 36.05], [-117.0, -117.0]), axis=0))
    (near, far), short = read_tables().ranges_km, read_tables().short_share
    field = short * np.exp(-3 * apart / near) + (1 - short) * np.exp(-3 * apart / far)

    def draw(*durations):
        maker = TermMaker(durations=durations)
        return maker.draw(np.full(3 * n, 5.0), latitude, longitude, seeds).duration.reshape(n, 3)

    # 700 events: a correlation is known to 0.04, a standard deviation to 2 %
    within = draw(0.0, 0.4, 0.0)
    np.testing.assert_allclose(within.std(axis=0), 0.4, rtol=0.09)
    assert np.corrcoef(within.T)[0, 1] == pytest.approx((1 - DURATION_ROW_SHARE) * field, abs=0.1)
    assert abs(np.corrcoef(within.T)[0, 2]) < 0.12
    between = draw(0.25, 0.0, 0.0)
    np.testing.assert_array_equal(between, np.repeat(between[:, :1], 3, axis=1))
    assert between[:, 0].std() == pytest.approx(0.25, rel=0.09)
    site = draw(0.0, 0.0, 0.3)
    np.testing.assert_array_equal(site, np.repeat(site[:1], n, axis=0))  # a station's own, in all events
    np.testing.assert_allclose(draw(0.25, 0.4, 0.3), within + between + site)
    terms = TermMaker(durations=(0.25, 0.4, 0.0)).draw(np.full(3 * n, 5.0), latitude, longitude, seeds)
    assert abs(np.corrcoef(terms.duration, terms.within[:, 5])[0, 1]) < 0.12  # near stations are not independent


@pytest.mark.parametrize(("site_terms", "size"), [("shared", 0.3), ("drawn", 0.3), ("mean", 0.0)])
def test_durations_of_sites_are_shared_drawn_or_left_out(site_terms, size):
    """Of 700 stations in two events: one factor of a station, two that do not correlate, or none."""
    n = 700
    seeds = make_seeds(6, ["a", "b"] * n, [str(k // 2) for k in range(2 * n)])
    maker = TermMaker(durations=(0.0, 0.0, 0.3), site_terms=site_terms)
    unknown = np.full(2 * n, np.nan)
    found = maker.draw(np.full(2 * n, 5.0), unknown, unknown, seeds).duration.reshape(n, 2)
    assert found.std() == pytest.approx(size, rel=0.09)
    assert (found[:, 0] == found[:, 1]).all() == (site_terms != "drawn")
    if site_terms == "drawn":
        assert abs(np.corrcoef(found.T)[0, 1]) < 0.12


def test_scales_switch_terms_off():
    seeds, latitude, longitude = network()
    full = TermMaker().draw(np.full(6, 5.0), latitude, longitude, seeds)
    none = TermMaker(scales=(0, 0, 0)).draw(np.full(6, 5.0), latitude, longitude, seeds)
    assert not none.total().any()
    assert not none.duration.any()
    one = TermMaker(scales=(0, 2, 0)).draw(np.full(6, 5.0), latitude, longitude, seeds)
    np.testing.assert_allclose(one.site, 2 * full.site)
    assert not one.event.any() and not one.within.any()


# --- in records


def simulate(backend, table, seeds, npts=3000):
    """Horizontal records, m/s², and truth."""
    start = np.zeros(len(table))
    records = backend.simulate(table, start_s=start, npts=npts, sampling_rate_hz=100.0, seeds=seeds)
    return records.data[:, 1:].astype(float), records.truth


def test_records_scatter_as_the_ground_motion_model_says_and_their_median_stays():
    # BSSA14 at M 5: tau 0.373, phi 0.595 in ln PGA (Boore et al. 2014, table 4, halfway between M 4.5 and 5.5)
    events, stations = 150, 4
    rows = events * stations
    table = conditions(np.full(rows, 30.0), magnitude=5.0)
    table["station_latitude_deg"] = np.tile(10.0 * np.arange(stations), events)
    table["station_longitude_deg"] = 0.0
    event = np.repeat(np.arange(events), stations)
    seeds = make_seeds(3, [f"e{i}" for i in event], [f"s{i}" for i in range(rows)])
    data, truth = simulate(StochasticBackend(variability=True), table, seeds)
    peaks = np.log(pga(data)).mean(axis=1).reshape(events, stations)
    phi = np.sqrt(peaks.var(axis=1, ddof=1).mean())
    tau = np.sqrt(peaks.mean(axis=1).var(ddof=1) - phi**2 / stations)
    assert phi == pytest.approx(0.595, rel=0.15)  # 600 records: 3 % of standard error
    assert tau == pytest.approx(0.373, rel=0.30)  # 150 events: 9 %
    terms = sum(truth[f"{name}_term_5hz"] for name in ("event", "site", "within"))
    plain = np.log(pga(simulate(StochasticBackend(), table, seeds)[0])).mean(axis=1)
    # PGA listens to more than 5 Hz, and to durations
    assert np.corrcoef(terms, peaks.ravel() - plain)[0, 1] > 0.8
    slope, shift = np.polyfit(terms, peaks.ravel() - plain, 1)
    assert abs(shift) < 0.06 and 0.5 < slope < 1.3


def test_truth_tells_the_terms_and_is_silent_without_them():
    table, (seeds, *_) = conditions(np.full(6, 20.0)), network()
    names = {f"{term}_term_{f}hz" for term in ("event", "site", "within") for f in (1, 5)}
    assert names <= set(simulate(StochasticBackend(variability=True), table, seeds)[1])
    assert not names & set(simulate(StochasticBackend(), table, seeds)[1])


def test_scales_of_zero_leave_records_as_they_are():
    table, (seeds, *_) = conditions(np.full(6, 20.0)), network()
    names = (
        "event_term_scale", "site_term_scale", "within_term_scale", "ratio_term_scale", "duration_scatter",
        "duration_event_scatter", "duration_site_scatter",
    )  # fmt: skip
    scales = dict.fromkeys(names, 0)
    off = StochasticBackend(variability=True, **scales)
    # the filter is 1 in all bins, but its phase is added to others
    plain = simulate(StochasticBackend(), table, seeds)[0]
    np.testing.assert_allclose(simulate(off, table, seeds)[0], plain, rtol=1e-6, atol=1e-6 * abs(plain).max())


def test_a_scale_over_frequency_acts_where_it_says():
    """Half of the events' terms up to 1 Hz and all of them from 5 Hz on; linear in ln f between; the rest as before."""
    table, (seeds, *_) = conditions(np.full(6, 20.0)), network()
    pairs = [[0.2, 0.5], [1, 0.5], [5, 1]]
    whole, half, one = (
        simulate(StochasticBackend(variability=True, event_term_scale=scale), table, seeds)[1]
        for scale in (1, pairs, [[3, 0.7]])
    )
    at_knots = np.interp(np.log(KNOTS_HZ), np.log([1, 5]), [0.5, 1.0])
    made = [
        TermMaker(scales=(scale, 1.0, 1.0)).draw(np.full(6, 5.0), np.full(6, 40.0), np.full(6, 15.0), seeds)
        for scale in (1.0, tuple(map(tuple, pairs)))
    ]
    np.testing.assert_allclose(made[1].event, at_knots * made[0].event, rtol=1e-12)
    np.testing.assert_array_equal(made[1].site, made[0].site)
    assert (abs(made[1].offset) <= abs(made[0].offset)).all()
    np.testing.assert_allclose(half["event_term_5hz"], whole["event_term_5hz"], rtol=0.1)
    np.testing.assert_allclose(half["event_term_1hz"], 0.5 * whole["event_term_1hz"], rtol=0.1)
    np.testing.assert_allclose(one["event_term_1hz"], 0.7 * whole["event_term_1hz"], rtol=1e-12)
    np.testing.assert_array_equal(half["site_term_5hz"], whole["site_term_5hz"])


@pytest.mark.parametrize("preset", ["active", "active_windows"])
def test_durations_scatter_and_spectra_stay(preset):
    """ln D5-95 of S alone scatters by what is asked for; power at one frequency does not change on average."""
    from seissynth.signal import significant_duration

    table, (seeds, *_) = conditions(np.full(300, 20.0)), network(300)
    scales = {"event_term_scale": 0, "site_term_scale": 0, "within_term_scale": 0, "duration_event_scatter": 0,
              "duration_site_scatter": 0, "ratio_term_scale": 0}  # fmt: skip
    options = {"preset": preset, "coda_level": 0.0, "p_radiation": 1e-6, "head_wave_level": 0.0, "s_direct_level": 0.0}
    made = [
        simulate(StochasticBackend(**more, **options), table, seeds, npts=9000)
        for more in ({"variability": True, "duration_scatter": 0.4, **scales}, {})
    ]
    (data, truth), (plain, _) = made
    factors = np.log(truth["duration_factor"])
    assert abs(factors.std() - 0.4) < 0.05 and abs(factors.mean()) < 0.07
    durations, before = (np.log(significant_duration(x[:, 1], 100.0, 5, 95)) for x in (data, plain))
    slope = np.polyfit(factors, durations - before, 1)[0]
    assert 0.8 < slope < 1.3
    energy = [(x**2).sum() for x in (data, plain)]
    assert energy[0] == pytest.approx(energy[1], rel=0.05)


@pytest.mark.parametrize("site_terms", ["shared", "drawn", "mean"])
def test_whose_a_station_s_site_term_is(site_terms):
    """Of 60 realisations at two stations: one term, terms of the table's size without correlation, or none."""
    backend = StochasticBackend(variability=True, site_terms=site_terms)
    table, terms, others = conditions([20.0, 40.0]), [], []
    for realization in range(60):
        seeds = make_seeds(1, ["a", "a"], ["XX.A", "XX.B"], realization=realization, backend="stochastic")
        truth = backend.simulate(table, start_s=np.zeros(2), npts=64, sampling_rate_hz=20.0, seeds=seeds).truth
        assert list(truth["site_terms"]) == [site_terms] * 2
        terms.append(truth["site_term_1hz"])
        others.append(truth["event_term_1hz"])
    terms, size = np.array(terms), np.interp(0.0, np.log(KNOTS_HZ), read_tables().phi_s2s)
    if site_terms == "drawn":
        # 120 draws: a standard deviation is known to 6.5 %, a correlation to 0.13
        assert terms.std() == pytest.approx(size, rel=0.2)
        assert (
            abs(np.corrcoef(terms.T)[0, 1]) < 0.4 and abs(np.corrcoef(terms[:, 0], np.array(others)[:, 0])[0, 1]) < 0.4
        )
    else:
        assert (terms == terms[0]).all() and (terms[0] == 0).all() == (site_terms == "mean")


def test_drawn_site_terms_do_not_depend_on_other_rows():
    backend = StochasticBackend(variability=True, site_terms="drawn")
    seeds = make_seeds(1, ["a", "a"], ["XX.A", "XX.B"], backend="stochastic")
    table, span = conditions([20.0, 40.0]), {"npts": 64, "sampling_rate_hz": 20.0}
    both = backend.simulate(table, start_s=np.zeros(2), seeds=seeds, **span).data
    alone = backend.simulate(table[1:], start_s=np.zeros(1), seeds=seeds[1:], **span).data
    np.testing.assert_array_equal(both[1:], alone)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("site_terms", "none"),
        ("duration_scatter", -0.1),
        ("duration_event_scatter", -0.1),
        ("duration_site_scatter", -0.1),
        ("variability", 1),
        ("event_term_scale", -1),
        ("site_term_scale", "x"),
        ("event_term_scale", ((1.0, 0.5), (0.5, 1.0))),
        ("event_term_scale", ((0.0, 0.5), (0.5, 1.0))),
        ("within_term_scale", ((0.5, -0.5), (1.0, 1.0))),
        ("within_term_scale", ((0.5, "a"),)),
        ("site_term_scale", (0.5, 1.0)),
        ("site_term_scale", ()),
        ("event_term_scale", float("nan")),
        ("event_term_scale", True),
    ],
)
def test_bad_options_are_refused(option, value):
    with pytest.raises(InputError, match=option):
        StochasticBackend(**{option: value})


# --- the switch in the core


class Switched(Backend):
    """Returns its option in every sample."""

    card = Card("switched", "Its option", "velocity", "ZNE", required_columns=("path_p_travel_s",),
                ensemble_options={"spread": 2.0})  # fmt: skip

    def __init__(self, *, spread=1.0, **common):
        super().__init__(**common)
        self.spread = spread

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        """Constant records."""
        return Records(np.full((len(conditions), 3, npts), self.spread, np.float32), start_s)


def level(stream):
    """The one value of a stream's samples."""
    return float(np.unique(np.concatenate([trace.data for trace in stream])).item())


def test_the_core_switches_ensemble_options_on_unless_the_user_has_them():
    inventory, event = seissynth.read_example()
    made = {"backend": Switched, "duration": 5, "outside": "allow", "sampling_rate": 100}

    def make(**arguments):
        return seissynth.generate(inventory.select(station="AMAT"), event, **made, **arguments)

    assert level(make()) == 1.0
    assert level(make(realization=0)) == 2.0
    assert [level(stream) for stream in make(realizations=2)] == [2.0, 2.0]
    assert level(make(realizations=1, spread=3.0)[0]) == 3.0
    instance = Switched(spread=4.0)
    made["backend"] = instance
    assert level(make(realizations=1)[0]) == 4.0
    assert resolve_backend(Switched, ensemble=True).spread == 2.0


def test_ensemble_options_must_be_a_mapping_and_known():
    with pytest.raises(TypeError, match="ensemble_options"):
        Card("x", "x", "velocity", "ZNE", ensemble_options=["variability"])

    class Wrong(Switched):
        card = Card("wrong", "x", "velocity", "ZNE", ensemble_options={"spraed": 1})

    with pytest.raises(InputError, match="spraed"):
        resolve_backend(Wrong, ensemble=True)


def test_an_ensemble_and_its_members_are_the_same_bits():
    inventory, event = seissynth.read_example()
    three = inventory.select(station="[ABL]*")
    many = seissynth.generate(three, event, seed=2, duration=30, realizations=3)
    alone = seissynth.generate(inventory, event, seed=2, duration=30, realization=2)
    (steps,) = seissynth.iter_generate(three, [event], seed=2, duration=30, realizations=3)
    explicit = seissynth.generate(three, event, seed=2, duration=30, variability=True)
    for trace, same in zip(many[2], steps[2], strict=True):
        np.testing.assert_array_equal(trace.data, same.data)
        np.testing.assert_array_equal(trace.data, alone.select(id=trace.id)[0].data)
    for trace, same in zip(many[0], explicit, strict=True):
        np.testing.assert_array_equal(trace.data, same.data)
    truths = [[trace.stats.seissynth.truth for trace in stream] for stream in many]
    assert len({t.site_term_1hz for stream in truths for t in stream if t is not None}) == len(many[0]) // 3
    assert len({t.event_term_1hz for stream in truths for t in stream}) == 3
    off = seissynth.generate(three, event, seed=2, duration=30, realizations=1, variability=False)[0]
    plain = seissynth.generate(three, event, seed=2, duration=30)
    for trace, same in zip(off, plain, strict=True):
        np.testing.assert_array_equal(trace.data, same.data)


def test_a_field_holds_what_its_class_says():
    field = SpatialField(np.zeros((4, 3)), np.ones((4, 1)), np.ones((4, 1)))
    np.testing.assert_allclose(field.at(PLACES), 2.0)  # k = 0: the sum of four cosines over root 4


def test_the_median_spectrum_stays_smooth():
    """The terms have mean zero, so the mean of ln FAS moves by the offset alone: no holes, no steps between knots."""
    tables = read_tables()
    bends = np.diff(tables.offset, 2, axis=1)
    assert np.abs(bends).max() < 0.2
    assert np.abs(np.diff(tables.offset, axis=1)).max() < 0.25
    total = np.sqrt(tables.tau**2 + tables.phi_s2s**2 + tables.phi_ss**2)
    steps = np.abs(np.diff(np.log(total), axis=1))
    assert steps.max() < 0.7, "neighbouring knots scatter alike"


# --- ratios of components


def ratio_maker(**options):
    return TermMaker(ratio_scale=1.0, **options)


def test_ratios_of_components_have_their_deviations_and_a_station_keeps_its_part():
    n = 4000
    seeds = make_seeds(1, [f"e{i}" for i in range(n)], [f"s{i // 2}" for i in range(n)])
    found = ratio_maker().draw_ratios(seeds)
    wanted = np.array([np.interp(np.log(KNOTS_HZ), np.log(RATIO_DEVIATIONS[0]), row) for row in RATIO_DEVIATIONS[1:]])
    np.testing.assert_allclose(found.std(axis=0), wanted, rtol=0.06)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.05)
    one, two = found[::2], found[1::2]
    shared = [np.corrcoef(one[:, place, 7], two[:, place, 7])[0, 1] for place in range(2)]
    np.testing.assert_allclose(shared, RATIO_SITE_SHARE, atol=0.04)
    assert abs(np.corrcoef(found[:, 0, 7], found[:, 1, 7])[0, 1]) < 0.06
    drawn = ratio_maker(site_terms="drawn").draw_ratios(seeds)
    assert abs(np.corrcoef(drawn[::2, 0, 7], drawn[1::2, 0, 7])[0, 1]) < 0.07
    alone = ratio_maker(site_terms="mean").draw_ratios(seeds)
    np.testing.assert_allclose(alone.std(axis=0), np.sqrt(1 - RATIO_SITE_SHARE) * wanted, rtol=0.06)


def test_ratios_act_on_spectra_and_keep_the_onset():
    """With a known ratio: Z as drawn, R and T by half of it in opposite ways; other random terms are off."""
    off = {"event_term_scale": 0, "site_term_scale": 0, "within_term_scale": 0, "duration_scatter": 0,
           "duration_event_scatter": 0, "duration_site_scatter": 0}  # fmt: skip
    arguments = {
        "start_s": np.zeros(1), "npts": 6000, "sampling_rate_hz": 100.0, "seeds": make_seeds(2, ["e"], ["s"]),
    }  # fmt: skip
    table = conditions([40.0], 5.0)
    plain, changed = (
        StochasticBackend(variability=True, ratio_term_scale=scale, low_cut_hz=0.0, **off).simulate(table, **arguments)
        for scale in (0.0, 1.0)
    )
    ratios = ratio_maker().draw_ratios(arguments["seeds"])[0]
    spectra = [np.abs(np.fft.rfft(x.data[0].astype(float), axis=-1)) for x in (plain, changed)]
    frequency = np.fft.rfftfreq(6000, 0.01)
    for hz in (1.0, 4.0, 12.0):
        band = (frequency > hz / 1.1) & (frequency < 1.1 * hz)
        z, r, t = 0.5 * np.log(np.square(spectra[1][:, band]).sum(1) / np.square(spectra[0][:, band]).sum(1))
        at = [np.interp(np.log(hz), np.log(KNOTS_HZ), row) for row in ratios]
        np.testing.assert_allclose([z, r, t], [at[1], 0.5 * at[0], -0.5 * at[0]], atol=0.06)
    before = int(plain.p_s[0] * 100)
    assert not changed.data[0, :, :before].any()
    assert changed.truth["vertical_ratio_term_5hz"][0] != 0 == plain.truth["vertical_ratio_term_5hz"][0]


@pytest.mark.parametrize(
    ("low_hz", "high_hz", "real"),
    # measured at Ridgecrest, docs/variability.md
    [(1.4, 2.0, 0.86), (2.0, 2.9, 0.90), (2.0, 4.1, 0.81), (2.0, 5.7, 0.72), (2.0, 8.0, 0.62), (2.0, 11.0, 0.44),
     (2.0, 16.0, 0.16), (1.4, 4.1, 0.74), (4.1, 8.0, 0.79), (4.1, 11.0, 0.68), (4.1, 16.0, 0.44)],
)  # fmt: skip
def test_spectra_of_small_earthquakes_correlate_as_those_of_records(low_hz, high_hz, real):
    tables = read_tables()
    fields, row = tables.field_factor() @ tables.field_factor().T, np.sqrt(tables.row_share)
    field = np.sqrt(1 - tables.row_share)
    parts = (
        (tables.tau[0], tables.correlation(tables.event_stretch)), (tables.phi_s2s, tables.correlation()),
        (tables.phi_ss[0], np.outer(row, row) * tables.correlation() + np.outer(field, field) * fields),
    )  # fmt: skip
    total = sum(np.outer(size, size) * of for size, of in parts)
    weights = np.array([[np.interp(np.log(f), np.log(KNOTS_HZ), one) for one in np.eye(len(KNOTS_HZ))]
                        for f in (low_hz, high_hz)])  # fmt: skip
    seen = weights @ total @ weights.T
    noise = 0.2**2  # of spectra of small records without terms, docs/_static/calibration/variability_fourier_sd.md
    found = seen[0, 1] / np.sqrt((seen[0, 0] + noise) * (seen[1, 1] + noise))
    assert found == pytest.approx(real, abs=0.15)
