"""Put trained weights into the package: how to sample from them, what was measured, and the card.

    python -m tools.swag.swag_ship RUN TABLE [--steps 8] [--guidance 1.5] [--spacing log_snr]

RUN is a folder of ``seissynth train swag``; TABLE a Markdown table of ``swag_scores.py`` on records that the training
did not see. Writes ``seissynth_plugins/swag/data/swag_small.safetensors`` and, beside it, ``CARD.md``, and prints the
digest of the file, which goes into `seissynth_plugins/swag/weights.py`. Refuses weights of sets whose licence does not
allow it, and files above 12 MB.
"""

import argparse
import re
from pathlib import Path

from seissynth_plugins.swag.weights import SWAG
from seissynth_plugins.torchkit.checkpoints import file_sha256
from seissynth_plugins.torchkit.weights import WRITTEN, load_model, save_model

#: names of sets whose records may not be in weights that ship
NOT_PERMITTED = ("sichuan_yunnan_station", "mexico_mems")
LARGEST_MB = 12.0
_UNMEASURED = "## Measured"
_AGAIN = "## Train again"


def main():
    """Write the weights and their card into the package."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--spacing", default="log_snr")
    parser.add_argument("--region", default="Ridgecrest, California, and 70 km around")
    arguments = parser.parse_args()
    model, inputs, card = load_model(arguments.run / "weights.safetensors", SWAG)
    sets = {name for stage in card["stages"] for name in stage.get("data", ())}
    if sets & set(NOT_PERMITTED):
        raise SystemExit(f"these weights know {', '.join(sorted(sets & set(NOT_PERMITTED)))}, which may not ship.")
    about = {name: value for name, value in card.items() if name not in WRITTEN}
    about["region"] = arguments.region
    about["sampling"] = {"steps": arguments.steps, "guidance": arguments.guidance, "spacing": arguments.spacing}
    SWAG.shipped.parent.mkdir(exist_ok=True)
    save_model(SWAG.shipped, model.state_dict(), model.config, inputs, about, SWAG)
    size = SWAG.shipped.stat().st_size / 1e6
    if size > LARGEST_MB:
        SWAG.shipped.unlink()
        raise SystemExit(f"the file has {size:.1f} MB, more than {LARGEST_MB:g}; train a smaller network.")
    digest = file_sha256(SWAG.shipped)
    text = (arguments.run / "CARD.md").read_text(encoding="utf-8")
    before, rest = text.split(_UNMEASURED)
    before = re.sub(r"(?m)^\| region \|.*$", f"| region | {arguments.region} |", before)
    before = before.replace("weights.safetensors", SWAG.shipped.name).replace(
        "float16 |", f"float16, SHA-256 {digest} |"
    )
    measured = [
        _UNMEASURED, "", "On records that the training did not see (`tools/swag/swag_scores.py`), real ones first:", "",
        arguments.table.read_text(encoding="utf-8").strip(), "", _AGAIN + rest.split(_AGAIN)[1],
    ]  # fmt: skip
    (SWAG.shipped.parent / "CARD.md").write_text(before + "\n".join(measured), encoding="utf-8")
    print(f"{SWAG.shipped}: {size:.1f} MB")
    print(f'for seissynth_plugins/swag/weights.py: {{"{SWAG.shipped.name}": "{digest}"}}')


if __name__ == "__main__":
    main()
