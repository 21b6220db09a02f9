"""Ensemble: several realisations of the same request, a sequence of Streams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from seissynth.errors import InputError
from seissynth.shared.tables import html_table

if TYPE_CHECKING:
    import numpy as np
    from obspy import Stream


class Ensemble(Sequence):
    """The realisations of one request in their order, each an ObsPy Stream.

    They are kept separate, because several traces of one channel and time in one Stream would merge into one.

    Parameters
    ----------
    streams : iterable of obspy Stream

    Examples
    --------
    >>> import obspy
    >>> from seissynth.ensemble import Ensemble
    >>> pair = Ensemble([obspy.read(), obspy.read()])
    >>> len(pair), len(pair[0]), len(pair[:1])
    (2, 3, 1)
    """

    def __init__(self, streams: Iterable[Stream]) -> None:
        self._streams = list(streams)

    def __len__(self):
        return len(self._streams)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Ensemble(self._streams[index])
        return self._streams[index]

    def __repr__(self):
        traces = len(self._streams[0]) if self._streams else 0
        return f"<Ensemble of {len(self)} realisations with {traces} traces each>"

    def _repr_html_(self):
        rows = []
        for number, stream in enumerate(self._streams):
            peaks = [(float(abs(trace.data).max(initial=0)), trace) for trace in stream]
            peak, trace = max(peaks, key=lambda pair: pair[0], default=(0.0, None))
            unit = trace.stats.get("seissynth", {}).get("unit", "") if trace is not None else ""
            words = [f"{peak:.3g} {unit}".strip(), trace.id] if trace is not None else ["–", "–"]
            rows.append([str(number), str(len(stream)), *words])
        return html_table(["realisation", "traces", "largest peak", "at"], rows, repr(self).strip("<>"))

    def plot(self, **kwargs: Any) -> Any:
        """Draw the realisations of the nearest sensor below each other, on one scale.

        Parameters
        ----------
        **kwargs
            Those of `seissynth.plotting.plot_traces`: max_sensors, same_time, outfile.

        Returns
        -------
        matplotlib.figure.Figure

        Examples
        --------
        >>> import seissynth
        >>> many = seissynth.generate(*seissynth.read_example(), realizations=3)
        >>> figure = many.select(station="AMAT").plot()                             # doctest: +SKIP
        """
        import seissynth  # through the public package: plotting is on a higher floor

        return seissynth.plotting.plot_traces(self, **kwargs)

    def select(self, **kwargs: Any) -> Ensemble:
        """Apply ObsPy's ``Stream.select`` to every realisation; returns an Ensemble."""
        return Ensemble(stream.select(**kwargs) for stream in self._streams)

    def array(self) -> np.ndarray:
        """Stack the data: ndarray, shape (realisations, traces, npts).

        Raises
        ------
        InputError
            Traces of different lengths; select one station or pass ``duration=`` to generate.
        """
        import numpy as np

        lengths = {trace.stats.npts for stream in self._streams for trace in stream}
        if len(lengths) > 1:
            raise InputError(
                f"traces have {len(lengths)} different lengths ({min(lengths)} to {max(lengths)} samples); "
                "select() one station, or pass duration= to generate()."
            )
        return np.array([[trace.data for trace in stream] for stream in self._streams])
