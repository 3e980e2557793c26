"""Spark jobs on services that run them for us: one value that says what is to run, one adapter per service."""
