"""What generated records are good for: pickers and magnitude networks trained on them, scored on real ones."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "COUNTED": "pickers",
    "FINE_TUNING": "pickers",
    "PickerExperiment": "pickers",
    "joined": "pickers",
    "plan_experiments": "pickers",
    "read_scores": "pickers",
    "run_experiments": "pickers",
    "score_all": "pickers",
    "table_1": "pickers",
    "weights_path": "pickers",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
