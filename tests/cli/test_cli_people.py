"""The command line as a person sees it: 80 columns, progress, what to do next, and files of other programs."""

import re
import shlex
import subprocess
import sys

import numpy as np
import obspy
import pytest

import seissynth
from seissynth.io.asdf import read_asdf


@pytest.fixture(scope="module")
def files(app, tmp_path_factory):
    """Folder with the records of the example in each format."""
    folder = tmp_path_factory.mktemp("files")
    stream = seissynth.generate(*seissynth.read_example(), seed=3)
    inventory, event = seissynth.read_example()
    seissynth.write(folder / "a.h5", stream, event=event, inventory=inventory)
    seissynth.write(folder / "a.mseed", stream)
    (folder / "sac").mkdir()
    seissynth.write(folder / "sac" / "{station}.{channel}.sac", stream)
    return folder


# --- what generate says


def test_generate_ends_with_peak_length_seed_and_a_command_that_works(run, tmp_path):
    result = run("generate", "--example", "-o", "my records.h5", "--duration", 40, "--seed", 7)
    assert result.exit_code == 0
    traces = read_asdf(tmp_path / "my records.h5").stream
    largest = max(traces, key=lambda trace: abs(trace.data).max())
    line = result.stderr.splitlines()[1]
    assert f"{abs(largest.data).max():.3g} m/s at {largest.id}" in line and "40 s; seed 7" in line
    distance = largest.stats.seissynth.conditions.path_ep_distance_km
    assert f"{distance:.0f} km away" in line
    commands = [shlex.split(line.replace("next:", "")) for line in result.stderr.splitlines()[2:]]
    for words in commands:
        assert words[0] == "seissynth" and run(*words[1:]).exit_code == 0, words
    assert [words[1] for words in commands] == ["plot", "explain"]


@pytest.mark.parametrize("output", ["a.mseed", "{station}.{channel}.sac"])
def test_the_command_to_try_next_works_for_other_formats(run, tmp_path, output):
    result = run("generate", "--example", "-o", output)
    [line] = [line for line in result.stderr.splitlines() if line.startswith("next: ")]
    words = shlex.split(line.removeprefix("next: "))
    assert run(*words[1:]).exit_code == 0 and (tmp_path / words[-1]).is_file()
    assert "An .h5 file would also keep" in result.stderr


def test_progress_counts_records_of_all_realisations():
    inventory, event = seissynth.read_example()
    seen = []
    plain = seissynth.generate(inventory, event, realizations=3, seed=2)
    shown = seissynth.generate(
        inventory, event, realizations=3, seed=2, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (21, 21) and len(seen) >= 3 and [done for done, _ in seen] == sorted({done for done, _ in seen})
    for one, two in zip(plain, shown, strict=True):
        assert [t.data.tobytes() for t in one] == [t.data.tobytes() for t in two]
        assert one[0].stats.seissynth.arguments == two[0].stats.seissynth.arguments
    seen.clear()
    for _ in seissynth.iter_generate(inventory, [event, event], progress=lambda *step: seen.append(step)):
        assert seen[-1] == (7, 7)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_bar_shows_share_count_and_time_left(tmp_path):
    """In a pseudo terminal, since there is no bar elsewhere."""
    import os

    leader, follower = os.openpty()
    command = [sys.executable, "-c", "from seissynth.cli import main; main()", "generate", "--example", "-n", "6"]
    environment = dict(os.environ, COLUMNS="80", TERM="xterm")
    process = subprocess.Popen([*command, "-o", "a.h5"], stderr=follower, cwd=tmp_path, env=environment)
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(leader)
    assert process.wait() == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode())
    lines = [line for line in re.split(r"[\r\n]", shown) if "/42 records" in line]
    counts = [(int(line.split("%")[0].split()[-1]), int(re.search(r"(\d+)/42", line)[1])) for line in lines]
    # how many states of the bar are seen depends on the machine: it is drawn ten times a second
    assert counts == sorted(counts) and counts[-1] == (100, 42)
    assert all(share == int(100 * count / 42) or share == round(100 * count / 42) for share, count in counts)
    assert all("left" in line and len(line) <= 80 for line in lines)
    assert "126 traces of 1 event written" in shown


# --- help


COMMANDS = ["generate", "plot", "explain", "reproduce", "backends", "evaluate", "train"]
COMMANDS += [f"dataset {name}" for name in ("make", "cut", "convert", "recipe")]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_breaks_no_choice_at_80_columns(run, command):
    text = run(*command.split(), "--help", env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    assert max(map(len, text.splitlines())) <= 80
    opened = [line for line in text.splitlines() if re.search(r"<[a-z_]+\|[^>]*$", line)]
    assert not opened


@pytest.mark.parametrize(("command", "most"), [("dataset make", 16), ("generate", 16), ("evaluate", 12), ("train", 12)])
def test_long_helps_are_grouped(run, command, most):
    text = run(*command.split(), "--help", env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    panels = text.split("╭─")[1:]
    assert len(panels) >= 3
    assert all(len(re.findall(r"^│ [* ]?\s*--", panel, re.M)) <= most for panel in panels)


# --- files of other programs


@pytest.mark.parametrize("kind", ["traces", "spectra", "smoothed-spectra", "spectrogram"])
@pytest.mark.parametrize("name", ["a.mseed", "sac/*.sac"])
def test_plot_reads_miniseed_and_sac(run, files, tmp_path, name, kind):
    result = run("plot", files / name, "-o", "a.png", "--kind", kind, "--station", "AMAT")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_plot_says_what_a_file_lacks_and_how_to_get_it(run, files, tmp_path):
    def error(*words):
        result = run("plot", *words, "-o", "a.png")
        assert result.exit_code == 1 and len(result.stderr.splitlines()) == 1, result.output
        assert not (tmp_path / "a.png").exists()
        return result.stderr

    text = error(files / "a.mseed", "--kind", "map")
    assert "a map needs the coordinates" in text and "seissynth generate -o NAME.h5" in text
    assert "a section needs distances" in error(files / "a.mseed", "--kind", "section")
    assert "add --quantity VEL" in error(files / "a.mseed", "--kind", "response-spectra")
    assert "which event and realisation" in error(files / "a.mseed", "--event", 1)
    assert "not among AMAT, BORE" in error(files / "a.mseed", "--station", "NONE")
    assert "no such file" in error("none.mseed")
    (tmp_path / "text.mseed").write_text("no")
    assert "neither an .h5 file nor one that ObsPy reads" in error("text.mseed")
    stream = obspy.read(str(files / "a.mseed"))[:1]
    later = stream[0].copy()
    later.stats.starttime += 1000
    obspy.Stream([stream[0], later]).write("gap.mseed", format="MSEED")
    assert "several traces of" in error("gap.mseed")
    assert "holds velocity" in error(files / "a.h5", "--quantity", "ACC")


def test_plot_draws_what_the_options_make_possible(run, files):
    assert run("plot", files / "sac" / "*.sac", "-o", "a.png", "--kind", "section").exit_code == 0
    assert run("plot", files / "sac" / "*.sac", "-o", "b.png", "--kind", "response-spectra").exit_code == 0
    words = ("plot", files / "a.mseed", "--station", "AMAT")
    assert run(*words, "-o", "c.png", "--kind", "response-spectra", "--quantity", "vel").exit_code == 0
    assert run(*words, "-o", "d.png", "--same-time").exit_code == 0


# --- data sets


def test_progress_of_a_set_moves_inside_a_block(tmp_path):
    inventory, event = seissynth.read_example()
    catalog = [event.copy() for _ in range(40)]
    for number, one in enumerate(catalog):
        one.resource_id = f"smi:local/{number}"
        one.preferred_origin().time += 1000 * number
    seen = []
    seissynth.make_dataset(
        tmp_path / "made", inventory, catalog, duration=40.0, variability=False, block_records=10_000,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen[-1] == (1, 1) and {total for _, total in seen} == {1}
    inside = [done for done, _ in seen[:-1]]
    assert np.allclose(inside, np.array([128, 256]) / 280) and sorted(inside) == inside


def test_dataset_make_says_what_to_do_next(run, tmp_path):
    words = ("dataset", "make", "--example", "--draw", 2, "--around", "XX.AMAT", "-o", "made", "--duration", 20)
    dry = run(*words, "--dry-run")
    assert "next: the same command without --dry-run" in dry.stderr
    done = run(*words)
    assert "next: seissynth train" in done.stderr and "Dataset('made')" in done.stderr
