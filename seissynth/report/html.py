"""Parts of HTML: numbers, tables, pictures. All input text is escaped here."""

import base64
import html
import io
import math
import re
from importlib.resources import files

import numpy as np

#: rows of a table that the page shows; the rest is in the CSV file
MOST_ROWS = 40
#: smaller numbers are rounding errors
_NOTHING = 1e-12
#: cells of numbers are right-aligned
NUMERIC = " class='num'"


def text(value):
    """Escape text."""
    return html.escape(str(value), quote=True)


def slug(name):
    """Make a name for files and anchors.

    Examples
    --------
    >>> slug("S-wave, 0.5 s (masked)")
    's-wave-0.5-s-masked'
    """
    return re.sub(r"[^a-z0-9.]+", "-", str(name).lower()).strip("-.") or "x"


def number(value):
    """Write a number with three significant digits; a dash for NaN.

    Examples
    --------
    >>> [number(x) for x in (0.12345, 1234.5, 2.0, 1.5e-7, float("nan"), float("inf"), 12, 12345678.0)]
    ['0.123', '1,234', '2', '1.50e-07', '–', '∞', '12', '1.23e+07']
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    value = float(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size < _NOTHING:
        return "0"
    if size < 1e-3 or size >= 1e6:
        return f"{value:.2e}".replace("-", "−", 1) if value < 0 else f"{value:.2e}"
    digits = max(2 - math.floor(math.log10(size)), 0)
    shown = f"{value:,.{digits}f}"
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown).replace("-", "−")


def code_of(name):
    """Name of a metric as in the tables; it may break after each underscore."""
    return f"<br><code>{text(name).replace('_', '_<wbr>')}</code>"


def interval(low, high):
    """Write limits; nothing if they are unknown."""
    if low != low or high != high:
        return ""
    return f'<span class="ci">{number(low)} to {number(high)}</span>'


def cell(value):
    """Table cell: numbers to the right, text to the left, our own HTML unescaped."""
    if isinstance(value, Html):
        return f"<td{value.attributes}>{value}</td>"
    if isinstance(value, bool | np.bool_):
        return f"<td>{number(bool(value))}</td>"
    if _is_number(value):
        plain = float(value) if isinstance(value, float | np.floating) else int(value)
        return f"<td{NUMERIC}>{number(plain)}</td>"
    return f"<td>{text(value) if value is not None else '–'}</td>"


def _is_number(value):
    if isinstance(value, Html):
        return "num" in value.attributes
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.bool_)


class Html(str):
    """Text that is already HTML, with attributes for its cell."""

    attributes = ""

    def __new__(cls, value, attributes=""):
        """Keep the attributes beside the text."""
        element = super().__new__(cls, value)
        element.attributes = f" {attributes}" if attributes else ""
        return element


def table(head, rows, caption="", csv=""):
    """Table that scrolls sideways in a narrow window.

    Parameters
    ----------
    head : list of str
        Empty for a table without a head.
    rows : list of list
        Values for `cell`.
    caption : str
    csv : str
        Relative path of the same as CSV.
    """
    link = f' <a class="csv" href="{text(csv)}" download>CSV</a>' if csv else ""
    title = f"<p class='caption'>{text(caption)}{link}</p>" if caption or csv else ""
    numeric = [bool(rows) and all(_is_number(row[k]) for row in rows) for k in range(len(head))]
    cells = "".join(
        f"<th scope='col'{NUMERIC if right else ''}>{item if isinstance(item, Html) else text(item)}</th>"
        for item, right in zip(head, numeric, strict=True)
    )
    top = f"<thead><tr>{cells}</tr></thead>" if head else ""
    shown = "".join("<tr>" + "".join(cell(value) for value in row) + "</tr>" for row in rows)
    return (
        f"{title}<div class='scroll' tabindex='0' role='region' aria-label='{text(caption or 'table')}'><table>{top}"
        f"<tbody>{shown}</tbody></table></div>"
    )


def frame(data, caption, csv):
    """Table of a DataFrame: the first rows of a long one, without empty columns."""
    named = any(name is not None for name in data.index.names)
    data = data.reset_index() if named else data
    empty = [name for name in data.columns if len(data) and _is_empty(data[name])]
    data = data.drop(columns=empty)
    rows = [list(row) for row in data.head(MOST_ROWS).itertuples(index=False, name=None)]
    more = len(data) - len(rows)
    notes = [f"{more:,} more rows in the CSV file."] if more > 0 else []
    notes += [f"Empty: {', '.join(map(str, empty))}."] if empty else []
    note = f"<p class='note'>{text(' '.join(notes))}</p>" if notes else ""
    return table([str(name) for name in data.columns], rows, caption, csv) + note


def _is_empty(column):
    return bool((column.isna() | (column.astype(str) == "")).all())


def picture(figure, title):
    """Figure as a picture inside the page.

    Parameters
    ----------
    figure : matplotlib Figure
    title : str
        Caption, also used as alternative text.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    data = buffer.getvalue()
    # width and height of a PNG are in its first chunk: the page does not jump while pictures load
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    code = base64.b64encode(data).decode("ascii")
    return (
        f"<figure><div class='scroll'><img src='data:image/png;base64,{code}' alt='{text(title)}' width='{width}' "
        f"height='{height}'></div><figcaption>{text(title)}</figcaption></figure>"
    )


def items(texts):
    """Bulleted list of plain texts."""
    return "<ul>" + "".join(f"<li>{text(item)}</li>" for item in texts) + "</ul>" if texts else ""


def folded(title, content):
    """HTML that is shown on a click on its title."""
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def document(title, lead, sections):
    """Whole page without links to the network.

    Parameters
    ----------
    title, lead : str
        Title as plain text; what stands below it as HTML.
    sections : list of (str, str, str)
        Anchor, heading (plain text) and content (HTML).
    """
    links = "".join(f"<li><a href='#{key}'>{text(name)}</a></li>" for key, name, _ in sections)
    body = "".join(f"<section id='{key}'><h2>{text(name)}</h2>{content}</section>" for key, name, content in sections)
    style = files("seissynth.report").joinpath("style.css").read_text("utf-8")
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        # an icon of nothing: browsers would ask the network for one
        f"<link rel='icon' href='data:,'><title>{text(title)}</title><style>{style}</style></head>"
        f"<body><div class='page'><nav aria-label='Contents'><h2>Contents</h2><ol>{links}</ol></nav><main>"
        f"<header><h1>{text(title)}</h1><p>{lead}</p></header>{body}</main></div></body></html>\n"
    )
