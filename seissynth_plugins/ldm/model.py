"""The second stage of the baseline: diffusion on the frozen latents of the variational autoencoder."""

import torch

from seissynth.errors import InputError
from seissynth_plugins.heggs.networks.model import SpectrogramModel, draw_noise
from seissynth_plugins.ldm.vae import VAE


class LatentDiffusion(SpectrogramModel):
    """The network of the baseline; the autoencoder inside does not train.

    Parameters
    ----------
    config : LdmConfig
    vae : VAE, optional
        A trained first stage of the same configuration; None starts from one without training, whose values a
        checkpoint then replaces.

    Notes
    -----
    Equations 15 and 16 print a norm without its square; the squared error is meant, as in equations 2 and 8.

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.ldm.config import named_config
    >>> from seissynth_plugins.ldm.model import LatentDiffusion
    >>> model = LatentDiffusion(named_config("tiny")).eval()
    >>> z = model.encode(torch.zeros(1, 3, 64, 376))
    >>> z.shape, model.decode(z).shape
    (torch.Size([1, 4, 16, 94]), torch.Size([1, 3, 64, 376]))
    """

    def __init__(self, config, vae=None):
        super().__init__(config)
        self.vae = VAE(config) if vae is None else vae
        self.vae.requires_grad_(False)
        self.register_buffer("latent_scale", torch.ones(()))
        self.log_mean.copy_(self.vae.log_mean)
        self.log_deviation.copy_(self.vae.log_deviation)

    def set_standardisation(self, mean, deviation):
        """Keep the statistics of ln A, here and in the autoencoder."""
        super().set_standardisation(mean, deviation)
        self.vae.set_standardisation(mean, deviation)

    def set_latent_scale(self, x):
        """Scale latents to variance 1 for `x`, (N, 3, 64, 376) (Rombach et al. 2022, section G)."""
        with torch.no_grad():
            deviation = self.vae.posterior(x)[0].std()
        if not torch.isfinite(deviation) or deviation == 0:
            raise InputError(f"the latents of these {len(x)} spectrograms have a standard deviation of {deviation:g}.")
        self.latent_scale.copy_(1 / deviation)

    def train(self, mode=True):
        """Set the mode of the diffusion part; the autoencoder stays in evaluation mode."""
        super().train(mode)
        self.vae.eval()
        return self

    def encode(self, x):
        """Return the means of the latents, scaled: (N, 3, 64, 376) -> (N, *latent_shape)."""
        with torch.no_grad():
            return self.vae.posterior(x)[0] * self.latent_scale

    def decode(self, z):
        """Return spectrograms of scaled latents: (N, *latent_shape) -> (N, 3, 64, 376)."""
        return self.vae.decode(z / self.latent_scale)

    def loss(self, batch, generator=None):
        """Return the loss of a batch and the values to log.

        Parameters
        ----------
        batch : dict
            As for `Heggs.loss`; "source" is used only with pairs.
        generator : torch.Generator, optional
            On the CPU.

        Returns
        -------
        dict of str to Tensor
            "loss" with gradient, "latent" (unweighted) without; outside training also "spectrogram".
        """
        config, target = self.config, batch["target"]
        z_target = self.encode(target)
        z = self.encode(batch["source"]) if config.pairs else z_target
        t, noise = draw_noise(batch, self.schedule, (len(target), *config.latent_shape), generator)
        noised = self.schedule.add_noise(z, noise, t)
        m = self.predict(noised, t, batch["condition"], onsets=batch.get("onsets"))
        error = (m - z_target).square().mean((1, 2, 3))
        logs = {"loss": (self.schedule.weight(t, config.loss_weight) * error).mean(), "latent": error.mean().detach()}
        if not self.training:
            with torch.no_grad():
                logs["spectrogram"] = self.squared_error(self.decode(m), target, batch.get("mask")).mean()
        return logs

    def validation_loss(self, batch):
        """Return errors of single generation steps, with the same draws in every call.

        Parameters
        ----------
        batch : dict
            As for `loss`.

        Returns
        -------
        dict of str to Tensor
            "loss": of the latent, as in training; "with_source": of the spectrogram from the noised source (drawn
            steps); "without_source": from noise alone; "autoencoder": of records only encoded and decoded.
        """
        target, mask, onsets = batch["target"], batch.get("mask"), batch.get("onsets")
        t, noise = draw_noise(batch, self.schedule, (len(target), *self.config.latent_shape))
        context = self.context(batch["condition"])

        def error(z, t):
            return self.squared_error(self.decode(self.denoise(z, t, context, None, onsets)), target, mask).mean()

        source = self.encode(batch["source"])
        return {
            "loss": self.loss({**batch, "t": t, "noise": noise})["loss"],
            "with_source": error(self.schedule.add_noise(source, noise, t), t),
            "without_source": error(noise, torch.full_like(t, self.config.steps)),
            "autoencoder": self.squared_error(self.decode(self.encode(target)), target, mask).mean(),
        }
