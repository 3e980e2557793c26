"""Prefect blocks: credentials by reference and storage targets. One block per file, but for the two kinds of storage."""
