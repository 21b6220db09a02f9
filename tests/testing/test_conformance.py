"""The conformance kit: it passes what is right, and each check finds the fault that it is for."""

import random
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest

from seissynth.backends.base import Card
from seissynth.records import Records
from seissynth.schema import COLUMNS, MOMENT_TENSOR_COLUMNS
from seissynth.seeding import generator
from seissynth.testing import check as testing
from seissynth.testing.check import ConformanceError, Ricker, check_backend, example_conditions, parametrize_with_checks
from seissynth_plugins.stochastic.backend import StochasticBackend


@parametrize_with_checks([Ricker, Ricker(frequency_hz=5.0)])
def test_the_example_backend_passes(backend, check):
    check(backend)


@parametrize_with_checks([StochasticBackend])
def test_the_backends_that_we_ship_pass(backend, check):
    check(backend)


def _spoiled(change):
    """A Ricker backend whose records go through `change(records, conditions, request)`."""

    class Spoiled(Ricker):
        def simulate(self, conditions, **request):
            records = super().simulate(conditions, **request)
            changed = change(records, conditions, request)
            return records if changed is None else changed

    return Spoiled


def _not_records(records, conditions, request):
    return records.data


def _one_sample_short(records, conditions, request):
    return Records(records.data[..., :-1], records.start_s)


def _nan(records, conditions, request):
    records.data[0, 1, -1] = np.nan


def _integers(records, conditions, request):
    records.data = records.data.astype(int)


def _silent(records, conditions, request):
    records.data[1] = 0


def _even_only(records, conditions, request):
    if request["npts"] % 2:
        raise RuntimeError("odd")


def _few_rates(records, conditions, request):
    if request["sampling_rate_hz"] == 33.3:
        raise ValueError("rate")


def _needs_vs30(records, conditions, request):
    records.data *= conditions["station_vs_30_mps"].to_numpy()[:, None, None]


def _counts_calls():
    calls = []

    def change(records, conditions, request):
        calls.append(1)
        records.data *= len(calls)

    return change


def _place_in_table(records, conditions, request):
    records.data *= np.arange(1, len(conditions) + 1)[:, None, None]


def _normalised_by_all(records, conditions, request):
    records.data /= records.data.max()


def _same_noise(records, conditions, request):
    records.data[:] = np.arange(request["npts"])


def _noise_of_the_event(records, conditions, request):
    for row, seed in enumerate(request["seeds"].event):
        records.data[row] = generator(seed).standard_normal((request["npts"], 3)).T


def _draws_globally(records, conditions, request):
    np.random.rand()


def _draws_globally_and_hides_it(records, conditions, request):
    state = random.getstate()
    records.data *= np.float32(1 + random.random())
    random.setstate(state)


def _seeds_torch(records, conditions, request):
    import torch

    torch.manual_seed(3)


def _first_come():
    """Between-event terms of whichever row of an event comes first."""

    class FirstCome(Ricker):
        def __init__(self):
            super().__init__()
            self.known = {}

        def simulate(self, conditions, **request):
            records = super().simulate(conditions, **request)
            for row, event in enumerate(conditions["source_id"]):
                term = self.known.setdefault(event, conditions["path_hyp_distance_km"][row])
                records.data[row] *= np.float32(term)
            return records

    return FirstCome


def _batched(records, conditions, request):
    if len(conditions) > 8:
        records.data[8:] *= np.float32(1.5)


def _paired(records, conditions, request):
    if len(conditions) == 2:
        records.data[0] += records.data[1]


def _buffered(key, calls=1):
    """A backend that writes `key` of its records into one of so many arrays in turn."""

    class Buffered(Ricker):
        def __init__(self):
            super().__init__()
            self.buffers, self.count = {}, 0

        def simulate(self, conditions, **request):
            records = super().simulate(conditions, **request)
            own = records.truth if key == "peak_velocity_mps" else vars(records)
            self.count += 1
            place = self.count % calls, own[key].shape
            buffer = self.buffers.setdefault(place, np.empty_like(own[key]))
            buffer[:] = own[key]
            own[key] = buffer
            return records

    return Buffered


def _one_object():
    kept = []

    def change(records, conditions, request):
        kept.append(records)
        vars(kept[0]).update(vars(records))
        return kept[0]

    return change


def _ignores_warnings(records, conditions, request):
    warnings.simplefilter("ignore")


def _appends_a_filter(records, conditions, request):
    warnings.filterwarnings("ignore", message="some", append=True)


def _ignores_overflow(records, conditions, request):
    np.seterr(over="ignore")


def _doubles_torch(records, conditions, request):
    import torch

    torch.set_default_dtype(torch.float64)


def _writes_later():
    given = []

    def change(records, conditions, request):
        for table in given:
            table["source_depth_km"] = 0.0
        given.append(conditions)

    return change


def _renames(records, conditions, request):
    conditions["source_magnitude"] = 1.0


def _new_column(records, conditions, request):
    conditions["station_code_2"] = 1.0


def _shifts_start(records, conditions, request):
    request["start_s"] += 1.0


def _eats_seeds(records, conditions, request):
    request["seeds"].event[:] = 0


def _starts_at_whole_seconds(records, conditions, request):
    records.start_s = np.round(records.start_s)


def _onsets_from_start(records, conditions, request):
    records.p_s = records.p_s - records.start_s


def _no_onsets(records, conditions, request):
    records.p_s = np.full(len(records), np.nan)


def _p_after_s(records, conditions, request):
    records.p_s, records.s_s = records.s_s, records.p_s


def _no_truth(records, conditions, request):
    records.truth = {}


def _short_truth(records, conditions, request):
    records.truth = {"peak": np.zeros(1)}


FAULTS = [
    (_not_records, "check_output"),
    (_one_sample_short, "check_output"),
    (_nan, "check_output"),
    (_integers, "check_output"),
    (_silent, "check_output"),
    (_short_truth, "check_output"),
    (_even_only, "check_lengths"),
    (_few_rates, "check_rates"),
    (_needs_vs30, "check_missing_optional"),
    (_counts_calls(), "check_repeatable"),
    (_place_in_table, "check_order_independence"),
    (_normalised_by_all, "check_chunk_independence"),
    (_same_noise, "check_seeds_matter"),
    (_noise_of_the_event, "check_seeds_matter"),
    (_draws_globally, "check_no_global_random_state"),
    (_draws_globally_and_hides_it, "check_no_global_random_state"),
    (_seeds_torch, "check_no_global_random_state"),
    (_batched, "check_chunk_independence"),
    (_paired, "check_chunk_independence"),
    (_first_come(), "check_history_independence"),
    *((_buffered(key), "check_own_memory") for key in ("data", "p_s", "s_s", "start_s", "peak_velocity_mps")),
    (_buffered("data", 3), "check_own_memory"),
    (_one_object(), "check_own_memory"),
    (_ignores_warnings, "check_no_global_settings"),
    (_appends_a_filter, "check_no_global_settings"),
    (_ignores_overflow, "check_no_global_settings"),
    (_doubles_torch, "check_no_global_settings"),
    (_writes_later(), "check_no_mutation"),
    (_renames, "check_no_mutation"),
    (_new_column, "check_no_mutation"),
    (_shifts_start, "check_output"),
    (_eats_seeds, "check_no_mutation"),
    (_starts_at_whole_seconds, "check_start"),
    (_onsets_from_start, "check_start"),
    (_no_onsets, "check_onsets"),
    (_p_after_s, "check_onsets"),
    (_no_truth, "check_truth"),
]


@pytest.fixture
def process_settings():
    """Put back what a faulty backend sets."""
    kept = np.geterr()
    with warnings.catch_warnings():
        yield
    np.seterr(**kept)
    if torch := sys.modules.get("torch"):
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("change", "check"), FAULTS, ids=lambda value: getattr(value, "__name__", value))
def test_each_fault_is_found_by_its_check(change, check, process_settings):
    if change in (_seeds_torch, _doubles_torch):
        pytest.importorskip("torch")
    if isinstance(change, type):
        with pytest.raises(ConformanceError, match=f"^{check}: "):
            check_backend(change)
        return
    if change.__name__ == "_draws_globally_and_hides_it":
        # other checks would see the draw as an unrepeatable record
        with pytest.raises(ConformanceError, match=f"^{check}: "):
            _only(check)(_spoiled(change))
        return
    with pytest.raises(ConformanceError, match=f"^{check}: "):
        check_backend(_spoiled(change))


def _only(name):
    [mark] = [case.values[1] for case in parametrize_with_checks([Ricker]).args[1] if case.values[1].__name__ == name]
    return mark


class Rewriter(Ricker):
    """Writes into the source records that it is given."""

    card = replace(Ricker.card, capabilities=Ricker.card.capabilities | {"source_records"})

    def __init__(self, *, what="data"):
        super().__init__()
        self.what = what

    def simulate(self, conditions, *, source=None, **request):
        if source is not None:
            if self.what == "truth":
                source.truth.clear()
            elif self.what == "pool":
                source.pool.data[:] = 0
            elif self.what != "nothing":
                getattr(source, self.what)[:] = 0
        return super().simulate(conditions, **request)


@pytest.mark.parametrize("what", ["data", "p_s", "truth", "pool"])
def test_writing_into_a_source_is_found(what):
    with pytest.raises(ConformanceError, match=r"^check_no_mutation: .* of source"):
        check_backend(Rewriter(what=what))


def test_reading_a_source_is_none_of_the_faults():
    check_backend(Rewriter(what="nothing"))


def test_every_check_is_seen_to_fail():
    seen = {check for _, check in FAULTS} | {"check_card", "check_conditions_suit"}  # these two below
    assert seen == {check.__name__ for check in testing.CHECKS}


def test_card_faults_are_found():
    class NeedsOption(Ricker):
        def __init__(self, *, gain):
            super().__init__()

    class OddOptions(Ricker):
        card = replace(Ricker.card, ensemble_options={"gain": 2})

    for backend in (NeedsOption, OddOptions):
        with pytest.raises(ConformanceError, match=r"^check_card: .*gain"):
            check_backend(backend)
    with pytest.raises(ConformanceError, match="not a subclass of Backend"):
        check_backend(dict)


def test_own_conditions_must_suit_the_card():
    table = example_conditions(Ricker.card)
    table["source_magnitude"] = 9.5
    with pytest.raises(ConformanceError, match=r"^check_conditions_suit: .*magnitude 9\.5"):
        check_backend(Ricker, conditions=table)


def test_tolerance_lets_small_differences_pass():
    calls = []

    def tremble(records, conditions, request):
        calls.append(1)
        records.data *= np.float32(1 + 1e-6 * len(calls))

    with pytest.raises(ConformanceError, match="check_repeatable"):
        check_backend(_spoiled(tremble))
    check_backend(_spoiled(tremble), rtol=1e-3)


def test_global_random_state_is_left_as_it_was():
    random.seed(77)
    np.random.seed(77)
    check_backend(Ricker)
    drawn = random.random(), np.random.rand()
    random.seed(77)
    np.random.seed(77)
    assert drawn == (random.random(), np.random.rand())


# --- the example table


@pytest.mark.parametrize("kind", ["hypocentral", "epicentral"])
@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize(
    ("magnitudes", "distances", "depths"),
    [(None, None, None), ((3, 7), (0, 160), (0, 30)), ((7.5, 9), (300, 900), (100, 600)), ((5, 5), (20, 20), (10, 10))],
)
def test_example_conditions_lie_inside_the_card(kind, n, magnitudes, distances, depths):
    card = Card(
        "any", "Any", "velocity", "ZNE", magnitude_range=magnitudes, distance_range_km=distances,
        depth_range_km=depths, distance_kind=kind,
    )  # fmt: skip
    table = example_conditions(card, n)
    assert list(table) == list(COLUMNS)
    assert len(table) == n
    column = "path_hyp_distance_km" if kind == "hypocentral" else "path_ep_distance_km"
    for name, limits in [("source_magnitude", magnitudes), (column, distances), ("source_depth_km", depths)]:
        if limits is not None:
            assert table[name].between(limits[0] - 1e-9, limits[1] + 1e-9).all(), name
    missing = [name for name in COLUMNS if not COLUMNS[name].text and table[name].isna().any()]
    assert missing == ["path_rup_distance_km"]
    np.testing.assert_allclose(
        np.hypot(table["path_ep_distance_km"], table["source_depth_km"]), table["path_hyp_distance_km"], rtol=1e-12
    )


def test_example_geometry_agrees_with_obspy():
    from obspy.geodetics import gps2dist_azimuth

    table = example_conditions(Ricker.card, n=5)
    for row in table.itertuples():
        metres, azimuth, back_azimuth = gps2dist_azimuth(
            row.source_latitude_deg, row.source_longitude_deg, row.station_latitude_deg, row.station_longitude_deg
        )
        assert metres / 1000 == pytest.approx(row.path_ep_distance_km, rel=0.005)  # sphere against ellipsoid
        assert abs((azimuth - row.path_azimuth_deg + 180) % 360 - 180) < 0.3
        assert abs((back_azimuth - row.path_back_azimuth_deg + 180) % 360 - 180) < 0.3


def test_example_moment_tensor_gives_its_planes_back():
    from obspy.imaging.beachball import MomentTensor, aux_plane, mt2plane

    table = example_conditions(Ricker.card, n=2)
    for _, row in table.iterrows():
        found = mt2plane(MomentTensor(*(row[name] for name in MOMENT_TENSOR_COLUMNS), 0))
        want = (row["source_strike_deg"], row["source_dip_deg"], row["source_rake_deg"])
        planes = [(found.strike, found.dip, found.rake), aux_plane(found.strike, found.dip, found.rake)]
        off = [max(abs((a - b + 180) % 360 - 180) for a, b in zip(plane, want, strict=True)) for plane in planes]
        assert min(off) < 1e-3


def test_example_rays_are_straight():
    card = Card("any", "Any", "velocity", "ZNE", depth_range_km=(10, 10), distance_range_km=(10, 10))
    row = example_conditions(replace(card, distance_kind="epicentral"), n=1).iloc[0]
    assert row["path_p_takeoff_deg"] == pytest.approx(135)  # upwards is 180
    assert row["path_p_travel_s"] == pytest.approx(np.sqrt(200) / 6)
    # horizontal slowness: the derivative of travel time with epicentral distance
    assert row["path_s_ray_parameter_s_km"] == pytest.approx(
        (np.hypot(10.001, 10) - np.hypot(9.999, 10)) / 0.002 / 3.46, rel=1e-6
    )


def test_example_stations_and_events():
    table = example_conditions(Ricker.card, n=3)
    assert table["station_id"].is_unique
    assert table["source_id"].nunique() == 2
