"""Data sets in SeisBench's format: lazy reading and safe writing, as a whole or in chunks."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "dataset": "Dataset DatasetWriter write_chunks_file",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
