"""The equations of the ground-motion models, for records inside their range.

Each function takes (measures, magnitude (n,), distance_km (n,), vs30_mps (n,), mechanism) and returns
(4, n, m): ln of the median in SI, tau, phi, sigma in natural logarithm.
"""

import csv
from functools import lru_cache
from importlib import resources

import numpy as np

from seissynth.errors import MissingDependencyError
from seissynth.evaluation.ground_motion_models import split_measure
from seissynth.units import STANDARD_GRAVITY

_PYGMM_MECHANISM = {"unspecified": "U", "strike_slip": "SS", "normal": "NS", "reverse": "RS"}
_CM = 0.01


def bssa14(measures, magnitude, distance_km, vs30_mps, mechanism):
    """Boore et al. (2014) by pygmm: global attenuation, no basin term."""
    pygmm = _pygmm()
    out = np.empty((4, len(magnitude), len(measures)))
    for row, (one, distance, vs30) in enumerate(zip(magnitude, distance_km, vs30_mps, strict=True)):
        model = pygmm.BooreStewartSeyhanAtkinson2014(
            pygmm.Scenario(
                mag=float(one), dist_jb=float(distance), v_s30=float(vs30), mechanism=_PYGMM_MECHANISM[mechanism]
            )
        )
        table = np.array([model._ln_resp, model._tau, model._phi])
        spectrum = np.log(model.periods)
        for column, measure in enumerate(measures):
            kind, period = split_measure(measure)
            if kind == "psa":
                # between periods linear over the logarithm of the period, as pygmm does it
                values = [np.interp(np.log(period), spectrum, line[model.INDICES_PSA]) for line in table]
            else:
                values = table[:, model.INDEX_PGA if kind == "pga" else model.INDEX_PGV]
            ln_median, tau, phi = values
            scale = _CM if kind == "pgv" else STANDARD_GRAVITY
            out[:, row, column] = ln_median + np.log(scale), tau, phi, np.hypot(tau, phi)
    return out


def emolo15(measures, magnitude, distance_km, vs30_mps, mechanism):  # noqa: ARG001 (as of every model)
    """Equation 22 of HEGGS (2025), m/s²: Emolo et al.'s model without station terms.

    Their published standard deviations (0.17, 0.34, 0.38 of log10) belong to their other model, with a term for each
    station's class; those of this model are not known here.
    """
    log = -3.16 + 0.75 * magnitude - 0.72 * np.log10(np.hypot(distance_km, 3.7)) - 0.0034 * distance_km
    out = np.full((4, len(magnitude), len(measures)), np.nan)
    out[0] = (log * np.log(10.0))[:, None]
    return out


def ita18(measures, magnitude, distance_km, vs30_mps, mechanism):
    """Lanzano et al. (2019), equations 1 to 5; an unspecified mechanism is taken as normal, whose term is 0."""
    out = np.empty((4, len(magnitude), len(measures)))
    site = np.log10(np.minimum(vs30_mps, 1500.0) / 800.0)
    for column, measure in enumerate(measures):
        c = _ita18_table()[split_measure(measure)]
        above = magnitude - c["Mh"]
        source = c["a"] + np.where(above <= 0, c["b1"], c["b2"]) * above
        source += {"strike_slip": c["f1"], "reverse": c["f2"]}.get(mechanism, 0.0)
        far = np.hypot(distance_km, c["h"])
        path = (c["c1"] * (magnitude - c["Mref"]) + c["c2"]) * np.log10(far) + c["c3"] * far
        log = source + path + c["k"] * site
        phi = np.hypot(c["phi_S2S"], c["phi_0"])
        for row, value in enumerate((log + np.log10(_CM), c["tau"], phi, np.hypot(c["tau"], phi))):
            out[row, :, column] = value * np.log(10.0)
    return out


def _pygmm():
    """Import pygmm, or raise a clear error if it is not installed."""
    try:
        import pygmm
    except ImportError as error:
        raise MissingDependencyError(
            "bssa14 needs the package pygmm, which is not installed: pip install 'seissynth[eval]'."
        ) from error
    return pygmm


@lru_cache(maxsize=1)
def _ita18_table():
    """(kind, period) -> coefficients."""
    text = resources.files("seissynth.evaluation").joinpath("data", "ita18.csv").read_text(encoding="utf-8")
    table = {}
    for row in csv.DictReader(text.splitlines()):
        name = row.pop("imt")
        key = ("psa", float(name[3:-1])) if name.startswith("SA") else (name.lower(), None)
        table[key] = {column: float(value) for column, value in row.items()}
    return table
