"""Sphinx directive ``house``: the rooms, the floors and the road, drawn from the code when the documentation is built.

    ```{house} picture
    ```

``picture`` is one SVG; ``rooms`` a table of each room's purpose, in the words of its docstring.
"""

import ast
import sys
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT / "tests" / "helpers"))

from _imports import imports_of, module_files  # noqa: E402  (needs the path above)
from floors import FLOORS  # noqa: E402

WIDTH, ROW, BOX, GAP = 940, 74, 34, 8
_LETTER = 7.4
#: rooms that help on every floor; they are no steps of the road
ASIDE = {"errors", "units", "schema", "shared", "signal"}


def room_of(module):
    """``seissynth.backends.base`` -> ``backends``; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def uses():
    """Pairs (room, room it imports from), without a room itself; those of type annotations count."""
    pairs = set()
    for module, path in module_files("seissynth").items():
        for found in imports_of(path):
            if found.is_of("seissynth"):
                pairs.add((room_of(module), room_of(found.module)))
    rooms = set().union(*FLOORS)
    return {(one, other) for one, other in pairs if one in rooms and other in rooms and one != other}


def road():
    """Rooms in the order in which `generate` enters them: list of (room, function), each room's first entry."""
    first = {}
    _walk("synthesis", "_generate_by_event", first)
    return list(first.items())


def _walk(room, function, first):
    """Enter the rooms that a function calls, and from those of one file the rooms that they call."""
    path = _ROOT / "seissynth" / f"{room}.py"
    for other, name in _calls(path, function) if path.is_file() else []:
        if other not in ASIDE and other not in first:
            first[other] = name
            _walk(other, name, first)


def _calls(path, function, inside=()):
    """Functions of other rooms that one calls, in the order of the text: list of (room, function).

    Those that it calls in its own file are followed, but for the ones that it is `inside` of.
    """
    tree = ast.parse(path.read_text("utf-8"))
    homes = {
        alias.asname or alias.name: room_of(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module.startswith("seissynth.")
        for alias in node.names
    }
    bodies = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    calls = sorted(
        (node for body in bodies for node in ast.walk(body) if isinstance(node, ast.Call)),
        key=lambda node: (node.lineno, node.col_offset),
    )
    inside = {*inside, function}
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} - inside
    found = []
    for call in calls:
        if not isinstance(call.func, ast.Name):
            continue
        name, first = call.func.id, call.args[0] if call.args else None
        if name == "partial" and isinstance(first, ast.Name) and first.id in own:
            found += _calls(path, first.id, inside)
        elif name in own:
            found += _calls(path, name, inside)
        # classes are opened before the first step; they are no steps themselves
        elif name in homes and name[0].islower():
            found.append((homes[name], name))
    return found


def places():
    """Box of each room: name -> (x, y, width), the top floor first."""
    boxes = {}
    for row, rooms in enumerate(reversed(FLOORS)):
        names = sorted(rooms)
        widths = [len(name) * _LETTER + 22 for name in names]
        x = (WIDTH - sum(widths) - GAP * (len(names) - 1)) / 2
        for name, width in zip(names, widths, strict=True):
            boxes[name] = (x, 12 + row * ROW, width)
            x += width + GAP
    return boxes


def picture():
    """The house as SVG, in the colours of the page."""
    boxes, steps = places(), road()
    numbers = {}
    for number, (room, _) in enumerate(steps, start=1):
        numbers.setdefault(room, []).append(str(number))
    height = 12 + ROW * len(FLOORS)
    out = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Modules of seissynth by layer" class="house">']
    for user, used in sorted(uses()):
        (x1, y1, w1), (x2, y2, w2) = boxes[user], boxes[used]
        out.append(f'<line x1="{x1 + w1 / 2:.0f}" y1="{y1 + BOX}" x2="{x2 + w2 / 2:.0f}" y2="{y2}" class="use"/>')
    for name, (x, y, width) in boxes.items():
        kind = "room road" if name in numbers else "room"
        out.append(f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="{BOX}" rx="5" class="{kind}"/>')
        out.append(f'<text x="{x + width / 2:.0f}" y="{y + 22}" text-anchor="middle">{escape(name)}</text>')
        if name in numbers:
            label = ", ".join(numbers[name])
            out.append(f'<text x="{x + width / 2:.0f}" y="{y + BOX + 15}" class="step">{label}</text>')
    out.append("</svg>")
    return "\n".join(out)


def rooms_table():
    """Rows of (floor, room, first line of its docstring), the top floor first."""
    files = module_files("seissynth")
    rows = []
    for floor, rooms in reversed(list(enumerate(FLOORS))):
        for room in sorted(rooms):
            text = ast.get_docstring(ast.parse(files[f"seissynth.{room}"].read_text("utf-8"))).splitlines()[0]
            rows.append((str(floor), room, text))
    return rows


class House(SphinxDirective):
    """The directive."""

    required_arguments = 1

    def run(self):
        """Return the nodes of the requested part."""
        kind = self.arguments[0]
        if kind == "picture":
            return [nodes.raw("", picture(), format="html")]
        if kind == "road":
            items = [
                nodes.list_item("", nodes.paragraph("", "", nodes.literal(text=room), nodes.Text(f": {function}")))
                for room, function in road()
            ]
            return [nodes.enumerated_list("", *items)]
        if kind == "rooms":
            return [_table(("layer", "module", "purpose"), rooms_table(), (8, 22, 70))]
        raise self.error(f"house: {kind!r} must be picture, road or rooms.")


def _table(head, rows, widths):
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(head))
    group += nodes.thead("", _row(head))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group)


def _row(cells):
    entries = []
    for number, cell in enumerate(cells):
        text = nodes.literal(text=cell) if number == 1 and " " not in cell else nodes.Text(cell)
        entries.append(nodes.entry("", nodes.paragraph("", "", text)))
    return nodes.row("", *entries)


def setup(app):
    """Register the directive."""
    app.add_directive("house", House)
    return {"parallel_read_safe": True}
