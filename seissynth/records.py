"""Hold the records that a backend returns: arrays only, no ObsPy.

Row order is that of the conditions table. Component order is that of the backend's card; Z is up positive, N north, E
east, R away from the epicentre, T clockwise from R seen from above (R, T, up is the left-handed system of ObsPy's
``rotate``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.errors import BackendError
from seissynth.shared.filled_in import FILLED_IN

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass
class Records:
    """Three-component records of one call.

    Parameters
    ----------
    data : ndarray, shape (n, 3, npts), float32
        Ground motion in SI units of the card's quantity, components in the card's order.
    start_s : ndarray, shape (n,)
        Time of sample 0 after origin, s.
    p_s, s_s : ndarray, shape (n,)
        P and S onsets after origin, s; NaN if the backend does not know them.
    truth : dict of str to ndarray, shape (n,)
        Parameters of each record: corner frequency, stress drop, kappa, ...; names include units.
    low_cut_hz : float or None
        Corner of the low cut applied to the motion, if any.
    pool : Records, optional
        For source records: all records of the earthquake, one for each station, while `data` holds one for each site.
        It is not reduced when rows are selected.

    Examples
    --------
    >>> import numpy as np
    >>> from seissynth.records import Records
    >>> one = Records(np.zeros((1, 3, 100), "float32"), start_s=np.zeros(1))
    >>> len(one), one.p_s
    (1, array([nan]))
    """

    data: np.ndarray
    start_s: np.ndarray
    p_s: np.ndarray = FILLED_IN
    s_s: np.ndarray = FILLED_IN
    truth: dict = field(default_factory=dict)
    low_cut_hz: float | None = None
    pool: Records | None = None

    def __post_init__(self):
        self.start_s = np.atleast_1d(np.asarray(self.start_s, dtype=float))
        for name in ("p_s", "s_s"):
            value = getattr(self, name)
            if value is None:
                value = np.full(self.start_s.shape, np.nan)
            setattr(self, name, np.atleast_1d(np.asarray(value, dtype=float)))

    def __len__(self):
        return len(self.data)

    def select(self, rows: slice | ArrayLike) -> Records:
        """Select records; `rows` is a slice or an index array.

        Examples
        --------
        >>> import numpy as np
        >>> from seissynth.records import Records
        >>> Records(np.zeros((2, 3, 4), "float32"), [0.0, 5.0]).select([1]).start_s
        array([5.])
        """
        rows = rows if isinstance(rows, slice) else np.asarray(rows)
        return Records(
            self.data[rows],
            self.start_s[rows],
            p_s=self.p_s[rows],
            s_s=self.s_s[rows],
            truth={key: np.asarray(value)[rows] for key, value in self.truth.items()},
            low_cut_hz=self.low_cut_hz,
            pool=self.pool,
        )

    @staticmethod
    def concatenate(parts: list[Records], name: str = "records") -> Records:
        """Join the records of several calls, in order.

        Parameters
        ----------
        parts : list of Records
            At least one, all of the same number of samples.
        name : str
            Name of their owner, for the message.

        Returns
        -------
        Records
            A truth missing in some part is NaN there.

        Raises
        ------
        BackendError
            The parts have different low cuts.
        """
        if len(parts) == 1:
            return parts[0]
        cuts = {part.low_cut_hz for part in parts}
        if len(cuts) > 1:
            raise BackendError(f"{name}: low_cut_hz differs between calls ({cuts}); it must not depend on the rows.")
        keys = dict.fromkeys(key for part in parts for key in part.truth)
        truth = {
            key: np.concatenate([np.asarray(part.truth.get(key, np.full(len(part), np.nan))) for part in parts])
            for key in keys
        }
        names = ("data", "start_s", "p_s", "s_s")
        arrays: dict[str, Any] = {key: np.concatenate([getattr(part, key) for part in parts]) for key in names}
        return Records(**arrays, truth=truth, low_cut_hz=parts[0].low_cut_hz)
