"""Backends: the protocol, the registry, and the checks around each call."""
