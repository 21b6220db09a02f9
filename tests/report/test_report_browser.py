"""The whole report, with all groups and baselines, in a real browser, in a narrow and in a wide window."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from browser import find_browser, look_at
from report_sets import records

import seissynth
from seissynth.evaluation import EvaluationSettings, evaluations
from seissynth.evaluation.registry import GROUPS
from seissynth.report.texts import group_text, meaning_of

#: pygmm leaves its tables open
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    real = records(band_hz=(1.0, 20.0))
    draws = [records("a set with a long name, late", late=0.5, seed=seed) for seed in (1, 2)]
    fields = {key: np.concatenate([getattr(part, key) for part in draws]) for key in ("data", "start_s", "p_s", "s_s")}
    table = pd.concat([part.metadata for part in draws])
    late = replace(draws[0], **fields, metadata=table, mask_end_s=None)
    settings = EvaluationSettings(draws=100)
    with pytest.MonkeyPatch.context() as patch:
        # the quick ones; all of them have tests of their own
        quick = {name: evaluations.BASELINES[name] for name in ("travel time + station term", "nearest real records")}
        patch.setattr(evaluations, "BASELINES", quick)
        found = seissynth.evaluate(
            real, late, picker="aic", report=path, settings=settings, command="seissynth evaluate ..."
        )
    assert list(found.baselines) == list(quick)
    return found, path


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_missing_in_a_browser(report, width, tmp_path):
    browser = find_browser()
    found, path = report
    seen = look_at(browser, path, width, tmp_path)
    assert seen["width"] == width
    assert not seen["errors"] and not seen["network"] and not seen["broken"] and not seen["links"]
    assert not seen["empty"] and not seen["wide"] and not seen["clipped"]
    assert seen["scrollWidth"] <= width
    wanted = ["verdict", "overview", "compared", *(f"group-{name}" for name in found.group_names)]
    assert seen["sections"] == [*wanted, "left-out", "reading", "settings", "tables"]
    assert seen["images"] >= len(found.group_names) and seen["tables"] > len(found.group_names)
    assert seen["files"] and all((path.parent / name).is_file() for name in seen["files"])


def test_all_groups_are_there(report):
    found, _ = report
    assert not found.failures
    for groups in found.groups.values():
        assert list(groups) == list(GROUPS)


def test_every_group_and_metric_is_explained(report):
    found, _ = report
    metrics = sorted(set(found.summary["metric"]))
    assert not [name for name in metrics if meaning_of(name) is None]
    assert not [name for name in found.group_names if not group_text(name)]


def test_headlines_are_metrics_that_exist(report):
    """A headline of some other name would silently vanish from the overview."""
    found, _ = report
    metrics = set(found.summary["metric"])
    held = set(found.summary["group"])  # ten earthquakes are too few for a b-value
    wanted = [(group.name, name) for group in GROUPS.values() if group.name in held for name in group.headline]
    assert len(held) >= len(GROUPS) - 1
    assert not [(group, name) for group, name in wanted if name not in metrics]
