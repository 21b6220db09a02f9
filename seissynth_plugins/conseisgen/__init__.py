"""ConSeisGen: an auxiliary-classifier GAN of records conditioned on epicentral distance."""
