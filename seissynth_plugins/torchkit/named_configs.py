"""Configurations by name: a size, and variants that follow it."""

from seissynth.errors import InputError
from seissynth.representations import ConditionVector


def build_named(name, sizes, variants, model):
    """Return ``sizes[first]`` changed by the variants that follow it, or say which names there are.

    Parameters
    ----------
    name : str
        As ``"small+onsets"``.
    sizes : dict of str to dataclass
    variants : dict of str to callable
        From a configuration to a changed one.
    model : str
        As messages name it.

    Raises
    ------
    InputError
        No such size or variant.
    """
    size, *changes = str(name).split("+")
    if size not in sizes:
        raise InputError(f"{model} has no size {size!r}; there are {', '.join(sizes)}.")
    config = sizes[size]
    for change in changes:
        if change not in variants:
            raise InputError(f"{model} has no variant {change!r}; there are {', '.join(variants)}.")
        config = variants[change](config)
    return config


def vector_with_onsets(conditions, model):
    """Return the length of HEGGS' condition vector with the predicted P and S, and whether these are known.

    Parameters
    ----------
    conditions : int
        Length without them.
    model : str
        As the message names it.

    Raises
    ------
    InputError
        The configuration has another condition than that vector.
    """
    vector = ConditionVector("paper")
    if conditions != vector.size:
        raise InputError(
            f"{model}: '+onsets' adds to the condition vector of 'heggs' and 'heggs_small', and is for these."
        )
    return ConditionVector("paper", ("onsets",)).size
