"""The network that moves draws of the residual model, inside weights: what it changes, and what it leaves alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")

from heggs_sets import made_up_rows, write_set  # noqa: E402

from seissynth.errors import FileFormatError, InputError  # noqa: E402
from seissynth_plugins.heggs.networks.model import Heggs  # noqa: E402
from seissynth_plugins.heggs.networks.named_configs import named_config  # noqa: E402
from seissynth_plugins.heggs.networks.residual_flow import ResidualFlow  # noqa: E402
from seissynth_plugins.heggs.observation import at_sensors  # noqa: E402
from seissynth_plugins.heggs.residual_mover import BATCH, STRENGTHS, at_frames  # noqa: E402
from seissynth_plugins.heggs.residual_records import (  # noqa: E402
    PATTERN_SHAPE,
    hashed,
    origin_hours,
    record_places,
)
from seissynth_plugins.heggs.signal_and_noise import before_p  # noqa: E402
from seissynth_plugins.heggs.site_noise import SiteNoise  # noqa: E402
from seissynth_plugins.heggs.source_traits import Traits  # noqa: E402
from seissynth_plugins.heggs.training.data import TrainingTable, fit_inputs  # noqa: E402
from seissynth_plugins.heggs.training.residual_fit import add_flow, without_fits  # noqa: E402
from seissynth_plugins.heggs.weights import HEGGS, load_model, save_model  # noqa: E402
from seissynth_plugins.residuals.kernel import PRIOR  # noqa: E402
from seissynth_plugins.residuals.observations import Observations  # noqa: E402
from seissynth_plugins.residuals.patterns import Patterns  # noqa: E402
from seissynth_plugins.torchkit.checkpoints import write_tensors  # noqa: E402

K, CHANNELS, SIZE = 2, 8, 0.3
STATIONS = ["XX.A", "XX.B", "XX.C"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    table = TrainingTable(write_set(tmp_path_factory.mktemp("mover") / "set"), fold=0, folds=4)
    found = fit_inputs(table)
    nothing = np.zeros((3, len(found.statistics.mean)), np.float32)
    low = {"": nothing - 4}
    shape = np.zeros((9, len(found.statistics.mean)), np.float32)
    return replace(found, site_noise=SiteNoise({"": nothing}, low, low, nothing[:1], nothing - 4, shape))


@pytest.fixture(scope="module")
def plain():
    """Weights whose residual model knows sixteen records."""
    rows = made_up_rows()[:16]
    torch.manual_seed(0)
    model = Heggs(replace(named_config("tiny"), residuals=K, residual_records=len(rows))).eval()
    columns = pd.DataFrame(rows)
    onsets, share = columns[["path_p_travel_s", "path_s_travel_s"]].to_numpy(float), np.full(len(rows), 0.9)
    places = record_places(columns, names_of(columns), onsets, share)
    values = np.random.default_rng(0).standard_normal((len(rows), K))
    patterns = Patterns(np.stack([np.full(PATTERN_SHAPE, 0.6), np.full(PATTERN_SHAPE, 0.2)]).astype(np.float32), 0.2)
    known = Observations(places, values, np.full(values.shape, 0.01))
    hours = origin_hours(columns, len(rows))
    model.residuals.keep(patterns, np.stack([PRIOR] * K), known, columns, hours, onsets, share)
    return model


def names_of(columns):
    return [f"{a}.{b}" for a, b in zip(columns["station_network_code"], columns["station_code"], strict=True)]


def with_mover(plain, tmp_path, constant=0.0):
    """The same weights with a network of constant velocity, as `residual_flow train` leaves it in a file."""
    torch.manual_seed(1)
    network = ResidualFlow(len(STATIONS), CHANNELS, beyond=True)
    with torch.no_grad():
        network.out[-1].bias.fill_(constant)
    about = {"channels": str(CHANNELS), "beyond": "True", "mean_free": "False", "size": repr(SIZE)}
    path = tmp_path / "network_best.safetensors"
    write_tensors(path, network.state_dict(), about | {"stations": '["XX.A", "XX.B", "XX.C"]'})
    values, config = add_flow(plain.state_dict(), plain.config, path)
    model = HEGGS.make(config)
    model.load_state_dict(values)
    return model.eval()


def made(model, inputs, rows, drawn=True, traits=None):
    columns = pd.DataFrame(rows)
    onsets = inputs.onsets(columns)
    early = before_p(onsets, inputs.frame_times_s)
    x = np.where(early[:, None, None], -4.0, 1.0) * np.ones((len(rows), 3, 64, 1), np.float32)
    seeds = [int(row["station_code"][1:]) + 10 * int(row["source_id"][1:]) for row in rows]
    events = [int(row["source_id"][1:]) for row in rows]
    out = at_sensors(
        model, inputs, x.astype(np.float32), inputs.conditions(columns), seeds, events, names_of(columns), onsets,
        drawn=drawn, traits=traits, columns=columns,
    )  # fmt: skip
    return out, np.broadcast_to(early[:, None, None], out.shape)


@pytest.mark.parametrize("drawn", [True, False])
def test_a_network_that_has_learnt_nothing_changes_nothing(plain, inputs, tmp_path, drawn):
    rows = made_up_rows()[16:20]
    found, _ = made(with_mover(plain, tmp_path), inputs, rows, drawn)
    np.testing.assert_array_equal(found, made(plain, inputs, rows, drawn)[0])


@pytest.mark.parametrize("drawn", [True, False])
def test_a_constant_velocity_moves_all_cells_behind_p_as_far_as_it_takes(plain, inputs, tmp_path, drawn):
    rows, velocity = made_up_rows()[16:20], 0.5
    found, early = made(with_mover(plain, tmp_path, velocity), inputs, rows, drawn)
    apart = found - made(plain, inputs, rows, drawn)[0]
    assert (apart[early] == 0).all()
    # Euler's steps of v / width, in units of the network
    t = np.arange(5) / 5
    wanted = SIZE * np.mean(velocity / np.sqrt(t**2 + (1 - t) ** 2))
    middle = apart[0, 0, 30, 200:300]
    np.testing.assert_allclose(middle, wanted, rtol=1e-4)


def test_with_sources_it_moves_half_as_far(plain, inputs, tmp_path):
    rows = made_up_rows()[16:18]
    columns = pd.DataFrame(rows)
    onsets = columns[["path_p_travel_s", "path_s_travel_s"]].to_numpy(float)
    places = record_places(columns, ["YY.Q", "YY.R"], onsets, np.full(2, 0.9))
    known = Observations(places, np.ones((2, K)), np.full((2, K), 0.01))
    bins, frames = 64, 376
    nothing = np.zeros((2, bins), np.float32)
    traits = Traits(
        nothing - 4, nothing, np.zeros((2, bins, frames), np.float32), [known.select([0]), known.select([1])]
    )
    moved, still = (made(one, inputs, rows, traits=traits)[0] for one in (with_mover(plain, tmp_path, 0.5), plain))
    free, alone = (made(one, inputs, rows)[0] for one in (with_mover(plain, tmp_path, 0.5), plain))
    ratio = (moved - still)[0, 0, 30, 250] / (free - alone)[0, 0, 30, 250]
    assert ratio == pytest.approx(STRENGTHS[1] / STRENGTHS[0], rel=1e-3)


def test_a_record_does_not_depend_on_the_others(plain, inputs, tmp_path):
    model, rows = with_mover(plain, tmp_path, 0.5), made_up_rows()[16 : 16 + BATCH + 1]
    with torch.no_grad():  # so that the velocity depends on the record
        for value in model.residual_flow.network.out[-1].parameters():
            value.normal_()
    together, _ = made(model, inputs, rows)
    for row in (0, len(rows) - 1):
        np.testing.assert_array_equal(made(model, inputs, rows[row : row + 1])[0][0], together[row])


def test_stations_are_known_by_name(plain, tmp_path):
    mover = with_mover(plain, tmp_path).residual_flow
    assert mover.numbers_of(["XX.B", "YY.B", ""]).tolist() == [2, 0, 0]
    assert mover.names.tolist() == [hashed(name) for name in STATIONS]


def test_weights_keep_it_and_refuse_damage(plain, inputs, tmp_path):
    model = with_mover(plain, tmp_path, 0.5)
    path, rows = tmp_path / "weights.safetensors", made_up_rows()[16:18]
    about = {
        "region": "nowhere", "ranges": {}, "sensors": [], "training_data_hash": "0", "licence": "MIT", "data": ["made"],
    }  # fmt: skip
    save_model(path, model.state_dict(), model.config, inputs, about)
    again, read, _ = load_model(path)
    moved = made(again, read, rows)[0]
    again.residual_flow = None
    apart = made(model, inputs, rows)[0] - made(plain, inputs, rows)[0]
    np.testing.assert_allclose(moved - made(again, read, rows)[0], apart, atol=1e-3)
    values, config = without_fits(model.state_dict(), model.config)
    assert config.residual_flow == config.flow_stations == config.residuals == 0
    assert not any(name.startswith("residual") for name in values)
    model.residual_flow.size.fill_(0)
    save_model(path, model.state_dict(), model.config, inputs, about)
    with pytest.raises(FileFormatError, match="network that moves residuals"):
        load_model(path)


def test_it_needs_a_residual_model_and_its_own_kind_of_training(plain, tmp_path):
    with_mover(plain, tmp_path)
    values, config = without_fits(plain.state_dict(), plain.config)
    with pytest.raises(InputError, match="residual model"):
        add_flow(values, config, tmp_path / "network_best.safetensors")
    write_tensors(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, {"beyond": "False", "mean_free": "False"})
    with pytest.raises(InputError, match="--beyond"):
        add_flow(plain.state_dict(), plain.config, tmp_path / "other.safetensors")


def test_cells_at_frames_are_linear_between_middles_and_constant_beyond():
    ramp = np.broadcast_to(np.arange(94, dtype=np.float32), (1, 3, 16, 94))
    found = at_frames(ramp)[0, 1, 40]
    assert found.shape == (376,) and found[0] == 0 and found[-1] == 93
    np.testing.assert_allclose(found[2:-2], np.arange(2, 374) / 4 + 0.125 - 0.5, atol=1e-4)
