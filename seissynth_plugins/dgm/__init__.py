"""DGM: a Wasserstein GAN whose generator joins LSTM, attention across components, and convolutions."""
