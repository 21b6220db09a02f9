"""Data sets for training: cut from real archives, prepared, split, or generated."""
