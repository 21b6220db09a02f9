"""Scores of several residual models on the same records, and their differences from one of them."""

import numpy as np

from seissynth.evaluation.statistics.intervals import interval
from tools.residuals.conditioned_stations_out import OURS, OURS_ARCHIVE, SOURCES, score

#: titles of the columns, and where `score` has their errors; cells are mean squares
_SHOWN = (("rms error of ln PGA", "pga_error"), ("rms error of a cell", "cells"))


class NoRivals:
    """Stands where `score` asks rivals, and predicts nothing."""

    def predict(self, *_):
        """No prediction."""
        return {}


def score_model(label, records, model, archive=None, local=None, known=None, station_left=1.0):
    """Rows of `conditioned_stations_out.score` of our methods alone, with the label of a model."""
    rivals = dict.fromkeys(records.measures, NoRivals())
    rows = score(label, records, model, rivals, archive, local, known, station_left)
    return [row for row in rows if row["method"] in (OURS, OURS_ARCHIVE)]


def lines_of(table, labels, reference, columns=_SHOWN):
    """Lines of a table: for each kind of sources and label the scores, and differences from the reference's.

    Several rows of a record and a label (subsets of the same size) are averaged in their squares. Only records that all
    labels have are scored.
    """
    lines = []
    for method in (OURS, OURS_ARCHIVE):
        for sources in SOURCES:
            part = table[(table["sources"] == sources) & (table["method"] == method)]
            if not len(part):
                continue
            wide = {}
            for name, column in columns:
                values = part.assign(value=part[column] ** 2 if column.endswith("error") else part[column])
                wide[name] = values.pivot_table(index=["event", "station"], columns="label", values="value")
            for label in labels:
                line = {"method": method, "sources": sources, "fitted to": label}
                for name, _ in columns:
                    of = wide[name]
                    seen = of.dropna(subset=[one for one in labels if one in of]) if label in of else of.iloc[:0]
                    if not len(seen):
                        line[name] = line[f"{name}, less that of {reference}"] = ""
                        continue
                    groups = seen.index.get_level_values("event").to_numpy()
                    own = seen[label].to_numpy()
                    line["records"] = str(len(seen))
                    line[name] = _text(interval(lambda some, v=own: float(np.sqrt(v[some].mean())), groups))
                    line[f"{name}, less that of {reference}"] = (
                        ""
                        if label == reference
                        else _text(_difference(own, seen[reference].to_numpy(), groups), signed=True)
                    )
                lines.append(line)
    return lines


def _difference(a, b, groups):
    """Difference of root mean squares, of resampled earthquakes that both share."""
    return interval(lambda some: float(np.sqrt(a[some].mean()) - np.sqrt(b[some].mean())), groups)


def _text(found, signed=False):
    form = "{:+.3f}" if signed else "{:.3f}"
    return f"{form.format(found[0])} [{form.format(found[1])}, {form.format(found[2])}]"
