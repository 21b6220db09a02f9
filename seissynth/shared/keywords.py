"""Parameters that became keyword-only but are still accepted by position."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import ParamSpec, TypeVar

from seissynth.shared.warning import warn_user

P = ParamSpec("P")
R = TypeVar("R")


def once_positional(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Accept some keyword-only parameters of a function also by position, with a warning.

    Parameters
    ----------
    *names : str
        The parameters, in the order in which they followed the positional ones.

    Examples
    --------
    >>> @once_positional("gain")
    ... def amplify(x, *, gain=1.0):
    ...     return x * gain
    >>> amplify(2.0, gain=3.0)
    6.0
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        kinds = [parameter.kind for parameter in signature(function).parameters.values()]
        positional = kinds.count(Parameter.POSITIONAL_OR_KEYWORD)
        unchecked: Callable[..., R] = function

        @wraps(function)
        def inside(*args: P.args, **kwargs: P.kwargs) -> R:
            late = dict(zip(names, args[positional:], strict=False))
            if not late or len(args) > positional + len(names) or late.keys() & kwargs.keys():
                return function(*args, **kwargs)  # which reports any fault
            words = ", ".join(f"{name}=" for name in late)
            warn_user(f"{function.__name__}: pass {words} by keyword; a later version takes no more by position.")
            return unchecked(*args[:positional], **{**late, **kwargs})

        return inside

    return decorate
