"""General statistics: intervals, mixed effects, distances, b-values."""
