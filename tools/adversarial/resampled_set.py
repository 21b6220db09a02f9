"""The same records at another sampling rate, and several sets in one: `resampled_set.py OUTPUT RATE SET [SET ...]`.

    python -m tools.adversarial.resampled_set OUTPUT RATE SET [SET ...] [--duration S]

`seissynth dataset cut` refuses to make samples that a sensor did not record. The thesis' WGAN-GP works at 200 Hz, above
the 100 Hz of most records at hand, so its training sets are interpolated here: nothing is added above the Nyquist
frequency of the records. The sets must have one quantity. Where records have different lengths, ``--duration`` cuts
them to one; shorter ones end in zeros, as the thesis pads them.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth.io.seisbench.dataset import Dataset
from seissynth.io.seisbench.write import DatasetWriter
from seissynth.signal.motion import resample_motion
from seissynth.units import UNITS

TOGETHER = 128
#: columns that count samples
_SAMPLES = ("trace_p_arrival_sample", "trace_s_arrival_sample", "trace_missing_samples")


def main():
    """Read, resample, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("rate", type=float, help="Hz")
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--duration", type=float, help="s")
    arguments = parser.parse_args()
    count, first = 0, Dataset(arguments.sets[0])
    quantity = {unit: name for name, unit in UNITS.items()}[first.unit]
    with DatasetWriter(
        arguments.output,
        component_order=first.component_order,
        sampling_rate_hz=arguments.rate,
        unit=first.unit,
        quantity=quantity,
    ) as writer:
        for folder in arguments.sets:
            data = Dataset(folder)
            if (data.unit, data.component_order) != (first.unit, first.component_order):
                raise SystemExit(f"{folder} has another unit or component order than {arguments.sets[0]}.")
            for columns, waveforms in resampled(data, arguments.rate, arguments.duration):
                writer.write(columns, waveforms)
                count += len(waveforms)
    print(f"{count} records at {arguments.rate:g} Hz in {arguments.output}")


def resampled(data, rate, duration=None):
    """Yield columns and samples of a set at another rate, in blocks."""
    table, before = data.metadata, float(data.sampling_rate_hz)
    table = table[[name for name in table if name not in ("trace_name", "trace_chunk")]].copy()
    for name in _SAMPLES:
        if name in table:
            table[name] *= rate / before
    table["trace_sampling_rate_hz"] = rate
    for begin in range(0, len(table), TOGETHER):
        rows = np.arange(begin, min(begin + TOGETHER, len(table)))
        waveforms = resample_motion(data.waveforms(rows), before, rate)
        wanted = waveforms.shape[-1] if duration is None else round(duration * rate)
        held = waveforms[..., :wanted]
        held = np.pad(held, [(0, 0), (0, 0), (0, wanted - held.shape[-1])])
        yield table.iloc[rows].assign(trace_npts=wanted), held


if __name__ == "__main__":
    main()
