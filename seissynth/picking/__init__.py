"""Pickers of P and S, and SeisBench's networks behind one door."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "AICPicker": "pickers",
    "ARPicker": "pickers",
    "LEAST_CONTRAST": "pickers",
    "NEAR_S": "pickers",
    "SeisBenchPicker": "pickers",
    "aic_onset": "pickers",
    "make_picker": "pickers",
    "pick_records": "pickers",
    "ARCHITECTURES": "models",
    "PHASES": "models",
    "PUBLISHED": "models",
    "architecture_of": "models",
    "import_torch": "models",
    "load_picker": "models",
    "new_picker": "models",
    "probabilities": "models",
    "save_picker": "models",
    "training_loss": "models",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
