"""A set of SWaG's records that trains a picker for one real station: `swag_picker_set.py WEIGHTS DATA OUTPUT`.

    python -m tools.swag.swag_picker_set WEIGHTS DATA OUTPUT [--records 20000] [--labels 4000] [--even]

WEIGHTS were trained on the part "train" of DATA (SeisBench's form, one station), or on its first records; ``--labels``
says of how many of these the labels are drawn, so that nothing else is known of the station. P comes evenly within the
range of the weights. The set goes to OUTPUT, with parts train and dev; ``downstream.py --generated OUTPUT`` trains with
it. Records go to disk in blocks: a call that was stopped is taken up again by the same call.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.io.seisbench.dataset import Dataset
from seissynth_plugins.swag.labelled import LabelledGenerator
from seissynth_plugins.swag.labelled_set import make_labelled_set


def main():
    """Make the set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--labels", type=int, default=4000)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--even", action="store_true", help="magnitudes evenly over their range")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    train = Dataset(arguments.data).split("train")
    real = train.select(np.arange(len(train)) < arguments.labels)
    generator = LabelledGenerator(arguments.weights, steps=arguments.steps, guidance=arguments.guidance, batch=16)
    make_labelled_set(
        generator, real, arguments.output, arguments.records, even_magnitudes=arguments.even, seed=arguments.seed,
        progress=lambda done, total: print(f"{done}/{total}", flush=True),
    )  # fmt: skip


if __name__ == "__main__":
    main()
