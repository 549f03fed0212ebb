"""The engine against the simulator and an in-memory API: the laws, for every kind and every sample."""
