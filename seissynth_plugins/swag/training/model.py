"""SWaG's network with its losses: that of the noise process, and the distillation of a teacher's guidance."""

import copy
from itertools import pairwise

import torch

from seissynth_plugins.swag.generation import Sampling, generate_columns, schedule_of
from seissynth_plugins.swag.network import GUIDANCE_RANGE, Swag
from seissynth_plugins.torchkit.learned_variance import variational_bound

#: of the variational bound beside the mean squared error (the authors' code adds them with equal weight)
BOUND_WEIGHT = 1.0
#: steps of the records that a validation generates
VALIDATION_STEPS = 8
#: bands in which a validation compares spectra, shares of the Nyquist frequency
_BANDS = (0.004, 0.02, 0.08, 0.2, 0.4, 0.8)


class TrainedSwag(Swag):
    """SWaG's network in the form of the training loop.

    Parameters
    ----------
    config : SwagConfig

    Notes
    -----
    The loss is the mean squared error of the prediction over the samples, plus `scale_weight` times that of the column
    of scales, plus the variational bound where the variance is learned. A share `drop` of the records loses all
    labels, a share `station_drop` the station alone.
    """

    def __init__(self, config):
        super().__init__(config)
        self.schedule = schedule_of(config)

    def loss(self, batch):
        """Return the loss of a batch and the values to log.

        Parameters
        ----------
        batch : dict
            Of `seissynth_plugins.swag.training.data.SwagData`.

        Returns
        -------
        dict of str to Tensor
            "loss" with gradient; "waveform" and "scale", mean squared errors, and "bound", without.
        """
        x0, t, noise, drop, station = self._draw(batch)
        x_t = self.schedule.add_noise(x0, noise, t)
        said = self(x_t, t, batch["labels"], station, drop)
        said, share = said if isinstance(said, tuple) else (said, None)
        target = self.schedule.target(x0, noise, t, self.config.prediction)
        loss, figures = self._errors(said, target, batch)
        if share is not None:
            predicted = self.schedule.to_x0(said.detach(), x_t, t, self.config.prediction)
            bound = variational_bound(self.schedule, x0, x_t, t, predicted, share.clamp(0, 1)).mean()
            loss, figures = loss + BOUND_WEIGHT * bound, {**figures, "bound": bound.detach()}
        return {"loss": loss, **figures}

    def validation_loss(self, batch):
        """Return the figures of a batch; "spectrum" compares records generated with its labels with its own.

        Returns
        -------
        dict of str to Tensor
            As `loss`, and "spectrum": root mean square over bands of ln of mean power, generated over given.
        """
        figures = self.loss(batch)
        count = len(batch["x"])
        sampling = Sampling(steps=min(VALIDATION_STEPS, self.config.steps), batch=count)
        arrays = (batch[name].cpu().numpy() for name in ("labels", "station"))
        made = torch.from_numpy(generate_columns(self, *arrays, range(count), sampling)).to(batch["x"])
        levels = [_band_levels(x[..., : self.config.npts]) for x in (made, batch["x"])]
        return {**figures, "spectrum": (levels[0] - levels[1]).square().mean().sqrt()}

    def _draw(self, batch):
        """Everything that is random, drawn on the CPU for any device."""
        config, x0 = self.config, batch["x"]
        t = self.schedule.draw_steps(len(x0), kind=config.step_draw).to(x0.device)
        noise = torch.randn(x0.shape).to(x0)
        share = torch.rand(len(x0)).to(x0.device)
        drop = share < config.drop
        alone = ~drop & (share < config.drop + config.station_drop)
        station = torch.where(alone, config.stations, batch["station"])
        return x0, t, noise, drop, station

    def _errors(self, said, target, batch):
        npts = self.config.npts
        error = (said.float() - target.float()).square()
        waveform = error[..., :npts].mean()
        figures = {"waveform": waveform.detach()}
        if not self.config.log_scale:
            return waveform, figures
        scale = (error[..., npts:].mean((1, 2)) * batch["scale_known"]).mean()
        return waveform + self.config.scale_weight * scale, {**figures, "scale": scale.detach()}


class DistilledSwag(TrainedSwag):
    """A network that learns the guided prediction of a teacher, with the weight of guidance as an input.

    Parameters
    ----------
    config : SwagConfig
        With `guided`.
    teacher : Swag
        Without the bound; left unchanged.

    References
    ----------
    Meng et al. (2023), On distillation of guided diffusion models, arXiv 2210.03142, stage one.
    """

    def __init__(self, config, teacher):
        super().__init__(config)
        # in a list, which keeps it out of the weights
        self._teacher = [copy.deepcopy(teacher).eval().requires_grad_(False)]

    def loss(self, batch):
        """Return the squared error against the teacher's guided prediction, and the values to log."""
        x0, t, noise, _, station = self._draw(batch)
        x_t, labels = self.schedule.add_noise(x0, noise, t), batch["labels"]
        weight = torch.empty(len(x0)).uniform_(*GUIDANCE_RANGE).to(x0)
        teacher = self._teacher[0].to(x0.device)
        with torch.no_grad():
            said = teacher(x_t, t, labels, station)
            free = teacher(x_t, t, labels, station, torch.ones(len(x0), dtype=torch.bool, device=x0.device))
            target = free + weight[:, None, None] * (said - free)
        loss, figures = self._errors(self(x_t, t, labels, station, guidance=weight), target, batch)
        return {"loss": loss, **figures}


def _band_levels(x):
    """Logarithm of the mean power in bands, by component: (3, bands)."""
    power = torch.fft.rfft(x.float(), dim=-1).abs().square().mean(0)
    edges = [round(share * (power.shape[-1] - 1)) for share in _BANDS]
    bands = [power[:, low : max(high, low + 1)].mean(-1) for low, high in pairwise(edges)]
    return torch.stack(bands, dim=-1).clamp_min(1e-30).log()
