"""HEGGS: latent diffusion of log spectrograms that learns from pairs of records of one earthquake."""
