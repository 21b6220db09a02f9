"""Draw good and bad samples of the rows of table 3 below the made record of the same earthquake and sensor.

    python -m tools.heggs.ablation_pictures SET "NAME=WEIGHTS" [...] [--count 108] [--method dpmpp_2m:5] [--out FOLDER]

The HEGGS paper's figures 8 to 12 for its ablations. Arguments as for `score_ablations`. One record each is the worst,
the median and the best of the set, by the mean over the rows of the score of `seissynth.evaluation.sample_scores`; no
source, one draw, no texture. Writes ``ablations_waveforms.png`` and ``ablations_spectrograms.png``.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from seissynth.evaluation.groups.samples import choose_samples, sample_scores
from seissynth.evaluation.record_sets import Pairs, read_record_set
from seissynth.plotting.evaluation_samples import plot_sample_spectrograms, plot_sample_waveforms
from seissynth_plugins.heggs.inputs import sensor_names
from tools.heggs.score_ablations import OUT, Made, generate, load

KINDS = {"bad": "worst", "middling": "median", "good": "best"}
DPI = 80


def main():
    """Generate, choose, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("weights", nargs="+", help="NAME=FILE")
    parser.add_argument("--count", type=int, default=108)
    parser.add_argument("--method", default="dpmpp_2m:5", help="sampler:steps")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    torch.set_num_threads(1)
    made = Made(given.set, given.count)
    real = _rows_of(read_record_set(given.set, "made"), made)
    sets = {}
    for text in given.weights:
        name, _, path = text.rpartition("=")
        model, inputs = load(Path(path))
        data = generate(model, inputs, made, False, given.method, 0)
        if inputs.normalised:  # without a level: that of the made record
            data *= np.abs(real.data).max(axis=(1, 2), keepdims=True)
        sets[name] = replace(real, name=name, data=data.astype(np.float32))
        print(name, flush=True)
    scores = np.mean([sample_scores(Pairs(real, (one,))) for one in sets.values()], axis=0)
    chosen = choose_samples(scores, real.events, 1)
    rows = [int(chosen[kind][0]) for kind in KINDS]
    figure = plot_sample_waveforms(
        real, sets, rows, scores[rows], "", components="ZN", words=[word.capitalize() for word in KINDS.values()]
    )
    figure.savefig(given.out / "ablations_waveforms.png", dpi=DPI)
    plot_sample_spectrograms(real, sets, rows, "").savefig(given.out / "ablations_spectrograms.png", dpi=DPI)


def _rows_of(records, made):
    """The records of a set in the order of `made`."""
    table = records.metadata
    places = {name: row for row, name in enumerate(zip(table["source_id"], sensor_names(table), strict=True))}
    rows = [places[name] for name in zip(made.table["source_id"], sensor_names(made.table), strict=True)]
    return records.select(rows)


if __name__ == "__main__":
    main()
