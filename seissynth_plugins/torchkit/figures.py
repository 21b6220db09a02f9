"""Figures of a training between two lines of its log: sums, and the first one that is not finite."""

import torch


class Figures:
    """Sums of figures, and a watch over those that must stay finite.

    Parameters
    ----------
    sums : dict of str to (number, int), optional
        Sums and numbers of values so far, as `plain` gives them.
    deferred : bool
        Keep tensors on their device: converting one to a number waits for the GPU to finish its queue. A value that
        is not finite is then found only by `first_bad`.
    """

    def __init__(self, sums=None, deferred=False):
        self.sums = {name: list(total) for name, total in (sums or {}).items()}
        self.deferred = deferred
        self._bad = {}

    def add(self, name, value):
        """Add a value, a tensor or a number, to the sum of that name."""
        total = self.sums.setdefault(name, [0.0, 0])
        if isinstance(value, torch.Tensor):
            value = value.detach().double() if self.deferred else float(value.detach())
        total[0] = total[0] + value
        total[1] += 1

    def watch(self, key, value, number):
        """Remember batch `number` if it is the first one in which `value` is not finite; for tensors, without a look.

        Parameters
        ----------
        key : tuple
            Name of the value.
        value : Tensor or number
        number : int
        """
        value = torch.as_tensor(value).detach()
        before = self._bad.get(key)
        if before is None:
            before = torch.full((), -1, dtype=torch.long, device=value.device)
        self._bad[key] = torch.where((before < 0) & ~value.isfinite().reshape(()), number, before)

    def first_bad(self):
        """Return key and number of the first batch with a value that was not finite, or None."""
        if not self._bad:
            return None
        numbers = [int(number) for number in self._bad.values()]
        found = [(number, place) for place, number in enumerate(numbers) if number >= 0]
        if not found:
            return None
        number, place = min(found)
        return list(self._bad)[place], number

    def means(self):
        """Return the mean of each sum."""
        return {name: float(total) / count for name, (total, count) in self.sums.items()}

    def plain(self):
        """Return sums and numbers of values as plain data."""
        return {name: [float(total), count] for name, (total, count) in self.sums.items()}

    def clear(self):
        """Begin with new sums."""
        self.sums = {}
