"""The backend "conditioned": the default backend's records, drawn to the records of the earthquake that exist."""
