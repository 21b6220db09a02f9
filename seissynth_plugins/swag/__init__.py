"""SWaG: a diffusion transformer on waveforms, conditioned on station, P, S and magnitude."""
