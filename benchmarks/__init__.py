"""Measures that take minutes, run by hand: `python -m benchmarks.NAME`."""
