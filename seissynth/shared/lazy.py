"""Public names that are imported when they are first used: `import seissynth` and its rooms stay quick."""

from importlib import import_module


def lazy(namespace, homes, modules=()):
    """Return ``__getattr__`` and ``__dir__`` for a package.

    Parameters
    ----------
    namespace : dict
        ``globals()`` of the package.
    homes : dict of str to str
        Public name -> module that holds it, below the package; with a dot in front, beside it.
    modules : tuple of str
        Modules of the package that are attributes without being imported first.

    Returns
    -------
    getattr, dir : functions
    """
    package = namespace["__name__"]

    def __getattr__(name):
        if name in modules:
            return import_module(f"{package}.{name}")
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f".{homes[name]}", package), name)
        namespace[name] = value
        return value

    def __dir__():
        return sorted({*namespace, *homes, *modules})

    return __getattr__, __dir__
