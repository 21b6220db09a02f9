"""Pictures of diversity: similarity of records to training records and to each other, and the nearest ones."""

import numpy as np

from seissynth.evaluation.groups.diversity import LEAST_COPY, copy_threshold
from seissynth.evaluation.groups.ground_motion import windows
from seissynth.plotting.style import BLACK, BLUE, GREY, ORANGE, new_figure, styled

_EDGES = np.linspace(0, 1, 51)
_SHOWN = 3


def draw_diversity(group, pairs, library=None):
    """Draw the diversity group.

    Parameters
    ----------
    group : MetricGroup
        From `seissynth.evaluation.diversity_group`.
    pairs : Pairs
    library : RecordSet, optional
        The training records used by the group; the real ones by default.

    Returns
    -------
    list of (str, matplotlib.figure.Figure)
    """
    pictures = [("Nearest records", _histograms(group.per_record, pairs.name))]
    if library is not None or any("No training records" in note for note in group.notes):
        pictures.append(("Records most like a training record", _most_alike(group, pairs, library or pairs.real)))
    return pictures


@styled
def _histograms(table, name):
    figure = new_figure(8.5, 3.2)
    threshold = float(np.fmax(copy_threshold(table["nearest_training_real"]), LEAST_COPY))
    for axes, columns, title in zip(
        figure.subplots(1, 2),
        (("nearest_training_real", "nearest_training"), ("nearest_within_real", "nearest_within_generated")),
        ("Nearest training record", "Nearest record of the same set"),
        strict=True,
    ):
        for column, colour, filled, label in zip(
            columns, (GREY, BLUE), (True, False), ("real", "generated"), strict=True
        ):
            values = table[column].to_numpy(float)
            axes.hist(
                values[np.isfinite(values)], _EDGES, color=colour, histtype="stepfilled" if filled else "step",
                alpha=0.4 if filled else 1.0, linewidth=1.3, label=label,
            )  # fmt: skip
        axes.set(title=title, xlabel="Largest normalised cross-correlation", ylabel="Records", xlim=(0, 1))
        axes.grid(True)
        if columns[1] == "nearest_training":
            axes.axvline(threshold, color=ORANGE, linewidth=1.0, linestyle=":", label="counts as a copy beyond")
        axes.legend(loc="upper right")
    figure.suptitle(f"Copies and diversity, records of other earthquakes: {name}", fontsize=10)
    return figure


@styled
def _most_alike(group, pairs, library):
    table = group.tables["most alike"]
    table = table[table["training_row"] >= 0].head(_SHOWN)
    count = max(len(table), 1)
    figure = new_figure(8.5, 0.6 + 1.5 * count)
    panels = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    times = np.arange(pairs.real.npts) / pairs.real.sampling_rate_hz
    for axes, (number, row) in zip(panels, table.iterrows(), strict=False):
        own, other = int(group.per_record.loc[number, "row"]), int(row["training_row"])
        record = pairs.generated.data[own] * windows(pairs.real)[0][own]
        other = library.data[other] * windows(library)[0][other]
        component = int(np.abs(record).max(axis=1).argmax())
        for data, shift, colour, label in (
            (other[component], float(row["lag_s"]), BLACK, "training, moved"),
            (record[component], 0.0, BLUE, "generated"),
        ):
            size = np.abs(data).max() or 1.0
            axes.plot(times + shift, data / size, color=colour, linewidth=0.6, label=label)
        words = f"correlation {row['nearest_training']:.2f}, moved by {row['lag_s']:.2f} s"
        axes.set(xlim=(0, times[-1]), ylim=(-1.1, 1.1), ylabel="ZNE"[component])
        axes.set_title(f"{row['event']}, {row['station']}: {words}", fontsize=8)
        axes.set_yticks([])
    panels[0].legend(loc="upper right", ncols=2)
    panels[-1].set_xlabel("Time (s), each record to its peak")
    figure.suptitle(f"Generated records most like a training record: {pairs.name}", fontsize=10)
    return figure
