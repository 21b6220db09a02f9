"""How real is a record? Magnitudes, and what else compares generated with observed motion, on arrays."""

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "local_magnitude": "magnitude",
    "minus_log_a0": "magnitude",
    "MAGNITUDE_REGIONS": "magnitude",
}

__all__ = list(_PUBLIC)


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'seissynth.evaluation' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"seissynth.evaluation.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_PUBLIC})
