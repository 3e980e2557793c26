"""Prefect workers of our own: for places that no integration of Prefect starts runs in."""
