"""The published encoding of an earthquake and a station."""

import json
import math

import numpy as np
import pandas
import pytest

from seissynth.errors import InputError
from seissynth.representations import ConditionStatistics, ConditionVector

COLUMNS = {
    "station_latitude_deg": [35.0, 34.0], "station_longitude_deg": [-117.0, -118.0],
    "source_latitude_deg": [35.77, 35.77], "source_longitude_deg": [-117.6, -117.6],
    "path_back_azimuth_deg": [327.0, 10.0], "path_ep_distance_km": [100.0, 200.0],
    "source_depth_km": [8.0, 8.0], "source_magnitude": [3.0, 4.5],
    "station_vs_30_mps": [760.0, np.nan], "path_p_travel_s": [17.0, 33.0], "path_s_travel_s": [29.0, 57.0],
}  # fmt: skip
SCEDC = ConditionStatistics.published("SCEDC")


def test_the_vector_of_the_paper():
    """Equations 10 to 12 and the table behind them, written out."""
    got = ConditionVector("paper").encode(COLUMNS, SCEDC)
    for row in range(2):
        expected = []
        for place in ("station", "source"):
            a = (COLUMNS[f"{place}_latitude_deg"][row] - 32.0) / (37.9 - 32.0)
            b = (COLUMNS[f"{place}_longitude_deg"][row] + 121.0) / (-114.1 + 121.0)
            expected += [math.cos(a) * math.cos(b), math.sin(a) * math.cos(b), math.sin(b)]
        azimuth = math.radians(COLUMNS["path_back_azimuth_deg"][row])
        expected += [math.cos(azimuth), math.sin(azimuth)]
        expected.append((COLUMNS["path_ep_distance_km"][row] - 125.542401) / 55.810322)
        expected.append((8.0 - 8.564146) / 4.658161)
        expected.append((COLUMNS["source_magnitude"][row] - 2.0) / 6.4)
        np.testing.assert_allclose(got[row], expected, rtol=1e-5)
    assert got.shape == (2, 11) == (2, ConditionVector().size) and got.dtype == np.float32


def test_the_sphere_is_the_unit_vector_of_the_place():
    got = ConditionVector("sphere").encode(COLUMNS, SCEDC)
    for columns in (slice(0, 3), slice(3, 6)):
        np.testing.assert_allclose(np.linalg.norm(got[:, columns], axis=1), 1, rtol=1e-6)
    # the chord between station and epicentre is that of their distance
    chord = 2 * 6371 * np.arcsin(np.linalg.norm(got[:, :3] - got[:, 3:6], axis=1) / 2)
    np.testing.assert_allclose(chord, [101.4, 200.0], rtol=0.005)
    np.testing.assert_allclose(got[:, 6:], ConditionVector("paper").encode(COLUMNS, SCEDC)[:, 6:])


def test_region_coordinates_tell_places_apart():
    """The same unit vectors moved and scaled: distances keep their ratios, and are of order one."""
    sphere, region = (ConditionVector(name).encode(COLUMNS, SCEDC).astype(float) for name in ("sphere", "region"))
    ratio = np.linalg.norm(region[:, :3] - region[:, 3:6], axis=1) / np.linalg.norm(
        sphere[:, :3] - sphere[:, 3:6], axis=1
    )
    np.testing.assert_allclose(ratio, 2 / np.deg2rad(6.9), rtol=1e-3)
    assert abs(region[:, :6]).max() < 1.5


def test_statistics_of_a_training_set():
    statistics = ConditionStatistics.fit(COLUMNS, ("vs30", "onsets"))
    assert statistics.latitude_deg == (34.0, 35.77) and statistics.longitude_deg == (-118.0, -117.0)
    assert statistics.distance_km == (150.0, 50.0)
    assert statistics.depth_km == (8.0, 1.0)  # all alike
    assert statistics.magnitude == (3.0, 1.5)
    assert statistics.extras["path_p_travel_s"] == (25.0, 8.0)
    assert statistics.extras["station_vs_30_mps"] == (math.log(760.0), 1.0)
    assert ConditionStatistics.from_dict(json.loads(json.dumps(statistics.to_dict()))) == statistics


def test_columns_beyond_the_paper():
    vector = ConditionVector("paper", ("vs30", "onsets"))
    got = vector.encode(pandas.DataFrame(COLUMNS), ConditionStatistics.fit(COLUMNS, vector.extras))
    assert got.shape == (2, 16)
    assert vector.names[11:] == ("station_vs_30_mps", "vs30_known", "path_p_travel_s", "path_s_travel_s",
                                 "onsets_known")  # fmt: skip
    assert got[:, 11].tolist() == [0.0, 0.0] and got[:, 12].tolist() == [1.0, 0.0]
    assert got[:, 13].tolist() == [-1.0, 1.0] and got[:, 15].tolist() == [1.0, 1.0]
    assert set(vector.columns) <= set(COLUMNS)


def test_an_unknown_mechanism_is_marked():
    names = [f"source_mt_{axes}" for axes in ("rr", "tt", "pp", "rt", "rp", "tp")]
    columns = COLUMNS | {name: [0.1 * i, np.nan] for i, name in enumerate(names)}
    vector = ConditionVector(extras=("mechanism",))
    got = vector.encode(columns, ConditionStatistics.fit(columns, vector.extras))
    assert got.shape == (2, 18) and got[:, -1].tolist() == [1, 0] and (got[1, 11:17] == 0).all()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"source_magnitude": None}, "lack the column 'source_magnitude'"),
        ({"source_depth_km": [np.nan, 1.0]}, "source_depth_km of row 0 is nan"),
        ({"source_depth_km": [1.0]}, "one length"),
        ({"source_depth_km": [[1.0], [2.0]]}, "shape"),
    ],
)
def test_columns_that_cannot_be(change, word):
    columns = {name: value for name, value in (COLUMNS | change).items() if value is not None}
    with pytest.raises(InputError, match=word):
        ConditionVector().encode(columns, SCEDC)


def test_names_that_cannot_be():
    with pytest.raises(InputError, match="encoding"):
        ConditionVector("polar")
    with pytest.raises(InputError, match="extras"):
        ConditionVector(extras=("vs30", "vs30"))
    with pytest.raises(InputError, match="SCEDC, KMA"):
        ConditionStatistics.published("NIED")
    with pytest.raises(InputError, match="station_vs_30_mps"):
        ConditionVector(extras=("vs30",)).encode(COLUMNS, SCEDC)
    with pytest.raises(InputError, match="no rows"):
        ConditionStatistics.fit({name: [] for name in COLUMNS})
    with pytest.raises(InputError, match="format"):
        ConditionStatistics.from_dict({"format": 2})
