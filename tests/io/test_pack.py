"""Copies of sets in less space: what they hold, how far off samples are, and what is refused."""

import hashlib
import json

import h5py
import numpy as np
import pandas
import pytest
from seisbench_sets import records, write_by_hand

from seissynth.errors import InputError
from seissynth.io.seisbench.dataset import Dataset, DatasetWriter
from seissynth.io.seisbench.pack import pack_dataset, rounded


def write(folder, samples, **options):
    with DatasetWriter(folder, sampling_rate_hz=100.0, **options) as writer:
        writer.write(pandas.DataFrame({"source_magnitude": np.arange(len(samples)) / 4, "split": "train"}), samples)
    return folder


@pytest.mark.parametrize("bits", [1, 8, 15])
def test_samples_are_off_by_half_of_the_last_digit_at_most(bits):
    samples = np.exp(np.random.default_rng(bits).uniform(-60, 60, 5000)).astype(np.float32)
    samples *= np.random.default_rng(0).choice([-1, 1], 5000)
    off = abs(rounded(samples, bits).astype(float) / samples - 1)
    assert 2.0 ** -(bits + 2) < off.max() <= 2.0 ** -(bits + 1)


def test_no_digits_lost_no_change():
    samples = np.array([0.0, -0.0, 1e-40, np.finfo(np.float32).max, np.finfo(np.float32).min], np.float32)
    np.testing.assert_array_equal(rounded(samples, 23), samples)
    # the largest number would round to infinity
    assert np.isfinite(rounded(samples, 4)).all()
    counts = np.arange(-5, 5, dtype=np.int32)
    np.testing.assert_array_equal(rounded(counts, 1), counts)


def test_a_copy_says_what_the_set_says_in_less_space(tmp_path):
    samples = np.random.default_rng(1).standard_normal((30, 3, 2000)).astype(np.float32) * np.float32(1e-9)
    data = Dataset(write(tmp_path / "set", samples, unit="m/s**2", quantity="acceleration", component_order="ENZ"))
    assert pack_dataset(tmp_path / "set", tmp_path / "small", records_per_chunk=12) == 30
    copy = Dataset(tmp_path / "small")
    assert (copy.unit, copy.component_order, copy.data_format["measurement"]) == ("m/s**2", "ENZ", "acceleration")
    own = ["trace_name", "trace_chunk"]
    pandas.testing.assert_frame_equal(copy.metadata.drop(columns=own), data.metadata.drop(columns=own))
    np.testing.assert_allclose(copy.waveforms(), data.waveforms(), rtol=2.0**-9, atol=0)
    assert len(copy.chunks) == 3
    small = sum(path.stat().st_size for path in (tmp_path / "small").glob("*.hdf5"))
    assert small < 0.6 * (tmp_path / "set" / "waveforms.hdf5").stat().st_size


def test_counts_stay_whole_numbers(tmp_path):
    samples = np.random.default_rng(1).integers(-(2**30), 2**30, (5, 3, 200)).astype(np.int32)
    pack_dataset(write(tmp_path / "set", samples, unit="counts", quantity="counts", dtype="int32"), tmp_path / "small")
    np.testing.assert_array_equal(Dataset(tmp_path / "small").waveforms(dtype=None), samples)
    with h5py.File(tmp_path / "small" / "waveforms.hdf5") as file:
        assert file["data/bucket0"].dtype == np.int32


@pytest.mark.parametrize("name", ["int64", "uint32", "int8", "uint8", "uint16", "uint64"])
def test_whole_numbers_of_any_size_stay(tmp_path, name):
    """Counts read by other programs come as int64, mostly; up to the largest number that the type or int64 holds."""
    most, least = min(np.iinfo(name).max, 2**63 - 1), np.iinfo(name).min
    samples = np.random.default_rng(0).integers(0, 2, (4, 3, 2000)).astype(name)
    samples[1, 2, :2] = most, least
    facts = {"component_order": "ZNE", "dimension_order": "CW", "sampling_rate": 100}
    write_by_hand(tmp_path / "set", {"a": samples}, {"trace_name": [f"a${k},:3,:2000" for k in range(4)]}, facts)
    assert pack_dataset(tmp_path / "set", tmp_path / "small", bits=1) == 4
    copy = Dataset(tmp_path / "small").waveforms(dtype=None)
    assert copy.dtype.kind == "i" and np.array_equal(copy, samples)
    if name == "int64":
        small = (tmp_path / "small" / "waveforms.hdf5").stat().st_size
        assert small < 0.1 * samples.nbytes


def test_what_cannot_be_copied_is_named(tmp_path):
    folder = write(tmp_path / "set", records(3))
    with pytest.raises(InputError, match=r"bits=24 must be 1 to 23"):
        pack_dataset(folder, tmp_path / "small", bits=24)
    with pytest.raises(InputError, match=r"bits=0"):
        pack_dataset(folder, tmp_path / "small", bits=0)
    with pytest.raises(InputError, match=r"is the set itself"):
        pack_dataset(folder, tmp_path / "other" / ".." / "set", overwrite=True)
    pack_dataset(folder, tmp_path / "small")
    with pytest.raises(InputError, match=r"holds a data set"):
        pack_dataset(folder, tmp_path / "small")


def test_a_set_without_records_is_no_copy(tmp_path):
    with DatasetWriter(tmp_path / "none", sampling_rate_hz=100.0) as writer:
        writer.write([], [])
    with pytest.raises(InputError, match=r"holds no record"):
        pack_dataset(tmp_path / "none", tmp_path / "small")


def test_licence_preparation_and_response_stay(tmp_path):
    extra = {"licence": "CC-BY", "preparation": "{}", "instrument_response": "not restituted"}
    folder = write(tmp_path / "set", records(3), unit="m/s", quantity="velocity", extra_format=extra)
    pack_dataset(folder, tmp_path / "small")
    assert Dataset(tmp_path / "small").data_format == Dataset(folder).data_format
    assert Dataset(folder).data_format.items() >= extra.items()


@pytest.mark.parametrize(("name", "most"), [("float16", 10), ("float64", 52)])
def test_other_types_lose_digits_by_the_same_rule(name, most):
    samples = np.exp(np.random.default_rng(0).uniform(-5, 5, 2000)).astype(name)
    off = abs(rounded(samples, 8).astype(float) / samples.astype(float) - 1)
    assert 2.0**-10 < off.max() <= 2.0**-9
    np.testing.assert_array_equal(rounded(samples, most), samples)
    assert rounded(samples, 8).dtype == name


def test_blocks_of_several_types_are_named_and_not_cut_down(tmp_path):
    """Fractions of a later block would be lost in the whole numbers of the first."""
    whole, parts = np.arange(60, dtype=np.int32).reshape(2, 3, 10), np.full((2, 3, 10), 0.4, np.float32)
    names = [f"{block}${row},:3,:10" for block in "ab" for row in range(2)]
    facts = {"component_order": "ZNE", "dimension_order": "CW", "sampling_rate": 100}
    write_by_hand(tmp_path / "set", {"a": whole, "b": parts}, {"trace_name": names}, facts)
    with pytest.raises(InputError, match=r"row 2 .*float32.*row 0.*int32"):
        pack_dataset(tmp_path / "set", tmp_path / "small")
    assert not (tmp_path / "small" / "metadata.csv").exists()


def described(folder, samples):
    """A set with the description that the factory writes beside it; the description."""
    size = (write(folder, samples) / "waveforms.hdf5").stat().st_size
    description = {
        "complete": True, "backend": "stochastic", "files": {"waveforms.hdf5": {"bytes": size, "sha256": ""}},
    }  # fmt: skip
    (folder / "dataset.json").write_text(json.dumps(description), encoding="utf-8")
    return description


def test_a_copy_keeps_the_description_with_its_own_files(tmp_path):
    """Training knows made sets, whose times overlap, by their description."""
    before = described(tmp_path / "set", records(3))
    pack_dataset(tmp_path / "set", tmp_path / "small", bits=4)
    after = json.loads((tmp_path / "small" / "dataset.json").read_text(encoding="utf-8"))
    assert after["backend"] == before["backend"] and after["packed"] == {"bits": 4}
    assert set(after["files"]) == {"waveforms.hdf5", "metadata.csv"}
    for name, facts in after["files"].items():
        content = (tmp_path / "small" / name).read_bytes()
        assert facts == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert len(Dataset(tmp_path / "small")) == 3


def test_no_description_of_a_replaced_set_stays(tmp_path):
    described(tmp_path / "old", records(40))
    pack_dataset(write(tmp_path / "set", records(3)), tmp_path / "old", overwrite=True)
    assert not (tmp_path / "old" / "dataset.json").exists()
    assert len(Dataset(tmp_path / "old")) == 3
