"""Compiled loops of the random terms: private, no checks. Each row is computed alone, with sums in a fixed order."""

import math

from seissynth.shared._numba import jit


@jit
def field_rows(out, place, wave, cosine, sine):
    """Values of fields at places: out[i, l] = K^(-1/2) sum_j cosine[j, l] cos(k_j x_i) + sine[j, l] sin(k_j x_i).

    place: (rows, 3), km; wave: (K, 3), 1/km; cosine and sine: (K, fields), whose fields share their waves.
    """
    waves, fields = cosine.shape
    scale = 1.0 / math.sqrt(waves)
    for i in range(place.shape[0]):
        for field in range(fields):
            out[i, field] = 0.0
        for j in range(waves):
            angle = wave[j, 0] * place[i, 0] + wave[j, 1] * place[i, 1] + wave[j, 2] * place[i, 2]
            c = math.cos(angle)
            s = math.sin(angle)
            for field in range(fields):
                out[i, field] += cosine[j, field] * c + sine[j, field] * s
        for field in range(fields):
            out[i, field] *= scale


@jit
def correlated_rows(out, factor, normal):
    """out[i] = factor @ normal[i], row by row: a BLAS product may differ in its last bits with the number of rows."""
    for i in range(normal.shape[0]):
        for k in range(factor.shape[0]):
            total = 0.0
            for j in range(factor.shape[1]):
                total += factor[k, j] * normal[i, j]
            out[i, k] = total
