"""Puts the floors together; the only place with environment, clock, network and files."""
