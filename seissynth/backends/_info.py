"""Information of the registry about a backend, and the table that shows it."""

import html
import importlib
import re
import textwrap
from dataclasses import dataclass

from seissynth.backends._card_display import range_text
from seissynth.backends.base import Card
from seissynth.shared.tables import WIDTH, html_table, text_table

#: the distribution whose backends are light to import, which a test holds
_OURS = "seissynth"
#: a command in a cause: from the colon before it to a semicolon or the end
_COMMAND = re.compile(r"(?<=:) ((?:seissynth|python|pip) [^;]*)")
_WHOLE_WORDS = {"break_long_words": False, "break_on_hyphens": False}


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

    @property
    def summary(self) -> str:
        """One line on what it is: of the card, also that of an unchecked backend of seissynth; else empty.

        Other distributions' modules may be heavy, or broken: ``list_backends(check=True)`` imports them.
        """
        card = self.card
        if card is None and not self.status and self.distribution == _OURS:
            module, _, name = self.module.partition(":")
            try:
                card = getattr(importlib.import_module(module), name).card
            except (ImportError, AttributeError):
                return ""
        if card is None:
            return ""
        return card.summary + (f"; trained on {card.trained_region}" if card.trained_region else "")


class BackendTable(tuple):
    """A tuple of `BackendInfo` that prints as a table, as text and in notebooks."""

    __slots__ = ()

    @property
    def names(self):
        """Names of the backends, in the table's order."""
        return [info.name for info in self]

    def causes(self) -> list[str]:
        """Sentences that say what is broken or missing, with the remedy; backends with the same fault share one."""
        groups: dict = {}
        for info in self:
            if info.cause:
                cause = re.sub(rf"\b{re.escape(info.name)}\b", "NAME", info.cause)
                groups.setdefault((info.status, cause), []).append(info)
        out = []
        for (status, cause), group in groups.items():
            names, are = ", ".join(info.name for info in group), "is" if len(group) == 1 else "are"
            reason = group[0].cause if len(group) == 1 else re.sub(r"(^|; )it ", r"\1each ", cause)
            out.append(f"{names} {are} {status}: {reason}")
        return out

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Names of the columns, and the words of each row, as the table prints them."""
        if not any(info.status for info in self):
            return ["name", "from", "what it is"], [
                [info.name, f"{info.distribution} {info.version}".strip(), info.summary or info.module] for info in self
            ]
        return ["name", "status", "magnitude", "distance (km)", "what it is"], [
            [info.name, info.status, *_ranges(info), info.summary or info.module] for info in self
        ]

    def __repr__(self):
        if not self:
            return "no backends installed"
        return "\n\n".join([text_table(*self.cells()), *map(lay_out, self.causes())])

    __str__ = __repr__

    def _repr_html_(self):
        return html_table(*self.cells()) + "".join(f"<p>{html.escape(cause)}</p>" for cause in self.causes())


def lay_out(cause, width=WIDTH):
    """Wrap a sentence at words; commands get their own unbroken line, ready to copy.

    Examples
    --------
    >>> from seissynth.backends._info import lay_out
    >>> print(lay_out("it needs a package that is not here: python -m pip install one", width=24))
    it needs a package that
    is not here:
        python -m pip install one
    """
    lines = []
    for number, part in enumerate(_COMMAND.split(cause)):
        whole = number % 2 == 1
        text = part.strip(" ;")
        if text:
            lines.append(f"    {text}" if whole else textwrap.fill(text, width, **_WHOLE_WORDS))
    return "\n".join(lines)


def _ranges(info):
    pairs = (info.card.magnitude_range, info.card.distance_range_km) if info.card else (None, None)
    # the ranges of absent weights are unknown
    return [range_text(pair) if pair else "any" if info.status == "ok" else "unknown" for pair in pairs]
