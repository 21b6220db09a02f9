"""Pictures of records, networks and comparisons; the only place that imports matplotlib.

Every function returns a `matplotlib.figure.Figure` and writes it to `outfile` when one is given. None of
them opens a window, uses pyplot, or changes a global setting, so they work without a display and in threads.

Examples
--------
>>> from seissynth.plotting import plot_traces
>>> figure = plot_traces(stream, outfile="traces.png")                          # doctest: +SKIP
"""

from seissynth.shared.lazy import lazy

_HOMES = {
    "plot_traces": "traces",
    "plot_section": "section",
    "plot_spectra": "spectra",
    "plot_map": "map",
    "plot_comparison": "comparison",
    "plot_spectrogram": "spectrograms",
    "plot_smoothed_spectra": "smoothed_spectra",
    "plot_response_spectra": "response_spectra",
    "plot_training": "training_curves",
}

__all__ = sorted(_HOMES)

# matplotlib takes a third of a second to import: only who plots pays for it
__getattr__, __dir__ = lazy(globals(), _HOMES)
