"""P and S onsets: first arrivals in layered crusts, TauP beyond, and the velocity models themselves."""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "EARTH_RADIUS_KM": "first_arrivals",
    "IASP91_LAYERS_TO_DEG": "first_arrivals",
    "IASP91_LAYERS_TO_KM": "first_arrivals",
    "KM_PER_DEGREE": "first_arrivals",
    "LAYERS_TO_DEG": "first_arrivals",
    "LayeredModel": "first_arrivals",
    "MAX_DEPTH_KM": "first_arrivals",
    "MAX_DISTANCE_KM": "first_arrivals",
    "Onsets": "first_arrivals",
    "list_velocity_models": "first_arrivals",
    "onsets": "first_arrivals",
    "velocity_model": "first_arrivals",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
