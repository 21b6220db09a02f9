"""Every error and warning class of seissynth.

Each error also derives from one of Python's built-in errors, and ``except ValueError`` works as usual. A message states
the problem, the value, the limit and the remedy.
"""


class SeisSynthError(Exception):
    """Base class of every error that seissynth raises on purpose."""


class InputError(SeisSynthError, ValueError):
    """An argument, an event, an inventory or a table cannot be used as given."""


class FolderInUseError(InputError):
    """Another process writes to the folder or file; the message says which one, where and since when."""


class DomainError(SeisSynthError, ValueError):
    """A record was requested outside the range in which a backend is valid."""


class ResponseError(SeisSynthError, ValueError):
    """A channel's instrument response is missing or cannot be evaluated."""


class BackendError(SeisSynthError, RuntimeError):
    """A backend failed, or returned something that breaks the protocol."""


class CardError(SeisSynthError, TypeError, ValueError):
    """A backend's card has an invalid value: an unknown word, a rate of 0, a reversed range, a bad name."""


class BackendNotFoundError(SeisSynthError, LookupError):
    """No backend of that name is installed."""


class FileFormatError(SeisSynthError, ValueError):
    """A file has the wrong format, or lacks required content."""


class MissingDependencyError(SeisSynthError, ImportError):
    """An optional package is not installed; the message gives the command that installs it."""


class WriteError(SeisSynthError, OSError):
    """A file cannot be written: the disk is full, or the folder is read-only."""


class ReproductionError(SeisSynthError, RuntimeError):
    """Records could not be reproduced, or differ."""


class TrainingError(SeisSynthError, RuntimeError):
    """A training cannot continue: its loss or gradient is not finite; the message names the batch.

    Parameters
    ----------
    message : str
    step : int, optional
        Step that failed; 1 is the first.
    what : {"loss", "gradient"}, optional
    part : str, optional
        Part of the model; None for a model without parts.

    Examples
    --------
    >>> error = TrainingError("the loss is nan in step 12", step=12, what="loss")
    >>> f"diverged at step {error.step}"
    'diverged at step 12'
    """

    def __init__(
        self, message: str = "", *, step: int | None = None, what: str | None = None, part: str | None = None
    ) -> None:
        super().__init__(message)
        self.step, self.what, self.part = step, what, part


class SeisSynthWarning(UserWarning):
    """Something was skipped, assumed or approximated; the message names it and gives the reason."""
