"""A set of generated records in the place of a station's few: labels, parts, metadata, taken up again."""

import numpy as np
import pytest
import swag_sets
from swag_sets import RATE, tiny_options, write_set

from seissynth.errors import InputError
from seissynth.io.seisbench.dataset import Dataset
from seissynth_plugins.swag.labelled import LabelledGenerator
from seissynth_plugins.swag.labelled_set import make_labelled_set

pytest.importorskip("lightning", reason="training needs Lightning")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return Dataset(write_set(tmp_path_factory.mktemp("swag") / "set"))


@pytest.fixture(scope="module")
def weights(real, tmp_path_factory):
    from seissynth_plugins.swag.training.train import train_swag

    return train_swag(real.path, tmp_path_factory.mktemp("run") / "run", **tiny_options(steps=3)).weights


def of_station(real, code):
    return real.select((real.metadata["station_code"] == code).to_numpy())


@pytest.fixture
def generator(weights):
    return LabelledGenerator(weights, steps=1, precision="float32", batch=64)


def test_labels_are_like_those_of_the_station_and_records_are_theirs(generator, real, tmp_path):
    mine, done = of_station(real, "B"), []
    made = make_labelled_set(generator, mine, tmp_path / "made", 520, progress=lambda *two: done.append(two))
    assert done == [(500, 520), (520, 520)] and len(made) == 520 and made.unit == "m/s"
    table = made.metadata
    assert set(table["station_code"]) == {"B"} and set(table["station_latitude_deg"]) == {36.2}
    assert (table["split"] == "dev").sum() == 26 and set(table["split"]) == {"train", "dev"}
    apart = (table["trace_s_arrival_sample"] - table["trace_p_arrival_sample"]) / RATE
    theirs = (mine.metadata["trace_s_arrival_sample"] - mine.metadata["trace_p_arrival_sample"]) / RATE
    assert theirs.min() - 1e-9 <= apart.min() and apart.max() <= theirs.max() + 1e-9
    assert np.quantile(apart, 0.5) == pytest.approx(theirs.median(), abs=0.6)
    low, high = generator.inputs.ranges["p_s"]
    p = table["trace_p_arrival_sample"] / RATE
    assert (p.min(), p.max()) == (pytest.approx(low, abs=0.3), pytest.approx(high, abs=0.3))
    labels = np.column_stack([p, table["trace_s_arrival_sample"] / RATE, table["source_magnitude"]])
    expected = generator.records(labels[500:], "XX.B", seed=500)
    np.testing.assert_allclose(made.waveforms(np.arange(500, 520), component_order="ENZ"), expected, rtol=1e-3)


def test_a_stopped_call_is_taken_up_and_other_seeds_are_other_records(generator, real, tmp_path):
    mine = of_station(real, "A")

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_labelled_set(generator, mine, tmp_path / "made", 510, progress=stop)
    first = (tmp_path / "made" / "waveforms_0000.hdf5").stat().st_mtime_ns
    made = make_labelled_set(generator, mine, tmp_path / "made", 510)
    assert (tmp_path / "made" / "waveforms_0000.hdf5").stat().st_mtime_ns == first
    whole = make_labelled_set(generator, mine, tmp_path / "whole", 510)
    np.testing.assert_array_equal(made.waveforms(), whole.waveforms())
    other = make_labelled_set(generator, mine, tmp_path / "other", 10, seed=1)
    assert not np.allclose(other.waveforms(), whole.waveforms(np.arange(10)))


def test_bad_sets_are_refused(generator, real, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"records of 2 stations \(XX\.A, XX\.B\)"):
        make_labelled_set(generator, real, tmp_path / "a", 5)
    with pytest.raises(InputError, match="count"):
        make_labelled_set(generator, of_station(real, "A"), tmp_path / "a", 0)
    unlabelled = Dataset(write_set(tmp_path / "set", trace_s_arrival_sample=np.nan))
    with pytest.raises(InputError, match="no record of real has P, S and magnitude"):
        make_labelled_set(generator, of_station(unlabelled, "A"), tmp_path / "a", 5)
    monkeypatch.setattr(swag_sets, "RATE", 20.0)
    faster = Dataset(write_set(tmp_path / "faster", swag_sets.made_up_rows()))
    with pytest.raises(InputError, match="the real records have 20 Hz and the weights 10 Hz"):
        make_labelled_set(generator, of_station(faster, "A"), tmp_path / "a", 5)
    assert not (tmp_path / "a").exists()
