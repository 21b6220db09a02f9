"""Metrics during a training, on the validation part: errors of one step, and of generated records."""

import numpy as np
import torch

from seissynth_plugins.heggs.generation import START_SHARE, Sampling, generate_spectrograms
from seissynth_plugins.heggs.networks.blocks import run
from seissynth_plugins.heggs.networks.model import Heggs

STEPS = 10
#: Griffin-Lim iterations: enough for envelopes and peaks
_ITERATIONS = 16
_LEAST = 1e-30


class Monitored:
    """A network whose validation also generates records, two draws each with and without source.

    Parameters
    ----------
    config : HeggsConfig
    inputs : ModelInputs

    Notes
    -----
    Figures beside those of the network's own `validation_loss`, for "with" and "without" a source: ``_mse`` (masked
    spectrogram error), ``_envelope`` (correlation of the envelopes under the mask), ``_pga_bias`` and ``_pga_square``
    (mean and mean square of ln PGA generated minus observed; geometric mean of the components), ``_draw_variance`` (of
    ln PGA between two draws). A standard deviation is ``sqrt(square - bias²)``, of all records.
    """

    def __init__(self, config, inputs):
        super().__init__(config)
        self.inputs = inputs
        self.set_standardisation(inputs.statistics.mean, inputs.statistics.sd)

    def correct(self, x):
        """Correct amplitudes in float32: layers over few channels are slower in bfloat16 on a CPU, and less exact."""
        with torch.autocast(x.device.type, enabled=False):
            return super().correct(x.float())

    def validation_loss(self, batch):
        """Return the figures of a batch; those of generated records where it holds "record" and "mask_end_s"."""
        figures = super().validation_loss(batch)
        if "record" in batch:
            for name, source in (("with", batch["source"]), ("without", None)):
                figures |= {f"{name}_{key}": value for key, value in self._generate(batch, source).items()}
        return figures

    def _generate(self, batch, source):
        n, config = len(batch["target"]), self.config
        start = "condition" if getattr(config, "source_input", False) else "noised"
        sampling = Sampling(
            steps=min(STEPS, config.steps), start=start, start_step=max(round(START_SHARE * config.steps), 1), batch=n
        )
        rows = batch["row"].cpu().numpy().astype(np.int64)
        arrays = [None if x is None else x.cpu().numpy() for x in (batch["condition"], source, batch.get("onsets"))]
        real = batch["record"].cpu().numpy()
        inside = _samples_before(batch["mask_end_s"].cpu().numpy(), real.shape[-1], self.inputs)
        wanted = _ln_pga(real, inside)
        errors, envelopes, residuals = [], [], []
        for draw in range(2):
            seeds = 2 * rows + draw
            generated = generate_spectrograms(self, arrays[0], seeds, arrays[1], arrays[2], sampling)
            target = batch["target"]
            error = self.squared_error(torch.from_numpy(generated).to(target), target, batch.get("mask"))
            errors.append(float(error.mean()))
            records = self.inputs.decode(_bounded(generated), seeds, iterations=_ITERATIONS)
            envelopes.append(_envelope_correlation(real, records, inside))
            residuals.append(_ln_pga(records, inside) - wanted)
        residuals = np.stack(residuals)
        return {
            "mse": np.mean(errors),
            "envelope": np.mean(envelopes),
            "pga_bias": residuals.mean(),
            "pga_square": (residuals**2).mean(),
            "draw_variance": ((residuals[0] - residuals[1]) ** 2).mean() / 2,
        }


class MonitoredHeggs(Monitored, Heggs):
    """HEGGS that is watched; with "raw_latent_std", of the encoder before any normalisation."""

    def validation_loss(self, batch):
        """Return the figures of a batch."""
        figures = super().validation_loss(batch)
        # what drifts where nothing ties the latent
        figures["raw_latent_std"] = run(self.encoder, batch["target"]).float().std()
        return figures


def _bounded(spectrograms):
    """Keep what an untrained network says within what a record can hold."""
    return np.clip(np.nan_to_num(spectrograms), -8.0, 8.0)


def _samples_before(end_s, npts, inputs):
    rate = inputs.spectrogram.sampling_rate_hz
    return (np.arange(npts) / rate < np.nan_to_num(end_s, nan=np.inf)[:, None])[:, None]


def _ln_pga(records, inside):
    """Logarithm of the geometric mean of the peaks of the difference quotient; differences of it are those of PGA."""
    peaks = np.abs(np.diff(records, axis=-1) * inside[..., 1:]).max(axis=-1)
    return np.log(np.maximum(peaks, _LEAST)).mean(axis=-1)


def _envelope_correlation(real, generated, inside):
    from seissynth.evaluation.groups.similarity import correlation, smoothed_envelope

    envelopes = (smoothed_envelope(x, 100.0) for x in (real, generated))
    values = correlation(*envelopes, np.broadcast_to(inside, real.shape))
    return float(np.nan_to_num(values).mean())
