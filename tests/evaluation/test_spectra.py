"""Spectra, magnitude sweeps, sections and samples: closed forms, known answers, and what pictures hold."""

from dataclasses import replace

import numpy as np
import pytest
from burst_sets import RATE, burst_pairs

import seissynth
from seissynth.errors import InputError
from seissynth.evaluation import (
    EvaluationSettings,
    Pairs,
    choose_samples,
    magnitude_sweep,
    moveout,
    sample_scores,
    samples_group,
    sections_group,
    smoothed_spectra,
    spectra_group,
    virtual_inventory,
    virtual_section,
)
from seissynth.evaluation.baselines.known_answers import scaled_copy, shifted_copy
from seissynth.evaluation.groups.sections import section_events
from seissynth.evaluation.registry import GROUPS

QUICK = EvaluationSettings(draws=50, periods_s=(0.1,))


@pytest.fixture(scope="module")
def pairs():
    return burst_pairs(stations=6, draws=2)


# --- spectra


def test_spectrum_of_a_pulse_is_the_seismometers_response():
    from seissynth.signal import wood_anderson_response

    data = np.zeros((1, 3, 6000))
    data[0, 1:, 3000] = 2e-4 * RATE  # a pulse of velocity with the area 2e-4 m: flat
    centers = np.array([1.0, 3.0, 10.0, 25.0])
    found = smoothed_spectra(data, RATE, centers)[0]
    expected = 2e-4 * np.abs(wood_anderson_response(centers, "velocity"))
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_spectra_do_not_depend_on_how_the_sensor_stands(pairs):
    part = pairs.real.data[:4]
    angle = np.radians(33.0)
    turned = part.copy()
    turned[:, 1] = np.cos(angle) * part[:, 1] + np.sin(angle) * part[:, 2]
    turned[:, 2] = -np.sin(angle) * part[:, 1] + np.cos(angle) * part[:, 2]
    centers = np.geomspace(1, 40, 20)
    one, other = (smoothed_spectra(x, RATE, centers) for x in (part, turned))
    # smoothing acts on the root of the sum: only rounding differs
    np.testing.assert_allclose(one, other, rtol=1e-3)


def test_spectra_of_a_set_against_itself_and_of_twice_the_size(pairs):
    same = spectra_group(Pairs(pairs.real, (pairs.real,)), QUICK).summary.set_index("metric")["value"]
    assert (same.abs() < 1e-9).all()
    double = spectra_group(Pairs(pairs.real, (scaled_copy(pairs.real, 2.0),)), QUICK)
    values = double.summary.set_index("metric")["value"]
    for part in ("low", "middle", "high"):
        assert values[f"ln_spectral_ratio_{part}"] == pytest.approx(np.log(2), abs=1e-5)
    assert values["spectral_shape_misfit"] == pytest.approx(0.0, abs=1e-5)
    table = double.tables["spectra by magnitude"].dropna()
    np.testing.assert_allclose(table["generated_mm_s"] / table["real_mm_s"], 2.0, rtol=1e-4)


# --- what seissynth makes


@pytest.fixture(scope="module")
def example():
    inventory, event = seissynth.read_example()
    return inventory.select(station="AMAT") + inventory.select(station="BORE"), event


def test_corner_falls_and_moment_grows_with_magnitude(example):
    inventory = seissynth.read_example()[0]  # two stations would leave corner and kappa too much freedom
    sweep = magnitude_sweep(inventory, example[1], [4.0, 5.0, 6.0], realizations=2, outside="allow", duration=80.0)
    assert sweep.corner_falls and sweep.moment_grows and sweep.name == "stochastic"
    # 1.5 and -0.5 in theory; the fit's one path and the records' length take something off
    assert np.diff(np.log10(sweep.table["moment_newton_m"])) == pytest.approx([1.5, 1.5], abs=0.6)
    assert np.diff(np.log10(sweep.table["corner_hz"])) == pytest.approx([-0.5, -0.5], abs=0.35)
    assert (np.diff(sweep.table["level_mm_s"]) > 0).all()
    assert example[1].preferred_magnitude() is not None  # the event itself was left alone
    with pytest.raises(InputError, match="rising"):
        magnitude_sweep(*example, [4.0, 3.0])


def test_virtual_stations_stand_where_they_should(example):
    from obspy.geodetics import gps2dist_azimuth

    event = example[1]
    origin = event.preferred_origin() or event.origins[0]
    wanted = [1.0, 30.0, 400.0]
    for station, distance in zip(virtual_inventory(event, wanted, 215.0)[0], wanted, strict=True):
        found, azimuth, _ = gps2dist_azimuth(origin.latitude, origin.longitude, station.latitude, station.longitude)
        assert found == pytest.approx(1000 * distance, abs=1.0) and azimuth == pytest.approx(215.0, abs=1e-3)
    with pytest.raises(InputError, match="rising order"):
        virtual_inventory(event, [20.0, 10.0])


def test_a_virtual_section_is_drawn_over_real_records(example, tmp_path):
    from seissynth.plotting.evaluation_sections import plot_virtual_section

    stream = virtual_section(example[1], [20.0, 40.0, 60.0], 90.0, duration=30.0)
    assert len({trace.stats.station for trace in stream}) == 3
    real = burst_pairs(events=1, stations=5).real
    figure = plot_virtual_section(stream, real, input_row=2, outfile=tmp_path / "section.png")
    [axes] = figure.axes
    labels = {line.get_label() for line in axes.lines}
    assert {"real", "generated", "given to the generator", "P of the generated"} <= labels
    assert sum(line.get_label() == "real" for line in axes.lines) == 4
    assert (tmp_path / "section.png").stat().st_size > 5000
    with pytest.raises(InputError, match="component"):
        plot_virtual_section(stream, component="R")


# --- sections and samples


def test_moveout_is_the_slowness_and_bears_outliers():
    distance = np.linspace(5, 80, 12)
    late = distance / 3.5
    late[[2, 9]] = 50.0, 0.0
    assert moveout(distance, late) == pytest.approx(1 / 3.5, rel=0.05)
    assert moveout(distance[::-1], late[::-1]) == moveout(distance, late)
    assert np.isnan(moveout(distance[:4], late[:4]))


def test_sections_of_known_answers(pairs):
    same = sections_group(Pairs(pairs.real, (pairs.real,)), QUICK).summary.set_index("metric")["value"]
    assert (same == 0).all()
    late = sections_group(Pairs(pairs.real, (shifted_copy(pairs.real, 0.5),)), QUICK)
    values = late.summary.set_index("metric")["value"]
    assert values["largest_shaking_late_s"] == pytest.approx(0.5, abs=1e-6)
    assert values["moveout_difference"] == pytest.approx(0.0, abs=1e-6)
    # the largest envelope stands near S, 1 / 3.5 s/km
    assert late.tables["moveout"]["slowness_real_s_km"].median() == pytest.approx(1 / 3.5, abs=0.08)


def test_sections_are_of_earthquakes_with_sites_enough(pairs):
    chosen = section_events(pairs)
    assert len(chosen) == 3
    assert section_events(pairs.select(np.arange(4))) == []


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 1.0), (np.exp(-0.5), 1 - 0.5 / 3), (0.1, 1 / 3), (10.0, 1 / 3)])
def test_the_score_of_samples_counts_size(pairs, factor, expected):
    """The same records, smaller or larger: shapes are equal, so that the score is known."""
    same = Pairs(pairs.real, (scaled_copy(pairs.real, factor),))
    assert sample_scores(same) == pytest.approx(np.full(len(same), expected), abs=2e-3)


def test_samples_are_those_of_the_score(pairs):
    made = pairs.real.data.copy()
    made[7] = pairs.real.data[7, :, ::-1]  # turned round: the worst of all
    group = samples_group(Pairs(pairs.real, (replace(pairs.generated, data=made),)), QUICK)
    table = group.tables["samples"]
    assert table.loc[table["kind"] == "bad", "row"].iloc[0] == 7
    assert table.loc[table["kind"] == "good", "score"].min() == pytest.approx(1.0)
    assert table.groupby("kind")["event"].nunique().min() == 3
    with pytest.raises(InputError, match="score"):
        choose_samples([np.nan], ["a"])


NAMES = ("similarity", "spread", "distributions", "diversity", "spectra", "sections", "samples")


@pytest.mark.parametrize("name", NAMES)
def test_every_group_draws_its_pictures(pairs, name, tmp_path):
    from importlib import import_module

    group = GROUPS[name].compute(pairs, QUICK)
    assert list(group.summary["metric"]) and group.name == name
    pictures = getattr(import_module(f"seissynth.plotting.evaluation_{name}"), f"draw_{name}")(group, pairs)
    assert pictures
    for number, (title, figure) in enumerate(pictures):
        assert title and figure.axes
        figure.savefig(tmp_path / f"{number}.png", dpi=40)


def test_a_sweep_is_fitted_above_the_low_cut(example, monkeypatch):
    """Records without anything below 1 Hz, as learned backends make them."""
    from seissynth.evaluation.groups import source_fit

    made, bands, spectra = seissynth.generate, [], source_fit.displacement_spectra

    def cut(*args, **options):
        streams = made(*args, **options)
        for stream in streams:
            stream.filter("highpass", freq=1.0, corners=4)
            for trace in stream:
                trace.stats.seissynth["low_cut_hz"] = 1.0
        return streams

    def seen(data, rate, quantity, band, window):
        bands.append(band)
        return spectra(data, rate, quantity, band, window)

    monkeypatch.setattr(seissynth, "generate", cut)
    monkeypatch.setattr(source_fit, "displacement_spectra", seen)
    inventory = example[0].select(station="AMAT")
    sweep = magnitude_sweep(inventory, example[1], [4.0, 4.5], realizations=1, outside="allow", duration=60.0)
    assert [band[0] for band in bands] == [1.0, 1.0]
    assert sweep.moment_grows


def test_a_sweep_is_drawn(example):
    from seissynth.plotting.evaluation_spectra import plot_magnitude_sweep

    sweep = magnitude_sweep(*example, [4.0, 5.0], realizations=1, outside="allow", duration=60.0)
    left, right = plot_magnitude_sweep(sweep).axes
    assert len(left.lines) >= 4 and right.get_xlabel().startswith("Fitted seismic moment")
