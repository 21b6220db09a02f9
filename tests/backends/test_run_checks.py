"""The checks around a call: each message, each limit, and that cutting the work changes nothing."""

import threading
from dataclasses import replace

import numpy as np
import pytest

import seissynth
from seissynth.backends.base import Backend, Card
from seissynth.backends.run import copied_seeds, load_once, run_backend
from seissynth.errors import BackendError, DomainError, InputError, SeisSynthWarning
from seissynth.records import Records
from seissynth.seeding import make_seeds
from seissynth.testing.check import Ricker, example_conditions

BASE = Card("heggs", "A fake one", "velocity", "ZNE", required_columns=("source_magnitude", "path_hyp_distance_km"))


class Sine(Backend):
    """A sine of 1 Hz in absolute time, scaled by the row seed: its values are known at every rate."""

    card = BASE

    def __init__(self, change=None, **card):
        super().__init__()
        self.card = replace(BASE, **card)
        self.change = change
        self.asked = []

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        self.asked.append((len(conditions), npts, sampling_rate_hz))
        times = start_s[:, None] + np.arange(npts) / sampling_rate_hz
        scale = 1 + (seeds.row % np.uint64(7)).astype(float)
        data = (scale[:, None] * np.sin(2 * np.pi * times))[:, None, :] * np.array([1, 2, 3])[:, None]
        onsets = np.full(len(conditions), 5.0)
        records = Records(data.astype("float32"), start_s, p_s=onsets, s_s=2 * onsets, truth={"scale": scale})
        changed = None if self.change is None else self.change(records, conditions)
        return records if changed is None else changed


def _table(n=4, **columns):
    return example_conditions(BASE, n).assign(**columns)


def _run(backend, table=None, **arguments):
    table = _table() if table is None else table
    arguments = {"start_s": 0.0, "npts": 200, "sampling_rate_hz": 50.0, "seeds": _seeds(table)} | arguments
    return run_backend(backend, table, **arguments)


def _seeds(table):
    return make_seeds(0, table["source_id"].tolist(), table["station_id"].tolist())


# --- conditions


def test_a_missing_column_is_named_with_its_meaning():
    with pytest.raises(InputError, match=r"^heggs: .*path_hyp_distance_km \(hypocentral distance.*, km\)"):
        _run(Sine(), _table().drop(columns="path_hyp_distance_km"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None])
def test_a_missing_value_names_station_and_event(value):
    table = _table()
    table["source_magnitude"] = table["source_magnitude"].astype(object if value is None else float)
    table.loc[2, "source_magnitude"] = value
    with pytest.raises(InputError) as caught:
        _run(Sine(), table)
    text = str(caught.value)
    assert text.startswith("heggs: it needs source_magnitude")
    assert f"1 of 4 rows: station XX.S002, event {table['source_id'][2]}" in text
    assert "conditions={'source_magnitude': value}" in text


def test_a_missing_text_and_a_text_for_a_number():
    backend = Sine(required_columns=("source_magnitude_type",))
    _run(backend)
    with pytest.raises(InputError, match=r"in 4 of 4 rows: .* and 1 more"):
        _run(backend, _table(source_magnitude_type=""))
    with pytest.raises(InputError, match="source_magnitude must hold numbers"):
        _run(Sine(), _table(source_magnitude="big"))


# --- ranges


def test_the_message_for_one_station_too_far_away():
    table = _table(path_hyp_distance_km=[10.0, 160.0, 412.0, 0.0], station_id=["A.A", "A.B", "CI.SLA", "A.C"])
    backend = Sine(distance_range_km=(0, 160))
    with pytest.raises(DomainError) as caught:
        _run(backend, table)
    assert str(caught.value) == (
        "heggs: station CI.SLA is 412 km away (hypocentral); it was made for 0 to 160 km. "
        'Pass outside="skip" to make the rest, or outside="warn" to continue.'
    )
    with pytest.warns(SeisSynthWarning, match=r"^heggs: station CI\.SLA is 412 km away .* 0 to 160 km\.$"):
        warned = _run(backend, table, outside="warn")
    np.testing.assert_array_equal(_run(backend, table, outside="allow").data, warned.data)
    with pytest.raises(InputError, match="outside='maybe'"):
        _run(backend, table, outside="maybe")


def test_several_rows_outside_give_count_and_worst():
    table = _table(source_magnitude=[2.0, 5.0, 8.5, 5.0], path_ep_distance_km=[1.0, 500.0, 700.0, 600.0])
    backend = Sine(magnitude_range=(3, 7), distance_range_km=(0, 160), distance_kind="epicentral")
    with pytest.raises(DomainError) as caught:
        _run(backend, table)
    text = str(caught.value)
    assert "3 of 4 records are outside, the worst: station XX.S002 is 700 km away (epicentral)" in text
    assert f"2 of 4 records are outside, the worst: event {table['source_id'][2]} has magnitude 8.5" in text
    assert "it was made for 3 to 7." in text


def test_depth_is_checked_and_an_unknown_value_is_not():
    backend = Sine(depth_range_km=(0, 30))
    with pytest.raises(DomainError, match="is 80 km deep; it was made for 0 to 30 km"):
        _run(backend, _table(source_depth_km=80.0).iloc[:1])
    _run(backend, _table(source_depth_km=np.nan))


def test_both_ends_are_inside_whatever_the_rounding():
    distance = np.array([0.1 + 0.2, 0.3, 0.3, 0.3])
    assert distance[0] > 0.3
    _run(Sine(distance_range_km=(0.1, 0.3)), _table(path_hyp_distance_km=distance))


def test_a_record_can_be_too_long():
    backend = Sine(max_duration_s=4.0)
    _run(backend, npts=200)
    with pytest.raises(DomainError, match=r"heggs: records of 4\.02 s were asked for; it makes 4 s at most"):
        _run(backend, npts=201, outside="allow")


# --- arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"npts": 0}, "npts=0"),
        ({"npts": 1.5}, "npts=1.5"),
        ({"sampling_rate_hz": 0}, "sampling_rate_hz=0"),
        ({"sampling_rate_hz": np.nan}, "sampling_rate_hz=nan"),
        ({"start_s": np.zeros(3)}, "shape"),
        ({"start_s": np.nan}, "finite"),
        ({"seeds": _seeds(_table(3))}, "3 seeds for 4 rows"),
        ({"chunk_size": 0}, "chunk_size=0"),
        ({"source": Records(np.zeros((4, 3, 9)), np.zeros(4))}, "cannot use records"),
    ],
)
def test_arguments_that_cannot_be_used(arguments, words):
    with pytest.raises(InputError, match=words):
        _run(Sine(), **arguments)


def test_no_rows_give_no_records():
    records = _run(Sine(), _table().iloc[:0])
    assert records.data.shape == (0, 3, 200)
    assert records.data.dtype == np.float32


# --- chunks


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 100])
def test_chunks_change_nothing(chunk_size):
    table = _table(7)
    start_s = np.arange(7) * 0.013
    whole, cut = _run(Ricker(), table, start_s=start_s), _run(Ricker(), table, start_s=start_s, chunk_size=chunk_size)
    np.testing.assert_array_equal(cut.data, whole.data)
    for key in ("start_s", "p_s", "s_s"):
        np.testing.assert_array_equal(getattr(cut, key), getattr(whole, key))
    np.testing.assert_array_equal(cut.truth["peak_velocity_mps"], whole.truth["peak_velocity_mps"])


def test_chunks_come_as_tables_of_their_own():
    seen = []

    def change(records, conditions):
        seen.append(conditions.index.tolist())
        conditions["source_magnitude"] = -1.0

    table = _table(5)
    before = table.copy()
    _run(Sine(change), table, chunk_size=2)
    assert seen == [[0, 1], [0, 1], [0]]
    assert table.equals(before)


def test_source_records_are_cut_with_the_rows():
    class Copies(Sine):
        def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
            return Records(source.data * 2, start_s)

    rng = np.random.default_rng(0)
    source = Records(rng.normal(size=(4, 3, 200)), np.zeros(4))
    backend = Copies(capabilities={"source_records"})
    for chunk_size in (1, 3, 8):
        out = _run(backend, source=source, chunk_size=chunk_size)
        np.testing.assert_array_equal(out.data, (source.data * 2).astype("float32"))
    with pytest.raises(InputError, match="2 records for 4 rows"):
        _run(backend, source=source.select(slice(0, 2)))
    with pytest.raises(InputError, match="source is list"):
        _run(backend, source=[source])


def test_joined_records():
    one = Records(np.zeros((1, 3, 4), "float32"), [0.0], truth={"a": np.ones(1)}, low_cut_hz=0.1)
    two = Records(np.ones((2, 3, 4), "float32"), [1.0, 2.0], p_s=[3, 4], low_cut_hz=0.1)
    both = Records.concatenate([one, two])
    assert len(both) == 3
    np.testing.assert_array_equal(both.p_s, [np.nan, 3, 4])
    np.testing.assert_array_equal(both.truth["a"], [1, np.nan, np.nan])
    assert both.low_cut_hz == 0.1
    with pytest.raises(BackendError, match="low_cut_hz differs"):
        Records.concatenate([one, replace(two, low_cut_hz=None)])


# --- native rates


@pytest.mark.parametrize(
    ("native", "wanted", "chosen"), [((20, 100, 200), 50, 100), ((100,), 100, 100), ((), 37.5, 37.5), ((100,), 40, 100)]
)
def test_the_nearest_higher_native_rate_is_asked_for(native, wanted, chosen):
    backend = Sine(sampling_rates_hz=native)
    start_s = np.array([0.0, 0.013, -3.2, 100.004])
    records = _run(backend, sampling_rate_hz=float(wanted), npts=400, start_s=start_s)
    assert backend.asked[0][2] == chosen
    assert records.data.shape == (4, 3, 400)
    np.testing.assert_allclose(records.start_s, start_s, rtol=0, atol=1e-9)
    # the sine of the backend at the times wanted, to the very ends of the record
    times = start_s[:, None] + np.arange(400) / wanted
    np.testing.assert_allclose(
        records.data[:, 1] / records.truth["scale"][:, None], 2 * np.sin(2 * np.pi * times), atol=2e-4
    )
    np.testing.assert_array_equal(records.p_s, 5.0)


def test_a_rate_above_all_native_ones_is_said():
    with pytest.warns(SeisSynthWarning, match=r"100 Hz at most.* resampled to 200 Hz and hold nothing above 50 Hz"):
        records = _run(Sine(sampling_rates_hz=(50, 100)), sampling_rate_hz=200.0, npts=801)
    times = np.arange(801) / 200
    np.testing.assert_allclose(records.data[0, 0] / records.truth["scale"][0], np.sin(2 * np.pi * times), atol=2e-4)


@pytest.mark.parametrize(("native", "wanted"), [(100.0, 40.0), (100.0, 37.5), (62.5, 50.0)])
def test_padding_keeps_within_the_longest_record(native, wanted):
    backend = Sine(sampling_rates_hz=(native,), max_duration_s=10.0)
    records = _run(backend, sampling_rate_hz=wanted, npts=int(10 * wanted))
    assert records.data.shape == (4, 3, int(10 * wanted))
    assert backend.asked[0][1] <= 10 * native + 0.5


# --- what comes back


def _with_nan(records, conditions):
    records.data[2, 0, 5] = np.nan


def _overflow(records, conditions):
    records.data = records.data.astype(float) * 1e300


@pytest.mark.parametrize("change", [_with_nan, _overflow])
def test_samples_that_are_not_finite_name_the_station(change):
    table = _table(4)
    station = "XX.S002" if change is _with_nan else "XX.S000"
    with pytest.raises(BackendError, match=rf"^heggs: \d of 4 records .* not finite.*station {station}"):
        _run(Sine(change), table)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r, c: r.data, "returned ndarray; it must return"),
        (lambda r, c: replace(r, data=r.data[:, :2]), r"shape \(4, 2, 200\); asked for \(4, 3, 200\)"),
        (lambda r, c: replace(r, data=r.data.astype(complex)), "dtype complex128"),
        (lambda r, c: replace(r, data=r.data.astype(int)), "dtype int64"),
        (lambda r, c: replace(r, start_s=r.start_s + 0.0101), r"station XX\.S000.* starts 0\.0101 s after origin; 0 s"),
        (lambda r, c: replace(r, start_s=r.start_s * np.nan), "starts nan s"),
        (lambda r, c: replace(r, start_s=0.0), r"start_s of shape \(1,\)"),
        (lambda r, c: replace(r, p_s=np.zeros(3)), r"p_s of shape \(3,\)"),
        (lambda r, c: replace(r, s_s=r.s_s + np.inf), r"s_s of station XX\.S000.* is infinite"),
        (lambda r, c: replace(r, truth={"a": 1.0}), r"truth\['a'\] of shape \(\)"),
        (lambda r, c: replace(r, low_cut_hz=-1.0), "low_cut_hz=-1"),
        (lambda r, c: 1 / 0, "simulate failed: ZeroDivisionError: division by zero"),
        (lambda r, c: exit(2), "simulate failed: SystemExit"),
    ],
)
def test_what_breaks_the_protocol(change, words):
    with pytest.raises(BackendError, match=words) as caught:
        _run(Sine(change))
    assert str(caught.value).startswith("heggs: ")


def test_our_own_errors_pass_through():
    def refuse(records, conditions):
        raise InputError("mine")

    with pytest.raises(InputError, match=r"^mine$"):
        _run(Sine(refuse))


def test_float64_is_cast_and_half_a_sample_is_allowed():
    def change(records, conditions):
        return replace(records, data=records.data.astype(float), start_s=records.start_s + 0.0099)

    records = _run(Sine(change))
    assert records.data.dtype == np.float32
    np.testing.assert_allclose(records.start_s, 0.0099)  # the backend's own time, not the one asked for


# --- load


def test_load_is_called_once_per_instance():
    class Heavy(Sine):
        __hash__ = None  # as in a dataclass with eq=True
        loads = 0

        def load(self):
            self.loads += 1
            threading.Event().wait(0.01)

    backend, other = Heavy(), Heavy()
    threads = [threading.Thread(target=load_once, args=(backend,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _run(backend)
    assert (backend.loads, other.loads) == (1, 0)
    _run(other)
    assert other.loads == 1


class Prepared(Ricker):
    """Notes what is called, in order."""

    def __init__(self):
        super().__init__()
        self.called = []

    def prepare(self):
        self.called.append("prepare")

    def load(self):
        self.called.append("load")


@pytest.mark.parametrize("as_a_span", [False, True])
def test_prepare_comes_before_load(as_a_span):
    inventory, event = seissynth.read_example()
    backend = Prepared()
    if as_a_span:
        origin = event.preferred_origin() or event.origins[0]
        seissynth.continuous(event, inventory, origin.time - 10, origin.time + 50, backend=backend)
    else:
        seissynth.generate(inventory, event, backend=backend)
    assert backend.called == ["prepare", "load"]


def test_prepare_comes_before_faults_of_the_input():
    backend = Prepared()
    with pytest.raises(InputError):
        seissynth.generate(seissynth.read_example()[0], "no event", backend=backend)
    assert backend.called == ["prepare"]


def test_a_fault_in_prepare_names_the_backend():
    class Fails(Ricker):
        def prepare(self):
            raise RuntimeError("no processor")

    with pytest.raises(BackendError, match=r"^ricker: prepare failed: RuntimeError: no processor"):
        seissynth.generate(*seissynth.read_example(), backend=Fails())


def test_a_load_that_failed_is_tried_again():
    class Fails(Sine):
        fail = True

        def load(self):
            if self.fail:
                raise OSError("no weights")

    backend = Fails()
    with pytest.raises(BackendError, match="heggs: load failed: OSError: no weights"):
        _run(backend)
    backend.fail = False
    assert len(_run(backend)) == 4


# --- memory of its own on both sides


class Thrifty(Backend):
    """Writes every call into the same arrays, and into what it was given: the row seed's last digits everywhere."""

    card = replace(BASE, capabilities={"source_records"})

    def __init__(self):
        super().__init__()
        self.arrays = {}

    def _array(self, name, shape, values):
        whole = self.arrays.setdefault((name, shape[1:]), np.empty((256, *shape[1:]), np.float64))
        whole[: shape[0]] = values
        return whole[: shape[0]]

    def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None):
        n, value = len(conditions), (seeds.row % np.uint64(97)).astype(float) + 1
        records = Records(
            self._array("data", (n, 3, npts), value[:, None, None]),
            self._array("start", (n,), start_s),
            p_s=self._array("p", (n,), value),
            s_s=self._array("s", (n,), 2 * value),
            truth={"value": self._array("truth", (n,), value)},
        )
        start_s[:] = np.nan
        for name in list(conditions):
            del conditions[name]
        for seed in (seeds.row, seeds.event, seeds.station):
            seed[:] = 0
        if source is not None:
            for part in (source.data, source.start_s, source.p_s, source.s_s):
                part[:] = np.nan
            source.truth.clear()
        return records


def test_a_backend_that_uses_its_arrays_again_gives_the_records_of_one_that_does_not():
    table = _table(10)
    seeds = _seeds(table)
    value = (seeds.row % np.uint64(97)).astype(float) + 1
    kept = table.copy(), copied_seeds(seeds)
    source = Records(
        np.ones((10, 3, 5)), np.zeros(10), p_s=np.ones(10), s_s=np.ones(10), truth={"sensor": np.arange(10)}
    )
    source.pool = source.select(slice(None))
    starts = np.arange(10.0)
    for chunk_size in (1, 3, 10, 256):
        backend = Thrifty()
        found = _run(backend, table, seeds=seeds, start_s=starts, source=source, chunk_size=chunk_size)
        again = _run(backend, table, seeds=_seeds(table)[::-1], start_s=starts + 5, chunk_size=chunk_size)
        np.testing.assert_array_equal(found.data[:, 2, -1], value)
        np.testing.assert_array_equal(again.data[:, 2, -1], value[::-1])
        for array, wanted in ((found.p_s, value), (found.s_s, 2 * value), (found.truth["value"], value)):
            np.testing.assert_array_equal(array, wanted)
        np.testing.assert_array_equal(found.start_s, np.arange(10.0))
    assert table.equals(kept[0])
    for kind in ("row", "event", "station"):
        np.testing.assert_array_equal(getattr(seeds, kind), getattr(kept[1], kind))
    np.testing.assert_array_equal(starts, np.arange(10.0))
    for part in (source, source.pool):
        assert np.isfinite(part.data).all() and part.truth["sensor"].tolist() == list(range(10))
        assert (part.start_s == 0).all() and (part.p_s == 1).all()


def test_records_in_one_chunk_are_not_the_backend_s_own_either():
    backend = Thrifty()
    table = _table(2)
    found = _run(backend, table)
    kept = found.data.copy(), found.p_s.copy(), found.truth["value"].copy()
    _run(backend, table, seeds=_seeds(table)[::-1])
    for array, was in zip((found.data, found.p_s, found.truth["value"]), kept, strict=True):
        np.testing.assert_array_equal(array, was)


def test_the_pool_of_a_source_cannot_be_written():
    class Writer(Thrifty):
        def simulate(self, conditions, *, source, **request):
            source.pool.data[:] = 0
            return super().simulate(conditions, **request)

    source = Records(np.ones((4, 3, 5)), np.zeros(4))
    source.pool = source.select(slice(None))
    with pytest.raises(BackendError, match="read-only"):
        _run(Writer(), source=source)
    assert source.pool.data.all()


def test_what_is_no_array_is_said():
    def ragged(records, conditions):
        records.data = [[1.0], [1.0, 2.0]]

    def complex_onsets(records, conditions):
        records.p_s = records.p_s + 1j

    def truth_of_another_kind(records, conditions):
        records.truth = [1.0]

    def more_rows(records, conditions):
        conditions.loc[len(conditions)] = conditions.loc[0]
        return records.select([0, *range(len(records))])

    for change, words in (
        (ragged, "data"), (complex_onsets, "p_s of dtype complex"), (truth_of_another_kind, "truth=.*dict"),
        (more_rows, r"asked for \(4, 3, 200\)"),
    ):  # fmt: skip
        with pytest.raises(BackendError, match=words):
            _run(Sine(change))
