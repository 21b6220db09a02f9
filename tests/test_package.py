"""The package as a whole: what importing costs, which floor may use which, what an installation holds."""

import ast
import configparser
import contextlib
import importlib
import importlib.metadata
import itertools
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from _imports import ROOT, imports_of, module_files
from floors import FLOORS
from private_names import private_names

import seissynth
from seissynth.shared.former_names import CORE as CORE_NAMES

#: too heavy to come with an import: they belong into the functions that use them
HEAVY = ("pandas", "numba", "matplotlib", "torch", "scipy.signal", "h5py", "pyasdf", "rich", "typer", "dask")

#: what a training machine without ObsPy imports
WITHOUT_OBSPY = ("errors", "units", "schema", "shared", "records", "seeding", "traveltime", "backends", "testing")
WITHOUT_OBSPY += ("signal", "representations", "noise", "data", "io", "picking", "evaluation")

#: modules in those rooms that read and write Streams and catalogues, which training does not
OF_STREAMS = {f"io.{name}" for name in ("asdf", "asdf_sets", "asdf_records", "asdf_rows", "asdf_writing", "codec")}
OF_STREAMS |= {f"io.{name}" for name in ("files", "onset_picks", "provenance", "sac")}
OF_STREAMS |= {f"data.factory.{name}" for name in ("asdf", "drawn_events", "network")} | {
    "data.cutting.cut",
    "noise.models",
}

CORE, PLUGINS = module_files("seissynth"), module_files("seissynth_plugins")


def _all_imports(files):
    return [(module, found) for module, path in files.items() for found in imports_of(path)]


def _short(module):
    """``seissynth.backends.base`` -> ``backends``."""
    return module.split(".")[1] if "." in module else ""


#: room -> floor
_FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


# --- tests


def test_no_two_files_of_tests_share_a_name():
    """pytest imports them by name alone: a second ``conftest.py`` stops the whole run."""
    names = sorted(path.name for path in (ROOT / "tests").rglob("*.py"))
    assert [one for one, next_one in itertools.pairwise(names) if one == next_one] == []


# --- imports


def test_every_room_has_its_floor():
    rooms = {_short(module) for module in CORE} - {""}
    assert rooms == set(_FLOOR_OF), "say in FLOORS of tests/helpers/floors.py where these stand"


def test_no_floor_uses_a_higher_one():
    wrong = [
        str(found)
        for module, found in _all_imports(CORE)
        if module != "seissynth"  # the front door hands out names of every floor, lazily
        and found.is_of("seissynth")
        and _FLOOR_OF.get(_short(found.module), -1) > _FLOOR_OF[_short(module)]
    ]
    assert not wrong


def test_the_core_never_uses_the_plugins():
    assert not [str(found) for _, found in _all_imports(CORE) if found.is_of("seissynth_plugins")]


def test_heavy_packages_are_imported_where_they_are_used():
    def allowed(module, found):
        last = module.rpartition(".")[2]
        return (
            (found.is_of("numba") and (last.endswith("_kernels") or last in ("_kernels", "_numba")))
            or (found.is_of("matplotlib") and module.startswith("seissynth.plotting."))
            or (found.is_of("typer", "rich") and module.startswith("seissynth.cli."))
        )

    wrong = [
        str(found)
        for module, found in _all_imports(CORE)
        if found.at_top and found.is_of(*HEAVY) and not allowed(module, found)
    ]
    assert not wrong


def test_matplotlib_stays_in_plotting():
    wrong = [
        str(found)
        for module, found in _all_imports(CORE)
        if found.is_of("matplotlib") and not module.startswith("seissynth.plotting")
    ]
    assert not wrong


def test_plugins_and_what_they_use_import_without_obspy():
    files = {module: path for module, path in CORE.items() if _short(module) in WITHOUT_OBSPY} | PLUGINS
    for name in OF_STREAMS:
        files.pop(f"seissynth.{name}")
    assert not [str(found) for _, found in _all_imports(files) if found.at_top and found.is_of("obspy")]


def test_backends_of_plugins_are_light():
    """The module that an entry point names imports nothing heavy, so that asking for a card is cheap."""
    files = {module: path for module, path in PLUGINS.items() if module.endswith(".backend")}
    assert not [str(found) for _, found in _all_imports(files) if found.at_top and found.is_of(*HEAVY)]


def test_one_module_reads_entry_points():
    readers = ("entrypoints", "pkg_resources", "importlib_metadata", "importlib.metadata.entry_points")
    readers += ("importlib.metadata.distributions",)
    users = {module for module, found in _all_imports(CORE | PLUGINS) if found.is_of(*readers)}
    users |= {module for module, path in (CORE | PLUGINS).items() if ".entry_points" in path.read_text("utf-8")}
    assert users == {"seissynth.backends.entrypoints"}


def _modules_after(statement):
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_seissynth_is_cheap():
    modules = _modules_after("import seissynth")
    assert not [name for name in (*HEAVY, "obspy", "scipy") if name in modules]
    # numpy alone brings some 130; the rest is ours and the standard library's
    assert len(modules) < 250


@pytest.mark.parametrize(
    "module", ["backends.base", "backends.registry", "records", "seeding", "traveltime", "testing", "data"]
)
def test_what_plugins_use_is_cheap(module):
    modules = _modules_after(f"import seissynth.{module}")
    assert not [name for name in (*HEAVY, "obspy") if name in modules]


def test_listing_backends_is_cheap():
    modules = _modules_after("from seissynth.backends.registry import list_backends; list_backends()")
    assert not [name for name in (*HEAVY, "obspy", "seissynth_plugins") if name in modules]


# --- what is installed


def _setup():
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.optionxform = str
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_metadata_has_one_home():
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "project" not in settings  # setuptools would ignore the entry points of setup.cfg
    assert {"install_requires", "python_requires"} <= set(_setup()["options"])


def test_every_dependency_has_a_lower_bound():
    """Which the job with the oldest dependencies installs."""
    oldest_versions = runpy.run_path(str(ROOT / ".ci" / "oldest.py"))["oldest_versions"]
    found = oldest_versions((ROOT / "setup.cfg").read_text("utf-8"))
    required = _setup()["options"]["install_requires"].split()
    assert [f"{name}>={version}" for name, version in found.items()] == required


@contextlib.contextmanager
def _without_torch_is_fine():
    """End the block where it needs PyTorch and this is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise


def test_every_entry_point_leads_somewhere():
    """What the tree announces can be imported; and a card bears the name under which it is announced."""
    for group, lines in _setup()["options.entry_points"].items():
        for line in lines.strip().splitlines():
            name, target = (part.strip() for part in line.split("=", 1))
            module, _, attribute = target.partition(":")
            with _without_torch_is_fine():
                found = getattr(importlib.import_module(module), attribute)
                assert callable(found)
            if group == "seissynth.backends":
                assert found.card.name == name


def test_this_installation_announces_what_the_tree_does():
    """An installation from before an entry point was added lacks it; the registry would not find the backend."""
    from seissynth.backends.registry import list_backends

    lines = _setup()["options.entry_points"]["seissynth.backends"].strip().splitlines()
    ours = [info.name for info in list_backends() if info.distribution == "seissynth"]
    announced = sorted(line.split("=")[0].strip() for line in lines)
    assert ours == announced, "install the package again: python -m pip install -e . (or '.[test]')"


def test_installed_version_is_the_trees():
    import seissynth

    assert importlib.metadata.version("seissynth") == seissynth.__version__


def test_extra_all_holds_every_extra():
    extras = _setup()["options.extras_require"]
    listed = extras["all"].strip().removeprefix("seissynth[").removesuffix("]")
    assert sorted(listed.split(",")) == sorted(set(extras) - {"all"})


def test_a_wheel_holds_every_file_of_the_packages(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for package in ("seissynth", "seissynth_plugins"):
        shutil.copytree(ROOT / package, tree / package, ignore=ignore)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tree)
    wanted = {path.relative_to(tree).as_posix() for path in tree.glob("seissynth*/**/*") if path.is_file()}
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*build, "--wheel-dir", str(tmp_path), str(tree)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = tmp_path.glob("seissynth-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        [entry_points] = [name for name in held if name.endswith("entry_points.txt")]
        announced = archive.read(entry_points).decode()
    assert not sorted(wanted - held)
    assert "seissynth = seissynth.cli:main" in announced
    assert any(name.endswith("LICENSE") for name in held)


PACKAGES_WITH_NAMES = sorted(
    module
    for module, path in (CORE | PLUGINS).items()
    if path.name == "__init__.py" and "__all__" in path.read_text("utf-8")
)


@pytest.mark.parametrize("package", PACKAGES_WITH_NAMES)
def test_no_public_name_is_also_a_module(package):
    """Importing the module would put it in the place of the function."""
    module = importlib.import_module(package)
    modules = {path.stem for path in Path(module.__file__).parent.iterdir()}
    lazily = {"errors", "plotting", "schema", "signal", "testing", "traveltime", "units"}
    assert not (set(module.__all__) & modules) - lazily


@pytest.mark.parametrize("package", PACKAGES_WITH_NAMES)
def test_every_public_name_is_there(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        with _without_torch_is_fine():
            assert hasattr(module, name), name


_TORCHKIT = "seissynth_plugins.torchkit"
FORMER_NAMES = {f"seissynth.{former}": f"seissynth.{name}" for former, name in CORE_NAMES.items()} | {
    "seissynth_plugins.heggs.data": "seissynth_plugins.heggs.training.data",
    "seissynth_plugins.heggs.stages": f"{_TORCHKIT}.stages",
    "seissynth_plugins.heggs.training.noise_rows": f"{_TORCHKIT}.noise_rows",
    "seissynth_plugins.heggs.training.stages": f"{_TORCHKIT}.stages",
    "seissynth_plugins.heggs.training.training_rows": f"{_TORCHKIT}.training_rows",
    "seissynth_plugins.ldm.weights": "seissynth_plugins.ldm.backend",
}


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_former_names_are_the_same_modules(former, name):
    module = importlib.import_module(former)
    assert module is importlib.import_module(name)
    assert module.__spec__.name == module.__name__ == name


def test_what_learned_backends_share_knows_none_of_them():
    files = {module: path for module, path in PLUGINS.items() if module.startswith(f"{_TORCHKIT}.")}
    assert files
    wrong = [found for _, found in _all_imports(files) if found.is_of("seissynth_plugins")]
    assert not [str(found) for found in wrong if not found.is_of(_TORCHKIT) and found.module != "seissynth_plugins"]


def test_the_front_door_is_typed_as_its_table_says():
    """The lines for type checkers and the lazy table name the same things."""
    tree = ast.parse((ROOT / "seissynth" / "__init__.py").read_text("utf-8"))
    [checked] = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.name: node.module for node in checked.body for alias in node.names}
    assert set(typed) == set(seissynth.__all__) - {"__version__"}
    for name, module in typed.items():
        assert getattr(seissynth, name) is getattr(importlib.import_module(module), name)


def test_tests_use_public_names():
    """A test that reaches behind the public names breaks with each change inside."""
    assert not private_names(), "test what a user sees; a room that has a contract of its own gets a public name"
