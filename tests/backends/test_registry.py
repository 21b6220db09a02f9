"""The registry, against distributions made for the test; each fake one brings an entry_points.txt only."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from seissynth.backends import registry
from seissynth.backends.base import Backend, Card
from seissynth.backends.entrypoints import find_entries, read_one_by_one, read_with_entrypoints
from seissynth.errors import BackendError, BackendNotFoundError, InputError, SeisSynthWarning
from seissynth.testing.check import Ricker

ROOT = Path(__file__).resolve().parents[2]

GROUP = "seissynth.backends_of_tests"

MODULE = """
from seissynth.testing.check import Ricker
from dataclasses import replace

class Mine(Ricker):
    card = replace(Ricker.card, name="{name}")
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on sys.path; returns a maker of distributions there, whose backends are the only ones."""
    monkeypatch.setattr(registry, "REGISTERED", {})
    # a group of our own: what is really installed stays out of the way
    monkeypatch.setattr(registry, "find_entries", lambda: find_entries(GROUP))
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = set(sys.modules)

    def make(distribution, backends, *, version="1.0", source=None, raw=None, folder=tmp_path):
        lines = [f"{name} = {target}" for name, target in backends.items()]
        text = "\n".join([f"[{GROUP}]", *lines]) if raw is None else raw
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_bytes(text.encode() if isinstance(text, str) else text)
        for name, target in backends.items():
            module = target.partition(":")[0].strip()
            (folder / f"{module}.py").write_text(textwrap.dedent(source or MODULE.format(name=name)))
        return folder

    yield make
    for name in set(sys.modules) - modules:
        if name.startswith("plug_"):
            del sys.modules[name]


def _names():
    return registry.list_backends().names


# --- listing


def test_listing_imports_nothing_and_loads_only_what_is_asked(site):
    site("one", {"first": "plug_first:Mine"})
    site("two", {"second": "plug_second:Mine"})
    table = registry.list_backends()
    assert [(i.name, i.distribution, i.version, i.module, i.status) for i in table] == [
        ("first", "one", "1.0", "plug_first:Mine", ""),
        ("second", "two", "1.0", "plug_second:Mine", ""),
    ]
    assert not {"plug_first", "plug_second"} & set(sys.modules)
    assert registry.get_backend("second").card.name == "second"
    assert "plug_first" not in sys.modules


def test_table_prints_as_text_and_html(site):
    assert str(registry.list_backends()) == "no backends installed"
    site("a<b", {"first": "plug_first:Mine"})
    lines = str(registry.list_backends()).splitlines()
    assert lines[0].split(maxsplit=2) == ["name", "from", "what it is"]
    assert lines[2].split() == ["first", "a<b", "1.0", "plug_first:Mine"]  # what it is would need its import
    assert "plug_first" not in sys.modules
    assert "<td>a&lt;b 1.0</td>" in registry.list_backends()._repr_html_()
    assert repr(registry.list_backends()) == str(registry.list_backends())
    checked = registry.list_backends(check=True)
    assert "Ricker wavelets" in str(checked)
    assert checked[0].card.name == "first"


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("pass", "has no attribute 'Mine'"),
        ("Mine = 3", "is not a subclass of seissynth.backends.base.Backend"),
        ("from seissynth.backends.base import Backend\nclass Mine(Backend): pass", "card is None"),
        (
            "from seissynth.backends.base import Backend, Card\n"
            "class Mine(Backend): card = Card('sick', 'x', 'velocity', 'ZNE')",
            "does not define simulate",
        ),
        (MODULE.format(name="other"), "announced as 'sick', and its card says 'other'"),
    ],
)
def test_a_broken_plugin_disturbs_no_other(site, source, cause):
    site("aaa", {"sick": "plug_sick:Mine"}, source=source)
    site("bbb", {"well": "plug_well:Mine"})
    assert registry.get_backend("well").card.name == "well"
    with pytest.raises(BackendError, match=r"^sick: the backend of distribution aaa 1\.0 \(plug_sick:Mine\)") as caught:
        registry.get_backend("sick")
    assert "Mend or uninstall" in str(caught.value)
    sick, well = registry.list_backends(check=True)
    assert (sick.status, well.status, well.cause) == ("broken", "ok", "")
    assert cause in sick.cause
    assert sick.card is None


def test_interrupt_is_not_swallowed(site):
    site("aaa", {"sick": "plug_sick:Mine"}, source="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        registry.get_backend("sick")


# --- distributions that the entrypoints package stumbles over

BROKEN_FILES = {
    "headerless": "script = bar:baz\n",
    "no equals sign": "[console_scripts]\nfoo bar\n",
    "twice the option": "[console_scripts]\na = b:c\na = b:d\n",
    "twice the section": "[console_scripts]\n[console_scripts]\n",
    "percent": "[other]\nx = %(y)s\n",
    "not text": b"\xff\xfe\x00[x]",
}


@pytest.mark.parametrize("text", BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_an_unrelated_broken_distribution_changes_nothing(site, text):
    site("good", {"well": "plug_well:Mine"})
    expected = [(i.name, i.distribution, i.version, i.module) for i in registry.list_backends()]
    site("aaa", {}, raw=text)
    if text == BROKEN_FILES["not text"]:  # it may have been a plugin: that is said, and the rest goes on
        with pytest.warns(SeisSynthWarning, match=r"aaa-1\.0\.dist-info.*cannot be read"):
            table = registry.list_backends()
    else:
        table = registry.list_backends()
    assert [(i.name, i.distribution, i.version, i.module) for i in table] == expected


@pytest.mark.parametrize("name", ["headerless", "no equals sign"])
def test_the_broken_files_do_break_the_readers(site, name):
    """Without this the tests above would pass for the wrong reason one day."""
    import entrypoints

    site("aaa", {}, raw=BROKEN_FILES[name])
    with pytest.raises(Exception, match=r"section headers|parsing errors"):
        entrypoints.get_group_all(GROUP)


def test_a_spec_that_cannot_be_parsed_is_listed_with_its_cause(site):
    site("aaa", {}, raw=f"[{GROUP}]\nsick = what is this\n")
    site("bbb", {"well": "plug_well:Mine"})
    sick, well = registry.list_backends(check=True)
    assert (sick.name, sick.distribution, sick.status, well.status) == ("sick", "aaa", "broken", "ok")
    assert "not of the form 'package.module:Class'" in sick.cause


def test_a_plugin_whose_file_cannot_be_parsed_is_named(site):
    site("aaa", {}, raw=f"[{GROUP}]\nsick plug_sick:Mine\n")
    site("bbb", {"well": "plug_well:Mine"})
    with pytest.warns(SeisSynthWarning, match=r"aaa-1\.0\.dist-info"):
        assert _names() == ["well"]


def test_both_readers_agree(site):
    site("My.Plug_in", {"first": "plug_first:Mine"}, version="2.3")
    site("two", {"second": "plug_second:Mine"})
    one, other = (read(GROUP) for read in (read_with_entrypoints, read_one_by_one))
    assert sorted(one, key=str) == sorted(other, key=str)
    assert [entry.distribution for entry in find_entries(GROUP)] == ["my-plug-in", "two"]


# --- names


def test_unknown_name_gets_the_nearest_and_the_list(site):
    site("seissynth", {"stochastic": "plug_stochastic:Mine", "heggs": "plug_heggs:Mine"})
    with pytest.raises(BackendNotFoundError, match=r"'stochastik'; did you mean 'stochastic'\? installed: heggs, sto"):
        registry.get_backend("stochastik")
    with pytest.raises(BackendNotFoundError) as caught:
        registry.get_backend("zzzzzz")
    assert "did you mean" not in str(caught.value)
    assert "pip install" not in str(caught.value)
    with pytest.raises(InputError, match="name is text"):
        registry.get_backend(3)


def test_a_source_tree_without_installation_says_so(site):
    site("other", {"mine": "plug_mine:Mine"})
    with pytest.raises(BackendNotFoundError, match=r"without being installed.*python -m pip install -e \.") as caught:
        registry.get_backend("stochastic")
    assert "installed: mine" in str(caught.value)


def test_source_tree_in_a_bare_interpreter(tmp_path):
    """The same, as a user meets it: a copy of the tree on the path, nothing installed."""
    code = (
        "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]\n"
        "from seissynth.backends.registry import list_backends, get_backend\n"
        "print(len(list_backends()))\n"
        "try: get_backend('stochastic')\n"
        "except LookupError as error: print(error)"
    )
    (tmp_path / "seissynth").symlink_to(ROOT / "seissynth")
    packages = [path for path in sys.path if "site-packages" in path]
    hidden = tmp_path / "numpy"  # numpy is needed, its neighbours' entry points are not
    for folder in packages:
        if (Path(folder) / "numpy").is_dir():
            hidden.symlink_to(Path(folder) / "numpy")
            (tmp_path / "numpy.libs").symlink_to(Path(folder) / "numpy.libs")
    out = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    count, message = out.stdout.strip().split("\n")
    assert count == "0"
    assert "python -m pip install -e ." in message


def test_two_distributions_with_one_name(site):
    site("zeta", {"twin": "plug_zeta:Mine"}, source=MODULE.format(name="twin"))
    site("alpha", {"twin": "plug_alpha:Mine"}, source=MODULE.format(name="twin"))
    assert _names() == ["twin", "zeta/twin"]
    with pytest.warns(SeisSynthWarning, match="installed by alpha and also as zeta/twin"):
        assert registry.get_backend("twin").__module__ == "plug_alpha"
    assert registry.get_backend("zeta/twin").__module__ == "plug_zeta"
    assert registry.get_backend("Alpha/twin").__module__ == "plug_alpha"
    with pytest.raises(BackendNotFoundError):
        registry.get_backend("beta/twin")


def test_one_distribution_seen_twice_is_no_clash(site, tmp_path, monkeypatch):
    other = tmp_path / "other"
    site("my-plugin", {"mine": "plug_mine:Mine"}, version="2.0")
    site("My_Plugin", {"mine": "plug_mine:Mine"}, version="1.0", folder=other)
    monkeypatch.setattr(sys, "path", [sys.path[0], str(other), *sys.path[1:]])
    [info] = registry.list_backends()
    assert (info.name, info.version) == ("mine", "2.0")
    registry.get_backend("mine")


def test_egg_info_of_a_source_tree_counts(site, tmp_path):
    folder = tmp_path / "dev_plugin.egg-info"
    folder.mkdir()
    (folder / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: dev-plugin\nVersion: 4.5\n")
    (folder / "entry_points.txt").write_text(f"[{GROUP}]\nmine = plug_mine:Mine\n")
    [info] = registry.list_backends()
    assert (info.distribution, info.version) == ("dev-plugin", "4.5")


# --- the running process


def test_register_for_the_running_process(site):
    class Mine(Ricker):
        card = Card("mine", "Mine", "velocity", "ZNE")

    assert registry.register_backend(Mine) is Mine
    assert registry.get_backend("mine") is Mine
    assert registry.register_backend("mine", Mine) is Mine
    [info] = registry.list_backends(check=True)
    assert (info.name, info.distribution, info.status) == ("mine", registry.THIS_PROCESS, "ok")

    class Other(Ricker):
        card = Card("mine", "Other", "velocity", "ZNE")

    with pytest.raises(InputError, match="already"):
        registry.register_backend(Other)
    with pytest.raises(InputError, match="announced as 'yours'"):
        registry.register_backend("yours", Mine)
    with pytest.raises(InputError, match="not a subclass"):
        registry.register_backend(dict)
    with pytest.raises(InputError, match="not a subclass"):
        registry.register_backend(Mine())


def test_register_as_decorator_and_again(site):
    def cell():
        @registry.register_backend("again")
        class Again(Ricker):
            card = Card("again", "Again", "velocity", "ZNE")

        return Again

    first, second = cell(), cell()
    assert first is not second
    assert registry.get_backend("again") is second


def test_register_does_not_take_an_installed_name(site):
    site("seissynth", {"stochastic": "plug_stochastic:Mine"})

    class Stochastic(Ricker):
        card = Card("stochastic", "Mine", "velocity", "ZNE")

    with pytest.raises(InputError, match="installed backend"):
        registry.register_backend(Stochastic)


# --- from a name, a class or an instance to an instance


class _Loud(Ricker):
    def __init__(self, *, gain=1.0, loudness="high", **common):
        super().__init__(**common)
        self.gain = gain


class _Plain(Ricker):
    def __init__(self):
        super().__init__()


class _Strict(Ricker):
    def __init__(self, *, power=1):
        if power < 0:
            raise ValueError("power below zero")
        super().__init__()


def test_resolve_takes_name_class_and_instance(site):
    site("one", {"first": "plug_first:Mine"})
    assert registry.resolve_backend("first", options={"frequency_hz": 3}).frequency_hz == 3
    made = registry.resolve_backend(_Loud, weights="w.safetensors", options={"gain": 2, "frequency_hz": 4})
    assert (made.gain, made.frequency_hz, made.weights, made.device) == (2, 4, "w.safetensors", "cpu")
    assert registry.resolve_backend(made) is made
    assert isinstance(registry.resolve_backend(_Plain), _Plain)


def test_options_are_not_changed(site):
    options = {"gain": 2}
    registry.resolve_backend(_Loud, options=options)
    assert options == {"gain": 2}


def test_option_names_go_through_kwargs():
    assert registry.option_names(_Loud) == ["gain", "loudness", "frequency_hz"]
    assert registry.option_names(_Plain) == []
    assert registry.option_names(Ricker) == ["frequency_hz"]


@pytest.mark.parametrize(
    ("backend", "arguments", "words"),
    [
        (
            _Loud,
            {"options": {"gian": 1}},
            r"unknown option 'gian'; did you mean 'gain'\? Its options: gain, l",
        ),
        (_Plain, {"options": {"gain": 1}}, "it has no option like that. It takes no options"),
        (_Plain, {"weights": "x"}, "takes none"),
        (_Loud, {"device": "cuda"}, "CPU only"),
        (_Loud(), {"weights": "x"}, "weights was given beside an instance"),
        (_Loud(), {"options": {"gain": 1}}, "gain was given beside an instance"),
        (_Loud(), {"device": "cuda"}, "device was given beside an instance"),
        (dict, {}, "not a subclass"),
        (None, {}, "Pass a name, a subclass of Backend, or an instance"),
        (Backend, {}, "is None, not a"),
    ],
)
def test_resolve_refuses(backend, arguments, words):
    with pytest.raises(InputError, match=words):
        registry.resolve_backend(backend, **arguments)


def test_a_failing_constructor_is_a_backend_error():
    with pytest.raises(BackendError, match=r"ricker: the backend cannot be made.*power below zero") as caught:
        registry.resolve_backend(_Strict, options={"power": -1})
    assert isinstance(caught.value.__cause__, ValueError)


def test_listing_from_many_threads(site):
    site("one", {"first": "plug_first:Mine"})
    found = []
    threads = [threading.Thread(target=lambda: found.append(registry.get_backend("first"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
