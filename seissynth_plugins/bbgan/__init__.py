"""BBGAN: a Wasserstein GAN of broadband records and their log peaks, conditioned on distance, magnitude and Vs30."""
