"""Read JSON files that one class writes, with one error for each thing that can be wrong."""

import json
from pathlib import Path

from seissynth.errors import FileFormatError, InputError


def read_json(path, keys, what, writer):
    """Return the object that a file holds.

    Parameters
    ----------
    path : path
    keys : set of str
        Its keys, no more and no fewer.
    what : str
        What such a file holds, in the plural, for the message.
    writer : str
        What writes such files, for the message.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        The file cannot be read.
    FileFormatError
        It is no JSON, or an object of other keys.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "delays.json"
    >>> _ = path.write_text('{"based_on": "iasp91"}')
    >>> read_json(path, {"based_on"}, "delays", "Delays.write")
    {'based_on': 'iasp91'}
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise FileFormatError(f"{path}: no JSON ({error}); {writer} makes such files.") from error
    if not isinstance(content, dict) or set(content) != keys:
        raise FileFormatError(f"{path}: no {what}; their keys are {sorted(keys)}.")
    return content
