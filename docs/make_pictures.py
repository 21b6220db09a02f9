"""Draw the picture of the README and of the first page: ``python docs/make_pictures.py``."""

from pathlib import Path

import seissynth
from seissynth.plotting import plot_traces

PICTURE = Path(__file__).parent / "_static" / "quickstart.png"
STATIONS = ("BORE", "PIAN", "LAGO", "TIBE")  # near to far


def main():
    """Draw four stations of the built-in example."""
    inventory, event = seissynth.read_example()
    stream = seissynth.generate(inventory, event, seed=1, noise="nlnm", duration=70)
    chosen = [trace for trace in stream if trace.stats.station in STATIONS]
    figure = plot_traces(type(stream)(chosen))
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
