"""Select the sensors and channels of an inventory that record ground motion at a time."""
