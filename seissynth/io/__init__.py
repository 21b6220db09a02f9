"""Files: read and write Streams and data sets in MiniSEED, SAC, ASDF and SeisBench's format."""
