"""Biases given as natural logarithms, in words: 0.693 is "2.0 times too strong"."""

import fnmatch
import math

#: smallest factor that is written as such; a smaller one is a percentage
LEAST_FACTOR = 1.95

#: pattern of a metric -> words for a positive and for a negative logarithm; the first that fits counts
_WORDS = {
    "ln_d5_95_bias*": ("too long", "too short"),
    "ln_arias_bias*": ("too large", "too small"),
    "ln_*_bias": ("too strong", "too weak"),
    "ln_*_bias_both": ("too strong", "too weak"),
    "ln_*_bias_beyond_selection": ("too strong", "too weak"),
    "ln_spectral_ratio_*": ("too strong", "too weak"),
    "ln_spectrum_difference": ("too strong", "too weak"),
    "ln_corner_difference": ("too high", "too low"),
    "ln_hvsr_difference": ("too large", "too small"),
}


def factor_in_words(logarithm, more="too strong", less="too weak"):
    """Write the natural logarithm of a factor as a factor or a percentage.

    Parameters
    ----------
    logarithm : float
        ln(generated / real).
    more, less : str
        Words for a factor above and below 1.

    Returns
    -------
    str
        "" for NaN. Factors below 2 are percentages of the real value.

    Examples
    --------
    >>> import math
    >>> [factor_in_words(math.log(factor)) for factor in (2.0, 0.5, 1.2, 0.8)]
    ['2.0 times too strong', '2.0 times too weak', '20 % too strong', '20 % too weak']
    """
    if not math.isfinite(logarithm):
        return ""
    word = more if logarithm > 0 else less
    factor = math.exp(abs(logarithm))
    if factor >= LEAST_FACTOR:
        return f"{factor:.1f} times {word}" if factor < 10 else f"{factor:,.0f} times {word}"
    percent = round(100 * abs(math.expm1(logarithm)))
    return f"{percent} % {word}" if percent else "right"


def within_in_words(low, high):
    """Write the limits of a logarithm that include 0 as the largest deviation that they allow.

    Examples
    --------
    >>> import math
    >>> within_in_words(math.log(0.9), math.log(1.2)), within_in_words(math.log(0.4), 0.1), within_in_words(0, 0)
    ('right within 20 %', 'no clear bias, up to a factor of 2.5', 'right')
    """
    factor = math.exp(max(abs(low), abs(high)))
    if factor >= LEAST_FACTOR:
        return f"no clear bias, up to a factor of {factor:.1f}"
    percent = math.ceil(100 * (factor - 1) - 1e-6)
    return f"right within {percent} %" if percent else "right"


def is_clear(low, high):
    """Whether limits exclude 0; None where they are unknown."""
    return low > 0 or high < 0 if math.isfinite(low) and math.isfinite(high) else None


def bias_in_words(metric, value, low=math.nan, high=math.nan):
    """Describe the bias that a metric gives as a natural logarithm.

    Parameters
    ----------
    metric : str
    value, low, high : float
        The metric and its 95 % interval; NaN where there is none.

    Returns
    -------
    str
        "" for NaN and for metrics that are no logarithmic bias. If the interval includes 0, how large the bias may be.

    Examples
    --------
    >>> bias_in_words("ln_pga_bias", 0.713, 0.6, 0.8), bias_in_words("ln_pga_bias", -0.03, -0.2, 0.16)
    ('2.0 times too strong', 'right within 23 %')
    >>> bias_in_words("ln_d5_95_bias", -0.223, -0.3, -0.1), bias_in_words("ln_pga_sd", 0.7)
    ('20 % too short', '')
    """
    words = next((words for pattern, words in _WORDS.items() if fnmatch.fnmatchcase(metric, pattern)), None)
    if words is None or not math.isfinite(value):
        return ""
    return within_in_words(low, high) if is_clear(low, high) is False else factor_in_words(value, *words)
