"""The groups of metrics: one line for each, which names the module, what it needs, and what stands in the overview."""

import importlib
from dataclasses import dataclass

from seissynth.units import DERIVATIVES


@dataclass(frozen=True)
class Group:
    """Where a group of metrics lives.

    Parameters
    ----------
    name : str
        ``<name>_group(pairs, settings)`` in `module` makes it; ``draw_<name>(group, pairs)`` in
        ``seissynth.plotting.evaluation_<name>``, where there is one, its pictures.
    module : str
        Module of `seissynth.evaluation`.
    headline : tuple of str
        Metrics that stand in the overview and in the leaderboard, the most telling first.
    needs : tuple of str
        Keys of `NEEDS`; without one of them the group is left out, and the report says so.
    """

    name: str
    module: str
    headline: tuple = ()
    needs: tuple = ()

    def compute(self, pairs, settings):
        """Return the `seissynth.evaluation.MetricGroup` of a set."""
        found = importlib.import_module(f"{__package__}.{self.module}")
        return getattr(found, f"{self.name}_group")(pairs, settings)

    def lacks(self, pairs, settings):
        """Say why this group cannot be computed; None if it can."""
        for need in self.needs:
            reason = NEEDS[need](pairs, settings)
            if reason:
                return reason
        return None


def _no_picker(pairs, settings):
    return None if settings.picker is not None else "no picker was given: pass one (--picker aic, or a file of weights)"


def _no_motion(pairs, settings):
    if pairs.real.quantity in DERIVATIVES:
        return None
    return f"the records are {pairs.real.quantity}, which have no unit of ground motion"


def _one_draw(pairs, settings):
    return None if len(pairs.draws) > 1 else "there is one draw of each record; generate several realisations"


def _no_magnitudes(pairs, settings):
    import numpy as np

    known = np.isfinite(pairs.real.column("source_magnitude")).any()
    return None if known else "the real records have no source_magnitude"


#: need -> function (pairs, settings) that gives the reason why it is not met, or None
NEEDS = {"picker": _no_picker, "motion": _no_motion, "draws": _one_draw, "magnitudes": _no_magnitudes}

#: all groups, in the order of the report; one line adds one
GROUPS = {
    group.name: group
    for group in (
        Group("arrivals", "arrivals", ("p_mae_s", "s_mae_s", "p_f1", "s_f1"), ("picker",)),
        Group("similarity", "similarity", ("envelope_correlation", "spectrogram_mse")),
        Group("spread", "spread", ("ln_pga_within_event_sd_ratio", "ln_pga_crps", "envelope_crps", "roughness_ratio")),
        Group("distributions", "distributions", ("amplitude_accuracy_wasserstein", "frechet_distance")),
        Group("diversity", "diversity", ("copied_share", "diversity_ratio", "coverage")),
        Group("spectra", "spectra", ("spectral_shape_misfit", "ln_spectral_ratio_high")),
        Group("ground_motion", "ground_motion_groups", ("ln_pga_bias", "ln_pga_sd", "ln_psa_0p3_bias"), ("motion",)),
        Group("magnitude", "ground_motion_groups", ("ml_difference", "ml_slope"), ("motion", "magnitudes")),
        Group("frequency_magnitude", "frequency_magnitude", ("b_likelihood_generated",), ("motion", "magnitudes")),
        Group("source", "source", ("source_mw_difference", "ln_hvsr_rms"), ("motion",)),
        Group("sections", "sections"),
        Group("samples", "samples"),
    )
}
