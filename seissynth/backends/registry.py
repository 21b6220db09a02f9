"""The registry: which backends are installed, and how a name becomes a class or an instance.

A distribution registers its backends in the entry-point group ``seissynth.backends``, like seissynth itself. Listing
imports no plugin, and getting a backend imports only that one: a broken plugin never affects another.
"""

from __future__ import annotations

import copy
import importlib
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seissynth.backends._info import BackendInfo, BackendTable
from seissynth.backends.base import Backend, Card
from seissynth.backends.entrypoints import find_entries, normalise_distribution
from seissynth.errors import BackendError, BackendNotFoundError, InputError, SeisSynthError
from seissynth.shared.suggestions import did_you_mean
from seissynth.shared.warning import warn_user

#: what `BackendInfo.distribution` says for backends of `register_backend`
THIS_PROCESS = "(this process)"
#: a message about an unknown option lists up to so many
_MOST_OPTIONS = 12

#: classes of `register_backend` by name, of the running process; one that is taken out is registered no more
REGISTERED: dict[str, type[Backend]] = {}


def list_backends(check: bool = False) -> BackendTable:
    """List the available backends.

    Parameters
    ----------
    check : bool
        False imports nothing and reads only the entry points of installed distributions. True also imports each
        backend, with the packages named in its card, makes an instance with the options' defaults, and fills in
        `status`, `cause` and `card`; a broken one appears with its cause, an incomplete one with its missing parts.

    Returns
    -------
    BackendTable
        A tuple of `BackendInfo`, sorted by name, that prints as a table.

    Examples
    --------
    >>> import seissynth.backends.registry as registry
    >>> table = registry.list_backends()
    >>> table.names == sorted(table.names)
    True
    """
    infos = []
    for name, source in sorted(_offers().items()):
        info = source.info(name)
        if check:
            try:
                info = BackendInfo(name, *_where(info), **_state(source.load(name)))
            except SeisSynthError as error:
                info = BackendInfo(name, *_where(info), **{"status": "broken", "cause": _cause(error)})
        infos.append(info)
    return BackendTable(infos)


def _where(info):
    return info.distribution, info.version, info.module


def _state(cls):
    """State of a class without making records: status, cause and card."""
    card, missing, absent = cls.card, [], {}
    try:
        card = cls().card  # learned backends read the ranges of their weights from the file's header
    except SeisSynthError as error:
        missing.append(str(error))
    except (Exception, SystemExit) as error:
        missing.append(f"it cannot be made with its defaults: {type(error).__name__}: {error}")
    for package, remedy in card.packages.items():
        try:
            importlib.import_module(package)
        except ImportError:
            absent.setdefault(remedy, []).append(package)
        except (Exception, SystemExit) as error:
            missing.insert(0, f"the package {package} does not work ({type(error).__name__}: {error}): {remedy}")
    for remedy, packages in absent.items():
        words = f"package {packages[0]}" if len(packages) == 1 else f"packages {', '.join(packages)}"
        missing.insert(0, f"it needs the {words}: {remedy}")
    return {"status": "incomplete" if missing else "ok", "cause": "; ".join(dict.fromkeys(missing)), "card": card}


def _cause(error):
    origin = error.__cause__
    return f"{type(origin).__name__}: {origin}" if origin is not None else str(error)


def get_backend(name: str) -> type[Backend]:
    """Return the class of a backend; only the module of this one is imported.

    Parameters
    ----------
    name : str
        A name of `list_backends`. If two distributions provide the same name, the first in alphabetical order gets it,
        with a warning, and each is available as ``distribution/name``.

    Returns
    -------
    type
        Subclass of `seissynth.backends.base.Backend`.

    Raises
    ------
    BackendNotFoundError
        No backend of that name is installed.
    BackendError
        It is installed and cannot be imported, or is not a backend.

    Examples
    --------
    >>> from seissynth.backends.registry import get_backend
    >>> get_backend("stochastics")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    seissynth.errors.BackendNotFoundError: no backend named 'stochastics'; did you mean 'stochastic'? ...
    """
    if not isinstance(name, str):
        raise InputError(f"a backend's name is text, for example 'stochastic', not {name!r} ({type(name).__name__}).")
    offers = _offers()
    if name in offers:
        rivals = [other for other in offers if other.endswith(f"/{name}")]
        if rivals:
            warn_user(
                f"backend {name!r} is installed by {offers[name].distribution} and also as {', '.join(rivals)}; "
                f"the first is taken. Ask for one as 'distribution/name' to settle it."
            )
        return offers[name].load(name)
    distribution, slash, short = name.rpartition("/")
    if slash:
        wanted = normalise_distribution(distribution)
        for offer in _installed():
            if (offer.distribution, offer.entry.name) == (wanted, short):
                return offer.load(short)
    raise BackendNotFoundError(_not_found(name, offers))


def register_backend(cls_or_name: type[Backend] | str, cls=None) -> Any:
    """Register a backend for the running process, without installing anything.

    Parameters
    ----------
    cls_or_name : type or str
        The class, or its name followed by the class. The name must be the card's, because records state their backend
        by that name. Also works as a decorator.
    cls : type, optional
        The class, if the name comes first.

    Returns
    -------
    type
        The class.

    Raises
    ------
    InputError
        It is not a backend, its card has another name, or the name is taken.

    Examples
    --------
    >>> from seissynth.backends import base, registry
    >>> @registry.register_backend
    ... class Silence(base.Backend):
    ...     card = base.Card("silence", "Nothing moves", "velocity", "ZNE")
    ...     def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None): ...
    >>> registry.get_backend("silence") is Silence
    True
    """
    if isinstance(cls_or_name, str):
        name = cls_or_name
        if cls is None:
            return lambda later: register_backend(name, later)
    else:
        cls, name = cls_or_name, None
    problem = _problem(cls, name)
    if problem:
        raise InputError(f"register_backend: {problem}")
    name = cls.card.name
    known = REGISTERED.get(name)
    # Running a notebook's cell again makes a new class of the same name: that one replaces the old.
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise InputError(f"register_backend: {name!r} is already {known.__module__}.{known.__qualname__}.")
    if known is None and name in (offer.entry.name for offer in _installed()):
        raise InputError(
            f"register_backend: {name!r} is the name of an installed backend. Give the card another name, "
            "or pass the class itself as generate(backend=...)."
        )
    REGISTERED[name] = cls
    return cls


def resolve_backend(backend, *, weights=None, device="cpu", options=None, ensemble=False):
    """Return an instance of a backend.

    Parameters
    ----------
    backend : str, type or Backend
        A name, a class, or an instance, which is used unchanged.
    weights : str or path, optional
        File with trained parameters.
    device : str
        Where to run.
    options : dict, optional
        The backend's own options.
    ensemble : bool
        Add the card's `ensemble_options` unless they are in `options`; an instance stays unchanged.

    Returns
    -------
    seissynth.backends.base.Backend

    Raises
    ------
    InputError
        An unknown option, options together with an instance, or an object that is not a backend.
    BackendNotFoundError, BackendError
        As in `get_backend`; `BackendError` also when the constructor fails.

    Examples
    --------
    >>> from seissynth.backends.registry import resolve_backend
    >>> from seissynth.backends.base import Backend, Card
    >>> class Loud(Backend):
    ...     card = Card("loud", "Loud", "velocity", "ZNE")
    ...     def __init__(self, *, gain=1.0, **common):
    ...         super().__init__(**common)
    ...         self.gain = gain
    ...     def simulate(self, conditions, *, start_s, npts, sampling_rate_hz, seeds, source=None): ...
    >>> resolve_backend(Loud, options={"gain": 2}).gain
    2
    >>> resolve_backend(Loud, options={"gian": 2})
    Traceback (most recent call last):
    seissynth.errors.InputError: loud: unknown option 'gian'; did you mean 'gain'? Its options: gain.
    """
    options = dict(options or {})
    if isinstance(backend, Backend):
        names = [*options, *(["weights"] if weights is not None else [])]
        if names or device not in ("cpu", getattr(backend, "device", "cpu")):
            raise InputError(
                f"{backend.card.name}: {', '.join(names) or 'device'} was given beside an instance of the backend, "
                "which is used unchanged. Give it to the constructor of the instance, or pass the class or the name."
            )
        return backend
    if isinstance(backend, str):
        cls = get_backend(backend)
    else:
        problem = _problem(backend)
        if problem:
            raise InputError(f"backend={backend!r}: {problem} Pass a name, a subclass of Backend, or an instance.")
        cls = backend
    if ensemble:
        options = {**copy.deepcopy(dict(cls.card.ensemble_options)), **options}
    return _instance(cls, weights, device, options)


def option_names(cls):
    """Return the names of a backend class's own options, `weights` and `device` left out.

    Examples
    --------
    >>> from seissynth.backends.registry import option_names
    >>> from seissynth.backends.base import Backend
    >>> option_names(Backend)
    []
    """
    return [name for name in _parameters(cls) if name not in ("weights", "device")]


def _parameters(cls):
    """Keywords of the constructor, including those of the base classes if ``**kwargs`` passes them on."""
    names = []
    for klass in cls.__mro__:
        if "__init__" not in vars(klass) or klass is object:
            continue
        parameters = list(inspect.signature(klass.__init__).parameters.values())[1:]
        named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names += [p.name for p in parameters if p.kind in named and p.name not in names]
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
    return names


def _listed_options(name, own):
    """The options of a backend for a message; where there are many, where they are described."""
    if len(own) > _MOST_OPTIONS:
        return f"help(seissynth.get_backend({name!r})) describes its {len(own)} options."
    return f"Its options: {', '.join(own)}." if own else "It takes no options."


def _instance(cls, weights, device, options):
    name, own = cls.card.name, option_names(cls)
    for option in options:
        if option not in own:
            near = did_you_mean(option, own, 0.5) or " it has no option like that."
            raise InputError(f"{name}: unknown option {option!r};{near} {_listed_options(name, own)}")
    if device != "cpu" and "device" not in cls.card.capabilities:
        raise InputError(f"{name}: device={device!r} was asked for, and it runs on the CPU only. Leave device out.")
    accepted = _parameters(cls)
    if weights is not None and "weights" not in accepted:
        refuse_weights(cls, weights)
    common = {"weights": weights, "device": device}
    options.update({key: value for key, value in common.items() if key in accepted})
    try:
        return cls(**options)
    except SeisSynthError:
        raise
    except (Exception, SystemExit) as error:
        raise BackendError(
            f"{name}: the backend cannot be made with {options}: {type(error).__name__}: {error}"
        ) from error


def has_weights(cls):
    """Whether a backend can load weights: its card names their licence, or it gives their digest."""
    return bool(cls.card.licence_weights) or cls.weights_hash is not Backend.weights_hash


def refuse_weights(cls, weights):
    """Raise InputError for weights that the backend would not load."""
    raise InputError(f"{cls.card.name}: weights={str(weights)!r} were given, and it takes none. Leave weights out.")


# --- where classes come from


@dataclass(frozen=True)
class _Installed:
    """An entry point, not yet loaded."""

    entry: object

    @property
    def distribution(self):
        return self.entry.distribution

    def info(self, name):
        return BackendInfo(name, self.entry.distribution, self.entry.version, self.entry.target)

    def load(self, name):
        entry = self.entry
        whose = f"{name}: the backend of distribution {entry.distribution} {entry.version} ({entry.target})"
        remedy = "Mend or uninstall that distribution; other backends are not affected."
        try:
            cls = entry.load()
        except (Exception, SystemExit) as error:
            raise BackendError(f"{whose} cannot be loaded: {type(error).__name__}: {error}. {remedy}") from error
        problem = _problem(cls, entry.name)
        if problem:
            raise BackendError(f"{whose} is not usable: {problem} {remedy}")
        return cls


@dataclass(frozen=True)
class _Registered:
    """A class that the running process registered."""

    cls: type
    distribution: str = THIS_PROCESS

    def info(self, name):
        return BackendInfo(name, THIS_PROCESS, "", f"{self.cls.__module__}:{self.cls.__qualname__}")

    def load(self, name):  # noqa: ARG002 (as `_Installed.load`)
        return self.cls


def _installed():
    return [_Installed(entry) for entry in find_entries()]


def _offers():
    """Name -> offer; a name that is taken already becomes ``distribution/name``."""
    offers = {name: _Registered(cls) for name, cls in REGISTERED.items()}
    for offer in _installed():  # sorted by distribution within one name
        name = offer.entry.name
        offers[f"{offer.distribution}/{name}" if name in offers else name] = offer
    return offers


def _problem(cls, name=None):
    """Say why `cls` is not a backend (called `name`); None if it is one."""
    if not (isinstance(cls, type) and issubclass(cls, Backend)):
        return f"{cls!r} is not a subclass of seissynth.backends.base.Backend."
    card = getattr(cls, "card", None)
    if not isinstance(card, Card):
        return f"{cls.__qualname__}.card is {card!r}, not a seissynth.backends.base.Card."
    if inspect.isabstract(cls):
        return f"{cls.__qualname__} does not define {', '.join(sorted(cls.__abstractmethods__))}."
    if name is not None and card.name != name:
        return f"it is announced as {name!r}, and its card says {card.name!r}; the two must agree."
    return None


def _not_found(name, offers):
    installed = ", ".join(sorted(offers)) or "none"
    text = f"no backend named {name!r};{did_you_mean(name, offers, 0.5)} installed: {installed}."
    if not any(getattr(offer, "distribution", "") == "seissynth" for offer in offers.values()):
        tree = Path(__file__).resolve().parents[2]
        text += (
            f" seissynth itself is imported from {tree} without being installed, so its own backends are "
            "not announced: run 'python -m pip install -e .' in its source tree."
        )
    return text
