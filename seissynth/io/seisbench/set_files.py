"""Expected sizes and digests of the files of a set, as recorded when they were written."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from seissynth.errors import FileFormatError

#: files in which a set says of which files it consists, under "files"
DESCRIPTIONS = ("dataset.json", "cut_report.json")
_TOGETHER = 4


def facts_of(path):
    """Size and SHA-256 of a file, as JSON data."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.tell(), "sha256": digest}


def what_is_wrong(path, facts):
    """Describe how a file differs from its record; None if it does not."""
    path = Path(path)
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != facts["bytes"]:
        return f"holds {size} bytes instead of {facts['bytes']}"
    return None if facts_of(path)["sha256"] == facts["sha256"] else "has other content"


def wrong_files(folder, files):
    """Files that differ from their record: name -> description; several are read at a time."""
    with ThreadPoolExecutor(_TOGETHER) as pool:
        reasons = pool.map(lambda name: what_is_wrong(Path(folder) / name, files[name]), files)
        return {name: wrong for name, wrong in zip(files, reasons, strict=True) if wrong}


def check_files(folder, chunks=None):
    """Raise FileFormatError for a finished set of seissynth with missing or truncated files, by their sizes.

    Tables may have been edited (a split written into them): one counts as truncated if it is smaller and ends within a
    line.

    Parameters
    ----------
    folder : path
    chunks : sequence of str, optional
        Only files of these.
    """
    folder = Path(folder)
    chunks = [chunks] if isinstance(chunks, str) else chunks
    bad = []
    for name, facts in _stated(folder).items():
        stem = Path(name).stem
        if chunks is not None and not any(stem in (f"metadata{chunk}", f"waveforms{chunk}") for chunk in chunks):
            continue
        path = folder / name
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            bad.append(f"{name} is missing")
        elif size < facts["bytes"] and not (path.suffix == ".csv" and _ends_a_line(path)):
            bad.append(f"{name} is cut short ({size} of {facts['bytes']} bytes)")
    if bad:
        more = f", and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise FileFormatError(
            f"{folder} is not whole: {'; '.join(bad[:3])}{more}. Run the command that made the set again "
            "(seissynth dataset make mends what is damaged), or copy the files again."
        )


def _stated(folder):
    """Files and digests stated by a finished set; none if it states nothing."""
    for name in DESCRIPTIONS:
        try:
            description = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if (
            isinstance(description, dict)
            and description.get("complete", True)
            and isinstance(description.get("files"), dict)
        ):
            return description["files"]
    return {}


def _ends_a_line(path):
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return False
        file.seek(-1, 2)
        return file.read(1) == b"\n"
