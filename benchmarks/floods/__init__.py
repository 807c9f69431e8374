"""Attacks by many sockets, and what the others feel of them: `python -m benchmarks.floods`."""
