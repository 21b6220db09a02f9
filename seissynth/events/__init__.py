"""From ObsPy's events to earthquakes: origin, magnitude, mechanism, and what is said of them."""
