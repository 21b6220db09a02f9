"""The backend "conditioned": protocol, gains, sources, draws, peaks, archives; on made-up and on real records."""

import numpy as np
import obspy
import pytest
from heggs_streams import earthquake, line
from obspy.core.inventory import Inventory, Network

import seissynth
from seissynth.errors import FileFormatError, InputError, SeisSynthWarning
from seissynth.seeding import Seeds
from seissynth.testing.check import parametrize_with_checks
from seissynth.testing.examples import example_conditions
from seissynth_plugins.conditioned.archive import learn_stations, read_events
from seissynth_plugins.conditioned.backend import SHIPPED, ConditionedBackend
from seissynth_plugins.conditioned.gains import apply_gains
from seissynth_plugins.residuals.cells import BANDS_HZ
from seissynth_plugins.residuals.clock import LAGS_S, TO_S
from seissynth_plugins.residuals.patterns import SHAPE, Patterns
from seissynth_plugins.residuals.weights import ResidualModel, read_model, write_model
from seissynth_plugins.stochastic.backend import StochasticBackend

OPTIONS = {"duration": 60.0, "start": 0, "seed": 3, "velocity_model": "southern_california"}


@parametrize_with_checks([ConditionedBackend, ConditionedBackend(spread=False)])
def test_protocol(backend, check):
    check(backend)


def simulate(backend, n=2, npts=6000, rate=100.0, rows=None):
    table = example_conditions(ConditionedBackend.card, n=n)
    table = table if rows is None else table.iloc[rows].reset_index(drop=True)
    seeds = np.arange(len(table), dtype=np.uint64) + 5
    return backend.simulate(
        table, start_s=np.full(len(table), -2.0), npts=npts, sampling_rate_hz=rate, seeds=Seeds(seeds, seeds, seeds)
    )


def conditioned(stream=None, stations=(12.0, 20.0, 28.0, 36.0), **options):
    options = {"backend": ConditionedBackend, **OPTIONS, **options}
    return seissynth.generate(line(stations), earthquake(), source=stream, **options)


def motion(level=1.0, stations=(12.0, 20.0, 28.0), event=None, **options):
    """Records of the default backend, times a level, in place of real ones."""
    options = {**OPTIONS, "duration": 90.0, "seed": 9, "start": -15, **options}
    stream = seissynth.generate(line(stations), event or earthquake(), noise=None, **options)
    for trace in stream:
        trace.data = trace.data * level
    return stream


def truth(stream, name):
    return np.array([trace.stats.seissynth.truth[name] for trace in stream.select(component="Z")])


# --- gains


@pytest.mark.parametrize("rate", [20.0, 50.0, 100.0, 250.0])
def test_a_gain_of_one_returns_the_record(rate):
    data = np.random.default_rng(0).standard_normal((3, round(40 * rate)))
    assert np.allclose(apply_gains(data, np.zeros(SHAPE), -3.0, rate, 5.0, 9.0), data, atol=1e-12)


def test_gains_act_in_their_band_time_and_component():
    data = np.random.default_rng(1).standard_normal((3, 7000))
    field = np.zeros(SHAPE)
    field[1, BANDS_HZ > 15, TO_S + int(np.searchsorted(LAGS_S, 12.0)) :] = np.log(3.0)
    found = apply_gains(data, field, 0.0, 100.0, 5.0, 9.0)
    np.testing.assert_allclose(found[0], data[0], atol=1e-12)
    late = slice(2500, 6500)
    spectra = np.abs(np.fft.rfft(found[1, late])) / np.abs(np.fft.rfft(data[1, late]))
    hz = np.fft.rfftfreq(4000, 0.01)
    assert np.median(spectra[(hz > 20) & (hz < 44)]) == pytest.approx(3.0, rel=0.05)
    assert np.median(spectra[(hz > 1) & (hz < 10)]) == pytest.approx(1.0, rel=0.02)
    np.testing.assert_allclose(found[1, :1500], data[1, :1500], atol=1e-9)


# --- without a source


def test_without_source_and_spread_it_is_the_default_backend_to_the_bit():
    default = StochasticBackend(preset="auto", variability=False)
    assert np.array_equal(simulate(ConditionedBackend(spread=False)).data, simulate(default).data)


def test_draws_scatter_and_nothing_comes_before_p():
    records = simulate(ConditionedBackend(), n=4, npts=30_000)
    mean = simulate(ConditionedBackend(spread=False), n=4, npts=30_000)
    change = np.log(np.abs(records.data).max(axis=(1, 2)) / np.abs(mean.data).max(axis=(1, 2)))
    assert np.abs(change).max() > 0.05
    for data, base in zip(records.data, mean.data, strict=True):
        before = int(np.argmax(base.any(axis=0)))
        assert before > 100 and not data[:, :before].any() and data[:, before : before + 20].any()
    assert np.array_equal(simulate(ConditionedBackend(), n=4, npts=30_000, rows=[2]).p_s, records.p_s[[2]])


def test_velocity_and_displacement_come_to_rest():
    draws = conditioned(duration=120.0, realizations=3, output="VEL")
    for trace in (trace for stream in draws for trace in stream):
        assert abs(trace.data[-1000:].mean()) < 2e-3 * np.abs(trace.data).max()


def test_predicted_peaks_hold_the_draws():
    draws = conditioned(stations=(20.0,), realizations=300, output="ACC")
    peaks = [np.log([np.abs(t.data).max() for t in st.select(component="[NE]")]).mean() for st in draws]
    about = draws[0][0].stats.seissynth.truth
    assert np.mean(peaks) == pytest.approx(about["ln_pga"], abs=0.17)
    assert 0.7 < np.std(peaks) / about["ln_pga_std"] < 1.4


# --- with sources


def test_a_louder_earthquake_is_heard_at_the_station_that_was_down():
    plain, loud = (conditioned(motion(level), spread=False).select(station="V3") for level in (1.0, 3.0))
    level = np.log(np.abs(loud[1].data).max() / np.abs(plain[1].data).max())
    assert 0.4 * np.log(3) < level < 1.05 * np.log(3)
    assert truth(loud, "ln_pga")[0] - truth(plain, "ln_pga")[0] == pytest.approx(level, abs=0.2)
    assert truth(loud, "sources_used")[0] == 3
    assert truth(loud, "ln_pga_std")[0] < truth(conditioned(), "ln_pga_std")[3]


def test_more_sources_leave_less_doubt():
    stds = [
        truth(conditioned(motion(1.0, km), spread=False).select(station="V3"), "ln_pga_std")[0]
        for km in ((12.0,), (12.0, 20.0), (12.0, 20.0, 28.0))
    ]
    assert stds[0] >= stds[1] >= stds[2] and stds[2] < stds[0]


def test_a_station_is_not_conditioned_on_its_own_record_unless_asked():
    source = motion(3.0, (12.0, 20.0))
    for trace in source.select(station="V1"):
        trace.data = trace.data * 10.0
    apart = conditioned(source, spread=False).select(station="V1")
    own = conditioned(source, spread=False, own_record=True).select(station="V1")
    assert truth(apart, "sources_used")[0] == 1 and truth(own, "sources_used")[0] == 2
    assert truth(own, "ln_pga")[0] - truth(apart, "ln_pga")[0] > 1.0
    assert truth(own, "ln_pga_std")[0] < 0.5 * truth(apart, "ln_pga_std")[0]


def test_a_record_does_not_depend_on_the_other_stations():
    source = motion(2.0, (12.0, 20.0))
    many = conditioned(source).select(station="V3")
    places = line().networks[0].stations
    alone = seissynth.generate(
        Inventory([Network("XX", stations=[places[3], places[0]])]), earthquake(), backend=ConditionedBackend,
        source=source, **OPTIONS,
    ).select(station="V3")  # fmt: skip
    assert all(np.array_equal(a.data, b.data) for a, b in zip(many, alone, strict=True))


def test_a_source_may_begin_after_origin_and_end_early():
    whole, cut = motion(3.0), motion(3.0)
    for trace in cut.select(station="V0"):
        trace.trim(earthquake().origins[0].time + 1.0, earthquake().origins[0].time + 25.0)
    found = [conditioned(st, spread=False).select(station="V3") for st in (whole, cut)]
    assert truth(found[1], "sources_used")[0] == 3
    assert truth(found[0], "ln_pga")[0] == pytest.approx(truth(found[1], "ln_pga")[0], abs=0.15)


@pytest.mark.parametrize(
    ("kind", "band_hz"), [(("highpass", {"freq": 3.0, "corners": 4}), (3.0, 45.0)),
                          (("lowpass", {"freq": 8.0, "corners": 8}), (0.0, 8.0))]
)  # fmt: skip
def test_filtered_sources_are_used_in_their_band(kind, band_hz):
    loud, filtered = motion(3.0), motion(3.0)
    filtered.filter(kind[0], **kind[1])
    whole, plain, told = (
        truth(conditioned(st, spread=False, **more).select(station="V3"), "ln_pga")[0]
        for st, more in ((loud, {}), (filtered, {}), (filtered, {"source_band_hz": band_hz}))
    )
    assert abs(told - whole) < 0.3 and abs(plain - whole) > abs(told - whole) + 0.15


def test_sources_that_show_nothing_are_said_and_change_nothing():
    rng = np.random.default_rng(0)
    silent = motion(0.0)
    for trace in silent:
        trace.data = (10.0 * rng.standard_normal(trace.stats.npts)).astype("float32")
    with pytest.warns(SeisSynthWarning, match="none of the 3 source records shows"):
        found = conditioned(silent, spread=False)
    np.testing.assert_allclose(truth(found, "ln_pga"), truth(conditioned(spread=False), "ln_pga"), atol=0.02)


def test_sources_without_a_place_are_said():
    source = motion()
    for trace in source:
        trace.stats.network = "YY"
        trace.stats.seissynth = {"quantity": trace.stats.seissynth.quantity}
        trace.stats.pop("coordinates", None)
    with pytest.warns(SeisSynthWarning, match="no source record can be used"):
        found = conditioned(source, spread=False)
    assert not truth(found, "sources_used").any()


# --- options and files


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"spread": 1}, "spread=1 must be True or False"),
        ({"own_record": "yes"}, "own_record='yes'"),
        ({"carrier": 3}, "carrier=3 must be a mapping"),
        ({"carrier": {"variability": True}}, "pass spread=False"),
        ({"carrier": {"stress": 1}}, "stress"),
        ({"source_band_hz": (5.0, 1.0)}, "source_band_hz"),
        ({"source_band_hz": 3}, "source_band_hz=3 must be two frequencies"),
        ({"weights": "absent.npz"}, "cannot be read"),
    ],
)
def test_bad_options_are_refused(options, text):
    with pytest.raises(InputError, match=text):
        ConditionedBackend(**options)


def test_options_of_the_default_backend_reach_it():
    weak = simulate(ConditionedBackend(spread=False, carrier={"stress_drop_bar": 20.0}))
    strong = simulate(ConditionedBackend(spread=False, carrier={"stress_drop_bar": 200.0}))
    assert np.abs(strong.data).max() > 2 * np.abs(weak.data).max()


def test_a_file_without_calibration_is_refused(tmp_path):
    write_model(tmp_path / "bare.npz", ResidualModel(Patterns(np.zeros((1, *SHAPE)), 0.3), np.ones((1, 12)), {}))
    with pytest.raises(FileFormatError, match=r"bare\.npz lacks calibration"):
        ConditionedBackend(weights=tmp_path / "bare.npz")


def test_the_shipped_model_is_small_portable_and_described():
    model, digest = read_model(SHIPPED)
    assert model.archive is None and len(model.patterns) == 20 and SHIPPED.stat().st_size < 200_000
    card = SHIPPED.with_name("CARD.md").read_text(encoding="utf-8")
    assert digest in card and model.about["licence"] == "MIT"
    assert ConditionedBackend().weights_hash == digest


def test_an_archive_knows_its_loud_station(tmp_path):
    events, stream = obspy.core.event.Catalog(), obspy.Stream()
    for number in range(4):
        event = earthquake()
        event.origins[0].time = event.origins[0].time - 86400 * (number + 1)
        events.append(event)
        stream += motion(1.0, (12.0, 20.0, 28.0, 36.0), event, seed=number)
    for trace in stream.select(station="V3"):
        trace.data = trace.data * 4.0
    for trace in stream:
        trace.data = trace.data + 1e-12 * np.random.default_rng(0).standard_normal(trace.stats.npts).astype("float32")
    path = tmp_path / "network.npz"
    assert learn_stations(path, stream, line(), events, velocity_model="southern_california") == 16
    found = conditioned(weights=path, spread=False)
    plain = conditioned(spread=False)
    change = truth(found, "ln_pga") - truth(plain, "ln_pga")
    assert change[3] > 0.9 and np.abs(change[:3]).max() < 0.5
    assert (truth(found, "ln_pga_std") < 0.8 * truth(plain, "ln_pga_std")).all()


def test_records_of_an_archive_end_before_the_next_earthquake():
    events = [earthquake(), earthquake()]
    events[1].origins[0].time = events[1].origins[0].time + 20.0
    first, second = read_events(motion(), line(), events, velocity_model="southern_california")
    assert (first.records.truth["record_end_s"] < 20.0 + first.records.p_s).all()
    assert (second.records.truth["record_end_s"] > 50.0).all()


def test_an_archive_without_an_earthquake_is_refused(tmp_path):
    event = earthquake()
    event.origins[0].time = event.origins[0].time + 86400
    with pytest.warns(SeisSynthWarning, match="1 of 1 earthquakes have no usable record"):
        refused(tmp_path / "none.npz", motion(), event)


def refused(path, stream, event):
    with pytest.raises(InputError, match="no record shows"):
        learn_stations(path, stream, line(), [event])


# --- real records


def test_real_records_of_ridgecrest_change_the_prediction_towards_the_truth(shared_data):
    folder = shared_data / "ridgecrest_2019"
    inventory = obspy.read_inventory(str(folder / "inventory.xml")).select(network="CI")
    event = obspy.read_events(str(folder / "catalog.xml"))[0]
    time = event.origins[0].time
    stream = obspy.read(str(folder / "waveforms.mseed"), starttime=time - 20, endtime=time + 70)
    stream = stream.select(network="CI")
    options = {**OPTIONS, "magnitude_conversion": "southern_california", "spread": False, "output": "ACC"}
    found = seissynth.generate(
        inventory, event, backend=ConditionedBackend, source=stream, source_quantity="RAW", **options
    )
    before = seissynth.generate(inventory, event, backend=ConditionedBackend, **options)
    errors = []
    for trace in found.select(component="Z"):
        station = trace.stats.station
        real = stream.select(station=station).copy()
        peaks = []
        for one in real.select(component="[NE]"):
            response = inventory.get_response(one.id, time).instrument_sensitivity
            one.detrend("demean")
            one.data = one.data / response.value
            if response.input_units.upper() == "M/S":
                one.differentiate()
            peaks.append(np.log(np.abs(one.data).max()))
        old = before.select(station=station)[0].stats.seissynth.truth["ln_pga"]
        errors.append((np.mean(peaks) - trace.stats.seissynth.truth["ln_pga"], np.mean(peaks) - old))
    after, default = np.sqrt(np.mean(np.square(errors), axis=0))
    assert len(errors) == 15 and after < 0.8 * default


# --- site terms that are known


def loud_terms(code, ln=0.7):
    """Terms of one station, and the stations of a line."""
    return seissynth.StationTerms([1.0], {f"XX.{code}": [ln]})


def codes(stations=(12.0, 20.0, 28.0, 36.0)):
    return [station.code for network in line(stations) for station in network]


def test_a_source_that_is_as_loud_as_its_term_tells_nothing_of_the_earthquake():
    """A source of twice the motion raises the others, unless that is its site."""
    name = codes()[0]
    stream = motion(stations=(12.0,))
    for trace in stream:
        trace.data = trace.data * np.exp(0.7)
    options = {"spread": False, "station_terms": None}
    raised, none = (truth(conditioned(source, **options), "ln_pga")[1:] for source in (stream, None))
    known = truth(conditioned(stream, spread=False, station_terms=loud_terms(name)), "ln_pga")[1:]
    assert (raised - none > 0.1).all()
    quiet = truth(conditioned(motion(stations=(12.0,)), spread=False), "ln_pga")[1:]
    np.testing.assert_allclose(known, quiet, atol=0.01)


def test_a_station_of_the_archive_has_its_site_from_there_alone(tmp_path):
    name, stream = codes()[1], motion(stations=(12.0, 20.0, 28.0, 36.0))
    path = tmp_path / "archive.npz"
    later = earthquake()
    learn_stations(path, stream, line((12.0, 20.0, 28.0, 36.0)), obspy.core.event.Catalog([later]),
                   velocity_model="southern_california")  # fmt: skip
    plain, termed = (conditioned(spread=False, weights=path, station_terms=terms) for terms in (None, loud_terms(name)))
    for before, after in zip(plain, termed, strict=True):
        np.testing.assert_array_equal(before.data, after.data)
    without = conditioned(spread=False, station_terms=loud_terms(name))
    assert truth(without, "ln_pga")[1] - truth(conditioned(spread=False), "ln_pga")[1] == pytest.approx(0.7, abs=0.01)


def test_a_known_site_lowers_the_stated_spread_and_that_of_draws_and_leaves_other_records_alone():
    options = {"stations": (20.0, 28.0), "realizations": 40, "output": "ACC"}
    name = codes((20.0, 28.0))[0]
    plain, termed = (conditioned(station_terms=terms, **options) for terms in (None, loud_terms(name)))
    stated, drawn = [], []
    for draws in (plain, termed):
        first = draws[0].select(station=name)
        stated.append(first[0].stats.seissynth.truth["ln_pga_std"])
        drawn.append(np.std([
            np.mean([np.log(np.abs(t.data).max()) for t in one.select(station=name, component="[NE]")]) for one in draws
        ]))  # fmt: skip
    assert 0.7 < stated[1] / stated[0] < 0.95
    assert drawn[1] / drawn[0] == pytest.approx(stated[1] / stated[0], abs=0.1)
    for one, other in zip(plain, termed, strict=True):
        for before, after in zip(*(st.select(station=codes((20.0, 28.0))[1]) for st in (one, other)), strict=True):
            np.testing.assert_array_equal(before.data, after.data)
            assert before.stats.seissynth.truth["ln_pga_std"] == after.stats.seissynth.truth["ln_pga_std"]
