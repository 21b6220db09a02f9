"""The first P and S picks of an earthquake at stations, as catalogues name phases and stations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seissynth.stations.station_names import match_stations

if TYPE_CHECKING:
    from collections.abc import Iterable

#: P and S, with the onset's sharpness before them (iP, eS) or what they are after it (Pg, Sn, P*, PKP), but no depth
#: phases (pP, sP), none reflected or converted at the surface, the Moho or the core (PP, PnPn, P'P', SP, PmP, PcP), and
#: no largest amplitude (pmax)
_FIRST = re.compile(r"[ieIE]?\s*([PpSs])(?![gnb*']?w?[PpSs]|[cmi][PpSs]|max)")


def phase_of(hint: Any) -> str:
    """Return "P" or "S" for the name of a phase that may arrive first of its kind; "" for any other.

    Examples
    --------
    >>> [phase_of(hint) for hint in ("P", "p", "Pg", "Sn", "iP", " ES", "PKP", "pP", "sP", "PcP", "SS", "LR", None)]
    ['P', 'P', 'P', 'S', 'P', 'S', 'P', '', '', '', '', '', '']
    """
    found = _FIRST.match(str(hint or "").strip())
    return found[1].upper() if found else ""


def first_picks(event: Any, stations: Iterable[str]) -> tuple[dict[tuple[str, str], Any], list[str], list[str]]:
    """Find the first P and S pick of an earthquake at each station.

    Catalogues often name another network than the inventory, or none: a pick is then that of the only station of its
    code. Location and channel of a pick do not matter.

    Parameters
    ----------
    event : obspy Event
    stations : iterable of str
        "NET.STA".

    Returns
    -------
    picks : dict of (NET.STA, "P" or "S") to obspy Pick
    nowhere, unclear : list of str
        Station of each P or S pick that is at none of the stations, and of each that may be at several.
    """
    first: dict[tuple[str, str], Any] = {}
    count: dict[str, int] = {}
    for pick in event.picks:
        phase = phase_of(pick.phase_hint)
        if not phase or pick.waveform_id is None or pick.time is None:
            continue
        codes = (pick.waveform_id.network_code, pick.waveform_id.station_code)
        key = (".".join((code or "").strip() for code in codes), phase)
        count[key[0]] = count.get(key[0], 0) + 1
        if key not in first or pick.time.ns < first[key].time.ns:
            first[key] = pick
    found, unclear = match_stations(count, stations, other_networks=True)
    picks: dict[tuple[str, str], Any] = {}
    # a pick that names the station in full goes before those that do not
    for (name, phase), pick in sorted(first.items(), key=lambda item: found.get(item[0][0]) != item[0][0]):
        if name not in found:
            continue
        key = (found[name], phase)
        if key in picks and (key in first or picks[key].time.ns <= pick.time.ns):
            continue
        picks[key] = pick
    lost = [name for name in count if name not in found and name not in unclear]
    return picks, [name for name in lost for _ in range(count[name])], [n for n in unclear for _ in range(count[n])]
