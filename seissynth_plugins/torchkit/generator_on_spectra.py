"""A generator that first learns the spectrograms of its records, before any critic judges them.

Against a critic alone, a generator takes thousands of steps until it makes an onset and a coda. A spectrogram shows
both, and a score of spectrograms needs no critic: a few hundred steps on a processor bring the envelope and the
spectrum of each condition. The waveform, which a spectrogram does not show, is left to the adversarial training.
"""

from torch import nn


class GeneratorOnSpectra(nn.Module):
    """The generator of an `AdversarialModel`, with the energy score of log spectrograms in place of a critic.

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
        score = model.spectra_loss(batch)
        return {"loss": score, "spectra": score.detach()}
