"""Radiation patterns of a moment tensor, averaged over a cone of rays."""

import numpy as np

_RINGS = 3
_SPOKES = 12


def ray_frame(takeoff_deg, azimuth_deg):
    """Directions of P, SV and SH motion of a ray, in north, east, down.

    Parameters
    ----------
    takeoff_deg : float or ndarray
        0 straight down, 180 straight up.
    azimuth_deg : float or ndarray
        At the source, clockwise from north.

    Returns
    -------
    p, sv, sh : ndarray, shape (..., 3)
        Unit vectors; `sv` points towards growing take-off angle, `sh` clockwise (Aki & Richards 2002, 4.88).
    """
    i, a = np.radians(takeoff_deg), np.radians(azimuth_deg)
    zero = np.zeros(np.broadcast(i, a).shape)
    p = np.stack([np.sin(i) * np.cos(a), np.sin(i) * np.sin(a), np.cos(i) + zero], axis=-1)
    sv = np.stack([np.cos(i) * np.cos(a), np.cos(i) * np.sin(a), -np.sin(i) + zero], axis=-1)
    sh = np.stack([-np.sin(a) + zero, np.cos(a) + zero, zero], axis=-1)
    return p, sv, sh


def moment_matrix(rr, tt, pp, rt, rp, tp):
    """Moment tensors in north, east, down from spherical elements (r up, t south, p east); shape (..., 3, 3)."""
    matrix = np.array([[tt, -tp, rt], [-tp, pp, -rp], [rt, -rp, rr]], dtype=float)
    return np.moveaxis(matrix, (0, 1), (-2, -1))


def double_couple(strike_deg, dip_deg, rake_deg):
    """Unit moment tensors of double couples in north, east, down (Aki & Richards 2002, box 4.4); shape (..., 3, 3)."""
    strike, dip, rake = (np.radians(angle) for angle in (strike_deg, dip_deg, rake_deg))
    slip = np.stack(
        [
            np.cos(rake) * np.cos(strike) + np.cos(dip) * np.sin(rake) * np.sin(strike),
            np.cos(rake) * np.sin(strike) - np.cos(dip) * np.sin(rake) * np.cos(strike),
            -np.sin(rake) * np.sin(dip),
        ],
        axis=-1,
    )
    normal = np.stack([-np.sin(dip) * np.sin(strike), np.sin(dip) * np.cos(strike), -np.cos(dip)], axis=-1)
    product = slip[..., :, None] * normal[..., None, :]
    return product + np.swapaxes(product, -2, -1)


def pattern(moment, takeoff_deg, azimuth_deg):
    """Signed patterns of moment tensors of unit scalar moment along rays.

    Parameters
    ----------
    moment : ndarray, shape (..., 3, 3)
    takeoff_deg, azimuth_deg : float or ndarray, shape (...,)

    Returns
    -------
    tuple of three ndarray
        P, SV, SH.
    """
    p, sv, sh = ray_frame(takeoff_deg, azimuth_deg)
    # term by term: the bits of a product of matrices may depend on how many there are
    force = sum(p[..., k, None] * moment[..., k, :] for k in range(3))
    return tuple(np.sum(force * direction, axis=-1) for direction in (p, sv, sh))


def cone_pattern(moment, takeoff_deg, azimuth_deg, half_angle_deg):
    """Root mean square of the patterns over a cone around each ray, with the sign of its axis.

    Parameters
    ----------
    moment : ndarray, shape (..., 3, 3)
    takeoff_deg, azimuth_deg : float or ndarray, shape (...,)
    half_angle_deg : float
        0 = the ray itself.

    Returns
    -------
    ndarray, shape (3, ...)
        P, SV, SH.
    """
    axis = ray_frame(takeoff_deg, azimuth_deg)
    centre = np.array(pattern(moment, takeoff_deg, azimuth_deg))
    if half_angle_deg <= 0:
        return centre
    # equal areas: the ring's radius grows as the square root of its share
    share = (np.arange(_RINGS) + 0.5) / _RINGS
    cosine = 1 - (1 - np.cos(np.radians(half_angle_deg))) * share
    sine = np.sqrt(1 - cosine**2)
    turn = np.arange(_SPOKES) * 2 * np.pi / _SPOKES
    weights = cosine[:, None], sine[:, None] * np.cos(turn), sine[:, None] * np.sin(turn)
    weights = np.stack(np.broadcast_arrays(*weights)).reshape(3, -1, 1)
    rays = sum(weight * direction[..., None, :] for weight, direction in zip(weights, axis, strict=True))
    takeoff = np.degrees(np.arccos(np.clip(rays[..., 2], -1, 1)))
    azimuth = np.degrees(np.arctan2(rays[..., 1], rays[..., 0]))
    values = np.stack(pattern(np.asarray(moment)[..., None, :, :], takeoff, azimuth))
    return np.where(centre < 0, -1.0, 1.0) * np.sqrt((values**2).mean(axis=-1))


def s_mean_over_sphere(dip_deg, rake_deg):
    """Root mean square of SV and of SH over the focal sphere for a double couple; two floats.

    Averages of Aki & Richards' patterns over azimuth and take-off angle in closed form.

    Examples
    --------
    >>> [round(x, 3) for x in s_mean_over_sphere(45.0, 90.0)]
    [0.563, 0.289]
    """
    dip, rake = np.radians([dip_deg, rake_deg])
    along, down = np.cos(rake) ** 2, np.sin(rake) ** 2
    sv = down * (14 / 15 + np.sin(2 * dip) ** 2 / 3) + along * (4 / 15 + 2 / 3 * np.cos(dip) ** 2)
    sh = 2 / 3 * along * (1 + np.sin(dip) ** 2) + down * (1 + np.cos(2 * dip) ** 2) / 3
    return 0.5 * float(np.sqrt(sv)), 0.5 * float(np.sqrt(sh))
