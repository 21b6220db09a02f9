"""Compilation of the default backend's loops by two processes, when they are called for the first time."""

import numpy as np

from seissynth.shared.compiled_elsewhere import CompiledElsewhere

#: the noise's loop takes half of the time, and what comes before and after it the other half
NOISE = CompiledElsewhere(
    "seissynth_plugins.stochastic._series_kernels:series_rows",
    "seissynth_plugins.stochastic.compilation:compile_noise",
)
_NPTS, _DT = 256, 0.01


def compile_noise():
    """Call the noise's loop."""
    from seissynth_plugins.stochastic.parameters import Parameters
    from seissynth_plugins.stochastic.transport_noise import TransportNoise

    TransportNoise(Parameters()).write([_row()], [0.0], [_NPTS], _NPTS, _DT, [0])


def compile_shaping(maker):
    """Call the loops that follow the noise, of a `RecordMaker`, and those of integration."""
    from scipy import fft

    from seissynth.signal.motion import convert_motion

    rows, series = [_row()], np.zeros((1, 8, _NPTS), dtype=np.float32)
    spectra = maker.legs.shape(maker.grids.get(_NPTS, _DT), rows, fft.rfft(series), 1.0 / _DT)
    out = np.zeros((1, 3, _NPTS // 2), dtype=np.float32)
    maker.finish(out, fft.irfft(spectra, _NPTS), rows, [0.0], [0], _DT)
    convert_motion(out, 1.0 / _DT, "acceleration", "velocity")


def _row():
    """A small earthquake nearby; made by hand, since the other process would import pandas for `prepare_rows`."""
    from seissynth_plugins.stochastic.rows import PreparedRow

    corner = np.array([10.0]), np.array([1.0])
    return PreparedRow(
        p_first=1.0, p_direct=1.0, s_first=2.0, s_direct=2.0, p_length=1.0, s_length=1.0, s_short_length=1.0,
        p_ramp=1.0, s_ramp=1.0, source_duration=0.1, p_level=1.0, s_level=1.0, p_attenuation=0.0, s_attenuation=0.0,
        p_corners=corner, s_corners=corner, lowest_corner=10.0, surface=(0.1, 2.0, 2.0, 0.1), vs30=760.0,
        nonlinear=0.0, polarity=1.0, pattern=None,
    )  # fmt: skip
