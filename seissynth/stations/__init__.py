"""From an inventory to the sensors and channels that record ground motion at a time."""
