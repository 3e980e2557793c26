"""The same work by others, written as one writes it without a platform."""
