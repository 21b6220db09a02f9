"""Bounds: what a number may be, and that every way in refuses the same."""

import math

import numpy as np
import pytest
from typer.testing import CliRunner

import seissynth
from seissynth.cli import make_app
from seissynth.errors import InputError
from seissynth.record_windows import WindowGroup, check_memory
from seissynth.schema import COLUMNS
from seissynth.shared.bounds import BOUNDS, Bound, within


def test_what_a_bound_holds():
    length = Bound(0, 10, "s", above=True)
    assert all(length.holds(value) for value in (1e-300, 5, 10, np.float32(3), np.int64(7)))
    wrong = (0, -1, 10.001, math.nan, math.inf, -math.inf, True, "5", None, 1j, 10**400, np.nan, [5])
    assert not any(length.holds(value) for value in wrong)
    count = Bound(1, 3, whole=True)
    assert count.holds(1) and count.holds(np.int8(3)) and not any(count.holds(x) for x in (0, 4, 2.0, True, 10**400))
    assert str(length) == "a number of s above 0, at most 10" and str(count) == "a whole number from 1 to 3"


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_the_table_is_sound(name):
    bound = BOUNDS[name]
    assert math.isfinite(bound.low) and math.isfinite(bound.high) and bound.low < bound.high
    assert bound.holds(bound.high) and bound.holds(bound.low) != bound.above
    for value in (math.nan, math.inf, -math.inf, 10**30, -(10**30), 1e308, "1", None, True):
        with pytest.raises(InputError, match=f"{name}="):
            within(name, value)
    assert within(name, None, optional=True) is None


def test_conditions_have_bounds():
    free = [name for name, column in COLUMNS.items() if not column.text and name not in BOUNDS]
    assert free == [name for name in COLUMNS if name.startswith("source_mt_")]  # parts of a unit tensor


ODD = {
    "sampling_rate": (1e-9, 1e308, 0, -1, math.nan, math.inf),
    "duration": (1e308, 0, -1, math.nan, math.inf),
    "start": (1e300, -1e308, math.nan, math.inf),
    "clip_counts": (0, -1, 1e308, math.nan),
    "seed": (10**30, -(10**30)),
    "realizations": (0, -1, 10**30),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ODD.items() for value in values])
def test_python_and_the_command_line_refuse_the_same(name, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inventory, event = seissynth.read_example()
    others = {"output": "RAW"} if name == "clip_counts" else {}
    with pytest.raises(InputError, match=f"{name}="):
        seissynth.generate(inventory, event, **{name: value}, **others)
    if name != "realizations":
        with pytest.raises(InputError, match=f"{name}="):
            seissynth.make_dataset(tmp_path / "set", inventory, event, **{"p_lead_s": None, name: value}, **others)
    words = ["generate", "--example", "-o", "a.h5", f"--{name.replace('_', '-')}", str(value)]
    result = CliRunner().invoke(make_app(), words + (["--output-quantity", "RAW"] if others else []))
    assert result.exit_code in (1, 2) and isinstance(result.exception, SystemExit)
    if result.exit_code == 1:
        [line] = [line for line in result.stderr.splitlines() if not line.startswith("warning")]
        assert line.startswith(f"error: {name}=")
    assert not list(tmp_path.iterdir())


def test_records_beyond_the_machine_s_memory_are_refused_before_they_are_made():
    groups = [WindowGroup(np.arange(3), np.zeros(3), 20_000_000, 100.0)]
    check_memory(groups[:0], [3, 3, 3], 1)
    with pytest.raises(InputError, match=r"100000 realisation.* of 3 sites need about 1.34e.05 GiB"):
        check_memory(groups, [3, 3, 3], 100_000)
    inventory, event = seissynth.read_example()
    with pytest.raises(InputError, match="GiB"):
        seissynth.generate(inventory, event, realizations=100_000, duration=100_000.0)


@pytest.mark.parametrize("year", [1, 1677, 2262, 9999])
def test_origin_times_that_nanoseconds_cannot_hold(year):
    inventory, event = seissynth.read_example()
    event = event.copy()
    event.preferred_origin().time = seissynth_time = type(event.preferred_origin().time)(year, 1, 1)
    with pytest.raises(InputError, match=rf"year={year} must be"):
        seissynth.generate(inventory, event)
    with pytest.raises(InputError, match=rf"year={year} must be"):
        seissynth.continuous([event], inventory, seissynth_time, "2020-01-01")
