"""A critic that first learns to separate earthquakes from real noise, before any generator is trained against it.

The thesis on ITACA (2024, section 6.2) names this as future work: transfer to the critic from data without earthquakes.
"""

import dataclasses

from torch import nn

#: what the training of one part alone does without: nothing is averaged, chosen or shown, and it runs to its end, since
#: the training of both parts begins with its result
PLAIN = {
    "ema": 0.0, "ema_parts": None, "ema_buffers": "copy", "best_by": "loss", "best_is": "min", "every": {},
    "sample_every": None, "max_minutes": None,
}  # fmt: skip
_BY_PART = ("optimizer", "learning_rate", "betas", "weight_decay", "decay", "clip", "clip_weights")
FOLDER = "critic"


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


def train_critic_on_noise(model, items, recipe, output, steps, resume=True):
    """Train the critic of a model for some steps; its weights are those of the last one.

    Parameters
    ----------
    model : AdversarialModel
        Its critic is changed.
    items : WaveformData
        With ``noise_windows``.
    recipe : TrainConfig
        Of the training that follows; rates, batch and optimiser are taken from it.
    output : pathlib.Path
        Folder of the run; the critic has its own inside.
    steps : int
    resume : bool

    Returns
    -------
    bool
        Whether all steps are done.
    """
    from seissynth_plugins.torchkit.training import train

    own = {name: recipe.of_part(name, "critic") for name in _BY_PART}
    config = dataclasses.replace(recipe, steps=steps, **PLAIN, **own)
    return train(CriticOnNoise(model), items, config, output / FOLDER, resume).finished
