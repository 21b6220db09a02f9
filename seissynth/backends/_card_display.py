"""Put the facts of a card into words, for printing and notebooks."""

from seissynth.shared.tables import html_table, text_table


def card_facts(card):
    """Return pairs of words for what a card states; fields without a value are skipped.

    Parameters
    ----------
    card : seissynth.backends.base.Card

    Returns
    -------
    list of (str, str)
    """
    facts = [("records", f"{card.quantity}, components {card.component_order}")]
    if card.sampling_rates_hz:
        facts.append(("rate", " or ".join(f"{rate:g}" for rate in card.sampling_rates_hz) + " Hz, resampled to others"))
    if card.max_duration_s is not None:
        facts.append(("longest", f"{card.max_duration_s:g} s"))
    if card.window_lead_s is not None:
        facts.append(("begins", f"{card.window_lead_s:g} s before P"))
    for name, pair, unit in (
        ("magnitude", card.magnitude_range, ""),
        (f"{card.distance_kind} distance", card.distance_range_km, " km"),
        ("depth", card.depth_range_km, " km"),
    ):
        if pair is not None:
            facts.append((name, range_text(pair) + unit))
    for name, value in (
        ("trained on", card.trained_region),
        ("trained within", area_text(card) if card.trained_area_deg else ""),
        ("needs", ", ".join(card.required_columns)),
        ("can use", ", ".join(card.optional_columns)),
        ("capabilities", ", ".join(sorted(card.capabilities))),
        ("packages", ", ".join(card.packages)),
        ("after", "; ".join(card.references)),
        ("licence", card.licence_code + (f", weights {card.licence_weights}" if card.licence_weights else "")),
    ):
        if value:
            facts.append((name, value))
    return facts


def area_text(card):
    """``35.27 to 36.19 N, -118.25 to -117.28 E``."""
    south, north, west, east = card.trained_area_deg
    return f"{south:.2f} to {north:.2f} N, {west:.2f} to {east:.2f} E"


def range_text(pair):
    """``0.37 to 6.4``."""
    return f"{pair[0]:.3g} to {pair[1]:.3g}"


def card_text(card):
    """Return the card as text of several lines."""
    return f"Card {card.name!r}: {card.summary}\n" + text_table([], [(f"  {a}", b) for a, b in card_facts(card)])


def card_html(card):
    """Return the card as HTML."""
    return html_table([], card_facts(card), f"{card.name}: {card.summary}")
