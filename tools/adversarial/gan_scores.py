"""How an adversarial system's records compare with unseen real ones, beside shaped noise: `gan_scores.py DATA WEIGHTS`.

    python -m tools.adversarial.gan_scores DATA WEIGHTS [WEIGHTS ...] [--part dev] [--count 300] [--name NAME]
    python -m tools.adversarial.gan_scores DATA "LABEL=WEIGHTS" [...] --fold 2 --part test --no-floors [--name NAME]

DATA is the set that the weights were trained on, or with ``--fold`` one whose parts by time are taken. Real windows of
a part that training did not see are compared with windows generated for the same magnitudes, distances and depths. Two
floors stand beside: noise with the mean spectrum of the training windows, and the same noise under their mean envelope,
both of the sizes that the training set's model gives. "Another real record" is a training window at random, given such
a size. Intervals are by earthquake. Weights that do not beat the first floor in both similarity columns are not
shipped. Without floors, different weights of one system are compared. NAME.md goes to the pages.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.evaluation import copy_threshold, draw_diversity
from seissynth.evaluation.groups.similarity import similarity_of
from seissynth.evaluation.statistics.intervals import interval
from seissynth.evaluation.statistics.nearest import nearest_records
from tools.adversarial._windows import TrainedGan, shaped_noise
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "adversarial"
COLUMNS = (
    "records", "envelope correlation", "spectrogram MSE", "ln peak, bias", "sd", "between draws",
    "nearest training record", "copies",
)  # fmt: skip
#: records that copies and diversity are looked for in; training records they are held against
FEW, LIBRARY = 120, 1500
_LEAST = 1e-20


def main():
    """Generate, score, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", nargs="+", help="a file, or LABEL=FILE; default label: the file's folder")
    parser.add_argument("--fold", type=int)
    parser.add_argument("--no-floors", dest="floors", action="store_false")
    parser.add_argument("--part", default="dev")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--name", default="gan_scores")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    lines = []
    for text in arguments.weights:
        label, _, path = text.rpartition("=")
        gan = TrainedGan(Path(path), arguments.data, arguments.fold)
        lines += table_of(gan, arguments.part, arguments.count, label or Path(path).parent.name, arguments.floors)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_markdown(arguments.out / f"{arguments.name}.md", COLUMNS, lines)


def table_of(gan, part, count, label, floors=True):
    """Lines of one system's weights: its records, and the floors beside them."""
    real, mask, rows = gan.windows(part, count)
    train, _, _ = gan.windows("train", LIBRARY)
    events = gan.table.table["source_id"].to_numpy()[rows]
    own = nearest_records(real[:FEW], train, gan.rate)[0]
    sets = {label: [gan.made(rows, draw) for draw in (0, 1)]}
    if floors:
        other = train[np.random.default_rng(0).integers(len(train), size=len(rows))]
        sets["another real record"] = [gan.sized(_unit(gan, other), rows, 0)]
        for name, enveloped in (
            ("noise of the mean spectrum and envelope", True),
            ("noise of the mean spectrum", False),
        ):
            sets[name] = [_noise(gan, train, rows, draw, enveloped) for draw in (0, 1)]
    lines = []
    for name, draws in sets.items():
        line = [name, *similar(real, draws[0], gan.rate, mask, events)]
        if name != label and gan.backend.inputs.sizes is None:
            line[-2:] = ["", ""]  # the network makes its sizes, so there is no model that could give any
        line.append(f"{draw_diversity([x[:FEW] for x in draws], gan.rate).mean():.2f}" if len(draws) > 1 else "")
        if name == label:
            nearest = nearest_records(draws[0][:FEW], train, gan.rate)[0]
            line += [f"{np.median(nearest):.2f}", f"{(nearest > copy_threshold(own)).mean():.2f}"]
        else:
            line += ["", ""]
        lines.append(line)
        print("\t".join(line), flush=True)
    if floors:
        lines.append(["real records", "", "", "", "", "", f"{np.nanmedian(own):.2f}", "0.01"])
    return lines


def similar(real, made, rate, mask, events):
    """Cells: envelope correlation and spectrogram MSE, bias and scatter of ln peak."""
    found = similarity_of(real, made, rate, mask=mask)
    cells = []
    for name, digits in (("envelope_correlation", 3), ("spectrogram_mse", 2)):
        value, low, high = interval(lambda chosen, v=found[name]: float(np.nanmean(v[chosen])), events)
        cells.append(f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]")
    peaks = [np.log(np.maximum(abs(np.where(mask[:, None], x, 0)).max(axis=(1, 2)), _LEAST)) for x in (real, made)]
    residual = peaks[1] - peaks[0]
    return [*cells, f"{residual.mean():.2f}", f"{residual.std():.2f}"]


def _unit(gan, records):
    from seissynth_plugins.torchkit.waveform_inputs import scale_waveforms

    return scale_waveforms(records, gan.backend.inputs.scaling)[0]


def _noise(gan, train, rows, draw, enveloped):
    return gan.sized(_unit(gan, shaped_noise(train, len(rows), draw, enveloped)), rows, draw)


if __name__ == "__main__":
    main()
