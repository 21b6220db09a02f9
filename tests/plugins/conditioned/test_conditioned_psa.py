"""PSA that the backend "conditioned" predicts: against oscillators under changed records, draws, and its bounds."""

import numpy as np
import pytest
from heggs_streams import earthquake, line

import seissynth
from seissynth.errors import FileFormatError, InputError
from seissynth.seeding import Seeds
from seissynth.signal import response_spectrum
from seissynth.testing.examples import example_conditions
from seissynth_plugins.conditioned.backend import SHIPPED, ConditionedBackend
from seissynth_plugins.conditioned.calibration import calibration_of
from seissynth_plugins.conditioned.expected import Expectations, expect
from seissynth_plugins.conditioned.gains import apply_gains
from seissynth_plugins.conditioned.peaks import peak_changes
from seissynth_plugins.conditioned.spectra import (
    LONGEST_S,
    PERIODS_S,
    SHORTEST_S,
    band_shares,
    ln_psa,
    measure_of,
    remembered,
)
from seissynth_plugins.residuals.cells import BANDS_HZ
from seissynth_plugins.residuals.clock import TO_S
from seissynth_plugins.residuals.patterns import SHAPE, Patterns
from seissynth_plugins.residuals.weights import ResidualModel, read_model, write_model
from seissynth_plugins.stochastic.backend import StochasticBackend

OPTIONS = {"duration": 60.0, "start": 0, "velocity_model": "southern_california"}
DRAWS = 12


def conditioned(stream=None, stations=(12.0, 20.0, 28.0, 36.0), seed=3, **options):
    options = {**OPTIONS, "backend": ConditionedBackend, **options}
    return seissynth.generate(line(stations), earthquake(), source=stream, seed=seed, **options)


def truth(stream, name, station="V3"):
    return stream.select(station=station, component="Z")[0].stats.seissynth.truth[name]


def louder(level):
    """Records of the default backend, times a level, in place of real ones."""
    stream = seissynth.generate(
        line((12.0, 20.0, 28.0)), earthquake(), noise=None, seed=9, **{**OPTIONS, "duration": 90.0, "start": -15}
    )
    for trace in stream:
        trace.data = trace.data * level
    return stream


# --- the change of PSA by residuals


@pytest.fixture(scope="module")
def near():
    """Expectation of the default backend at a place, and other records of it."""
    default = StochasticBackend(preset="auto", variability=False)
    row = example_conditions(ConditionedBackend.card, n=1)
    expected = expect(default, row, periods_s=PERIODS_S)[0]
    seeds, start = np.arange(DRAWS, dtype=np.uint64) + 11, expected.p_s - 2.0
    records = default.simulate(
        row.iloc[[0] * DRAWS].reset_index(drop=True), start_s=np.full(DRAWS, start), npts=7000,
        sampling_rate_hz=100.0, seeds=Seeds(seeds, seeds, seeds),
    )  # fmt: skip
    return expected, records.data, start


def tilted(slope):
    return np.broadcast_to(slope * np.log(BANDS_HZ / 3.0)[:, None], SHAPE[1:])


def from_s_on(level):
    return np.where(np.arange(SHAPE[2]) >= TO_S + 10, level, 0.0) * np.ones(SHAPE[1:])


@pytest.mark.parametrize(
    ("horizontal", "within"),
    [(np.full(SHAPE[1:], 0.7), 3e-6), (tilted(0.4), 0.2), (tilted(-0.4), 0.2), (from_s_on(0.8), 0.15)],
    ids=["level", "up with frequency", "down with frequency", "late"],
)
def test_psa_changes_as_oscillators_under_changed_records_do(near, horizontal, within):
    expected, records, start = near
    field = np.stack([np.zeros(SHAPE[1:]), horizontal])
    changed = np.stack([apply_gains(data, field, start, 100.0, expected.p_s, expected.s_s) for data in records])
    # geometric means of the components, found by another function than RotD50
    before, after = (
        np.log(response_spectrum(data[:, 1:], 100.0, PERIODS_S)).mean(axis=(0, 1)) for data in (records, changed)
    )
    found = peak_changes(Patterns(field[None], 0.3), expected, [1.0], [0.0])
    np.testing.assert_allclose([found[measure_of(t)].middle for t in PERIODS_S], after - before, atol=within)


def test_expected_psa_is_that_of_other_records_of_the_place(near):
    expected, records, _ = near
    psa = np.log(response_spectrum(records[:, 1:], 100.0, PERIODS_S)).mean(axis=(0, 1))
    np.testing.assert_allclose([expected.ln_psa[measure_of(t)] for t in PERIODS_S], psa, atol=0.25)


def test_an_expectation_without_psa_is_not_taken_for_one_with_it(near):
    expected, *_ = near
    kept = Expectations(StochasticBackend(preset="auto", variability=False))
    row = example_conditions(ConditionedBackend.card, n=1)
    plain, whole = (kept.of(row, periods)[0] for periods in ((), PERIODS_S))
    assert not plain.ln_psa and whole.ln_psa == expected.ln_psa and plain.ln_pga == whole.ln_pga


def test_shares_of_bands_are_those_of_filtered_records():
    """The oscillator under the record is the sum of those under its bands: powers of their motions add up."""
    rng = np.random.default_rng(4)
    data = rng.standard_normal((3, 8192))
    hz = np.fft.rfftfreq(8192, 0.01)
    low = np.fft.irfft(np.fft.rfft(data) * (hz < 12.5 * 100 / 128), 8192)  # the lowest six bands
    period, omega = 0.1, 2 * np.pi / 0.1
    motions = []
    for part in (data, low):
        u, v, power = np.zeros(2), np.zeros(2), 0.0
        for a in np.repeat(part[1:], 20, axis=-1).T:  # small steps of the equation of motion
            v = v + (-a - 2 * 0.05 * omega * v - omega**2 * u) * 0.0005
            u = u + v * 0.0005
            power += (u**2).sum()
        motions.append(power)
    assert band_shares(data, [period])[0, :6].sum() == pytest.approx(motions[1] / motions[0], abs=0.05)


def test_memory_is_that_of_free_motion():
    """After a blow the square of free motion, in the mean over a cycle, falls by exp(-4 pi 0.05) in each period."""
    kept = remembered(np.eye(1, 200)[0], 3.2)
    assert kept[10] / kept[5] == pytest.approx(np.exp(-4 * np.pi * 0.05), rel=1e-12)
    np.testing.assert_allclose(remembered(np.ones(400), 1.0)[-1], 1.0)


# --- predictions


def test_psa_of_a_louder_earthquake_is_higher_by_as_much_as_its_peak():
    plain, loud = (conditioned(louder(level), spread=False) for level in (1.0, 3.0))
    for period in PERIODS_S:
        name = f"ln_{measure_of(period)}"
        change = truth(loud, name) - truth(plain, name)
        assert 0.4 * np.log(3) < change < 1.05 * np.log(3)
        assert truth(loud, f"{name}_std") < truth(conditioned(), f"{name}_std")


def test_predicted_psa_holds_the_draws():
    draws = conditioned(stations=(20.0,), realizations=150, output="ACC", periods_s=(0.1, 0.3, 1.0))
    about = draws[0][0].stats.seissynth.truth
    pairs = [[np.pad(t.data, (0, 1)) for t in stream.select(component="[NE]")] for stream in draws]
    for period in (0.1, 0.3, 1.0):
        psa = np.log([response_spectrum(pair, 100.0, [period]) for pair in pairs]).mean(axis=(1, 2))
        name = f"ln_{measure_of(period)}"
        assert psa.mean() == pytest.approx(about[name], abs=0.25)
        assert 0.6 < psa.std() / about[f"{name}_std"] < 1.6


def test_periods_change_no_record_and_no_other_prediction():
    source = louder(2.0)
    some, none = (conditioned(source, periods_s=periods) for periods in ((0.2, 1), ()))
    for a, b in zip(some, none, strict=True):
        assert np.array_equal(a.data, b.data)
    kept = {"ln_pga", "ln_pga_std", "ln_pgv", "ln_pgv_std"}
    found = some[0].stats.seissynth.truth
    assert {name for name in found if name.startswith("ln_")} == kept | {
        "ln_psa_0p2", "ln_psa_0p2_std", "ln_psa_1", "ln_psa_1_std"
    }  # fmt: skip
    assert all(found[name] == none[0].stats.seissynth.truth[name] for name in kept)
    alone = conditioned(source, periods_s=[1.0])
    assert truth(alone, "ln_psa_1") == truth(some, "ln_psa_1")


def test_an_array_of_periods_is_reproduced(tmp_path):
    event, inventory = earthquake(), line((20.0,))
    options = {"backend": "conditioned", "periods_s": np.array([0.3, 1.0]), "duration": 20.0, "spread": False}
    made = seissynth.generate(inventory, event, **options)
    seissynth.write(tmp_path / "one.h5", made, event=event, inventory=inventory)
    assert seissynth.reproduce(tmp_path / "one.h5").equal


# --- bounds and files


@pytest.mark.parametrize(
    ("periods", "text"),
    [
        ([0.3, 5.0], "periods_s holds 5 s; PSA is predicted from 0.03 to 3 s"),
        ([0.01], "holds 0.01 s"),
        ([np.nan], "holds nan s"),
        ([3.0000001], r"holds 3\.0000001 s"),
        (1.0, r"periods_s is 1\.0; give a sequence"),
        ("0.3", "periods_s is '0.3'; give a sequence"),
        (["x"], "give a sequence of periods"),
    ],
)
def test_periods_outside_the_band_are_refused(periods, text):
    with pytest.raises(InputError, match=text):
        ConditionedBackend(periods_s=periods)


def test_the_ends_of_the_band_are_calibrated():
    model, _ = read_model(SHIPPED)
    for key in ("calibration", "calibration_archive"):
        psa = model.about[key]["psa"]
        assert (psa["periods_s"][0], psa["periods_s"][-1]) == (SHORTEST_S, LONGEST_S)
        assert calibration_of(model.about[key], "psa_3")["spread"] == psa["spread"][-1]
    assert ConditionedBackend(periods_s=(SHORTEST_S, LONGEST_S)).periods_s == (SHORTEST_S, LONGEST_S)


def test_a_file_that_knows_no_psa_predicts_the_other_peaks_alone(tmp_path):
    model, _ = read_model(SHIPPED)
    about = {key: {m: c for m, c in value.items() if m != "psa"} if key.startswith("calibration") else value
             for key, value in model.about.items()}  # fmt: skip
    path = tmp_path / "old.npz"
    write_model(path, ResidualModel(model.patterns, model.parameters, about))
    with pytest.raises(FileFormatError, match=r"old\.npz knows no PSA.*pass periods_s=\(\)"):
        ConditionedBackend(weights=path)
    found = conditioned(weights=path, periods_s=())
    assert truth(found, "ln_pga") == truth(conditioned(), "ln_pga")


@pytest.mark.parametrize(
    "psa",
    [
        [],
        {},
        {"spread": [1.0]},
        {"periods_s": [0.3, 0.1]},
        {"periods_s": []},
        {"texture": [0.1, np.nan]},
        {"spread": "x"},
    ],
    ids=str,
)
def test_a_damaged_calibration_is_named(tmp_path, psa):
    whole = {"periods_s": [0.1, 1.0], "spread": [1.0, 0.8], "texture": [0.1, 0.2]}
    model, _ = read_model(SHIPPED)
    parts = {"calibration": {**model.about["calibration"], "psa": {**whole, **psa} if psa else psa}}
    write_model(tmp_path / "bad.npz", ResidualModel(model.patterns, model.parameters, model.about | parts))
    with pytest.raises(FileFormatError, match=r"calibration of peaks in bad\.npz is damaged"):
        ConditionedBackend(weights=tmp_path / "bad.npz")


def test_ln_psa_of_no_periods_is_empty():
    assert ln_psa(np.ones((4, 3, 100)), ()).shape == (4, 0)
