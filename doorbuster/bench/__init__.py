"""Benchmarks in pairs: ours against the bare limit, in one run, in turns. See docs/benchmarks.md."""
