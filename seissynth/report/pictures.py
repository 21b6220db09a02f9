"""Pictures of an evaluation, drawn by `seissynth.plotting`."""

from seissynth.evaluation.evaluations import LeftOut
from seissynth.evaluation.registry import GROUPS
from seissynth.report.html import picture

#: keys of the pictures that belong to no single group
OVERVIEW = ("", "overview")
FIRST = ("", "first records")


def draw_pictures(evaluation):
    """Draw all pictures, as HTML.

    Parameters
    ----------
    evaluation : seissynth.evaluation.Evaluation
        Pictures that cannot be drawn are added to its ``failures``, and the numbers are kept.

    Returns
    -------
    dict of (str, str) to list of str
        By set and group.
    """
    from seissynth.plotting.style import without_windows

    with without_windows():
        return _draw_all(evaluation)


def _draw_all(evaluation):
    from seissynth.plotting.evaluation_overview import draw_overview
    from seissynth.plotting.evaluation_samples import draw_first_records

    out = {
        FIRST: _drawn(evaluation, "first records", "", lambda: draw_first_records(evaluation)),
        OVERVIEW: _drawn(evaluation, "overview", "", lambda: draw_overview(evaluation)),
    }
    for name, groups in evaluation.groups.items():
        pairs = evaluation.pairs[name]
        for group in groups.values():
            out[name, group.name] = _drawn(
                evaluation, group.name, name, lambda group=group, pairs=pairs: GROUPS[group.name].draw(group, pairs)
            )
    return out


def _drawn(evaluation, group, name, function):
    try:
        return [picture(figure, title) for title, figure in function()]
    except Exception as error:  # a picture that fails must not take the report with it
        evaluation.failures.append(LeftOut(f"pictures of {group}", name, f"{type(error).__name__}: {error}"))
        return []
