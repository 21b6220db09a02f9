"""A lock for writing to a folder or file, which records its holder.

The lock is the operating system's (`flock`): it ends with its process in any case, and nothing has to be cleaned up
after a kill. Its holder is recorded in a separate file. Readers need no lock.
"""

import contextlib
import datetime
import functools
import inspect
import json
import os
import socket
import time
import uuid
from pathlib import Path

from seissynth.errors import FolderInUseError, InputError, WriteError
from seissynth.shared.locks import new_lock

#: hidden files of the lock, in the folder or, with the file's name in front, beside the file; gone in the end
LOCK, HOLDER = ".seissynth.lock", ".seissynth.lock.json"

#: between the holder's last look and its removal of the lock file another may open that file: it then tries again
_PATIENCE_S, _LOOK_EVERY_S = 0.5, 0.05

#: how long to recreate a folder that other processes create and remove while it is empty
_FOLDER_PATIENCE_S = 10.0

#: what this process holds, by the lock's path: its id too, since a forked child inherits the table but no lock
_held: dict = {}
_table = new_lock()


@contextlib.contextmanager
def locked(path, doing, *, file=False):
    """Hold the lock of a folder, which is created if absent, or of a file.

    Parameters
    ----------
    path : str or path
    doing : str
        Activity of the holder, for messages: "making a data set".
    file : bool
        `path` is a file: its lock is in the same folder, which must exist.

    Yields
    ------
    dict or None
        Information on an earlier holder that ended without releasing the lock (killed): pid, host, since, doing.

    Raises
    ------
    FolderInUseError
        Another process or thread holds it; the message says which, where and since when.
    WriteError
        The folder cannot be made or written to.

    Notes
    -----
    Threads and forked processes count as others. Between machines the lock holds if the file system supports `flock`
    (NFS 4, Lustre mounted with `flock`, GPFS). Otherwise filelock falls back to the existence of the lock file, which a
    killed process of another machine leaves behind: the error names the file to remove.
    """
    path = Path(path).absolute()
    path = path.parent.resolve() / path.name if file else path.resolve()
    if file and not path.name:
        raise InputError(f"cannot write {path}: it is a folder; give the name of a file.")
    new_folders = set() if file else _make(path)
    lock, holder = ((path.with_name(f".{path.name}{name}") if file else path / name) for name in (LOCK, HOLDER))
    try:
        with _in_process(lock, path, doing), _of_system(lock, holder, path, new_folders):
            before = _read(holder)
            _write(holder, doing)
            try:
                yield before
            finally:
                # while the lock is held: whoever opened the file before sees that it is gone, and begins again
                for item in (*holder.parent.glob(f"{holder.name}.*"), holder, lock):
                    with contextlib.suppress(OSError):
                        item.unlink(missing_ok=True)
    finally:
        for folder in sorted(new_folders, reverse=True):  # innermost first
            with contextlib.suppress(OSError):  # holds something
                folder.rmdir()


def fills(argument, doing, *, file=False, unless=None):
    """Decorate a function to hold the lock of the folder (or file) named by an argument while it runs.

    Parameters
    ----------
    argument : str
        Name of the argument; no lock if its value is None.
    doing, file
        As in `locked`.
    unless : callable, optional
        Without arguments; if it returns true another process holds the lock for this one.
    """

    def decorate(function):
        signature = inspect.signature(function)

        @functools.wraps(function)
        def inside(*args, **kwargs):
            try:
                target = signature.bind(*args, **kwargs).arguments.get(argument)
            except TypeError:
                target = None  # the call itself reports the fault
            known = isinstance(target, str | os.PathLike) and _lockable(Path(target), file)
            if not known or (unless is not None and unless()):
                return function(*args, **kwargs)
            with locked(target, doing, file=file):
                return function(*args, **kwargs)

        return inside

    return decorate


def is_lock(path):
    """Whether a file belongs to the lock of its folder."""
    return Path(path).name.startswith(LOCK)


def _lockable(path, file):
    """Whether a lock is possible there; if not, the function's own checks raise the error."""
    return path.parent.is_dir() and not path.is_dir() if file else not path.exists() or path.is_dir()


def _make(path):
    """Make a folder; return which folders were made."""
    new_folders, end = set(), time.monotonic() + _FOLDER_PATIENCE_S
    while True:
        new_folders |= {folder for folder in (path, *path.parents) if not folder.exists()}
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            # mkdir finds it, or its parent, and at its next look it is gone: its maker ended just now
            if path.is_file() or not _is_passing(error) or time.monotonic() > end:
                raise WriteError(f"cannot make the folder {path}: {error}.") from error
        else:
            return new_folders


def _is_passing(error):
    """Whether an error may come from folders that others make and take away at this moment."""
    return isinstance(error, FileExistsError | FileNotFoundError)


@contextlib.contextmanager
def _in_process(lock, path, doing):
    """Refuse a second thread; file locks of some systems belong to the whole process."""
    with _table:
        if _held.get(lock, (None, None))[0] == os.getpid():
            raise FolderInUseError(_refusal(path, {**_me(doing), **_held[lock][1]}))
        _held[lock] = os.getpid(), _me(doing)
    try:
        yield
    finally:
        with _table:
            _held.pop(lock, None)


@contextlib.contextmanager
def _of_system(lock, holder, path, new_folders):
    from filelock import FileLock, Timeout

    file_lock, end = FileLock(lock), time.monotonic() + _FOLDER_PATIENCE_S
    while True:
        try:
            file_lock.acquire(timeout=_PATIENCE_S, poll_interval=_LOOK_EVERY_S)
            break
        except Timeout:
            raise FolderInUseError(_refusal(path, _read(holder), lock)) from None
        except OSError as error:
            # the folder's maker ended just now and left it empty; that it is there again says nothing: a third made it
            if not _is_passing(error) or time.monotonic() > end:
                raise WriteError(f"cannot write to {lock.parent}: {error}.") from error
            new_folders |= _make(lock.parent)
    try:
        yield
    finally:
        file_lock.release()


def _me(doing):
    since = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "doing": doing}


def _write(holder, doing):
    beside = holder.with_name(f"{holder.name}.{uuid.uuid4().hex[:8]}")
    try:
        beside.write_text(json.dumps(_me(doing)) + "\n", encoding="utf-8")
        beside.replace(holder)
    except OSError as error:
        raise WriteError(f"cannot write {holder}: {error}.") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _read(holder):
    """Information written by a holder; None if missing or incomplete."""
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) and {"pid", "host", "since", "doing"} <= set(facts) else None


def describe_holder(holder):
    """Describe the present or former holder of a lock."""
    return f"process {holder['pid']} on {holder['host']}, {holder['doing']} since {holder['since']}"


def _refusal(path, holder, lock=None):
    who = describe_holder(holder) if holder else "another process"
    remedy = "Wait until it has ended, stop it, or give another folder"
    if lock is not None and holder and holder["host"] == socket.gethostname() and not _alive(holder["pid"]):
        remedy = (
            f"That process has ended, but a child of it or the file system still holds the lock: end the child, or "
            f"remove {lock} if nothing writes there"
        )
    elif lock is not None and holder and holder["host"] != socket.gethostname():
        remedy += f"; if that process has died with its machine, remove {lock}"
    return f"{path} is in use: {who}. {remedy}."


def _alive(process):
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
