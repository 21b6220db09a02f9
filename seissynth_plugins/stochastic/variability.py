"""Random terms of ln FAS: between events, between sites, and the remainder; and of the durations.

    change(f) = dB(event) + dS2S(site) + dW(field at the site, row) - offset(f)
    ln duration factor = dB(event) + dS2S(site) + dW(field at the site, row)
    ln R/T, ln Z/H     = dS2S(site) + dW(row)

Each term is a normal vector at the knots of `adjustment.KNOTS_HZ`: a standard deviation at each knot times numbers
that are correlated over frequency. The standard deviations are fitted to make PGA, PGV and response spectra scatter
like BSSA14 (`tools/physics/calibrate_variability.py` writes them to `data/variability.json`).
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from seissynth.seeding import generator, hash_words
from seissynth_plugins.stochastic.adjustment import KNOTS_HZ, hat_functions
from seissynth_plugins.stochastic.spatial_field import earth_centred_km, make_field

#: frequencies at which `truth` reports the terms
TRUTH_HZ = (1.0, 5.0)
#: independent fields over frequency; fewer than knots, which leaves standard deviations unchanged and raises the
#: correlation of neighbouring knots by up to 0.1 (the fit of the tables knows of it)
FIELD_FACTORS = 6

#: share of the variance of durations within an event and site that no field carries, as of dW from 3 Hz up
DURATION_ROW_SHARE = 0.2

#: (Hz, standard deviation) of ln R/T and of ln Z/H, beyond what the noise scatters, and the share of the variance that
#: belongs to the site; knots correlate as exp(-|ln(f1 / f2)| / length), with a length for each ratio. From Ridgecrest,
#: docs/variability.md
RATIO_DEVIATIONS = ((1.0, 5.0, 11.0, 25.0), (0.25, 0.33, 0.33, 0.25), (0.35, 0.33, 0.36, 0.6))
RATIO_SITE_SHARE, RATIO_LENGTHS = 0.95, (1.0, 0.65)

_DATA = Path(__file__).parent / "data" / "variability.json"
_EVENT, _STATION, _ROW, _NO_PLACE, _DURATION, _SITE_DURATION, _RATIOS = (
    hash_words("stochastic", name)
    for name in (
        "event term", "site term", "row term", "field without a place", "duration", "duration at a site",
        "ratios of components",
    )
)  # fmt: skip
_FIELDS = FIELD_FACTORS + 1  # the last is that of durations


@dataclass(frozen=True)
class VariabilityTables:
    """Standard deviations of ln FAS and their correlation over frequency and distance.

    Parameters
    ----------
    magnitudes : ndarray, shape (m,)
        Mw of the rows below; linear between them, constant beyond.
    tau : ndarray, shape (m, knots)
        Between events.
    phi_s2s : ndarray, shape (knots,)
        Between sites, the same at all magnitudes, so a site always has the same term.
    phi_ss : ndarray, shape (m, knots)
        The remainder: paths, and all else.
    offset : ndarray, shape (m, knots)
        Subtracted, to keep the medians of peaks without random terms.
    coordinate : ndarray, shape (knots,)
        Stretched ln f; two knots correlate as exp(-|difference|^exponent).
    event_stretch : float
        Times the difference, for the terms between events: below 1, they correlate over a wider band.
    exponent : float
        Above 0 and up to 2.
    row_share : ndarray, shape (knots,)
        Share of phi_ss² that no field carries (Loth & Baker's nugget, less the scatter of the noise itself).
    short_share : float
        Share of the short-range field in the spatially correlated part.
    ranges_km : tuple of float
        Of the short-range and the long-range field.
    """

    magnitudes: np.ndarray
    tau: np.ndarray
    phi_s2s: np.ndarray
    phi_ss: np.ndarray
    offset: np.ndarray
    coordinate: np.ndarray
    event_stretch: float
    exponent: float
    row_share: np.ndarray
    short_share: float
    ranges_km: tuple

    def at(self, name, magnitude):
        """Rows of a table at some magnitudes, shape (n, knots)."""
        table = getattr(self, name)
        if table.ndim == 1:
            return np.broadcast_to(table, (len(magnitude), len(table)))
        return np.array([np.interp(magnitude, self.magnitudes, column) for column in table.T]).T

    def correlation(self, stretch=1.0):
        """Correlation of two knots within a term, shape (knots, knots)."""
        return np.exp(-((stretch * np.abs(self.coordinate[:, None] - self.coordinate)) ** self.exponent))

    def factor(self, stretch=1.0):
        """Lower triangle whose product with normal numbers has that correlation, shape (knots, knots)."""
        return np.linalg.cholesky(self.correlation(stretch))

    def field_factor(self):
        """The same for fields, of fewer columns: shape (knots, FIELD_FACTORS), each row of length 1."""
        values, vectors = np.linalg.eigh(self.correlation())
        # a fixed sign: libraries may turn an eigenvector round
        vectors = vectors * np.where(vectors.sum(axis=0) < 0, -1.0, 1.0)
        kept = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1][:, :FIELD_FACTORS]
        return kept / np.sqrt((kept**2).sum(axis=1, keepdims=True))


@lru_cache(maxsize=1)
def read_tables():
    """Read the tables that come with the backend."""
    stored = json.loads(_DATA.read_text(encoding="utf-8"))["tables"]
    arrays = {name: np.array(value) if isinstance(value, list) else value for name, value in stored.items()}
    return VariabilityTables(**{**arrays, "ranges_km": tuple(stored["ranges_km"])})


@dataclass(frozen=True)
class RandomTerms:
    """Terms of n records.

    Parameters
    ----------
    event, site, within, offset : ndarray, shape (n, knots)
        In ln FAS at `adjustment.KNOTS_HZ`.
    duration : ndarray, shape (n,)
        ln of the factor on the lengths of windows; its median is 0.
    """

    event: np.ndarray
    site: np.ndarray
    within: np.ndarray
    offset: np.ndarray
    duration: np.ndarray

    def total(self):
        """The change of ln FAS, shape (n, knots)."""
        return self.event + self.site + self.within - self.offset

    def truth(self):
        """Each term at `TRUTH_HZ`, as ``event_term_1hz``."""
        hats = hat_functions(np.array(TRUTH_HZ))
        named = (("event", self.event), ("site", self.site), ("within", self.within))
        # element by element: a BLAS product may differ in its last bits
        return {
            f"{name}_term_{f:g}hz": (term * hats[:, k]).sum(axis=1)
            for name, term in named
            for k, f in enumerate(TRUTH_HZ)
        }


class TermMaker:
    """Draws the random terms of a table's rows.

    Parameters
    ----------
    tables : VariabilityTables, optional
        By default those that come with the backend.
    scales : three of float or tuple of (float, float)
        Factors on the standard deviations between events, between sites, and of the rest; or pairs of a frequency in
        Hz and a factor, linear in ln f between them and constant beyond.
    durations : (float, float, float)
        Standard deviations of ln duration between events, within an event and site, and between sites.
    site_terms : {"shared", "drawn", "mean"}
        A site has one term in all earthquakes and realisations, another in each, or none.
    ratio_scale : float
        Factor on the standard deviations of the ratios of components.
    """

    def __init__(
        self, tables=None, scales=(1.0, 1.0, 1.0), durations=(0.0, 0.0, 0.0), site_terms="shared", ratio_scale=0.0
    ):
        self.tables = read_tables() if tables is None else tables
        self.site_terms = site_terms
        event, site, within = (_at_knots(scale) for scale in scales)
        self.scales = (event, 0.0 if site_terms == "mean" else site, within)
        self.durations = (*durations[:2], 0.0 if site_terms == "mean" else durations[2])
        self.duration_row_share = DURATION_ROW_SHARE
        self.ratio_scale = ratio_scale
        self.ratio_factors, self.ratio_deviations = _ratio_tables()
        self.factor = self.tables.factor()
        self.event_factor = self.tables.factor(self.tables.event_stretch)
        self.field_factor = self.tables.field_factor()
        short = self.tables.short_share
        self.fields = tuple(zip(("short", "long"), self.tables.ranges_km, (short, 1 - short), strict=True))

    def draw(self, magnitude, latitude_deg, longitude_deg, seeds, known=None):
        """Draw the terms.

        Parameters
        ----------
        magnitude : ndarray, shape (n,), Mw
        latitude_deg, longitude_deg : ndarray, shape (n,)
            Of the sites. Where one is NaN, the fields' part is drawn from the row's seed: of the same size, and
            without correlation to any other site.
        seeds : seissynth.seeding.Seeds
            Of n rows. The event's term and fields come from `event`, the site's from `station` (with
            ``site_terms="drawn"`` from both), the rest from `row`; so a row's result does not depend on the other rows.
        known : ndarray of bool, shape (n,), optional
            Rows whose site term is known, and is not drawn.

        Returns
        -------
        RandomTerms
        """
        from seissynth_plugins.stochastic._variability_kernels import correlated_rows

        n, knots = len(magnitude), len(KNOTS_HZ)
        draws = {}
        for name, of_rows, stream, factor in (
            ("event", seeds.event, _EVENT, self.event_factor),
            ("site", self._site_seeds(seeds), _STATION, self.factor),
            ("row", seeds.row, _ROW, self.factor),
        ):
            draws[name] = np.empty((n, knots))
            correlated_rows(draws[name], factor, _normal_rows(of_rows, stream, knots))
        fields = np.empty((n, knots))
        of_places = self._fields(latitude_deg, longitude_deg, seeds)
        correlated_rows(fields, self.field_factor, of_places)

        t = self.tables
        event, site, within = (
            scale * t.at(name, magnitude) for scale, name in zip(self.scales, ("tau", "phi_s2s", "phi_ss"), strict=True)
        )
        if known is not None:
            site = np.where(known[:, None], 0.0, site)
        full = t.at("tau", magnitude) ** 2 + t.phi_s2s**2 + t.at("phi_ss", magnitude) ** 2
        # what medians rise by grows with the variance, so a part of the terms needs a part of the offset
        offset = t.at("offset", magnitude) * (event**2 + site**2 + within**2) / np.maximum(full, 1e-12)
        remaining = np.sqrt(t.row_share) * draws["row"] + np.sqrt(1 - t.row_share) * fields
        durations = self._durations(of_places[:, -1], seeds)
        return RandomTerms(event * draws["event"], site * draws["site"], within * remaining, offset, durations)

    def _site_seeds(self, seeds):
        if self.site_terms != "drawn":
            return seeds.station
        pairs = zip(seeds.station.tolist(), seeds.event.tolist(), strict=True)
        return np.array([hash_words("site term", station, event) for station, event in pairs], dtype=np.uint64)

    def add_to(self, rows, magnitude, conditions, seeds, known=None):
        """Draw the terms of a conditions table, put them into its prepared rows, and return their `truth`.

        `known` rows have a site term already, see `known_sites.add_known_terms`.
        """
        known = np.zeros(len(rows), dtype=bool) if known is None else known
        missing = np.full(len(rows), np.nan)
        latitude, longitude = (
            conditions[name].to_numpy(dtype=float) if name in conditions else missing
            for name in ("station_latitude_deg", "station_longitude_deg")
        )
        terms = self.draw(magnitude, latitude, longitude, seeds, known)
        for row, change in zip(rows, terms.total(), strict=True):
            row.adjustment = change if row.adjustment is None else row.adjustment + change
        factors = np.exp(terms.duration)
        lengthen(rows, factors)
        ratios = self.draw_ratios(seeds)
        if self.ratio_scale:
            for row, found in zip(rows, ratios, strict=True):
                row.components = found
        named = {
            f"{name}_term_{f:g}hz": (ratios[:, place] * hats).sum(axis=1)
            for place, name in enumerate(("horizontal_ratio", "vertical_ratio"))
            for f, hats in zip(TRUTH_HZ, hat_functions(np.array(TRUTH_HZ)).T, strict=True)
        }
        origin = np.where(known, "known", self.site_terms)
        return {**terms.truth(), **named, "site_terms": origin, "duration_factor": factors}

    def draw_ratios(self, seeds):
        """Draw ln of R over T and of Z over both, of n rows at the knots, shape (n, 2, knots).

        A part belongs to the site, as its site term does, and the rest to the row.
        """
        from seissynth_plugins.stochastic._variability_kernels import correlated_rows

        knots = len(KNOTS_HZ)
        shares = (0.0 if self.site_terms == "mean" else RATIO_SITE_SHARE, 1 - RATIO_SITE_SHARE)
        out = np.zeros((len(seeds), 2, knots))
        for share, of_rows in zip(shares, (self._site_seeds(seeds), seeds.row), strict=True):
            normal = _normal_rows(of_rows, _RATIOS, 2 * knots).reshape(-1, 2, knots)
            for place in range(2):
                drawn = np.empty((len(seeds), knots))
                correlated_rows(drawn, self.ratio_factors[place], np.ascontiguousarray(normal[:, place]))
                out[:, place] += np.sqrt(share) * drawn
        return self.ratio_scale * out * self.ratio_deviations

    def _durations(self, field, seeds):
        """Logarithm of the factors on durations, shape (n,), from the field's values at the sites."""
        between, within, site = self.durations
        own = self.duration_row_share
        rest = np.sqrt(own) * _normal_rows(seeds.row, _DURATION, 1)[:, 0] + np.sqrt(1 - own) * field
        of_event = between * _normal_rows(seeds.event, _DURATION, 1)[:, 0]
        return of_event + site * _normal_rows(self._site_seeds(seeds), _SITE_DURATION, 1)[:, 0] + within * rest

    def _fields(self, latitude_deg, longitude_deg, seeds):
        """Sum of both fields at the sites, shape (n, FIELD_FACTORS + 1), variance 1; the last is for durations."""
        out = np.zeros((len(seeds), _FIELDS))
        placed = np.isfinite(latitude_deg) & np.isfinite(longitude_deg)
        for i in np.flatnonzero(~placed):
            out[i] = generator(int(seeds.row[i]), _NO_PLACE).standard_normal(_FIELDS)
        places = earth_centred_km(latitude_deg, longitude_deg)
        for seed in dict.fromkeys(seeds.event[placed].tolist()):
            rows = placed & (seeds.event == seed)
            for name, range_km, share in self.fields:
                out[rows] += np.sqrt(share) * make_field(seed, name, range_km, _FIELDS).at(places[rows])
        return out


def _at_knots(scale):
    """A factor, or a table of factors over frequency at the knots."""
    if not isinstance(scale, tuple):
        return scale
    hz, factors = np.transpose(scale)
    return np.interp(np.log(KNOTS_HZ), np.log(hz), factors)


def _ratio_tables():
    """Lower triangles that correlate knots, one for each ratio, and the standard deviations, (2, knots)."""
    ln_f = np.log(KNOTS_HZ)
    apart = np.abs(ln_f[:, None] - ln_f)
    factors = [np.linalg.cholesky(np.exp(-apart / length)) for length in RATIO_LENGTHS]
    hz, *deviations = (np.array(row) for row in RATIO_DEVIATIONS)
    return factors, np.array([np.interp(ln_f, np.log(hz), row) for row in deviations])


def lengthen(rows, factors):
    """Make each row's windows longer by a factor.

    Parameters
    ----------
    rows : list of PreparedRow
        Changed in place: lengths of P's and S's windows or what spreads their energy, and the times over which their
        coherence falls. The spectrum stays, so a record that lasts longer has lower peaks.
    factors : ndarray, shape (n,)
    """
    for row, factor in zip(rows, factors.tolist(), strict=True):
        for name in ("p_length", "s_length", "s_short_length", "p_ramp", "s_ramp", "duration_factor"):
            setattr(row, name, factor * getattr(row, name))


def _normal_rows(seeds, stream, count):
    """Normal numbers of each row's seed, shape (n, count); a seed that comes again is drawn once."""
    drawn = {seed: generator(seed, stream).standard_normal(count) for seed in dict.fromkeys(seeds.tolist())}
    return np.array([drawn[seed] for seed in seeds.tolist()]).reshape(len(seeds), count)
