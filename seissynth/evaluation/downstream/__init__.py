"""Uses of generated records: pickers and magnitude networks trained on them, scored on real ones."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "pickers": (
        "COUNTED FINE_TUNING PickerExperiment joined plan_experiments read_scores run_experiments score_all "
        "table_1 weights_path"
    ),
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
