"""A generator and its critic as one model, which the training loop steps in turn.

A system is made of `AdversarialModel` with its own networks; where its losses, conditions or representation differ, it
replaces one of the small methods. The losses are in `seissynth_plugins.torchkit.adversarial_losses`.
"""

import numpy as np
import torch
from torch import nn

from seissynth.errors import InputError
from seissynth_plugins.torchkit.adversarial_losses import ADVERSARIAL_LOSSES, gradient_penalty, l1_to_target
from seissynth_plugins.torchkit.energy_scores import energy_score, spectrogram_score, waveform_score

#: of the score of waveforms beside that of spectrograms
_WAVEFORM_WEIGHT = 2.0


class AdversarialModel(nn.Module):
    """A generator and its critic, as `seissynth_plugins.torchkit.training.train` takes them.

    Parameters
    ----------
    generator : torch.nn.Module
        ``generator(latent, *conditions)`` -> records, shape (N, 3, npts), or a tuple of tensors that begins with them.
    critic : torch.nn.Module
        ``critic(records, *conditions)`` -> scores, shape (N, ...). A generator's tuple is passed as several arguments.
    latent : tuple of int
        Shape of one record's noise.
    adversarial : {"wasserstein", "hinge", "nonsaturating"} or AdversarialLoss
    penalty : float
        Weight of the gradient penalty; 0 leaves it out.
    l1 : float
        Weight of the absolute error of the generator's records; 0 leaves it out.
    sampling_rate_hz : float, optional
        With it, validation measures the correlation of envelopes.
    sample_batch : dict of str to Tensor, optional
        What `samples` generates from: "condition" for a generator with one, else any "target", for the number of
        records. It is not part of the model's state.
    config : dataclass, optional
        Of the system. A training is not continued with another one.

    Notes
    -----
    A batch is a dict with "target", real records in the representation that the generator makes, and, for conditional
    systems, "condition", (N, ...); "mask" says which samples count in the absolute error; "source", (N, 3, npts), goes
    to the generator as its last argument. A system may replace:

    ============================  =====================================================================================
    `prepared`                    the batch that a part sees: other conditions for the generator's step, for example
    `real`                        the real records; a tuple for a generator that makes one
    `conditions`                  what generator and critic get beside latent and records
    `draw_latent`                 the noise
    `fake`                        how records are generated
    `score`                       the score, where the critic returns more
    `critic_loss`                 further terms, such as `adversarial_losses.acgan_regression`
    `generator_loss`              the same, such as `adversarial_losses.diversity`
    `waveforms`                   records, (N, 3, npts), from the generator's output
    ============================  =====================================================================================

    The critic comes first in each step. The generator is in training mode in its step, which lets batch normalisation
    see those records, too.

    Examples
    --------
    >>> import tempfile, torch
    >>> from torch import nn
    >>> from seissynth_plugins.torchkit.adversarial import AdversarialModel, generator_weights
    >>> from seissynth_plugins.torchkit.training import TrainConfig, train
    >>> generator = nn.Sequential(nn.Linear(4, 30), nn.Unflatten(1, (3, 10)))
    >>> critic = nn.Sequential(nn.Flatten(), nn.Linear(30, 1))
    >>> model = AdversarialModel(generator, critic, (4,), penalty=10.0)
    >>> data = [{"target": torch.full((3, 10), float(i))} for i in range(8)]
    >>> config = TrainConfig(
    ...     steps=4, optimizer="adam", betas=(0.0, 0.9), weight_decay=0, clip=None, every={"generator": 2},
    ...     ema_parts=("generator",), accelerator="cpu", progress=False, tensorboard=False,
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = train(model, data, config, folder)
    >>> generator.load_state_dict(generator_weights(result.weights))
    <All keys matched successfully>
    """

    def __init__(
        self, generator, critic, latent, *, adversarial="wasserstein", penalty=0.0, l1=0.0, sampling_rate_hz=None,
        sample_batch=None, config=None,
    ):  # fmt: skip
        super().__init__()
        if isinstance(adversarial, str) and adversarial not in ADVERSARIAL_LOSSES:
            known = ", ".join(map(repr, ADVERSARIAL_LOSSES))
            raise InputError(f"adversarial={adversarial!r} must be one of {known}, or an AdversarialLoss.")
        for name, weight in (("penalty", penalty), ("l1", l1)):
            if not weight >= 0:
                raise InputError(f"{name}={weight!r} must be a weight of 0 or more.")
        self.generator, self.critic, self.latent = generator, critic, tuple(latent)
        self.adversarial = ADVERSARIAL_LOSSES[adversarial] if isinstance(adversarial, str) else adversarial
        self.penalty, self.l1 = penalty, l1
        self.sampling_rate_hz, self.sample_batch, self.config = sampling_rate_hz, sample_batch, config
        #: weight of `energy_loss` in the generator's loss
        self.energy = 0.0

    # --- what systems replace

    def prepared(self, batch, part):  # noqa: ARG002  (systems take it)
        """Return the batch that a part is trained on; here the batch itself."""
        return batch

    def real(self, batch):
        """Return the real records of a batch, in the representation that the generator makes."""
        return batch["target"]

    def conditions(self, batch):
        """Return a tuple of the inputs of generator and critic beside latent and records; here "condition", if any."""
        return (batch["condition"],) if "condition" in batch else ()

    def draw_latent(self, batch):
        """Return standard normal noise, shape (N, *latent), the same on every device."""
        one = batch["condition"] if "condition" in batch else batch["target"]
        return torch.randn(len(one), *self.latent).to(one.device)

    def fake(self, batch):
        """Return records for the conditions of a batch, with new noise and, where it has any, its "source"."""
        source = (batch["source"],) if "source" in batch else ()
        return self.generator(self.draw_latent(batch), *self.conditions(batch), *source)

    def noise_records(self, batch):
        """Return windows of noise as the generator would make them, for a critic that learns to know noise first."""
        return batch["noise"]

    def score(self, records, batch):
        """Return the critic's scores of records, shape (N, ...)."""
        return self.critic(*_several(records), *self.conditions(batch))

    def critic_loss(self, batch, made):
        """Return the critic's loss and the values to log, for records `made` that take no gradient."""
        real, fake = self.score(self.real(batch), batch), self.score(made, batch)
        loss = self.adversarial.critic(real, fake)
        figures = {"real": real.detach().float().mean(), "fake": fake.detach().float().mean()}
        if self.penalty:
            penalty = self.gradient_penalty(batch, made)
            loss, figures["penalty"] = loss + penalty, penalty.detach()
        return {"loss": loss, **figures}

    def gradient_penalty(self, batch, made):
        """Return the penalty, weighted, for the slopes of `score`."""
        wide = {name: _wide(value) for name, value in batch.items()}

        def score(*records):
            return self.score(records, wide)

        return gradient_penalty(score, self.real(batch), made, weight=self.penalty)

    def generator_loss(self, batch, made):
        """Return the generator's loss and the values to log, for records `made` by it."""
        loss = adversarial = self.adversarial.generator(self.score(made, batch))
        figures = {"adversarial": adversarial.detach()}
        if self.l1:
            pairs = zip(_several(made), _several(self.real(batch)), strict=True)
            mask = batch.get("mask")
            error = sum(l1_to_target(*pair, mask if number == 0 else None) for number, pair in enumerate(pairs))
            loss, figures["l1"] = loss + self.l1 * error, error.detach()
        return {"loss": loss, **figures}

    def energy_loss(self, batch):
        """Return the energy score of two draws of each condition: spectrograms, waveforms, and sizes beside them.

        Parameters
        ----------
        batch : dict
            Before `prepared`: a generator's step may take the conditions in another order than the real records.
        """
        batch = self.prepared(batch, "critic")
        draws, real = [self.fake(batch) for _ in range(2)], self.real(batch)
        records = [self.waveforms(one) for one in (*draws, real)]
        score = spectrogram_score(*records) + _WAVEFORM_WEIGHT * waveform_score(*records)
        for x, a, b in zip(*(_several(one)[1:] for one in (real, *draws)), strict=True):
            score = score + energy_score([torch.linalg.vector_norm(d, dim=-1) for d in (a - x, b - x, a - b)])
        return score

    def with_divergence(self, figures, batch):  # noqa: ARG002  (for systems that have one)
        """Return the generator's figures with the divergence of its noise from the normal one in the loss; here none.

        Both stages ask for it, with and without a critic.
        """
        return figures

    def waveforms(self, records):
        """Return records, shape (N, 3, npts), from the generator's output; here its first tensor."""
        return _several(records)[0]

    # --- what the training loop asks for

    def parts(self):
        """Return what is trained in turn: name -> parameters, the critic first."""
        return {"critic": list(self.critic.parameters()), "generator": list(self.generator.parameters())}

    def loss(self, batch, part):
        """Return the loss of a part, "critic" or "generator", and the values to log."""
        ready = self.prepared(batch, part)
        if part == "critic":
            with torch.no_grad():
                made = self.fake(ready)
            return self.critic_loss(ready, made)
        figures = self.generator_loss(ready, self.fake(ready))
        if not self.energy:
            return figures
        score = self.energy_loss(batch)
        return {**figures, "loss": figures["loss"] + self.energy * score, "energy": score.detach()}

    def validation_loss(self, batch):
        """Return figures of generated records.

        Parameters
        ----------
        batch : dict

        Returns
        -------
        dict
            Those of `generator_loss`; "distance", the mean score of real minus that of generated records; with
            `sampling_rate_hz` also "envelope_correlation", the mean over records and components, under the mask if
            there is one, as evaluation defines it.
            The adversarial losses are relative to the critic of the moment and do not rank weights: choose them by
            ``TrainConfig(best_by="envelope_correlation", best_is="max")``.
        """
        made = self.fake(batch)
        figures = dict(self.generator_loss(batch, made))
        real, fake = (self.score(x, batch).float().mean() for x in (self.real(batch), made))
        figures["distance"] = real - fake
        if self.sampling_rate_hz is not None:
            pair = [self.waveforms(x).float().cpu().numpy() for x in (self.real(batch), made)]
            mask = batch["mask"].cpu().numpy() if "mask" in batch else None
            figures["envelope_correlation"] = envelope_correlation(*pair, self.sampling_rate_hz, mask)
        return figures

    def samples(self, step):  # noqa: ARG002  (the loop gives it)
        """Return records, shape (n, 3, npts), of `sample_batch`.

        Parameters
        ----------
        step : int
            Not used: the same noise at every step shows the effect of training alone.
        """
        if self.sample_batch is None:
            raise InputError("samples need sample_batch, the conditions to generate from; the model has none.")
        device = next(self.parameters()).device
        return self.waveforms(self.fake({name: value.to(device) for name, value in self.sample_batch.items()}))


def generator_weights(weights):
    """Return the weights of the generator under its own names.

    Parameters
    ----------
    weights : dict of str to Tensor
        Of a training of an `AdversarialModel`, ``TrainResult.weights`` or ``best``.

    Returns
    -------
    dict of str to Tensor
        For ``generator.load_state_dict``.
    """
    front = "generator."
    return {name.removeprefix(front): value for name, value in weights.items() if name.startswith(front)}


def envelope_correlation(real, made, sampling_rate_hz, mask=None):
    """Return the mean correlation of smoothed envelopes.

    Parameters
    ----------
    real, made : ndarray, shape (N, 3, npts)
        Values of `made` that are not finite count as 0, and so does the correlation of a constant trace.
    sampling_rate_hz : float
    mask : ndarray of bool, broadcast to the shape, optional

    Returns
    -------
    float

    See Also
    --------
    seissynth.evaluation.smoothed_envelope, seissynth.evaluation.correlation
    """
    from seissynth.evaluation.groups.similarity import correlation, smoothed_envelope

    made = np.nan_to_num(made, posinf=0.0, neginf=0.0)
    values = correlation(*(smoothed_envelope(x, sampling_rate_hz) for x in (real, made)), mask)
    return float(np.nan_to_num(values).mean())


def _several(records):
    return records if isinstance(records, tuple) else (records,)


def _wide(value):
    half = isinstance(value, torch.Tensor) and value.dtype in (torch.bfloat16, torch.float16)
    return value.float() if half else value
