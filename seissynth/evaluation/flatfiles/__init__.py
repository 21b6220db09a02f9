"""Flat files of observed ground motion compared with what a backend, and a published model, give in their places."""
