"""Print the summary of ``seissynth generate``: files, sizes, and the command to try next."""

import re
import shlex
from pathlib import Path

_NAMED = 3


def summary_lines(streams, events, written, output):
    """Return the lines.

    Parameters
    ----------
    streams : list of obspy Stream
        One for each realisation.
    events : int
    written : list of pathlib.Path
        Every file.
    output : pathlib.Path
        Name of the files with records, perhaps with fields in braces.

    Returns
    -------
    list of str
    """
    traces = [trace for stream in streams for trace in stream]
    names = ", ".join(map(str, written[:_NAMED]))
    names += f", ... ({len(written)} files)" if len(written) > _NAMED else ""
    lines = [f"{len(traces)} traces of {events} event{'s' * (events != 1)} written: {names}"]
    if traces:
        lines.append(f"{_peak(traces)}; {_durations(traces)}; seed {traces[0].stats.seissynth.seed}")
    return [*lines, *_next(output)]


def _peak(traces):
    peak, number = max((float(abs(trace.data).max(initial=0)), number) for number, trace in enumerate(traces))
    largest = traces[number]
    info = largest.stats.seissynth
    unit = {"1": ""}.get(info.unit, " " + info.unit.replace("**2", "²"))
    distance = info.conditions.get("path_ep_distance_km")
    away = "" if distance is None else f", {distance:.0f} km away"
    return f"largest peak {peak:.3g}{unit} at {largest.id}{away}"


def _durations(traces):
    lengths = [trace.stats.npts * trace.stats.delta for trace in traces]
    shortest, longest = (f"{length:g}" for length in (round(min(lengths), 1), round(max(lengths), 1)))
    return f"{shortest} s" if shortest == longest else f"{shortest} to {longest} s"


def _next(output):
    pattern = re.sub(r"\{[^}]*\}", "*", str(output))
    stem = re.sub(r"[^\w.-]+", "", Path(pattern).stem).strip(".") or "records"
    name, picture = shlex.quote(pattern), shlex.quote(f"{stem}_traces.png")
    command = f"seissynth plot {name} -o {picture}"
    if output.suffix.lower() in (".h5", ".asdf"):
        return [f"next: {command}", f"      seissynth explain {name}"]
    return [f"next: {command}", "An .h5 file would also keep the earthquake, the stations and how records were made."]
