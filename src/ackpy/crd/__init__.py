"""A kind as the Kubernetes API server and its readers see it: the CustomResourceDefinition and the reference page."""
