"""A generator that first learns its records by an energy score, before any critic judges them.

Against a critic alone, a generator takes thousands of steps until it makes an onset and a coda. Spectrograms show both,
short pieces of waveforms the rest, and their scores need no critic: a few hundred steps on a processor give envelope
and spectrum of each condition.
"""

from torch import nn

#: of `TrainConfig`: without a critic larger steps are safe, and the last weights are those that go on
RECIPE = {"optimizer": "adam", "betas": (0.5, 0.99), "weight_decay": 0.0, "decay": "cosine", "clip": 1.0}
WARM_UP = 30


class GeneratorByEnergyScore(nn.Module):
    """The generator of an `AdversarialModel`, with `AdversarialModel.energy_loss` in place of a critic.

    Parameters
    ----------
    model : seissynth_plugins.torchkit.adversarial.AdversarialModel
    """

    def __init__(self, model):
        super().__init__()
        self.generator, self.config = model.generator, model.config
        # not a submodule: the critic takes no part
        self._model = [model]

    def parts(self):
        """Return what is trained: the generator."""
        return {"generator": list(self.generator.parameters())}

    def loss(self, batch, part="generator"):  # noqa: ARG002  (the loop gives it)
        """Return the score of a batch, and the values to log."""
        [model] = self._model
        score = model.energy_loss(batch)
        return model.with_divergence({"loss": score, "energy": score.detach()}, batch)
