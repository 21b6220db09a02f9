"""A file object whose write errors are kept, so that HDF5 can always close it.

HDF5 cannot close a file whose last writes failed: on a full disk it prints pages of errors and may end the process
with a segmentation fault. This file keeps the first error instead and discards later writes; the caller checks `error`
and stops.
"""

import io
import os


class CarefulFile(io.RawIOBase):
    """A new binary file; after a failed write its content is invalid and `error` holds the reason.

    Parameters
    ----------
    path : path
        Must not exist.
    """

    def __init__(self, path):
        self.error = None
        self._path = os.fspath(path)
        self._file = open(path, "x+b", buffering=0)  # noqa: SIM115, PTH123 (closed by close; tests change `open`)

    def __fspath__(self):
        """Return the path, which pyasdf needs."""
        return self._path

    def check(self):
        """Raise the error of an earlier write."""
        if self.error is not None:
            raise self.error

    def write(self, data):
        """Write all bytes, or keep the error and report success."""
        view = memoryview(data).cast("B")
        size, done = len(view), 0
        while self.error is None and done < size:
            try:
                # large writes may be cut short by the system
                done += self._file.write(view[done:])
            except OSError as error:
                self.error = error
        if self.error is not None:
            return self._skip(size - done) or size
        return size

    def _skip(self, count):
        self._file.seek(count, io.SEEK_CUR)

    def readinto(self, buffer):
        """Read into a buffer; discarded bytes read as zeros."""
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view)
        if self.error is not None and count < len(view):
            view[count:] = bytes(len(view) - count)
            return len(view)
        return count

    def seek(self, offset, whence=io.SEEK_SET):
        """See `io.RawIOBase.seek`."""
        return self._file.seek(offset, whence)

    def tell(self):
        """See `io.RawIOBase.tell`."""
        return self._file.tell()

    def truncate(self, size=None):
        """Set the size, or keep the error and report success."""
        size = self.tell() if size is None else size
        if self.error is None:
            try:
                return self._file.truncate(size)
            except OSError as error:
                self.error = error
        return size

    def readable(self):
        """See `io.RawIOBase.readable`."""
        return True

    def writable(self):
        """See `io.RawIOBase.writable`."""
        return True

    def seekable(self):
        """See `io.RawIOBase.seekable`."""
        return True

    def close(self):
        """Close the file; errors of earlier writes stay in `error`."""
        if not self.closed:
            super().close()
            self._file.close()
