"""Sets of `make_dataset`, made again from what their folders say."""

import json
import re
import shutil

import h5py
import numpy as np
import pandas
import pytest
from typer.testing import CliRunner

import seissynth
from seissynth.cli import make_app
from seissynth.cli.dataset_make import Form
from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes, Polygon, around_station
from seissynth.errors import FileFormatError, ReproductionError, SeisSynthWarning
from seissynth.io.seisbench.dataset import Dataset
from seissynth.io.seisbench.pack import pack_dataset
from seissynth.reproduction import reproduce

INVENTORY, EVENT = seissynth.read_example()
DRAWN = DrawnEarthquakes(6, around_station(INVENTORY, "XX.AMAT", 60.0), magnitude=(2, 5), seed=4)
TERMS = {"frequencies_hz": [1.0, 10.0], "ln_factors": {"XX.AMAT": [0.3, -0.2]}, "about": {}}
ARGUMENTS = {
    "duration": 12.0, "sampling_rate": 20.0, "noise": "nlnm", "noise_share": 0.2, "overlap_share": 0.3,
    "snr_db": (0, 20), "block_records": 21, "seed": 7,
}  # fmt: skip


def make(folder, earthquakes=DRAWN, **changes):
    return seissynth.make_dataset(folder, INVENTORY, earthquakes, **{**ARGUMENTS, **changes})


@pytest.fixture(scope="module", params=[form.value for form in Form])
def made(request, tmp_path_factory):
    """A set in each format: (folder, format, report)."""
    folder = tmp_path_factory.mktemp(request.param) / "set"
    return folder, request.param, make(folder, format=request.param)


@pytest.fixture
def copy(made, tmp_path):
    """A set that may be changed."""
    shutil.copytree(made[0], tmp_path / "copy")
    return tmp_path / "copy", made[1]


def waveforms(folder, form):
    """The first file of records, opened, and the data sets of its samples."""
    file = h5py.File(folder / ("records_000000.h5" if form == "asdf" else "waveforms_000000.hdf5"), "a")
    found = []
    group = file["Waveforms"] if form == "asdf" else file["data"]
    group.visititems(lambda name, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return file, [item for item in found if "StationXML" not in item.name]


def test_every_format_comes_back(made):
    folder, form, made_report = made
    report = reproduce(folder)
    each = 3 if form == "asdf" else 1
    assert report.equal and report.n_records == each * made_report.records > 20, str(report)
    assert report.worst_difference == 0.0 and not report.differences


def test_one_shard_in_its_folder(made):
    folder, form, _ = made
    name = "records_000001.h5" if form == "asdf" else "waveforms_000001.hdf5"
    one, all_of_them = reproduce(folder / name), reproduce(folder)
    assert one.equal and 0 < one.n_records < all_of_them.n_records


def test_a_changed_sample_is_found(copy):
    folder, form = copy
    file, [first, *_] = waveforms(folder, form)
    with file:
        values = first[()]
        peak = np.abs(values).max() if form == "asdf" else np.abs(values[0]).max()
        at = 40 if form == "asdf" else (0, 1, 40)
        values[at] = np.float32(1.5 * peak)
        first[...] = values
    report = reproduce(folder)
    assert report.n_equal == report.n_records - 1 and 0.3 < report.worst_difference <= 1.7
    assert len(report.differences) == 1


def test_a_changed_label_is_found_and_a_split_may_change(copy):
    folder, _ = copy
    name = folder / "metadata_000000.csv"
    table = pandas.read_csv(name)
    table["split"] = "mine"
    table.to_csv(name, index=False)
    assert reproduce(folder).equal
    table.loc[2, "station_latitude_deg"] += 0.5
    table.to_csv(name, index=False)
    report = reproduce(folder)
    assert not report.equal and "differs in station_latitude_deg" in str(report)


@pytest.mark.parametrize(
    "changes",
    [
        {"conditions": {"station_vs_30_mps": {"XX.AMAT": 400.0}}, "stress_drop_bar": 50.0, "split": None},
        {"station_terms": TERMS, "noise": "auto"},
        {"p_lead_s": None, "start": -2.0, "output": "RAW", "quantize": True},
        {"velocity_model": [(0.0, 5.5, 3.2), (20.0, 6.5, 3.7), (35.0, 8.0, 4.5)], "distance_km": (5.0, 40.0)},
    ],
    ids=["conditions", "terms", "counts", "layers"],
)
def test_arguments_are_read_back(tmp_path, changes):
    make(tmp_path / "set", **changes)
    assert reproduce(tmp_path / "set").equal


def test_a_catalogue_with_depths_between_metres_and_another_area(tmp_path):
    event = EVENT.copy()
    event.preferred_origin().depth = 8123.4567
    make(tmp_path / "set", event, noise_share=0.0, overlap_share=0.0)
    assert reproduce(tmp_path / "set").equal
    area = Polygon([(42.5, 13.0), (42.5, 13.5), (42.9, 13.2)])
    make(tmp_path / "other", DrawnEarthquakes(3, area, depth_km=(2, 5, 9), mechanisms="normal"), format="asdf")
    assert reproduce(tmp_path / "other").equal


def test_what_a_set_does_not_hold(tmp_path, made):
    noise = seissynth.generate(INVENTORY, EVENT, duration=120.0, start=-60.0, sampling_rate=20.0)
    make(tmp_path / "set", noise=noise, output="VEL")
    with pytest.raises(ReproductionError, match=r"noise was real.*another folder"):
        reproduce(tmp_path / "set")
    moved = tmp_path / "moved.h5"
    if made[1] == "asdf":
        for name in ("records_000000.h5", "noise_000000.h5"):
            shutil.copy(made[0] / name, moved)
            with pytest.raises(ReproductionError, match=r"part of a set of make_dataset.*Reproduce the folder"):
                reproduce(moved)
    else:
        pack_dataset(made[0], tmp_path / "packed")
        with pytest.raises(ReproductionError, match="packed copy"):
            reproduce(tmp_path / "packed")
    with pytest.raises(ReproductionError, match=r"no dataset\.json"):
        reproduce(tmp_path)


def test_a_folder_that_was_changed(copy, tmp_path):
    folder, _ = copy
    file = folder / "dataset.json"
    whole = json.loads(file.read_text())
    file.write_text(json.dumps({**whole, "complete": False}))
    with pytest.raises(ReproductionError, match="not finished"):
        reproduce(folder)
    file.write_text("[]")
    with pytest.raises(FileFormatError, match="cannot be read"):
        reproduce(folder)
    file.write_text(json.dumps({name: value for name, value in whole.items() if name != "files"}))
    with pytest.raises(FileFormatError, match="names no files"):
        reproduce(folder)
    file.write_text(json.dumps({**whole, "files": {**whole["files"], "notes.txt": {}}}))
    with pytest.raises(FileFormatError, match=r"'notes\.txt', which is no name of a shard"):
        reproduce(folder)
    # a path in a foreign file could be anything, and is not opened
    file.write_text(json.dumps({**whole, "arguments": {**whole["arguments"], "noise": str(folder)}}))
    with pytest.raises(FileFormatError, match="is not one of auto, n"):
        reproduce(folder)
    file.write_text(json.dumps({**whole, "weights_hash": "of others"}))
    with pytest.warns(SeisSynthWarning, match="other weights"):
        assert reproduce(folder).equal
    file.write_text(json.dumps(whole))
    stations = folder / "inventory.xml"
    text, changes = re.subn(
        r"<Latitude([^>]*)>(-?\d+)", lambda m: f"<Latitude{m[1]}>{int(m[2]) + 1}", stations.read_text()
    )
    assert changes
    stations.write_text(text)
    with pytest.warns(SeisSynthWarning, match=r"inventory\.xml is not, to the last digit, what the set was made of"):
        assert not reproduce(folder).equal
    (folder / "inventory.xml").unlink()
    with pytest.raises(ReproductionError, match=r"inventory\.xml is missing"):
        reproduce(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00" * 50], ids=["empty", "no text"])
def test_a_damaged_table_is_named(copy, content):
    folder, _ = copy
    (folder / "metadata_000001.csv").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"metadata_000001\.csv is not a table"):
        reproduce(folder)


def test_a_set_in_asdf_is_named_where_another_is_wanted(made):
    if made[1] == "asdf":
        with pytest.raises(FileFormatError, match=r"is a set in ASDF; convert it .*dataset convert"):
            Dataset(made[0])
    else:
        assert len(Dataset(made[0])) > 0


def test_on_the_command_line(made):
    result = CliRunner().invoke(make_app(), ["reproduce", str(made[0])])
    assert result.exit_code == 0 and "records equal, bit for bit" in result.stdout, result.output


def test_shards_in_asdf_are_explained(tmp_path):
    """What a set does not keep, the truth of the backend, is absent from the table; noise is of no event."""
    make(tmp_path / "set", EVENT, format="asdf", noise_share=0.3, overlap_share=0.0, duration=40.0)
    records = seissynth.read_asdf(tmp_path / "set" / "records_000000.h5").stream
    noise = seissynth.read_asdf(tmp_path / "set" / "noise_000000.h5").stream
    table = seissynth.explain(records)
    assert len(table) == len(records) // 3 and (table["source_magnitude"] == 5.2).all() and "p_s" in str(table)
    assert len(seissynth.explain(noise)) == len(noise) // 3
    assert len(seissynth.picks(noise)) == 0 and len(seissynth.picks(records)[0].picks) >= len(table)
    result = CliRunner().invoke(make_app(), ["explain", str(tmp_path / "set")])
    assert result.exit_code == 1 and "it is a folder" in result.stderr
