"""A step of least squares with event terms and priors, for the fit of a region."""

import numpy as np

from seissynth.seeding import generator, hash_words

#: standard deviations of residuals between and within events, of the size of those of ground-motion models (ln)
TAU, PHI = 0.45, 0.6
#: measures of one record say much the same: correlation that their number is corrected for
BETWEEN_MEASURES = 0.7
#: a measure never counts as if it scattered less, ln
_LEAST_SCATTER = 0.1
#: events, and records beyond one of each, that scatter is told from; fewer have that of ground-motion models
LEAST_EVENTS = 6
_DRAWS = 200


def scatter_of(residuals, events):
    """Standard deviations between and within events of each measure, (measures, 2)."""
    out = np.empty((residuals.shape[1], 2))
    for column, values in enumerate(residuals.T):
        known = np.isfinite(values)
        groups = [values[known & (events == event)] for event in np.unique(events[known])]
        sizes = np.array([len(group) for group in groups])
        if sizes.sum() - len(groups) < LEAST_EVENTS:
            out[column] = TAU, PHI
            continue
        square = sum(((group - group.mean()) ** 2).sum() for group in groups) / (sizes.sum() - len(groups))
        means = np.array([group.mean() for group in groups])
        out[column] = np.sqrt(max(means.var() - square * (1.0 / sizes).mean(), 0.0)), np.sqrt(square)
    return np.maximum(out, _LEAST_SCATTER)


def normal_equations(residuals, slopes, events, scatter):
    r"""Information and its right side of each event, from records that share an event term.

    Residuals of one measure of an event of n records have the covariance :math:`\phi^2 I + \tau^2 1 1^T`, whose
    inverse is :math:`I / \phi^2 - 1 1^T \tau^2 / (\phi^2 (\phi^2 + n \tau^2))`: the second part is the pull of the
    event's term, which takes away what the term could explain.

    Parameters
    ----------
    residuals : ndarray, shape (records, measures)
        ln, observed over generated; NaN for no value.
    slopes : ndarray, shape (records, measures, freedoms)
        Their derivatives.
    events : ndarray, shape (records,)
    scatter : ndarray, shape (measures, 2)
        Of `scatter_of`: tau and phi.

    Yields
    ------
    matrix, right : ndarray, shape (freedoms, freedoms) and (freedoms,)
    """
    measures = residuals.shape[1]
    share = 1.0 / (1.0 + (measures - 1) * BETWEEN_MEASURES)
    for event in np.unique(events):
        mine = events == event
        matrix, right = np.zeros((slopes.shape[-1],) * 2), np.zeros(slopes.shape[-1])
        for measure in range(measures):
            known = mine & np.isfinite(residuals[:, measure])
            n = int(known.sum())
            if not n:
                continue
            r, a = residuals[known, measure], -slopes[known, measure]
            between, within = np.square(scatter[measure])
            pull = between / (within * (within + n * between))
            matrix += share * (a.T @ a / within - pull * np.outer(a.sum(axis=0), a.sum(axis=0)))
            right += share * (a.T @ r / within - pull * a.sum(axis=0) * r.sum())
        yield matrix, right


def step_of(residuals, slopes, events, change, prior, weights=None):
    """Change that the records and the priors ask for, and the information."""
    parts = list(normal_equations(residuals, slopes, events, scatter_of(residuals, events)))
    weights = np.ones(len(parts)) if weights is None else weights
    matrix = sum(w * m for w, (m, _) in zip(weights, parts, strict=True)) + np.diag(prior**-2.0)
    right = sum(w * r for w, (_, r) in zip(weights, parts, strict=True)) - change / prior**2
    return np.linalg.solve(matrix, right), matrix


def bootstrap(residuals, slopes, events, change, prior, seed):
    """Samples of the result over events, (draws, freedoms), from the last step's slopes."""
    count, rng = len(np.unique(events)), generator(hash_words("region fit bootstrap", seed))
    return np.array(
        [
            change + step_of(residuals, slopes, events, change, prior, np.bincount(drawn, minlength=count))[0]
            for drawn in rng.integers(count, size=(_DRAWS, count))
        ]
    )
