"""Small sets in SeisBench's format, written with h5py alone: an oracle beside our own writer."""

import h5py
import numpy as np
import pandas


def write_by_hand(folder, arrays, table, data_format, *, chunk="", block=None, **storage):
    """Write arrays and a table as they are; `block` None makes one data set per trace.

    Parameters
    ----------
    arrays : list of arrays (one trace each), or dict of block name to array
    table : dict of str to list
        Without ``trace_name`` when `arrays` is a list.
    """
    folder.mkdir(exist_ok=True, parents=True)
    table = dict(table)
    with h5py.File(folder / f"waveforms{chunk}.hdf5", "w") as file:
        data = file.create_group("data")
        if isinstance(arrays, dict):
            for name, array in arrays.items():
                data.create_dataset(name, data=array, **storage)
        elif block is None:
            names = [f"trace{number}" for number in range(len(arrays))]
            for name, array in zip(names, arrays, strict=True):
                data.create_dataset(name, data=array, **storage)
            table.setdefault("trace_name", names)
        else:
            data.create_dataset(block, data=np.stack(arrays), **storage)
            shape = ",".join(f":{size}" for size in arrays[0].shape)
            table.setdefault("trace_name", [f"{block}${number},{shape}" for number in range(len(arrays))])
        if data_format is not None:
            group = file.create_group("data_format")
            for key, value in data_format.items():
                group.create_dataset(key, data=value)
    pandas.DataFrame(table).to_csv(folder / f"metadata{chunk}.csv", index=False)
    return folder


def records(count, npts=200, components=3, seed=0):
    """Return samples that differ everywhere, float32, shape (count, components, npts)."""
    return np.random.default_rng(seed).standard_normal((count, components, npts)).astype("float32")
