"""Shared by calibration and comparison with ground-motion models: the grid, published medians, simulations.

Geometry: a vertical strike-slip fault; the hypocentre is at 8 km. Below M 6 the rupture is there, too; from M 6 up
the rupture reaches the surface. R_rup = sqrt(R_JB² + Z²) with Z the depth of the rupture's top. Motion is SI.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seissynth.seeding import make_seeds
from seissynth.signal import response_spectrum, rotd
from seissynth.traveltime.first_arrivals import onsets
from seissynth.units import STANDARD_GRAVITY
from seissynth_plugins.stochastic.backend import StochasticBackend
from seissynth_plugins.stochastic.rows import prepare_rows

MAGNITUDES = (3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0)
DISTANCES_KM = (10.0, 15.0, 24.0, 36.0, 56.0, 85.0, 130.0, 200.0)
HYPOCENTRE_KM = 8.0
SURFACE_FROM_MAGNITUDE = 6.0
MODEL = "iasp91"
RATE_HZ = 100.0
MEASURES = ("PGA", "PGV", "PSA(0.1)", "PSA(0.3)", "PSA(1)", "PSA(3)")
PERIODS_S = (0.1, 0.3, 1.0, 3.0)
VERTICAL_MAGNITUDES, VERTICAL_VS30_MPS = (5.0, 6.0, 7.0), (450.0, 760.0, 1200.0)
VERTICAL_DISTANCES_KM = (10.0, 30.0, 70.0, 150.0)
VERTICAL_MEASURES = ("PGA", *MEASURES[2:])
_BEFORE_P_S = 1.0
_DURATIONS = 2.5  # of S, kept after it: peaks come earlier


@dataclass(frozen=True)
class Cell:
    """One magnitude and distance of the grid."""

    magnitude: float
    rjb_km: float
    vs30_mps: float = 760.0

    @property
    def rup_km(self):
        """Closest distance to the rupture."""
        top = 0.0 if self.magnitude >= SURFACE_FROM_MAGNITUDE else HYPOCENTRE_KM
        return float(np.hypot(self.rjb_km, top))


def grid(magnitudes=MAGNITUDES, distances_km=DISTANCES_KM, vs30_mps=760.0):
    """All cells, magnitude by magnitude."""
    return [Cell(m, r, vs30_mps) for m in magnitudes for r in distances_km]


def is_fitted(magnitude, rjb_km):
    """Whether a cell of the standard grid belongs to the half that is fitted: the dark squares of a chessboard."""
    return (MAGNITUDES.index(magnitude) + DISTANCES_KM.index(rjb_km)) % 2 == 0


def vertical_grid():
    """All cells on which V/H is compared, site by site and magnitude by magnitude."""
    return [Cell(m, r, v) for v in VERTICAL_VS30_MPS for m in VERTICAL_MAGNITUDES for r in VERTICAL_DISTANCES_KM]


def is_vertical_fitted(cell):
    """Whether a cell of V/H's grid belongs to the half that is fitted: every second one in all three directions."""
    places = (
        VERTICAL_VS30_MPS.index(cell.vs30_mps),
        VERTICAL_MAGNITUDES.index(cell.magnitude),
        VERTICAL_DISTANCES_KM.index(cell.rjb_km),
    )
    return sum(places) % 2 == 0


def bssa14(cell):
    """Give ln of BSSA14's medians of `MEASURES`, SI, for a vertical strike-slip fault (pygmm)."""
    import pygmm

    model = pygmm.BooreStewartSeyhanAtkinson2014(
        pygmm.Scenario(
            mag=cell.magnitude, dist_jb=cell.rjb_km, v_s30=cell.vs30_mps, mechanism="SS", region="california"
        )
    )
    spectrum = model.interp_spec_accels(np.array(PERIODS_S)) * STANDARD_GRAVITY
    return np.log([model.pga * STANDARD_GRAVITY, model.pgv / 100, *spectrum])


def ab06(cell):
    """Ln of Atkinson & Boore's (2006) medians of `MEASURES`, SI, hard rock, stress 140 bar.

    Their equation 5 with the coefficients of their table 6, as pygmm stores them; pygmm's own result holds a factor
    for other stresses.
    """
    import pygmm

    model = pygmm.AtkinsonBoore2006
    c, distance, magnitude = model.COEFF["rock"], cell.rup_km, cell.magnitude
    near, middle, far = 10.0, 70.0, 140.0
    f0 = max(np.log10(near / distance), 0.0)
    f1 = min(np.log10(distance), np.log10(middle))
    f2 = max(np.log10(distance / far), 0.0)
    log = (
        c.c_1 + c.c_2 * magnitude + c.c_3 * magnitude**2 + (c.c_4 + c.c_5 * magnitude) * f1
        + (c.c_6 + c.c_7 * magnitude) * f2 + (c.c_8 + c.c_9 * magnitude) * f0 + c.c_10 * distance
    )  # fmt: skip
    values = np.log(10.0 ** np.asarray(log) / 100.0)
    period, spectrum = np.asarray(c.period)[model.INDICES_PSA], values[model.INDICES_PSA]
    order = np.argsort(period)
    psa = np.interp(np.log(PERIODS_S), np.log(period[order]), spectrum[order])
    return np.array([values[model.INDEX_PGA], values[model.INDEX_PGV], *psa])


#: preset -> published model, its name, and Vs30 of the comparison, m/s
TARGETS = {
    "active": (bssa14, "BSSA14 (Boore et al. 2014) of pygmm: strike slip, California, Vs30 760 m/s", 760.0),
    "active_uncorrected": (bssa14, "BSSA14", 760.0),
    "active_windows": (bssa14, "BSSA14 (Boore et al. 2014) of pygmm: strike slip, California, Vs30 760 m/s", 760.0),
    "stable": (ab06, "Atkinson & Boore (2006), hard rock, 140 bar", 3000.0),
}


def table(cell, count):
    """Conditions of `count` realisations of a cell."""
    times = onsets([cell.rjb_km], HYPOCENTRE_KM, MODEL)
    columns = {
        "source_magnitude": cell.magnitude,
        "source_depth_km": HYPOCENTRE_KM,
        "station_vs_30_mps": cell.vs30_mps,
        "path_ep_distance_km": cell.rjb_km,
        "path_hyp_distance_km": np.hypot(cell.rjb_km, HYPOCENTRE_KM),
        "path_rup_distance_km": cell.rup_km,
        "path_p_travel_s": times.p_s[0],
        "path_s_travel_s": times.s_s[0],
        "path_p_direct_travel_s": times.p_direct_s[0],
        "path_s_direct_travel_s": times.s_direct_s[0],
        "path_p_ray_parameter_s_km": times.p_ray_parameter_s_km[0],
        "path_s_ray_parameter_s_km": times.s_ray_parameter_s_km[0],
    }
    frame = pd.DataFrame({name: np.full(count, float(value)) for name, value in columns.items()})
    frame["source_magnitude_type"] = "Mw"
    return frame


def simulate(backend, cell, count, seed=1):
    """Acceleration (count, 3, npts), Z, R, T, float64."""
    conditions = table(cell, count)
    truth = prepare_rows(conditions[:1], backend.parameters)[1]
    start = conditions["path_p_travel_s"][0] - _BEFORE_P_S
    end = conditions["path_s_direct_travel_s"][0] + _DURATIONS * truth["s_duration_s"][0] + 5.0
    seeds = make_seeds(seed, [f"M{cell.magnitude:g}"] * count, [f"{cell.rjb_km:g}/{i}" for i in range(count)])
    records = backend.simulate(
        conditions,
        start_s=np.full(count, start),
        npts=round((end - start) * RATE_HZ),
        sampling_rate_hz=RATE_HZ,
        seeds=seeds,
    )
    return records.data.astype(float)


def horizontal(acceleration):
    """Give ln RotD50 of `MEASURES`, SI, shape (count, 6), from Z, R, T acceleration."""
    one, two = acceleration[:, 1], acceleration[:, 2]
    spectra = rotd(one, two, RATE_HZ, (0.0, *PERIODS_S), (50,), workers=1)[:, 0]
    velocity = [np.cumsum(x, axis=-1) / RATE_HZ for x in (one, two)]
    pgv = rotd(*velocity, RATE_HZ, (0.0,), (50,), workers=1)[:, 0]
    return np.log(np.concatenate([spectra[:, :1], pgv, spectra[:, 1:]], axis=1))


def medians(backend, cells, count, seed=1):
    """Median ln of `MEASURES` of each cell, shape (cells, 6)."""
    return np.array([np.median(horizontal(simulate(backend, cell, count, seed)), axis=0) for cell in cells])


def vertical_medians(backend, cells, count, seed=1):
    """Median ln V/H of each cell, shape (cells, 5)."""
    return np.array(
        [np.median(vertical_over_horizontal(simulate(backend, cell, count, seed)), axis=0) for cell in cells]
    )


def make_backend(preset="active", **options):
    """A backend as users get it, without random terms between events and stations where there are any."""
    return StochasticBackend(preset=preset, **options)


def median_interval(values, draws=1000, seed=0):
    """Median over axis 0 and its 95 % bootstrap interval; three arrays."""
    rng = np.random.default_rng(seed)
    resampled = np.median(values[rng.integers(0, len(values), (draws, len(values)))], axis=1)
    return np.median(values, axis=0), *np.percentile(resampled, (2.5, 97.5), axis=0)


def bssa14_rock_pga(cell):
    """BSSA14's median PGA on rock of Vs30 1100 m/s, g; what Gülerce & Abrahamson's model asks for."""
    import pygmm

    scenario = pygmm.Scenario(
        mag=cell.magnitude, dist_jb=cell.rjb_km, v_s30=1100.0, mechanism="SS", region="california"
    )
    return float(pygmm.BooreStewartSeyhanAtkinson2014(scenario).pga)


def gulerce_abrahamson(cell):
    """Give ln V/H of `VERTICAL_MEASURES` of Gülerce & Abrahamson (2011), shape (5,) (pygmm)."""
    import pygmm

    model = pygmm.GulerceAbrahamson2011(
        pygmm.Scenario(
            mag=cell.magnitude,
            dist_rup=cell.rup_km,
            v_s30=cell.vs30_mps,
            pga_ref=bssa14_rock_pga(cell),
            mechanism="SS",
        )
    )
    return np.log([model.ratio[0], *model.interp_ratio(np.array(PERIODS_S))])


def vertical_over_horizontal(acceleration):
    """Give ln of Z over RotD50 of `VERTICAL_MEASURES`, shape (count, 5), from Z, R, T acceleration."""
    vertical = response_spectrum(acceleration[:, 0], RATE_HZ, (0.0, *PERIODS_S), workers=1)
    spectra = rotd(acceleration[:, 1], acceleration[:, 2], RATE_HZ, (0.0, *PERIODS_S), (50,), workers=1)[:, 0]
    return np.log(vertical / spectra)
