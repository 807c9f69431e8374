"""Four signaling servers side by side: `python -m benchmarks.signaling` (docs/performance.md)."""
