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
import pandas as pd

from seissynth.io.seisbench.layout import write_chunks_file
from seissynth.io.seisbench.write import DatasetWriter
from seissynth.units import UNITS
from seissynth_plugins.swag.labelled import LabelledGenerator, draw_labels
from tools.swag._scores import station_records

BLOCK = 500
DEV_SHARE = 0.05


def rows_of(labels, first, rate, station, magnitude_type="ML"):
    """Metadata of some records."""
    network, _, code = station.rpartition(".")
    part = ["dev" if (first + i) % round(1 / DEV_SHARE) == 0 else "train" for i in range(len(labels))]
    return pd.DataFrame(
        {
            "source_id": [f"swag{first + i:06d}" for i in range(len(labels))], "source_magnitude": labels[:, 2],
            "source_magnitude_type": magnitude_type, "station_network_code": network, "station_code": code,
            "trace_category": "earthquake_local", "trace_sampling_rate_hz": rate,
            "trace_p_arrival_sample": labels[:, 0] * rate, "trace_s_arrival_sample": labels[:, 1] * rate, "split": part,
        }
    )  # fmt: skip


def main():
    """Draw labels, make records, write them."""
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
    real = station_records(arguments.data, "train", arguments.labels)
    generator = LabelledGenerator(arguments.weights, steps=arguments.steps, guidance=arguments.guidance, batch=16)
    inputs, rate = generator.inputs, real.rate
    p_range_s = inputs.ranges["p_s"]
    labels = draw_labels(
        *real.labels.T, arguments.records, p_range_s=p_range_s, even_magnitudes=arguments.even, seed=arguments.seed
    )
    station = real.station if real.station in inputs.names else None
    low, high = inputs.ranges["s_minus_p_s"]
    labels[:, 1] = labels[:, 0] + np.clip(labels[:, 1] - labels[:, 0], low, high)
    for first in range(0, len(labels), BLOCK):
        chunk = f"_{first // BLOCK:04d}"
        if (arguments.output / f"metadata{chunk}.csv").is_file():
            continue
        part = labels[first : first + BLOCK]
        made = generator.records(part, station, seed=arguments.seed * 1_000_003 + first)
        with DatasetWriter(
            arguments.output, component_order=inputs.component_order, sampling_rate_hz=rate,
            unit=UNITS[inputs.quantity], chunk=chunk, dtype="float16" if inputs.quantity == "normalised" else "float32",
        ) as writer:  # fmt: skip
            writer.write(rows_of(part, first, rate, real.station), made)
        print(f"{first + len(part)}/{len(labels)}", flush=True)
    write_chunks_file(arguments.output)


if __name__ == "__main__":
    main()
