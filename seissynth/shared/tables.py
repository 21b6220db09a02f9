"""Lay out small tables of words as plain text and HTML, for printed objects."""

import html
import textwrap

#: characters of a line of text
WIDTH = 80
_NARROWEST = 20


def text_table(head, rows, width=WIDTH, rule=True):
    """Lay out cells below each other; the last column is wrapped at words.

    Parameters
    ----------
    head : sequence of str
        Names of the columns; empty for none.
    rows : list of sequences of str
    width : int
        Of a line. A word that is longer, as a path, stays whole.
    rule : bool
        Underline the names.

    Returns
    -------
    str

    Examples
    --------
    >>> from seissynth.shared.tables import text_table
    >>> print(text_table(["name", "what it is"], [["a", "one two three four five six"], ["bcdef", "seven"]], width=27))
    name   what it is
    -----  --------------------
    a      one two three four
           five six
    bcdef  seven
    """
    lines = [[str(cell) for cell in row] for row in ([head] if head else []) + list(rows)]
    if not lines:
        return ""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    before = sum(widths[:-1]) + 2 * len(widths[:-1])
    widths[-1] = min(widths[-1], max(width - before, _NARROWEST))
    if head and rule:
        lines.insert(1, ["-" * each for each in widths])
    out = []
    for row in lines:
        last = textwrap.wrap(row[-1], widths[-1], break_long_words=False, break_on_hyphens=False) or [""]
        first = "".join(cell.ljust(each) + "  " for cell, each in zip(row[:-1], widths[:-1], strict=True))
        out += [(first + last[0]).rstrip(), *((" " * before + more).rstrip() for more in last[1:])]
    return "\n".join(out)


def html_table(head, rows, caption=""):
    """Lay out cells as an HTML table; their text is escaped.

    Parameters
    ----------
    head : sequence of str
        Names of the columns; empty for none.
    rows : list of sequences of str
    caption : str

    Returns
    -------
    str

    Examples
    --------
    >>> from seissynth.shared.tables import html_table
    >>> html_table([], [["a<b"]], "c")
    '<table><caption style="text-align: left">c</caption><tbody><tr><td>a&lt;b</td></tr></tbody></table>'
    """
    top = f'<caption style="text-align: left">{html.escape(caption)}</caption>' if caption else ""
    if head:
        names = "".join(f'<th style="text-align: left">{html.escape(str(name))}</th>' for name in head)
        top += f"<thead><tr>{names}</tr></thead>"
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{top}<tbody>{body}</tbody></table>"
