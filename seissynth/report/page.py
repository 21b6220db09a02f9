"""The page: sections in order, each of them a function."""

import math
from importlib.resources import files

from seissynth.evaluation.baselines.rows import BASELINES
from seissynth.evaluation.leaderboard import distance_to_best, headlines, side_by_side
from seissynth.evaluation.metric_names import title_of
from seissynth.evaluation.registry import GROUPS
from seissynth.report import texts
from seissynth.report.facts import facts, versions
from seissynth.report.html import Html, code_of, frame, interval, items, number, slug, table, text
from seissynth.report.pictures import OVERVIEW


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
    sections = [("overview", "At a glance", page.overview()), ("compared", "What was compared", page.compared())]
    for name in evaluation.group_names:
        sections.append((f"group-{name}", page.title_of(name), page.group(name)))
    sections += [
        ("left-out", "What is not here", page.left_out()),
        ("reading", "How to read this", texts.READING),
        ("settings", "Settings and versions", page.settings(command)),
        ("tables", "All tables", page.all_tables()),
    ]
    title = f"{', '.join(evaluation.pairs)} beside {evaluation.about['real']}"
    links = "".join(f"<li><a href='#{key}'>{text(name)}</a></li>" for key, name, _ in sections)
    body = "".join(f"<section id='{key}'><h2>{text(name)}</h2>{content}</section>" for key, name, content in sections)
    style = files("seissynth.report").joinpath("style.css").read_text("utf-8")
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        # an icon of nothing: browsers would ask the network for one
        f"<link rel='icon' href='data:,'><title>{text(title)}</title><style>{style}</style></head>"
        f"<body><div class='page'><nav aria-label='Contents'><h2>Contents</h2><ol>{links}</ol></nav><main>"
        f"<header><h1>{text(title)}</h1><p>{page.lead()}</p></header>{body}</main></div></body></html>\n"
    )


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
            f"{number(about['sensors'])} sensors, beside what {sets} generated set{'s' * (sets > 1)} "
            f"hold{'s' * (sets == 1)} for the same earthquakes and sensors."
        )

    def overview(self):
        evaluation = self.evaluation
        chosen = headlines(evaluation.rows, GROUPS)
        boards = [
            (side_by_side(evaluation.rows, group, [metric], evaluation.ranked), group) for metric, group in chosen
        ]
        rows = [self.score_row(board.iloc[0], group) for board, group in boards]
        shown = texts.OVERVIEW
        if rows:
            shown += table(self.score_head("Metric"), rows, "Leading metrics", self.csv("leaderboard.csv"))
        shown += "".join(self.pictures.get(OVERVIEW, []))
        if len(evaluation.rows) > 1:
            shown += self.paired()
        return self.trouble() + shown

    def trouble(self):
        """A box at the top that reports failures."""
        failures = self.evaluation.failures
        if not failures:
            return ""
        names = ", ".join(dict.fromkeys(item.part for item in failures))
        link = "<a href='#left-out'>What is not here</a>"
        return f"<div class='box bad'><p><b>Failed:</b> {text(names)}. See {link}.</p></div>"

    def score_head(self, first):
        return [first, "Perfect", *(self.head_of(name) for name in self.evaluation.rows)]

    def head_of(self, name):
        kind = "" if name not in self.evaluation.baselines else "baseline"
        if kind and name not in self.evaluation.ranked:
            kind = "floor, not ranked"
        return Html(text(name) + (f"<small>{kind}</small>" if kind else ""))

    def score_row(self, line, group=None):
        """One metric: values with intervals, the nearest to perfect marked."""
        name = line["metric"]
        label = text(title_of(name))
        if group:
            label = f"<a href='#group-{group}'>{label}</a>"
        unit = "" if line["unit"] == "1" else f" ({text(line['unit'])})"
        row = [Html(f"{label}{unit}{code_of(name)}"), float(line["best"])]
        for of in self.evaluation.rows:
            shown = f"<span class='value'>{number(float(line[of]))}</span>"
            shown += interval(float(line[f"{of} low"]), float(line[f"{of} high"]))
            row.append(Html(shown, f"class='num{' best' if line['nearest'] == of else ''}'"))
        return row

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
                head = ["Metric", *(f"less {other}" for other in others)]
                shown += table(head, rows, f"{name}, and how it differs", self.csv("differences.csv"))
        return "<h3>Paired differences</h3>" + texts.PAIRED + shown if shown else ""

    def difference(self, line):
        """A difference with its interval, marked if significant."""
        shown = f"<span class='value'>{number(float(line['difference']))}</span>" + interval(line["low"], line["high"])
        return Html(shown, f"class='num {self.verdict(line)}'")

    def verdict(self, line):
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
        head = ["Generated set", "Read from", "Records", "Draws", "Without a real partner", "Real ones without"]
        shown = table(head, rows, "Generated sets")
        known = [[name, BASELINES[name].knows] for name in self.evaluation.baselines if name in BASELINES]
        return shown + (table(["Baseline", "Knows"], known, "Baselines") if known else "")

    def group(self, name):
        evaluation = self.evaluation
        shown = texts.group_text(name)
        board = side_by_side(evaluation.rows, name, ranked=evaluation.ranked)
        if len(board):
            rows = [self.score_row(line) for _, line in board.iterrows()]
            csv = self.csv("summary.csv")
            shown += table(self.score_head("Metric"), rows, "All metrics, 95 % intervals below", csv)
        for of in evaluation.rows:
            if name in evaluation.rows[of]:
                shown += self.part(name, of)
        return shown + texts.meanings(board["metric"].tolist() if len(board) else [])

    def part(self, name, of):
        """Part of one set in a group: pictures, tables, notes."""
        group = self.evaluation.rows[of][name]
        base = f"{slug(of)}/{slug(name)}"
        shown = "".join(self.pictures.get((of, name), []))
        for title, data in group.tables.items():
            shown += frame(data, title, self.csv(f"{base}__{slug(title)}.csv"))
        counts = group.summary[["metric", "records", "events", "note"]]
        shown += items(group.notes)
        if len(counts):
            shown += (
                "<details><summary>Records, earthquakes and notes of each metric</summary>"
                + frame(counts, f"Counts, {of}", self.csv(f"{base}.csv")) + "</details>"
            )  # fmt: skip
        if not shown:
            return ""
        if of in self.evaluation.baselines:  # they would make the page long
            return f"<details><summary>Tables of the baseline: {text(of)}</summary>{shown}</details>"
        several = len(self.evaluation.rows) > 1
        return f"<h3>{text(of)}</h3>{shown}" if several else shown

    def left_out(self):
        evaluation = self.evaluation
        shown = ""
        for title, entries, kind in (("Failed", evaluation.failures, "bad"), ("Left out", evaluation.missing, "")):
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
            counts.append(f"{number(about['without_partner'])} real records have no partner in every generated set.")
        skipped = [name for name in GROUPS if name not in evaluation.group_names]
        asked = {item.part for item in (*evaluation.missing, *evaluation.failures)}
        not_asked = [name for name in skipped if name not in asked]
        if not_asked:
            counts.append(f"Groups that were not asked for: {', '.join(not_asked)}.")
        return shown + items([*counts, *self.parts_left_out()]) or "<p>Nothing was left out.</p>"

    def parts_left_out(self):
        """Records left out by groups, and metrics without a value, each once."""
        sets_of = {}
        for of, groups in self.evaluation.rows.items():
            for group in groups.values():
                notes = [note for note in group.notes if "left out" in note]
                for _, line in group.summary.iterrows():
                    if not math.isfinite(float(line["value"])):
                        why = line["note"] or ("not defined here" if line["records"] else "no record has one")
                        notes.append(f"no value of {title_of(line['metric'])} ({why}).")
                for what in notes:
                    sets_of.setdefault(f"{group.title}: {what}", []).append(of)
        every = len(self.evaluation.rows)
        return [what if len(sets) == every else f"{what} [{', '.join(sets)}]" for what, sets in sets_of.items()]

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
        return shown + (table(["Set", "Group", "Seconds"], seconds, "Time") if seconds else "")

    def all_tables(self):
        links = [
            [Html(f"<a href='{text(self.folder)}/{text(name)}'>{text(name)}</a>"), len(data), len(data.columns)]
            for name, data in self.tables.items()
        ]
        return texts.TABLES + table(["File", "Rows", "Columns"], links, "Files")
