"""Convert ObsPy's events to earthquakes: origin, magnitude, mechanism, and notes on assumptions."""
