"""Files: Streams and data sets into MiniSEED, SAC, ASDF and SeisBench's format and out of them."""
