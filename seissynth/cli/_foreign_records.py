"""Records for ``seissynth plot`` from files that are not ASDF: MiniSEED, SAC and other formats that ObsPy reads."""

import glob
from collections import Counter
from pathlib import Path

from seissynth.errors import FileFormatError, InputError

_HDF5 = b"\x89HDF\r\n\x1a\n"


def is_asdf(path):
    """Whether a file is to be read as ASDF: by its name, or by its first bytes."""
    path = Path(path)
    if path.suffix.lower() in (".h5", ".asdf"):
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_HDF5)) == _HDF5


def foreign_stream(path, kind, event, realization, station, quantity):
    """Read the traces of a plot.

    Parameters
    ----------
    path : pathlib.Path
        A file, or a pattern of files.
    kind : str
        Of the picture.
    event, realization : int
    station : str or None
    quantity : object or None
        Quantity of the samples, if the caller gives it.

    Returns
    -------
    obspy Stream

    Raises
    ------
    InputError
        The file does not contain what the plot needs; with a remedy.
    FileFormatError
        No file, or a file that ObsPy cannot read.
    """
    remedy = "write an .h5 file, which keeps that: seissynth generate -o NAME.h5"
    if kind == "map":
        raise InputError(
            f"a map needs the coordinates of stations and events, which {path} does not contain; {remedy}."
        )
    if event or realization:
        raise InputError(f"{path} does not say which event and realisation a trace belongs to; {remedy}.")
    everything = _read(path)
    repeated = [name for name, count in Counter(trace.id for trace in everything).items() if count > 1]
    if repeated:
        raise InputError(
            f"{path} holds several traces of {repeated[0]}; cut it to one stretch of time without gaps first."
        )
    chosen = at_station(everything, station)
    if not chosen:
        codes = ", ".join(sorted({trace.stats.station for trace in everything}))
        raise InputError(f"nothing to draw: --station {station} is not among {codes}.")
    if kind == "section" and not any("dist" in trace.stats.get("sac", {}) for trace in chosen):
        raise InputError(f"a section needs distances, which {path} does not contain; {remedy}, or a .sac file.")
    if kind == "response-spectra" and quantity is None and not _all_state_quantities(chosen):
        raise InputError(f"{path} does not state the quantity of its samples; add --quantity VEL, ACC or DISP.")
    return chosen


def at_station(stream, station):
    """Return the traces of a station, by its code or NET.STA, in which wildcards may be; all for None."""
    if not station:
        return stream
    network, _, code = station.rpartition(".")
    return stream.select(network=network or None, station=code)


def _all_state_quantities(stream):
    return all(str(trace.stats.get("sac", {}).get("kuser0", "")).strip() for trace in stream)


def _read(path):
    from obspy import Stream, read

    if Path(path).is_dir():  # as generate() writes SAC
        names = _names_in(Path(path))
    else:
        names = [str(path)] if Path(path).is_file() else sorted(glob.glob(str(path)))  # noqa: PTH207 (a pattern may be absolute)
    if not names:
        raise FileFormatError(f"cannot read {path}: there is no such file.")
    stream = Stream()
    for name in names:
        try:
            stream += read(glob.escape(name))
        except Exception as error:  # ObsPy's readers raise any error of their parsers
            text = " ".join(str(error).split()) or type(error).__name__
            raise FileFormatError(f"{name} is neither an .h5 file nor one that ObsPy reads: {text}") from error
    return stream


def _names_in(folder):
    """Files in a folder of records; data sets are not drawn."""
    files = sorted(item for item in folder.iterdir() if item.is_file() and not item.name.startswith("."))
    if any(item.suffix in (".hdf5", ".h5", ".asdf") for item in files):
        raise InputError(f"{folder} is a data set; plot draws records of one file, such as an .h5 file in the folder.")
    if not files:
        raise InputError(f"{folder} is a folder without files.")
    return [str(item) for item in files]
