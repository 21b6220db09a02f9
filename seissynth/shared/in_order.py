"""Work of several threads, whose results come in the order of their tasks."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context


def in_order(function, tasks, workers):
    """Yield the results of a function of each task, in order.

    Parameters
    ----------
    function : callable
    tasks : iterable
    workers : int
        Threads; with 1 all is done here. At most two tasks for each are begun and not yet yielded.

    Yields
    ------
    object

    Raises
    ------
    Exception
        That of the first task, in order, that fails; what is not yet begun is left out.

    Examples
    --------
    >>> from seissynth.shared.in_order import in_order
    >>> list(in_order(lambda x: x * x, range(5), 2))
    [0, 1, 4, 9, 16]
    """
    if workers == 1:
        yield from map(function, tasks)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="seissynth")
    try:
        waiting = deque()
        for task in tasks:
            # each thread sees the variables of this context, such as where warnings go
            waiting.append(pool.submit(copy_context().run, function, task))
            if len(waiting) == 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
