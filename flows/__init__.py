"""Outcomes: one deployable flow per file."""
