"""The groups of metrics: one line each, with the module, required inputs, and metrics for the overview."""

import importlib
from dataclasses import dataclass

from seissynth.units import DERIVATIVES


@dataclass(frozen=True)
class Group:
    """Location of a group of metrics.

    Parameters
    ----------
    name : str
    metrics : str
        ``"module:function"`` that makes a `seissynth.evaluation.MetricGroup` from pairs and settings.
    pictures : str or None
        ``"module:function"`` that draws a group and its pairs; None if there is nothing to draw.
    headline : tuple of str
        Metrics in the overview and in the leaderboard, the most informative first.
    needs : tuple of str
        Keys of `NEEDS`; without one of them the group is left out and reported as missing.
    """

    name: str
    metrics: str
    pictures: str | None = None
    headline: tuple = ()
    needs: tuple = ()

    def compute(self, pairs, settings):
        """Return the `seissynth.evaluation.MetricGroup` of a set."""
        return _function(self.metrics)(pairs, settings)

    def draw(self, metrics, pairs):
        """Draw the pictures of this group.

        Parameters
        ----------
        metrics : seissynth.evaluation.MetricGroup
            Result of `compute`.
        pairs : seissynth.evaluation.Pairs
            The records from which it was computed.

        Returns
        -------
        list of (str, matplotlib.figure.Figure)
            Title and picture; empty if there is nothing to draw.
        """
        return _function(self.pictures)(metrics, pairs) if self.pictures else []

    def lacks(self, pairs, settings):
        """Reason why this group cannot be computed; None if it can."""
        for need in self.needs:
            reason = NEEDS[need](pairs, settings)
            if reason:
                return reason
        return None


def _function(reference):
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def _no_picker(_, settings):
    return None if settings.picker is not None else "no picker was given: pass one (--picker aic, or a file of weights)"


def _no_motion(pairs, _):
    if pairs.real.quantity in DERIVATIVES:
        return None
    return f"the records are {pairs.real.quantity}, which have no unit of ground motion"


def _one_draw(pairs, _):
    return None if len(pairs.draws) > 1 else "there is one draw of each record; generate several realisations"


def _no_magnitudes(pairs, _):
    import numpy as np

    known = np.isfinite(pairs.real.column("source_magnitude")).any()
    return None if known else "the real records have no source_magnitude"


#: need -> function (pairs, settings) that gives the reason why it is not met, or None
NEEDS = {"picker": _no_picker, "motion": _no_motion, "draws": _one_draw, "magnitudes": _no_magnitudes}

#: all groups, in the order of the report
GROUPS = {
    group.name: group
    for group in (
        Group(
            "arrivals",
            "seissynth.evaluation.groups.arrivals:arrivals_group",
            "seissynth.plotting.evaluation_arrivals:draw_arrivals",
            headline=("p_mae_s", "s_mae_s", "p_f1", "s_f1"),
            needs=("picker",),
        ),
        Group(
            "similarity",
            "seissynth.evaluation.groups.similarity:similarity_group",
            "seissynth.plotting.evaluation_similarity:draw_similarity",
            headline=("envelope_correlation", "spectrogram_mse"),
        ),
        Group(
            "spread",
            "seissynth.evaluation.groups.spread:spread_group",
            "seissynth.plotting.evaluation_spread:draw_spread",
            headline=("ln_pga_within_event_sd_ratio", "ln_pga_crps", "envelope_crps", "roughness_ratio"),
        ),
        Group(
            "distributions",
            "seissynth.evaluation.groups.distributions:distributions_group",
            "seissynth.plotting.evaluation_distributions:draw_distributions",
            headline=("amplitude_accuracy_wasserstein", "frechet_distance"),
        ),
        Group(
            "diversity",
            "seissynth.evaluation.groups.diversity:diversity_group",
            "seissynth.plotting.evaluation_diversity:draw_diversity",
            headline=("copied_share", "diversity_ratio", "coverage"),
        ),
        Group(
            "spectra",
            "seissynth.evaluation.groups.spectra:spectra_group",
            "seissynth.plotting.evaluation_spectra:draw_spectra",
            headline=("spectral_shape_misfit", "ln_spectral_ratio_high"),
        ),
        Group(
            "ground_motion",
            "seissynth.evaluation.groups.ground_motion_groups:ground_motion_group",
            "seissynth.plotting.evaluation_ground_motion:draw_ground_motion",
            headline=("ln_pga_bias", "ln_pga_sd", "ln_psa_0p3_bias"),
            needs=("motion",),
        ),
        Group(
            "magnitude",
            "seissynth.evaluation.groups.ground_motion_groups:magnitude_group",
            "seissynth.plotting.evaluation_magnitude:draw_magnitude",
            headline=("ml_difference", "ml_slope"),
            needs=("motion", "magnitudes"),
        ),
        Group(
            "frequency_magnitude",
            "seissynth.evaluation.groups.frequency_magnitude:frequency_magnitude_group",
            "seissynth.plotting.evaluation_frequency_magnitude:draw_frequency_magnitude",
            headline=("b_likelihood_generated",),
            needs=("motion", "magnitudes"),
        ),
        Group(
            "source",
            "seissynth.evaluation.groups.source:source_group",
            "seissynth.plotting.evaluation_source:draw_source",
            headline=("source_mw_difference", "ln_hvsr_rms"),
            needs=("motion",),
        ),
        Group(
            "sections",
            "seissynth.evaluation.groups.sections:sections_group",
            "seissynth.plotting.evaluation_sections:draw_sections",
        ),
        Group(
            "samples",
            "seissynth.evaluation.groups.samples:samples_group",
            "seissynth.plotting.evaluation_samples:draw_samples",
        ),
    )
}
