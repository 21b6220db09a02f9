"""Pictures of ground motion, magnitudes and sources hold what they should."""

import pytest
from evaluation_sets import pairs_of, record_set, scaled

from seissynth.evaluation import EvaluationSettings
from seissynth.evaluation.groups.ground_motion_groups import ground_motion_group, magnitude_group
from seissynth.evaluation.groups.source import source_group


@pytest.fixture(scope="module")
def pairs():
    real = record_set(npts=3000)
    return pairs_of(real, scaled(real, 1.5))


@pytest.fixture(scope="module")
def fast():
    return EvaluationSettings(draws=20, periods_s=(0.3,))


def _texts(figure):
    found = [ax.get_xlabel() + ax.get_ylabel() + ax.get_title() for ax in figure.axes]
    return " ".join(found)


def test_ground_motion(pairs, fast):
    from seissynth.plotting.evaluation_ground_motion import draw_ground_motion

    pytest.importorskip("pygmm")
    figures = dict(draw_ground_motion(ground_motion_group(pairs, fast, models=["emolo15", "ita18"]), pairs))
    assert len(figures) == 3
    texts = {title: _texts(figure) for title, figure in figures.items()}
    assert "ln PGA" in texts["Ground-motion residuals by magnitude and distance"]
    assert "As printed" in texts["HEGGS figure 2"] and "Measured" in texts["HEGGS figure 2"]
    assert all(ax.has_data() for figure in figures.values() for ax in figure.axes[:2])


def test_without_models(pairs, fast):
    """Nothing is drawn of a model that is not there; the rest is."""
    from seissynth.plotting.evaluation_ground_motion import draw_ground_motion

    group = ground_motion_group(pairs, fast, models=["emolo15"])
    group.tables.pop("Against ground-motion models")
    group.tables["HEGGS figure 2"] = group.tables["HEGGS figure 2"].drop(columns="model_of_ml_real", errors="ignore")
    assert len(draw_ground_motion(group, pairs)) == 2


def test_magnitude_and_source(pairs, fast):
    from seissynth.plotting.evaluation_magnitude import draw_magnitude
    from seissynth.plotting.evaluation_source import draw_source

    ((_, figure),) = draw_magnitude(magnitude_group(pairs, fast), pairs)
    assert "Magnitude of the catalogue" in _texts(figure)
    sources, ratios = (figure for _, figure in draw_source(source_group(pairs, fast), pairs))
    assert "Corner frequency" in _texts(sources) and "H / V" in _texts(ratios)
