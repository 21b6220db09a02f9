"""Time records of counts, with single ideas for speed taken away or added.

    python -m tools.package.time_counts [--rounds 15] [--before FOLDER] [-o docs/_static]

Records are of 60 s at 100 Hz with three components, through the responses with FIR stages of the example's stations,
with the random terms of ensembles. Ideas in use are undone one at a time, and ideas not in use are tried; all take
turns in one process, and the best CPU time of each counts. A ratio is the rate with the idea over the rate without it.
The last column is the share of samples whose bits an idea changes. FOLDER is a checkout of an earlier version, whose
rates are printed, too, in processes of their own before and after all else. Rates are records a second and core.
"""

import argparse
import os
import subprocess
import sys
import time
import warnings
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
from scipy.fft import irfft, rfft

import seissynth
from seissynth.instruments import call_responses, input_units
from seissynth.instruments.call_responses import CallResponses
from seissynth.noise import ambient, models
from seissynth.seeding import generator, hash_words
from seissynth.stream import Instrument, quantize_counts
from tools.real_records._real_records import write_markdown

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static"
DURATION_S = 60.0
NOISE = (None, "nlnm", "auto")
_EARLIER = """
import sys, time, warnings
import seissynth
warnings.simplefilter("ignore")
scene = seissynth.read_example()
for noise in (None, "nlnm", "auto"):
    best = 1e9
    for _ in range(int(sys.argv[1]) + 1):
        begin = time.process_time()
        seissynth.generate(*scene, channel="*", output="RAW", duration=float(sys.argv[2]), noise=noise, realizations=3)
        best = min(best, time.process_time() - begin)
    print(best)
"""
_counts, _record = CallResponses.counts, Instrument.record


def read_for_each_record(instrument, *arguments, **options):
    """`Instrument.record` that knows nothing of responses from the record before."""
    instrument._responses._known.clear()
    return _record(instrument, *arguments, **options)


def forgetful_models(frequencies_hz):
    """`ambient._models` that computes each time."""
    ambient._kept.clear()
    return _ambient_models(frequencies_hz)


_ambient_models = ambient._models


def one_by_one(spectra, nfft, npts):
    """`models._series` with a transform for each channel."""
    return np.stack([irfft(spectrum, nfft)[:npts] for spectrum in spectra])


_padded = {}


def padding_kept(responses, data, channels, rate):
    """`CallResponses.counts` with padded motion in memory that is used again."""
    npts = data.shape[-1]
    for nfft, rows in responses._together(channels, npts, rate):
        motion = _padded.setdefault((nfft, len(rows), npts), np.zeros((len(rows), nfft)))
        motion[:, :npts] = data[rows]
        spectra = rfft(motion, axis=-1)
        for k, spectrum in zip(rows, spectra, strict=True):
            spectrum *= responses.spectrum(channels[k], nfft, rate)
        yield from irfft(spectra, nfft, axis=-1)[:, :npts]


def single_precision(responses, data, channels, rate):
    """`CallResponses.counts` in float32."""
    npts = data.shape[-1]
    for nfft, rows in responses._together(channels, npts, rate):
        spectra = rfft(data[rows].astype(np.float32), nfft, axis=-1)
        for k, spectrum in zip(rows, spectra, strict=True):
            spectrum *= responses.spectrum(channels[k], nfft, rate).astype(np.complex64)
        yield from irfft(spectra, nfft, axis=-1)[:, :npts].astype(np.float64)


_kernels = {}


def short_response(responses, channel, npts, rate):
    """Spectrum of the lags of a response that a record can meet, for transforms as long as those of noise."""
    key = (responses._of(channel)[1], npts, rate)
    if key not in _kernels:
        ((nfft, _),) = responses._together([channel], npts, rate)
        impulse = irfft(responses.spectrum(channel, nfft, rate), nfft)
        lags = np.zeros(models._length(npts))
        lags[:npts], lags[1 - npts :] = impulse[:npts], impulse[np.arange(1 - npts, 0) % nfft]
        _kernels[key] = rfft(lags)
    return _kernels[key]


def short_transforms(responses, data, channels, rate):
    """`CallResponses.counts` with transforms of twice the record, whatever the ringing."""
    npts = data.shape[-1]
    for nfft, rows in responses._together(channels, npts, rate):
        length = models._length(npts)
        if nfft <= length:
            yield from _counts(responses, data[rows], [channels[k] for k in rows], rate)
            continue
        spectra = rfft(np.asarray(data[rows], dtype=np.float64), length, axis=-1)
        for k, spectrum in zip(rows, spectra, strict=True):
            spectrum *= short_response(responses, channels[k], npts, rate)
        yield from irfft(spectra, length, axis=-1)[:, :npts]


def noise_within(instrument, sensor, data, rate, start_time, seed, lead=0):
    """`Instrument.record` with `short_transforms`, and one inverse transform of motion and noise."""
    if instrument.noise is None:
        return _record(instrument, sensor, data, rate, start_time, seed, lead)
    responses, npts = instrument._responses, data.shape[-1]
    nfft = models._length(npts)
    spectra = rfft(np.asarray(data, dtype=np.float64), nfft, axis=-1)
    for channel, spectrum in zip(sensor.channels, spectra, strict=True):
        spectrum *= short_response(responses, channel, npts, rate)
        psd = models.psd_of(instrument.noise, channel, start_time, seed)
        rng = generator(seed, hash_words("noise", *models._place(channel)))
        response = partial(responses.spectrum, channel, sampling_rate_hz=rate)
        spectrum += models._spectrum(psd, nfft, rate, instrument.quantity(channel), rng, response)
    series = irfft(spectra, nfft, axis=-1)[:, :npts]
    return [quantize_counts(row, instrument.clip_counts).astype(np.float32) for row in series]


#: idea -> what undoes it
USED = {
    "spellings of units remembered": [(input_units, "_tidied", input_units._tidied.__wrapped__)],
    "responses read once a call": [(Instrument, "record", read_for_each_record)],
    "levels of the noise models remembered": [
        (models, "_known_scale", models._known_scale.__wrapped__),
        (ambient, "_models", forgetful_models),
    ],
    "the channels of a sensor transformed together": [
        (call_responses, "MOST_TOGETHER", 1),
        (models, "_series", one_by_one),
    ],
}
USED["all of them"] = [step for steps in USED.values() for step in steps]
#: idea -> what adds it
NOT_USED = {
    "padding in memory that is used again": [(CallResponses, "counts", padding_kept)],
    "transforms in single precision": [(CallResponses, "counts", single_precision)],
    "transforms of twice the record's length": [(CallResponses, "counts", short_transforms)],
    "the same, with the noise in the inverse one": [
        (CallResponses, "counts", short_transforms),
        (Instrument, "record", noise_within),
    ],
}


def make(steps, noise, scene):
    """Records with some things replaced; CPU time, s, and samples."""
    with ExitStack() as stack:
        for step in steps:
            stack.enter_context(patch.object(*step))
        begin = time.process_time()
        ensemble = seissynth.generate(
            *scene, channel="*", output="RAW", duration=DURATION_S, noise=noise, realizations=3
        )
        taken = time.process_time() - begin
    return taken, np.concatenate([trace.data for stream in ensemble for trace in stream])


def earlier(folder, rounds):
    """Best CPU times of a checkout, s, in the order of `NOISE`."""
    done = subprocess.run(
        [sys.executable, "-c", _EARLIER, str(rounds), str(DURATION_S)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    return [float(word) for word in done.stdout.split()]


def measure(rounds, before=None):
    """Rows of the table."""
    warnings.simplefilter("ignore", seissynth.errors.SeisSynthWarning)
    scene = seissynth.read_example()
    past = [earlier(before, rounds)] if before else []
    cases = {"": [], **USED, **NOT_USED}
    samples = {(case, noise): make(steps, noise, scene)[1] for case, steps in cases.items() for noise in NOISE}
    best = dict.fromkeys(samples, np.inf)
    for _ in range(rounds):
        for case, steps in cases.items():
            for noise in NOISE:
                best[case, noise] = min(best[case, noise], make(steps, noise, scene)[0])
    records = len(samples["", None]) / (3 * DURATION_S * 100.0)
    rows = [["records a second and core", "", *(f"{records / best['', noise]:.0f}" for noise in NOISE), ""]]
    if before:
        past = np.minimum(*past, earlier(before, rounds))
        rows.insert(0, ["records a second and core, before", "", *(f"{rate:.0f}" for rate in records / past), ""])
    for kind, ideas, power in (("in use", USED, 1), ("not in use", NOT_USED, -1)):
        for case in ideas:
            ratios = [(best[case, noise] / best["", noise]) ** power for noise in NOISE]
            changed = max(np.mean(samples[case, noise] != samples["", noise]) for noise in NOISE)
            rows.append([case, kind, *(f"{ratio:.2f}" for ratio in ratios), f"{100 * changed:.2g} %"])
    return rows


def main():
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--before", type=Path, help="checkout of an earlier version")
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    path = arguments.out / "time_counts.md"
    header = ["idea", "", *(f"noise {noise}" for noise in NOISE), "samples changed"]
    write_markdown(path, header, measure(arguments.rounds, arguments.before))
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
