"""A stage in which one part of an adversarial model is trained alone, before both are trained in turn."""

import dataclasses

#: what such a stage does without: nothing is averaged, chosen or shown, and it runs to its end, since the training of
#: both parts begins with its result
_PLAIN = {
    "ema": 0.0, "ema_parts": None, "ema_buffers": "copy", "best_by": "loss", "best_is": "min", "every": {},
    "sample_every": None, "max_minutes": None,
}  # fmt: skip
_BY_PART = ("optimizer", "learning_rate", "betas", "weight_decay", "decay", "clip", "clip_weights")


def train_one_part(module, items, recipe, folder, steps, resume=True, **changes):
    """Train the only part of a module for some steps; its weights are those of the last one.

    Parameters
    ----------
    module : torch.nn.Module
        Its `parts` has one entry. What it shares with an `AdversarialModel` is changed there, too.
    items : WaveformData
    recipe : TrainConfig
        Of the training that follows; rates, batch and optimiser of the part are taken from it.
    folder : pathlib.Path
        Of this stage.
    steps : int
    resume : bool
    **changes
        Fields of `TrainConfig` for this stage alone.

    Returns
    -------
    bool
        Whether all steps are done.
    """
    from seissynth_plugins.torchkit.training import train

    (part,) = module.parts()
    own = {name: recipe.of_part(name, part) for name in _BY_PART}
    stage = dataclasses.replace(recipe, steps=steps, **{**_PLAIN, **own, **changes})
    return train(module, items, stage, folder, resume).finished
