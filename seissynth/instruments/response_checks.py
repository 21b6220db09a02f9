"""Consistency checks of a response: its stages, its stated sensitivity, and the channel's sampling rate."""

import math

from seissynth.instruments.input_units import INPUT_UNITS, input_units, tidy_units
from seissynth.units import DERIVATIVES

#: stages and stated sensitivity may differ by this share, as in evalresp
SENSITIVITY_TOLERANCE = 0.05

#: sampling rates may differ by this share
RATE_TOLERANCE = 1e-3

#: a sensitivity stated above this share of Nyquist is compared with the product of the gains: filters act there
_HIGHEST_SHARE = 0.5


def sensitivity_notes(response, gain_at, nyquist_hz):
    """Report disagreement of a response's stages with its stated sensitivity, or a stage without gain.

    Parameters
    ----------
    response : obspy.core.inventory.Response
        With stages.
    gain_at : callable
        Frequency in Hz -> amplitude of the whole response, output per input units as written; None where unknown.
    nyquist_hz : float

    Returns
    -------
    list of str
        One sentence or none.
    """
    silent = [str(stage.stage_sequence_number) for stage in response.response_stages if _lacks_gain(stage)]
    stated, from_stages, where, unit = _compare(response, gain_at, nyquist_hz)
    differ = stated is not None and from_stages is not None
    differ = differ and not abs(from_stages / stated - 1) <= SENSITIVITY_TOLERANCE
    if not silent and not differ:
        return []
    words = []
    if silent:
        many = len(silent) > 1
        words.append(
            f"stage{'s' * many} {', '.join(silent)} of the response state{'s' * (not many)} no gain (or one without "
            f"its frequency) and {'are' if many else 'is'} taken with gain 1"
        )
    numbers = f"the stages give {'an unknown gain' if from_stages is None else f'{from_stages:.6g}'}{where}"
    if stated is None:
        words.append(f"{numbers}, and there is no stated sensitivity to compare with")
    else:
        words.append(f"{numbers}, the stated sensitivity is {stated:.6g} counts per {unit}")
    remedy = "Counts follow the stages, which ObsPy's remove_response takes off again; correct the inventory."
    return [f"{': '.join(words)}. {remedy}"]


def rate_notes(channel):
    """Report disagreement of the sampling rates of a channel and of its response's stages; list of str."""
    notes, rate, last = [], None, None
    for stage in _filters(channel.response):
        taken = stage.decimation_input_sample_rate
        if rate is not None and not _close(taken, rate):
            notes.append(
                f"stage {stage.stage_sequence_number} of the response takes in {float(taken):g} Hz, but stage {last} "
                f"gives {rate:g} Hz."
            )
        rate, last = float(taken) / float(stage.decimation_factor or 1), stage.stage_sequence_number
    if rate is not None and not _close(channel.sampling_rate_hz, rate):
        notes.append(
            f"it is sampled at {channel.sampling_rate_hz:g} Hz, but the last stage of its response gives {rate:g} Hz; "
            f"the record has the channel's rate, and the filters are as the response says. Correct the inventory."
        )
    return notes


def output_rate_hz(response):
    """Sampling rate of the last stage that states one, or None."""
    filters = _filters(response)
    if not filters:
        return None
    return float(filters[-1].decimation_input_sample_rate) / float(filters[-1].decimation_factor or 1)


def _filters(response):
    """Stages in order whose shape depends on a sampling rate that they state.

    A converter without coefficients is flat at any rate: many inventories (including ObsPy's example) give it a rate
    that is not that of the channel, because the filters after it are left out.
    """
    return [
        stage
        for stage in sorted(response.response_stages, key=lambda stage: stage.stage_sequence_number)
        if stage.decimation_input_sample_rate
        and (
            (getattr(stage, "coefficients", None) and not hasattr(stage, "approximation_type"))
            or getattr(stage, "numerator", None)
            or "DIGITAL" in str(getattr(stage, "pz_transfer_function_type", "")).upper()
        )
    ]


def _compare(response, gain_at, nyquist_hz):
    """Stated sensitivity, value of the stages in its units, the frequency (text), and its input units."""
    sensitivity = response.instrument_sensitivity
    stated = getattr(sensitivity, "value", None)
    if stated is None or not math.isfinite(stated) or stated == 0:
        return None, _product(response), "", ""
    stated = abs(float(stated))
    own, units = tidy_units(input_units(response)), tidy_units(sensitivity.input_units or input_units(response))
    (own_quantity, own_scale), (quantity, scale) = (INPUT_UNITS.get(item, (None, 1.0)) for item in (own, units))
    frequency = sensitivity.frequency
    if frequency is not None and 0 < frequency <= _HIGHEST_SHARE * nyquist_hz:
        from_stages, where = gain_at(float(frequency)), f" at {float(frequency):g} Hz"
        if from_stages is not None and quantity is not None:
            steps = DERIVATIVES[own_quantity] - DERIVATIVES[quantity]
            from_stages *= own_scale / scale * (2 * math.pi * frequency) ** steps
    else:
        from_stages, where = (_product(response) if own_quantity == quantity else None), " (product of their gains)"
        if from_stages is not None:
            from_stages *= own_scale / scale
    return stated, from_stages, where, sensitivity.input_units or input_units(response)


def _product(response):
    """Product of the stages' gains; None if a polynomial or a table holds the gain."""
    if any(_holds_own_gain(stage) for stage in response.response_stages):
        return None
    gains = [abs(float(stage.stage_gain)) for stage in response.response_stages if not _lacks_gain(stage)]
    return math.prod(gains)


def _holds_own_gain(stage):
    return hasattr(stage, "response_list_elements") or hasattr(stage, "approximation_type")


def _lacks_gain(stage):
    # ObsPy leaves a gain out that has no frequency; a polynomial's gain is in its coefficients
    return not hasattr(stage, "approximation_type") and (stage.stage_gain is None or stage.stage_gain_frequency is None)


def _close(one, other):
    return abs(float(one) / float(other) - 1) <= RATE_TOLERANCE
