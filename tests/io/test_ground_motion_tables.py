"""Flat files of observed ground motion: kinds, units, mapping files, and what is refused."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from seissynth.errors import FileFormatError, InputError
from seissynth.io.flatfile_layouts import LAYOUTS, read_mapping
from seissynth.io.ground_motion_tables import read_ground_motion

G = 9.80665
CUT = Path(__file__).parent / "flatfiles" / "ridgecrest_usgs_cut.csv"
USGS = {
    "EarthquakeId": "ci1", "EarthquakeLatitude": 35.7, "EarthquakeLongitude": -117.5, "EarthquakeDepth": 8.0,
    "EarthquakeMagnitude": 4.5, "EarthquakeMagnitudeType": "mw", "Network": "CI", "StationCode": "CLC",
    "StationLatitude": 35.8, "StationLongitude": -117.6, "JoynerBooreDistance": 14.3, "Measured_VS30": "",
    "Vs30_mps_CA_map": 480, "Highpass": 0.1, "PGA": 2.0, "PGV": 1.0, "SA(0.010)": 2.1, "SA(0.300)": 4.0,
}  # fmt: skip
ESM = {
    "esm_event_id": "EMSC-1", "ev_latitude": 42.0, "ev_longitude": 19.0, "ev_depth_km": 11, "fm_type_code": "TF",
    "ML": 4.4, "Mw": "", "EMEC_Mw": "", "network_code": "HL", "station_code": "JAN", "st_latitude": 42.2,
    "st_longitude": 19.1, "vs30_m_s": "", "vs30_m_s_WA": 610, "U_hp": 0.1, "V_hp": 0.2, "U_lp": 30, "V_lp": 25,
    "W_pga": -28.0, "rotD50_pga": 100.0, "rotD50_pgv": 4.5, "rotD50_T90": 3.05, "rotD50_T0_010": 101.0,
    "rotD50_T0_300": 143.0, "W_T0_300": 57.2, "rotD50_T10_000": 0.3,
}  # fmt: skip
NGA = {
    "Record Sequence Number": 1, "EQID": 12, "Earthquake Magnitude": 6.0, "Magnitude Type": "Mw",
    "Mechanism Based on Rake Angle": 2, "Strike (deg)": 10, "Dip (deg)": 40, "Rake Angle (deg)": 90,
    "Hypocenter Latitude (deg)": 34.3, "Hypocenter Longitude (deg)": -118.4, "Hypocenter Depth (km)": 13,
    "Station Sequence Number": 77, "Station Latitude": 34.4, "Station Longitude": -118.3,
    "Vs30 (m/s) selected for analysis": 300, "Joyner-Boore Dist. (km)": 9.0, "ClstD (km)": -999,
    "Lowest Usable Freq - Ave. Component (Hz)": 0.125, "PGA (g)": 0.2, "PGV (cm/sec)": 15.0, "T0.010S": 0.21,
    "T0.300S": 0.4,
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Write rows (changes of a first one) as a flat file."""

    def make(first, *changes, mark=",", name="flat.csv"):
        rows = [first, *({**first, **change} for change in changes)]
        lines = [mark.join(first), *(mark.join(str(value) for value in row.values()) for row in rows)]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return make


def test_usgs_is_told_and_is_in_percent_of_g(write):
    table = read_ground_motion(write(USGS, {"StationCode": "LRL", "Measured_VS30": 700}))
    assert (table.layout, table.component) == ("USGS (gmprocess)", "rotd50")
    row = table.rows.iloc[0]
    assert [row["pga"], row["pgv"], row["psa_0.3"]] == pytest.approx([0.02 * G, 0.01, 0.04 * G])
    assert row["site"] == "CI.CLC" and row["path_jb_distance_km"] == 14.3
    assert table.rows["station_vs_30_mps"].tolist() == [480, 700]  # measured, where it is


def test_esm_is_told_and_is_in_cm(write):
    table = read_ground_motion(write(ESM, mark=";"))
    row = table.rows.iloc[0]
    assert table.layout == "ESM"
    assert [row["pga"], row["pgv"], row["psa_10"], row["d5_95_s"]] == pytest.approx([1.0, 0.045, 0.003, 3.05])
    assert [row["vh_pga"], row["vh_psa_0.3"]] == pytest.approx([0.28, 0.4])  # the channel's peak has a sign
    assert (row["source_magnitude"], row["source_magnitude_type"], row["mechanism"]) == (4.4, "ML", "reverse")
    assert (row["high_pass_hz"], row["low_pass_hz"], row["station_vs_30_mps"]) == (0.2, 25, 610)


def test_esm_prefers_mw(write):
    table = read_ground_motion(write(ESM, {"Mw": 4.75, "station_code": "KEK", "esm_event_id": "b"}, mark=";"))
    assert table.rows["source_magnitude_type"].tolist() == ["ML", "Mw"]
    assert table.rows["source_magnitude"].tolist() == [4.4, 4.75]


def test_nga_west2_is_told_and_is_in_g(write):
    row = read_ground_motion(write(NGA)).rows.iloc[0]
    assert [row["pga"], row["pgv"], row["psa_0.3"]] == pytest.approx([0.2 * G, 0.15, 0.4 * G])
    assert np.isnan(row["path_rup_distance_km"])  # -999
    assert (row["mechanism"], row["source_rake_deg"], row["usable_from_hz"], row["site"]) == (
        "reverse",
        90,
        0.125,
        "77",
    )


def test_only_wanted_periods_are_kept(write):
    assert read_ground_motion(write(USGS), periods_s=[0.3]).measures == ("pga", "pgv", "psa_0.3")
    with pytest.raises(InputError, match=r"no PSA at 0\.4 s; it has 0\.01, 0\.3"):
        read_ground_motion(write(USGS), periods_s=[0.4])


def test_compressed_files_are_read(write, tmp_path):
    packed = tmp_path / "flat.csv.gz"
    packed.write_bytes(gzip.compress(write(USGS).read_bytes()))
    assert len(read_ground_motion(packed)) == 1


def test_the_cut_of_ridgecrest():
    table = read_ground_motion(CUT, periods_s=[0.1, 0.3, 1, 3])
    assert len(table) == 78 and table.rows["event_id"].nunique() == 8 and table.rows["site"].nunique() == 10
    [note] = table.notes
    assert "PSA(0.01 s) should equal PGA" in note
    assert CUT.stat().st_size < 60_000


# --- mapping files

COLUMNS = {
    "event_id": "EV", "source_latitude_deg": "elat", "source_longitude_deg": "elon", "source_magnitude": "M",
    "source_depth_km": {"column": "z", "unit": "m"}, "station": "STA", "station_latitude_deg": "slat",
    "station_longitude_deg": "slon", "pga": {"column": "A", "unit": "gal"}, "pgv": {"column": "V", "unit": "mm/s"},
    "psa": {"column": "S{period}", "unit": "m/s²"},
}  # fmt: skip
OTHER = {
    "EV": "a", "elat": 40.0, "elon": 20.0, "z": 8000, "M": 5.0, "STA": "X", "slat": 40.1, "slon": 20.1, "A": 50.0,
    "V": 20.0, "S0.3": 0.9,
}  # fmt: skip


def _mapping(tmp_path, columns=COLUMNS, **more):
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"columns": columns, **more}), encoding="utf-8")
    return path


def test_a_mapping_names_columns_and_units(write, tmp_path):
    mapping = _mapping(tmp_path, component="geometric_mean", missing=[-1])
    table = read_ground_motion(write(OTHER, {"STA": "Y", "A": -1}), mapping)
    assert table.component == "geometric_mean"
    row = table.rows.iloc[0]
    assert [row["pga"], row["pgv"], row["psa_0.3"], row["source_depth_km"]] == pytest.approx([0.5, 0.02, 0.9, 8.0])
    assert np.isnan(table.rows["pga"][1]) and not table.notes


def test_the_depth_of_a_basin_reaches_the_backend(write, tmp_path):
    from seissynth.evaluation.flatfiles.conditions import event_conditions

    mapping = _mapping(tmp_path, {**COLUMNS, "station_z1_km": {"column": "Z1", "unit": "m"}})
    table = read_ground_motion(write({**OTHER, "Z1": 450.0}, {"STA": "Y", "Z1": ""}), mapping)
    depths = event_conditions(table.rows)["station_z1_km"]
    assert depths[0] == pytest.approx(0.45) and np.isnan(depths[1])


def test_a_mapping_may_be_toml(tmp_path):
    path = tmp_path / "mapping.toml"
    lines = [f'{name} = "{column}"' for name, column in COLUMNS.items() if isinstance(column, str)]
    lines += ['source_depth_km = "z"', 'pgv = {column = "V", unit = "cm/s"}']
    path.write_text("\n".join(["[columns]", *lines]))
    assert read_mapping(path).columns["pgv"] == [("V", 0.01)]


@pytest.mark.parametrize(
    ("columns", "more", "words"),
    [
        ({**COLUMNS, "pga": {"column": "A", "unit": "cm/s"}}, {}, "unit 'cm/s' of pga must be one of m/s2"),
        ({**COLUMNS, "pga": "A"}, {}, "unit None of pga"),
        ({**COLUMNS, "pgx": "A"}, {}, "'pgx' is unknown; did you mean 'pg"),
        ({**COLUMNS, "psa": {"column": "S0.3", "unit": "g"}}, {}, "must hold {period} once"),
        ({**COLUMNS, "station": 3}, {}, "must be a column"),
        ({name: COLUMNS[name] for name in COLUMNS if name != "station"}, {}, "names no column for station"),
        ({name: COLUMNS[name] for name in COLUMNS if name not in ("pga", "pgv", "psa")}, {}, "names no measure"),
        (COLUMNS, {"component": "larger"}, "component='larger' must be one of rotd50"),
        (COLUMNS, {"missing": "-999"}, "must be a list of numbers"),
        (COLUMNS, {"colums": {}}, "'colums' is unknown"),
        ([], {}, "'columns' must be a table"),
    ],
)
def test_bad_mappings_say_what_is_wrong(tmp_path, columns, more, words):
    with pytest.raises(FileFormatError, match=words):
        read_mapping(_mapping(tmp_path, columns, **more))


def test_a_mapping_that_is_no_json(tmp_path):
    path = tmp_path / "mapping.json"
    path.write_text("{")
    with pytest.raises(FileFormatError, match="is not JSON"):
        read_mapping(path)
    with pytest.raises(InputError, match="no such file"):
        read_mapping(tmp_path / "none.json")


def test_a_column_that_the_mapping_names_must_be_there(write, tmp_path):
    with pytest.raises(FileFormatError, match="no column 'A', which the mapping gives for pga"):
        read_ground_motion(write({name: OTHER[name] for name in OTHER if name != "A"}), _mapping(tmp_path))


# --- foreign files are hostile


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PGA": "2,0x"}, r"line 3: PGA is '2"),
        ({"PGA": "inf"}, r"line 3: PGA is 'inf'; a finite number"),
        ({"PGA": 1e9}, r"line 3: PGA gives pga = 9\.8\d+e\+07; 0 to 98\.1 .* Correct the value or the unit"),
        ({"EarthquakeLatitude": 135.0}, r"line 3: EarthquakeLatitude gives source_latitude_deg = 135; -90 to 90"),
        ({"EarthquakeMagnitude": 45}, r"source_magnitude = 45; -3 to 10"),
        ({"JoynerBooreDistance": -4}, r"path_jb_distance_km = -4; 0 to 20100"),
    ],
)
def test_values_that_cannot_be_are_refused_with_their_line(write, change, words):
    with pytest.raises(FileFormatError, match=words):
        read_ground_motion(write(USGS, {"StationCode": "LRL", **change}, mark=";"))


def test_unknown_values_and_repeated_rows_are_counted(write):
    rows = [
        {"StationCode": "A", "PGA": -3.0}, {"StationCode": "B", "EarthquakeMagnitude": "nan"}, {"StationCode": "CLC"},
        {"StationCode": "D", "EarthquakeDepth": 9.0}, {"StationCode": "E", "StationLatitude": -999},
    ]  # fmt: skip
    table = read_ground_motion(write(USGS, *rows))
    assert table.rows["station"].tolist() == ["CLC", "A", "D"]
    assert np.isnan(table.rows["pga"][1]) and table.rows["source_depth_km"].tolist() == [8.0, 8.0, 8.0]
    text = " ".join(table.notes)
    assert "1 values: PGA of 0 or less" in text and "2 rows without event" in text
    assert "1 rows repeat event and station" in text and "1 events have more than one source_depth_km" in text


def test_units_that_do_not_fit_each_other_are_refused(write):
    with pytest.raises(FileFormatError, match=r"PGA over PGV is 0\.2 1/s in the median"):
        read_ground_motion(write({**USGS, "PGV": 98.0665}))
    with pytest.raises(FileFormatError, match=r"PSA\(0\.01 s\) is 100 times PGA"):
        read_ground_motion(write({**USGS, "SA(0.010)": 200.0}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first line must name the columns"),
        ("\0\0\0\n", "first line must name the columns"),
        ("one\n1\n", "its first line has one column"),
        ("a,b\n1,2\n", "of no known flat file .ESM, NGA-West2, USGS"),
        ("a,a\n1,2\n", "column 'a' twice"),
        (",".join(USGS) + "\n", "holds no rows"),
        (",".join(USGS) + "\n" + ",".join(["1"] * 40) + "\n", "18 columns and 40 values in line 2"),
        (",".join(USGS) + "\n" + ",".join(["1"] * 18) + '\n"ci1,1\n', "cannot be read as a flat file"),
    ],
)
def test_what_is_no_flat_file_is_refused(tmp_path, text, words):
    path = tmp_path / "flat.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=words):
        read_ground_motion(path)


def test_a_file_that_is_absent_or_packed_wrongly(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_ground_motion(tmp_path / "none.csv")
    path = tmp_path / "flat.csv.gz"
    path.write_bytes(b"not packed")
    with pytest.raises(FileFormatError, match="cannot be read as a flat file"):
        read_ground_motion(path)


def test_a_file_without_end_is_not_read(write, monkeypatch):
    monkeypatch.setattr("seissynth.io.ground_motion_tables.MOST_ROWS", 3)
    with pytest.raises(FileFormatError, match="more than 3 rows"):
        read_ground_motion(write(USGS, *({"StationCode": f"S{k}"} for k in range(4))))


def test_each_layout_knows_what_every_row_needs():
    for layout in LAYOUTS:
        assert {"event_id", "station", "source_magnitude", "pga", "pgv", "psa"} <= set(layout.columns)
        known = {column.lower() for columns in layout.columns.values() for column, _ in columns}
        assert set(layout.signature) <= known
