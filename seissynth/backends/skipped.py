"""Stations and earthquakes that `outside="skip"` leaves out because they are outside a backend's ranges."""

import numpy as np

from seissynth.backends._conditions_checks import ranges_of, rows_outside
from seissynth.errors import DomainError
from seissynth.shared.warning import warn_user

_SHOWN = 50


class Skipped:
    """Select the rows that a backend can make, and record those left out.

    Parameters
    ----------
    card : seissynth.backends.base.Card
    outside : str
        Nothing is left out unless it is "skip".
    """

    def __init__(self, card, outside):
        self.card, self.asked = card, outside == "skip"
        self.used, self._texts, self._first = 0, [], ""

    def rows_inside(self, request):
        """Return the rows of a `seissynth.requests.RecordRequest` that can be made.

        Returns
        -------
        ndarray of int
            Empty if the earthquake is left out.
        """
        conditions = request.conditions
        outside = rows_outside(self.card, conditions) if self.asked else np.zeros(len(conditions), dtype=bool)
        rows = np.flatnonzero(~outside)
        self.used += bool(len(rows))
        if outside.any():
            event_id, names = request.earthquake.id, [site.name for site in request.sites]
            self._note(self._of_event(event_id, conditions) or self._of_rows(event_id, names, conditions, outside))
        return rows

    def say(self):
        """Warn once of the rows left out since the last call."""
        if self._texts:
            more = f" And {len(self._texts) - _SHOWN} more such events." if len(self._texts) > _SHOWN else ""
            text = f"{self.card.name}: {' '.join(self._texts[:_SHOWN])}{more}"
            self._texts = []
            warn_user(text)

    def require_any(self):
        """Raise DomainError if everything was left out."""
        if self._first and not self.used:
            raise DomainError(
                f'{self.card.name}: outside="skip" leaves nothing to make. {self._first} Give other stations or '
                'events, another backend, or pass outside="warn" to continue.'
            )

    def _note(self, text):
        self._texts.append(text)
        self._first = self._first or text

    def _of_event(self, event_id, conditions):
        """Reason why an earthquake is left out as a whole (magnitude or depth outside in all rows), or None."""
        why = [
            f"{item.short.format(conditions[item.column].iloc[0])}; it was made for {item}"
            for item in ranges_of(self.card, conditions)
            if item.of_event and (item.excess(conditions[item.column].to_numpy(float)) > 0).all()
        ]
        return f"event {event_id} is outside its range and left out ({', '.join(why)})." if why else None

    def _of_rows(self, event_id, names, conditions, outside):
        whose, hit = [], []
        ranges = ranges_of(self.card, conditions)
        for row in np.flatnonzero(outside):
            values = [(item, conditions[item.column].iloc[row]) for item in ranges]
            wrong = [(item, value) for item, value in values if item.excess(np.array([value]))[0] > 0]
            hit += [item for item, _ in wrong if item not in hit]
            whose.append(f"{names[row]} ({', '.join(item.short.format(value) for item, value in wrong)})")
        more = f" and {len(whose) - _SHOWN} more" if len(whose) > _SHOWN else ""
        limits = ", ".join(f"{item}" if not item.of_event else f"{item.column} {item}" for item in hit)
        return (
            f"{len(whose)} of {len(names)} stations are outside its range for event {event_id} and left out: "
            f"{', '.join(whose[:_SHOWN])}{more}; it was made for {limits}."
        )
