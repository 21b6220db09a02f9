"""A cut of the made-up archive, in several blocks of time."""

from archives import catalog, counts, motion, network

from seissynth.data.cutting.cut import CutSettings, cut_events

#: blocks of 200 s, so that there are several
BLOCKS = 5
SETTINGS = {"block_s": 200.0, "noise_windows": 2, "require": ()}


def run(path, stream=None, magnitudes=(3.0, 3.0, 3.0), **options):
    """Cut the records in a folder's file."""
    settings = CutSettings(**{**SETTINGS, **options})
    inv = network()
    return cut_events(stream or path.parent / "records.mseed", inv, catalog(magnitudes), path, settings)


def write_records(folder):
    counts(motion(network())).write(str(folder / "records.mseed"), format="MSEED")
