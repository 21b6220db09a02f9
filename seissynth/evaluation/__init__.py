"""Compare generated with observed records: magnitudes and other metrics, on arrays."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "magnitude": "local_magnitude network_magnitude station_corrections record_magnitudes",
    ".signal.magnitude_scales": "minus_log_a0 MAGNITUDE_REGIONS",
    "record_sets": "RecordSet Pairs read_record_set pair_sets",
    "record_streams": "streams_to_record_set",
    "results": "MetricGroup EvaluationSettings",
    "evaluations": "evaluate Evaluation",
    "statistics.intervals": "interval mean_interval paired_difference",
    "ground_motion_models": "GROUND_MOTION_MODELS ground_motion_model joyner_boore_distance",
    "statistics.mixed_effects": "split_residuals split_table",
    "statistics.time_warping": "dtw_distance",
    "groups.log_spectrograms": "log_spectrogram spectrogram_misfit roughness_db",
    "groups.similarity": (
        "smoothed_envelope correlation largest_correlation signal_to_noise_db peak_signal_to_noise_db similarity_group"
    ),
    "groups.spread": "crps envelope_crps within_event_residuals between_draw_parts spread_group",
    "groups.ground_motion": "ground_motion_measures ln_residuals model_residuals brune_corner_hz",
    "groups.selection": "bias_beyond_selection residuals_between_draws",
    "statistics.frechet": "frechet_distance record_features",
    "groups.distributions": "moments amplitude_errors component_samples kernel_density distributions_group",
    "groups.source_fit": "fit_source PathModel displacement_spectra",
    "groups.arrivals": "arrivals_group arrival_errors arrival_f1 reference_onsets one_station_per_event",
    "statistics.nearest": "nearest_records",
    "groups.diversity": "coverage copy_threshold draw_diversity diversity_group",
    "groups.spectra": "smoothed_spectra spectra_group",
    "magnitude_sweeps": "magnitude_sweep MagnitudeSweep",
    "flatfiles.evaluation": "evaluate_flatfile FlatfileEvaluation",
    "flatfiles.correlations": "spatial_correlation",
    "groups.sections": "virtual_inventory virtual_section moveout sections_group",
    "groups.samples": "sample_scores choose_samples samples_group",
    "statistics.b_values": "b_maximum_likelihood b_positive b_km_slope",
    "statistics.completeness": "completeness_by_stability completeness_by_curvature",
    "groups.frequency_magnitude": "draw_magnitudes fit_frequency_magnitude frequency_magnitude_group",
    "baselines.folds": "time_folds record_groups",
    "baselines.travel_times": "travel_time_onsets station_terms",
    "baselines.untrained": "nearest_mean nearest_real_records other_stations_mean representation_alone",
    "baselines.known_answers": "known_pairs",
    "baselines.rows": "score_row BASELINES",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
