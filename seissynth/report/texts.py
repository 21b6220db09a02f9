"""Texts of the report: how to read it, and the meaning and limits of each group and metric."""

import fnmatch

from seissynth.report.html import text
from seissynth.report.metric_texts import GROUP_TEXTS, METRIC_TEXTS

VERDICT = (
    "<p class='note'>Made from the leading numbers below. A deviation is named if its 95 % interval excludes 0; "
    "otherwise the words say how large it may be. Strength is the median over records of generated over real "
    "motion.</p>"
)

FIRST = (
    "<p class='note'>Chosen by the sample score (envelope, spectrogram and size; 1 is perfect), not by hand: the "
    "worst, the median and the best record of at least 15 s without another earthquake. Traces of a column share one "
    "scale; lines mark P and S of the real record.</p>"
)

OVERVIEW = (
    "<p>One row for each leading metric, with its 95 % interval below (bootstrap over earthquakes, then over records "
    "within them). Biases of natural logarithms are written as factors, too. “Perfect” is the score of the real "
    "records compared with themselves. ★ marks the set or baseline nearest to perfect; the paired differences show "
    "whether its lead is significant.</p>"
)

PAIRED = (
    "<p>Each set is compared with the others record by record, on the same records. Effects that both share cancel, so "
    "small differences become visible. ▲: the set is nearer to perfect than the column's; ▼: farther. Marks appear "
    "only where the 95 % interval excludes 0.</p>"
)

TABLES = (
    "<p>All tables of this page, and the values of each record behind them, are CSV files in the folder next to this "
    "file. Keep both together for the links to work.</p>"
)

READING = """
<dl>
<dt>Pairs of records</dt>
<dd>A generated record is compared with the real record of the same earthquake (<code>source_id</code>, else the origin
time to a tenth of a second) at the same sensor (network, station, location, first two letters of the channel). All sets
are scored on the same real records.</dd>
<dt>Other earthquakes</dt>
<dd>Windows of an aftershock sequence contain more than one earthquake. Each real record therefore has a time mask: from
the origin time to the predicted P of the next earthquake that is visible at the sensor. Spectrograms, envelopes and
peaks are compared within the mask. Names of metrics of whole windows say so.</dd>
<dt>Picks</dt>
<dd>A pick belongs to a record if it is the most probable one within 2 s (P) or 3 s (S) of the reference: the analyst's
pick, else the picker's own pick on the real record. A missing pick counts as a miss. The floor is the picker's score on
the real records; generated records cannot be expected to do better.</dd>
<dt>Intervals</dt>
<dd>95 %, by bootstrap: earthquakes are resampled, then records within each. With fewer than about ten earthquakes they
are too narrow. A goal is met only if its interval shows it.</dd>
<dt>Blur</dt>
<dd>A model that always returns the mean of all possible records scores well in correlation, error and picks, but none
of its records looks real. Read similarity and spread together.</dd>
<dt>Band</dt>
<dd>Both sets are compared in the pass band of the real records. Corner frequency, moment and peak velocity of large
earthquakes are partly below that band. Their values then describe the band, not the earthquake.</dd>
<dt>Baselines</dt>
<dd>Scores that simple methods reach with the same information. A trained model is useful if it beats them.</dd>
</dl>
"""


def group_text(name):
    """Description of a group."""
    description = GROUP_TEXTS.get(name)
    return f"<p>{text(description)}</p>" if description else ""


def meaning_of(metric):
    """Meaning and limits of a metric; None for one that is not described."""
    if metric in METRIC_TEXTS:
        return METRIC_TEXTS[metric]
    return next((words for pattern, words in METRIC_TEXTS.items() if fnmatch.fnmatchcase(metric, pattern)), None)


def meanings(metrics):
    """Describe metrics, grouped by meaning."""
    of = {}
    for metric in metrics:
        words = meaning_of(metric)
        if words:
            of.setdefault(words, []).append(metric)
    if not of:
        return ""
    lines = []
    for (means, cannot), names in of.items():
        codes = ", ".join(f"<code>{text(name)}</code>" for name in names)
        lines.append(f"<dt>{codes}</dt><dd>{text(means)}</dd>")
        if cannot:
            lines.append(f"<dd class='not'>Does not show: {text(cannot)}</dd>")
    title = "Meaning and limits of these metrics"
    return f"<details><summary>{title}</summary><dl>{''.join(lines)}</dl></details>"
