"""Public names that are imported on first use, which keeps `import seissynth` and its subpackages fast."""

from importlib import import_module


def lazy(namespace, names, modules=()):
    """Return ``__all__``, ``__getattr__`` and ``__dir__`` for a package.

    Parameters
    ----------
    namespace : dict
        ``globals()`` of the package.
    names : dict of str to str
        Module below the package -> its public names, separated by blanks; a leading dot denotes a module outside the
        package.
    modules : tuple of str
        Modules of the package that are attributes without being imported first.

    Returns
    -------
    all : list of str
    getattr, dir : functions
    """
    package = namespace["__name__"]
    homes = {name: module for module, text in names.items() for name in text.split()}

    def __getattr__(name):
        if name in modules:
            return import_module(f"{package}.{name}")
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f".{homes[name]}", package), name)
        namespace[name] = value
        return value

    def __dir__():
        # only public names, as shown by Tab; not our modules that were imported on the way
        own = {name for name in namespace if name.startswith("__")}
        return sorted({*own, *homes, *modules})

    return sorted(homes), __getattr__, __dir__
