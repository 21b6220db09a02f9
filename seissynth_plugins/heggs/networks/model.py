"""HEGGS: encoder, U-Net, decoder and amplitude correction in one network, and the loss that trains them together."""

import torch
from torch import nn

from seissynth.errors import InputError
from seissynth_plugins.heggs.networks.acm import AmplitudeCorrection
from seissynth_plugins.heggs.networks.autoencoder import Decoder, Encoder
from seissynth_plugins.heggs.networks.blocks import run
from seissynth_plugins.heggs.networks.condition_encoder import ConditionEncoder
from seissynth_plugins.heggs.networks.config import SPECTROGRAM
from seissynth_plugins.heggs.networks.unet import UNet
from seissynth_plugins.heggs.residual_memory import ResidualMemory
from seissynth_plugins.heggs.residual_mover import ResidualMover
from seissynth_plugins.heggs.spread import ResidualSpread
from seissynth_plugins.torchkit.noise import NoiseSchedule

#: bins inside 1 to 45 Hz (0.78125 Hz apart); the others hold the skirts of the filter and count in no loss
BAND = (2, 57)
#: keeps a latent without variance from being divided by zero
_LEAST_VARIANCE = 1e-6


class Standardised(nn.Module):
    """A network on standardised spectrograms: their statistics, and errors over 1 to 45 Hz.

    Parameters
    ----------
    config : dataclass
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.acm = None
        shape = (SPECTROGRAM[0], SPECTROGRAM[1], 1)
        self.register_buffer("log_mean", torch.zeros(shape))
        self.register_buffer("log_deviation", torch.ones(shape))
        band = torch.zeros(1, SPECTROGRAM[1], 1)
        band[:, BAND[0] : BAND[1] + 1] = 1
        self.register_buffer("band", band, persistent=False)

    def set_standardisation(self, mean, deviation):
        """Keep the statistics of ln A that spectrograms were standardised with.

        Parameters
        ----------
        mean, deviation : array_like, shape (3, 64) or (64,)
            ``ln A = mean + deviation X``.
        """
        shape = SPECTROGRAM[:2]
        for name, buffer, values in (("mean", self.log_mean, mean), ("deviation", self.log_deviation, deviation)):
            values = torch.as_tensor(values, dtype=torch.float32)
            if tuple(values.shape) not in (shape, shape[1:]) or not torch.isfinite(values).all():
                raise InputError(f"{name} has shape {tuple(values.shape)}; give {shape} or {shape[1:]} finite values.")
            if name == "deviation" and not (values > 0).all():
                raise InputError(f"deviation is {values.min():g} in a bin; it must be above 0.")
            buffer.copy_(values.expand(shape)[..., None])

    def correct(self, x):
        """Correct the amplitudes of decoded spectrograms, where there is a correction."""
        return x if self.acm is None else run(self.acm, x, self.log_mean, self.log_deviation)

    def weights(self, x, mask=None):
        """Return what each cell of `x` counts: 1 to 45 Hz, under the mask; shape of `x`."""
        return (self.band if mask is None else self.band * mask.to(x.dtype)).expand_as(x)

    def squared_error(self, predicted, wanted, mask=None):
        """Return each record's mean squared error over 1 to 45 Hz, shape (N,).

        Parameters
        ----------
        predicted, wanted : Tensor, shape (N, 3, 64, 376)
        mask : Tensor, broadcast over the spectrogram, optional
            Weights, 0 to 1: (N, 1, 1, 376) for a mask over time, (N, 3, 1, 1) for missing components, or any product.
            A record without any weight has error 0.
        """
        return self._mean_error(torch.square, predicted, wanted, mask)

    def absolute_error(self, predicted, wanted, mask=None):
        """Return each record's mean absolute error, see `squared_error`."""
        return self._mean_error(torch.abs, predicted, wanted, mask)

    def _mean_error(self, measure, predicted, wanted, mask):
        weight = self.weights(predicted, mask)
        # wanted may be anything, NaN too, where the mask is zero
        difference = torch.where(weight > 0, predicted - wanted, 0)
        return (weight * measure(difference)).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp(min=1e-9)


class SpectrogramModel(Standardised):
    """Noise process, condition encoder and U-Net that HEGGS and LDM share.

    Parameters
    ----------
    config : HeggsConfig or LdmConfig
    """

    def __init__(self, config):
        super().__init__(config)
        self.schedule = NoiseSchedule(config.schedule, config.steps, config.zero_terminal_snr)
        self.condition_encoder = ConditionEncoder(config.condition)
        source_input = getattr(config, "source_input", False)
        self.unet = UNet(config.unet, config.condition, config.latent_shape, source_input)
        self.residuals = ResidualMemory(config.residuals, config.residual_records) if config.residuals else None
        self.residual_flow = ResidualMover(config.flow_stations, config.residual_flow) if config.residual_flow else None

    def check_values(self, path):
        """Raise FileFormatError if arrays of a file of weights, beside those of the network, cannot be used."""
        if self.residuals is not None:
            self.residuals.check_values(path)
        if self.residual_flow is not None:
            self.residual_flow.check_values(path)

    def predict(self, z, t, condition, source=None, onsets=None):
        """Return the clean target latent that the U-Net sees in a noised one.

        Parameters
        ----------
        z : Tensor, shape (N, *latent_shape)
        t : Tensor of int, shape (N,)
        condition : Tensor, shape (N, condition.size)
            Normalised condition vectors.
        source : Tensor, shape of `z`, optional
            Clean latent of the source, for configurations with `source_input`.
        onsets : Tensor, shape (N, onset_maps), optional
            Predicted onsets, s after origin; NaN is unknown.
        """
        return self.denoise(z, t, self.context(condition), source, onsets)

    def context(self, condition):
        """Return the tokens of condition vectors: (N, condition.size) -> (N, tokens, width)."""
        return run(self.condition_encoder, condition)

    def denoise(self, z, t, context, source=None, onsets=None):
        """Return what `predict` does, from the tokens of the condition."""
        return self.finish_latent(run(self.unet, z, t, context, source, onsets))

    def finish_latent(self, z):
        """Return latents scaled for the noise process; here unchanged."""
        return z


class Heggs(SpectrogramModel):
    """The network of HEGGS.

    Parameters
    ----------
    config : HeggsConfig

    Notes
    -----
    Shapes of `paper` and `small`: spectrogram X (N, 3, 64, 376), standardised ln A; latent z (N, C, 16, 94);
    condition (N, 11).

    Training minimises ``w(t) || X_tgt - ACM(D(m(z_t, c_tgt, t))) ||²`` with
    ``z_t = sqrt(abar_t) E(X_src) + sqrt(1 - abar_t) eps`` (eq. 9), over all networks at once, and with it, where the
    configuration gives them a weight, ``|| X_tgt - D(E(X_tgt)) ||²`` (before the correction) and
    ``|| m - sg E(X_tgt) ||²`` (eq. 8). Spectrogram errors count 1 to 45 Hz under the batch's mask.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.heggs.networks.named_configs import named_config
    >>> from seissynth_plugins.heggs.networks.model import Heggs
    >>> model = Heggs(named_config("tiny")).eval()
    >>> X = torch.zeros(2, 3, 64, 376)
    >>> z = model.encode(X)
    >>> z.shape, model.predict(z, torch.tensor([1, 100]), torch.zeros(2, 11)).shape, model.decode(z).shape
    (torch.Size([2, 4, 16, 94]), torch.Size([2, 4, 16, 94]), torch.Size([2, 3, 64, 376]))
    """

    def __init__(self, config):
        super().__init__(config)
        self.encoder = Encoder(config.autoencoder)
        self.decoder = Decoder(config.autoencoder)
        self.acm = None if config.acm is None else AmplitudeCorrection(config.acm)
        self.spread = ResidualSpread(config.spread) if config.spread else None

    def encode(self, x):
        """Return latents of spectrograms: (N, 3, 64, 376) -> (N, *latent_shape)."""
        return self.finish_latent(run(self.encoder, x))

    def finish_latent(self, z):
        """Return latents with mean 0 and variance 1 over each record's cells, where the configuration says so."""
        if not self.config.normalise_latents:
            return z
        variance, mean = torch.var_mean(z, dim=(1, 2, 3), correction=0, keepdim=True)
        return (z - mean) * (variance + _LEAST_VARIANCE).rsqrt()

    def decode(self, z, corrected=True):
        """Return spectrograms of latents: (N, *latent_shape) -> (N, 3, 64, 376).

        Parameters
        ----------
        z : Tensor, shape (N, *latent_shape)
        corrected : bool
            Correct the amplitudes; False stops before the correction.
        """
        x = run(self.decoder, z)
        return self.correct(x) if corrected else x

    def forward(self, source, condition, t, noise, onsets=None):
        """Return the target's spectrogram that is predicted from the source's at one time step (eq. 9).

        Parameters
        ----------
        source : Tensor, shape (N, 3, 64, 376)
        condition : Tensor, shape (N, 11)
        t : Tensor of int, shape (N,)
        noise : Tensor, shape (N, *latent_shape)
        onsets : Tensor, shape (N, onset maps), optional

        Returns
        -------
        Tensor, shape (N, 3, 64, 376)
        """
        z = self.encode(source)
        source_latent = z if self.config.source_input else None
        return self.decode(self.predict(self.schedule.add_noise(z, noise, t), t, condition, source_latent, onsets))

    def loss(self, batch, generator=None):
        """Return the loss of a batch and the values to log.

        Parameters
        ----------
        batch : dict
            "source", "target": Tensor, shape (N, 3, 64, 376); "condition": Tensor, shape (N, 11); optional "mask"
            (see `squared_error`), "onsets" (N, onset maps), "t" (N,) and "noise" (N, *latent_shape), which are drawn
            where they are not given.
        generator : torch.Generator, optional
            Source of random numbers, on the CPU; None: torch's own.

        Returns
        -------
        dict of str to Tensor
            "loss", with gradient; without it "spectrogram" (eq. 9, unweighted), "latent_std" of the encoder, and
            "autoencoder", "latent" (errors of the two ties) where they have a weight.
        """
        config, target, mask = self.config, batch["target"], batch.get("mask")
        count, source = len(target), batch["source"]
        if config.same_share:
            same = torch.rand(count, generator=generator).to(target.device) < config.same_share
            source = torch.where(same[:, None, None, None], target, source)
        t, noise = draw_noise(batch, self.schedule, (count, *config.latent_shape), generator)
        if config.last_share and "t" not in batch:
            last = torch.rand(count, generator=generator).to(t.device) < config.last_share
            t = torch.where(last, config.steps, t)
        z, z_target = self._encode_pair(source, target)
        source_latent = None
        if config.source_input:
            dropped = torch.rand(count, generator=generator).to(target.device) < config.source_drop
            source_latent = z.masked_fill(dropped[:, None, None, None], float("nan"))
        noised = self.schedule.add_noise(z if config.noised == "source" else z_target, noise, t)
        m = self.predict(noised, t, batch["condition"], source_latent, batch.get("onsets"))
        tied = config.autoencoder_weight > 0
        # one pass of the decoder for predicted latents and for latents that are only encoded and decoded
        decoded = run(self.decoder, torch.cat([m, z_target]) if tied else m)
        error = self.squared_error(self.correct(decoded[:count]), target, mask)
        loss = (self.schedule.weight(t, config.loss_weight) * error).mean()
        logs = {"spectrogram": error.mean(), "latent_std": z.std()}
        if tied:
            logs["autoencoder"] = self.squared_error(decoded[count:], target, mask).mean()
            loss = loss + config.autoencoder_weight * logs["autoencoder"]
        if config.latent_weight:
            logs["latent"] = (m - z_target.detach()).square().mean()
            loss = loss + config.latent_weight * logs["latent"]
        return {"loss": loss, **{name: value.detach() for name, value in logs.items()}}

    def _encode_pair(self, source, target):
        """Latents of both, in one pass; of the source alone where the configuration has no use for the target's."""
        config = self.config
        if config.noised == "source" and not (config.autoencoder_weight or config.latent_weight):
            return self.encode(source), None
        return self.encode(torch.cat([source, target])).chunk(2)

    def validation_loss(self, batch):
        """Return errors of single generation steps, with the same draws in every call.

        Parameters
        ----------
        batch : dict
            As for `loss`.

        Returns
        -------
        dict of str to Tensor
            "with_source": from the noised source (drawn steps), or, with `source_input`, from noise and the source;
            "without_source": from noise alone; "loss": the mean of both; and "autoencoder", "latent_std".
        """
        config, target, mask = self.config, batch["target"], batch.get("mask")
        count, onsets = len(target), batch.get("onsets")
        t, noise = draw_noise(batch, self.schedule, (count, *config.latent_shape))
        last = torch.full_like(t, config.steps)
        z_source, z_target = self.encode(torch.cat([batch["source"], target])).chunk(2)
        context = self.context(batch["condition"])

        def error(z, t, source_latent=None):
            return self.squared_error(
                self.decode(self.denoise(z, t, context, source_latent, onsets)), target, mask
            ).mean()

        if config.source_input:
            with_source = error(noise, last, z_source)
        else:
            with_source = error(self.schedule.add_noise(z_source, noise, t), t)
        without = error(noise, last)
        autoencoder = self.squared_error(self.decode(z_target, corrected=False), target, mask).mean()
        return {
            "loss": (with_source + without) / 2,
            "with_source": with_source,
            "without_source": without,
            "autoencoder": autoencoder,
            "latent_std": z_target.std(),
        }


def draw_noise(batch, schedule, shape, generator=None):
    """Return the time steps and the noise of a batch: those that it holds, or drawn ones."""
    like = batch["target"]
    t = batch.get("t")
    if t is None:
        t = schedule.draw_steps(shape[0], generator=generator).to(like.device)
    noise = batch.get("noise")
    return t, torch.randn(shape, generator=generator).to(like.device) if noise is None else noise
