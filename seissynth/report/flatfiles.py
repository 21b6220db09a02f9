"""`seissynth.evaluate_flatfile`: the numbers of `seissynth.evaluation.evaluate_flatfile`, and a report of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seissynth.evaluation.flatfiles import evaluation as numbers
from seissynth.report.flatfile_page import make_flatfile_page
from seissynth.report.html import picture, slug
from seissynth.report.writing import check_targets, tables_folder, write_tables
from seissynth.shared.atomic import replacing
from seissynth.shared.folder_lock import fills

if TYPE_CHECKING:
    from seissynth.evaluation.flatfiles.evaluation import FlatfileEvaluation


@fills("report", "evaluating", file=True)
def evaluate_flatfile(
    flatfile: Any,
    *,
    report: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    pictures: bool = True,
    command: str | None = None,
    progress: Callable[..., Any] | None = None,
    **arguments: Any,
) -> FlatfileEvaluation:
    """Compare a backend with a flat file of observed ground motion, and write a report.

    Parameters
    ----------
    flatfile
        As in `seissynth.evaluation.evaluate_flatfile`, like all arguments not listed here.
    report : str or path, optional
        HTML file to write. Every table is written as CSV to the folder ``<name>_tables`` next to it.
    overwrite : bool
        Replace an existing report, and its folder of tables.
    pictures : bool
        Include pictures in the report.
    command : str, optional
        Command shown in the report.
    progress : callable, optional
        Called with (steps done, total steps, current step).

    Returns
    -------
    seissynth.evaluation.FlatfileEvaluation

    Raises
    ------
    InputError
        An existing report; before any work is done.
    FolderInUseError
        Another process is writing that report.

    See Also
    --------
    seissynth.evaluation.evaluate_flatfile : The numbers alone, with the other arguments.

    Examples
    --------
    >>> import seissynth
    >>> found = seissynth.evaluate_flatfile("ESM_flatfile.csv", limit=20, report="esm.html")   # doctest: +SKIP
    >>> found.summary[["measure", "bias", "tau", "phi"]]                                       # doctest: +SKIP
    """
    if report is not None:
        check_targets(report, overwrite)
    evaluation = numbers.evaluate_flatfile(flatfile, progress=progress, **arguments)
    if report is not None:
        if progress:
            progress(1, 1, "writing the report")
        _write(evaluation, Path(report), overwrite, pictures, command)
    return evaluation


def _write(evaluation, path, overwrite, pictures, command):
    check_targets(path, overwrite)
    tables = {"summary.csv": evaluation.summary}
    tables |= {f"{slug(title)}.csv": table for title, table in evaluation.tables.items()}
    tables["residuals.csv"] = evaluation.residuals
    drawn = _pictures(evaluation) if pictures else []
    folder = tables_folder(path)
    page = make_flatfile_page(evaluation, drawn, tables, folder.name, command)
    write_tables(tables, folder)
    with replacing(path) as beside:
        beside.write_text(page, encoding="utf-8")


def _pictures(evaluation):
    """HTML of the pictures; those that fail are named in ``evaluation.failures``, and the numbers are kept."""
    from seissynth.plotting.evaluation_flatfile import draw_flatfile
    from seissynth.plotting.style import without_windows

    try:
        with without_windows():
            return [picture(figure, title) for title, figure in draw_flatfile(evaluation)]
    except Exception as error:  # a picture that fails must not take the report with it
        evaluation.failures.append(f"pictures: {type(error).__name__}: {error}")
        return []
