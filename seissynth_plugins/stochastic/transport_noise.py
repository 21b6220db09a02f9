"""Noise under the windows of energy transport, band by band, for P and for S."""

import numpy as np

from seissynth.seeding import generator
from seissynth_plugins.stochastic.transport import TransportWindows
from seissynth_plugins.stochastic.windowed_noise import NOISE_COLUMNS, P_STREAM, POLARITY_STREAM, S_STREAM

#: the bands' low passes run for so long before the onset
_WARM_S = 1.0


class TransportNoise:
    """Writes the noise of both groups; arguments and results as `WindowedNoise`.

    Parameters
    ----------
    parameters : Parameters

    Notes
    -----
    Each series is one white noise. First-order low passes divide it into bands, and each band has its window. The bands
    sum to the noise, and the expected spectrum is white to 2 %. The windows act after the filters, so nothing moves
    before the onset. S waves that travelled as P on a part of their way arrive between P and S, and belong to the S
    group.
    """

    def __init__(self, parameters):
        self.parameters = parameters
        self.windows = TransportWindows(parameters)

    def write(self, p_series, s_series, row, origin, inside, dt, seed):
        """Write the series of P and of S; see `WindowedNoise.write`."""
        from seissynth_plugins.stochastic import _transport_kernels as kernels

        p = self.parameters
        first = min(row.p_first, row.p_direct)
        offset = max(0, int(np.ceil((first - origin) / dt - 1e-9)))
        npts = inside - offset
        if npts <= 0:
            return 0.0, (0.0, 0.0, 0.0)
        t0 = origin + offset * dt
        p_windows, s_windows, poles = self.windows.make(row, t0, npts, dt)
        warm = round(_WARM_S / dt)
        for series, windows, stream in ((p_series, p_windows, P_STREAM), (s_series, s_windows, S_STREAM)):
            noise = generator(seed, stream).standard_normal((warm + npts, NOISE_COLUMNS))
            kernels.ladder(series[:NOISE_COLUMNS, offset:inside], noise, warm, windows, poles)
        sign = row.polarity or (1.0 if generator(seed, POLARITY_STREAM).random() < 0.5 else -1.0)
        coherence = (p.coherence_start, p.coherence_end)
        kernels.share_p(p_series, offset, npts, t0, dt, first, row.p_ramp, coherence, sign * np.sqrt(p.p_pulse))
        kernels.share_s(s_series, offset, npts, t0, dt, row.s_direct, row.s_ramp, coherence)
        return 1.0 + p.p_pulse, (1.0, 1.0, 1.0)
