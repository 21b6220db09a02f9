"""Reconstruct real records by the autoencoder of HEGGS' weights: the paper's table 6.

    python -m tools.heggs.heggs_reconstruction WINDOWS DATA --picker FILE [--weights FILE] [--out FOLDER]

WINDOWS, DATA and FILE are those of `evaluate_ridgecrest.py`. Each record goes through spectrogram, encoder,
decoder and amplitude correction (if the weights have one) and back, with phases by Griffin-Lim; the table also has the
representation alone, without any network. Columns as in table 2, of whole windows. The shipped autoencoder was trained
on made records only, so it has seen no real record.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from seissynth.evaluation.baselines.rows import score_row
from seissynth.evaluation.baselines.untrained import representation_alone
from seissynth.evaluation.record_sets import Pairs
from seissynth.evaluation.results import EvaluationSettings
from seissynth.picking.pickers import make_picker
from seissynth_plugins.heggs.generation import to_waveforms
from seissynth_plugins.heggs.weights import HEGGS, load_model
from tools.real_records._real_records import write_markdown
from tools.real_records._ridgecrest_rows import RememberingPicker, Ridgecrest
from tools.real_records.evaluate_ridgecrest import TABLE_2

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "heggs"
TOGETHER = 32


def main():
    """Score both rows, write one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--picker", required=True)
    parser.add_argument("--weights", type=Path, default=HEGGS.shipped)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    real = Ridgecrest(arguments.windows, arguments.data).real
    settings = EvaluationSettings(picker=RememberingPicker(make_picker(arguments.picker)))
    rows = {
        "autoencoder of HEGGS": reconstructed(real, arguments.weights),
        "representation alone": representation_alone(real)[0],
    }
    lines = []
    for name, records in rows.items():
        found = score_row(Pairs(real, (records,)), settings, sorted({group for _, group, *_ in TABLE_2}))
        lines.append([name, *(_cell(found[group].summary, metric, digits) for _, group, metric, digits in TABLE_2)])
    write_markdown(arguments.out / "reconstruction.md", ["row", *(title for title, *_ in TABLE_2)], lines)


def reconstructed(real, weights):
    """Return the records after encoding and decoding."""
    model, inputs, _ = load_model(weights)
    sensors = np.asarray(real.metadata["station_network_code"] + "." + real.metadata["station_code"], dtype=object)
    data = np.empty(real.data.shape, np.float32)
    for first in range(0, len(real), TOGETHER):
        rows = slice(first, first + TOGETHER)
        x = torch.from_numpy(inputs.encode(real.data[rows], sensors[rows]))
        with torch.inference_mode():
            x = model.decode(model.encode(x)).numpy()
        seeds = np.arange(first, first + len(x))
        data[rows] = to_waveforms(x, inputs.inverted, inputs.statistics, seeds)
    return replace(real, data=data, name="autoencoder")


def _cell(summary, metric, digits):
    row = summary.set_index("metric").loc[metric]
    return "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(row["value"], row["low"], row["high"], d=digits)


if __name__ == "__main__":
    main()
