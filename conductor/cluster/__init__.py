"""What Kubernetes says of flow runs, and what is to be done about it: facts in, verdicts and actions out."""
