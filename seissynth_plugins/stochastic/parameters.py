"""Every constant of the stochastic backend: default, unit, meaning and source; and the presets.

Units are those of the literature (bar, km, km/s, g/cm³), and are part of the names.
"""

import itertools
import math
from dataclasses import dataclass, field

from seissynth.errors import InputError

# Boore (2016, BSSA 106, 1020-1025): crustal amplification of a gradient profile with Vs30 760 m/s
_BOORE_2016 = (
    (0.010, 1.00), (0.015, 1.01), (0.021, 1.02), (0.031, 1.02), (0.045, 1.04), (0.065, 1.06), (0.095, 1.09),
    (0.138, 1.13), (0.200, 1.18), (0.291, 1.25), (0.423, 1.32), (0.615, 1.41), (0.894, 1.51), (1.301, 1.64),
    (1.892, 1.80), (2.751, 1.99), (4.000, 2.18), (5.817, 2.38), (8.459, 2.56), (12.301, 2.75), (17.889, 2.95),
    (26.014, 3.17), (37.830, 3.42), (55.012, 3.68), (80.000, 3.96),
)  # fmt: skip

# The mean over the focal sphere of each S component is 0.63 / sqrt(2); the level of SMSIM's one horizontal is
# 0.55 * 0.707 * 2 = 0.778, and stays so when R and T each get 0.55 / sqrt(2) with the free surface's factor 2.
_S_RADIATION = 0.55
_P_RADIATION = math.sqrt(4 / 15)
_SMSIM_LEVEL = 0.55 / math.sqrt(2 / 5)


def _constant(default, unit, meaning, source):
    return field(default=default, metadata={"unit": unit, "meaning": meaning, "source": source})


_B03 = "Boore (2003), Pure Appl. Geophys. 160, 635-676"
_BT15 = "Boore & Thompson (2015), BSSA 105, 1029-1041"
_GA11 = "fitted to V/H of Gülerce & Abrahamson (2011), Earthq. Spectra 27, 1023-1049"
_YA15 = "Yenier & Atkinson (2015), BSSA 105, 1989-2009"
_BT14 = "Boore & Thompson (2014), BSSA 104, 2541-2552"
_AS00 = "Atkinson & Silva (2000), BSSA 90, 255-274"
_SCEC = "band ratios of local earthquakes recorded around Ridgecrest, California, 2019"
_OWN = "choice of this backend"
_TERM_SCALE = "factor on the scatter {}, or (Hz, factor) pairs, linear in ln frequency between them; 0: none"
#: factors on the parts of the random terms, each a number or a table over frequency
TERM_SCALES = ("event_term_scale", "site_term_scale", "within_term_scale")
#: whose a station's site term is
SITE_TERMS = ("shared", "drawn", "mean")
_RC = "fitted to records of Ridgecrest 2019, California 2019 and strong motion, see docs/envelopes.md"
_RC_CHOSEN = "chosen with records of Ridgecrest 2019, California 2019 and strong motion in view, see docs/envelopes.md"
_SHAPE = "choice of this backend, tuned by eye on records of the 2019 Ridgecrest sequence"


@dataclass(frozen=True)
class Parameters:
    """Constants of one simulation; made from a preset and named overrides by `make_parameters`."""

    # --- the source
    stress_drop_bar: float = _constant(
        100.0, "bar", "stress parameter of the corner frequency", "Boore's western US runs, " + _BT15
    )
    source_density_g_cm3: float = _constant(2.72, "g/cm³", "density at the source", _B03)
    source_vs_km_s: float = _constant(3.5, "km/s", "shear velocity at the source", _B03)
    source_vp_km_s: float = _constant(
        3.5 * math.sqrt(3), "km/s", "P velocity at the source; default: a Poisson solid", _OWN
    )
    s_radiation: float = _constant(_S_RADIATION, "", "mean radiation of both S components together", _B03)
    p_radiation: float = _constant(
        _P_RADIATION * _SMSIM_LEVEL,
        "",
        "mean radiation of P: sqrt(4/15) times SMSIM's 0.870",
        "Aki & Richards (2002), ch. 4; " + _B03,
    )
    p_corner_ratio: float = _constant(
        1.5, "", "ratio of the corner frequencies of P and S", "Hanks (1981), within the scatter of Madariaga (1976)"
    )
    two_corner_start_magnitude: float = _constant(
        2.0,
        "Mw",
        "magnitude below which spectra have one corner (Brune); e of Atkinson & Silva reaches 1 at 2.4",
        _AS00 + "; extended down",
    )
    two_corner_full_magnitude: float = _constant(
        2.5, "Mw", "magnitude from which spectra have two corners; interpolated in ln A between both", _OWN
    )
    two_corner_log_fa: tuple = _constant((2.181, -0.496), "Hz", "log10 fa = first + second * Mw", _AS00)
    two_corner_log_e: tuple = _constant((0.605, -0.255), "", "log10 e = first + second * Mw", _AS00)
    magnitude_conversion: str = _constant(
        "piecewise",
        "",
        "conversion of ML to Mw: piecewise, southern_california, central_europe, closure, none",
        "Hanks & Boore (1984); Ross et al. (2016); Grünthal et al. (2009)",
    )
    magnitude_closure: str = _constant(
        "active",
        "",
        "preset whose table magnitude_conversion=closure uses; each preset sets its own",
        "closure.ClosureTable",
    )
    level_correction: str = _constant(
        "active",
        "",
        "correction of ln FAS as a function of Mw and f: none, a preset's, or the path of a JSON file",
        "calibration.LevelCorrection",
    )
    level_shift: tuple = _constant(
        ((1.0, 0.0),),
        "Hz",
        "(frequency, ln) added to ln FAS of all legs beside the correction, as a fit to a region finds it",
        _OWN,
    )
    # --- the path
    finite_fault: tuple = _constant(
        (-0.405, 0.235, -0.405, 0.235, 5.744, 7.744),
        "",
        "c1, c2, c3, c4 and two magnitudes of the finite-fault term, see path.finite_fault_km",
        _YA15,
    )
    spreading: tuple = _constant(
        ((1.0, -1.1), (45.0, -0.5)),
        "km",
        "(from distance, exponent) of geometrical spreading",
        "between R^-1 to 40 km, Raoof et al. (1999), and R^-1.3 to 50 km, " + _YA15,
    )
    q0: float = _constant(200.0, "", "Q_S at 1 Hz", "Raoof et al. (1999), BSSA 89, 888-902")
    q_exponent: float = _constant(
        0.58,
        "",
        "Q_S = q0 f^exponent",
        "between 0.45, Raoof et al. (1999), and 0.65 +- 0.35, Ford et al. (2008), BSSA 98, 2033-2046",
    )
    q_p_ratio: float = _constant(
        0.4,
        "",
        "Q_P / Q_S; with 1 or more, distant records are too long and too strong on Z",
        "choice of this backend; below 1 in scattering crust, Yoshimoto et al. (1993), GJI 114, 165-174",
    )
    path_duration: tuple = _constant(
        ((0.0, 0.0), (7.0, 2.4), (45.0, 8.4), (125.0, 10.9), (175.0, 17.4), (270.0, 34.2)),
        "km, s",
        "knots of the path duration of S",
        _BT14,
    )
    path_duration_slope: float = _constant(0.156, "s/km", "slope beyond the last knot", _BT14)
    p_path_duration: float = _constant(0.3, "", "ratio of the path durations of P and S", _OWN)
    s_direct_level: float = _constant(
        1.5, "", "sharpness of S: peak of a short window at the direct S over that of the main window", _SHAPE
    )
    s_direct_duration: float = _constant(0.1, "", "path duration of that short window over that of S", _SHAPE)
    head_wave_level: float = _constant(0.25, "", "peak of the head wave's window over that of the direct wave", _OWN)
    rupture_distance: str = _constant(
        "mean",
        "",
        "R_rup if only a hypocentre is known: mean over strikes, or hypocentral",
        "after Thompson & Worden (2018); Wells & Coppersmith (1994)",
    )
    # --- the site
    kappa0_s: float = _constant(0.035, "s", "site diminution exp(-pi kappa0 f)", _BT15)
    kappa_scatter_s: float = _constant(
        0.0,
        "s",
        "standard deviation of kappa between stations that give none; the random site terms scatter it, too",
        _OWN,
    )
    site_amplification: tuple = _constant(
        _BOORE_2016, "Hz", "(frequency, factor) at Vs30 760 m/s, linear in log f", "Boore (2016), BSSA 106, 1020-1025"
    )
    p_kappa_ratio: float = _constant(
        0.6, "", "ratio of the kappas of P and S; smaller values leave more high frequencies in P", _SHAPE
    )
    p_site_exponent: float = _constant(0.65, "", "exponent of the site factor for P", _SCEC)
    default_vs30_mps: float = _constant(760.0, "m/s", "Vs30 of stations without one", "BSSA14's reference rock")
    site_reference_vs30_mps: float = _constant(
        760.0, "m/s", "Vs30 for which site_amplification is valid", "Boore (2016)"
    )
    surface_vs_limit_km_s: float = _constant(
        1.2,
        "km/s",
        "largest velocity below the surface; in faster rock nearby rays would reach the critical angle of SV",
        _OWN,
    )
    borehole_factor: float = _constant(
        0.0,
        "",
        "motion of sensors deeper than 10 m over that at the surface; 0: up-going and reflected waves in layers",
        _OWN,
    )
    borehole_velocity_scatter: float = _constant(
        0.1,
        "",
        "standard deviation between stations of ln velocity in the generic layers above a deep sensor",
        _OWN,
    )
    nonlinear_site: bool = _constant(
        True, "", "apply the nonlinear part of the Vs30 term", "Seyhan & Stewart (2014), Earthq. Spectra 30, 1241-1256"
    )
    # --- energy over time
    envelope: str = _constant(
        "transport", "", "energy over time: transport in a scattering crust, or windows (Boore 2003)", _OWN
    )
    # --- transport, octave bands from 1 to 16 Hz
    scattering_per_km: float = _constant(0.0125, "1/km", "scattering of S into S at 1 Hz", _RC)
    scattering_exponent: float = _constant(-0.426, "", "scattering is proportional to f^exponent", _RC)
    absorption_q0: float = _constant(125.0, "", "intrinsic Q at 1 Hz", _RC_CHOSEN)
    absorption_q_exponent: float = _constant(0.524, "", "intrinsic Q = absorption_q0 f^exponent", _RC)
    scattering_conversion: float = _constant(0.347, "", "scattering of S into P over that of S into S", _RC)
    p_scattering: float = _constant(1.13, "", "scattering of P into P over that of S into S", _RC)
    p_kernel: tuple = _constant(
        (0.949, 0.019, 0.00229, 1.19),
        "s, s/km",
        "mean spread of P: share of the source duration, minimum, increase per km, and exponent of f for the increase",
        _RC,
    )
    s_kernel: tuple = _constant((0.719, 0.44, 0.0233, -0.118), "s, s/km", "the same for S", _RC)
    kernel_order: float = _constant(
        1.0, "", "number of first-order lags in the spread of the path; 1 starts most sharply", _RC
    )
    p_depolarised: tuple = _constant(
        ((1.0, 0.157), (20.0, 0.6)),
        "Hz",
        "(frequency, share) of direct P that is incoherent between components",
        _RC_CHOSEN,
    )
    s_depolarised: tuple = _constant(((1.0, 0.548), (20.0, 0.809)), "Hz", "the same for direct S", _RC)
    s_coda_vertical: tuple = _constant(
        ((0.707, 0.62), (1.41, 0.553), (2.83, 0.436), (5.66, 0.376), (11.3, 0.636), (22.6, 0.68)),
        "Hz",
        "(frequency, Z over one horizontal) of S that was scattered on the way; the same at all distances",
        _RC + "; " + _GA11,
    )
    conversion_loss_scale: float = _constant(
        0.62, "", "losses of converted waves relative to waves scattered once", "a Monte Carlo simulation"
    )
    head_wave_energy: float = _constant(0.06, "", "energy of the head wave relative to the direct wave", _OWN)
    s_forerunner_s: float = _constant(
        0.12, "s", "how long before direct S its forerunners begin; at most half of S-P", _RC
    )
    s_forerunner_power: float = _constant(
        0.7, "", "their energy over that of direct S, each over the time in which it arrives", _RC
    )
    # --- surface waves, see surface_waves.py
    surface_wave_share: float = _constant(
        0.0,
        "",
        "largest share of the energy of S on Z and T that surface waves take at low frequency; 0: none",
        _OWN,
    )
    surface_wave_band_hz: tuple = _constant(
        (0.3, 1.0), "Hz", "band over which the share of surface waves falls from its value to 0", _OWN
    )
    surface_wave_distance_km: float = _constant(
        20.0, "km", "epicentral distance at which surface waves have half of their largest share", _OWN
    )
    surface_wave_group_velocity_km_s: tuple = _constant(
        ((0.05, 3.1), (0.1, 2.9), (0.3, 2.5), (1.0, 2.0)),
        "Hz, km/s",
        "(frequency, group velocity) of Rayleigh waves",
        "of the size of fundamental modes in a crust with soft top layers; choice of this backend",
    )
    surface_wave_love_ratio: float = _constant(
        1.1, "", "group velocity of Love waves over that of Rayleigh waves", _OWN
    )
    surface_wave_ellipticity: float = _constant(
        0.0,
        "",
        "R over Z of Rayleigh waves, 0.68 in a Poisson solid; 0: that of S, so they take the same share of Z and of R",
        _OWN,
    )
    # --- windows in time
    window_epsilon: float = _constant(
        0.1, "", "position of the window's peak, as a share of its length; SMSIM: 0.2", _SHAPE
    )
    window_eta: float = _constant(0.05, "", "level at the end of the window", _B03)
    window_stretch: float = _constant(
        2.2, "", "length of the window over the duration; 2 (Boore 2003) is too short with a sharp S", _SHAPE
    )
    equal_energy: bool = _constant(False, "", "scale each noise to the energy of its window, as in SMSIM", _B03)
    p_pulse: float = _constant(
        0.02, "", "energy of the onset pulse of P, which has the polarity, relative to its window", _SHAPE
    )
    p_coda_level: float = _constant(0.5, "", "level at which the window of P changes into its coda", _SHAPE)
    p_coda_exponent: float = _constant(0.5, "", "decay of the coda of P: (time after P)^-exponent", _SHAPE)
    coda_level: float = _constant(0.18, "", "level at which the window of S changes into the coda; 0: no coda", _SHAPE)
    coda_exponent: float = _constant(
        1.0,
        "",
        "decay of the coda: (time after origin)^-exponent exp(-pi f t / Qc)",
        "Aki & Chouet (1975), JGR 80, 3322-3342",
    )
    coda_q0: float = _constant(120.0, "", "Qc at 1 Hz", "Mayeda et al. (1992), JGR 97, 6643-6659, size only")
    coda_q_exponent: float = _constant(0.8, "", "Qc = coda_q0 f^exponent", "Mayeda et al. (1992), size only")
    coda_crossover_hz: float = _constant(3.0, "Hz", "frequency between the two bands of the coda", _OWN)
    coda_band_hz: tuple = _constant((1.5, 8.0), "Hz", "frequencies that set the decay of the two bands", _OWN)
    # --- components
    coherence_start: float = _constant(0.9, "", "coherence of the components of P or S at the onset", _OWN)
    coherence_end: float = _constant(0.2, "", "coherence after one source and scattering time", _OWN)
    s_vertical: tuple = _constant(
        ((0.707, 0.628), (1.41, 0.541), (2.83, 0.495), (5.66, 0.617), (11.3, 0.506), (22.6, 0.993)),
        "Hz",
        "(frequency, Z over one horizontal) of S that is incoherent between components; under windows of scattered S",
        _SCEC + "; " + _GA11,
    )
    s_vertical_decay: tuple = _constant(
        ((1.0, -0.215), (3.0, 0.0447), (6.0, 0.215), (12.0, 0.141)),
        "Hz",
        "(frequency, g): S on Z decays by (R / 30 km)^-g more than on the horizontals, 5 to 200 km",
        _GA11,
    )
    vertical_site_exponent: float = _constant(0.641, "", "exponent of the linear Vs30 term for S on Z", _GA11)
    vertical_nonlinear: bool = _constant(False, "", "apply the nonlinear part of the Vs30 term to S on Z", _GA11)
    p_horizontal: tuple = _constant(
        ((0.707, 0.66), (1.41, 0.712), (2.83, 0.939), (5.66, 0.9), (11.3, 0.85), (22.6, 1.1)),
        "Hz",
        "(frequency, one horizontal over Z) of scattered P",
        _SCEC,
    )
    p_factor: tuple = _constant(
        ((0.707, 0.802), (1.41, 0.678), (2.83, 0.6), (5.66, 0.746), (11.3, 1.47), (22.6, 1.57)),
        "Hz",
        "(frequency, factor) on the spectrum of P, in addition to source, path and site",
        _RC,
    )
    radiation_cone_deg: float = _constant(
        15.0, "deg", "half-angle of the cone over which the radiation pattern is averaged", _OWN
    )
    radiation_band_hz: tuple = _constant(
        (1.0, 3.0),
        "Hz",
        "band of transition from the radiation pattern to its mean",
        "Takemura et al. (2009), GJI 178, 1667-1680",
    )
    # --- random terms, see variability.py
    variability: bool = _constant(
        False,
        "",
        "random terms of ln FAS between events, sites and records; on by default if realisations are requested",
        "fitted to Boore et al. (2014), Earthq. Spectra 30, 1057-1085",
    )
    event_term_scale: float | tuple = _constant(1.0, "", _TERM_SCALE.format("between events"), _OWN)
    site_term_scale: float | tuple = _constant(1.0, "", _TERM_SCALE.format("between sites"), _OWN)
    site_terms: str = _constant(
        "shared",
        "",
        '"shared": a station has one in all earthquakes and realisations; "drawn": one for each; "mean": none',
        _OWN,
    )
    within_term_scale: float | tuple = _constant(1.0, "", _TERM_SCALE.format("within an event and site"), _OWN)
    ratio_term_scale: float = _constant(
        1.0, "", "factor on the scatter of R over T and of Z over both between sites and records; 0: none", _OWN
    )
    duration_scatter: float = _constant(
        0.27,
        "",
        "with variability: standard deviation of ln window length within an event and site",
        "with duration_site_scatter the size of phi of Afshari & Stewart (2016), Earthq. Spectra 32(4)",
    )
    duration_site_scatter: float = _constant(
        0.3,
        "",
        "with variability: standard deviation of ln window length between sites, see site_terms",
        "share of phi as in the ESM flat file and around Ridgecrest, see docs/variability.md",
    )
    duration_event_scatter: float = _constant(
        0.25,
        "",
        "with variability: standard deviation of ln window length between events",
        "tau of Afshari & Stewart (2016) for D5-75",
    )
    # --- filters
    low_cut_hz: float = _constant(0.05, "Hz", "corner of the causal Butterworth low-cut filter; 0: none", _OWN)
    low_cut_order: int = _constant(4, "", "order of the low-cut filter", _OWN)
    # --- what is simulated
    minimum_phase: bool = _constant(
        True,
        "",
        "apply spectra with minimum phase: no motion before the onset; False: zero phase, as in SMSIM",
        _OWN,
    )
    horizontal_s_only: bool = _constant(
        False, "", "simulate only S on each horizontal, with SMSIM's partition 0.707 and factor 2", _B03
    )

    def __post_init__(self):
        _check(self)


_POSITIVE = (
    "stress_drop_bar",
    "source_density_g_cm3",
    "source_vs_km_s",
    "source_vp_km_s",
    "s_radiation",
    "p_radiation",
    "p_corner_ratio",
    "q0",
    "q_p_ratio",
    "p_path_duration",
    "p_kappa_ratio",
    "default_vs30_mps",
    "site_reference_vs30_mps",
    "surface_vs_limit_km_s",
    "vertical_site_exponent",
    "window_stretch",
    "coda_q0",
    "coda_crossover_hz",
    "scattering_per_km",
    "absorption_q0",
    "scattering_conversion",
    "p_scattering",
    "conversion_loss_scale",
    "surface_wave_distance_km",
    "surface_wave_love_ratio",
)
_NOT_NEGATIVE = (
    "kappa0_s",
    "duration_scatter",
    "duration_site_scatter",
    "duration_event_scatter",
    "s_direct_level",
    "s_direct_duration",
    "head_wave_level",
    "p_pulse",
    "coda_exponent",
    "p_coda_exponent",
    "low_cut_hz",
    "path_duration_slope",
    "ratio_term_scale",
    "head_wave_energy",
    "s_forerunner_s",
    "s_forerunner_power",
    "borehole_factor",
    "borehole_velocity_scatter",
    "kappa_scatter_s",
    "surface_wave_ellipticity",
)
_SHARE = (
    "coda_level",
    "p_coda_level",
    "coherence_start",
    "coherence_end",
)


def _check(parameters):
    for names, low, high, text in (
        (_POSITIVE, math.ulp(0.0), math.inf, "above 0"),
        (_NOT_NEGATIVE, 0.0, math.inf, "0 or more"),
        (_SHARE, 0.0, 0.95, "between 0 and 0.95"),
        (("q_exponent", "coda_q_exponent", "absorption_q_exponent"), 0.0, 1.0, "between 0 and 1"),
        (("scattering_exponent",), -1.0, 1.0, "between -1 and 1"),
        (("kernel_order",), 1, 4, "between 1 and 4"),
        (("surface_wave_share",), 0.0, 0.98, "between 0 and 0.98"),
        (("window_epsilon", "window_eta"), 0.01, 0.9, "between 0.01 and 0.9"),
        (("low_cut_order",), 1, 12, "between 1 and 12"),
        (("radiation_cone_deg",), 0.0, 90.0, "between 0 and 90"),
    ):
        for name in names:
            value = getattr(parameters, name)
            if not isinstance(value, (int, float)) or not low <= value <= high or math.isinf(value):
                raise InputError(f"stochastic: {name}={value!r} must be a number {text}.")
    for name in (
        "nonlinear_site", "equal_energy", "minimum_phase", "horizontal_s_only", "variability", "vertical_nonlinear"
    ):  # fmt: skip
        if not isinstance(getattr(parameters, name), bool):
            raise InputError(f"stochastic: {name}={getattr(parameters, name)!r} must be True or False.")
    if not isinstance(parameters.magnitude_closure, str):
        raise InputError(f"stochastic: magnitude_closure={parameters.magnitude_closure!r} must be a preset's name.")
    if not isinstance(parameters.level_correction, str):
        raise InputError(f"stochastic: level_correction={parameters.level_correction!r} must be a name or a path.")
    for name, choices in (
        ("magnitude_conversion", ("piecewise", "southern_california", "central_europe", "closure", "none")),
        ("rupture_distance", ("mean", "hypocentral")),
        ("envelope", ("windows", "transport")),
        ("site_terms", SITE_TERMS),
    ):
        if getattr(parameters, name) not in choices:
            raise InputError(f"stochastic: {name}={getattr(parameters, name)!r} must be one of {choices}.")
    for name in ("p_kernel", "s_kernel"):
        value = getattr(parameters, name)
        numbers = isinstance(value, tuple) and all(isinstance(x, float) and math.isfinite(x) for x in value)
        if not numbers or len(value) != 4 or min(value[:3]) < 0 or 0 in value[:2]:
            raise InputError(
                f"stochastic: {name}={value!r} must be 4 numbers: two above 0, one of 0 or more, and an exponent."
            )
    for name in TERM_SCALES:
        _check_scale(name, getattr(parameters, name))
    shares = ("p_depolarised", "s_depolarised")
    for name in (
        "site_amplification", "s_vertical", "s_vertical_decay", "p_horizontal", "p_factor", "path_duration",
        "s_coda_vertical", "surface_wave_group_velocity_km_s",
        "level_shift", "spreading", *shares,
    ):  # fmt: skip
        _check_knots(name, getattr(parameters, name))
    for name in shares:
        if not all(0 <= share <= 1 for _, share in getattr(parameters, name)):
            raise InputError(f"stochastic: {name}={getattr(parameters, name)!r} must be shares between 0 and 1.")
    for name in ("p_factor", "s_coda_vertical"):
        if not all(factor > 0 for _, factor in getattr(parameters, name)):
            raise InputError(f"stochastic: {name}={getattr(parameters, name)!r} must have factors above 0.")
    band = parameters.surface_wave_band_hz
    if not (isinstance(band, tuple) and len(band) == 2 and 0 < band[0] < band[1] <= 2.0):
        raise InputError(
            f"stochastic: surface_wave_band_hz={band!r} must be two increasing numbers above 0, up to 2 Hz."
        )
    if not all(0.2 <= speed <= 5.0 for _, speed in parameters.surface_wave_group_velocity_km_s):
        raise InputError(
            f"stochastic: surface_wave_group_velocity_km_s={parameters.surface_wave_group_velocity_km_s!r} must have "
            "velocities between 0.2 and 5 km/s."
        )
    if parameters.surface_wave_share > 0 and (parameters.envelope != "transport" or parameters.horizontal_s_only):
        raise InputError("stochastic: surface_wave_share needs envelope='transport'; windows have no surface waves.")
    if 2 * parameters.kappa_scatter_s > parameters.kappa0_s:
        raise InputError(
            f"stochastic: kappa_scatter_s={parameters.kappa_scatter_s:g} must be at most half of "
            f"kappa0_s={parameters.kappa0_s:g}, so that no station's kappa is below 0."
        )
    if not parameters.two_corner_start_magnitude < parameters.two_corner_full_magnitude:
        raise InputError(
            f"stochastic: two_corner_start_magnitude={parameters.two_corner_start_magnitude} must be below "
            f"two_corner_full_magnitude={parameters.two_corner_full_magnitude}."
        )


def _check_knots(name, knots):
    shaped = isinstance(knots, tuple) and knots and all(isinstance(k, tuple) and len(k) == 2 for k in knots)
    if not shaped:
        raise InputError(f"stochastic: {name} must be a sequence of pairs, not {knots!r}.")
    first = [k[0] for k in knots]
    if any(b <= a for a, b in itertools.pairwise(first)):
        raise InputError(f"stochastic: {name}: the first numbers of the pairs must increase, not {first}.")


def _check_scale(name, scale):
    """A factor of 0 or more, or pairs of a frequency above 0 and such a factor."""
    if isinstance(scale, (tuple, list)):
        _check_knots(name, scale)
    pairs = scale if isinstance(scale, tuple) else ((1.0, scale),)
    numbers = [x for pair in pairs for x in pair]
    plain = all(isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x) for x in numbers)
    if not plain or any(hz <= 0 or factor < 0 for hz, factor in pairs):
        raise InputError(
            f"stochastic: {name}={scale!r} must be a factor of 0 or more, or pairs of a frequency above 0 (Hz) and "
            "such a factor."
        )
