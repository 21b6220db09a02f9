"""Maps of site terms, and what they change at earthquakes that the fit did not see."""

import numpy as np

from seissynth.plotting.coast import coast_lines
from tools.real_records import _real_records as real

#: frequencies of the maps, Hz
MAPS_HZ = (0.5, 2.0, 6.0)
_LARGEST = 1.2


@real.styled
def draw_terms(terms, residuals, rows, columns):
    """Three maps of terms, and station means of unseen residuals against the change that terms made."""
    places = residuals.drop_duplicates("station").set_index("station")
    names = list(terms.ln_factors)
    x, y = (places.loc[names, f"station_{part}_deg"].to_numpy() for part in ("longitude", "latitude"))
    figure = real.new_figure(10.0, 8.6)
    axes = figure.subplots(2, 2)
    for one, hz in zip(axes.flat, MAPS_HZ, strict=False):
        values = np.array([float(terms.at(name, hz)) for name in names])
        dots = one.scatter(x, y, c=values, s=12, cmap="RdBu_r", vmin=-_LARGEST, vmax=_LARGEST, linewidths=0)
        for line in coast_lines(x.min() - 0.3, x.max() + 0.3, y.min() - 0.3, y.max() + 0.3):
            one.plot(line[:, 0], line[:, 1], color="0.5", linewidth=0.6)
        one.set_xlim(x.min() - 0.3, x.max() + 0.3)
        one.set_ylim(y.min() - 0.3, y.max() + 0.3)
        one.set_aspect(1 / np.cos(np.radians(y.mean())))
        one.plot([-117.6], [35.75], marker="*", color=real.BLACK, markersize=9)
        one.set_title(f"{hz:g} Hz")
        figure.colorbar(dots, ax=one, label="ln of the factor", shrink=0.8)
    last, (before, after) = axes.flat[3], columns
    both = rows[rows[before].notna()]
    within = both[before] - both.groupby("event")[before].transform("mean")
    change = both[before] - both[after]
    means = within.groupby(both["station"]).mean(), change.groupby(both["station"]).mean()
    last.scatter(means[1], means[0], s=8, color=real.BLUE, linewidths=0)
    last.plot([-2, 2], [-2, 2], color=real.BLACK, linewidth=0.8)
    last.set(xlim=(-2, 2), ylim=(-2, 2), title="Earthquakes that the fit did not see",
             xlabel="change of ln PSA(1 s) by the terms of the other half",
             ylabel="mean within-event residual without terms")  # fmt: skip
    return figure
