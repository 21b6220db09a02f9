"""Sphinx directive ``seissynth-table``: tables that are made from the package when the documentation is built.

    ```{seissynth-table} backends
    ```

Nothing in them is written by hand, so they cannot fall behind the code.
"""

import inspect
import json
import re
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

_LONGEST_LIST = 6  # pairs that are shown before a list is cut short
_LONGEST_MESSAGE = 330
_FRAGMENT_KINDS = ("added", "changed", "fixed", "removed")
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Code:
    """A cell, or part of one, that is set as code."""

    text: str


@dataclass(frozen=True)
class Link:
    """A cell that leads to an address."""

    text: str
    address: str


@dataclass(frozen=True)
class Group:
    """A row that holds one heading over all columns."""

    title: str


def option_defaults():
    """Default of every option of the stochastic backend as text: name -> "1.5 Hz"."""
    from seissynth_plugins.stochastic.parameters import Parameters

    return {
        f.name: " ".join(filter(None, (_value(f.default), f.metadata["unit"])))
        for f in fields(Parameters)
        if not isinstance(f.default, tuple)
    }


def noise_facts():
    """Numbers of the noise model "auto" for running text."""
    model = json.loads((files("seissynth.noise") / "data" / "ambient.json").read_text(encoding="utf-8"))
    return {
        "accelerometer_db": f"{model['accelerometer_db']:.0f}".replace("-", "−"),
        "noise_windows": str(model["fitted_to"]["windows"]),
        "noise_stations": str(model["fitted_to"]["stations"]),
    }


def option_groups():
    """Names of the options under the headings of the source file: list of (heading, names)."""
    from seissynth_plugins.stochastic.parameters import Parameters

    groups = []
    for line in inspect.getsource(Parameters).splitlines():
        heading = re.match(r"    # --- (.+)", line)
        option = re.match(r"    (\w+): .*_constant\(", line)
        if heading:
            groups.append((heading[1], []))
        elif option:
            groups[-1][1].append(option[1])
    return groups


def options_table():
    """Every option of the stochastic backend."""
    from seissynth_plugins.stochastic.parameters import Parameters

    known = {f.name: f for f in fields(Parameters)}
    rows = []
    for heading, names in option_groups():
        rows.append(Group(heading[:1].upper() + heading[1:]))
        for name in names:
            f = known.pop(name)
            meaning = f"{f.metadata['meaning']}. Source: {f.metadata['source']}."
            rows.append((Code(name), Code(_value(f.default)), f.metadata["unit"], meaning))
    if known:
        raise ValueError(f"options under no heading: {sorted(known)}")
    return ("option", "default", "unit", "meaning and source"), rows, (24, 20, 9, 47)


def presets_table():
    """The options in which the presets of the stochastic backend differ."""
    from seissynth_plugins.stochastic.parameters import Parameters
    from seissynth_plugins.stochastic.presets import PRESETS

    rows = []
    for f in fields(Parameters):
        values = [getattr(preset, f.name) for preset in PRESETS.values()]
        if any(value != values[0] for value in values):
            first = _value(values[0])
            cells = [Code(first)]
            cells += [Code(_value(value)) if value != values[0] else "the same" for value in values[1:]]
            rows.append((Code(f.name), *cells))
    return ("option", *(Code(name) for name in PRESETS)), rows, (20, *[16] * len(PRESETS))


def regions_table():
    """Where ``preset="auto"`` takes which preset."""
    from seissynth_plugins.stochastic.regions import ELSEWHERE, REGIONS

    rows = [
        (Code(preset), place, f"{south:g} to {north:g}", f"{west:g} to {east:g}")
        for preset, place, (south, north), (west, east) in REGIONS
    ]
    return (
        ("preset", "region", "latitude (°)", "longitude (°)"),
        [*rows, (Code(ELSEWHERE), "elsewhere", "", "")],
        (20, 30, 18, 18),
    )


def backends_table():
    """Backends that are installed and announced under the entry-point group."""
    from seissynth import list_backends

    rows = []
    for info in list_backends(check=True):
        card = info.card
        if card is None:
            raise ValueError(f"backend {info.name} is broken: {info.cause}")
        rows.append(
            (
                Code(info.name),
                card.summary,
                "those of its weights"
                if info.status == "incomplete" and card.distance_range_km is None
                else f"{_range(card.magnitude_range)} / {_range(card.distance_range_km)} km {card.distance_kind}",
                ", ".join(sorted(card.capabilities)),
                f"{card.licence_code}; weights: {card.licence_weights or 'none needed'}",
            )
        )
    return ("name", "summary", "magnitude / distance", "capabilities", "licence"), rows, (14, 30, 20, 22, 14)


def cards_table():
    """Papers behind the backends."""
    from seissynth import list_backends

    rows = [
        (Code(info.name), Link(doi, f"https://doi.org/{doi}"))
        for info in list_backends(check=True)
        for doi in (info.card.references if info.card else ())
    ]
    return ("backend", "DOI"), rows, (30, 70)


def capabilities_table():
    """Capabilities that a card may claim."""
    from seissynth.backends.base import CAPABILITIES

    return ("capability", "the backend ..."), [(Code(k), v) for k, v in CAPABILITIES.items()], (30, 70)


def velocity_models_table():
    """The layered models that are shipped."""
    from seissynth.traveltime.velocity_models import VELOCITY_MODELS

    rows = []
    for name, model in sorted(VELOCITY_MODELS.items()):
        layers = zip(model.top_depth_km, model.vp_km_s, model.vs_km_s, strict=True)
        text = "; ".join(f"{top:g}: {vp:g}, {vs:g}" for top, vp, vs in layers)
        rows.append((Code(name), text, model.source))
    return ("name", "top (km): vp, vs (km/s)", "source"), rows, (20, 34, 46)


def columns_table():
    """Every column that a backend may see."""
    from seissynth.schema import COLUMNS

    rows = [(Code(c.name), c.unit, c.meaning, c.origin) for c in COLUMNS.values()]
    return ("column", "unit", "meaning", "name from"), rows, (32, 8, 46, 14)


def trace_columns_table():
    """Columns of a data set's table about a record, beside those of conditions."""
    from seissynth.schema import TRACE_COLUMNS

    rows = [(Code(c.name), c.unit, c.meaning, c.origin) for c in TRACE_COLUMNS.values()]
    return ("column", "unit", "meaning", "name from"), rows, (32, 8, 46, 14)


def errors_table():
    """The classes of seissynth.errors."""
    from seissynth import errors

    rows = []
    for name, cls in vars(errors).items():
        if inspect.isclass(cls) and cls.__module__ == errors.__name__:
            own = [base.__name__ for base in cls.__mro__[1:] if base.__module__ == "builtins"]
            rows.append((Code(name), Code(own[0]), inspect.getdoc(cls)))
    return ("class", "is also", "when"), rows, (28, 18, 54)


def bad_input_table():
    """Outcome of each bad input, run while the documentation is built."""
    from bad_input import CASES, run

    rows = []
    for title, code in CASES:
        kind, message = run(code)
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE].rsplit(" ", 1)[0] + " ..."
        rows.append((title, Code(kind), message))
    return ("problem", "error or warning", "message"), rows, (24, 28, 48)


TABLES = {
    "options": options_table,
    "presets": presets_table,
    "backends": backends_table,
    "regions": regions_table,
    "references": cards_table,
    "capabilities": capabilities_table,
    "velocity-models": velocity_models_table,
    "columns": columns_table,
    "trace-columns": trace_columns_table,
    "errors": errors_table,
    "bad-input": bad_input_table,
}
#: tables whose cells explain themselves: on a phone they are stacked
_STACKING = {"options", "columns", "errors", "bad-input", "capabilities"}


class SeisSynthTable(SphinxDirective):
    """Insert the table named by the argument."""

    required_arguments = 1

    def run(self):
        """Return the table's nodes."""
        name = self.arguments[0]
        if name not in TABLES:
            raise self.error(f"there is no table {name!r}; known are {', '.join(TABLES)}")
        table = make_table(*TABLES[name]())
        table["classes"] += ["stacking" if name in _STACKING else "scrolling", f"table-{name}"]
        return [table]


class ChangeFragments(SphinxDirective):
    """List the changes that no release holds yet."""

    def run(self):
        """Return one list per kind of change."""
        found = []
        for kind in _FRAGMENT_KINDS:
            items = nodes.bullet_list()
            for path in sorted((_ROOT / "changelog.d").glob(f"*.{kind}.md")):
                self.env.note_dependency(str(path))
                text = " ".join(path.read_text(encoding="utf-8").split())
                items += nodes.list_item("", nodes.paragraph("", "", *_marked(text)))
            if len(items):
                found += [nodes.paragraph("", "", nodes.strong(text=kind.capitalize())), items]
        return found or [nodes.paragraph(text="Nothing yet.")]


class Citation(SphinxDirective):
    """Show the BibTeX entry of this version."""

    def run(self):
        """Return it as a block of code."""
        entry = citation()
        return [nodes.literal_block(entry, entry, language="bibtex")]


def citation():
    """BibTeX entry of this version; the year is that of the licence."""
    from seissynth import __version__

    year = re.search(r"Copyright \(c\) (\d{4})", (_ROOT / "LICENSE").read_text(encoding="utf-8"))[1]
    return f"""@software{{seissynth,
  author  = {{{{seissynth developers}}}},
  title   = {{seissynth: synthetic earthquake records from an event and a network}},
  version = {{{__version__}}},
  year    = {{{year}}},
  license = {{MIT}},
}}"""


def make_table(head, rows, widths):
    """Build a docutils table from plain cells."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", _row(head))
    body = nodes.tbody()
    for row in rows:
        if isinstance(row, Group):
            entry = nodes.entry("", nodes.paragraph(text=row.title), morecols=len(head) - 1)
            body += nodes.row("", entry, classes=["group"])
        else:
            body += _row(row)
    group += body
    return nodes.table("", group, classes=["wrapping", "colwidths-given"])


def _row(cells):
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *_inline(cell))) for cell in cells))


def _inline(cell):
    if isinstance(cell, Code):
        return [nodes.literal(text=cell.text)]
    if isinstance(cell, Link):
        return [nodes.reference(text=cell.text, refuri=cell.address)]
    return [nodes.Text(str(cell))]


def _marked(text):
    """Text in which `words` between backticks are code."""
    parts = re.split(r"`+([^`]+)`+", text)
    return [nodes.literal(text=part) if i % 2 else nodes.Text(part) for i, part in enumerate(parts)]


def _value(value):
    if isinstance(value, tuple):
        if len(value) > _LONGEST_LIST and isinstance(value[0], tuple):
            return f"{len(value)} pairs, {_value(value[0])} to {_value(value[-1])}"
        return "(" + ", ".join(_value(item) for item in value) + ")"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def _range(pair):
    return f"{pair[0]:g} to {pair[1]:g}" if pair else "any"


def setup(app):
    """Register the directives."""
    app.add_directive("seissynth-table", SeisSynthTable)
    app.add_directive("seissynth-changes", ChangeFragments)
    app.add_directive("seissynth-citation", Citation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
