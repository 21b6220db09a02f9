"""The Ridgecrest windows that SWaG is trained on: picked, and with one earthquake for long enough.

    python -m tools.swag.swag_ridgecrest_set SET OUTPUT [--clear 12]

SET is what ``seissynth dataset cut --start -5 --picker PHASENET`` made of the Ridgecrest records. Kept are windows with
a picked P and S at least ``--clear`` seconds before the next earthquake, and all windows of noise. Aftershocks follow
each other every 20 to 40 s here, so most windows hold another earthquake later on; what the labels say nothing of is
left to chance, as in the records of a station.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.data.pairs import PICKED
from seissynth.io.seisbench.dataset import Dataset
from seissynth.io.seisbench.write import DatasetWriter

TOGETHER = 256


def main():
    """Select, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--clear", type=float, default=12.0, help="s after S without another earthquake")
    arguments = parser.parse_args()
    data = Dataset(arguments.set)
    table = data.metadata
    rate = float(data.sampling_rate_hz)
    picked = table["trace_p_status"].isin(PICKED) & table["trace_s_status"].isin(PICKED)
    s = table["trace_s_arrival_sample"] / rate
    free = s + arguments.clear <= table["trace_mask_end_s"].fillna(np.inf)
    later = table["trace_s_arrival_sample"] > table["trace_p_arrival_sample"]
    noise = table["trace_category"] == "noise"
    rows = np.flatnonzero(noise | (picked & free & later))
    columns = [name for name in table if name not in ("trace_name", "trace_chunk")]
    with DatasetWriter(
        arguments.output, component_order=data.component_order, sampling_rate_hz=rate, unit=data.unit,
        quantity="velocity",
    ) as writer:  # fmt: skip
        for first in range(0, len(rows), TOGETHER):
            part = rows[first : first + TOGETHER]
            waveforms = data.waveforms(part, component_order=data.component_order)
            writer.write(table.iloc[part][columns], waveforms)
    count = int((~noise).iloc[rows].sum())
    print(f"{count} of {int((~noise).sum())} windows, {len(rows) - count} of noise, in {arguments.output}")


if __name__ == "__main__":
    main()
