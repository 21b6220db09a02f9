"""The generators that come with seissynth, registered exactly as a third party's would be."""
