"""The thesis' WGAN-GP: SeismoGen's networks on 40 s of strong motion at 200 Hz."""
