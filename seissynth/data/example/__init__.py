"""Files of the embedded example, written by tools/make_example.py; see `seissynth.example.read_example`."""
