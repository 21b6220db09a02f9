"""Convert prepared rows to records: noise under windows, shaped by the legs' spectra, on three components.

The recipe is Boore's (2003): Gaussian noise under a window, its spectrum divided by the window's rms level and
multiplied by the target spectrum, back in time. P, SV and SH are made separately, each from the onset of its ray.
"""

import numpy as np
from scipy import fft

from seissynth_plugins.stochastic.legs import LegMaker, spectrum_of, weighted_basis
from seissynth_plugins.stochastic.low_cut import high_pass_sections
from seissynth_plugins.stochastic.surface_waves import SurfaceWaveMaker
from seissynth_plugins.stochastic.transport_noise import TransportNoise
from seissynth_plugins.stochastic.windowed_noise import WindowedNoise

_TAIL_PERIODS = 1.0  # of the lowest corner, kept after the record against wrapping
_SHORTEST_TAIL_S = 2.0
_LENGTH_STEP = 256
#: records that are made together, and samples of one series of theirs, at most: fewer calls, and less memory
_TOGETHER, _SAMPLES_TOGETHER = 32, 2**18


class RecordMaker:
    """Makes records; holds the data that they share.

    Parameters
    ----------
    parameters : Parameters
    grids : GridCache
    """

    def __init__(self, parameters, grids):
        self.parameters = parameters
        self.grids = grids
        self.legs = LegMaker(parameters)
        self.by_transport = parameters.envelope == "transport"
        self.noise = TransportNoise(parameters) if self.by_transport else WindowedNoise(parameters)
        self.surface_waves = None
        if parameters.surface_wave_share > 0:
            self.surface_waves = SurfaceWaveMaker(parameters, self.noise.energies)

    def make(self, rows, start_s, npts, dt, seeds):
        """Return acceleration in m/s², shape (rows, 3, npts), Z, R, T, float32; and the coda's shares of S energy.

        Parameters
        ----------
        rows : sequence of PreparedRow
        start_s : sequence of float
            Time of sample 0 after origin.
        npts : int
        dt : float
        seeds : sequence of int
            The rows' seeds.
        """
        out = np.zeros((len(rows), 3, npts), dtype=np.float32)
        shares = np.zeros(len(rows))
        places = [self._place(row, start, npts, dt) for row, start in zip(rows, start_s, strict=True)]
        begin = 0
        while begin < len(rows):
            nfft = places[begin][2]
            together = max(1, min(_TOGETHER, _SAMPLES_TOGETHER // max(nfft, 1))) if self.by_transport else 1
            end = begin + 1
            while end < min(begin + together, len(rows)) and places[end][2] == nfft:
                end += 1
            if nfft > 0:  # else the record ends before anything arrives
                part = slice(begin, end)
                origins, skipped, _ = zip(*places[part], strict=True)
                motion, shares[part] = self._motion(
                    rows[part], origins, np.array(skipped) + npts, nfft, dt, seeds[part]
                )
                self.finish(out[part], motion, rows[part], start_s[part], skipped, dt)
            begin = end
        return out, shares

    def uncut(self, row, start_s, npts, dt, seed):
        """One record as it comes from the transform, (3, npts): without the silence before P, and the low cut."""
        origin, skipped, nfft = self._place(row, start_s, npts, dt)
        motion, _ = self._motion([row], [origin], np.array([skipped + npts]), nfft, dt, [seed])
        return motion[:3, skipped : skipped + npts]

    def _place(self, row, start_s, npts, dt):
        """Time of the first sample that is made, how many are before the record, and the length of transforms."""
        first = row.s_direct if self.parameters.horizontal_s_only else min(row.p_first, row.p_direct)
        skipped = max(0, int(np.ceil((start_s - first) / dt)))  # samples between the onset and the record's start
        origin = start_s - skipped * dt
        inside = skipped + npts
        if origin + inside * dt <= first:
            return origin, skipped, 0
        tail = max(_SHORTEST_TAIL_S, _TAIL_PERIODS / row.lowest_corner)
        nfft = fft.next_fast_len(-(-(inside + int(tail / dt)) // _LENGTH_STEP) * _LENGTH_STEP, real=True)
        return origin, skipped, nfft + nfft % 2

    def _motion(self, rows, origins, insides, nfft, dt, seeds):
        """Motion of rows with one length of transforms, (3 rows or more, nfft), and shares of scattered S."""
        grid = self.grids.get(nfft, dt)
        if self.by_transport:
            series, shares = self.noise.write(rows, origins, insides, nfft, dt, seeds)
            trains = self._trains(grid, rows)
            taken = {i: train[0] for i, train in trains.items()}
            spectra = self.legs.shape(grid, rows, fft.rfft(series), 1.0 / dt, taken)
            for i, (_, amplitudes, legs) in trains.items():
                train = self.surface_waves.series(rows[i], origins[i], int(insides[i]), nfft, dt, int(seeds[i]))
                self.surface_waves.add(spectra[3 * i : 3 * i + 3], train, legs, amplitudes, 1.0 / dt)
        else:
            (row,), (origin,), (inside,), (seed,) = rows, origins, insides, seeds
            spectra, shares = self.noise.spectra(
                row,
                origin,
                inside,
                nfft,
                dt,
                int(seed),
                self.legs.spectra(grid, row),
                grid,
                self.legs.s_on_z(grid, row),
            )
            if spectra is None:
                return np.zeros((3, nfft)), 0.0
            spectra /= dt
        if self.parameters.horizontal_s_only:
            spectra[::3] = 0.0
        for i, row in enumerate(rows):
            if row.components is not None:
                _scatter_components(spectra[3 * i : 3 * i + 3], grid, row.components)
        return fft.irfft(spectra, nfft), shares

    def _trains(self, grid, rows):
        """What the surface waves of rows take from S, their amplitudes, and the legs; by row that has any."""
        found = {}
        for i, row in enumerate(rows):
            if row.surface_waves is not None:
                legs = self.legs.spectra(grid, row)
                found[i] = *self.surface_waves.take(row, grid, legs, self.legs.s_on_z(grid, row)), legs
        return found

    def finish(self, out, motion, rows, start_s, skipped, dt):
        """Cut records from the motion of rows, with silence before their onsets, and take out low frequencies.

        Parameters
        ----------
        out : ndarray, shape (rows, 3, npts), float32
            Written to.
        motion : ndarray, shape (3 rows or more, nfft)
        rows : sequence of PreparedRow
        start_s : sequence of float
            Time of sample 0 after origin.
        skipped : sequence of int
            Samples of the motion before it.
        dt : float
        """
        from seissynth_plugins.stochastic import _shaping_kernels as kernels

        p, sections, silent = self.parameters, np.zeros((0, 5)), np.zeros(len(rows), dtype=np.int64)
        if p.low_cut_hz > 0:
            sections = high_pass_sections(int(p.low_cut_order), p.low_cut_hz, 1.0 / dt)
        if p.minimum_phase:
            # what wrapped around the end of the FFT, some 1e-6 of the peak, would grow in displacement
            silent[:] = [row.samples_before_onset(t, 1.0 / dt) for row, t in zip(rows, start_s, strict=True)]
        kernels.finish_rows(out, motion, np.array(skipped), silent, sections)


def _scatter_components(spectra, grid, ratios):
    """Change R over T, and Z over both, of the spectra; in place."""
    across, up = weighted_basis(grid, 0.5 * ratios[0]), weighted_basis(grid, ratios[1])
    for place, term, weight in ((0, up, 1.0), (1, across, 1.0), (2, across, -1.0)):
        spectra[place] *= spectrum_of(1.0, [(term, weight)])
