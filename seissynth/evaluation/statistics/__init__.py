"""Statistics that know nothing of earthquakes' files: intervals, mixed effects, distances, b-values."""
