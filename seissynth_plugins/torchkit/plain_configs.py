"""Convert configurations of networks to the plain data in the header of a weights file, and back."""

from dataclasses import asdict, fields, is_dataclass
from typing import get_args, get_type_hints

from seissynth.errors import InputError
from seissynth.shared.wording import a_kind


def to_plain(config):
    """Return a configuration as dictionaries, lists, numbers and text, which JSON can hold.

    Parameters
    ----------
    config : dataclass
        Its fields may be dataclasses, too.

    Returns
    -------
    dict
    """
    return _plain(asdict(config))


def from_plain(cls, plain):
    """Return the configuration that `to_plain` wrote.

    Parameters
    ----------
    cls : type
        The dataclass. Fields whose type is a dataclass, or a dataclass or None, are made of dictionaries.
    plain : dict

    Raises
    ------
    InputError
        Entries that this version does not know, or values that it refuses.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from seissynth_plugins.torchkit.plain_configs import from_plain, to_plain
    >>> @dataclass(frozen=True)
    ... class Critic:
    ...     channels: tuple = (32, 64)
    >>> @dataclass(frozen=True)
    ... class Network:
    ...     critic: Critic | None = None
    >>> to_plain(Network(Critic()))
    {'critic': {'channels': [32, 64]}}
    >>> from_plain(Network, to_plain(Network(Critic()))) == Network(Critic())
    True
    """
    if not isinstance(plain, dict):
        raise InputError(f"{cls.__name__} is read from a dictionary, not from {a_kind(plain)}.")
    strange = sorted(set(plain) - {one.name for one in fields(cls)})
    if strange:
        raise InputError(f"{cls.__name__} has no {', '.join(strange)}: the file is of another version of seissynth.")
    types, values = get_type_hints(cls), {}
    for name, value in plain.items():
        part = _dataclass_of(types[name])
        values[name] = from_plain(part, value) if isinstance(value, dict) and part is not None else _tuples(value)
    return cls(**values)


def _dataclass_of(kind):
    """The dataclass that a field's type is, or allows beside None."""
    kinds = [one for one in (kind, *get_args(kind)) if isinstance(one, type) and is_dataclass(one)]
    return kinds[0] if kinds else None


def _plain(value):
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _tuples(value):
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
