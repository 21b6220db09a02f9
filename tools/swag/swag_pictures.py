"""Real and generated records with the same labels, in time, frequency and both: `swag_pictures.py WEIGHTS DATA`.

    python -m tools.swag.swag_pictures WEIGHTS DATA [--count 3] [--component Z] [--name NAME]

SWaG's figures 3 and 5. DATA is a set in SeisBench's form; records of its part "dev" stand above generated ones of their
labels. NAME.png goes to the folder of the pages.
"""

import argparse
from pathlib import Path

import numpy as np

from seissynth_plugins.swag.labelled import LabelledGenerator
from tools.real_records._real_records import BLACK, BLUE, new_figure, save_picture, styled
from tools.swag._scores import ORDER, fold_records, station_records
from tools.swag.swag_scores import OUT

WINDOW_S = 2.56


@styled
def draw(real, made, labels, rate, component):
    """Four columns: record, its first part, spectrum, spectrogram; two rows for each label."""
    from matplotlib.mlab import specgram

    figure = new_figure(13, 1.6 * 2 * len(real))
    axes = figure.subplots(2 * len(real), 4)
    number = ORDER.index(component)
    time = np.arange(real.shape[-1]) / rate
    for i, (one, other) in enumerate(zip(real, made, strict=True)):
        for row, data, colour, words in ((2 * i, one, BLACK, "real"), (2 * i + 1, other, BLUE, "generated")):
            record = data[number] - data[number].mean()
            whole, part, spectrum, both = axes[row]
            whole.plot(time, record, lw=0.4, color=colour)
            near = (time > labels[i, 0] - 2) & (time < labels[i, 1] + 5)
            part.plot(time[near], record[near], lw=0.6, color=colour)
            for axis in (whole, part):
                for onset in labels[i, :2]:
                    axis.axvline(onset, lw=0.6, color="tab:red")
            taper = np.hanning(len(record))
            level = abs(np.fft.rfft(record * taper)) / rate
            frequency = np.fft.rfftfreq(len(record), 1 / rate)
            spectrum.loglog(frequency[1:], np.maximum(level[1:], 1e-30), lw=0.4, color=colour)
            spectrum.set_xlim(0.1, rate / 2)
            nfft = int(WINDOW_S * rate)
            power, rows, columns = specgram(record, NFFT=nfft, Fs=rate, noverlap=nfft // 2)
            decibel = 10 * np.log10(power + 1e-30)
            top = np.quantile(decibel, 0.995)
            both.pcolormesh(columns, rows, decibel, vmin=top - 60, vmax=top, shading="auto")
            whole.set_ylabel(words)
        axes[2 * i, 0].set_title(f"{component}, M {labels[i, 2]:.1f}, S minus P {labels[i, 1] - labels[i, 0]:.1f} s")
    for axis, words in zip(axes[-1], ("time (s)", "time (s)", "frequency (Hz)", "time (s)"), strict=True):
        axis.set_xlabel(words)
    return figure


def main():
    """Generate and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--fold", type=int, help="DATA is divided by blocks of time: real records of its part test")
    parser.add_argument("--component", default="Z")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--name", default="swag_pictures")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    generator = LabelledGenerator(arguments.weights, steps=arguments.steps)
    if arguments.fold is None:
        records = station_records(arguments.data, "dev")
    else:
        records = fold_records(arguments.data, generator.backend.config, "test", arguments.fold)
    records = records.known_to(generator.inputs)
    records = records.select(np.arange(arguments.first, arguments.first + arguments.count))
    known = [name if name in generator.inputs.names else None for name in records.stations]
    made = generator.records(records.labels, known)
    arguments.out.mkdir(parents=True, exist_ok=True)
    figure = draw(records.waveforms, made, records.labels, records.rate, arguments.component)
    save_picture(figure, arguments.out / f"{arguments.name}.png")


if __name__ == "__main__":
    main()
