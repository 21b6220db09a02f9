"""Weights of a training as a file of the package, with what was measured in their card; for the scripts ``*_ship``."""

import re

from seissynth_plugins.torchkit.checkpoints import file_sha256
from seissynth_plugins.torchkit.weights import WRITTEN, load_model, save_model

#: names of sets whose records may not be in weights that ship
NOT_PERMITTED = ("sichuan_yunnan_station", "mexico_mems")
_UNMEASURED = "## Measured"
_AGAIN = "## Train again"


def put_into_package(kind, run, measured, *, region, largest_mb, **further):
    """Write the weights of a run, and their card, where the package looks for them, and print their digest.

    Parameters
    ----------
    kind : Kind
    run : pathlib.Path
        Folder of ``seissynth train``.
    measured : sequence of str
        Lines of Markdown for the card.
    region : str
    largest_mb : float
        A larger file is refused.
    **further
        Fields of the header.
    """
    model, inputs, card = load_model(run / "weights.safetensors", kind)
    sets = {name for stage in card["stages"] for name in stage.get("data", ())}
    if sets & set(NOT_PERMITTED):
        raise SystemExit(f"these weights know {', '.join(sorted(sets & set(NOT_PERMITTED)))}, which may not ship.")
    about = {name: value for name, value in card.items() if name not in WRITTEN}
    kind.shipped.parent.mkdir(exist_ok=True)
    new = kind.shipped.with_stem(f"{kind.shipped.stem}_new")
    save_model(new, model.state_dict(), model.config, inputs, {**about, "region": region, **further}, kind)
    size = new.stat().st_size / 1e6
    if size > largest_mb:
        new.unlink()
        raise SystemExit(f"the file has {size:.1f} MB, more than {largest_mb:g}; train a smaller network.")
    new.replace(kind.shipped)
    digest = file_sha256(kind.shipped)
    before, rest = (run / "CARD.md").read_text(encoding="utf-8").split(_UNMEASURED)
    before = re.sub(r"(?m)^\| region \|.*$", f"| region | {region} |", before)
    before = before.replace("weights.safetensors", kind.shipped.name)
    before = before.replace("float16 |", f"float16, SHA-256 {digest} |")
    text = "\n".join([_UNMEASURED, "", *measured, "", _AGAIN + rest.split(_AGAIN)[1]])
    (kind.shipped.parent / "CARD.md").write_text(before + text, encoding="utf-8")
    print(f"{kind.shipped}: {size:.1f} MB")
    print(f'sha256={{"{kind.shipped.name}": "{digest}"}}')
