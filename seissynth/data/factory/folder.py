"""The folder of a set: its description, whether it can be resumed, and its completion."""

import hashlib
import json
import shutil
import time

from seissynth.data.factory.inputs import CATALOG, INVENTORY, write_inputs
from seissynth.data.factory.report import DatasetReport
from seissynth.data.factory.run import BOOKS, read_books, warn_of_outside
from seissynth.errors import FileFormatError, InputError
from seissynth.io.seisbench.layout import write_chunks_file
from seissynth.noise.models import NAMES
from seissynth.shared.atomic import replacing
from seissynth.shared.folder_lock import describe_holder, is_lock
from seissynth.shared.warning import warn_user

#: what a set says about itself
DESCRIPTION = "dataset.json"
#: what a dry run writes
PLAN = "metadata_plan.csv"
_LICENCE = (
    "Synthetic records, made by seissynth {version} with the backend {backend!r} (code: {code}{weights}). "
    "Nobody recorded them. {noise}"
)


def describe(job):
    """Everything that determines the content of the set, as JSON data."""
    from seissynth import __version__

    job.maker.open_noise()  # unreadable noise is reported before anything is written
    card, settings = job.maker.backend.card, job.settings
    return {
        "made_by": "seissynth",
        "version": __version__,
        "backend": card.name,
        "weights_hash": job.maker.backend.weights_hash,
        "seed": settings.core.seed,
        "licence_note": _licence(card, settings, __version__),
        "arguments": json.loads(json.dumps(settings.as_plain_data())),
    }


def _licence(card, settings, version):
    weights = f", weights: {card.licence_weights}" if card.licence_weights else ""
    noise = (
        ""
        if settings.core.noise is None or str(settings.core.noise).lower() in NAMES
        else "They hold real noise, whose own licence still applies. "
    )
    text = _LICENCE.format(version=version, backend=card.name, code=card.licence_code, weights=weights, noise=noise)
    return f"{text}{settings.licence}".strip()


def fingerprint(description):
    """Digest of everything that determines the content of a set."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def begin(job, wanted):
    """Check that existing files belong to the same set; return the numbers of the blocks to make.

    Parameters
    ----------
    job : Job
        The job; its folder is locked.
    wanted : dict
        Result of `describe`.

    Warns
    -----
    SeisSynthWarning
        Shards that are missing or damaged, which are made again.
    """
    path = job.path
    file = path / DESCRIPTION
    if file.is_file():
        try:
            description = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise FileFormatError(f"{file} is damaged: {error}. Remove the folder and make the set again.") from error
        different = _differences(description, wanted)
        if different and not description.get("complete") and not any((path / BOOKS).glob("*.json")):
            _write_json(file, {**wanted, "complete": False})  # nothing was made with the others
        elif different:
            raise InputError(
                f"{path} holds a set made with other arguments: {'; '.join(different)}. Give the same arguments to "
                "take it up again, or another folder."
            )
        if description.get("complete"):
            shutil.rmtree(path / BOOKS, ignore_errors=True)
            numbers, wrong = job.damaged(description.get("files", {}))
            _say_damaged(path, wrong)
            (path / BOOKS).mkdir()
            return numbers
    elif any(item.name not in (PLAN, BOOKS) and not _is_ours(item) for item in path.iterdir()):
        raise InputError(f"{path} already holds files that seissynth did not write; give an empty or new folder.")
    else:
        _write_json(file, {**wanted, "complete": False})
    (path / BOOKS).mkdir(exist_ok=True)
    numbers, wrong = job.missing()
    _say_damaged(path, wrong)
    return numbers


def _is_ours(item):
    return item.name.startswith(".dataset.") or is_lock(item)


def _say_damaged(path, wrong):
    if wrong:
        some = "; ".join(f"{name} {what}" for name, what in list(wrong.items())[:3])
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        warn_user(f"{path}: shards are made again: {some}{more}.")


def _differences(stored, wanted):
    words = []
    for name in ("version", "backend", "weights_hash"):
        if stored.get(name) != wanted[name]:
            words.append(f"{name} was {stored.get(name)!r}, is {wanted[name]!r}")
    before, now = stored.get("arguments", {}), wanted["arguments"]
    for name in sorted({*before, *now}):
        if name != "backend" and before.get(name) != now.get(name):
            words += _differing(name, before.get(name), now.get(name))
    return words


def _differing(name, before, now):
    """Words for two values; of two tables only the entries that differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
        return [words for key in keys for words in _differing(f"{name}.{key}", before.get(key), now.get(key))]
    return [f"{name} was {_short(before)}, is {_short(now)}"]


def _short(value):
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _write_json(file, content):
    with replacing(file) as beside:
        beside.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def finish(job, began, before, interrupted=None):
    """Write the index of shards and the description of the set; summaries of blocks are then no longer needed."""
    path = job.path
    file = path / DESCRIPTION
    description = json.loads(file.read_text(encoding="utf-8"))
    books = read_books(path)
    messages, files = books.pop("warnings", []), books.pop("files", {})
    named = books.pop("outside", [])
    new_records = books.get("records", 0) - before
    for text in messages:
        warn_user(text)
    if description["complete"]:  # the books are those of mended blocks
        books = description["counts"]
        files = {**description.get("files", {}), **files}
    elif not books["records"]:
        names = f" ({'; '.join(named[:5])})" if named else ""
        raise InputError(
            f"no record can be made: {books['left_out']}{names}. Give other stations, earthquakes or bounds."
        )
    warn_of_outside(named, job.maker.backend.card)
    if job.settings.format == "seisbench":
        write_chunks_file(path)
    whole = {**description, "complete": True, "counts": books, "files": files}
    if whole != description:
        _write_json(file, whole)
    write_inputs(job)
    shutil.rmtree(path / BOOKS, ignore_errors=True)
    for name in ("metadata_", "waveforms_", "records_", "noise_", "dataset.", "chunks."):
        for item in path.glob(f".{name}*"):  # what killed processes of any machine left half written
            item.unlink(missing_ok=True)
    parts, split = books.get("parts", {}), job.settings.split or {}
    books["parts"] = {name: (parts.get(name, 0), share) for name, share in split.items() if parts}
    aside = (CATALOG, INVENTORY)
    sizes = (item.stat().st_size for item in path.iterdir() if item.is_file() and item.name not in aside)
    size = sum(sizes)
    before = "" if interrupted is None else describe_holder(interrupted)
    return DatasetReport(
        path, **books, bytes=size, seconds=time.perf_counter() - began, made=new_records, interrupted=before
    )
