"""The pictures of `compare_ridgecrest.py`."""

import itertools

import numpy as np
import obspy

import seissynth
from seissynth.plotting import plot_comparison
from seissynth.plotting.spectra import plain_frequencies
from tools.real_records import _real_records as real
from tools.real_records.compare_ridgecrest import CENTRES, LARGE, LEAD_S, OPTIONS, SMALL_BAND, contrast, group_of, span

#: generated motion before P is nothing at all; curves end there
_LOWEST = np.exp(-9.0)


def pair(data, index, name, start, end, band):
    """Generated (with the station's noise from before the sequence) and real record, SI, filtered alike."""
    origin = data.origins[index]
    network, station = name.split(".")
    inventory = data.inventory.select(network=network, station=station)
    acceleration = data.stations[name][0].stats.channel[1] == "N"
    quiet = data.stream.select(network=network, station=station).slice(data.origins[0] - 170.0, data.origins[0] - 2.0)
    counts = seissynth.generate(
        inventory, data.events[index], output="RAW", noise=quiet, start=start - 10.0, duration=end - start + 20.0,
        seed=1, **OPTIONS,
    )  # fmt: skip
    streams = []
    for stream in (counts, obspy.Stream(data.stations[name]).slice(origin + start - 10.0, origin + end + 10.0)):
        stream = stream.copy().detrend("demean")
        for trace in stream:
            gain = inventory.get_response(trace.id, origin).instrument_sensitivity.value
            trace.data = real.band_pass(trace.data.astype(float) / gain, 100.0, band).astype("float32")
            if "seissynth" in trace.stats:
                trace.stats.seissynth.quantity = "acceleration" if acceleration else "velocity"
                trace.stats.seissynth.unit = "m/s**2" if acceleration else "m/s"
        streams.append(stream.trim(origin + start, origin + end))
    return streams


def draw_records(data, index, name, path):
    """One station: components, spectrogram and spectrum, real and generated, with this package's own function."""
    p, s, _ = data.onsets[index][name]
    start, end = max(p - 6.0, -4.0), s + (40.0 if data.magnitudes[index] > LARGE else 22.0)
    streams = pair(data, index, name, start, end, (0.2, 45.0))
    real.save_picture(plot_comparison(*streams), path, dpi=75, colours=96)


@real.styled
def _small(columns):
    figure = real.new_figure(9.5, 6.0)
    axes = figure.subplots(3, len(columns), sharex="col", sharey="col")
    for column, (title, start, onsets, streams) in zip(axes.T, columns, strict=True):
        made, seen = ([trace.data * 1e3 for trace in real.by_station(stream).popitem()[1]] for stream in streams)
        unit = "mm/s²" if streams[0][0].stats.seissynth.quantity == "acceleration" else "mm/s"
        step = 1.1 * max(np.abs(data).max() for data in (*made, *seen))
        for panel, component, generated, observed in zip(column, "ZNE", made, seen, strict=True):
            for data, offset, colour in ((generated, step, real.GREEN), (observed, -step, real.BLACK)):
                panel.plot(start + np.arange(len(data)) / 100.0, data + offset, color=colour, linewidth=0.6)
                panel.text(
                    0.98,
                    0.96 if offset > 0 else 0.04,
                    f"{np.abs(data).max():.2g} {unit}",
                    color=colour,
                    transform=panel.transAxes,
                    ha="right",
                    va="top" if offset > 0 else "bottom",
                )
            for at, colour in zip(onsets, (real.BLUE, real.ORANGE), strict=True):
                panel.axvline(at, color=colour, linewidth=0.9, linestyle=":")
            panel.set_yticks([])
            panel.set_ylim(-2.1 * step, 2.1 * step)
            panel.set_ylabel(component, rotation=0)
        column[0].set_title(title, fontweight="bold")
        column[-1].set_xlabel("Time after origin (s)")
    return figure


def draw_small(data, stations, path):
    """M4 events in columns, one station each (`stations`: event index -> name), generated over real, one scale."""
    columns = []
    for index, name in stations.items():
        p, s, distance = data.onsets[index][name]
        start, end = p - 3.0, s + 16.0
        title = f"{str(data.origins[index])[11:19]}, ML {data.magnitudes[index]:.2f}\n{name}, {distance:.0f} km"
        columns.append((title, start, (p, s), pair(data, index, name, start, end, SMALL_BAND)))
    real.save_picture(_small(columns), path, dpi=85, colours=64)


@real.styled
def _levels(rows):
    figure = real.new_figure(9.5, 5.6)
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    titles = ("PGA, horizontal", "PGV, horizontal", "PGA, vertical", "PGV, vertical")
    origins = sorted({row["origin"] for row in rows})
    colours = (real.BLUE, real.ORANGE, real.GREEN, real.PURPLE)
    for panel, measure, title in zip(axes.flat, ("pga_h", "pgv_h", "pga_z", "pgv_z"), titles, strict=True):
        for origin, colour in zip(origins, colours, strict=False):
            for group, marker in (("surface", "o"), ("borehole", "s")):
                chosen = [row for row in rows if row["origin"] == origin and row["group"] == group]
                label = f"ML {rows[[r['origin'] for r in rows].index(origin)]['ml']:.2f}, {origin[11:19]}"
                panel.scatter(
                    [row["distance_km"] for row in chosen], [row[measure] for row in chosen], s=22, marker=marker,
                    facecolor=colour if group == "surface" else "none", edgecolor=colour,
                    label=label if group == "surface" else None,
                )  # fmt: skip
        panel.axhline(0.0, color=real.BLACK, linewidth=0.8)
        panel.set_title(title, fontweight="bold")
        panel.grid(True)
    for panel in axes[:, 0]:
        panel.set_ylabel("ln generated / observed")
    for panel in axes[1]:
        panel.set_xlabel("Epicentral distance (km)")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        title="dots: stations at the surface, squares: boreholes",
    )
    return figure


def draw_levels(rows, path):
    """Residuals of peaks over distance."""
    real.save_picture(_levels(rows), path)


@real.styled
def _shapes(spectra, envelopes, times):
    figure = real.new_figure(9.5, 5.8)
    axes = figure.subplots(2, 2)
    for panel, (title, ratios) in zip(axes[0], spectra.items(), strict=True):
        low, middle, high = np.nanpercentile(ratios, [25, 50, 75], axis=0)
        panel.fill_between(CENTRES, low, high, color=real.GREEN, alpha=0.25, linewidth=0)
        panel.semilogx(CENTRES, middle, color=real.GREEN, linewidth=1.5)
        panel.axhline(0.0, color=real.BLACK, linewidth=0.8)
        plain_frequencies(panel.xaxis)
        panel.set(title=title, xlabel="Frequency (Hz)", ylabel="ln generated / observed", ylim=(-2.5, 2.5))
        panel.grid(True)
    for panel, (title, pair) in zip(axes[1], envelopes.items(), strict=True):
        for name, colour in (("observed", real.BLACK), ("generated", real.GREEN)):
            low, middle, high = np.percentile(pair[name], [25, 50, 75], axis=0)
            panel.fill_between(times[title], low, high, color=colour, alpha=0.2, linewidth=0)
            panel.plot(times[title], middle, color=colour, linewidth=1.3, label=name)
        panel.set(title=title, xlabel="Time after onset (s)", ylabel="ln envelope / peak of S")
        panel.grid(True)
    axes[1, 0].legend(loc="best")
    return figure


def draw_shapes(data, index, made, path):
    """Spectral ratios and envelopes of one event: medians and quartiles over its stations."""
    reach = {"About P (all components)": (-2.0, 4.0), "About S (all components)": (-6.0, 24.0)}
    spectra = {"S, horizontals: from S to S + 8 s": [], "P, vertical: from P to S": []}
    envelopes = {title: {"observed": [], "generated": []} for title in reach}
    times = {title: np.arange(round(start * 100), round(end * 100)) / 100 for title, (start, end) in reach.items()}
    for name, synthetic in made.items():
        found = data.window(index, name)
        if group_of(name) == "borehole" or found is None or contrast(data, index, name) < 3.0:
            continue
        p, s, _ = data.onsets[index][name]
        observed = real.in_band(found[0], 100.0, found[1], "velocity", SMALL_BAND)
        drawn = [real.in_band(one, 100.0, "velocity", "velocity", SMALL_BAND) for one in synthetic]
        if group_of(name) == "surface":
            parts = (span(s - 0.3, s + 8.0), [1, 2]), (span(p - 0.2, s - 0.2), [0])
            for title, (window, rows) in zip(spectra, parts, strict=True):
                levels = [real.smooth_spectrum(one[rows][:, window], 100.0, CENTRES) for one in (*drawn, observed)]
                levels = np.log(levels).mean(axis=1)
                short = 2.0 / ((window.stop - window.start) / 100.0)  # less than two cycles say nothing
                spectra[title].append(np.where(short < CENTRES, np.median(levels[:-1], axis=0) - levels[-1], np.nan))
        for title, (start, _) in reach.items():
            onset = p if "P" in title.split("(")[0] else s
            first = int((onset + start + LEAD_S) * 100)
            part = slice(first, first + len(times[title]))
            curves = []
            for one in (*drawn, observed):
                # a short window near P, to show how sharp the onset is
                shape = real.envelope(one, 100.0, 0.1 if onset == p else 0.5)
                peak = real.envelope(one, 100.0, 0.5)[span(s, s + 4.0)].max()
                curves.append(np.log(np.maximum(shape[part] / peak, _LOWEST)))
            envelopes[title]["generated"].append(np.median(curves[:-1], axis=0))
            envelopes[title]["observed"].append(curves[-1])
    real.save_picture(_shapes(spectra, envelopes, times), path)


@real.styled
def _all(table, ratio):
    figure = real.new_figure(9.5, 6.4)
    axes = figure.subplots(3, 2, sharey=True, sharex="col")
    surface = (table["group"] == "surface").to_numpy()
    rows = (("pga_h", "PGA, horizontal"), ("pgv_h", "PGV, horizontal"), ("psa_1", "PSA(1 s)"))
    columns = (
        ("ml", "ML", (0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5)),
        ("distance_km", "Epicentral distance (km)", (0, 15, 22, 28, 34, 40, 48, 60, 80)),
    )
    for line, (measure, title) in zip(axes, rows, strict=True):
        for panel, (column, label, edges) in zip(line, columns, strict=True):
            for group, colour, name in (("borehole", real.ORANGE, "boreholes"), ("surface", real.BLUE, "surface")):
                chosen = (table["group"] == group).to_numpy()
                panel.scatter(
                    table[column][chosen], ratio[measure][chosen], s=6, color=colour, alpha=0.5, linewidth=0, label=name
                )
            x, y = table[column].to_numpy()[surface], ratio[measure].to_numpy()[surface]
            for low, high in itertools.pairwise(edges):
                inside = y[(x >= low) & (x < high) & np.isfinite(y)]
                if len(inside) >= 5:
                    quartiles = np.percentile(inside, [25, 50, 75])
                    middle = 0.5 * (low + high)
                    panel.plot([middle, middle], quartiles[[0, 2]], color=real.BLACK, linewidth=1.2)
                    panel.plot(middle, quartiles[1], "o", color=real.BLACK, markersize=4)
            panel.axhline(0.0, color=real.BLACK, linewidth=0.8)
            panel.set_ylim(-3, 3)
            panel.grid(True)
            panel.set_title(title, fontweight="bold")
            if measure == rows[-1][0]:
                panel.set_xlabel(label)
        line[0].set_ylabel("ln generated / observed")
    axes[0, 0].legend(loc="upper right", markerscale=2)
    return figure


def draw_all(table, ratio, path):
    """Residuals of all records over magnitude and distance, with medians and quartiles of the surface stations."""
    real.save_picture(_all(table, ratio), path, colours=96)


@real.styled
def _class_shapes(shapes):
    figure = real.new_figure(9.5, 7.0)
    axes = figure.subplots(len(shapes.spectra), 2, sharex="col")
    for line, title in zip(axes, shapes.spectra, strict=True):
        ratios = np.array(shapes.spectra[title])
        enough = np.isfinite(ratios).sum(axis=0) >= min(5, len(ratios))
        low, middle, high = np.nanpercentile(ratios[:, enough], [25, 50, 75], axis=0)
        line[0].fill_between(CENTRES[enough], low, high, color=real.GREEN, alpha=0.25, linewidth=0)
        line[0].semilogx(CENTRES[enough], middle, color=real.GREEN, linewidth=1.5)
        line[0].axhline(0.0, color=real.BLACK, linewidth=0.8)
        line[0].set(title=f"{title}: spectrum of S, {len(ratios)} records", ylabel="ln gen. / obs.", ylim=(-2, 2))
        plain_frequencies(line[0].xaxis)
        for name, colour in (("observed", real.BLACK), ("generated", real.GREEN)):
            curves = np.array(shapes.envelopes[title][name])
            if not len(curves):
                continue
            known = np.isfinite(curves).sum(axis=0) >= min(3, len(curves))
            low, middle, high = np.nanpercentile(curves[:, known], [25, 50, 75], axis=0)
            line[1].fill_between(shapes.times[known], low, high, color=colour, alpha=0.2, linewidth=0)
            line[1].plot(shapes.times[known], middle, color=colour, linewidth=1.2, label=name)
        line[1].set(title=f"{title}: envelope, {len(curves)} records", ylabel="ln envelope / S", ylim=(-5, 1.5))
        for panel in line:
            panel.grid(True)
    axes[0, 1].legend(loc="upper right")
    axes[-1, 0].set_xlabel("Frequency (Hz)")
    axes[-1, 1].set_xlabel("Time after S (s)")
    return figure


def draw_class_shapes(shapes, path):
    """Spectral ratios of S and envelopes about S by magnitude: medians and quartiles over records."""
    real.save_picture(_class_shapes(shapes), path)
