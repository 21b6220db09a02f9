"""Which station of a network a name from elsewhere means: of a pick, a flat file, a file of terms or delays."""

from __future__ import annotations

from collections.abc import Iterable


def match_stations(
    names: Iterable[str], stations: Iterable[str], *, other_networks: bool = False
) -> tuple[dict[str, str], list[str]]:
    """Find the stations that names mean.

    A name that is one of a station means that one. Otherwise it means the only station of its code, if one of the two
    lacks a network code: catalogues and flat files often leave it out.

    Parameters
    ----------
    names : iterable of str
        "NET.STA", or "STA" or ".STA" where the network is unknown.
    stations : iterable of str
        As well.
    other_networks : bool
        Codes alone count where networks differ, too: for picks of one earthquake, which catalogues often put into a
        network of their own, but not for tables of the whole world, where codes repeat.

    Returns
    -------
    found : dict of str to str
        Name -> station.
    unclear : list of str
        Names that are left out because they fit several stations.

    Examples
    --------
    >>> match_stations(["AMAT", "XX.BORE", "IV.CALC", "DUE"], ["XX.AMAT", "XX.BORE", "XX.CALC", "A.DUE", "B.DUE"])
    ({'AMAT': 'XX.AMAT', 'XX.BORE': 'XX.BORE'}, ['DUE'])
    >>> match_stations(["IV.CALC"], ["XX.CALC"], other_networks=True)
    ({'IV.CALC': 'XX.CALC'}, [])
    """
    known = dict.fromkeys(map(str, stations))
    by_code: dict[str, list[tuple[str, str]]] = {}
    for station in known:
        network, code = _parts(station)
        by_code.setdefault(code, []).append((network, station))
    found, unclear = {}, []
    for name in dict.fromkeys(map(str, names)):
        if name in known:
            found[name] = name
            continue
        network, code = _parts(name)
        same = by_code.get(code, [])
        fitting = [station for one, station in same if other_networks or not (network and one) or network == one]
        if len(fitting) == 1:
            found[name] = fitting[0]
        elif fitting:
            unclear.append(name)
    return found, unclear


def names_of_stations(
    names: Iterable[str], stations: Iterable[str], *, other_networks: bool = False
) -> tuple[dict[str, str], list[str]]:
    """Find the one name that each station goes by: the reverse of `match_stations`.

    Returns
    -------
    found : dict of str to str
        Station -> name; its own, if that is among the names.
    unclear : list of str
        Names that are left out because they fit several stations, or others fit the same one.

    Examples
    --------
    >>> names_of_stations(["IV.AMAT", "XX.AMAT", "XX.BORE"], ["AMAT", "BORE"])
    ({'BORE': 'XX.BORE'}, ['IV.AMAT', 'XX.AMAT'])
    """
    found, unclear = match_stations(names, stations, other_networks=other_networks)
    by_station: dict[str, list[str]] = {}
    for name, station in found.items():
        by_station.setdefault(station, []).append(name)
    chosen = {}
    for station, fitting in by_station.items():
        if station in fitting:
            chosen[station] = station
        elif len(fitting) == 1:
            chosen[station] = fitting[0]
        else:
            unclear += fitting
    return chosen, unclear


def _parts(name):
    """Network, empty where unknown, and code."""
    network, dot, code = name.strip().rpartition(".")
    return network.strip(), code.strip() if dot else name.strip()
