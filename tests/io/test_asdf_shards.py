"""Sets that `make_dataset` writes as ASDF, brought into SeisBench's format: the whole table, unit and quantity."""

import numpy as np
import pytest

import seissynth
from seissynth.errors import FileFormatError
from seissynth.io.asdf import write_asdf
from seissynth.io.asdf_sets import asdf_to_seisbench, read_asdf_records
from seissynth.io.seisbench import Dataset

INVENTORY, EVENT = seissynth.read_example()


def test_a_converted_set_is_the_one_made_in_that_format(tmp_path):
    """The labels, splits and noise rows of both are the same; until now they were lost, and the unit with them."""
    options = {"duration": 20.0, "noise": "nlnm", "noise_share": 0.4, "overlap_share": 0.5, "output": "ACC", "seed": 3}
    for form in ("asdf", "seisbench"):
        seissynth.make_dataset(tmp_path / form, INVENTORY, EVENT, format=form, **options)
    assert asdf_to_seisbench(tmp_path / "asdf", tmp_path / "back") == len(Dataset(tmp_path / "seisbench"))
    one, two = Dataset(tmp_path / "seisbench"), Dataset(tmp_path / "back")
    assert (two.unit, two.data_format["measurement"]) == (one.unit, one.data_format["measurement"]) == (
        "m/s**2", "acceleration",
    )  # fmt: skip
    key = ["station_code", "trace_channel", "trace_start_time"]
    tables = [data.metadata.sort_values(key) for data in (one, two)]
    own = ("trace_name", "trace_chunk")
    for name in [name for name in tables[0] if name not in own]:
        kept, found = (table[name].to_numpy() for table in tables)
        assert np.array_equal(kept, found, equal_nan=kept.dtype.kind == "f"), name
    samples = [data.waveforms()[table.index] for data, table in zip((one, two), tables, strict=True)]
    peaks = np.abs(samples[0]).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(samples[1] / peaks, samples[0] / peaks, atol=2e-5)  # rotated from the channels' axes
    assert (tables[1]["trace_category"] == "noise").sum() > 0


def test_a_file_without_the_table_beside_it_gives_what_it_holds(tmp_path):
    seissynth.make_dataset(tmp_path / "set", INVENTORY, EVENT, format="asdf", duration=20.0)
    file = tmp_path / "set" / "records_000000.h5"
    for table, wanted in ((True, True), (False, False)):
        assert {"split" in row for row, _ in read_asdf_records(file, table=table)} == {wanted}
    (tmp_path / "set" / "metadata_000000.csv").unlink()
    rows = [row for row, _ in read_asdf_records(file)]
    assert len(rows) == 7 and not any("split" in row for row in rows)


def test_files_of_two_quantities_are_not_one_set(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for number, output in enumerate(("VEL", "ACC")):
        stream = seissynth.generate(INVENTORY, EVENT, duration=40.0, output=output)
        write_asdf(folder / f"{number}.h5", stream, EVENT, INVENTORY)
    with pytest.raises(FileFormatError, match="hold velocity and acceleration; convert each by itself"):
        asdf_to_seisbench(folder, tmp_path / "set")
    assert asdf_to_seisbench(folder, tmp_path / "other", unit="mixed", quantity="mixed") == 14
    assert asdf_to_seisbench(folder / "1.h5", tmp_path / "one") == 7 and Dataset(tmp_path / "one").unit == "m/s**2"
