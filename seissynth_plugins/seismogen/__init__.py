"""SeismoGen: a Wasserstein GAN of earthquakes and noise whose critic sees low and high frequencies separately."""
