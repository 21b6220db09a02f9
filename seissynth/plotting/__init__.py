"""Pictures of records, networks and comparisons; the only place that imports matplotlib.

Every function returns a `matplotlib.figure.Figure` and writes it to `outfile` when one is given. Without `outfile` a
script or terminal with a display shows it in a window, and a notebook below the cell. No global setting is changed,
and without a display pyplot is not used: the functions work on servers and in threads.

Examples
--------
>>> from seissynth.plotting import plot_traces
>>> figure = plot_traces(stream, outfile="traces.png")                          # doctest: +SKIP
"""

from seissynth.shared.lazy import lazy

_PUBLIC = {
    "traces": "plot_traces",
    "section": "plot_section",
    "spectra": "plot_spectra",
    "map": "plot_map",
    "comparison": "plot_comparison",
    "spectrograms": "plot_spectrogram",
    "smoothed_spectra": "plot_smoothed_spectra",
    "response_spectra": "plot_response_spectra",
    "training_curves": "plot_training",
}


# matplotlib takes a third of a second to import: only who plots pays for it
__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
