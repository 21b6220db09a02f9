"""What generated records are good for: plans, resumed runs, tables, files of pickers, and the magnitude regressor."""

import json

import numpy as np
import pytest

from seissynth.errors import FileFormatError, InputError
from seissynth.evaluation.downstream.magnitude_network import (
    MagnitudeConfig,
    MagnitudeRecords,
    bias_by_magnitude,
    even_magnitudes,
    magnitude_scores,
    predict_magnitudes,
    train_magnitudes,
)
from seissynth.evaluation.downstream.picker_windows import LabelledRecords, PickerConfig, resampled, training_batch
from seissynth.evaluation.downstream.pickers import (
    PickerExperiment,
    joined,
    plan_experiments,
    read_scores,
    run_experiments,
    table_1,
    weights_path,
)

TINY = PickerConfig(steps=2, batch=4, window_s=10.0, check_every=1)


pytestmark = pytest.mark.usefixtures("one_thread")


def records(n=12, npts=1500, rate=50.0, seed=0):
    rng = np.random.default_rng(seed)
    waves = rng.standard_normal((n, 3, npts)).astype("float32")
    p = rng.uniform(100, 200, n)
    s = p + rng.uniform(100, 200, n)
    for i in range(n):
        waves[i, 0, int(p[i]) :] += 10 * rng.standard_normal(npts - int(p[i]))
        waves[i, 1:, int(s[i]) :] += 40 * rng.standard_normal((2, npts - int(s[i])))
    return LabelledRecords(waves, p, s, rate)


# --- plans and tables


def test_a_plan_has_the_rows_of_the_paper():
    real, made = records(12), records(30, seed=1)
    plan = plan_experiments(real, records(4), generated=made, generated_dev=records(4), sizes=(6, 12), published="x.pt",
                            config=TINY)  # fmt: skip
    names = [item.name for item in plan]
    assert len(names) == len(set(names)) == 24
    by_name = {item.name: item for item in plan}
    assert len(by_name["6 real, shifted"].train) == 6
    assert by_name["6 real, shifted, overlaps and noise added"].config.noise_share > 0
    assert not by_name["6 real, not shifted"].config.shifted
    assert len(by_name["generated and 6 real, mixed"].train) == 60  # as often as the generated
    tuned = by_name["generated, then 6 real"]
    assert tuned.start_from == "generated only" and tuned.config.learning_rate < TINY.learning_rate
    augmented = by_name["generated, then 6 real, overlaps and noise added"]
    assert augmented.config.overlap_share > 0 and augmented.config.steps == tuned.config.steps
    varied = by_name["generated, then 6 real, overlaps and noise added to both"]
    assert varied.config == augmented.config and varied.start_from == "generated only, overlaps and noise added"
    assert by_name[varied.start_from].config.overlap_share > 0 and len(by_name[varied.start_from].train) == 30
    assert by_name["published weights"].train is None
    assert len(by_name["published, then generated and 6 real, mixed"].train) == 60
    assert by_name["published, then generated"].dev is not by_name["published, then 6 real"].dev
    named = plan_experiments(
        real, real, generated=made, generated_dev=real, generated_name="swag of 6", sizes=(6,), config=TINY
    )
    assert [item.name for item in named if "swag" in item.name] == [
        "swag of 6 only", "swag of 6 only, overlaps and noise added", "swag of 6 and 6 real, mixed",
        "swag of 6 and 6 real, mixed, overlaps and noise added",
        "swag of 6, then 6 real", "swag of 6, then 6 real, overlaps and noise added",
        "swag of 6, then 6 real, overlaps and noise added to both",
    ]  # fmt: skip
    assert len(plan_experiments(real, real, sizes=(6, 4000), config=TINY)) == 3
    with pytest.raises(InputError, match="12 records"):
        plan_experiments(real, real, sizes=(500,))
    with pytest.raises(InputError, match="generated_dev"):
        plan_experiments(real, real, sizes=(6,), generated=made)
    with pytest.raises(InputError, match="50"):
        joined(real, resampled(made, 100.0))


def test_means_over_seeds_and_rows_in_order():
    def run(f1):
        names = ("recall", "precision", "f1_low", "f1_high", "mean_s", "sd_s", "mae_s")
        return {"near": {phase: {**dict.fromkeys(names, 0.5), "f1": f1} for phase in "PS"}}

    scores = {"published, then swag500/0": run(0.6), "generated only/0": run(0.9),
              "500 real, shifted/0": run(0.8), "500 real, shifted/1": run(0.6),
              "4000 real, shifted/0": run(1.0), "published weights/0": run(0.7)}  # fmt: skip
    table = table_1(scores)
    assert table["trained on"].tolist()[::2] == ["500 real, shifted", "4000 real, shifted", "generated only",
                                                 "published weights", "published, then swag500"]  # fmt: skip
    first = table.iloc[0]
    assert first["f1"] == pytest.approx(0.7) and (first["f1_least_run"], first["f1_best_run"]) == (0.6, 0.8)
    assert first["runs"] == 2


def test_windows_that_are_not_shifted_and_windows_anywhere():
    data = records(8)
    x, y = training_batch(data, np.random.default_rng(0), PickerConfig(batch=32, window_s=10.0, shifted=False))
    places = y[:, 1].argmax(axis=1)
    assert np.isin(places, np.rint(data.p)).mean() > 0.9 and places.max() <= 200
    anywhere = training_batch(data, np.random.default_rng(0), PickerConfig(batch=64, window_s=10.0, anywhere_share=1.0))
    assert 0.3 < (anywhere[1][:, 1].max(axis=1) < 0.1).mean() < 1.0  # without P
    assert x.shape == (32, 3, 500)


def test_resampling_keeps_waves_and_arrivals():
    time = np.arange(1500) / 50.0
    wave = np.sin(2 * np.pi * 3.0 * time)
    data = LabelledRecords(np.tile(wave, (1, 3, 1)).astype("float32"), np.array([100.0]), np.array([np.nan]), 50.0)
    found = resampled(data, 100.0)
    assert found.p[0] == 200.0 and np.isnan(found.s[0]) and found.waveforms.shape == (1, 3, 3000)
    expected = np.sin(2 * np.pi * 3.0 * np.arange(3000) / 100.0)
    np.testing.assert_allclose(found.waveforms[0, 0, 200:-200], expected[200:-200], atol=5e-3)
    assert resampled(data, 50.0) is data
    with pytest.raises(InputError, match="whole numbers"):
        resampled(data, 50.0 * np.pi)


# --- trainings, which need SeisBench


@pytest.fixture(scope="module")
def seisbench():
    return pytest.importorskip("seisbench.models")


@pytest.mark.filterwarnings("ignore:the picker has not learnt")
def test_runs_are_kept_and_taken_up_again(tmp_path, seisbench):
    train, dev, test = records(8), records(4, seed=1), records(5, seed=2)
    plan = [
        PickerExperiment("first", train, dev, TINY),
        PickerExperiment("then", train, dev, TINY, "first"),
    ]
    lines = []
    scores = run_experiments(plan, test, tmp_path, seeds=(0,), progress=lines.append)
    assert list(scores) == ["first/0", "then/0"] and len(lines) == 2
    assert set(scores["first/0"]) == {"best", "near", "all"} and scores["first/0"]["all"]["P"]["records"] == 5
    again = run_experiments(plan, test, tmp_path, seeds=(0,), progress=lines.append)
    texts = {json.dumps(found, sort_keys=True) for found in (scores, again, read_scores(tmp_path))}
    assert len(texts) == 1 and len(lines) == 2  # text, since NaN equals nothing
    weights_path(tmp_path, "first", 0).with_suffix(".scores").unlink()
    once_more = run_experiments(plan, test, tmp_path, seeds=(0,), progress=None)
    assert json.dumps(once_more["first/0"]) == json.dumps(scores["first/0"])  # the same seed, the same picker


def test_a_new_picker_begins_with_noise(seisbench):
    import torch

    from seissynth.picking.models import new_picker, probabilities

    torch.manual_seed(1)  # of the draws that never learnt S without it
    model = new_picker("phasenet", 50.0, 1000).eval()
    x, _ = training_batch(records(8), np.random.default_rng(0), TINY)
    with torch.no_grad():
        found = probabilities(model, x)
    assert float(found[:, 0].median()) > 0.9
    np.testing.assert_allclose(found.sum(dim=1).numpy(), 1.0, atol=1e-5)
    with pytest.raises(InputError, match="unknown"):
        new_picker("gpd", 50.0, 1000)


@pytest.mark.filterwarnings("ignore:the picker has not learnt")
def test_eqtransformer_trains_too(tmp_path, seisbench):
    from dataclasses import replace

    from seissynth.evaluation.downstream.picker_training import predict, train_picker
    from seissynth.picking.models import load_picker, save_picker

    model = train_picker(records(4), records(4), replace(TINY, architecture="eqtransformer", steps=1, batch=2))
    found = predict(model, records(2, npts=1300).waveforms)
    assert found.shape == (2, 2, 1300) and found.min() >= 0 and found.max() <= 1
    save_picker(model, tmp_path / "eqt.pt")
    again = load_picker(tmp_path / "eqt.pt")
    assert type(again).__name__ == "EQTransformer" and again.in_samples == 500
    np.testing.assert_array_equal(predict(again, records(2, npts=1300).waveforms), found)
    with pytest.raises(InputError, match="takes 500"):
        predict(model, records(1, npts=400).waveforms)


@pytest.mark.parametrize("variant", [{"lstm_blocks": 2, "original_compatible": "non-conservative"}, {"lstm_blocks": 1}])
def test_variants_of_eqtransformer_are_known_by_their_tensors(tmp_path, seisbench, variant):
    """As files of weights without a description beside them, such as the published one."""
    import torch

    from seissynth.evaluation.downstream.picker_training import predict
    from seissynth.picking.models import load_picker, save_picker

    torch.manual_seed(0)
    made = seisbench.EQTransformer(in_samples=6000, component_order="ZNE", **variant).eval()
    torch.save(made.state_dict(), tmp_path / "bare.pt")
    wave = records(1, npts=6000).waveforms
    expected = predict(made, wave)
    for path in (tmp_path / "bare.pt", save_picker(made, tmp_path / "described.pt")):
        again = load_picker(path)
        assert (again.lstm_blocks, again.original_compatible) == (made.lstm_blocks, made.original_compatible)
        np.testing.assert_array_equal(predict(again, wave), expected)


def test_components_go_in_by_name(tmp_path, seisbench):
    """A picker of order E, N, Z and one of Z, N, E with the same weights moved about answer alike."""
    import torch

    from seissynth.evaluation.downstream.picker_training import predict
    from seissynth.picking.models import load_picker, new_picker, save_picker

    torch.manual_seed(0)
    ours = new_picker("phasenet", 50.0, 1000).eval()
    other = seisbench.PhaseNet(phases="PSN", norm="std", component_order="ENZ", sampling_rate=50.0).eval()
    weights = {name: value.clone() for name, value in ours.state_dict().items()}
    weights["inc.weight"] = weights["inc.weight"].flip(1)
    for name in ("out.weight", "out.bias"):
        weights[name] = weights[name][[1, 2, 0]]
    other.load_state_dict(weights)
    wave = records(3).waveforms
    np.testing.assert_allclose(predict(ours, wave), predict(other, wave), atol=1e-6)
    save_picker(other, tmp_path / "p.pt")
    np.testing.assert_allclose(predict(load_picker(tmp_path / "p.pt"), wave), predict(ours, wave), atol=1e-6)


def test_files_that_are_no_pickers_are_refused(tmp_path, seisbench):
    import torch

    from seissynth.picking.models import load_picker, new_picker, save_picker

    (tmp_path / "text.pt").write_text("no")
    with pytest.raises(FileFormatError, match="no state dict"):
        load_picker(tmp_path / "text.pt")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(FileFormatError, match="no weights of PhaseNet"):
        load_picker(tmp_path / "other.pt")
    torch.save({"inc.weight": torch.zeros(2)}, tmp_path / "part.pt")
    with pytest.raises(FileFormatError, match="does not fit") as refused:
        load_picker(tmp_path / "part.pt")
    assert len(str(refused.value)) < 500
    torch.save({"inc.weight": print}, tmp_path / "code.pt")
    with pytest.raises(FileFormatError, match="safely"):
        load_picker(tmp_path / "code.pt")
    with pytest.raises(InputError, match=r"must end in \.pt"):
        save_picker(new_picker("phasenet", 50.0, 1000), tmp_path / "x.bin")


def test_many_records_are_picked_as_one_by_one(tmp_path, seisbench):
    """Records side by side in one Stream of SeisBench, against one record at a time, at another rate too."""
    import torch

    from seissynth.picking.models import new_picker, save_picker
    from seissynth.picking.pickers import SeisBenchPicker

    torch.manual_seed(3)
    save_picker(new_picker("phasenet", 50.0, 3001), tmp_path / "p.pt")
    picker = SeisBenchPicker(tmp_path / "p.pt", threshold=0.0)
    for rate in (50.0, 100.0):
        data = records(4, npts=round(70 * rate), rate=rate).waveforms
        expected = {"P": np.array([3.0, 20.0, np.nan, 40.0]), "S": np.array([9.0, 30.0, 50.0, np.nan])}
        together = picker.pick_many(data, rate, expected, np.full(4, -1.0))
        for row in range(4):
            alone = picker.pick(data[row], rate, {k: v[row] for k, v in expected.items()}, -1.0)
            assert alone == pytest.approx({k: v[row] for k, v in together.items()}, nan_ok=True, abs=1.01 / rate)


def test_fine_tuning_goes_on_from_the_weights(tmp_path, seisbench):
    import torch

    from seissynth.evaluation.downstream.picker_training import fine_tune_picker
    from seissynth.picking.models import new_picker, save_picker

    torch.manual_seed(0)
    start = new_picker("phasenet", 100.0, 1000)
    save_picker(start, tmp_path / "start.pt")
    config = PickerConfig(steps=1, batch=2, window_s=10.0, learning_rate=1e-5)
    with pytest.warns(UserWarning, match="has not learnt"):
        tuned = fine_tune_picker(tmp_path / "start.pt", records(4), records(4), config)
    assert tuned.sampling_rate == 100.0
    moved = [float((a - b).detach().abs().max()) for a, b in zip(start.parameters(), tuned.parameters(), strict=True)]
    assert 0 < max(moved) < 1e-4


# --- magnitudes


def magnitudes(n, seed=0, rate=50.0, npts=1000):
    """Length of a burst grows with magnitude: it is there after normalisation, too."""
    rng = np.random.default_rng(seed)
    magnitude = rng.uniform(0.0, 4.0, n)
    waves = 0.05 * rng.standard_normal((n, 3, npts))
    for i, m in enumerate(magnitude):
        last = 100 + int(40 + 150 * m)
        waves[i, :, 100:last] += rng.standard_normal((3, last - 100))
    return MagnitudeRecords(waves.astype("float32"), np.full(n, 100.0), magnitude, rate)


def test_bias_and_slope_by_hand():
    true = np.repeat([1.0, 3.0], 10)
    table = bias_by_magnitude(true, true + 0.25, [0, 2, 4, 6])
    assert table["bias"].tolist() == pytest.approx([0.25, 0.25]) and table["records"].tolist() == [10, 10]
    assert table["sd"].tolist() == pytest.approx([0.0, 0.0])
    scores = magnitude_scores(true, np.full(20, 2.0))
    assert scores["slope"] == pytest.approx(0.0, abs=1e-9) and scores["mae"] == pytest.approx(1.0)
    with pytest.raises(InputError, match="two records"):
        magnitude_scores([1.0], [1.0])


def test_even_magnitudes_are_even():
    magnitude = np.random.default_rng(0).exponential(0.7, 3000)
    rows = even_magnitudes(magnitude, 2000, np.arange(0, 4.1, 0.5), seed=1)
    counts = np.histogram(magnitude[rows], np.arange(0, 4.1, 0.5))[0]
    assert counts.min() == counts.max() == 250
    with pytest.raises(InputError, match="between 8"):
        even_magnitudes(magnitude, 10, [8, 9])


def test_the_regressor_learns_what_is_there():
    pytest.importorskip("torch")
    config = MagnitudeConfig(window_s=18.0, filters=(8, 8), units=16, steps=90, batch=16, learning_rate=1e-2,
                             dropout=0.0, check_every=30)  # fmt: skip
    model = train_magnitudes(magnitudes(300), magnitudes(60, seed=1), config)
    test = magnitudes(80, seed=2)
    found, deviation = predict_magnitudes(model, test, config)
    scores = magnitude_scores(test.magnitude, found)
    assert scores["mae"] < 0.5 and scores["slope"] > 0.6  # answering with the mean: 1.0 and 0
    assert (deviation > 0).all()
    other = MagnitudeRecords(test.waveforms, test.p, np.full(80, np.nan), 50.0)
    with pytest.raises(InputError, match="needs P and a magnitude"):
        train_magnitudes(other, test, config)
