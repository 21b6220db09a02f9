"""Suggestions for misspelt names."""

import difflib


def did_you_mean(name, known, likeness=0.6):
    """Return `` did you mean 'x'?`` with the nearest of the known names, or an empty text.

    Examples
    --------
    >>> did_you_mean("magnitde", ["magnitude", "depth"])
    " did you mean 'magnitude'?"
    """
    near = difflib.get_close_matches(str(name), list(known), 1, likeness)
    return f" did you mean {near[0]!r}?" if near else ""
