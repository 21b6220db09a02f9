"""Residuals of records from a mean: patterns in time and frequency, and what records at other places say about them.

Shared by generators that know a mean: NumPy and SciPy only, without ObsPy and without PyTorch.
"""
