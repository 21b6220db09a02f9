"""Files that are either complete or absent."""

import contextlib
import os
import shutil
import uuid
from pathlib import Path

from seissynth.errors import FolderInUseError, InputError, SeisSynthError, WriteError

#: letters of a name and of its ending that the temporary name keeps: file names have 255 bytes
_LONGEST_STEM, _LONGEST_SUFFIX = 40, 16


def require_file_name(path):
    """Raise InputError for a path that ends like a folder, such as ``out.h5/``, which `pathlib` would ignore."""
    text = os.fspath(path)
    ends = tuple(filter(None, (os.sep, os.altsep)))
    if "\0" in text or text.endswith(ends) or os.path.basename(text) in ("", ".", ".."):  # noqa: PTH119 (see above)
        raise InputError(f"cannot write {text!r}: that names a folder; give the name of a file.")


@contextlib.contextmanager
def replacing(path):
    """Yield a temporary name next to `path`, which replaces `path` if no error occurs.

    The temporary name begins with a dot and the name's first letters, which identify files left by a killed process,
    and keeps the suffix, by which some writers choose a format. After an error it is removed, and a file that was at
    `path` before is left unchanged. The data are on disk before the file replaces `path`, and a full disk is noticed
    here.

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
    WriteError
        The system refuses: a full disk, a read-only folder, a name that is too long.
    """
    require_file_name(path)
    path = Path(path)
    try:
        if not path.parent.is_dir():
            raise InputError(f"cannot write {path}: there is no folder {path.parent}; make it first.")
        if path.is_dir():
            raise InputError(f"cannot write {path}: it is a folder; give the name of a file.")
    except SeisSynthError:
        raise
    except OSError as error:  # a name that is too long
        raise write_error(path, error) from error
    # the same folder, since os.replace is atomic within one file system only; short, since `path` may be long
    suffix = path.suffix if len(path.suffix) <= _LONGEST_SUFFIX else ""
    beside = path.with_name(f".{path.stem[:_LONGEST_STEM]}.{os.getpid()}.{uuid.uuid4().hex[:8]}{suffix}")
    try:
        yield beside
        to_disk(beside)
        beside.replace(path)
    except SeisSynthError:
        raise
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def removing_new(folder):
    """Remove the new folder of a set if an error occurs before its first record; earlier files are kept."""
    folder = Path(folder)
    known = folder.exists()
    try:
        yield
    except FolderInUseError:  # the folder is another's
        raise
    except (SeisSynthError, OSError, MemoryError):
        samples = (".hdf5", ".h5", ".asdf")
        if not known and folder.is_dir() and not any(path.suffix in samples for path in folder.rglob("*")):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def write_error(path, error, kept="Nothing of it is kept."):
    """Return one error that names the file and the system's reason."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return WriteError(f"cannot write {path}: {reason}. {kept} Free space or choose another folder.")


def to_disk(path):
    """Flush data to disk: some file systems report a full disk only then."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
