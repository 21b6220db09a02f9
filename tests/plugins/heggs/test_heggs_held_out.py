"""Residuals on records that sites and noise were not fitted to: each half of the earthquakes by the other half."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")

from heggs_sets import RATE, made_up_rows, waveforms, write_set  # noqa: E402

from seissynth.io.seisbench.dataset import DatasetWriter  # noqa: E402
from seissynth_plugins.heggs.networks.model import Heggs  # noqa: E402
from seissynth_plugins.heggs.networks.named_configs import named_config  # noqa: E402
from seissynth_plugins.heggs.site_noise import SiteNoise  # noqa: E402
from seissynth_plugins.heggs.training.data import PairData, TrainingTable, fit_inputs  # noqa: E402
from seissynth_plugins.heggs.training.site_noise_fit import add_site_noise, cross_fitted  # noqa: E402
from seissynth_plugins.heggs.training.spread_fit import fit_spread  # noqa: E402
from seissynth_plugins.heggs.weights import HEGGS  # noqa: E402

EVEN, ODD = ("e0", "e2", "e4", "e6"), ("e1", "e3", "e5", "e7")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Heggs(named_config("tiny")).eval()


def site_noise(bins, gain):
    """The same gain, and hardly any noise, at every sensor."""
    nothing = np.zeros((3, bins), np.float32)
    quiet = {"": nothing - 6}
    return SiteNoise({"": nothing + gain}, quiet, quiet, nothing[:1], nothing - 6, np.zeros((9, bins), np.float32))


def test_an_earthquake_is_known_by_the_other_half_alone(tmp_path, network):
    """One sensor is three times as loud at the time of the odd earthquakes: only fits to these may know it."""
    rows = [row for row in made_up_rows() if row["station_code"] != "S0"]  # the nearest has no time before P
    data = waveforms(rows)
    for record, row in zip(data, rows, strict=True):
        record *= 3 if row["station_code"] == "S1" and row["source_id"] in ODD else 1
    with DatasetWriter(tmp_path / "set", sampling_rate_hz=RATE, unit="m/s", quantity="velocity") as writer:
        writer.write(pd.DataFrame(rows), data)
    table = TrainingTable(tmp_path / "set")
    inputs, known = fit_inputs(table), np.arange(len(rows))
    found = cross_fitted(HEGGS, network.state_dict(), network.config, table, inputs, known)
    assert sorted(found) == sorted((*EVEN, *ODD))
    apart = {
        name: ((fit.noise["CI.S1"] - fit.noise["CI.S2"]) * inputs.statistics.sd)[:, 2:50].mean()
        for name, fit in found.items()
    }
    # four records go 4 / 5 of the way from the mean over sensors
    np.testing.assert_allclose([apart[name] for name in EVEN], np.log(3) * 4 / 5, atol=0.1)
    np.testing.assert_allclose([apart[name] for name in ODD], 0, atol=0.1)
    own = add_site_noise(HEGGS, network.state_dict(), network.config, table, inputs, known[np.isin(
        table.table["source_id"], ODD)]).site_noise  # fmt: skip
    assert found["e0"].to_plain() == own.to_plain()


def test_the_spread_is_that_of_each_earthquakes_own_residuals(tmp_path, network):
    """Where the held-out fit says half of the amplitude, the residual is ln 2 larger; elsewhere it stays."""
    table = TrainingTable(write_set(tmp_path / "set"))
    plain = fit_inputs(table)
    bins, sd = len(plain.statistics.mean), plain.statistics.sd
    strong = site_noise(bins, 3.0)
    weak = replace(strong, site={"": strong.site[""] - np.log(2) / sd})
    pairs = PairData(table, replace(plain, site_noise=strong), limit=24)

    def patterns(inputs, held_out):
        pairs.inputs = replace(plain, site_noise=inputs)
        (without, _), figures = fit_spread(network, pairs, 2, held_out)
        return without, figures

    as_strong, as_weak = patterns(strong, None), patterns(weak, None)
    # sd of ln A of a Rayleigh variable is pi / sqrt(24); 4 x 4 values of overlapping frames, 2 to 16 independent ones
    cells = as_strong[1]["texture"] * np.median(sd)
    assert np.pi / np.sqrt(24) / 4 < cells < np.pi / np.sqrt(24) / np.sqrt(2)
    named, named_figures = patterns(strong, dict.fromkeys((*EVEN, *ODD), weak))
    np.testing.assert_array_equal(named, as_weak[0])
    assert named_figures == as_weak[1] != as_strong[1]
    _, half = patterns(strong, dict.fromkeys(EVEN, weak))
    limits = sorted(figures["residual_without"] ** 2 for figures in (as_strong[1], as_weak[1]))
    assert limits[0] < half["residual_without"] ** 2 < limits[1]
    assert half["residual_without"] ** 2 == pytest.approx(np.mean(limits), rel=0.15)
