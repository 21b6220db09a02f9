"""The networks of HEGGS and their configurations."""
