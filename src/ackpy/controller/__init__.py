"""The loop that joins Kubernetes and AWS: observe → decide → act → observe again (read reconcile.py)."""
