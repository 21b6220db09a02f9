"""The latent diffusion model that HEGGS is compared with: a variational autoencoder first, then diffusion on it."""
