"""Convert conditions to spectrograms at sensors: the network, site and noise, and what real records differ by."""

import dataclasses

import numpy as np

from seissynth.errors import InputError
from seissynth.seeding import hash_words
from seissynth_plugins.heggs.generation import default_sampling, generate_spectrograms
from seissynth_plugins.heggs.residual_mover import MEAN_DRAWS, RecordCells, at_frames, features_of
from seissynth_plugins.heggs.residual_records import (
    field_at,
    origin_hours,
    record_places,
    signal_share,
    some_columns,
)
from seissynth_plugins.heggs.signal_and_noise import before_p, noise_levels, shape_features, with_noise
from seissynth_plugins.heggs.site_noise import check_background, of_sensors


def generate_observed(
    model, inputs, conditions, seeds, event_seeds, sensors, onsets, *, source=None, traits=None, sampling=None,
    background="quiet", columns=None, from_source=None,
):  # fmt: skip
    """Generate standardised log-spectrograms with the sites and noise of the weights.

    Parameters
    ----------
    model : Heggs or LatentDiffusion
    inputs : ModelInputs
    conditions : ndarray, shape (n, size)
        From ``inputs.conditions``.
    seeds, event_seeds : array_like of int, shape (n,)
        Of each record; of its earthquake, for the level of the noise.
    sensors : sequence of str
        NET.STA of each record.
    onsets : ndarray, shape (n, 2)
        From ``inputs.onsets``.
    source : ndarray, shape (n, 3, bins, frames), optional
        For the network.
    traits : Traits, optional
        Traits of the earthquakes from sources, one row for each record. Rows of noise that are NaN, and all without it,
        follow `background`.
    sampling : generation.Sampling, optional
        Default: `generation.default_sampling`.
    background : {"quiet", "time", "mean", "drawn", "none"}
        Noise of the sensor in quiet times, that of the time of the earthquake if the training set has earthquakes
        within some hours of it (else that of quiet times), its mean over the earthquakes of the training set, that of
        one of them, drawn for each earthquake, or none.
    columns : mapping of schema columns or pandas.DataFrame, n rows, optional
        Needed by weights with a residual model: place and origin time of the earthquakes, places of the stations. For
        "time" the origin time.
    from_source : ndarray of bool, shape (n,), optional
        Rows whose source is input of the network. By default all; with a residual model those without observations in
        `traits`: coordinates of sources refer to predictions from the conditions alone.

    Returns
    -------
    ndarray, shape (n, 3, bins, frames), float32
        Weights without site and noise give the output of the network.

    Raises
    ------
    InputError
        An unknown background, or "time" with weights that know of none; else as `generation.generate_spectrograms`.
    """
    check_background(background, inputs.site_noise)
    sampling = default_sampling(model.config) if sampling is None else sampling
    taken = onsets if model.config.unet.onset_maps else None
    if inputs.site_noise is None:
        return generate_spectrograms(model, conditions, seeds, source, taken, sampling)
    observed = None if traits is None or model.residuals is None else traits.known
    if source is not None and from_source is None and observed is not None:
        from_source = np.array([one is None for one in observed])
    mean = dataclasses.replace(sampling, spread=False)
    x = _predicted(model, conditions, seeds, source, taken, mean, from_source)
    return at_sensors(
        model, inputs, x, conditions, seeds, event_seeds, sensors, onsets, traits=traits, drawn=sampling.spread,
        background=background, columns=columns, from_source=source is not None,
    )  # fmt: skip


def at_sensors(
    model, inputs, predicted, conditions, seeds, event_seeds, sensors, onsets, *, traits=None, drawn=True,
    background="quiet", columns=None, from_source=False, levels=None,
):  # fmt: skip
    """Put a network's spectrograms at sensors: site, noise, traits of sources, and what real records differ by.

    Parameters
    ----------
    model, inputs, conditions, seeds, event_seeds, sensors, onsets, traits, background, columns
        As for `generate_observed`; `inputs` with `site_noise`.
    predicted : ndarray, shape (n, 3, bins, frames)
        Of the network.
    drawn : bool or float
        Draw from the spread or the residual model; False gives the mean. A number is a factor on what is drawn from the
        residual model.
    from_source : bool
        Whether the predictions are from sources, for the spread.
    levels : ndarray, shape (n, 3, bins), optional
        Noise, standardised ln A, in place of that of `background` and `traits`.

    Returns
    -------
    ndarray, shape (n, 3, bins, frames), float32
    """
    check_background(background, inputs.site_noise)
    known, sd, early = inputs.site_noise, inputs.statistics.sd, before_p(onsets, inputs.frame_times_s)
    residuals = model.residuals
    features = shape_features(onsets, inputs.frame_times_s, inputs.magnitudes(conditions))
    signals = known.signals(predicted, early, sd, sensors, features)
    if residuals is not None and drawn:
        # gains that nobody knows scatter like those that are known
        sensor_seeds = [
            hash_words("gain", residuals.region_seed(int(seed)), name)
            for seed, name in zip(event_seeds, _names(sensors, seeds), strict=True)
        ]
        signals += float(drawn) * known.unknown_gains(sensors, sensor_seeds)[..., None] * sd[:, None]
    if residuals is None and drawn and getattr(model, "spread", None) is not None:
        deviations = model.spread.draw(seeds, from_source).cpu().numpy()
        signals += np.where(early[:, None, None], 0, deviations * sd[:, None])
    if levels is None:
        hours = None if columns is None else origin_hours(columns, len(onsets))
        levels = known.levels(sensors, background, event_seeds, sd, hours)
        if traits is not None:
            heard = known.at_event(sensors, traits.noise, sd)
            levels = np.where(np.isfinite(heard) & (background != "none"), heard, levels)
    if traits is not None and residuals is None:
        signals += traits.level[:, None, :, None] * sd[:, None]
    out = with_noise(signals, levels, sd)
    if residuals is not None:
        if columns is None:
            raise InputError("weights with a residual model need the places of the records; pass columns.")
        share = signal_share(signals, levels, early, onsets, inputs.spectrogram.band_mask, sd, inputs.frame_times_s)
        observed = None if traits is None else traits.known
        out += _deviations(
            model, inputs, columns, sensors, onsets, share, early, event_seeds, seeds, observed, drawn, out, signals
        )
    if traits is None:
        return out
    return out + (traits.rest if residuals is None else np.where(early[:, None], traits.rest, 0))[:, None]


def _predicted(model, conditions, seeds, source, taken, sampling, from_source):
    """The network's spectrograms, from the source in the rows `from_source`."""
    if source is None or from_source is None or from_source.all():
        return generate_spectrograms(model, conditions, seeds, source, taken, sampling)
    out = np.empty_like(source, dtype=np.float32)
    for rows, used in ((np.flatnonzero(from_source), source), (np.flatnonzero(~from_source), None)):
        if len(rows):
            out[rows] = generate_spectrograms(
                model, conditions[rows], np.asarray(seeds)[rows], None if used is None else used[rows],
                None if taken is None else taken[rows], sampling,
            )  # fmt: skip
    return out


def _names(sensors, seeds):
    """Names of sensors; one without a name is a station of its own."""
    return [str(name) or f"record {seed}" for name, seed in zip(sensors, seeds, strict=True)]


def _deviations(
    model, inputs, columns, sensors, onsets, share, early, event_seeds, seeds, observed, drawn, predicted, signals
):  # fmt: skip
    """Deviations of the residual model behind P, shape (n, 3, bins, frames); none in rows without onsets."""
    out = np.zeros((len(onsets), 3, len(inputs.statistics.sd), early.shape[1]), np.float32)
    names, residuals, mover = _names(sensors, seeds), model.residuals, getattr(model, "residual_flow", None)
    rows = np.flatnonzero(np.isfinite(onsets).all(axis=1))
    if len(rows):
        names = [names[row] for row in rows]
        places = record_places(some_columns(columns, rows), names, onsets[rows], share[rows])
        sources = None if observed is None else [observed[row] for row in rows]
        of = [int(event_seeds[row]) for row in rows], [int(seeds[row]) for row in rows]
        z, mean = residuals.coordinates(places, *of, sources, drawn=drawn, expected=mover is not None)
        fields = residuals.fields(z)
        out[rows] = [
            field_at(field, some, inputs.frame_times_s) for field, some in zip(fields, onsets[rows], strict=True)
        ]
        if mover is not None:
            cells = RecordCells(
                inputs, predicted[rows], signals[rows], early[rows], onsets[rows], features_of(places),
                mover.numbers_of(names),
            )  # fmt: skip
            counts = [0 if one is None else len(one) for one in sources or [None] * len(rows)]
            middles = residuals.fields(mean)
            if drawn:
                moved = mover.changes(cells, fields, middles, counts, of[1])
            else:  # of the mean: the mean change of some draws, the same for all calls
                moved = np.zeros(cells.predicted.shape, np.float32)
                for number in range(MEAN_DRAWS):
                    same = [hash_words("draw of a mean", number)] * len(rows)
                    some, _ = residuals.coordinates(places, same, same, sources, expected=False)
                    moved += mover.changes(cells, residuals.fields(some), middles, counts, same) / MEAN_DRAWS
            out[rows] += at_frames(moved)
    return np.where(early[:, None, None], 0, out)


def signal_residuals(inputs, target, predicted, conditions, sensors, onsets):
    """Return the differences between signals of real records and predictions, and where they are detectable.

    Parameters
    ----------
    inputs : ModelInputs
        With `site_noise`.
    target, made : ndarray, shape (n, 3, bins, frames)
        Real records, and the network's predictions of them.
    conditions : ndarray, shape (n, size)
    sensors : sequence of str
    onsets : ndarray, shape (n, 2)

    Returns
    -------
    residuals : ndarray, shape (n, 3, bins, frames)
        Standardised ln A, with the gain of the site, and the noise that the record itself shows before P.
    seen : ndarray of bool, same shape
        Behind P, where at least half of the predicted power is signal.
    """
    known, sd, early = inputs.site_noise, inputs.statistics.sd, before_p(onsets, inputs.frame_times_s)
    levels = noise_levels(target, early)
    levels = np.where(np.isnan(levels), of_sensors(known.noise, sensors), levels)
    features = shape_features(onsets, inputs.frame_times_s, inputs.magnitudes(conditions))
    signals = known.signals(predicted, early, sd, sensors, features)
    seen = signals > levels[..., None] * sd[:, None]
    return target - with_noise(signals, levels, sd), seen & ~early[:, None, None]
