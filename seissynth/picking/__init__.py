"""Pickers of P and S, including SeisBench's networks."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "pickers": "AICPicker ARPicker LEAST_CONTRAST NEAR_S SeisBenchPicker aic_onset make_picker pick_records",
    "models": (
        "ARCHITECTURES PHASES PUBLISHED architecture_of import_torch load_picker new_picker probabilities "
        "save_picker training_loss"
    ),
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
