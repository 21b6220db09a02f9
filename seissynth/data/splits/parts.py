"""Groups of rows, and their assignment to the parts of a split."""

import numpy as np

from seissynth.data.splits.intervals import unit_vectors
from seissynth.errors import InputError
from seissynth.seeding import generator, hash_words
from seissynth.shared.warning import warn_user
from seissynth.units import EARTH_RADIUS_KM

#: words of a split, as SeisBench has them
PARTS = ("train", "dev", "test")

#: share of the rows by which a part may be off without a word
OFF = 0.05
#: of fewer groups than this anybody can see that the shares cannot hold
FEW = 10

#: a row that belongs to no part, because it would leak
PURGED = "purged"


def series(metadata, words):
    """Words as a Series with the table's index."""
    import pandas as pd

    return pd.Series(np.asarray(words, dtype=object), index=metadata.index, name="split")


def group_codes(metadata, columns, noise=None):
    """Number of each row's group, int64; rows without a name (noise) are single groups, or `noise`."""
    import pandas as pd

    absent = [name for name in columns if name not in metadata.columns]
    if absent or not columns:
        raise InputError(f"the table lacks the column {(absent or ['station_code'])[0]!r}, which this split needs.")
    if not len(metadata):
        raise InputError("the table has no rows: there is nothing to split.")
    codes = np.zeros(len(metadata), dtype=np.int64)
    nameless = np.zeros(len(metadata), dtype=bool)
    for name in columns:
        column = metadata[name]
        part, names = pd.factorize(column.where(column.notna(), "").astype(str))
        codes = codes * (len(names) + 1) + part
        codes = np.unique(codes, return_inverse=True)[1].reshape(-1)
        if name == columns[0]:
            nameless = (column.isna() | (column.astype(str) == "")).to_numpy()
    if columns[0] != "source_id":
        return codes
    return np.where(nameless, noise, codes) if noise is not None else labels_of_groups(codes, nameless)


def labels_of_groups(codes, apart):
    """Codes, with rows `apart` as single groups."""
    codes = np.asarray(codes, dtype=np.int64).copy()
    codes[apart] = codes.max(initial=0) + 1 + np.arange(apart.sum())
    return codes


def read_shares(shares):
    """Return checked parts and shares."""
    shares = np.asarray(shares, dtype=float)
    if shares.shape not in ((2,), (3,)) or (shares < 0).any() or not np.isclose(shares.sum(), 1.0):
        raise InputError(f"shares={shares.tolist()} must be two (train, test) or three (train, dev, test), sum 1.")
    return (PARTS if len(shares) == 3 else ("train", "test")), shares


def shuffled_parts(metadata, groups, shares, seed, largest_first=False, what="groups"):
    """Assign whole groups at random, with the parts close to their shares of the rows.

    Groups are assigned in random order, or large ones first if few of them hold most rows, each to the part that lacks
    most. A warning names parts that are off by more than `OFF`.
    """
    parts, shares = read_shares(shares)
    names, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    wanted = int((shares > 0).sum())
    if len(names) < wanted:
        raise InputError(f"the {len(metadata)} rows make {len(names)} {what}; they cannot fill {wanted} parts.")
    rng = generator(hash_words("split", seed))
    # by first row, so the assignment does not depend on how groups are numbered
    order = np.argsort(first)[rng.permutation(len(names))]
    if largest_first:
        order = order[np.argsort(-sizes[order], kind="stable")]
    part_of = np.empty(len(names), dtype=int)
    part_of[order] = _fill(sizes[order], shares)
    dealt = part_of[np.searchsorted(names, groups)]
    if len(names) >= FEW:
        warn_of_shares(parts, shares, dealt, f"{len(names)} {what}, the largest of which has {sizes.max()} rows")
    return series(metadata, np.array(parts, dtype=object)[dealt])


def warn_of_shares(parts, shares, dealt, why):
    """Warn once of parts whose share of the rows is off by more than `OFF`."""
    got = np.bincount(dealt, minlength=len(parts)) / max(len(dealt), 1)
    off = [
        f"{part} has {100 * have:.0f} % of the rows, {100 * share:.0f} % were asked for"
        for part, have, share in zip(parts, got, shares, strict=True)
        if abs(have - share) > OFF
    ]
    if off:
        warn_user(f"{'; '.join(off)}: there are {why}, and none is cut.")


def timed_parts(metadata, times, shares, blocks):
    """Assign consecutive blocks of events; names of shape (n,)."""
    parts, shares = read_shares(shares)
    codes = group_codes(metadata, ["source_id"])
    names, number, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    number = number.reshape(-1)
    first = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, number, times)
    order = np.argsort(first, kind="stable")
    rank = np.argsort(order, kind="stable")
    # relative position of the middle of each event's rows among all rows, 0 to 1
    place_of = ((np.cumsum(sizes[order]) - sizes[order] / 2) / sizes.sum())[rank]
    wanted = int((shares > 0).sum())
    if blocks is None:
        if len(names) < wanted:
            raise InputError(f"{len(names)} events cannot fill {wanted} parts.")
        dealt = np.searchsorted(np.cumsum(shares)[:-1], place_of, side="right")
        if len(np.unique(dealt)) < wanted:  # one event holds more than a part: at least one for each
            dealt = np.repeat(np.arange(len(parts)), whole_counts(len(names), shares))[rank]
    else:
        if not isinstance(blocks, int) or not wanted <= blocks <= len(names):
            raise InputError(f"{blocks=} must be a whole number from {wanted} parts to {len(names)} events.")
        counts = whole_counts(blocks, shares)
        # each part's blocks spread evenly over time
        share_of_time = [(k + 0.5) / count for count in counts for k in range(count)]
        part = np.repeat(np.arange(len(parts)), counts)[np.argsort(share_of_time, kind="stable")]
        dealt = part[np.minimum((place_of * blocks).astype(int), blocks - 1)]
        if len(np.unique(dealt)) < wanted:
            dealt = part[rank * blocks // len(names)]
    if len(names) >= FEW:
        why = f"{len(names)} events, the largest of which has {sizes.max()} rows"
        warn_of_shares(parts, shares, dealt[number], why)
    return np.array(parts, dtype=object)[dealt[number]]


def place_groups(latitude, longitude, distance_km):
    """Groups of epicentres, neighbours of neighbours within `distance_km`; rows without one are single groups."""
    if not (np.isfinite(distance_km) and distance_km > 0):
        raise InputError(f"{distance_km=} must be above 0 km.")
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    known = np.isfinite(latitude) & np.isfinite(longitude)
    spots, number = np.unique(np.stack([latitude[known], longitude[known]], axis=-1), axis=0, return_inverse=True)
    codes = np.zeros(len(latitude), dtype=np.int64)
    if len(spots):
        chord = 2 * np.sin(min(distance_km / EARTH_RADIUS_KM, np.pi) / 2)
        pairs = cKDTree(unit_vectors(*spots.T)).query_pairs(chord, output_type="ndarray")
        links = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(spots), len(spots)))
        codes[known] = connected_components(links, directed=False)[1][number.reshape(-1)]
    return labels_of_groups(codes, ~known)


def whole_counts(total, shares):
    """Whole numbers that sum to `total` in given shares; at least one if a share is above 0."""
    counts = np.floor(shares * total + 1e-9).astype(int)
    counts[(shares > 0) & (counts == 0)] = 1
    while counts.sum() < total:
        counts[np.argmax(shares * total - counts)] += 1
    while counts.sum() > total:
        counts[np.argmax(counts)] -= 1
    return counts


def _fill(sizes, shares):
    """Part of each group: the one that lacks most, so far; no part with a share stays empty."""
    total, have = sizes.sum(), np.zeros(len(shares))
    out = []
    for left, size in zip(range(len(sizes), 0, -1), sizes, strict=True):
        lack = np.where(shares > 0, shares * total - have, -np.inf)
        empty = (shares > 0) & (have == 0)
        if empty.sum() >= left:  # the last groups are for them
            lack[~empty] = -np.inf
        out.append(int(np.argmax(lack)))
        have[out[-1]] += size
    return np.array(out)
