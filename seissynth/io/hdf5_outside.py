"""HDF5 files whose samples are in other files: an untrusted file must not make seissynth read another."""

from seissynth.errors import FileFormatError


def refuse_outside(path, group):
    """Raise FileFormatError if anything below a group of an HDF5 file is in another file.

    Parameters
    ----------
    path : path
        For the message.
    group : h5py.Group
    """
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise FileFormatError(outside(path, f"{group.name}/{name}", f"links to {link.filename}"))
        if isinstance(link, h5py.SoftLink):
            continue  # its target is checked at its own place
        item = group[name]
        if isinstance(item, h5py.Group):
            refuse_outside(path, item)
        elif isinstance(item, h5py.Dataset) and (where := lies_outside(item)):
            raise FileFormatError(outside(path, item.name, where))


def lies_outside(data):
    """Return the location of the samples of a data set outside its own file; else an empty text."""
    if data.external:
        return f"keeps its samples in {data.external[0][0]}"
    if data.is_virtual:
        return "is put together from other data sets (virtual)"
    return ""


def outside(path, name, where):
    """Text of the error."""
    return f"{path}: {name} {where}; only samples in the file itself are read. Copy them into one file with h5repack."
