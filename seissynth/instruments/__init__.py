"""Instruments: responses, their units and checks, and counts."""
