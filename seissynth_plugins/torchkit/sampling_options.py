"""Sampling options of a backend, checked without PyTorch."""

import math

from seissynth.errors import InputError
from seissynth.shared.checks import whole

METHODS = ("dpmpp_2m", "ddim", "ddpm")
SPACINGS = ("time", "log_snr")


def check_sampling(backend, sampling):
    """Refuse options of a sampler that cannot be.

    Parameters
    ----------
    backend : str
        As messages name it.
    sampling : dict
        "steps", and any of "method", "spacing" and "guidance" (None: that of the weights).

    Raises
    ------
    InputError

    Examples
    --------
    >>> from seissynth_plugins.torchkit.sampling_options import check_sampling
    >>> check_sampling("swag", {"steps": 10, "method": "ddim", "guidance": 1.5})
    """
    whole(f"{backend}: steps", sampling["steps"])
    for name, choices in (("method", METHODS), ("spacing", SPACINGS)):
        if sampling.get(name, choices[0]) not in choices:
            known = ", ".join(map(repr, choices))
            raise InputError(f"{backend}: {name}={sampling[name]!r} must be one of {known}.")
    weight = sampling.get("guidance")
    number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if weight is not None and not (number and 0 <= weight < math.inf):
        raise InputError(f"{backend}: guidance={weight!r} must be a number, 0 or more; 1 means no guidance.")
