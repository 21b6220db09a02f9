"""The physics default: a point-source stochastic simulation run for P, SV and SH legs with real ray times."""
