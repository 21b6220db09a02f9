"""Assumptions of a call about its earthquakes, reported once for all of them."""

from seissynth.shared.warning import warn_user

#: a depth above 0 and below this is rather one in kilometres than one in metres
_SHALLOW_M = 100.0


class EventNotes:
    """Collect assumptions about each earthquake of a call; `say` gives one warning for each kind."""

    def __init__(self):
        self._seen, self._found = set(), {}

    def look_at(self, request, records):
        """Note the assumptions about one earthquake; repeated calls change nothing.

        Parameters
        ----------
        request : seissynth.requests.RecordRequest
            The earthquake with its table of conditions, in which the caller may have set other values.
        records : seissynth.records.Records
            Its records, whose truth may state the conversion of the magnitude.
        """
        earthquake, conditions = request.earthquake, request.conditions
        which = earthquake.id, earthquake.key
        if which in self._seen or not len(conditions):
            return
        self._seen.add(which)
        kind = str(conditions["source_magnitude_type"].iloc[0] or "").strip()
        magnitude = float(conditions["source_magnitude"].iloc[0])
        done = str(next(iter(records.truth.get("magnitude_conversion", ())), ""))
        if not kind:
            taken = "Mw" if "Mw" in done else "it is"
            self._add("type", earthquake, f"magnitude {magnitude:g} without a type, taken as {taken}")
        elif "taken as Mw" in done:
            self._add("scale", earthquake, f"{kind} {magnitude:g}, taken as Mw {magnitude:g}")
        depth_m = 1000.0 * float(conditions["source_depth_km"].iloc[0])
        if 0.0 < depth_m < _SHALLOW_M:
            self._add("depth", earthquake, f"a depth of {depth_m:g} m")

    def say(self):
        """Warn of the noted assumptions, and clear them."""
        remedies = {
            "type": "Set magnitude_type where it is another scale.",
            "scale": "Give a moment magnitude, or see the backend's options for another conversion.",
            "depth": "QuakeML counts depths in metres; multiply by 1000 where kilometres were meant.",
        }
        for kind, (count, name, text) in self._found.items():
            who = f"event {name} has" if count == 1 else f"{count} events have this (first is {name}):"
            warn_user(f"{who} {text}. {remedies[kind]}")
        self._found = {}

    def _add(self, kind, earthquake, text):
        count, name, first = self._found.get(kind, (0, earthquake.id, text))
        self._found[kind] = count + 1, name, first
