"""A new ASDF file that is complete or absent, even after disk errors."""

import contextlib

from seissynth.errors import SeisSynthError
from seissynth.io.careful_file import CarefulFile
from seissynth.shared.atomic import replacing, write_error


@contextlib.contextmanager
def new_asdf(path):
    """Yield an empty pyasdf data set, which replaces `path` if no error occurs.

    HDF5 may end the process if it cannot write. It therefore writes to a `CarefulFile`, whose error is raised here.

    Parameters
    ----------
    path : str or path

    Yields
    ------
    pyasdf.ASDFDataSet

    Raises
    ------
    InputError, WriteError
        As `seissynth.shared.atomic.replacing`.
    """
    import pyasdf

    with replacing(path) as beside, contextlib.closing(CarefulFile(beside)) as raw:
        try:
            with pyasdf.ASDFDataSet(raw, mode="w", mpi=False) as file:
                yield file
                file.flush()  # pyasdf hides what goes wrong while closing
            raw.check()
        except SeisSynthError:
            raise
        except (OSError, RuntimeError) as error:  # HDF5 raises RuntimeError when closing fails
            raise write_error(path, raw.error or error) from error
