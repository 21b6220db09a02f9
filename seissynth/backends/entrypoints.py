"""Read the entry points by which installed distributions register their backends.

The `entrypoints` package stops at the first ``entry_points.txt`` that it cannot parse, of any distribution (a file
without section header is enough). ``importlib.metadata`` survives some of these files and stops at others. The second
reader therefore goes through the distributions one by one and skips unreadable files.
"""

import importlib
import importlib.metadata
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from seissynth.shared.warning import warn_user

#: the group in which backends register
GROUP = "seissynth.backends"

_TARGET = re.compile(r"(?P<module>\w+(?:\.\w+)*)\s*:\s*(?P<attribute>\w+(?:\.\w+)*)\s*(?:\[[^\]]*\])?")


@dataclass(frozen=True)
class FoundEntry:
    """One line of an ``entry_points.txt``: name, target as written, and distribution."""

    name: str
    target: str
    distribution: str
    version: str

    def load(self):
        """Import the module and return the object; any exception of the module passes through."""
        match = _TARGET.fullmatch(self.target.strip())
        if match is None:
            raise ValueError(f"entry point {self.name} = {self.target!r} is not of the form 'package.module:Class'")
        target = importlib.import_module(match["module"])
        for name in match["attribute"].split("."):
            target = getattr(target, name)
        return target


def normalise_distribution(name):
    """Spell a distribution's name as package indexes do, so that ``My_Plugin`` is ``my-plugin``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def find_entries(group=GROUP):
    """Return every entry point of `group`; no plugin is imported.

    A distribution that is on ``sys.path`` twice (a source tree with its ``egg-info`` and an installation) counts once,
    as first seen. Files are read again when a folder on ``sys.path`` has changed, as an installation does.

    Returns
    -------
    list of FoundEntry
        Sorted by name, then distribution.
    """
    try:
        entries = _read_once(group, tuple((place, _changed(place)) for place in sys.path))
    except Exception:  # configparser's errors, a bad spec, an odd sys.path: all of them somebody else's
        entries = read_one_by_one(group)
    unique = {}
    for entry in entries:
        unique.setdefault((entry.name, entry.distribution), entry)
    return [unique[key] for key in sorted(unique)]


@lru_cache(maxsize=8)
def _read_once(group, _):
    """`read_with_entrypoints`, for one state of the folders on ``sys.path``."""
    return tuple(read_with_entrypoints(group))


def _changed(place):
    """When a folder last got or lost an entry; None if it cannot be read."""
    try:
        return Path(place or ".").stat().st_mtime_ns
    except (OSError, TypeError, ValueError):
        return None


def read_with_entrypoints(group):
    """Return the entry points of a group as the package `entrypoints` reads them, which is quick.

    Parameters
    ----------
    group : str

    Returns
    -------
    list of FoundEntry
        As they come; a distribution that ``sys.path`` shows twice has its entries twice.

    Raises
    ------
    Exception
        Of any kind, at the first file that the package cannot read, whoever owns it.
    """
    from entrypoints import EntryPoint, iter_files_distros

    # Not get_group_all: it warns about a spec that it cannot parse and leaves it out, and the warning could be turned
    # into an error only by changing the filters of the whole process. Here the spec raises BadEntryPoint, and the
    # other reader keeps it, with its owner.
    points = [
        EntryPoint.from_string(spec, name, distribution)
        for config, distribution in iter_files_distros()
        if group in config
        for name, spec in config[group].items()
    ]
    entries = []
    for point in points:
        target = f"{point.module_name}:{point.object_name}" if point.object_name else point.module_name
        name = normalise_distribution(point.distro.name)
        # an egg-info folder carries no version in its name, or one followed by Python's
        version = re.sub(r"-py[\d.]+$", "", point.distro.version or "") or _version(name)
        entries.append(FoundEntry(point.name, target, name, version))
    return entries


def _version(distribution):
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def read_one_by_one(group):
    """Return the entry points of a group, going through the distributions with ``importlib.metadata``.

    Parameters
    ----------
    group : str

    Returns
    -------
    list of FoundEntry
        As they come; of a distribution that ``sys.path`` shows twice, those of the first.

    Warns
    -----
    SeisSynthWarning
        A distribution that may hold backends cannot be read; it is left out.
    """
    entries, seen = [], set()
    for distribution in importlib.metadata.distributions():
        label = str(getattr(distribution, "_path", "without a name"))
        try:
            name = normalise_distribution(distribution.metadata["Name"] or _folder_name(label))
            if name in seen:
                continue
            seen.add(name)
            points = [point for point in distribution.entry_points if point.group == group]
            version = distribution.version or ""
        except Exception as error:
            if not _mentions(distribution, group):
                continue
            warn_user(
                f"the entry points of the installed distribution {label} cannot be read "
                f"({type(error).__name__}: {error}); backends that it may hold are left out. "
                "Reinstall or uninstall that distribution."
            )
            continue
        entries.extend(FoundEntry(point.name, point.value, name, version) for point in points)
    return entries


def _mentions(distribution, group):
    """Whether a distribution that cannot be read may contain backends."""
    try:
        return group in (distribution.read_text("entry_points.txt") or "")
    except Exception:  # not even text
        return True


def _folder_name(path):
    return re.split(r"[\\/]", path)[-1].split("-")[0].split(".")[0]
