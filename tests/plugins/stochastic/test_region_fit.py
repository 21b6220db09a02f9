"""A region fitted to a flat file: made-up observations of known constants, files that say little, real records."""

import json

import numpy as np
import pandas as pd
import pytest

from seissynth.backends.trainers import get_trainer
from seissynth.errors import InputError
from seissynth.evaluation.flatfiles.from_records import measured_table
from seissynth.evaluation.flatfiles.generated import MeasureMaker
from seissynth.evaluation.flatfiles.residuals import residual_table
from seissynth.io.ground_motion_rows import usable_rows
from seissynth.io.ground_motion_tables import GroundMotionTable
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.presets import PRESETS, make_parameters
from seissynth_plugins.stochastic.region_fit import fit_region
from seissynth_plugins.stochastic.region_freedoms import named_freedoms
from seissynth_plugins.stochastic.region_presets import read_preset

MEASURES = ("pga", "psa_0.3", "psa_1")
#: a region with half of the motion at all frequencies, and more attenuation
TRUTH = {"level_shift": ((0.5, -0.7), (8.0, -0.7)), "q0": 90.0}


def flatfile(events=7, stations=6, observed_with=TRUTH):
    """Rows whose measures are those of records with other constants, other seeds and event terms."""
    rng = np.random.default_rng(4)
    rows = [
        {"event_id": f"e{event}", "source_latitude_deg": 43.0, "source_longitude_deg": 13.0, "source_depth_km": 9.0,
         "source_magnitude": 4.0 + 0.2 * event, "source_magnitude_type": "Mw", "network": "XX",
         "station": f"S{event}{station}", "station_latitude_deg": 43.0 + distance / 111.2,
         "station_longitude_deg": 13.0}
        for event in range(events)
        for station, distance in enumerate(np.geomspace(12, 150, stations))
    ]  # fmt: skip
    table, _ = usable_rows(pd.DataFrame(rows), {}, "made")
    table = GroundMotionTable(table.assign(**dict.fromkeys(MEASURES, 1.0)), MEASURES, "rotd50", "made", ())
    maker = MeasureMaker(StochasticBackend(**observed_with), MEASURES, "rotd50", seed=99)
    made, _ = residual_table(table, maker, 1)
    terms = dict(zip(made["event"].unique(), rng.normal(0, 0.2, events), strict=True))
    for name in MEASURES:
        table.rows[name] = made[f"{name}_generated"] * np.exp(made["event"].map(terms))
    return table


@pytest.fixture(scope="module")
def result():
    return fit_region(flatfile(), name="half", test_share=0.0, rounds=2, seed=1)


def test_the_level_and_the_attenuation_of_the_observations_are_found(result):
    means = [float(text.split()[0]) for text in result.residuals["before"]]
    assert max(means) < -0.6
    after = np.array([float(text.split()[0]) for text in result.residuals["after"]])
    # two rounds, and priors that hold back
    assert (abs(after) < 0.3).all() and (abs(after) < 0.35 * np.abs(means)).all()
    assert list(result.residuals["measure"]) == list(MEASURES)
    constants = {**{"q0": PRESETS["active"].q0}, **result.preset["constants"]}
    # level and Q trade off: together they give the motion at 12 and at 150 km
    assert -1.1 < np.interp(np.log(2.0), np.log([0.5, 2, 8]), [y for _, y in constants["level_shift"]]) < -0.15
    assert constants["q0"] < 165


def test_the_report_says_what_was_seen(result):
    seen = {row.constant: int(row.seen.removesuffix(" %")) for row in result.freedoms.itertuples()}
    # levels are seen best, and the slope of Q least, from three measures
    assert seen["level at 2 Hz, ln"] > 50 and seen["level at 2 Hz, ln"] > seen["q_exponent"] >= 0
    text = str(result)
    assert "Not fitted, since the file lacks their measures: s_kernel of the path, ln, scattering_per_km, ln" in text
    assert "magnitude 4.0 to 5.2" in text


def test_a_fit_may_be_one_of_levels_alone():
    found = fit_region(flatfile(), test_share=0.0, rounds=1, seed=1, free="level")
    assert list(found.preset["constants"]) == ["level_shift"]
    assert list(found.freedoms["constant"]) == [f"level at {f:g} Hz, ln" for f in (0.5, 2, 8)]
    # the observations have less, and nothing else may say so
    assert np.mean([change for _, change in found.preset["constants"]["level_shift"]]) < -0.5
    with pytest.raises(InputError, match=r"free='level,kappa': nothing that a fit changes begins with 'kappa'; there"):
        fit_region(flatfile(), test_share=0.0, free="level,kappa")
    for free in ([], 3, ["level", 3], ""):
        with pytest.raises(InputError, match="nothing that a fit changes begins with"):
            fit_region(flatfile(), test_share=0.0, free=free)
    with pytest.raises(InputError, match=r"nothing can be fitted: the measures are pga, psa_0\.3, psa_1, and scat"):
        fit_region(flatfile(), test_share=0.0, free="scattering")
    assert [one.name for one in named_freedoms("transport", "q0, ln")] == ["q0, ln"]


def test_the_preset_makes_records_and_survives_a_file(result, tmp_path):
    read = read_preset(result.write(tmp_path / "half.csv"))
    assert read["constants"] == result.preset["constants"] and read["name"] == "half"
    assert "42 records of 7 events" in read["sources"]["q0"]
    assert make_parameters(read).q0 == result.preset["constants"]["q0"]


def test_level_shift_multiplies_the_spectrum():
    from stochastic_tables import conditions

    from seissynth.seeding import make_seeds

    table, seeds = conditions([30.0]), make_seeds(1, ["a"], ["XX.A"], backend="stochastic")
    span = {"start_s": np.zeros(1), "npts": 4096, "sampling_rate_hz": 100.0, "seeds": seeds}
    plain, shifted = (
        np.abs(np.fft.rfft(StochasticBackend(low_cut_hz=0, **options).simulate(table, **span).data[0, 2]))
        for options in ({}, {"level_shift": ((0.5, -0.5), (8.0, 0.5))})
    )
    frequency = np.fft.rfftfreq(4096, 0.01)
    for f, wanted in ((0.4, -0.5), (2.0, 0.0), (12.0, 0.5)):
        near = (frequency > 0.8 * f) & (frequency < 1.25 * f)
        assert np.log(shifted[near].sum() / plain[near].sum()) == pytest.approx(wanted, abs=0.08)


def test_small_files_and_odd_options_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"the fit would have 18 records of 3 events; it needs 40 of 6"):
        fit_region(flatfile(events=3), test_share=0)
    with pytest.raises(InputError, match="test_share=1"):
        fit_region(flatfile(), test_share=1)
    train = get_trainer("stochastic")
    with pytest.raises(InputError, match="init is of neural networks"):
        train(["x.csv"], tmp_path / "run", init="w.safetensors")
    with pytest.raises(InputError, match=r"unknown option 'round'; did you mean 'rounds'\?"):
        train(["x.csv"], tmp_path / "run", round=2)
    with pytest.raises(InputError, match="2 files were given"):
        train(["x.csv", "y.csv"], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_command_line_fits_a_file(run, tmp_path):
    table = flatfile()
    words = {"source": "Earthquake", "station": "Station"}
    header = {
        f"{owner}_{ours}": f"{words[owner]}{theirs}"
        for owner, ours, theirs in (
            ("source", "latitude_deg", "Latitude"), ("source", "longitude_deg", "Longitude"),
            ("source", "depth_km", "Depth"), ("source", "magnitude", "Magnitude"),
            ("station", "latitude_deg", "Latitude"), ("station", "longitude_deg", "Longitude"),
        )
    }  # fmt: skip
    header |= {"event_id": "EarthquakeId", "station": "StationCode", "pga": "PGA"}
    rows = table.rows[list(header)].rename(columns=header).assign(PGA=table.rows["pga"] / 0.0980665, PGV=np.nan)
    rows.assign(JoynerBooreDistance=np.nan).to_csv(tmp_path / "usgs.csv", index=False)
    found = run(
        "train", "stochastic", "--data", "usgs.csv", "-o", "valley", "--set", "rounds=1", "--set", "test_share=0"
    )
    assert found.exit_code == 0, found.stderr
    assert "level at 2 Hz" in found.stdout and "level at 2 Hz" in (tmp_path / "valley" / "report.txt").read_text()
    preset = json.loads((tmp_path / "valley" / "preset.json").read_text())
    assert preset == read_preset(tmp_path / "valley" / "preset.csv") and preset["name"] == "valley"
    made = run("generate", "--example", "-o", "a.h5", "--duration", 20, "--set", "preset=@valley/preset.json")
    assert made.exit_code == 0, made.stderr


def test_records_of_one_s_own_are_measured(tmp_path):
    """A set of generated records: PGA is that of the samples, and rows near the noise are left out."""
    import seissynth

    inventory, event = seissynth.read_example()
    options = {"duration": 60.0, "p_lead_s": (3.0, 3.0), "output": "ACC"}
    seissynth.make_dataset(tmp_path / "set", inventory, event, noise="nhnm", **options)
    table = measured_table(tmp_path / "set")
    assert len(table) == 7 and table.component == "rotd50" and "psa_0.3" in table.measures
    data = seissynth.io.seisbench.Dataset(tmp_path / "set")
    largest = np.abs(data.waveform(0)[1:]).max()
    assert 0.6 * largest < table.rows["pga"].max() and table.rows["vh_pga"].between(0.1, 5).all()
    with pytest.raises(InputError, match=r"no record has a PGA 1e\+09 times its noise"):
        measured_table(tmp_path / "set", clear=1e9)
