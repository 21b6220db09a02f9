"""The folder of a set: what it says about itself, whether it may be gone on with, and its end."""

import json
import shutil
import time
import warnings

from seissynth.data._atomic import replacing
from seissynth.data._factory_report import DatasetReport
from seissynth.data._factory_run import BOOKS, read_books
from seissynth.data._seisbench_layout import write_chunks_file
from seissynth.errors import FileFormatError, InputError, SeisSynthWarning

#: what a set says about itself
DESCRIPTION = "dataset.json"
#: what a dry run writes
PLAN = "metadata_plan.csv"
_LICENCE = (
    "Synthetic records, made by seissynth {version} with the backend {backend!r} (code: {code}{weights}). "
    "Nobody recorded them. {noise}"
)


def describe(job):
    """Everything that decides what the set holds, as JSON holds it."""
    from seissynth import __version__

    job.maker.open_noise()  # what cannot be read is told before anything is written
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
        if settings.core.noise is None or str(settings.core.noise).lower() in ("nlnm", "nhnm")
        else "They hold real noise, whose own licence goes on to hold. "
    )
    text = _LICENCE.format(version=version, backend=card.name, code=card.licence_code, weights=weights, noise=noise)
    return f"{text}{settings.licence}".strip()


def begin(job):
    """Make the folder, or see that the one that is there belongs to the same set; whether that is complete."""
    path, wanted = job.path, describe(job)
    file = path / DESCRIPTION
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; give a folder.")
    if file.is_file():
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise FileFormatError(f"{file} is damaged: {error}. Remove the folder and make the set again.") from error
        different = _differences(found, wanted)
        if different and not found.get("complete") and not any((path / BOOKS).glob("*.json")):
            _write_json(file, {**wanted, "complete": False})  # nothing was made with the others
        elif different:
            raise InputError(
                f"{path} holds a set made with other arguments: {'; '.join(different)}. Give the same arguments to "
                "take it up again, or another folder."
            )
        if found.get("complete"):
            return True
    elif path.is_dir() and any(item.name != PLAN and not item.name.startswith(".dataset.") for item in path.iterdir()):
        raise InputError(f"{path} holds something else than a set made by seissynth; give an empty or new folder.")
    else:
        path.mkdir(parents=True, exist_ok=True)
        _write_json(file, {**wanted, "complete": False})
    (path / BOOKS).mkdir(exist_ok=True)
    return False


def _differences(found, wanted):
    words = []
    for name in ("version", "backend", "weights_hash"):
        if found.get(name) != wanted[name]:
            words.append(f"{name} was {found.get(name)!r}, is {wanted[name]!r}")
    before, now = found.get("arguments", {}), wanted["arguments"]
    for name in sorted({*before, *now}):
        if name != "backend" and before.get(name) != now.get(name):
            words.append(f"{name} was {_short(before.get(name))}, is {_short(now.get(name))}")
    return words


def _short(value):
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _write_json(file, content):
    with replacing(file) as beside:
        beside.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def finish(job, began, before):
    """Write the index of shards and the description of the whole set; the books are then no longer needed."""
    path = job.path
    file = path / DESCRIPTION
    found = json.loads(file.read_text(encoding="utf-8"))
    if found["complete"]:
        books = found["counts"]
        made = 0
    else:
        books = read_books(path)
        said = books.pop("warnings", [])
        made = books["records"] - before
        for text in said:
            warnings.warn(text, SeisSynthWarning, stacklevel=3)
        if not books["records"]:
            raise InputError(f"no record can be made: {books['left_out']}. Give other stations, earthquakes or bounds.")
        if job.settings.format == "seisbench":
            write_chunks_file(path)
        _write_json(file, {**found, "complete": True, "counts": books})
    shutil.rmtree(path / BOOKS, ignore_errors=True)
    for name in ("metadata_", "waveforms_", "records_", "noise_", "dataset.", "chunks."):
        for item in path.glob(f".{name}*"):  # what killed processes of any machine left half written
            item.unlink(missing_ok=True)
    size = sum(item.stat().st_size for item in path.iterdir() if item.is_file())
    return DatasetReport(path, **books, bytes=size, seconds=time.perf_counter() - began, made=made)
