"""Compiled loops of the factory."""

from seissynth.shared._numba import jit


@jit
def band_energy(data, sections, first, last, out):
    """Sum of squares of filtered rows.

    data (n, c, npts) float32; sections (k, 6) float64, second-order, a0 = 1; first, last (n,) samples that count;
    out (n,) float64. Each section starts at rest at sample 0.
    """
    for i in range(data.shape[0]):
        total = 0.0
        for c in range(data.shape[1]):
            z = sections * 0.0
            for j in range(last[i]):
                x = float(data[i, c, j])
                for k in range(sections.shape[0]):
                    y = sections[k, 0] * x + z[k, 0]
                    z[k, 0] = sections[k, 1] * x - sections[k, 4] * y + z[k, 1]
                    z[k, 1] = sections[k, 2] * x - sections[k, 5] * y
                    x = y
                if j >= first[i]:
                    total += x * x
        out[i] = total
