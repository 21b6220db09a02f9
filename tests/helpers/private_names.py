"""Private names of ours that tests use, found in their text; there are to be none."""

import ast
from collections import defaultdict

from _imports import ROOT, module_files

PACKAGES = ("seissynth", "seissynth_plugins")

#: modules that tests may ask although their names are private: compiled loops, which have no checks of their own
SUBJECTS = ("_kernels", "_numba")


def is_private(name):
    """Whether a name begins with an underscore and is no protocol's, as ``__len__`` or ``_repr_html_``."""
    return name.startswith("_") and name.strip("_") != "" and not name.endswith("_")


def own_private_names():
    """Private names that our packages define: functions, classes, variables and attributes."""
    names = set()
    for package in PACKAGES:
        for path in module_files(package).values():
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    names.add(node.name)
                elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
                    names.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name in names if is_private(name)}


def private_names_in(path, own):
    """Private names of ours that a file imports, reads from an object, or patches."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in PACKAGES:
            dotted = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {part for name in dotted for part in name.split(".") if is_private(part)}
        elif isinstance(node, ast.Attribute) and node.attr in own:
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                found.add(node.attr)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("setattr", "delattr"):
            texts = [one.value for one in node.args[:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            found |= {part for text in texts for part in text.split(".") if is_private(part)}
    return found


def private_names():
    """Private names of ours, `SUBJECTS` apart, by the file that uses them: path below ``tests`` -> set of names."""
    own, found = own_private_names(), defaultdict(set)
    for path in (ROOT / "tests").rglob("*.py"):
        if names := {name for name in private_names_in(path, own) if not name.endswith(SUBJECTS)}:
            found[path.relative_to(ROOT / "tests").as_posix()] |= names
    return dict(found)
