"""The backend "heggs": weights and their refusals, records with and without source, windows, options."""

import pickle

import numpy as np
import pytest
from heggs_sets import tiny_options, write_set
from heggs_streams import TIME, earthquake, line, observed

from seissynth.errors import BackendError, DomainError, FileFormatError, InputError, SeisSynthWarning

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
pytest.importorskip("lightning", reason="training needs Lightning")

import obspy  # noqa: E402
from obspy.core.inventory import Inventory, Network, Site, Station  # noqa: E402

import seissynth  # noqa: E402
from seissynth.records import Records  # noqa: E402
from seissynth_plugins.heggs import weights as weights_files  # noqa: E402
from seissynth_plugins.heggs.backend import HeggsBackend  # noqa: E402
from seissynth_plugins.heggs.training.train import train_heggs  # noqa: E402
from seissynth_plugins.torchkit.checkpoints import load_weights, save_weights  # noqa: E402

OPTIONS = {"steps": 2, "iterations": 2, "batch": 2, "velocity_model": "southern_california", "duration": 60.0}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of a few steps, without predicted onsets."""
    folder = tmp_path_factory.mktemp("heggs")
    return train_heggs(write_set(folder / "set"), folder / "run", **tiny_options(validation_records=0)).weights


@pytest.fixture(scope="module")
def onset_weights(weights):
    options = tiny_options(config="tiny+onsets", validation_records=0, steps=2)
    return train_heggs(weights.parents[1] / "set", weights.parents[1] / "onsets", **options).weights


def make(weights, **changes):
    arguments = {**OPTIONS, "inventory": line(), "event": earthquake(), **changes}
    return seissynth.generate(
        arguments.pop("inventory"), arguments.pop("event"), backend="heggs", weights=weights, **arguments
    )


def samples(stream):
    return np.stack([trace.data for trace in stream])


# --- records


def test_generate_makes_records_of_a_line_of_stations(weights):
    stream = make(weights)
    assert len(stream) == 12
    about = stream[0].stats.seissynth
    assert (about.backend, about.quantity, about.unit, about.low_cut_hz) == ("heggs", "velocity", "m/s", 1.0)
    assert len(about.weights_hash) == 16 and about.truth.source_used == 0
    assert 0 < about.p_s < about.s_s < 60
    assert all(trace.stats.npts == 6000 and np.isfinite(trace.data).all() for trace in stream)
    assert all(trace.data.std() > 0 for trace in stream)


def test_each_record_depends_on_itself_only(weights):
    whole = samples(make(weights))
    one = samples(make(weights, inventory=line().select(station="V2")))
    np.testing.assert_array_equal(one, whole[6:9])
    np.testing.assert_array_equal(samples(make(weights)), whole)
    assert not np.array_equal(samples(make(weights, seed=1)), whole)
    np.testing.assert_allclose(samples(make(weights, batch=3)), whole, atol=1e-3 * np.abs(whole).max())


def test_magnitudes_are_swept(weights):
    small, large = (samples(make(weights, event=earthquake(magnitude))) for magnitude in (2.0, 3.2))
    assert not np.array_equal(small, large)


def test_loading_leaves_the_global_generator_of_torch_alone(weights):
    before = torch.get_rng_state()
    HeggsBackend(weights=weights).load()
    assert torch.equal(torch.get_rng_state(), before)


def test_realisations_differ(weights):
    draws = make(weights, realizations=2)
    assert not np.array_equal(samples(draws[0]), samples(draws[1]))


def test_windows_and_rates(weights):
    whole, part = make(weights), make(weights, start=1.0, duration=20.0)
    np.testing.assert_array_equal(samples(part), samples(whole)[:, 100:2100])
    slow = make(weights, sampling_rate=50.0, duration=40.0)
    assert slow[0].stats.npts == 2000
    early = make(weights, start=-2.0, duration=30.0)
    np.testing.assert_array_equal(samples(early)[:, 200:], samples(whole)[:, :2800])
    with pytest.raises(DomainError, match="it makes 0 to 60 s"):
        make(weights, start=-20.0, duration=30.0)
    with pytest.raises(DomainError, match="60 s at most"):
        make(weights, duration=90.0)


def test_what_lies_outside_the_training_is_refused(weights):
    with pytest.raises(DomainError, match="magnitude 6"):
        make(weights, event=earthquake(6.0))
    with pytest.raises(DomainError, match="epicentral"):
        make(weights, inventory=line((300.0,)))
    with pytest.warns(SeisSynthWarning, match="magnitude 6"):
        make(weights, event=earthquake(6.0), outside="warn")


def test_onset_maps_want_the_model_of_the_training(onset_weights):
    assert len(make(onset_weights)) == 12
    with pytest.warns(SeisSynthWarning, match="velocity_model='southern_california'"):
        make(onset_weights, velocity_model="iasp91")


def test_onsets_are_gated_where_the_network_takes_them(weights, onset_weights):
    for path, default in ((weights, False), (onset_weights, True)):
        plain, off, on = (samples(make(path, **how)) for how in ({}, {"gate_onsets": False}, {"gate_onsets": True}))
        assert not np.array_equal(on, off)
        np.testing.assert_array_equal(plain, on if default else off)


@pytest.mark.parametrize(
    "options",
    [{"texture": "rayleigh"}, {"source_start": "paper"}, {"method": "ddpm"}, {"spacing": "time"}, {"eta": 0.5}],
)
def test_options_change_the_records(weights, options):
    source = observed()
    plain, other = (samples(make(weights, source=source, **changes)) for changes in ({}, options))
    # DPM-Solver++ draws nothing, so eta changes nothing
    assert np.array_equal(plain, other) == (options == {"eta": 0.5})


# --- source


def test_a_source_is_used(weights):
    plain, sourced = make(weights), make(weights, source=observed())
    assert sourced[0].stats.seissynth.truth.source_used == 1
    assert not np.array_equal(samples(plain), samples(sourced))
    np.testing.assert_array_equal(samples(make(weights, source=observed())), samples(sourced))
    assert not np.array_equal(samples(make(weights, source=observed(seed=5))), samples(sourced))


def test_the_nearest_other_station_is_the_source(weights):
    """Virtual stations in the south take S0, those in the north S1; one that is a source itself takes the other."""
    stream = observed()
    first, second = stream.select(station="S0"), stream.select(station="S1")
    inventory = line((12.0, 40.0))
    both, south, north = (samples(make(weights, inventory=inventory, source=s)) for s in (stream, first, second))
    assert not np.array_equal(south[:3], north[:3])
    np.testing.assert_array_equal(both[:3], south[:3])
    np.testing.assert_array_equal(both[3:], north[3:])


def test_a_station_that_was_down_does_not_see_itself(weights):
    own = Inventory(networks=[Network("CI", stations=[Station("S0", 35.7, -117.5, 500.0, site=Site("made up"))])])
    stream = observed()
    expected = samples(make(weights, inventory=own, source=stream.select(station="S1")))
    np.testing.assert_array_equal(samples(make(weights, inventory=own, source=stream)), expected)


def test_counts_are_turned_into_motion(weights):
    """Counts with a flat gain attached to the traces equal motion."""
    from obspy.core.inventory.response import InstrumentSensitivity, Response

    motion = observed(level=1e-5)
    counts = motion.copy()
    for trace in counts:
        del trace.stats.processing
        trace.data = trace.data * 1e9
        trace.stats.response = Response.from_paz([], [], 1e9, input_units="M/S", output_units="COUNTS")
        trace.stats.response.instrument_sensitivity = InstrumentSensitivity(1e9, 1.0, "M/S", "COUNTS")
    one, other = seissynth_source(weights, motion), seissynth_source(weights, counts, "RAW")
    inside = slice(1500, 6500)
    from seissynth.signal import bandpass

    one, other = (bandpass(x.data[:, :, :8000].astype(float), 100.0, 1.0, 40.0)[:, :, inside] for x in (one, other))
    np.testing.assert_allclose(other, one, atol=0.02 * np.abs(one).max())
    bare = motion.copy()
    for trace in bare:
        del trace.stats.processing
    with pytest.raises(InputError, match="neither inventory nor trace holds its response"):
        make(weights, source=bare, source_quantity="RAW")
    with pytest.raises(InputError, match="do not state their quantity"):
        make(weights, source=bare)


def seissynth_source(weights, stream, quantity=None):
    from seissynth.events.earthquakes import read_earthquakes
    from seissynth.paths import find_paths
    from seissynth.source_records import find_source

    [quake] = read_earthquakes(earthquake())
    return find_source(stream, find_paths(line(), quake), HeggsBackend(weights=weights).card, quantity)


def test_a_source_knows_its_predicted_onsets(weights):
    stream = observed(stations=("S0", "S1"))
    found = seissynth_source(weights, stream)
    # S1 stands 0.3 degrees north; every site of the line is nearer to one of both
    wanted = seissynth.traveltime.onsets([0.0, 33.29], [5.0, 5.0], "iasp91")
    stations = found.truth["sensor"] == "CI.S1"
    np.testing.assert_allclose(found.p_s, wanted.p_s[stations.astype(int)], atol=0.01)
    np.testing.assert_allclose(found.s_s, wanted.s_s[stations.astype(int)], atol=0.01)
    assert stations.any() and not stations.all()
    assert found.pool.truth["sensor"].tolist() == ["CI.S0", "CI.S1"] and len(found) == 4
    np.testing.assert_array_equal(found.data, found.pool.data[stations.astype(int)])
    for trace in stream:
        del trace.stats["coordinates"]
    assert np.isnan(seissynth_source(weights, stream).p_s).all()


def test_generated_records_serve_as_a_source(weights):
    quantities = [make(weights, output=output) for output in ("VEL", "ACC")]
    made = [make(weights, inventory=line((30.0,), "W"), source=stream) for stream in quantities]
    one, other = (samples(stream) for stream in made)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.3


def test_arrays_as_source(weights):
    data = 1e-6 * np.random.default_rng(0).standard_normal((1, 3, 7000)).astype(np.float32)
    one = samples(make(weights, source=Records(data, np.array([-5.0]))))
    four = samples(make(weights, source=Records(np.repeat(data, 4, 0), np.full(4, -5.0))))
    np.testing.assert_array_equal(one, four)
    with pytest.raises(InputError, match="source holds 3 records"):
        make(weights, source=Records(np.repeat(data, 3, 0), np.full(3, -5.0)))
    with pytest.raises(InputError, match="it must hold 0 to 60 s"):
        make(weights, source=Records(data[:, :, :3000], np.zeros(1)))
    data[0, 0, 7] = np.nan
    with pytest.raises(InputError, match="not finite"):
        make(weights, source=Records(data, np.array([-5.0])))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.select(channel="HHZ"), "lacks one of its components"),
        (lambda s: s.trim(TIME, TIME + 30), "0 to 60 s is needed"),
        (lambda s: obspy.Stream(), "The Stream is empty"),
        (lambda s: s.cutout(TIME + 5, TIME + 6), "has gaps"),
    ],
)
def test_sources_that_cannot_be_used(weights, change, words):
    stream = observed(stations=("S0",))
    with pytest.raises(InputError, match=words):
        make(weights, source=change(stream))


def test_a_bad_station_of_the_source_is_left_out(weights):
    stream = observed()
    stream.select(station="S1")[0].trim(TIME, TIME + 20)
    with pytest.warns(SeisSynthWarning, match=r"1 stations of the source are left out: CI\.S1"):
        made = make(weights, source=stream)
    np.testing.assert_array_equal(samples(made), samples(make(weights, source=observed(stations=("S0",)))))


# --- weights


def test_without_weights_there_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(weights_files.HEGGS, "shipped", tmp_path / "none.safetensors")
    with pytest.raises(InputError, match=r"needs trained weights.*weights=.*seissynth train heggs"):
        make(None)


def test_shipped_weights_are_the_default(monkeypatch, weights):
    monkeypatch.setattr(weights_files.HEGGS, "shipped", weights)
    np.testing.assert_array_equal(samples(make(None)), samples(make(weights)))


def test_the_card_is_that_of_the_weights(weights):
    backend = HeggsBackend(weights=weights)
    assert backend.card.magnitude_range == pytest.approx((1.5, 3.3))
    assert backend.card.distance_range_km == pytest.approx((10.0, 46.0))
    assert backend.card.trained_region == "35.60 to 35.66 N, -117.56 to -117.50 E"
    assert HeggsBackend.card.magnitude_range is None


def test_a_copy_in_another_process_loads_anew(weights):
    backend = HeggsBackend(weights=weights)
    backend.load()
    sent = pickle.dumps(backend)
    assert len(sent) < 0.1 * weights.stat().st_size  # the network does not travel
    again = pickle.loads(sent)
    assert again.weights_hash == backend.weights_hash
    again.load()
    assert again.config == backend.config


def _changed(weights, tmp_path, **changes):
    values, card = load_weights(weights)
    path = tmp_path / "changed.safetensors"
    save_weights(path, changes.pop("values", values), {**card, **changes})
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"class": "ldm"}, "holds weights of 'ldm', not of 'heggs'"),
        ({"class_version": 99}, "holds weights of version 99"),
        ({"normalisation": {"mean": 0.0}}, "the normalisation cannot be used"),
        ({"config": {"wide": 3}}, "its configuration cannot be used"),
    ],
)
def test_weights_of_something_else(weights, tmp_path, changes, words):
    path = _changed(weights, tmp_path, **changes)
    with pytest.raises(FileFormatError, match=words):
        make(path)


def test_weights_that_lack_a_layer(weights, tmp_path):
    values = load_weights(weights)[0]
    values.pop("unet.leave.weight")
    with pytest.raises(FileFormatError, match=r"lacks unet\.leave\.weight"):
        make(_changed(weights, tmp_path, values=values))


def test_files_that_are_no_weights(weights, tmp_path):
    whole = weights.read_bytes()
    for name, content, words in (
        ("cut.safetensors", whole[:-100], "is cut off"),
        ("text.safetensors", b"hello, this is a text", "no safetensors file"),
        ("pickle.pt", b"PK\x03\x04rest", "is a pickle"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileFormatError, match=words):
            make(tmp_path / name)
    with pytest.raises(FileFormatError, match="cannot read the weights"):
        make(tmp_path / "absent.safetensors")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps=0"),
        ({"method": "euler"}, "method='euler'"),
        ({"spacing": "even"}, "spacing='even' must be one of"),
        ({"spread": -1}, "spread=-1 must be True, False or a factor"),
        ({"spread": "wide"}, "spread='wide' must be True, False or a factor"),
        ({"source_noise": 2.0}, "source_noise=2.0"),
        ({"texture": "silk"}, "texture='silk'"),
        ({"iterations": 0}, "iterations=0"),
        ({"batch": 0}, "batch=0"),
        ({"precision": "half"}, "precision='half'"),
        ({"gate_onsets": "late"}, "gate_onsets='late'"),
        ({"device": "tpu9"}, "no device of PyTorch"),
        ({"stepps": 3}, "did you mean 'steps'"),
        ({"source_start": "condition", "source": "observed"}, "does not suit these weights"),
    ],
)
def test_options_out_of_bounds(weights, options, words):
    if "source" in options:
        options = {**options, "source": observed()}
    with pytest.raises(InputError, match=words):
        make(weights, **options)


def test_nothing_else_is_hidden(weights, monkeypatch):
    """A failure of the network is told, with the backend's name."""
    from seissynth_plugins.heggs import observation

    def fail(*args, **kwargs):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(observation, "generate_spectrograms", fail)
    with pytest.raises(BackendError, match="out of memory"):
        make(weights)
