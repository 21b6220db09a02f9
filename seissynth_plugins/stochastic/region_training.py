"""``seissynth train stochastic``: fit a region, and write its preset and the report into a folder."""

import inspect
import json
import os
import sys
from pathlib import Path

from seissynth.errors import InputError
from seissynth.shared.atomic import replacing
from seissynth.shared.suggestions import did_you_mean
from seissynth_plugins.stochastic.region_fit import fit_region

#: what ``seissynth train`` passes to every trainer, and the values that say nothing
_OF_NETWORKS = {
    "config": "small", "fold": None, "stations_out": [], "init": None, "max_minutes": None, "resume": True,
}  # fmt: skip


def train_region(data, output, *, seed=0, progress=True, **options):
    """Fit a region as ``seissynth train stochastic`` does; see `fit_region` for the options.

    Parameters
    ----------
    data : list of path
        One flat file, or one folder of a data set of real records.
    output : path
        Folder for ``preset.csv``, ``preset.json`` (for ``--set preset=@preset.json``) and ``report.txt``.
    seed : int
    progress : bool
        Show a line for each pass over the records.
    **options
        Those of `fit_region`. What a neural network's training takes beside them (``config`` and so on) has no meaning
        here, and is refused where it differs from its default.

    Returns
    -------
    RegionFit

    Raises
    ------
    InputError
        Several files, options of neural networks, or as `fit_region`.
    """
    files = [data] if isinstance(data, str | os.PathLike) else list(data)
    if len(files) != 1:
        raise InputError(f"stochastic: {len(files)} files were given; a region is fitted to one flat file or data set.")
    for name, usual in _OF_NETWORKS.items():
        if options.pop(name, usual) != usual:
            raise InputError(f"stochastic: {name} is of neural networks; a region is fitted without it. Leave it out.")
    allowed = inspect.signature(fit_region).parameters
    for name in options:
        if name not in allowed:
            raise InputError(f"stochastic: unknown option {name!r};{did_you_mean(name, allowed)} see `fit_region`.")
    folder = Path(output)
    said = (lambda done, passes: print(f"pass {done} of {passes}", file=sys.stderr)) if progress else None
    result = fit_region(files[0], seed=seed, progress=said, **{"name": folder.name, **options})
    folder.mkdir(parents=True, exist_ok=True)
    result.write(folder / "preset.csv")
    for name, text in (("preset.json", json.dumps(result.preset, indent=1)), ("report.txt", str(result))):
        with replacing(folder / name) as beside:
            beside.write_text(text + "\n", encoding="utf-8")
    return result
