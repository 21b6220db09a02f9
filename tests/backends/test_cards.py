"""Cards: what they may state, and how they refuse the rest."""

import math
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.core.event import Event, Magnitude, Origin
from obspy.core.inventory import Inventory, Network, Station
from obspy.geodetics import gps2dist_azimuth

import seissynth
from seissynth.backends.base import Card
from seissynth.backends.trained_area import distance_to_area_km
from seissynth.errors import CardError, InputError
from seissynth.testing.check import Ricker

GOOD = Ricker.card


def test_a_good_card_stays_as_it_is():
    full = replace(
        GOOD, name="my-own_backend.2", magnitude_range=(3, 3.0), distance_range_km=(0, np.float64(100)),
        depth_range_km=(-5.0, 30.0), sampling_rates_hz=(50, 100.0), max_duration_s=60, references=("10.1785/1",),
        trained_region="L'Aquila, Abruzzo (Italy)", summary="Été: P and S", trained_area_deg=(42.0, 42.5, 13.0, 13.8),
    )  # fmt: skip
    assert full.name == "my-own_backend.2" and full.sampling_rates_hz == (50, 100.0)


NOT_NUMBERS = (math.nan, math.inf, -math.inf, "3", None, True)
BAD = [
    *(
        ("name", value)
        for value in ("", " ", "a b", "a/b", "a\\b", "a\nb", "../a", ".a", "-a", "é", "a" * 65, "a:b", "a=b", 3, None)
    ),
    *(("summary", value) for value in ("", "  ", "two\nlines", "a\rb", "tab\tb", "\x1b[31mred", 3, None)),
    *((key, value) for key in ("licence_code", "licence_weights", "trained_region") for value in ("a\nb", None, 1)),
    *(("references", value) for value in ("10.1785/1", ("a\nb",), (1,), None)),
    *(("sampling_rates_hz", value) for value in ((0,), (0.0, 100.0), (-1,), 100.0, None, *((x,) for x in NOT_NUMBERS))),
    *(("window_lead_s", value) for value in (-1, math.nan, math.inf, "5", True)),
    *(("max_duration_s", value) for value in (0, -1, math.nan, math.inf, "60", True)),
    *(
        (key, value)
        for key in ("magnitude_range", "distance_range_km", "depth_range_km")
        for value in (
            (7, 3),
            (1,),
            (1, 2, 3),
            5.0,
            "12",
            *((x, 5) for x in NOT_NUMBERS),
            *((1, x) for x in NOT_NUMBERS),
        )
    ),
    ("distance_range_km", (-1.0, 100.0)),
    *(
        ("trained_area_deg", value)
        for value in ((35, 36, -118), (36, 35, -118, -117), (35, 91, 0, 1), (0, 1, 0, 361), (0, 1, 0, math.nan), "35")
    ),
    *(("component_order", value) for value in ("ZN", "ZNN", "ABC", None, 3, ["Z", "N", "E"])),
    *(("quantity", value) for value in ("speed", None, ["velocity"])),
    *(("capabilities", value) for value in ({"onset"}, "onsets", None, {1}, [["onsets"]])),
    *(("required_columns", value) for value in (("magnitude",), "source_magnitude", None)),
    *((key, value) for key in ("ensemble_options", "packages") for value in (None, ["a"], "a")),
    ("distance_kind", "rupture"),
]


@pytest.mark.parametrize(("key", "value"), BAD, ids=lambda value: repr(value)[:40])
def test_a_card_refuses_what_cannot_be(key, value):
    words = "name" if key == "name" else "columns" if key == "required_columns" and isinstance(value, tuple) else key
    words = "component_order" if key == "component_order" else words.split("[")[0]
    with pytest.raises(CardError) as caught:
        replace(GOOD, **{key: value})
    text = str(caught.value)
    assert text.startswith("card of backend ") and words in text and "\n" not in text
    assert isinstance(caught.value, TypeError) and isinstance(caught.value, ValueError)


def test_weights_of_a_backend_without_any_are_refused(tmp_path):
    import seissynth

    inventory, event = seissynth.read_example()
    for backend in ("stochastic", Ricker, Ricker(weights="w.safetensors")):
        given = {} if isinstance(backend, Ricker) else {"weights": "w.safetensors"}
        with pytest.raises(InputError, match=r"weights='w.safetensors' were given, and it takes none"):
            seissynth.generate(inventory, event, backend=backend, duration=10, **given)
    with pytest.raises(InputError, match="takes none"):
        seissynth.make_dataset(tmp_path / "set", inventory, event, weights="w.safetensors")
    time = event.preferred_origin().time
    with pytest.raises(InputError, match="takes none"):
        seissynth.continuous([event], inventory, time, time + 60, weights="w.safetensors")

    class Learned(Ricker):
        weights_hash = "abc"

    assert len(seissynth.generate(inventory, event, backend=Learned, weights="w", duration=60.0))


def test_cards_of_two_calls_share_no_options():
    class Keeps(Ricker):
        card = Card("keeps", "Keeps", "velocity", "ZNE", ensemble_options={"table": {"a": 1}})

        def __init__(self, *, table=None, **common):
            super().__init__(**common)
            if table is not None:
                table["a"] = 2

    from seissynth.backends.registry import resolve_backend

    resolve_backend(Keeps, ensemble=True)
    assert Keeps.card.ensemble_options == {"table": {"a": 1}}


def test_distance_to_an_area_is_that_to_its_nearest_point():
    area = (35.0, 36.5, -118.0, -117.0)
    latitude, longitude = np.array([35.5, 38.0, 34.0, 36.0]), np.array([-117.5, -117.2, -117.9, -119.5])
    found = distance_to_area_km(area, latitude, longitude)
    nearest = [(35.5, -117.5), (36.5, -117.2), (35.0, -117.9), (36.0, -118.0)]
    expected = [
        gps2dist_azimuth(*place, *near)[0] / 1000
        for place, near in zip(zip(latitude, longitude, strict=True), nearest, strict=True)
    ]
    assert found == pytest.approx(expected, rel=0.01)
    # the same place on both sides of longitude 180
    across = (-20.0, -10.0, 175.0, -175.0)
    assert distance_to_area_km(across, [-15, -15, -15], [179.0, -179.0, -175.0]).tolist() == [0, 0, 0]
    assert distance_to_area_km(across, [-15, -15], [-170.0, 190.0]) == pytest.approx(537.0, rel=1e-3)
    assert np.isnan(distance_to_area_km(area, np.nan, np.nan))


class Local(Ricker):
    """Trained in one place."""

    card = replace(Ricker.card, trained_area_deg=(35.0, 36.0, -118.0, -117.0))


@pytest.mark.parametrize(
    ("latitude", "longitude", "far"), [(35.5, -117.2, None), (36.7, -117.2, None), (42.0, 13.0, r"99\d\d km")]
)
def test_an_earthquake_far_from_the_training_data_is_warned_of(latitude, longitude, far):
    event = Event(
        origins=[Origin(time=UTCDateTime(2020, 1, 1), latitude=latitude, longitude=longitude, depth=8e3)],
        magnitudes=[Magnitude(mag=4.0, magnitude_type="Mw")],
    )
    station = Inventory([Network("XX", [Station("A", latitude + 0.2, longitude, 0.0)])])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seissynth.generate(station, event, backend=Local())
        seissynth.generate(station, event, backend=Local(), outside="allow")
    found = [str(one.message) for one in caught if "trained" in str(one.message)]
    assert len(found) == (far is not None)
    if far:
        assert re.search(f"the earthquake is {far} from where these weights were trained", found[0])
        assert "35.00 to 36.00 N, -118.00 to -117.00 E" in found[0]
    assert "trained within" in str(Local.card)
