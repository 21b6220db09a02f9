"""Names of metrics in words."""

import re

#: words of metric names that are written differently
_WRITTEN = {
    "snr": "SNR", "psnr": "PSNR", "mse": "MSE", "mae": "MAE", "mape": "MAPE", "dtw": "DTW", "crps": "CRPS",
    "pga": "PGA", "pgv": "PGV", "psa": "PSA", "ml": "ML", "f1": "F1", "p": "P", "s": "S", "m0": "M0", "mw": "Mw",
    "hvsr": "HVSR", "frechet": "Fréchet", "wasserstein": "Wasserstein", "arias": "Arias", "km": "K-M",
}  # fmt: skip
#: endings that only repeat the unit
_UNITS = ("_s", "_db", "_hz", "_mps", "_km")


def title_of(metric):
    """Metric in words.

    Parameters
    ----------
    metric : str

    Returns
    -------
    str

    Examples
    --------
    >>> [title_of(name) for name in ("envelope_correlation_whole", "p_mae_s", "snr_db", "ln_psa_0p3_bias")]
    ['Envelope correlation, whole window', 'P MAE', 'SNR', 'ln PSA(0.3 s) bias']
    """
    name, whole = metric.removesuffix("_whole"), metric.endswith("_whole")
    for ending in _UNITS:
        name = name.removesuffix(ending) or name
    name = re.sub(r"psa_(\d+)[p.]?(\d*)", lambda m: f"PSA({m[1]}{'.' + m[2] if m[2] else ''}s)", name)
    name = name.replace("d5_95", "D5-95")
    words = " ".join(_WRITTEN.get(word, word) for word in name.split("_") if word)
    words = re.sub(r"(\d)s\)", r"\1 s)", words)
    as_it_is = words.startswith(("ln ", "b "))
    return (words if as_it_is else words[:1].upper() + words[1:]) + (", whole window" if whole else "")
