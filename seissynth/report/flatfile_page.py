"""The report of a comparison with a flat file."""

import math

from seissynth.evaluation.flatfiles.tables import measure_title
from seissynth.report import texts
from seissynth.report.facts import versions
from seissynth.report.html import Html, document, frame, interval, items, number, slug, table, text

_READING = """
<dl>
<dt>Residual</dt>
<dd>ln(observed / generated), of the mean of ln over the realisations: 0.2 means that the observed motion is 1.22 times
the generated one. The realisations are without the random terms of an ensemble, so the residual is one against the
backend's median.</dd>
<dt>Bias, tau, phi</dt>
<dd>By mixed effects: the mean, the standard deviation of event terms (tau), and that of station terms (phi_S2S) and of
the rest (phi_SS), together phi. Records of one event or one station are not independent, so the bias is not the plain
mean.</dd>
<dt>Against the model</dt>
<dd>The same of ln(observed / median of the ground-motion model) at the same rows. A ratio of tau or phi near 1 means
that the backend predicts the rows as well as the model does. One draw with the backend's random terms, against the
model, shows whether generated records scatter as observed ones do.</dd>
<dt>Correlation</dt>
<dd>Of within-event residuals: of two sites of one event over their distance, with the range of c exp(-3 h / range), and
of two measures of one record.</dd>
<dt>Intervals</dt>
<dd>95 %, by bootstrap over events. With fewer than about ten events they are too narrow.</dd>
<dt>Band</dt>
<dd>Generated records are filtered with the corners of their row where the file has them. PSA counts up to the period
that the row's usable frequency, or 1.25 times its high-pass corner, allows. The model is not filtered.</dd>
</dl>
"""


def make_flatfile_page(evaluation, pictures, tables, folder, command=None):
    """Assemble the report.

    Parameters
    ----------
    evaluation : seissynth.evaluation.FlatfileEvaluation
    pictures : list of str
        As HTML.
    tables : dict of str to DataFrame
        Tables stored as CSV in `folder`.
    folder : str
        Name of the folder next to the page.
    command : str, optional

    Returns
    -------
    str
        A whole HTML document.
    """
    about = evaluation.about
    title = f"{evaluation.name} compared with {about['file']}"
    lead = (
        f"{number(about['records'])} records of {number(about['events'])} earthquakes at {number(about['stations'])} "
        f"stations ({text(about['layout'])}), magnitudes {_span(about['magnitudes'])}, hypocentral distances "
        f"{_span(about['distances_km'])} km."
    )
    sections = [
        ("verdict", "Verdict", _verdict(evaluation)),
        ("overview", "At a glance", _overview(evaluation, f"{folder}/summary.csv")),
        ("pictures", "Pictures", "".join(pictures)),
        ("details", "Tables", _details(evaluation, folder)),
        ("left-out", "Left out, and notes", items([*evaluation.notes, *evaluation.failures]) or "<p>Nothing.</p>"),
        ("reading", "How to read this report", _READING),
        ("settings", "Settings and versions", _settings(evaluation, command)),
        ("tables", "All tables", _all_tables(tables, folder)),
    ]
    return document(title, lead, [section for section in sections if section[2]])


def verdict_sentences(evaluation):
    """One sentence for each measure: how observed motion compares with generated, and what the interval excludes."""
    out = []
    for _, line in evaluation.summary.iterrows():
        factor = [math.exp(line[name]) for name in ("bias", "bias_low", "bias_high")]
        clear = line["bias_low"] > 0 or line["bias_high"] < 0
        out.append(
            f"Observed {measure_title(line['measure'])} is {factor[0]:.2f} times the generated one "
            f"({factor[1]:.2f} to {factor[2]:.2f}{'' if clear else '; the interval holds 1'})."
        )
    return out


def _verdict(evaluation):
    lines = items(verdict_sentences(evaluation))
    failed = evaluation.failures
    box = f"<div class='box bad'><p><b>Failed:</b> {text('; '.join(failed))}</p></div>" if failed else ""
    return f"{box}<div class='box verdict'>{lines}</div>"


def _overview(evaluation, csv):
    head = ["Measure", "Records", "Bias", "tau", "phi", "phi_S2S"]
    model = evaluation.model
    if model:
        head += [Html(f"{name}<small>{text(model)}</small>") for name in ("Bias", "tau", "phi")]
        head += ["tau ratio", "phi ratio"]
    drawn = evaluation.summary["draw_tau"].notna().any()
    if drawn:
        head += [Html(f"{name}<small>one draw against the model</small>") for name in ("tau", "phi")]
    rows = []
    for _, line in evaluation.summary.iterrows():
        row = [measure_title(line["measure"]), int(line["records"]), _with_interval(line, "bias")]
        row += [_with_interval(line, name) for name in ("tau", "phi", "phi_s2s")]
        if model:
            row += [float(line[f"model_{name}"]) for name in ("bias", "tau", "phi")]
            row += [_with_interval(line, f"{name}_ratio") for name in ("tau", "phi")]
        if drawn:
            row += [float(line[f"draw_{name}"]) for name in ("tau", "phi")]
        rows.append(row)
    return table(head, rows, "Residuals ln(observed / generated)", csv)


def _with_interval(line, name):
    shown = f"{number(float(line[name]))}{interval(float(line[f'{name}_low']), float(line[f'{name}_high']))}"
    return Html(shown, "class='num'")


def _details(evaluation, folder):
    return "".join(
        f"<details><summary>{text(title)}</summary>{frame(data, title, f'{folder}/{slug(title)}.csv')}</details>"
        for title, data in evaluation.tables.items()
    )


def _settings(evaluation, command):
    about, settings = evaluation.about, evaluation.settings
    rows = [
        ["Backend", evaluation.name],
        ["Options", ", ".join(f"{name}={value}" for name, value in about["options"].items()) or "none"],
        ["Stations with known site terms", about["station_terms"]],
        ["Component", about["component"]], ["Realisations", about["realizations"]],
        ["Filtered with the file's corners", about["band"]], ["Bootstrap draws", settings.draws],
        ["Seed", settings.seed],
        ["Ground-motion model", evaluation.model or "none"], ["Seconds", about["seconds"]],
    ]  # fmt: skip
    shown = f"<pre>{text(command)}</pre>" if command else ""
    return shown + table(["Setting", "Value"], rows, "Settings") + table(["Package", "Version"], versions(), "Versions")


def _all_tables(tables, folder):
    links = [
        [Html(f"<a href='{text(folder)}/{text(name)}'>{text(name)}</a>"), len(data), len(data.columns)]
        for name, data in tables.items()
    ]
    return texts.TABLES + table(["File", "Rows", "Columns"], links, "Files")


def _span(limits):
    return f"{number(limits[0])} to {number(limits[1])}"
