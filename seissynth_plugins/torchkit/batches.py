"""Choose the records of each batch from the seed and the batch's number alone, independently of earlier batches."""

import numpy as np
import torch
from torch.utils.data import Dataset, default_collate

from seissynth.seeding import generator, hash_words


class BatchOrder:
    """Batches of one process, as lists of (index, epoch).

    Records come in a new random order in each epoch; a batch may reach into the next one.

    Parameters
    ----------
    records : int
    batch_size : int
        Of one process.
    first, last : int
        Numbers of the batches: first ... last - 1.
    seed : int
    rank, processes : int
        Process `rank` takes its share of each batch of batch_size x processes.
    """

    def __init__(self, records, batch_size, first, last, *, seed=0, rank=0, processes=1):
        self.records, self.batch_size = records, batch_size
        self.first, self.last, self.seed = first, last, seed
        self.rank, self.processes = rank, processes

    def __len__(self):
        return self.last - self.first

    def __iter__(self):
        return map(self.batch, range(self.first, self.last))

    def batch(self, number):
        """Return the records of a batch."""
        begin = (number * self.processes + self.rank) * self.batch_size
        return [self._place(begin + i) for i in range(self.batch_size)]

    def _place(self, position):
        epoch, number = divmod(position, self.records)
        return int(self._order(epoch)[number]), epoch

    def _order(self, epoch):
        held = self.__dict__.setdefault("_orders", {})
        if epoch not in held:
            for old in [key for key in held if key < epoch - 1]:
                del held[old]
            held[epoch] = generator(hash_words("batches", self.seed), epoch).permutation(self.records)
        return held[epoch]


class Drawn(Dataset):
    """Data looked up by (index, epoch); a row holds the record, its index and epoch."""

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, key):
        index, epoch = key
        item = self.data.item(index, epoch) if hasattr(self.data, "item") else self.data[index]
        return {**item, "index": index, "epoch": epoch}


def collate(rows):
    """Make one batch of rows; floating numbers become float32."""
    batch = default_collate(rows)
    return {name: _single(value) for name, value in batch.items()}


def _single(value):
    return value.float() if isinstance(value, torch.Tensor) and value.dtype == torch.float64 else value


def record_names(data, indices):
    """Return the names of records for a message, the first eight."""
    names = [str(data.name(i)) if hasattr(data, "name") else str(i) for i in np.asarray(indices).tolist()[:8]]
    more = len(indices) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
