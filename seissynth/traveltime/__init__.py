"""P and S onsets: first arrivals in layered crusts, TauP beyond, and the velocity models."""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "first_arrivals": (
        "EARTH_RADIUS_KM IASP91_LAYERS_TO_DEG IASP91_LAYERS_TO_KM KM_PER_DEGREE LAYERS_TO_DEG LayeredModel "
        "MAX_DEPTH_KM MAX_DISTANCE_KM Onsets list_velocity_models onsets velocity_model"
    ),
    "station_delays": "StationDelays",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
