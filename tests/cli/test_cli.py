import json
import subprocess
import sys

import numpy as np
import obspy
import pytest

import seissynth
from seissynth.io.asdf import read_asdf, write_asdf


@pytest.fixture
def inputs(tmp_path):
    inventory, event = seissynth.read_example()
    inventory.select(station="[AB]*").write(str(tmp_path / "stations.xml"), format="STATIONXML")
    event.write(str(tmp_path / "event.xml"), format="QUAKEML")
    return "-i", "stations.xml", "-e", "event.xml", "--duration", "20"


def test_generate_gives_what_python_gives(run, inputs, tmp_path):
    result = run(
        "generate",
        *inputs,
        "-o",
        "a.h5",
        "--seed",
        5,
        "--channel",
        "HH?",
        "--output-quantity",
        "acc",
        "--set",
        "stress_drop_bar=60",
        "--noise",
        "nlnm",
    )
    assert result.exit_code == 0, result.output
    assert "6 traces of 1 event written: a.h5" in result.stderr and not result.stdout
    inventory, event = obspy.read_inventory("stations.xml"), obspy.read_events("event.xml")
    expected = seissynth.generate(
        inventory, event, seed=5, channel="HH?", output="ACC", stress_drop_bar=60, noise="nlnm", duration=20
    )
    contents = read_asdf(tmp_path / "a.h5")
    assert [trace.id for trace in contents.stream] == [trace.id for trace in expected]
    for one, two in zip(contents.stream, expected, strict=True):
        assert one.data.tobytes() == two.data.tobytes() and one.stats.seissynth.p_s == two.stats.seissynth.p_s
    assert len(contents.catalog[0].picks) == 4


def test_example_with_plot_and_realisations(run, tmp_path):
    result = run("generate", "--example", "-o", "a.h5", "-n", 2, "--duration", 10, "--plot", "a.png", "--quiet")
    assert result.exit_code == 0 and not result.stdout
    streams = read_asdf(tmp_path / "a.h5").streams
    assert [{trace.stats.seissynth.realization for trace in one} for one in streams] == [{0}, {1}]
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_other_formats(run, inputs, tmp_path):
    words = ("generate", *inputs, "--channel", "HH?", "--output-quantity", "RAW", "--quantize")
    assert run(*words, "-o", "a.mseed").exit_code == 0
    assert {trace.data.dtype for trace in obspy.read("a.mseed")} == {np.dtype("int32")}
    assert run(*words, "-o", "{station}.{channel}.sac").exit_code == 0
    assert (tmp_path / "AMAT.HHZ.sac").is_file() and len(list(tmp_path.glob("*.sac"))) == 6
    refused = run(*words, "-o", "{station}.{channel}.sac")
    assert refused.exit_code == 1 and "exists" in refused.stderr


def one_line_error(result, code=1):
    assert result.exit_code == code, result.output
    assert not result.stdout
    lines = [line for line in result.stderr.splitlines() if not line.startswith("warning:")]
    assert len(lines) == 1 and lines[0].startswith("error: "), result.stderr
    return lines[0]


def test_work_that_fails_is_one_line(run, inputs, tmp_path):
    (tmp_path / "foreign.xml").write_text("<a/>")
    before = sorted(tmp_path.iterdir())
    files = ("-i", "stations.xml", "-e", "event.xml")
    assert "no such file" in one_line_error(run("generate", "-i", "none.xml", "-e", "event.xml", "-o", "a.h5"))
    assert "foreign.xml" in one_line_error(run("generate", "-i", "foreign.xml", "-e", "event.xml", "-o", "a.h5"))
    assert "foreign.xml" in one_line_error(run("generate", "-i", "stations.xml", "-e", "foreign.xml", "-o", "a.h5"))
    assert "stochastic" in one_line_error(run("generate", *files, "-o", "a.h5", "--backend", "stochastik"))
    assert "ending" in one_line_error(run("generate", *files, "-o", "a.wav"))
    assert "no folder" in one_line_error(run("generate", *files, "-o", "none/a.h5"))
    assert "realisations" in one_line_error(run("generate", *files, "-o", "a.mseed", "-n", 2))
    assert "RAW" in one_line_error(run("generate", *files, "-o", "a.h5", "--quantize"))
    one_line_error(run("generate", *files, "-o", "a.h5", "--set", "nonsense=1"))
    assert sorted(tmp_path.iterdir()) == before


def test_an_event_that_comes_twice_is_refused_before_records_are_made(run, inputs, monkeypatch):
    event = obspy.read_events("event.xml")[0]
    obspy.core.event.Catalog([event, event.copy()]).write("twice.xml", format="QUAKEML")
    monkeypatch.setattr("seissynth.synthesis.iter_generate", lambda *_, **__: pytest.fail("records were made"))
    line = one_line_error(run("generate", "-i", "stations.xml", "-e", "twice.xml", "-o", "a.h5"))
    assert f"events 1 and 2 of the catalogue both have the resource id {event.resource_id.id}" in line


def test_debug_shows_the_error_itself(run):
    result = run("generate", "-i", "none.xml", "-e", "none.xml", "-o", "a.h5", "--debug")
    assert result.exit_code == 1 and isinstance(result.exception, seissynth.errors.InputError)


def test_wrong_usage_is_exit_code_2(run, inputs):
    for words in (
        ("generate", "-o", "a.h5"),
        ("generate", "--example", *inputs, "-o", "a.h5"),
        ("generate", "--example"),
        ("generate", "--example", "-o", "a.h5", "--set", "novalue"),
        ("generate", "--example", "-o", "a.h5", "--set", "seed=3"),
        ("generate", "--example", "-o", "a.h5", "--outside", "maybe"),
        ("generate", "--example", "-o", "a.h5", "-n", "0"),
        ("plot", "a.h5", "-o", "a.png", "--kind", "cake"),
        ("nonsense",),
    ):
        assert run(*words).exit_code == 2, words


def test_an_existing_file_is_kept(run, inputs, tmp_path):
    (tmp_path / "a.h5").write_text("precious")
    assert "--overwrite" in one_line_error(run("generate", *inputs, "-o", "a.h5"))
    assert "--overwrite" in one_line_error(run("generate", *inputs, "-o", "b.h5", "--plot", "a.h5"))
    assert (tmp_path / "a.h5").read_text() == "precious"
    assert run("generate", *inputs, "-o", "a.h5", "--overwrite").exit_code == 0
    assert len(read_asdf(tmp_path / "a.h5").stream)


def test_warnings_are_one_line_each(run, inputs):
    catalog = obspy.read_events("event.xml")
    catalog.append(catalog[0].copy())
    catalog[1].resource_id = "smi:local/second"
    catalog[1].origins[0].time += 100.0  # the same warning once more
    catalog.write("events.xml", format="QUAKEML")
    result = run("generate", "-i", "stations.xml", "-e", "events.xml", "-o", "a.h5", "--duration", 3)
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert result.exit_code == 0 and warnings and "outside the record" in warnings[0]
    assert len(warnings) == len(set(warnings))


def test_reproduce(run, inputs, tmp_path):
    assert run("generate", *inputs, "-o", "a.h5", "-n", 2, "-q").exit_code == 0
    result = run("reproduce", "a.h5")
    assert result.exit_code == 0 and "equal, bit for bit" in result.stdout
    contents = read_asdf(tmp_path / "a.h5")
    data = contents.streams[0][0].data
    data[np.argmax(np.abs(data))] *= 2
    write_asdf(tmp_path / "b.h5", contents.streams, contents.catalog, contents.inventory)
    result = run("reproduce", "b.h5")
    assert result.exit_code == 1 and "worst difference" in result.stdout
    (tmp_path / "c.h5").write_text("no")
    assert "c.h5" in one_line_error(run("reproduce", "c.h5"))


KINDS = ["traces", "section", "spectra", "smoothed-spectra", "response-spectra", "spectrogram", "map"]


@pytest.mark.parametrize("kind", KINDS)
def test_plot(run, inputs, tmp_path, kind):
    assert run("generate", *inputs, "-o", "a.h5", "-q").exit_code == 0
    assert run("plot", "a.h5", "--kind", kind, "-o", "a.png").exit_code == 0
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    if kind == "traces":
        assert "exists" in one_line_error(run("plot", "a.h5", "-o", "a.png"))
        assert "a.png exists" in one_line_error(run("plot", "a.h5"))
        assert "events 0 to 0" in one_line_error(run("plot", "a.h5", "-o", "b.png", "--event", 1))
        assert "holds 0" in one_line_error(run("plot", "a.h5", "-o", "b.png", "--realization", 1))
        assert "AMAT, BORE" in one_line_error(run("plot", "a.h5", "-o", "b.png", "--station", "NONE"))


def test_plot_draws_the_folder_that_generate_writes_sac_to(run, tmp_path):
    """As `generate` says itself: next: seissynth plot NAME.sac."""
    made = run("generate", "--example", "-o", "records.sac", "--duration", 40)
    assert made.exit_code == 0 and "seissynth plot records.sac" in made.stderr
    drawn = run("plot", "records.sac", "-o", "a.png", "--station", "AMAT")
    assert drawn.exit_code == 0 and (tmp_path / "a.png").is_file(), drawn.stderr
    run("dataset", "make", "--example", "--draw", 1, "--around", "XX.AMAT", "--duration", 20, "-o", "made")
    for folder, words in (("made", "is a data set"), ("none", "without files")):
        (tmp_path / folder).mkdir(exist_ok=True)
        refused = run("plot", folder, "-o", "b.png")
        assert refused.exit_code == 1 and words in refused.stderr and "Traceback" not in refused.output


def test_stations_to_plot_may_have_their_network(run, inputs, tmp_path):
    assert run("generate", *inputs, "-o", "a.h5", "-q").exit_code == 0
    assert run("generate", *inputs, "-o", "a.mseed", "-q").exit_code == 0
    for file in ("a.h5", "a.mseed"):
        pictures = []
        for name in ("AMAT", "XX.AMAT", "X?.AM*"):
            assert run("plot", file, "--station", name, "-o", "b.png", "--overwrite").exit_code == 0
            pictures.append((tmp_path / "b.png").read_bytes())
        assert len(set(pictures)) == 1
        assert "YY.AMAT is not among AMAT" in one_line_error(run("plot", file, "--station", "YY.AMAT", "-o", "c.png"))


def test_an_event_without_records_is_named_when_it_is_to_be_drawn(run, tmp_path):
    """One that was left out is in the file's catalogue all the same."""
    import obspy

    import seissynth

    inventory, event = seissynth.read_example()
    bare = event.copy()
    bare.resource_id, bare.magnitudes, bare.preferred_magnitude_id = "smi:local/bare", [], None
    obspy.core.event.Catalog([event, bare]).write(str(tmp_path / "two.xml"), format="QUAKEML")
    inventory.write(str(tmp_path / "stations.xml"), format="STATIONXML")
    assert run("generate", "-i", "stations.xml", "-e", "two.xml", "-o", "a.h5", "--duration", 40).exit_code == 0
    error = one_line_error(run("plot", "a.h5", "--event", 1, "-o", "a.png"))
    assert "no record of event 1, realisation 0" in error and "None" not in error


def test_fields_in_the_name_of_a_file_that_holds_all_are_refused(run, tmp_path):
    for name in ("out_{event}.h5", "{station}.asdf", "r{realization:03d}.h5"):
        assert "holds all records" in one_line_error(run("generate", "--example", "-o", name))
    assert not list(tmp_path.iterdir())
    assert run("generate", "--example", "-o", "{0}.h5", "--duration", 40).exit_code == 0


def test_plot_names_the_picture_after_the_file(run, inputs, tmp_path):
    assert run("generate", *inputs, "-o", "a.h5", "-q").exit_code == 0
    result = run("plot", "a.h5", "--kind", "response-spectra")
    assert result.exit_code == 0 and "a_response_spectra.png written" in result.stderr
    assert (tmp_path / "a_response_spectra.png").read_bytes()[:4] == b"\x89PNG"


def test_no_channel_that_matches_is_said_once(run):
    result = run("generate", "--example", "--channel", "BH?", "-o", "a.h5")
    assert result.exit_code == 1 and "warning" not in result.stderr and result.stderr.count("XX.AMAT has no") == 1


def test_many_options_are_not_listed_in_a_message(run):
    said = one_line_error(run("generate", "--example", "--set", "stress_drop=100", "-o", "a.h5"))
    assert "did you mean 'stress_drop_bar'? help(seissynth.get_backend('stochastic')) describes its" in said
    assert len(said) < 200


def test_backends(run):
    result = run("backends")
    assert result.exit_code == 0 and "stochastic" in result.stdout
    found = json.loads(run("backends", "--check", "--json").stdout)
    one = next(item for item in found if item["name"] == "stochastic")
    assert one["status"] == "ok" and one["quantity"] in ("acceleration", "velocity", "displacement")
    assert "ok" in run("backends", "--check").stdout


def test_a_broken_backend_is_exit_code_1(run, monkeypatch):
    from seissynth.backends import registry
    from seissynth.backends.registry import BackendInfo, BackendTable

    broken = BackendInfo("bad", "dist", "1", "dist.bad:Bad", status="broken", cause="ImportError: [no] module")
    monkeypatch.setattr(registry, "list_backends", lambda check=False: BackendTable([broken]))
    result = run("backends", "--check")
    assert result.exit_code == 1 and "[no]" in result.stdout


def test_explain(run, inputs):
    assert run("generate", *inputs, "-o", "a.h5", "-q").exit_code == 0
    result = run("explain", "a.h5")
    assert result.exit_code == 0 and "AMAT" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80 and "--all" in result.stdout
    everything = run("explain", "a.h5", "--all").stdout
    assert "corner_frequency" in everything and "corner_frequency" not in result.stdout
    assert len(json.loads(run("explain", "a.h5", "--json").stdout)[0]) > 30


def test_version_and_help(run):
    assert run("--version").stdout.strip() == f"seissynth {seissynth.__version__}"
    for words in ((), ("generate",), ("backends",), ("reproduce",), ("plot",), ("explain",)):
        result = run(*words, "--help")
        assert result.exit_code == 0 and ("For example:" in result.stdout or not words)


def test_the_package_itself_imports_no_typer_and_no_rich():
    code = "import sys, seissynth, seissynth.cli; assert not {'typer', 'rich', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_option_from_a_file(run, inputs, tmp_path):
    preset = {"based_on": "stable", "constants": {"kappa0_s": 0.05}}
    (tmp_path / "valley.json").write_text(json.dumps(preset), encoding="utf-8")
    assert run("generate", *inputs, "-o", "a.h5", "-q", "--set", "preset=@valley.json").exit_code == 0
    assert read_asdf(tmp_path / "a.h5").stream[0].stats.seissynth.truth.kappa0_s == 0.05
    wrong = run("generate", *inputs, "-o", "b.h5", "--set", "preset=@none.json")
    assert wrong.exit_code == 2 and "no JSON file" in wrong.stderr
