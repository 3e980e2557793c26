"""The `conductor` command: the only part of the package that reads the environment and the clock."""
