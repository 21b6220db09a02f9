"""The page: sections in order, each of them a function."""

import math
import re

from seissynth.evaluation.baselines.rows import BASELINES, ROW_GROUPS
from seissynth.evaluation.bias_words import bias_in_words
from seissynth.evaluation.leaderboard import distance_to_best, headlines, side_by_side
from seissynth.evaluation.metric_names import title_of
from seissynth.evaluation.registry import GROUPS
from seissynth.evaluation.verdicts import LEAST_FOUND
from seissynth.report import texts
from seissynth.report.facts import facts, versions
from seissynth.report.html import Html, code_of, document, folded, frame, interval, items, number, slug, table, text
from seissynth.report.pictures import FIRST, OVERVIEW

#: a note on nothing: "0 records are left out"
_NONE_LEFT_OUT = re.compile(r"(?:^|[^\d.,])0 (?:% |of |records |clipped )")
_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z0-9])|(?<=;) (?=\d)")


def make_page(evaluation, pictures, tables, folder, command=None):
    """Assemble the report.

    Parameters
    ----------
    evaluation : seissynth.evaluation.Evaluation
    pictures : dict of (str, str) to list of str
        HTML of the pictures by set and group.
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
    page = _Page(evaluation, pictures, tables, folder)
    sections = [
        ("verdict", "Verdict", page.verdict()),
        ("overview", "At a glance", page.overview()),
        ("compared", "Records compared", page.compared()),
    ]
    for name in evaluation.group_names:
        sections.append((f"group-{name}", page.title_of(name), page.group(name)))
    sections += [
        ("left-out", "Left out", page.left_out()),
        ("reading", "How to read this report", texts.READING),
        ("settings", "Settings and versions", page.settings(command)),
        ("tables", "All tables", page.all_tables()),
    ]
    title = f"{', '.join(evaluation.pairs)} compared with {evaluation.about['real']}"
    return document(title, page.lead(), sections)


class _Page:
    def __init__(self, evaluation, pictures, tables, folder):
        self.evaluation, self.pictures, self.tables, self.folder = evaluation, pictures, tables, folder

    def csv(self, name):
        return f"{self.folder}/{name}" if name in self.tables else ""

    def title_of(self, group):
        return next(held[group].title for held in self.evaluation.groups.values() if group in held)

    def lead(self):
        about = self.evaluation.about
        sets = len(self.evaluation.pairs)
        return (
            f"{number(about['records'])} real records of {number(about['events'])} earthquakes at "
            f"{number(about['sensors'])} sensors, compared with {sets} generated set{'s' * (sets > 1)} for the same "
            "earthquakes and sensors."
        )

    def verdict(self):
        """Result of each set in words, and a few records."""
        said = self.evaluation.verdicts
        several = len(said) > 1
        lines = "".join(
            f"<p>{f'<b>{text(name)}.</b> ' if several else ''}{text(words)}</p>"
            for name, words in said.items()
            if words
        )
        first = "".join(self.pictures.get(FIRST, []))
        shown = self.trouble() + (f"<div class='box verdict'>{lines}</div>" if lines else "") + texts.VERDICT
        return shown + (first + texts.FIRST if first else "")

    def overview(self):
        evaluation = self.evaluation
        chosen = headlines(evaluation.rows, GROUPS)
        boards = [
            (side_by_side(evaluation.rows, group, [metric], evaluation.ranked), group) for metric, group in chosen
        ]
        shown, csv = texts.OVERVIEW, self.csv("leaderboard.csv")
        lines = [(board.iloc[0], group) for board, group in boards]
        beside = [any(math.isfinite(float(line[name])) for name in evaluation.baselines) for line, _ in lines]
        with_baselines = [line for line, known in zip(lines, beside, strict=True) if known]
        alone = [line for line, known in zip(lines, beside, strict=True) if not known]
        shown += self.scores(with_baselines, "Leading metrics, with baselines", csv)
        shown += self.scores(alone, "Leading metrics without baselines" if with_baselines else "Leading metrics", csv)
        shown += "".join(self.pictures.get(OVERVIEW, []))
        if len(evaluation.rows) > 1:
            shown += self.paired()
        return shown

    def trouble(self):
        """A box at the top that reports failures."""
        failures = self.evaluation.failures
        if not failures:
            return ""
        names = ", ".join(dict.fromkeys(item.part for item in failures))
        link = "<a href='#left-out'>Left out</a>"
        return f"<div class='box bad'><p><b>Failed:</b> {text(names)}. See {link}.</p></div>"

    def scores(self, lines, caption, csv):
        """Table of metrics, given as pairs (row of `side_by_side`, group to link to); sets without a value are named.

        A set has a column only if it has a value of one of the metrics.
        """
        every = list(self.evaluation.rows)
        scored = [name for name in every if any(math.isfinite(float(line[name])) for line, _ in lines)]
        if not lines:
            return ""
        head = ["Metric", "Perfect", *(self.head_of(name) for name in scored)]
        shown = table(head, [self.score_row(line, scored, group) for line, group in lines], caption, csv)
        empty = [name for name in every if name not in scored]
        return shown + (f"<p class='note'>No value here: {text(', '.join(empty))}.</p>" if empty else "")

    def head_of(self, name):
        kind = "" if name not in self.evaluation.baselines else "baseline"
        if kind and name not in self.evaluation.ranked:
            kind = "floor, not ranked"
        return Html(text(name) + (f"<small>{kind}</small>" if kind else ""))

    def score_row(self, line, sets, group=None):
        """One metric: values with words and intervals, the nearest to perfect marked."""
        name = line["metric"]
        label = text(title_of(name))
        if group:
            label = f"<a href='#group-{group}'>{label}</a>"
        unit = "" if line["unit"] == "1" else f" ({text(line['unit'])})"
        row = [Html(f"{label}{unit}{code_of(name)}"), float(line["best"])]
        for of in sets:
            value, low, high = (float(line[of + ending]) for ending in ("", " low", " high"))
            words = bias_in_words(name, value, low, high) or self.few_found(name, of)
            shown = f"<span class='value'>{number(value)}</span>"
            shown += f'<span class="words">{text(words)}</span>' if words else ""
            shown += interval(low, high)
            row.append(Html(shown, f"class='num{' best' if line['nearest'] == of else ''}'"))
        return row

    def few_found(self, metric, of):
        """Share of onsets that an error of picks rests on, if it is small."""
        if not re.fullmatch(r"[ps]_mae_s", metric):
            return ""
        summary = self.evaluation.rows[of]["arrivals"].summary.set_index("metric")["value"]
        share = float(summary.get(metric.replace("mae_s", "matched"), math.nan))
        return f"from {100 * share:.2g} % of the onsets" if share < LEAST_FOUND else ""

    def paired(self):
        """One table per set: each leading metric less that of the other rows."""
        differences = self.evaluation.differences
        shown = ""
        for name in self.evaluation.pairs:
            mine = differences[differences["set"] == name]
            others = [other for other in self.evaluation.rows if other in set(mine["less"])]
            rows = []
            for metric, group in headlines(self.evaluation.rows, GROUPS):
                lines = mine[(mine["metric"] == metric) & (mine["group"] == group)].set_index("less")
                if len(lines):
                    none = Html("–", "class='num'")
                    cells = [self.difference(lines.loc[other]) if other in lines.index else none for other in others]
                    rows.append([Html(f"{text(title_of(metric))}{code_of(metric)}"), *cells])
            if rows:
                head, title = ["Metric", *(f"less {other}" for other in others)], f"{name}, and how it differs"
                shown += folded(title, table(head, rows, title, self.csv("differences.csv")))
        return "<h3>Paired differences</h3>" + texts.PAIRED + shown if shown else ""

    def difference(self, line):
        """A difference with its interval, marked if significant."""
        shown = f"<span class='value'>{number(float(line['difference']))}</span>" + interval(line["low"], line["high"])
        return Html(shown, f"class='num {self.nearer(line)}'")

    def nearer(self, line):
        """Describe a difference: nearer or farther for the set, nothing if it may be chance."""
        if not line["differs"]:
            return ""
        rows = self.evaluation.rows
        away = []
        for name in (line["set"], line.name):
            entry = rows[name][line["group"]].summary.set_index("metric").loc[line["metric"]]
            away.append(distance_to_best(float(entry["value"]), float(entry["best"]), line["metric"]))
        if any(math.isnan(value) for value in away) or away[0] == away[1]:
            return ""
        return "nearer" if away[0] < away[1] else "farther"

    def compared(self):
        return table([], facts(self.evaluation), "The comparison") + self.sets()

    def sets(self):
        rows = [
            [name, entry["source"], entry["records"], entry["draws"], entry["generated"], entry["real"]]
            for name, entry in self.evaluation.about["sets"].items()
        ]
        head = ["Generated set", "Read from", "Records", "Draws", "Without a real partner", "Real without a partner"]
        shown = table(head, rows, "Generated sets")
        known = [[name, BASELINES[name].knows] for name in self.evaluation.baselines if name in BASELINES]
        return shown + (table(["Baseline", "Information used"], known, "Baselines") if known else "")

    def group(self, name):
        evaluation = self.evaluation
        shown = texts.group_text(name)
        board = side_by_side(evaluation.rows, name, ranked=evaluation.ranked)
        lines = [(line, None) for _, line in board.iterrows()]
        shown += self.scores(lines, "All metrics, 95 % intervals below", self.csv("summary.csv"))
        for of in evaluation.rows:
            if name in evaluation.rows[of]:
                shown += self.part(name, of)
        return shown + texts.meanings(board["metric"].tolist() if len(board) else [])

    def part(self, name, of):
        """Part of one set in a group: pictures, tables, notes."""
        group = self.evaluation.rows[of][name]
        base = f"{slug(of)}/{slug(name)}"
        shown = "".join(self.pictures.get((of, name), []))
        if group.tables:
            frames = [
                frame(data, title, self.csv(f"{base}__{slug(title)}.csv")) for title, data in group.tables.items()
            ]
            shown += folded(f"Tables: {', '.join(group.tables)}", "".join(frames))
        counts = group.summary[["metric", "records", "events", "note"]]
        shown += items(group.notes)
        if len(counts):
            counted = frame(counts, f"Counts, {of}", self.csv(f"{base}.csv"))
            shown += folded("Records, earthquakes and notes of each metric", counted)
        if not shown:
            return ""
        if of in self.evaluation.baselines:  # they would make the page long
            return folded(f"Tables of the baseline: {of}", shown)
        several = len(self.evaluation.rows) > 1
        return f"<h3>{text(of)}</h3>{shown}" if several else shown

    def left_out(self):
        evaluation = self.evaluation
        shown = ""
        for title, entries, kind in (("Failed", evaluation.failures, "bad"), ("Not computed", evaluation.missing, "")):
            if entries:
                lines = "".join(
                    f"<li><b>{text(item.part)}</b>{text(f' ({item.set_name})' if item.set_name else '')}: "
                    f"{text(item.reason)}</li>"
                    for item in entries
                )
                shown += f"<div class='box {kind}'><p><b>{title}</b></p><ul>{lines}</ul></div>"
        about = evaluation.about
        counts = [f"{number(count)} real records left out: {why}." for why, count in about["left_out"].items() if count]
        if about["without_partner"]:
            counts.append(
                f"{number(about['without_partner'])} real records lack a partner in one of the generated sets."
            )
        skipped = [name for name in GROUPS if name not in evaluation.group_names]
        asked = {item.part for item in (*evaluation.missing, *evaluation.failures)}
        not_asked = [name for name in skipped if name not in asked]
        if not_asked:
            counts.append(f"Groups that were not asked for: {', '.join(not_asked)}.")
        not_scored = [name for name in evaluation.group_names if name not in ROW_GROUPS]
        if evaluation.baselines and not_scored:
            counts.append(f"Baselines are not scored in: {', '.join(not_scored)}.")
        return shown + items([*counts, *self.parts_left_out()]) or "<p>Nothing was left out.</p>"

    def parts_left_out(self):
        """Records left out by groups, and metrics without a value, each once."""
        sets_of, every = {}, {}
        for of, groups in self.evaluation.rows.items():
            for group in groups.values():
                every[group.title] = every.get(group.title, 0) + 1
                sentences = [sentence for note in group.notes for sentence in _SENTENCES.split(note)]
                notes = [s for s in sentences if "left out" in s and not _NONE_LEFT_OUT.search(s)]
                for _, line in group.summary.iterrows():
                    if not math.isfinite(float(line["value"])):
                        why = line["note"] or ("not defined here" if line["records"] else "no record has one")
                        notes.append(f"no value of {title_of(line['metric'])} ({why}).")
                for what in notes:
                    sets_of.setdefault((group.title, what), []).append(of)
        return [
            f"{title}: {what}" + ("" if len(sets) == every[title] else f" [{', '.join(sets)}]")
            for (title, what), sets in sets_of.items()
        ]

    def settings(self, command):
        shown = f"<pre>{text(command)}</pre>" if command else ""
        settings = self.evaluation.settings
        rows = [
            ["Bootstrap draws", settings.draws], ["Seed", settings.seed],
            ["Periods of response spectra, s", ", ".join(f"{value:g}" for value in settings.periods_s)],
            ["Picker", getattr(settings.picker, "name", settings.picker) or "none"],
            ["Vs30 where unknown, m/s", settings.vs30_mps],
        ]  # fmt: skip
        shown += table(["Setting", "Value"], rows, "Settings")
        shown += table(["Package", "Version"], versions(), "Versions")
        seconds = [[of, name, value] for (of, name), value in self.evaluation.seconds.items()]
        if not seconds:
            return shown
        return shown + folded("Time of each group", table(["Set", "Group", "Seconds"], seconds, "Time"))

    def all_tables(self):
        links = [
            [Html(f"<a href='{text(self.folder)}/{text(name)}'>{text(name)}</a>"), len(data), len(data.columns)]
            for name, data in self.tables.items()
        ]
        return texts.TABLES + folded(f"{len(links)} files", table(["File", "Rows", "Columns"], links, "Files"))
