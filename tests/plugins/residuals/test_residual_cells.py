"""Clock, cells, residuals, patterns and files of the residual model."""

from dataclasses import replace

import numpy as np
import pytest
from residual_places import line_of_stations

from seissynth.errors import FileFormatError, InputError
from seissynth_plugins.residuals import clock
from seissynth_plugins.residuals.cells import BANDS_HZ, COLUMN_SHAPE, cells_of, column_times
from seissynth_plugins.residuals.kernel import PRIOR
from seissynth_plugins.residuals.observations import Observations
from seissynth_plugins.residuals.observed import Residuals, residuals_of
from seissynth_plugins.residuals.patterns import SHAPE, Patterns, fit_patterns, on_clock
from seissynth_plugins.residuals.weights import ResidualModel, read_model, write_model

P, S = 6.0, 10.0


def noise(seconds=90.0, seed=0):
    return np.random.default_rng(seed).standard_normal((3, round(100 * seconds)))


# --- clock


def test_the_clock_knows_p_and_s_and_lags():
    times = [P - 1, P, (P + S) / 2, S, S + clock.LAGS_S[5], S + 56.0]
    np.testing.assert_allclose(clock.positions(times, P, S), [0, 0, 3.5, 7, 12, 40], atol=1e-9)
    with pytest.raises(InputError, match="S after P"):
        clock.positions(times, S, P)


def test_unwarp_reads_a_linear_function_of_the_clock_exactly():
    times = column_times(P, S)
    values = np.arange(clock.POINTS, dtype=float)
    np.testing.assert_allclose(clock.unwarp_matrix(times, P, S) @ values, clock.positions(times, P, S), atol=1e-5)


@pytest.mark.parametrize("s", [6.5, 10.0, 40.0])
def test_warp_returns_a_slow_function_of_the_clock(s):
    times = column_times(P, s)
    truth = np.cos(np.arange(clock.POINTS) / 12.0)
    values = clock.unwarp_matrix(times, P, s) @ truth
    there, known = clock.warp(values, np.ones(len(times), bool), times, P, s)
    assert known.sum() >= clock.POINTS - 7
    np.testing.assert_allclose(there[known], truth[known], atol=0.06)


# --- cells


def test_cells_of_white_noise_are_flat_and_scale():
    cells = cells_of(noise(), -10.0, P, S)
    again = cells_of(3 * noise(), -10.0, P, S)
    np.testing.assert_allclose(again.power - cells.power, 2 * np.log(3))
    wide = np.nanmean(cells.power, axis=-1)[1, -1]
    # mean power of a bin of white noise of variance 1: the sum of the squared window; many bins leave no bias
    assert wide == pytest.approx(np.log(0.375 * 128), abs=0.05)
    np.testing.assert_allclose(cells.noise, np.nanmean(cells.power, axis=-1), atol=0.6)


def test_cells_end_with_the_record_and_the_band():
    cells = cells_of(noise(), -10.0, P, S, end_s=20.0, highest_hz=18.0)
    ends = cells.times_s + 0.24 + 0.64
    assert np.isnan(cells.power[:, :, ends > 20.0]).all() and np.isfinite(cells.power[:, :6, ends < 19.9]).all()
    assert np.isnan(cells.power[:, BANDS_HZ > 15]).all()
    with pytest.raises(InputError, match="finite"):
        cells_of(np.full((3, 100), np.nan), 0.0, P, S)


def test_residuals_are_the_gain_that_was_applied():
    data = noise(seed=3)
    expected = np.mean([cells_of(noise(seed=k), -10.0, P, S).power for k in range(40)], axis=0)
    time = np.arange(data.shape[-1]) / 100 - 10
    cells = cells_of(2 * data * (time > P), -10.0, P, S)
    found = residuals_of(cells, expected)
    assert found.counts.mean() > 0.9
    assert found.values[found.counts].mean() == pytest.approx(np.log(2), abs=0.05)


def test_cells_below_the_noise_do_not_count_and_noise_is_subtracted():
    time = np.arange(9000) / 100 - 10
    signal = np.where(time > P, np.exp(-(time - P) / 6.0), 0.0) * noise(seed=1)
    loud = noise(seed=2)
    expected = np.mean(
        [cells_of(np.where(time > P, np.exp(-(time - P) / 6), 0) * noise(seed=k), -10, P, S).power for k in range(30)],
        axis=0,
    )
    quiet = residuals_of(cells_of(signal + 1e-3 * loud, -10.0, P, S), expected)
    noisy = residuals_of(cells_of(signal + 0.1 * loud, -10.0, P, S), expected)
    assert 0.1 < noisy.counts.mean() < 0.5 * quiet.counts.mean()
    assert noisy.values[noisy.counts].mean() == pytest.approx(0.0, abs=0.08)
    # where nothing was heard although it was expected, the earthquake was weaker
    weak = residuals_of(cells_of(0.03 * signal + 0.1 * loud, -10.0, P, S), expected)
    assert weak.counts.any() and weak.values[weak.counts].mean() < -0.8


def test_the_power_of_the_noise_is_taken_off():
    time = np.arange(9000) / 100 - 10
    expected = np.mean([cells_of((time > P) * noise(seed=k), -10.0, P, S).power for k in range(30)], axis=0)
    means = []
    for seed in range(12):
        data = (time > P) * noise(seed=100 + seed) + 0.45 * noise(seed=200 + seed)
        found = residuals_of(cells_of(data, -10.0, P, S), expected)
        means.append(found.values[:, 5:][found.counts[:, 5:]].mean())
    assert np.mean(means) == pytest.approx(0.0, abs=0.03)  # 0.09 with the noise


# --- patterns


def made_up_residuals(n=60, seed=0):
    rng = np.random.default_rng(seed)
    point, band = np.linspace(0, 1, clock.POINTS), np.linspace(-1, 1, COLUMN_SHAPE[1])
    shapes = np.stack(
        [np.full(SHAPE, 0.5), 0.3 * np.broadcast_to(band[None, :, None], SHAPE), 0.2 * np.broadcast_to(point, SHAPE)]
    )
    z = rng.standard_normal((n, 3))
    records = []
    for row in z:
        s = P + rng.uniform(2, 12)
        times = column_times(P, s)
        field = np.tensordot(row, shapes, axes=1) @ clock.unwarp_matrix(times, P, s).T
        values = field + 0.1 * rng.standard_normal(field.shape)
        counts = (times < s + rng.uniform(15, 60)) & (rng.random(field.shape) > 0.1)
        records.append(Residuals(np.where(counts, values, 0), counts, times, P, s))
    return shapes, z, records


def test_fitted_patterns_span_the_true_ones_and_give_back_fields():
    shapes, z, records = made_up_residuals()
    patterns = fit_patterns(*on_clock(records), 3)
    true, found = (a.reshape(3, -1) for a in (shapes, patterns.values.astype(float)))
    basis = np.linalg.qr(found.T)[0]
    assert np.linalg.norm(true - (true @ basis) @ basis.T) < 0.1 * np.linalg.norm(true)
    errors = []
    for row, record in zip(z, records, strict=True):
        value, variance = patterns.coordinates(record)
        assert (variance > 0).all() and (variance < 0.1).all()
        errors.append(np.abs(patterns.field(value) - np.tensordot(row, shapes, axes=1))[..., :30].mean())
    assert np.mean(errors) < 0.04


def test_a_record_that_shows_nothing_has_no_coordinates():
    _, _, records = made_up_residuals(3)
    patterns = Patterns(np.ones((2, *SHAPE), np.float32), 0.3)
    nothing = Residuals(records[0].values, records[0].counts & False, records[0].times_s, P, records[0].s_s)
    value, variance = patterns.coordinates(nothing)
    assert not value.any() and np.allclose(variance, 100.0)


def test_too_few_records_are_refused():
    with pytest.raises(InputError, match="5 patterns"):
        fit_patterns(np.zeros((3, 2, 4)), np.ones((3, 2, 4), bool), 5)
    with pytest.raises(InputError, match="no cell"):
        fit_patterns(np.zeros((3, 2, 4)), np.zeros((3, 2, 4), bool), 1)


# --- files


def model(archive=True):
    rng = np.random.default_rng(0)
    places = line_of_stations(4)
    known = Observations(places, rng.standard_normal((4, 2)), np.ones((4, 2))) if archive else None
    return ResidualModel(
        Patterns(rng.standard_normal((2, *SHAPE)).astype(np.float32), 0.4),
        np.stack([PRIOR, PRIOR]),
        {"licence": "MIT"},
        known,
    )


def test_a_model_is_read_as_it_was_written(tmp_path):
    written = model()
    digest = write_model(tmp_path / "one.npz", written)
    read, again = read_model(tmp_path / "one.npz")
    assert digest == again and len(digest) == 16 and read.about == written.about
    assert np.array_equal(read.patterns.values, written.patterns.values) and read.patterns.noise == 0.4
    assert np.array_equal(read.parameters, written.parameters)
    assert np.array_equal(read.archive.values, written.archive.values)
    assert read.archive.places.station.tolist() == written.archive.places.station.tolist()
    assert read.portable().archive is None
    assert write_model(tmp_path / "two.npz", model(archive=False)) != digest
    with np.load(tmp_path / "one.npz") as stored:
        assert "allow_pickle" not in stored.files
    places = replace(written.archive.places, station=written.archive.places.station.astype(object))
    with pytest.raises(InputError, match="archive_station hold Python objects"):
        write_model(tmp_path / "three.npz", replace(written, archive=replace(written.archive, places=places)))
    assert not (tmp_path / "three.npz").exists()


def test_files_that_are_no_model_are_refused(tmp_path):
    path = tmp_path / "one.npz"
    write_model(path, model())
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "changed.npz", **{**arrays, "parameters": 2 * arrays["parameters"]})
    with pytest.raises(FileFormatError, match="damaged"):
        read_model(tmp_path / "changed.npz")
    header = arrays["header"].tobytes().replace(b'"version": 1', b'"version": 9')
    np.savez(tmp_path / "new.npz", **{**arrays, "header": np.frombuffer(header, np.uint8)})
    with pytest.raises(FileFormatError, match="version 9"):
        read_model(tmp_path / "new.npz")
    np.savez(tmp_path / "pickled.npz", header=np.array([{"a": 1}], dtype=object))
    for name, content in (("text.npz", b"no model"), ("cut.npz", path.read_bytes()[:500])):
        (tmp_path / name).write_bytes(content)
    for name in ("pickled.npz", "text.npz", "cut.npz"):
        with pytest.raises(FileFormatError, match="no residual model"):
            read_model(tmp_path / name)
    with pytest.raises(InputError, match="cannot be read"):
        read_model(tmp_path / "absent.npz")
    with pytest.raises(InputError, match=r"\.npz"):
        write_model(tmp_path / "one.bin", model())
