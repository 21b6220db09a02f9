"""The signal core: transforms, spectra, instruments and intensity measures on arrays.

Arrays in, arrays out. The last axis is time (or frequency), all axes before it form a batch; float32 and
float64 are kept, other real types become float64. Units are SI unless a name says otherwise. NaN, infinite
values and complex input are refused. Each public function calls private compiled loops, which release the interpreter's
lock: `workers` threads share the records of a batch.
"""

from seissynth.shared.lazy import lazy

#: module -> its public names, loaded when they are first used
_PUBLIC = {
    "stft": "STFT",
    "griffin_lim": "griffinlim",
    "konnoohmachi": "konno_ohmachi log_centers",
    "woodanderson": "wood_anderson wood_anderson_amplitude wood_anderson_response",
    ".instruments.woodanderson_stream": "wood_anderson_stream",
    "response_spectra": "response_spectrum rotd",
    "intensity": "pga pgv arias_intensity cav significant_duration",
    "fourier": "fourier_amplitude",
    "envelopes": "envelope",
    "filters": "bandpass",
    "warmup": "warm_up",
}


__all__, __getattr__, __dir__ = lazy(globals(), _PUBLIC)
