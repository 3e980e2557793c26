"""Benchmarks: each gives our figure beside that of a named peer, on the same work in one run."""
