"""Put trained weights into the package: how to sample from them, what was measured, and the card.

    python -m tools.swag.swag_ship RUN TABLE [--steps 8] [--guidance 1.5] [--spacing log_snr]

RUN is a folder of ``seissynth train swag``; TABLE a Markdown table of ``swag_scores.py`` on records that the training
did not see. Writes ``seissynth_plugins/swag/data/swag_small.safetensors`` and, beside it, ``CARD.md``, and prints the
digest of the file, which goes into `seissynth_plugins/swag/weights.py`. Refuses weights of sets whose licence does not
allow it, and files above 12 MB.
"""

import argparse
from pathlib import Path

from seissynth_plugins.swag.weights import SWAG
from tools._shipped_weights import put_into_package

LARGEST_MB = 12.0


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
    table = arguments.table.read_text(encoding="utf-8").strip()
    how = "On records that the training did not see (`tools/swag/swag_scores.py`), real ones first:"
    put_into_package(
        SWAG, arguments.run, [how, "", table], region=arguments.region, largest_mb=LARGEST_MB,
        sampling={"steps": arguments.steps, "guidance": arguments.guidance, "spacing": arguments.spacing},
    )  # fmt: skip


if __name__ == "__main__":
    main()
