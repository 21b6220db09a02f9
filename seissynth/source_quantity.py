"""Quantity of the traces of a source: stated by the traces or by the caller, never guessed."""

import re

from seissynth.errors import InputError
from seissynth.units import DERIVATIVES, OUTPUTS

_BY_DERIVATIVES = {count: name for name, count in DERIVATIVES.items()}
_CHANGES = {"integrate": -1, "differentiate": 1}
_STEP = re.compile(r":\s*(\w+)\(")


def read_source_quantity(value, name="source_quantity"):
    """Return the quantity that an argument ``source_quantity=`` (or another `name`) names, or None for None.

    Examples
    --------
    >>> from seissynth.source_quantity import read_source_quantity
    >>> read_source_quantity("RAW"), read_source_quantity("velocity")
    ('counts', 'velocity')
    """
    if value is None:
        return None
    if isinstance(value, str):
        for word, quantity in OUTPUTS.items():
            if value.strip().upper() in (word, quantity.upper()):
                return quantity
    raise InputError(
        f"{name}={value!r} must be one of {', '.join(map(repr, OUTPUTS))} (the words of output=), or None."
    )


def source_quantities(stream, quantity=None):
    """Return the quantity of each trace of a source.

    Parameters
    ----------
    stream : obspy Stream
    quantity : str, optional
        Quantity given by the caller.

    Returns
    -------
    dict of str to str
        Trace id -> "displacement", "velocity", "acceleration" (SI) or "counts".

    Raises
    ------
    InputError
        Traces that do not state their quantity, without `quantity`; or that contradict it.
    """
    named, quantities, unknown = read_source_quantity(quantity), {}, []
    for trace in stream:
        stated = stated_quantity(trace)
        if stated is not None and named is not None and stated != named:
            raise InputError(
                f"source: {trace.id} holds {stated} as its stats say, but source_quantity={quantity!r} says {named}. "
                "Leave source_quantity out, or correct the trace."
            )
        if stated is None and named is None:
            unknown.append(trace.id)
        if quantities.setdefault(trace.id, stated or named) != (stated or named):
            raise InputError(f"source: the traces of {trace.id} hold {quantities[trace.id]} and {stated or named}.")
    if unknown:
        names = ", ".join(dict.fromkeys(unknown[:3])) + (", ..." if len(unknown) > 3 else "")
        raise InputError(
            f"source: {len(unknown)} of {len(stream)} traces do not state their quantity ({names}). Pass "
            "source_quantity='RAW' for counts, or 'VEL', 'ACC' or 'DISP' for ground motion in m/s, m/s² or m."
        )
    return quantities


def stated_quantity(trace):
    """Quantity of a trace by its stats (made by seissynth, and ObsPy's later processing); None if not stated."""
    provenance = trace.stats.get("seissynth") or {}
    quantity = provenance.get("quantity")
    if quantity not in OUTPUTS.values():
        quantity = None
    for step in trace.stats.get("processing", ()):
        name = _STEP.search(step)
        name = name[1] if name else ""
        if name == "remove_response":
            output = re.search(r"output='?(\w+)", step)
            quantity = OUTPUTS.get(output[1].upper() if output else "VEL")
        elif name in ("simulate", "remove_sensitivity"):
            quantity = None  # which units it leaves depends on the poles and zeros, or on the instrument
        elif name in _CHANGES and quantity is not None:
            quantity = _BY_DERIVATIVES.get(DERIVATIVES.get(quantity, 9) + _CHANGES[name])
    return quantity
