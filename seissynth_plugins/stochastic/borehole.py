"""Sensors below the surface: up-going waves that arrive early, and their reflection from the surface.

The motion of a borehole is that of the surface above it times the ratio of both in flat layers, for the direct ray's
slowness: P by the P velocities, S by the shear velocities. Its modulus is a mean over velocities that scatter, which
fills the notches; its phase is the minimum phase, in which the reflection follows the up-going wave.
"""

from dataclasses import dataclass

import numpy as np

from seissynth.seeding import generator, hash_words
from seissynth.shared.warning import warn_user
from seissynth_plugins.stochastic.site_profile import generic_profile, read_profile

#: m; a sensor in a vault is not in a borehole
SHALLOW_M = 10.0
#: standard deviation of the velocities that one record's waves meet, as a share
_WITHIN_RECORD = 0.1
#: damping on the way to the surface takes at most this share of a leg's kappa
_MOST_OF_KAPPA = 0.5
#: of critical slowness, as at the free surface
_MARGIN = 0.98
_NODES, _PER_CYCLE = 5, 32
_VELOCITY = hash_words("stochastic", "velocity above a borehole")


@dataclass(frozen=True)
class Borehole:
    """Layers above a sensor, for P and for S; equal ones give equal filters.

    Parameters
    ----------
    p, s : tuple of tuple of float
        Of each layer: thickness (km), velocity (km/s), density (g/cm³), Q.
    p_slowness, s_slowness : float, s/km
        Horizontal.
    """

    p: tuple
    s: tuple
    p_slowness: float
    s_slowness: float

    def earlier_s(self, wave):
        """How much earlier than at the surface a wave arrives, s."""
        layers, slowness = (self.p, self.p_slowness) if wave == "p" else (self.s, self.s_slowness)
        return sum(h * np.sqrt(v**-2 - slowness**2) for h, v, *_ in layers)


def depth_over_surface(frequency_hz, layers, slowness_s_km):
    """Motion at the base of some layers over that of the free surface above them.

    Parameters
    ----------
    frequency_hz : ndarray, of any shape
    layers : sequence of (thickness km, velocity km/s, density g/cm³, Q)
        From the surface down. The velocity is v (1 + i / 2Q).
    slowness_s_km : float
        Horizontal; below 1 / v in every layer.

    Returns
    -------
    ndarray, of the same shape, complex
        For exp(+i omega t). Over a uniform layer it is cos(omega z sqrt(v^-2 - p^2)).

    Notes
    -----
    The up-going and the down-going wave are equal at the surface, and are carried down by continuity of displacement
    and stress (Haskell 1953, BSSA 43, 17-34, for SH). P is treated in the same way, without its change into SV, which
    is small for steep rays.

    Examples
    --------
    >>> from seissynth_plugins.stochastic.borehole import depth_over_surface
    >>> import numpy as np
    >>> abs(depth_over_surface(np.array([0.0, 2.5]), [(0.15, 1.5, 2.0, 1e9)], 0.0)).round(6).tolist()
    [1.0, 0.0]
    """
    up, down = up_and_down(frequency_hz, layers, slowness_s_km)
    return up + down


def up_and_down(frequency_hz, layers, slowness_s_km):
    """Return the two waves whose sum is `depth_over_surface`: up-going, and down-going."""
    omega = 2 * np.pi * np.asarray(frequency_hz, dtype=float)
    up = down = np.full(omega.shape, 0.5 + 0j)
    before = None
    for thickness, velocity, density, q in layers:
        speed = velocity * (1 + 0.5j / q)
        vertical = np.sqrt(speed**-2 - slowness_s_km**2)
        impedance = density * speed**2 * vertical
        if before is not None:
            ratio = before / impedance
            up, down = (
                0.5 * ((1 + ratio) * up + (1 - ratio) * down),
                0.5 * ((1 - ratio) * up + (1 + ratio) * down),
            )
        shift = np.exp(1j * omega * thickness * vertical)
        up, down = up * shift, down / shift
        before = impedance
    return up, down


def mean_power(frequency_hz, layers, slowness_s_km, spread=_WITHIN_RECORD):
    """Mean of |`depth_over_surface`|² over velocities that scatter by a share, ndarray, shape (m,)."""
    if spread == 0:
        return np.abs(depth_over_surface(frequency_hz, layers, slowness_s_km)) ** 2
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    # velocities change times, but not the ratios of impedances: the same as other frequencies
    frequencies = np.exp(spread * nodes)[:, None] * frequency_hz
    power = np.abs(depth_over_surface(frequencies, layers, slowness_s_km)) ** 2
    return (weights[:, None] / weights.sum() * power).sum(axis=0)


def borehole_filters(grid, borehole):
    """Filters of P and of S on a grid.

    Parameters
    ----------
    grid : seissynth_plugins.stochastic.spectra.Grid
    borehole : Borehole

    Returns
    -------
    p, s : Term
        Motion of the sensor, advanced to its own onset, over that of the surface.
    """
    out = []
    for wave, layers, slowness in (("p", borehole.p, borehole.p_slowness), ("s", borehole.s, borehole.s_slowness)):
        # the power is smooth over a part of 1 / (twice the time to the surface)
        bins = int(np.ceil(0.5 / grid.dt * 2 * borehole.earlier_s(wave) * _PER_CYCLE)) + 64
        coarse = np.linspace(0.0, 0.5 / grid.dt, bins)
        log_modulus = 0.5 * np.log(mean_power(coarse, layers, slowness))
        out.append(grid.term(lambda f, x=coarse, y=log_modulus: np.interp(f, x, y)))
    return tuple(out)


def bury(rows, conditions, parameters, station_seeds):
    """Put the layers above deep sensors into prepared rows, and move their onsets.

    Parameters
    ----------
    rows : list of PreparedRow
        Changed in place; rows of sensors at the surface stay as they are.
    conditions : pandas.DataFrame, n rows
    parameters : Parameters
    station_seeds : ndarray, shape (n,), uint64

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Truth: how much earlier than at the surface P and S arrive, s, and where the layers come from.
    """
    n = len(rows)
    earlier, origin = np.zeros((2, n)), np.full(n, "", dtype=object)
    depths = conditions["station_local_depth_m"].to_numpy(float) if "station_local_depth_m" in conditions else None
    if parameters.borehole_factor == 0 and depths is not None:
        depths = _above_the_source(depths, conditions)
        for i in np.flatnonzero(depths > SHALLOW_M):
            origin[i] = _bury(rows[i], conditions, i, depths[i], parameters, station_seeds[i])
            earlier[:, i] = [rows[i].borehole.earlier_s(wave) for wave in "ps"]
            _move_onsets(rows[i], *earlier[:, i])
    return {"borehole_p_earlier_s": earlier[0], "borehole_s_earlier_s": earlier[1], "borehole_layers": origin}


def _above_the_source(depth_m, conditions):
    """Depths of sensors, at most that of the earthquake: waves come from below. A depth of 0 is an unknown one."""
    if "source_depth_km" not in conditions:
        return depth_m
    source_m = 1000 * conditions["source_depth_km"].to_numpy(float)
    below = (depth_m > SHALLOW_M) & (source_m > 0) & (depth_m > source_m)
    if below.any():
        warn_user(
            f"stochastic: {below.sum()} of {len(depth_m)} sensors are deeper than the earthquake (sensors down to "
            f"{depth_m[below].max():g} m, earthquake {source_m[below].min():g} m). They get the motion at its depth: "
            "waves that go down are not modelled."
        )
    return np.where(below, source_m, depth_m)


def _bury(row, conditions, i, depth_m, parameters, seed):
    text = conditions["station_layers"].iloc[i] if "station_layers" in conditions else ""
    if isinstance(text, str) and text:
        profile, origin, factor = read_profile(text, _whose(conditions, i)), "station_layers", 1.0
    else:
        profile, origin = generic_profile(row.vs30, float(depth_m)), "generic"
        factor = np.exp(parameters.borehole_velocity_scatter * generator(int(seed), _VELOCITY).standard_normal())
    thickness, vs, vp, density, q_s, q_p = profile.above(depth_m)
    kappa = parameters.kappa0_s if row.kappa is None else row.kappa
    waves = []
    for speed, q, slowness, share in (
        (vp * factor, q_p, row.p_slowness, parameters.p_kappa_ratio),
        (vs * factor, q_s, row.s_slowness, 1.0),
    ):
        slowness = min(slowness, _MARGIN * 1000 / speed.max())
        lost = np.sum(thickness / 1000 / q * np.sqrt((speed / 1000) ** -2 - slowness**2))
        q = q * max(1.0, lost / max(_MOST_OF_KAPPA * share * kappa, 1e-6))
        layers = zip(thickness / 1000, speed / 1000, density, q, strict=True)
        waves.append((tuple(tuple(map(float, layer)) for layer in layers), float(slowness)))
    row.borehole = Borehole(waves[0][0], waves[1][0], waves[0][1], waves[1][1])
    # strong shaking softens the ground above the sensor
    row.nonlinear = 0.0
    return origin


def _move_onsets(row, p_s, s_s):
    row.p_first, row.p_direct = row.p_first - float(p_s), row.p_direct - float(p_s)
    row.s_first, row.s_direct = row.s_first - float(s_s), row.s_direct - float(s_s)


def _whose(conditions, i):
    from seissynth.conditions import describe_row

    return f"stochastic: {describe_row(conditions, i)}: "
