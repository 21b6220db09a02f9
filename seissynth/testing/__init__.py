"""Tests for authors of backends."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "check": (
        "CHECKS ConformanceError Ricker check_backend check_card check_chunk_independence "
        "check_conditions_suit check_history_independence check_lengths check_missing_optional "
        "check_no_global_random_state check_no_global_settings check_no_mutation check_onsets "
        "check_order_independence check_output check_own_memory check_rates check_repeatable "
        "check_seeds_matter check_start check_truth example_conditions parametrize_with_checks"
    ),
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
