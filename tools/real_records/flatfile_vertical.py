"""V/H of a flat file beside a published model of V/H, the default, and a preset of the region.

    python -m tools.real_records.flatfile_vertical FLATFILE KEPT --name esm [--presets active,southern_europe]

KEPT is the folder of `evaluate_flatfile`. Mean of ln(observed / predicted) with 95 % intervals over earthquakes, of
Gülerce & Abrahamson (2011) at the rows' magnitudes, distances and Vs30 (strike slip, PGA on rock of BSSA14), and of
records made with the presets. Writes a table for the page on flat files.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation.flatfiles.tables import measure_title
from seissynth.evaluation.statistics.intervals import mean_interval
from tools.physics._gmm import Cell, gulerce_abrahamson
from tools.real_records import _real_records as real
from tools.real_records.evaluate_flatfile import OUT, PERIODS_S, make_residuals, read_near

VS30_MPS = 760.0  # where a row has none
#: the model's measures
_NAMES = ("vh_pga", *(f"vh_psa_{period:g}" for period in PERIODS_S))


def main():
    """Make residuals that are missing, predict V/H at each row, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("flatfile", type=Path)
    parser.add_argument("kept", type=Path, help="folder of the residuals")
    parser.add_argument("--name", required=True)
    parser.add_argument("--presets", default="active,southern_europe")
    parser.add_argument("--max-distance", type=float, default=300.0)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    table = read_near(options.flatfile, options.max_distance)
    found = {preset: make_residuals(table, options.kept, preset, 1, 0) for preset in options.presets.split(",")}
    first = next(iter(found.values()))
    predicted = model_ratios(first)
    rows = []
    for column, name in enumerate(_NAMES):
        sets = {"model": np.log(first[f"{name}_observed"].to_numpy(float)) - predicted[:, column]}
        sets |= {preset: residuals[name].to_numpy(float) for preset, residuals in found.items()}
        texts = [
            "{:+.2f} [{:+.2f}, {:+.2f}]".format(*mean_interval(values, residuals["event"]))
            for values, residuals in zip(sets.values(), (first, *found.values()), strict=True)
        ]
        rows.append([measure_title(name), int(first[name].notna().sum()), *texts])
    header = ["measure", "records", "Gülerce & Abrahamson", *(f"`{preset}`" for preset in found)]
    real.write_markdown(options.out / f"{options.name}_vertical.md", header, rows)
    print(*rows, sep="\n")


def model_ratios(residuals):
    """Ln V/H of Gülerce & Abrahamson (2011) at each row, shape (n, measures)."""
    columns = (residuals[name].to_numpy(float) for name in ("magnitude", "rjb_km", "vs30_mps"))
    return np.array([
        gulerce_abrahamson(Cell(magnitude, max(rjb_km, 0.1), vs30 if np.isfinite(vs30) else VS30_MPS))
        for magnitude, rjb_km, vs30 in zip(*columns, strict=True)
    ])  # fmt: skip


if __name__ == "__main__":
    main()
