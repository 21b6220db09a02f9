"""Files of the embedded example, written by tools/package/make_example.py; see `seissynth.example.read_example`."""
