"""Pictures of samples as distributions: densities and scatter matrices of real, generated and noise."""

import numpy as np

from seissynth.evaluation.groups.distributions import component_samples, kernel_density
from seissynth.evaluation.groups.ground_motion import windows
from seissynth.plotting.style import BLACK, BLUE, GREEN, GREY, new_figure, styled

_LETTERS = "ZNE"
_SAMPLES = 3000
_LEAST_NOISE = 50
_REACH = 0.6
#: points that a scatter panel shows
_DOTS = 1500


def draw_distributions(group, pairs):  # noqa: ARG001 (as `Group.draw`)
    """Draw densities of each component's samples, and the scatter matrices of DGM's figure 3.

    Parameters and result are those of `seissynth.evaluation.registry.Group.draw`.
    """
    samples = _samples(pairs)
    pictures = [("Density of samples", draw_densities(samples, pairs.name))]
    pictures.append(("Scatter matrices of components", draw_scatter_matrices(samples)))
    return pictures


def _samples(pairs):
    """Samples over the record's peak: real and generated from P on, noise before it."""
    signal, noise = windows(pairs.real)
    samples = {
        pairs.real.name: component_samples(pairs.real, _SAMPLES, 0, signal),
        pairs.name: component_samples(pairs.generated, _SAMPLES, 0, signal),
    }
    quiet = component_samples(pairs.real, _SAMPLES, 0, noise)
    if len(quiet) >= _LEAST_NOISE:
        samples["noise before P"] = quiet
    return samples


@styled
def draw_densities(samples, name):
    """Draw the density of each component's samples.

    Parameters
    ----------
    samples : dict of str to ndarray, shape (n, 3)
        Up to three sets of samples, Z, N, E, over the peak of their record.
    name : str
        For the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(8.5, 3.2)
    # most samples are tiny: a power of a third spreads them, and keeps the sign
    at = np.linspace(-1, 1, 401)
    ticks = np.array([-0.5, -0.1, -0.01, 0, 0.01, 0.1, 0.5])
    for axes, letter, number in zip(figure.subplots(1, 3, sharey=True), _LETTERS, range(3), strict=True):
        for (label, values), colour, line in zip(samples.items(), (BLACK, BLUE, GREEN), ("-", "-", ":"), strict=False):
            stretched = np.cbrt(values[:, number])
            if np.ptp(stretched) > 0:
                axes.plot(at, kernel_density(stretched, at), line, color=colour, linewidth=1.3, label=label)
        axes.set_xticks(np.cbrt(ticks), [f"{tick:g}" for tick in ticks])
        axes.set(title=letter, xlabel="Sample over the record's peak", xlim=(-0.9, 0.9))
        axes.grid(True)
    figure.axes[0].set_ylabel("Density on the cube root")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.suptitle(f"Density of samples: {name}", fontsize=10)
    return figure


@styled
def draw_scatter_matrices(samples):
    """Draw each component of samples over each other one, and their correlations.

    Parameters
    ----------
    samples : dict of str to ndarray, shape (n, 3)
        As for `draw_densities`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(3.6 * len(samples), 3.9)
    for part, (label, values), colour in zip(
        np.atleast_1d(figure.subfigures(1, len(samples))), samples.items(), (BLACK, BLUE, GREEN), strict=False
    ):
        # each panel to its own size: noise would be a dot otherwise
        scale = np.quantile(np.abs(values), 0.98) or 1.0
        values = values / scale
        panels = part.subplots(3, 3, sharex=True)
        grid = np.linspace(-1.2, 1.2, 200)
        for row in range(3):
            for column in range(3):
                axes = panels[row, column]
                if row == column:
                    if np.ptp(values[:, row]) > 0:
                        axes.fill_between(grid, kernel_density(values[:, row], grid), color=colour, alpha=0.4)
                    axes.set_ylim(bottom=0)
                else:
                    dots = values[:_DOTS]
                    axes.plot(
                        dots[:, column], dots[:, row], ".", color=colour, markersize=1.2, alpha=0.35, rasterized=True
                    )
                    axes.set_ylim(-1.2, 1.2)
                    r = np.corrcoef(values[:, column], values[:, row])[0, 1]
                    if np.isfinite(r):
                        axes.text(0.04, 0.96, f"{r:.2f}", transform=axes.transAxes, va="top", fontsize=6.5, color=GREY)
                axes.set_xlim(-1.2, 1.2)
                axes.set_xticks([])
                axes.set_yticks([])
                if row == 2:
                    axes.set_xlabel(_LETTERS[column])
                if column == 0:
                    axes.set_ylabel(_LETTERS[row])
        part.suptitle(f"{label} (side: ±{1.2 * scale:.2g} of the peak)", fontsize=8.5)
    return figure
