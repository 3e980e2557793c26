"""Tests on a real Kubernetes: whatever cluster KUBECONFIG points at."""
