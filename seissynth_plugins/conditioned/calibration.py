"""Calibrate the standard deviations of predicted peaks on records whose own station was left out."""

import numpy as np
from scipy.optimize import minimize

from seissynth.errors import InputError
from seissynth_plugins.conditioned.spectra import period_of

#: fewer errors do not show how large they are
LEAST_ERRORS = 20
#: without calibration
PLAIN = {"spread": 1.0, "texture": 0.2}
_LEAST, _MOST = np.log(0.05), np.log(3.0)


def fit_deviation(errors, deviations):
    """Return the calibration of one measure.

    Parameters
    ----------
    errors : array_like, shape (n,)
        Observed less predicted ln peaks of records that the prediction did not see.
    deviations : array_like, shape (n,)
        Standard deviations of the predictions from the coordinates, as `peaks.peak_changes` returns them.

    Returns
    -------
    dict of str to float
        ``spread`` and ``texture``: errors are taken to have the variance ``(spread deviation)² + texture²``. By maximum
        likelihood, both from 0.05 to 3.

    Raises
    ------
    InputError
        Fewer than 20 errors.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> deviations = rng.uniform(0.2, 1.5, 4000)
    >>> found = fit_deviation(rng.standard_normal(4000) * np.hypot(0.8 * deviations, 0.3), deviations)
    >>> round(found["spread"], 1), round(found["texture"], 1)
    (0.8, 0.3)
    """
    errors, deviations = np.asarray(errors, dtype=float), np.asarray(deviations, dtype=float)
    if len(errors) < LEAST_ERRORS:
        raise InputError(f"conditioned: {len(errors)} errors; a calibration needs {LEAST_ERRORS} or more.")

    def cost(logs):
        spread, texture = np.exp(np.clip(logs, _LEAST, _MOST))
        variance = (spread * deviations) ** 2 + texture**2
        return 0.5 * np.sum(np.log(variance) + errors**2 / variance)

    found = minimize(cost, [0.0, np.log(PLAIN["texture"])], method="Nelder-Mead").x
    spread, texture = np.exp(np.clip(found, _LEAST, _MOST))
    return {"spread": float(spread), "texture": float(texture)}


def calibration_of(calibration, measure):
    """Return the calibration of one measure.

    Parameters
    ----------
    calibration : dict
        ``pga`` and ``pgv``: each a dict of `fit_deviation`. ``psa``: the same with lists, and ``periods_s``, rising.
    measure : str
        ``pga``, ``pgv``, or PSA such as ``psa_0p3``.

    Returns
    -------
    dict of str to float
        ``spread`` and ``texture``; those of PSA are linear in ln T between periods and constant beyond.

    Examples
    --------
    >>> psa = {"periods_s": [0.1, 1.0], "spread": [1.0, 0.5], "texture": [0.2, 0.4]}
    >>> found = calibration_of({"psa": psa}, "psa_0p3162")
    >>> round(found["spread"], 3), round(found["texture"], 3)
    (0.75, 0.3)
    """
    period = period_of(measure)
    if period is None:
        return calibration[measure]
    of = calibration["psa"]
    ln_periods = np.log(of["periods_s"])
    return {key: float(np.interp(np.log(period), ln_periods, of[key])) for key in ("spread", "texture")}


def is_calibration(calibration):
    """Whether something read from a file is as `calibration_of` takes it, with or without PSA.

    Examples
    --------
    >>> one = {"spread": 1.0, "texture": 0.2}
    >>> is_calibration({"pga": one, "pgv": one}), is_calibration({"pga": one}), is_calibration({"pga": one, "pgv": 1.0})
    (True, False, False)
    """
    try:
        parts = [calibration["pga"], calibration["pgv"]]
        shapes = [(), ()]
        if "psa" in calibration:
            periods = np.asarray(calibration["psa"]["periods_s"], dtype=float)
            if not (periods.ndim == 1 and len(periods) and periods[0] > 0 and (np.diff(periods) > 0).all()):
                return False
            parts, shapes = [*parts, calibration["psa"]], [*shapes, periods.shape]
        values = [np.asarray(part[key], dtype=float) for part in parts for key in PLAIN]
    except (TypeError, KeyError, ValueError, IndexError):
        return False
    wanted = [shape for shape in shapes for _ in PLAIN]
    return all(
        one.shape == shape and np.isfinite(one).all() and (one >= 0).all()
        for one, shape in zip(values, wanted, strict=True)
    )
