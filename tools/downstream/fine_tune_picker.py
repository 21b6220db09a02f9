"""Fit a published picker to one set of records: `fine_tune_picker.py SET WEIGHTS OUT.pt`.

    python -m tools.downstream.fine_tune_picker SET WEIGHTS OUT.pt [--steps 1000] [--batch 64] [--rate 5e-4]
        [--shift 20]

SET is in SeisBench's form with splits train, dev and test and with P and S; WEIGHTS is a local file of PhaseNet or
EQTransformer. Writes OUT.pt and OUT.json, which ``seissynth evaluate --picker OUT.pt`` takes, and prints HEGGS' table 1
(mean absolute errors and F1 on the test records) before and after. Needs SeisBench and torch. HEGGS trains with Adam at
1e-3, 512 windows a step, for 100 epochs.
"""

import argparse
from pathlib import Path

from seissynth.evaluation.downstream.picker_training import fine_tune_picker
from seissynth.evaluation.downstream.picker_windows import PickerConfig, shifted
from seissynth.evaluation.downstream.pickers import score_all
from seissynth.picking.models import load_picker, save_picker
from tools.downstream.downstream import labelled


def main():
    """Fit, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--shift", type=float, default=20.0, help="longest random shift of the test records, s")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(arguments.threads)
    config = PickerConfig(steps=arguments.steps, batch=arguments.batch, learning_rate=arguments.rate)
    train, dev = (labelled(arguments.set, split) for split in ("train", "dev"))
    test = shifted(labelled(arguments.set, "test"), arguments.shift, seed=1)
    before = score_all(load_picker(arguments.weights), test)
    model = fine_tune_picker(arguments.weights, train, dev, config, progress=lambda *x: print(*x, flush=True))
    save_picker(model, arguments.out)
    after = score_all(model, test)
    print("| picker | P MAE (s) | S MAE (s) | P F1 | S F1 |\n| --- | --- | --- | --- | --- |")
    for name, scores in (("as published", before), ("fine-tuned", after)):
        cells = [f"{scores['near'][phase][key]:.3f}" for key in ("mae_s", "f1") for phase in ("P", "S")]
        print("| " + " | ".join([name, *cells]) + " |")


if __name__ == "__main__":
    main()
