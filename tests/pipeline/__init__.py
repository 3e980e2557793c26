"""Whole runs of the flows on real parts, each in a process of its own that can be killed, and what is left of them."""
