"""Measurements, each a program: `python -m benchmarks.NAME`; all of them: `python -m benchmarks`."""
