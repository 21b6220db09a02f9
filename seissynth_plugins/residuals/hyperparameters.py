"""Fit hyper-parameters of the kernel by marginal likelihood, one Gaussian process for each pattern."""

import numpy as np
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize

from seissynth.errors import InputError
from seissynth_plugins.residuals.kernel import PRIOR, PRIOR_SD, Separations

_ITERATIONS = 25
#: hyper-parameters stay within this many standard deviations of their prior
_REACH = 3.5
#: fewer records do not tell what an earthquake and a station share
LEAST_RECORDS = 30


def fit_hyperparameters(values, variances, places, iterations=_ITERATIONS):
    """Fit the hyper-parameters of all patterns.

    Parameters
    ----------
    values, variances : ndarray, shape (n, patterns)
        Coordinates of records, and the variances of their errors, of `Patterns.coordinates`.
    places : Places, n
    iterations : int
        Of L-BFGS-B, for each pattern.

    Returns
    -------
    ndarray, shape (patterns, 12)
        In the order of `kernel.NAMES`.

    Raises
    ------
    InputError
        Too few records.

    Notes
    -----
    Maximum a posteriori: logarithms of hyper-parameters are normal about `kernel.PRIOR`, with standard deviation 1.5.
    """
    if len(places) < LEAST_RECORDS:
        raise InputError(f"residuals: {len(places)} records; a fit of hyper-parameters needs {LEAST_RECORDS} or more.")
    apart, middle = Separations(places, places), np.log(PRIOR)
    limits = [(m - _REACH * PRIOR_SD, m + _REACH * PRIOR_SD) for m in middle]
    out = []
    for y, variance in zip(values.T, variances.T, strict=True):
        found = minimize(
            negative_log_posterior, middle, args=(y, variance, apart), jac=True, method="L-BFGS-B", bounds=limits,
            options={"maxiter": iterations},
        )  # fmt: skip
        out.append(np.exp(found.x))
    return np.stack(out)


def negative_log_posterior(logs, y, variance, apart):
    """Return minus the logarithm of the posterior of hyper-parameters, without constants, and its gradient.

    Parameters
    ----------
    logs : ndarray, shape (12,)
        Natural logarithms of hyper-parameters.
    y, variance : ndarray, shape (n,)
    apart : Separations
        Of the n records with themselves.
    """
    kernel, gradients = apart.gradients(np.exp(logs))
    factor = cholesky(kernel + np.diag(variance), lower=True)
    inverse = cho_solve((factor, True), np.eye(len(y)))
    alpha = inverse @ y
    pull = (logs - np.log(PRIOR)) / PRIOR_SD
    value = 0.5 * y @ alpha + np.log(np.diag(factor)).sum() + 0.5 * pull @ pull
    slope = 0.5 * ((inverse - np.outer(alpha, alpha)) * gradients).sum(axis=(1, 2)) + pull / PRIOR_SD
    return float(value), slope
