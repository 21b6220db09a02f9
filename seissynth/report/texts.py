"""Texts of the report: how to read it, and the meaning and limits of each group and metric."""

import fnmatch

from seissynth.report.html import text
from seissynth.report.metric_texts import GROUP_TEXTS, METRIC_TEXTS

OVERVIEW = (
    "<p>One line for each leading metric. Below a value stands its 95 % interval, which comes from drawing "
    "earthquakes, and records within them, anew. “Perfect” is what the real records would score beside themselves. "
    "★ marks the set or baseline nearest to perfect; whether the lead is more than chance, the paired differences "
    "say.</p>"
)

PAIRED = (
    "<p>Both sets are scored on the same records and the scores are taken from each other record by record: what "
    "the records share falls out, so that small differences show. ▲: the set is nearer to perfect than the column's; "
    "▼: farther; both where the interval does not hold 0. Without a mark the two cannot be told apart on these "
    "earthquakes.</p>"
)

TABLES = (
    "<p>Every table of this page, and the values by record behind them, as CSV in the folder beside this file. "
    "The links work as long as the folder stays there.</p>"
)

READING = """
<dl>
<dt>Which records belong together</dt>
<dd>A generated record stands beside the real one of the same earthquake (<code>source_id</code>, else the origin time
to a tenth of a second) and the same sensor (network, station, location, first two letters of the channel). All sets
are scored on the same real records.</dd>
<dt>Other earthquakes</dt>
<dd>A window of an aftershock sequence holds more than one earthquake. Each real record carries a time mask: from the
origin time to the predicted P of the next earthquake that can be seen at that sensor. Spectrograms, envelopes and
peaks are compared under the mask; values over whole windows are named so.</dd>
<dt>Picks</dt>
<dd>A pick belongs to a record if it is the most probable one within 2 s (P) or 3 s (S) of the reference: the
analyst's pick, else the picker's own on the real record. A pick that is not there counts as a miss. The picker's
score on the real records is the floor: nothing generated can be expected to do better.</dd>
<dt>Intervals</dt>
<dd>95 %, by bootstrap: earthquakes are drawn with replacement, then records within each. With fewer than about ten
earthquakes they are too narrow. A goal is met only if its interval says so.</dd>
<dt>Blur</dt>
<dd>A model that always gives the mean of what could happen scores well in correlation, error and picks, and no record
of it looks real. Read similarity together with spread.</dd>
<dt>Band</dt>
<dd>Both sets are compared in the pass band of the real records. Corner frequency, moment and peak velocity of large
earthquakes lie partly below it: then both are of the band, not of the earthquake.</dd>
<dt>Baselines</dt>
<dd>What simple means reach with the same information. A model is worth its training where it beats them.</dd>
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
            lines.append(f"<dd class='not'>Cannot tell: {text(cannot)}</dd>")
    title = "What these mean, and what they cannot tell"
    return f"<details open><summary>{title}</summary><dl>{''.join(lines)}</dl></details>"
