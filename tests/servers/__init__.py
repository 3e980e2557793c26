"""Real servers on loopback for the tests, one of each per run, all from wheels."""
