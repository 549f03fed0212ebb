"""The embedded default: a real Kubernetes API and a simulated AWS on loopback, for `ackpy up` and the tests."""
