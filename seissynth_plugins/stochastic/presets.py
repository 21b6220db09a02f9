"""Presets of the stochastic backend, and `make_parameters`: a preset with named overrides."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

from seissynth.errors import InputError
from seissynth.shared.suggestions import did_you_mean
from seissynth.shared.warning import warn_user
from seissynth_plugins.stochastic.closure import changed_constants
from seissynth_plugins.stochastic.parameters import Parameters
from seissynth_plugins.stochastic.region_presets import unfold

_ACTIVE = Parameters()

#: the default before energy was spread by transport: with its own fit of levels and ratios of components
_WINDOWS = replace(
    _ACTIVE,
    envelope="windows",
    level_correction="active_windows",
    spreading=((1.0, -1.1), (50.0, -0.5)),
    q0=180.0,
    q_exponent=0.56,
    q_p_ratio=0.5,
    s_vertical=((0.33, 0.9), (0.9, 0.9), (1.7, 0.7), (4.2, 0.72), (8.5, 0.83), (17.3, 1.28)),
    s_vertical_decay=((1.0, -0.12), (3.0, 0.0), (6.0, 0.1), (12.0, 0.25)),
    vertical_site_exponent=0.8,
    p_horizontal=((0.9, 0.95), (1.7, 0.88), (4.2, 1.02), (8.5, 1.16), (17.3, 1.0)),
    p_factor=((1.0, 1.0),),
)

#: as in the papers, before levels were fitted to a ground-motion model; docs/calibration.md
_UNCORRECTED = replace(
    _WINDOWS,
    level_correction="none",
    two_corner_start_magnitude=5.5,
    two_corner_full_magnitude=6.5,
    finite_fault=(-1.72, 0.43, -0.405, 0.235, 5.744, 7.744),
    spreading=((1.0, -1.0), (40.0, -0.5)),
    q_exponent=0.45,
    s_vertical=((0.9, 0.47), (1.7, 0.44), (4.2, 0.59), (8.5, 0.72), (17.3, 0.94)),
    s_vertical_decay=((1.0, 0.0),),
    vertical_site_exponent=1.0,
    vertical_nonlinear=True,
    p_site_exponent=0.5,
    p_horizontal=((0.9, 0.68), (1.7, 0.63), (4.2, 0.73), (8.5, 0.83), (17.3, 0.71)),
)

#: the preset that depends on the epicentre, see `regions`
AUTO = "auto"

_RENAMED = {"active_transport": "active"}

#: What each preset is for; `make_parameters` builds it.
PRESETS = {
    "active": _ACTIVE,
    "active_uncorrected": _UNCORRECTED,
    "active_windows": _WINDOWS,
    # Atkinson & Boore (2006) for eastern North America, hard rock; h of Boore & Thompson (2015). One corner: the two
    # of Atkinson & Silva (2000) are California's
    "stable": replace(
        _UNCORRECTED,
        level_correction="stable",
        stress_drop_bar=140.0,
        two_corner_start_magnitude=98.0,
        two_corner_full_magnitude=99.0,
        source_density_g_cm3=2.8,
        source_vs_km_s=3.7,
        source_vp_km_s=3.7 * math.sqrt(3),
        finite_fault=(-1.8844, 0.43, -0.5694, 0.235, 5.744, 7.744),
        spreading=((1.0, -1.3), (70.0, 0.2), (140.0, -0.5)),
        q0=893.0,
        q_exponent=0.32,
        path_duration=((0.0, 0.0), (10.0, 0.0), (70.0, 9.6), (130.0, 7.8)),
        path_duration_slope=0.04,
        kappa0_s=0.005,
        site_amplification=((0.5, 1.0), (1.0, 1.13), (2.0, 1.22), (5.0, 1.36), (10.0, 1.41), (50.0, 1.41)),
        site_reference_vs30_mps=3000.0,
        default_vs30_mps=3000.0,
        envelope="transport",
        s_forerunner_s=0.0,
        # fitted to records of Germany, docs/envelopes.md
        scattering_per_km=0.00146,
        scattering_exponent=-0.199,
        absorption_q0=265.0,
        absorption_q_exponent=0.502,
        scattering_conversion=0.249,
        p_scattering=1.73,
        s_kernel=(0.582, 0.0814, 0.0185, -0.365),
        p_kernel=(0.975, 0.0278, 0.000936, -0.0976),
        p_horizontal=((0.707, 0.693), (1.41, 0.857), (2.83, 0.847), (5.66, 0.896), (11.3, 1.0)),
        s_vertical=((0.707, 0.925), (1.41, 0.97), (2.83, 0.917), (5.66, 0.742), (11.3, 1.01)),
        s_coda_vertical=((0.707, 0.84), (1.41, 0.712), (2.83, 0.57), (5.66, 0.588), (11.3, 0.75)),
        s_vertical_decay=((1.0, -0.138), (3.0, -0.03), (6.0, 0.121)),
        p_factor=((0.707, 0.82), (1.41, 0.839), (2.83, 0.818), (5.66, 0.75), (11.3, 1.0)),
        p_depolarised=((1.0, 0.266), (20.0, 0.575)),
        s_depolarised=((1.0, 0.574), (20.0, 0.809)),
    ),
    # ESM's western Balkans by region_fit.fit_region, docs/regions.md; half of the events were kept out
    "southern_europe": replace(
        _WINDOWS,
        level_shift=((0.5, 0.2117), (2.0, 0.04865), (8.0, 0.007405)),
        stress_drop_bar=105.8,
        spreading=((1.0, -1.301), (50.0, -0.5419)),
        q0=169.1,
        q_exponent=0.5273,
        path_duration=((0.0, 0.0), (7.0, 4.555), (45.0, 15.94), (125.0, 20.69), (175.0, 33.02), (270.0, 64.91)),
        path_duration_slope=0.2961,
        s_vertical=((0.33, 0.9663), (0.9, 0.9663), (1.7, 0.819), (4.2, 0.9753), (8.5, 1.26), (17.3, 1.996)),
    ),
    # SMSIM 6.0's western North America run: horizontal S, one corner, zero phase, no filter
    "smsim": replace(
        _UNCORRECTED,
        two_corner_start_magnitude=98.0,
        two_corner_full_magnitude=99.0,
        rupture_distance="hypocentral",
        magnitude_conversion="none",
        minimum_phase=False,
        horizontal_s_only=True,
        equal_energy=True,
        window_epsilon=0.2,
        window_stretch=2.0,
        coda_level=0.0,
        low_cut_hz=0.0,
        head_wave_level=0.0,
        s_direct_level=0.0,
    ),
}


def make_parameters(preset: str | dict = "active", **overrides: Any) -> Parameters:
    """Constants of a preset with some of them replaced.

    Parameters
    ----------
    preset : {"active", "active_windows", "active_uncorrected", "stable", "southern_europe", "smsim"} or dict
        Active crust (western US), the same under windows in time instead of scattering, or before levels were fitted
        to a ground-motion model, stable crust (eastern US), southern Europe, or SMSIM's own run for comparison; or a
        table for another region, see `region_presets.read_preset`.
    **overrides
        Any field of `Parameters`.

    Returns
    -------
    constants : Parameters
        Checked.

    Raises
    ------
    InputError
        Unknown preset or constant, or a value out of bounds.

    Examples
    --------
    >>> make_parameters("active", stress_drop_bar=60).stress_drop_bar
    60.0
    """
    preset, overrides = unfold(preset, overrides)
    if preset in _RENAMED:
        warn_user(f"stochastic: the preset {preset!r} is called {_RENAMED[preset]!r} now.")
        preset = _RENAMED[preset]
    if preset not in PRESETS:
        hint = ""
        if str(preset).lower().endswith(".csv"):
            hint = (
                " Read a table of your own first: preset=read_preset(path), from "
                "seissynth_plugins.stochastic.region_presets."
            )
        names = ", ".join(map(repr, (*PRESETS, AUTO)))
        raise InputError(f"stochastic: unknown preset {preset!r}; there are {names}.{hint}")
    known = [f.name for f in fields(Parameters)]
    for name in overrides:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f"stochastic: unknown option {name!r};{hint} options are {', '.join(known)}.")
    own = {"magnitude_closure": preset, **{name: _plain(value) for name, value in overrides.items()}}
    parameters = replace(PRESETS[preset], **own)
    if parameters.magnitude_conversion == "closure" and parameters.magnitude_closure in PRESETS:
        changed = changed_constants(parameters, PRESETS[parameters.magnitude_closure])
        if changed:
            warn_user(
                f"stochastic: magnitude_conversion='closure' with {', '.join(changed)} changed: the table belongs to "
                f"the preset {parameters.magnitude_closure!r}, and the records' ML will differ from the one asked for."
            )
    return parameters


def _plain(value):
    """Lists become tuples (constants must be hashable), whole numbers become floats."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
