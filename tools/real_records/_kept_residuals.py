"""Residuals of a flat file's rows, kept in a folder under a digest of everything that they depend on."""

import hashlib
import json
from dataclasses import replace

import pandas as pd

import seissynth
from seissynth.evaluation.flatfiles.residuals import residual_table
from tools.real_records import _real_records as real


def kept_residuals(table, maker, kept, label, realizations=1, terms=None, scatter=None):
    """Residuals of a table's rows, from the folder if the same ones were made before.

    Parameters
    ----------
    table : GroundMotionTable
    maker : MeasureMaker
        Of the default backend.
    kept : path
        The folder. Files are named by the label and the digest, so that none is taken for those of other options.
    label : str
    realizations : int
    terms : StationTerms, optional
    scatter : MeasureMaker, optional
        Of the default backend with random terms: one draw of it is kept, too.

    Returns
    -------
    DataFrame
    """
    digest = digest_of(table, maker, realizations, terms)
    if scatter is not None:
        digest += "_" + digest_of(table, scatter)
    file = kept / f"{label}_{digest}.csv"
    if not file.exists():
        found, _ = residual_table(table, maker, realizations, scatter=scatter, station_terms=terms)
        real.write_text(file, found.to_csv(index=False))
        print(label, len(found), flush=True)
    return pd.read_csv(file, dtype={"event": str, "station": str})


def kept_by_event(table, maker, kept, realizations=1, scatter=None, events=None):
    """Residuals of a table's rows, event by event, so that a long run may be stopped and called again.

    Parameters
    ----------
    table, maker, kept, realizations, scatter
        As for `kept_residuals`.
    events : sequence of str, optional
        Which, and in which order; all by default.

    Returns
    -------
    DataFrame
    """
    parts = []
    for event in table.rows["event_id"].unique() if events is None else events:
        rows = table.rows[table.rows["event_id"] == event].reset_index(drop=True)
        name = hashlib.sha256(event.encode()).hexdigest()[:16]
        parts.append(kept_residuals(replace(table, rows=rows), maker, kept, name, realizations, scatter=scatter))
    return pd.concat(parts, ignore_index=True)


def digest_of(table, maker, realizations=1, terms=None):
    """Twelve digits of SHA-256 of the rows, the measures, the maker's options, the terms and seissynth's version.

    A change of the code under one version is not seen: empty the folder after it.
    """
    options = {
        "version": seissynth.__version__, "measures": list(table.measures), "made": list(maker.measures),
        "component": [table.component, maker.component], "seed": maker.seed, "band": maker.band,
        "backend": maker.backend.card.name, "preset": str(getattr(maker.backend, "preset", "")),
        "parameters": repr(getattr(maker.backend, "parameters", "")), "weights": maker.backend.weights_hash,
        "realizations": realizations, "terms": None if terms is None else [terms.frequencies_hz, terms.ln_factors],
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    digest.update(table.rows.to_csv(index=False).encode())
    return digest.hexdigest()[:12]
