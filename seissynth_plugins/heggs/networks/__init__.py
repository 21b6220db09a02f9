"""The networks of HEGGS and what defines them."""
