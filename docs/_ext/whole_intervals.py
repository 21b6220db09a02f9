"""Intervals in cells of tables stay on one line: ``0.88 [0.84, 0.92]`` may break in front of the bracket only."""

import re

from docutils import nodes

_INTERVAL = re.compile(r"\[[-−+]?[\d.]+,\s[-−+]?[\d.]+\]")


def unbroken(text):
    r"""Return a text whose intervals hold no space where a line could end.

    >>> unbroken("0.88 [0.84, 0.92]")
    '0.88 [0.84,\xa00.92]'
    >>> unbroken("a list [1, 2, 3], and [a, b]")
    'a list [1, 2, 3], and [a, b]'
    """
    return _INTERVAL.sub(lambda found: re.sub(r"\s", "\u00a0", found[0]), text)


def _keep_whole(_app, doctree, _name):
    for entry in doctree.findall(nodes.entry):
        for text in list(entry.findall(nodes.Text)):
            if (kept := unbroken(text.astext())) != text.astext():
                text.parent.replace(text, nodes.Text(kept))


def setup(app):
    """Change the cells when all pages have been read."""
    app.connect("doctree-resolved", _keep_whole)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
