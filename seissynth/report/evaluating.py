"""`seissynth.evaluate`: the numbers of `seissynth.evaluation.evaluate`, and a report of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seissynth.evaluation import evaluations
from seissynth.report.writing import check_targets, write_locked_report
from seissynth.shared.folder_lock import fills

if TYPE_CHECKING:
    from seissynth.evaluation.evaluations import Evaluation


@fills("report", "evaluating", file=True)
def evaluate(
    real: Any,
    generated: Any,
    *,
    report: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    pictures: bool = True,
    command: str | None = None,
    progress: Callable[..., Any] | None = None,
    **arguments: Any,
) -> Evaluation:
    """Compare generated records with real ones, and write a report.

    Parameters
    ----------
    real, generated
        As in `seissynth.evaluation.evaluate`, like all arguments not listed here.
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
    seissynth.evaluation.Evaluation

    Raises
    ------
    InputError
        Nothing to compare, or an existing report; before any work is done.
    FolderInUseError
        Another process is writing that report.

    See Also
    --------
    seissynth.evaluation.evaluate : The numbers alone; needs neither ObsPy nor matplotlib.

    Examples
    --------
    >>> import seissynth
    >>> found = seissynth.evaluate("windows", "made", picker="aic", report="report.html")   # doctest: +SKIP
    >>> found.leaderboard                                                                    # doctest: +SKIP
    """
    if report is not None:
        check_targets(report, overwrite)
    evaluation = evaluations.evaluate(real, generated, progress=progress, **arguments)
    if report is not None:
        if progress:
            progress(1, 1, "writing the report")
        write_locked_report(evaluation, report, overwrite=overwrite, pictures=pictures, command=command)
    return evaluation
