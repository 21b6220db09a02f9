"""Cards: what they may state, and how they refuse the rest."""

import math
from dataclasses import replace

import numpy as np
import pytest

from seissynth.backends.base import Card
from seissynth.errors import CardError, InputError
from seissynth.testing.check import Ricker

GOOD = Ricker.card


def test_a_good_card_stays_as_it_is():
    full = replace(
        GOOD, name="my-own_backend.2", magnitude_range=(3, 3.0), distance_range_km=(0, np.float64(100)),
        depth_range_km=(-5.0, 30.0), sampling_rates_hz=(50, 100.0), max_duration_s=60, references=("10.1785/1",),
        trained_region="L'Aquila, Abruzzo (Italy)", summary="Été: P and S",
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
