"""Pictures of records, networks and comparisons; the only place that imports matplotlib.

Every function returns a `matplotlib.figure.Figure`. It is written to `outfile` if one is given; otherwise a script or
terminal with a display shows it. Without a display nothing is shown. No global setting changes, so the functions also
work in threads.

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
