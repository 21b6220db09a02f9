"""The latent diffusion model that HEGGS is compared with: a variational autoencoder first, then diffusion on it."""

from seissynth.shared.former_names import keep_former_names

keep_former_names(__name__, {"weights": "backend"})
