"""Try other ideas of what a sensor below the surface records: what each gives at the three boreholes of Ridgecrest.

    python -m tools.physics.try_boreholes DATA [--only TEXT ...] [--set NAME=VALUE ...] [-o docs/_static/sites]

Records and levels are those of `compare_boreholes`: ln of generated over observed S, medians, as they are and less the
surface sensors with their Vs30 on the map. Each trial changes one idea, and the last ones two or three; nothing is
fitted. Some change the code of the backend while they run. `--set` adds a trial with a constant of the backend, or of
one of its modules (``site_profile.Q_S=50``, ``borehole._MOST_OF_KAPPA=1``).
"""

import argparse
import warnings
from functools import partial
from pathlib import Path

import numpy as np

from seissynth_plugins.stochastic import borehole, site_profile
from seissynth_plugins.stochastic.legs import LegMaker
from seissynth_plugins.stochastic.site_profile import SiteProfile, generic_profile
from tools.physics._envelopes import named_values
from tools.physics.compare_boreholes import BURIED, DEPTHS_M, MAPPED, OUT, less_surface, mapped_vs30, measure
from tools.real_records._real_records import write_markdown
from tools.real_records.compare_ridgecrest import Data

#: bands of the table: 1 to 2 Hz, and 2 to 5 Hz
BANDS = (0, 1)
GRANITE = "2 400; 8 700; 20 1200; 40 1900; - 2700"
_MODULES = {"borehole": borehole, "site_profile": site_profile}
_terms = LegMaker.terms


def everywhere(column, value):
    """Conditions of the sensors at depth, with one more column."""
    return {**BURIED, column: dict.fromkeys(DEPTHS_M, value)}


def scaled_layers(factor, vs30_mps, depth_m):
    """Generic layers of which all velocities are multiplied."""
    found = generic_profile(vs30_mps, depth_m)
    speeds = (tuple(factor * speed for speed in row) for row in (found.vs_mps, found.vp_mps))
    return SiteProfile(found.thickness_m, *speeds, found.density_g_cm3, found.q_s, found.q_p)


def other_layers(vs30_mps, _, depth_m):
    """Generic layers for another Vs30 than the site term's."""
    return generic_profile(vs30_mps, depth_m)


def mean_power(reflected, coherent, frequency_hz, layers, slowness_s_km, spread=0.1):
    """`borehole.mean_power` with part of the reflection, which interferes with the up-going wave or does not."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(borehole._NODES)
    frequencies = np.exp(spread * nodes)[:, None] * frequency_hz
    up, down = borehole.up_and_down(frequencies, layers, slowness_s_km)
    down = reflected * down
    power = np.abs(up + down) ** 2 if coherent else np.abs(up) ** 2 + np.abs(down) ** 2
    return (weights[:, None] / weights.sum() * power).sum(axis=0)


def z_of_p(maker, grid, row):
    """`LegMaker.terms` with S on Z carried by the P velocities of the layers."""
    return _with_z(maker, grid, row, (1.0, -1.0))


def z_exponent(maker, grid, row):
    """`LegMaker.terms` with the layers on Z of S to the power that the Vs30 term has there."""
    return _with_z(maker, grid, row, (0.0, maker.parameters.vertical_site_exponent - 1.0))


def _with_z(maker, grid, row, weights):
    pressure, shear, on_z = _terms(maker, grid, row)
    if row.borehole is not None:
        key = grid.nfft, grid.dt, row.borehole
        below = maker._kept("borehole", key, lambda: borehole.borehole_filters(grid, row.borehole))
        on_z = [*on_z, *zip(below, weights, strict=True)]
    return pressure, shear, on_z


HALF_REFLECTED = (borehole, "mean_power", partial(mean_power, 0.5, True))
SLOWER = (borehole, "generic_profile", partial(scaled_layers, 0.8))
Z_EXPONENT = (LegMaker, "terms", z_exponent)
#: trial -> conditions, options, what is replaced in the code
TRIALS = {
    "default: waves in generic layers": (BURIED, {}, []),
    "half of the surface": (BURIED, {"borehole_factor": 0.5}, []),
    "Q of the layers 10": (BURIED, {}, [(site_profile, "Q_S", 10.0)]),
    "Q of the layers 100": (BURIED, {}, [(site_profile, "Q_S", 100.0)]),
    "Vs30 450 m/s, of site and layers": (everywhere("station_vs_30_mps", 450.0), {}, []),
    "Vs30 1100 m/s, of site and layers": (everywhere("station_vs_30_mps", 1100.0), {}, []),
    "layers for 450 m/s, site for 760": (
        BURIED,
        {},
        [(borehole, "generic_profile", partial(other_layers, 450.0))],
    ),
    "layers slower by a fifth": (BURIED, {}, [SLOWER]),
    "layers faster by a quarter": (BURIED, {}, [(borehole, "generic_profile", partial(scaled_layers, 1.25))]),
    f"granite, `{GRANITE}`": (everywhere("station_layers", GRANITE), {}, []),
    "no scatter of velocity between stations": (BURIED, {"borehole_velocity_scatter": 0.0}, []),
    "scatter of velocity between stations 30 %": (BURIED, {"borehole_velocity_scatter": 0.3}, []),
    "velocities that scatter by 35 % within a record": (
        BURIED,
        {},
        [(borehole, "mean_power", partial(borehole.mean_power, spread=0.35))],
    ),
    "damping up to all of kappa": (BURIED, {}, [(borehole, "_MOST_OF_KAPPA", 1.0)]),
    "kappa 0.02 s": (everywhere("station_kappa_s", 0.02), {}, []),
    "kappa 0.05 s": (everywhere("station_kappa_s", 0.05), {}, []),
    "half of the reflection": (BURIED, {}, [HALF_REFLECTED]),
    "no reflection": (BURIED, {}, [(borehole, "mean_power", partial(mean_power, 0.0, True))]),
    "a reflection that does not interfere": (BURIED, {}, [(borehole, "mean_power", partial(mean_power, 1.0, False))]),
    "Z of S by the P velocities of the layers": (BURIED, {}, [(LegMaker, "terms", z_of_p)]),
    "layers on Z of S to the power of its Vs30 term": (BURIED, {}, [Z_EXPONENT]),
    "the same, with half of the reflection": (BURIED, {}, [Z_EXPONENT, HALF_REFLECTED]),
    "the same two, with layers slower by a fifth": (BURIED, {}, [Z_EXPONENT, HALF_REFLECTED, SLOWER]),
}


def trial_of(text):
    """A trial with a constant NAME=VALUE, or MODULE.NAME=VALUE."""
    ((name, value),) = named_values([text]).items()
    if "." not in name:
        return BURIED, {name: value}, []
    module, _, name = name.partition(".")
    return BURIED, {}, [(_MODULES[module], name, value)]


def medians(rows):
    """Texts of H at the bands of the table, then of Z."""
    middle = np.nanmedian([values for _, name, values in rows if name in DEPTHS_M], axis=0)
    return [f"{middle[band, component]:+.2f}" for component in (1, 0) for band in BANDS]


def main():
    """Make every trial and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--realisations", type=int, default=8)
    parser.add_argument("--natural-hz", type=float, default=2.0)
    parser.add_argument("--only", action="append", default=[], help="trials with this text in their name")
    parser.add_argument("--set", action="append", default=[], help="NAME=VALUE, another trial")
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    data = Data(arguments.data)
    only = arguments.only or [""]
    trials = {name: trial for name, trial in TRIALS.items() if any(text in name for text in only)}
    trials.update((text, trial_of(text)) for text in arguments.set)
    cases = {name: trial[:2] for name, trial in trials.items()}
    patches = {name: trial[2] for name, trial in trials.items()}
    vs30 = mapped_vs30(arguments.data, data.stations)
    rows = measure(data, arguments.realisations, arguments.natural_hz, vs30, None, cases, patches)
    relative = less_surface(rows, MAPPED)
    header = ["trial", "H, 1 to 2 Hz", "H, 2 to 5 Hz", "Z, 1 to 2 Hz", "Z, 2 to 5 Hz"]
    header += [f"{name}, less the surface" for name in header[1:]]
    path = arguments.out / "boreholes_tries.md"
    write_markdown(path, header, [[name, *medians(rows[name]), *medians(relative[name])] for name in trials])
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
