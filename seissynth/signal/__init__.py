"""The signal core: transforms, spectra, instruments and intensity measures on arrays.

Arrays in, arrays out. The last axis is time (or frequency), whatever stands before it is a batch; float32 and
float64 are kept, other real types become float64. Units are SI unless a name says otherwise. NaN, infinite
values and complex input are refused. Each public function stands in front of private compiled loops, which
run without the interpreter's lock: `workers` threads share the records of a batch.
"""

from seissynth.shared.lazy import lazy

#: public name -> module that holds it; loaded when it is first used
_PUBLIC = {
    "STFT": "stft",
    "griffinlim": "griffin_lim",
    "konno_ohmachi": "konnoohmachi",
    "log_centers": "konnoohmachi",
    "wood_anderson": "woodanderson",
    "wood_anderson_amplitude": "woodanderson",
    "wood_anderson_response": "woodanderson",
    "wood_anderson_stream": ".instruments.woodanderson_stream",
    "response_spectrum": "response_spectra",
    "rotd": "response_spectra",
    "pga": "intensity",
    "pgv": "intensity",
    "arias_intensity": "intensity",
    "cav": "intensity",
    "significant_duration": "intensity",
    "fourier_amplitude": "fourier",
    "envelope": "envelopes",
    "bandpass": "filters",
    "warm_up": "warmup",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = lazy(globals(), _PUBLIC)
