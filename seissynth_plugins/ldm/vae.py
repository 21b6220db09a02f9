"""The first stage of the baseline: a variational autoencoder, trained with a patch critic (Esser et al. 2020)."""

import torch
import torch.nn.functional as F
from torch import nn

from seissynth_plugins.heggs.networks.acm import AmplitudeCorrection
from seissynth_plugins.heggs.networks.autoencoder import Decoder, Encoder
from seissynth_plugins.heggs.networks.blocks import group_norm, run
from seissynth_plugins.heggs.networks.config import SPECTROGRAM
from seissynth_plugins.heggs.networks.model import Standardised

_LOG_VARIANCE = (-30.0, 20.0)


class VAE(Standardised):
    """Spectrograms to a normal distribution of latents, and back.

    Parameters
    ----------
    config : LdmConfig

    Examples
    --------
    >>> import torch
    >>> from seissynth_plugins.ldm.config import named_config
    >>> from seissynth_plugins.ldm.vae import VAE
    >>> mean, log_variance = VAE(named_config("tiny")).posterior(torch.zeros(1, 3, 64, 376))
    >>> mean.shape, log_variance.shape
    (torch.Size([1, 4, 16, 94]), torch.Size([1, 4, 16, 94]))
    """

    def __init__(self, config):
        super().__init__(config)
        self.encoder = Encoder(config.autoencoder, 2 * config.autoencoder.latent_channels)
        self.decoder = Decoder(config.autoencoder)
        self.acm = None if config.acm is None else AmplitudeCorrection(config.acm)

    def posterior(self, x):
        """Return mean and logarithm of the variance of the latents, each (N, C, 16, 94), for X (N, 3, 64, 376)."""
        mean, log_variance = run(self.encoder, x).chunk(2, dim=1)
        return mean, log_variance.clamp(*_LOG_VARIANCE)

    def decode(self, z):
        """Return spectrograms, (N, 3, 64, 376), of latents (N, C, 16, 94)."""
        return self.correct(run(self.decoder, z))


class AdversarialVAE(nn.Module):
    """The VAE and its critic while the first stage runs (eq. 14).

    Parameters
    ----------
    config : LdmConfig

    Notes
    -----
    The autoencoder's loss is ``| X - D(z) | + kl_weight KL / cells - w critic(D(z))``, the critic's the hinge loss; the
    training loop takes them in turn (`parts`). w is a constant, where LDM balances it by the norms of gradients. The
    first term is the absolute error, as in LDM; there is no perceptual loss, which would need a network trained on
    pictures.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.vae = VAE(config)
        self.critic = PatchCritic(config.critic_channels)
        self.register_buffer("steps_done", torch.zeros((), dtype=torch.long))

    def parts(self):
        """Return the parts that are trained in turn: name -> parameters."""
        return {"autoencoder": list(self.vae.parameters()), "critic": list(self.critic.parameters())}

    def loss(self, batch, part="autoencoder"):
        """Return the loss of one part, and values to log.

        Parameters
        ----------
        batch : dict
            "target": Tensor, shape (N, 3, 64, 376); optional "mask" (`Standardised.squared_error`), "noise", and
            "step", the optimiser's, which the training loop gives: several batches may make one. Without it each
            batch of the autoencoder's training counts as a step.
        part : {"autoencoder", "critic"}

        Returns
        -------
        dict of str to Tensor
            "loss" with gradient; for the autoencoder also "reconstruction", "kl", "adversarial" and "spectrogram"
            (squared error), without.
        """
        if part == "critic":
            return self._critic_loss(batch)
        config, x, mask = self.config, batch["target"], batch.get("mask")
        mean, log_variance, rebuilt = self._rebuild(batch)
        reconstruction = self.vae.absolute_error(rebuilt, x, mask).mean()
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum((1, 2, 3))
        kl = divergence.mean() / x[0].numel()
        loss = reconstruction + config.kl_weight * kl
        step = int(batch.get("step", self.steps_done))
        started = step >= config.adversarial_start and config.adversarial_weight > 0
        adversarial = loss.new_zeros(())
        if started:
            adversarial = -self.critic(self._seen(rebuilt, mask)).mean()
            loss = loss + config.adversarial_weight * adversarial
        if self.training:
            self.steps_done.fill_(step + 1)
        logs = {"reconstruction": reconstruction, "kl": kl, "adversarial": adversarial}
        logs["spectrogram"] = self.vae.squared_error(rebuilt, x, mask).mean()
        return {"loss": loss, **{name: value.detach() for name, value in logs.items()}}

    def _critic_loss(self, batch):
        with torch.no_grad():
            rebuilt = self._rebuild(batch)[2]
        mask = batch.get("mask")
        real, made = (self.critic(self._seen(x, mask)) for x in (batch["target"], rebuilt))
        return {"loss": 0.5 * (F.relu(1 - real).mean() + F.relu(1 + made).mean())}

    def _rebuild(self, batch):
        mean, log_variance = self.vae.posterior(batch["target"])
        noise = batch.get("noise")
        noise = torch.randn(mean.shape).to(mean.device) if noise is None else noise
        return mean, log_variance, self.vae.decode(mean + (0.5 * log_variance).exp() * noise)

    def _seen(self, x, mask):
        """Part of the spectrogram that the critic sees: the band, within the mask."""
        return torch.where(self.vae.weights(x, mask) > 0, x, 0)


class PatchCritic(nn.Module):
    """Says of each patch of a spectrogram how real it looks (Isola et al. 2017).

    Group normalisation replaces batch normalisation, and records do not depend on each other.
    """

    def __init__(self, channels):
        super().__init__()
        layers, last = [nn.Conv2d(SPECTROGRAM[0], channels, 4, 2, 1), nn.LeakyReLU(0.2)], channels
        for factor, stride in ((2, 2), (4, 1)):
            width = channels * factor
            layers += [nn.Conv2d(last, width, 4, stride, 1), group_norm(min(8, channels), width), nn.LeakyReLU(0.2)]
            last = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(last, 1, 4, 1, 1))

    def forward(self, x):
        """(N, 3, 64, 376) -> (N, 1, 14, 92)."""
        return self.layers(x)
