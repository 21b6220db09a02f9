"""Information of the registry about a backend, and the table that shows it."""

import html
from dataclasses import dataclass

from seissynth.backends.base import Card


@dataclass(frozen=True)
class BackendInfo:
    """One available backend.

    Parameters
    ----------
    name : str
        Name for ``generate(backend=...)``; ``distribution/name`` if another distribution has the plain name.
    distribution, version : str
        Distribution that provides it.
    module : str
        Location of the class: ``package.module:Class``.
    status : {"", "ok", "incomplete", "broken"}
        Empty if it was not checked. An incomplete one works once the package or weights named in `cause` are present.
    cause : str
        Reason why it is broken, or missing parts and how to get them.
    card : Card or None
        Its card, if it was checked and can be imported; with the ranges of the weights that ship with it, if any.
    """

    name: str
    distribution: str
    version: str
    module: str
    status: str = ""
    cause: str = ""
    card: Card | None = None


class BackendTable(tuple):
    """A tuple of `BackendInfo` that prints as a table, as text and in notebooks."""

    __slots__ = ()

    @property
    def names(self):
        """Names of the backends, in the table's order."""
        return [info.name for info in self]

    def _cells(self):
        columns = ["name", "distribution", "version", "module"]
        if any(info.status for info in self):
            columns += ["status", "summary"]
        rows = [[_cell(info, column) for column in columns] for info in self]
        return columns, rows

    def __repr__(self):
        if not self:
            return "no backends installed"
        columns, rows = self._cells()
        widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
        lines = [columns, ["-" * width for width in widths], *rows]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    __str__ = __repr__

    def _repr_html_(self):
        columns, rows = self._cells()
        head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(info, column):
    if column == "summary":
        return ". ".join(filter(None, (info.card and info.card.summary, info.cause)))
    return getattr(info, column)
