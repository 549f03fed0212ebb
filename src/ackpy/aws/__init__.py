"""The AWS side: identity, clients, calls, errors and limits. It knows nothing of Kubernetes."""
