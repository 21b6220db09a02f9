"""Blocks of time of the Ridgecrest sequence, and the names of runs that leave one out."""

FOLDS = 5


def run_name(fold):
    """Name of the folder of a run: that of a fold, or of one that leaves no block out (None)."""
    return "all" if fold is None else f"fold_{fold}"
