"""Convert a conditions table to the input of each record: levels, corners, durations, patterns; vectors over rows."""

from dataclasses import dataclass

import numpy as np

from seissynth.schema import MOMENT_TENSOR_COLUMNS
from seissynth_plugins.stochastic.adjustment import KNOTS_HZ, hat_functions
from seissynth_plugins.stochastic.borehole import SHALLOW_M, Borehole
from seissynth_plugins.stochastic.calibration import load_correction
from seissynth_plugins.stochastic.free_surface import surface_motion, vp_from_vs
from seissynth_plugins.stochastic.path import (
    finite_fault_km,
    geometrical_spreading,
    mean_rupture_distance_km,
    path_duration_s,
)
from seissynth_plugins.stochastic.radiation import cone_pattern, double_couple, moment_matrix
from seissynth_plugins.stochastic.site import nonlinear_strain_proxy, peak_from_spectrum
from seissynth_plugins.stochastic.source import SourceModel, moment_magnitude, seismic_moment_dyne_cm, smooth_step
from seissynth_plugins.stochastic.spectra import interpolate_log_frequency
from seissynth_plugins.stochastic.surface_waves import SurfaceWaves

_CM = 0.01  # m
_CRUSTAL_VP, _CRUSTAL_VS = 6.0, 3.5  # km/s, for slowness where the table has none
_SMALLEST_PATTERN = 0.05  # of the mean: scattering fills nodal planes
_MEAN_PATTERN = {"p": np.sqrt(4 / 15), "s": np.sqrt(2 / 5) / np.sqrt(2)}
_RVT_FREQUENCY = np.geomspace(0.05, 60.0, 120)
_RVT_HATS = hat_functions(_RVT_FREQUENCY)
# the decay of S on Z is known between these distances (Gülerce & Abrahamson 2011)
_Z_DISTANCES_KM, _Z_REFERENCE_KM = (5.0, 200.0), 30.0
# R_rup departs from R_hyp between these magnitudes
_RUPTURE_START, _RUPTURE_FULL = 5.5, 6.5


@dataclass
class PreparedRow:
    """Everything that `RecordMaker.make` needs of one record; times in s after origin."""

    p_first: float
    p_direct: float
    s_first: float
    s_direct: float
    p_length: float  # t_eta of the windows, s
    s_length: float
    s_short_length: float
    p_ramp: float  # over which the coherence falls, s
    s_ramp: float
    source_duration: float  # s
    p_level: float  # m/s² spectrum level: acceleration spectrum = level (2 pi f)² ...
    s_level: float
    p_attenuation: float  # R / (Q0 v), s
    s_attenuation: float
    p_corners: tuple
    s_corners: tuple
    lowest_corner: float
    surface: tuple
    vs30: float
    nonlinear: float
    polarity: float  # +1 or -1 by the mechanism, 0 = draw it
    pattern: tuple | None  # ln of (pattern / mean) of P, SV, SH
    z_distance: float = 0.0  # ln of the distance over 30 km, for S on Z
    duration_factor: float = 1.0  # multiplies the time over which energy spreads
    adjustment: np.ndarray | None = None  # added to ln FAS of all legs at adjustment.KNOTS_HZ; None = nothing
    components: np.ndarray | None = None  # ln of R over T, and of Z over both, at the same knots, shape (2, knots)
    p_slowness: float = 0.0  # horizontal, of the direct waves, s/km
    s_slowness: float = 0.0
    kappa: float | None = None  # of S, s; None = the preset's
    borehole: Borehole | None = None  # layers above a deep sensor
    surface_waves: SurfaceWaves | None = None

    def samples_before_onset(self, start_s, sampling_rate_hz):
        """Samples of a record before its first onset."""
        return max(0, int(np.ceil((min(self.p_first, self.p_direct) - start_s) * sampling_rate_hz)))


def prepare_rows(conditions, parameters):
    """Prepare every row of a conditions table.

    Parameters
    ----------
    conditions : pandas.DataFrame, n rows
    parameters : Parameters

    Returns
    -------
    rows : list of PreparedRow
    truth : dict of str to ndarray, shape (n,)
    """
    p = parameters
    get = _Columns(conditions)
    n = len(conditions)
    kinds = get.text("source_magnitude_type")
    mw, conversions = moment_magnitude(get["source_magnitude"], kinds, p.magnitude_conversion, p.magnitude_closure)
    source = SourceModel(mw, p)
    moment = seismic_moment_dyne_cm(mw)
    correction = load_correction(p.level_correction)
    level = [None] * n if correction is None else list(correction.at_knots(mw))
    if any(shift for _, shift in p.level_shift):
        shift = interpolate_log_frequency(p.level_shift, np.array(KNOTS_HZ))
        level = [shift if one is None else one + shift for one in level]

    rupture = _rupture_distance(get, mw, p)
    h = finite_fault_km(mw, p.finite_fault)
    distance = np.hypot(rupture, h)
    spreading = geometrical_spreading(distance, p.spreading)
    source_duration = source.duration_s()
    path = path_duration_s(distance, p.path_duration, p.path_duration_slope)
    p_duration = source_duration / p.p_corner_ratio + p.p_path_duration * path
    s_duration = source_duration + path

    beta, alpha, rho = p.source_vs_km_s, p.source_vp_km_s, p.source_density_g_cm3
    # 1e-20 and the units of the literature: M0 in dyne cm, km/s, g/cm³ give cm/s (Boore 2003, eq. 5)
    constant = 1e-20 / (4 * np.pi * rho) * moment * spreading * _CM
    if p.horizontal_s_only:
        s_level = constant * p.s_radiation / beta**3  # V and F follow in RecordMaker
    else:
        s_level = constant * p.s_radiation / np.sqrt(2) / beta**3
    p_level = constant * p.p_radiation / alpha**3

    buried = get.filled("station_local_depth_m", 0.0)
    buried_factor = np.where((buried > SHALLOW_M) & (p.borehole_factor > 0), p.borehole_factor, 1.0)
    vs30 = get.filled("station_vs_30_mps", p.default_vs30_mps)
    vs = np.minimum(vs30 / 1000.0, p.surface_vs_limit_km_s)
    vp = vp_from_vs(vs)
    p_slowness, s_slowness = (_slowness(get, wave) for wave in "ps")
    incident_p = surface_motion(p_slowness, vp, vs)[:2]
    incident_s = surface_motion(s_slowness, vp, vs)[2:]
    surface = np.stack(incident_p + incident_s)
    if p.horizontal_s_only:
        surface[2] = 2.0
    s_attenuation = distance / (p.q0 * beta)
    p_attenuation = distance / (p.q0 * p.q_p_ratio * alpha)

    z_distance = np.log(np.clip(distance, *_Z_DISTANCES_KM) / _Z_REFERENCE_KM)
    onsets = {}
    for wave in "ps":
        first = get[f"path_{wave}_travel_s"]
        onsets[wave] = first, np.maximum(get.filled(f"path_{wave}_direct_travel_s", first), first)

    lowest_corner = source.lowest_corner_hz()
    polarities, patterns = _mechanisms(get, n, p)
    rows = []
    for i in range(n):
        nonlinear = 0.0
        if p.nonlinear_site and vs30[i] < 760.0:
            rock_pga = _rock_pga(source, i, s_level[i], s_attenuation[i], s_duration[i], level[i], p)
            nonlinear = float(nonlinear_strain_proxy(rock_pga))
        s_corners, p_corners = source.corner_factors(i), source.corner_factors(i, p.p_corner_ratio)
        rows.append(
            PreparedRow(
                p_first=float(onsets["p"][0][i]), p_direct=float(onsets["p"][1][i]),
                s_first=float(onsets["s"][0][i]), s_direct=float(onsets["s"][1][i]),
                p_length=float(p.window_stretch * p_duration[i]), s_length=float(p.window_stretch * s_duration[i]),
                s_short_length=float(p.window_stretch * (source_duration[i] + p.s_direct_duration * path[i])),
                p_ramp=float(p_duration[i]), s_ramp=float(s_duration[i]), source_duration=float(source_duration[i]),
                p_level=float(p_level[i] * buried_factor[i]), s_level=float(s_level[i] * buried_factor[i]),
                p_attenuation=float(p_attenuation[i]), s_attenuation=float(s_attenuation[i]),
                p_corners=p_corners, s_corners=s_corners, lowest_corner=float(lowest_corner[i]),
                surface=tuple(float(x) for x in surface[:, i]), vs30=float(vs30[i]), nonlinear=nonlinear,
                polarity=polarities[i], pattern=patterns[i], z_distance=float(z_distance[i]), adjustment=level[i],
                p_slowness=float(p_slowness[i]), s_slowness=float(s_slowness[i]),
            )
        )  # fmt: skip
    truth = {
        "moment_magnitude": mw,
        "magnitude_conversion": np.array(conversions, dtype=object),
        "seismic_moment_newton_m": moment * 1e-7,
        "stress_drop_bar": np.full(n, p.stress_drop_bar),
        "corner_frequency_hz": source.fc,
        "corner_frequency_p_hz": source.fc * p.p_corner_ratio,
        "two_corner_weight": source.weight,
        "rup_distance_km": rupture,
        "point_source_distance_km": distance,
        "s_duration_s": s_duration,
        "p_duration_s": p_duration,
        "kappa0_s": np.full(n, p.kappa0_s),  # `set_kappa` replaces it
        "vs_30_mps": vs30,
    }
    return rows, truth


class _Columns:
    """Columns of a table as arrays; absent ones are all missing."""

    def __init__(self, table):
        self.table = table
        self._found = {}

    def __getitem__(self, name):
        if name not in self._found:
            missing = np.full(len(self.table), np.nan)
            self._found[name] = self.table[name].to_numpy(dtype=float) if name in self.table else missing
        return self._found[name]

    def filled(self, name, default):
        values = self[name]
        return np.where(np.isfinite(values), values, default)

    def text(self, name):
        return list(self.table[name]) if name in self.table else [""] * len(self.table)


def _rupture_distance(get, mw, p):
    hypocentral = get["path_hyp_distance_km"]
    if p.rupture_distance == "hypocentral":
        estimate = hypocentral
    else:
        weight = smooth_step((mw - _RUPTURE_START) / (_RUPTURE_FULL - _RUPTURE_START))
        estimate = hypocentral.copy()
        large = weight > 0
        if large.any():
            depth = np.maximum(get.filled("source_depth_km", 0.0), 0.0)[large]
            flat = np.sqrt(np.maximum(hypocentral[large] ** 2 - depth**2, 0.0))
            extended = mean_rupture_distance_km(mw[large], flat, depth)
            estimate[large] += weight[large] * (extended - hypocentral[large])
    stated = get["path_rup_distance_km"]
    return np.where(np.isfinite(stated), stated, estimate)


def _slowness(get, wave):
    """Horizontal slowness of a direct wave; a straight ray through the crust where the table has none."""
    stated = get[f"path_{wave}_ray_parameter_s_km"]
    distance = get["path_hyp_distance_km"]
    depth = np.maximum(get.filled("source_depth_km", 0.0), 0.0)
    sine = np.sqrt(np.maximum(1 - (depth / np.maximum(distance, 1e-3)) ** 2, 0.0))
    return np.where(np.isfinite(stated), stated, sine / (_CRUSTAL_VP if wave == "p" else _CRUSTAL_VS))


def _mechanisms(get, n, p):
    """Polarity of the first P, and ln of each leg's pattern over its mean, of rows; 0 and None without a mechanism."""
    tensor = np.stack([get[name] for name in MOMENT_TENSOR_COLUMNS])
    plane = np.stack([get[f"source_{name}_deg"] for name in ("strike", "dip", "rake")])
    first, p_takeoff, s_takeoff = (get[f"path_{name}takeoff_deg"] for name in ("p_", "p_direct_", "s_direct_"))
    p_takeoff = np.where(np.isfinite(p_takeoff), p_takeoff, first)
    s_takeoff = np.where(np.isfinite(s_takeoff), s_takeoff, p_takeoff)
    first = np.where(np.isfinite(first), first, p_takeoff)
    azimuth = get["path_azimuth_deg"]
    has_tensor, has_plane = (np.isfinite(values).all(axis=0) for values in (tensor, plane))
    rows = np.flatnonzero((has_tensor | has_plane) & np.isfinite(azimuth + p_takeoff + s_takeoff))
    polarity, patterns = np.zeros(n), [None] * n
    if not len(rows):
        return polarity.tolist(), patterns
    moment = double_couple(*np.where(has_plane, plane, 0.0)[:, rows])
    moment[has_tensor[rows]] = moment_matrix(*tensor[:, rows[has_tensor[rows]]])
    azimuth, cone = azimuth[rows], p.radiation_cone_deg
    sizes = np.stack(
        [
            cone_pattern(moment, p_takeoff[rows], azimuth, cone)[0],
            *cone_pattern(moment, s_takeoff[rows], azimuth, cone)[1:],
        ],
        axis=-1,
    )
    means = [_MEAN_PATTERN[leg] for leg in ("p", "s", "s")]
    sizes = np.log(np.maximum(np.abs(sizes) / means, _SMALLEST_PATTERN))
    polarity[rows] = np.sign(cone_pattern(moment, first[rows], azimuth, 0.0)[0])
    for row, of_legs in zip(rows, sizes.tolist(), strict=True):
        patterns[row] = tuple(of_legs)
    return polarity.tolist(), patterns


def _rock_pga(source, i, level, attenuation, duration, adjustment, p):
    """PGA on the reference rock by random vibration theory, m/s²; what drives the nonlinear site term."""
    f = _RVT_FREQUENCY
    modulus = (
        2.0 * level * (2 * np.pi * f) ** 2 * source.spectrum(i, f)
        * np.exp(-np.pi * f * (attenuation * f**-p.q_exponent + p.kappa0_s))
        * interpolate_log_frequency(p.site_amplification, f)
    )  # fmt: skip
    if adjustment is not None:
        modulus = modulus * np.exp(adjustment @ _RVT_HATS)
    return peak_from_spectrum(f, modulus, duration)
