"""What authors of backends test theirs with."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "CHECKS": "check",
    "ConformanceError": "check",
    "Ricker": "check",
    "check_backend": "check",
    "check_card": "check",
    "check_chunk_independence": "check",
    "check_conditions_suit": "check",
    "check_history_independence": "check",
    "check_lengths": "check",
    "check_missing_optional": "check",
    "check_no_global_random_state": "check",
    "check_no_global_settings": "check",
    "check_no_mutation": "check",
    "check_onsets": "check",
    "check_order_independence": "check",
    "check_output": "check",
    "check_own_memory": "check",
    "check_rates": "check",
    "check_repeatable": "check",
    "check_seeds_matter": "check",
    "check_start": "check",
    "check_truth": "check",
    "example_conditions": "check",
    "parametrize_with_checks": "check",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
