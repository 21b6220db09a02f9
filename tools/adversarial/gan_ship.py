"""Put the trained weights of an adversarial system into the package: `gan_ship.py RUN TABLE`.

    python -m tools.adversarial.gan_ship RUN TABLE

RUN is a folder of ``seissynth train``, TABLE the Markdown table of ``gan_scores.py`` for it. Writes
``seissynth_plugins/NAME/data/NAME_small.safetensors`` and, beside it, ``CARD.md``, and prints the digest of the file,
for `sha256` of the system's `Kind`. Refuses weights that do not beat noise of the mean spectrum in
envelope correlation and spectrogram MSE, those of sets whose licence does not allow it, and files above 8 MB.
"""

import argparse
from pathlib import Path

from seissynth.errors import InputError
from tools._shipped_weights import put_into_package
from tools.adversarial._windows import system_of, weights_kind

LARGEST_MB = 8.0
FLOOR = "noise of the mean spectrum"


def main():
    """Write the weights and their card into the package."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--region", default="Ridgecrest, California, and 70 km around")
    arguments = parser.parse_args()
    table = arguments.table.read_text(encoding="utf-8").strip()
    if not beats_noise(table):
        raise SystemExit(f"{arguments.run}: no better than {FLOOR}; these weights do not ship.")
    system = system_of(weights_kind(arguments.run / "weights.safetensors"))
    how = "On records that the training did not see (`tools/adversarial/gan_scores.py`), these weights first:"
    put_into_package(system.kind, arguments.run, [how, "", table], region=arguments.region, largest_mb=LARGEST_MB)


def beats_noise(table):
    """Whether the first row of a table of `gan_scores` is better than the floor in both similarity columns."""
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()[2:]]
    floor = next((row for row in rows if row[0] == FLOOR), None)
    if floor is None:
        raise InputError(f"the table has no row {FLOOR!r}; make it with gan_scores.py.")
    correlation, error = ([float(row[column].split()[0]) for row in (rows[0], floor)] for column in (1, 2))
    return correlation[0] > correlation[1] and error[0] < error[1]


if __name__ == "__main__":
    main()
