"""A critic that first learns to separate earthquakes from real noise, before any generator is trained against it.

The thesis on ITACA (2024, section 6.2) names this as future work: transfer to the critic from data without earthquakes.
"""

from torch import nn


class CriticOnNoise(nn.Module):
    """The critic of an `AdversarialModel`, with windows of noise instead of generated records.

    Parameters
    ----------
    model : seissynth_plugins.torchkit.adversarial.AdversarialModel
        Its batches hold "noise" as well, windows shaped as records, and "noise_sizes" where they hold "sizes".
    """

    def __init__(self, model):
        super().__init__()
        self.critic, self.config = model.critic, model.config
        # not a submodule: the generator takes no part
        self._model = [model]

    def parts(self):
        """Return what is trained: the critic."""
        return {"critic": list(self.critic.parameters())}

    def loss(self, batch, part="critic"):
        """Return the critic's loss on a batch, and the values to log."""
        [model] = self._model
        made = model.noise_records(batch)
        return model.critic_loss(model.prepared(batch, part), made)
