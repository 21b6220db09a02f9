"""Train PhaseNet on records of the default backend and test it on real ones: `tools/train_picker.py DATA WORK`.

    python tools/train_picker.py DATA WORK [--records 20000] [--steps 3000] [--seeds 3] [--out FOLDER]

DATA holds ``sichuan_yunnan_station/`` (SeisBench form: one station, 50 Hz, splits). WORK is a folder for what is made
on the way; what is there already is used again. Needs SeisBench and torch. The generated set knows no real
earthquake: its noise is like what stands before P in the training split, its events are drawn around a station. The
test records, and the real training ones, are moved by a random time with noise in front, since P stands at 2, 3 or 4 s
in all of them. Tables go to ``docs/_static/data``.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from _real_records import write_markdown
from obspy.core.inventory import Inventory, Network, Station

import seissynth
from seissynth.data.drawn_earthquakes import Circle, DrawnEarthquakes
from seissynth.data.seisbench import Dataset, DatasetWriter
from seissynth.evaluation.front_noise import noise_like
from seissynth.evaluation.picker_training import LabelledRecords, PickerConfig, score_picker, shifted, train_picker

OUT = Path(__file__).resolve().parents[1] / "docs" / "_static" / "data"
RATE_HZ = 50.0
NPTS = 3000
SHIFT_S = 20.0
BEFORE_P_S = 0.3  # of noise that is not taken
PLACE = (25.0, 100.0)
#: how far epicentres lie, and how large they are: small and local, as a dense network records them
RADIUS_KM, MAGNITUDES, DEPTHS_KM = 60.0, (0.0, 4.0), (2.0, 8.0, 20.0)
SNR_DB = (5.0, 45.0)
OVERLAP_SHARE, NOISE_SHARE = 0.3, 0.05
REAL_ROWS = (500, 4000)
NOTHING_REAL = "no real earthquake"
FINE_TUNING = {"steps": 1000, "learning_rate": 5e-4}


def real_records(data, split, rows=None):
    """Real records of a split, Z, N, E."""
    part = data.split(split)
    rows = np.arange(len(part)) if rows is None else np.arange(rows)
    table = part.metadata.iloc[rows]
    return LabelledRecords(
        part.waveforms(rows), table["trace_p_arrival_sample"].to_numpy(float),
        table["trace_s_arrival_sample"].to_numpy(float), RATE_HZ,
    )  # fmt: skip


def make_noise(train, folder):
    """Write a minute of noise like what stands before P in each real record."""
    if (folder / "metadata.csv").exists():
        return
    rng = np.random.default_rng(0)
    with DatasetWriter(folder, sampling_rate_hz=RATE_HZ, overwrite=True) as writer:
        for row in range(len(train)):
            before = train.waveforms[row, :, : int(train.p[row] - BEFORE_P_S * RATE_HZ)]
            table = [{"trace_category": "noise", "station_network_code": "XX", "station_code": "SY01",
                      "trace_sampling_rate_hz": RATE_HZ, "trace_start_time": "2020-01-01T00:00:00Z"}]  # fmt: skip
            writer.write(table, noise_like(before, NPTS, rng)[None].astype(np.float32))


def make_records(records, noise, folder):
    """Write the generated set, or go on with it."""
    inventory = Inventory([Network("XX", [Station("SY01", *PLACE, elevation=0.0)])])
    drawn = DrawnEarthquakes(
        records,
        Circle(*PLACE, radius_km=RADIUS_KM),
        magnitude=MAGNITUDES,
        magnitude_type="ML",
        depth_km=DEPTHS_KM,
        seed=1,
    )
    return seissynth.make_dataset(
        folder, inventory, drawn, sampling_rate=RATE_HZ, duration=NPTS / RATE_HZ, p_lead_s=(3.0, 30.0),
        noise=str(noise),
        snr_db=SNR_DB, noise_share=NOISE_SHARE, overlap_share=OVERLAP_SHARE, seed=1, outside="allow",
        split={"train": 0.95, "dev": 0.05},
    )  # fmt: skip


def generated_records(folder, split):
    """The generated set's records with the arrivals of both earthquakes."""
    data = Dataset(folder)
    part = data.split(split)
    table = part.metadata
    columns = [table[name].to_numpy(float) if name in table else None for name in (
        "trace_p_arrival_sample", "trace_s_arrival_sample", "trace_p2_arrival_sample", "trace_s2_arrival_sample",
    )]  # fmt: skip
    return LabelledRecords(part.waveforms(), columns[0], columns[1], RATE_HZ, columns[2], columns[3])


def joined(*parts):
    """Several sets as one."""
    none = [np.full(len(part), np.nan) for part in parts]

    def column(name):
        found = [getattr(part, name) for part in parts]
        return np.concatenate([gap if x is None else x for x, gap in zip(found, none, strict=True)])

    return LabelledRecords(
        np.concatenate([part.waveforms for part in parts]), column("p"), column("s"), RATE_HZ, column("more_p"),
        column("more_s"),
    )  # fmt: skip


def repeated(data, times):
    """A small set so often that it is drawn as often as a large one."""
    return data[np.tile(np.arange(len(data)), times)]


def experiments(real, real_dev, made, made_dev):
    """Name -> (training set, development set, config options, name of the experiment whose weights it begins with)."""
    count = REAL_ROWS[0]
    few = real[np.arange(count)]
    both = joined(repeated(few, max(1, len(made) // len(few))), made)
    return {
        NOTHING_REAL: (made, made_dev, {}, None),
        f"{count} real": (few, real_dev, {}, None),
        f"{count} real, overlaps and noise added": (few, real_dev, {"overlap_share": 0.3, "noise_share": 0.3}, None),
        f"{count} real and the generated, mixed": (both, real_dev, {}, None),
        f"the generated, then {count} real": (few, real_dev, FINE_TUNING, NOTHING_REAL),
        f"{REAL_ROWS[1]} real": (real, real_dev, {}, None),
    }


def main():
    """Make, train, score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="experiments whose name contains this")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    source = Dataset(arguments.data / "sichuan_yunnan_station")
    real, real_dev = real_records(source, "train"), real_records(source, "dev")
    test = shifted(real_records(source, "test"), SHIFT_S, seed=1)
    make_noise(real, work / "noise")
    print(make_records(arguments.records, work / "noise", work / "generated"), flush=True)
    made, made_dev = (generated_records(work / "generated", split) for split in ("train", "dev"))
    results = work / "scores.json"
    scores = json.loads(results.read_text()) if results.exists() else {}
    for seed in range(arguments.seeds):
        for name, (train, dev, options, before) in experiments(real, real_dev, made, made_dev).items():
            key = f"{name}/{seed}"
            if key in scores or arguments.only not in name:
                continue
            begin = time.perf_counter()
            config = PickerConfig(**{"steps": arguments.steps, "batch": arguments.batch, "seed": seed, **options})
            weights = before and torch.load(weights_file(work, before, seed), weights_only=True)
            model = train_picker(train, dev, config, start_from=weights, progress=lambda *x: print(*x, flush=True))
            scores[key] = {"best": score_picker(model, test), "all": score_picker(model, test, all_picks=True)}
            torch.save(model.state_dict(), weights_file(work, name, seed))
            results.write_text(json.dumps(scores, indent=1))
            print(key, f"{time.perf_counter() - begin:.0f} s", json.dumps(scores[key]["best"]), flush=True)
    write_tables(scores, arguments.out)


def weights_file(work, name, seed):
    """Where the weights of a run are kept."""
    return work / f"{name.replace(' ', '_').replace(',', '')}_{seed}.pt"


def write_tables(scores, out):
    """One table for each way to count picks."""
    names = list(dict.fromkeys(key.rpartition("/")[0] for key in scores))
    for counted in ("best", "all"):
        rows = []
        for name in names:
            runs = [value[counted] for key, value in scores.items() if key.rpartition("/")[0] == name]
            for phase in ("P", "S"):
                found = [run[phase] for run in runs]
                mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
                rows.append([
                    name, phase, len(found), f"{mean['recall']:.3f}", f"{mean['precision']:.3f}",
                    f"**{mean['f1']:.3f}** [{mean['f1_low']:.3f}, {mean['f1_high']:.3f}]",
                    f"{min(x['f1'] for x in found):.3f} to {max(x['f1'] for x in found):.3f}",
                    f"{mean['mean_s']:+.3f}", f"{mean['sd_s']:.3f}", f"{mean['mae_s']:.3f}",
                ])  # fmt: skip
        write_markdown(
            out / f"picker_{counted}.md",
            ["trained on", "phase", "runs", "recall", "precision", "F1 [95 %]", "F1 of the runs", "mean (s)", "sd (s)",
             "MAE (s)"],
            rows,
        )  # fmt: skip


if __name__ == "__main__":
    main()
