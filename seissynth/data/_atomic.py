"""Files that are either complete or not there."""

import contextlib
import os
import uuid
from pathlib import Path

from seissynth.errors import InputError


def require_file_name(path):
    """Raise InputError for a path that names a folder by its end, as ``out.h5/``, which `pathlib` would overlook."""
    text = os.fspath(path)
    ends = tuple(filter(None, (os.sep, os.altsep)))
    if "\0" in text or text.endswith(ends) or os.path.basename(text) in ("", ".", ".."):
        raise InputError(f"cannot write {text!r}: that names a folder; give the name of a file.")


@contextlib.contextmanager
def replacing(path):
    """Give a name beside `path` to write to; it takes the place of `path` when all went well.

    The temporary name keeps the suffix, by which some writers choose a format. After an error it is
    removed, and a file that was at `path` before is left as it was.

    Parameters
    ----------
    path : str or path

    Yields
    ------
    pathlib.Path

    Raises
    ------
    InputError
        The folder does not exist, or `path` is a folder or names one (``out.h5/``).
    """
    require_file_name(path)
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}; make it first.")
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; give the name of a file.")
    # the same folder, since os.replace is atomic within one file system only
    beside = path.with_name(f".{path.stem}.{os.getpid()}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
