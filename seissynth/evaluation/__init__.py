"""How real is a record? Magnitudes, and what else compares generated with observed motion, on arrays."""

from seissynth._lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "local_magnitude": "magnitude",
    "minus_log_a0": "magnitude",
    "MAGNITUDE_REGIONS": "magnitude",
    "RecordSet": "record_sets",
    "Pairs": "record_sets",
    "read_record_set": "record_sets",
    "pair_sets": "record_sets",
    "streams_to_record_set": "record_streams",
    "MetricGroup": "results",
    "EvaluationSettings": "results",
    "interval": "intervals",
    "mean_interval": "intervals",
    "paired_difference": "intervals",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
