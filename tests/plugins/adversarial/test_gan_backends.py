"""The adversarial systems as backends: records through `generate`, the protocol, spans, sizes, refusals."""

import dataclasses

import numpy as np
import obspy
import pytest
from gan_weights_made_up import COLUMNS, all_systems, write_weights
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Inventory, Network, Station

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

import seissynth  # noqa: E402
from seissynth.errors import DomainError, FileFormatError, InputError  # noqa: E402
from seissynth.testing import check_backend, example_conditions  # noqa: E402

NAMES = ["conseisgen", "bbgan", "dgm", "seismogen", "wgan_gp"]
TIME = obspy.UTCDateTime("2019-07-06T00:10:00")


@pytest.fixture(scope="module")
def systems(tmp_path_factory):
    return all_systems(tmp_path_factory.mktemp("gan"))


def network(distances_km=(30.0, 40.0)):
    return Inventory(
        [Network("XX", [Station(f"S{i}", 35.6 - km / 111.2, -117.5, 0.0) for i, km in enumerate(distances_km)])]
    )


def earthquake(magnitude=3.0):
    origin = Origin(time=TIME, latitude=35.6, longitude=-117.5, depth=5000.0)
    return Event(origins=[origin], magnitudes=[Magnitude(mag=magnitude, magnitude_type="ML")])


def make(systems, name, event=None, **changes):
    options = {"backend": name, "weights": systems[name][1], "start": 1.0, "duration": 12.0, "sampling_rate": 10.0}
    return seissynth.generate(network(), event or earthquake(), **{**options, **changes})


@pytest.mark.parametrize("name", NAMES)
def test_generate_makes_records(systems, name):
    stream = make(systems, name)
    assert len(stream) == 6 and {trace.stats.npts for trace in stream} == {120}
    about = stream[0].stats.seissynth
    assert (about.backend, about.quantity, about.unit) == (name, "velocity", "m/s") and len(about.weights_hash) == 16
    assert about.p_s == pytest.approx(np.hypot(30, 5) / 5.8, rel=0.03)
    assert all(np.isfinite(trace.data).all() and trace.data.any() for trace in stream)


@pytest.mark.parametrize("name", NAMES)
def test_the_protocol(systems, name):
    backend = systems[name][0](weights=systems[name][1], batch=2)
    conditions = example_conditions(backend.card, n=3)
    conditions["path_p_travel_s"], conditions["path_s_travel_s"] = [5.0, 5.5, 6.0], [8.0, 9.0, 10.0]
    check_backend(backend, rtol=1e-5, conditions=conditions)


@pytest.mark.parametrize("name", ["conseisgen", "dgm", "seismogen"])
def test_sizes_grow_with_magnitude_as_the_model_says(systems, name):
    small, large = (
        np.log([abs(trace.data).max() for trace in make(systems, name, earthquake(magnitude))])
        for magnitude in (2.0, 4.0)
    )
    # of one seed, so that all else is equal
    np.testing.assert_allclose(large - small, 2 * 2.3, atol=0.6 if name == "conseisgen" else 0.05)


def test_peaks_of_bbgan_are_those_of_its_network(systems):
    """Between the limits, and not those of a model of sizes."""
    backend = systems["bbgan"][0](weights=systems["bbgan"][1])
    backend.load()
    table = example_conditions(backend.card, n=4)
    records = backend.make(table, np.arange(4, dtype=np.uint64))
    peaks = np.log(abs(records).max(axis=-1))
    assert ((peaks > -20.5) & (peaks < -7.5)).all() and backend.inputs_of("c", "label") == ("c",)


@pytest.mark.parametrize("name", ["conseisgen", "seismogen", "bbgan"])
def test_the_protocol_with_a_source(systems, name, tmp_path):
    backend_class, path = systems[name]
    plain = backend_class(weights=path)
    plain.load()
    options = {
        "seismogen": {"scaling": "zscore"}, "conseisgen": {"scaling": "range", "columns": COLUMNS[:1]},
        "bbgan": {"scaling": "peak", "columns": COLUMNS, "limits": ((-20.0, -8.0),) * 3},
    }[name]  # fmt: skip
    config = dataclasses.replace(plain.config, source=True)
    backend = backend_class(weights=write_weights(tmp_path / "with.safetensors", backend_class, config, **options))
    assert backend.takes_source and ("needs_source" in backend.card.capabilities) == (name != "bbgan")
    conditions = example_conditions(backend.card, n=3)
    conditions["path_p_travel_s"], conditions["path_s_travel_s"] = [5.0, 5.5, 6.0], [8.0, 9.0, 10.0]
    check_backend(backend, rtol=1e-5, conditions=conditions)
    if name != "bbgan":
        with pytest.raises(InputError, match=f"backend '{name}' makes records from real ones of the same earthquake"):
            seissynth.generate(network(), earthquake(), backend=backend, duration=12.0, sampling_rate=10.0)


def test_windows_begin_before_p_or_at_origin(systems, tmp_path):
    message = r"dgm: for station XX\.S\d, event .*, a record from -9 to 3 s after origin was .*; with P at \d\.\d\d s"
    with pytest.raises(DomainError, match=message):
        make(systems, "dgm", start=-9.0)
    backend, _ = systems["dgm"]
    config = backend(weights=systems["dgm"][1])
    config.load()
    path = write_weights(tmp_path / "w.safetensors", backend, config.config, scaling="zscore", alignment="origin")
    at_origin = {"dgm": (backend, path)}
    assert len(make(at_origin, "dgm", start=0.0, duration=25.0)) == 6
    with pytest.raises(DomainError, match=r"records from 20 to 32 s after origin were asked for; it makes 0 to 25.6 s"):
        make(at_origin, "dgm", start=20.0)


def test_ranges_of_the_weights_are_those_of_the_card(systems):
    with pytest.raises(DomainError, match="magnitude"):
        make(systems, "bbgan", earthquake(6.0))
    assert len(make(systems, "bbgan", earthquake(6.0), outside="allow")) == 6


def test_weights_without_a_unit_give_normalised_records(tmp_path):
    from seissynth_plugins.seismogen.backend import SeismogenBackend
    from seissynth_plugins.seismogen.config import SIZES

    path = tmp_path / "w.safetensors"
    write_weights(path, SeismogenBackend, SIZES["tiny"], scaling="zscore", sizes=None, quantity="normalised")
    stream = make({"seismogen": (SeismogenBackend, path)}, "seismogen")
    assert stream[0].stats.seissynth.quantity == "normalised"
    assert np.std(stream[0].data) == pytest.approx(1, rel=0.4)


def test_what_is_refused(systems, tmp_path):
    backend, path = systems["bbgan"]
    with pytest.raises(InputError, match="bbgan: batch"):
        backend(weights=path, batch=0)
    with pytest.raises(FileFormatError, match="holds weights of 'dgm', not of 'bbgan'"):
        backend(weights=systems["dgm"][1])
    (tmp_path / "cut.safetensors").write_bytes(path.read_bytes()[:-4])
    with pytest.raises(FileFormatError, match="cut off"):
        backend(weights=tmp_path / "cut.safetensors")
    with pytest.raises(InputError, match="needs trained weights"):
        backend()
    with pytest.raises(InputError, match="device='tpu'"):
        backend(weights=path, device="tpu").load()
