"""Presets for other regions, as a table of parameters in a file.

A table is CSV with the columns ``constant``, ``value`` and ``source``; one row for each constant that differs from
the preset it is based on, which the row ``based_on`` names. The provenance of the records holds the contents, not the
name of the file; the records can be reproduced without it.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from seissynth.errors import InputError
from seissynth.shared.atomic import replacing
from seissynth.shared.csv_cells import csv_writer
from seissynth_plugins.stochastic.parameters import Parameters

_COLUMNS = ("constant", "value", "source")
_KEYS = ("name", "based_on", "constants", "sources")


def read_preset(path: str | os.PathLike[str]) -> dict:
    r"""Read a table of parameters.

    Parameters
    ----------
    path : str or path
        CSV file with the columns ``constant``, ``value``, ``source``. Values are numbers, true, false, words, or
        lists in square brackets; the units are those of `Parameters`. Rows ``based_on`` ("active" by default) and
        ``name`` are not constants.

    Returns
    -------
    dict
        ``name``, ``based_on``, ``constants``, ``sources``: plain data, for ``generate(..., preset=...)``.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, names a constant twice, or has a row without a value; with its line.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "valley.csv"
    >>> _ = file.write_text("constant,value,source\nbased_on,active,\nkappa0_s,0.05,own records\n")
    >>> read_preset(file)["constants"]
    {'kappa0_s': 0.05}
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path}: column {missing[0]!r} is missing; a preset has the columns {_COLUMNS}.")
            rows = [(reader.line_num, *((row[name] or "").strip() for name in _COLUMNS)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table of parameters: {error}.") from error
    preset = {"name": path.stem, "based_on": "active", "constants": {}, "sources": {}}
    seen = set()
    for line, name, value, source in rows:
        if not name or name.startswith("#"):
            continue
        if not value:
            raise InputError(f"{path}, line {line}: {name} has no value.")
        if name in seen:
            raise InputError(f"{path}, line {line}: {name} is given twice.")
        seen.add(name)
        if name in ("name", "based_on"):
            preset[name] = value
        else:
            preset["constants"][name] = plain_value(value)
            preset["sources"][name] = source
    return preset


def write_preset(path: str | os.PathLike[str], preset: str = "active", **overrides: Any) -> os.PathLike[str]:
    """Write all constants of a preset as a template for another region.

    Parameters
    ----------
    path : str or path
        CSV file; an old one is replaced.
    preset : str
        Source of the values.
    **overrides
        Constants that differ from it.

    Returns
    -------
    path

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = write_preset(pathlib.Path(tempfile.mkdtemp()) / "all.csv", "stable")
    >>> read_preset(file)["constants"]["q0"]
    893.0
    """
    from seissynth_plugins.stochastic.presets import make_parameters

    parameters = make_parameters(preset, **overrides)
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv_writer(file)
        writer.writerow([*_COLUMNS, "unit", "meaning"])
        writer.writerow(["based_on", preset, "", "", "preset that supplies the values missing from this table"])
        for field in fields(Parameters):
            value = getattr(parameters, field.name)
            text = value if isinstance(value, str) else json.dumps(value)
            changed = value != field.default
            source = "" if changed else field.metadata["source"]
            writer.writerow([field.name, text, source, field.metadata["unit"], field.metadata["meaning"]])
    return path


def write_table(path: str | os.PathLike[str], preset: dict) -> os.PathLike[str]:
    """Write a preset that was read or fitted, as `read_preset` reads it; an old file is replaced."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv_writer(file)
        writer.writerow(_COLUMNS)
        writer.writerow(["name", preset.get("name", Path(path).stem), ""])
        writer.writerow(["based_on", preset.get("based_on", "active"), ""])
        for name, value in preset["constants"].items():
            text = value if isinstance(value, str) else json.dumps(value)
            writer.writerow([name, text, preset.get("sources", {}).get(name, "")])
    return path


def unfold(preset, overrides):
    """Return the name of the preset that a table is based on, and its constants updated by `overrides`.

    Raises
    ------
    InputError
        Keys that are not in a preset.
    """
    if not isinstance(preset, Mapping):
        return preset, overrides
    wrong = sorted(set(preset) - set(_KEYS))
    if wrong or not isinstance(preset.get("constants", {}), Mapping):
        raise InputError(
            f"stochastic: preset is a table with {wrong or 'constants that are not a table'}; it may hold "
            f"{', '.join(_KEYS)}. Read it with seissynth_plugins.stochastic.region_presets.read_preset."
        )
    return preset.get("based_on", "active"), {**preset.get("constants", {}), **overrides}


def plain_value(text):
    """Return the number, list, truth value or word that a cell of a table, or an option, says."""
    try:
        return json.loads(text)
    except ValueError:
        return text
