"""Calls of the command line that nobody should make, and what must hold after each of them.

Commands and options are found in the application itself, so that a new one takes part at once. A call begins with one
that works, where `works` knows one, and some of its values are replaced by odd ones.
"""

import contextlib
import enum
import inspect
import os
import random
import re
import resource
import shutil
import signal
import typing
import warnings
from pathlib import Path

import numpy as np

#: a call may take so long, and so much memory beyond what the process has, before it counts as an explosion
MOST_SECONDS = 120
MOST_BYTES = 12 * 2**30

NUMBERS = (
    "nan", "inf", "-inf", "-1", "0", "-0.0", "1e-9", "1e308", "-1e308", "1e300", "1" + "0" * 30, "-1" + "0" * 30,
    "0x10", "1_000", "1,5", "３", "0.5", "1e-320", "2", "7.5", "1" + "0" * 400,
)  # fmt: skip
TEXTS = (
    "", " ", "None", "none", "null", "true", "[]", "{}", "../", ".", "/", "~", "*", "[", "{", "{station", "{0}", "{}{}",
    "é", "日本", "\U0001f30b", "\u202e", "a\nb", "a\tb", "a\rb", "=1+1", "-", "--", "-x", "%s", "\\", "'", '"', ";",
    "x" * 5000, "a,b", ",", "1,", "nan,nan", "6,1", "1e308,1e308", "0,inf", "-1e308,1e308", "stochastic", "heggs",
    "ldm", "seissynth/stochastic", "HH?", "HHZ,", "XX.AMAT", "nlnm", "iasp91", "picks",
)  # fmt: skip
TIMES = (
    "2020-13-45", "2020-02-30", "9999-12-31", "0001-01-01", "10000-01-01", "0000-00-00", "2020-01-01T25:61:61", "2020",
    "1e9", "-1e18", "2016-08-24T01:36:32Z", "now", "9999-12-31T23:59:59.999999Z,9999-12-31T23:59:59.999999Z",
    "2020-01-01,2020-01-01", "2021-01-01,2020-01-01", "0001-01-01,9999-12-31", "NaT,NaT",
)  # fmt: skip
SETTINGS = (
    "stress_drop_bar=nan", "stress_drop_bar=1e308", "stress_drop_bar=-1", "stress_drop_bar=[1]", "stress_drop_bar={}",
    "stress_drop_bar=1" + "0" * 400, "kappa0_s=inf", "kappa0_s=1e300", "preset=../", "preset={}", "preset=[]",
    "preset=@odd.json", "preset=@none.json", "preset=@.", "preset=@event.xml", "variability=2", "variability=null",
    "low_cut_hz=1e-300", "low_cut_hz=1e9", "seed=1", "=1", "a", "", "x=", "steps=1e9", "steps=-1", "batch=0", "q0=0",
    "learning_rate=nan", "backend=1", "self=1", "realizations=3", "velocity_model=1", "stress_drop_bar=NaN",
    "low_cut_order=1e9", "low_cut_order=-3", "geometry=[[0,0]]", "seed=1", "method=x", "precision=8",
)  # fmt: skip


def make_files(folder):
    """Write good and damaged files; returns the names of the odd ones."""
    import h5py
    import obspy

    import seissynth
    from seissynth.io.seisbench.dataset import DatasetWriter

    inventory, event = seissynth.read_example()
    inventory = inventory.select(station="[AB]*", channel="HH?")
    inventory.write(str(folder / "stations.xml"), format="STATIONXML")
    event.write(str(folder / "event.xml"), format="QUAKEML")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = seissynth.generate(inventory, event, duration=20.0, noise="nlnm")
    seissynth.write(folder / "good.h5", stream, event=event, inventory=inventory)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        long = seissynth.generate(inventory, event, start=-200.0, duration=400.0, noise="nlnm")
    seissynth.write(folder / "good.mseed", long)
    with DatasetWriter(folder / "set", sampling_rate_hz=50.0) as writer:
        rows = [
            {
                "source_id": f"e{k // 2}", "source_magnitude": 3.0 + k / 10, "path_hyp_distance_km": 10.0 + k,
                "path_ep_distance_km": 9.0 + k, "source_depth_km": 5.0, "station_network_code": "XX",
                "station_code": "AB"[k % 2], "trace_p_arrival_sample": 100.0, "trace_s_arrival_sample": 200.0,
                "source_origin_time": f"2020-01-0{1 + k // 2}T00:00:00Z", "split": "train",
                "trace_category": "earthquake", "trace_start_time": f"2020-01-0{1 + k // 2}T00:00:00Z",
            }
            for k in range(6)
        ]  # fmt: skip
        rng = np.random.default_rng(0)
        writer.write(rows, rng.standard_normal((6, 3, 600)).astype("float32"))
    (folder / "text.txt").write_text("not what you think\n", encoding="utf-8")
    (folder / "odd.json").write_text('{"constants": {"stress_drop_bar": [1e999]}, "based_on": 3}', encoding="utf-8")
    (folder / "a folder").mkdir()
    odd = ["text.txt", "odd.json", "a folder", "none.h5", "set", "good.h5", "good.mseed", "stations.xml", "event.xml"]
    for name in ("good.h5", "good.mseed", "stations.xml", "event.xml"):
        content = (folder / name).read_bytes()
        for share in (0.1, 0.5, 0.95):
            cut = f"cut{int(100 * share)}_{name}"
            (folder / cut).write_bytes(content[: int(len(content) * share)])
            odd.append(cut)
    for ending in (".h5", ".xml", ".mseed", ".safetensors", ".html", ".csv", ".json"):
        (folder / f"empty{ending}").write_bytes(b"")
        (folder / f"text{ending}").write_text("not what you think\n", encoding="utf-8")
        odd += [f"empty{ending}", f"text{ending}"]
    odd += _odd_xml(folder)
    odd += _odd_weights(folder)
    odd += [f"odd_set{k}" for k in range(len(_ODD_SETS))]  # twice: there are many ways to be odd
    for number, change in enumerate(_ODD_HDF5):
        name = f"odd{number}.h5"
        shutil.copy(folder / "good.h5", folder / name)
        with h5py.File(folder / name, "r+") as file:
            change(file)
        odd.append(name)
    for number, change in enumerate(_ODD_SETS):
        name = f"odd_set{number}"
        shutil.copytree(folder / "set", folder / name)
        with h5py.File(folder / name / "waveforms.hdf5", "r+") as file:
            change(file)
        odd.append(name)
    for number, (old, new) in enumerate(
        (("3.0", "1e999"), ("e0", "=1"), ("bucket0", "bucket9"), (",", ";"), ("2020", "99999"))
    ):
        name = f"odd_table{number}"
        shutil.copytree(folder / "set", folder / name)
        path = folder / name / "metadata.csv"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        odd.append(name)
    shutil.copytree(folder / "set", folder / "cut_set")
    path = folder / "cut_set" / "waveforms.hdf5"
    path.write_bytes(path.read_bytes()[:3000])
    odd.append("cut_set")
    assert obspy.read(str(folder / "good.mseed"))
    return odd


def _odd_xml(folder):
    stations, event = ((folder / name).read_text(encoding="utf-8") for name in ("stations.xml", "event.xml"))
    changes = {
        "far.xml": (stations, r"<Elevation[^>]*>[^<]*<", "<Elevation>1e300<"),
        "infinite.xml": (stations, r"<Elevation[^>]*>[^<]*<", "<Elevation>INF<"),
        "rate0.xml": (stations, r"<SampleRate[^>]*>[^<]*<", "<SampleRate>0<"),
        "rate_high.xml": (stations, r"<SampleRate[^>]*>[^<]*<", "<SampleRate>1e308<"),
        "rate_low.xml": (stations, r"<SampleRate[^>]*>[^<]*<", "<SampleRate>1e-9<"),
        "rate_odd.xml": (stations, r"<SampleRate[^>]*>[^<]*<", "<SampleRate>33.333333<"),
        "codes.xml": (stations, r'<Station code="[^"]*"', '<Station code="=1/.."'),
        "gain0.xml": (stations, r"<Value>[^<]*<", "<Value>0<"),
        "magnitude.xml": (event, r"<mag>\s*<value>[^<]*<", "<mag><value>1e308<"),
        "magnitude_nan.xml": (event, r"<mag>\s*<value>[^<]*<", "<mag><value>NaN<"),
        "deep.xml": (event, r"<depth>\s*<value>[^<]*<", "<depth><value>1e300<"),
        "time.xml": (event, r"<time>\s*<value>[^<]*<", "<time><value>9999-12-31T23:59:59.999999Z<"),
        "time_early.xml": (event, r"<time>\s*<value>[^<]*<", "<time><value>0001-01-01T00:00:00.000000Z<"),
        "pole.xml": (event, r"<latitude>\s*<value>[^<]*<", "<latitude><value>90<"),
    }
    for name, (text, old, new) in changes.items():
        changed, count = re.subn(old, new, text)
        assert count, name
        (folder / name).write_text(changed, encoding="utf-8")
    return list(changes)


def _odd_weights(folder):
    import json
    from importlib.resources import files

    content = (files("seissynth_plugins.heggs") / "data" / "heggs_small.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    card = json.loads(header["__metadata__"]["seissynth"])
    for number, change in enumerate(
        (
            {"ranges": {"source_magnitude": ["a", None], "path_ep_distance_km": [5]}},
            {"ranges": 3}, {"config": {}}, {"config": {"unet": 1}}, {"normalisation": {"a": 1}}, {"region": "a\nb"},
            {"sampling": {"steps": "x"}}, {"sampling": 7}, {"texture": 3}, {"licence": None}, {"onset_origin": 5},
            {"ranges": {"source_magnitude": [6, 1]}}, {"sampling": {"source_noise": 1e308, "steps": 10**30}},
        )
    ):  # fmt: skip
        own = {**header, "__metadata__": {"seissynth": json.dumps({**card, **change})}}
        text = json.dumps(own).encode()
        (folder / f"odd{number}.safetensors").write_bytes(
            len(text).to_bytes(8, "little") + text + content[8 + length :]
        )
    (folder / "good.safetensors").write_bytes(content)
    (folder / "cut.safetensors").write_bytes(content[:5000])
    (folder / "pickle.safetensors").write_bytes(b"\x80\x04K\x01.")
    (folder / "long.safetensors").write_bytes(b"\xff" * 8 + b"{}")
    return [f"odd{k}.safetensors" for k in range(number + 1)] + [
        "cut.safetensors",
        "pickle.safetensors",
        "long.safetensors",
    ]


def _no_format(file):
    del file.attrs["file_format"]


def _attribute(value):
    def change(file):
        for name in list(file.attrs):
            file.attrs[name] = value

    return change


def _waveform_attributes(value):
    def change(file):
        def visit(name, item):
            for key in list(item.attrs):
                del item.attrs[key]
                item.attrs[key] = value

        file["Waveforms"].visititems(visit)

    return change


def _complex_waveforms(file):
    def visit(name, item):
        if hasattr(item, "shape") and "StationXML" not in name:
            found.append(name)

    found = []
    file["Waveforms"].visititems(visit)
    for name in found:
        attributes, data = dict(file["Waveforms"][name].attrs), file["Waveforms"][name][()]
        del file["Waveforms"][name]
        file["Waveforms"][name] = data.astype(complex)
        file["Waveforms"][name].attrs.update(attributes)


def _documents(change):
    def spoil(file):
        for name in list(file["Provenance"]):
            text = file["Provenance"][name][()].tobytes()
            del file["Provenance"][name]
            file["Provenance"][name] = np.frombuffer(change(text), np.uint8)

    return spoil


def _replace(old, new):
    return _documents(lambda text: re.sub(old, new, text))


_ODD_HDF5 = (
    _no_format,
    _attribute(np.nan), _attribute(b"\xff\xfe"), _attribute(np.arange(3)), _attribute(""), _attribute(1e308),
    _waveform_attributes(np.nan), _waveform_attributes(-1), _waveform_attributes("x"), _waveform_attributes(1e308),
    _waveform_attributes(np.zeros((2, 2))), _waveform_attributes(2**62), _waveform_attributes(0),
    _complex_waveforms,
    _documents(lambda text: text[: len(text) // 2]), _documents(lambda text: b""),
    _documents(lambda text: b"\xff" + text),
    _replace(rb"stochastic", b"nobody"), _replace(rb"&quot;seed&quot;: \d+", b"&quot;seed&quot;: 1e999"),
    _replace(rb"&quot;duration&quot;: [\d.]+", b"&quot;duration&quot;: 1e308"), _replace(rb"2016", b"99999"),
    _replace(rb">\d+<", b">x<"), _replace(rb"&quot;", b""), _replace(rb"20\.0", b"NaN"), _replace(rb"\d\.\d+", b"inf"),
)  # fmt: skip


def _data_format(key, value):
    def change(file):
        group = file["data_format"]
        if key in group:
            del group[key]
        if value is not None:
            group[key] = value

    return change


def _blocks(change):
    def spoil(file):
        for name in list(file["data"]):
            data = change(file["data"][name][()])
            del file["data"][name]
            file["data"][name] = data

    return spoil


_ODD_SETS = (
    *(
        _data_format(key, value)
        for key in ("component_order", "dimension_order", "sampling_rate", "measurement", "unit")
        for value in (None, 3, np.nan, "", "XYZW", np.arange(3.0), b"\xff\xfe")
    ),
    _data_format("sampling_rate", 0.0), _data_format("sampling_rate", 1e308), _data_format("sampling_rate", -1),
    _blocks(lambda data: data.astype(complex)), _blocks(lambda data: data * np.nan), _blocks(lambda data: data[:, :1]),
    _blocks(lambda data: data * 0), _blocks(lambda data: data.astype("S4")), _blocks(lambda data: data[:0]),
    _blocks(lambda data: data * 1e30),
    lambda file: file.pop("data"), lambda file: file.pop("data_format"),
)  # fmt: skip


def works(command, inputs, rng):
    """Words of a call that works and takes little, for the commands that have one; option -> values."""
    files = {"-i": [inputs / "stations.xml"], "-e": [inputs / "event.xml"]}
    learned = {
        **files, "-o": ["out.h5"], "-b": ["heggs"], "--set": ["steps=1", "iterations=1"], "--outside": ["allow"],
        "--weights": [inputs / "good.safetensors"], "--velocity-model": ["southern_california"],
    }  # fmt: skip
    raw = {**files, "-o": ["{station}.{channel}.sac"], "--duration": ["20"], "--output-quantity": ["RAW"]}
    drawn = {
        "-i": [inputs / "stations.xml"], "--draw": ["2"], "--around": ["XX.AMAT"], "--radius": ["40"], "-o": ["made"],
        "--duration": ["20"], "--noise": ["nlnm"], "--snr": ["0,10"], "--noise-share": ["0.2"],
        "--overlap-share": ["0.5"], "--block-records": ["4"],
    }  # fmt: skip
    others = {"generate": (raw, learned), "dataset make": (drawn, {**drawn, "--dry-run": [None]})}
    if command in others and rng.random() < 0.4:
        return rng.choice(others[command])
    return {
        "generate": {**files, "-o": ["out.h5"], "--duration": ["20"], "--channel": ["HH?"]},
        "plot": {"": [inputs / "good.h5"], "-o": ["out.png"]},
        "explain": {"": [inputs / "good.h5"]},
        "reproduce": {"": [inputs / "good.h5"]},
        "evaluate": {
            "-r": [inputs / "set"], "-g": [inputs / "odd_table1"], "-o": ["out.html"], "--draws": ["100"],
            "--groups": ["similarity,spectra,arrivals,magnitude"], "--no-pictures": [None],
        },
        "train": {"": ["heggs"], "-d": [inputs / "set"], "-o": ["run"], "--set": ["steps=1"], "--config": ["tiny"]},
        "dataset make": {
            "-i": [inputs / "stations.xml"], "-c": [inputs / "event.xml"], "-o": ["made"], "--duration": ["20"],
        },
        "dataset cut": {
            "-w": [inputs / "good.mseed"], "-i": [inputs / "stations.xml"], "-c": [inputs / "event.xml"], "-o": ["cut"],
            "--duration": ["10"], "--noise-windows": ["1"],
        },
        "dataset convert": {"": [inputs / "set", "out.h5"]},
        "dataset recipe": {"": ["stead", inputs / "set", "out"]},
        "backends": {},
    }.get(command)  # fmt: skip


def commands(app):
    """Commands of a typer application by their words: ``"dataset make"`` -> click command."""
    import typer

    found = {}

    def visit(words, item):
        if hasattr(item, "commands"):
            for name, below in item.commands.items():
                visit([*words, name], below)
        else:
            found[" ".join(words)] = item

    visit([], typer.main.get_command(app))
    return found


def kinds(command):
    """Type of each parameter of a command, as its function states it: name -> type, without None and list."""
    function = inspect.unwrap(command.callback)
    found = {}
    for name, annotation in typing.get_type_hints(function).items():
        parts = [part for part in typing.get_args(annotation) if part is not type(None)] or [annotation]
        while typing.get_args(parts[0]):
            parts = typing.get_args(parts[0])
        found[name] = parts[0] if isinstance(parts[0], type) else str
    return found


class BadCalls:
    """Draws bad calls.

    Parameters
    ----------
    app : typer.Typer
    inputs : pathlib.Path
        Folder of `make_files`.
    odd : list of str
        What that returned.
    seed : int
    """

    def __init__(self, app, inputs, odd, seed):
        self.commands, self.inputs, self.odd = commands(app), inputs, odd
        self.kinds = {name: kinds(command) for name, command in self.commands.items()}
        self.rng = random.Random(seed)

    def draw(self):
        """Return the words of one call."""
        rng = self.rng
        name = rng.choice(sorted(self.commands))
        options = [p for p in self.commands[name].params if p.param_type_name == "option"]
        options = [p for p in options if not {"--help", "--debug"} & set(p.opts)]  # which shows tracebacks
        places = [p for p in self.commands[name].params if p.param_type_name == "argument"]
        words = {key: list(values) for key, values in (works(name, self.inputs, rng) or {}).items()}
        aliases = {alias: p.opts[-1] for p in options for alias in (*p.opts, *p.secondary_opts)}
        words = {aliases.get(key, key) if words[key] != [None] else key: values for key, values in words.items()}
        for parameter in rng.sample(options, min(rng.choice((0, 1, 1, 1, 2, 3)), len(options))):
            key, kind = parameter.opts[-1], self.kinds[name].get(parameter.name, str)
            if parameter.is_flag:
                words[rng.choice([*parameter.opts, *parameter.secondary_opts])] = [None]
                continue
            like = words.get(key, [None])[0]
            values = [self._value(parameter, kind, like) for _ in range(rng.choice((1, 1, 1, 1, 2)))]
            words[key] = [*words.get(key, []), *values] if rng.random() < 0.2 else values
        if places and rng.random() < 0.5:
            values = words.setdefault("", [None] * len(places))
            place = rng.randrange(len(values))
            values[place] = self._value(places[0], Path, values[place])
        if words and rng.random() < 0.05:
            words.pop(rng.choice(sorted(words)))
        line = name.split()
        for key, values in words.items():
            for value in values:
                line += [key] * bool(key) + ([] if value is None else [str(value)])
        return line

    def _value(self, parameter, kind, like=None):
        rng = self.rng
        if isinstance(like, Path) and rng.random() < 0.7:
            alike = [name for name in self.odd if Path(name).suffix == like.suffix]
            return str(self.inputs / rng.choice(alike))
        files = [str(self.inputs / rng.choice(self.odd)), rng.choice(TEXTS)]
        if "set" in parameter.name or parameter.name == "options":
            return rng.choice((*SETTINGS, *TEXTS))
        if kind in (int, float):
            return rng.choice((*NUMBERS, *NUMBERS, *TEXTS))
        if issubclass(kind, enum.Enum) and rng.random() < 0.7:
            return rng.choice([item.value for item in kind])
        likely = rng.random()
        if kind is Path or likely < 0.45:
            return rng.choice(files)
        return rng.choice((*TEXTS, *TIMES, *NUMBERS) if likely < 0.9 else SETTINGS)


class _TookTooLong(BaseException):
    """Nothing that a command may catch."""


@contextlib.contextmanager
def _limits():
    def stop(*_):
        raise _TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    signal.alarm(MOST_SECONDS)
    resource.setrlimit(resource.RLIMIT_DATA, (used + MOST_BYTES, limits[1]))
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_DATA, limits)
        signal.signal(signal.SIGALRM, before)


#: exit code 1 that is a result and no error: not equal, a group that failed
_RESULTS = re.compile(r"of \d+ records equal|^error: \w+ .*failed: |^error: .* \(.*\) failed: ", re.M)


def call(app, line, folder):
    """Make one call in an empty folder; returns what is wrong with how it ended, or None."""
    from typer.testing import CliRunner

    folder.mkdir()
    home = Path.cwd()
    os.chdir(folder)
    try:
        with _limits(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = CliRunner().invoke(app, line)
    except _TookTooLong:
        return f"took more than {MOST_SECONDS} s"
    finally:
        os.chdir(home)
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    try:
        return _trouble(result, left)
    finally:
        shutil.rmtree(folder)


def _trouble(result, left):
    raised = result.exception
    if raised is not None and not isinstance(raised, SystemExit):
        import traceback

        place = traceback.extract_tb(raised.__traceback__)[-1]
        return f"{type(raised).__name__}: {str(raised)[:200]} at {place.filename}:{place.lineno}"
    if "Traceback (most recent" in result.output:
        return f"a traceback: {result.stderr[-400:]}"
    if result.exit_code not in (0, 1, 2):
        return f"exit code {result.exit_code}"
    hidden = [name for name in left if re.search(r"(^|/)\.[^/]*$", name)]
    if hidden:
        return f"left {hidden[:3]} behind (exit code {result.exit_code})"
    if result.exit_code == 0:
        return None
    said = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    if result.exit_code == 1 and not _RESULTS.search(result.output):
        if len(said) != 1 or not said[0].removeprefix("error: ").strip():
            return f"exit code 1 without one error: {result.output[-300:]!r}"
        if left:
            return f"an error left {left[:3]} behind: {said[0][:200]}"
    if result.exit_code == 2 and left:
        return f"wrong usage left {left[:3]} behind"
    return None
