"""Presets of the stochastic backend, and `make_parameters`: a preset with named overrides."""

import difflib
import math
from dataclasses import fields, replace

from seissynth.errors import InputError
from seissynth_plugins.stochastic.parameters import Parameters

_ACTIVE = Parameters()

#: What each preset is for; `make_parameters` builds it.
PRESETS = {
    "active": _ACTIVE,
    # Atkinson & Boore (2006) and Boore & Thompson (2015) for eastern North America
    "stable": replace(
        _ACTIVE,
        stress_drop_bar=250.0,
        source_density_g_cm3=2.8,
        source_vs_km_s=3.7,
        source_vp_km_s=3.7 * math.sqrt(3),
        finite_fault=(-1.8844, 0.43, -0.5694, 0.235, 5.744, 7.744),
        spreading=((1.0, -1.0), (50.0, -0.5)),
        q0=410.0,
        q_exponent=0.5,
        path_duration=(
            (0.0, 0.0),
            (15.0, 2.6),
            (35.0, 17.5),
            (50.0, 25.1),
            (125.0, 25.1),
            (200.0, 28.5),
            (392.0, 46.0),
            (600.0, 69.1),
        ),
        path_duration_slope=0.111,
        kappa0_s=0.006,
        site_amplification=((0.01, 1.0), (80.0, 1.0)),
        site_reference_vs30_mps=3000.0,
        default_vs30_mps=3000.0,
        coda_q0=250.0,
    ),
    # SMSIM 6.0's western North America run: horizontal S, one corner, zero phase, no filter
    "smsim": replace(
        _ACTIVE,
        two_corner_start_magnitude=98.0,
        two_corner_full_magnitude=99.0,
        rupture_distance="hypocentral",
        magnitude_conversion="none",
        minimum_phase=False,
        horizontal_s_only=True,
        equal_energy=True,
        window_epsilon=0.2,
        coda_level=0.0,
        low_cut_hz=0.0,
        head_wave_level=0.0,
        s_direct_level=0.0,
    ),
}


def make_parameters(preset="active", **overrides):
    """Constants of a preset with some of them replaced.

    Parameters
    ----------
    preset : {"active", "stable", "smsim"}
        Active crust (western US), stable crust (eastern US), or SMSIM's own run for comparison.
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
    if preset not in PRESETS:
        raise InputError(f"stochastic: unknown preset {preset!r}; there are {', '.join(map(repr, PRESETS))}.")
    known = [f.name for f in fields(Parameters)]
    for name in overrides:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"stochastic: unknown option {name!r}.{hint} Options are {', '.join(known)}.")
    return replace(PRESETS[preset], **{name: _plain(value) for name, value in overrides.items()})


def _plain(value):
    """Lists become tuples (so that constants can be hashed), whole numbers become floats."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
