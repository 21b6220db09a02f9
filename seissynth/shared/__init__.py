"""Shared utilities: safe files, locks, bounds of numbers, checks of arrays, warnings at the user's line."""
