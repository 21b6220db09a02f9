"""Records into files and out of them, real archives, and data sets for training."""
