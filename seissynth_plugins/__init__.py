"""The generators shipped with seissynth, registered exactly as third-party ones are."""
