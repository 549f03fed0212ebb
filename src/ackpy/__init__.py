"""ackpy: AWS Controllers for Kubernetes, in Python."""
