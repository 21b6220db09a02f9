"""Data sets in SeisBench's format: read lazily, written safely, whole or in chunks."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "Dataset": "dataset",
    "DatasetWriter": "dataset",
    "write_chunks_file": "dataset",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
