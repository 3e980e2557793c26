"""What all tests may ask for: see servers/fixtures.py."""

pytest_plugins = ["servers.fixtures"]
