"""Read a module's imports from its text, without importing it."""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELPERS = ROOT / "tests" / "helpers"


@dataclass(frozen=True)
class Import:
    """One imported module: where it is imported, and whether importing the file already imports it."""

    file: str
    line: int
    module: str
    at_top: bool

    def __str__(self):
        return f"{self.file}:{self.line} imports {self.module}"

    def is_of(self, *packages):
        """Whether the module is one of `packages`, or lies in one."""
        return any(self.module == package or self.module.startswith(f"{package}.") for package in packages)


def module_files(package):
    """Files of a package in the source tree: dotted module name -> path."""
    files = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def imports_of(path):
    """Return every `Import` of a file, those inside functions too."""
    name = path.relative_to(ROOT).as_posix()
    found = []

    def visit(node, at_top):
        if isinstance(node, ast.Import):
            found.extend(Import(name, node.lineno, alias.name, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{name}:{node.lineno}: relative import; write the whole name")
            # `from package import name` may mean a module or a thing in it; both are recorded
            found.append(Import(name, node.lineno, node.module, at_top))
            found.extend(Import(name, node.lineno, f"{node.module}.{alias.name}", at_top) for alias in node.names)
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        inside = inside or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")  # never run
        for child in ast.iter_child_nodes(node):
            visit(child, at_top and not inside)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found
