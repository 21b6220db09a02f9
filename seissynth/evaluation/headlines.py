"""Verdicts and leading metrics of an evaluation as text, for the command line and for printing an Evaluation."""


def verdict_lines(evaluation):
    """Return the verdicts as lines of text, each with the name of its set if there are several.

    Parameters
    ----------
    evaluation : seissynth.evaluation.evaluations.Evaluation

    Returns
    -------
    list of str
    """
    said = evaluation.verdicts
    return [f"{name}: {words}" if len(said) > 1 else words for name, words in said.items() if words]


def headline_cells(evaluation):
    """Return the leading metrics as words: value and 95 % interval of each set and baseline.

    Parameters
    ----------
    evaluation : seissynth.evaluation.evaluations.Evaluation

    Returns
    -------
    head : list of str
        "metric", the names of the sets, "perfect".
    rows : list of list of str
        One row a metric.
    """
    board = evaluation.leaderboard.set_index("set")
    names = list(evaluation.rows)
    rows = []
    for metric in (name for name in board.columns if not name.endswith((" low", " high"))):
        cells = []
        for name in names:
            value, low, high = (board.loc[name, metric + ending] for ending in ("", " low", " high"))
            cells.append("–" if value != value else f"{value:.3g} [{low:.3g}, {high:.3g}]")
        rows.append([metric, *cells, f"{board.loc['perfect', metric]:.3g}"])
    return ["metric", *names, "perfect"], rows
