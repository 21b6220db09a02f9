"""Test b-value estimates on catalogues of a known b-value, complete and not, and on the Ridgecrest catalogue.

    python -m tools.real_records.check_b_values DATA [--out FOLDER] [--catalogues 200]

DATA holds ``ridgecrest_2019/catalog.xml``. Tables and a picture go to ``docs/_static/evaluation``; the page
``docs/evaluation_frequency_magnitude.md`` includes them.
"""

import argparse
from pathlib import Path

import numpy as np
import obspy

from seissynth.evaluation.groups.frequency_magnitude import METHODS, draw_magnitudes, fit_frequency_magnitude, step_of
from seissynth.plotting.evaluation_frequency_magnitude import plot_frequency_magnitude
from tools.real_records._real_records import save_picture, write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "evaluation"
TRUE = 1.0
DRAWS = 200


def sawtooth(count):
    """Magnitude of half detection after a large earthquake every 500 events."""
    return 2.0 - 0.5 * np.log10(1 + np.arange(count) % 500)


#: case -> (arguments of draw_magnitudes, arguments of frequency_magnitude)
CASES = {
    "75, complete": ({"count": 75, "bin_width": 0.1}, {}),
    "500, complete, cutoff given": ({"count": 500, "bin_width": 0.1}, {"cutoff": 0.0, "difference_cutoff": 0.1}),
    "500, complete": ({"count": 500, "bin_width": 0.1}, {}),
    "500, complete, continuous": ({"count": 500}, {}),
    "5,000 happen, half detected at 0.8": ({"count": 5000, "bin_width": 0.1, "half_complete": 0.8}, {}),
    "the same, cutoff by curvature": (
        {"count": 5000, "bin_width": 0.1, "half_complete": 0.8}, {"cutoff": "curvature"}
    ),
    "the same, cutoff too low (0.8)": ({"count": 5000, "bin_width": 0.1, "half_complete": 0.8}, {"cutoff": 0.8}),
    "5,000 happen, detection changes": (
        {"count": 5000, "bin_width": 0.1, "half_complete": sawtooth(5000), "width": 0.1}, {}
    ),
    "the same, cutoff too low (0.7)": (
        {"count": 5000, "bin_width": 0.1, "half_complete": sawtooth(5000), "width": 0.1},
        {"cutoff": 0.7, "difference_cutoff": 0.2},
    ),
    "3,000, tapered above 1.5": ({"count": 3000, "bin_width": 0.1, "upper": 1.5}, {}),
}  # fmt: skip


def case_lines(catalogues):
    """One line for each case and method."""
    lines = []
    for name, (made, asked) in CASES.items():
        rows = {method: [] for method in METHODS}
        for seed in range(1000, 1000 + catalogues):
            magnitudes = draw_magnitudes(b=TRUE, seed=seed, **made)
            found = fit_frequency_magnitude(
                magnitudes, bin_width=made.get("bin_width", 0.0), draws=DRAWS, seed=seed, **asked
            )
            for row in found.estimates.itertuples():
                rows[row.method].append((row.b, row.sd, row.low <= TRUE <= row.high, row.cutoff, row.count))
        for method in METHODS:
            b, sd, inside, cutoff, count = (np.array(part, float) for part in zip(*rows[method], strict=True))
            lines.append([name if method == METHODS[0] else "", method, f"{np.nanmean(b):.3f}", f"{np.nanstd(b):.3f}",
                          f"{np.nanmean(sd):.3f}", f"{100 * inside.mean():.0f}", f"{np.nanmean(cutoff):.1f}",
                          f"{count.mean():.0f}"])  # fmt: skip
    return lines


def ridgecrest(folder):
    """The 75 magnitudes in the order of time."""
    events = obspy.read_events(str(Path(folder) / "ridgecrest_2019" / "catalog.xml"))
    events = sorted(events, key=lambda event: event.origins[0].time)
    magnitudes = np.array([event.magnitudes[0].mag for event in events])
    return fit_frequency_magnitude(magnitudes, bin_width=step_of(magnitudes), name="Ridgecrest")


def main():
    """Write the tables and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--catalogues", type=int, default=200, help="of each case; 0 leaves its table unchanged")
    options = parser.parse_args()
    header = ["catalogue", "method", "mean b", "scatter", "bootstrap sd", "true b in the 95 % interval (%)",
              "mean cutoff", "mean number used"]  # fmt: skip
    if options.catalogues:
        write_markdown(options.out / "b_values_known.md", header, case_lines(options.catalogues))
    real = ridgecrest(options.data)
    lines = [[row.method, f"{row.b:.2f} [{row.low:.2f}, {row.high:.2f}]", f"{row.cutoff:.1f}", row.count]
             for row in real.estimates.itertuples()]  # fmt: skip
    write_markdown(options.out / "b_values_ridgecrest.md", ["method", "b [95 %]", "cutoff", "number used"], lines)
    incomplete = draw_magnitudes(5000, bin_width=0.1, half_complete=0.8, seed=1)
    tapered = draw_magnitudes(3000, bin_width=0.1, upper=1.5, seed=1)
    figure = plot_frequency_magnitude(
        real,
        fit_frequency_magnitude(incomplete, bin_width=0.1, name="half detected at 0.8", draws=DRAWS),
        fit_frequency_magnitude(tapered, bin_width=0.1, name="tapered above 1.5", draws=DRAWS),
    )
    save_picture(figure, options.out / "b_values.png")


if __name__ == "__main__":
    main()
