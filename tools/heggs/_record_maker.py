"""Records of the Ridgecrest folds as models make them that never saw their time; shared by the scripts of HEGGS."""

from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np

from seissynth.io.seisbench.chunked import write_in_chunks
from seissynth.seeding import generator, hash_words
from seissynth.shared.atomic import replacing
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare, to_waveforms
from seissynth_plugins.heggs.observation import at_sensors, generate_observed
from seissynth_plugins.heggs.source_traits import source_predictions, source_residuals
from seissynth_plugins.heggs.training.data import TrainingTable
from seissynth_plugins.heggs.weights import HEGGS, load_model
from seissynth_plugins.ldm.backend import LDM
from seissynth_plugins.torchkit.checkpoints import weights_hash
from tools.heggs._folds import FOLDS
from tools.real_records._predictions import another_record, kept_columns, rows_of_block

KINDS = {"heggs": HEGGS, "ldm": LDM}


def predict(windows, folder, output, folds, **options):
    """Write the predictions of a part of each fold by the weights in ``folder/fold_K``; see `RecordMaker`."""
    rows = (row for fold in folds for row in RecordMaker(windows, folder, fold, **options).records())
    return write_in_chunks(
        output, rows, records_per_chunk=4096, overwrite=True, sampling_rate_hz=100.0, unit="m/s", quantity="velocity"
    )


class RecordMaker:
    """Rows and samples of one fold's earthquakes, draw after draw."""

    def __init__(
        self, windows, folder, fold, *, part="test", draws=5, with_source=False, texture="rayleigh",
        sampling_steps=3, start_share=0.6, mean=False, stations_out=(), seed=0, threads=1,
        kind="heggs", mean_of_draws=False, background="quiet", gated=True, residual_scale=1.0,
        event_scale=1.0, sources="all", spacing="log_snr", same_network=False,
    ):  # fmt: skip
        self.fold, self.draws, self.with_source, self.seed, self.threads = fold, draws, with_source, seed, threads
        self.together, self.background, self.one = mean_of_draws, background, sources == "one"
        self.same_network = same_network
        self.gated = gated
        self.texture = None if texture == "none" else texture
        self.weights = folder / f"fold_{fold}" / "weights.safetensors"
        self.model, self.inputs = _ready(self.weights, kind, event_scale, weights_hash(self.weights))
        self.table = TrainingTable(windows, fold=fold, folds=FOLDS, seed=seed)
        block, sensors = rows_of_block(self.table, part), self.table.table[["sensor", "station_code"]]
        out = sensors.iloc[block].isin(stations_out).any(axis=1).to_numpy()
        self.rows, self.sources = (block[out], block[~out]) if stations_out else (block, block)
        start = "condition" if getattr(self.model.config, "source_input", False) else "noised"
        step = max(round(start_share * self.model.config.steps), 1)
        self.sampling = Sampling(
            steps=sampling_steps, start=start, start_step=step, spread=0.0 if mean else residual_scale, spacing=spacing
        )
        self.sampling_without_spread = replace(self.sampling, spread=False)

    def records(self):
        """Yield (columns, samples)."""
        columns = self.table.table.iloc[self.rows]
        conditions = self.inputs.conditions(columns)
        onsets = self.inputs.onsets(columns)
        drawn = (self.draw(number, conditions, onsets) for number in range(self.draws))
        if self.together:
            drawn = [_mean(list(drawn))]
        kept = kept_columns(columns)
        for x, seeds in drawn:
            records = to_waveforms(
                x, self.inputs.inverted, self.inputs.statistics, seeds, texture=self.texture, workers=self.threads,
                onsets=onsets if self.gated else None,
            )  # fmt: skip
            for number, data in enumerate(records):
                yield columns.iloc[number][kept].to_dict(), data

    def draw(self, draw, conditions, onsets):
        """Return spectrograms of a draw, and the seeds of its records."""
        seeds = self._seeds(draw)
        event_seeds = [hash_words("noise", self.seed, draw, name) for name in self._events(self.rows)]
        traits, columns = self._traits if self.with_source else None, self.table.table.iloc[self.rows]
        sensors = self.table.sensors(self.rows)
        if self.model.residuals is not None and (traits is None or all(one is not None for one in traits.known)):
            # the network takes no source then, and predicts the same in every kind of row
            x = at_sensors(
                self.model, self.inputs, self.network_draw(0 if self.same_network else draw), conditions, seeds,
                event_seeds, sensors, onsets, traits=traits, drawn=self.sampling.spread, background=self.background,
                columns=columns, from_source=self.with_source,
            )  # fmt: skip
            return x, seeds
        x = generate_observed(
            self.model, self.inputs, conditions, seeds, event_seeds, sensors, onsets,
            source=self._sources(draw) if self.with_source else None, traits=traits, sampling=self.sampling,
            background=self.background, columns=columns,
        )  # fmt: skip
        return x, seeds

    def _seeds(self, draw):
        return generator(hash_words("heggs ridgecrest", self.seed, self.fold), draw).integers(
            2**62, size=len(self.rows)
        )

    def network_draw(self, draw):
        """Return what the network predicts of all rows from the conditions alone."""
        columns = self.table.table.iloc[self.rows]
        onsets = self.inputs.onsets(columns)
        taken = onsets if self.model.config.unet.onset_maps else None

        def predict():
            conditions, sampling = self.inputs.conditions(columns), self.sampling_without_spread
            return generate_spectrograms(self.model, conditions, self._seeds(draw), None, taken, sampling)

        return self._kept(f"draw {draw}", predict)

    def source_draw(self):
        """Return what the network predicts at the sources, for `source_residuals`."""
        columns = self.table.table.iloc[self.sources]
        of = self.inputs.conditions(columns), self.table.sensors(self.sources), self.inputs.onsets(columns)
        return self._kept("sources", lambda: source_predictions(self.model, *of))

    def _kept(self, name, predict):
        """A prediction of the network, kept beside the weights: most of the time of a row goes there.

        The name of the file holds the hash of the weights, and that of rows and options.
        """
        sampling, rows = self.sampling, (*map(int, self.rows), "sources", *map(int, self.sources))
        options = (name, self.seed, sampling.steps, sampling.spacing, sampling.method, *rows)
        digest = f"{hash_words('kept prediction', *options):016x}"
        path = self.weights.with_name(f"network_{weights_hash(self.weights)}_{digest}.npy")
        if not path.exists():
            with replacing(path) as beside, beside.open("wb") as file:
                np.save(file, predict(), allow_pickle=False)
        return np.load(path, allow_pickle=False)

    def traits(self, rows):
        """Return what the other records of the earthquakes of some rows say."""
        return self._traits.select(rows)

    def _events(self, rows):
        return self.table.table["source_id"].iloc[rows].to_numpy()

    def _encode(self, rows):
        parts = np.array_split(rows, max(1, len(rows) // 64))
        return np.concatenate([self.inputs.encode(self.table.waveforms(p), self.table.sensors(p)) for p in parts])

    @cached_property
    def _traits(self):
        """Information from the other records of each row's earthquake."""
        if self.inputs.site_noise is None:
            return None
        columns = self.table.table.iloc[self.sources]
        mask = self.inputs.spectrogram.frames_before(columns["mask_end_s"].to_numpy()).astype(bool)
        found = source_residuals(
            self.model, self.inputs, self._encode(self.sources), self.inputs.conditions(columns),
            self.table.sensors(self.sources), self.inputs.onsets(columns), mask, columns, self.source_draw(),
        )  # fmt: skip
        events = self._events(self.sources)
        others = [
            np.flatnonzero((events == event) & (self.sources != row))
            for row, event in zip(self.rows, self._events(self.rows), strict=True)
        ]
        if self.one:  # as `_sources` chooses for the first draw
            stream = hash_words("source", self.seed)
            chosen = [another_record(self.table, self.sources, row, generator(stream, int(row))) for row in self.rows]
            others = [np.flatnonzero(self.sources == row) for row in chosen]
        onsets = self.inputs.onsets(self.table.table.iloc[self.rows])
        return found.traits(others, onsets, self.inputs.frame_times_s)

    def _sources(self, draw):
        """Log-spectrogram of another record of each row's earthquake."""
        stream = hash_words("source", self.seed + draw)
        chosen = np.array(
            [another_record(self.table, self.sources, row, generator(stream, int(row))) for row in self.rows]
        )
        return self._encode(chosen)


@lru_cache(maxsize=FOLDS)
def _ready(weights, kind, event_scale, _):
    """Weights ready for use; kept, since what their residual model has drawn for a region takes a minute again."""
    model, inputs, _ = load_model(weights, kind=KINDS[kind])
    if event_scale != 1:
        model.residuals.scale_events(event_scale)
    return prepare(model), inputs


def _mean(drawn):
    return np.mean([x for x, _ in drawn], axis=0), drawn[0][1]
