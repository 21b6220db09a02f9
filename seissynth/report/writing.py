"""Write a report: one HTML file, and a folder of CSV tables next to it."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from seissynth.errors import InputError
from seissynth.report.html import slug
from seissynth.shared.atomic import replacing, require_file_name
from seissynth.shared.csv_cells import for_people, write_table
from seissynth.shared.folder_lock import fills

if TYPE_CHECKING:
    from seissynth.evaluation.evaluations import Evaluation


def tables_folder(path):
    """Folder of the tables of a report: ``report.html`` -> ``report_tables``."""
    path = Path(path)
    return path.with_name(f"{path.stem}_tables")


def check_targets(path, overwrite=False):
    """Raise InputError for a report that cannot be written, before any work is done."""
    require_file_name(path)
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"cannot write {path}: a report is an HTML file; let its name end in .html.")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}; make it first.")
    for target in (path, tables_folder(path)):
        if target.exists() and not overwrite:
            raise InputError(f"{target} exists; pass --overwrite (overwrite=True) to replace it.")
    folder = tables_folder(path)
    # a folder of this name that holds other files than our tables is not ours to delete
    if folder.exists() and (not folder.is_dir() or any(item.suffix != ".csv" for item in folder.rglob("*.*"))):
        raise InputError(f"cannot replace {folder}: it holds more than tables; move it away.")


@fills("path", "writing a report", file=True)
def write_report(
    evaluation: Evaluation,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    pictures: bool = True,
    command: str | None = None,
) -> Path:
    """Write an evaluation as one HTML file without links to the network, and its tables as CSV.

    Parameters
    ----------
    evaluation : seissynth.evaluation.Evaluation
    path : str or path
        Ending in .html. Tables go into the folder ``<name>_tables`` next to it.
    overwrite : bool
        Replace both if they exist.
    pictures : bool
        Draw pictures. One that fails is named in the report and in ``evaluation.failures``.
    command : str, optional
        The command that made it, for the page.

    Returns
    -------
    pathlib.Path
        The HTML file.

    Raises
    ------
    InputError
        A name with another extension, no such folder, an existing report.

    Examples
    --------
    >>> from seissynth.report import write_report
    >>> write_report(found, "report.html")                                                   # doctest: +SKIP
    """
    return write_locked_report(evaluation, path, overwrite=overwrite, pictures=pictures, command=command)


def write_locked_report(evaluation, path, *, overwrite, pictures, command):
    """Do what `write_report` does; the caller holds the report's lock."""
    from seissynth.report.page import make_page
    from seissynth.report.pictures import draw_pictures

    path = Path(path)
    check_targets(path, overwrite)
    tables = collect_tables(evaluation)
    drawn = draw_pictures(evaluation) if pictures else {}
    folder = tables_folder(path)
    page = make_page(evaluation, drawn, tables, folder.name, command)
    write_tables(tables, folder)
    with replacing(path) as beside:
        beside.write_text(page, encoding="utf-8")
    return path


def collect_tables(evaluation):
    """All tables of an evaluation: relative path of the CSV file -> DataFrame."""
    tables = {
        "leaderboard.csv": evaluation.leaderboard,
        "summary.csv": evaluation.summary,
        "differences.csv": evaluation.differences,
    }
    for name, groups in evaluation.rows.items():
        for group in groups.values():
            base = f"{slug(name)}/{slug(group.name)}"
            tables[f"{base}.csv"] = group.summary
            for title, table in group.tables.items():
                tables[f"{base}__{slug(title)}.csv"] = table
            if group.per_record is not None:
                tables[f"{base}__per_record.csv"] = _with_labels(group.per_record, evaluation, name)
    return tables


def _with_labels(table, evaluation, name):
    """Add labels of earthquake and sensor to each row, if rows are those of the pairs."""
    first = next(iter(evaluation.pairs.values()))
    pairs = evaluation.pairs.get(name, first)
    if len(table) != len(pairs) or "event" in table:
        return table
    return table.reset_index(drop=True).assign(event=pairs.events, sensor=pairs.stations)


def write_tables(tables, folder):
    """Write tables (file name -> DataFrame) next to `folder`, then replace it."""
    mark = f"{os.getpid()}.{uuid.uuid4().hex[:8]}"
    beside, old = (folder.with_name(f".{folder.name}.{mark}{ending}") for ending in ("", ".old"))
    try:
        for name, table in tables.items():
            target = beside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            named = any(part is not None for part in table.index.names)
            with target.open("w", encoding="utf-8", newline="") as file:
                write_table(for_people(table), file, index=named)
        if folder.exists():
            folder.replace(old)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
