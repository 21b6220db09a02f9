"""Record sets and groups of metrics for tests of the report: what comes out is known beforehand."""

import types

import numpy as np
import pandas as pd

from seissynth.evaluation import MetricGroup, RecordSet, evaluations
from seissynth.evaluation.registry import GROUPS, Group
from seissynth.evaluation.results import as_summary, summary_row

EVENTS, SENSORS, RATE, NPTS = 10, 3, 50.0, 1000


def records(name="real", late=0.0, size=1.0, seed=0, **changes):
    """Bells of noise; `size` scales them, and metrics of the fake group see nothing but that."""
    rng = np.random.default_rng(seed)
    n = EVENTS * SENSORS
    table = pd.DataFrame(
        {
            "source_id": np.repeat([f"event {k}" for k in range(EVENTS)], SENSORS),
            "source_origin_time": np.repeat([f"2020-01-{k + 1:02d}T00:00:00" for k in range(EVENTS)], SENSORS),
            "station_network_code": "XX",
            "station_code": np.tile([f"S{k}" for k in range(SENSORS)], EVENTS),
            "source_magnitude": np.repeat(np.linspace(2, 4, EVENTS), SENSORS),
            "source_latitude_deg": 0.0,
            "source_longitude_deg": np.repeat(0.01 * np.arange(EVENTS), SENSORS),
            "source_depth_km": 8.0,
            "path_ep_distance_km": np.tile(np.linspace(6, 60, SENSORS), EVENTS),
            "path_hyp_distance_km": np.tile(np.linspace(10, 60, SENSORS), EVENTS),
            "path_p_travel_s": 2.0,
            "path_s_travel_s": 4.0,
        }
    )
    time = np.arange(NPTS) / RATE
    bell = np.exp(-((time - 4 - late) ** 2)) + 0.02
    data = (size * bell * rng.standard_normal((n, 3, NPTS))).astype(np.float32)
    fields = {"p_s": np.full(n, 2.0), "s_s": np.full(n, 4.0), "mask_end_s": np.full(n, 16.0)} | changes
    return RecordSet(name, data, RATE, fields.pop("quantity", "velocity"), fields.pop("metadata", table), **fields)


def size_group(pairs, settings):
    """Logarithm of the ratio of sizes: `log(size)` of a copy."""
    of = [np.abs(part.data).max(axis=(1, 2)) for part in (pairs.generated, pairs.real)]
    ratio = np.log(of[0] / of[1])
    rows = [
        summary_row("ln_size", "1", ratio, pairs.events, 0.0, draws=settings.draws, note="a fake"),
        summary_row("snr_db", "dB", ratio, pairs.events, 100.0, draws=settings.draws),
    ]
    table = pd.DataFrame({"ln_size": ratio, "snr_db": ratio})
    many = pd.DataFrame({"number": np.arange(100), "text": "<b>bold</b>"})
    notes = ["1 record was left out because of <script>alert(1)</script>."]
    return MetricGroup("size", "Size of records", as_summary(rows), {"Many rows": many}, table, notes)


def failing_group(pairs, settings):
    raise ZeroDivisionError("a group that fails")


def poor_group(pairs, settings):
    raise ModuleNotFoundError("No module named 'pygmm'", name="pygmm")


def use_fake_groups(monkeypatch, *names, baselines=False):
    """Put fake groups in the place of the real ones."""
    module = types.ModuleType("seissynth.evaluation._fake_groups")
    for group in (size_group, failing_group, poor_group):
        setattr(module, group.__name__, group)
    monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    fakes = {
        "size": Group("size", f"{module.__name__}:size_group", headline=("ln_size",)),
        "picked": Group("picked", f"{module.__name__}:picked_group", needs=("picker",)),
        "failing": Group("failing", f"{module.__name__}:failing_group"),
        "poor": Group("poor", f"{module.__name__}:poor_group"),
    }
    for name in list(GROUPS):
        monkeypatch.delitem(GROUPS, name)
    for name in names:
        monkeypatch.setitem(GROUPS, name, fakes[name])
    if not baselines:
        monkeypatch.setattr(evaluations, "BASELINES", {})
