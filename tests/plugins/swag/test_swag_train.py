"""Training SWaG: in stages as at once, from other weights, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from swag_sets import made_up_rows, tiny_options, write_set

from seissynth.errors import FileFormatError, InputError

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
pytest.importorskip("lightning", reason="training needs Lightning")

from seissynth.backends.trainers import get_trainer  # noqa: E402
from seissynth_plugins.swag.training.train import RECIPES, train_swag  # noqa: E402
from seissynth_plugins.swag.weights import SWAG  # noqa: E402
from seissynth_plugins.torchkit.weights import load_model  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("swag") / "set", noise=2)


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    return train_swag(folder, tmp_path_factory.mktemp("run") / "whole", **tiny_options())


def test_a_training_leaves_weights_card_and_curve(run):
    assert run.finished and (run.step, run.steps) == (6, 6)
    model, inputs, card = load_model(run.weights, SWAG)
    assert model.config.stations == 2 and inputs.names == ["XX.A", "XX.B"] and inputs.scales is not None
    assert card["area_deg"] == [35.6, 36.2, -117.5, -117.5]
    assert card["records"] == 24 and card["stages"][-1]["options"]["p_range_s"] == [2.0, 8.0]
    header = (run.output / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"waveform", "scale", "validation_loss", "validation_spectrum"} <= set(header)
    assert "18 records of 18 earthquakes" in (run.output / "CARD.md").read_text()
    assert get_trainer("swag") is train_swag and set(RECIPES) == {"paper", "authors", "small", "small_500", "tiny"}


def test_in_stages_as_at_once(run, folder, tmp_path):
    for _ in range(20):
        cut = train_swag(folder, tmp_path / "run", **tiny_options(), max_minutes=0.01)
        if cut.finished:
            break
    assert cut.finished and cut.weights.read_bytes() == run.weights.read_bytes()


def test_new_stations_begin_as_none_and_known_ones_keep_their_rows(run, tmp_path):
    rows = [{**row, "station_code": "C" if row["station_code"] == "A" else "B"} for row in made_up_rows()]
    other = train_swag(
        write_set(tmp_path / "set", rows),
        tmp_path / "run",
        **tiny_options(steps=1, warm_up=0, learning_rate=1e-9, ema=0.0),
        init=run.weights,
    )
    before, first, _ = load_model(run.weights, SWAG)
    after, inputs, card = load_model(other.weights, SWAG)
    assert inputs.names == ["XX.A", "XX.B", "XX.C"] and inputs.scales == first.scales
    table, begun = (model.conditions.stations.weight for model in (after, before))
    torch.testing.assert_close(table[[0, 1, 3]], begun, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(table[2], begun[2], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(after.blocks[0].qkv.weight, before.blocks[0].qkv.weight, atol=1e-4, rtol=1e-3)
    assert len(card["stages"]) == 2 and card["stages"][1]["init_weights_hash"]


def test_another_rate_takes_over_all_but_the_patches(run, tmp_path):
    """Records of 100 Hz: patches are longer, tokens and blocks are the same."""
    rows = [
        {**row, "trace_sampling_rate_hz": 100.0, "trace_npts": 2000,
         "trace_p_arrival_sample": 10 * row["trace_p_arrival_sample"],
         "trace_s_arrival_sample": 10 * row["trace_s_arrival_sample"]}
        for row in made_up_rows(8)
    ]  # fmt: skip
    from seissynth.io.seisbench.dataset import DatasetWriter

    with DatasetWriter(tmp_path / "set", sampling_rate_hz=100.0, unit="m/s") as writer:
        writer.write(pd.DataFrame(rows), np.random.default_rng(0).standard_normal((8, 3, 2000)).astype(np.float32))
    options = tiny_options(config="tiny+100hz", steps=1, warm_up=0, learning_rate=1e-9, ema=0.0, p_range_s=None)
    other = train_swag(tmp_path / "set", tmp_path / "run", **options, init=run.weights)
    before, after = load_model(run.weights, SWAG)[0], load_model(other.weights, SWAG)[0]
    assert after.config.patch == 100 and after.config.tokens == before.config.tokens
    torch.testing.assert_close(after.blocks[1].rise.weight, before.blocks[1].rise.weight, atol=1e-4, rtol=1e-3)
    assert after.embed[0].weight.shape != before.embed[0].weight.shape


def test_guidance_is_distilled_from_the_weights_that_are_begun_with(run, folder, tmp_path):
    student = train_swag(folder, tmp_path / "run", **tiny_options(config="tiny+guided", steps=3), init=run.weights)
    model, *_ = load_model(student.weights, SWAG)
    assert model.config.guided and not any("teacher" in name for name in model.state_dict())
    with pytest.raises(InputError, match="distils guidance; pass init="):
        train_swag(folder, tmp_path / "without", **tiny_options(config="tiny+guided"))
    with pytest.raises(InputError, match="weights trained without"):
        train_swag(folder, tmp_path / "twice", **tiny_options(config="tiny+guided"), init=student.weights)


def test_a_band_that_is_known_is_that_of_the_weights(folder, tmp_path):
    made = train_swag(folder, tmp_path / "run", **tiny_options(steps=2), band_hz=[0.5, 4.0])
    assert load_model(made.weights, SWAG)[1].band == pytest.approx((0.1, 0.8))


def test_only_the_first_records_are_seen(folder, tmp_path):
    made = train_swag(folder, tmp_path / "run", **tiny_options(steps=2), records=5)
    assert made.finished and json.loads((made.output / "run.json").read_text())["records"] == 5
    with pytest.raises(InputError, match="holds a run with records=5"):
        train_swag(folder, tmp_path / "run", **tiny_options(steps=2), records=6)


def test_bad_options(folder, run, tmp_path):
    with pytest.raises(InputError, match=r"swag: there is no option 'stepps'; did you mean 'steps'"):
        train_swag(folder, tmp_path / "a", stepps=3)
    with pytest.raises(InputError, match="swag has no variant 'fast'"):
        train_swag(folder, tmp_path / "b", config="tiny+fast")
    for wrong in ([3.0, 2.0], [1.0, 25.0], 4.0, "late"):
        with pytest.raises(InputError, match=r"p_range_s=.* must be two rising times"):
            train_swag(folder, tmp_path / "c", config="tiny", p_range_s=wrong)
    for wrong in ([3.0, 2.0], [1.0, 9.0], 4.0):
        with pytest.raises(InputError, match=r"band_hz=.* must be two rising frequencies, 0 to 5 Hz"):
            train_swag(folder, tmp_path / "c", config="tiny", band_hz=wrong)
    for wrong in (-0.1, 1.5, "0.1", True):
        with pytest.raises(InputError, match=r"magnitude_sd=.* must be 0 to 1, in units of magnitude"):
            train_swag(folder, tmp_path / "c", config="tiny", magnitude_sd=wrong)
    with pytest.raises(InputError, match="init holds a network with cross_attention=False"):
        train_swag(folder, tmp_path / "d", **tiny_options(config="tiny+cross_attention"), init=run.weights)
    (tmp_path / "broken.safetensors").write_bytes(run.weights.read_bytes()[:-10])
    with pytest.raises(FileFormatError, match="cut off"):
        train_swag(folder, tmp_path / "e", **tiny_options(), init=tmp_path / "broken.safetensors")


def test_training_begins_with_the_shipped_weights_by_name(run, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(SWAG, "shipped", run.weights)
    options = tiny_options(steps=1, warm_up=0)
    named, by_path = (
        train_swag(folder, tmp_path / f"run{number}", **options, init=init)
        for number, init in enumerate(("shipped", run.weights))
    )
    assert named.weights.read_bytes() == by_path.weights.read_bytes()
    monkeypatch.setattr(SWAG, "shipped", None)
    with pytest.raises(InputError, match="no weights of 'swag' come with this package"):
        train_swag(folder, tmp_path / "none", **options, init="shipped")
    assert not (tmp_path / "none" / "run.json").exists()
