"""Helm charts, roles and policies, generated from the kinds."""
