"""Spectra of the legs P, SV and SH: sums of terms of ln A that an earthquake, a site or a grid of frequencies share."""

from collections import OrderedDict

import numpy as np

from seissynth_plugins.stochastic.borehole import borehole_filters
from seissynth_plugins.stochastic.site import vs30_terms
from seissynth_plugins.stochastic.spectra import Term, corner_residuals

_SMSIM_PARTITION = 0.5**0.5
_FREE_SURFACE = 2.0
#: how many terms of a kind are kept, the least used dropped first
_KEPT = {"site": 64, "source": 16, "change": 2, "borehole": 32}


class LegMaker:
    """Makes the spectra that noise is shaped by.

    Parameters
    ----------
    parameters : Parameters
    """

    def __init__(self, parameters):
        self.parameters = parameters
        self._kinds = {kind: OrderedDict() for kind in _KEPT}

    def _kept(self, kind, key, make):
        """What `make` returns for a key, made once."""
        terms = self._kinds[kind]
        found = terms.pop(key, None)
        if found is None:
            found = make()
        terms[key] = found
        while len(terms) > _KEPT[kind]:
            terms.popitem(last=False)
        return found

    def _site(self, grid, vs30):
        """Terms of Vs30, linear and nonlinear."""
        reference = self.parameters.site_reference_vs30_mps
        return self._kept(
            "site",
            (grid.nfft, grid.dt, vs30),
            lambda: [grid.term(lambda f, k=k: vs30_terms(vs30, f, reference)[k]) for k in (0, 1)],
        )

    def _source(self, grid, corners, powers):
        """The source's corners; records of an earthquake share it."""

        def make():
            from seissynth_plugins.stochastic import _kernels as kernels

            out = np.empty((2, len(grid.frequency)))
            kernels.corner_shape(
                *out, grid.frequency, grid.cosine, grid.sine, corners, powers, *corner_tables(corners, grid.dt),
                grid.causal,
            )  # fmt: skip
            return Term(out)

        return self._kept("source", (grid.nfft, grid.dt, corners.tobytes(), powers.tobytes()), make)

    def _change(self, grid, adjustment):
        """A change of ln FAS; without random terms an event's records share it."""
        return self._kept(
            "change", (grid.nfft, grid.dt, adjustment.tobytes()), lambda: weighted_basis(grid, adjustment)
        )

    def terms(self, grid, row):
        """Return what P's spectrum and S's are made of, and S on Z over S on the horizontals.

        Parameters
        ----------
        grid : Grid
            Frequencies, of `GridCache.get`.
        row : PreparedRow

        Returns
        -------
        tuple of list of (Term, float)
            Of P, of S, and of the factor; terms and their weights. The levels and a mechanism's pattern are not in
            them.
        """
        p = self.parameters
        kappa = p.kappa0_s if row.kappa is None else row.kappa
        has_site = row.vs30 != p.site_reference_vs30_mps
        site = self._site(grid, row.vs30) if has_site else ()
        ratio = p.p_site_exponent
        pressure = [
            (self._source(grid, *row.p_corners), 1.0), (grid.attenuation, row.p_attenuation),
            (grid.kappa, p.p_kappa_ratio * kappa), (grid.site, ratio),
        ]  # fmt: skip
        shear = [
            (self._source(grid, *row.s_corners), 1.0), (grid.attenuation, row.s_attenuation), (grid.kappa, kappa),
            (grid.site, 1.0),
        ]  # fmt: skip
        if grid.p_factor is not None:
            pressure.append((grid.p_factor, 1.0))
        for term, weight in zip(site, (1.0, row.nonlinear), strict=False):
            pressure.append((term, ratio * weight))
            shear.append((term, weight))
        if row.adjustment is not None:
            change = self._change(grid, row.adjustment)
            pressure.append((change, 1.0))
            shear.append((change, 1.0))
        if row.borehole is not None:
            key = grid.nfft, grid.dt, row.borehole
            below = self._kept("borehole", key, lambda: borehole_filters(grid, row.borehole))
            for leg, term in zip((pressure, shear), below, strict=True):
                leg.append((term, 1.0))
        on_z = []
        more = p.vertical_site_exponent - 1.0
        nonlinear = more * row.nonlinear if p.vertical_nonlinear else -row.nonlinear
        if has_site and (more != 0.0 or nonlinear != 0.0):
            on_z += zip(site, (more, nonlinear), strict=True)
        if row.z_distance != 0.0:
            on_z.append((grid.s_vertical_decay, row.z_distance))
        return pressure, shear, on_z

    def levels(self, row):
        """Return the levels of P and of S, m/s² as of `PreparedRow`."""
        if self.parameters.horizontal_s_only:
            return 0.0, row.s_level * _SMSIM_PARTITION
        return row.p_level, row.s_level

    def s_on_z(self, grid, row):
        """Return what S on Z has beside S on the horizontals: less of the Vs30 term, and a decay with distance.

        Parameters
        ----------
        grid : Grid
        row : PreparedRow

        Returns
        -------
        ndarray, shape (bins,), complex
            A factor; 1 where there is nothing.
        """
        terms = self.terms(grid, row)[2]
        if not terms:
            return np.ones(len(grid.frequency), dtype=complex)
        out = spectrum_of(1.0, terms)
        out[0] = 1.0
        return out

    def spectra(self, grid, row):
        """Return the spectra of P, SV, SH and of S without a mechanism's pattern, which noise is shaped by.

        Parameters
        ----------
        grid : Grid
        row : PreparedRow

        Returns
        -------
        tuple of ndarray, each of shape (bins,), complex
            Of acceleration, m/s; the free surface is not in them.
        """
        (pressure, shear, _), (p_level, s_level) = self.terms(grid, row), self.levels(row)
        s = spectrum_of(s_level, shear)
        if p_level == 0.0:
            return np.zeros_like(s), s, s, s
        p = spectrum_of(p_level, pressure)
        if row.pattern is None:
            return p, s, s, s
        # a mechanism's pattern fades to the mean: exp(log ratio) at low frequency, 1 above the band, minimum phase
        pattern = grid.pattern.values[0] + 1j * grid.pattern.values[1]
        legs = [base * np.exp(ratio * pattern) for base, ratio in zip((p, s, s), row.pattern, strict=True)]
        return (*legs, s)

    def shape(self, grid, rows, spectra, scale=1.0, taken=()):
        """Return spectra of Z, R and T of rows.

        Parameters
        ----------
        grid : Grid
        rows : sequence of PreparedRow
        spectra : ndarray, shape (rows, 8, bins), complex64
            Of the series of `TransportNoise.write`.
        scale : float
            Of the result.
        taken : mapping of int to (Term, Term, Term)
            Of some rows, what surface waves take from S: of SV, of SH, and of S on Z over the horizontals.

        Returns
        -------
        ndarray, shape (3 rows, bins), complex64
        """
        from seissynth_plugins.stochastic import _shaping_kernels as kernels

        parts = []
        for i, row in enumerate(rows):
            pressure, shear, on_z = self.terms(grid, row)
            sv = sh = []
            if row.pattern is not None:
                pressure, sv, sh = (
                    [*terms, (grid.pattern, ratio)]
                    for terms, ratio in zip((pressure, shear, shear), row.pattern, strict=True)
                )
            if i in taken:
                radial, across, vertical = ([(term, 1.0)] for term in taken[i])
                sv, sh = (sv or shear) + radial, (sh or shear) + across
                shear, on_z = shear + radial, on_z + vertical
            parts.append((pressure, sv, sh, shear, on_z))
        most = 1 + max(len(terms) for row in parts for terms in row)
        index = np.full((len(rows), 5, most), -1)
        weights = np.zeros(index.shape, dtype=np.float32)
        known = {}
        for i, row in enumerate(parts):
            for leg, terms in enumerate(row):
                for j, (term, weight) in enumerate(terms):
                    index[i, leg, j] = known.setdefault(id(term), (len(known), term))[0]
                    weights[i, leg, j] = weight
        table = np.stack([term.single for _, term in known.values()])
        p_scale = scale / np.sqrt(1.0 + self.parameters.p_pulse)
        levels = np.array([self.levels(row) for row in rows]) * (p_scale, scale)
        surfaces = np.array([(*row.surface, _FREE_SURFACE) for row in rows], dtype=np.float32)
        out = np.zeros((-(-3 * len(rows) // 8) * 8, spectra.shape[2]), dtype=np.complex64)
        kernels.shape_rows(
            out.view(np.float32), spectra.view(np.float32), table, index, weights, levels.astype(np.float32), surfaces,
            grid.p_horizontal.pairs, grid.s_vertical.pairs,
        )  # fmt: skip
        return out


def weighted_basis(grid, weights):
    """A change of ln A with weights at `adjustment.KNOTS_HZ`, as a Term."""
    from seissynth_plugins.stochastic import _kernels as kernels

    out = np.zeros((2, len(grid.frequency)))
    kernels.weighted_rows(weights, *grid.adjustment, out)
    return Term(out)


def spectrum_of(level, terms):
    """Spectrum, (bins,), complex: a level times exp of the weighted terms, and 0 in the first bin."""
    from seissynth_plugins.stochastic import _kernels as kernels

    first, *others = (term.values for term, _ in terms)
    start, *weights = (weight for _, weight in terms)
    bins = first.shape[1]
    gains, phases = (np.array([term[part] for term in others]).reshape(-1, bins) for part in (0, 1))
    out, scratch = np.empty(bins, dtype=complex), np.empty((2, bins))
    kernels.leg_spectrum(out, *scratch, level, start * first, np.array(weights), gains, phases)
    return out


def corner_tables(corners, dt):
    """Rows of the residual table for the corners asked (linear in their logarithm), and the pole of each."""
    log_corner, phase, square = corner_residuals()
    position = np.interp(np.log(corners * dt), log_corner, np.arange(len(log_corner)))
    left = np.minimum(position.astype(int), len(log_corner) - 2)
    share = (position - left)[:, None]
    return phase[left] * (1 - share) + phase[left + 1] * share, square, np.exp(-2 * np.pi * corners * dt)
