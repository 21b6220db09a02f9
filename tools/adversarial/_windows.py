"""Real windows and generated ones of the same conditions, for the scripts beside."""

import importlib

import numpy as np

from seissynth import get_backend
from seissynth.representations import ScaledWaveform
from seissynth.seeding import generator, hash_words
from seissynth_plugins.torchkit.checkpoints import read_header
from seissynth_plugins.torchkit.gan_training import gan_rules
from seissynth_plugins.torchkit.training_table import TrainingTable, evenly_chosen
from seissynth_plugins.torchkit.waveform_data import WaveformData
from seissynth_plugins.torchkit.waveform_inputs import restore_waveforms
from seissynth_plugins.torchkit.weights import load_model
from tools.real_records._predictions import another_record

SYSTEMS = ("seismogen", "wgan_gp", "conseisgen", "bbgan", "dgm")


def system_of(name):
    """Return the `GanSystem` of a backend."""
    return importlib.import_module(f"seissynth_plugins.{name}.training").SYSTEM


class TrainedGan:
    """Weights, and the records of their training set in the same parts.

    Parameters
    ----------
    weights : path
    data : path
        The set that they were trained on.
    fold : int, optional
        Whose parts are taken; default: that of the weights.
    """

    def __init__(self, weights, data, fold=None):
        name = weights_kind(weights)
        self.backend = get_backend(name)(weights=weights)
        self.backend.load()
        about = read_header(weights)
        self.rate = float(self.backend.config.sampling_rate_hz)
        rules = gan_rules(system_of(name), self.backend.config, data)
        fold = about.get("fold") if fold is None else fold
        self.table = TrainingTable(data, rules, fold=fold, folds=about.get("folds") or 5)
        self.name = name
        self.network = load_model(weights, self.backend.kind)[0].eval()

    def windows(self, part, count):
        """Return real windows, (n, 3, npts) in the set's unit, where they may be compared, and their rows.

        Parameters
        ----------
        part : str
        count : int
            At most so many, evenly chosen.
        """
        rows = evenly_chosen(self.table.rows(part), count)
        data = WaveformData(
            self.table, self.backend.inputs, self.backend.config.npts, rows, alignment=self.backend.alignment,
            lead_s=self.backend.lead_s,
        )  # fmt: skip
        items = [data.item(i, 0)["mask"][0] for i in range(len(data))]
        return np.stack([data.record(i) for i in range(len(data))]), np.stack(items), rows

    def made(self, rows, draw):
        """Return generated windows with the conditions of some rows, and where weights take one with a source record.

        The source of a draw is another record of the same earthquake.
        """
        seeds = np.array([hash_words("gan scores", draw, int(row)) for row in rows], dtype=np.uint64)
        source = None
        if self.backend.takes_source:
            if self.backend.alignment != "origin":
                raise SystemExit(f"{self.name}: sources are taken from origin on, these weights begin at P")
            every = np.arange(len(self.table.table))
            words = hash_words("gan scores", "source", draw)
            chosen = [another_record(self.table, every, row, generator(words, int(row))) for row in rows]
            source = self.table.waveforms(chosen)[..., : self.backend.config.npts]
        return self.backend.make(self.table.table.iloc[rows].reset_index(drop=True), seeds, source)

    def sized(self, unit_records, rows, draw):
        """Give records of any size the sizes that the training set's model has for some rows."""
        rng = np.random.default_rng([draw, 7])
        inputs = self.backend.inputs
        if inputs.sizes is None:
            log_scale = np.zeros((len(rows), 3))
        else:
            log_scale = inputs.sizes.draw(self.table.table.iloc[rows], rng.standard_normal((len(rows), 3)))
        return restore_waveforms(unit_records, log_scale, inputs.scaling)


def weights_kind(path):
    """Return the name of the backend that a file of weights is for."""
    return read_header(path)["class"]


def shaped_noise(train, count, seed, enveloped=False):
    """Noise with the mean amplitude spectrum of some windows; also with their mean envelope in time.

    Parameters
    ----------
    train : ndarray, shape (m, 3, npts)
    count : int
    seed : int
    enveloped : bool

    Returns
    -------
    ndarray, shape (count, 3, npts)
    """
    unit = ScaledWaveform("zscore").encode(train)[0]
    spectrum = np.sqrt(np.square(abs(np.fft.rfft(unit))).mean(axis=0))
    rng = np.random.default_rng([seed, 1])
    white = rng.standard_normal((count, *unit.shape[1:]))
    noise = np.fft.irfft(np.fft.rfft(white) * spectrum, unit.shape[-1])
    if not enveloped:
        return noise
    power = np.square(unit).mean(axis=0)
    width = max(unit.shape[-1] // 64, 1)
    smooth = np.stack([np.convolve(row, np.ones(width) / width, "same") for row in power])
    return noise * np.sqrt(smooth)
