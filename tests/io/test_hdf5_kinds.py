"""Blocks that HDF5 stores in many ways: the same samples as h5py gives, or one error."""

import h5py
import numpy as np
import pandas as pd
import pytest

from seissynth.errors import FileFormatError, SeisSynthError
from seissynth.io.asdf import read_asdf
from seissynth.io.seisbench.dataset import Dataset

SHAPE = (5, 3, 40)
SAMPLES = (1000 * np.random.default_rng(0).standard_normal(SHAPE)).astype(np.int32)


def odd_integer(order=h5py.h5t.ORDER_LE, precision=24, offset=4):
    kind = h5py.h5t.STD_I32LE.copy()
    kind.set_precision(precision)
    kind.set_offset(offset)
    kind.set_order(order)
    return kind


def low_level(group, kind):
    space = h5py.h5s.create_simple(SHAPE)
    data = h5py.h5d.create(group.id, b"block", kind, space)
    data.write(h5py.h5s.ALL, h5py.h5s.ALL, SAMPLES)


def never_written(group):
    group.create_dataset("block", SHAPE, "f4", fillvalue=7.0)


def chunks_not_written(group):
    group.create_dataset("block", SHAPE, "f4", chunks=(1, 3, 40), fillvalue=7.0)[2] = SAMPLES[2]


def raw_chunk_without_filter(group):
    data = group.create_dataset("block", SHAPE, "i4", chunks=(1, 3, 40), compression="gzip")
    data[...] = SAMPLES
    data.id.write_direct_chunk((1, 0, 0), SAMPLES[1].tobytes(), filter_mask=1)


def by(**storage):
    return lambda group: group.create_dataset("block", data=SAMPLES.astype(storage.pop("dtype", "i4")), **storage)


READ = {
    "plain": by(),
    "big-endian": by(dtype=">i4"),
    "big-endian floats": by(dtype=">f8"),
    "16-bit floats": by(dtype="f2"),
    "unsigned": by(dtype="u2"),
    "24 bits of 32": lambda group: low_level(group, odd_integer()),
    "24 bits of 32, big-endian": lambda group: low_level(group, odd_integer(h5py.h5t.ORDER_BE)),
    "never written": never_written,
    "some chunks not written": chunks_not_written,
    "a chunk past its filter": raw_chunk_without_filter,
    "chunks that reach over the edge": by(chunks=(2, 2, 17)),
    "gzip, shuffle, checksum": by(compression="gzip", shuffle=True, fletcher32=True),
    "lzf": by(compression="lzf"),
    "scale and offset": by(scaleoffset=0),
    "growing": by(maxshape=(None, 3, 40)),
    "a soft link": lambda group: (
        group.file.create_dataset("elsewhere", data=SAMPLES),
        group.__setitem__("block", h5py.SoftLink("/elsewhere")),
    ),
}


def external_storage(group, folder):
    SAMPLES.tofile(folder / "secret.bin")
    group.create_dataset("block", SHAPE, "i4", external=[(str(folder / "secret.bin"), 0, SAMPLES.nbytes)])


def external_link(group, folder):
    with h5py.File(folder / "other.hdf5", "w") as other:
        other["samples"] = SAMPLES + 1
    group["block"] = h5py.ExternalLink(str(folder / "other.hdf5"), "/samples")


def virtual(group, folder):
    external_link(group.create_group("aside"), folder)
    layout = h5py.VirtualLayout(SHAPE, "i4")
    layout[...] = h5py.VirtualSource(str(folder / "other.hdf5"), "samples", SHAPE)
    group.create_virtual_dataset("block", layout)


def references(group, folder):
    group.create_dataset("block", SHAPE, h5py.ref_dtype)


def complex_samples(group, folder):
    group.create_dataset("block", data=SAMPLES * 1j)


def a_group(group, folder):
    group.create_group("block")


REFUSED = {
    function.__name__: function
    for function in (external_storage, external_link, virtual, references, complex_samples, a_group)
}


def make(folder, write, **options):
    folder.mkdir()
    with h5py.File(folder / "waveforms.hdf5", "w", **options) as file:
        write(file.create_group("data"))
        for key, value in {"dimension_order": "CW", "component_order": "ZNE", "sampling_rate": 100.0}.items():
            file.create_dataset(f"data_format/{key}", data=value)
    names = [f"block${row},:3,:40" for row in range(SHAPE[0])]
    pd.DataFrame({"trace_name": names}).to_csv(folder / "metadata.csv", index=False)
    return folder


@pytest.mark.parametrize("userblock", [0, 512])
@pytest.mark.parametrize("kind", READ)
def test_the_same_as_h5py(tmp_path, kind, userblock):
    folder = make(tmp_path / "set", READ[kind], userblock_size=userblock)
    with h5py.File(folder / "waveforms.hdf5") as file:
        expected = file["data/block"][...]
    dataset = Dataset(folder)
    for row in range(SHAPE[0]):
        found = dataset.waveform(row, component_order=None, dtype=None)
        assert np.array_equal(found, expected[row]) and found.dtype.kind == expected.dtype.kind


@pytest.mark.parametrize("kind", REFUSED)
def test_what_lies_elsewhere_or_is_no_number_is_refused(tmp_path, kind):
    folder = make(tmp_path / "set", lambda group: REFUSED[kind](group, tmp_path))
    with pytest.raises(SeisSynthError, match="block"):
        Dataset(folder).waveform(0, component_order=None)


@pytest.mark.parametrize("kind", ["external_storage", "external_link", "virtual"])
def test_asdf_that_reads_other_files_is_refused(tmp_path, kind):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["file_format"] = np.bytes_("ASDF")
        file.create_group("Provenance")
        REFUSED[kind](file.create_group("Waveforms/XX.AMAT"), tmp_path)
    with pytest.raises(FileFormatError, match=r"a\.h5.*only samples in the file itself"):
        read_asdf(tmp_path / "a.h5")
