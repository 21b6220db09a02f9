"""Compare the stochastic backend with ground-motion models: levels, site term, vertical over horizontal.

    python -m tools.physics.compare_gmm [--count 120] [-o docs/_static/calibration] [--parts levels,site,vertical]
        [--presets active,active_windows]

Levels of the presets of active crust against BSSA14 and of "stable" against Atkinson & Boore (2006) on the whole grid
of `_gmm.py`, the site term against BSSA14's, and V/H against Gülerce & Abrahamson (2011). Writes Markdown tables, CSV
and pictures; some ten minutes. With --presets, only these are simulated; what scores, CSV and pictures say of others
is taken from the CSV of an earlier run.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from tools.physics import _gmm as gmm
from tools.real_records import _real_records as real

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "calibration"
LIMIT = 0.25
PRESETS = tuple(gmm.TARGETS)
SITE_CELLS = ((5.0, 85.0), (6.5, 24.0), (7.0, 10.0))
VS30 = (250.0, 360.0, 500.0, 1000.0)
VERTICAL_LIMIT = 0.2
VERTICAL_PRESETS = ("active", "active_windows", "active_uncorrected")


def levels(preset, count):
    """Median, lower and upper end of ln generated / published model, each (cells, measures)."""
    backend = gmm.make_backend(preset)
    model, _, vs30 = gmm.TARGETS[preset]
    found = []
    for cell in gmm.grid(vs30_mps=vs30):
        values = gmm.horizontal(gmm.simulate(backend, cell, count)) - model(cell)
        found.append(gmm.median_interval(values))
    return np.array(found).transpose(1, 0, 2)


def level_rows(median):
    """One row per measure and magnitude; cells that the fit saw in brackets, those beyond the limit bold."""
    rows = []
    cells = gmm.grid()
    for k, measure in enumerate(gmm.MEASURES):
        for magnitude in gmm.MAGNITUDES:
            texts = []
            for cell, value in zip(cells, median[:, k], strict=True):
                if cell.magnitude != magnitude:
                    continue
                text = f"{value:+.2f}"
                text = f"**{text}**" if abs(value) > LIMIT else text
                texts.append(f"({text})" if gmm.is_fitted(cell.magnitude, cell.rjb_km) else text)
            rows.append([measure, f"{magnitude:g}", *texts])
    return rows


def score_rows(results):
    """Number of cells within the limit, by preset and half."""
    held = np.array([not gmm.is_fitted(cell.magnitude, cell.rjb_km) for cell in gmm.grid()])
    rows = []
    for preset, (median, low, high) in results.items():
        for name, half in (("fitted", ~held), ("held out", held)):
            part = median[half]
            width = (high - low)[half] / 2
            certain = ((low[half] > LIMIT) | (high[half] < -LIMIT)).sum()
            rows.append(
                [f"`{preset}`", name, f"{(np.abs(part) <= LIMIT).sum()} of {part.size}", certain,
                 f"{np.abs(part).max():.2f}", f"{part.std():.2f}", f"{np.median(width):.2f}"]
            )  # fmt: skip
    return rows


@real.styled
def draw_levels(results):
    """Residuals over distance, one panel per measure, a colour per magnitude; full: corrected, broken: not."""
    from matplotlib import colormaps

    figure = real.new_figure(9.5, 5.6)
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    colours = colormaps["viridis"](np.linspace(0.0, 0.92, len(gmm.MAGNITUDES)))
    for k, (panel, measure) in enumerate(zip(axes.flat, gmm.MEASURES, strict=True)):
        panel.axhspan(-LIMIT, LIMIT, color="#EEEEEE", zorder=0)
        for preset, style, width in (("active_uncorrected", ":", 0.9), ("active", "-", 1.4)):
            median = results[preset][0][:, k].reshape(len(gmm.MAGNITUDES), -1)
            for row, colour, magnitude in zip(median, colours, gmm.MAGNITUDES, strict=True):
                panel.plot(gmm.DISTANCES_KM, row, style, color=colour, linewidth=width,
                           label=f"M {magnitude:g}" if style == "-" and k == 0 else None)  # fmt: skip
                if style == "-":
                    held = [not gmm.is_fitted(magnitude, r) for r in gmm.DISTANCES_KM]
                    panel.plot(np.array(gmm.DISTANCES_KM)[held], row[held], "o", color=colour, markersize=3)
        panel.set_xscale("log")
        panel.set_xticks([10, 20, 50, 100, 200], ["10", "20", "50", "100", "200"])
        panel.minorticks_off()
        panel.set_title(measure)
        panel.set_ylim(-1.0, 1.0)
    for panel in axes[1]:
        panel.set_xlabel("R_JB, km")
    for panel in axes[:, 0]:
        panel.set_ylabel("ln generated / BSSA14")
    figure.legend(loc="outside right center")
    return figure


def site_rows(count):
    """Amplification over Vs30 760 m/s, generated less BSSA14's, of each measure."""
    backend = gmm.make_backend("active")
    rows = []
    for magnitude, distance in SITE_CELLS:
        rock = gmm.Cell(magnitude, distance)
        base = gmm.horizontal(gmm.simulate(backend, rock, count))
        for vs30 in VS30:
            cell = gmm.Cell(magnitude, distance, vs30)
            made = np.median(gmm.horizontal(gmm.simulate(backend, cell, count)) - base, axis=0)
            wanted = gmm.bssa14(cell) - gmm.bssa14(rock)
            texts = [f"{a:+.2f} / {b:+.2f}" for a, b in zip(made, wanted, strict=True)]
            rows.append([f"{magnitude:g}", f"{distance:g}", f"{vs30:g}", *texts])
    return rows


def vertical_score(preset, size):
    """A row of the table of V/H: number of cells within the limit."""
    within = [f"{(size[:, k] <= VERTICAL_LIMIT).sum()} of {len(size)}" for k in range(size.shape[1])]
    return [f"`{preset}`", *within, f"{size.max():.2f}"]


def read_levels(path):
    """Give what `levels` gave of each preset in an earlier run."""
    return {preset: _stored(rows, ("median", "low", "high"), gmm.MEASURES) for preset, rows in _by_preset(path).items()}


def read_vertical(path):
    """Give the medians of ln V/H of each preset in an earlier run, (cells, measures)."""
    return {preset: _stored(rows, ("median",), gmm.VERTICAL_MEASURES)[0] for preset, rows in _by_preset(path).items()}


def _by_preset(path):
    found = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["preset"], []).append(row)
    return found


def _stored(rows, columns, measures):
    """Columns of a CSV whose rows are cells and, in each, measures; (columns, cells, measures)."""
    return np.array([[float(row[column]) for row in rows] for column in columns]).reshape(
        len(columns), -1, len(measures)
    )


def vertical_rows(cells, made, wanted):
    """V/H generated / wanted, bold where they differ by more than the limit."""
    rows = []
    for cell, ours, theirs in zip(cells, np.exp(made), np.exp(wanted), strict=True):
        texts = []
        for a, b in zip(ours, theirs, strict=True):
            text = f"{a:.2f} / {b:.2f}"
            texts.append(f"**{text}**" if abs(np.log(a / b)) > VERTICAL_LIMIT else text)
        rows.append([f"{cell.vs30_mps:g}", f"{cell.magnitude:g}", f"{cell.rjb_km:g}", *texts])
    return rows


@real.styled
def draw_vertical(cells, made, wanted):
    """V/H over distance at Vs30 760 m/s, generated and the model's."""
    figure = real.new_figure(9.5, 2.8)
    axes = figure.subplots(1, len(gmm.VERTICAL_MEASURES), sharex=True, sharey=True)
    for k, (panel, measure) in enumerate(zip(axes, gmm.VERTICAL_MEASURES, strict=True)):
        for magnitude, colour in zip(gmm.VERTICAL_MAGNITUDES, (real.BLUE, real.ORANGE, real.GREEN), strict=True):
            rows = [i for i, c in enumerate(cells) if c.vs30_mps == 760.0 and c.magnitude == magnitude]
            distance = [cells[i].rjb_km for i in rows]
            panel.fill_between(distance, *(np.exp(wanted[rows, k] + s * VERTICAL_LIMIT) for s in (-1, 1)),
                               color=colour, alpha=0.12, linewidth=0)  # fmt: skip
            panel.plot(distance, np.exp(wanted[rows, k]), ":", color=colour)
            panel.plot(distance, np.exp(made[rows, k]), "o-", color=colour, markersize=3, label=f"M {magnitude:g}")
        panel.set_xscale("log")
        panel.set_xticks([10, 30, 100], ["10", "30", "100"])
        panel.minorticks_off()
        panel.set_title(measure)
        panel.set_xlabel("R_JB, km")
    axes[0].set_ylabel("V/H")
    axes[-1].legend()
    return figure


def write_levels(out, chosen, count):
    """Simulate the chosen presets and write their tables, and the score, CSV and picture of all."""
    made = {preset: levels(preset, count) for preset in PRESETS if preset in chosen}
    stored = {} if len(made) == len(PRESETS) else read_levels(out / "levels.csv")
    results = {preset: made[preset] if preset in made else stored[preset] for preset in PRESETS}
    header = ["", "M", *(f"{r:g} km" for r in gmm.DISTANCES_KM)]
    for preset, found in made.items():
        real.write_markdown(out / f"levels_{preset}.md", header, level_rows(found[0]))
    score = score_rows(results)
    real.write_markdown(
        out / "levels_score.md",
        ["preset", "half", f"within {LIMIT}", "beyond it by the whole interval", "largest", "rms",
         "half of the 95 % interval, median"],
        score,
    )  # fmt: skip
    if not set(PRESETS[:2]).isdisjoint(made):
        real.save_picture(draw_levels({name: results[name] for name in PRESETS[:2]}), out / "levels.png")
    print(*score, sep="\n")
    rows = [
        {"preset": preset, "magnitude": cell.magnitude, "rjb_km": cell.rjb_km, "measure": measure,
         "fitted": int(gmm.is_fitted(cell.magnitude, cell.rjb_km)), "median": float(found[0][i, k]),
         "low": float(found[1][i, k]), "high": float(found[2][i, k])}
        for preset, found in results.items() for i, cell in enumerate(gmm.grid())
        for k, measure in enumerate(gmm.MEASURES)
    ]  # fmt: skip
    real.write_csv(out / "levels.csv", rows)


def write_vertical(out, chosen, count):
    """Simulate V/H of the chosen presets and write their tables, and the score, CSV and picture of all."""
    cells = gmm.vertical_grid()
    wanted = np.array([gmm.gulerce_abrahamson(cell) for cell in cells])
    made = {
        preset: gmm.vertical_medians(gmm.make_backend(preset), cells, count)
        for preset in VERTICAL_PRESETS if preset in chosen
    }  # fmt: skip
    header = ["Vs30, m/s", "M", "R_JB, km", *gmm.VERTICAL_MEASURES]
    for preset, name in (("active", "vertical_active.md"), ("active_windows", "vertical_active_windows.md")):
        if preset in made:
            real.write_markdown(out / name, header, vertical_rows(cells, made[preset], wanted))
    if "active" in made:
        real.save_picture(draw_vertical(cells, made["active"], wanted), out / "vertical.png")
    if len(made) < len(VERTICAL_PRESETS):
        made = {**read_vertical(out / "vertical.csv"), **made}
    score = [vertical_score(preset, np.abs(made[preset] - wanted)) for preset in VERTICAL_PRESETS]
    real.write_markdown(out / "vertical_score.md", ["preset", *gmm.VERTICAL_MEASURES, "largest"], score)
    print(*score, sep="\n")
    rows = [
        {"preset": preset, "vs30_mps": cell.vs30_mps, "magnitude": cell.magnitude, "rjb_km": cell.rjb_km,
         "measure": measure, "median": float(made[preset][i, k]), "model": float(wanted[i, k])}
        for preset in VERTICAL_PRESETS for i, cell in enumerate(cells)
        for k, measure in enumerate(gmm.VERTICAL_MEASURES)
    ]  # fmt: skip
    real.write_csv(out / "vertical.csv", rows)


def main():
    """Write tables and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=120, help="realisations per cell")
    parser.add_argument("--parts", default="levels,site,vertical")
    parser.add_argument("--presets", default=",".join(PRESETS), help="that are simulated")
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    out, parts, chosen = arguments.out, arguments.parts.split(","), arguments.presets.split(",")
    if "levels" in parts:
        write_levels(out, chosen, arguments.count)
    if "site" in parts:
        rows = site_rows(arguments.count // 3)
        real.write_markdown(out / "site.md", ["M", "R_JB, km", "Vs30, m/s", *gmm.MEASURES], rows)
        print(*rows, sep="\n")
    if "vertical" in parts:
        write_vertical(out, chosen, arguments.count // 2)


if __name__ == "__main__":
    main()
